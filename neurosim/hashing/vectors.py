"""Vectors as stimuli of the fly's hash: digits, synthetic odours, or a file of the user's.

A stimulus is a vector of rates, one per type of receptor or per pixel; none is negative and not
all are zero. Their unit does not matter where the antennal lobe, or the algorithm, divides by the
mean. `neurosim.hashing.vector_files` reads the files.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neurosim.errors import InputError, nearest_name
from neurosim.hashing.vector_files import has_known_ending, known_endings, read_vectors

# Types of receptor, each with its glomerulus. Source: Dasgupta, Stevens & Navlakha 2017, Science
# 358:793.
N_GLOMERULI = 50
# Ours: enough that the nearest 2 % of an odour are 20, and all distances take well under a second.
N_ODOURS = 1000
# Ours: 20 odours each, so that the nearest 2 % of an odour are, but for one, its own cluster.
N_CLUSTERS = 50
# Standard deviation of the logarithm of the rates around those of the prototype. Ours: the rates
# of two odours of a cluster then correlate by about .93 (between clusters by 0), and the mAP of
# the algorithm is near .98 (2000 Kenyon cells, 6 claws, 100 active): a hash is tested on whether
# it recovers the clusters.
CLUSTER_SPREAD = 0.2
# Share of the variance that a profile common to all odours has, before rates are made exponential.
# Calibrated: on seeds 0-9, to a mean correlation of .10 between the spike counts of Kenyon cells to
# different odours with APL, as between recorded odours (Lin et al. 2014, Nat Neurosci 17:559, read
# off a figure); sheet dasgupta2017.
COMMON_SHARE = 0.34


@dataclass(frozen=True, eq=False)
class Vectors:
    """Stimuli, and where they come from.

    Parameters
    ----------
    name : str
        Built-in name, or the name of the file without its folder.
    samples : ndarray of float64, shape (n_samples, n_features)
        Finite, 0 or higher; no row is all zero.
    source : str
        A sentence with the citation, or with the path as the user wrote it.
    """

    name: str
    samples: np.ndarray
    source: str


def load_vectors(name_or_path: str | os.PathLike[str], generator: np.random.Generator) -> Vectors:
    """Load stimuli by name, or from a file.

    Parameters
    ----------
    name_or_path : str or path
        A built-in name (a key of `BUILT_IN`), or the path of a file of the formats that
        `neurosim.hashing.vector_files.read_vectors` takes. The samples keep the order of the file.
    generator : numpy.random.Generator
        Draws the synthetic odours; other data leave it as it is.

    Returns
    -------
    Vectors

    Raises
    ------
    InputError
        If there are no such data, the file cannot be read, or it holds fewer than two stimuli or
        features, a value that is not finite or is negative, or a stimulus that is all zero: no
        Kenyon cell is driven by it, so it has no hash.
    """
    name = os.fspath(name_or_path)
    if name in BUILT_IN:
        return BUILT_IN[name](generator)
    path = Path(os.path.expanduser(name))
    # A folder or a file that exists is a path, whatever its name; its reader says what is wrong.
    if not (has_known_ending(name) or (name and os.path.exists(path))):
        raise InputError(
            f"'{name}' is no path (which ends in {known_endings()}) and not built in: "
            f"{nearest_name(name, BUILT_IN)}"
        )
    samples = read_vectors(name)
    _check_rates(samples, f"'{name}'")
    n_samples, n_features = samples.shape
    if n_samples < 2 or n_features < 2:
        raise InputError(
            f"The file '{name}' holds {n_samples} x {n_features} numbers (stimuli x features), "
            "expected at least 2 x 2."
        )
    return Vectors(path.name, samples, f"Read from the file '{name}'.")


def blend(first: np.ndarray, second: np.ndarray, share: float = 0.5) -> np.ndarray:
    """Mix two stimuli that are equally strong: ``share * first + (1 - share) * second``.

    Both are scaled to the mean of their two means before, so that the share tells the proportion
    of the mixture whatever their concentrations.

    Parameters
    ----------
    first, second : ndarray of float, shape (n_features,)
        Rates, 0 or higher.
    share : float
        Of the first stimulus, 0 to 1.

    Returns
    -------
    ndarray of float64, shape (n_features,)
        Its mean is the mean of the two stimuli's means.

    Raises
    ------
    InputError
        If the stimuli are no two vectors of one length, hold a value that is not finite or is
        negative, or one is all zero, or if the share is out of range.
    """
    stimuli = [np.asarray(stimulus, dtype=np.float64) for stimulus in (first, second)]
    shapes = [stimulus.shape for stimulus in stimuli]
    if shapes[0] != shapes[1] or len(shapes[0]) != 1 or shapes[0][0] == 0:
        raise InputError(
            f"The stimuli of the blend have the shapes {shapes[0]} and {shapes[1]}, expected two "
            "vectors of one length."
        )
    if not 0 <= share <= 1:
        raise InputError(f"The share of the blend is {share:g}, expected 0 to 1.")
    pair = np.stack(stimuli)
    _check_rates(pair, "the two stimuli of the blend")
    means = pair.mean(axis=1, keepdims=True)
    mixture: np.ndarray = np.array([share, 1 - share]) @ (pair / means) * means.mean()
    return mixture


def _check_rates(samples: np.ndarray, subject: str) -> None:
    """Refuse samples that are no rates; rows and columns are counted from 1."""
    for faulty, expected in (
        (~np.isfinite(samples), "a finite number"),
        (
            samples < 0,
            "a rate of 0 or higher: subtract the minimum of each column from that column",
        ),
    ):
        if faulty.any():
            row, column = np.unravel_index(int(faulty.argmax()), samples.shape)
            raise InputError(
                f"Row {row + 1}, column {column + 1} of {subject} (counted from 1) is "
                f"{samples[row, column]:g}, expected {expected}."
            )
    silent = ~samples.any(axis=1)
    if silent.any() and samples.shape[1]:
        raise InputError(
            f"Row {int(silent.argmax()) + 1} of {subject} (counted from 1) is all zero, expected "
            "at least one rate above 0: a stimulus that drives nothing has no hash."
        )


def _digits(_: np.random.Generator) -> Vectors:
    from sklearn.datasets import load_digits

    return Vectors(
        "digits",
        np.array(load_digits().data, dtype=np.float64),
        "Handwritten digits of 8 x 8 pixels, scikit-learn's copy of the test set of Alpaydin & "
        "Kaynak 1998, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository.",
    )


def _independent_odours(generator: np.random.Generator) -> Vectors:
    return Vectors(
        "iid",
        generator.exponential(size=(N_ODOURS, N_GLOMERULI)),
        "Synthetic odours: the rates of all receptor types are independent and exponentially "
        "distributed, the code of highest entropy at a given mean (Stevens 2015, PNAS 112:9460).",
    )


def _clustered_odours(generator: np.random.Generator) -> Vectors:
    prototypes = generator.exponential(size=(N_CLUSTERS, N_GLOMERULI))
    # The clusters take turns, so that the first odours are a fair sample of them.
    centres = np.tile(prototypes, (N_ODOURS // N_CLUSTERS, 1))
    # Factors, with a mean of 1, keep rates positive and weak receptors weak.
    factors = generator.lognormal(-(CLUSTER_SPREAD**2) / 2, CLUSTER_SPREAD, centres.shape)
    return Vectors(
        "clustered",
        centres * factors,
        f"Synthetic odours: {N_CLUSTERS} prototypes with independent, exponentially distributed "
        "rates (Stevens 2015, PNAS 112:9460), and odours whose rates differ from those of their "
        "prototype by log-normal factors (ours).",
    )


def _correlated_odours(generator: np.random.Generator) -> Vectors:
    from scipy.special import log_ndtr, ndtri

    own = generator.standard_normal((N_ODOURS, N_GLOMERULI))
    # Quantiles in random order: of so few types drawn ones would differ in their variance, and the
    # correlation between the odours would depend on the seed.
    profile = ndtri((generator.permutation(N_GLOMERULI) + 0.5) / N_GLOMERULI)
    mixed = np.sqrt(COMMON_SHARE) * profile + np.sqrt(1 - COMMON_SHARE) * own
    return Vectors(
        "correlated",
        -log_ndtr(-mixed),  # the exponential quantile at the rank of a Gaussian
        "Synthetic odours that overlap as recorded ones do: exponentially distributed rates "
        "(Stevens 2015, PNAS 112:9460) whose ranks follow, in part, a profile that all odours have "
        "in common (ours).",
    )


BUILT_IN: Mapping[str, Callable[[np.random.Generator], Vectors]] = {
    "digits": _digits,
    "clustered": _clustered_odours,
    "correlated": _correlated_odours,
    "iid": _independent_odours,
}
