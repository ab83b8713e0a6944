"""Rebuilt results against the committed ones: what may differ on another platform, and what may not."""

import json
import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.overview import overview
from experiments.reproducibility.cell_bounds import CellBounds, difference_limits
from experiments.reproducibility.comparison import FORMATS, MOVE, PLATFORM, main
from experiments.reproducibility.table_comparison import Machines
from numdiff.report import checksums, columns, provenance
from numdiff.report.tables import csv_text
from numdiff.study.store import Store
from numdiff.study.sweep import Sweep
from tests.study.sweeps import run_sweeps

ROOT = Path(__file__).resolve().parents[3]
NAMES = ("float64", "float80")
STEPS, WORST = "tables/sweep/roundoff.csv", "tables/sweep/worst.csv"
PICTURE, PAGE = "figures/sweep/curve.svg", "README.md"
DRAWN = '<svg viewBox="0 0 9 9"><path d="M1.25 3.5L-2 4e-2"/></svg>'


@pytest.fixture(scope="module")
def records():
    sweep = Sweep("sweep", ("exp",), ("centered",), NAMES, ("generic",), last_step=8)
    return run_sweeps([sweep], "arb", progress=False)["sweep"].records


@pytest.fixture
def folders(tmp_path, records):
    """Return two equal folders of results, and the records that the second one left."""
    committed, rebuilt = tmp_path / "results", tmp_path / "rebuilt"
    Store(tmp_path / "records").save("sweep", records)
    wide = records.pivot(index=["problem", "method", "k"], columns="format", values="roundoff").reset_index()
    wide.insert(3, "truncation", records[records["format"] == "float64"]["truncation"].tolist())
    worst = records.groupby("format")["roundoff"].agg(lambda part: part.abs().max()).rename("worst").reset_index()
    tables = {FORMATS: pd.DataFrame({"format": NAMES, "precision": [53, 64]}), STEPS: wide, WORST: worst}
    kinds = {
        FORMATS: columns.described(["format", "precision"], {"*": "portable"}, {}),
        STEPS: columns.described(list(wide), dict.fromkeys(NAMES, "roundoff"), {"grid": "generic"}, "sweep"),
        WORST: columns.described(list(worst), {"format": "portable"}, {}, "sweep"),
    }
    texts = {name: csv_text(frame) for name, frame in tables.items()}
    texts |= {columns.NAME: columns.to_json(kinds), PICTURE: DRAWN, PAGE: "told"}
    digests = pd.DataFrame([("exp", name, f"{name} as it is") for name in NAMES])
    texts[columns.VALUES] = columns.values_to_json({"sweep": digests})
    texts["provenance.json"] = json.dumps(dict.fromkeys(PLATFORM, "here") | {"command": "make", "lock_sha256": "1"})
    for name, text in texts.items():
        write(committed / name, text)
    sums(committed)
    shutil.copytree(committed, rebuilt)
    return committed, rebuilt


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def sums(folder):
    checksums.write(folder, [path for path in folder.rglob("*") if path.is_file()])


def on_another(folder, field="simd"):
    """Let the results be of a machine that describes itself in another way."""
    path = folder / "provenance.json"
    write(path, json.dumps(json.loads(path.read_text()) | {field: "there"}))


def with_other_values(folder, *formats):
    """Let the results be of a machine whose exp returns other values in some formats."""
    on_another(folder)
    path = folder / columns.VALUES
    values = json.loads(path.read_text())
    values["sweep"]["exp"] |= dict.fromkeys(formats or ("float64",), "other")
    write(path, json.dumps(values))


def change(folder, name, column, row, new):
    """Write another value into a table, and its sum beside it."""
    frame = pd.read_csv(folder / name, dtype=str, keep_default_na=False)
    frame.loc[row, column] = new(frame.loc[row, column]) if callable(new) else new
    write(folder / name, frame.to_csv(index=False, lineterminator="\n"))
    sums(folder)


def another_digit(text):
    """Return a number whose fourth significant digit is another one."""
    mantissa, _, exponent = text.partition("e")
    places = [i for i, letter in enumerate(mantissa) if letter.isdigit()]
    at = [i for i in places if mantissa[: i + 1].strip("-0.")][3]
    return mantissa[:at] + str((int(mantissa[at]) + 1) % 10) + mantissa[at + 1 :] + (f"e{exponent}" if exponent else "")


def verdict(folders, capsys):
    for folder in folders:
        if (folder / checksums.NAME).is_file() and folder.name == "rebuilt":
            sums(folder)
    status = main([*map(str, folders), "--records", str(folders[0].parent / "records")])
    said = capsys.readouterr()
    return status, said.out, said.err


def line_of(out, name):
    (line,) = [line for line in out.splitlines() if line.split(" ")[0] == name]
    return line


def test_equal_folders_are_equal_and_every_file_is_in_the_table(folders, capsys):
    status, out, err = verdict(folders, capsys)
    assert (status, err) == (0, "")
    names = [path.relative_to(folders[0]).as_posix() for path in folders[0].rglob("*") if path.is_file()]
    assert all("bytes: all" in line_of(out, name) for name in names)
    assert "all functions returned the same values: every byte counts" in out


@pytest.mark.parametrize("field", [None, *PLATFORM])
@pytest.mark.parametrize(
    ("name", "column"), [(STEPS, "truncation"), (STEPS, "float64"), (WORST, "worst"), (FORMATS, "precision")]
)
def test_of_equal_values_one_digit_of_any_column_is_a_mistake(folders, capsys, name, column, field):
    if field is not None:
        on_another(folders[1], field)
    change(folders[0], name, column, 1, another_digit if column != "precision" else "65")
    status, out, err = verdict(folders, capsys)
    assert status == 1
    assert f"{name}: must be the same; line 3: " in err
    assert "run make experiments and commit the result" in err
    assert (f"even on another machine ({field})" in err) == (field is not None)
    assert "WRONG" in line_of(out, name)


@pytest.mark.parametrize("name", [PICTURE, PAGE])
def test_of_equal_values_figures_and_pages_are_the_same(folders, capsys, name):
    on_another(folders[1])
    write(folders[0] / name, "other")
    sums(folders[0])
    status, _, err = verdict(folders, capsys)
    assert status == 1
    assert f"{name}: differs, although all its data are the same" in err


def test_page_of_a_function_differs_only_where_its_data_do(folders, capsys):
    page = "functions/exp.md"
    for folder, text in zip(folders, ("|0.1|", "|0.2|"), strict=True):
        write(folder / page, text)
        sums(folder)
    on_another(folders[1])
    assert f"{page}: differs, although all its data are the same" in verdict(folders, capsys)[2]
    with_other_values(folders[1])
    change(folders[1], STEPS, "float64", 2, another_digit)
    assert "its data differ" in line_of(verdict(folders, capsys)[1], page)


def test_what_a_page_says_of_the_machine_may_differ(folders, capsys):
    on_another(folders[1], "c_library")
    for folder, library in zip(folders, ("glibc 2.36", "musl"), strict=True):
        write(folder / PAGE, f"told\n| c library | {library} |\n| command | make |\n")
        write(folder / "report.html", f'<th scope="row">c library</th><td>{library}</td></tr>')
        sums(folder)
    status, out, err = verdict(folders, capsys)
    assert (status, err) == (0, "")
    assert "bytes: all but the machine" in line_of(out, PAGE)
    write(folders[0] / PAGE, "told\n| c library | glibc 2.36 |\n| command | make it |\n")
    sums(folders[0])
    assert verdict(folders, capsys)[0] == 1


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("3.5", "3.51", False),
        ("4e-2", "3.9e-2", False),
        ("1.25", f"{1.25 + 2 * MOVE}", True),
        ("M1", "L1", True),
        ("path", "line", True),
    ],
)
def test_a_point_of_a_drawing_may_move_by_less_than_is_seen(folders, capsys, old, new, wrong):
    write(folders[1] / PICTURE, DRAWN.replace(old, new))
    status, out, _ = verdict(folders, capsys)
    assert status == wrong
    assert ("bound: drawn at most" in line_of(out, PICTURE)) != wrong


def test_a_portable_digit_is_a_mistake_whatever_the_functions_return(folders, capsys):
    with_other_values(folders[1], *NAMES)
    change(folders[0], STEPS, "truncation", 1, another_digit)
    status, out, err = verdict(folders, capsys)
    assert status == 1
    assert f"{STEPS}: truncation, row 2: " in err
    assert "WRONG" in line_of(out, STEPS)


@pytest.mark.parametrize(("name", "column"), [(STEPS, "float80"), (WORST, "worst")])
def test_a_digit_of_a_format_whose_values_are_the_same_is_a_mistake(folders, capsys, name, column):
    with_other_values(folders[1], "float64")
    change(folders[0], name, column, 1, another_digit)
    status, _, err = verdict(folders, capsys)
    assert status == 1
    assert f"{name}: {column}, row 2: " in err
    assert "although f returned the same values" in err


def test_on_another_platform_a_cell_may_differ_within_its_bound(folders, capsys, records):
    with_other_values(folders[1])
    change(folders[0], STEPS, "float64", 1, another_digit)
    status, out, err = verdict(folders, capsys)
    assert (status, err) == (0, "")
    line = line_of(out, STEPS)
    assert "bound: float64 (1 differ, at most " in line
    assert "bytes: problem, method, k, truncation, float80" in line
    assert "functions returned other values in 1 pairs of function and format, in sweep: 1 columns differ" in out


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("factor", [0.999, 1.001])
def test_on_another_platform_a_cell_outside_of_its_bound_is_a_mistake(folders, capsys, records, side, factor):
    with_other_values(folders[1], *NAMES)
    place = records.index[(records["format"] == "float64") & (records["k"] == 2)][0]
    if side == 0:  # of any platform: the a priori bound without the truncation error's bound
        limit = records["a_priori_bound"][place] - records["truncation_bound"][place]
    else:  # the value must be that of the record, so it is the record that is beyond its bounds
        limit = sum(records[f"{part}_bound"][place] for part in ("abscissa", "evaluation", "combination"))
        changed = records.assign(roundoff=records["roundoff"].where(records.index != place, factor * limit))
        Store(folders[0].parent / "records").save("sweep", changed)
    change(folders[side], STEPS, "float64", 1, repr(float(factor * limit)))
    status, _, err = verdict(folders, capsys)
    assert status == (factor > 1)
    assert (f"{STEPS}: float64, row 2: {('committed', 'rebuilt')[side]} " in err) == (factor > 1)


def test_limits_are_sums_of_the_bounds_of_the_records(records):
    own, other, centre = difference_limits(records, "roundoff")
    parts = records[["abscissa_bound", "evaluation_bound", "combination_bound"]].sum(axis=1)
    assert np.allclose(own, parts, rtol=1e-14, atol=0)
    assert (own >= records["roundoff"].abs()).all()
    assert (other >= records["roundoff"].abs()).all()
    assert not centre.any()
    for field in columns.BOUNDED:
        own, other, centre = difference_limits(records, field)
        for limit in (own, other):
            assert np.isfinite(limit).all()
            assert ((records[field] - centre).abs() <= limit).all(), field


def test_value_of_another_record_has_no_bound(folders, records):
    bounds = CellBounds(folders[0].parent / "records")
    row = records.iloc[0]
    keys = {name: [str(row[name])] for name in ("problem", "method", "format", "grid", "k")}
    assert bounds.of("sweep", keys, "roundoff", [repr(float(row["roundoff"]))]) != [None]
    assert bounds.of("sweep", keys, "roundoff", ["1e-3"]) == [None]
    assert bounds.of("sweep", keys | {"k": ["99"]}, "roundoff", [repr(float(row["roundoff"]))]) == [None]
    del keys["k"]  # now there are several cells
    assert bounds.of("sweep", keys, "roundoff", [repr(float(row["roundoff"]))]) == [None]


def test_without_records_a_cell_that_differs_is_a_mistake(folders, capsys):
    with_other_values(folders[1], *NAMES)
    change(folders[0], STEPS, "float64", 1, another_digit)
    assert main(list(map(str, folders))) == 1
    assert "there are no records to take its bounds from" in capsys.readouterr().err


def test_cell_without_a_bound_is_listed_with_its_difference(folders, capsys, records):
    with_other_values(folders[1], *NAMES)
    Store(folders[0].parent / "records").save("sweep", records.assign(a_priori_bound=math.inf))
    change(folders[0], STEPS, "float64", 1, lambda text: repr(2 * float(text)))
    change(folders[0], STEPS, "float80", 2, "overflow")
    status, out, _ = verdict(folders, capsys)
    assert status == 0
    assert "float64 (1 without a bound; 1 by up to 0.5)" in line_of(out, STEPS)
    assert "float80 (1 a word on one side; 1 words)" in line_of(out, STEPS)


def test_on_another_platform_statistics_are_listed_with_the_largest_difference(folders, capsys):
    with_other_values(folders[1], *NAMES)
    change(folders[0], WORST, "worst", 0, lambda text: repr(4 * float(text)))
    for name in (PICTURE, PAGE):
        write(folders[0] / name, "other")
    sums(folders[0])
    status, out, err = verdict(folders, capsys)
    assert (status, err) == (0, "")
    assert "listed: worst (1 by up to 0.75)" in line_of(out, WORST)
    assert all("listed: its data differ" in line_of(out, name) for name in (PICTURE, PAGE))


@pytest.mark.parametrize("name", [PICTURE, PAGE])
def test_what_shows_equal_data_must_be_equal_wherever_it_was_made(folders, capsys, name):
    with_other_values(folders[1])
    write(folders[0] / name, "other")
    sums(folders[0])
    status, out, _ = verdict(folders, capsys)
    assert status == 1
    assert "WRONG: differs, although all its data are the same" in line_of(out, name)


@pytest.mark.parametrize("other", [False, True])
@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("name", [STEPS, PICTURE])
def test_missing_and_extra_files_are_mistakes(folders, capsys, other, side, name):
    if other:
        with_other_values(folders[1])
    (folders[side] / name).unlink()
    sums(folders[0])
    status, _, err = verdict(folders, capsys)
    assert status == 1
    assert f"{name}: {('missing', 'extra')[side]}" in err


@pytest.mark.parametrize("rows", [slice(1, None), slice(None, -1)])
def test_on_another_platform_a_lost_row_is_a_mistake(folders, capsys, rows):
    with_other_values(folders[1])
    frame = pd.read_csv(folders[0] / STEPS, dtype=str)
    write(folders[0] / STEPS, frame[rows].to_csv(index=False, lineterminator="\n"))
    sums(folders[0])
    status, _, err = verdict(folders, capsys)
    assert status == 1
    assert f"{STEPS}: {len(frame) - 1} rows against {len(frame)}" in err


@pytest.mark.parametrize("field", ["command", "lock_sha256"])
def test_other_versions_are_a_mistake_on_every_platform(folders, capsys, field):
    on_another(folders[1])
    on_another(folders[1], field)
    status, _, err = verdict(folders, capsys)
    assert status == 1
    assert f"provenance.json: {field}: " in err


# --- a machine with fewer formats ------------------------------------------------------------------------


def leave_out_float80(folder):
    """Make the results those of a machine without float80."""
    on_another(folder, "longdouble")
    values = json.loads((folder / columns.VALUES).read_text())
    del values["sweep"]["exp"]["float80"]
    write(folder / columns.VALUES, json.dumps(values))
    for name in (FORMATS, WORST):
        frame = pd.read_csv(folder / name, dtype=str)
        write(folder / name, frame[frame["format"] != "float80"].to_csv(index=False, lineterminator="\n"))
    frame = pd.read_csv(folder / STEPS, dtype=str).drop(columns="float80")
    write(folder / STEPS, frame.to_csv(index=False, lineterminator="\n"))
    for name in (PICTURE, PAGE):
        write(folder / name, "without float80")


@pytest.mark.parametrize("side", [0, 1])
def test_machine_without_float80_leaves_it_out_and_says_so(folders, capsys, side):
    leave_out_float80(folders[side])
    sums(folders[0])
    status, out, err = verdict(folders, capsys)
    assert (status, err) == (0, "")
    assert "left out, because one of the machines lacks it: float80" in out
    assert "left out: float80" in line_of(out, STEPS)


@pytest.mark.parametrize(("name", "column"), [(STEPS, "truncation"), (FORMATS, "precision")])
def test_without_float80_the_rest_of_the_portable_columns_counts(folders, capsys, name, column):
    leave_out_float80(folders[1])
    change(folders[0], name, column, 0, "7")
    status, _, err = verdict(folders, capsys)
    assert status == 1
    assert f"{name}: " in err


def test_table_of_what_a_machine_lacks_is_no_extra_file(folders, capsys):
    leave_out_float80(folders[1])
    extra = "tables/sweep/left_out.csv"
    write(folders[1] / extra, "problem,format,reason\nexp,float80,it is float64\n")
    status, out, _ = verdict(folders, capsys)
    assert status == 0
    assert "left out: all" in line_of(out, extra)
    write(folders[1] / extra, "problem,format,reason\nexp,float64,lost\n")
    assert verdict(folders, capsys)[0] == 1


# --- the sums --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", [False, True])
def test_file_edited_by_hand_is_named(folders, capsys, other):
    if other:
        on_another(folders[1])
    write(folders[0] / WORST, (folders[0] / WORST).read_text().replace("float80", "float81"))
    status, _, err = verdict(folders, capsys)
    assert status == 1
    assert f"results/{WORST}: edited: not what SHA256SUMS says\n" in err


def test_sums_name_what_is_missing_and_what_is_not_listed(folders):
    committed = folders[0]
    assert checksums.broken(committed) == []
    (committed / PAGE).unlink()
    write(committed / "mine.txt", "mine")
    assert checksums.broken(committed) == [
        f"{PAGE}: missing, but listed in SHA256SUMS",
        "mine.txt: not listed in SHA256SUMS",
    ]
    (committed / checksums.NAME).unlink()
    assert checksums.broken(committed) == ["SHA256SUMS: missing"]


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="coreutils are not installed")
@pytest.mark.parametrize("name", checksums.APART)
def test_what_stands_apart_is_listed_and_has_sums_of_its_own(folders, capsys, name):
    committed, rebuilt = folders
    write(committed / name / "wrong.csv", "a\n1\n")
    sums(committed / name)
    status, out, err = verdict((committed, rebuilt), capsys)
    assert (status, err) == (0, "")
    (line,) = [line for line in out.splitlines() if line.startswith(f"{name}/wrong.csv")]
    assert checksums.APART[name] in line
    checksums.write(committed, [p for p in committed.rglob("*") if p.is_file()])
    assert name not in (committed / checksums.NAME).read_text(encoding="utf-8")
    write(committed / name / "wrong.csv", "a\n2\n")
    status, _, err = verdict((committed, rebuilt), capsys)
    assert status == 1
    assert f"{name}/wrong.csv: edited: not what SHA256SUMS says" in err


def test_sums_are_sorted_and_read_by_sha256sum(folders):
    done = subprocess.run(["sha256sum", "--strict", "-c", checksums.NAME], cwd=folders[0], capture_output=True)
    assert done.returncode == 0
    names = [line.split("  ")[1] for line in (folders[0] / checksums.NAME).read_text().splitlines()]
    assert names == sorted(names)
    assert set(names) == {p.relative_to(folders[0]).as_posix() for p in folders[0].rglob("*") if p.is_file()} - {
        checksums.NAME
    }


# --- the call --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [0, 1])
def test_missing_results_are_one_clear_line(folders, capsys, side):
    shutil.rmtree(folders[side])
    status, out, err = verdict(folders, capsys)
    assert (status, out) == (2, "")
    assert err == f"{folders[side].name}/ holds no results (no provenance.json): run make experiments\n"


def test_two_folders_are_asked_for(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["results"])
    assert "usage" in capsys.readouterr().err


def test_the_file_and_fields_that_are_compared_exist():
    measured = run_sweeps([Sweep("s", ("exp",), formats=("float64",), last_step=1)], "arb", progress=False)
    written = {f"tables/overview/{table.name}.csv": table.frame for table in overview(measured)}
    assert {"format", "precision"} <= set(written[FORMATS])
    assert set(PLATFORM) <= set(provenance.collect(None, "make"))
    assert set(measured["s"].values["format"]) == {"float64"}


@pytest.mark.skipif(shutil.which("bash") is None, reason="the script is written for bash")
def test_ci_without_results_ends_at_once_with_one_line(tmp_path):
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    done = subprocess.run(["bash", str(tmp_path / ".ci" / "run")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "results/ is missing: run make experiments and commit the result\n"


def test_figures_of_a_library_may_differ_in_its_own_rows_alone():
    machines = Machines({"float64", "float32"}, set(), {("figures of jacobi", "float64"), ("exp", "float32")})
    assert machines.may_differ("", "float64", "jacobi")
    assert machines.may_differ("exp", "float64", "jacobi")
    assert machines.may_differ("", "float64")  # a row of nobody in particular may be made of all
    assert not machines.may_differ("", "float64", "numdiff")
    assert machines.may_differ("exp", "float32", "numdiff")
    assert not machines.may_differ("log", "float32", "numdiff")
