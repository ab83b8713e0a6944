"""Expressions of SymPy as expressions of this package: walked node by node, never printed and read, never compiled.

SymPy's numbers are exact, and so is what is made of them: 1/3 and π are computed in the format of x, and in exact
arithmetic they are themselves. So f′, which SymPy derives, is the derivative of f to the last digit.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from types import MappingProxyType
from typing import Any

from numdiff.expressions.errors import ExpressionError
from numdiff.expressions.expression import Expression, is_free, made_of
from numdiff.expressions.functions import EXACTLY, FUNCTIONS, OPERATORS, Function
from numdiff.expressions.nodes import Constant, Node, Refused, Variable, all_of, applied, choice, constant

__all__ = ["from_sympy"]

_SAME = "exp log sin cos tan sinh cosh tanh sign floor erf erfc erfinv gamma digamma=psi zeta"
_OTHER = """
    Abs=absolute asin=arcsin acos=arccos atan=arctan asinh=arcsinh acosh=arccosh atanh=arctanh atan2=arctan2
    ceiling=ceil Mod=remainder loggamma=gammaln LambertW=lambertw elliptic_k=ellipk Ei=expi
"""
_FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {name: FUNCTIONS[own or name] for name, _, own in (pair.partition("=") for pair in f"{_SAME} {_OTHER}".split())}
)
_WITH_NUMBER: Mapping[tuple[str, int], str] = MappingProxyType(
    {
        ("besselj", 0): "j0",
        ("besselj", 1): "j1",
        ("besseli", 0): "i0",
        ("besseli", 1): "i1",
        ("besselk", 0): "k0",
        ("besselk", 1): "k1",
        ("polygamma", 0): "psi",
        ("expint", 1): "exp1",
    }
)
"""Functions of a whole number and of x."""
_PLAIN = 256
"""Up to here a denominator is written as one, as people do: ``x / 2``. bfloat16, the shortest format, holds it."""
_RECIPROCAL: Mapping[str, str] = MappingProxyType({"sec": "cos", "csc": "sin", "cot": "tan"})


def from_sympy(expression: Any, variable: Any = None) -> tuple[Expression, Expression]:
    """Return a function and its derivative.

    Parameters
    ----------
    expression : sympy.Expr
        Of one symbol.
    variable : sympy.Symbol, optional
        That symbol; it must be given where the expression has none.

    Raises
    ------
    ModuleNotFoundError
        If SymPy is not installed.
    TypeError
        If `expression` is nothing of SymPy, or `variable` no symbol.
    ValueError
        If the expression has several symbols.
    ExpressionError
        If it, or its derivative, has something that expressions do not have, or is too large.
    """
    sympy = _sympy()
    formula = _formula(sympy, expression)
    symbol = _symbol(sympy, formula, variable)
    # SymPy takes a symbol for complex, and differentiates |x| as a function of two variables.
    real = sympy.Symbol(symbol.name, real=True)
    exact = formula.xreplace({symbol: real})
    exact = exact.xreplace({number: sympy.Rational(number) for number in exact.atoms(sympy.Float)})
    # Where a step is, there is no derivative; everywhere else it has none of this.
    slope = sympy.diff(exact, real).replace(sympy.DiracDelta, lambda *where: sympy.Integer(0))
    name = symbol.name if is_free(symbol.name) else "x"
    walk = _Walk(sympy, real)
    return _made(walk, exact, name, "", expression), _made(walk, slope, name, "in its derivative, ", expression)


def _sympy() -> Any:
    try:
        import sympy
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "Problem.from_sympy needs sympy, which is not installed; install it with: pip install sympy", name="sympy"
        ) from error
    return sympy


def _formula(sympy: Any, expression: Any) -> Any:
    if not isinstance(expression, sympy.Expr):
        raise TypeError(f"expression must be a sympy.Expr, got {type(expression).__name__} {expression!r:.60}")
    return expression


def _symbol(sympy: Any, formula: Any, variable: Any) -> Any:
    if variable is not None and not isinstance(variable, sympy.Symbol):
        raise TypeError(f"variable must be a symbol of SymPy, got {type(variable).__name__} {variable!r:.60}")
    found = sorted(formula.free_symbols, key=str)
    others = [symbol for symbol in found if symbol != variable]
    if variable is None and len(found) == 1:
        return found[0]
    if variable is None or others:
        listed = ", ".join(map(str, found)) or "none"
        raise ValueError(f"expression must have one symbol, which is differentiated by, got {listed:.60}")
    return variable


def _made(walk: "_Walk", formula: Any, name: str, where: str, given: Any) -> Expression:
    try:
        node = walk.node(formula)
        if node.is_condition:
            raise Refused("it is a condition, no number")
        return made_of(node, name)
    except Refused as refused:
        raise ExpressionError(f"{where}{refused}", " ".join(str(given).split())) from None
    except RecursionError:
        raise ExpressionError("it is nested too deeply", " ".join(str(given).split())) from None


def _exactly(function: Function, *operands: Node) -> Node:
    """Return a function of nodes, computed when it is called: numbers are not folded into a double."""
    if all(isinstance(node, Constant) and not node.is_condition for node in operands):
        return applied(function, applied(EXACTLY, operands[0]), *operands[1:])
    return applied(function, *operands)


def _is_double(p: int, q: int) -> bool:
    """Return whether p/q in lowest terms is a double, far from the ends of their range."""
    return q.bit_count() == 1 and abs(p).bit_length() <= 53 and q.bit_length() <= 1000


class _Walk:
    """Makes nodes of the expressions of one variable."""

    def __init__(self, sympy: Any, variable: Any) -> None:
        self.sympy = sympy
        self.variable = variable

    def node(self, item: Any) -> Node:
        """Return an expression or a condition as a node."""
        if item == self.variable:
            return Variable()
        kind = item.func.__name__
        if item.is_Rational:
            return self.rational(int(item.p), int(item.q))
        if item in (self.sympy.true, self.sympy.false):
            return Constant(bool(item))
        if kind in _SPECIAL:
            read: Callable[[Any], Node] = getattr(self, _SPECIAL[kind])
            return read(item)
        if item.is_Relational:
            return _compared(item.rel_op, [self.node(arg) for arg in item.args])
        if kind in _FUNCTIONS:
            return _exactly(_FUNCTIONS[kind], *map(self.node, item.args))
        if kind in _RECIPROCAL:
            return applied(OPERATORS["/"], constant(1), _exactly(FUNCTIONS[_RECIPROCAL[kind]], self.node(item.args[0])))
        raise Refused(f"{item!s:.60} is not known")

    @staticmethod
    def rational(p: int, q: int) -> Node:
        """Return a rational number: a double where it is one, else a quotient that is computed when it is called."""
        if _is_double(p, q):
            return constant(p if q == 1 else p / q)
        return constant(p) if q == 1 else _exactly(OPERATORS["/"], constant(p), constant(q))

    def sum(self, item: Any) -> Node:
        first, *rest = item.as_ordered_terms()
        made = self.node(first)
        for term in rest:
            negative = term.could_extract_minus_sign()
            made = _exactly(OPERATORS["-" if negative else "+"], made, self.node(-term if negative else term))
        return made

    def product(self, item: Any) -> Node:
        """Return a product as a quotient of two, with its sign before it."""
        coefficient, rest = item.as_coeff_Mul()
        if not coefficient.is_Rational:
            raise Refused(f"{coefficient!s:.60} is not known")
        above: list[Node] = []
        below: list[Node] = []
        p, q = abs(int(coefficient.p)), int(coefficient.q)
        if q > _PLAIN and _is_double(p, q):  # x times p alone may overflow a format of few bits
            p, q = 1, 1
            above.append(constant(float(abs(coefficient))))
        if p != 1:
            above.append(constant(p))
        if q != 1:
            below.append(constant(q))
        for factor in self.sympy.Mul.make_args(rest):
            base, exponent = factor.as_base_exp() if factor.is_Pow else (factor, self.sympy.Integer(1))
            inverted = exponent.is_Rational and exponent < 0
            part = self.power(base, -exponent if inverted else exponent)
            (below if inverted else above).append(part)
        made = self.times(above) if above else constant(1)
        if below:
            made = _exactly(OPERATORS["/"], made, self.times(below))
        return applied(OPERATORS["neg"], made) if coefficient < 0 else made

    @staticmethod
    def times(factors: Sequence[Node]) -> Node:
        return reduce(lambda a, b: _exactly(OPERATORS["*"], a, b), factors)

    def raised(self, item: Any) -> Node:
        base, exponent = item.args
        if exponent.is_Rational and exponent < 0:
            return _exactly(OPERATORS["/"], constant(1), self.power(base, -exponent))
        return self.power(base, exponent)

    def power(self, base: Any, exponent: Any) -> Node:
        node = self.node(base)
        if exponent == 1:
            return node
        if exponent == self.sympy.Rational(1, 2):
            return _exactly(FUNCTIONS["sqrt"], node)
        return _exactly(OPERATORS["**"], node, self.node(exponent))

    def pi(self, item: Any) -> Node:
        return _exactly(FUNCTIONS["arccos"], constant(-1))

    def e(self, item: Any) -> Node:
        return _exactly(FUNCTIONS["exp"], constant(1))

    def largest(self, item: Any) -> Node:
        name = "maximum" if item.func.__name__ == "Max" else "minimum"
        return reduce(lambda a, b: _exactly(FUNCTIONS[name], a, b), map(self.node, item.args))

    def heaviside(self, item: Any) -> Node:
        at_zero = item.args[1] if len(item.args) > 1 else self.sympy.Rational(1, 2)
        return _exactly(FUNCTIONS["heaviside"], self.node(item.args[0]), self.node(at_zero))

    def numbered(self, item: Any) -> Node:
        number, argument = item.args
        name = _WITH_NUMBER.get((item.func.__name__, int(number) if number.is_Integer else -1))
        if name is None:
            raise Refused(f"{item!s:.60} is not known")
        return _exactly(FUNCTIONS[name], self.node(argument))

    def piecewise(self, item: Any) -> Node:
        *pairs, (last, condition) = item.args
        if condition != self.sympy.true:
            raise Refused("a Piecewise has no value where none of its conditions holds; add (value, True)")
        made = self.node(last)
        for value, condition in reversed(pairs):
            made = choice(self.node(condition), self.node(value), made)
        return made

    def connected(self, item: Any) -> Node:
        return all_of(item.func.__name__.lower(), [self.node(arg) for arg in item.args])

    def opposite(self, item: Any) -> Node:
        return applied(OPERATORS["not"], self.node(item.args[0]))


_SPECIAL: Mapping[str, str] = MappingProxyType(
    {"Add": "sum", "Mul": "product", "Pow": "raised", "Pi": "pi", "Exp1": "e", "Max": "largest", "Min": "largest"}
    | {"Heaviside": "heaviside", "Piecewise": "piecewise", "And": "connected", "Or": "connected", "Not": "opposite"}
    | {name: "numbered" for name, _ in _WITH_NUMBER}
)
"""What is read in a way of its own, by the name of its class: the method that does it."""


def _compared(symbol: str, operands: Sequence[Node]) -> Node:
    if symbol not in OPERATORS:
        raise Refused(f"the relation {symbol} is not known")
    return applied(OPERATORS[symbol], *operands)
