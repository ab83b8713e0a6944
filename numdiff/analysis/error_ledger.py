"""The ledger of a function of the user."""

from collections.abc import Callable, Sequence
from typing import Any

from numdiff.analysis.ledger import Ledger, ledger_of
from numdiff.analysis.reference import Engine, ExactFunction
from numdiff.analysis.twin import Twin
from numdiff.arithmetic.engine import require_twin
from numdiff.arithmetic.promotion import refuse_not_elementwise, refuse_unsuitable
from numdiff.autodiff import Function
from numdiff.floats.callables import with_arguments
from numdiff.formulas.arguments import method_of, points_and_steps
from numdiff.formulas.kernels import observe
from numdiff.formulas.stencil import CENTERED, Method
from numdiff.problems import Problem
from numdiff.problems.given import function_of, refuse_derivative
from numdiff.spellings import hinted


@hinted
def error_ledger(
    f: Callable[..., Any] | Function | Problem,
    x: Any,
    h: Any,
    stencil: Method | str = CENTERED,
    dtype: Any = None,
    engine: Engine = "mpmath",
    *,
    derivative: Callable[..., Any] | None = None,
    args: Sequence[Any] = (),
    exact: Sequence[Callable[[Any], Any]] | None = None,
    elementwise: bool = True,
) -> Ledger:
    """Split the error of a difference quotient into its four parts.

    Parameters
    ----------
    f : callable, Function or Problem
        An elementwise NumPy callable with Python constants, a `Function` of `numdiff.autodiff`, or a `Problem`, which
        brings its derivative or its twin.
    x : float or array
        The points; rounded to the format first, and the reference is f⁽ᵐ⁾ there. Where f has no derivative from both
        sides, a formula whose nodes lie on one side is compared with the one from there, and any other with none.
    h : float or array
        The steps, broadcast against `x`; rounded to the format.
    stencil : Stencil, ComplexStep or str
        The formula, or its name in ``METHODS``.
    dtype : str, dtype or FloatFormat, optional
        The working format, to which x is rounded first; by default that of x (float64 for Python numbers).
    engine : {"mpmath", "arb"}
        The exact arithmetic; both give the same doubles.
    derivative : callable, optional
        f′ in closed form, a NumPy callable. Without it, automatic differentiation.
    args : tuple
        What f takes after x, and `derivative` too: ``f(x, *args)``. Numbers should be Python numbers.
    exact : tuple of callable, optional
        The twin (f, f′) of a function that cannot be traced, such as an ODE with a known solution or a spline: mpmath
        callables of one mpf that compute with the precision of ``mp`` at the call; (f, f′, f″, …) for formulas of
        higher order. What is taken from them is checked (`numdiff.analysis.twin`), not certified: the state is `given`,
        with both engines. The constants of f are then to be written as they are in f, ``mp.mpf(0.1)`` for 0.1.
    elementwise : bool
        False calls f point by point, each time with one number, as the kernels do: for functions with ``if`` or
        ``math.exp``. Such a function cannot be traced, so that `exact` has to be given.

    Returns
    -------
    Ledger

    Raises
    ------
    ValueError
        If x or h is not finite in the format, h ≤ 0, the engine is unknown, `derivative` is not f′, or a callable of
        `exact` ignores the precision of mpmath or is not the derivative of the one before it; if `elementwise` is
        False and there is no `exact`.
    TypeError
        If f uses a function that the exact arithmetics do not know or computes a part of its value in another format,
        the format has no complex numbers, or x or h does not hold real numbers; if a callable of `exact` returns
        anything but an mpf.

    Warns
    -----
    TwinMismatchWarning
        If f and ``exact[0]`` have less than a quarter of the digits of the format in common.

    Examples
    --------
    >>> import numdiff as nd
    >>> ledger = nd.error_ledger(lambda x: x**3, 1.0, [0.5, 0.25])
    >>> ledger.truncation
    array([0.25  , 0.0625])
    >>> ledger.exact_parts(0)["total"]
    Fraction(1, 4)

    A spline through four points of a cube, which is the cube itself:

    >>> from scipy.interpolate import CubicSpline
    >>> cube = CubicSpline([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 8.0, 27.0])
    >>> ledger = nd.error_ledger(cube, 1.5, 1e-3, exact=(lambda t: t**3, lambda t: 3 * t**2))
    >>> float(ledger.truncation), str(ledger.state)
    (1e-06, 'given')

    A function of one number, with its twin:

    >>> import math
    >>> from mpmath import mp
    >>> f = lambda x: math.sin(x) if x > 0.0 else 0.0
    >>> ledger = nd.error_ledger(f, [0.5, 1.0], 1e-3, exact=(mp.sin, mp.cos), elementwise=False)
    >>> ledger.status.tolist()
    [<Status.OK: 'ok'>, <Status.OK: 'ok'>]
    """
    method = method_of(stencil)
    function = function_of(f, args)
    if derivative is not None:
        refuse_derivative(f, derivative)
        derivative = with_arguments(derivative, args, "derivative")
    if isinstance(f, Problem):
        exact = exact or f.exact
        derivative = None if exact else f.derivative
    f = function
    if not elementwise:
        require_twin(exact)
    fmt, xs, hs = points_and_steps(x, h, dtype)
    observation = observe(method, f, xs, hs, elementwise=elementwise)
    if not exact and method.complex_nodes:
        refuse_not_elementwise(f)
    elif not exact:
        refuse_unsuitable(f, fmt)
    return ledger_of(exact_of(f, derivative, engine, exact), observation, xs, hs, method, fmt)


def exact_of(
    f: Callable[[Any], Any], derivative: Callable[[Any], Any] | None, engine: Engine, exact: Any
) -> ExactFunction:
    """Return the exact function of f: its twin, where one is given, and otherwise what is traced.

    Raises
    ------
    ValueError
        If `engine` is unknown, or both `derivative` and `exact` are given.
    """
    traced = ExactFunction(f, derivative, engine)  # checks the engine
    if not exact:
        return traced
    if derivative is not None:
        raise ValueError(f"derivative must be None where exact= is given, which holds f', got {derivative!r:.60}")
    return Twin(exact)
