"""Step or ramp, on units of which it is known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import minimize
from scipy.stats import binom, nbinom, poisson

from neurosim.association import change_point
from neurosim.association.change_point import (
    MEASURES,
    aligned_counts,
    describe_change,
    draw_counts,
    fano_factors,
    fit_dispersion,
    fit_time_courses,
    split_spikes,
)
from neurosim.errors import InputError

# Ten tests before, one after each of five composite trials, ten more at the end.
SEEN = np.concatenate([np.zeros(10), np.arange(1, 6), np.full(10, 5)]).astype(int)
LEVELS = np.arange(6)
RAMP = 4 * LEVELS / 5  # spikes in 0.5 s: 0 to 8 Hz
LATE_RAMP = 20 * np.clip(LEVELS - 2, 0, 3) / 3
STEPS = np.array([1, 2, 3, 4, 5])


def step_at(change: int, low: float = 0.5, high: float = 20.0) -> np.ndarray:
    return np.where(change > LEVELS, low, high)


def draw(rates: npt.ArrayLike, n_units: int, seed: int = 0, seen: np.ndarray = SEEN) -> np.ndarray:
    """Poisson counts of units with the same rates at the levels."""
    means = np.repeat(np.asarray(rates, dtype=float)[seen][:, None], n_units, axis=1)
    return np.random.default_rng(seed).poisson(means)


def draw_regular(rates: npt.ArrayLike, n_units: int, seed: int = 0) -> np.ndarray:
    """Counts with the dispersion -1/2: Fano factor 1 / (1 + m / 2) for whole means m."""
    means = np.repeat(np.asarray(rates)[SEEN][:, None], n_units, axis=1)
    return np.random.default_rng(seed).binomial(means + 2, means / (means + 2))


def draw_irregular(rates: npt.ArrayLike, n_units: int, seed: int = 0) -> np.ndarray:
    """Counts with the dispersion 1/2: Fano factor 1 + m / 2."""
    rng = np.random.default_rng(seed)
    means = np.repeat(np.asarray(rates)[SEEN][:, None], n_units, axis=1)
    return rng.poisson(means * rng.gamma(2.0, 0.5, means.shape))


def describe(counts: np.ndarray, seen: np.ndarray = SEEN, seed: int = 1) -> dict[str, float]:
    return describe_change(counts, seen, np.random.default_rng(seed))


def level_means(counts: np.ndarray) -> np.ndarray:
    return np.array([counts[level == SEEN].mean(axis=0) for level in LEVELS])


# Halves


def test_halves_add_up_and_are_independent_for_poisson_counts() -> None:
    counts = draw(np.full(6, 8.0), 2000)
    half, other = split_spikes(counts, np.random.default_rng(1))
    assert np.array_equal(half + other, counts)
    assert half.mean() == pytest.approx(4, abs=0.05)
    # 50 000 pairs: a standard error of .0045.
    assert np.corrcoef(half.ravel(), other.ravel())[0, 1] == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize(("n", "p"), [(10, 1.0), (20, 0.5)])
def test_halves_of_regular_counts_are_negatively_correlated(n: int, p: float) -> None:
    rng = np.random.default_rng(2)
    half, other = split_spikes(rng.binomial(n, p, size=40_000), rng)
    variance, mean = n * p * (1 - p), n * p
    assert np.cov(half, other)[0, 1] == pytest.approx((variance - mean) / 4, abs=0.06)


# Variability


@pytest.mark.parametrize(
    ("factor", "distribution"),
    [(0.3, binom(10, 0.7)), (1.0, poisson(7)), (2.0, nbinom(7, 0.5))],
)
def test_counts_are_drawn_with_their_fano_factor(factor: float, distribution: Any) -> None:
    n = 40_000
    counts = draw_counts(np.full(n, 7.0), np.full(n, factor), np.random.default_rng(0))
    assert counts.mean() == pytest.approx(7, abs=4 * (7 * factor / n) ** 0.5)
    # The standard error of a variance is about 1 %.
    assert counts.var() == pytest.approx(7 * factor, rel=0.04)
    shares = np.bincount(counts, minlength=30)[:30] / n
    np.testing.assert_allclose(shares, distribution.pmf(np.arange(30)), atol=0.01)


@pytest.mark.parametrize(("mean", "factor"), [(3.3, 0.4), (1.2, 0.3), (0.4, 0.3), (9.9, 0.05)])
def test_rounding_of_trials_keeps_the_mean_and_adds_little_variance(
    mean: float, factor: float
) -> None:
    n, p = 40_000, 1 - factor
    counts = draw_counts(np.full(n, mean), np.full(n, factor), np.random.default_rng(1))
    rest = mean / p % 1
    variance = mean * factor + p**2 * rest * (1 - rest)
    assert counts.mean() == pytest.approx(mean, abs=4 * (variance / n) ** 0.5)
    assert counts.var() == pytest.approx(variance, rel=0.04)
    if mean < p:
        assert set(counts.tolist()) == {0, 1}


@pytest.mark.parametrize("factor", [0.3, 2.0])
def test_summed_counts_are_one_count_of_the_summed_mean(factor: float) -> None:
    rng = np.random.default_rng(2)
    tests = draw_counts(np.full((10, 20_000), 2.0), np.full((10, 20_000), factor), rng).sum(axis=0)
    level = draw_counts(np.full(20_000, 20.0), np.full(20_000, factor), rng)
    assert tests.mean() == pytest.approx(20, abs=0.2) == level.mean()
    rest = 2 / 0.7 % 1
    rounding = 10 * 0.7**2 * rest * (1 - rest) if factor < 1 else 0
    assert tests.var() == pytest.approx(20 * factor + rounding, rel=0.05)
    assert level.var() == pytest.approx(20 * factor, rel=0.05)


def test_counts_without_variance_and_all_but_poisson_counts_can_be_drawn() -> None:
    rng = np.random.default_rng(3)
    assert draw_counts([0.0, 1.0, 4.0], [0.0, 0.0, 0.0], rng).tolist() == [0, 1, 4]
    assert draw_counts(np.zeros(3), [0.5, 1.0, 2.0], rng).tolist() == [0, 0, 0]
    for factor in (1 - 1e-15, 1 + 1e-15):
        counts = draw_counts(np.full(10_000, 5.0), np.full(10_000, factor), rng)
        assert counts.var() == pytest.approx(5, rel=0.06)


def test_fano_factor_leaves_1_with_the_mean() -> None:
    means = np.array([0.0, 2.0, 4.0, 38.0])
    np.testing.assert_allclose(fano_factors(means, 0.5), [1, 2, 3, 20])
    np.testing.assert_allclose(fano_factors(means, 0.0), 1)
    np.testing.assert_allclose(fano_factors(means, -0.5), [1, 1 / 2, 1 / 3, 1 / 20])
    # However many spikes: at most 2.
    assert (means * fano_factors(means, -0.5) < 2).all()


@pytest.mark.parametrize(
    ("counts", "dispersion"),
    [
        (draw_regular([0, 1, 2, 3, 4, 5], 150), -0.5),
        (draw_regular([7, 7, 2, 2, 1, 1], 150), -0.5),
        (np.concatenate([draw_regular([k] * 6, 20, k) for k in range(1, 9)], axis=1), -0.5),
        (draw(RAMP, 150), 0.0),
        (draw_irregular(RAMP, 150), 0.5),
    ],
)
def test_dispersion_is_found_again(counts: np.ndarray, dispersion: float) -> None:
    assert fit_dispersion(counts, SEEN) == pytest.approx(dispersion, abs=0.08)


def test_dispersion_by_hand() -> None:
    # Variance 2, mean 4: 4 / (1 + 4 |a|) = 2.
    assert fit_dispersion([[0], [3], [5]], [0, 1, 1]) == pytest.approx(-1 / 4)
    # Variance 1/2, mean 1/2 before; 0 and 3 after.
    seen = [0, 0, 1, 1]
    found = -fit_dispersion([[0], [1], [3], [3]], seen)
    assert 0.5 / (1 + 0.5 * found) + 3 / (1 + 3 * found) == pytest.approx(0.5)
    # Variance 8 after, mean 3: (8.5 - 3.5) / (1/4 + 9).
    assert fit_dispersion([[0], [1], [1], [5]], seen) == pytest.approx(5 / 9.25)
    # Levels with one test tell nothing.
    assert fit_dispersion([[0], [1], [99], [1], [5]], [0, 0, 1, 2, 2]) == pytest.approx(5 / 9.25)
    assert fit_dispersion([[3], [7]], [0, 1]) == 0
    assert fit_dispersion(np.zeros((4, 2)), seen) == 0
    # Counts in a type that cannot hold their squares.
    large = np.array([[100], [120], [240], [250]])
    assert fit_dispersion(large.astype(np.uint8), seen) == fit_dispersion(large, seen)


def test_counts_that_repeat_exactly_give_surrogates_that_do() -> None:
    counts = np.repeat(step_at(3, 1, 6)[SEEN][:, None], 5, axis=1)
    dispersion = fit_dispersion(counts, SEEN)
    assert fano_factors(1.0, dispersion) < 1e-6
    values = describe(counts)
    assert values["fano_factor"] == 0
    assert values["step_share_of_true_steps"] == values["step_share"] == 1


def test_fano_factor_is_that_of_the_tests_after_the_last_composite() -> None:
    seen = np.array([0, 0, 1, 2, 2, 2])
    counts = np.array([[0, 9], [9, 0], [5, 5], [1, 4], [2, 4], [3, 7]])
    # Variances 1 and 3, means 2 and 5.
    assert describe(counts, seen)["fano_factor"] == pytest.approx(4 / 7)
    assert math.isnan(describe(counts[:-2], seen[:-2])["fano_factor"])
    silent_at_last = np.where(seen[:, None] == 2, 0, counts)
    assert math.isnan(describe(silent_at_last, seen)["fano_factor"])


# Fits


def test_flat_and_step_have_the_likelihood_of_their_means() -> None:
    counts = draw(RAMP, 5)
    fitted = fit_time_courses(counts, SEEN)
    flat = poisson.logpmf(counts, counts.mean(axis=0)).sum(axis=0)
    np.testing.assert_allclose(fitted.log_likelihood["flat"], flat)
    np.testing.assert_allclose(fitted.rates["flat"], np.tile(counts.mean(axis=0), (6, 1)))
    by_change = []
    for change in STEPS:
        after = change <= SEEN
        means = np.where(after[:, None], counts[after].mean(axis=0), counts[~after].mean(axis=0))
        by_change.append(poisson.logpmf(counts, means).sum(axis=0))
    np.testing.assert_allclose(fitted.log_likelihood["step"], np.max(by_change, axis=0))
    assert np.array_equal(fitted.change, STEPS[np.argmax(by_change, axis=0)])
    step = poisson.logpmf(counts, fitted.rates["step"][SEEN]).sum(axis=0)
    np.testing.assert_allclose(fitted.log_likelihood["step"], step)


@pytest.mark.parametrize(
    "rates", [RAMP, LATE_RAMP, RAMP[::-1], step_at(3), step_at(5, 3, 1), np.full(6, 0.2)]
)
def test_ramp_is_as_likely_as_the_best_that_scipy_finds(rates: np.ndarray) -> None:
    counts = draw(rates, 3, seed=3)
    fitted = fit_time_courses(counts, SEEN)
    for unit, spikes in enumerate(counts.T):
        found = []
        for start in range(4):
            rise = np.clip((SEEN - start) / (5 - start), 0, 1)

            def loss(ends: np.ndarray, rise: np.ndarray = rise, k: np.ndarray = spikes) -> float:
                return -float(poisson.logpmf(k, (1 - rise) * ends[0] + rise * ends[1]).sum())

            found.append(-minimize(loss, [1.0, 1.1], bounds=[(1e-9, None)] * 2).fun)
        assert fitted.log_likelihood["ramp"][unit] == pytest.approx(max(found), abs=2e-4)
    ramp = fitted.rates["ramp"]
    assert (ramp >= 0).all()
    np.testing.assert_allclose(
        poisson.logpmf(counts, ramp[SEEN]).sum(axis=0), fitted.log_likelihood["ramp"]
    )
    # Flat, then a straight line of which two steps at least are left.
    for course in ramp.T:
        differences = np.diff(course)
        is_rising = np.abs(differences) > 1e-9
        assert is_rising.sum() != 1
        np.testing.assert_allclose(differences[is_rising], differences[-1])
        assert not is_rising[: 5 - is_rising.sum()].any()


def test_counts_without_noise_give_back_their_course() -> None:
    exact = np.stack([6 * LEVELS, 30 - 6 * LEVELS, step_at(4, 2), np.full(6, 7)], axis=1)
    fitted = fit_time_courses(exact[SEEN], SEEN)
    assert fitted.best.tolist() == ["ramp", "ramp", "step", "flat"]
    for unit, course in enumerate(fitted.best):
        np.testing.assert_allclose(fitted.rates[course][:, unit], exact[:, unit], atol=1e-6)
    assert fitted.change[2] == 4
    # A step and a ramp cost two parameters more than flat and are not more likely there.
    aic = {name: values[3] for name, values in fitted.aic.items()}
    assert aic["ramp"] == pytest.approx(aic["flat"] + 4)
    assert aic["step"] == pytest.approx(aic["flat"] + 4)


def test_silent_units_are_flat() -> None:
    fitted = fit_time_courses(np.zeros((len(SEEN), 2)), SEEN)
    assert fitted.best.tolist() == ["flat", "flat"]
    assert all((values == 0).all() for values in fitted.log_likelihood.values())
    assert all((rates == 0).all() for rates in fitted.rates.values())


def test_order_of_tests_is_irrelevant_and_levels_may_be_missing() -> None:
    seen = SEEN[~np.isin(SEEN, [2, 3])]
    counts = draw(step_at(3), 4, seen=seen)
    fitted = fit_time_courses(counts, seen)
    assert fitted.levels.tolist() == [0, 1, 4, 5]
    assert fitted.change.tolist() == [4] * 4
    order = np.random.default_rng(0).permutation(len(seen))
    shuffled = fit_time_courses(counts[order], seen[order])
    for name, values in fitted.log_likelihood.items():
        np.testing.assert_allclose(shuffled.log_likelihood[name], values)


# The whole comparison


@pytest.mark.parametrize("change", STEPS)
def test_true_steps_are_recognised_at_their_place(change: int) -> None:
    counts = draw(step_at(change), 60, seed=change)
    assert np.mean(fit_time_courses(counts, SEEN).change == change) > 0.98
    values = describe(counts)
    assert values["step_share"] > 0.75
    assert values["step_excess"] > 0.5
    # One test of 60 units at the level of the change: a standard error of .03.
    assert values["jump"] == pytest.approx(1, abs=0.1)
    assert values["jump_of_true_ramps"] < 0.55
    assert values["trial_of_change"] == change
    assert (values["first_trial_share"] > 0.9) == (change == 1)


@pytest.mark.parametrize("rates", [5 * RAMP, LATE_RAMP, 5 * RAMP[::-1]])
def test_true_ramps_are_not_called_steps(rates: np.ndarray) -> None:
    values = describe(draw(rates, 100))
    assert values["step_share"] < 0.1
    assert values["step_share_of_true_steps"] > 0.9
    assert values["step_excess"] == pytest.approx(0, abs=0.05)


def test_alignment_to_a_units_own_noise_makes_a_ramp_jump() -> None:
    counts = draw(RAMP, 400)
    units = np.arange(counts.shape[1])
    means = level_means(counts)
    largest = np.diff(means, axis=0).argmax(axis=0)
    hertz = 1 / 0.5
    assert hertz * np.diff(means, axis=0)[largest, units].mean() == pytest.approx(6.3, abs=0.3)
    change = fit_time_courses(counts, SEEN).change
    circular = (means[change, units] - means[change - 1, units]).mean() / 4
    assert circular > 0.45
    # A level is a fifth of the ramp.
    values = describe(counts)
    assert values["jump"] == pytest.approx(0.2, abs=0.05)
    assert values["jump_of_true_ramps"] == pytest.approx(0.2, abs=0.07)
    assert values["jump_of_true_steps"] > 0.75


@pytest.mark.parametrize("rates", [RAMP, LATE_RAMP / 4, 1 + LATE_RAMP / 4])
def test_surrogates_of_ramps_are_called_steps_as_often_as_the_ramps(rates: np.ndarray) -> None:
    values = describe(draw(rates, 400))
    assert 0.1 < values["step_share"] < 0.6
    # 400 units: a standard error of .025; fitted ramps are a little more abrupt than true ones.
    assert -0.11 < values["step_excess"] < 0.06
    assert values["step_excess"] == pytest.approx(
        values["step_share"] - values["step_share_of_true_ramps"]
    )


def test_surrogates_of_steps_are_called_steps_as_often_as_the_steps() -> None:
    values = describe(draw(step_at(3, 0.5, 4), 400))
    assert 0.6 < values["step_share"] < 0.9
    assert values["step_share_of_true_steps"] == pytest.approx(values["step_share"], abs=0.08)
    assert values["jump_of_true_steps"] == pytest.approx(values["jump"], abs=0.12)


# The standard deviation of the excess is .015 to .03 here, that of the difference of the jumps .02.
# Courses fitted to noise are more abrupt than the true ones, so that both are a little below 0.
@pytest.mark.parametrize("rates", [np.arange(6), np.array([0, 0, 0, 2, 4, 6]), 5 - np.arange(6)])
def test_ramps_of_regular_counts_are_as_their_surrogates(
    rates: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = draw_regular(rates, 200)
    values = describe(counts)
    assert values["step_excess"] == pytest.approx(-0.01, abs=0.05)
    assert values["jump"] - values["jump_of_true_ramps"] == pytest.approx(-0.02, abs=0.05)
    assert values["step_share_of_true_steps"] - values["step_share"] > 0.65
    assert values["jump_of_true_steps"] - values["jump"] > 0.6
    monkeypatch.setattr(change_point, "fit_dispersion", lambda *_: 0.0)
    poisson_values = describe(counts)
    assert poisson_values["step_share"] == values["step_share"]
    assert poisson_values["step_excess"] < -0.05
    assert poisson_values["jump"] - poisson_values["jump_of_true_ramps"] < -0.08


@pytest.mark.parametrize("change", [1, 3, 5])
def test_steps_of_regular_counts_are_as_their_surrogates(change: int) -> None:
    values = describe(draw_regular(step_at(change, 0, 5).astype(int), 200))
    assert values["fano_factor"] == pytest.approx(1 / (1 + 5 / 2), abs=0.05)
    assert values["step_share"] == pytest.approx(values["step_share_of_true_steps"], abs=0.06)
    assert values["jump"] == pytest.approx(values["jump_of_true_steps"], abs=0.1)
    assert values["step_excess"] > 0.7
    assert values["jump"] - values["jump_of_true_ramps"] > 0.5


def test_ramps_of_irregular_counts_are_as_their_surrogates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts = draw_irregular(np.arange(6), 300)
    values = describe(counts)
    assert values["fano_factor"] == pytest.approx(1 + 5 / 2, rel=0.15)
    assert values["step_excess"] == pytest.approx(0, abs=0.1)
    assert values["jump"] == pytest.approx(values["jump_of_true_ramps"], abs=0.1)
    monkeypatch.setattr(change_point, "fit_dispersion", lambda *_: 0.0)
    poisson_values = describe(counts)
    # What would have been taken for steps.
    assert poisson_values["step_excess"] > 0.08
    assert poisson_values["jump"] - poisson_values["jump_of_true_ramps"] > 0.15


def test_units_that_do_not_change_have_no_step_excess() -> None:
    values = describe(draw(np.full(6, 3.0), 300))
    # Three parameters against one, five places for the step.
    assert values["step_share"] < 0.2
    assert values["step_excess"] < 0
    silent = describe(np.zeros((len(SEEN), 3), dtype=int))
    assert silent["step_share"] == 0 and silent["step_excess"] == 0
    assert math.isnan(silent["jump"]) and math.isnan(silent["jump_of_true_steps"])


def test_the_generator_decides_and_more_surrogates_only_refine() -> None:
    counts = draw(RAMP, 50)
    assert describe(counts, seed=1) == describe(counts, seed=1)
    few, many = (
        describe_change(counts, SEEN, np.random.default_rng(2), n_surrogates=n) for n in (5, 60)
    )
    assert few["step_share"] == many["step_share"]
    for name in ("step_share_of_true_ramps", "step_share_of_true_steps", "jump_of_true_steps"):
        assert few[name] != many[name]
        assert few[name] == pytest.approx(many[name], abs=0.15)


def test_the_spikes_are_split_as_often_as_surrogates_are_drawn() -> None:
    counts = draw(RAMP, 50)
    once, often = (
        [describe_change(counts, SEEN, np.random.default_rng(k), n)["jump"] for k in range(8)]
        for n in (1, 20)
    )
    # A standard deviation 20 ** .5 times smaller.
    assert np.std(often) < np.std(once) / 2
    assert np.mean(often) == pytest.approx(np.mean(once), abs=2 * np.std(once))


def test_one_unit_is_enough() -> None:
    values = describe(draw(step_at(2), 1))
    assert values["step_share"] == 1
    assert values["trial_of_change"] == 2
    assert set(values) == set(MEASURES)
    assert all(math.isfinite(value) for value in values.values())


@pytest.mark.filterwarnings("error")
def test_without_units_there_is_no_number() -> None:
    nothing = np.zeros((len(SEEN), 0), dtype=int)
    values = describe(nothing)
    assert set(values) == set(MEASURES)
    assert all(math.isnan(value) for value in values.values())
    fitted = fit_time_courses(nothing, SEEN)
    assert fitted.best.shape == fitted.change.shape == (0,)
    relative_level, mean_counts = aligned_counts(nothing, SEEN, np.random.default_rng(0))
    assert relative_level.shape == mean_counts.shape == (0,)


def test_after_a_single_composite_no_ramp_is_possible() -> None:
    seen = np.concatenate([np.zeros(10), np.ones(11)]).astype(int)
    counts = draw([1.0, 12.0], 20, seen=seen)
    fitted = fit_time_courses(counts, seen)
    assert (fitted.log_likelihood["ramp"] == -np.inf).all()
    assert np.isnan(fitted.rates["ramp"]).all()
    assert set(fitted.best) == {"step"}
    values = describe(counts, seen)
    unknown = {name for name, value in values.items() if math.isnan(value)}
    assert unknown == {"step_share_of_true_ramps", "jump_of_true_ramps", "step_excess"}
    assert values["step_share"] == values["first_trial_share"] == values["trial_of_change"] == 1
    assert values["jump"] == pytest.approx(1)
    flat = fit_time_courses(draw([4.0, 4.0], 200, seen=seen), seen)
    # The rate after the composite is free, its place is counted too: chi-squared (1) above 4.
    assert np.mean(flat.best == "step") == pytest.approx(0.046, abs=0.05)


def test_first_trial_is_unknown_without_a_test_after_it() -> None:
    seen = SEEN[SEEN != 1]
    values = describe(draw(step_at(1), 10, seen=seen), seen)
    assert math.isnan(values["first_trial_share"])
    assert values["trial_of_change"] == 2


def test_many_composite_trials() -> None:
    seen = np.concatenate([np.zeros(10), np.arange(1, 101), np.full(10, 100)]).astype(int)
    counts = draw(np.where(np.arange(101) < 60, 1, 9), 3, seen=seen)
    assert fit_time_courses(counts, seen).change == pytest.approx(60, abs=2)
    values = describe_change(counts, seen, np.random.default_rng(0), n_surrogates=2)
    assert values["step_share"] == 1
    assert values["trial_of_change"] == pytest.approx(60, abs=1)


# For a figure


def test_aligned_steps_are_a_step_and_aligned_ramps_stay_ramps() -> None:
    rng = np.random.default_rng(4)
    steps = np.concatenate([draw(step_at(change, 2), 30, seed=change) for change in STEPS], axis=1)
    relative_level, mean_counts = aligned_counts(steps, SEEN, rng)
    assert relative_level.tolist() == list(range(-5, 5))
    np.testing.assert_allclose(mean_counts[relative_level < 0], 2, atol=0.7)
    np.testing.assert_allclose(mean_counts[relative_level >= 0], 20, atol=1.2)
    relative_level, mean_counts = aligned_counts(draw(RAMP, 2000), SEEN, rng)
    at = dict(zip(relative_level.tolist(), mean_counts, strict=True))
    # The mean over units that change at 1..5, which are other units at -1 than at -2.
    assert at[0] - at[-1] == pytest.approx(0.8, abs=0.15)


def test_aligned_counts_are_means_of_the_tests() -> None:
    counts = np.repeat(step_at(2, 0, 1000)[SEEN][:, None], 1, axis=1)
    relative_level, mean_counts = aligned_counts(counts, SEEN, np.random.default_rng(0))
    assert relative_level.tolist() == [-2, -1, 0, 1, 2, 3]
    # Both halves of the unit add up to its counts.
    np.testing.assert_allclose(mean_counts, [0, 0, 1000, 1000, 1000, 1000])


# What is refused


@pytest.mark.parametrize(
    ("counts", "seen", "message"),
    [
        (np.ones(25), SEEN, r"shape \(25,\)"),
        (np.ones((24, 2)), SEEN, r"shape \(24, 2\) and composites_seen \(25,\)"),
        (np.ones((2, 25)), SEEN, r"expected \(n_tests, n_units\)"),
        (np.ones((25, 2)), SEEN[:, None], r"composites_seen \(25, 1\)"),
        (np.full((25, 2), -1), SEEN, "counts has the value -1"),
        (np.full((25, 2), 0.5), SEEN, "counts has the value 0.5"),
        (np.full((25, 2), np.nan), SEEN, "counts has the value nan"),
        (np.full((25, 2), np.inf), SEEN, "counts has the value inf"),
        (np.full((25, 2), "a"), SEEN, "expected whole numbers"),
        (np.ones((25, 2)), SEEN - 1, "composites_seen has the value -1"),
        (np.ones((25, 2)), SEEN + 1, "0 tests at 0 and 25 after it"),
        (np.ones((25, 2)), 0 * SEEN, "25 tests at 0 and 0 after it"),
        (np.ones((0, 2)), SEEN[:0], "0 tests at 0 and 0 after it"),
    ],
)
def test_what_cannot_be_counts_is_refused(
    counts: np.ndarray, seen: np.ndarray, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        fit_time_courses(counts, seen)
    with pytest.raises(InputError, match=message):
        describe(counts, seen)
    with pytest.raises(InputError, match=message):
        aligned_counts(counts, seen, np.random.default_rng(0))
    with pytest.raises(InputError, match=message):
        fit_dispersion(counts, seen)


def test_surrogates_are_needed() -> None:
    with pytest.raises(InputError, match="n_surrogates is 0"):
        describe_change(draw(RAMP, 2), SEEN, np.random.default_rng(0), n_surrogates=0)


@pytest.mark.parametrize(
    ("means", "factors", "message"),
    [
        ([1.0, -2.0], [1.0, 1.0], "means has the value -2"),
        ([1.0, np.nan], [1.0, 1.0], "means has the value nan"),
        ([1.0, 2.0], [0.5, -0.5], "factors has the value -0.5"),
        ([1.0, 2.0], [np.nan, 1.0], "factors has the value nan"),
        ([np.inf, 2.0], [1.0, 1.0], "means has the value inf"),
        ([1.0, 2.0], [1.0], r"means has shape \(2,\) and factors \(1,\)"),
    ],
)
def test_what_cannot_be_a_mean_or_a_fano_factor_is_refused(
    means: list[float], factors: list[float], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        draw_counts(means, factors, np.random.default_rng(0))
