"""Overflow inside a difference quotient: predicted exactly where the kernel meets it."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from numdiff.analysis.overflow import largest_safe_step, overflows
from numdiff.analysis.taylor import taylor_series
from numdiff.floats.dyadic import dyadic
from numdiff.floats.formats import FORMATS
from numdiff.formulas.kernels import observe
from numdiff.formulas.stencil import CENTERED, FORWARD, Stencil, centered
from numdiff.formulas.table import METHODS

CASES: dict[str, tuple[Any, float]] = {
    "n·f": (lambda x: 1e4 * np.sin(x), 1.0),
    "n·f at wide steps": (np.exp, 8.734375),
    "the sum": (lambda x: 2e4 * x, 1.0),
    "the quotient": (lambda x: 6e4 * np.sin(x) + 0 * x, 0.5),
    "the derivative": (lambda x: np.exp(8 * x) * 10.0, 1.0),
    "nothing": (np.exp, 0.5),
}
SECOND = METHODS["second_centered"]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("stencil", [FORWARD, CENTERED, centered(4), SECOND], ids=lambda s: s.name)
def test_overflow_is_predicted_where_the_kernel_meets_it(name: str, stencil: Stencil) -> None:
    """Dyadic steps, float16; numbers within 8u of the largest one may go either way."""
    (f, x), fmt = CASES[name], FORMATS["float16"]
    series = taylor_series(f, [dyadic(x)])[0]
    assert series is not None
    steps = 2.0 ** -np.arange(1, 7)
    hit = overflows(series, stencil, fmt, steps)
    seen = observe(stencil, f, fmt.round(Fraction(x)), steps.astype(np.float16))
    values = np.isfinite(seen.values).all(0)
    assert np.array_equal(hit[values], ~np.isfinite(seen.result)[values])


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("stencil", [FORWARD, centered(4), SECOND], ids=lambda s: s.name)
def test_no_step_up_to_the_safe_one_overflows(name: str, stencil: Stencil) -> None:
    f, x = CASES[name]
    for fmt in (FORMATS["float16"], FORMATS["float64"]):
        series = taylor_series(f, [dyadic(x)])[0]
        assert series is not None
        safe = largest_safe_step(series, stencil, fmt)
        if safe:
            assert not overflows(series, stencil, fmt, safe * 2.0 ** -np.arange(0, 20)).any()
        else:
            assert fmt.name == "float16"
    assert largest_safe_step(series, stencil, FORMATS["float64"]) > 1


def test_the_limit_is_eight_roundings_below_the_largest_number() -> None:
    fmt = FORMATS["float16"]
    for distance, expected in ((7, True), (9, False)):
        top = float(fmt.largest_finite) * (1 - distance * float(fmt.unit_roundoff))
        series = taylor_series(lambda x, top=top: top + 0 * x, [dyadic(1.0)])[0]
        assert series is not None
        assert overflows(series, CENTERED, fmt, np.array([0.5]))[0] == expected
