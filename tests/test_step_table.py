"""A table by nominal step and format: one row a step, and presentable in every form."""

import csv
import io
import math
import re
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import numpy as np
import pytest

import numdiff as nd
from numdiff.step_table import StepTable

NARROW = ["float16", "bfloat16", "float32", "float64"]


@pytest.fixture(scope="module")
def swept() -> nd.SweepResult:
    return nd.sweep(np.exp, 0.5, dtype=NARROW, stencil=["forward", "centered"])


def small(**columns: list[object]) -> StepTable:
    keys: dict[str, list[object]] = {"method": ["a_b"], "x": [0.5], "grid": ["given"], "k": [0], "h": [1e-8]}
    return StepTable("Total of a_b & c, h = 1.5·2⁻ᵏ, in units of x²", keys, ("method", "h"), columns)


@pytest.mark.parametrize("grid", ["generic", "dyadic", "decimal", "nearest_power", "representable"])
def test_a_nominal_step_is_one_row_in_all_formats(grid: str) -> None:
    result = nd.sweep(np.exp, 0.5, dtype=NARROW, stencil=["centered"], grids=[grid])
    frame = result.table().to_pandas()
    records = result.records
    assert len(frame) == records["k"].nunique()
    assert list(frame.columns) == NARROW
    assert frame.index.is_unique
    assert len(frame) < records["step_value"].nunique() or grid in ("dyadic", "nearest_power")
    assert frame.index.is_monotonic_decreasing


def test_nominal_steps_are_those_of_the_grid_and_not_rounded_ones() -> None:
    result = nd.sweep(np.exp, 0.5, dtype=["bfloat16", "float16"], stencil=["centered"])
    ks = sorted(set(result.records["k"]))
    assert result.table().to_pandas().index.tolist() == [1.2357 / 2**k for k in ks]


@pytest.mark.parametrize("formats", [["float16"], ["float64", "float16"], NARROW])
def test_given_steps_and_points_are_shown_as_they_were_given(formats: list[str]) -> None:
    result = nd.sweep(np.exp, [0.1, 0.3], [0.1, 1e-3], dtype=formats, stencil=["centered"])
    assert result.table().to_pandas().index.tolist() == [(0.1, 0.1), (0.1, 1e-3), (0.3, 0.1), (0.3, 1e-3)]


@pytest.mark.parametrize("quantity", ["truncation", "abscissa", "evaluation", "combination", "total", "roundoff"])
def test_numbers_are_those_of_the_records(swept: nd.SweepResult, quantity: str) -> None:
    frame = swept.table(quantity, methods="centered").to_pandas()
    records = swept.records[swept.records["method"] == "centered"]
    for row in records.itertuples():
        shown = frame.loc[float(np.float64(1.2357) / 2.0**row.k), row.format]
        recorded = getattr(row, quantity)
        if row.status == "ok" or quantity in ("truncation", "abscissa"):
            assert shown == recorded
        else:
            assert math.isnan(shown)


def test_a_cell_without_a_number_says_what_happened(swept: nd.SweepResult) -> None:
    rows = list(csv.DictReader(io.StringIO(swept.table("total").to_csv())))
    words = {row["float16"] for row in rows} - {row["float16"] for row in rows if re.match(r"-?\d", row["float16"])}
    assert words == {"absorbed", ""}
    assert "*absorbed*" not in swept.table().to_markdown()
    assert "| absorbed |" in swept.table(formats="float16").to_markdown()
    latex = swept.table(formats="float16").to_latex()
    assert r"\emph{absorbed}" in latex
    assert r"\emph{forward}" not in latex  # it is no such word
    assert "\nforward & " in latex


def test_several_formulas_are_told_apart_by_a_column(swept: nd.SweepResult) -> None:
    frame = swept.table().to_pandas()
    assert frame.index.names == ["method", "h"]
    assert frame.loc["forward"].shape == frame.loc["centered"].shape
    assert swept.table(methods=["forward"]).to_pandas().index.names == ["h"]
    assert swept.table(methods=nd.FORWARD).to_csv() == swept.table(methods=["forward"]).to_csv()


def test_caption_names_quantity_unit_function_formula_point_and_grid(swept: nd.SweepResult) -> None:
    table = swept.table("truncation", methods="centered", formats=["float32"])
    assert table.caption == (
        "Truncation (error of the formula in exact arithmetic) of exp, formula centered, x = 0.5, in units of f per "
        "unit of x; steps h = 1.2357·2⁻ᵏ (grid generic), rounded once to each format."
    )
    assert table.to_markdown().startswith(table.caption)
    assert " ".join(repr(table).split()).startswith(table.caption)
    assert table.caption in table._repr_html_()


@pytest.mark.parametrize(
    ("method", "quantity", "unit"),
    [
        ("second_centered", "total", "in units of f per unit of x²"),
        ("centered", "ulps", "in ulp"),
        ("centered", "step_value", "in units of x"),
        ("centered", "relative_error", "x = 0.5; steps"),
    ],
)
def test_unit_is_that_of_the_quantity(method: str, quantity: str, unit: str) -> None:
    result = nd.sweep(np.exp, 0.5, [0.25], dtype=["float32"], stencil=[method])
    assert unit in result.table(quantity).caption


def test_csv_has_every_key_and_the_exact_numbers(swept: nd.SweepResult, tmp_path: Path) -> None:
    table = swept.table("total", methods="centered", formats="float64")
    text = table.to_csv(tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_bytes() == text.encode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == ["function", "quantity", "method", "x", "grid", "k", "h", "float64"]
    records = swept.records.query("method == 'centered' and format == 'float64' and status == 'ok'")
    assert [float(row["float64"]) for row in rows if row["float64"] != "absorbed"] == records["total"].tolist()


def test_markdown_and_latex_are_complete_and_escaped(tmp_path: Path) -> None:
    table = small(float64=[1.234e-5], float32=["absorbed"], bfloat16=[math.inf], float16=[""])
    assert table.to_markdown(tmp_path / "t.md").splitlines() == [
        "Total of a_b & c, h = 1.5·2⁻ᵏ, in units of x²",
        "",
        "| method | step h | float64 | float32 | bfloat16 | float16 |",
        "| :--- | ---: | ---: | ---: | ---: | ---: |",
        "| a_b | 1e-08 | 1.23e-05 | absorbed | ∞ |  |",
    ]
    lines = table.to_latex(tmp_path / "t.tex", label="tab:one").splitlines()
    assert lines[2] == r"\caption{Total of a\_b \& c, h = $1.5 \cdot 2^{-k}$, in units of $x^{2}$}"
    assert lines[3:5] == [r"\label{tab:one}", r"\begin{tabular}{lrrrrr}"]
    assert lines[8] == r"a\_b & $10^{-8}$ & $1.23 \cdot 10^{-5}$ & \emph{absorbed} & $\infty$ &  \\"
    assert (lines[0], lines[-1]) == (r"\begin{table}", r"\end{table}")
    assert {(tmp_path / name).stat().st_size > 0 for name in ("t.md", "t.tex")} == {True}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.00110, "0.00110"),
        (1.0, "1.00"),
        (999.6, "1.00e+03"),
        (123.4, "123"),
        (-9.5e-4, "-9.50e-04"),
        (0.0, "0"),
        (math.nan, "–"),
        (-math.inf, "−∞"),
    ],
)
def test_numbers_have_three_significant_digits(value: float, text: str) -> None:
    assert small(float64=[value]).to_markdown().splitlines()[-1].split(" | ")[-1] == f"{text} |"


def test_long_table_is_cut_in_a_prompt_and_a_notebook_but_not_in_a_file(swept: nd.SweepResult) -> None:
    alone = swept.table(methods="forward")
    assert f"… and {len(alone) - 20} more rows" in repr(alone)
    assert alone._repr_html_().count("<tr>") == 21
    table = swept.table()
    assert f"20 of {len(table)} rows, some for each method" in repr(table)
    assert table._repr_html_().count("<tr>") == 21
    assert table.to_markdown().count("\n") == len(table) + 4
    assert table.shape == (len(table), 4)


def test_every_formula_and_point_is_seen_in_a_prompt_and_named_in_the_caption() -> None:
    table = nd.sweep(np.exp, [0.5, 1.0], stencil=["forward", "centered", "centered4"]).table()
    lines = repr(table).splitlines()
    assert max(map(len, lines)) <= 80
    seen = {tuple(line.split()[:2]) for line in lines}
    assert {(name, x) for name in ("forward", "centered", "centered4") for x in ("0.5", "1")} <= seen
    for text in (table.to_markdown(), table.to_latex(), table.caption):
        assert "formulas forward, centered and centered4, x = 0.5 and 1" in text


def test_formats_that_a_prompt_has_no_room_for_are_named() -> None:
    columns = {f"format{i}": [1.25e-10] * 2 for i in range(9)}
    table = StepTable("Many", {"method": ["a", "b"], "h": [0.5, 0.5]}, ("method", "h"), columns)
    *lines, last = repr(table).splitlines()
    assert max(map(len, lines)) <= 80
    hidden = [name for name in columns if name not in lines[1].split()]
    assert last == f"not shown: {', '.join(hidden)}; .to_pandas() has all"
    assert hidden


def test_quantity_that_does_not_exist_is_named_with_the_nearest(swept: nd.SweepResult) -> None:
    with pytest.raises(ValueError, match=r"quantity must be .*, got 'truncaton'; did you mean 'truncation'\?"):
        swept.table("truncaton")
    with pytest.raises(ValueError, match="quantity must be a column of the records, got 'x'; known: step_value"):
        swept.table("x")
    with pytest.raises(ValueError, match="formats must be among float32, got 'float64'"):
        nd.sweep(np.exp, 0.5, 0.25, dtype=["float32"]).table(formats="float64")
    with pytest.raises(ValueError, match="methods must be among forward, centered, got 'backward'"):
        swept.table(methods=[nd.BACKWARD])
    with pytest.raises(ValueError, match="methods must name at least one"):
        swept.table(methods=[])


def test_status_and_bounds_can_be_tabulated(swept: nd.SweepResult) -> None:
    assert "| ok |" in swept.table("status", formats="float64").to_markdown()
    bound, total = (swept.table(name).to_pandas() for name in ("total_bound", "total"))
    both = bound.notna() & total.notna()
    assert both.to_numpy().sum() > 100
    assert (bound.to_numpy() >= total.abs().to_numpy())[both.to_numpy()].all()


def test_table_of_a_lambda_calls_it_f() -> None:
    table = nd.sweep(lambda x: x * x, 1.0, [0.5], dtype=["float32"], stencil=["forward"]).table()
    assert " of f, formula forward" in table.caption
    assert "lambda" not in table.to_csv()


def test_ledger_of_a_sweep_adds_up_as_shown(swept: nd.SweepResult) -> None:
    for quantity, total, parts in (
        ("ledger", "total", ("truncation", "roundoff")),
        ("parts", "roundoff", ("abscissa", "evaluation", "combination")),
    ):
        table = swept.table(quantity, methods="centered", formats="float32")
        head, _, *body = [line.split("|")[1:-1] for line in table.to_markdown().splitlines()[2:]]
        rows = [dict(zip((name.strip() for name in head), map(str.strip, row), strict=True)) for row in body]
        usable = [row for row in rows if row[total] not in ("absorbed", "overflow", "0")]
        assert len(usable) > 10
        for row in usable:
            exact = sum(Decimal(row[part]) for part in parts)
            assert exact.quantize(Decimal(1).scaleb(Decimal(row[total]).as_tuple()[2]), ROUND_HALF_EVEN) == Decimal(
                row[total]
            )
        assert f"{total} = {' + '.join(parts)}" in table.caption
        assert r"\begin{tabular}" in table.to_latex()


def test_ledger_has_digits_and_bound_and_the_word_of_a_failed_cell(swept: nd.SweepResult) -> None:
    table = swept.table("ledger")
    assert list(table.columns) == ["total", "truncation", "roundoff", "digits", "a_priori_bound"]
    assert {"method", "format", "h"} <= set(table.shown)
    failed = [i for i, value in enumerate(table.columns["total"]) if value == "absorbed"]
    assert len(failed) == int((swept.records["status"] == "absorbed").sum())
    assert {table.columns["roundoff"][i] for i in failed} == {""}
    assert all(isinstance(table.columns["truncation"][i], float) for i in failed)
