"""The report of what was measured, with nothing done twice.

Sections are made in worker processes where there are several: what takes long is their figures. The files of the last
report are kept under a digest of all that they are made of (what was measured, the code, the versions of all packages,
what large runs left in ``results``); where that is the same, they are written again as they are.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import numdiff
from experiments.experiment import NOTHING, Experiment
from numdiff.files import fresh_folder, remove_folder
from numdiff.report import checksums
from numdiff.report.pages import Section
from numdiff.study.run import Measured
from numdiff.study.store import Store, digest_of_frames
from numdiff.study.workers import results

__all__ = ["KeptReport", "key_of", "sections_of"]

Drawn = list[list[Element]]
"""The drawings of each figure of a section."""
_KEY = "KEY"
CODE = (Path(numdiff.__file__).parent, Path(__file__).parent)
"""The folders of the code that makes a report of what was measured."""


def sections_of(chosen: Sequence[Experiment], measured: Mapping[str, Measured], workers: int = 1) -> list[Section]:
    """Return the sections of experiments in their order.

    Parameters
    ----------
    chosen : sequence of Experiment
    measured : mapping
        What was measured, by `Experiment.source`.
    workers : int
        Processes that make them; with several, they draw the figures too.
    """
    work = {one.name: (one, measured.get(one.source, NOTHING)) for one in chosen}
    if min(workers, len(work)) < 2:
        return [experiment.section(own) for experiment, own in work.values()]
    # Those with most to read first, so that no worker is left with one at the end.
    order = dict(sorted(work.items(), key=lambda item: _size(item[1][1]), reverse=True))
    made: dict[str, Section] = {}
    for name, (section, drawn) in results(_presented, order, min(workers, len(order)), _ready, _untold):
        for figure, drawings in zip(section.figures, drawn, strict=True):
            figure.adopt(drawings)
        made[name] = section
    return [made[name] for name in work]


def _size(measured: Measured) -> int:
    return len(measured.records) + sum(map(len, measured.frames.values()))


def _presented(work: tuple[Experiment, Measured], done: Callable[[int], Any]) -> tuple[Section, Drawn]:
    experiment, measured = work
    section = experiment.section(measured)
    return section, [figure.drawings() for figure in section.figures]


def _ready() -> None:
    """Do nothing when a worker starts."""


def _untold(number: int) -> None:
    """Leave untold how much is done: it takes seconds."""


def key_of(folder: Path, measured: Mapping[str, Measured], facts: Any) -> str:
    """Return the key of a report.

    Parameters
    ----------
    folder : Path
        That of the results, with those that other commands make.
    measured : mapping
        By name.
    facts : JSON
        Whatever else the report depends on: its experiments, the command, the provenance.
    """
    digest = hashlib.sha256(json.dumps([facts, _versions()], sort_keys=True, default=str).encode())
    for name, one in sorted(measured.items()):
        frames = {"records": one.records, "skips": one.skips, "values": one.values, **one.frames}
        digest.update(name.encode() + b"\0" + digest_of_frames(frames))
    for home in (*CODE, *(folder / name for name in sorted(checksums.APART))):
        for path in sorted(path for path in home.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
            name = f"{home.name}/{path.relative_to(home).as_posix()}"
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
