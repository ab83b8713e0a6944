"""A sweep into a file: the records of a sweep in memory, summed up without them, in memory that does not grow."""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest

import numdiff as nd
from numdiff.study import many_points, records_file
from numdiff.study.store import Store
from tests.worker_kills import first_worker_killed

matplotlib.use("Agg")
ROOT = Path(__file__).resolve().parents[1]
X = np.linspace(0.25, 2.0, 90)
ASKED: dict[str, Any] = {"h": [2.0**-4, 2.0**-8, 2.0**-30], "dtype": ["float16", "float32"], "engine": "arb"}


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many_points, "PART", 400)
    monkeypatch.setattr(records_file, "ROWS", 1)


@pytest.fixture(scope="module")
def in_memory() -> nd.SweepResult:
    return nd.sweep(np.exp, X, **ASKED)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> nd.SweepFile:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(many_points, "PART", 400)
        patch.setattr(records_file, "ROWS", 1)
        return nd.sweep(np.exp, X, **ASKED, out=tmp_path_factory.mktemp("sweeps") / "exp.parquet")


def in_blocks(records: pd.DataFrame, points: int) -> pd.DataFrame:
    """Return records in the order of blocks of so many points."""
    order = np.argsort(records["point"].to_numpy() // points, kind="stable")
    return records.iloc[order].reset_index(drop=True)


def test_file_has_the_records_of_a_sweep_in_memory(swept: nd.SweepFile, in_memory: nd.SweepResult) -> None:
    sizes = [frame["point"].nunique() for frame in swept.frames(["point"])]
    assert len(sizes) > 2
    assert len(set(sizes[:-1])) == 1
    pd.testing.assert_frame_equal(pd.read_parquet(swept.path), in_blocks(in_memory.records, sizes[0]))
    assert len(swept) == len(in_memory.records)


def test_one_formula_in_one_format_keeps_the_order_of_the_records(tmp_path: Path, small_blocks: None) -> None:
    asked = ASKED | {"dtype": "float32", "stencil": "centered"}
    nd.sweep(np.exp, X, **asked, out=tmp_path / "exp.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "exp.parquet"), nd.sweep(np.exp, X, **asked).records)


@pytest.mark.parametrize(
    "arguments",
    [
        {"f": np.log, "x": [-1.0, 0.0, 1e-300, 0.5, 2.0, 7e4, 1e300], "domain": (0.0, 1e290)},
        {"f": np.exp, "x": [Fraction(1, 3), 0, 2**70], "grids": ["decimal", "representable"], "dtype": "float32"},
        {"f": np.exp, "x": np.array([1, 3], dtype=np.longdouble) / 3, "dtype": ["float16"]},
        {"f": np.exp, "x": 1e9, "dtype": ["float16"]},
    ],
    ids=["lost-points", "own-steps", "longdouble", "nothing"],
)
def test_steps_and_skips_are_those_that_all_points_decide(
    tmp_path: Path, arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Caught: grids that a block decides from its own points, and skips that are said once a block."""
    monkeypatch.setattr(many_points, "PART", 1)
    monkeypatch.setattr(many_points, "_PIECE", 2)
    asked = {"engine": "arb", "dtype": ["float16", "float64"], "stencil": ["centered"]} | arguments
    found, known = nd.sweep(**asked, out=tmp_path / "f.parquet"), nd.sweep(**asked)
    pd.testing.assert_frame_equal(pd.read_parquet(found.path), in_blocks(known.records, 1))
    order = list(known.skips.columns)
    left, right = (pd.DataFrame(skips).sort_values(order, ignore_index=True) for skips in (found.skips, known.skips))
    pd.testing.assert_frame_equal(left, right)
    repr(found)


def test_workers_and_executors_write_the_same_bytes_also_when_one_is_killed(
    tmp_path: Path, swept: nd.SweepFile, small_blocks: None
) -> None:
    with first_worker_killed():
        nd.sweep(np.exp, X, **ASKED, workers=2, out=tmp_path / "exp.parquet")
    assert (tmp_path / "exp.parquet").read_bytes() == swept.path.read_bytes()
    with ThreadPoolExecutor(2) as executor:
        nd.sweep(np.exp, X, **ASKED, executor=executor, out=tmp_path / "exp.parquet")
    assert (tmp_path / "exp.parquet").read_bytes() == swept.path.read_bytes()


def test_store_reads_the_file(swept: nd.SweepFile) -> None:
    pd.testing.assert_frame_equal(Store(swept.path.parent).load("exp"), pd.read_parquet(swept.path))


# --- what is known of all points ------------------------------------------------------------------------------


def test_summary_has_the_largest_errors_and_counts(swept: nd.SweepFile, in_memory: nd.SweepResult) -> None:
    records = in_memory.records
    for row in swept.summary.itertuples():
        cells = records[(records["method"] == row.method) & (records["format"] == row.format) & (records["k"] == row.k)]
        ok = cells[cells["status"] == "ok"]
        assert (row.cells, row.ok) == (len(cells), len(ok))
        assert row.failed == ("" if len(ok) == len(cells) else f"{len(cells) - len(ok)} absorbed")
        assert row.total == ok["total"].abs().max() or (ok.empty and np.isnan(row.total))
        assert row.truncation == cells["truncation"].abs().max()
    assert len(swept.summary) == 10  # float16 has no step of 2**-30
    assert swept.summary["failed"].any()


def test_file_that_is_opened_again_says_the_same(swept: nd.SweepFile) -> None:
    again = nd.SweepFile(swept.path)
    pd.testing.assert_frame_equal(again.summary, swept.summary)
    assert repr(again) == repr(swept)
    assert again.table("total").to_csv() == swept.table("total").to_csv()
    with pytest.raises(ValueError, match="skips are known to the program"):
        _ = again.skips


def test_prompt_counts_cells_and_names_the_file(swept: nd.SweepFile, in_memory: nd.SweepResult) -> None:
    counts = in_memory.records["status"].value_counts()
    text = repr(swept)
    title = " ".join(text.split())
    assert f"Sweep of exp over 90 points: {len(in_memory.records)} cells, {counts['ok']} ok, " in title
    assert "largest |total|" in text
    assert "<table" in swept._repr_html_()


def test_table_has_the_largest_error_of_each_step_and_format(swept: nd.SweepFile) -> None:
    table = swept.table("total", methods="centered")
    assert table.caption.startswith("Total (computed minus exact derivative) of exp, formula centered, largest of 90 p")
    summary = swept.summary
    rows = summary[(summary["method"] == "centered") & (summary["format"] == "float32")]
    assert table.columns["float32"] == [*rows["total"][:2].tolist(), "absorbed"]
    assert "x" not in table.keys
    for quantity in ("ledger", "parts", "status"):
        with pytest.raises(ValueError, match=rf"quantity must be a column of numbers.*{quantity}.*\.read\(points=0\)"):
            swept.table(quantity)


def test_plot_draws_the_largest_errors_and_marks_failures(swept: nd.SweepFile) -> None:
    figure: Any = swept.plot(parts=["total", "roundoff"], formats="float32")
    assert "largest of 90 points" in figure.get_suptitle()
    drawn = {float(y) for ax in figure.axes for line in ax.lines for y in np.ravel(line.get_ydata())}
    assert {y for y in swept.summary.query("format == 'float32'")["total"] if y == y} <= drawn
    matplotlib.pyplot.close("all")


def test_points_can_be_read_into_memory(swept: nd.SweepFile, in_memory: nd.SweepResult) -> None:
    one = swept.read(7)
    known = in_memory.records
    pd.testing.assert_frame_equal(one.records, known[known["point"] == 7].reset_index(drop=True))
    assert one.table("ledger", formats="float32").shape == (6, 5)
    assert swept.read(range(3, 60)).records["point"].unique().tolist() == list(range(3, 60))
    assert len(swept.read().records) == len(known)
    assert swept.read(1000).records.empty
    pd.testing.assert_frame_equal(swept.read(np.int64(7)).records, one.records)  # type: ignore[arg-type]
    for wrong in (range(0, 9, 2), range(-2, 4), [1], 1.5):
        with pytest.raises(ValueError, match="points must be an index or a range"):
            swept.read(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", [3, None, b"exp.parquet"])
def test_path_must_be_one(path: Any) -> None:
    with pytest.raises(TypeError, match=f"path must be the path of a file, got {type(path).__name__}"):
        nd.SweepFile(path)


@pytest.mark.parametrize(
    ("columns", "error", "message"),
    [
        ("total", TypeError, "columns must be a sequence of names, got 'total'"),
        (3, TypeError, "columns must be a sequence of names, got 3"),
        (["toal"], ValueError, "columns must be among those of the records, got 'toal'; did you mean 'total'"),
        (["?"], ValueError, r"columns must be .*, got '\?'; known: problem, point, "),
    ],
)
def test_columns_that_there_are_not_are_refused(
    swept: nd.SweepFile, columns: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        swept.frames(columns)


@pytest.mark.parametrize("name", ["records", "ledger", "best", "order", "to_pandas"])
def test_what_needs_all_records_says_how_to_get_them(swept: nd.SweepFile, name: str) -> None:
    with pytest.raises(AttributeError, match=rf"\.{name} needs all records.*pandas.read_parquet\('.*exp.parquet'\)"):
        getattr(swept, name)
    with pytest.raises(AttributeError, match="no attribute 'record'"):
        _ = swept.record


# --- where the file goes --------------------------------------------------------------------------------------


def never(x: Any) -> Any:
    raise AssertionError("f must not be called")


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda folder: folder / "exp.csv", ValueError, r"out must be .* with the ending \.parquet, got '.*exp\.csv'"),
        (lambda folder: folder, ValueError, r"out must be .* ending"),
        (lambda folder: folder / "folder.parquet", ValueError, "out must be the path of a file, got the folder"),
        (lambda folder: folder / "file" / "exp.parquet", ValueError, "out must be a file that can be written"),
        (lambda folder: folder / f"{'n' * 300}.parquet", ValueError, "out must be a file that can be written.*long"),
        (lambda folder: 7, TypeError, "out must be the path of a file, got int 7"),
        (lambda folder: b"exp.parquet", TypeError, "out must be the path of a file, got bytes"),
    ],
    ids=["ending", "no-ending", "folder", "in-a-file", "long-name", "number", "bytes"],
)
def test_place_that_is_none_is_refused_before_f_is_called(
    tmp_path: Path, make: Callable[[Path], Any], error: type[Exception], message: str
) -> None:
    (tmp_path / "folder.parquet").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(error, match=message):
        nd.sweep(never, 1.0, 0.5, out=make(tmp_path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ValueError, match=r"out must be a file that can be written.*denied"):
        nd.sweep(never, 1.0, 0.5, out=tmp_path / "exp.parquet")


def test_file_is_replaced_when_all_is_measured_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "exp.parquet"
    path.write_text("old")

    def fails(x: Any) -> Any:
        if path.read_text() != "old":
            raise AssertionError("replaced too early")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nd.sweep(fails, [1.0, 2.0], 0.5, dtype="float32", out=path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    nd.sweep(np.exp, [1.0, 2.0], 0.5, dtype="float32", out=str(path))
    assert len(pd.read_parquet(path)) == 4


# --- memory ---------------------------------------------------------------------------------------------------

PEAK = """
import resource, sys
from pathlib import Path
import numpy as np
import numdiff as nd
from numdiff.study import records_file

records_file.ROWS = 8_000  # what waits to be a row group is the same for both numbers of cells
x = np.random.default_rng(1).uniform(0.1, 2.0, int(sys.argv[1]) // 10)
h = [2.0**-k for k in range(1, 11)]
nd.sweep(np.exp, x, h, dtype="float32", stencil="centered", engine="arb", out=sys.argv[2])
status = Path("/proc/self/status")  # what the system counts begins with the memory of the process that started this one
if status.exists():
    print(next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")))
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
CELLS = (20_000, 50_000)
PER_CELL = 300
"""Bytes. The smallest thing that a sweep could hold of a cell, its row in a frame, takes 480."""


def test_memory_does_not_grow_with_the_cells(tmp_path: Path) -> None:
    """Caught: held frames (480 bytes a cell), exact values in garbage that the collector does not see (750)."""
    peaks = []
    for cells in CELLS:
        done = subprocess.run(
            [sys.executable, "-c", PEAK, str(cells), str(tmp_path / "exp.parquet")],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        )
        peaks.append(int(done.stdout) * (1 if sys.platform == "darwin" else 1024))
    assert max(peaks) <= 300e6
    assert peaks[1] - peaks[0] < PER_CELL * (CELLS[1] - CELLS[0])
