"""The store: measured frames in Parquet, a folder a measurement, so that a run that was killed goes on from there."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from numdiff.study.records import SCHEMA_VERSION

_VERSION_KEY, _PARTS_KEY = b"numdiff_schema", b"numdiff_parts"


class Store:
    """A folder of Parquet files.

    Parameters
    ----------
    root : Path
        Created when the first file is written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, name: str) -> Path:
        """Return the file of a name."""
        return self.root / f"{name}.parquet"

    def remove(self, name: str) -> None:
        """Forget what is stored under a name, if anything is."""
        self.path(name).unlink(missing_ok=True)

    def load(self, name: str) -> pd.DataFrame | None:
        """Return a stored frame; None where there is none, a torn one, or one of another schema version."""
        table = _read(self.path(name))
        return None if table is None else table.to_pandas()

    def save(self, name: str, frame: pd.DataFrame) -> Path:
        """Write a frame under a name, whole or not at all, and return its file."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        _write(frame, partial, {})
        os.replace(partial, path)
        return path

    def load_frames(self, name: str) -> dict[str, pd.DataFrame] | None:
        """Return the frames of a measurement by name; None where one is missing, torn or of another version."""
        folder = self.root / name
        tables = {path.stem: _read(path) for path in sorted(folder.glob("*.parquet"))}
        parts = sorted(tables)
        for table in tables.values():
            if table is None or json.loads((table.schema.metadata or {}).get(_PARTS_KEY, b"[]")) != parts:
                return None
        return {part: table.to_pandas() for part, table in tables.items() if table is not None} or None

    def save_frames(self, name: str, frames: Mapping[str, pd.DataFrame]) -> Path:
        """Write the frames of a measurement under a name, all of them or none, and return their folder."""
        folder = self.root / name
        partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        parts = {_PARTS_KEY: json.dumps(sorted(frames)).encode()}
        for part, frame in frames.items():
            _write(frame, partial / f"{part}.parquet", parts)
        self.remove_frames(name)  # a folder that holds files cannot be replaced in one step
        os.replace(partial, folder)
        return folder

    def remove_frames(self, name: str) -> None:
        """Forget a measurement, if it is stored."""
        shutil.rmtree(self.root / name, ignore_errors=True)


def _read(path: Path) -> pa.Table | None:
    """Return a table of this schema version; None where there is none, or a torn one: it is measured again."""
    if not path.exists():
        return None
    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError):
        return None
    is_current = (table.schema.metadata or {}).get(_VERSION_KEY) == str(SCHEMA_VERSION).encode()
    return table if is_current else None


def _write(frame: pd.DataFrame, path: Path, facts: Mapping[bytes, bytes]) -> None:
    """Write a frame into a file, with the schema version and other facts beside it."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    metadata = {**(table.schema.metadata or {}), _VERSION_KEY: str(SCHEMA_VERSION).encode(), **facts}
    pq.write_table(table.replace_schema_metadata(metadata), path)
