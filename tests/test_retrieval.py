"""Retrieval by tags: hand-computed examples, chance, ties, and the measures between pairs."""

from itertools import combinations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from neurosim import statistics
from neurosim.errors import InputError
from neurosim.hashing import retrieval
from neurosim.hashing.retrieval import (
    correlation_between_inputs,
    cosine_similarity,
    jaccard,
    mean_average_precision,
    pairwise_overlap,
    random_pairs,
    spearman,
)

RULES = ["hits", "relevant"]


def random_samples(n_samples: int = 300, n_features: int = 10, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n_samples, n_features))


def random_bits(n_samples: int, n_units: int, share: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((n_samples, n_units)) < share


# Query 0 on a line: its three true neighbours are 1, 2, 3 (30 % of 10 others).
LINE = np.array([0, 1, 2, 3, 10, 11, 12, 13, 14, 15, 16], dtype=float)[:, np.newaxis]


@pytest.mark.parametrize(
    ("ranking", "hits", "relevant"),
    [
        # Hits at places 1, 3 | 4: three retrieved, two of them hits.
        ([1, 5, 3, 2, 4, 6, 7, 8, 9, 10], (1 + 2 / 3) / 2, (1 + 2 / 3 + 3 / 4) / 3),
        # One hit in the first place is worth everything to the first rule.
        ([2, 5, 6, 7, 4, 8, 9, 10, 1, 3], 1.0, (1 + 2 / 9 + 3 / 10) / 3),
        # None among the retrieved.
        ([4, 5, 6, 1, 2, 3, 7, 8, 9, 10], 0.0, (1 / 4 + 2 / 5 + 3 / 6) / 3),
        ([3, 1, 2, 4, 5, 6, 7, 8, 9, 10], 1.0, 1.0),
    ],
)
def test_hand_computed_precision(ranking, hits, relevant):
    tags = np.zeros((11, 1))
    tags[ranking, 0] = np.arange(1, 11)
    for rule, expected in (("hits", hits), ("relevant", relevant)):
        score = mean_average_precision(LINE, tags, queries=[0], fraction=0.3, rule=rule)
        assert score == pytest.approx(expected)


def brute_force(samples, tags, query, n_true, rule):
    """Average precision without ties, sample by sample."""
    others = [row for row in range(len(samples)) if row != query]
    true = sorted(others, key=lambda row: np.linalg.norm(samples[row] - samples[query]))[:n_true]
    ranked = sorted(others, key=lambda row: np.linalg.norm(tags[row] - tags[query]))
    precisions = []
    for place, row in enumerate(ranked if rule == "relevant" else ranked[:n_true], start=1):
        if row in true:
            precisions.append((len(precisions) + 1) / place)
    return sum(precisions) / len(precisions) if precisions else 0.0


@pytest.mark.parametrize("rule", RULES)
def test_agrees_with_brute_force(rule):
    samples = random_samples(120, 6)
    tags = samples[:, :3] @ np.random.default_rng(1).standard_normal((3, 5))
    queries = [0, 7, 119, 7]
    expected = np.mean([brute_force(samples, tags, query, 12, rule) for query in queries])
    score = mean_average_precision(samples, tags, queries, fraction=0.1, rule=rule)
    assert score == pytest.approx(expected)
    assert 0 < score < 1


@pytest.mark.parametrize("rule", RULES)
def test_perfect_tags_find_all(rule):
    samples = random_samples()
    samples[-1] = 100.0  # an outlier takes no digits from the distances of the others
    for tags in (samples, -7 * samples + 3, 1e200 * samples):
        assert mean_average_precision(samples, tags, rule=rule) == 1


def test_random_tags_are_at_chance():
    # 20 of 1000 others are true. The precision at a hit is about the share of true ones, and in the
    # list to its end the first places add log(1000) / 1000.
    samples = random_samples(1001)
    tags = random_bits(1001, 100, 0.5)
    score = mean_average_precision(samples, tags, queries=range(0, 1001, 5), rule="relevant")
    assert 0.02 < score < 0.032
    # In a list of 20 there is one hit in 1 - .98^20 = 33 % of queries, at any place: its precision
    # is 1 / place, on average .18.
    score = mean_average_precision(samples, tags, queries=range(0, 1001, 5), rule="hits")
    assert score == pytest.approx(0.33 * 0.18, abs=0.03)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", ["bits", "counts", "values"])
def test_csr_and_dense_agree(rule, kind):
    samples = random_samples(200, 5)
    tags = np.maximum(samples @ np.random.default_rng(2).standard_normal((5, 60)) - 2, 0)
    tags = {"bits": tags > 0, "counts": np.ceil(tags).astype(int), "values": tags}[kind]
    scores = [mean_average_precision(samples, form, rule=rule) for form in (tags, csr_matrix(tags))]
    assert scores[0] == pytest.approx(scores[1], abs=1e-12)
    assert 0.1 < scores[0] < 1


def test_entries_of_a_csr_matrix_that_are_split_count_together():
    samples = random_samples(4)
    split = csr_matrix(([1.0, 1.0, 3.0, 4.0, 9.0], [0, 0, 0, 0, 0], [0, 2, 3, 4, 5]))
    whole = np.array([[2.0], [3.0], [4.0], [9.0]])
    for rule in RULES:
        scores = [mean_average_precision(samples, tags, rule=rule) for tags in (split, whole)]
        assert scores[0] == scores[1]


def test_memory_blocks_change_nothing(monkeypatch):
    samples, tags = random_samples(100), random_bits(100, 8, 0.5)
    whole = mean_average_precision(samples, tags)
    monkeypatch.setattr(retrieval, "BLOCK_ELEMENTS", 700)
    assert mean_average_precision(samples, tags) == pytest.approx(whole, abs=1e-12)


def clusters(n_clusters: int, size: int) -> np.ndarray:
    generator = np.random.default_rng(3)
    centres = 10 * generator.standard_normal((n_clusters, 5))
    return np.repeat(centres, size, axis=0) + generator.standard_normal((n_clusters * size, 5))


@pytest.mark.parametrize("rule", RULES)
def test_ties_do_not_favour_neighbours_in_the_order_of_rows(rule):
    # Samples sorted by cluster, tags that say nothing: ranking ties by row would find the whole
    # cluster for the queries of the first one.
    samples = clusters(10, 40)
    tags = np.ones((400, 3), dtype=bool)
    first = mean_average_precision(samples, tags, range(40), fraction=0.1, rule=rule)
    assert first == pytest.approx(0.1, abs=0.15 if rule == "hits" else 0.03)
    assert mean_average_precision(samples, tags, range(40), fraction=0.1, rule=rule) == first


@pytest.mark.parametrize("rule", RULES)
def test_ties_depend_on_the_order_of_rows_by_noise_only(rule):
    samples = clusters(10, 40)
    tags = samples[:, :2] > 0  # four different tags
    scores = []
    for seed in range(4):
        order = np.random.default_rng(seed).permutation(400) if seed else np.arange(400)
        scores.append(mean_average_precision(samples[order], tags[order], fraction=0.1, rule=rule))
    assert max(scores) - min(scores) < (0.03 if rule == "hits" else 0.01)
    assert min(scores) > 0.25  # chance is .1


def test_tags_that_are_all_equal_find_nothing_where_the_truth_is_tied_too():
    samples = np.eye(200)  # all equally far apart
    score = mean_average_precision(samples, np.ones((200, 2)), fraction=0.1, rule="relevant")
    assert score == pytest.approx(0.1, abs=0.03)


def test_equal_distances_tie_whatever_the_scale_of_the_values():
    samples, bits = random_samples(200), random_bits(200, 30, 0.3)
    exact = mean_average_precision(samples, bits)
    for tags in (0.1 * bits, 1e-170 * bits, csr_matrix(bits / 3)):
        assert mean_average_precision(samples, tags) == exact
    constant = [mean_average_precision(samples, np.full((200, 3), value)) for value in (1, 0.7, 0)]
    assert constant[0] == constant[1] == constant[2]


def test_large_whole_numbers_keep_their_differences():
    # Their squares have more digits than single precision.
    samples = np.arange(40.0)[:, np.newaxis] ** 1.1
    tags = 5_000_000 + np.arange(40)[:, np.newaxis] // 2 * 3
    scores = [mean_average_precision(samples, form, fraction=0.1) for form in (tags, tags - 5e6)]
    assert scores[0] == scores[1]


def test_copies_of_a_query_are_no_candidates():
    samples = np.array([[0.0], [-0.0], [0.0], [1.0], [5.0], [6.0]])
    tags = np.array([[0], [0], [0], [3], [2], [1]])  # 5, 4, 3 for the query 0
    for rule, expected in (("hits", 0.0), ("relevant", 1 / 3)):
        score = mean_average_precision(samples, tags, [0], fraction=0.2, rule=rule)
        assert score == pytest.approx(expected)
    # The others are fewer than the neighbours that were asked for: they are all there is.
    samples = np.concatenate([np.arange(5.0), np.zeros(40)])[:, np.newaxis]
    tags = np.concatenate([np.arange(5.0), np.arange(40) % 7])[:, np.newaxis]
    assert mean_average_precision(samples, tags, [0], fraction=0.5, rule="relevant") == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rule": "hit"}, "no rule 'hit' for the average precision; did you mean 'hits'"),
        ({"fraction": 0.0}, "fraction of near neighbours is 0, expected above 0 and at most 1"),
        ({"fraction": float("nan")}, "fraction of near neighbours is nan"),
        ({"fraction": 2}, "fraction of near neighbours is 2"),
        ({"queries": [0, 5]}, "row number is 5, expected 0 to 4"),
        ({"queries": [-1]}, "row number is -1"),
        ({"queries": []}, "expected one or more integers"),
        ({"queries": [0.5]}, "type float64 and shape"),
        ({"samples": np.ones(5)}, r"samples have the shape \(5,\), expected two dimensions"),
        ({"samples": np.ones((5, 0))}, "expected a column or more"),
        ({"samples": np.full((5, 1), np.nan)}, "samples hold a value that is not finite"),
        ({"samples": np.ones((5, 2))}, "All samples equal sample 0"),
        ({"samples": csr_matrix(np.eye(5))}, "samples are a sparse matrix"),
        ({"samples": np.ones((1, 2)), "tags": np.ones((1, 2))}, "number of samples is 1"),
        ({"tags": np.ones((4, 2))}, "There are 4 tags, expected one for each of 5 samples"),
        ({"tags": np.full((5, 1), np.inf)}, "tags hold a value that is not finite"),
        ({"tags": csr_matrix(np.full((5, 1), np.nan))}, "tags hold a value that is not finite"),
        ({"tags": np.full((5, 1), "on")}, "tags are of type <U2, expected numbers"),
    ],
)
def test_bad_input_is_refused(change, message):
    arguments = {"samples": np.arange(5.0)[:, None], "tags": np.eye(5)} | change
    with pytest.raises(InputError, match=message):
        mean_average_precision(**arguments)


def test_jaccard_of_rows_is_that_of_sets():
    first, second = random_bits(50, 40, 0.2, seed=1), random_bits(50, 40, 0.4, seed=2)
    first[0], second[0], second[1] = False, False, first[1]
    expected = [statistics.jaccard(*rows) for rows in zip(first, second, strict=True)]
    assert expected[:2] == [0, 1]
    sparse = csr_matrix(first.astype(float)), csr_matrix(second.astype(float))
    for one, other in ((first, second), sparse, (first, sparse[1]), (sparse[0], second)):
        np.testing.assert_allclose(jaccard(one, other), expected)


def test_overlap_is_the_common_share_of_the_mean_size():
    tags = np.array([[1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1], [1, 1, 0, 0, 0, 0], [0] * 6])
    pairs = [[0, 1], [0, 2], [1, 2], [3, 0], [3, 3], [2, 2]]
    expected = [2 / 4, 2 / 3, 0, 0, 0, 1]
    for form in (tags, tags.astype(bool), csr_matrix(tags)):
        np.testing.assert_allclose(pairwise_overlap(form, pairs), expected)


def test_cosine_of_known_angles():
    samples = np.array([[1.0, 0.0], [1.0, 1.0], [-3.0, 0.0], [0.0, 2.0], [1e300, 1e300]])
    pairs = [[0, 1], [0, 2], [0, 3], [1, 4], [0, 0]]
    expected = [np.sqrt(0.5), -1, 0, 1, 1]
    np.testing.assert_allclose(cosine_similarity(samples, pairs), expected, atol=1e-15)


def test_random_pairs_are_all_pairs_once():
    pairs = random_pairs(30, 435, np.random.default_rng(0)).tolist()
    assert sorted(map(tuple, pairs)) == list(combinations(range(30), 2))
    few = random_pairs(5000, 1000, np.random.default_rng(1))
    assert few.shape == (1000, 2)
    assert (few[:, 0] < few[:, 1]).all()
    assert (few >= 0).all()
    assert (few < 5000).all()
    assert len(set(map(tuple, few.tolist()))) == 1000
    # The higher of two uniform numbers is 2/3 on average.
    assert few[:, 1].mean() / 5000 == pytest.approx(2 / 3, abs=0.03)
    assert (few == random_pairs(5000, 1000, np.random.default_rng(1))).all()


def test_spearman_agrees_with_scipy():
    from scipy.stats import spearmanr

    generator = np.random.default_rng(5)
    x = generator.integers(6, size=100)
    y = x + generator.integers(9, size=100)
    assert spearman(x, y) == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)
    z = generator.standard_normal(100)
    assert spearman(x, z) == pytest.approx(spearmanr(x, z).statistic, abs=1e-12)
    assert spearman(z, np.exp(z)) == pytest.approx(1)
    assert spearman(z, -(z**3)) == pytest.approx(-1)
    assert np.isnan(spearman(np.ones(5), np.arange(5)))


def test_correlation_between_inputs_is_the_mean_over_pairs():
    activity = np.random.default_rng(6).poisson(1.5, size=(12, 80)) * (np.arange(80) % 3)
    expected = np.corrcoef(activity)[np.triu_indices(12, k=1)].mean()
    silent = np.concatenate([activity, np.zeros((2, 80), dtype=int), np.full((1, 80), 7)])
    for form in (activity, csr_matrix(activity), silent, csr_matrix(silent)):
        assert correlation_between_inputs(form) == pytest.approx(expected)
    assert correlation_between_inputs([[1, 2, 3], [3, 2, 1]]) == pytest.approx(-1)
    assert np.isnan(correlation_between_inputs([[0.1] * 80, [1.1] * 80, list(range(80))]))


@pytest.mark.parametrize(
    ("measure", "message"),
    [
        (lambda: jaccard(np.eye(3), np.eye(4)), r"shapes \(3, 3\) and \(4, 4\)"),
        (lambda: jaccard(np.eye(3), 2 * np.eye(3)), "second tags hold the value 2, expected 0 and"),
        (lambda: jaccard(csr_matrix(([1.0, 1.0], [0, 0], [0, 2])), np.eye(1)), "hold the value 2"),
        (lambda: jaccard(csr_matrix([[0.5]]), np.eye(1)), "first tags hold the value 0.5"),
        (lambda: pairwise_overlap(-np.eye(3), [[0, 1]]), "tags hold the value -1"),
        (lambda: pairwise_overlap(np.eye(3), [0, 1]), r"shape \(2,\), expected \(n_pairs, 2\)"),
        (lambda: pairwise_overlap(np.eye(3), [[0, 3]]), "row number is 3, expected 0 to 2"),
        (lambda: cosine_similarity([[1, 1], [0, 0]], [[0, 1]]), "Sample 1 is all zeros"),
        (lambda: cosine_similarity([[1, np.nan]], [[0, 0]]), "samples hold a value that is not"),
        (lambda: random_pairs(4, 7, np.random.default_rng(0)), "pairs is 7, expected 1 to 6"),
        (lambda: random_pairs(1, 1, np.random.default_rng(0)), "expected 1 to 0"),
        (lambda: random_pairs(4, 0, np.random.default_rng(0)), "pairs is 0"),
        (lambda: spearman([1, 2, 3], [1, 2]), r"shapes \(3,\) and \(2,\)"),
        (lambda: spearman([1], [1]), "2 values or more"),
        (lambda: spearman([1, np.nan], [1, 2]), "hold NaN"),
        (lambda: correlation_between_inputs([1, 2, 3]), "activities have the shape"),
        (lambda: correlation_between_inputs([[np.nan, 1]]), "activities hold a value that is not"),
    ],
)
def test_bad_input_of_the_other_measures_is_refused(measure, message):
    with pytest.raises(InputError, match=message):
        measure()
