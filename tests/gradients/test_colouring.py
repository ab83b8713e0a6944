"""Columns that share no row are moved together, with SciPy and without."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numdiff.gradients import colouring
from numdiff.gradients.colouring import greedy, pattern_of


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**31))
def test_no_two_columns_of_a_group_share_a_row(m, n, seed):
    structure = np.random.default_rng(seed).random((m, n)) < 0.3
    found = pattern_of(structure, (m, n))
    rows, columns = np.nonzero(structure.T)[::-1]
    own = greedy(rows, columns, (m, n))
    for groups in (found.groups, np.where(structure.any(axis=0), own, -1)):
        for group in range(groups.max(initial=-1) + 1):
            assert structure[:, groups == group].sum(axis=1).max(initial=0) <= 1
    assert ((found.groups >= 0) == structure.any(axis=0)).all()
    matrix = np.random.default_rng(1).normal(size=(m, n)) * structure
    products = found.moves(np.ones(n)) @ matrix.T
    assert np.array_equal(found.matrix(found.entries(products)), matrix)


def test_a_band_needs_as_many_groups_as_it_is_wide(monkeypatch):
    band = np.eye(50) + np.eye(50, k=1) + np.eye(50, k=-1)
    assert pattern_of(band, (50, 50)).count == 3
    monkeypatch.setitem(sys.modules, "scipy.optimize._numdiff", None)  # as if SciPy were not installed
    assert pattern_of(band, (50, 50)).count == 3


def test_a_sparse_matrix_gives_the_same_as_an_array():
    sparse = pytest.importorskip("scipy.sparse")
    structure = np.random.default_rng(0).random((7, 9)) < 0.3
    arrays = pattern_of(structure, (7, 9))
    for kind in (sparse.csr_array, sparse.csc_matrix, sparse.lil_array):
        found = pattern_of(kind(structure), (7, 9))
        assert np.array_equal(found.rows, arrays.rows)
        assert np.array_equal(found.columns, arrays.columns)
        assert found.is_sparse


def test_explicit_zeros_are_no_entries():
    sparse = pytest.importorskip("scipy.sparse")
    assert pattern_of(sparse.coo_array(([1, 0], ([0, 1], [0, 1])), shape=(2, 2)), (2, 2)).rows.tolist() == [0]
    assert colouring.__all__ == ["Pattern", "greedy", "pattern_of"]


def test_an_entry_that_is_named_twice_is_one():
    sparse = pytest.importorskip("scipy.sparse")
    structure = sparse.coo_array(([1, 1, 1], ([0, 0, 1], [0, 0, 1])), shape=(2, 2))
    found = pattern_of(structure, (2, 2))
    assert (found.rows.tolist(), found.columns.tolist()) == ([0, 1], [0, 1])
