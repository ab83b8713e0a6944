"""What a peer is: a library that differentiates by itself, run by the protocol of the rules.

A peer answers with the derivative that the library returns, with the library's own estimate of its error where there is
one, and with the points at which f was evaluated, counted by a wrapper. Whatever else happens is an outcome with its
message: an exception of the library, a warning, a value that is not finite, a tolerance that was missed. Nothing is
repaired, and nothing is left out.

A library gets numbers of the working format where it keeps them. One that computes in float64 whatever it is given gets
a double, and an f that converts its argument to the format and its result back; the answer says so.
"""

import math
import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from numdiff.extras import require_extra
from numdiff.floats.call import evaluate
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import Method, Stencil
from numdiff.rules.base import Choice, Domain, Function, RuleStatus

__all__ = ["Answer", "Peer", "Task", "Watched"]


@dataclass(frozen=True)
class Answer:
    """What a library returned.

    Attributes
    ----------
    derivative : number, or array of one number
    error : float or None
        Its own estimate of the error; None where it has none.
    step : float or None
        The step that it chose, where it says so.
    problem : str
        What it says itself against the derivative, such as a missed tolerance.
    """

    derivative: Any
    error: Any = None
    step: Any = None
    problem: str = ""


class Watched:
    """f as a library gets it: every point is counted, and none outside the domain is evaluated.

    It takes numbers and arrays of any shape and returns the same. Outside the open domain its value is NaN. Where the
    argument is of another dtype than the format, it is rounded to the format first and the value is widened; a complex
    argument is rounded to the complex dtype of the format.

    Parameters
    ----------
    f : callable
        Elementwise; takes an array of the format, see `numdiff.floats.call.evaluate`.
    fmt : FloatFormat
    domain : tuple of float

    Attributes
    ----------
    points : int
        At how many points f was evaluated.
    outside : int
        For how many points outside the domain it was asked.
    error : Exception or None
        What f raised last.
    refuses_complex : bool
        Whether it raised that at a complex argument, or the format has no complex dtype.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> f = Watched(np.sqrt, nd.get_format("float32"), (0.0, np.inf))
    >>> f([-1.0, 4.0]).tolist(), float(f(0.1)), f.points, f.outside
    ([nan, 2.0], 0.3162277638912201, 2, 1)
    """

    def __init__(self, f: Function, fmt: FloatFormat, domain: Domain) -> None:
        self._f, self._fmt, self._domain = f, fmt, domain
        self.points = self.outside = 0
        self.error: Exception | None = None
        self.refuses_complex = False

    def __call__(self, x: Any) -> Any:
        """Return f at x, NaN outside the domain."""
        asked = np.asarray(x)
        nodes = self._rounded(asked.reshape(-1))
        inside = self._inside(nodes)
        if inside is None:
            values = self._evaluated(np.ascontiguousarray(nodes)) if nodes.size else nodes
        else:
            values = np.full(nodes.shape, np.nan, dtype=nodes.dtype)
            if inside.any():
                values[inside] = self._evaluated(np.ascontiguousarray(nodes[inside]))
            self.outside += int(inside.size - inside.sum())
        dtype = asked.dtype if asked.dtype.kind in "fc" or asked.dtype == nodes.dtype else np.dtype(np.float64)
        return values.astype(dtype).reshape(asked.shape)[()]

    def _rounded(self, asked: np.ndarray) -> np.ndarray:
        """Return nodes in the format, each rounded once."""
        if asked.dtype is self._fmt.dtype or asked.dtype == self._fmt.dtype:
            return asked
        if asked.dtype.kind == "c":
            if self._fmt.complex_dtype is None:
                self.error, self.refuses_complex = TypeError(f"{self._fmt.name} has no complex dtype"), True
                raise self.error
            return asked.astype(self._fmt.complex_dtype)
        with np.errstate(all="ignore"):
            return self._fmt.as_array(asked)

    def _inside(self, nodes: np.ndarray) -> np.ndarray | None:
        """Return which nodes lie in the open domain, None where all do; an end that is infinite excludes nothing."""
        lower, upper = self._domain
        if lower == -math.inf and upper == math.inf:
            return None
        real = nodes.real if nodes.dtype.kind == "c" else nodes
        if self._fmt.precision <= 53:
            real = real.astype(np.float64)
        inside = np.ones(nodes.shape, dtype=bool)
        if lower > -math.inf:
            inside &= real > lower
        if upper < math.inf:
            inside &= real < upper
        return None if inside.all() else inside

    def _evaluated(self, nodes: np.ndarray) -> np.ndarray:
        self.points += nodes.size
        try:
            with np.errstate(all="ignore"):
                return evaluate(self._fmt, self._f, nodes)
        except Exception as error:
            self.error, self.refuses_complex = error, nodes.dtype.kind == "c"
            raise


@dataclass(frozen=True)
class Task:
    """What a library is asked for, beside f.

    Attributes
    ----------
    x : scalar of the format, or float
        As the library gets it.
    fmt : FloatFormat
    order : int
        The order of the derivative.
    noise : float or None
        The absolute error of a function value, where it is known.
    domain : tuple of float
    """

    x: Any
    fmt: FloatFormat
    order: int
    noise: float | None
    domain: Domain

    @property
    def epsilon(self) -> float:
        """The machine epsilon of the format."""
        return float(self.fmt.machine_epsilon)

    @property
    def scale(self) -> float:
        """max(|x|, 1)."""
        return max(abs(float(self.x)), 1.0)

    @property
    def below(self) -> float:
        """The distance of x to the lower end of the domain."""
        return float(self.x) - self.domain[0]

    @property
    def above(self) -> float:
        """The distance of x to the upper end of the domain."""
        return self.domain[1] - float(self.x)

    def cut(self, step: float) -> float:
        """Return a step of which x ± step is at most halfway to the ends of the domain."""
        return min(step, self.below / 2, self.above / 2)

    def side(self, step: float) -> int:
        """Return 0 if x ± step is in the domain, else the direction in which there is more room: 1 or -1."""
        if step < min(self.below, self.above):
            return 0
        return 1 if self.above >= self.below else -1


@dataclass(frozen=True)
class Peer(ABC):
    """A library with one set of options; a class a library, an instance a row of the league.

    A subclass writes `compute`, and says in class attributes what it needs and what it can do.

    Attributes
    ----------
    name : str
    modules : tuple of str
        The modules that `compute` imports: names in `numdiff.extras.EXTRAS`.
    formats : frozenset of str
        The formats in which the library computes when it is given them. In all others it gets doubles.
    orders : range
        The orders of the derivatives that it computes.
    platform : bool
        Whether its figures are those of the platform: they went through BLAS or LAPACK, or through functions of the C
        library, and another machine may find others with the same f.
    """

    name: str
    modules: ClassVar[tuple[str, ...]] = ()
    formats: ClassVar[frozenset[str]] = frozenset({"float64"})
    orders: ClassVar[range] = range(1, 2)
    platform: ClassVar[bool] = True

    @abstractmethod
    def compute(self, f: Watched, task: Task) -> Answer:
        """Return what the library finds; whatever it raises or warns of is recorded by the caller."""

    def __call__(
        self, f: Function, x: Any, fmt: FloatFormat, formula: Method, noise: float | None, domain: Domain
    ) -> Choice:
        """Differentiate f at x; of `formula`, only the order of the derivative matters.

        Raises
        ------
        MissingExtraError
            If the library is not installed.
        Exception
            What f raised, except at a complex argument.
        """
        require_extra(f"the peer {self.name!r}", *self.modules)
        order = formula.derivative_order if isinstance(formula, Stencil) else 1
        if order not in self.orders:
            reason = f"it computes derivatives of order {_listed(self.orders)}, {formula.name} is one of order {order}"
            return Choice(status=RuleStatus.UNSUITABLE, reason=reason)
        watched = Watched(f, fmt, domain)
        given = x if fmt.name in self.formats else float(x)
        task = Task(given, fmt, order, noise, domain)
        answer, failure, notes = _asked(self, watched, task)
        if watched.error is not None and not watched.refuses_complex:
            raise watched.error
        if watched.error is not None:
            reason = f"f takes no complex numbers: {_line(watched.error)}"
            return Choice(evaluations=watched.points, status=RuleStatus.UNSUITABLE, reason=reason)
        if fmt.name not in self.formats:
            notes.append(f"computed in float64, with an f that {_converted(fmt)}")
        if watched.outside:
            notes.append(f"asked for {watched.outside} points outside the domain {domain!r}, where it got NaN")
        if failure is not None:
            return _failed(failure, watched, notes)
        return _choice(answer, watched, notes)


def _converted(fmt: FloatFormat) -> str:
    """Return what becomes of numbers between a library of doubles and f."""
    return f"rounds to {fmt.name}" if fmt.precision <= 53 else f"computes in {fmt.name}, x and its values rounded"


def _listed(orders: range) -> str:
    return str(orders[0]) if len(orders) == 1 else f"{orders[0]} to {orders[-1]}"


def _asked(peer: Peer, f: Watched, task: Task) -> tuple[Answer, Exception | None, list[str]]:
    """Return the answer of a library, what it raised, and what it warned of."""
    answer, failure = Answer(math.nan), None
    with warnings.catch_warnings(record=True) as caught, np.errstate(divide="warn", over="warn", invalid="warn"):
        warnings.simplefilter("always")
        try:
            answer = peer.compute(f, task)
        except Exception as error:  # whatever a library raises is its outcome
            failure = error
    notes = [f"{item.category.__name__}: {_line(item.message)}" for item in caught]
    return answer, failure, list(dict.fromkeys(notes))


def _line(message: Any) -> str:
    return " ".join(str(message).split())


def _failed(error: Exception, f: Watched, notes: list[str]) -> Choice:
    reason = "; ".join([f"{type(error).__name__}: {_line(error)}", *notes])
    return Choice(evaluations=f.points, status=RuleStatus.RAISED, reason=reason)


def _choice(answer: Answer, f: Watched, notes: list[str]) -> Choice:
    """Return an answer as that of a rule, its numbers as scalars."""
    derivative = np.asarray(answer.derivative).reshape(())[()]
    error = None if answer.error is None else float(np.asarray(answer.error).reshape(()))
    if error is not None and not error >= 0:
        notes.insert(0, f"its estimate of the error is {error!r}")
        error = None
    if answer.problem:
        notes.insert(0, answer.problem)
    if not np.isfinite(derivative):
        status = RuleStatus.OUTSIDE_DOMAIN if f.outside else RuleStatus.NOT_FINITE
        notes.insert(0, f"it returned {derivative!s}")
    else:
        status = RuleStatus.NOT_CONVERGED if answer.problem else RuleStatus.OK
    step = None if answer.step is None else float(np.asarray(answer.step).reshape(()))
    return Choice(step, derivative, error, f.points, status, "; ".join(notes))
