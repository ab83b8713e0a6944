"""Every rule on what breaks rules: zeros, f‴ = 0, huge and tiny points, domains, holes, in every format."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from numdiff.floats.formats import FORMATS, FloatFormat
from numdiff.formulas.table import METHODS
from numdiff.rules.base import Choice, RuleStatus
from numdiff.rules.run import RULES, run_rule
from tests.rules.formulas import formula_of

EVERYWHERE = (-math.inf, math.inf)
MOST = 300
"""More evaluations than any rule says that it needs at most."""
every_rule = pytest.mark.parametrize("rule", list(RULES))
every_format = pytest.mark.parametrize("name", FORMATS)
SMOOTH: dict[str, Any] = {
    "exp": np.exp,
    "odd": np.sin,
    "even": np.cos,
    "line": lambda x: 3.0 * x + 1.0,
    "parabola": lambda x: x * x - x,
    "cubic": lambda x: x * x * x,
    "constant": lambda x: x * 0.0 + 1.5,
    "zero": lambda x: x * 0.0,
    "zero at 1": lambda x: x - 1.0,
    "double zero at 1": lambda x: (x - 1.0) * (x - 1.0),
}
POINTS = (0.0, 1.0, -1.0, 0.3, -7.0, 1e-20, -1e-20, 1e20, -1e20)
NOISY = (0.0, 1.0, 1e20)
"""The points at which a noise is given, too."""
TRACED = ("closed_form", "model")
"""Rules that see inside f and do without its noise: exact and slow, with tests of their own."""


@contextmanager
def watched(f: Any, domain: tuple[float, float] = EVERYWHERE) -> Iterator[Any]:
    """Hand out f, and check afterwards that each array that it was called with was finite and inside the domain."""
    seen: list[np.ndarray] = []

    def g(x: Any) -> Any:
        if isinstance(x, np.ndarray):
            seen.append(np.array(x, dtype=np.longdouble))
        return f(x)

    yield g
    for x in seen:
        assert np.isfinite(x).all()
        assert ((x > domain[0]) & (x < domain[1])).all()


def consistent(choice: Choice, fmt: FloatFormat) -> None:
    """Check what holds for every answer: a finite derivative and a step of the format, or a reason."""
    assert choice.evaluations <= MOST
    assert choice.error is None or 0 <= choice.error < math.inf
    if choice.status is not RuleStatus.OK:
        assert choice.reason
        return
    assert np.isfinite(choice.derivative)
    assert choice.derivative.dtype == fmt.dtype
    if choice.step is not None:
        assert 0 < choice.step < math.inf
        assert choice.step.dtype == fmt.dtype


@every_rule
@every_format
@pytest.mark.parametrize("what", SMOOTH)
def test_every_rule_answers_with_a_finite_derivative_or_a_reason(rule: str, name: str, what: str) -> None:
    formula, fmt = formula_of(rule), FORMATS[name]
    for x in POINTS[:2] if rule in TRACED else POINTS:
        if abs(x) > fmt.largest_finite:
            continue
        for noise in (None,) if rule in TRACED or x not in NOISY else (None, 1e-6):
            with watched(SMOOTH[what]) as f:
                consistent(run_rule(rule, f, x, formula, name, noise=noise), fmt)


@every_rule
@every_format
def test_every_rule_stays_inside_the_domain(rule: str, name: str) -> None:
    formula, fmt = formula_of(rule), FORMATS[name]
    for x, domain in (
        (0.5, (0.0, 1.0)),
        (1e-4, (0.0, math.inf)),
        (-1e-4, (-math.inf, 0.0)),
        (float(1 - 4 * fmt.unit_roundoff), (0.0, 1.0)),
        (1.0, (1.0 - 2.0**-40, 1.0 + 2.0**-40)),
        (0.0, (-1e-30, 1e-30)),
        (1e20, (9e19, 1.1e20)),
    ):
        at = fmt.constant(x)
        if np.isfinite(at) and domain[0] < fmt.lift(at) < domain[1]:
            with watched(np.sqrt if x > 0 else np.exp, domain) as f:
                consistent(run_rule(rule, f, at, formula, name, domain=domain), fmt)


HOLES: dict[str, Any] = {
    "NaN far away": lambda x: np.where(abs(x - 0.5) < 2.0**-4, np.exp(x), np.nan),
    "NaN near x": lambda x: np.where(abs(x - 0.5) < 2.0**-20, np.exp(x), np.nan),
    "NaN to the right": lambda x: np.where(x <= 0.5, np.exp(x), np.nan),
    "infinite far away": lambda x: np.where(abs(x - 0.5) < 2.0**-4, np.exp(x), np.inf),
    "infinite at x": lambda x: np.where(x == 0.5, np.inf, np.exp(x)),
    "NaN at all but x": lambda x: np.where(x == 0.5, np.exp(x), np.nan),
    "overflow": lambda x: np.exp(x) ** 1000.0,
}


@every_rule
@every_format
@pytest.mark.parametrize("what", HOLES)
def test_no_rule_takes_a_value_that_is_not_finite_for_a_derivative(rule: str, name: str, what: str) -> None:
    consistent(run_rule(rule, HOLES[what], 0.5, formula_of(rule), name), FORMATS[name])


@every_rule
@pytest.mark.parametrize("reach", [0.0, 2.0**-30, 2.0**-6])
def test_no_rule_fails_where_f_raises_at_some_nodes(rule: str, reach: float) -> None:
    def f(x: Any) -> Any:
        if isinstance(x, np.ndarray) and (abs(np.asarray(x) - 0.5) > reach).any():
            raise ZeroDivisionError("1/0")
        return np.exp(x)

    consistent(run_rule(rule, f, 0.5, formula_of(rule)), FORMATS["float64"])


@every_rule
@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ("float16", "bfloat16")])
@pytest.mark.parametrize("x", [0.5, -1.0, 0.0, 1e-20])
def test_every_rule_finds_the_first_digits_of_a_smooth_function(rule: str, name: str, x: float) -> None:
    """All derivatives are e^x: the best error is about u^(p/(p + 1))."""
    formula = formula_of(rule)
    choice = run_rule(rule, np.exp, x, formula, name)
    assert choice.status is RuleStatus.OK, choice
    u = float(FORMATS[name].unit_roundoff)
    power = formula.accuracy_order / (formula.accuracy_order + 1)
    worst = max(100 * u**power, {"fixed": 1e-4**2 + u / 1e-4}.get(rule, 0.0))
    assert abs(float(choice.derivative) / math.exp(x) - 1) <= worst


@every_rule
def test_every_rule_takes_or_refuses_each_formula(rule: str) -> None:
    for formula in METHODS.values():
        consistent(run_rule(rule, np.exp, 0.5, formula), FORMATS["float64"])


@every_rule
@every_format
def test_the_answer_is_the_same_twice(rule: str, name: str) -> None:
    formula = formula_of(rule)
    first, second = (run_rule(rule, np.exp, 0.7, formula, name) for _ in range(2))
    assert first == second
