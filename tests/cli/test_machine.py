"""Rows for programs: one schema in JSON and CSV."""

import csv
import io
import json
import math
from fractions import Fraction

import numpy as np
import pytest

import numdiff
from numdiff.cli.machine import columns_help, machine_text
from tests.cli.calls import call

ROWS = [
    {"a": np.float32(0.1), "b": math.nan, "c": "text, with a comma", "d": np.int64(3), "e": None, "f": True},
    {"a": Fraction(1, 3), "b": -math.inf, "c": "“ü”", "d": 4, "e": 2.0**-1074, "f": np.False_},
]


def text(rows=ROWS, as_json=False, as_csv=False):
    return machine_text("command", rows[0], rows, as_json=as_json, as_csv=as_csv)


def test_json_is_valid_with_doubles_null_for_nan_and_text_for_infinities():
    def refuse(name):
        raise AssertionError(name)

    document = json.loads(text(as_json=True), parse_constant=refuse)
    assert (document["numdiff"], document["command"]) == (numdiff.__version__, "command")
    first, second = document["rows"]
    assert first == {"a": float(np.float32(0.1)), "b": None, "c": "text, with a comma", "d": 3, "e": None, "f": True}
    assert second == {"a": 1 / 3, "b": "-inf", "c": "“ü”", "d": 4, "e": 5e-324, "f": False}


def test_csv_has_the_same_rows_with_numbers_by_repr():
    head, first, second = csv.reader(io.StringIO(text(as_csv=True)))
    assert head == list("abcdef")
    assert first == [repr(float(np.float32(0.1))), "nan", "text, with a comma", "3", "", "True"]
    assert second == ["0.3333333333333333", "-inf", "“ü”", "4", "5e-324", "False"]


def test_numbers_beyond_doubles_are_infinite():
    rows = [{"a": Fraction(10) ** 400, "b": -(Fraction(10) ** 400)}]
    assert text(rows, as_csv=True).splitlines()[1] == "inf,-inf"


def test_neither_is_none():
    assert text() is None


@pytest.mark.parametrize("words", [("derivative", "no_such_module:f", "--at", "1"), ("list", "formats"), ("explain",)])
def test_both_are_refused_before_anything_is_done(words):
    for options in (("--json", "--csv"), ("--csv", "--json")):
        done = call(*words, *options)
        assert (done.status, done.out) == (2, "")
        assert done.err.startswith("numdiff: error: --json and --csv must not both be given\n")


def test_help_of_columns_fits_a_terminal():
    lines = columns_help({"name": "word " * 40}).splitlines()
    assert max(map(len, lines)) <= 78
    assert lines[0] == "\b"
