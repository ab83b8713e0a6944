"""`gradient`: the derivatives of a scalar function, each by the estimator, or by a formula or a step of the user."""

from collections.abc import Callable, Sequence
from typing import Any

from numdiff.floats.callables import Map, scalar_of
from numdiff.formulas.stencil import Stencil
from numdiff.gradients.answer import Answer
from numdiff.gradients.asked import Asked, Progress, asked_of
from numdiff.gradients.complex_step import by_complex_step
from numdiff.gradients.fixed import by_stencil
from numdiff.gradients.lines import coordinates
from numdiff.spellings import renamed

__all__ = ["differentiated", "gradient"]


@renamed(step="h")
def gradient(
    f: Callable[..., Any],
    x: Any,
    *,
    args: Sequence[Any] = (),
    h: Any = None,
    stencil: str | Stencil | None = None,
    method: str | None = None,
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
    """Differentiate a scalar function of many variables, each derivative with an error bar.

    Steps and formulas are chosen for each coordinate from the values of f, as `numdiff.derivative` does; 12 evaluations
    a coordinate are the rule in float64. A fixed step or formula takes fewer, and tells less.

    Parameters
    ----------
    f : callable
        ℝⁿ → ℝ: takes an array of the shape and format of x and returns a scalar of the format (a NumPy scalar, a
        0-dimensional array, or a Python number, which is rounded to the format).
    x : array_like, or tree of arrays
        The point, of any shape and floating format; integers become float64. Dicts, lists, tuples and what is
        registered with JAX are trees, as in `check_gradient`: f gets its parameters in that structure, and arrays of
        JAX and PyTorch as they are. `h`, `scale` and the ends of `bounds` may be trees, too.
    args : tuple
        What f takes after x: ``f(x, *args)``. Numbers should be Python numbers.
    h : positive number, or array of the shape of x, optional
        A fixed step, rounded to the format, for the formula `stencil`.
    stencil : str or Stencil, optional
        A fixed formula: a first-derivative stencil or the name of one in ``METHODS``, by default the centered one if h
        is given. Without h the step is a power of two for a function of scale max(1, |xᵢ|), see `numdiff.rules.scale`.
    method : {None, "complex"}
        "complex" takes the complex step, Im f(x + ih)/h, which is accurate to the last digits for an analytic f.
    dtype : str, dtype or FloatFormat, optional
        The format to evaluate in, to which x is rounded; that of x if it is not given.
    scale : positive number, or array of the shape of x, optional
        The length over which f varies along each coordinate, where |xᵢ| does not tell: xᵢ is 0, or has an offset.
    bounds : pair, optional
        The lower and the upper bound, each a number, an array of the shape of x, or None for no bound; f is evaluated
        on them, but not beyond. A `scipy.optimize.Bounds` will do.
    domain : pair, optional
        Open ends, likewise: f is evaluated strictly inside.
    noise : float, optional
        The standard deviation of the error of f, absolute: a floor of the noise that is seen.
    side : {None, "left", "right", -1, 0, 1} or array of integers of the shape of x, optional
        The side of xᵢ from which nodes are taken; both by default.
    max_evaluations : int, optional
        The budget for each derivative, at least 20.
    confidence : float
        The share of cases in which the bars hold.
    vectorized : bool
        Whether f takes a batch of points, of shape ``(b, *x.shape)``, and returns b values. A batch has at most 124 KiB
        (``numdiff.gradients.lines.BATCH_BYTES``), or one point. This saves the cost of calls, which matters as long as
        it is not small beside the arithmetic on n numbers.
    workers : int or map-like callable
        Threads to evaluate f in, or a callable with the signature of ``map``, as ``multiprocessing.Pool(4).map``, which
        may return its results in any order. Threads help where f releases the interpreter lock, as NumPy does in long
        operations; processes help any f that pickles. The result is the same, bit for bit.
    progress : bool or callable
        True shows a bar on standard error where that is a terminal; a callable is given (coordinates done, all).
    full : bool
        Whether to return bars, statuses and evaluations too.

    Returns
    -------
    ndarray of the shape of x and the format of the evaluation, or a NumPy scalar where x has no dimension
        With ``full=True`` a `DerivativeResult` of such arrays. For a tree it is a tree of arrays, and with
        ``full=True`` the arrays hold the coordinates of all leaves in order.

    Raises
    ------
    TypeError
        If f is not callable, x holds no real numbers, stencil is no first-derivative stencil, or f returns another
        dtype or writes into its argument.
    ValueError
        If x is empty, not finite or not within its bounds, h is not positive, too small or too large for the format or
        of another shape than x, other arguments are out of range, f returns anything but a scalar, or another one for
        a point of a batch than for the point alone.

    Warns
    -----
    UncertainGradientWarning
        If some derivatives have another status than OK, or a bar as large as they are that hides differences of f of a
        tenth of its size; or if, with a fixed step or formula, another step contradicts
        the quotient at one of up to eight coordinates, or f of real x the complex step. A derivative of 0 is no cause:
        its bar is as it should be. An f that is the same number at all nodes is taken for constant.
    NonFiniteGradientWarning
        If some of them are infinite or NaN.
    StepAbsorbedWarning
        If two of xᵢ, xᵢ + c₁hᵢ, xᵢ + c₂hᵢ, … are the same number of the format for some coordinates.

    Notes
    -----
    With a fixed step or formula f is evaluated n·(number of nonzero offsets) times, as often again for the up to eight
    coordinates that are looked at, and once at x where the stencil has the offset 0. The complex step evaluates it n
    times, at x, and at some 12 real points along a random direction, which show whether f is analytic; where f(x) is 0,
    or what is left of larger numbers, n times more, with a shorter step. With `vectorized`, one point of the first
    batch is evaluated once more, alone.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> found = nd.gradient(lambda w: np.sum(w * w), np.array([1.0, 3.0]), full=True)
    >>> found.df.round(9).tolist(), found.success.tolist()
    ([2.0, 6.0], [True, True])
    >>> nd.gradient(lambda w: np.sum(np.exp(w)), [0, 1], method="complex").tolist()
    [1.0, 2.718281828459045]
    >>> {name: round(float(d), 9) for name, d in nd.gradient(lambda p: p["a"] * p["b"], {"a": 2.0, "b": 5.0}).items()}
    {'a': 5.0, 'b': 2.0}
    """
    ends = {"scale": scale, "bounds": bounds, "domain": domain, "noise": noise, "side": side}
    own = {"args": args, "dtype": dtype, "max_evaluations": max_evaluations, "confidence": confidence}
    asked = asked_of(f, x, **ends, **own, vectorized=vectorized, workers=workers, progress=progress, scalar=True)
    return differentiated(asked, h, stencil, method, full)


def differentiated(asked: Asked, h: Any, stencil: Any, method: Any, full: bool) -> Any:
    """Return all first derivatives, of shape f(x).shape + x.shape."""
    if is_fixed(asked, h, stencil, method, full):
        found = by_complex_step(asked, h) if method else by_stencil(asked, h, stencil)
        return asked.structured(scalar_of(found.reshape((asked.f.shape or ()) + asked.shape)))
    lines = coordinates(asked.f, asked.x)
    if not asked.f.scalar:
        lines.at_x()
    m, n = lines.size, asked.x.size
    answer = Answer(asked, (asked.f.shape or ()) + asked.shape, full)
    own = asked.own_lengths()
    for rows, found in asked.search(lines):
        near = own[rows // m]
        answer.put(rows % m * n + rows // m, found, lines.largest[rows % m], near, near)
    return answer.given() if full else asked.structured(answer.given())


_INSTEAD = {"2-point": "stencil='forward'", "3-point": "stencil='centered'", "cs": "method='complex'"}


def is_fixed(asked: Asked, h: Any, stencil: Any, method: Any, full: bool) -> bool:
    """Return whether the user chose the formula or the step, after checking that the choices go together."""
    name = method if isinstance(method, str) else ""
    if method is not None and name != "complex":
        how = f"write {_INSTEAD[name]}" if name in _INSTEAD else "a difference formula is stencil='forward'"
        raise ValueError(f"method must be None or 'complex', got {method!r:.40}; {how}")
    if method and stencil is not None:
        raise ValueError("method='complex' takes no stencil; leave one of them out")
    if h is None and stencil is None and method is None:
        return False
    unused = {"noise": asked.options["noise"], "max_evaluations": asked.options["budget"], "side": asked.side}
    if method is None:
        unused["scale"] = asked.scale
    for name, value in unused.items():
        if value is not None:
            raise ValueError(f"{name} is for the estimator; leave it out, or h, stencil and method")
    if full:
        raise ValueError(
            "full=True needs the estimator: a fixed step or formula has no bar; leave out h, stencil and method"
        )
    return True
