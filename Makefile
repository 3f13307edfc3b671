# `make ison` and `make test` need nothing but Python 3.11 or newer (PYTHON=... names another one).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: ison test lint clean

# Exit code 1 means: done, and the scorecard shows a missed target.
ison: $(VENV)/installed
	$(BIN)/neurosim run ison2015 || [ $$? -eq 1 ]

test: $(VENV)/installed-test
	$(BIN)/python -m pytest -n 2 --dist worksteal

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

# The stamps make a second call install nothing unless the dependencies have changed.
$(VENV)/installed: setup.cfg pyproject.toml | $(BIN)/pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/installed-%: setup.cfg pyproject.toml | $(BIN)/pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[$*]"
	touch $@

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "neurosim needs Python 3.11 or newer: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
