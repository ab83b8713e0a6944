"""Records on disk are read by pandas, polars, DuckDB, Arrow and R: the same numbers, and what each column means."""

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

import numdiff as nd
from numdiff.study.records import FIELDS
from numdiff.study.store import Store

ROOT = Path(__file__).resolve().parents[2]
MEANINGS = {
    name: {
        "unit": field.metadata["unit"],
        "description": field.metadata["line"],
        "kind": field.metadata["kind"],
    }
    for name, field in FIELDS.items()
}


@pytest.fixture(scope="module", params=["file", "store"])
def written(request, tmp_path_factory):
    """Return a file that numdiff wrote, in each of its two ways, and the records in it; some numbers are NaN."""
    folder = tmp_path_factory.mktemp(request.param)
    swept = nd.sweep(np.sqrt, [0.25, 2.0**-10], [2.0**-k for k in range(1, 60, 4)], dtype=["float64", "float80"])
    records = swept.records
    if request.param == "file":
        path = folder / "root.parquet"
        nd.sweep(np.sqrt, [0.25, 2.0**-10], [2.0**-k for k in range(1, 60, 4)], dtype=["float64", "float80"], out=path)
        return path, nd.SweepFile(path).read().records
    path = Store(folder).save_frames("root", {"records": records}) / "records.parquet"
    return path, records


def same(column, values):
    """Whether numbers are equal, and texts; NaN is null in Parquet, which readers make NaN or None of."""
    if column.dtype.kind == "f":
        pairs = zip(column, values, strict=True)
        return [(v is None or math.isnan(v)) if math.isnan(c) else c == v for c, v in pairs]
    return [c == v for c, v in zip(column, values, strict=True)]


def test_the_records_hold_numbers_and_nan(written):
    assert written[1]["total"].notna().any()
    assert written[1].select_dtypes("float").isna().any(axis=None)


def test_pandas_reads_the_same_records(written):
    path, records = written
    pd.testing.assert_frame_equal(pd.read_parquet(path), records, check_exact=True)


def test_polars_reads_the_same_numbers(written):
    path, records = written
    frame = pl.read_parquet(path)
    assert frame.columns == list(records.columns)
    for name in records:
        assert all(same(records[name], frame[name].to_list())), name


def test_duckdb_reads_the_same_numbers_and_the_meanings(written):
    path, records = written
    columns = duckdb.sql(f"SELECT * FROM '{path}'").fetchnumpy()
    for name in records:
        values = [float("nan") if value is np.ma.masked else value for value in columns[name]]
        assert all(same(records[name], values)), name
    query = f"SELECT decode(value) FROM parquet_kv_metadata('{path}') WHERE decode(key) = 'numdiff_columns'"
    ((text,),) = duckdb.sql(query).fetchall()
    assert json.loads(text) == MEANINGS


def test_polars_reads_the_meanings(written):
    if not hasattr(pl, "read_parquet_metadata"):
        pytest.skip("this version of polars reads no metadata")
    assert json.loads(pl.read_parquet_metadata(written[0])["numdiff_columns"]) == MEANINGS


def test_arrow_reads_unit_description_and_kind_of_each_column(written):
    schema = pq.read_schema(written[0])
    found = {}
    for field in schema:
        metadata = {key.decode(): value.decode() for key, value in field.metadata.items()}
        found[field.name] = {key: metadata[key] for key in ("unit", "description", "kind")}
    assert found == MEANINGS
    assert found["total"]["kind"] == "platform"
    assert found["ulps"]["unit"] == "ulp"
    assert found["truncation"] == {
        "unit": "",
        "description": "error of the formula in exact arithmetic",
        "kind": "portable",
    }


def test_records_of_a_file_without_meanings_are_still_read(tmp_path, monkeypatch):
    """As numdiff wrote them before it kept the meanings."""
    monkeypatch.setattr("numdiff.study.store.with_meanings", lambda schema: schema)
    records = nd.sweep(np.exp, 0.5, 0.25).records
    store = Store(tmp_path)
    store.save_frames("old", {"records": records})
    assert pq.read_schema(tmp_path / "old" / "records.parquet").field("total").metadata is None
    monkeypatch.undo()
    pd.testing.assert_frame_equal(Store(tmp_path).load_frames("old")["records"], records)


def test_frames_that_are_no_records_are_stored_as_they_are(tmp_path):
    frame = pd.DataFrame({"total": [1.0]})
    Store(tmp_path).save_frames("other", {"values": frame})
    assert pq.read_schema(tmp_path / "other" / "values.parquet").field("total").metadata is None


R_PROGRAM = """
path <- commandArgs(trailingOnly = TRUE)[1]
has <- function(name) requireNamespace(name, quietly = TRUE)
if (has("nanoparquet")) {
  total <- nanoparquet::read_parquet(path)$total
} else if (has("arrow")) {
  total <- as.data.frame(arrow::read_parquet(path))$total
} else if (has("reticulate")) {
  reticulate::py_run_string(paste(
    "import pyarrow.parquet",
    "def column(path, name):",
    "    return pyarrow.parquet.read_table(path, columns=[name])[name].to_pylist()", sep = "\\n"))
  values <- reticulate::import_main()$column(path, "total")
  total <- vapply(values, function(value) if (is.null(value)) NA_real_ else value, 0)
} else quit(status = 77)
cat(sprintf("%a", total), sep = "\\n")
"""
"""By whichever reader of Parquet R has; reticulate lends it that of this Python."""
R_TABLE = """
frame <- read.csv(commandArgs(trailingOnly = TRUE)[1], comment.char = "#", check.names = FALSE)
cat(names(frame), sep = "\\n")
cat(sprintf("%a", frame$truncation), sep = "\\n")
"""
TABLE = ROOT / "results" / "tables" / "error_ledger" / "sides.csv"


def answer_of_r(program, path):
    """Return the lines that a program of R prints of a file."""
    if (found := shutil.which("Rscript")) is None:
        pytest.skip("Rscript is not installed")
    done = subprocess.run(
        [found, "-e", program, str(path)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"RETICULATE_PYTHON": sys.executable},
    )
    if done.returncode == 77:
        pytest.skip("none of nanoparquet, arrow and reticulate is installed in R")
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_r_reads_the_same_numbers(written):
    path, records = written
    words = answer_of_r(R_PROGRAM, path)
    values = [float("nan") if word in ("NA", "NaN") else float.fromhex(word) for word in words]
    assert all(same(records["total"], values))


def test_r_reads_a_table_of_the_results():
    if not TABLE.exists():
        pytest.skip("the results are part of a checkout")
    table = pd.read_csv(TABLE, dtype=str)  # for older versions of pandas round the last bit of numbers
    words = answer_of_r(R_TABLE, TABLE)
    assert words[: len(table.columns)] == list(table.columns)
    assert [float.fromhex(word) for word in words[len(table.columns) :]] == list(map(float, table["truncation"]))
