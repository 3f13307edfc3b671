"""The algorithm of the fly's hash beside published numbers: ``published_hashes.py FILE``.

FILE holds MNIST (IDX, such as ``t10k-images-idx3-ubyte``) or SIFT (``siftsmall_base.fvecs``), which
do not come with neurosim, or any other vectors of rates. As Dasgupta, Stevens & Navlakha 2017 did
it (Science 358:793, figure 3, and the code published with it): 10,000 vectors, tags of k = 4
numbers, each Kenyon cell samples a tenth of the features, the truth are the nearest 2 % by
Euclidean distance, 100 queries in each repeat, and the average precision of a query is the mean
precision at the hits, divided by their number.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping

import numpy as np

import neurosim as ns
from neurosim.abstract.lsh import floor_hash, gaussian_projection
from neurosim.errors import InputError
from neurosim.hashing.lengths import EXPANSION
from neurosim.hashing.methods import control_tags, normalised
from neurosim.hashing.retrieval import mean_average_precision
from neurosim.hashing.vectors import load_vectors

N_VECTORS, N_QUERIES, K = 10_000, 100, 4
CELLS_PER_FEATURE, FEATURES_PER_CLAW = 10, 10
N_REPEATS = 10  # published: 50
# Printed in the text of the paper, at k = 4; the other numbers can only be read off its figure 3.
PRINTED: Mapping[str, str] = {
    "LSH": "MNIST .160",
    "random cells, m = 20 k": "SIFT .177",
    "fly, m = 20 k": "SIFT .324",
    "fly, m = 10 d": "MNIST .448",
}


def main() -> int:
    """Print the mean average precision of every method; return the exit code."""
    parser = argparse.ArgumentParser(description="The algorithm beside published numbers.")
    parser.add_argument("file", help="vectors: IDX, fvecs, CSV or NPY")
    try:
        samples = load_vectors(parser.parse_args().file, np.random.default_rng(0)).samples
    except InputError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    samples = samples[:N_VECTORS]
    repeats = [precision_of_methods(samples, number) for number in range(N_REPEATS)]
    print(f"{len(samples)} vectors of {samples.shape[1]} features, k = {K}, AP over the hits")
    for method, printed in PRINTED.items():
        values = [repeat[method] for repeat in repeats]
        print(
            f"{method:<24} mAP {np.mean(values):.3f} +- {np.std(values, ddof=1):.3f}"
            f"  printed: {printed}"
        )
    return 0


def precision_of_methods(samples: np.ndarray, seed: int) -> dict[str, float]:
    """Return the mean average precision of every method, with projections and queries of a seed."""
    generator, (n_samples, n_features) = np.random.default_rng(seed), samples.shape
    rows, n_claws = normalised(samples), max(1, n_features // FEATURES_PER_CLAW)
    tags = {"LSH": floor_hash(rows, gaussian_projection(K, n_features, generator))}
    for name, n_cells in (
        ("m = 20 k", EXPANSION * K),
        ("m = 10 d", CELLS_PER_FEATURE * n_features),
    ):
        hashing = ns.abstract.FlyHash(
            n_cells, n_claws, sparsity=K / n_cells, tag="count", random_state=seed
        )
        tags[f"fly, {name}"] = hashing.fit_transform(samples)
        if n_cells == EXPANSION * K:
            controls = control_tags(samples, hashing.projection_, K, generator)
            tags[f"random cells, {name}"] = controls["random_winners"]
    queries = generator.choice(n_samples, min(N_QUERIES, n_samples), replace=False)
    return {
        method: mean_average_precision(rows, of_method, queries)
        for method, of_method in tags.items()
    }


if __name__ == "__main__":
    sys.exit(main())
