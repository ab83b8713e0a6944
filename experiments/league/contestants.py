"""What takes part in the league, by one small protocol: a name, and a run on the points of one function."""

import importlib
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd

from experiments.league.tasks import FIRST, TASKS
from numdiff.adaptive.status import Status
from numdiff.analysis.enclosures import split
from numdiff.analysis.yardstick import Domain, Function
from numdiff.floats.call import evaluate
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import CENTERED, Method
from numdiff.rules.base import RuleStatus
from numdiff.rules.run import run_rule

__all__ = ["ESTIMATE", "Contestant", "Estimator", "Outcome", "RuleContestant", "framed", "outcomes"]

ESTIMATE = "numdiff.adaptive.engine:estimate"
"""Our estimator, by the function that does the work."""


class Contestant(Protocol):
    """Anything that differentiates a function at some points."""

    @property
    def name(self) -> str:
        """The name in tables."""

    @property
    def formula(self) -> str:
        """The formula that its step is for, ``"centered"`` or ``"forward"``; empty where it has one of its own."""

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules whose code it is: a change there makes its stored results stale."""

    def run(
        self, f: Function, x: np.ndarray, fmt: FloatFormat, noise: np.ndarray | None, domain: Domain
    ) -> pd.DataFrame:
        """Return what becomes of each point: the columns of `outcomes`.

        Parameters
        ----------
        f : callable
            Elementwise.
        x : ndarray of the format, shape (n,)
        fmt : FloatFormat
        noise : ndarray of float64, shape (n,), or None
            The standard deviation of f at each point where the contestant is told; None where it is not, or f has none.
        domain : tuple of float
            The ends of the open interval in which f is smooth.
        """


def outcomes(values: np.ndarray, bars: Any, status: Any, ok: Any, evaluations: Any, messages: Any = "") -> pd.DataFrame:
    """Return outcomes as a frame: value (high and low part), bar, status, ok, evaluations, message."""
    high, low = split(values)
    columns = {
        "value": high,
        "value_low": low,
        "bar": np.asarray(bars, dtype=np.float64),
        "status": status,
        "ok": ok,
        "evaluations": evaluations,
        "message": messages,
    }
    return pd.DataFrame(columns, index=range(len(high)))


_MEASURED = re.compile(r"-?\d+\.\d{4,}(e[-+]?\d+)?")


def one_line(message: str) -> str:
    """Return a message as it is kept: on one line, NaN in words (no cell of a table may hold it), no measured number.

    A number of many digits is another one on each machine, and would move the place where a message is cut.
    """
    return _MEASURED.sub("…", " ".join(message.replace("NaN", "not a number").split()))


Outcome = tuple[np.ndarray, float, str, bool, int, str]
"""What becomes of one point: the value as an array of one, then the columns of `outcomes`."""


def framed(found: Sequence[Outcome]) -> pd.DataFrame:
    """Return the outcomes of points as a frame."""
    values, *others = zip(*found, strict=True)
    return outcomes(np.concatenate(values), *others)


@dataclass(frozen=True)
class Estimator:
    """An estimator that takes all points at once, with the signature of `numdiff.adaptive.engine.estimate`.

    Parameters
    ----------
    name : str
    entry : str
        ``"module:function"``.
    formula : str
    task : str
        One of `experiments.league.tasks.TASKS`: which derivative it is asked for.
    """

    name: str
    entry: str = ESTIMATE
    formula: str = ""
    task: str = FIRST

    @property
    def modules(self) -> tuple[str, ...]:
        """The module of the estimator."""
        return (self.entry.partition(":")[0],)

    def run(
        self, f: Function, x: np.ndarray, fmt: FloatFormat, noise: np.ndarray | None, domain: Domain
    ) -> pd.DataFrame:
        """Return what the estimator makes of the points."""
        module, _, function = self.entry.partition(":")
        estimate: Callable[..., Any] = getattr(importlib.import_module(module), function)
        ends = [np.full(x.shape, end) for end in domain]
        task = TASKS[self.task]
        options: dict[str, Any] = {"lower": ends[0], "upper": ends[1], "noise": noise}
        if self.task != FIRST:
            options |= {"order": task.order, "side": task.side}
        with np.errstate(all="ignore"):
            found = estimate(lambda points, rows: evaluate(fmt, f, points), x, fmt, **options)
        names = _status_names(found.status)
        messages = getattr(found, "message", "")
        return outcomes(
            np.asarray(found.value), _as_doubles(found.error), names, np.equal(names, "ok"), found.evaluations, messages
        )


def _as_doubles(bars: Any) -> np.ndarray:
    """Return bars as doubles, rounded up."""
    bars = np.asarray(bars)
    with np.errstate(over="ignore"):
        doubles: np.ndarray = bars.astype(np.float64)
    return np.where(doubles < bars, np.nextafter(doubles, math.inf), doubles)


def _status_names(codes: Any) -> np.ndarray:
    """Return integer codes of a status as lower-case names; 0 is ok."""
    members = {int(item.value): item.name.lower() for item in Status}
    return np.array([members.get(int(code), f"status {int(code)}") for code in np.asarray(codes)], dtype=object)


@dataclass(frozen=True)
class RuleContestant:
    """A rule or a peer, point by point through `run_rule`, with a formula.

    Parameters
    ----------
    name : str
    rule : Any
        A name in `numdiff.rules.run.RULES`, or a rule.
    method : Stencil
    own : bool
        Whether it has a derivative of its own, so that its step is not that of the formula.
    modules : tuple of str
    """

    name: str
    rule: Any
    method: Method = CENTERED
    own: bool = False
    modules: tuple[str, ...] = field(default=("numdiff.rules.run",))

    @property
    def formula(self) -> str:
        """The name of the formula; empty where the rule has a derivative of its own."""
        return "" if self.own else self.method.name

    def run(
        self, f: Function, x: np.ndarray, fmt: FloatFormat, noise: np.ndarray | None, domain: Domain
    ) -> pd.DataFrame:
        """Return what the rule makes of each point; what it raises is an outcome too."""
        return framed(list(self.each(f, x, fmt, noise, domain)))

    def each(
        self, f: Function, x: np.ndarray, fmt: FloatFormat, noise: np.ndarray | None, domain: Domain
    ) -> Iterator[Outcome]:
        """Yield what the rule makes of each point, one call after the other."""
        for place, point in enumerate(x):
            yield self._one(f, point, fmt, None if noise is None else float(noise[place]) or None, domain)

    def _one(self, f: Function, x: Any, fmt: FloatFormat, noise: float | None, domain: Domain) -> Outcome:
        nothing = np.array([math.nan])
        try:
            choice = run_rule(self.rule, f, x, self.method, fmt, noise=noise, domain=domain)
        except Exception as error:
            return nothing, math.nan, "raised", False, 0, one_line(f"{type(error).__name__}: {error}")
        # A derivative beside a status that is not ok is doubtful, and is judged as what it is.
        value = nothing if choice.derivative is None else np.asarray(choice.derivative).reshape(1)
        bar = math.nan if choice.error is None else float(choice.error)
        return (
            value,
            bar,
            str(choice.status),
            choice.status is RuleStatus.OK,
            choice.evaluations,
            one_line(choice.reason),
        )
