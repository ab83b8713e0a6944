"""The report: one self-contained page, the same in Markdown, and beside them all tables and figures as files."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from markupsafe import Markup

from numdiff.definitions import DEFINITIONS
from numdiff.files import fresh_folder, remove_leftovers
from numdiff.report import checksums, columns
from numdiff.report import provenance as origin
from numdiff.report.appendix import data_files, merged
from numdiff.report.chapters import with_formulas
from numdiff.report.explorer import Explorer
from numdiff.report.figures import Figure, page_css
from numdiff.report.reading import READING
from numdiff.report.rendering import markdown_figure, markdown_table, parts_of_page, render_page, render_readme
from numdiff.report.sections import Advice, Chapter, Opening, Section
from numdiff.report.tables import Table, csv_text
from numdiff.report.views import ChapterView, SectionView, TableView, hero_view

__all__ = ["Advice", "Chapter", "Opening", "Section", "report_files", "write_files", "write_report"]

_TAKEN = ("appendix", "content", "contents", "definitions", "explorer", "opening", "overview", "provenance", "reading")
"""Anchors and folders of every report."""


def report_files(
    sections: Sequence[Section],
    provenance: Mapping[str, Any],
    *,
    title: str,
    lead: str,
    command: str,
    opening: Opening | None = None,
    chapters: Sequence[Chapter] = (),
    explorer: Explorer | None = None,
    overview: Sequence[Table] = (),
    data: Mapping[str, Sequence[Table]] = MappingProxyType({}),
    files: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """Return the files of a report by name: page, README, tables, figures, and the files for comparing them.

    The latter are ``columns.json``, ``values.json`` and ``provenance.json``.

    Parameters
    ----------
    sections : sequence of Section
        The experiments, in their order.
    provenance : mapping
        From `numdiff.report.provenance.collect`.
    title, lead : str
        The title of the report, and what it is, in a sentence or two.
    command : str
        The command that rebuilds it.
    opening : Opening, optional
        The first screen.
    chapters : sequence of Chapter
        Texts of their own, before the sections.
    explorer : Explorer, optional
        The part where a reader chooses the curves that are shown.
    overview : sequence of Table
        Tables that belong to no experiment (the formats), shown in the appendix.
    data : mapping of str to sequence of Table
        Tables that are files alone, by the name that their digests have in ``values.json``: it is their folder, too.
    files : mapping of str to str
        Further files, by name: the pages of single functions.

    Raises
    ------
    ValueError
        If two sections or chapters share a name, or the opening names a figure or section that there is not.
    """
    lettered, numbered = _views(chapters, sections)
    ends, further = _end(sections, overview)
    parts: list[ChapterView | SectionView] = [*lettered, *numbered]
    context = {
        "title": title,
        "lead": lead,
        "command": command,
        "reading": READING,
        "opening": None if opening is None else _opening(opening, parts),
        "chapters": lettered,
        "explorer": explorer,
        "drawn": Markup(page_css(_figures(parts))),
        "sections": numbered,
        "appendix": [*ends, *further],
        "data": data_files(parts, ends),
        "provenance": origin.rows(provenance),
    }
    written = {**files, **_data(sections, chapters, overview, opening, data), **_pages(context)}
    written[columns.VALUES] = _digests(sections)
    written["provenance.json"] = origin.to_json(provenance)
    return written


def _pages(context: Mapping[str, Any]) -> dict[str, str]:
    """Return the page and the same in Markdown."""
    texts = {view.id: _on_page(view) for view in context["chapters"]}
    host = {view.id: _on_host(view) for view in context["chapters"]}
    return {
        "report.html": render_page({**context, "texts": texts, "definitions": with_formulas(DEFINITIONS)}),
        "README.md": render_readme({**context, "texts": host, "definitions": DEFINITIONS}),
    }


def _views(chapters: Sequence[Chapter], sections: Sequence[Section]) -> tuple[list[ChapterView], list[SectionView]]:
    """Return chapters with letters and sections with numbers; refuse two of one name, and those of the page itself."""
    names = [*(chapter.name for chapter in chapters), *(section.name for section in sections)]
    if len({*names, *_TAKEN}) < len(names) + len(_TAKEN):
        raise ValueError(
            f"sections and chapters must have different names, none of them in {', '.join(_TAKEN)}, got {names}"
        )
    lettered = [ChapterView(chapter, chr(ord("A") + i)) for i, chapter in enumerate(chapters)]
    return lettered, [SectionView(section, i) for i, section in enumerate(sections, start=1)]


def _end(sections: Sequence[Section], overview: Sequence[Table]) -> tuple[list[TableView], list[TableView]]:
    """Return the tables at the end of a page: those that are files, and those that sections share."""
    first = [TableView(table, "overview", f"Z.{i}") for i, table in enumerate(overview, start=1)]
    shared = enumerate(merged(sections), start=len(first) + 1)
    return first, [TableView(table, "appendix", f"Z.{i}", filed=False) for i, table in shared]


def _digests(sections: Sequence[Section]) -> str:
    """Return the digests of what the functions returned, by what the sections are made of."""
    digests = {section.source or section.name: section.values for section in sections if section.values is not None}
    return columns.values_to_json({name: frame for name, frame in digests.items() if len(frame)})


def _data(
    sections: Sequence[Section],
    chapters: Sequence[Chapter],
    overview: Sequence[Table],
    opening: Opening | None,
    further: Mapping[str, Sequence[Table]],
) -> dict[str, str]:
    """Return the files of figures and tables, and what kind each of their columns is."""
    figures: list[tuple[str, str, Figure]] = []
    tables: list[tuple[str, str, Table]] = [("overview", "overview", table) for table in overview]
    tables += [(name, name, table) for name, others in further.items() for table in others]
    if opening is not None:
        tables.append(("opening", opening.source, opening.table))
    for chapter in chapters:
        figures += [(chapter.name, chapter.source_of(figure), figure) for figure in chapter.figures]
        tables += [(chapter.name, chapter.source_of(table), table) for table in chapter.tables]
    for section in sections:
        source = section.source or section.name
        figures += [(section.name, source, figure) for figure in section.figures]
        tables += [(section.name, source, table) for table in (*section.tables, *section.appendix)]
    files: dict[str, str] = {}
    kinds: dict[str, Any] = {}
    for folder, source, figure in figures:
        stem = f"figures/{folder}/{figure.name}"
        files |= {f"{stem}.svg": figure.to_svg(), f"{stem}.csv": csv_text(figure.data)}
        kinds[f"{stem}.csv"] = columns.described(list(figure.data.columns), figure.kinds, figure.where, source)
    for folder, source, table in tables:
        stem = f"tables/{folder}/{table.name}.csv"
        files[stem] = table.to_csv()
        kinds[stem] = columns.described(list(table.frame.columns), table.kinds, table.where, source)
    files[columns.NAME] = columns.to_json(kinds)
    return files


def _opening(opening: Opening, parts: Sequence[SectionView | ChapterView]) -> dict[str, Any]:
    """Return the opening with what its pieces of advice and its figure are called on the page."""
    known = {part.id: part for part in parts}
    unknown = [advice.section for advice in opening.advice if advice.section not in known]
    if unknown:
        raise ValueError(f"advice must name a section or chapter of the report, got {', '.join(unknown)}")
    return {
        "question": opening.question,
        "advice": [(advice.text, known[advice.section]) for advice in opening.advice],
        "hero": hero_view(opening, parts),
        "key": opening.key,
        "table": TableView(opening.table, "opening", "0", longest=len(opening.table.frame)),
    }


def _figures(parts: Sequence[SectionView | ChapterView]) -> list[Figure]:
    """Return all figures of the page."""
    return [view.item for part in parts for view in part.figures]


def _on_page(view: ChapterView) -> Markup:
    """Return the text of a chapter for the page."""
    figures, tables, shown = _by_item(view.figures), _by_item(view.tables), parts_of_page()
    return view.chapter.to_html(
        lambda item: shown.figure(figures[id(item)]), lambda item: shown.table(tables[id(item)])
    )


def _on_host(view: ChapterView) -> str:
    """Return the text of a chapter for a code host."""
    figures, tables = _by_item(view.figures), _by_item(view.tables)
    return view.chapter.to_markdown(
        lambda item: markdown_figure(figures[id(item)]), lambda item: markdown_table(tables[id(item)])
    )


def _by_item(views: Sequence[Any]) -> dict[int, Any]:
    """Return the views of figures or tables by the identity of what they show."""
    return {id(view.item): view for view in views}


def write_report(
    sections: Sequence[Section],
    provenance: Mapping[str, Any],
    out: Path,
    *,
    sums: bool = False,
    keep: Callable[[str], bool] = lambda name: True,
    **parts: Any,
) -> list[Path]:
    """Write a report into a folder.

    Parameters
    ----------
    sections, provenance, **parts
        As of `report_files`.
    out, sums, keep
        As of `write_files`.

    Returns
    -------
    list of Path
        The files that were written, sorted by their names.

    Raises
    ------
    ValueError, OSError
        As `report_files` and `write_files`.
    """
    return write_files(report_files(sections, provenance, **parts), out, sums=sums, keep=keep)


def write_files(
    files: Mapping[str, str], out: Path, *, sums: bool = False, keep: Callable[[str], bool] = lambda name: True
) -> list[Path]:
    """Write the files of a report into a folder.

    It is written anew beside the old one and takes its place in one step: whatever happens, one or the other is there,
    never a mixture.

    Parameters
    ----------
    files : mapping of str to str
        From `report_files`.
    out : Path
        The folder; other files in it stay, as `keep` says.
    sums : bool
        Whether to write ``SHA256SUMS`` of the files too.
    keep : callable
        Whether a file of the old folder that is not of this report stays, by its name relative to the folder.

    Returns
    -------
    list of Path
        The files that were written, sorted by their names.

    Raises
    ------
    OSError
        If the folder cannot be written; the old one is untouched.
    """
    names, place = sorted(files), Path(out).resolve()
    if place.parent.is_dir():
        remove_leftovers(place.parent, place.name)
    with fresh_folder(place, keep) as folder:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(files[name], encoding="utf-8", newline="\n")
        if sums:
            names.append(checksums.write(folder, [folder / name for name in names]).name)
    return [Path(out) / name for name in names]
