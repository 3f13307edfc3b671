"""Step or ramp: whether units change at one trial or little by little.

Ison et al. 2015 [1]_ (unverified) align each unit to the trial at which it changed and find that
a step fits better than a gradual change. Counts so aligned jump whatever the unit did, since the
change point is put where noise has made a jump. So here the change point is found on one half of
the spikes and the jump is measured on the other half; the step competes with a flat course and
with a ramp that may start late; and all of it is measured again on units that are known to ramp
or to step: counts drawn from each unit's own fitted ramp and step, at the same tests, and as
variable as repeated tests show the units to be.

Three limits. Fitted courses follow the noise too and are more abrupt than the true ones, so that
true ramps give a step excess a little below 0, and units that do not change one well below. Tests
at a level are shared by all units: noise that units have in common makes shares less certain than
their number suggests. And the fits are by Poisson likelihood, whatever the counts. Of counts more
regular than that, the halves are negatively correlated: a level too high by chance in one half is
too low in the other, and every jump comes out too small, even below 0; less regular counts err the
other way. Surrogates share the error, so that a jump is to be read beside theirs only. What they
know of the variability where no test was repeated is a law (`fano_factors`). True ramps with a
Fano factor of .3 at any mean still have an excess and a jump about .1 below their surrogates (with
Poisson surrogates .2 and .25); ramps of binomial counts with one number of trials, up to .1 above.

Counts have shape (n_tests, n_units), as `neurosim.statistics.window_counts` returns them; a test
is one presentation of the partner's picture. The level of a test is the number of composite
trials that had been seen by then. A change at c shows first at level c. Levels without a test
are left out: a change there shows at the next level that has one.

.. [1] Ison, Quian Quiroga & Fried 2015, Rapid encoding of new memories by individual neurons in
   the human brain, Neuron 87:220-230.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from neurosim.errors import InputError

# Number of free parameters; where the step or the ramp starts is one of them. The order decides a
# tie: for the simpler, then for the more gradual course.
N_PARAMETERS: Mapping[str, int] = {"flat": 1, "ramp": 3, "step": 3}

# Ours: for 100 units a share of the surrogates then has a standard error of at most .011.
N_SURROGATES = 20

# Ours, to save a division by 0: Fano factors as close to 1 as this are that of Poisson counts.
FANO_TOLERANCE = 1e-6

# Ours, relative: far finer than the dispersion can be estimated.
DISPERSION_TOLERANCE = 1e-9

# Ours, for the share of the spikes that belongs to the upper end of a ramp: the search leaves out
# the ends, where the slope may be infinite, and stops at a step too small to change a likelihood.
END_MARGIN = 1e-12
SHARE_TOLERANCE = 1e-9
MAX_NEWTON_STEPS = 100

# What `describe_change` measures.
MEASURES = (
    "step_share",
    "step_share_of_true_ramps",
    "step_share_of_true_steps",
    "step_excess",
    "jump",
    "jump_of_true_ramps",
    "jump_of_true_steps",
    "trial_of_change",
    "first_trial_share",
    "fano_factor",
)


@dataclass(frozen=True)
class TimeCourses:
    """The most likely flat, ramping and stepping course of each unit.

    Parameters
    ----------
    levels : ndarray of int, shape (n_levels,)
        The numbers of composite trials seen at which there were tests, ascending.
    log_likelihood : mapping of str to ndarray of float, shape (n_units,)
        Of the courses ``flat``, ``ramp`` and ``step``; -inf where no ramp is possible.
    rates : mapping of str to ndarray of float, shape (n_levels, n_units)
        Of the same courses, spikes per test; NaN where no ramp is possible.
    change : ndarray of int, shape (n_units,)
        Level from which on the best step has its new rate; of equally good ones the first.
    """

    levels: np.ndarray
    log_likelihood: Mapping[str, np.ndarray]
    rates: Mapping[str, np.ndarray]
    change: np.ndarray

    @property
    def aic(self) -> dict[str, np.ndarray]:
        """Akaike's information criterion of each course, shape (n_units,) (Akaike 1974)."""
        return {
            name: 2 * n_parameters - 2 * self.log_likelihood[name]
            for name, n_parameters in N_PARAMETERS.items()
        }

    @property
    def best(self) -> np.ndarray:
        """Name of the course with the lowest criterion, shape (n_units,)."""
        aic = self.aic
        best: np.ndarray = np.array(list(aic))[np.argmin(list(aic.values()), axis=0)]
        return best


@dataclass(frozen=True)
class _Design:
    """Levels that were tested, ascending, and the number of tests at each."""

    levels: np.ndarray
    n_tests: np.ndarray


def split_spikes(
    counts: npt.ArrayLike, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Split spikes at random into two halves (binomial thinning).

    Each spike goes to either half with probability 1/2. The covariance of the halves of a count
    is (variance - mean) / 4: Poisson counts have independent halves, counts that are more regular
    have negatively correlated ones.

    Parameters
    ----------
    counts : array_like of int
        Numbers of spikes.
    generator : numpy.random.Generator

    Returns
    -------
    half, other : ndarray of int64
        As `counts` in shape, and `counts` in sum.

    Raises
    ------
    InputError
        If a count is not a whole number, 0 or more.
    """
    whole = _whole_numbers("counts", counts)
    half = generator.binomial(whole, 0.5)
    return half, whole - half


def fano_factors(means: npt.ArrayLike, dispersion: float) -> np.ndarray:
    """Return the Fano factors, variance by mean, that counts of one dispersion have at some means.

    Rare spikes are Poisson. With the mean m, the Fano factor moves away from 1. If the dispersion a
    is positive, it is 1 + a m: the rate varies from test to test (Goris, Movshon & Simoncelli 2014,
    Nature Neuroscience 17:858-865; a negative binomial distribution). If it is negative,
    1 / (1 + |a| m): the variance stays below 1 / |a|, however many spikes there are. The latter is
    ours; calibrated: with a = -.55 it is within .07 of the Fano factors of all excitatory cells of
    `models/ison2015.toml` in the tests of every stimulus, of means from .1 to 21 spikes.

    Parameters
    ----------
    means : array_like of float
        Spikes per test.
    dispersion : float
        Negative for counts more regular than Poisson.

    Returns
    -------
    ndarray of float
        As `means` in shape.
    """
    growth = 1 + abs(dispersion) * np.asarray(means, dtype=float)
    factors: np.ndarray = growth if dispersion > 0 else 1 / growth
    return factors


def fit_dispersion(counts: npt.ArrayLike, composites_seen: npt.ArrayLike) -> float:
    """Estimate the dispersion (`fano_factors`) from the tests that were repeated.

    By the method of moments: the squared deviations of all units from their means, summed over the
    levels with more than one test, are as expected at these means. The units share it. Simulated
    with ten tests at each end, that is about as good as one for each unit, even if they differ by a
    factor of 2. With three, estimates for each unit put the step excess of true ramps .04 above
    what the true dispersion gives; the common one stays within .02.

    Parameters
    ----------
    counts : array_like of int, shape (n_tests, n_units)
        Numbers of spikes in the tests.
    composites_seen : array_like of int, shape (n_tests,)
        Number of composite trials seen before each test.

    Returns
    -------
    float
        0, as of Poisson counts, without spikes in repeated tests.

    Raises
    ------
    InputError
        As `fit_time_courses`.
    """
    design, sums = _by_level(counts, composites_seen)
    means = sums / design.n_tests[:, None]
    # Levels with one test have no weight.
    weights = (design.n_tests - 1)[:, None] * np.ones(means.shape)
    observed = float(np.sum(weights * _variances(counts, composites_seen)))
    expected = float(np.sum(weights * means))
    if not expected:
        return 0.0
    if observed >= expected:
        return (observed - expected) / float(np.sum(weights * means**2))
    # The expected sum is convex and falls as counts become more regular: Newton's method comes
    # up to the root from one side.
    regularity = 0.0
    for _ in range(MAX_NEWTON_STEPS):
        variances = means * fano_factors(means, -regularity)
        surplus = float(np.sum(weights * variances)) - observed
        step = surplus / float(np.sum(weights * variances**2))
        regularity += step
        if step <= DISPERSION_TOLERANCE * regularity:
            break
    return -regularity


def draw_counts(
    means: npt.ArrayLike, factors: npt.ArrayLike, generator: np.random.Generator
) -> np.ndarray:
    """Draw counts with given means and Fano factors.

    Binomial below a factor F of 1, with p = 1 - F and mean / p trials, rounded up or down at
    random; Poisson at 1; negative binomial above. The means are exact. So are the variances from 1
    up; below, the rounding adds p**2 / 4 at most. A sum of such counts with one mean and factor is
    distributed as one count with their number times the mean and the same factor (but for the
    rounding, of which there is less).

    Parameters
    ----------
    means : array_like of float
        Numbers of spikes.
    factors : array_like of float
        Variance by mean; shape as `means`.
    generator : numpy.random.Generator

    Returns
    -------
    ndarray of int64
        As `means` in shape.

    Raises
    ------
    InputError
        If the shapes differ, or a mean or a factor is negative or not finite.
    """
    mean, factor = (np.asarray(values, dtype=float) for values in (means, factors))
    if mean.shape != factor.shape:
        raise InputError(
            f"means has shape {mean.shape} and factors {factor.shape}, expected the same shape."
        )
    for name, values in (("means", mean), ("factors", factor)):
        is_possible = np.isfinite(values) & (values >= 0)
        if not is_possible.all():
            raise InputError(
                f"{name} has the value {values[~is_possible][0]:g}, expected numbers of 0 or more."
            )
    below, above = factor < 1 - FANO_TOLERANCE, factor > 1 + FANO_TOLERANCE
    rate = mean.copy()
    # A Poisson count of a gamma-distributed rate is negative binomial.
    rate[above] = generator.gamma(mean[above] / (factor[above] - 1), factor[above] - 1)
    counts = np.empty(mean.shape, dtype=np.int64)
    counts[~below] = generator.poisson(rate[~below])
    chance = 1 - factor[below]
    n_trials = np.floor(mean[below] / chance + generator.random(chance.shape)).astype(np.int64)
    counts[below] = generator.binomial(n_trials, chance)
    return counts


def fit_time_courses(counts: npt.ArrayLike, composites_seen: npt.ArrayLike) -> TimeCourses:
    """Fit a flat course, a flat-then-ramp and a step to each unit by maximum likelihood.

    The likelihood is that of Poisson counts. Flat has one rate. The step has one rate before level
    c and another from c on; c is any level but 0. The ramp has one rate up to a level and changes
    from there in a straight line to another rate at the last level; it starts no later than two
    levels before the last, since one level before it would be a step. Rates may rise or fall.

    Parameters
    ----------
    counts : array_like of int, shape (n_tests, n_units)
        Numbers of spikes in the tests.
    composites_seen : array_like of int, shape (n_tests,)
        Number of composite trials seen before each test.

    Returns
    -------
    TimeCourses
        With tests at two levels only no ramp is possible.

    Raises
    ------
    InputError
        If a shape is wrong, a number is not a whole one of 0 or more, or there is no test before
        the first composite trial or none after it.
    """
    design, sums = _by_level(counts, composites_seen)
    fitted = _fit(sums, design)
    # The sums over a level leave this out of the likelihood of its counts.
    log_factorials = np.vectorize(math.lgamma, otypes=[float])(np.asarray(counts) + 1.0)
    return replace(
        fitted,
        log_likelihood={
            name: value - log_factorials.sum(axis=0)
            for name, value in fitted.log_likelihood.items()
        },
    )


def describe_change(
    counts: npt.ArrayLike,
    composites_seen: npt.ArrayLike,
    generator: np.random.Generator,
    n_surrogates: int = N_SURROGATES,
) -> dict[str, float]:
    """Measure how abruptly units change, beside true ramps and true steps.

    Parameters
    ----------
    counts : array_like of int, shape (n_tests, n_units)
        Numbers of spikes in the tests.
    composites_seen : array_like of int, shape (n_tests,)
        Number of composite trials seen before each test.
    generator : numpy.random.Generator
        Draws the halves and the surrogates.
    n_surrogates : int
        Surrogates of each kind drawn for each unit; as often are the spikes of a unit split.

    Returns
    -------
    dict of str to float
        ``step_share`` (of the units, those that a step fits best by AIC, on all spikes),
        ``step_share_of_true_ramps``, ``step_share_of_true_steps``; ``step_excess`` (the first less
        the second); ``jump`` (change from the level before the change point to the one at it, as a
        share of the change from the first level to the last, pooled over the units; the change
        point is found on the other half of the spikes), ``jump_of_true_ramps``,
        ``jump_of_true_steps``; ``trial_of_change`` (composite trials up to the change, median over
        units, on all spikes); ``first_trial_share`` (of the units, those that change at the first
        composite trial; NaN if no test follows it before the next); ``fano_factor`` (of the tests
        after the last composite trial, variance by mean, each summed over the units; NaN if there
        is one test or no spike).

        Everything is NaN without units. With tests at two levels only, those of true ramps and the
        excess are NaN, ``step_share`` is the share in which the step beats flat, and every jump is
        1 by definition. A jump is NaN if there is no change in total, and means little if there is
        hardly one.

    Raises
    ------
    InputError
        As `fit_time_courses`; or if there is less than one surrogate.
    """
    if n_surrogates < 1:
        raise InputError(f"n_surrogates is {n_surrogates}, expected 1 or more.")
    design, sums = _by_level(counts, composites_seen)
    values = dict.fromkeys(MEASURES, float("nan"))
    if not sums.size:
        return values
    fitted = _fit(sums, design)
    values["step_share"] = _step_share(fitted)
    values["jump"] = _held_out_jump(np.tile(sums, n_surrogates), design, generator)
    values["trial_of_change"] = float(np.median(fitted.change))
    if design.levels[1] == 1:
        values["first_trial_share"] = float(np.mean(fitted.change == 1))
    if design.n_tests[-1] > 1 and sums[-1].any():
        variances = _variances(counts, composites_seen)[-1]
        mean = sums[-1].sum() / design.n_tests[-1]
        values["fano_factor"] = float(variances.sum() / mean)
    dispersion = fit_dispersion(counts, composites_seen)
    for course in ("ramp", "step"):
        if np.isnan(fitted.rates[course]).any():
            continue
        rates = np.tile(fitted.rates[course], n_surrogates)
        # The sums over a level, as the sums of its tests are distributed.
        expected, factors = rates * design.n_tests[:, None], fano_factors(rates, dispersion)
        surrogates = draw_counts(expected, factors, generator)
        values[f"step_share_of_true_{course}s"] = _step_share(_fit(surrogates, design))
        values[f"jump_of_true_{course}s"] = _held_out_jump(surrogates, design, generator)
    values["step_excess"] = values["step_share"] - values["step_share_of_true_ramps"]
    return values


def aligned_counts(
    counts: npt.ArrayLike, composites_seen: npt.ArrayLike, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Align each unit's counts to a change point that was found on other spikes of the unit.

    The change point of the best step is found on one half of the spikes (`split_spikes`), the
    other half is aligned to it and doubled; both ways are pooled. Units that change early have
    many levels after the change and few before, so that the ends of the curve rest on few units.

    Parameters
    ----------
    counts : array_like of int, shape (n_tests, n_units)
        Numbers of spikes in the tests.
    composites_seen : array_like of int, shape (n_tests,)
        Number of composite trials seen before each test.
    generator : numpy.random.Generator
        Draws the halves.

    Returns
    -------
    relative_level : ndarray of int, shape (n_relative_levels,)
        Number of composite trials seen less that at the change; ascending, 0 is the first level
        after the change. Empty without units.
    mean_counts : ndarray of float, shape (n_relative_levels,)
        Spikes per test, mean over the units that have a test there.

    Raises
    ------
    InputError
        As `fit_time_courses`.
    """
    design, sums = _by_level(counts, composites_seen)
    half, other = split_spikes(sums, generator)
    relative, means = [], []
    for found_on, shown in ((half, other), (other, half)):
        change, _ = _fit_step(found_on, design)
        relative.append(design.levels[:, None] - design.levels[change])
        means.append(2 * shown / design.n_tests[:, None])
    relative_level, index = np.unique(np.ravel(relative), return_inverse=True)
    sums_at = np.bincount(index, weights=np.ravel(means), minlength=len(relative_level))
    return relative_level, sums_at / np.bincount(index, minlength=len(relative_level))


def _step_share(fitted: TimeCourses) -> float:
    return float(np.mean(fitted.best == "step"))


def _held_out_jump(sums: np.ndarray, design: _Design, generator: np.random.Generator) -> float:
    """Return the jump of one half of the spikes at the change point of the other, both ways."""
    halves = split_spikes(sums, generator)
    units = np.arange(sums.shape[1])
    jump = 0.0
    for found_on, shown in (halves, halves[::-1]):
        change, _ = _fit_step(found_on, design)
        means = shown / design.n_tests[:, None]
        jump += float(np.sum(means[change, units] - means[change - 1, units]))
    # Of both halves together: the whole change, whatever the split.
    total = float(np.sum(sums[-1] / design.n_tests[-1] - sums[0] / design.n_tests[0]))
    return jump / total if total else float("nan")


def _fit(sums: np.ndarray, design: _Design) -> TimeCourses:
    """Fit every course to the sums over the tests of each level, shape (n_levels, n_units)."""
    total = sums.sum(axis=0)
    change, step = _fit_step(sums, design)
    rates = {
        "flat": np.full(sums.shape, total / design.n_tests.sum()),
        "ramp": _fit_ramp(sums, design),
        "step": step,
    }
    log_likelihood = {name: _log_likelihood(sums, course) for name, course in rates.items()}
    return TimeCourses(design.levels, log_likelihood, rates, design.levels[change])


def _fit_step(sums: np.ndarray, design: _Design) -> tuple[np.ndarray, np.ndarray]:
    """Return the index of the first level after the best step, and the rates of the step."""
    total, n_tests = sums.sum(axis=0), design.n_tests
    before, n_before = np.cumsum(sums, axis=0)[:-1], np.cumsum(n_tests)[:-1, None]
    low, high = before / n_before, (total - before) / (n_tests.sum() - n_before)
    likelihood = _spikes_times_log(before, low) + _spikes_times_log(total - before, high)
    best = np.argmax(likelihood, axis=0)
    units, level = np.arange(len(total)), np.arange(len(sums))[:, None]
    return best + 1, np.where(level <= best, low[best, units], high[best, units])


def _fit_ramp(sums: np.ndarray, design: _Design) -> np.ndarray:
    """Return the rates of the best flat-then-ramp; NaN if there are too few levels for one."""
    levels, total = design.levels, sums.sum(axis=0)
    rates = np.full(sums.shape, np.nan)
    best = np.full(len(total), -np.inf)
    for start in levels[:-2]:
        rise = np.clip((levels - start) / (levels[-1] - start), 0, 1)
        # Where the likelihood is highest, a course has as many spikes in total as the unit. What
        # is left to find is the share of them that belongs to the upper end of the ramp.
        lower, upper = (part / (design.n_tests @ part) for part in (1 - rise, rise))
        share = _mixture_share(sums, lower[:, None], upper[:, None])
        course = total * ((1 - share) * lower[:, None] + share * upper[:, None])
        likelihood = _log_likelihood(sums, course)
        rates = np.where(likelihood > best, course, rates)
        best = np.maximum(likelihood, best)
    return rates


def _mixture_share(sums: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Return the share, 0 to 1, at which (1 - share) * lower + share * upper is most likely.

    The log-likelihood is concave in the share. Newton's method on its slope, by halves of the
    bracket where a step would leave it.
    """
    difference = upper - lower

    def slope(share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        relative = difference / (lower + share * difference)
        terms = sums * relative
        return terms.sum(axis=0), -(terms * relative).sum(axis=0)

    low = np.full(sums.shape[1], END_MARGIN)
    high = 1 - low
    at_low, at_high = slope(low)[0] <= 0, slope(high)[0] >= 0
    inside = ~(at_low | at_high)
    share = np.full(sums.shape[1], 0.5)
    for _ in range(MAX_NEWTON_STEPS):
        value, derivative = slope(share)
        low, high = np.where(value > 0, share, low), np.where(value < 0, share, high)
        newton = share - value / np.where(derivative < 0, derivative, -1.0)
        # The bounds belong to it: at the end one of them is the root.
        new = np.where((newton >= low) & (newton <= high), newton, (low + high) / 2)
        moved = np.abs(new - share)[inside].max(initial=0)
        share = new
        if moved < SHARE_TOLERANCE:
            break
    return np.where(at_high, 1.0, np.where(at_low, 0.0, share))


def _log_likelihood(sums: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """Return the log-likelihood of fitted rates but for the counts' factorials, shape (n_units,).

    A fitted course has as many spikes in total as the unit. NaN for a rate means impossible.
    """
    likelihood = _spikes_times_log(sums, rates).sum(axis=0) - sums.sum(axis=0)
    return np.where(np.isnan(rates).any(axis=0), -np.inf, likelihood)


def _spikes_times_log(spikes: np.ndarray, rates: np.ndarray) -> np.ndarray:
    # 0 log 0 = 0.
    product: np.ndarray = spikes * np.log(np.where(spikes > 0, rates, 1.0))
    return product


def _by_level(counts: npt.ArrayLike, composites_seen: npt.ArrayLike) -> tuple[_Design, np.ndarray]:
    """Check the counts and sum them over the tests of each level, shape (n_levels, n_units)."""
    whole = _whole_numbers("counts", counts)
    seen = _whole_numbers("composites_seen", composites_seen)
    if whole.ndim != 2 or seen.shape != whole.shape[:1]:
        raise InputError(
            f"counts has shape {whole.shape} and composites_seen {seen.shape}, expected "
            "(n_tests, n_units) and (n_tests,)."
        )
    n_before = int(np.sum(seen == 0))
    if n_before in (0, len(seen)):
        raise InputError(
            f"composites_seen has {n_before} tests at 0 and {len(seen) - n_before} after it, "
            "expected at least one of each."
        )
    levels, index, n_tests = np.unique(seen, return_inverse=True, return_counts=True)
    sums = np.zeros((len(levels), whole.shape[1]), dtype=np.int64)
    np.add.at(sums, index, whole)
    return _Design(levels, n_tests), sums


def _variances(counts: npt.ArrayLike, composites_seen: npt.ArrayLike) -> np.ndarray:
    """Return the variances at each level, shape (n_levels, n_units); 0 where one test is."""
    design, sums = _by_level(counts, composites_seen)
    # Floating point, since squares may not fit the type of the counts.
    _, squares = _by_level(np.square(counts, dtype=float), composites_seen)
    n_tests = design.n_tests[:, None]
    variances: np.ndarray = (squares - sums**2 / n_tests) / np.maximum(n_tests - 1, 1)
    return variances


def _whole_numbers(name: str, values: npt.ArrayLike) -> np.ndarray:
    array = np.asarray(values)
    if array.dtype.kind not in "iuf":
        raise InputError(f"{name} has values of type {array.dtype}, expected whole numbers.")
    is_count = (array >= 0) & np.isfinite(array) & (array == np.floor(array))
    if not is_count.all():
        raise InputError(
            f"{name} has the value {array[~is_count][0]:g}, expected whole numbers of 0 or more."
        )
    return array.astype(np.int64)
