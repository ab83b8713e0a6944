"""Arguments under other names: old ones still work, and those of other libraries are answered with the name here."""

import inspect
import warnings

import numpy as np
import pytest
from mpmath import mp

import numdiff as nd
from numdiff.spellings import hinted, renamed, reordered, unknown_argument, warn_user


def square(x):
    return x * x


POINT = np.array([0.5, 1.0])
CALLS = {
    "forward_difference": (nd.forward_difference, (square, 0.5)),
    "centered_difference": (nd.centered_difference, (square, 0.5)),
    "complex_step": (nd.complex_step, (square, 0.5)),
    "difference": (nd.difference, (square, 0.5)),
    "error_ledger": (nd.error_ledger, (square, 0.5)),
    "error_bounds": (nd.error_bounds, (square, 0.5)),
    "optimal_step": (nd.optimal_step, (square, 0.5)),
    "sweep": (nd.sweep, (square, 0.5)),
    "derivative": (nd.derivative, (square, 0.5)),
    "gradient": (nd.gradient, (lambda x: np.sum(x * x), POINT)),
    "jacobian": (nd.jacobian, (square, POINT)),
    "check_gradient": (nd.check_gradient, (lambda x: np.sum(x * x), lambda x: 2.0 * x, POINT)),
}
HABITS = "method step eps epsilon dx h0 order n formats initial_step full_output rel_step fprime tol".split()


@pytest.mark.parametrize("habit", HABITS)
@pytest.mark.parametrize("name", CALLS)
@pytest.mark.filterwarnings("ignore:the argument:DeprecationWarning")
def test_a_habit_of_another_library_is_answered_by_an_argument_that_the_function_has(name, habit):
    function, arguments = CALLS[name]
    if (name, habit) in [("gradient", "step"), ("jacobian", "step"), ("sweep", "formats")]:
        return  # these are its own old names
    if habit == "method" and name in ("gradient", "jacobian"):
        return  # their own, for the complex step: 2-point and the like are answered where the values are checked
    if (name, habit) == ("derivative", "order"):
        return  # its own, of the derivative: the order of a formula is answered where the values are checked
    with pytest.raises(TypeError) as caught:
        function(*arguments, **{habit: 1e-3})
    message = str(caught.value)
    assert message.startswith(f"{name}() has no argument {habit}; ")
    advice = message.partition("; ")[2]
    if advice.startswith("write "):
        told = advice.removeprefix("write ").partition(":")[0].partition(",")[0]
        assert told in inspect.signature(function).parameters


@pytest.mark.parametrize("eps", ["eps", "step", "dx", "h0", "epsilon"])
@pytest.mark.parametrize("name", ["forward_difference", "centered_difference", "complex_step", "error_ledger"])
def test_the_step_is_answered_where_h_is_missing_too(name, eps):
    function, arguments = CALLS[name]
    with pytest.raises(TypeError, match=rf"{name}\(\) has no argument {eps}; write h$"):
        function(*arguments, **{eps: 1e-3})
    function(*arguments, h=2.0**-10)


def test_the_order_of_a_formula_is_answered_with_stencils_that_work():
    with pytest.raises(TypeError, match=r"stencil=nd\.centered\(4\).*nd\.centered\(2, derivative_order=2\)"):
        nd.gradient(np.sum, POINT, order=4)
    assert nd.centered(4).accuracy_order == 4
    assert nd.centered(2, derivative_order=2).derivative_order == 2


def test_the_error_of_f_itself_is_not_touched():
    def f(x):
        raise TypeError("mine")

    with pytest.raises(TypeError, match=r"^mine$"):
        nd.centered_difference(f, 0.5, 0.25)


def test_a_misspelt_argument_is_answered_with_the_nearest_or_with_all():
    assert str(unknown_argument("g", "vectorised_", ["vectorized"])).endswith("did you mean vectorized?")
    assert str(unknown_argument("g", "qqq", ["f", "x"])).endswith("it has f, x")


@pytest.mark.parametrize("function", [nd.difference, nd.error_ledger, nd.optimal_step, nd.sweep, nd.gradient])
def test_a_signature_shows_the_arguments_and_nothing_else(function):
    kinds = {parameter.kind for parameter in inspect.signature(function).parameters.values()}
    assert kinds <= {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}


def test_an_old_name_and_the_new_one_together_are_refused():
    with pytest.raises(TypeError, match=r"gradient\(\) got h and step, its old name; leave step out"):
        nd.gradient(np.sum, POINT, h=1e-3, step=1e-3)


# --- the order of the arguments of optimal_step ------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", np.float32, np.dtype("float32"), nd.FORMATS["float32"]])
def test_the_old_order_of_optimal_step_still_works_with_a_warning(dtype):
    wanted = nd.optimal_step(np.exp, 0.5, "forward", "float32")
    with pytest.warns(DeprecationWarning, match=r"the argument dtype of optimal_step.*; write dtype="):
        assert nd.optimal_step(np.exp, 0.5, dtype, "forward") == wanted
    with pytest.warns(DeprecationWarning, match=r"the argument dtype of optimal_step.*; write dtype="):
        assert nd.optimal_step(np.exp, 0.5, dtype, stencil="forward") == wanted
    with pytest.warns(DeprecationWarning, match="write dtype=None"):
        assert nd.optimal_step(np.exp, 0.5, None, "forward").step.dtype == np.float64


def test_x_h_stencil_dtype_stand_in_one_order_everywhere():
    order = ["f", "x", "h", "stencil", "dtype"]
    for function in (nd.error_ledger, nd.error_bounds, nd.optimal_step):
        names = [name for name in inspect.signature(function).parameters if name in order]
        assert names == [name for name in order if name in names]


@pytest.mark.parametrize(
    "call",
    [
        lambda **k: nd.error_ledger(np.exp, 0.5, 0.25, **k),
        lambda **k: nd.error_bounds(np.exp, 0.5, 0.25, **k),
        lambda **k: nd.optimal_step(np.exp, 0.5, **k),
        lambda **k: nd.sweep(np.exp, 0.5, 0.25, **k),
        lambda **k: nd.gradient(np.sum, POINT, **k),
        lambda **k: nd.jacobian(np.exp, POINT, **k),
        lambda **k: nd.difference(np.exp, 0.5, 0.25, **({"stencil": "forward"} | k)),
    ],
)
def test_a_formula_in_place_of_a_format_and_the_reverse_are_told_apart(call):
    with pytest.raises(ValueError, match=r"stencil must be .*'float32', which is a format: write dtype='float32'"):
        call(stencil="float32")
    with pytest.raises(TypeError, match=r"stencil must be .*float32.*, which is a format: write dtype="):
        call(stencil=np.float32)
    for formula in ("centered", nd.CENTERED):
        with pytest.raises(ValueError, match=r"dtype must be .*, which is a formula and no format: write stencil="):
            call(dtype=formula)


# --- warnings stand at the line of the user ----------------------------------------------------------------

POOR = (lambda t: t * t, lambda t: 2 * t)


@pytest.mark.parametrize(
    "call",
    [
        lambda: nd.error_ledger(np.exp, 1.0, 1e-3, exact=POOR),
        lambda: nd.sweep(np.exp, 1.0, 1e-3, dtype="float64", exact=POOR),
        lambda: nd.centered_difference(np.exp, 1.0, 1e-30),
        lambda: nd.difference(np.exp, 1.0, 1e-30, "forward", dtype="float32"),
        lambda: nd.gradient(lambda x: np.sum(np.exp(x)), POINT, h=1e-30),
        lambda: nd.jacobian(np.exp, POINT, h=1e-30),
        lambda: nd.gradient(lambda x: np.sum(x * np.inf), POINT),
        lambda: nd.numerical_diff(nd.Exp(), nd.Variable(np.array(1.0)), 1e-30),
        lambda: nd.gradient(np.sum, POINT, step=1e-3),
        lambda: nd.optimal_step(np.exp, 0.5, "float32"),
    ],
)
def test_a_warning_points_to_the_line_of_the_user(call):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        call()
    assert said
    assert {(w.filename, w.lineno) for w in said} == {(__file__, call.__code__.co_firstlineno)}


def test_a_warning_inside_a_function_of_the_user_points_there():
    @hinted
    @renamed()
    @reordered(0, lambda value: isinstance(value, str), "unit")
    def noisy(unit=None):
        warn_user(UserWarning("noise"))

    with pytest.warns(UserWarning, match="noise") as said:
        noisy()
    assert said[0].filename == __file__


def test_the_exact_twin_is_asked_for_where_it_is_taken():
    for call in (nd.error_bounds, nd.optimal_step):
        with pytest.raises(TypeError, match="error_ledger and sweep take an mpmath twin of f"):
            call(np.exp, 0.5, exact=(mp.exp, mp.exp))
    assert nd.error_ledger(np.exp, 0.5, 0.25, exact=(mp.exp, mp.exp)).state == "given"
