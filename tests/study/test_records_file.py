"""A file of records is written and read by row groups, is whole or absent, and is one that the store reads."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import numdiff as nd
from numdiff.study import records_file
from numdiff.study.records import FIELDS, frame_of
from numdiff.study.records_file import RecordsFile, write_records
from numdiff.study.store import Damaged, Store, _read


@pytest.fixture(scope="module")
def records() -> pd.DataFrame:
    return nd.sweep(np.exp, [0.5, 1.0, 2.0], [0.25, 0.125], dtype=["float32", "float64"]).records


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records_file, "ROWS", 8)


@pytest.fixture
def pieces(records: pd.DataFrame) -> list[pd.DataFrame]:
    return [records[records["point"] == point] for point in range(3)]


def test_store_reads_what_was_written_in_pieces(tmp_path: Path, pieces: list[pd.DataFrame]) -> None:
    nothing = frame_of({name: [] for name in FIELDS})
    assert write_records(tmp_path / "deep" / "exp.parquet", [pieces[0], nothing, *pieces[1:]]) == 24
    pd.testing.assert_frame_equal(Store(tmp_path / "deep").load("exp"), pd.concat(pieces, ignore_index=True))
    assert pq.ParquetFile(tmp_path / "deep" / "exp.parquet").num_row_groups == 3
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["exp.parquet"]


@pytest.mark.parametrize(("rows", "groups"), [(1, [8, 8, 8]), (15, [8, 8, 8]), (16, [16, 8]), (24, [24])])
def test_frames_are_put_together_as_many_as_fit_and_none_is_cut(
    tmp_path: Path, pieces: list[pd.DataFrame], monkeypatch: pytest.MonkeyPatch, rows: int, groups: list[int]
) -> None:
    monkeypatch.setattr(records_file, "ROWS", rows)
    write_records(tmp_path / "exp.parquet", pieces)
    assert [len(frame) for frame in RecordsFile(tmp_path / "exp.parquet").frames(["point"])] == groups


def test_metadata_and_schema_are_those_of_the_store(tmp_path: Path, records: pd.DataFrame) -> None:
    Store(tmp_path / "store").save("exp", records)
    write_records(tmp_path / "exp.parquet", [records])
    ours, known = (pq.read_schema(folder / "exp.parquet") for folder in (tmp_path, tmp_path / "store"))
    assert ours.equals(known)
    left, right = (dict(schema.metadata) for schema in (ours, known))
    for metadata in (left, right):
        metadata.pop(b"numdiff_sha256", None)
        del metadata[b"pandas"]  # the latter has the length of a RangeIndex
    assert left == right


def test_checksum_of_a_file_is_that_of_its_bytes_and_stands_in_it_once(tmp_path: Path, records: pd.DataFrame) -> None:
    write_records(tmp_path / "streamed.parquet", [records])
    Store(tmp_path).save("stored", records)
    for name in ("streamed", "stored"):
        file = pq.ParquetFile(tmp_path / f"{name}.parquet")
        digest = file.metadata.metadata[b"numdiff_sha256"]
        data = (tmp_path / f"{name}.parquet").read_bytes()
        assert hashlib.sha256(data.replace(digest, b"0" * 64)).hexdigest().encode() == digest
        if hasattr(pq.ParquetWriter, "add_key_value_metadata"):  # not before pyarrow 17
            assert b"numdiff_sha256" not in file.schema_arrow.metadata  # the copy of Arrow would have zeros
        assert pq.read_table(tmp_path / f"{name}.parquet").schema.field("total").metadata[b"description"]


def test_a_byte_that_changes_is_found(tmp_path: Path, records: pd.DataFrame) -> None:
    path = tmp_path / "exp.parquet"
    write_records(path, [records])
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(Damaged, match="checksum is wrong"):
        _read(path, "exp")


def test_what_fails_on_the_way_leaves_the_old_file_and_nothing_else(tmp_path: Path, records: pd.DataFrame) -> None:
    def broken() -> object:
        yield records
        raise KeyboardInterrupt

    path = tmp_path / "exp.parquet"
    write_records(path, [records])
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        write_records(path, broken())  # type: ignore[arg-type]
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_points_and_columns_that_are_not_wanted_are_not_read(tmp_path: Path, pieces: list[pd.DataFrame]) -> None:
    write_records(tmp_path / "exp.parquet", pieces)
    (frame,) = RecordsFile(tmp_path / "exp.parquet").frames(["point", "total"], range(1, 2))
    pd.testing.assert_frame_equal(frame, pieces[1][["point", "total"]].reset_index(drop=True))
    assert len(RecordsFile(tmp_path / "exp.parquet")) == 24


def test_another_file_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1.0]}), tmp_path / "other.parquet")
    (tmp_path / "text.parquet").write_text("no Parquet")
    for name in ("other", "text"):
        with pytest.raises(ValueError, match=rf"path must be a file of records.*{name}\.parquet"):
            RecordsFile(tmp_path / f"{name}.parquet")
    with pytest.raises(FileNotFoundError):
        RecordsFile(tmp_path / "none.parquet")
