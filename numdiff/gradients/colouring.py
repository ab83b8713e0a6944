"""Sparse Jacobians: columns that share no row are moved together.

Two columns of J with no nonzero entry in a common row can be told apart in one product J·d. The columns are put into
groups greedily, by `scipy.optimize._numdiff.group_columns` where SciPy is installed, and the product along each group
gives all entries of its columns.

References
----------
A. R. Curtis, M. J. D. Powell and J. K. Reid, On the estimation of sparse Jacobian matrices, IMA J. Appl. Math. 13
(1974) 117-119.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Pattern", "greedy", "pattern_of"]


@dataclass(frozen=True, eq=False)
class Pattern:
    """Where J may be other than 0, and which columns are moved together.

    Attributes
    ----------
    shape : tuple of int
        (m, n).
    rows, columns : ndarray of int, shape (entries,)
        The places of the entries, by columns.
    groups : ndarray of int, shape (n,)
        The group of each column; −1 for a column without entries.
    is_sparse : bool
        Whether the user gave a sparse matrix, and gets one.

    Examples
    --------
    >>> found = pattern_of(np.eye(3), (3, 3))
    >>> found.count, found.rows.tolist(), found.columns.tolist()
    (1, [0, 1, 2], [0, 1, 2])
    """

    shape: tuple[int, int]
    rows: np.ndarray
    columns: np.ndarray
    groups: np.ndarray
    is_sparse: bool

    @property
    def count(self) -> int:
        """The number of groups."""
        return int(self.groups.max(initial=-1)) + 1

    def moves(self, lengths: np.ndarray) -> np.ndarray:
        """Return for each group the direction that moves each of its columns by its length, (groups, n)."""
        found = np.zeros((self.count, self.shape[1]), lengths.dtype)
        moving = np.flatnonzero(self.groups >= 0)
        found[self.groups[moving], moving] = lengths[moving]
        return found

    def entries(self, products: np.ndarray) -> np.ndarray:
        """Return the entries in products of J with the groups, of shape (groups, m)."""
        return np.asarray(products[self.groups[self.columns], self.rows])

    def matrix(self, entries: np.ndarray) -> Any:
        """Return the entries as a matrix: sparse as the pattern, or an array."""
        if self.is_sparse:
            from scipy.sparse import csr_array

            return csr_array((entries, (self.rows, self.columns)), shape=self.shape)
        found = np.zeros(self.shape, entries.dtype)
        found[self.rows, self.columns] = entries
        return found


def pattern_of(sparsity: Any, shape: tuple[int, int]) -> Pattern:
    """Return a pattern that was given: a matrix, or a pair of one and the groups of its columns.

    Parameters
    ----------
    sparsity : array, sparse matrix, or tuple of one and an array of int, shape (n,)
    shape : tuple of int
        (m, n).

    Raises
    ------
    ValueError
        If the shape is another, or two columns of a group share a row.
    """
    structure, groups = sparsity if isinstance(sparsity, tuple) and len(sparsity) == 2 else (sparsity, None)
    is_sparse = hasattr(structure, "tocsc")
    given: Any = structure if is_sparse else np.asarray(structure)
    if given.dtype.kind not in "biuf":
        raise TypeError(f"sparsity must be an array or a sparse matrix of numbers, got {structure!r:.60}")
    if given.shape != shape:
        raise ValueError(f"sparsity must have the shape of the Jacobian, {shape}, got {given.shape}")
    if is_sparse:
        matrix = structure.tocoo()
        rows, columns = (np.asarray(array)[np.asarray(matrix.data) != 0] for array in (matrix.row, matrix.col))
    else:
        rows, columns = np.nonzero(given)
    places = np.unique(columns.astype(np.intp) * shape[0] + rows)  # a sparse matrix may name one twice
    columns, rows = np.divmod(places, max(1, shape[0]))
    groups = _grouped(rows, columns, shape) if groups is None else np.asarray(groups)
    if groups.shape != shape[1:] or groups.dtype.kind not in "iu":
        raise ValueError(f"sparsity must have one group for each column, {shape[1:]}, got {groups!r:.60}")
    groups = np.where(np.bincount(columns, minlength=shape[1]) > 0, np.unique(groups, return_inverse=True)[1], -1)
    taken = groups[columns] * shape[0] + rows
    if np.unique(taken).size != taken.size:
        raise ValueError("sparsity must put columns that share a row into different groups; leave out the groups")
    return Pattern(shape, rows, columns, groups, is_sparse)


def _grouped(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return a group for each column."""
    try:
        from scipy.optimize._numdiff import group_columns
        from scipy.sparse import csc_array
    except ImportError:
        return greedy(rows, columns, shape)
    matrix = csc_array((np.ones(rows.size, np.int8), (rows, columns)), shape=shape)
    return np.asarray(group_columns(matrix, np.arange(shape[1])))  # the default is a random order


def greedy(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return a group for each column: the first in which no column has a row of it.

    Examples
    --------
    >>> greedy(np.array([0, 0, 1]), np.array([0, 1, 2]), (2, 3)).tolist()
    [0, 1, 0]
    """
    ends = np.searchsorted(columns, np.arange(shape[1] + 1))
    taken: list[np.ndarray] = []  # for each group, which rows have an entry
    groups = np.zeros(shape[1], np.intp)
    for column in range(shape[1]):
        own = rows[ends[column] : ends[column + 1]]
        free = next((number for number, used in enumerate(taken) if not used[own].any()), len(taken))
        if free == len(taken):
            taken.append(np.zeros(shape[0], bool))
        taken[free][own] = True
        groups[column] = free
    return groups
