"""From a text in Python's notation to the tree of an expression: a whitelist over `ast`, which only reads.

The text is looked at three times. First its characters and numbers, so that only ASCII without quotes, brackets and
assignments goes on: no look-alike of a letter is normalised to one, and every position in bytes is one in characters.
Then `ast.parse` reads it. Then each node of what was read is one that is known here, or is refused.
"""

import ast
import re
import warnings
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import reduce
from types import MappingProxyType
from typing import Any, NoReturn

from numdiff.expressions.errors import ExpressionError
from numdiff.expressions.functions import ADVICE, CONSTANTS, EXACTLY, MACROS, NAMES, OPERATORS, PREFIXES, belongs
from numdiff.expressions.nodes import LARGEST_DEPTH, Node, Refused, Variable, all_of, applied, choice, constant

__all__ = ["LONGEST", "one_line", "read"]

LONGEST = 2000
"""Characters of a text."""

_CHARACTERS: Mapping[str, str] = MappingProxyType(
    {
        "^": "write ** for a power",
        **dict.fromkeys("'\"`", "texts are not taken"),
        **dict.fromkeys("[]{}", "lists, indices and sets are not taken; write parentheses ( )"),
        ":": "lambda, slices and := are not taken; write the formula alone, as in x**2",
        ";": "write one expression",
        "#": "comments are not taken",
        "\\": "write the formula on one line",
        "!": "write != for unequal, gamma(x + 1) for a factorial",
        "×": "write *",
        "·": "write *",
        "∙": "write *",
        "⋅": "write *",
        "÷": "write /",
        "−": "write -",
        "–": "write -",
        "²": "write **2",
        "³": "write **3",
        "√": "write sqrt(x)",
        "π": "write pi",
        "≤": "write <=",
        "≥": "write >=",
        "≠": "write !=",
    }
)
"""What to write instead of a character."""
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ .,+-*/%()<>=!&|~")
_ASSIGNMENT = re.compile(r"(?<![<>=!])=(?!=)")
_LONE_MARK = re.compile(r"!(?!=)")
_NUMBER = re.compile(
    r"(?<![\w.])(?>0[xX][0-9a-fA-F_]+|0[bBoO][0-7_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?)"
    r"([A-Za-z_]\w*)",
    re.ASCII,
)
"""A number that runs into a name, which Python would take apart in surprising ways: ``1if``, ``0or``."""
_COMPARED: Mapping[type[ast.cmpop], str] = MappingProxyType(
    {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
)
_JOINED: Mapping[type[ast.operator], str] = MappingProxyType(
    {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.Mod: "%"}
    | {ast.BitAnd: "and", ast.BitOr: "or"}
)
_REFUSED: Mapping[type[ast.AST], str] = MappingProxyType(
    {
        ast.FloorDiv: "// is not taken; write floor(a / b)",
        ast.LShift: "<< is not taken; write a * 2**b",
        ast.RShift: ">> is not taken; write a / 2**b",
        ast.Attribute: "attributes are not taken; only np., math. and scipy.special. may stand before a function",
        ast.Starred: "* before an argument is not taken; write the arguments one by one",
        ast.Tuple: "several values are not taken; write one expression",
        ast.GeneratorExp: "loops are not taken; write one expression",
        ast.Await: "await is not taken; write a formula of x",
        ast.Yield: "yield is not taken; write a formula of x",
        ast.YieldFrom: "yield is not taken; write a formula of x",
        ast.Lambda: "lambda is not taken; write the formula alone, as in x**2",
    }
)


def one_line(text: str) -> str:
    """Return a text with its line ends and tabs as spaces, and none around it."""
    return text.translate({ord(char): " " for char in "\n\r\t"}).strip(" ")


def read(text: str, variable: str) -> Node:
    """Return the tree of a text of one line.

    Raises
    ------
    ExpressionError
        If anything in it is not known, or it is too long, too large or nested too deeply.
    """
    _check_characters(text)
    body = _parsed(text)
    _check_depth(body, text)
    return _Reader(text, variable).number(body)


def _check_characters(text: str) -> None:
    if not text:
        raise ExpressionError("the expression is empty; write a formula of x, as in exp(x)", text)
    if len(text) > LONGEST:
        raise ExpressionError(
            f"the expression has {len(text)} characters; it may have {LONGEST}", text, LONGEST, LONGEST + 1
        )
    for place, char in enumerate(text):
        if char not in _PLAIN:
            advice = _CHARACTERS.get(char, "write letters, digits and operators of ASCII")
            raise ExpressionError(f"{char} is not taken; {advice}", text, place, place + 1)
    if found := _ASSIGNMENT.search(text):
        advice = "write == for a comparison, and the arguments of a function without names"
        raise ExpressionError(f"= is not taken; {advice}", text, found.start(), found.end())
    if found := _LONE_MARK.search(text):
        raise ExpressionError(f"! is not taken; {_CHARACTERS['!']}", text, found.start(), found.end())
    if found := _NUMBER.search(text):
        number, name = text[found.start() : found.start(1)], found[1]
        if name in ("j", "J"):
            advice = "complex numbers are not taken"
        elif name in ("and", "or", "if", "else", "in", "is", "not"):
            advice = f"write a space before {name}"
        else:
            advice = f"write {number:.20}*{name:.20} for a product"
        raise ExpressionError(f"a number runs into a name; {advice}", text, found.start(), found.end())


def _parsed(text: str) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        start = (error.offset or 1) - 1
        end = error.end_offset - 1 if error.end_offset and error.end_offset > 0 else start + 1
        message = f"this is no expression ({error.msg:.120}); write a formula of x, as in exp(x)"
        raise ExpressionError(message, text, min(start, len(text) - 1), end) from None
    except Exception:  # the limits of the parser, which differ between versions: MemoryError, SystemError, …
        raise _too_deep(text) from None


def _too_deep(text: str, start: int = 0, end: int | None = None) -> ExpressionError:
    return ExpressionError(f"the expression is nested too deeply: it may have {LARGEST_DEPTH} levels", text, start, end)


def _check_depth(body: ast.expr, text: str) -> None:
    """Refuse, without recursion, a tree that recursion could not walk."""
    level: list[ast.expr] = [body]
    for _ in range(2 * LARGEST_DEPTH):
        below = [child for node in level for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        if not below:
            return
        level = below
    raise _too_deep(text, *_span(level[0]))


def _span(node: ast.AST) -> tuple[int, int]:
    start: int = getattr(node, "col_offset", 0)
    return start, getattr(node, "end_col_offset", None) or start + 1


class _Reader:
    """Makes the nodes of one text."""

    def __init__(self, text: str, variable: str) -> None:
        self.text = text
        self.variable = variable

    def refuse(self, message: str, node: ast.AST) -> NoReturn:
        raise ExpressionError(message, self.text, *_span(node)) from None

    def number(self, node: ast.expr) -> Node:
        """Return a node of the tree that is a number, not a condition."""
        made = self.any(node)
        if made.is_condition:
            self.refuse("a condition is no number; write where(condition, a, b)", node)
        return made

    def any(self, node: ast.expr) -> Node:
        """Return a node of the tree, number or condition."""
        read = _READ.get(type(node))
        if read is None:
            kind = type(node).__name__
            self.refuse(_REFUSED.get(type(node), f"{kind} is not taken; write a formula of {self.variable}"), node)
        try:
            return read(self, node)
        except Refused as refused:
            self.refuse(str(refused), node)

    def constant(self, node: ast.Constant) -> Node:
        value = node.value
        if type(value) is int or type(value) is float:
            start, end = _span(node)
            return constant(value, self.text[start:end])
        text = repr(value)
        self.refuse(f"{text:.40} is not taken; {ADVICE.get(text, 'write a number')}", node)

    def name(self, node: ast.Name) -> Node:
        return self.named(node.id, node)

    def named(self, name: str, node: ast.AST) -> Node:
        """Return the variable or a constant."""
        if name == self.variable:
            return Variable()
        if name in CONSTANTS:
            return constant(CONSTANTS[name])
        if name in NAMES:
            self.refuse(f"{name} is a function; write its argument, as in {name}({self.variable})", node)
        self.unknown(name, node)

    def attribute(self, node: ast.Attribute) -> Node:
        return self.named(self.without_prefix(node), node)

    def without_prefix(self, node: ast.Attribute) -> str:
        """Return the name behind ``np.`` and its like."""
        prefix = _dotted(node.value)
        if prefix not in PREFIXES:
            self.refuse(_REFUSED[ast.Attribute], node)
        name = node.attr
        if name not in NAMES and name not in CONSTANTS:
            self.unknown(name, node)
        if not belongs(prefix, name):
            self.refuse(f"{prefix} has no elementwise {name} that is meant here; write {name}", node)
        return name

    def unknown(self, name: str, node: ast.AST) -> NoReturn:
        shown = f"{name:.40}"
        if name in ADVICE:
            self.refuse(f"{shown} is not known; {ADVICE[name]}", node)
        near = get_close_matches(name.lower()[:40], [*NAMES, *MACROS, *CONSTANTS, self.variable], n=1)
        advice = f"did you mean {near[0]}?" if near else f"the variable is {self.variable}"
        self.refuse(f"{shown} is not known; {advice}", node)

    def call(self, node: ast.Call) -> Node:
        target = node.func
        if isinstance(target, ast.Attribute):
            name = self.without_prefix(target)
        elif isinstance(target, ast.Name):
            name = target.id
        else:
            self.refuse("only a function can be called; write * for a product", target)
        if name == self.variable or name in CONSTANTS:
            self.refuse(f"{name} is no function; write * for a product", target)
        if name not in MACROS and name not in NAMES:
            self.unknown(name, target)
        if node.keywords:
            self.refuse("** before an argument is not taken; write the arguments one by one", node)
        return self.made(name, [self.any(argument) for argument in node.args])

    @staticmethod
    def made(name: str, arguments: list[Node]) -> Node:
        """Return a function of what was read."""
        if name == "constant":
            return applied(EXACTLY, *arguments)
        if name == "clip" and len(arguments) == 3:
            return applied(NAMES["min"], applied(NAMES["max"], *arguments[:2]), arguments[2])
        if name == "clip":
            raise Refused(f"clip takes 3 arguments, got {len(arguments)}")
        if name in ("max", "min") and len(arguments) > 2:
            return reduce(lambda a, b: applied(NAMES[name], a, b), arguments)
        return applied(NAMES[name], *arguments)

    def binary(self, node: ast.BinOp) -> Node:
        symbol = _JOINED.get(type(node.op))
        if symbol is None:
            self.refuse(_REFUSED.get(type(node.op), "this operator is not taken"), node)
        left, right = self.any(node.left), self.any(node.right)
        if symbol in ("and", "or") and not (left.is_condition and right.is_condition):
            mark = "&" if symbol == "and" else "|"
            self.refuse(f"{mark} joins conditions; write {symbol}, or parentheses: (x > 0) {mark} (x < 1)", node)
        return applied(OPERATORS[symbol], left, right)

    def unary(self, node: ast.UnaryOp) -> Node:
        operand = self.any(node.operand)
        if isinstance(node.op, ast.UAdd):
            if operand.is_condition:
                raise Refused("+ takes numbers, got a condition")
            return operand
        if isinstance(node.op, ast.Invert) and not operand.is_condition:
            raise Refused("~ takes a condition, got a number")
        return applied(OPERATORS["neg" if isinstance(node.op, ast.USub) else "not"], operand)

    def compared(self, node: ast.Compare) -> Node:
        operands = [self.any(operand) for operand in (node.left, *node.comparators)]
        pairs = []
        for place, operator in enumerate(node.ops):
            symbol = _COMPARED.get(type(operator))
            if symbol is None:
                self.refuse("is and in are not taken; write ==, !=, < or >", node)
            pairs.append(applied(OPERATORS[symbol], operands[place], operands[place + 1]))
        return all_of("and", pairs)

    def joined(self, node: ast.BoolOp) -> Node:
        return all_of("and" if isinstance(node.op, ast.And) else "or", [self.any(value) for value in node.values])

    def chosen(self, node: ast.IfExp) -> Node:
        return choice(self.any(node.test), self.any(node.body), self.any(node.orelse))


def _dotted(node: ast.expr) -> str:
    """Return a chain of two names at most with its dots; the empty string for anything else."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


_READ: Mapping[type[ast.expr], Callable[[_Reader, Any], Node]] = MappingProxyType(
    {
        ast.Constant: _Reader.constant,
        ast.Name: _Reader.name,
        ast.Attribute: _Reader.attribute,
        ast.Call: _Reader.call,
        ast.BinOp: _Reader.binary,
        ast.UnaryOp: _Reader.unary,
        ast.Compare: _Reader.compared,
        ast.BoolOp: _Reader.joined,
        ast.IfExp: _Reader.chosen,
    }
)
