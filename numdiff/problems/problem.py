"""Problem: a function with its closed-form derivative, the points of interest, and where it comes from."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Real
from typing import Any

from numdiff.arithmetic.engine import require_twin, twin_of
from numdiff.display import wrapped
from numdiff.floats.call import pointwise
from numdiff.floats.formats import FORMATS, dyadic

_BITS = 8
"""The precision of bfloat16, the narrowest format of the package; a narrower one that is added rounds the points."""


@dataclass(frozen=True, repr=False)
class Problem:
    """A test problem of numerical differentiation, validated at construction.

    The first point is special: it has at most 8 significant bits, and everything within a factor of two of it
    is a normal number of float16. So it is the same real number in every format, and so are dyadic steps from
    it: the truncation error of a dyadic step is one number for all formats.

    Parameters
    ----------
    name : str
        Lower-case letters, digits and underscores, beginning with a letter.
    formula : str
        f(x) in Python notation: ``"exp(x**2)**2"``.
    f : callable
        f as an elementwise NumPy callable with Python numbers as constants (their exact binary values), so
        that the same callable runs in every format and in exact arithmetic.
    derivative : callable
        f′ in closed form, likewise; None beside `exact`, which holds f′.
    points : tuple of float
        Where to differentiate, the special point first. Finite, distinct, inside the domain.
    domain : tuple of float
        The ends of an open interval in which f is defined and continuously differentiable; ±inf is allowed.
    source : str
        Full citation, and what of it is from there and what is not.
    reason : str
        Why the problem is here: one line.
    family : str
        The collection that it belongs to: ``"step4"``, ``"classic"``, ``"formulation"``, ``"special"`` or
        ``"published"``.
    any_point : bool
        Whether the first point may be any number of the domain: it is that of a table that somebody else printed,
        in a format of their own.
    exact : tuple of callable
        The twin (f, f′) or (f, f′, f″, …) of an f that cannot be traced: mpmath callables of one mpf. Its references
        have the state `given`.
    elementwise : bool
        False for an f of one number (``if``, ``math.exp``, a solver), which is then called point by point. It cannot be
        traced, so that it needs `exact`. The attribute `f` is the function of arrays that is made of it.

    Raises
    ------
    TypeError
        If `f` or `derivative` is not callable, `exact` is no tuple of at least two callables, a text is not a string,
        or a point is not a real number.
    ValueError
        If both `derivative` and `exact` are given, or `exact` is not where `elementwise` is False, a text is empty,
        `name` or `reason` is malformed, the domain is empty, or a point breaks the rules above.

    Examples
    --------
    >>> import numdiff as nd
    >>> problem = nd.Problem(
    ...     name="cube",
    ...     formula="x**3",
    ...     f=lambda x: x**3,
    ...     derivative=lambda x: 3 * x**2,
    ...     points=(0.5, 2.0),
    ...     domain=(0.0, 10.0),
    ...     source="ours",
    ...     reason="The centered difference is off by h², whatever x is.",
    ...     family="classic",
    ... )
    >>> nd.centered_difference(problem.f, 0.5, 0.25) - problem.derivative(0.5)
    np.float64(0.0625)
    >>> nd.centered_difference(problem, 0.5, 0.25)
    np.float64(0.8125)
    """

    name: str
    formula: str
    f: Callable[[Any], Any]
    derivative: Callable[[Any], Any] | None
    points: tuple[float, ...]
    domain: tuple[float, float]
    source: str
    reason: str
    family: str
    any_point: bool = False
    exact: tuple[Callable[[Any], Any], ...] = ()
    elementwise: bool = True

    def __post_init__(self) -> None:
        for field in ("name", "formula", "source", "reason", "family"):
            _check_text(field, getattr(self, field))
        for field in ("name", "family"):
            text = getattr(self, field)
            if not re.fullmatch(r"[a-z][a-z0-9_]*", text):
                raise ValueError(f"{field} must be lower-case letters, digits and underscores, got {text!r}")
        for field in ("f",) if self.exact else ("f", "derivative"):
            if not callable(getattr(self, field)):
                raise TypeError(f"{field} must be callable, got {getattr(self, field)!r}")
        object.__setattr__(self, "exact", twin_of(self.exact or None))
        if self.exact and self.derivative is not None:
            raise ValueError(f"derivative must be None beside exact, which holds f', got {self.derivative!r}")
        if not self.elementwise:
            require_twin(self.exact)
            object.__setattr__(self, "f", pointwise(self.f))
        # Plain floats: a NumPy scalar among the points would promote a float32 computation.
        object.__setattr__(self, "domain", tuple(_real("domain", end) for end in self.domain))
        object.__setattr__(self, "points", tuple(_real("points", x) for x in self.points))
        _check_domain(self.domain)
        _check_points(self.points, self.domain)
        if not self.any_point:
            _check_special(self.points[0])

    @classmethod
    def from_sympy(
        cls,
        expression: Any,
        variable: Any = None,
        *,
        name: str,
        points: Sequence[float],
        domain: tuple[float, float] = (-math.inf, math.inf),
        source: str = "given as an expression of SymPy",
        reason: str = "a function of the user",
    ) -> "Problem":
        """Return the problem of an expression of SymPy; SymPy derives f′.

        The expression is walked node by node, and nothing of it is run. Its numbers are exact: 1/3 and π are computed
        in the format of x, and are themselves in exact arithmetic.

        Parameters
        ----------
        expression : sympy.Expr
            Of one symbol, made of what `numdiff.expressions.parse_expression` knows. A step, as in Heaviside, has no
            derivative where it is, and the derivative 0 elsewhere.
        variable : sympy.Symbol, optional
            The symbol; it must be given where the expression has none.
        name, points, domain, source, reason
            As of `Problem`; the first point may be any number of the domain.

        Returns
        -------
        Problem
            Of the family ``"sympy"``.

        Raises
        ------
        ModuleNotFoundError
            If SymPy is not installed.
        TypeError
            If `expression` is nothing of SymPy, or `variable` no symbol.
        ValueError
            If the expression has several symbols, or it or its derivative has something that is not known; then it is
            an `ExpressionError`.

        Examples
        --------
        >>> import numdiff as nd
        >>> import sympy  # doctest: +SKIP
        >>> x = sympy.Symbol("x")  # doctest: +SKIP
        >>> nd.Problem.from_sympy(sympy.exp(x**2), name="bell", points=[0.5]).derivative  # doctest: +SKIP
        parse_expression('2 * x * exp(x**2)')
        """
        from numdiff.expressions.symbolic import from_sympy

        f, derivative = from_sympy(expression, variable)
        return cls(name, f.text, f, derivative, tuple(points), domain, source, reason, "sympy", any_point=True)

    def __repr__(self) -> str:
        points = ", ".join(f"{x:.6g}" for x in self.points)
        low, high = (f"{end:.6g}" for end in self.domain)
        lines = (
            f"<Problem {self.name} ({self.family}): {self.formula}",
            f"  at x = {points} in ({low}, {high})",
            f"  {self.reason}>",
        )
        return "\n".join(map(wrapped, lines))

    def __call__(self, x: Any) -> Any:
        """Return f(x): a problem goes wherever a function does."""
        return self.f(x)


def _check_text(field: str, text: object) -> None:
    if not isinstance(text, str):
        raise TypeError(f"{field} must be a string, got {type(text).__name__} {text!r}")
    if not text.strip():
        raise ValueError(f"{field} must not be empty")
    if "\n" in text:
        raise ValueError(f"{field} must be one line, got {text!r}")


def _real(field: str, value: object) -> float:
    if not isinstance(value, Real):
        raise TypeError(f"{field} must hold real numbers, got {type(value).__name__} {value!r}")
    return float(value)


def _check_domain(domain: tuple[float, ...]) -> None:
    # `not <` is true of NaN as well.
    if len(domain) != 2 or not domain[0] < domain[1]:
        raise ValueError(f"domain must be an open interval (lower, upper) with lower < upper, got {domain!r}")


def _check_points(points: tuple[float, ...], domain: tuple[float, float]) -> None:
    if not points:
        raise ValueError("points must hold at least one point, got ()")
    if len(set(points)) < len(points):
        raise ValueError(f"points must be distinct, got {points!r}")
    for x in points:
        if not math.isfinite(x):
            raise ValueError(f"points must be finite, got {x!r}")
        if not domain[0] < x < domain[1]:
            raise ValueError(f"points must lie inside the open domain {domain!r}, got {x!r}")


def _check_special(x: float) -> None:
    """Require that the first point is the same number in every format, with room for steps around it."""
    bits = abs(dyadic(x)[0]).bit_length()
    if bits > _BITS:
        raise ValueError(f"points[0] must have at most {_BITS} significant bits, got {x!r} with {bits}")
    half = FORMATS["float16"]
    if x and not 2 * half.smallest_normal <= abs(Fraction(x)) <= half.largest_finite / 2:
        raise ValueError(
            "points[0] must be 0 or lie a factor of two inside the normal range of float16, "
            f"[{float(2 * half.smallest_normal)}, {float(half.largest_finite / 2)}], got {x!r}"
        )
