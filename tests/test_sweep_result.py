"""What a sweep shows of itself, and what is asked of it first: counts, the best step, the observed order."""

import math
import re

import numpy as np
import pandas as pd
import pytest

import numdiff as nd
from numdiff.display import number
from numdiff.floats.formats import FORMATS


@pytest.fixture(scope="module")
def swept() -> nd.SweepResult:
    return nd.sweep(np.exp, 0.5, dtype=["float16", "float32", "float64"])


def test_prompt_counts_cells_by_status_and_shows_the_best_steps(swept: nd.SweepResult) -> None:
    lines = repr(swept).splitlines()
    statuses = swept.records["status"].value_counts()
    assert lines[0] == (
        f"Sweep of exp at x = 0.5: {len(swept.records)} cells, {statuses['ok']} ok, {statuses['absorbed']} absorbed; "
        "no skips"
    )
    assert lines[1].startswith("grid generic: steps 0.618 to ")
    assert lines[2].split() == ["smallest", "|total|", "forward", "centered"]
    assert [line.split()[0] for line in lines[3:]] == ["float16", "float32", "float64"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"f": np.exp, "x": 0.5},
        {"f": np.exp, "x": [0.5, 1.0, 2.0], "stencil": list(nd.METHODS)[:6], "h": [0.1, 0.2]},
        {"f": np.log, "x": -1.0},
        {"f": np.exp, "x": 1e6, "dtype": ["float16"]},
        {"f": lambda x: x * x, "x": 1.0, "h": 0.5, "dtype": ["float32"]},
    ],
    ids=["plain", "much", "outside", "nothing", "one"],
)
def test_repr_has_ten_lines_at_most(arguments: dict[str, object]) -> None:
    result = nd.sweep(arguments.pop("f"), arguments.pop("x"), **arguments)  # type: ignore[arg-type]
    lines = repr(result).splitlines()
    assert 1 <= len(lines) <= 10
    assert max(map(len, lines)) <= 80


def test_many_formats_are_cut() -> None:
    names = [f"form{i}" for i in range(12)]
    records = nd.sweep(np.exp, 0.5, 0.25, dtype=["float64"]).records
    many = nd.SweepResult(pd.concat(records.assign(format=name) for name in names), pd.DataFrame())
    lines = repr(many).splitlines()
    assert len(lines) == 10
    assert lines[-1].startswith("… 6 more")


def test_sweep_without_an_ok_cell_warns_in_prompt_and_notebook() -> None:
    result = nd.sweep(np.log, -1.0)
    assert "outside-domain" in repr(result).splitlines()[0]
    for text in (repr(result), result._repr_html_()):
        assert "warning: no cell is ok" in text
    assert "warning" not in repr(nd.sweep(np.log, 1.0, 0.25))


def test_notebook_shows_counts_and_the_ledger(swept: nd.SweepResult) -> None:
    page = swept._repr_html_()
    assert page.count("<table") == 2
    assert "absorbed" in page
    assert "truncation" in page


def test_name_is_escaped_in_a_notebook() -> None:
    page = nd.sweep(np.exp, 0.5, 0.25, dtype=["float32"], name="<b>f</b>")._repr_html_()
    assert "<b>" not in page
    assert "&lt;b&gt;f&lt;/b&gt;" in page


@pytest.mark.parametrize("name", FORMATS)
def test_best_is_the_smallest_error_among_the_cells_that_are_ok(name: str) -> None:
    result = nd.sweep(np.sin, [0.5, 1.0], dtype=[name])
    best = result.best
    assert len(best) == 4
    for row in best.itertuples():
        cells = result.records.query("method == @row.method and status == 'ok'")
        cells = cells[cells["x_value"] == float(FORMATS[name].as_array(row.x))]
        assert row.error == cells["total"].abs().min()
        assert row.ok == len(cells)
        chosen = cells[(cells["k"] == row.k) & (cells["grid"] == row.grid)]
        assert chosen["step_value"].tolist() == [row.step]
        assert chosen["relative_error"].tolist() == [row.relative_error]


def test_best_at_the_end_of_the_steps_says_so() -> None:
    result = nd.sweep(np.exp, 0.5, [1e-1, 1e-2, 1e-5, 1e-12], dtype=["float64"], stencil=["centered"])
    assert result.best["at_edge"].tolist() == [False]
    assert nd.sweep(np.exp, 0.5, [1e-1, 1e-2], dtype=["float64"]).best["at_edge"].tolist() == [True, True]


def test_a_format_without_an_ok_cell_has_its_row() -> None:
    best = nd.sweep(np.log, 0.5, [0.75, 1e-30], dtype=["float64"], stencil=["centered"]).best
    assert best["ok"].tolist() == [0]
    assert math.isnan(best["step"][0])
    assert math.isnan(best["error"][0])
    mixed = nd.sweep(lambda x: np.sqrt(x), 0.5, [0.75, 0.4], dtype=["float64"], stencil=["centered", nd.centered(4)])
    assert "no cell ok" in repr(mixed).splitlines()[-1]


def test_observed_order_is_that_of_theory_with_a_window_or_a_reason(swept: nd.SweepResult) -> None:
    order = swept.order
    exact = order[order["format"] == "float64"]
    assert exact["theory"].tolist() == [1, 2]
    assert (abs(exact["order"] - exact["theory"]) < 0.1).all()
    assert (exact["points"] >= 4).all()
    missing = order[order["order"].isna()]
    assert len(missing) >= 1
    assert (missing["reason"] != "").all()


def test_grids_are_fitted_apart() -> None:
    order = nd.sweep(np.sin, 0.5, dtype=["float64"], stencil=["centered"], grids=["generic", "dyadic"]).order
    assert order["grid"].tolist() == ["generic", "dyadic"]


def test_order_in_theory_is_that_of_a_formula_of_ones_own() -> None:
    wide = nd.from_offsets("wide_one", [-3, -1, 0, 1, 3])
    order = nd.sweep(np.exp, 0.5, dtype=["float64"], stencil=[wide, "second_centered"]).order
    assert order["theory"].tolist() == [4, 2]
    assert np.allclose(order["order"], [4, 2], atol=0.1)


def test_nothing_measured_has_no_best_no_order_and_no_table() -> None:
    found = nd.sweep(np.exp, 1e6, dtype=["float16"])
    assert found.best.empty
    assert found.order.empty
    assert ("error" in found.best, "reason" in found.order) == (True, True)
    with pytest.raises(ValueError, match=r"there is nothing to tabulate: .*: x = 1000000\.0 overflows float16$"):
        found.table()


def test_reasons_are_counted_once_however_many_rows_have_them() -> None:
    one = nd.sweep(np.exp, [1e6, 1e6], 0.25, dtype="float16")
    assert (len(one.skips), len(set(one.skips["reason"]))) == (4, 1)
    assert "the reason in .skips: x = 1000000.0 overflows float16" in " ".join(repr(one).split())
    two = nd.sweep(np.exp, [1e6, 2e6], 0.25, dtype="float16")
    assert "the first of 2 reasons in .skips: x = 1000000.0 overflows float16" in " ".join(repr(two).split())


def test_result_made_of_records_alone_works() -> None:
    made = nd.sweep(np.exp, 0.1, [0.1, 1e-3], dtype=["float16", "float64"], stencil=["centered"])
    bare = nd.SweepResult(made.records, made.skips)
    assert bare.table().to_csv() == made.table().to_csv()
    assert bare.best.equals(made.best)
    assert repr(bare) == repr(made)


# --- at the width of a terminal ----------------------------------------------------------------------------

MANY = {"x": [0.5, 1.0, 1e10], "stencil": ["forward", "centered", "centered4", "complex_step"]}


@pytest.fixture(scope="module")
def many() -> nd.SweepResult:
    return nd.sweep(lambda x: np.exp(x) * 1.0, **MANY)


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("best", ["method", "x", "format", "step", "error"]),
        ("order", ["method", "x", "format", "order", "theory"]),
        ("ledger", ["method", "format", "point", "step_value", "total", "status"]),
    ],
)
@pytest.mark.parametrize("which", ["swept", "many"])
def test_frame_shows_its_main_columns_at_80_columns(
    name: str, columns: list[str], which: str, request: pytest.FixtureRequest
) -> None:
    frame = getattr(request.getfixturevalue(which), name)
    lines = repr(frame).splitlines()
    assert max(map(len, lines)) <= 80
    head = next(line.split() for line in lines if line.lstrip().startswith("method"))
    same = " ".join(lines).partition("method")[0]
    for column in columns:
        assert column in head or f"{column}=" in same
    assert list(frame.columns) == list(pd.DataFrame(frame).columns)


def test_points_and_formulas_are_counted_in_the_prompt_and_each_row_names_its_point(many: nd.SweepResult) -> None:
    text = repr(many)
    lines = text.splitlines()
    assert len(lines) <= 10
    assert "at x = 0.5 and 2 more" in lines[0]
    rows = [line.split() for line in lines if line.startswith(("0.5 ", "1 ", "1e+10 "))]
    assert rows[0][:2] == ["0.5", "float16"]
    assert "more in .best" in text
    assert re.search(r"… [12] more$", next(line for line in lines if "smallest" in line))


def test_rows_of_two_points_are_both_shown() -> None:
    lines = repr(nd.sweep(np.exp, [0.5, 1.0], dtype=["float32"], stencil=["forward"])).splitlines()
    best = nd.sweep(np.exp, [0.5, 1.0], dtype=["float32"], stencil=["forward"]).best
    assert [line.split()[:2] for line in lines[3:]] == [["0.5", "float32"], ["1", "float32"]]
    assert [line.split()[2] for line in lines[3:]] == [number(error) for error in best["error"]]


def test_skips_are_found_and_their_reasons_are_whole() -> None:
    result = nd.sweep(np.exp, 1e6, 0.25, dtype=["float16", "bfloat16"], stencil=["complex_step", "centered"])
    assert f"{len(result.skips)} skips in .skips" in " ".join(repr(result).split()) or result.records.empty
    reason = "a reason that is far longer than a terminal is wide, and that nobody wants to see cut in its middle, ever"
    skips = nd.SweepResult(result.records, pd.DataFrame({"format": ["float16"], "reason": [reason]})).skips
    assert " ".join(repr(skips).split()).endswith(reason)
    assert max(map(len, repr(skips).splitlines())) <= 80


def test_lambda_is_f_in_records_tables_and_prompt(many: nd.SweepResult) -> None:
    assert set(many.records["problem"]) == {"f"}
    assert set(nd.sweep(lambda x: x * x, 1.0, 0.5, name="parabola").records["problem"]) == {"parabola"}
