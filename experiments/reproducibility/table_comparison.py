"""Compare a table of two folders of results, column by column, as the kinds of the columns demand."""

import csv
import io
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from experiments.reproducibility.cell_bounds import CellBounds
from numdiff.report.columns import BOUNDED, PORTABLE
from numdiff.study.records import FIELDS

FIGURES = "figures of "
"""What stands in a digest before the name of a library whose own figures it is of."""


@dataclass
class FileComparison:
    """What was compared in one file, and how."""

    file: str
    rows: str = ""
    by_bytes: list[str] = field(default_factory=list)
    equal: list[str] = field(default_factory=list)
    by_bound: list[str] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """The first mistake, or that there is none."""
        if self.wrong:
            return f"WRONG: {self.wrong[0]}" + (f" (and {len(self.wrong) - 1} more)" if len(self.wrong) > 1 else "")
        if self.by_bytes or self.by_bound:
            return "ok"
        return "listed" if self.listed or self.equal else "left out"


@dataclass(frozen=True)
class Frame:
    """A table as texts."""

    names: list[str]
    rows: list[list[str]]

    def column(self, name: str) -> list[str]:
        """Return the texts of a column."""
        index = self.names.index(name)
        return [row[index] for row in self.rows]


def parsed(text: str) -> Frame:
    """Return a CSV file as texts."""
    rows = list(csv.reader(io.StringIO(text)))
    return Frame(rows[0], rows[1:]) if rows else Frame([], [])


@dataclass(frozen=True)
class Machines:
    """In what two machines differ, as far as one file is concerned.

    Parameters
    ----------
    shared, missing : collection of str
        The formats that both have, and those that one of them lacks.
    differing : collection of (str, str)
        The subjects and formats for which functions returned other values, among the blocks that the file is made of.
    """

    shared: Collection[str]
    missing: Collection[str]
    differing: Collection[tuple[str, str]]

    def may_differ(self, subject: str, format_name: str, contestant: str = "") -> bool:
        """Whether something made of a subject in a format (empty: of all of them) may be another on each machine.

        The figures of a library hang on more than the values of f: their digests count for its own rows, and for rows
        of nobody in particular.
        """
        return any(
            (subject in ("", s) if not s.startswith(FIGURES) else contestant in ("", s.removeprefix(FIGURES)))
            and format_name in ("", f)
            for s, f in self.differing
        )


def compare_tables(
    file: str, ours: str, theirs: str, entry: Mapping[str, Any], machines: Machines, bounds: CellBounds | None
) -> FileComparison:
    """Compare the committed and the rebuilt text of a table of two machines that are not alike.

    Parameters
    ----------
    file : str
    ours, theirs : str
        The committed and the rebuilt file.
    entry : mapping
        Of ``columns.json``.
    machines : Machines
    bounds : CellBounds, optional
        Without it columns with bounds that differ are wrong.
    """
    result, missing = FileComparison(file), machines.missing
    left, right = (without(parsed(text), machines.shared, missing) for text in (ours, theirs))
    if missing:
        result.left_out = sorted({*parsed(ours).names, *parsed(theirs).names} & set(missing))
        common = [name for name in left.names if name in right.names]
        left, right = select(left, common), select(right, common)
    if left.names != right.names:
        result.wrong.append(f"columns {', '.join(left.names)} against {', '.join(right.names)}")
        return result
    kinds = {name: entry["columns"].get(name, "platform") for name in left.names}
    portable = [name for name in left.names if kinds[name] == PORTABLE]
    if missing and portable:
        left, dropped = aligned(left, right, portable)
        result.left_out += [f"{dropped} rows"] * bool(dropped)
    result.rows = str(len(right.rows))
    if len(left.rows) != len(right.rows):
        what = f"{len(left.rows)} rows against {len(right.rows)}"
        (result.listed if machines.may_differ("", "") and not portable else result.wrong).append(what)
        return result
    for name in left.names:
        _compare_column(result, name, (left, right), (file, entry, kinds), machines, bounds)
    return result


def _compare_column(
    result: FileComparison,
    name: str,
    frames: tuple[Frame, Frame],
    table: tuple[str, Mapping[str, Any], Mapping[str, str]],
    machines: Machines,
    bounds: CellBounds | None,
) -> None:
    """Compare one column: by bytes where it is portable or its values are, else within bounds, or list it."""
    file, entry, kinds = table
    right = frames[1]
    mine, other = (frame.column(name) for frame in frames)
    if kinds[name] == PORTABLE:
        result.by_bytes.append(name)
        result.wrong += different(name, mine, other)[:1]
        return
    free = _may_differ(name, right, entry, kinds, machines)
    fixed = [a if may else b for a, b, may in zip(other, mine, free, strict=True)]
    result.wrong += [f"{text}, although f returned the same values" for text in different(name, fixed, other)[:1]]
    if mine == other:
        (result.equal if any(free) else result.by_bytes).append(name)
    elif kinds[name] in BOUNDED:
        compare_cells(result, name, kinds[name], mine, other, record_keys(file, name, right, entry, kinds), bounds)
    else:
        result.listed.append(f"{name} ({how_far(mine, other)})")


def _may_differ(
    name: str, frame: Frame, entry: Mapping[str, Any], kinds: Mapping[str, str], machines: Machines
) -> list[bool]:
    """Return for each row of a column whether its blocks returned other values on one of the machines."""
    rows, where = len(frame.rows), entry.get("where", {})
    known = [
        frame.column(key) if kinds.get(key) == PORTABLE and key in frame.names else [where.get(key, "")] * rows
        for key in ("problem", "format", "contestant")
    ]
    if name in machines.shared:
        known[1] = [name] * rows
    # A word that is no format, such as "all", stands for all of them.
    known[1] = [text if text in machines.shared else "" for text in known[1]]
    answers = {pair: machines.may_differ(*pair) for pair in set(zip(*known, strict=True))}
    return [answers[pair] for pair in zip(*known, strict=True)]


def without(frame: Frame, shared: Collection[str], missing: Collection[str]) -> Frame:
    """Leave out what belongs to formats that one of the machines lacks: rows, columns, and rows of nothing else."""
    if not missing:
        return frame
    rows = frame.rows
    if "format" in frame.names:
        index = frame.names.index("format")
        rows = [row for row in rows if row[index] not in missing]
    if set(frame.names) & set(missing):
        places = [i for i, name in enumerate(frame.names) if name in shared]
        rows = [row for row in rows if not places or any(row[i] for i in places)]
    return select(Frame(frame.names, rows), [name for name in frame.names if name not in missing])


def select(frame: Frame, names: Sequence[str]) -> Frame:
    """Return some columns."""
    places = [frame.names.index(name) for name in names]
    return Frame(list(names), [[row[i] for i in places] for row in frame.rows])


def aligned(left: Frame, right: Frame, portable: Sequence[str]) -> tuple[Frame, int]:
    """Leave out rows of the left table that the right one, of a machine with fewer formats, does not have."""
    if len(left.rows) <= len(right.rows):
        return left, 0
    a, b = select(left, portable).rows, select(right, portable).rows
    kept, at = [], 0
    for index, row in enumerate(a):
        if at < len(b) and row == b[at]:
            kept.append(left.rows[index])
            at += 1
    return (Frame(left.names, kept), len(a) - len(kept)) if at == len(b) else (left, 0)


def different(name: str, mine: Sequence[str], other: Sequence[str]) -> list[str]:
    """Say where two columns of texts differ."""
    return [
        f"{name}, row {row}: {a or 'nothing'} against {b or 'nothing'}"
        for row, (a, b) in enumerate(zip(mine, other, strict=True), start=1)
        if a != b
    ]


def record_keys(
    file: str, name: str, frame: Frame, entry: Mapping[str, Any], kinds: Mapping[str, str]
) -> tuple[str, dict[str, list[str]]]:
    """Return the name of the records, and the keys of the cells in them, that a column shows."""
    rows = len(frame.rows)
    keys = {
        column: frame.column(column)
        for column in frame.names
        if kinds[column] == PORTABLE and column in FIELDS and FIELDS[column].metadata["kind"] in ("key", "portable")
    }
    keys |= {key: [value] * rows for key, value in entry.get("where", {}).items()}
    if name not in FIELDS and "format" not in keys:
        keys["format"] = [name] * rows
    return entry.get("made_of") or file.split("/")[1], keys


def compare_cells(
    result: FileComparison,
    name: str,
    field_: str,
    mine: Sequence[str],
    other: Sequence[str],
    cells: tuple[str, Mapping[str, Sequence[str]]],
    bounds: CellBounds | None,
) -> None:
    """Check a column that shows one field of single cells against their bounds, on both sides."""
    if bounds is None:
        result.wrong.append(f"{name}: differs, and there are no records to take its bounds from (--records)")
        return
    source, keys = cells
    within, unbounded, words, unknown, worst = 0, 0, 0, 0, 0.0
    for row, (a, b, found) in enumerate(zip(mine, other, bounds.of(source, keys, field_, other), strict=True), 1):
        if a == b:
            continue
        v, w = number(a), number(b)
        if v is None or w is None:
            words += 1
        elif found is None:
            unknown += 1
        elif math.inf in found[0]:
            unbounded += 1
        else:
            (own, any_), centre = found
            for value, limit, side in ((v, any_, "committed"), (w, own, "rebuilt")):
                if not abs(value - centre) <= limit:
                    result.wrong.append(f"{name}, row {row}: {side} {value!r} is outside of its bound {limit!r}")
            worst = max(worst, abs(v - centre) / any_ if any_ else 0.0)
            within += 1
    if within:
        result.by_bound.append(f"{name} ({within} differ, at most {worst:.2g} of the bound)")
    rest = ((unbounded, "without a bound"), (words, "a word on one side"), (unknown, "of no single cell"))
    if any(count for count, _ in rest) or not within:
        notes = ", ".join(f"{count} {why}" for count, why in rest if count)
        result.listed.append(f"{name} ({notes}; {how_far(mine, other)})")


def number(text: str) -> float | None:
    """Return a finite number; None for a word, for nothing, and for what is not finite."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def how_far(mine: Sequence[str], other: Sequence[str]) -> str:
    """Say how many texts differ, and the largest relative difference of numbers."""
    pairs = [(number(a), number(b)) for a, b in zip(mine, other, strict=True) if a != b]
    far = [abs(v - w) / max(abs(v), abs(w)) for v, w in pairs if v is not None and w is not None and v != w]
    words = len(pairs) - len([None for v, w in pairs if v is not None and w is not None])
    notes = [f"{len(far)} by up to {max(far, default=0):.2g}"] * bool(far) + [f"{words} words"] * bool(words)
    return " and ".join(notes) or f"{len(pairs)} in their digits only"
