"""Compare two folders of results.

``python -m experiments.reproducibility.comparison COMMITTED REBUILT [--records DIR]``

Whether two machines are one platform is decided by values. ``values.json`` holds, for each sweep, function and
format, a digest of what the function returned at its nodes; ``columns.json`` says what each column of each table is,
and of which sweep it is made. Then

- a *portable* column is the same, byte for byte;
- so is every row whose functions returned the same values in its formats, and every table, figure and page for which
  all of them did;
- elsewhere a figure of one cell is within its proved bound, on both sides;
- and all else (medians, optima, counts, words) is listed with its largest difference.

Figures and pages are compared by bytes where all their data are, and otherwise listed; a point of a drawing may move by
`MOVE`, since matplotlib takes logarithms too. What a page says of the machine itself is left out. Rows and columns of
a format that one machine lacks are left out, and named. What is excluded (`checksums.APART`) is checked
against its own sums, listed, and not compared. Why functions differ, as far as versions and fingerprints tell, is in
``provenance.json`` and decides nothing.
"""

import argparse
import json
import math
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.reproducibility.cell_bounds import CellBounds
from experiments.reproducibility.table_comparison import (
    FileComparison,
    Machines,
    compare_tables,
    number,
    parsed,
    without,
)
from numdiff.report import checksums, columns

PLATFORM = ("c_library", "functions", "longdouble", "machine", "python", "simd", "system")
"""The fields of provenance.json that describe a machine. They explain differences and decide nothing."""
MOVE = 0.02
"""Points by which something drawn may be elsewhere: less than can be seen, more than the last digit written."""
ORIGIN = "provenance.json"
FORMATS = "tables/overview/formats.csv"
"""The table of the formats that a machine has."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, say what was found, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.reproducibility.comparison", description=(__doc__ or "").split("\n")[0]
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
    comparison = ResultsComparison(options.committed, options.rebuilt, options.records)
    compared = comparison.files()
    print(table_of(compared))
    print(summary(compared, comparison))
    for line in edited:
        print(f"{options.committed.name}/{line}", file=sys.stderr)
    wrong = [(item.file, mistake) for item in compared for mistake in item.wrong]
    for file, mistake in wrong:
        print(f"{file}: {mistake}", file=sys.stderr)
    if wrong or edited:
        where = f", even on another machine ({', '.join(comparison.others)})" if comparison.others else ""
        print(
            f"{options.committed.name}/ is not what this commit produces{where}: run make experiments and commit the "
            "result",
            file=sys.stderr,
        )
        return 1
    return 0


class ResultsComparison:
    """Two folders of results, and how the files of one are compared with those of the other.

    Parameters
    ----------
    committed, rebuilt : Path
    records : Path, optional
        The records that the rebuilt run left.
    """

    def __init__(self, committed: Path, rebuilt: Path, records: Path | None = None) -> None:
        self.ours, self.theirs, self.apart = files_in(committed), files_in(rebuilt), checksums.apart(committed)
        self._origins_of = [_json(files[ORIGIN]) for files in (self.ours, self.theirs)]
        self.others = [name for name in PLATFORM if len({str(facts.get(name)) for facts in self._origins_of}) > 1]
        self.equal = {
            name
            for name in self.ours.keys() & self.theirs.keys()
            if self.ours[name].read_bytes() == self.theirs[name].read_bytes()
        }
        have = [formats_in(files) for files in (self.ours, self.theirs)]
        self.shared, self.missing = have[0] & have[1], have[0] ^ have[1]
        self.differing = differing_values(*(values_in(files) for files in (self.ours, self.theirs)))
        self._bounds = None if records is None else CellBounds(records)
        path = self.theirs.get(columns.NAME)
        self._entries: dict[str, Any] = {} if path is None else _json(path)

    def files(self) -> list[FileComparison]:
        """Return what was compared, and how, for each file of either folder, and last what was not."""
        found = [self._compared(name) for name in sorted({*self.ours, *self.theirs})]
        return found + [FileComparison(name, listed=[reason]) for name, reason in self.apart.items()]

    def _compared(self, name: str) -> FileComparison:
        if name not in self.ours or name not in self.theirs:
            return self._alone(name)
        if name in self.equal:
            return FileComparison(name, by_bytes=["all"])
        if name == ORIGIN:
            return self._origins()
        if name == checksums.NAME or (name in (columns.NAME, columns.VALUES) and (self.missing or self.differing)):
            return FileComparison(name, listed=["follows the other files"])
        if name.endswith(".csv") and name in self._entries:
            return self._tables(name)
        if self._data_of(name) <= self.equal and name != columns.NAME:
            return self._drawings(name)
        if not self.differing and not self.missing:
            return FileComparison(name, by_bytes=["all"], wrong=[self._first_difference(name)])
        return FileComparison(name, listed=["its data differ"])

    def _tables(self, name: str) -> FileComparison:
        entry = self._entries[name]
        differing = self.differing.get(entry.get("made_of", ""), set())
        if not differing and not self.missing:
            return FileComparison(name, by_bytes=["all"], wrong=[self._first_difference(name)])
        mine, other = (files[name].read_text(encoding="utf-8") for files in (self.ours, self.theirs))
        machines = Machines(self.shared, self.missing, differing)
        return compare_tables(name, mine, other, entry, machines, self._bounds)

    def _drawings(self, name: str) -> FileComparison:
        """Compare a figure or a page whose data are the same."""
        mine, other = (without_machine(files[name].read_text(encoding="utf-8")) for files in (self.ours, self.theirs))
        if mine == other:
            return FileComparison(name, by_bytes=["all but the machine"])
        if (far := largest_move(mine, other)) <= MOVE:
            return FileComparison(name, by_bound=[f"drawn at most {far:.2g} points elsewhere"])
        return FileComparison(name, by_bytes=["all"], wrong=["differs, although all its data are the same"])

    def _alone(self, name: str) -> FileComparison:
        """Report a file of one folder only: nothing but what a machine with other formats leaves out may be one."""
        files = self.ours if name in self.ours else self.theirs
        table = Path(name).with_suffix(".csv").as_posix()
        if self.missing and table in files and not (table in self.ours and table in self.theirs):
            frame = parsed(files[table].read_text(encoding="utf-8"))
            if "format" in frame.names and not without(frame, self.shared, self.missing).rows:
                return FileComparison(name, left_out=["all"])
        side = "extra: this commit does not produce it" if name in self.ours else "missing: this commit produces it"
        return FileComparison(name, wrong=[side])

    def _data_of(self, name: str) -> set[str]:
        """Return the files whose data a page or figure shows.

        The words of a figure come from all of its experiment; a page shows everything, or any of it.
        """
        tables = {file for file in self.theirs if file.endswith(".csv")}
        if name.endswith(".svg"):
            return {file for file in tables if file.split("/")[1] == name.split("/")[1]}
        return tables if "/" not in name or name.endswith(".md") else set()

    def _origins(self) -> FileComparison:
        ours, theirs = self._origins_of
        rest = sorted({*ours, *theirs} - set(PLATFORM))
        wrong = [
            f"{name}: {ours.get(name)} against {theirs.get(name)}"
            for name in rest
            if ours.get(name) != theirs.get(name)
        ]
        return FileComparison(
            ORIGIN, by_bytes=rest, listed=[f"{name} (another one)" for name in self.others], wrong=wrong
        )

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


def values_in(files: dict[str, Path]) -> dict[str, Any]:
    """Return the digests of some results: by sweep, subject and format."""
    return _json(files[columns.VALUES]) if columns.VALUES in files else {}


def differing_values(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, set[tuple[str, str]]]:
    """Return by sweep the subjects and formats whose digests differ, or that one of the results lacks."""
    found: dict[str, set[tuple[str, str]]] = {}
    for name in ours.keys() | theirs.keys():
        left, right = (
            {
                (subject, format_name): digest
                for subject, formats in values.get(name, {}).items()
                for format_name, digest in formats.items()
            }
            for values in (ours, theirs)
        )
        if unlike := {key for key in left.keys() | right.keys() if left.get(key) != right.get(key)}:
            found[name] = unlike
    return found


def without_machine(text: str) -> str:
    """Return the text of a page without what its table of provenance says of the machine."""
    names = "|".join(name.replace("_", " ") for name in PLATFORM)
    text = re.sub(rf'(<th scope="row">(?:{names})</th><td>)[^<]*', r"\1", text)
    return re.sub(rf"^(\| (?:{names}) \|).*$", r"\1", text, flags=re.MULTILINE)


_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
_DRAWING = re.compile(r"<svg\b.*?</svg>", re.DOTALL)


def largest_move(mine: str, other: str) -> float:
    """Return how far a number of a drawing is from that of another one; infinite where anything else differs."""
    if _DRAWING.sub("", mine) != _DRAWING.sub("", other):
        return math.inf
    far, pairs = 0.0, zip(_DRAWING.findall(mine), _DRAWING.findall(other), strict=True)
    for left, right in pairs:
        if _NUMBER.sub("#", left) != _NUMBER.sub("#", right):
            return math.inf
        numbers = (map(float, _NUMBER.findall(text)) for text in (left, right))
        far = max([far, *(abs(a - b) for a, b in zip(*numbers, strict=True))])
    return far


def formats_in(files: dict[str, Path]) -> set[str]:
    """Return the formats that the machine of some results had."""
    if FORMATS not in files:
        return set()
    frame = parsed(files[FORMATS].read_text(encoding="utf-8"))
    if not {"format", "precision"} <= set(frame.names):
        return set()
    precisions = zip(frame.column("format"), frame.column("precision"), strict=True)
    return {name for name, bits in precisions if number(bits) is not None}


def table_of(compared: Sequence[FileComparison]) -> str:
    """Return a line for each file: what was compared, how, and the verdict."""
    rows = [("file", "rows", "how", "verdict")]
    for item in compared:
        parts = (
            ("bytes", item.by_bytes),
            ("equal", item.equal),
            ("bound", item.by_bound),
            ("listed", item.listed),
            ("left out", item.left_out),
        )
        how = "; ".join(f"{what}: {', '.join(names)}" for what, names in parts if names)
        rows.append((item.file, item.rows, how, item.verdict))
    widths = [max(len(row[i]) for row in rows) for i in (0, 1)]
    return "\n".join(f"{a:{widths[0]}}  {b:>{widths[1]}}  {verdict:<8}  {how}".rstrip() for a, b, how, verdict in rows)


def summary(compared: Sequence[FileComparison], comparison: ResultsComparison) -> str:
    """Say in one paragraph what was compared, and how."""
    wrong = sum(bool(item.wrong) for item in compared)
    words = [f"{len(compared)} files, {len(comparison.equal)} of them the same byte for byte, {wrong} wrong"]
    if comparison.differing:
        bound, listed = (sum(len(getattr(item, part)) for item in compared) for part in ("by_bound", "listed"))
        pairs = sum(map(len, comparison.differing.values()))
        words.append(
            f"functions returned other values in {pairs} pairs of function and format, in "
            f"{', '.join(sorted(comparison.differing))}: {bound} columns differ within their proved bounds, {listed} "
            "entries are listed and not compared"
        )
    else:
        words.append("all functions returned the same values: every byte counts")
    if comparison.others:
        words.append(f"the machine is another one in: {', '.join(comparison.others)}")
    if comparison.missing:
        words.append(f"left out, because one of the machines lacks it: {', '.join(sorted(comparison.missing))}")
    return ". ".join(words)


def _json(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


if __name__ == "__main__":
    sys.exit(main())
