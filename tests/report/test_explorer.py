import base64
import hashlib
import math
import re
import struct
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.explorer import FAMILIES, explorer_of, formula_text
from experiments.frames import optima
from experiments.step_sweep.step_sweep import SWEEP
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS
from numdiff.report.explorer import PARTS, Subject, bound_text, explorer, on_dark
from numdiff.report.explorer_data import (
    COLUMNS,
    GRIDS,
    SIZES,
    SUM_ACCURACY,
    SUMS,
    computed_text,
    explorer_data,
    packed,
    scientific,
)
from numdiff.report.styles import FORMAT_STYLE
from numdiff.study.records import PARTS as LEDGER
from numdiff.study.run import Measured
from tests.report import explorer_sample as sample


@pytest.fixture(scope="module")
def records():
    return sample.measured().records


@pytest.fixture(scope="module")
def data():
    return sample.data_of(sample.made().end)


def unpack(text, size, n):
    kept = base64.b64decode(text)
    numbers = [struct.unpack("<d", bytes(8 - size) + kept[i : i + size])[0] for i in range(0, len(kept), size)]
    return [0.0] * (n - len(numbers)) + numbers


floats = st.floats(allow_infinity=True, allow_nan=True)


@given(st.lists(floats, min_size=1), st.sampled_from([3, 4]))
def test_packed_numbers_come_back_within_half_of_the_last_bit_and_what_is_not_0_stays_so(numbers, size):
    bits = 8 * size - 11
    for number, back in zip(numbers, unpack(packed(numbers, size=size), size, len(numbers)), strict=True):
        if math.isfinite(number) and math.isfinite(back) and abs(number) > 2.0**-1000:
            assert abs(Fraction(back) - Fraction(number)) <= Fraction(abs(number)) / 2**bits
        elif math.isfinite(number) and math.isfinite(back):
            assert (back == 0) == (number == 0)
            assert abs(back) <= 2.0**-999
        elif math.isfinite(number):
            assert abs(number) > 1.79e308
        else:
            assert np.array_equal(back, number, equal_nan=True)
        assert math.isnan(number) or math.copysign(1, back) == math.copysign(1, number) or number == 0


@given(st.lists(st.floats(min_value=0, allow_infinity=True), min_size=1))
def test_packed_bounds_are_rounded_up_by_at_most_their_last_bit(numbers):
    for number, back in zip(numbers, unpack(packed(numbers, size=3, up=True), 3, len(numbers)), strict=True):
        assert back >= number
        if 2.0**-1000 < number < 1e300:
            assert Fraction(back) - Fraction(number) < Fraction(number) / 2**12
        assert (back == 0) == (number == 0)


def test_parts_and_bounds_decode_back_to_the_records(records, data):
    seen = 0
    for (grid, problem, method, name), run in sample.runs(records):
        for column in COLUMNS:
            exact = run[column].to_numpy(float)
            back = np.array(sample.column(data, grid, problem, method, name, column))
            assert len(back) == len(exact)
            finite = np.isfinite(exact)
            assert sample.same(back[~finite], exact[~finite])
            assert np.all((back[finite] == 0) == (exact[finite] == 0))
            if column == "a_priori_bound":
                assert np.all((back >= exact)[finite] & (back[finite] <= exact[finite] * (1 + 2.0**-12)))
            else:
                relative = SUM_ACCURACY if column in SUMS else 2.0 ** (11 - 8 * SIZES[column])
                assert np.all(np.abs(back - exact)[finite] <= np.abs(exact[finite]) * relative)
            seen += len(back)
    assert seen == len(COLUMNS) * int(records["grid"].isin(list(GRIDS)).sum())


def test_steps_values_statuses_and_marks_are_those_of_the_records(records, data):
    best = {(row.problem, row.method, row.format): row.k for row in optima(records).itertuples()}
    for (grid, problem, method, name), run in sample.runs(records):
        kept = data["runs"][grid][problem][method][name]
        assert data["steps"][grid][name][: len(run)] == run["step"].tolist()
        assert [data["statuses"][int(mark, 36)] for mark in kept["status"]] == run["status"].tolist()
        assert sample.same(sample.computed(kept), run["computed_value"])
        assert kept["best"] == (best.get((problem, method, name)) if grid == "generic" else None)
        assert kept["prediction"] == run["prediction"].iloc[0]
        first = run.iloc[0]
        if kept["predicted"] is None:
            assert not math.isfinite(first["predicted_step"] + first["predicted_error"])
        else:
            assert kept["predicted"] == pytest.approx([first["predicted_step"], first["predicted_error"]], rel=1e-5)
    assert {mark for mark in data["statuses"] if mark != "ok"} >= {"absorbed", "outside-domain"}


def test_kept_parts_add_up_within_their_last_bits(records, data):
    for (grid, problem, method, name), run in sample.runs(records):
        total, truncation, roundoff, *parts = (
            np.array(sample.column(data, grid, problem, method, name, c)) for c in COLUMNS[:-1]
        )
        ok = (run["status"] == "ok").to_numpy()
        for whole, pieces in ((total, (truncation, roundoff)), (roundoff, parts)):
            slack = sum(map(np.abs, (whole, *pieces))) * 2.0**-20
            assert np.all((np.abs(whole - sum(pieces)) <= slack)[ok])


def test_truncation_at_dyadic_steps_is_kept_once(data):
    (longest,) = [n for n, run in data["runs"]["dyadic"]["composition"]["centered"].items() if run["columns"][0] != "="]
    assert longest == max(data["steps"]["dyadic"], key=lambda name: len(data["steps"]["dyadic"][name]))


def test_every_function_formula_and_format_of_the_whole_sweep_is_there_within_the_size_limit(records):
    one = records[records["problem"] == "composition"]  # it has more cells than most
    own = {name: one.assign(problem=name) for name in SWEEP.problems}
    scipy = {name for name in SWEEP.problems if PROBLEMS[name].family == "special"}  # has two formats, seldom three
    own |= {name: own[name][own[name]["format"].isin(["float32", "float64"])] for name in scipy}
    found = explorer_of({"step_sweep": Measured(records=pd.concat(own.values(), ignore_index=True))})
    assert sum(len(part.encode()) for part in (found.html, found.end, found.css)) <= 1_500_000
    data = sample.data_of(found.end)
    for grid in GRIDS:
        assert set(data["runs"][grid]) == set(SWEEP.problems)
        for name, by_formula in data["runs"][grid].items():
            assert set(by_formula) == {"forward", "centered"}
            assert all(set(by_format) == set(own[name]["format"]) for by_format in by_formula.values())


def test_function_is_told_with_formula_point_derivative_and_reason(data):
    told = data["functions"]["composition"]
    assert told["formula"] == "exp(x²)²"
    assert "at x = 0.5" in told["about"]
    assert "f′(x) = 3.2974425414002562936…" in told["about"]
    assert FAMILIES["step4"] in told["about"]
    assert PROBLEMS["composition"].reason in told["about"]
    assert "f′(x) = 1.024·10³ (" in data["functions"]["nash_log_near_zero"]["about"]


def test_columns_of_the_platform_are_named(data):
    assert set(data["platform"]) == {
        "total",
        "roundoff",
        "evaluation",
        "combination",
        "a_priori_bound",
        "computed",
    }


def test_policy_is_the_digest_of_the_script_that_the_page_carries():
    (script,) = re.findall(r"<script>(.*?)</script>", sample.made().end, re.S)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert sample.made().policy == f"'sha256-{digest}'"
    assert script.count("\n") <= 500
    assert "</" not in script


def test_data_cannot_end_their_element(records):
    subjects = {name: sample_subject("</script><b>&") for name in records["problem"].unique()}
    found = explorer(records, optima(records), subjects, {"forward": "f", "centered": "c"}, formats_of(records))
    assert found.end.count("</script>") == 2
    assert "&lt;/script&gt;&lt;b&gt;" in found.html
    assert sample.data_of(found.end)["functions"]["composition"]["formula"] == "</script><b>&"


def test_page_without_the_script_has_a_sentence_and_the_table_of_one_run(records):
    html = str(sample.made().html)
    run = records[
        (records["problem"] == "composition")
        & (records["method"] == "centered")
        & (records["format"] == "float64")
        & (records["grid"] == "generic")
    ]
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", html)
    assert len(rows) == len(run)
    for row, cell in zip(rows, run.sort_values("k").itertuples(), strict=True):
        texts = re.findall(r"<td[^>]*>(.*?)</td>", row)
        if cell.status == "ok":
            assert texts[:3] == [scientific(cell.total), scientific(cell.truncation), scientific(cell.roundoff)]
        else:
            assert texts[0] == texts[2] == texts[3] == cell.status
    tools = re.findall(r"<\w+ class=\"x-tool[^>]*>", html)
    assert len(tools) == 5
    assert all(" hidden" in tool for tool in tools)
    assert "Without it, this table shows one of them" in html


def test_numbers_are_written_with_the_digits_that_they_deserve():
    assert scientific(-6.4310305e-12) == "−6.431·10⁻¹²"
    assert scientific(0.0) == "0"
    assert scientific(1.2e-76, 2) == "1.2·10⁻⁷⁶"
    assert bound_text(1.131115e-10) == "1.14·10⁻¹⁰"
    assert bound_text(9.999e5) == "1.00·10⁶"
    assert bound_text(1.0) == "1.00·10⁰"
    assert bound_text(math.inf) == "none"
    assert bound_text(0.0) == "0"


def test_formulas_are_written_by_hand():
    assert formula_text(METHODS["forward"]) == "(f(x + h) − f(x)) / h"
    assert formula_text(METHODS["centered"]) == "(f(x + h) − f(x − h)) / 2h"
    assert formula_text(METHODS["forward2"]) == "(− f(x + 2h) + 4f(x + h) − 3f(x)) / 2h"
    assert formula_text(METHODS["complex_step"]) == "Im f(x + ih) / h"


def test_series_are_seen_on_the_dark_ground():
    css = str(sample.made().css)
    rules = re.findall(r"^  #explorer \.s-\w+ \{ --c: (#[0-9a-f]{6}); \}", css, re.M)
    assert len(rules) == len(set(re.findall(r"\.s-\w+", css)))
    assert on_dark(FORMAT_STYLE["float64"].color) in rules
    assert all(contrast(colour, "#14181d") >= 4.5 for colour in rules)


def contrast(a, b):
    def luminance(colour):
        channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True)) + 0.05

    low, high = sorted((luminance(a), luminance(b)))
    return high / low


def formats_of(records):
    return list(dict.fromkeys(records["format"]))


def sample_subject(text):
    return Subject(text, "family", "reason")


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda r: r[r["grid"] == "given"], "records must have cells of a grid of generic, dyadic, got none"),
        (lambda r: r[r["k"] != 3], "records must have one cell for each k = 1, 2, … of a run"),
        (lambda r: r.assign(problem="exp"), "subjects must name every problem of records, got none for 'exp'"),
        (
            lambda r: r.assign(x=["0x1p+0" if k == 5 else x for k, x in zip(r["k"], r["x"], strict=True)]),
            "records must have one point a function, got 2",
        ),
    ],
)
def test_records_that_cannot_be_shown_are_refused(records, change, message):
    one = records[records["problem"] == "composition"]
    subjects = {"composition": sample_subject("f")}
    with pytest.raises(ValueError, match=re.escape(message)):
        explorer_data(change(one), optima(one), subjects, {"forward": "", "centered": ""}, formats_of(one))


def test_step_of_another_grid_is_refused(records):
    one = records[records["problem"] == "composition"]
    moved = one.assign(step=[s if k < 5 else "0x1p-99" for s, k in zip(one["step"], one["k"], strict=True)])
    both = pd.concat([one, moved.assign(problem="exp")], ignore_index=True)
    subjects = dict.fromkeys(("composition", "exp"), sample_subject("f"))
    with pytest.raises(ValueError, match="at the steps of its grid: exp"):
        explorer_data(both, optima(one), subjects, {"forward": "", "centered": ""}, formats_of(one))


def test_sweep_that_was_not_measured_has_no_explorer():
    assert explorer_of({}) is None


def test_parts_are_those_of_the_ledger_and_their_sums():
    assert set(PARTS) == {*LEDGER, "total", "roundoff"}
    assert set(PARTS) == set(COLUMNS[:-1])


def test_a_value_that_is_nan_is_kept_in_one_form():
    """Its sign bit depends on the operation that made it, and on the compiler."""
    nan = np.array([math.nan, 1.0])
    assert computed_text(nan) == computed_text(np.copysign(nan, [-1.0, 1.0]))
    assert packed(nan, size=3) == packed(np.copysign(nan, [-1.0, 1.0]), size=3)
