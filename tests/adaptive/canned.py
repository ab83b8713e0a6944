"""An estimator with given answers, in the place of the real one: what is tested is what stands around it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from numdiff.adaptive import engine
from numdiff.adaptive.engine import Estimates
from numdiff.adaptive.status import Status


class Canned:
    """Answers with the centered difference at one step, and with whatever else it is told to answer.

    Parameters
    ----------
    step : float
    batches : int
        Calls of f; the step of each is half of the one before.
    **answers
        Fields of `Estimates`: a number, or one for each point.
    """

    def __init__(self, step: float = 2.0**-10, batches: int = 1, **answers: Any) -> None:
        self.step, self.batches, self.answers = step, batches, answers
        self.asked: list[dict[str, Any]] = []

    def __call__(self, call: Callable[..., np.ndarray], x: np.ndarray, fmt: Any, **options: Any) -> Estimates:
        self.asked.append({"x": x, "fmt": fmt} | options)
        wide = np.longdouble if fmt.dtype.itemsize > 8 else np.float64
        at, n = x.astype(wide), x.size
        for batch in range(self.batches):
            h = self.step / 2**batch
            nodes = np.concatenate([at - h, at + h]).astype(fmt.dtype)
            values = call(nodes, np.tile(np.arange(n), 2)).astype(wide)
        width = nodes[n:].astype(wide) - nodes[:n].astype(wide)
        found = Estimates(
            value=(values[n:] - values[:n]) / width,
            error=np.full(n, 1e-3, wide),
            status=np.full(n, Status.OK),
            evaluations=np.full(n, 2 * self.batches),
            step=np.full(n, h, wide),
            noise=np.zeros(n, wide),
            freedom=np.full(n, 3.0),
            left=np.full(n, np.nan, wide),
            right=np.full(n, np.nan, wide),
        )
        kinds = {name: getattr(found, name).dtype for name in self.answers}
        given = {name: np.full(n, answer).astype(kinds[name]) for name, answer in self.answers.items()}
        return replace(found, **given)


def answer_with(monkeypatch: pytest.MonkeyPatch, estimator: Callable[..., Estimates]) -> None:
    """Put an estimator in the place of the real one, also where one number takes the straight way."""
    monkeypatch.setattr(engine, "estimate", estimator)
    monkeypatch.setattr("numdiff.adaptive.derivative.differentiated", lambda *arguments: None)


class Recorded:
    """A function that keeps what it was called with.

    Parameters
    ----------
    f : callable
    """

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f
        self.calls: list[Any] = []

    def __call__(self, x: Any, *args: Any) -> Any:
        self.calls.append(np.array(x))
        return self.f(x, *args)

    @property
    def nodes(self) -> np.ndarray:
        """All nodes, in the order of the calls."""
        return np.concatenate([np.empty(0), *(np.atleast_1d(call) for call in self.calls)])

    @property
    def shapes(self) -> Sequence[tuple[int, ...]]:
        """The shape of each call."""
        return [call.shape for call in self.calls]
