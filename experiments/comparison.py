"""Compare two folders of results: ``python -m experiments.comparison COMMITTED REBUILT [--records DIR]``.

On one platform they are the same, byte for byte. On another one, where the vector instructions, the C library or the
interpreter differ, ``columns.json`` says of each column of each table what holds:

- a *portable* column is the same, byte for byte;
- a figure of one cell is within its proved bound, on both sides;
- all else that passed through elementary functions (medians, optima, words) is listed with its largest difference.

Figures and pages are compared by bytes where all their data are, and otherwise listed. Rows and columns of a format
that one machine lacks are left out, and named. What stands apart (`checksums.APART`) is held against its own sums,
listed, and not compared.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments import checksums
from experiments.cell_bounds import CellBounds
from experiments.table_comparison import Judgement, compare_tables, parsed, without
from numdiff.report import columns

PLATFORM = ("c_library", "longdouble", "machine", "python", "simd", "system")
"""The fields of provenance.json that say on which platform the results were made."""
ORIGIN = "provenance.json"
FORMATS = "tables/overview/formats.csv"
"""The table of the formats that a machine has."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, say what was found, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.comparison", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("committed", type=Path, metavar="COMMITTED")
    parser.add_argument("rebuilt", type=Path, metavar="REBUILT")
    parser.add_argument("--records", type=Path, metavar="DIR", help="the records that the rebuilt run left, for bounds")
    options = parser.parse_args(arguments)
    for folder in (options.committed, options.rebuilt):
        if not (folder / ORIGIN).is_file():
            print(f"{folder.name}/ holds no results (no {ORIGIN}): run make experiments", file=sys.stderr)
            return 2
    edited = checksums.broken(options.committed)
    for name in checksums.APART:
        if (options.committed / name).is_dir():
            edited += [f"{name}/{line}" for line in checksums.broken(options.committed / name)]
    comparison = Comparison(options.committed, options.rebuilt, options.records)
    judgements = comparison.judgements()
    print(table_of(judgements))
    print(summary(judgements, comparison))
    for line in edited:
        print(f"{options.committed.name}/{line}", file=sys.stderr)
    wrong = [(item.file, mistake) for item in judgements for mistake in item.wrong]
    for file, mistake in wrong:
        print(f"{file}: {mistake}", file=sys.stderr)
    if wrong or edited:
        where = f", even on another platform ({', '.join(comparison.others)})" if comparison.others else ""
        print(
            f"{options.committed.name}/ is not what this commit produces{where}: run make experiments and commit the "
            "result", file=sys.stderr,
        )  # fmt: skip
        return 1
    return 0


class Comparison:
    """Two folders of results, and how the files of one are held against those of the other.

    Parameters
    ----------
    committed, rebuilt : Path
    records : Path, optional
        The records that the rebuilt run left.
    """

    def __init__(self, committed: Path, rebuilt: Path, records: Path | None = None) -> None:
        self.ours, self.theirs, self.apart = files_in(committed), files_in(rebuilt), checksums.apart(committed)
        self.others = other_platform(_json(self.ours[ORIGIN]), _json(self.theirs[ORIGIN]))
        self.equal = {
            name for name in self.ours.keys() & self.theirs.keys()
            if self.ours[name].read_bytes() == self.theirs[name].read_bytes()
        }  # fmt: skip
        have = [formats_of(files) for files in (self.ours, self.theirs)]
        self.shared, self.missing = have[0] & have[1], have[0] ^ have[1]
        self._bounds = None if records is None else CellBounds(records)
        path = self.theirs.get(columns.NAME)
        self._entries: dict[str, Any] = {} if path is None else _json(path)

    def judgements(self) -> list[Judgement]:
        """Return what was compared, and how, for each file of either folder, and last what was not."""
        judged = [self._judged(name) for name in sorted({*self.ours, *self.theirs})]
        return judged + [Judgement(name, listed=[reason]) for name, reason in self.apart.items()]

    def _judged(self, name: str) -> Judgement:
        if name not in self.ours or name not in self.theirs:
            return self._alone(name)
        if name in self.equal:
            return Judgement(name, by_bytes=["all"])
        if not self.others:
            return Judgement(name, by_bytes=["all"], wrong=[self._first_difference(name)])
        if name == ORIGIN:
            return self._origins()
        if name.endswith(".csv") and name in self._entries:
            mine, other = (files[name].read_text(encoding="utf-8") for files in (self.ours, self.theirs))
            return compare_tables(name, mine, other, self._entries[name], (self.shared, self.missing), self._bounds)
        if name == checksums.NAME or (name == columns.NAME and self.missing):
            return Judgement(name, listed=["follows the other files"])
        if self._data_of(name) <= self.equal:
            return Judgement(name, by_bytes=["all"], wrong=["differs, although all its data are the same"])
        return Judgement(name, listed=["its data differ"])

    def _alone(self, name: str) -> Judgement:
        """Judge a file of one folder only: nothing but what a machine with other formats leaves out may be one."""
        files = self.ours if name in self.ours else self.theirs
        table = Path(name).with_suffix(".csv").as_posix()
        if self.missing and table in files and not (table in self.ours and table in self.theirs):
            frame = parsed(files[table].read_text(encoding="utf-8"))
            if "format" in frame.names and not without(frame, self.shared, self.missing).rows:
                return Judgement(name, left_out=["all"])
        side = "extra: this commit does not produce it" if name in self.ours else "missing: this commit produces it"
        return Judgement(name, wrong=[side])

    def _data_of(self, name: str) -> set[str]:
        """Return the files whose data a page or figure shows.

        A table in Markdown shows its own; the words of a figure come from all of its experiment; a page shows
        everything, and where it was made.
        """
        tables = {file for file in self.theirs if file.endswith(".csv")}
        if name.endswith(".md") and "/" in name:
            return {name.removesuffix("md") + "csv"}
        if name.endswith(".svg"):
            return {file for file in tables if file.split("/")[1] == name.split("/")[1]}
        return {ORIGIN, *tables} if "/" not in name and name != columns.NAME else set()

    def _origins(self) -> Judgement:
        ours, theirs = (_json(files[ORIGIN]) for files in (self.ours, self.theirs))
        rest = sorted({*ours, *theirs} - set(PLATFORM))
        wrong = [f"{name}: {ours.get(name)} against {theirs.get(name)}" for name in rest
                 if ours.get(name) != theirs.get(name)]  # fmt: skip
        return Judgement(ORIGIN, by_bytes=rest, listed=[f"{name} (another one)" for name in self.others], wrong=wrong)

    def _first_difference(self, name: str) -> str:
        ours, theirs = (
            files[name].read_text(encoding="utf-8", errors="replace").splitlines() for files in (self.ours, self.theirs)
        )
        for line, (mine, other) in enumerate(zip(ours, theirs, strict=False), start=1):
            if mine != other:
                return f"must be the same; line {line}: {mine[:80]!r} against {other[:80]!r}"
        return f"must be the same; {len(ours)} lines against {len(theirs)}"


def files_in(folder: Path) -> dict[str, Path]:
    """Return the files of a folder by their names in it."""
    return {name: folder / name for name in sorted(checksums.names_of(folder))}


def other_platform(committed: dict[str, Any], rebuilt: dict[str, Any]) -> list[str]:
    """Return in which of its fields the platform is another one."""
    return [name for name in PLATFORM if committed.get(name) != rebuilt.get(name)]


def formats_of(files: dict[str, Path]) -> set[str]:
    """Return the formats that the machine of some results had."""
    if FORMATS not in files:
        return set()
    frame = parsed(files[FORMATS].read_text(encoding="utf-8"))
    if not {"format", "precision"} <= set(frame.names):
        return set()
    return {name for name, bits in zip(frame.column("format"), frame.column("precision"), strict=True) if bits}


def table_of(judgements: Sequence[Judgement]) -> str:
    """Return a line for each file: what was compared, how, and the verdict."""
    rows = [("file", "rows", "how", "verdict")]
    for item in judgements:
        parts = (("bytes", item.by_bytes), ("equal", item.equal), ("bound", item.by_bound), ("listed", item.listed),
                 ("left out", item.left_out))  # fmt: skip
        how = "; ".join(f"{what}: {', '.join(names)}" for what, names in parts if names)
        rows.append((item.file, item.rows, how, item.verdict))
    widths = [max(len(row[i]) for row in rows) for i in (0, 1)]
    return "\n".join(f"{a:{widths[0]}}  {b:>{widths[1]}}  {verdict:<8}  {how}".rstrip() for a, b, how, verdict in rows)


def summary(judgements: Sequence[Judgement], comparison: Comparison) -> str:
    """Say in one paragraph what was compared, and how."""
    wrong = sum(bool(item.wrong) for item in judgements)
    words = [f"{len(judgements)} files, {len(comparison.equal)} of them the same byte for byte, {wrong} wrong"]
    if comparison.others:
        bound, listed = (sum(len(getattr(item, part)) for item in judgements) for part in ("by_bound", "listed"))
        words.append(
            f"another platform ({', '.join(comparison.others)}): {bound} columns differ within their proved bounds, "
            f"{listed} entries are listed and not judged"
        )
    else:
        words.append("the same platform: every byte counts")
    if comparison.missing:
        words.append(f"left out, because one of the machines lacks it: {', '.join(sorted(comparison.missing))}")
    return ". ".join(words)


def _json(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


if __name__ == "__main__":
    sys.exit(main())
