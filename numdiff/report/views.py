"""Figures, tables and sections as the templates need them: numbered, rendered, with the stems of their files."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from numdiff.report.figures import Figure
from numdiff.report.prose import anchor
from numdiff.report.sections import Chapter, Heading, Opening, Section
from numdiff.report.tables import Table

FOLDED_ROWS = 12
"""Longer tables are folded, on the page and in the README."""
_CHARACTER, _PADDING, _PHONE = 7, 11, 330
"""Of a table on a phone: the width of a character, what stands beside a cell, and the width that there is, in px."""
TAKEN_AWAY_ROWS = 24
"""The first table of a section is shown up to so many rows: it is the one to take away."""
_PRINTED_ROWS = 4
"""Rows of a table at the end of the page that is printed, where it is put together from those of sections."""
_PRINTED_WIDTH = 118
"""Characters of the small print of a table that fit between the margins of A4; each column costs two more."""


@dataclass(frozen=True, eq=False)
class FigureView:
    """A figure with its number and its place among the files."""

    item: Figure
    folder: str
    number: str

    @property
    def id(self) -> str:
        """Its anchor."""
        return f"figure-{self.folder}-{self.item.name}"

    @property
    def label(self) -> str:
        """``Figure 3.1``."""
        return f"Figure {self.number}"

    @property
    def stem(self) -> str:
        """Its files, without their endings."""
        return f"figures/{self.folder}/{self.item.name}"

    def svg(self, place: str = "") -> Markup:
        """Return the drawing, its ids behind the number of the figure and the place where it is shown."""
        return Markup(self.item.to_inline_svg(f"{place}f{self.number.replace('.', '-')}-"))


@dataclass(frozen=True, eq=False)
class TableView:
    """A table with its number and its place among the files.

    Parameters
    ----------
    item : Table
    folder, number : str
    longest : int
        A table of more rows is folded.
    filed : bool
        Whether it is a file of its own; a table that others are put together in is none.
    """

    item: Table
    folder: str
    number: str
    longest: int = FOLDED_ROWS
    filed: bool = True

    @property
    def id(self) -> str:
        """Its anchor."""
        return f"table-{self.folder}-{self.item.name}"

    @property
    def label(self) -> str:
        """``Table 3.1``."""
        return f"Table {self.number}"

    @property
    def csv(self) -> str:
        """Its file; empty where there is none."""
        return f"tables/{self.folder}/{self.item.name}.csv" if self.filed else ""

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.item.frame)

    @property
    def shown(self) -> int:
        """How many of them the page shows."""
        return self.rows if self.item.rows_shown is None else min(self.rows, self.item.rows_shown)

    @property
    def folded(self) -> bool:
        """Whether it is folded."""
        return self.shown > self.longest

    @property
    def aside(self) -> bool:
        """Whether it is folded where it is not the table to take away: it is long, or it would scroll on a phone."""
        widths = self.item.widths(self.shown)
        return self.folded or _CHARACTER * sum(widths) + _PADDING * len(widths) > _PHONE

    @property
    def too_wide_to_print(self) -> bool:
        """Whether it would be clipped on paper, even when all cells are broken where words end."""
        words = [0] * len(self.item.frame.columns)
        for line in self.item.to_markdown(self.shown).splitlines():
            cells = line.strip("| ").split(" | ")
            if len(cells) == len(words):
                words = [max(n, *map(len, cell.split()), 0) for n, cell in zip(words, cells, strict=True)]
        return sum(words) + 2 * len(words) > _PRINTED_WIDTH

    @property
    def printed(self) -> bool:
        """Whether it is printed: at the end of the page, of what sections share, short tables that are whole."""
        is_left_out = not self.filed and (self.shown < self.rows or self.rows > _PRINTED_ROWS)
        return not (self.folded or self.too_wide_to_print or is_left_out)

    @property
    def html(self) -> Markup:
        """The table as an element of the page."""
        return Markup(self.item.to_html(caption=f"{self.label}. {self.item.title}"))

    @property
    def markdown(self) -> str:
        """The rows that are shown, for a code host."""
        return self.item.to_markdown(self.shown)


@dataclass(frozen=True, eq=False)
class SectionView:
    """A section with its number, figures and tables."""

    section: Section
    number: int

    @property
    def id(self) -> str:
        """Its anchor."""
        return self.section.name

    @property
    def title(self) -> str:
        """Its heading, without the number."""
        return self.section.title

    @property
    def headings(self) -> tuple[Heading, ...]:
        """None but those of its figures and tables."""
        return ()

    @property
    def slug(self) -> str:
        """The anchor that a code host gives to its heading."""
        return anchor(f"{self.number}. {self.section.title}")

    @property
    def figures(self) -> list[FigureView]:
        """The figures; the first one shows the answer."""
        return figure_views(self.section.figures, self.section.name, str(self.number))

    @property
    def tables(self) -> list[TableView]:
        """The tables; the first one is the one to take away."""
        return [
            TableView(table, self.section.name, f"{self.number}.{i}", TAKEN_AWAY_ROWS if i == 1 else FOLDED_ROWS)
            for i, table in enumerate(self.section.tables, start=1)
        ]


@dataclass(frozen=True, eq=False)
class ChapterView:
    """A chapter with its letter and its figures."""

    chapter: Chapter
    letter: str

    @property
    def id(self) -> str:
        """Its anchor."""
        return self.chapter.name

    @property
    def title(self) -> str:
        """Its heading."""
        return self.chapter.title

    @property
    def headings(self) -> Sequence[Heading]:
        """The headings of its text."""
        return self.chapter.headings

    @property
    def slug(self) -> str:
        """The anchor that a code host gives to its heading."""
        return anchor(self.chapter.title)

    @property
    def figures(self) -> list[FigureView]:
        """Its figures, numbered behind its letter."""
        return figure_views(self.chapter.figures, self.chapter.name, self.letter)

    @property
    def tables(self) -> list[TableView]:
        """Its tables, numbered behind its letter; all of them are shown where the text names them."""
        return [
            TableView(table, self.chapter.name, f"{self.letter}.{i}", len(table.frame))
            for i, table in enumerate(self.chapter.tables, start=1)
        ]


def figure_views(figures: Sequence[Figure], folder: str, number: str) -> list[FigureView]:
    """Return figures numbered behind the number of their part."""
    return [FigureView(figure, folder, f"{number}.{i}") for i, figure in enumerate(figures, start=1)]


def hero_view(opening: Opening, parts: Sequence[SectionView | ChapterView]) -> FigureView:
    """Return the figure of the opening.

    Raises
    ------
    ValueError
        If there is no such figure.
    """
    for part in parts:
        for view in part.figures:
            if (part.id, view.item.name) == opening.hero:
                return view
    raise ValueError(f"hero of an opening must name a section and one of its figures, got {opening.hero!r}")
