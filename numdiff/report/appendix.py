"""The end of a report: tables of all sections put together, and a list of all files."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from numdiff.report.sections import Section
from numdiff.report.tables import Table, csv_text
from numdiff.report.views import ChapterView, FigureView, SectionView, TableView

EMBEDDED = 4_000
"""The data of a figure are part of the page up to so many bytes of CSV; the longer ones are files beside it."""


@dataclass(frozen=True)
class DataFile:
    """A file with data of the report, and the figure or table that is made of it.

    Parameters
    ----------
    label, target : str
        The figure or table, and its anchor.
    title : str
    rows : int
    path : str
        Relative to the folder of the report.
    link : str
        The file itself as a ``data:`` address; empty where it is too long for that.
    """

    label: str
    target: str
    title: str
    rows: int
    path: str
    link: str = ""


def merged(sections: Sequence[Section]) -> list[Table]:
    """Return the appendix tables of all sections: those of one name and the same columns are one table.

    Its first column, ``section``, holds the numbers of the sections. Sections that read the same records have the same
    counts: they share their rows.
    """
    groups: dict[tuple[str, tuple[str, ...]], list[tuple[int, Table]]] = {}
    for number, section in enumerate(sections, start=1):
        for table in section.appendix:
            columns = tuple(map(str, table.frame.columns))
            groups.setdefault((table.name, columns), []).append((number, table))
    return [_merged_table(members) for members in groups.values()]


def _merged_table(members: Sequence[tuple[int, Table]]) -> Table:
    shared: dict[str, tuple[list[str], pd.DataFrame]] = {}
    for number, table in members:
        numbers, _ = shared.setdefault(csv_text(table.frame), ([], table.frame))
        numbers.append(str(number))
    frames = []
    for numbers, frame in shared.values():
        whole = frame.reset_index(drop=True)
        whole.insert(0, "section", ", ".join(numbers))
        frames.append(whole)
    first = members[0][1]
    return Table(
        name=first.name,
        title=first.title,
        caption=first.caption,
        frame=pd.concat(frames, ignore_index=True),
        display=first.display,
        rows_shown=first.rows_shown if len(members) == 1 else None,
        headings=first.headings,
        words={
            column: {value: word for _, table in members for value, word in table.words.get(column, {}).items()}
            for column in dict.fromkeys(column for _, table in members for column in table.words)
        },
    )


def data_files(parts: Sequence[SectionView | ChapterView], overview: Sequence[TableView]) -> list[DataFile]:
    """Return what the figures and tables of a report are made of, in its order."""
    found = []
    for part in parts:
        found += [_of_figure(view) for view in part.figures]
        found += [_of_table(view) for view in part.tables]
    return [*found, *map(_of_table, overview)]


def _of_figure(view: FigureView) -> DataFile:
    text = csv_text(view.item.data)
    rows = len(view.item.data)
    return DataFile(view.label, view.id, view.item.title, rows, f"{view.stem}.csv", _address(text))


def _of_table(view: TableView) -> DataFile:
    return DataFile(view.label, view.id, view.item.title, view.rows, view.csv, _address(view.item.to_csv()))


def _address(text: str) -> str:
    data = text.encode()
    return f"data:text/csv;charset=utf-8;base64,{base64.b64encode(data).decode()}" if len(data) <= EMBEDDED else ""
