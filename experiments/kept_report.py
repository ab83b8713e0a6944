"""The report of the last run, kept: its files are written again where nothing that it is made of has changed.

A report is a function of what was measured, of the code that presents it, of the versions of all packages, and of what
large runs left in ``results``. A digest of all these is its key. Only the last report is kept.
"""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import numdiff
from numdiff.files import fresh_folder, remove_folder
from numdiff.report import checksums
from numdiff.study.run import Measured
from numdiff.study.store import Store, digest_of_frames

__all__ = ["KeptReport", "key_of"]

_KEY = "KEY"
CODE = (Path(numdiff.__file__).parent, Path(__file__).parent)
"""The folders of the code that makes a report of what was measured."""


def key_of(results: Path, measured: Mapping[str, Measured], facts: Any) -> str:
    """Return the key of a report.

    Parameters
    ----------
    results : Path
        The folder of the results, with those that other commands make.
    measured : mapping
        By name.
    facts : JSON
        Whatever else the report depends on: its experiments, the command, the provenance.
    """
    digest = hashlib.sha256(json.dumps([facts, _versions()], sort_keys=True, default=str).encode())
    for name, one in sorted(measured.items()):
        frames = {"records": one.records, "skips": one.skips, "values": one.values, **one.frames}
        digest.update(name.encode() + b"\0" + digest_of_frames(frames))
    for folder in (*CODE, *(results / name for name in sorted(checksums.APART))):
        for path in sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
            name = f"{folder.name}/{path.relative_to(folder).as_posix()}"
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _versions() -> list[str]:
    return sorted(f"{one.name} {one.version}" for one in distributions())


class KeptReport:
    """The files of the last report, in a store.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self._folder = store.root / "report"

    def load(self, key: str) -> dict[str, str] | None:
        """Return the files of the report with a key by name; None where another one is kept, or a damaged one."""
        try:
            if (self._folder / _KEY).read_text(encoding="utf-8") != key or checksums.broken(self._folder):
                return None
            names = checksums.names_of(self._folder) - {_KEY, checksums.NAME}
            return {name: (self._folder / name).read_text(encoding="utf-8") for name in sorted(names)}
        except (OSError, UnicodeDecodeError):
            return None

    def save(self, key: str, files: Mapping[str, str]) -> None:
        """Keep the files of a report in place of the last one."""
        with fresh_folder(self._folder, keep=lambda name: False) as folder:
            for name, text in {**files, _KEY: key}.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(text, encoding="utf-8", newline="\n")
            checksums.write(folder, [folder / name for name in (*files, _KEY)])

    def forget(self) -> None:
        """Forget the last report."""
        remove_folder(self._folder)
