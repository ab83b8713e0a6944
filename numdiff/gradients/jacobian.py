"""`jacobian`: the derivatives of a function of any shape; sparse ones by products with groups of columns."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from numdiff.adaptive.ending import Estimates
from numdiff.adaptive.repeats import LOUD
from numdiff.floats.callables import Map
from numdiff.formulas.stencil import Stencil
from numdiff.gradients.answer import Answer, UncertainGradientWarning
from numdiff.gradients.asked import Asked, Progress, asked_of, powers
from numdiff.gradients.colouring import Pattern, pattern_of
from numdiff.gradients.complex_step import by_complex_step
from numdiff.gradients.fixed import SparseQuotients
from numdiff.gradients.fixed_looks import CONTRADICTS
from numdiff.gradients.gradient import differentiated, is_fixed
from numdiff.gradients.lines import coordinates, directions
from numdiff.gradients.products import MISSED, Multiplied, Products
from numdiff.spellings import renamed, warn_user

__all__ = ["jacobian"]


@renamed(step="h")
def jacobian(
    f: Callable[..., Any],
    x: Any,
    *,
    args: Sequence[Any] = (),
    h: Any = None,
    stencil: str | Stencil | None = None,
    method: str | None = None,
    sparsity: Any = None,
    dtype: Any = None,
    scale: Any = None,
    bounds: Any = None,
    domain: Any = None,
    noise: float | None = None,
    side: Any = None,
    max_evaluations: int | None = None,
    confidence: float = 0.99,
    vectorized: bool = False,
    workers: int | Map | None = 1,
    progress: Progress = False,
    full: bool = False,
) -> Any:
    """Differentiate a function of any shape, each derivative with an error bar; see `gradient`.

    Parameters
    ----------
    f : callable
        Takes an array of the shape and format of x and returns an array of always the same shape, of the format.
    x, args, h, stencil, method, dtype, scale, bounds, domain, noise, side, max_evaluations, confidence
        As in `gradient`.
    sparsity : array or sparse matrix of shape (m, n), or tuple of one and the groups of its columns, optional
        Where the matrix may be other than 0, for f and x of one dimension. Columns that share no row are moved
        together: the number of evaluations is that for the number of groups instead of n. One more product, with a
        vector, shows whether the pattern misses an entry. For a tree, n counts the coordinates of all leaves, and the
        result is a matrix.
    vectorized, workers, progress, full
        As in `gradient`.

    Returns
    -------
    ndarray of shape f(x).shape + x.shape and the format of the evaluation, or a NumPy scalar where that is ()
        With the entry [k, i] = ∂fₖ/∂xᵢ; for a tree a tree, with leaves of shape f(x).shape + leaf.shape. A
        `scipy.sparse.csr_array` where `sparsity` is a sparse matrix; with ``full=True`` a `DerivativeResult` of arrays,
        whose `nfev` counts f once for each of its values.

    Raises
    ------
    TypeError, ValueError
        As `gradient`, or if f does not return arrays of one shape, or `sparsity` misses an entry.

    Warns
    -----
    UncertainGradientWarning, NonFiniteGradientWarning, StepAbsorbedWarning
        As `gradient`; with `sparsity` and a step or formula by name also where the slope of f along a random direction
        differs from a product of the quotients by more than a tenth.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> found = nd.jacobian(lambda w: np.array([w[0] * w[1], w[0] + w[1]]), np.array([2.0, 3.0]))
    >>> bool(np.allclose(found, [[3.0, 2.0], [1.0, 1.0]]))
    True
    >>> nd.jacobian(lambda w: w**2, [1.0, 2.0, 3.0], sparsity=np.eye(3)).round(9).diagonal().tolist()
    [2.0, 4.0, 6.0]
    """
    ends = {"scale": scale, "bounds": bounds, "domain": domain, "noise": noise, "side": side}
    own = {"args": args, "dtype": dtype, "max_evaluations": max_evaluations, "confidence": confidence}
    asked = asked_of(f, x, **ends, **own, vectorized=vectorized, workers=workers, progress=progress)
    if sparsity is None:
        return differentiated(asked, h, stencil, method, full)
    return _sparse(asked, h, stencil, method, sparsity, full)


def _sparse(asked: Asked, h: Any, stencil: Any, method: Any, sparsity: Any, full: bool) -> Any:
    """Return a sparse Jacobian, of products with groups of columns."""
    m = coordinates(asked.f, asked.x).at_x().size
    if len(asked.shape) != 1 or asked.f.shape != (m,):
        raise ValueError(
            f"sparsity is for x and f(x) of one dimension, got shapes {asked.shape} and {asked.f.shape}; flatten them"
        )
    if asked.side is not None:
        raise ValueError("side is of single coordinates; leave it out, or sparsity")
    pattern = pattern_of(sparsity, (m, asked.x.size))
    if pattern.is_sparse and full:
        raise ValueError("full=True gives arrays; give sparsity as one, too: sparsity.toarray()")
    if pattern.is_sparse and asked.item.dtype.itemsize < 4:
        raise TypeError(f"sparsity must be an array in {asked.item.name}, which no matrix of SciPy holds; .toarray()")
    if not is_fixed(asked, h, stencil, method, full):
        return _estimated(asked, pattern, full)
    if method:
        entries = by_complex_step(asked, h, pattern)
        _refuse_missed(Products(asked), pattern, entries, LOUD * float(asked.item.unit_roundoff) * np.abs(entries))
        return pattern.matrix(entries)
    quotients = SparseQuotients(asked, h, stencil, pattern)
    _check_quotients(quotients)
    return pattern.matrix(quotients.entries)


def _check_quotients(quotients: SparseQuotients) -> None:
    """Refuse quotients whose pattern misses an entry, and warn of those that are off by more than a tenth.

    What they are off by for their steps takes another step of all groups to know, and is asked for only where they are
    off by more than their rounding or by a tenth.
    """
    products, pattern, entries = Products(quotients.asked), quotients.pattern, quotients.entries
    rounding, tenth = quotients.rounding() / MISSED, CONTRADICTS / MISSED * np.abs(entries)
    if products.contradiction(_multiplied(pattern, entries, np.minimum(rounding, tenth)), looks=1) is None:
        return
    advice = ", or leave out h and stencil, if the step does not suit f"
    _refuse_missed(products, pattern, entries, rounding + quotients.truncation(), advice)
    found = products.contradiction(_multiplied(pattern, entries, tenth))
    if found is not None:
        row, slope, other = found
        text = (
            f"f contradicts the quotients in row {row}: along a random direction it has the slope {slope!s}, and they "
            f"give {other!s}; leave out h and stencil, which takes steps that fit and gives a bar for each with "
            "full=True"
        )
        warn_user(UncertainGradientWarning(text, int(np.count_nonzero(pattern.rows == row)), entries.size))


def _estimated(asked: Asked, pattern: Pattern, full: bool) -> Any:
    m, moving = pattern.shape[0], powers(asked.item, asked.inward())
    lines = directions(asked.f, asked.x, pattern.moves(moving))
    lines.at_x()
    own = asked.own_lengths()
    wanted = pattern.groups[pattern.columns] * m + pattern.rows
    order = np.argsort(wanted, kind="stable")
    answer = Answer(asked, pattern.rows.shape, full=True)
    n = pattern.shape[1]
    answer.name = lambda place: asked.entry(pattern.rows[place] * n + pattern.columns[place], pattern.shape)
    for rows, found in asked.search(lines, rows=wanted[order]):
        places = order[np.searchsorted(wanted[order], rows)]
        columns = pattern.columns[places]
        answer.put(places, _divided(found, moving[columns]), lines.largest[rows % m], own[columns], own[columns])
    _refuse_missed(Products(asked), pattern, answer.flat("value"), answer.flat("error"))
    if not full:
        answer.full = False
        return pattern.matrix(answer.given())
    whole = Answer(asked, pattern.shape, full=True)
    whole.kept = {name: pattern.matrix(answer.flat(name)).reshape(-1) for name in answer.names}
    whole.is_loud = answer.is_loud
    return whole.given()


def _divided(found: Estimates, by: np.ndarray) -> Estimates:
    """Return slopes along coordinates times numbers as derivatives: behind a negative one is what is on the right."""
    number = by.astype(found.value.dtype)
    size, is_back = np.abs(number), number < 0
    left, right = np.where(is_back, (found.right, found.left), (found.left, found.right)) / number
    value, error, step = found.value / number, found.error / size, found.step * size
    return replace(found, value=value, error=error, step=step, left=left, right=right)


def _multiplied(pattern: Pattern, entries: np.ndarray, doubts: np.ndarray) -> Multiplied:
    """Return what multiplies a matrix, of which every entry may be off, with a direction."""

    def multiplied(move: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        step, found = move[pattern.columns], np.zeros((2, pattern.shape[0]), move.dtype)
        with np.errstate(all="ignore"):
            np.add.at(found[0], pattern.rows, entries.astype(move.dtype) * step)
            np.add.at(found[1], pattern.rows, doubts.astype(move.dtype) * np.abs(step))
        return found[0], found[1]

    return multiplied


def _refuse_missed(
    products: Products, pattern: Pattern, entries: np.ndarray, doubts: np.ndarray, advice: str = ""
) -> None:
    """Refuse a pattern with which a product is not that of f."""
    found = products.contradiction(_multiplied(pattern, entries, doubts))
    if found is not None:
        row, slope, other = found
        raise ValueError(
            f"sparsity must hold all entries of the Jacobian that are not 0, but its row {row} misses one: along a "
            f"random direction f has the slope {slope!s}, the matrix {other!s}; leave out sparsity, or add the entry"
            + advice
        )
