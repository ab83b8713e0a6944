"""One Parquet file of records that is written, and read, a row group at a time.

It is a file as `numdiff.study.store.Store` has them, with the same columns, metadata and checksum: `Store.load` reads
it whole. A row group has all cells of some points.
"""

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from numdiff.files import fresh_file, remove_leftovers
from numdiff.study.records import FIELDS, frame_of
from numdiff.study.store import add_room, is_current, metadata_of, seal, with_meanings

__all__ = ["RecordsFile", "write_records"]

ROWS = 32_768
"""Rows of a row group, at most, unless one frame has more.

What is known of a row group stays in memory until the file is closed: 40 kB for 45 columns, which are 12 MB for 10⁷
rows, and as much again while it is written down. The rows of one that waits take 15 MB, and about as much while it is
encoded.
"""


def write_records(path: Path, frames: Iterable[pd.DataFrame]) -> int:
    """Write records to a file as they come, some frames as a row group, and return how many there are.

    The file takes its place in one step when all are written. Until then, and if anything fails, its place holds what
    it held before; what a program that was killed has left beside it is removed after an hour.

    Parameters
    ----------
    path : Path
        Its folder is made where it is missing.
    frames : iterable of DataFrame
        With the columns of `Record`; none is cut.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    count = 0
    # Of a record: an empty column of texts has no type in older versions of pandas.
    anything = frame_of({name: [field.type()] for name, field in FIELDS.items()})  # type: ignore[operator]
    schema = pa.Table.from_pandas(anything, preserve_index=False).schema
    schema = with_meanings(schema.with_metadata(metadata_of(schema, path.stem)))
    with fresh_file(path) as partial:
        remove_leftovers(partial.parent, path.name)
        # Statistics of this one find points; those of all columns would be most of what is known of a row group.
        with pq.ParquetWriter(partial, schema, write_statistics=["point"]) as writer:
            for group in _groups(frames, schema):
                writer.write_table(group, row_group_size=len(group))
                count += len(group)
                del group  # before the next one grows
            add_room(writer)
        seal(partial)
    return count


def _groups(frames: Iterable[pd.DataFrame], schema: pa.Schema) -> Iterator[pa.Table]:
    """Put frames together, as many as fit into a row group."""
    waiting: list[pa.Table] = []
    for frame in frames:
        if waiting and sum(map(len, waiting)) + len(frame) > ROWS:
            waiting, group = [], pa.concat_tables(waiting)
            yield group
            del group
        if len(frame):
            table = pa.Table.from_pandas(frame, preserve_index=False)
            waiting.append(table.cast(schema))
    if waiting:
        yield pa.concat_tables(waiting)


class RecordsFile:
    """A file of records, opened for reading.

    Parameters
    ----------
    path : Path

    Raises
    ------
    OSError
        If there is no such file.
    ValueError
        If it is no file of records, or one of another schema version.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = pq.ParquetFile(path)
        except pa.ArrowInvalid as error:
            raise ValueError(f"path must be a file of records, got {path}: {error}") from error
        schema = self._file.schema_arrow
        if not is_current(schema) or schema.names != list(FIELDS):
            raise ValueError(f"path must be a file of records of this version of numdiff, got {path}")
        self._point = list(FIELDS).index("point")

    def __len__(self) -> int:
        """How many records there are."""
        return int(self._file.metadata.num_rows)

    def frames(self, columns: Sequence[str] | None = None, points: range | None = None) -> Iterator[pd.DataFrame]:
        """Yield row groups, one after the other.

        Parameters
        ----------
        columns : sequence of str, optional
            Those that are read; by default all.
        points : range, optional
            Indices of points: row groups that have none of them are not read.

        Raises
        ------
        TypeError
            If `columns` is no sequence of names.
        ValueError
            If there is no such column.
        """
        _check_columns(columns)
        return self._frames(columns, points)

    def _frames(self, columns: Sequence[str] | None, points: range | None) -> Iterator[pd.DataFrame]:
        for group in range(self._file.num_row_groups):
            if points is not None:
                seen = self._file.metadata.row_group(group).column(self._point).statistics
                if seen is not None and (seen.max < points.start or seen.min >= points.stop):
                    continue
            yield self._file.read_row_group(group, columns=None if columns is None else list(columns)).to_pandas()


def _check_columns(columns: Any) -> None:
    """Refuse what names no columns: a Parquet reader leaves out what a file does not have, without a word."""
    if columns is None:
        return
    if isinstance(columns, str) or not isinstance(columns, Iterable):
        raise TypeError(f"columns must be a sequence of names, got {columns!r:.60}")
    for name in columns:
        if name not in FIELDS:
            raise ValueError(f"columns must be among those of the records, got {name!r:.60}; {_advice(name)}")


def _advice(name: Any) -> str:
    close = get_close_matches(str(name), FIELDS, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(FIELDS)}"
