"""What a report consists of, as data: the opening, sections, chapters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import pandas as pd
from markupsafe import Markup

from numdiff.report.figures import Figure, check_name
from numdiff.report.tables import Table


@dataclass(frozen=True, eq=False)
class Section:
    """One experiment of the report.

    Parameters
    ----------
    name : str
        Folder of its files: letters, digits, underscores.
    title, question : str
        What is shown and asked.
    answer : str
        The headline finding, in one or two sentences.
    findings : tuple of str
        Further findings, a sentence each.
    figures : tuple of Figure
        The figures, their names unique; the first is the one that shows the answer.
    tables : tuple of Table
        The tables, their names unique; the first is the one to take away.
    advice : tuple of str
        What it means for somebody who writes such code, a sentence or two each.
    method_note : str
        How it was measured: grid, formats, number of cells and of failures.
    limits : tuple of str
        What the answer does not cover, how the functions were chosen, and what others do better.
    appendix : tuple of Table
        Tables that stand at the end of the report: cells by status, what was left out. Those of one name and the same
        columns, in several sections, become one table there.
    values : DataFrame or None
        Digests of what the functions returned: columns subject, format, digest. None where nothing was measured that
        passed through elementary functions.
    source : str
        What the digests are kept under in ``values.json``; sections of one source are made of the same records. By
        default the name of the section.

    Raises
    ------
    ValueError
        If the name is not a folder name, a text is empty, or two figures or two tables share a name.
    """

    name: str
    title: str
    question: str
    answer: str
    findings: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    advice: tuple[str, ...] = ()
    method_note: str = ""
    limits: tuple[str, ...] = ()
    appendix: tuple[Table, ...] = ()
    values: pd.DataFrame | None = None
    source: str = ""

    def __post_init__(self) -> None:
        check_name(self.name, "section")
        for part in ("title", "question", "answer"):
            if not getattr(self, part).strip():
                raise ValueError(f"{part} of section {self.name!r} must not be empty")
        for kind, items in (("figures", self.figures), ("tables", (*self.tables, *self.appendix))):
            names = [item.name for item in items]
            if len(set(names)) < len(names):
                raise ValueError(f"{kind} of section {self.name!r} must have different names, got {names}")


@dataclass(frozen=True)
class Advice:
    """A piece of advice, and the section that it comes from.

    Parameters
    ----------
    text : str
        A sentence or two.
    section : str
        The name of the section, or chapter, that shows why.
    """

    text: str
    section: str


@dataclass(frozen=True, eq=False)
class Opening:
    """The first screen of a report: what is asked, what to do, the picture, one table.

    Parameters
    ----------
    question : str
        What the whole report answers.
    advice : tuple of Advice
        What to do, the most common case first.
    hero : (str, str)
        Section and name of the figure that shows it.
    key : str
        What the marks of that figure mean, for readers who have seen no other.
    table : Table
        The numbers to take away.
    source : str
        The section whose records the table is made of.

    Raises
    ------
    ValueError
        If the question is empty or there is no advice.
    """

    question: str
    advice: tuple[Advice, ...]
    hero: tuple[str, str]
    key: str
    table: Table
    source: str

    def __post_init__(self) -> None:
        if not self.question.strip():
            raise ValueError(f"question of an opening must not be empty, got {self.question!r}")
        if not self.advice:
            raise ValueError("advice of an opening must have at least one piece, got none")


class Heading(Protocol):
    """A heading of a chapter."""

    @property
    def id(self) -> str:
        """Its anchor."""

    @property
    def text(self) -> str:
        """What it says."""


class Chapter(Protocol):
    """A text of its own between the opening and the sections, with figures, tables and formulas."""

    @property
    def name(self) -> str:
        """Folder of its files, and its anchor."""

    @property
    def title(self) -> str:
        """What stands above it."""

    @property
    def headings(self) -> Sequence[Heading]:
        """Its headings, all of level 3."""

    @property
    def figures(self) -> Sequence[Figure]:
        """Its figures, in the order in which they are numbered."""

    @property
    def tables(self) -> Sequence[Table]:
        """Its tables, in the order in which they are numbered."""

    def source_of(self, item: Figure | Table) -> str:
        """Return the name in ``values.json`` of what a figure or table is made of, or the empty text."""

    def to_html(self, figure_html: Callable[[Figure], Markup], table_html: Callable[[Table], Markup]) -> Markup:
        """Return the text for the page, each figure and table as it is rendered there."""

    def to_markdown(self, figure_markdown: Callable[[Figure], str], table_markdown: Callable[[Table], str]) -> str:
        """Return the text for a code host."""
