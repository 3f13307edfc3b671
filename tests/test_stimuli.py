"""Codes share no unit, parts of codes lie within them, rounds hold every name once."""

from __future__ import annotations

import numpy as np
import pytest

from neurosim.errors import InputError
from neurosim.stimuli import disjoint_codes, part_of, rounds


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(("n_codes", "n_units", "n_active"), [(1, 1, 1), (3, 100, 7), (5, 60, 12)])
def test_codes_have_their_size_and_share_nothing(n_codes: int, n_units: int, n_active: int) -> None:
    codes = disjoint_codes(n_codes, n_units, n_active, generator())
    assert codes.shape == (n_codes, n_units) and codes.dtype == bool
    assert (codes.sum(axis=1) == n_active).all()
    assert codes.sum(axis=0).max() == 1


def test_codes_are_drawn_by_the_generator() -> None:
    drawn = [disjoint_codes(2, 50, 5, generator(seed)) for seed in (1, 1, 2)]
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_every_unit_is_as_likely() -> None:
    g = generator()
    used = sum(disjoint_codes(2, 20, 3, g).any(axis=0).astype(int) for _ in range(2000))
    # Binomial with p = 6/20: 600 of 2000, standard deviation 20.5.
    assert abs(used - 600).max() < 5 * 20.5


def test_too_few_units_are_refused() -> None:
    assert disjoint_codes(3, 30, 10, generator()).all(axis=1).sum() == 0
    with pytest.raises(InputError, match=r"^3 disjoint codes of 10 units need 30 units, .* 29\.$"):
        disjoint_codes(3, 29, 10, generator())


@pytest.mark.parametrize(
    ("n_active", "share", "n_part"), [(10, 0.5, 5), (7, 0.5, 3), (1, 0.5, 0), (4, 0, 0), (4, 1, 4)]
)
def test_a_part_lies_within_its_code(n_active: int, share: float, n_part: int) -> None:
    code = disjoint_codes(1, 30, n_active, generator())[0]
    before = code.copy()
    part = part_of(code, share, generator(1))
    assert part.dtype == bool and part.shape == code.shape
    assert part.sum() == n_part
    assert not (part & ~code).any()
    assert np.array_equal(code, before)


def test_parts_are_drawn_by_the_generator() -> None:
    code = np.ones(40, dtype=bool)
    parts = [part_of(code, 0.5, generator(seed)) for seed in (1, 1, 2)]
    assert np.array_equal(parts[0], parts[1])
    assert not np.array_equal(parts[0], parts[2])


def test_a_round_holds_every_name_once_in_an_order_of_its_own() -> None:
    names = ["a", "b", "c", "d"]
    order = rounds(names, 30, generator())
    each = [tuple(order[start : start + 4]) for start in range(0, 120, 4)]
    assert all(sorted(one) == names for one in each)
    assert len(set(each)) > 10  # of 24 orders
    assert order == rounds(names, 30, generator())
    assert rounds(names, 0, generator()) == []
