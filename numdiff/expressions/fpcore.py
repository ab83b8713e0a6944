"""FPCore: benchmarks of one variable in the format of FPBench, read as expressions with a domain.

References
----------
N. Damouche, M. Martel, P. Panchekha, C. Qiu, A. Sanchez-Stern and Z. Tatlock, Toward a standard benchmark format and
suite for floating-point analysis, NSV 2016, LNCS 10152, 63-77; FPCore 2.0, https://fpbench.org/spec/fpcore-2.0.html.
"""

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np

from numdiff.expressions.errors import visible
from numdiff.expressions.expression import Expression, is_free, made_of
from numdiff.expressions.fpcore_terms import interval_of, node_of
from numdiff.expressions.nodes import Refused, Variable
from numdiff.expressions.s_expressions import Form, Item, read_forms, shown, text_of

__all__ = ["FPCore", "FPCoreRefusal", "read_fpcore"]


@dataclass(frozen=True)
class FPCore:
    """A benchmark of one variable; its fields are those of a `numdiff.Problem`, which needs a derivative beside them.

    Parameters
    ----------
    name : str
        Lower-case letters, digits and underscores, made of `title`; no two of a file have the same.
    title : str
        The ``:name``, or the symbol after ``FPCore``.
    formula : str
        f(x) in Python notation.
    f : Expression
    points : tuple of float
        One point inside the domain, where f is finite: a power of two if there is one.
    domain : tuple of float
        The ends of the open interval that ``:pre`` describes; the whole line without one.
    source : str
        ``FPCore``, the title, and what ``:cite`` names.
    """

    name: str
    title: str
    formula: str
    f: Expression
    points: tuple[float, ...]
    domain: tuple[float, float]
    source: str


@dataclass(frozen=True)
class FPCoreRefusal:
    """A benchmark that is not taken: what it is called, where it begins, and why not."""

    title: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.title} (line {self.line}): {self.reason}"


def read_fpcore(source: str | os.PathLike[str]) -> tuple[list[FPCore], list[FPCoreRefusal]]:
    """Return the benchmarks of a file or text, and those that are not taken, with the reason.

    Taken are those of one number, made of the operations that expressions have: arithmetic, elementary and special
    functions, ``let``, ``let*``, ``if``, comparisons. A ``:pre`` must be an interval of the variable. Annotations and
    casts are left out: everything is computed in one format, that of x. Numbers and constants, such as 1/3 and PI, mean
    the doubles nearest to them, in truth too.

    Parameters
    ----------
    source : str or path
        A path, or a text with at least one parenthesis.

    Returns
    -------
    list of FPCore
    list of FPCoreRefusal

    Raises
    ------
    ValueError
        If the text is no sequence of S-expressions.
    OSError, UnicodeDecodeError
        If the file cannot be read.

    Examples
    --------
    >>> taken, refused = read_fpcore('(FPCore (x) :name "root" :pre (>= x 0) (- (sqrt (+ x 1)) (sqrt x)))')
    >>> taken[0].name, taken[0].formula, taken[0].domain
    ('root', 'sqrt(x + 1) - sqrt(x)', (0.0, inf))
    >>> print(*read_fpcore("(FPCore (x y) (+ x y))")[1])
    benchmark 1 (line 1): it has 2 variables (x, y), not one
    """
    is_text = isinstance(source, str) and "(" in source
    text = str(source) if is_text else Path(source).read_text(encoding="utf-8-sig")  # some editors write a mark
    taken: list[FPCore] = []
    refused: list[FPCoreRefusal] = []
    names: dict[str, int] = {}
    for number, form in enumerate(read_forms(text), start=1):
        title = f"benchmark {number}"
        try:
            core = _parts(form)
            title = core.title or title
            taken.append(_benchmark(core, title, names))
        except Refused as reason:
            refused.append(FPCoreRefusal(title, form.line, visible(str(reason))))
        except RecursionError:
            refused.append(FPCoreRefusal(title, form.line, "it is nested too deeply"))
    return taken, refused


@dataclass(frozen=True)
class _Parts:
    """What stands in a form ``(FPCore name? (arguments) :property value … body)``."""

    arguments: Item
    properties: Mapping[str, Item]
    bodies: tuple[Item, ...]

    @property
    def title(self) -> str:
        return text_of(self.properties.get(":name", ""))


def _parts(form: Form) -> _Parts:
    items = list(form.items)
    if not items or items.pop(0) != "FPCore":
        raise Refused(f"it is no FPCore form, but {shown(form)}")
    properties: dict[str, Item] = {}
    if items and isinstance(items[0], str):
        properties[":name"] = items.pop(0)
    arguments = items.pop(0) if items else ""
    bodies = []
    while items:
        item = items.pop(0)
        if isinstance(item, str) and item.startswith(":") and items:
            properties[item] = items.pop(0)
        else:
            bodies.append(item)
    return _Parts(arguments, properties, tuple(bodies))


def _benchmark(core: _Parts, title: str, names: dict[str, int]) -> FPCore:
    symbol = _argument(core.arguments)
    if len(core.bodies) != 1:
        raise Refused(f"it has {len(core.bodies)} bodies, not one")
    scope = {symbol: Variable()}
    node = node_of(core.bodies[0], scope)
    if node.is_condition:
        raise Refused("its value is a condition, no number")
    domain = interval_of(core.properties[":pre"], symbol, scope) if ":pre" in core.properties else (-math.inf, math.inf)
    f = made_of(node, symbol if is_free(symbol) else "x")
    cited = f", cites {shown(core.properties[':cite'])}" if ":cite" in core.properties else ""
    points = (_point(f, domain),)
    return FPCore(_name(title, names), title, f.text, f, points, domain, f"FPCore {title}{cited}")


def _argument(arguments: Item) -> str:
    """Return the one variable, without its annotations."""
    if not isinstance(arguments, Form):
        raise Refused("it has no list of arguments")
    if len(arguments.items) != 1:
        listed = ", ".join(map(shown, arguments.items))
        raise Refused(f"it has {len(arguments.items)} variables ({listed:.60}), not one")
    (argument,) = arguments.items
    if isinstance(argument, Form):
        if not argument.items or argument.items[0] != "!":
            raise Refused(f"its variable {shown(argument)} is a tensor, not a number")
        argument = argument.items[-1]
    if not isinstance(argument, str):
        raise Refused(f"its variable {shown(argument)} is no name")
    return argument


def _name(title: str, names: dict[str, int]) -> str:
    """Return a title as the name of a problem, with a number where another has it; `names` counts them."""
    slug = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")
    slug = slug if slug[:1].isalpha() else f"fpcore_{slug}".rstrip("_")
    for k in count(names.get(slug, 0) + 1):
        name = slug if k == 1 else f"{slug}_{k}"
        if name not in names:
            break
    names[slug] = k
    names.setdefault(name, 1)
    return name


def _point(f: Expression, domain: tuple[float, float]) -> float:
    """Return a point inside the domain, where f is finite if there is one: 0.5, another power of two, or the middle."""
    powers = [sign * 2.0**k for k in sorted(range(-13, 14), key=lambda k: (abs(k + 1), k)) for sign in (1, -1)]
    middle = domain[0] / 2 + domain[1] / 2
    beyond = [2 * end for end in domain]  # half a line may begin beyond the powers
    inside = [x for x in (*powers, middle, *beyond) if domain[0] < x < domain[1] and math.isfinite(x)]
    if not inside:
        raise Refused(f"its domain {domain!r} has no point in its middle")
    with np.errstate(all="ignore"):
        return next((x for x in inside if np.isfinite(f(x))), inside[0])
