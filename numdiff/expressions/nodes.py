"""The tree of an expression: numbers, the variable, and operations; made with checks, evaluated by walking it.

Every reader of expressions (Python's notation, FPCore, SymPy) builds its tree with the functions here, so that one set
of rules and limits holds for all.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, ClassVar, TypeAlias

import numpy as np

from numdiff.expressions.functions import EXACTLY, FUNCTIONS, OPERATORS, Function

__all__ = ["LARGEST_DEPTH", "LARGEST_SIZE", "Constant", "Node", "Operation", "Refused", "Variable"]
__all__ += ["all_of", "applied", "choice", "constant", "evaluated", "filled", "written"]

LARGEST_SIZE = 500
"""Nodes of a tree, with repetition. What takes long in 4096 bits counts more: functions of scipy.special, and functions
of numbers that may be beyond all formats.
"""
LARGEST_DEPTH = 100
"""Levels of a tree: a tenth of Python's own limit of calls within calls, of which a level takes up to three."""
_LARGEST_INTEGER_BITS = 1024
"""The largest double is below 2**1024."""


_FAR_WEIGHT = 200
"""Of a function of a number such as exp(exp(10)), which needs 32 thousand bits: some tenths of a second each."""
_FAR = 2
"""How many growing functions within each other make such a number: one reaches the end of the formats."""
_SMALL_EXPONENT = 16
"""Of a power that makes no such number: that of the largest double is below 2**16384, and a function of it needs as
many bits, half of what one of exp(exp(10)) does.
"""
_SIZES = (
    f"it may have {LARGEST_SIZE} numbers, names and operations; a function of scipy.special counts as 20 or more, and "
    f"one of a number as large as exp(exp(x)) as {_FAR_WEIGHT}"
)


class Refused(ValueError):
    """A part of an expression is refused; whoever knows where it stands adds that."""


@dataclass(frozen=True)
class Constant:
    """A finite number as Python has it, or the truth value of a condition without the variable."""

    value: float | int | bool
    size: ClassVar[int] = 1
    depth: ClassVar[int] = 1
    growth: ClassVar[int] = 0

    @property
    def is_condition(self) -> bool:
        """Whether it is a truth value."""
        return isinstance(self.value, bool)


@dataclass(frozen=True)
class Variable:
    """The variable."""

    size: ClassVar[int] = 1
    depth: ClassVar[int] = 1
    growth: ClassVar[int] = 0
    is_condition: ClassVar[bool] = False


class Operation:
    """A function or operator with its operands."""

    __slots__ = ("depth", "function", "growth", "is_condition", "operands", "size")

    def __init__(self, function: Function, operands: tuple["Node", ...]) -> None:
        self.function = function
        self.operands = operands
        self.is_condition: bool = function.is_condition
        growth = max(node.growth for node in operands)
        self.growth: int = growth + _grows(function, operands)
        weight = function.weight if function.is_cheap or growth < _FAR else max(function.weight, _FAR_WEIGHT)
        self.size: int = weight + sum(node.size for node in operands)
        self.depth: int = 1 + max(node.depth for node in operands)


def _grows(function: Function, operands: Sequence["Node"]) -> bool:
    """Say whether a function makes numbers beyond all formats: one that grows, or a power that is not a small one."""
    if function.name not in ("raised", "power"):
        return function.grows
    exponent = operands[1]
    return not isinstance(exponent, Constant) or abs(exponent.value) > _SMALL_EXPONENT


Node: TypeAlias = Constant | Variable | Operation


# --- making -----------------------------------------------------------------------------------------------


def constant(value: float | int, text: str = "") -> Constant:
    """Return a number, or refuse one that no double comes near.

    Parameters
    ----------
    value : int or float
    text : str
        How it was written, where it is a literal.
    """
    shown = f"{text:.40}" if text else "a constant"
    if value != value:
        raise Refused(f"{shown} has no real value")
    if _is_beyond(value):
        raise Refused(f"{shown} is beyond the range of float64; write a smaller number")
    if isinstance(value, int):
        return Constant(value)
    if not value and any(digit in "123456789" for digit in text.lower().partition("e")[0]):
        raise Refused(f"{shown} is below the range of float64; write 0, or scale the expression")
    return Constant(value)


def _is_beyond(value: float | int) -> bool:
    try:
        return math.isinf(value)
    except OverflowError:  # an integer that rounds to no double
        return True


def applied(function: Function, *operands: Node) -> Node:
    """Return a function of nodes; of constants its value, as Python and NumPy compute it in float64.

    Raises
    ------
    Refused
        If the number of operands is wrong, a condition stands for a number or the other way round, the value of
        constants is no finite number, or the tree is too large.
    """
    _check_kinds(function, operands)
    if function is EXACTLY:
        if not isinstance(operands[0], Constant):
            raise Refused("constant takes a number without the variable")
    elif all(isinstance(node, Constant) for node in operands):
        return _folded(function, [node.value for node in operands if isinstance(node, Constant)])
    if function.takes_conditions and (known := _decided(function, operands)) is not None:
        return known
    made = Operation(function, operands)
    if made.size > LARGEST_SIZE:
        raise Refused(f"the expression is too large: {_SIZES}")
    if made.depth > LARGEST_DEPTH:
        raise Refused(f"the expression is nested too deeply: it may have {LARGEST_DEPTH} levels")
    return made


def choice(condition: Node, a: Node, b: Node) -> Node:
    """Return a where the condition holds, b elsewhere."""
    return applied(FUNCTIONS["where"], condition, a, b)


def all_of(symbol: str, nodes: Sequence[Node]) -> Node:
    """Return operands joined by an operator, from the left."""
    return reduce(lambda a, b: applied(OPERATORS[symbol], a, b), nodes)


def _check_kinds(function: Function, operands: Sequence[Node]) -> None:
    if len(operands) != function.arity:
        takes = "1 argument" if function.arity == 1 else f"{function.arity} arguments"
        advice = "; write log(x)/log(b) for the logarithm to base b" if function.name == "log" else ""
        raise Refused(f"{function.name} takes {takes}, got {len(operands)}{advice}")
    name = function.symbol.replace("neg", "-") or function.name
    for place, node in enumerate(operands):
        if place < function.takes_conditions and not node.is_condition:
            raise Refused(f"{name} takes a condition, got a number; write a comparison, as in x > 0")
        if place >= function.takes_conditions and node.is_condition:
            raise Refused(f"{name} takes numbers, got a condition; write where(condition, 1.0, 0.0)")


def _folded(function: Function, values: list[Any]) -> Constant:
    """Return the value of a function of constants: Python's of operators, NumPy's of functions, which is a double."""
    if function.name == "where":
        return Constant(values[1] if values[0] else values[2])
    if function.name == "raised" and all(type(value) is int for value in values):
        base, exponent = values
        # A power of 0, 1 or -1 stays small; of another base it has about that many bits.
        if abs(base) > 1 and (abs(base).bit_length() - 1) * abs(exponent) > _LARGEST_INTEGER_BITS:
            raise Refused("a power of constants is beyond the range of float64; write a smaller exponent")
    try:
        with np.errstate(all="ignore"):
            if function.is_condition:
                return Constant(bool(function.call(*values)))
            if function.symbol and function.symbol != "%":
                result = function.call(*values)
            else:
                result = float(function.call(*(np.float64(value) for value in values)))
    except ZeroDivisionError:
        raise Refused("a constant is divided by zero") from None
    except OverflowError:
        raise Refused("a constant is beyond the range of float64; write smaller numbers") from None
    if isinstance(result, complex):
        raise Refused("a power of a negative constant has no real value; write cbrt(x) for a cube root")
    return constant(result)


def _decided(function: Function, operands: Sequence[Node]) -> Node | None:
    """Return what a condition without the variable leaves of a choice or a connective; None if there is none."""
    first = operands[0]
    if function.name == "where":
        return operands[1 if first.value else 2] if isinstance(first, Constant) else None
    for known, other in ((first, operands[-1]), (operands[-1], first)):
        if isinstance(known, Constant):
            neutral = function.name == "logical_and"
            return other if known.value is neutral else known
    return None


# --- evaluating -------------------------------------------------------------------------------------------


def evaluated(node: Node, x: Any) -> Any:
    """Return the value of a tree where the variable is x: an array, an exact array, or a number of NumPy."""
    if isinstance(node, Operation):
        values = [evaluated(operand, x) for operand in node.operands]
        if node.function is EXACTLY:
            return filled(x, values[0])
        if node.function.name == "where":
            # Of two numbers np.where would make an array of float64.
            values[1:] = [filled(x, value) if type(value) in (int, float) else value for value in values[1:]]
        return node.function.call(*values)
    return x if isinstance(node, Variable) else node.value


def filled(x: Any, value: float | int) -> Any:
    """Return a number as an array like x: an integer that is no double as itself in exact arithmetic, else a double."""
    is_exact = not isinstance(x, (np.ndarray, np.generic))
    return np.full_like(x, value if is_exact and float(value) != value else float(value))


# --- writing ----------------------------------------------------------------------------------------------


def written(node: Node, variable: str) -> str:
    """Return the text of a tree, of which `parse_expression` makes the same tree."""
    return _written(node, variable, 0)


def _written(node: Node, variable: str, outer: int) -> str:
    """Return the text of a node, in parentheses where it binds less closely than what is around it."""
    if isinstance(node, Variable):
        return variable
    if isinstance(node, Constant):
        text = repr(node.value)
        return f"({text})" if text.startswith("-") and outer > OPERATORS["neg"].binds else text
    function, operands = node.function, node.operands
    binds = function.binds
    if not function.symbol:
        return f"{function.name}({', '.join(_written(operand, variable, 0) for operand in operands)})"
    if function.arity == 1:
        sign = "not " if function.symbol == "not" else "-"
        text = sign + _written(operands[0], variable, binds)
    else:
        from_right = function.symbol == "**" or (function.is_condition and function.takes_conditions == 0)
        left = _written(operands[0], variable, binds + from_right)
        right = _written(operands[1], variable, binds + (function.symbol != "**"))
        text = f"{left}**{right}" if function.symbol == "**" else f"{left} {function.symbol} {right}"
    return f"({text})" if binds < outer else text
