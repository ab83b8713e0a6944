"""Difference quotients for callers: by a stencil, forward, centered, by the complex step; `kernels` computes them."""

from collections.abc import Sequence
from typing import Any

from numdiff.formulas.arguments import stencil_of
from numdiff.formulas.checks import Function
from numdiff.formulas.kernels import run
from numdiff.formulas.stencil import CENTERED, COMPLEX_STEP, FORWARD, Method, Stencil
from numdiff.spellings import hinted


@hinted
def difference(
    f: Function,
    x: Any,
    h: Any,
    stencil: Stencil | str,
    *,
    dtype: Any = None,
    args: Sequence[Any] = (),
    elementwise: bool = True,
    blocked: bool = True,
) -> Any:
    """Approximate a derivative of f by a difference stencil, in the format of x.

    f⁽ᵐ⁾(x) ≈ Σ wⱼ f(x + cⱼh) / hᵐ, in the order of operations of this module.

    Parameters
    ----------
    f : callable
        Takes an array and returns one of the same shape and dtype. Elementwise, unless `blocked` is False.
    x : array_like
        The points, of any shape and format. Integers become float64.
    h : array_like
        The step or steps, finite and positive; broadcast against x, and rounded to the format of x.
    stencil : Stencil or str
        The formula, or its name in ``METHODS``.
    dtype : str, dtype or FloatFormat, optional
        The format to compute in, to which x is rounded first; by default that of x.
    args : tuple
        What f takes after x, as it is: ``f(x, *args)``. Numbers should be Python numbers.
    elementwise : bool
        False calls f point by point, each time with one number: a NumPy scalar of the format (in the formats of
        ml_dtypes and in the complex step an array without dimensions). For functions with ``if`` or ``math.exp``, an
        ODE solver or an integral inside. What f returns must be one number, of the format or a Python number, which is
        rounded to it.
    blocked : bool
        False passes the whole array to f at once, without the check that f is elementwise.

    Returns
    -------
    ndarray or scalar of the format of x
        Of the broadcast shape of x and h; a scalar where that is ``()``.

    Raises
    ------
    ValueError
        If x or h is not finite, h is not positive or too large for the format, x and h do not broadcast,
        or f changes the shape or is not elementwise.
    TypeError
        If f is not callable, x or h is not numeric, stencil is no difference stencil, or f changes the dtype, writes
        into its argument, or is a function of one number (the message says where to go with it).

    Warns
    -----
    StepAbsorbedWarning
        If two of x, x + c₁h, x + c₂h, … are the same number of the format.

    Examples
    --------
    >>> import numdiff as nd
    >>> nd.difference(lambda x: x**2, [1.0, 2.0], 0.5, "forward")
    array([2.5, 4.5])
    >>> nd.difference(lambda x, k: x**k if x > 0 else 0.0, 1.0, 0.5, "centered", args=(2,), elementwise=False)
    np.float64(2.0)
    """
    if not isinstance(stencil, Stencil):
        stencil = stencil_of(stencil)
    return run(stencil, f, x, h, blocked, dtype, args, elementwise)


@hinted
def forward_difference(
    f: Function,
    x: Any,
    h: Any,
    *,
    dtype: Any = None,
    args: Sequence[Any] = (),
    elementwise: bool = True,
    blocked: bool = True,
) -> Any:
    """Approximate f′ by (f(x + h) − f(x)) / h; see `difference`.

    Parameters
    ----------
    f, x, h, dtype, args, elementwise, blocked
        As in `difference`.

    Returns
    -------
    ndarray or scalar of the format of x
        Of the broadcast shape of x and h; a scalar where that is ``()``.

    Raises
    ------
    TypeError, ValueError
        As in `difference`.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> nd.forward_difference(lambda x: x * x, np.array([1.0, 2.0], dtype=np.float32), 0.5)
    array([2.5, 4.5], dtype=float32)
    """
    return run(FORWARD, f, x, h, blocked, dtype, args, elementwise)


@hinted
def centered_difference(
    f: Function,
    x: Any,
    h: Any,
    *,
    dtype: Any = None,
    args: Sequence[Any] = (),
    elementwise: bool = True,
    blocked: bool = True,
) -> Any:
    """Approximate f′ by (f(x + h) − f(x − h)) / 2h; see `difference`.

    Parameters
    ----------
    f, x, h, dtype, args, elementwise, blocked
        As in `difference`.

    Returns
    -------
    ndarray or scalar of the format of x
        Of the broadcast shape of x and h; a scalar where that is ``()``.

    Raises
    ------
    TypeError, ValueError
        As in `difference`.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> nd.centered_difference(lambda x: x**3, np.array([1.0, 2.0]), 0.5)
    array([ 3.25, 12.25])
    """
    return run(CENTERED, f, x, h, blocked, dtype, args, elementwise)


@hinted
def complex_step(
    f: Function,
    x: Any,
    h: Any,
    *,
    dtype: Any = None,
    args: Sequence[Any] = (),
    elementwise: bool = True,
    blocked: bool = True,
) -> Any:
    """Approximate f′ by Im f(x + ih) / h for an analytic f; see `difference`.

    The argument of f is complex with the parts x and h, both exact, so no step is ever absorbed. The formula is one
    for functions that are real at x. Where a function in f meets the end of its real domain, f is called once more,
    with x, and the result is NaN where f(x) is not finite (np.log(-1.0)).

    Parameters
    ----------
    f, x, h, dtype, args, elementwise, blocked
        As in `difference`.

    Returns
    -------
    ndarray or scalar of the format of x
        Of the broadcast shape of x and h; a scalar where that is ``()``.

    Raises
    ------
    TypeError
        If x is float16 or bfloat16, for which NumPy has no complex dtype, or f is not analytic; else as in
        `difference`.
    ValueError
        As in `difference`.

    References
    ----------
    W. Squire and G. Trapp, Using complex variables to estimate derivatives of real functions, SIAM Rev. 40
    (1998) 110-112, equation (6).

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> nd.complex_step(np.log, [-1.0, 2.0], 1e-20)
    array([nan, 0.5])
    """
    return run(COMPLEX_STEP, f, x, h, blocked, dtype, args, elementwise)


def apply(method: Method, f: Function, x: Any, h: Any, *, elementwise: bool = True, blocked: bool = True) -> Any:
    """Approximate a derivative of f by any method, a stencil or the complex step; see `difference`."""
    return run(method, f, x, h, blocked, None, (), elementwise)
