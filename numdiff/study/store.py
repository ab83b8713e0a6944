"""The store: records in Parquet, a file a block, so that a run that was killed goes on where it stopped."""

import os
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from numdiff.study.records import SCHEMA_VERSION

_VERSION_KEY = b"numdiff_schema"


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
        path = self.path(name)
        if not path.exists():
            return None
        try:
            table = pq.read_table(path)
        except (pa.ArrowInvalid, OSError):
            return None  # a torn file is measured again, and replaced
        if (table.schema.metadata or {}).get(_VERSION_KEY) != str(SCHEMA_VERSION).encode():
            return None
        return table.to_pandas()

    def save(self, name: str, frame: pd.DataFrame) -> Path:
        """Write a frame under a name, whole or not at all, and return its file."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        table = pa.Table.from_pandas(frame, preserve_index=False)
        metadata = {**(table.schema.metadata or {}), _VERSION_KEY: str(SCHEMA_VERSION).encode()}
        partial = path.with_suffix(f".{os.getpid()}.partial")
        pq.write_table(table.replace_schema_metadata(metadata), partial)
        os.replace(partial, path)
        return path
