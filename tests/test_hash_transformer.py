"""The fly's hash as a transformer: scikit-learn's checks, the algorithm's tags, bad input."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import neurosim
from neurosim.abstract import FlyHash, transformer
from neurosim.abstract.fly_hash import hash_codes
from neurosim.errors import InputError


def rates(n_samples=30, n_features=50, seed=0):
    return np.random.default_rng(seed).gamma(2.0, size=(n_samples, n_features))


# No check is expected to fail.
@pytest.mark.filterwarnings("ignore:claws is 6")  # some checks use fewer features
@parametrize_with_checks([FlyHash(n_kenyon_cells=100), FlyHash(n_kenyon_cells=100, tag="count")])
def test_scikit_learn_accepts_it(estimator, check):
    check(estimator)


def test_it_is_found_in_the_package():
    assert neurosim.abstract.FlyHash is FlyHash is transformer.FlyHash
    assert "FlyHash" in dir(neurosim.abstract)
    with pytest.raises(AttributeError, match=r"'neurosim\.abstract' has no attribute 'FlyHsh'"):
        neurosim.abstract.FlyHsh  # noqa: B018


def test_defaults_are_the_flys():
    assert FlyHash().get_params() == {
        "n_kenyon_cells": 2000,
        "claws": 6,
        "sparsity": 0.05,
        "tag": "binary",
        "random_state": 0,
    }
    tags = FlyHash().fit_transform(rates())
    assert tags.shape == (30, 2000)
    assert (tags.sum(axis=1) == 100).all()


def test_tags_are_the_codes_of_the_algorithm():
    hashing = FlyHash(500, claws=5, sparsity=0.1).fit(rates())
    assert hashing.projection_.shape == (500, 50)
    assert hashing.projection_.dtype == bool
    assert (hashing.projection_.sum(axis=1) == 5).all()
    unseen = rates(200, seed=1)
    expected = hash_codes(unseen, hashing.projection_, 50)
    assert (hashing.transform(unseen).toarray() == expected).all()


def test_tags_of_a_hand_made_example():
    hashing = FlyHash(4, claws=2, sparsity=0.5, tag="count").fit(np.ones((1, 4)))
    hashing.projection_ = np.array(
        [[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 0, 1], [0, 0, 1, 1]], dtype=bool
    )
    # At a mean of 100: 200 50 50 100 and 0 143 48 210. Sums: 250 100 300 150 and 143 190 210 257.
    rows = [[4.0, 1.0, 1.0, 2.0], [0.0, 3.0, 1.0, 4.4]]
    assert hashing.transform(rows).toarray().tolist() == [[25, 0, 30, 0], [0, 0, 20, 25]]
    hashing.set_params(tag="binary")
    assert hashing.transform(rows).toarray().tolist() == [[1, 0, 1, 0], [0, 0, 1, 1]]


def test_count_is_the_firing_rate_in_whole_tens():
    rows = rates()
    hashing = FlyHash(tag="count").fit(rows)
    rate = (100 * rows / rows.mean(axis=1, keepdims=True)) @ hashing.projection_.T
    cut = np.sort(rate, axis=1)[:, -100, None]
    expected = np.where(rate >= cut, np.floor(rate / 10), 0)
    assert (hashing.transform(rows).toarray() == expected).all()


def test_rounding_does_not_make_a_whole_count_one_less():
    # Of a sum of 20, three features are 3, 7, 8, 12, 13 or 17: at a mean of 100, 30 times as much.
    row = np.array([[1.0, 1.0, 1.0, 6.0, 5.0, 6.0]])
    hashing = FlyHash(400, claws=3, sparsity=0.99, tag="count").fit(row)
    for factor in (1, 0.1, 1 / 3):
        assert set(hashing.transform(factor * row).data) == {9, 21, 24, 36, 39, 51}


@pytest.mark.parametrize(
    ("n_kenyon_cells", "sparsity", "n_active"),
    [(2000, 0.05, 100), (2000, 0.1, 200), (10, 0.001, 1), (10, 0.16, 2), (10, 0.999, 10)],
)
@pytest.mark.parametrize("tag", ["binary", "count"])
def test_every_tag_has_as_many_winners(n_kenyon_cells, sparsity, n_active, tag):
    hashing = FlyHash(n_kenyon_cells, sparsity=sparsity, tag=tag)
    tags = hashing.fit_transform(rates())
    assert hashing.n_active_ == n_active
    assert (np.diff(tags.indptr) == n_active).all()
    assert (tags.data > 0).all()


@pytest.mark.parametrize("tag", ["binary", "count"])
@pytest.mark.parametrize("factor", [1e-300, 0.1, 3, 1e6])
def test_a_common_factor_has_no_effect(tag, factor):
    rows = rates()
    hashing = FlyHash(tag=tag).fit(rows)
    assert (hashing.transform(rows) != hashing.transform(factor * rows)).nnz == 0


def test_a_row_has_the_same_tag_alone_in_any_batch_and_when_unseen(monkeypatch):
    rows = rates()
    hashing = FlyHash(tag="count").fit(rows[:5])
    tags = hashing.transform(rows).toarray()
    alone = [hashing.transform(row[None]).toarray()[0] for row in rows]
    assert (tags == alone).all()
    monkeypatch.setattr(transformer, "BATCH_INPUTS", 7 * 2000)
    assert (tags == hashing.transform(rows).toarray()).all()
    assert (tags == hashing.transform(sparse.csr_matrix(rows)).toarray()).all()


@pytest.mark.parametrize("tag", ["binary", "count"])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, sparse.csc_array])
def test_a_row_of_zeros_has_an_empty_tag(tag, form):
    rows = rates(5)
    hashing = FlyHash(tag=tag).fit(rows)
    expected = hashing.transform(rows).toarray()
    rows[[0, 3]] = expected[[0, 3]] = 0
    tags = hashing.transform(form(rows))
    assert (tags.toarray() == expected).all()
    assert np.diff(tags.indptr).tolist() == [0, 100, 100, 0, 100]
    assert tags.has_canonical_format
    empty = hashing.transform(form(np.zeros((2, 50))))
    assert empty.shape == (2, 2000)
    assert empty.nnz == 0


def test_a_silent_kenyon_cell_is_in_no_tag():
    row = np.zeros((1, 50))
    row[0, 7] = 3
    hashing = FlyHash(200, sparsity=0.5).fit(row)
    reached = hashing.projection_[:, 7]
    assert 0 < reached.sum() < hashing.n_active_
    assert (hashing.transform(row).toarray()[0] == reached).all()
    # All of the mean of 100 over 50 features is in one of them.
    counts = hashing.set_params(tag="count").transform(row).toarray()[0]
    assert (counts == 500 * reached).all()


def test_an_input_below_one_bin_is_in_the_binary_tag_only():
    # The lesser feature is .0005 of the sum, so .1 at a mean of 100.
    row = np.array([[1999.0, 1.0]])
    hashing = FlyHash(10, claws=1, sparsity=0.999).fit(row)
    assert hashing.transform(row).nnz == 10
    tags = hashing.set_params(tag="count").transform(row)
    assert 0 < tags.nnz == hashing.projection_[:, 0].sum() < 10
    assert (tags.data == 19).all()


def test_tags_are_a_csr_matrix_without_and_with_sparse_input():
    for rows in (rates(), sparse.csr_array(rates()), sparse.coo_matrix(rates())):
        tags = FlyHash().fit_transform(rows)
        assert isinstance(tags, sparse.csr_matrix)
        assert tags.dtype == np.float64
        assert tags.has_sorted_indices


def test_random_state_repeats_and_differs():
    def projection(random_state):
        return FlyHash(200, random_state=random_state).fit(rates()).projection_

    first = projection(3)
    assert (projection(3) == first).all()
    assert (projection(np.int64(3)) == first).all()
    assert (projection(2**32 - 1) != first).any()
    assert (projection(None) != projection(None)).any()
    state = np.random.RandomState(3)
    drawn = projection(state)
    assert (projection(np.random.RandomState(3)) == drawn).all()
    assert (projection(state) != drawn).any()


def test_fitting_twice_repeats_and_data_do_not_matter():
    hashing = FlyHash(200)
    first = hashing.fit(rates()).projection_
    assert (hashing.fit(rates(7, seed=1)).projection_ == first).all()


def test_clone_and_pickle_keep_the_hash():
    rows = rates()
    hashing = FlyHash(300, claws=4, sparsity=0.2, tag="count", random_state=5).fit(rows)
    tags = hashing.transform(rows)
    copy = clone(hashing)
    with pytest.raises(NotFittedError):
        copy.transform(rows)
    assert (copy.fit_transform(rows) != tags).nnz == 0
    assert (pickle.loads(pickle.dumps(hashing)).transform(rows) != tags).nnz == 0


def test_names_of_tags_and_features():
    table = pd.DataFrame(rates(), columns=[f"odour {i}" for i in range(50)])
    hashing = FlyHash(20).fit(table)
    assert hashing.n_features_in_ == 50
    assert hashing.feature_names_in_.tolist() == table.columns.tolist()
    assert hashing.get_feature_names_out().tolist() == [f"flyhash{i}" for i in range(20)]
    with pytest.raises(ValueError, match="feature names should match"):
        hashing.transform(table[table.columns[::-1]])


def test_neighbours_by_tag_are_neighbours_by_distance():
    digits = load_digits().data[:600]
    pipeline = make_pipeline(FlyHash(), NearestNeighbors(n_neighbors=11, metric="cosine"))
    tags = pipeline[:-1].fit_transform(digits)
    by_tag = pipeline.fit(digits)[-1].kneighbors(tags, return_distance=False)
    exact = NearestNeighbors(n_neighbors=11, metric="cosine").fit(digits)
    by_cosine = exact.kneighbors(digits, return_distance=False)
    found = [len(set(a) & set(b)) - 1 for a, b in zip(by_tag, by_cosine, strict=True)]
    # Chance is 10 of 599; a tag of 100 finds more than half of the ten nearest.
    assert np.mean(found) > 5


@pytest.mark.parametrize("tag", ["binary", "count"])
def test_a_pipeline_classifies_unseen_digits(tag):
    digits, labels = load_digits(return_X_y=True)
    pipeline = make_pipeline(MinMaxScaler(clip=True), FlyHash(tag=tag), KNeighborsClassifier(5))
    pipeline.fit(digits[:500], labels[:500])
    # Chance is .1.
    assert pipeline.score(digits[500:700], labels[500:700]) > 0.8


def test_a_table_is_no_form_of_a_tag():
    with pytest.raises(ValueError, match="sparse"):
        FlyHash().set_output(transform="pandas").fit_transform(rates())


def changed(row, column, value):
    rows = rates(4)
    rows[row, column] = value
    return rows


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (changed(2, 3, np.nan), "contains NaN"),
        (changed(2, 3, np.inf), "contains infinity"),
        (changed(2, 3, -1e-9), "Negative values in data"),
        (sparse.csr_matrix(changed(2, 3, -1e-9)), "Negative values in data"),
        (np.ones(50), "Expected 2D array, got 1D array"),
        (np.ones((2, 3, 50)), "dim 3"),
        (np.ones((0, 50)), "0 sample"),
        (np.ones((2, 0)), "0 feature"),
        (np.ones((2, 50)) * 1j, "Complex data not supported"),
        ([["a"] * 50], "could not convert string to float"),
    ],
)
def test_rows_that_are_no_rates_are_refused(rows, message):
    with pytest.raises(ValueError, match=message):
        FlyHash(20).fit(rows)
    with pytest.raises(ValueError, match=message):
        FlyHash(20).fit(rates()).transform(rows)


def test_another_number_of_features_is_refused():
    with pytest.raises(ValueError, match="X has 49 features, but FlyHash is expecting 50"):
        FlyHash(20).fit(rates()).transform(rates(n_features=49))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"tag": "binery"}, r"^tag is 'binery'; did you mean 'binary'\?$"),
        ({"tag": "counts"}, r"^tag is 'counts'; did you mean 'count'\?$"),
        ({"tag": None}, r"^tag is None; expected one of: binary, count\.$"),
        ({"sparsity": 0}, "^sparsity is 0, expected a fraction between 0 and 1, such as 0.05.$"),
        ({"sparsity": 1.0}, "^sparsity is 1.0, expected"),
        ({"sparsity": 5}, "^sparsity is 5, expected"),
        ({"sparsity": np.nan}, "^sparsity is nan, expected"),
        ({"sparsity": "5 %"}, "^sparsity is '5 %', expected"),
        ({"n_kenyon_cells": 0}, r"^n_kenyon_cells is 0, expected a whole number of 1 or more\.$"),
        ({"n_kenyon_cells": 20.0}, "^n_kenyon_cells is 20.0, expected"),
        ({"n_kenyon_cells": True}, "^n_kenyon_cells is True, expected"),
        ({"claws": 0}, r"^claws is 0, expected a whole number of 1 or more\.$"),
        ({"claws": 2.5}, "^claws is 2.5, expected"),
        ({"random_state": -1}, "^random_state is -1, expected None, a whole number of 0 to 42949"),
        ({"random_state": 2**32}, "^random_state is 4294967296, expected None"),
        ({"random_state": 0.5}, r"^random_state is 0\.5, expected None"),
        ({"random_state": "0"}, "^random_state is '0', expected None"),
    ],
)
def test_parameters_out_of_range_are_refused_when_fitting(parameters, message):
    hashing = FlyHash(**parameters)
    with pytest.raises(InputError, match=message):
        hashing.fit(rates())
    assert not hasattr(hashing, "projection_")


def test_a_tag_that_is_changed_later_is_checked_again():
    hashing = FlyHash(20).fit(rates()).set_params(tag="spikes")
    with pytest.raises(InputError, match="tag is 'spikes'; expected one of: binary, count"):
        hashing.transform(rates())


def test_more_claws_than_features_are_cut_with_a_warning():
    with pytest.warns(UserWarning, match="claws is 6 and there are 3 features.*all tags are equal"):
        hashing = FlyHash(20).fit(rates(n_features=3))
    assert hashing.projection_.all()
    tags = hashing.transform(rates(n_features=3)).toarray()
    assert (tags == tags[0]).all()
