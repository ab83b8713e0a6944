"""Hold the error bounds that columns find against those of their elements alone, in Arb.

    python -m tests.arithmetic.tightness_search [ELEMENTS] [SEED]

Random numbers and intervals in every format go through every function of `test_running_error`. A bound of a column may
be larger by what is rounded upward and no more. It may be smaller, where Arb enlarges a ball more than it has to: that
it bounds the errors is what `test_running_error` holds.
"""

import math
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from numdiff.arithmetic import running_error
from numdiff.arithmetic.ball import Ball
from numdiff.arithmetic.ball_functions import rounded_up
from numdiff.arithmetic.balls import arb_of, working
from numdiff.arithmetic.running_operations import NOTHING, Running
from numdiff.floats.formats import FORMATS, FloatFormat


class Compared(NamedTuple):
    """Bounds of columns over those of elements, how many were left to Arb at the end, and bounds of one way only."""

    ratios: np.ndarray
    alone: int
    one_sided: int


def points(fmt: FloatFormat, size: int, rng: np.random.Generator) -> list[Running]:
    """Return numbers of the format, of ordinary size."""
    x = np.concatenate([rng.uniform(-3, 3, size // 2), rng.normal(size=size - size // 2) * 10.0 ** rng.integers(-6, 2)])
    return running_error._points(fmt.lift_array(fmt.as_array(x)), fmt)


def intervals(fmt: FloatFormat, size: int, rng: np.random.Generator) -> list[Running]:
    """Return intervals of a few units around numbers."""
    centres = rng.uniform(-3, 3, size) * 2.0**60
    radii = np.abs(centres) * float(fmt.unit_roundoff) * rng.uniform(0.5, 2, size)
    balls = [Ball(int(centre), int(radius) + 1, -60) for centre, radius in zip(centres, radii, strict=True)]
    return [Running(arb_of(ball), NOTHING) for ball in balls]


def compared(f: Callable[[Any], Any], items: list[Running], fmt: FloatFormat) -> Compared:
    """Bound the errors of f both ways."""
    with working(running_error.working_precision(fmt)):
        column = running_error._by_columns(f, items, fmt, None)
        found = running_error._evaluated(f, items, fmt, None, False)
        alone = [rounded_up(item.error) if running_error._is_bounded(item) else math.inf for item in found]
    pairs = list(zip(column.bounds.tolist(), alone, strict=True))
    one_sided = sum((new == math.inf) != (old == math.inf) or (new == 0) != (old == 0) for new, old in pairs)
    ratios = [new / old for new, old in pairs if 0 < new < math.inf and 0 < old < math.inf]
    return Compared(np.array(ratios), len(column.rest), one_sided)


def search(size: int, seed: int) -> Iterator[tuple[str, str, Compared]]:
    """Yield format, function and what was compared, for about `size` elements in all."""
    from tests.arithmetic.test_running_error import FUNCTIONS

    rng = np.random.default_rng(seed)
    each = max(2, size // (2 * len(FORMATS) * len(FUNCTIONS)))
    for fmt in FORMATS.values():
        for name, f in FUNCTIONS.items():
            with working(running_error.working_precision(fmt)):
                chosen = points(fmt, each, rng), intervals(fmt, each, rng)
            for items in chosen:
                yield fmt.name, name, compared(f, items, fmt)


def main() -> None:
    """Print the largest, the smallest and the median ratio by format."""
    arguments = [int(item) for item in sys.argv[1:]]
    size, seed = (*arguments, *(10_000, 1)[len(arguments) :])
    found: dict[str, list[Compared]] = {}
    for fmt, name, result in search(size, seed):
        found.setdefault(fmt, []).append(result)
        if result.one_sided or (result.ratios > 1 + 2.0**-40).any():
            print(f"{fmt} {name}: {result.one_sided} of one side only, largest {result.ratios.max():.17g}")
    for fmt, results in found.items():
        ratios = np.concatenate([result.ratios for result in results])
        print(
            f"{fmt}: {ratios.size} elements, ratio at most {ratios.max():.17g}, at least {ratios.min():.17g}, "
            f"median {np.median(ratios):.17g}; left to Arb {sum(result.alone for result in results)}, "
            f"of one side only {sum(result.one_sided for result in results)}"
        )


if __name__ == "__main__":
    main()
