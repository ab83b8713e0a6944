"""The a priori bound on the error of a function of the user."""

from collections.abc import Callable, Sequence
from typing import Any

from numdiff.analysis.bounded_function import BoundedFunction
from numdiff.analysis.bounds import a_priori_bounds
from numdiff.autodiff import Function
from numdiff.floats.callables import scalar_of
from numdiff.formulas.arguments import method_of, points_and_steps, require_constants
from numdiff.formulas.stencil import CENTERED, Method
from numdiff.problems import Problem
from numdiff.problems.given import traceable
from numdiff.spellings import hinted


@hinted
def error_bounds(
    f: Callable[..., Any] | Function | Problem,
    x: Any,
    h: Any,
    stencil: Method | str = CENTERED,
    dtype: Any = None,
    *,
    args: Sequence[Any] = (),
) -> Any:
    """Bound the total error of a difference quotient before it is computed: the a priori bound.

    Parameters
    ----------
    f : callable, Function or Problem
        An elementwise NumPy callable with Python constants, a `Function` of `numdiff.autodiff`, or a `Problem`. It is
        traced: a function that cannot be has no bound.
    x, h : float or array
        Points and steps, broadcast against each other; each is rounded to the format first.
    stencil : Stencil, ComplexStep or str
        The formula, or its name in ``METHODS``.
    dtype : str, dtype or FloatFormat, optional
        The working format, to which x is rounded first; by default that of x (float64 for Python numbers).
    args : tuple
        What f takes after x: ``f(x, *args)``. Numbers should be Python numbers.

    Returns
    -------
    ndarray of float64, or float64 where neither x nor h has a dimension
        No result of the formula in this format is further from f⁽ᵐ⁾(x); infinite where there is no bound.

    Raises
    ------
    ValueError
        If x or h is not finite in the format, h is not positive, or the format cannot hold the formula.
    TypeError
        If f uses a function that the exact arithmetics do not know, or computes a part of its value in another format.

    Examples
    --------
    >>> import numpy as np, numdiff as nd
    >>> bound = nd.error_bounds(np.exp, 0.5, [1e-2, 1e-4])
    >>> [f"{b:.1e}" for b in bound]
    ['2.8e-05', '2.8e-09']
    """
    method = method_of(stencil)
    f = traceable(f, args, "error_bounds")
    fmt, points, steps = points_and_steps(x, h, dtype)
    require_constants(method, fmt)
    return scalar_of(a_priori_bounds(BoundedFunction(f), method, fmt, points, steps))
