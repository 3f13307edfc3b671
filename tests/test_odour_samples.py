"""Samples that calibrate and samples that are scored: none is both, and the seed decides."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from apl_runs import formula_session

from neurosim.errors import InputError
from neurosim.hashing.odour_samples import calibrated_circuit, draw_samples


def data_file(folder: Path, n_samples: int) -> str:
    """Write rows that tell their own number: row k holds k + 1 and 1."""
    path = folder / "rows.npy"
    np.save(path, np.stack([np.arange(n_samples) + 1.0, np.ones(n_samples)], axis=1))
    return str(path)


@pytest.mark.parametrize(
    ("n_samples", "n_calibrating"), [(10, 2), (499, 99), (500, 100), (900, 100)]
)
def test_no_sample_calibrates_and_is_scored(n_samples, n_calibrating, tmp_path):
    drawn = draw_samples(data_file(tmp_path, n_samples), 10**6, formula_session())
    assert len(drawn.calibrating) == n_calibrating
    numbers = np.concatenate([drawn.calibrating[:, 0], drawn.scored[:, 0]])
    assert sorted(numbers) == list(range(1, n_samples + 1))
    assert (np.diff(numbers) != 1).any(), "the order is that of the file"


def test_a_scored_sample_is_named_after_its_row(tmp_path):
    drawn = draw_samples(data_file(tmp_path, 200), 30, formula_session())
    assert len(drawn.scored) == 30
    assert drawn.names == tuple(f"odour {row:.0f}" for row in drawn.scored[:, 0])


def test_more_scored_samples_calibrate_alike(tmp_path):
    few, many = (draw_samples(data_file(tmp_path, 200), n, formula_session()) for n in (30, 60))
    assert (few.calibrating == many.calibrating).all()
    assert (few.scored == many.scored[:30]).all()


def test_the_seed_decides_and_synthetic_odours_are_its_own():
    first, again, other = (draw_samples("iid", 20, formula_session(seed)) for seed in (3, 3, 4))
    assert (first.scored == again.scored).all()
    assert not np.isin(other.scored, first.scored).any()


def test_too_few_samples_are_refused(tmp_path):
    path = data_file(tmp_path, 9)
    with pytest.raises(
        InputError, match=rf"^The data '{re.escape(path)}' hold 9 stimuli, expected 10"
    ):
        draw_samples(path, 100, formula_session())


def test_a_circuit_is_calibrated_on_nothing_but_the_samples_for_it():
    session = formula_session()
    odours = draw_samples("iid", 50, session)
    circuit = calibrated_circuit(session, odours, antennal_lobe__normalisation="divisive")
    shown = [job["rates"] for job in session.executed]
    assert {rates.shape for rates in shown} == {(100, 50)}
    assert all((rates == shown[0]).all() for rates in shown)
    assert circuit.scale * odours.calibrating.mean() == pytest.approx(20.0)
    assert circuit.parameters.antennal_lobe.normalisation == "divisive"
    # Both were fitted: what they are fitted to has been spent.
    fitted = circuit.parameters
    assert fitted.kenyon_cells.epsp > 0 and fitted.apl.gain > 0
    assert (fitted.apl.release, fitted.apl.sparsity) == (0, 0)
