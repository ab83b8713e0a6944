"""The straight way for one number in float64 and a plain function: Python numbers from the argument to the result.

It is what the general way does where nothing stands in the way, without what arrays, formats and further arguments
need; both give the same result, to the bit. Where something does (f raises, or returns anything but an array of its
nodes; the first levels are not enough; the end of the domain is near; f looks noisy), the general way begins anew, and
is given what f returned already: f is called no more often.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import numpy as np

from numdiff.adaptive.calls import Calls
from numdiff.adaptive.engine import FIRST_ORDER, ROUNDING
from numdiff.adaptive.fast import LEVELS
from numdiff.adaptive.fast_one import One, read_one
from numdiff.adaptive.plan import GENERIC, grains, plan
from numdiff.adaptive.repeats import LOUD
from numdiff.adaptive.result import DerivativeResult
from numdiff.adaptive.status import Status
from numdiff.floats.formats import FORMATS
from numdiff.problems.given import interval

__all__ = ["Answers", "Replayed", "differentiated"]

_PLAIN = frozenset({FunctionType, BuiltinFunctionType, MethodType, partial, np.ufunc})
"""Functions that are called as they are. A problem, say, is none: it has a domain."""
_NUMBERS = frozenset({float, np.float64})
_ENDS = frozenset({float, int})
_DOUBLE = np.dtype(float)
_PLAN = plan(FORMATS["float64"], FIRST_ORDER)
_GRAINS = grains(FORMATS["float64"], _PLAN.levels)
_FACTOR = _PLAN.scale * GENERIC
_GOOD = min(_PLAN.agreed, _PLAN.near)
"""The relative bar up to which nothing is said of an end of the domain, and nothing tried."""
_LOUD = LOUD * 2.0**-53
_NAN = np.float64(math.nan)
_interval = lru_cache(maxsize=256)(interval)


class _Unusual(Exception):
    """f raised, or returned no plain array of its nodes."""


@dataclass(frozen=True)
class _Other:
    """What else f did: it returned a value that is no plain array of numbers, or raised an error."""

    value: Any = None
    error: Exception | None = None


class Answers:
    """A function of a list of nodes, which keeps what f was asked and what it answered.

    Parameters
    ----------
    f : callable
        Takes a read-only array.

    Attributes
    ----------
    given : list of (ndarray, list of float or _Other)
        The nodes and the answer of each call, in order.
    """

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f
        self.given: list[tuple[np.ndarray, list[float] | _Other]] = []

    def __call__(self, at: list[float]) -> list[float]:
        """Return f at nodes."""
        nodes = np.array(at)
        nodes.setflags(False)  # type: ignore[call-arg]  # positional: a keyword costs twice as much
        try:
            y = self.f(nodes)
        except Exception as error:
            self.given.append((nodes, _Other(error=error)))
            raise _Unusual from None
        if type(y) is not np.ndarray or y.dtype != _DOUBLE or y.shape != nodes.shape:
            self.given.append((nodes, _Other(y)))
            raise _Unusual
        values: list[float] = y.tolist()  # a copy: f may return the same memory the next time
        self.given.append((nodes, values))
        return values


class Replayed(Calls):
    """Calls of a function of which the first answers are known already.

    Parameters
    ----------
    answers : Answers
    *rest
        What `Calls` takes.
    """

    def __init__(self, answers: Answers, *rest: Any) -> None:
        super().__init__(*rest)
        self._given = answers.given

    def returned(self, nodes: np.ndarray, rows: np.ndarray) -> Any:
        """Return what f returns, or raise what it raises."""
        if not self._given or not np.array_equal(self._given[0][0], nodes):
            return super().returned(nodes, rows)
        answer = self._given.pop(0)[1]
        if not isinstance(answer, _Other):
            return np.array(answer)
        if answer.error is not None:
            raise answer.error
        return answer.value


def differentiated(f: Any, x: Any, domain: Any, confidence: Any) -> DerivativeResult | Answers | None:
    """Return the result of `derivative` with these arguments alone, if it is that of the straight way.

    Parameters
    ----------
    f, x, domain, confidence
        As given to `derivative`, not checked yet.

    Returns
    -------
    DerivativeResult, Answers or None
        The result; what f answered, where the general way has to go on; None where that has to begin.
    """
    if type(f) not in _PLAIN or type(x) not in _NUMBERS or not math.isfinite(x):
        return None
    ends = _ends(domain)
    if ends is None or not ends[0] < x < ends[1] or type(confidence) is not float or not 0 < confidence < 1:
        return None
    at = float(x)
    room, size = min(at - ends[0], ends[1] - at), abs(at)
    natural, most = _FACTOR * math.sqrt(1.0 if size < _PLAN.least else size), GENERIC * room
    answers, start = Answers(f), min(max(natural, _GRAINS * math.ulp(at)), most)
    try:
        # As in the general way: infinities and NaN of f are told apart by what comes of them.
        with np.errstate(all="ignore"):
            found = read_one(answers, at, start, _PLAN.agreed, confidence)
    except _Unusual:
        return answers
    if not isinstance(found, One) or found.sigma > _LOUD * found.largest:
        return answers
    error, least = found.bar + ROUNDING * abs(found.value), abs(found.value)
    if not error < least or (most < natural and not error <= _GOOD * least):
        return answers
    return _result(found, error, at)


def _ends(domain: Any) -> tuple[float, float] | None:
    """Return the ends of a domain of plain numbers, or None for any other; they are numbers of float64 as they are."""
    if domain is None:
        return -math.inf, math.inf
    if type(domain) is not tuple or len(domain) != 2 or type(domain[0]) not in _ENDS or type(domain[1]) not in _ENDS:
        return None
    return _interval(domain)


def _result(found: One, error: float, x: float) -> DerivativeResult:
    number = np.float64
    return DerivativeResult(
        df=number(found.value),
        error=number(error),
        status=Status.OK,
        nfev=2 * LEVELS,
        x=number(x),
        step=number(found.step),
        noise=number(found.sigma),
        freedom=np.intp(found.freedom),
        left=_NAN,
        right=_NAN,
    )
