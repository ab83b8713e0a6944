"""What the commands take: numbers, intervals, names, formulas."""

import math
from pathlib import Path

import click
import pytest

import numdiff as nd
from numdiff.cli.arguments import EvaluatingCommand, Interval, Numbers, flat, formula_of, one_of, several_of
from tests.cli.calls import call


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("0.5", (0.5,)),
        ("0.5,1,2", (0.5, 1.0, 2.0)),
        (" 1 , -2e-3 ", (1.0, -2e-3)),
        ("0x1.8p-1,-0X1p+3", (0.75, -8.0)),
        ("pi/4", (math.pi / 4,)),
        ("2**-10,1/3", (2.0**-10, 1 / 3)),
        ("inf", (math.inf,)),
    ],
)
def test_numbers_are_those_of_python_in_hex_or_constant_expressions(text, numbers):
    assert Numbers().convert(text, None, None) == numbers


@pytest.mark.parametrize("text", ["", "x", "1,,2", "0xyz", "1;2", "__import__('os')", "abc"])
def test_what_is_no_number_is_refused_with_what_it_is(text):
    with pytest.raises(click.UsageError) as caught:
        Numbers().convert(text, None, None)
    assert "is no number" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("floor(x)", "'floor(x)' is no number; write numbers such as 0.5,1e-3,pi/4"),
        ("x - x", "'x - x' is no number; write numbers such as"),
        ("1/0", "'1/0' is no number; a constant is divided by zero"),
        ("sqr(2)", "'sqr(2)' is no number; sqr is not known; did you mean sqrt?"),
    ],
)
def test_an_expression_that_is_no_number_is_told_why(text, message):
    done = call("derivative", "x", "--at", text)
    assert done.status == 2
    assert done.err.startswith(f"numdiff: error: invalid value for '--at': {message}")


@pytest.mark.parametrize("word", ["inf", "-inf", "nan", "1e999", "2**1024"])
@pytest.mark.parametrize(
    "words",
    [
        ("derivative", "x", "--at"),
        ("check", "x", "1", "--at"),
        ("ledger", "x", "--at", "1", "--step"),
        ("sweep", "x", "--at", "1", "--step"),
    ],
    ids=lambda words: words[0],
)
def test_points_and_steps_are_finite_and_the_option_and_the_word_are_named(words, word):
    done = call(*words, f"1,{word}")
    assert done.status == 2
    assert f"invalid value for '{words[-1]}': {word!r} is no " in done.err


@pytest.mark.parametrize(
    ("words", "word", "least"),
    [
        (("derivative", "x", "--at", "1", "--derivative"), "0", 1),
        (("derivative", "x", "--at", "1", "--max-evaluations"), "-1", 20),
        (("advise", "x", "--at", "1", "--order"), "1.5", 1),
        (("sweep", "x", "--at", "1", "--workers"), "two", 1),
        (("check", "x", "1", "--at", "1", "--seed"), "-1", 0),
    ],
    ids=lambda words: words[0] if isinstance(words, tuple) else None,
)
def test_an_integer_that_is_too_small_is_named_with_the_least_and_not_as_x(words, word, least):
    done = call(*words, word)
    assert done.status == 2
    assert f"invalid value for '{words[-1]}': {word!r} is no integer of at least {least}\n" in done.err
    assert "x>=" not in call(words[0], "--help").out


def test_interval_is_two_ends_and_one_that_is_left_out_is_infinite():
    assert Interval().convert("0:inf", None, None) == (0.0, math.inf)
    assert Interval().convert(":1/2", None, None) == (-math.inf, 0.5)
    assert Interval().convert("-1:", None, None) == (-1.0, math.inf)
    for text in ("1", "1:2:3", "a:b", "1,2:3", "1:2,3"):
        with pytest.raises(click.UsageError):
            Interval().convert(text, None, None)


def test_words_that_begin_with_a_minus_sign_are_no_options():
    command = EvaluatingCommand("f", params=[click.Argument(["expr"]), click.Option(["--at"], type=Numbers())])
    for words in (["-x**2", "--at", "-1,2"], ["--at=-1,2", "-x**2"]):
        assert command.make_context("f", words).params == {"expr": "-x**2", "at": (-1.0, 2.0)}


def test_a_file_may_begin_with_a_minus_sign_too():
    option = click.Option(["--out"], type=click.Path(path_type=Path))
    for words in (["--out", "-a.csv"], ["--out=-a.csv"]):
        assert EvaluatingCommand("f", params=[option]).make_context("f", words).params == {"out": Path("-a.csv")}


def test_several_options_and_several_names_in_one_are_the_same():
    assert flat([(1.0,), (2.0, 3.0)]) == (1.0, 2.0, 3.0)
    assert several_of("dtype", [("a", "b"), ("c",)], "d") == ("a", "b", "c")
    assert several_of("dtype", [], "d") == ("d",)
    with pytest.raises(click.UsageError, match="--dtype must name each once, got 'a' twice"):
        several_of("dtype", [("a",), ("a",)], "d")
    with pytest.raises(click.UsageError, match="--dtype must be one here, got a, b; numdiff sweep takes several"):
        one_of("dtype", [("a", "b")], "d")


def test_formula_is_a_row_of_the_table_or_made_by_its_orders():
    assert formula_of("centered_richardson2", None, None) is nd.METHODS["centered_richardson2"]
    assert formula_of("centered", 10, None) == nd.centered(10)
    assert formula_of("forward", 3, 2) == nd.forward(3, 2)
    assert formula_of("centered", None, 2) == nd.centered(2, 2)
    assert formula_of("backward", None, 2) == nd.backward(1, 2)
    with pytest.raises(click.UsageError, match="got 'centered4', which has orders of its own"):
        formula_of("centered4", 6, None)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--dtype", "float46"], "--dtype must be one of float16"),
        (["--formula", "centred"], "did you mean 'centered'"),
        (["--formula", "forward,centered"], "--formula must be one here"),
        (["--order", "3"], "must be even, got 3"),
    ],
)
def test_unknown_names_are_one_line_that_helps(words, message):
    pytest.importorskip("mpmath", reason="the ledger needs the extra [judge]")
    done = call("ledger", "x", "--at", "1", "--step", "0.1", *words)
    assert done.status == 2
    assert message in done.err
    assert len(done.err.splitlines()) <= 2


@pytest.mark.parametrize(
    "words",
    [
        ["derivative", "x", "--at", "1e-400"],
        ["derivative", "x", "--at", "-0x1p-2000"],
        ["derivative", "x", "--at", "1", "--domain", "-1e-400:2"],
    ],
)
def test_a_number_that_float64_would_round_to_zero_is_refused(words):
    done = call(*words)
    assert done.status == 2
    assert "is below the range of float64" in done.err


@pytest.mark.parametrize("word", ["0", "-0.0", "0e5", "0x0p3", "0x0.0", "1-1", "2*0"])
def test_zero_may_be_written_in_any_way(word):
    assert call("derivative", "x", "--at", word, "--csv").rows[0]["df"] == "1.0"


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (["derivative", "x", "--at", "1", "--side", "left", "--side", "right"], "--side"),
        (["derivative", "x", "--at", "1", "--domain", "0:2", "--domain", "0:3"], "--domain"),
        (["check", "x", "1", "--at", "1", "--seed", "1", "--seed", "2"], "--seed"),
    ],
)
def test_an_option_that_takes_one_value_is_given_once(words, option):
    assert call(*words).err.startswith(f"numdiff: error: {option} must be given once\n")


def test_a_long_option_with_one_dash_is_no_expression():
    done = call("derivative", "x", "-at", "1")
    assert (done.status, done.err.splitlines()[0]) == (2, "numdiff: error: no such option '-at'; did you mean '--at'?")


def test_a_list_of_names_has_no_empty_one():
    assert "--dtype must be names between commas, got 'float32,'" in call("derivative", "x", "--dtype", "float32,").err
