"""The check that f is elementwise, on random functions: the search ``elementwise`` of ``make campaign``."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from numdiff.floats.formats import FORMATS, FloatFormat
from numdiff.formulas.differences import apply
from numdiff.formulas.stencil import Stencil
from tests.analysis.random_cells import STENCILS, Composition
from tests.campaign.found import Found

__all__ = ["COUPLINGS", "is_refused", "search"]

COMPARED = 16
"""Points up to which a kernel compares all."""
APART = 64
"""Units by which values differ that are told apart, by far."""
FUNCTIONS = 8
"""Of one seed."""
COUPLINGS: dict[str, Callable[[Any], Any]] = {
    "cumulated": lambda y: np.cumsum(y, dtype=y.dtype),
    "reversed": lambda y: y[::-1],
    "rolled": lambda y: np.roll(y, 1),
    "by place": lambda y: y * np.arange(1, y.size + 1).astype(y.dtype),
    "by size": lambda y: y * y.dtype.type(y.size + 1),
}
"""What makes an elementwise f one that mixes elements, from its values."""


def is_refused(f: Callable[[Any], Any], x: np.ndarray, h: Any, method: Any) -> bool:
    """Whether a kernel says that f is not elementwise."""
    try:
        with np.errstate(all="ignore"):
            apply(method, f, x, h)
    except ValueError as error:
        if "must be elementwise" not in str(error):
            raise
        return True
    return False


def values_at_nodes(f: Callable[[Any], Any], x: np.ndarray, h: Any, method: Stencil) -> Iterator[np.ndarray]:
    """Yield f at x + ch for all offsets c."""
    with np.errstate(all="ignore"):
        for offset in method.offsets:
            yield np.asarray(f(x + x.dtype.type(float(offset)) * h))


def are_apart(values: np.ndarray, fmt: FloatFormat) -> bool:
    """Whether values are finite and clearly different, in a format, from each other and from 0."""
    if not np.isfinite(values).all():
        return False
    gaps = np.diff(np.sort(np.append(np.float64(values), 0.0)))
    return bool(gaps.min() > APART * float(fmt.machine_epsilon) * float(abs(values).max()))


def search(seed: int) -> Found:
    """Apply kernels to random functions and to what couples their values, in all formats.

    A miss is an elementwise function that is refused, or another one that is taken. The latter counts where all points
    are compared, and where f has values that the check can tell from each other: it tolerates eight units.
    """
    rng, cases, misses = np.random.default_rng(seed), 0, []
    for _ in range(FUNCTIONS):
        f = Composition(int(rng.integers(2**40)))
        for fmt in FORMATS.values():
            x = fmt.as_array(rng.uniform(0.25, 2, int(rng.choice([2, 3, 5, 16, 17, 200, 3000]))))
            h, method = fmt.as_array(2.0**-6)[()], STENCILS[int(rng.integers(len(STENCILS)))]
            where = f"Composition({f.seed}), {fmt.name}, {method.name}, {x.size} points"
            cases += 1
            if is_refused(f, x, h, method):
                misses.append(f"{where}: refused")
            if x.size > COMPARED or not all(are_apart(values, fmt) for values in values_at_nodes(f, x, h, method)):
                continue
            for name, coupled in COUPLINGS.items():
                cases += 1
                if not is_refused(lambda t, f=f, coupled=coupled: coupled(f(t)), x, h, method):
                    misses.append(f"{where}: {name}, taken")
    return Found(cases, misses)
