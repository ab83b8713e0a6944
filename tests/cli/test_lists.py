"""``numdiff list``: everything that is known by name is there."""

import re
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import pytest

from numdiff.cli.lists import COLUMNS, _scientific, rows_of
from numdiff.floats.formats import FORMATS, UNAVAILABLE
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS
from numdiff.rules.peers import PEERS
from tests.cli.calls import call, names_of
from tests.core_environment import needs_everything

KINDS = [pytest.param(kind, marks=needs_everything) if kind == "rules" else kind for kind in COLUMNS]


@pytest.mark.parametrize("kind", KINDS)
def test_columns_are_those_of_the_help(kind):
    row = call("list", kind, "--json").rows[0]
    assert list(row) == names_of(COLUMNS[kind])
    assert call("list", kind, "--csv").rows[0].keys() == row.keys()


@pytest.mark.parametrize(("kind", "known"), [("problems", PROBLEMS), ("formulas", METHODS), ("peers", PEERS)])
def test_every_name_is_listed_in_its_order(kind, known):
    assert [row["name"] for row in call("list", kind, "--csv").rows] == list(known)


def test_options_tell_peers_of_one_library_apart():
    rows = {row["name"]: row for row in call("list", "peers", "--csv").rows}
    assert rows["numdifftools_scaled"]["options"] == "order=4, scaled=True"
    assert rows["scipy_derivative"]["options"] == ""
    assert rows["scipy_derivative"]["library"] == "scipy"


@needs_everything
def test_every_rule_is_listed_with_what_it_does():
    from numdiff.rules.table import RULES

    rows = call("list", "rules", "--csv").rows
    assert [row["name"] for row in rows] == list(RULES)
    assert all(row["summary"].endswith(".") for row in rows)
    assert "Gill" in next(row["reference"] for row in rows if row["name"] == "gill_murray")


def test_formats_are_listed_with_their_precision_and_unit_roundoff():
    _, *lines = call("list", "formats").out.splitlines()
    assert len(lines) == len(FORMATS) + len(UNAVAILABLE)
    for line, (name, known) in zip(lines, FORMATS.items(), strict=False):
        first, precision, unit, roundoff, *_ = line.split()
        assert (first, precision, unit) == (name, str(known.precision), "bits")
        # three significant digits: half a unit of the third is at most 1/200 of the value
        assert abs(Fraction(Decimal(roundoff)) / known.unit_roundoff - 1) <= Fraction(1, 200)


def test_limits_are_exact_as_text():
    for row in call("list", "formats", "--json").rows:
        if row["unavailable"] is None:
            known = FORMATS[row["name"]]
            assert known.lift(known.from_hex(row["largest_finite_hex"])) == known.largest_finite
            assert known.lift(known.from_hex(row["smallest_subnormal_hex"])) == known.smallest_subnormal


def test_the_reason_for_an_unavailable_format_is_given(monkeypatch):
    monkeypatch.setattr("numdiff.floats.formats.UNAVAILABLE", {"float80": "long double is float64 here"})
    assert "float80 is not available: long double is float64 here" in call("list", "formats").out.splitlines()
    assert call("list", "formats", "--json").rows[-1]["unavailable"] == "long double is float64 here"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(1, 2**53), "1.11e-16"),
        (Fraction(1, 2**16382), "3.36e-4932"),
        ((2 - Fraction(1, 2**63)) * 2**16383, "1.19e+4932"),
    ],
)
def test_numbers_outside_the_range_of_a_double_are_printed(value, text):
    assert _scientific(value) == text


def test_problems_are_listed_by_family():
    lines = call("list", "problems").out.splitlines()
    assert [line.split(":")[0].strip() for line in lines if re.match(r"  \w+:( |$)", line)] == list(PROBLEMS)
    heads = [line for line in lines if not line.startswith(" ")]
    families = Counter(problem.family for problem in PROBLEMS.values())
    assert heads == [f"{family}: {count} problems" for family, count in families.items()]


@pytest.mark.parametrize("kind", ["problems", "formats", "formulas"])
def test_lists_fit_a_terminal(kind):
    assert max(map(len, call("list", kind).out.splitlines())) <= 80


def test_rows_say_where_a_problem_comes_from():
    row = next(row for row in rows_of("problems") if row["name"] == "composition")
    assert (row["formula"], row["source"]) == (PROBLEMS["composition"].formula, PROBLEMS["composition"].source)


@needs_everything
def test_rules_of_one_source_are_described_once():
    out = call("list", "rules").out
    text = " ".join(out.split())
    assert "boost1 (order=1), boost2 (order=2), boost4 (order=4), boost6 (order=6), boost8 (order=8)" in text
    assert out.count("N. Thompson, Boost.Math") == 1
    assert all(row["name"] in text for row in call("list", "rules", "--csv").rows)
