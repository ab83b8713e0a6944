"""The wrapper around f and what becomes of an answer, with libraries of the tests: nothing has to be installed."""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from numdiff.extras import MissingExtraError
from numdiff.floats.formats import FORMATS, get_format
from numdiff.formulas.stencil import COMPLEX_STEP, centered
from numdiff.rules.base import Choice, RuleStatus
from numdiff.rules.peers import PEERS, Answer, Peer, Peers, Task, Watched
from tests.rules.peers.asking import EVERYWHERE, asked

# --- f as a library sees it --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bfloat16", "float16", "float32", "float64"])
def test_f_sees_numbers_of_the_format_and_the_library_numbers_of_its_own(name):
    fmt, seen = get_format(name), []
    f = Watched(lambda x: seen.append(x) or x * 3.0, fmt, EVERYWHERE)
    for given in (0.1, [0.1, 0.2], np.float64(0.1), np.array([[0.1], [0.2]]), 1):
        y = f(given)
        wide = np.asarray(given, dtype=np.float64)
        assert y.dtype == np.float64
        assert y.shape == wide.shape
        assert np.array_equal(y, (fmt.as_array(wide) * fmt.constant(3.0)).astype(np.float64))
    assert {x.dtype for x in seen} == {fmt.dtype}
    assert all(x.ndim == 1 and not x.flags.writeable for x in seen)
    own = f(fmt.as_array([0.1, 0.2]))
    assert own.dtype == fmt.dtype


def test_a_complex_argument_is_rounded_to_the_complex_dtype():
    f = Watched(lambda x: x * x, get_format("float32"), (0.0, 2.0))
    assert f(np.array([1 + 0.1j])).tolist() == [complex(np.complex64(1 + 0.1j) ** 2)]
    assert np.isnan(f(-1 + 0j))
    none = Watched(lambda x: x * x, get_format("bfloat16"), EVERYWHERE)
    with pytest.raises(TypeError, match="bfloat16 has no complex dtype"):
        none(1j)
    assert none.refuses_complex


def test_points_are_counted_inside_the_open_domain_and_never_evaluated_outside():
    seen: list[float] = []
    f = Watched(lambda x: seen.extend(x.tolist()) or x, get_format("float64"), (0.0, 1.0))
    y = f([-1.0, 0.0, 0.5, 1.0, np.nan, np.inf, 0.25])
    assert seen == [0.5, 0.25]
    assert np.array_equal(y, [np.nan, np.nan, 0.5, np.nan, np.nan, np.nan, 0.25], equal_nan=True)
    assert (f.points, f.outside) == (2, 5)
    assert np.isnan(f(2.0))
    assert (f.points, f.outside) == (2, 6)


def test_a_node_is_outside_if_it_is_so_after_rounding():
    f = Watched(lambda x: x, get_format("bfloat16"), (-1.0, 1.0))
    assert np.isnan(f(0.9999))  # 1 in 8 bits
    assert f(0.99).dtype == np.float64
    assert f.points == 1
    assert np.asarray(f(ml_dtypes.bfloat16(0.5))).dtype == ml_dtypes.bfloat16


def test_the_end_of_the_domain_is_not_rounded():
    below = np.float32(0.7)  # 0.699999988, which NumPy takes for 0.7 when it compares it with a Python number
    assert not below < 0.7
    f = Watched(lambda x: x, get_format("float32"), (-math.inf, 0.7))
    assert f(below) == below


def test_an_end_at_infinity_excludes_nothing():
    f = Watched(np.tanh, get_format("float64"), EVERYWHERE)
    assert np.array_equal(f([np.inf, np.nan, -np.inf]), [1.0, np.nan, -1.0], equal_nan=True)
    assert (f.points, f.outside) == (3, 0)


def test_a_task_knows_the_room_around_x():
    task = Task(3.0, get_format("float32"), 1, None, (0.0, 4.0))
    assert (task.epsilon, task.scale, task.below, task.above) == (2.0**-23, 3.0, 3.0, 1.0)
    assert (task.cut(9.0), task.cut(0.25)) == (0.5, 0.25)
    assert (task.side(0.5), task.side(1.0), task.side(1.5)) == (0, -1, -1)
    assert Task(0.5, get_format("float32"), 1, None, (0.0, math.inf)).side(0.5) == 1


# --- what becomes of an answer --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Made(Peer):
    """A library of a test."""

    name: str = "made"
    body: Callable[[Watched, Task], Answer] = lambda f, task: Answer(f(task.x))

    def compute(self, f: Watched, task: Task) -> Answer:
        return self.body(f, task)


def outcome(body: Callable[..., Any], f: Any = np.exp, x: float = 0.5, name: str = "float64", **options: Any) -> Choice:
    return asked(Made(body=body), f, x, name, **options)[0]


def test_value_error_step_and_count_are_those_of_the_library():
    choice = outcome(lambda f, task: Answer(f([task.x]), np.array(1e-3), np.array([0.25])))
    assert (choice.derivative, choice.error, choice.step) == (np.exp(0.5), 1e-3, 0.25)
    assert (choice.evaluations, choice.status, choice.reason) == (1, RuleStatus.OK, "")
    assert outcome(lambda f, task: Answer(2.0)).error is None


def test_what_a_library_raises_is_its_outcome_with_the_message():
    def body(f, task):
        f([1.0, 2.0])
        warnings.warn("look out", UserWarning, stacklevel=1)
        raise np.linalg.LinAlgError("Singular\n  matrix")

    choice = outcome(body)
    assert choice.status is RuleStatus.RAISED
    assert choice.reason == "LinAlgError: Singular matrix; UserWarning: look out"
    assert (choice.derivative, choice.evaluations) == (None, 2)
    assert RuleStatus.RAISED.advice
    assert outcome(lambda f, task: 1 // 0).reason.startswith("ZeroDivisionError: ")


def test_what_f_raises_is_no_outcome_of_the_library():
    def f(x):
        raise KeyError("mine")

    def swallowing(f, task):
        try:
            f(0.5)
        except KeyError:
            return Answer(1.0)

    for body in (lambda f, task: Answer(f(0.5)), swallowing):
        with pytest.raises(KeyError, match="mine"):
            outcome(body, f)
    with pytest.raises(TypeError, match="f must keep the dtype"):
        outcome(lambda f, task: Answer(f(0.5)), lambda x: x.astype(np.float64), name="float32")


def test_an_f_that_takes_no_complex_numbers_is_unsuitable():
    choice = outcome(lambda f, task: Answer(f(1j).imag), np.abs)
    assert choice.status is RuleStatus.UNSUITABLE
    assert choice.reason.startswith("f takes no complex numbers: ")


def test_a_warning_is_kept_beside_the_value_and_once():
    def body(f, task):
        for _ in range(3):
            np.log(np.zeros(1))
        return Answer(f(task.x))

    choice = outcome(body)
    assert choice.derivative == np.exp(0.5)
    assert choice.status is RuleStatus.OK
    assert choice.reason == "RuntimeWarning: divide by zero encountered in log"


def test_events_inside_f_are_no_warnings_of_the_library():
    assert outcome(lambda f, task: (f(-1.0), Answer(1.0))[1], np.log).reason == ""


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_an_outcome_and_kept(value):
    choice = outcome(lambda f, task: Answer(value, math.nan))
    assert choice.status is RuleStatus.NOT_FINITE
    assert choice.reason == f"it returned {value}; its estimate of the error is nan"
    assert choice.error is None
    assert str(choice.derivative) == str(value)


def test_a_value_that_is_not_finite_because_of_the_domain_says_so():
    choice = outcome(lambda f, task: Answer(f(-1.0)), np.sqrt, domain=(0.0, 9.0))
    assert choice.status is RuleStatus.OUTSIDE_DOMAIN
    assert choice.reason == "it returned nan; asked for 1 points outside the domain (0.0, 9.0), where it got NaN"
    kept = outcome(lambda f, task: Answer(np.nansum(f([-1.0, 4.0]))), np.sqrt, domain=(0.0, 9.0))
    assert (kept.status, kept.derivative) == (RuleStatus.OK, 2.0)
    assert "asked for 1 points outside the domain" in kept.reason


def test_what_a_library_says_against_its_own_value_is_a_status():
    choice = outcome(lambda f, task: Answer(1.5, 0.1, problem="it gave up"))
    assert (choice.status, choice.reason, choice.derivative) == (RuleStatus.NOT_CONVERGED, "it gave up", 1.5)
    assert outcome(lambda f, task: Answer(math.nan, problem="it gave up")).status is RuleStatus.NOT_FINITE


def test_an_estimate_of_the_error_that_is_none_is_left_out_with_the_reason():
    for error in (math.nan, -1.0):
        choice = outcome(lambda f, task, error=error: Answer(1.0, error))
        assert (choice.status, choice.error) == (RuleStatus.OK, None)
        assert choice.reason == f"its estimate of the error is {error!r}"
    assert outcome(lambda f, task: Answer(1.0, math.inf)).error == math.inf


def test_a_format_that_the_library_does_not_compute_in_is_said_in_the_answer():
    given = []
    body = lambda f, task: given.append(task.x) or Answer(f(task.x))
    assert outcome(body, name="float32").reason == "computed in float64, with an f that rounds to float32"
    assert outcome(body).reason == ""
    assert [type(x) for x in given] == [float, np.float64]


@pytest.mark.skipif("float80" not in FORMATS, reason="this machine has no wider format")
def test_a_wider_format_is_rounded_to_doubles_and_said_so():
    body = lambda f, task: Answer(f(task.x))
    choice, seen = asked(Made(body=body), lambda x: x / 3.0, 0.5, "float80")
    assert choice.reason == "computed in float64, with an f that computes in float80, x and its values rounded"
    assert choice.derivative.dtype == np.float64
    assert seen.dtypes == {FORMATS["float80"].dtype.name}


def test_a_derivative_of_another_order_is_unsuitable():
    choice = outcome(lambda f, task: Answer(task.order), formula=centered(2, 3))
    assert choice.status is RuleStatus.UNSUITABLE
    assert choice.reason == "it computes derivatives of order 1, third_centered is one of order 3"
    assert outcome(lambda f, task: Answer(task.order), formula=COMPLEX_STEP).derivative == 1


# --- the table ------------------------------------------------------------------------------------------------------


def test_every_peer_has_a_name_of_its_own_and_says_whose_figures_it_has():
    assert next(iter(PEERS)) == "scipy_derivative"
    assert all(peer.name == name and peer.platform is True for name, peer in PEERS.items())
    assert all(isinstance(peer, Peer) for peer in PEERS.values())
    libraries = {module for peer in PEERS.values() for module in peer.modules}
    assert libraries == {"scipy", "numdifftools", "jacobi", "numericalderivative"}


def test_a_peer_without_platform_or_with_another_call_is_refused():
    @dataclass(frozen=True)
    class Silent:
        name: str = "silent"

        def __call__(self, f, x, fmt, formula, noise, domain):
            return Choice(derivative=1.0)

    with pytest.raises(TypeError, match=r"platform of the peer 'silent' must be True or False: .* got None"):
        Peers((Silent(),))

    @dataclass(frozen=True)
    class Short:
        name: str = "short"
        platform: bool = False

        def __call__(self, f, x):
            return Choice(derivative=1.0)

    with pytest.raises(TypeError, match="peer 'short' must take f, x, fmt, formula, noise and domain"):
        Peers((Short(),))


def test_a_library_that_is_not_installed_is_named_with_the_command(monkeypatch):
    monkeypatch.setattr("numdiff.extras.missing", lambda *modules: list(modules))
    with pytest.raises(
        MissingExtraError, match=r'the peer .jacobi. needs jacobi.*pip install "numdiff-bench\[peers\]"'
    ):
        asked(PEERS["jacobi"], np.exp, 0.5)
