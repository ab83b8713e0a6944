"""The data dictionary: what the columns of the records and of the files in ``results/`` mean, made with every build.

Names, kinds and files come from `numdiff.study.records` and ``results/columns.json``, meanings from the schema of the
records and from ``columns.toml`` beside the pages. A name without a meaning ends the build.
"""

import csv
import json
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from numdiff.study.records import FIELDS

ROOT = Path(__file__).resolve().parents[2]


class Column(NamedTuple):
    """A column of a file: its name, its kind, its unit (empty for words) and what it means."""

    name: str
    kind: str
    unit: str
    meaning: str


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("record-columns", RecordColumns)
    app.add_directive("result-columns", ResultColumns)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


@cache
def words() -> dict[str, Any]:
    """Return what ``columns.toml`` holds."""
    return tomllib.loads((ROOT / "docs" / "columns.toml").read_text(encoding="utf-8"))


def described(file: str, name: str) -> tuple[str, str]:
    """Return meaning and unit of a column of a file; what is said of the file goes before what is said of the name.

    Raises
    ------
    ValueError
        If nobody says what the column means.
    """
    places = sorted((place for place in words()["in"] if file.startswith(place)), key=len, reverse=True)
    for known in [*(words()["in"][place] for place in places), words()["columns"]]:
        if name in known:
            meaning, *unit = [known[name]] if isinstance(known[name], str) else known[name]
            return meaning, "".join(unit)
    if name in FIELDS:
        return FIELDS[name].metadata["line"], unit_of(name)
    raise ValueError(f"docs/columns.toml must say what the column {name!r} of results/{file} means")


def unit_of(name: str) -> str:
    """Return the unit of a column of the records."""
    return str(FIELDS[name].metadata["unit"] or words()["units"].get(name, ""))


def files() -> dict[str, list[Column]]:
    """Return the columns of each table and figure: with their kinds where ``results/columns.json`` lists the file."""
    results = ROOT / "results"
    stored = json.loads((results / "columns.json").read_text(encoding="utf-8"))
    kinds = {file: entry["columns"] for file, entry in stored.items()}
    apart = sorted({path.relative_to(results).as_posix() for path in results.rglob("*.csv")} - kinds.keys())
    kinds |= {file: dict.fromkeys(heads(results / file), "") for file in apart}
    found: dict[str, list[Column]] = {}
    for file, columns in kinds.items():
        found[file] = []
        for name, kind in columns.items():
            meaning, unit = described(file, name)
            found[file].append(Column(name, kind, unit, meaning))
    return found


def heads(path: Path) -> list[str]:
    """Return the names of the columns of a file, which may begin with comments."""
    with path.open(encoding="utf-8", newline="") as lines:
        return next(csv.reader(line for line in lines if not line.startswith("#")))


def families() -> dict[str, dict[str, list[Column]]]:
    """Return the files by the folder that they are in."""
    found: dict[str, dict[str, list[Column]]] = {}
    for file, columns in files().items():
        found.setdefault(file.rpartition("/")[0], {})[file] = columns
    return found


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]], first_is_code: bool = True) -> nodes.table:
    group = nodes.tgroup("", cols=len(head))
    group += [nodes.colspec("", colwidth=1) for _ in head]
    heading = nodes.thead("", nodes.row("", *(nodes.entry("", nodes.paragraph("", word)) for word in head)))
    body = nodes.tbody()
    for row in rows:
        first = nodes.literal("", row[0]) if first_is_code else nodes.Text(row[0])
        cells = [nodes.paragraph("", "", first), *(nodes.paragraph("", text) for text in row[1:])]
        body += nodes.row("", *(nodes.entry("", cell) for cell in cells))
    group += [heading, body]
    return nodes.table("", group, classes=["columns"])


class RecordColumns(SphinxDirective):
    """The schema of the records."""

    def run(self) -> list[nodes.Node]:
        """Return one table."""
        rows = [
            (name, getattr(field.type, "__name__", ""), unit_of(name), field.metadata["kind"], field.metadata["line"])
            for name, field in FIELDS.items()
        ]
        return [_table(("column", "type", "unit", "kind", "meaning"), rows)]


class ResultColumns(SphinxDirective):
    """The columns of the files: a section for each folder, and in it a table for each file."""

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        self.env.note_dependency(str(ROOT / "docs" / "columns.toml"))
        return [self._section(folder, parts) for folder, parts in families().items()]

    def _section(self, folder: str, parts: dict[str, list[Column]]) -> nodes.section:
        section = nodes.section("", nodes.title("", folder), ids=[nodes.make_id(folder)])
        for file, columns in parts.items():
            inner = nodes.container(classes=["file"])
            inner += nodes.paragraph("", "", nodes.strong("", "", nodes.literal("", file.rpartition("/")[2])))
            rows = [(column.name, column.unit, column.kind, column.meaning) for column in columns]
            inner += _table(("column", "unit", "kind", "meaning"), rows)
            section += inner
        return section
