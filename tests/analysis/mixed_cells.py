"""Random functions of mixed types against an oracle: the search ``mixed_types`` of ``make campaign``.

A function is a random tree of floats of the working format, masks, integers and narrower floats. What NumPy computes in
another format is to be refused. What is accepted is compared with an oracle that shares no code with the exact
arithmetics: it takes the values that NumPy itself gives to the parts that are no floats of the working format, and
computes the rest in mpmath. Every part of the error of some cells of each call must be that of the oracle, and no error
may exceed its bound.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from typing import Any

import mpmath
import numpy as np

from numdiff.arithmetic.promotion import OtherFormatError, refuse_unsuitable
from numdiff.floats.formats import FORMATS
from numdiff.formulas.stencil import Stencil
from numdiff.formulas.table import METHODS
from tests.campaign.found import Found

DIGITS = 120
"""Of the oracle; derivatives are differences over 10⁻⁴⁰, right to some 40 digits."""
CELLS, CALLS = 10**9, 60
"""Of one seed: as many cells as so many calls have, refused ones among them."""
STENCILS = tuple(method for method in METHODS.values() if isinstance(method, Stencil))


class Undecided(Exception):
    """The oracle cannot tell: a comparison of numbers that agree, or no real value."""


_REAL: dict[str, Callable[..., Any]] = {
    "exp": mpmath.exp,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tanh": mpmath.tanh,
    "sqrt": mpmath.sqrt,
    "log": mpmath.log,
    "arctan": mpmath.atan,
    "absolute": abs,
    "negative": lambda a: -a,
    "positive": lambda a: a,
    "square": lambda a: a * a,
    "reciprocal": lambda a: 1 / a,
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "maximum": max,
    "minimum": min,
}
_UNARY = ("exp", "sin", "cos", "tanh", "sqrt", "log", "arctan", "absolute", "negative", "square")
_BINARY = ("add", "subtract", "multiply", "divide", "maximum", "minimum")
_COMPARISONS = {"greater": lambda s: s > 0, "less": lambda s: s < 0, "greater_equal": lambda s: s >= 0}
_NARROW = (np.float16, np.float32)
_INTEGERS = (int, np.int8, np.int16, np.uint8, np.int64)


@dataclass(frozen=True)
class Tree:
    """A node: of `kind` real (in the working format), mask, integer or narrow; `value` of a constant."""

    kind: str
    name: str
    parts: tuple["Tree", ...] = ()
    value: Any = None

    def __call__(self, x: Any) -> Any:
        """Return what NumPy makes of it."""
        if self.name == "x":
            return x
        if self.name == "constant":
            return self.value
        if self.name == "where":
            return np.where(*(part(x) for part in self.parts))
        return getattr(np, self.name)(*(part(x) for part in self.parts))

    def real(self, x: Any, dtype: np.dtype[Any]) -> Any:
        """Return the exact value at an mpf where NumPy computes in the working dtype, else what NumPy makes of it."""
        if self.name == "x":
            return x
        if not self.has_x():
            return _exact(self(None))  # a number before it meets x
        if self.kind != "real":
            typed = self.typed(x, dtype)
            if typed.dtype != dtype:
                return _exact(typed)
        if self.name == "where":
            condition, first, second = self.parts
            return (first if bool(np.all(condition.typed(x, dtype))) else second).real(x, dtype)
        operands = [part.real(x, dtype) for part in self.parts]
        try:
            found = _REAL[self.name](*operands)
        except (ZeroDivisionError, ValueError, OverflowError) as error:
            raise Undecided from error
        if not isinstance(found, mpmath.mpf) or not mpmath.isfinite(found):
            raise Undecided
        return found

    def has_x(self) -> bool:
        """Whether the argument is part of it."""
        return self.name == "x" or any(part.has_x() for part in self.parts)

    def typed(self, x: Any, dtype: np.dtype[Any]) -> Any:
        """Return what NumPy makes of a part that is not of the working format, masks of reals being decided exactly."""
        if not self.has_x():
            return self(None)
        if self.name in _COMPARISONS and "real" in {part.kind for part in self.parts}:
            left, right = (part.real(x, dtype) for part in self.parts)
            if abs(left - right) <= mpmath.mpf(10) ** -60 * (abs(left) + abs(right)) and left != right:
                raise Undecided
            return np.array([_COMPARISONS[self.name](left - right)])
        operands = [part.typed(x, dtype) for part in self.parts]
        with np.errstate(all="ignore"):
            return np.where(*operands) if self.name == "where" else getattr(np, self.name)(*operands)


def _exact(value: Any) -> Any:
    """Return a number, or an array of one, as an mpf without rounding."""
    number = np.asarray(value).reshape(-1)[0]
    number = int(number) if number.dtype.kind in "biu" else number
    ratio = number.as_integer_ratio() if not isinstance(number, int) else (number, 1)
    return mpmath.mpf(int(ratio[0])) / int(ratio[1])


@dataclass
class Maker:
    """Draws trees."""

    rng: np.random.Generator
    narrow: Any = field(default=None)

    def pick(self, names: Any) -> Any:
        return names[int(self.rng.integers(len(names)))]

    def constant(self) -> Tree:
        value = self.pick([float(np.round(self.rng.uniform(-3, 3), 2)), float(self.rng.integers(-4, 5)), 2])
        return Tree("real", "constant", value=value)

    def real(self, depth: int) -> Tree:
        draw = self.rng.random()
        if depth <= 0 or draw < 0.1:
            return Tree("real", "x") if self.rng.random() < 0.75 else self.constant()
        if draw < 0.35:
            return Tree("real", self.pick(_UNARY), (self.real(depth - 1),))
        if draw < 0.55:
            return Tree("real", self.pick(_BINARY), (self.real(depth - 1), self.real(depth - 1)))
        if draw < 0.7:
            return Tree("real", "where", (self.mask(depth - 1), self.real(depth - 1), self.any(depth - 1)))
        other = self.any(depth - 1)
        parts = (self.real(depth - 1), other) if self.rng.random() < 0.6 else (other, self.real(depth - 1))
        return Tree("real", self.pick(_BINARY[:4]), parts)

    def any(self, depth: int) -> Tree:
        return self.pick([self.real, self.mask, self.integer, self.narrow_float])(depth)

    def mask(self, depth: int) -> Tree:
        if depth <= 0 or self.rng.random() < 0.6:
            left = Tree("real", "x") if self.rng.random() < 0.7 else self.real(depth - 1)
            right = Tree("real", "constant", value=float(np.round(self.rng.uniform(-1.5, 1.5), 1)))
            return Tree("mask", self.pick(tuple(_COMPARISONS)), (left, right))
        if self.rng.random() < 0.2:
            number = self.pick([self.integer, self.narrow_float])(depth - 1)
            bound = Tree(number.kind, "constant", value=self.pick([0.5, 0.1, 1, np.float32(0.3)]))
            return Tree("mask", "greater", (number, bound))
        name = self.pick(["logical_and", "logical_or", "bitwise_and", "multiply", "add", "maximum"])
        return Tree("mask", name, (self.mask(depth - 1), self.mask(depth - 1)))

    def integer(self, depth: int) -> Tree:
        if depth <= 0 or self.rng.random() < 0.45:
            make = self.pick(_INTEGERS)
            low, high = (0, 200) if make is np.uint8 else (-100, 100)
            first, second = (make(int(self.rng.integers(low, high))) for _ in range(2))
            if self.rng.random() < 0.1:
                first = 2 ** int(self.rng.integers(50, 63))
            branches = (Tree("integer", "constant", value=first), Tree("integer", "constant", value=second))
            return Tree("integer", "where", (self.mask(0), *branches))
        if self.rng.random() < 0.4:
            name = self.pick(["negative", "absolute", "square", "reciprocal", "positive"])
            return Tree("integer", name, (self.integer(depth - 1),))
        name = self.pick(["add", "subtract", "multiply", "floor_divide", "remainder", "maximum"])
        other = self.pick([self.integer(depth - 1), self.mask(depth - 1), Tree("integer", "constant", value=3)])
        return Tree("integer", name, (self.integer(depth - 1), other))

    def narrow_float(self, depth: int) -> Tree:
        make = self.pick(_NARROW)
        if depth <= 0 or self.rng.random() < 0.5:
            first, second = (make(self.rng.uniform(-2, 2)) for _ in range(2))
            other = second if self.rng.random() < 0.7 else self.pick([0.1, 0.5, 1])
            branches = (Tree("narrow", "constant", value=first), Tree("narrow", "constant", value=other))
            return Tree("narrow", "where", (self.mask(0), *branches))
        if self.rng.random() < 0.5:
            name = self.pick(["negative", "absolute", "sqrt", "exp", "reciprocal", "positive"])
            return Tree("narrow", name, (self.narrow_float(depth - 1),))
        other = self.pick([Tree("narrow", "constant", value=make(3)), Tree("narrow", "constant", value=0.1)])
        other = self.pick([other, self.narrow_float(depth - 1), self.mask(depth - 1)])
        return Tree("narrow", self.pick(_BINARY), (self.narrow_float(depth - 1), other))


@dataclass(frozen=True)
class Mixed:
    """A function of mixed types that a seed chooses."""

    seed: int

    def tree(self) -> Tree:
        return Maker(np.random.default_rng(self.seed)).real(3)

    def __call__(self, x: Any) -> Any:
        return self.tree()(x)


def oracle_parts(tree: Tree, seen: Any, x: Fraction, h: Fraction, cell: tuple[int, int], method: Any, fmt: Any) -> Any:
    """Return truncation, abscissa and evaluation error of a cell as mpf numbers."""
    with mpmath.workdps(DIGITS):
        point, step, delta = _of(x), _of(h), mpmath.mpf(10) ** -40
        v = [tree.real(point + k * delta, fmt.dtype) for k in range(-3, 4)]
        if method.derivative_order == 1:
            left, truth, right = ((v[i + 1] - v[i - 1]) / delta / 2 for i in (2, 3, 4))
        else:
            left, truth, right = ((v[i + 1] - 2 * v[i] + v[i - 1]) / delta**2 for i in (2, 3, 4))
        if abs(left - right) > mpmath.mpf(10) ** -25 * (1 + abs(truth)):
            raise Undecided  # a kink or a jump
        scale = step**method.derivative_order
        weights = [_of(w) for w in method.weights]

        def quotient(values: Any) -> Any:
            return sum(w * value for w, value in zip(weights, values, strict=True)) / scale

        a = quotient(tree.real(point + _of(c) * step, fmt.dtype) for c in method.offsets)
        b = quotient(tree.real(_of(fmt.lift(node[cell])), fmt.dtype) for node in seen.abscissae)
        c = quotient(_of(fmt.lift(y[cell])) for y in seen.values)
        return truth, a - truth, b - a, c - b


def _of(number: Fraction) -> Any:
    return mpmath.mpf(number.numerator) / number.denominator


def disagreement(ledger: Any, tree: Tree, seen: Any, x: Any, h: Any, cell: tuple[int, int]) -> str | None:
    """Return what the ledger says otherwise than the oracle, "" if nothing, None if the oracle cannot tell."""
    fmt, method = ledger.format, ledger.method
    try:
        found = oracle_parts(tree, seen, fmt.lift(x[cell[0]]), fmt.lift(h[cell[1]]), cell, method, fmt)
    except (Undecided, OverflowError, ValueError):
        return None
    for name, right in zip(("reference", "truncation", "abscissa", "evaluation"), found, strict=True):
        mine = float(getattr(ledger, name)[cell])
        size = mpmath.mpf(10) ** -22 * (1 + abs(found[0])) + abs(right) * mpmath.mpf(2) ** -50
        if np.isinf(mine) and abs(right) > sys.float_info.max and (mine > 0) == (right > 0):
            continue  # rounded to a double, which overflows
        if not np.isfinite(mine) or abs(mpmath.mpf(mine) - right) > size:
            return f"{name} {mine!r} instead of {mpmath.nstr(right, 17)}"
    return ""


def calls(cells: int, seed: int, checked: int = 4) -> Iterator[dict[str, Any]]:
    """Measure at least so many cells; yield what each call found: refused, exceeded, wrong."""
    from numdiff.formulas.kernels import observe
    from tests.analysis.test_bounds import bounded_cells, exceeded

    rng, done = np.random.default_rng(seed), 0
    while done < cells:
        f = Mixed(int(rng.integers(2**40)))
        tree = f.tree()
        for fmt in FORMATS.values():
            x = fmt.as_array(rng.uniform(-2, 2, 10) * 2.0 ** rng.integers(-3, 3, 10))
            h = fmt.as_array(2.0 ** rng.uniform(-fmt.precision - 1, 0, 14))
            method = STENCILS[int(rng.integers(len(STENCILS)))]
            call: dict[str, Any] = {"format": fmt.name, "seed": f.seed, "method": method.name, "cells": x.size * h.size}
            try:
                refuse_unsuitable(tree, fmt)
            except OtherFormatError as error:
                yield call | {"refused": str(error), "cells": 0}
                continue
            except TypeError as error:  # NumPy's own, or a result that is no float of the format
                yield call | {"refused": f"TypeError: {error}", "cells": 0}
                continue
            try:
                ledger, bounds, pairs = bounded_cells(tree, x, h, method, fmt)
            except TypeError as error:  # what the exact arithmetics do not know
                yield call | {"refused": f"by the arithmetic: {error}", "cells": 0}
                continue
            with np.errstate(all="ignore"):
                seen = observe(method, tree, x[:, np.newaxis], h[np.newaxis, :])
            done += x.size * h.size
            usable = np.argwhere(ledger.status == "ok")
            chosen = usable[rng.permutation(len(usable))[:checked]]
            answers = [disagreement(ledger, tree, seen, x, h, tuple(map(int, cell))) for cell in chosen]
            yield call | {
                "bounded": int(np.isfinite(bounds.total).sum()),
                "exceeded": exceeded(pairs),
                "compared": sum(answer is not None for answer in answers),
                "wrong": [answer for answer in answers if answer],
            }


def search(seed: int) -> Found:
    """Measure some calls; a miss is one that is not as the oracle says, or has an error beyond its bound."""
    cases, misses = 0, []
    for call in islice(calls(CELLS, seed), CALLS):
        cases += call["cells"]
        for name in ("exceeded", "wrong"):
            if call.get(name):
                misses.append(f"{name}: Mixed({call['seed']}), {call['format']}, {call['method']}: {call[name]}")
    return Found(cases, misses)
