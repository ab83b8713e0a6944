"""``numdiff ledger``: exact numbers, one below the other."""

import re
from fractions import Fraction

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

import numdiff as nd
from numdiff.cli.ledger import COLUMNS, digits_in_line
from tests.cli.calls import call, names_of, on_terminal

WORDS = ("ledger", "exp(x**2)**2", "--at", "0.5", "--step", "1e-4")


def lines_of(out):
    """Return the numbers by letter, and the places of the marks below them."""
    numbers, marks = {}, {}
    for line in out.splitlines():
        if match := re.match(r"([tabcd])  ( *-?[\d.]+\S*)", line):
            letter, text = match.groups()
            numbers[letter] = text
        elif line.strip() == "^":
            marks[letter] = line.index("^") - 3
    return numbers, marks


def test_digits_are_those_of_mpmath():
    numbers, _ = lines_of(call(*WORDS).out)
    with mpmath.workdps(60):
        x, h, g = mpmath.mpf(0.5), mpmath.mpf(1e-4), lambda t: mpmath.exp(2 * t**2)
        exact = {"t": 4 * x * g(x), "a": (g(x + h) - g(x - h)) / (2 * h)}
        low, high = mpmath.mpf(0.5 - 1e-4), mpmath.mpf(0.5 + 1e-4)
        exact["b"] = (g(high) - g(low)) / (2 * h)
        for letter, value in exact.items():
            unit = mpmath.mpf(10) ** -len(numbers[letter].partition(".")[2])
            assert abs(mpmath.mpf(numbers[letter]) - value) <= unit / 2, letter
    assert float(numbers["d"]) == float(call(*WORDS, "--csv").rows[0]["d"])


def test_marks_stand_below_the_first_digit_that_differs_from_the_line_above():
    numbers, marks = lines_of(call(*WORDS).out)
    assert list(numbers) == list("tabcd")
    assert set(marks) == set("abcd")
    for above, letter in zip("tabc", "abcd", strict=True):
        place = marks[letter]
        assert numbers[above][:place] == numbers[letter][:place]
        assert numbers[above][place] != numbers[letter][place]
    assert len({len(text) for text in numbers.values()}) == 1


def test_rows_for_programs_are_the_ledger_of_the_library():
    (row,) = call(*WORDS, "--json").rows
    ledger = nd.error_ledger(nd.PROBLEMS["composition"].f, 0.5, 1e-4)
    for part in ("truncation", "abscissa", "evaluation", "combination", "roundoff", "total"):
        assert row[part] == float(getattr(ledger, part))
    assert row["d"] == float(ledger.computed)
    assert row["t"] == float(ledger.reference)
    assert (row["status"], row["state"]) == ("ok", "certified")


@pytest.mark.parametrize("how", ["--json", "--csv"])
def test_columns_are_those_of_the_help(how):
    assert list(call(*WORDS, how).rows[0]) == names_of(COLUMNS)


def test_several_points_and_steps_are_as_many_cells():
    rows = call("ledger", "sin(x)", "--at", "1,2", "--step", "1e-3,1e-5,1e-7", "--csv").rows
    assert [(float(row["x"]), float(row["step"])) for row in rows] == [
        (x, h) for x in (1, 2) for h in (1e-3, 1e-5, 1e-7)
    ]


def test_a_cell_without_an_error_is_said_with_status_1():
    done = call("ledger", "abs(x)", "--at", "0", "--step", "0.5")
    assert done.status == 1
    assert "no parts to show: kink (numdiff explain kink); truth: kink" in done.out
    assert "truncation:" not in done.out, "nothing is there that the legend could be of"
    (row,) = call("ledger", "abs(x)", "--at", "0", "--step", "0.5", "--json").rows
    assert row["t"] is None


def test_a_step_that_x_absorbs_has_an_error_and_is_named():
    done = call("ledger", "x**3", "--at", "1", "--step", "1e-20")
    assert done.status == 0
    assert "absorbed: numdiff explain absorbed says what that is" in done.out
    assert call("explain", "absorbed").status == 0


def test_numbers_far_below_all_formats_are_shown():
    """Of −exp(−10⁴), and of a derivative of which only a bound near 2⁻⁶⁵⁵³⁶ is known."""
    done = call("ledger", "exp(-x)", "--at", "1e4", "--step", "0.5")
    assert lines_of(done.out)[0]["t"] == "-1.1355e-4343"
    numbers, marks = lines_of(call("ledger", "exp1(x)", "--at", "1e300", "--step", "1e290").out)
    assert ({float(number) for number in numbers.values()}, marks) == ({0.0}, {})


def test_parts_that_are_0_have_no_mark():
    numbers, marks = lines_of(call("ledger", "x**2", "--at", "1", "--step", "0.5").out)
    assert len(numbers) == 5
    assert marks == {}


def test_a_formula_without_rounding_shows_its_digits_too():
    numbers, _ = lines_of(call("ledger", "exp(x)", "--at", "1", "--step", "1e-20", "--formula", "complex_step").out)
    with mpmath.workdps(60):
        assert abs(mpmath.mpf(numbers["t"]) - mpmath.e) < mpmath.mpf(10) ** -40


def test_lines_fit_the_terminal_and_common_digits_are_dim(monkeypatch):
    for columns in (80, 120):
        done = on_terminal(monkeypatch, *WORDS, columns=columns)
        plain = re.sub(r"\x1b\[[\d;]*m", "", done.out)
        assert max(map(len, plain.splitlines())) <= columns
        assert re.search(r"\x1b\[2m3\.297442\x1b", done.out)


RATIOS = st.fractions(min_value=-(10**6), max_value=10**6, max_denominator=10**9)


@given(st.lists(RATIOS, min_size=2, max_size=5), st.integers(-40, 40))
def test_lines_have_one_length_and_each_is_the_number_to_half_a_unit(numbers, power):
    scaled = [number * Fraction(10) ** power for number in numbers]
    lines = digits_in_line(scaled, 50)
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) <= 51
    for number, line in zip(scaled, lines, strict=True):
        digits, _, exponent = line.strip().partition("e")
        unit = Fraction(10) ** (int(exponent or 0) - len(digits.partition(".")[2]))
        assert abs(Fraction(line.strip()) - number) <= unit / 2


def test_all_zeros_are_shown():
    assert digits_in_line([Fraction(0), Fraction(0)], 40) == ["0.00", "0.00"]
