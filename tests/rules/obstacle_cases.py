"""What a published rule meets: functions, points and formats at which it must answer with a number or a reason."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from numdiff.floats.formats import FORMATS, FloatFormat
from numdiff.formulas.stencil import CENTERED, Method
from numdiff.rules.base import Choice, Rule, RuleStatus
from numdiff.rules.run import run_rule

__all__ = ["FUNCTIONS", "POINTS", "elementwise", "obstacles", "require_an_answer"]


def _raises(x: Any) -> Any:
    raise ZeroDivisionError("1/0")


def _nan_above_one(x: Any) -> Any:
    return np.where(x > 1, x * np.nan, x * x)


FUNCTIONS: dict[str, tuple[Callable[[Any], Any], tuple[float, float]]] = {
    "exponential": (np.exp, (-math.inf, math.inf)),
    "parabola": (lambda x: x * x + x, (-math.inf, math.inf)),
    "straight line": (lambda x: x * 0.5 + 1.0, (-math.inf, math.inf)),
    "constant": (lambda x: x * 0 + 1.5, (-math.inf, math.inf)),
    "zero": (lambda x: x * 0, (-math.inf, math.inf)),
    "odd": (np.sin, (-math.inf, math.inf)),
    "even": (np.cos, (-math.inf, math.inf)),
    "logarithm": (np.log, (0.0, math.inf)),
    "root": (np.sqrt, (0.0, math.inf)),
    "logarithm without domain": (np.log, (-math.inf, math.inf)),
    "narrow": (lambda x: np.arctan(x - 1.0), (1.0 - 2.0**-6, 1.0 + 2.0**-5)),
    "pole": (lambda x: 1.0 / x, (-math.inf, math.inf)),
    "huge": (lambda x: np.exp(x * 80.0), (-math.inf, math.inf)),
    "NaN": (lambda x: x * np.nan, (-math.inf, math.inf)),
    "infinite": (lambda x: x * 0 + np.inf, (-math.inf, math.inf)),
    "NaN above 1": (_nan_above_one, (-math.inf, math.inf)),
    "raises": (_raises, (-math.inf, math.inf)),
}
"""Each with its domain."""
POINTS = (0.0, -0.0, 1.0, 0.5, -2.5, 1e20, -1e20, 1e-20, -1e-20, 1e-3)


def obstacles(fmt: FloatFormat) -> Iterator[tuple[str, Any, float | None]]:
    """Yield the name of a function, a point of the format inside its domain, and a noise."""
    for name, (_, (low, high)) in FUNCTIONS.items():
        for point in POINTS:
            x = fmt.as_array(point)[()]
            if np.isfinite(x) and low < float(x) < high:
                yield name, x, None
                yield name, x, 1e-3


def require_an_answer(rule: Rule, name: str, most: int, formula: Method = CENTERED) -> list[tuple[str, Any, Choice]]:
    """Run a rule at all obstacles in a format, hold its answers against the protocol, and return them.

    Parameters
    ----------
    rule : Rule
    name : str
        The name of the format.
    most : int
        How many evaluations it may take.
    formula : Stencil
    """
    fmt, answers = FORMATS[name], []
    for case, x, noise in obstacles(fmt):
        f, domain = FUNCTIONS[case]
        seen: list[float] = []

        def watched(nodes: Any, f: Callable[[Any], Any] = f, seen: list[float] = seen) -> Any:
            seen.extend(np.asarray(nodes).astype(np.longdouble).tolist())
            return f(nodes)

        choice = run_rule(rule, watched, x, formula, fmt, noise=noise, domain=domain)
        where = (rule.name, name, case, x, noise, choice)
        assert all(math.isfinite(node) and domain[0] < node < domain[1] for node in seen), where
        # A batch in which f raises is evaluated once more, one by one.
        assert choice.evaluations <= most * (1 + (case == "raises")), where
        assert choice.error is None or choice.error >= 0, where
        if choice.step is not None:
            assert choice.step.dtype == fmt.dtype, where
            assert choice.step > 0, where
        if choice.status is RuleStatus.OK:
            assert choice.derivative.dtype == fmt.dtype, where
            assert np.isfinite(choice.derivative), where
            if case in ("constant", "zero"):
                assert choice.derivative == 0, where
        else:
            assert choice.reason, where
        if case in ("NaN", "infinite", "raises"):
            assert choice.status in (RuleStatus.NOT_FINITE, RuleStatus.NO_STEP, RuleStatus.STEP_LOST), where
        answers.append((case, x, choice))
    return answers


def elementwise(f: Callable[[float], float]) -> Callable[[Any], Any]:
    """Return a function of Python numbers as one of float64 arrays: the same bits for arrays of any length."""

    def mapped(x: Any) -> Any:
        return np.array([f(float(value)) for value in np.ravel(x)]).reshape(np.shape(x))

    return mapped
