"""One-sided truth in the ledger: against derivatives that were written by hand, in all formats and engines."""

import math
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from numdiff.analysis.error_bounds import error_bounds
from numdiff.analysis.error_ledger import error_ledger
from numdiff.analysis.ledger import Ledger, Status
from numdiff.analysis.reference import ExactFunction, State
from numdiff.floats.formats import FORMATS, dyadic
from numdiff.formulas.stencil import CENTERED, FORWARD, Stencil, backward, centered, forward
from tests.analysis.one_sided_cases import AT_JOINT, AT_ZERO, MP, Case, expected

NAMES = [name for name in ("float16", "bfloat16", "float32", "float64", "float80") if name in FORMATS]
SIDES: dict[int, Stencil] = {1: FORWARD, 0: CENTERED, -1: backward()}
STATES = {
    "jump": {State.JUMP},
    "unproved": {State.UNPROVED},
    "pole": {State.OUT_OF_DOMAIN},
    "domain": {State.OUT_OF_DOMAIN},
    "unknown": {State.OUT_OF_DOMAIN},
    "kink": {State.KINK},
}
CASES = {
    f"{name} at {place}": (case, place)
    for place, table in (("0", AT_ZERO), ("c", AT_JOINT))
    for name, case in table.items()
}


def joint_of(name: str, place: str) -> float:
    """Return a number that the format and a double hold."""
    return 0.0 if place == "0" else float(FORMATS[name].round(Fraction(0.7))) if name != "float80" else 0.7


def truth_of(case: Case, side: int, c: float) -> tuple[Any, str]:
    """Return the double nearest to the truth, and the reason where there is none."""
    wanted = expected(case, side)
    if isinstance(wanted, str):
        return math.nan, wanted
    value = MP.mpf(wanted(MP.mpf(c)))
    other = None if side or case.both else MP.mpf(case.left(MP.mpf(c)))
    if other is not None and abs(other - value) > MP.mpf(2) ** -500 * (1 + abs(value)):
        return math.nan, "kink"
    sign, mantissa, exponent, _ = value._mpf_
    return float(Fraction(-int(mantissa) if sign else int(mantissa)) * Fraction(2) ** exponent), ""


def ledger_of_case(case: Case, c: float, name: str, side: int, engine: Any = "arb") -> Ledger:
    with np.errstate(all="ignore"):
        return error_ledger(case.f(c), FORMATS[name].as_array(c), 2.0**-4, SIDES[side], name, engine)


@pytest.mark.parametrize("key", CASES)
def test_one_sided_truth_is_the_derivative_written_by_hand(key: str) -> None:
    case, place = CASES[key]
    for name, side in product(NAMES if place == "c" else ("float64",), SIDES):
        c = joint_of(name, place)
        reference = ExactFunction(case.f(c), engine="arb").reference(dyadic(c), 1, side)  # type: ignore[arg-type]
        value, reason = truth_of(case, side, c)
        assert reference.value == value or (math.isnan(reference.value) and reason), (name, side, reference)
        assert reference.state in (STATES[reason] if reason else {State.CERTIFIED, State.EXACT}), (name, side)


@pytest.mark.parametrize(
    "key", ["abs at 0", "x**1.5 at 0", "sinc, safe at 0", "x|x| + sin at c", "sign at 0", "x|x| at 0"]
)
@pytest.mark.parametrize("name", NAMES)
def test_ledger_has_the_one_sided_truth_and_its_parts_in_every_format(name: str, key: str) -> None:
    case, place = CASES[key]
    c = joint_of(name, place)
    for side in SIDES:
        ledger = ledger_of_case(case, c, name, side)
        value, reason = truth_of(case, side, c)
        assert np.array_equal(ledger.reference[()], value, equal_nan=True)
        assert math.isnan(ledger.total[()]) == bool(reason)
        parts = ledger.exact_parts()
        if not reason:
            assert ledger.status == Status.OK
            assert parts["total"] == sum(v for k, v in parts.items() if k not in ("total", "roundoff"))  # type: ignore[misc]


@pytest.mark.parametrize("key", CASES)
def test_both_engines_publish_the_same_bytes_beside_a_joint(key: str) -> None:
    case, place = CASES[key]
    c = joint_of("float64", place)
    for side in SIDES:
        ours, theirs = (ledger_of_case(case, c, "float64", side, engine) for engine in ("mpmath", "arb"))
        for field in ("reference", "reference_radius", "truncation", "abscissa", "evaluation", "combination", "total"):
            assert getattr(ours, field).tobytes() == getattr(theirs, field).tobytes(), field
        assert (ours.status, ours.state, ours.references) == (theirs.status, theirs.state, theirs.references)


SOUND = [*(key for key in CASES if "domain" not in (CASES[key][0].right, CASES[key][0].left))]


@pytest.mark.parametrize("key", SOUND)
def test_no_bound_is_exceeded_beside_a_joint(key: str) -> None:
    """Where the proof does not hold, the bound is infinite."""
    case, place = CASES[key]
    formats = ("float64",) if "float_power" in key else ("float32", "float64")  # in NumPy it is of float64
    for name, stencil, step in product(formats, (*SIDES.values(), centered(4)), (2.0**-7,)):
        c = joint_of(name, place)
        x = FORMATS[name].as_array(c)
        with np.errstate(all="ignore"):
            ledger = error_ledger(case.f(c), x, step, stencil, name, "arb")
            bound = error_bounds(case.f(c), x, step, stencil, name)
        assert math.isnan(ledger.total[()]) or abs(ledger.total[()]) <= bound[()]


def test_truncation_bound_is_infinite_where_the_pieces_meet_inside() -> None:
    for f in (lambda x: x * np.abs(x), lambda x: np.where(x == 0, 1.0, np.sin(x) / np.where(x == 0, 1.0, x))):
        assert error_bounds(f, 0.0, 0.125, CENTERED)[()] == math.inf
    assert error_bounds(lambda x: x**1.5, 0.0, 0.125, FORWARD)[()] == math.inf


@pytest.mark.parametrize("engine", ["mpmath", "arb"])
def test_given_derivative_is_none_where_f_has_none(engine: Any) -> None:
    """np.sign(0) is 0, and no derivative of abs."""
    exact = ExactFunction(np.abs, np.sign, engine)
    assert exact.reference((0, 0)).state is State.KINK
    assert exact.reference((0, 0), 1, 1).value == 1
    assert exact.reference(dyadic(0.5)).value == 1


@pytest.mark.parametrize("engine", ["mpmath", "arb"])
def test_given_derivative_is_held_against_the_sides(engine: Any) -> None:
    with pytest.raises(ValueError, match=r"derivative must be f'.* at x = 0.0"):
        ExactFunction(lambda x: x * np.abs(x), lambda x: 2 * np.abs(x) + (x == 0), engine).reference((0, 0))
    exact = ExactFunction(lambda x: x**4.5, lambda x: 4.5 * x**3.5, engine)
    assert [exact.reference((0, 0), 1, side).value for side in (1, 0)] == [0, 0]


def test_formulas_of_higher_order_look_to_the_side_of_all_their_nodes() -> None:
    for stencil, side in ((forward(3), 1), (backward(2), -1), (centered(4), 0), (forward(2, 2), 1)):
        assert stencil.direction == side
    ledger = error_ledger(lambda x: x * np.abs(x), 0.0, 0.25, forward(2, 2))
    assert (ledger.reference[()], ledger.total[()], ledger.state) == (2, 0, State.EXACT)
    assert error_ledger(lambda x: x * np.abs(x), 0.0, 0.25, centered(2, 2)).status == Status.KINK


def test_a_shape_of_points_has_each_its_own_status() -> None:
    ledger = error_ledger(np.abs, [-1.0, 0.0, 1.0], [[0.25], [0.5]])
    assert ledger.status.tolist() == [["ok", "kink", "ok"]] * 2
    assert ledger.reference[0].tolist()[::2] == [-1, 1]
