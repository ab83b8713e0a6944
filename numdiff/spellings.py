"""Names of arguments: old ones are kept, with a DeprecationWarning; those of other libraries are answered."""

import inspect
import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import wraps
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import ParamSpec, TypeVar

__all__ = ["hinted", "renamed", "reordered", "unknown_argument", "warn_user"]

P = ParamSpec("P")
R = TypeVar("R")

_PACKAGE = str(Path(__file__).parent) + os.sep
_FOREIGN: Mapping[str, str] = MappingProxyType(
    {
        "f": "f fun func function fn",
        "x": "x0 xk point points at inputs",
        "h": "step steps eps epsilon dx h0 delta step_size initial_step base_step abs_step rel_step finite_diff_eps",
        "stencil": "method methods formula order accuracy acc n m num_steps derivative_order accuracy_order kind mode",
        "dtype": "format formats dtypes float_format fmt type",
        "derivative": "fprime df dfdx deriv prime jac grad",
        "gradient": "fprime jac grad g derivative",
        "args": "f_args fargs arguments params argnums kwargs kwds",
        "exact": "reference truth twin",
        "elementwise": "vectorize vectorized vectorised pointwise scalar",
        "vectorized": "vectorize vectorised elementwise batched",
        "workers": "n_jobs jobs processes threads parallel num_workers pool",
        "progress": "verbose show_progress disp",
        "domain": "bounds interval limits support",
        "engine": "backend precision library",
        "arithmetic": "arithmetics",
        "grids": "grid ladder",
        "noise": "fnoise sigma error",
        "order": "n m derivative_order deriv nu",
        "side": "step_direction direction one_sided",
        "max_evaluations": "maxiter max_iter maxfev max_nfev maxfun budget",
        "directions": "n_directions num_directions",
        "full": "full_output return_error with_error",
        "sparsity": "sparsity_pattern jac_sparsity pattern",
        "v": "direction vector p tangent",
        "seed": "random_state rng random_seed",
        "name": "label title",
        "out": "path file filename output store save to",
    }
)
"""By each argument: what other libraries and older habits call it."""
_HOW: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            "order accuracy acc accuracy_order n m num_steps derivative_order".split(),
            ": stencil=nd.centered(4) is of accuracy order 4, nd.centered(2, derivative_order=2) is for f''",
        ),
        "step_direction": "='left' or side='right', or -1, 0, 1",
        "maxiter": ", the points at which f may be evaluated, for each x",
        **dict.fromkeys("method methods kind mode".split(), ": a name in nd.METHODS, such as 'forward', or a formula"),
        "rel_step": ", which is absolute: h=rel_step * abs(x)",
        "kwargs": ": extra positional arguments of f; bind others with functools.partial",
        "kwds": ": extra positional arguments of f; bind others with functools.partial",
        "argnums": ", which holds what f takes after x; f is differentiated by its first argument",
    }
)
"""What else is to be said of a foreign name."""
_ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {
        "h": "nd.optimal_step finds the step of a formula, and check_gradient the step of each coordinate",
        "stencil": "difference, error_ledger, sweep, optimal_step, gradient and jacobian take any formula, as stencil=",
        "exact": "error_ledger and sweep take an mpmath twin of f; bounds and predictions need an f that can be traced",
        "derivative": "f' in closed form is taken by error_ledger and sweep",
        "elementwise": "the kernels, error_ledger and sweep take elementwise=False; gradient, jacobian and "
        "check_gradient call f with an array of the shape of x anyway",
        "workers": "sweep, gradient and jacobian take workers",
        "domain": "sweep and optimal_step take the domain of f",
        "grids": "sweep takes grids of steps",
    }
)
"""Where an argument is taken that a function does not have."""
_NO_STEP: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(
        ("h", *_FOREIGN["h"].split()),
        "no step is given, they are chosen for each line; leave it out, or give scale=, the length over which f varies",
    )
)
_OF_FUNCTION: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("directional_derivative", "hessian", "hessian_vector_product"), _NO_STEP),
        "derivative": MappingProxyType(
            {
                **dict.fromkeys(
                    f"h {_FOREIGN['h']} step_factor step_ratio step_nom num_steps".split(),
                    "steps are chosen for each point; leave it out, or take a step of your own with nd.difference",
                ),
                **dict.fromkeys(
                    "stencil method methods formula accuracy accuracy_order acc richardson_terms".split(),
                    "the formula is chosen for each point; nd.difference takes one as stencil=",
                ),
                **dict.fromkeys(
                    "tolerances atol rtol tol tolerance abstol reltol".split(),
                    "leave it out: every value comes as accurate as f allows, and with its error bar, .error",
                ),
                **dict.fromkeys(
                    "n m nu deriv derivative_order".split(), "write order, which is that of the derivative"
                ),
                "preserve_shape": "leave it out: f gets nodes of shape (k,) and returns as many numbers; nd.jacobian "
                "differentiates a function with several values",
                "callback": "leave it out: no iteration is shown; .status and .nfev say how it ended",
                "full_output": "leave it out: the result always has error, status and evaluations",
            }
        ),
    }
)
"""What a function says by itself of the habits of other libraries."""
_NO_TOLERANCE = "the tolerance is derived, and none is given"
_REFUSED: Mapping[str, str] = MappingProxyType(
    dict.fromkeys("atol rtol tol tolerance abstol reltol".split(), _NO_TOLERANCE)
)


def unknown_argument(function: str, given: str, known: Iterable[str]) -> TypeError:
    """Return the error for an argument that a function does not have, with advice on what it is called here.

    Parameters
    ----------
    function, given : str
        The name of the function, and that of the argument.
    known : iterable of str
        The arguments that the function has.

    Examples
    --------
    >>> print(unknown_argument("gradient", "eps", ["f", "x", "h"]))
    gradient() has no argument eps; write h
    """
    names = list(known)
    own = _OF_FUNCTION.get(function, {}).get(given)
    return TypeError(f"{function}() has no argument {given}; {own or _advice(given, names)}")


def _advice(given: str, names: list[str]) -> str:
    meant = [name for name, foreign in _FOREIGN.items() if given == name or given in foreign.split()]
    for name in meant:
        if name in names:
            return f"write {name}{_HOW.get(given, '')}"
    if given in _REFUSED:
        return _REFUSED[given]
    for name in meant:
        if name in _ELSEWHERE:
            return _ELSEWHERE[name]
    close = get_close_matches(given.lower(), names, n=1)
    return f"did you mean {close[0]}?" if close else f"it has {', '.join(names)}"


def _names_of(function: Callable[..., object]) -> list[str]:
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [name for name, item in inspect.signature(function).parameters.items() if item.kind in kinds]


def renamed(**new_names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function take arguments under their old names too, and say of an unknown name what it is called here.

    Parameters
    ----------
    **new_names : str
        The new name by the old one.

    Returns
    -------
    callable
        A decorator. What it makes raises TypeError where both names are given, or one that is neither.

    Examples
    --------
    >>> @renamed(step="h")
    ... def half(h):
    ...     return h / 2
    >>> half(h=3.0)
    1.5
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        names = _names_of(function)

        @wraps(function)
        def with_other_names(*args: P.args, **kwargs: P.kwargs) -> R:
            for given in list(kwargs):
                if given in names:
                    continue
                new = new_names.get(given)
                if new is None:
                    raise unknown_argument(function.__name__, given, names)
                if new in kwargs:
                    raise TypeError(f"{function.__name__}() got {new} and {given}, its old name; leave {given} out")
                warn_user(DeprecationWarning(f"the argument {given} of {function.__name__}() is called {new} now"))
                kwargs[new] = kwargs.pop(given)
            return function(*args, **kwargs)

        return with_other_names

    return decorate


def hinted(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function say of an argument that it does not have what it is called here.

    It looks when a call has failed, so that one that succeeds costs some 60 nanoseconds more.

    Examples
    --------
    >>> @hinted
    ... def half(h):
    ...     return h / 2
    >>> half(eps=3.0)
    Traceback (most recent call last):
    TypeError: half() has no argument eps; write h
    """
    names = frozenset(_names_of(function))

    @wraps(function)
    def with_hints(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except TypeError:
            for given in kwargs:
                if given not in names:
                    raise unknown_argument(function.__name__, given, _names_of(function)) from None
            raise

    return with_hints


def reordered(place: int, belongs: Callable[[object], bool], name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function take an argument at the place where another one stands now, and before that one.

    Parameters
    ----------
    place : int
        Where the two once stood in the other order.
    belongs : callable
        Tells from its value whether an argument is the one that was moved back.
    name : str
        Its name.

    Examples
    --------
    >>> import warnings
    >>> @reordered(0, lambda value: isinstance(value, str), "unit")
    ... def shown(number, unit="m"):
    ...     return f"{number} {unit}"
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     shown("km", 3)
    '3 km'
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def in_new_order(*args: P.args, **kwargs: P.kwargs) -> R:
            moved = args[place : place + 1]
            if moved and name not in kwargs and (moved[0] is None or belongs(moved[0])):
                message = f"the argument {name} of {function.__name__}() is no longer argument {place + 1}"
                warn_user(DeprecationWarning(f"{message}; write {name}={moved[0]!r:.60}"))
                args = args[:place] + args[place + 1 :]  # type: ignore[assignment]
                kwargs[name] = moved[0]
            return function(*args, **kwargs)

        return in_new_order

    return decorate


def warn_user(warning: Warning) -> None:
    """Warn at the line of the user: the innermost one outside of this package, however deep the call is."""
    level, frame = 1, inspect.currentframe()
    while isinstance(frame, FrameType) and frame.f_code.co_filename.startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(warning, stacklevel=level)
