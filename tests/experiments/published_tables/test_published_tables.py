"""The experiment shows every published row beside ours, and what it says comes from the records."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from experiments.experiment import method_note
from experiments.overview import overview
from experiments.published_tables import published_tables
from experiments.published_tables.reproductions import Reproductions, counts, drawn, rows_of_tables
from experiments.published_tables.sources import ASSUMPTIONS, Source
from experiments.registry import EXPERIMENTS
from numdiff.problems.printing import printed
from numdiff.problems.published import TABLES
from numdiff.study.records import PARTS
from numdiff.study.run import Measured
from tests.experiments.sentences import check_section, numbers_of
from tests.study.sweeps import run_sweeps


def measured_of(*names, engine="arb", curves=False):
    """Measure some tables, without the curves of the figure unless asked for."""
    chosen = [s for s in published_tables.SWEEPS if s.problems[0] in names or not names]
    if not curves:
        chosen = [replace(sweep, grids=(), neighbourhood=False) for sweep in chosen]
    return run_sweeps(chosen, engine, progress=False)["published_tables"]


@pytest.fixture(scope="module")
def measured():
    return measured_of()


@pytest.fixture(scope="module")
def rows(measured):
    return rows_of_tables(measured)


def test_there_is_one_record_and_one_row_for_every_published_row(measured, rows):
    assert len(measured.records) == len(rows) == sum(len(table.rows) for table in TABLES.values()) == 241
    assert measured.skips.empty
    said = [
        (table.name, row.step_text, row.value, row.error) for table in TABLES.values() for row in table.rows
    ]  # the order of the tables, too
    assert list(zip(rows["table"], rows["h"], rows["published"], rows["published_error"], strict=True)) == said


def test_no_row_is_left_unreproduced(rows):
    assert set(rows["agreement"]) <= {"exact", "explained", "one ulp"}
    assert ((rows["reason"] == "") == (rows["agreement"] == "exact")).all()


def test_kernel_value_is_that_of_the_record_up_to_an_ulp_of_f(measured, rows):
    # Two calls: NumPy's loops may round a function value in another way when an array has another length.
    for name, table in TABLES.items():
        source = Source(table)
        ours, records = rows[rows["table"] == name], measured.records[measured.records["problem"] == name]
        for k, (text, value) in enumerate(zip(ours["kernel_value"], records["computed_value"], strict=True)):
            number = float(np.array(text, dtype=table.format)[()])
            assert abs(Fraction(number) - Fraction(value)) <= source.allowance(k), (name, k)


def test_parts_are_those_of_the_ledger_and_add_up(measured, rows):
    records = measured.records
    assert rows["truncation"].tolist() == records["truncation"].tolist()
    total = records[list(PARTS)].sum(axis=1)
    assert total.to_numpy() == pytest.approx(records["total"].to_numpy(), rel=2.0**-40, abs=1e-300)
    left = rows["published_total"] - rows["truncation"]
    assert rows["published_roundoff"].to_numpy() == pytest.approx(left.to_numpy(), rel=0)


def test_published_total_is_the_printed_number_minus_the_exact_derivative(rows):
    row = rows[rows["table"] == "dezero_step4_composite"].iloc[0]
    # d/dx exp(x²)² = 4x·exp(2x²), here 2·exp(1/2).
    assert row["published_total"] == pytest.approx(3.2974426293330694 - 2 * np.exp(0.5), abs=2.0**-50)
    row = rows[(rows["table"] == "zhilin_li_forward") & (rows["h"] == "0.1")].iloc[0]
    assert row["published_total"] == -4.2939e-02


def test_a_published_error_without_sign_has_that_of_ours(rows):
    unsigned = rows[(rows["published"] == "") & rows["table"].str.startswith("ascher")]
    assert (np.sign(unsigned["published_total"]) == np.sign(unsigned["total"])).all()
    assert unsigned["published_total"].abs().tolist() == unsigned["published_error"].map(float).tolist()


def test_published_errors_are_ours_to_within_digits_and_ulps(rows):
    exact = rows[rows["agreement"] == "exact"]
    distance = (exact["published_total"] - exact["total_by_source"]).abs()
    # Half a unit of the last digit, and where only the error is printed half an ulp of the subtraction.
    assert (distance <= 1.01 * exact["resolution"] + 2.0**-53).all()


def test_counts_drop_no_row(rows):
    frame = counts(rows, "source")
    kinds = ["exact", "explained", "one ulp", "not reproduced"]
    assert (frame[kinds].sum(axis=1) == frame["rows"]).all()
    assert (frame["mostly truncation"] + frame["mostly roundoff"] == frame["rows"]).all()
    assert (int(frame["rows"].sum()), int(frame["tables"].sum())) == (241, 36)
    assert len(frame) == len({table.source for table in TABLES.values()})


def test_tables_hold_all_rows_and_all_that_are_not_exact(measured, rows):
    tables = {table.name: table for table in published_tables.tables(measured)}
    assert len(tables["rows"].frame) == 241
    assert len(tables["not_exact"].frame) == (rows["agreement"] != "exact").sum()
    assert tables["not_exact"].frame["reason"].all()
    assert tables["published"].frame["table"].tolist() == list(TABLES)
    assert tables["published"].frame["rows"].sum() == 241


def test_the_answer_counts_the_exact_rows(measured, rows):
    first, second, *others = published_tables.findings(measured)
    kinds = rows["agreement"].value_counts()
    assert numbers_of(first) == [str(kinds["exact"]), "241"]
    assert numbers_of(second) == [str(kinds["explained"]), str(kinds["one ulp"])]
    text = " ".join(others)
    for source in rows[rows["agreement"] == "explained"]["source"]:
        assert published_tables.book(source) in text


def test_the_answer_says_so_where_rows_do_not_come_out(measured, rows, monkeypatch):
    some = rows.assign(agreement=["not reproduced"] * 2 + list(rows["agreement"][2:]))
    monkeypatch.setattr(published_tables, "digest", lambda measured: some)
    assert "2 do not come out at all" in published_tables.findings(measured)[0]


@pytest.mark.parametrize(
    "source, short",
    [
        ("Saito, Scratch 3 (DeZero) step 4: C(B(A(x)))", "Saito, Scratch 3"),
        ("DeZero-style port: forward difference", "DeZero-style port"),
        ("Martins 2003 / Squire & Trapp test function", "Martins 2003"),
    ],
)
def test_a_source_is_named_by_its_book(source, short):
    assert published_tables.book(source) == short


def test_luck_is_found_where_truncation_and_rounding_cancel(measured):
    # The row of h = 1e-8: 4.36e-10 is printed, and truncation alone is sin(1.2)/2·1e-8 = 4.66e-9.
    (sentence,) = published_tables.lucky(rows_of_tables(measured_of("ascher_greif")))
    assert "Ascher & C. Greif" in sentence
    assert "1e-8" in sentence
    assert "4.7·10⁻⁹" in sentence


def test_findings_say_only_what_there_is():
    few = measured_of("zhilin_li_forward")
    findings = published_tables.findings(few)
    assert len(findings) == 4
    assert findings[0].endswith("in every printed digit; no other one is left.")
    assert published_tables.figures(few) == []
    names = [table.name for table in published_tables.tables(few)]
    assert names == [
        "by_source",
        "parts_by_source",
        "rows",
        "errors",
        "ledger",
        "kernel",
        "published",
        "sources",
        "orders",
    ]


def test_figure_shows_every_row_whose_digits_show_its_error():
    names = published_tables.PANELS["Cheney & Kincaid: sin at 0.5"]
    some = measured_of(*names, curves=True)
    (figure,) = published_tables.figures(some)
    points = figure.data[figure.data["kind"] == "published"]
    rows = rows_of_tables(some)
    seen = int((rows["published_total"].abs() > rows["resolution"]).sum())
    assert 0 < len(points) == seen < len(rows)
    assert f"{len(rows) - seen} further rows" in figure.caption
    curve = figure.data[figure.data["kind"] == "curve"]
    assert (curve["error"] > 0).all()
    assert figure.to_svg().startswith("<?xml") or "<svg" in figure.to_svg()
    assert figure.to_svg() == published_tables.figures(some)[0].to_svg()


def test_rings_lie_on_our_curve():
    names = published_tables.PANELS["Driscoll & Braun: exp(−1.3x) at 0"]
    some = measured_of(*names, curves=True)
    data = drawn(some.records, rows_of_tables(some), {"x": names})
    points, curve = (data[data["kind"] == kind] for kind in ("published", "curve"))
    for method, ring in points.groupby("method"):
        line = curve[curve["method"] == method].sort_values("step_value")
        near = np.interp(np.log(ring["step_value"]), np.log(line["step_value"]), np.log(line["error"]))
        # Where truncation rules they are the same; where rounding does, one cell may be far below the RMS error
        # of its neighbours, but not far above: w·ulp/h against an RMS of about w·ulp/(h·√12·…).
        assert (np.log10(ring["error"]) - near / np.log(10)).max() < 1.5


@pytest.mark.parametrize("name", ["ascher_greif", "martins_julia_complex_step", "hjorth_jensen_exp_x3_0"])
def test_tables_are_the_same_from_both_engines(name):
    one, other = (published_tables.tables(measured_of(name, engine=engine)) for engine in ("mpmath", "arb"))
    assert [table.to_csv() for table in one] == [table.to_csv() for table in other]


def test_experiment_has_many_sweeps_of_one_name():
    experiment = EXPERIMENTS["published_tables"]
    assert {sweep.name for sweep in experiment.sweeps} == {"published_tables"}
    assert [sweep.problems for sweep in experiment.sweeps] == [(name,) for name in TABLES]
    assert experiment.quick().sweeps == experiment.sweeps
    whole = EXPERIMENTS["step_sweep"]
    assert len(whole.quick().sweeps[0].problems) < len(whole.sweeps[0].problems)


def test_steps_and_points_of_the_records_are_the_double_that_the_source_used(measured):
    for name, group in measured.records.groupby("problem", sort=False):
        table = TABLES[name]
        rounded = np.array(table.steps, dtype=table.format).astype(float)
        assert group["step_value"].tolist() == rounded.tolist()
        assert set(group["x_value"]) == {float(np.array(table.point, dtype=table.format))}


def test_functions_of_the_overview_are_those_that_sweeps_run_over(measured):
    names = [table.name for table in overview({"published_tables": measured})]
    assert names == ["formats", "references", "record"]


def test_method_note_counts_tables_not_functions(measured):
    assert "36 published tables" in method_note(measured.records)
    frame = pd.concat([measured.records, measured.records.assign(problem="exp")])
    assert "37 functions" in method_note(frame)


def test_printed_digits_of_ours_are_those_of_the_exact_rows(rows):
    for row in rows[(rows["agreement"] == "exact") & (rows["published"] != "")].itertuples():
        table = TABLES[row.table]
        assert printed(np.array(row.ours, dtype=table.format)[()], table.value_print) == Fraction(row.published)


def test_measured_is_joined_in_the_order_of_the_tables(measured):
    assert isinstance(measured, Measured)
    assert list(dict.fromkeys(measured.records["problem"])) == list(TABLES)


def test_reproductions_are_a_measurement_with_digests_of_every_table():
    names = ("ascher_greif", "mit6837_java_float32", *[name for name in TABLES if name not in ASSUMPTIONS][:1])
    item = Reproductions(names)
    values = item.values()
    assert values["subject"].tolist() == list(names)
    assert values["format"].tolist() == [TABLES[name].format for name in names]
    frame = item.measure()["reproductions"]
    assert len(frame) == item.cells == sum(len(TABLES[name].rows) for name in names)
    assert item.key() != Reproductions(names[:1]).key()
    assert item.key() == Reproductions(names).key()


def test_rows_that_were_stored_are_those_that_are_computed():
    measured = measured_of("ascher_greif")
    stored = Reproductions(("ascher_greif",)).measure()
    given = replace(measured, frames=stored)
    pd.testing.assert_frame_equal(rows_of_tables(given), rows_of_tables(measured))


def test_the_section_can_be_read_by_its_readers(measured):
    check_section(EXPERIMENTS["published_tables"].section(measured))
