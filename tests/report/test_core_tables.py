import math
import re
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache

import pandas as pd
import pytest

from experiments.step_sweep.step_sweep import SWEEP
from numdiff.report.core_tables import ledger_table, parts_table, run_of, truncation_table, used_rows
from tests.study.sweeps import run_sweeps

NAMES = ("exp", "nash_log_near_zero", "signed_square", "kostyrka_line")
"""A regular function, one with a domain, one with a kink and f′ = 0, one without truncation error."""
FORMATS = ("bfloat16", "float16", "float32", "float64")
METHODS = ("forward", "centered")
CASES = [(name, method, fmt) for name in NAMES for method in METHODS for fmt in FORMATS]
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")


@cache
def all_records() -> pd.DataFrame:
    sweep = replace(SWEEP, problems=NAMES, formats=FORMATS, neighbourhood=False, predictions=False)
    return run_sweeps([sweep], "arb", progress=False)["step_sweep"].records


def records(name: str) -> pd.DataFrame:
    return all_records()[all_records()["problem"] == name]


def rows_of(markdown: str) -> list[dict[str, str]]:
    head, _, *body = [
        [cell.strip(" *\u2007\u2008") for cell in line.split("|")[1:-1]] for line in markdown.splitlines()
    ]
    return [dict(zip(head, row, strict=True)) for row in body]


def rows_of_latex(latex: str) -> list[dict[str, str]]:
    lines = [line.removesuffix(r" \\").split(" & ") for line in latex.splitlines() if line.endswith(r" \\")]
    plain = [[_plain(cell) for cell in line] for line in lines]
    return [dict(zip(lines[0], row, strict=True)) for row in plain[1:]]


def _plain(cell: str) -> str:
    cell = re.sub(r"\\phantom\{[^}]*\}", "", cell).replace("$", "")
    cell = re.sub(r"^(-?[\d.]+) \\cdot 10\^\{(-?\d+)\}$", r"\1e\2", cell)
    return re.sub(r"^10\^\{(-?\d+)\}$", r"1e\1", cell)


def check_sums(rows: list[dict[str, str]], total: str, parts: tuple[str, ...]) -> int:
    checked = 0
    for row in rows:
        if NUMBER.fullmatch(row[total]):
            exact, printed = sum(Decimal(row[part]) for part in parts), Decimal(row[total])
            place = (
                printed if row[total] != "0" else max((Decimal(row[p]) for p in parts), key=lambda n: n.as_tuple()[2])
            )
            assert Decimal(exact).quantize(Decimal(1).scaleb(place.as_tuple()[2]), ROUND_HALF_EVEN) == printed, row
            checked += 1
    return checked


@pytest.mark.parametrize(("name", "method", "fmt"), CASES)
def test_rows_add_up_in_markdown_and_latex(name, method, fmt):
    for table, total, parts in (
        (ledger_table(records(name), method, fmt), "total", ("truncation", "roundoff")),
        (parts_table(records(name), method, fmt), "roundoff", ("abscissa", "evaluation", "combination")),
    ):
        usable = int((run_of(records(name), method, fmt)["status"] == "ok").sum())
        assert check_sums(rows_of(table.to_markdown()), total, parts) == usable
        assert check_sums(rows_of_latex(table.to_latex(rows=None)), total, parts) == usable


@pytest.mark.parametrize(("name", "method", "fmt"), CASES)
def test_numbers_are_those_of_the_records_rounded_once(name, method, fmt):
    run = run_of(records(name), method, fmt)
    for row in rows_of(ledger_table(records(name), method, fmt).to_markdown()):
        cell = run[run["k"] == int(row["k"])].iloc[0]
        for column in ("total", "truncation", "roundoff"):
            if NUMBER.fullmatch(row[column]):
                place = Decimal(1).scaleb(Decimal(row[column]).as_tuple()[2])
                assert abs(Decimal(row[column]) - Decimal(cell[column])) <= place / 2
        if cell["status"] == "ok" and cell["relative_error"] > 0:
            assert float(row["correct digits"]) == pytest.approx(-math.log10(cell["relative_error"]), abs=0.0501)


def test_failed_cells_show_their_word_and_keep_the_truncation_error():
    frame = ledger_table(records("nash_log_near_zero"), "centered", "float64").frame
    failed = frame.loc[[isinstance(value, str) for value in frame["total"]]]
    assert set(failed["total"]) == {"outside-domain"}
    assert failed[["roundoff", "digits"]].isna().all(axis=None)
    lost = records("exp").assign(status="absorbed")
    kept = ledger_table(lost, "centered", "float64").frame
    assert set(kept["total"]) == {"absorbed"}
    assert [type(value) for value in kept["truncation"]] == [float] * len(kept)


def test_the_end_without_results_is_left_out_and_named():
    run = run_of(records("exp"), "centered", "float64")
    used, said = used_rows(run)
    assert used["status"].iloc[-1] == "ok"
    assert said == f"From k = {used['k'].iloc[-1] + 1} to {run['k'].iloc[-1]}: absorbed."
    assert said in ledger_table(records("exp"), "centered", "float64").caption
    assert used_rows(used) == (used, "") or used_rows(used)[1] == ""


def test_truncation_at_dyadic_steps_is_that_of_every_format():
    table = truncation_table(records("exp"), METHODS)
    for method in METHODS:
        known = dict(zip(table.frame["k"], table.frame[method], strict=True))
        for fmt in FORMATS:
            run = run_of(records("exp"), method, fmt, "dyadic")
            assert [known[k] for k in run["k"]] == run["truncation"].tolist()
    assert rows_of(table.to_markdown())[4]["h"] == "2⁻⁵"


def test_latex_is_ascii_balanced_and_fits_a_page():
    for name in NAMES:
        for table in (
            ledger_table(records(name), "centered", "float64", label="x·exp(−x²)^1.5 & 50 %"),
            parts_table(records(name), "forward", "float64"),
            truncation_table(records(name), METHODS),
        ):
            text = table.to_latex(label="tab:x")
            assert text.isascii()
            assert text.count("{") == text.count("}")
            assert text.count("$") % 2 == 0
            rows = [line for line in text.splitlines() if line.endswith(r"\\")]
            assert len(rows) - 1 <= 40
            widths = {len(re.findall(r"(?<!\\)&", line)) for line in rows}
            assert widths == {len(table.frame.columns) - 1}
            # 345 pt of text in \small, whose digits are 4.6 pt wide; columns are 12 pt apart.
            assert sum(table.widths()) * 4.6 + 12 * len(table.frame.columns) < 400
            assert all(rule in text for rule in (r"\toprule", r"\midrule", r"\bottomrule"))
    assert "One row in 2 is shown." in ledger_table(records("exp"), "centered", "float64").to_latex()


def test_records_of_another_case_are_refused():
    with pytest.raises(ValueError, match="records must have cells of centered, float80 and the grid generic, got none"):
        ledger_table(records("exp"), "centered", "float80")
    with pytest.raises(ValueError, match="records must be those of one function, got exp, nash"):
        ledger_table(all_records(), "centered", "float64")
    with pytest.raises(ValueError, match="cells of centered4 and the grid dyadic"):
        truncation_table(records("exp"), ("centered4",))
