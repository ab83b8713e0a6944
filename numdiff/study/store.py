"""The store: measured frames in Parquet, a folder a measurement, so that a run that was killed goes on from there.

Each file carries a checksum of all its bytes, its own name, and a digest of all frames of its measurement. A file that
was damaged, moved or mixed with those of another measurement is not read: it is named, set aside and measured again.
"""

import hashlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from numdiff.files import fresh_folder, remove_folder, remove_leftovers, write_file
from numdiff.study.records import FIELDS, SCHEMA_VERSION, meaning_of

_VERSION_KEY, _NAME_KEY, _PARTS_KEY, _ALL_KEY, _SUM_KEY = (
    f"numdiff_{word}".encode() for word in ("schema", "name", "parts", "all", "sha256")
)
_COLUMNS_KEY = b"numdiff_columns"
_NO_SUM = b"0" * 64
_MARK = _SUM_KEY + b"\x18\x40"
"""What stands before the checksum in the footer: its key, and the head of a text of 64 bytes (Thrift's compact
protocol: field type 8, one field further, and the length)."""
_CAN_ADD = hasattr(pq.ParquetWriter, "add_key_value_metadata")
"""Whether metadata can stand beside the schema: from pyarrow 17 on. With 16, Arrow's copy of the schema shows zeros."""
_TAIL = 8
"""Bytes at the end of a Parquet file: the length of the footer, and ``PAR1``."""
ASIDE = ".damaged"
"""The ending of what is set aside."""


class Damaged(ValueError):
    """A stored file is not what was written."""


def _say(line: str) -> None:
    print(line, file=sys.stderr)


class Store:
    """A folder of Parquet files.

    Parameters
    ----------
    root : str or Path
        Created when the first file is written.
    say : callable
        Is told, in one line, what was found damaged and where it is kept; by default on standard error.

    Raises
    ------
    TypeError
        If `root` is no path.
    """

    def __init__(self, root: str | Path, say: Callable[[str], Any] = _say) -> None:
        if not isinstance(root, (str, os.PathLike)):
            raise TypeError(f"root must be the path of a folder, got {type(root).__name__} {root!r:.60}")
        self.root = Path(root)
        self._say = say
        self._is_clean = False

    def path(self, name: str) -> Path:
        """Return the file of a name."""
        return self.root / f"{name}.parquet"

    def remove(self, name: str) -> None:
        """Forget what is stored under a name, if anything is."""
        self.path(name).unlink(missing_ok=True)

    def load(self, name: str) -> pd.DataFrame | None:
        """Return a stored frame; None where there is none, one of another schema version, or a damaged one.

        The latter is set aside.
        """
        path = self.path(name)
        try:
            table = _read(path, name) if os.path.lexists(path) else None
        except Damaged as error:
            self._set_aside(path, error)
            return None
        return table.to_pandas() if table is not None and is_current(table.schema) else None

    def save(self, name: str, frame: pd.DataFrame) -> Path:
        """Write a frame under a name, whole or not at all, and return its file."""
        self._clean(self.path(name).parent)
        write_file(self.path(name), _sealed(_table(frame), name))
        return self.path(name)

    def load_frames(self, name: str) -> dict[str, pd.DataFrame] | None:
        """Return the frames of a measurement by name; None where it is missing, of another version, or damaged.

        Damaged is also a measurement that lacks a frame, or has one of another. It is set aside.
        """
        folder = self.root / name
        if not os.path.lexists(folder):
            return None
        try:
            tables = _read_all(folder, name)
        except Damaged as error:
            self._set_aside(folder, error)
            return None
        if not all(is_current(table.schema) for table in tables.values()):
            return None
        return {part: table.to_pandas() for part, table in tables.items()}

    def save_frames(self, name: str, frames: Mapping[str, pd.DataFrame]) -> Path:
        """Write the frames of a measurement under a name, all of them or none, and return their folder."""
        self._clean((self.root / name).parent)
        tables = {part: _table(frame) for part, frame in frames.items()}
        facts = {_PARTS_KEY: json.dumps(sorted(tables)).encode(), _ALL_KEY: _digest(tables)}
        with fresh_folder(self.root / name, keep=lambda name: False) as folder:
            for part, table in tables.items():
                (folder / f"{part}.parquet").write_bytes(_sealed(table, f"{name}/{part}", facts))
        return self.root / name

    def remove_frames(self, name: str) -> None:
        """Forget a measurement, if it is stored."""
        remove_folder(self.root / name)

    def _set_aside(self, path: Path, error: Damaged) -> None:
        """Keep a damaged file or folder under another name, and say so."""
        name, number = path.relative_to(self.root).as_posix(), 1
        aside = path.with_name(path.name + ASIDE)
        while os.path.lexists(aside):
            number += 1
            aside = path.with_name(f"{path.name}{ASIDE}-{number}")
        try:
            os.replace(path, aside)
            kept = f"kept as {aside.name}"
        except OSError as failure:
            kept = f"and cannot be set aside ({failure.strerror})"
        self._say(f"stored {name} is damaged ({error}); it is not used, {kept}")

    def _clean(self, folder: Path) -> None:
        if not self._is_clean:
            remove_leftovers(folder)
            self._is_clean = True


def digest_of_frames(frames: Mapping[str, pd.DataFrame]) -> bytes:
    """Return a digest of what frames hold, 64 hexadecimal digits."""
    return _digest({name: _table(frame) for name, frame in frames.items()})


def _table(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False)


def _digest(tables: Mapping[str, pa.Table]) -> bytes:
    """Return a digest of what the frames of a measurement hold."""
    digest = hashlib.sha256()
    for part, table in sorted(tables.items()):
        stream = pa.BufferOutputStream()
        with pa.ipc.new_stream(stream, table.schema) as writer:
            writer.write_table(table)
        digest.update(part.encode() + b"\0" + stream.getvalue().to_pybytes())
    return digest.hexdigest().encode()


def metadata_of(schema: pa.Schema, name: str, facts: Mapping[bytes, bytes] | None = None) -> dict[bytes, bytes]:
    """Return the metadata of a file: its schema version and its name; `add_room` adds its checksum."""
    known = {_VERSION_KEY: str(SCHEMA_VERSION).encode(), _NAME_KEY: name.encode()}
    if not _CAN_ADD:
        known[_SUM_KEY] = _NO_SUM
    return {**(schema.metadata or {}), **known, **(facts or {})}


def add_room(writer: pq.ParquetWriter) -> None:
    """Add room for the checksum beside the schema of a file: the copy of that which Arrow keeps would keep zeros."""
    if _CAN_ADD:
        writer.add_key_value_metadata({_SUM_KEY: _NO_SUM})


def with_meanings(schema: pa.Schema) -> pa.Schema:
    """Return the schema of records with what each column means; another one as it is.

    Each field has ``unit``, ``description`` and ``kind`` (key, portable or platform) in its metadata, as Arrow keeps
    them. Readers that know Parquet alone find the same under one key of the file, as JSON by column. NaN is null.
    """
    if schema.names != list(FIELDS):
        return schema
    meanings = {name: meaning_of(name) for name in FIELDS}
    fields = [field.with_metadata(meanings[field.name]) for field in schema]
    known = {_COLUMNS_KEY: json.dumps(meanings).encode(), **(schema.metadata or {})}
    return pa.schema(fields, metadata=known)


def seal(path: Path) -> None:
    """Write the checksum of a file that has room for it; the file is never in memory as a whole."""
    with path.open("r+b") as file:
        size = file.seek(-_TAIL, os.SEEK_END)
        footer = int.from_bytes(file.read(4), "little")
        start = size - footer
        file.seek(start)
        place = start + file.read(footer).rindex(_MARK) + len(_MARK)
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(place)
        file.write(digest.encode())


def is_current(schema: pa.Schema) -> bool:
    """Whether a file is of the schema version of this package."""
    return bool((schema.metadata or {}).get(_VERSION_KEY) == str(SCHEMA_VERSION).encode())


def _sealed(table: pa.Table, name: str, facts: Mapping[bytes, bytes] | None = None) -> bytes:
    """Return a table as the bytes of a Parquet file that holds its schema version, its name and its checksum.

    The checksum is the SHA-256 of all bytes of the file, with zeros in its own place.
    """
    stream = pa.BufferOutputStream()
    described = table.replace_schema_metadata(metadata_of(table.schema, name, facts))
    schema = with_meanings(described.schema)
    with pq.ParquetWriter(stream, schema) as writer:
        writer.write_table(described.cast(schema))
        add_room(writer)
    data = bytearray(stream.getvalue().to_pybytes())
    start = data.rindex(_MARK) + len(_MARK)
    data[start : start + len(_NO_SUM)] = hashlib.sha256(data).hexdigest().encode()
    return bytes(data)


def _read(path: Path, name: str) -> pa.Table:
    """Return the table of a file whose checksum and name are right.

    Raises
    ------
    Damaged
        If they are not, or the file cannot be read.
    """
    try:
        data = bytearray(path.read_bytes())
        start = data.rfind(_MARK) + len(_MARK)
        if start < len(_MARK):
            raise Damaged("it has no checksum")
        stored = bytes(data[start : start + len(_NO_SUM)])
        whole = bytes(data)
        data[start : start + len(_NO_SUM)] = _NO_SUM
        if stored != hashlib.sha256(data).hexdigest().encode():
            raise Damaged("its checksum is wrong")
        table = pq.read_table(pa.BufferReader(whole))
    except (pa.ArrowException, OSError) as error:
        raise Damaged(f"it cannot be read: {getattr(error, 'strerror', None) or type(error).__name__}") from error
    if (found := table.schema.metadata[_NAME_KEY].decode()) != name:
        raise Damaged(f"it was written as {found}")
    return table


def _read_all(folder: Path, name: str) -> dict[str, pa.Table]:
    """Return the tables of a measurement.

    Raises
    ------
    Damaged
        If one is damaged or missing, or they were not written together.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".parquet")
    except OSError as error:
        raise Damaged(f"it cannot be read: {error.strerror}") from error
    if not paths:
        raise Damaged("it holds nothing")
    tables = {}
    for path in paths:
        try:
            tables[path.stem] = _read(path, f"{name}/{path.stem}")
        except Damaged as error:
            raise Damaged(f"{path.name}: {error}") from error
    facts = {tuple(table.schema.metadata.get(key) for key in (_PARTS_KEY, _ALL_KEY)) for table in tables.values()}
    if len(facts) > 1:
        raise Damaged("its files were not written together")
    ((parts, _),) = facts
    if (wanted := json.loads(parts or b"[]")) != sorted(tables):
        raise Damaged(f"it must have the files {', '.join(wanted)}, and has {', '.join(sorted(tables))}")
    return tables
