"""What people read."""

import contextlib
import io
import os
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import numdiff as nd
from numdiff.cli import main
from numdiff.cli.screen import Bar, Page, as_options, decimal_text, exact_text, mark_of, shows_progress
from tests.cli.calls import call, on_terminal
from tests.core_environment import needs_everything


def test_a_table_in_a_pipe_is_not_broken_and_text_is_wrapped():
    page = Page()
    page.line("word " * 40)
    page.table(["name", "value"], [["long " * 40, "1"]])
    lines = page.text().splitlines()
    assert max(map(len, lines[:-2])) <= 80
    assert len(lines[-1]) > 200
    assert not any(line.endswith(" ") for line in lines)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("float64", 0.1, "0.1"),
        ("float32", 0.1, "0.1"),
        ("float64", 20.0, "20"),
        ("float64", -1e-9, "-1e-09"),
        ("float64", 1e22, "1e+22"),
        ("bfloat16", 0.5, "0.5"),
        ("float64", 0.0, "0"),
        ("float64", 1 / 3, "0.3333333333333333"),
    ],
)
def test_a_number_has_the_fewest_digits_that_name_it_in_its_format(name, value, text):
    fmt = nd.FORMATS[name]
    assert exact_text(fmt, fmt.as_array(value)[()]) == text


def test_the_text_of_a_number_gives_it_back(rng):
    for fmt in nd.FORMATS.values():
        for value in rng.standard_normal(20) * 10.0 ** rng.integers(-4, 4, 20):
            number = fmt.as_array(value)[()]
            assert fmt.round(Fraction(exact_text(fmt, number))) == number


def test_decimals_are_plain_or_have_a_power_of_ten():
    assert decimal_text(Decimal("1200")) == "1200"
    assert decimal_text(Decimal("2.50e-9")) == "2.5e-09"


def test_derivatives_have_their_marks():
    assert [mark_of(order) for order in (1, 2, 3, 5, 12)] == ["f′", "f″", "f‴", "f⁽⁵⁾", "f⁽¹²⁾"]


def test_advice_of_the_library_is_advice_on_the_command():
    assert as_options("take side='left' or give domain= or max_evaluations=") == (
        "take --side left or give --domain or --max-evaluations"
    )
    for status in nd.DerivativeStatus:
        assert "=" not in as_options(status.advice).replace("nd.", "")


def test_an_error_of_the_library_advises_options_of_the_command(tmp_path, monkeypatch):
    pytest.importorskip("pandas")
    (tmp_path / "screen_nameless.py").write_text("f = lambda x: x * x\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    done = call("sweep", "screen_nameless:f", "--at", "1", "--step", "0.1", "--workers", "2")
    assert done.status == 2
    assert done.err.rstrip().endswith("or use --workers 1")


def test_numbers_of_every_format_are_shown():
    for fmt in nd.FORMATS.values():
        assert exact_text(fmt, fmt.dtype.type(np.float64(1.5))) == "1.5"


@pytest.mark.parametrize("columns", [1, 20, 41])
@pytest.mark.parametrize(
    "words",
    [
        ("advise", "exp(x)", "--at", "0.5"),
        ("ledger", "exp(x)", "--at", "0.5", "--step", "1e-4"),
        ("derivative", "exp(x)", "--at", "0.5,1"),
        *(("list", kind) for kind in ("problems", "formats", "formulas", "peers")),
    ],
    ids=" ".join,
)
def test_a_terminal_may_be_narrow(monkeypatch, words, columns):
    pytest.importorskip("mpmath", reason="the ledger needs the extra [judge]")
    assert on_terminal(monkeypatch, *words, columns=columns).status == 0


def test_a_service_may_have_closed_its_output(monkeypatch):
    monkeypatch.setattr("sys.stdout", None)
    for form in ((), ("--json",)):
        assert main(["derivative", "exp(x)", "--at", "0.5", *form]) == 0


def test_numbers_are_not_cut_short_where_a_terminal_is_narrow(monkeypatch):
    shown = on_terminal(monkeypatch, "list", "formats", columns=40).out
    assert "…" not in shown
    assert "1.80e+308" in shown


class _Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("err", "shown"), [(_Terminal, True), (io.StringIO, False)])
def test_a_bar_is_shown_on_a_terminal_alone_once_the_work_takes_a_second(monkeypatch, err, shown):
    stream = err()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr("sys.stdout", io.StringIO())
    with Bar("points") as bar:
        assert list(bar.counted([1, 2, 3])) == [1, 2, 3]
    assert stream.getvalue() == ""
    monkeypatch.setattr("numdiff.cli.screen._SOON", 0.0)
    with Bar("points") as bar:
        bar.tell(1, 2)
    assert ("points" in stream.getvalue()) is shown


SHOWN = [
    (("derivative", "exp(x)", "--at", "0.5,1,2"), "calls of f: 1"),
    (("ledger", "exp(x)", "--at", "0.5,1", "--step", "1e-4,1e-5"), "calls of f: 1"),
    (("advise", "exp(x)", "--at", "0.5,1"), "points"),
    (("check", "sin(x)", "cos(x)", "--at", "0.5,1"), "slopes"),
    (("derivative", "--problem", "exp", "--at", "0.5"), ""),
]


@needs_everything
@pytest.mark.parametrize(("words", "told"), SHOWN)
def test_a_bar_is_shown_on_a_terminal_and_changes_no_answer(monkeypatch, words, told):
    monkeypatch.setattr("numdiff.cli.screen._SOON", 0.0)
    known = call(*words)
    assert known.err == ""
    err, out = _Terminal(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        assert main(words) == known.status
    assert out.getvalue() == known.out
    assert told in err.getvalue()
    assert bool(err.getvalue()) is bool(told)


def test_what_is_more_than_a_function_is_not_watched(monkeypatch):
    monkeypatch.setattr("sys.stderr", _Terminal())
    monkeypatch.setattr("sys.stdout", io.StringIO())
    bar = Bar("calls of f")
    assert bar.watched(nd.PROBLEMS["exp"]) is nd.PROBLEMS["exp"]
    assert bar.watched(len) is not len
    assert bar.watched(len)("abc") == 3
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert Bar("calls of f").watched(len) is len


def test_no_bar_is_shown_where_the_output_goes_into_a_pipe(monkeypatch):
    read, write = os.pipe()
    with os.fdopen(write, "w") as pipe:
        monkeypatch.setattr("sys.stderr", _Terminal())
        monkeypatch.setattr("sys.stdout", pipe)
        assert not shows_progress()
        monkeypatch.setattr("sys.stdout", io.StringIO())
        assert shows_progress()
        monkeypatch.undo()
    os.close(read)


@pytest.mark.parametrize("value", [1.7e308, -1.79e308, np.finfo(float).max])
def test_a_number_whose_first_digits_round_to_infinity_is_shown(value):
    assert float(exact_text(nd.FORMATS["float64"], np.float64(value))) == value


@pytest.mark.parametrize(
    ("said", "here"),
    [
        ("noise=0.001, as it was given", "--noise 0.001, as it was given"),
        ("or use workers=1", "or use --workers 1"),
        (
            "end the domain at np.nextafter(0.0, -np.inf), with side='right'",
            "end --domain at -5e-324, with --side right",
        ),
        ("end the domain at np.nextafter(1.0, np.inf)", "end --domain at 1.0000000000000002"),
        ("got ndarray array(['a'], dtype='<U1') of dtype <U1", "got ndarray array(['a'], dtype='<U1') of dtype <U1"),
    ],
)
def test_values_in_advice_are_those_that_one_writes(said, here):
    assert as_options(said) == here
