"""What people read."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import numdiff as nd
from numdiff.cli.screen import Page, as_options, decimal_text, exact_text, mark_of
from tests.cli.calls import on_terminal


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
    assert [mark_of(order) for order in (1, 2, 3, 5)] == ["f′", "f″", "f‴", "f⁽5⁾"]


def test_advice_of_the_library_is_advice_on_the_command():
    assert as_options("take side='left' or give domain= or max_evaluations=") == (
        "take --side left or give --domain or --max-evaluations"
    )
    for status in nd.DerivativeStatus:
        assert "=" not in as_options(status.advice).replace("nd.", "")


def test_numbers_of_every_format_are_shown():
    for fmt in nd.FORMATS.values():
        assert exact_text(fmt, fmt.dtype.type(np.float64(1.5))) == "1.5"


def test_numbers_are_not_cut_short_where_a_terminal_is_narrow(monkeypatch):
    shown = on_terminal(monkeypatch, "list", "formats", columns=40).out
    assert "…" not in shown
    assert "1.80e+308" in shown
