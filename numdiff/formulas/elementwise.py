"""Whether f is elementwise: a few values of a block are compared with those that f gives for the points alone."""

from typing import Any

import numpy as np

from numdiff.floats.callables import takes_a_pair
from numdiff.formulas.checks import Evaluation, Function

__all__ = ["ElementwiseProbe", "is_searched"]

_AGREEMENT = 8
"""Units in the last place by which an elementwise f may differ between an array and a single point: NumPy's
vector and scalar loops differ by an ulp or two, and f may amplify that."""
_ADVICE = "a function that closes over an array or needs its whole input takes blocked=False"


def is_searched(number: int, last: bool) -> bool:
    """Whether probe points are searched for in a block: in those numbered 1, 4, 16, … and in the last one."""
    return last or number in _POWERS_OF_4


_POWERS_OF_4 = frozenset(4**k for k in range(32))
_FEW = 16
"""Points that are all compared."""


def _probe_points(x: np.ndarray) -> list[int]:
    """Return the places of the points that are compared in a block that is searched.

    All of a few. Of more, by position the end, and one at a third, which a reversal moves. By value the smallest,
    the largest and one between them: what f takes from other points (their maximum, say) may by chance be the
    point's own at one of these, but not at the others, unless all points are equal.
    """
    if x.size <= _FEW:
        return list(range(x.size))
    if x.dtype.itemsize <= 2:
        with np.errstate(invalid="ignore"):  # the formats of ml_dtypes raise the flag for a quiet NaN
            x = x.astype(np.float32)  # exact, and comparing the numbers of narrow formats is slow
    low, high, size = int(x.argmin()), int(x.argmax()), x.size
    # Numbers of Python are compared faster, but complex ones, of which NumPy compares the real parts first, not at all.
    number = x.__getitem__ if x.dtype.kind == "c" else x.item
    smallest, largest = number(low), number(high)
    index = {size // 3, size - 1, low, high}
    if not (smallest < number(size // 3) < largest or smallest < number(size - 1) < largest):
        index.add(int(np.argmax((x != smallest) & (x != largest))))
    return sorted(index)


_NONE, _ONE = np.empty(0), (1,)


class ElementwiseProbe:
    """Compares a few values of the first evaluation of a block with those that f gives for the points alone.

    These are the probe points of a block that is searched, and the point at a third of any other.

    Parameters
    ----------
    evaluate : callable
        The call of f in the format.
    start : int
        The place of the block among all points, in C order.
    shape : tuple of int
        That of all points.
    searched : bool
        Whether the points are searched for.
    plain : bool
        Whether f gets a plain array: numbers of the format, which need no class of their own.
    """

    def __init__(
        self, evaluate: Evaluation, start: int, shape: tuple[int, ...], searched: bool, plain: bool = False
    ) -> None:
        self.evaluate = evaluate
        self.start, self.shape, self.searched, self.plain = start, shape, searched, plain
        self.size = 0
        self.index: list[int] = []
        self.values: list[Any] = []
        self.x = _NONE

    def evaluated(self, f: Function, x: np.ndarray) -> np.ndarray:
        """Evaluate f, and keep a few points and values of the first evaluation."""
        if self.size:
            return self.evaluate(f, x)
        try:
            y = self.evaluate(f, x)
        except (ValueError, IndexError) as error:
            if str(error).startswith("f must") or takes_a_pair(f, x):
                raise
            raise ValueError(
                f"f must be elementwise, but it failed on a block of {x.size} points ({error}); {_ADVICE}"
            ) from error
        self.size = x.size
        self.index = _probe_points(x) if self.searched else [x.size // 3]
        # Copies: what the arrays hold may change before the check.
        self.x, self.values = x.take(self.index), [y.item(i) for i in self.index]
        return y

    def check(self, f: Function) -> None:
        """Raise ValueError if f is not elementwise."""
        x = self.x
        x.setflags(False)  # type: ignore[call-arg]
        with np.errstate(all="ignore"):
            for k, value in enumerate(self.values):
                if not (self.plain and _gives(f, x[k : k + 1], value)):
                    self._compare(f, k, value)

    def _compare(self, f: Function, k: int, value: Any) -> None:
        """Evaluate f at one of the points alone; raise ValueError if it differs by more than NumPy's loops do."""
        try:
            found = self.evaluate(f, self.x[k : k + 1])
            if found.item() == value:
                return
            alone, x, y = found[0], self.x[k], found.dtype.type(value)
            if _agree(alone, y) or self._is_excused(f, x, y):
                return
        except Exception as error:
            raise ValueError(
                f"f must be elementwise, but it failed on a part of x ({error!r:.200}); {_ADVICE}"
            ) from error
        index = tuple(map(int, np.unravel_index(self.start + self.index[k], self.shape)))
        raise ValueError(
            f"f must be elementwise, but at {x!s}, beside the other points, it gives {y!s} (index {index}) "
            f"and alone {alone!s}; {_ADVICE}"
        )

    def _is_excused(self, f: Function, x: Any, y: Any) -> bool:
        """Whether a value that differs from that of the point alone is due to NumPy's loops.

        A point alone may take another path through NumPy's loops than a full vector, which an ill-conditioned f
        amplifies beyond any tolerance. Such an f is excused if arrays that are filled with the point give one value
        throughout, bit for bit the one in question. Two lengths of them, for a sum over equal points gives one
        value throughout as well, but (unlike a path) another one for each length.
        """
        for size in (self.size, 2 * self.size):
            filled = self.evaluate(f, np.full(size, x))
            if not np.all((filled == y) | ((filled != filled) & (y != y))):
                return False
        return True


def _gives(f: Function, x: np.ndarray, value: Any) -> bool:
    """Whether f gives a value at a point alone, which needs no further look where f gets and returns plain arrays."""
    try:
        y = f(x)
    except Exception:  # it is called again, by what says why it failed
        return False
    return type(y) is np.ndarray and y.dtype is x.dtype and y.shape == _ONE and bool(y.item() == value)


def _agree(a: Any, b: Any) -> bool:
    """Whether two scalars agree to a few units in the last place, part by part, NaN with NaN."""
    if a.dtype.kind == "c":
        return _agree(a.real, b.real) and _agree(a.imag, b.imag)
    if a == b or (a != a and b != b):
        return True
    return bool(abs(a - b) <= _AGREEMENT * np.spacing(max(abs(a), abs(b))))
