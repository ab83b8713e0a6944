"""The first screen of the report: every number is that of the records."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from experiments import opening as module
from experiments.opening import ORDERS
from numdiff.floats.formats import FORMATS
from numdiff.report.tables import frame_from_csv
from numdiff.study.records import FIELDS
from numdiff.study.run import Measured
from tests.experiments.league.fabricated import cases, measured, player

STEPS = {"centered": {"float64": 4.7e-6, "float16": 0.07}, "forward": {"float64": 9.2e-9, "float16": 0.02}}
DIGITS = {"centered": {"float64": 10.6, "float16": 2.2}, "forward": {"float64": 7.8, "float16": 1.4}}


@pytest.fixture(scope="module")
def records():
    """Return V-shaped errors of three functions with f′ = 2, whose minimum is where it is told to be."""
    rows = []
    for shift, problem in enumerate(("exp", "square", "sigmoid")):
        for method, steps in STEPS.items():
            for name in ("float16", "bfloat16", "float64"):
                best = steps.get(name, steps["float16"])
                digits = DIGITS[method].get(name, DIGITS[method]["float16"]) + 0.2 * (shift - 1)
                for k in range(1, 41):
                    step = 1.2357 * 2.0**-k
                    error = 2 * 10**-digits * max(step / best, best / step)
                    rows.append((problem, method, name, "generic", k, step, error))
                rows.append(
                    (problem, method, name, "given", 0, 1e-4, 2 * 10**-digits * 10 ** (3 - (method == "forward")))
                )
    columns = ["problem", "method", "format", "grid", "k", "step_value", "rms_error"]
    frame = pd.DataFrame(rows, columns=columns)
    constant = {"status": "ok", "neighbours": 33, "failures": 0, "reference": 2.0, "x_value": 1.0, "step": ""}
    return frame.assign(**constant)


def one_step_away(found, wanted):
    """Return whether a step is that of the grid nearest to another one."""
    return abs(np.log2(found / wanted)) <= 0.51


def test_best_steps_and_digits_are_medians_over_the_functions(records):
    best = module.best_steps(records)
    for method, steps in STEPS.items():
        for name, step in steps.items():
            row = best.loc[(method, name)]
            assert one_step_away(row["step_value"], step)
            assert row["digits"] == pytest.approx(DIGITS[method][name], abs=0.16)


def test_usual_case_names_the_step_and_the_digits_there(records):
    text = module.usual_case(records, module.best_steps(records))
    mantissa, low, high = re.search(r"h ≈ (\d)·10⁻⁶·max\(1, \|x\|\): usually (\d+) to (\d+) digits", text).groups()
    assert one_step_away(float(mantissa) * 1e-6, 4.7e-6)
    assert (low, high) == ("10", "11")


def test_step_follows_the_size_of_x(records):
    far = records.assign(x_value=-8.0)
    near = module.digits_at(records, 4.7e-6)
    # At a step eight times too large the error of this V is eight times as large.
    assert near.median() - module.digits_at(far, 4.7e-6).median() == pytest.approx(np.log10(8), abs=0.16)
    assert module.digits_at(far, 4.7e-6 / 8).median() == pytest.approx(near.median())


def test_habit_costs_the_digits_that_the_records_say(records):
    assert "h = 1e-4 costs about 3 of them" in module.usual_default(records)


def test_higher_order_gains_are_differences_of_medians(monkeypatch):
    summary = pd.DataFrame(
        {"method": ["centered", "centered4", "centered6"], "format": "float64", "digits": [10.6, 12.6, 13.5]}
    )
    monkeypatch.setattr(module.higher_order, "summary", lambda records: summary)
    assert "order 4 and 6 gain about 2 and 3 digits" in module.more_digits(SimpleNamespace())


def test_sixteen_bits_are_judged_by_the_better_one(records):
    assert "much more than 2 digits. Take h ≈ 0.08," in module.sixteen_bits(module.best_steps(records))


def test_table_has_a_row_for_each_format(records):
    table = module.best_table(records)
    assert table["format"].tolist() == sorted(["float16", "bfloat16", "float64"], key=lambda n: FORMATS[n].precision)
    assert table["centered_digits"].tolist() == pytest.approx([2.2, 2.2, 10.6], abs=0.16)
    assert set(FIELDS) >= {"step_value", "rms_error", "reference"}


def test_one_significant_digit_is_written_as_a_power_of_ten():
    assert module.power(4.7e-6) == "5·10⁻⁶"
    assert module.one_digit(4.7e-6) == 5e-6


RESULTS = Path(__file__).resolve().parents[2] / "results"


@pytest.mark.skipif(not (RESULTS / "README.md").is_file(), reason="the report is not here: make experiments")
def test_committed_advice_has_the_numbers_of_the_committed_tables():
    def committed(name, **keys):
        frame = frame_from_csv(RESULTS / "tables" / f"{name}.csv")
        for column, value in keys.items():
            frame = frame[frame[column] == value]
        (row,) = frame.to_dict("records")
        return row

    text = (RESULTS / "README.md").read_text(encoding="utf-8").partition("## What to do")[2].partition("\n![")[0]
    best = committed("step_sweep/digits_by_format", format="float64", method="centered")
    assert f"h ≈ {best['step']:.0e}".partition("e")[0] + "·10⁻⁶" in text
    assert 1e-6 <= best["step"] < 1e-5
    low, high = map(int, re.search(r"usually (\d+) to (\d+) digits", text).groups())
    assert low < best["digits"] < high
    lost = committed("optimal_step/verdict", format="float64", method="centered")["digits_lost"]
    assert f"h = 1e-4 costs about {float(lost):.0f} of them" in text
    digits = {m: committed("higher_order/digits", format="float64", method=m)["digits"] for m in ("centered", *ORDERS)}
    gained = [round(digits[name] - digits["centered"]) for name in ORDERS]
    assert f"gain about {gained[0]} and {gained[1]} digits in float64" in text
    narrow = [committed("step_sweep/digits_by_format", format=name, method="centered") for name in module.NARROW]
    assert f"more than {max(row['digits'] for row in narrow):.0f} digits" in text
    assert f"h ≈ {max(row['step'] for row in narrow):.0e}".replace("8e-02", "0.08") in text


def test_a_black_box_is_for_the_estimator_with_the_coverage_that_was_measured():
    found = cases(("league", "coverage"), problems=2)
    held = np.where(np.arange(len(found)) % 100, 5.0, 0.5)
    ours = player(found, "numdiff", "ours", 0.01, held)
    (advice,) = module.black_box({"error_bars": measured(found, ours)})
    coverage = float(re.search(r"holds in (\d+\.\d) %", advice.text)[1])
    assert coverage == pytest.approx(99, abs=0.4)
    assert advice.section == "error_bars"


def test_without_the_estimator_nothing_is_said_of_black_boxes():
    found = cases(("league", "coverage"), problems=2)
    others = measured(found, player(found, "rule", "rule", 0.01, 5.0))
    assert module.black_box({"error_bars": others}) == ()
    assert module.black_box({}) == ()
    assert module.black_box({"error_bars": Measured()}) == ()
