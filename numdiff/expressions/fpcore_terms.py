"""The terms of FPCore as nodes of an expression, and a precondition as an interval."""

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from numdiff.expressions.functions import FUNCTIONS, OPERATORS, Function
from numdiff.expressions.nodes import Constant, Node, Refused, Variable, all_of, applied, choice, constant
from numdiff.expressions.s_expressions import Form, Item, shown

__all__ = ["Scope", "interval_of", "node_of"]

Scope: TypeAlias = Mapping[str, Node]
"""What the names mean."""

_CONSTANTS: Mapping[str, float] = MappingProxyType(
    {
        "E": math.e,
        "LOG2E": 1.4426950408889634,
        "LOG10E": 0.4342944819032518,
        "LN2": 0.6931471805599453,
        "LN10": 2.302585092994046,
        "PI": math.pi,
        "PI_2": math.pi / 2,
        "PI_4": math.pi / 4,
        "M_1_PI": 0.3183098861837907,
        "M_2_PI": 0.6366197723675814,
        "M_2_SQRTPI": 1.1283791670955126,
        "SQRT2": 1.4142135623730951,
        "SQRT1_2": 0.7071067811865476,
    }
)
"""The constants of the standard, section 3.3, as the doubles nearest to them."""
_SAME = """
    exp exp2 expm1 log log2 log10 log1p sqrt cbrt hypot sin cos tan sinh cosh tanh erf erfc ceil floor fmod fmax fmin
    copysign trunc fabs
"""
_OTHER = """
    asin=arcsin acos=arccos atan=arctan atan2=arctan2 asinh=arcsinh acosh=arccosh atanh=arctanh tgamma=gamma
    lgamma=gammaln nearbyint=rint
"""
_OPERATIONS: Mapping[str, Function] = MappingProxyType(
    {name: FUNCTIONS[name] for name in _SAME.split()}
    | {name: FUNCTIONS[own] for name, _, own in (pair.partition("=") for pair in _OTHER.split())}
    | {"pow": OPERATORS["**"], "not": OPERATORS["not"]}
)
_FROM_THE_LEFT = ("+", "-", "*", "/", "and", "or")
_COMPARED = ("<", "<=", ">", ">=", "==")
_REASONS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("while", "while*", "for", "for*"), "it has a loop"),
        **dict.fromkeys(("tensor", "tensor*", "array", "ref", "dim", "size"), "it has tensors"),
        "fma": "it has fma, which rounds once and is no function of NumPy",
        "remainder": "it has remainder, which is to the nearest multiple and is no function of NumPy",
        "round": "it has round, which takes halves away from zero and is no function of NumPy",
        **dict.fromkeys(
            ("isfinite", "isinf", "isnan", "isnormal", "signbit"), "it asks for the kind of a number, not its value"
        ),
        **dict.fromkeys(("INFINITY", "NAN"), "it has a number that is not finite"),
    }
)
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII)
_RATIONAL = re.compile(r"([+-]?\d+)/(\d+)", re.ASCII)
_HEXADECIMAL = re.compile(r"[+-]?0x([0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(p[+-]?\d+)?", re.ASCII)
_LONGEST_NUMBER = 1000


def node_of(item: Item, scope: Scope) -> Node:
    """Return a term as a node.

    Raises
    ------
    Refused
        If it is none that expressions have.
    """
    if isinstance(item, str):
        return _atom(item, scope)
    if not isinstance(item, Form) or not item.items or not isinstance(item.items[0], str):
        raise Refused(f"{shown(item)} is no term")
    head, rest = item.items[0], item.items[1:]
    if head in ("let", "let*"):
        return _let(rest, scope, successive=head == "let*")
    if head in ("!", "cast"):  # everything is computed in one format
        return node_of(rest[-1] if rest else "", scope)
    if head in _REASONS:
        raise Refused(_REASONS[head])
    return _operation(head, [node_of(term, scope) for term in rest])


def _operation(head: str, operands: Sequence[Node]) -> Node:
    if head == "if" and len(operands) == 3:
        return choice(*operands)
    if head == "-" and len(operands) == 1:
        return applied(OPERATORS["neg"], *operands)
    if head == "fdim" and len(operands) == 2:
        return applied(FUNCTIONS["maximum"], applied(OPERATORS["-"], *operands), constant(0))
    if head in _FROM_THE_LEFT and len(operands) >= 2:
        return all_of(head, operands)
    if head in _COMPARED and len(operands) >= 2:
        return all_of("and", [applied(OPERATORS[head], a, b) for a, b in itertools.pairwise(operands)])
    if head == "!=" and len(operands) >= 2:
        pairs = [(a, b) for place, a in enumerate(operands) for b in operands[place + 1 :]]
        return all_of("and", [applied(OPERATORS["!="], a, b) for a, b in pairs])
    if head in (*_FROM_THE_LEFT, *_COMPARED, "!=", "if", "fdim"):
        raise Refused(f"its {head} has {len(operands)} operand{'' if len(operands) == 1 else 's'}")
    if head not in _OPERATIONS:
        raise Refused(f"it has {head:.40}, which is not known")
    return applied(_OPERATIONS[head], *operands)


def _let(rest: Sequence[Item], scope: Scope, *, successive: bool) -> Node:
    if len(rest) != 2 or not isinstance(rest[0], Form):
        raise Refused("its let is no list of names and a term")
    inner = dict(scope)
    for binding in rest[0].items:
        if not isinstance(binding, Form) or len(binding.items) != 2 or not isinstance(binding.items[0], str):
            raise Refused(f"its let has {shown(binding)} in place of a name and a term")
        inner[binding.items[0]] = node_of(binding.items[1], inner if successive else scope)
    return node_of(rest[1], inner)


def _atom(symbol: str, scope: Scope) -> Node:
    if symbol in scope:
        return scope[symbol]
    if symbol in _CONSTANTS:
        return constant(_CONSTANTS[symbol])
    if symbol in ("TRUE", "FALSE"):
        return Constant(symbol == "TRUE")
    if symbol in _REASONS:
        raise Refused(_REASONS[symbol])
    if len(symbol) > _LONGEST_NUMBER:
        raise Refused(f"{symbol:.40}… is too long")
    if found := _RATIONAL.fullmatch(symbol):
        return applied(OPERATORS["/"], constant(int(found[1]), symbol), constant(int(found[2]), symbol))
    if _DECIMAL.fullmatch(symbol):
        return _decimal(symbol)
    if found := _HEXADECIMAL.fullmatch(symbol):
        return _hexadecimal(symbol, found[1])
    raise Refused(f"{symbol:.40} is not known")


def _decimal(symbol: str) -> Constant:
    """Return a whole number as an integer where a double holds it, anything else as the double nearest to it."""
    if not symbol.lstrip("+-").isdigit():
        return constant(float(symbol), symbol)
    whole = constant(int(symbol), symbol)
    return whole if float(whole.value) == whole.value else constant(float(whole.value), symbol)


def _hexadecimal(symbol: str, digits: str) -> Constant:
    try:
        value = float.fromhex(symbol)
    except OverflowError:
        raise Refused(f"{symbol:.40} is beyond the range of float64") from None
    if not value and digits.strip("0."):
        raise Refused(f"{symbol:.40} is below the range of float64")
    return constant(value)


def interval_of(condition: Item, symbol: str, scope: Scope) -> tuple[float, float]:
    """Return the ends of the open interval in which a precondition holds.

    Raises
    ------
    Refused
        If it is anything but comparisons of the variable with numbers, joined by ``and``.
    """
    ends = [-math.inf, math.inf]
    reason = f"its precondition {shown(condition)} is no interval of {symbol:.40}"
    waiting = [condition]
    while waiting:
        item = waiting.pop()
        if item == "TRUE":
            continue
        if not isinstance(item, Form) or len(item.items) < 2:
            raise Refused(reason)
        head, *rest = item.items
        if head == "and":
            waiting += rest
            continue
        if head not in ("<", "<=", ">", ">="):
            raise Refused(reason)
        nodes = [node_of(term, scope) for term in (rest if head in ("<", "<=") else rest[::-1])]
        for low, high in itertools.pairwise(nodes):
            _narrow(ends, low, high, reason)
    if not ends[0] < ends[1]:
        raise Refused(f"its precondition {shown(condition)} leaves no number")
    return ends[0], ends[1]


def _narrow(ends: list[float], low: Node, high: Node, reason: str) -> None:
    """Let low < high hold, of which one is the variable and the other a number, or both are numbers and it does."""
    if isinstance(low, Constant) and isinstance(high, Variable):
        ends[0] = max(ends[0], float(low.value))
    elif isinstance(low, Variable) and isinstance(high, Constant):
        ends[1] = min(ends[1], float(high.value))
    elif not (isinstance(low, Constant) and isinstance(high, Constant) and low.value <= high.value):
        raise Refused(reason)
