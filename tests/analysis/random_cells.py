"""Random cells against their bounds: the search ``bounds`` of ``make campaign``.

A function is a random composition of ufuncs and constants, drawn with a seed and wrapped so that it is told by it;
points and steps are random numbers of each format, steps from absorbed ones to the size of the point.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from numdiff.floats.formats import FORMATS
from numdiff.formulas.stencil import Stencil
from numdiff.formulas.table import METHODS
from tests.campaign.found import Found

UNARY: tuple[Callable[[Any], Any], ...] = (
    np.exp,
    np.sin,
    np.cos,
    np.tanh,
    np.arctan,
    np.square,
    np.expm1,
    np.arcsinh,
    np.negative,
    np.abs,
    np.sqrt,
    np.log,
    np.log1p,
    np.cbrt,
    np.sinh,
    np.reciprocal,
    lambda v: v**3,
    lambda v: v**-3,
    lambda v: v**1.7,
    lambda v: v**2,
    lambda v: 1 - np.cos(v),
    lambda v: v**-2,
)
BINARY: tuple[Callable[[Any, Any], Any], ...] = (
    np.add,
    np.subtract,
    np.multiply,
    np.divide,
    np.maximum,
    np.minimum,
    np.hypot,
    np.arctan2,
    lambda a, b: np.where(a > b, a, 2 * b),
)
CELLS = 1
"""Of one seed, at least: those of one function in all formats are some 1,400."""
STENCILS = tuple(method for method in METHODS.values() if isinstance(method, Stencil))


@dataclass(frozen=True)
class Composition:
    """A function made of `steps` ufuncs that a seed chooses."""

    seed: int

    def __call__(self, x: Any) -> Any:
        rng = np.random.default_rng(self.seed)
        values = [x, x * float(rng.uniform(-3, 3)) + float(rng.uniform(-2, 2))]
        for _ in range(int(rng.integers(1, 5))):
            if rng.random() < 0.6:
                values.append(UNARY[int(rng.integers(len(UNARY)))](values[int(rng.integers(len(values)))]))
            else:
                left, right = (values[int(rng.integers(len(values)))] for _ in range(2))
                values.append(BINARY[int(rng.integers(len(BINARY)))](left, right))
        return values[-1]


def exceeded_cells(cells: int, seed: int) -> Iterator[tuple[Any, ...]]:
    """Bound at least so many cells; yield (format, cells, bounded ones, seed of f, method, exceeded) for each call."""
    from tests.analysis.test_bounds import bounded_cells, exceeded

    rng, done = np.random.default_rng(seed), 0
    while done < cells:
        f = Composition(int(rng.integers(2**40)))
        for fmt in FORMATS.values():
            x = fmt.as_array(rng.uniform(-2, 2, 12) * 2.0 ** rng.integers(-4, 5, 12))
            h = fmt.as_array(2.0 ** rng.uniform(-fmt.precision - 1, 1, 24))
            method = STENCILS[int(rng.integers(len(STENCILS)))]
            _, bounds, pairs = bounded_cells(f, x, h, method, fmt)
            done += x.size * h.size
            yield fmt.name, x.size * h.size, int(np.isfinite(bounds.total).sum()), f.seed, method.name, exceeded(pairs)


def search(seed: int) -> Found:
    """Bound the cells of a random function; a miss is a call, one in each format, in which a bound is exceeded."""
    cases, misses = 0, []
    for name, count, _, function, method, found in exceeded_cells(CELLS, seed):
        cases += count
        if found:
            misses.append(f"Composition({function}), {name}, {method}: {found}")
    return Found(cases, misses)
