"""The report: one self-contained page, the same in Markdown, and beside them all tables and figures as files."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup, escape

from numdiff.files import fresh_folder, remove_leftovers
from numdiff.report import checksums, columns
from numdiff.report import provenance as origin
from numdiff.report.explorer import Explorer
from numdiff.report.figures import Figure, check_name
from numdiff.report.tables import Table, csv_text, escape_markdown

_TAKEN = ("overview", "summary", "reading", "provenance", "content", "hero")
"""Names of parts of every page."""
_README_ROWS = 12
"""Tables longer than this are folded, on the page and in the README."""

READING = (
    (
        "Axes",
        "Errors against the step h, both logarithmic. A straight line of slope p is an error that shrinks like hᵖ.",
    ),
    ("Formats", "Each floating-point format has its own colour, marker and line style, the same in all figures."),
    (
        "Slopes and rings",
        "A dashed grey line is the slope that theory predicts. A ring is the best step that was observed.",
    ),
    (
        "Exact zeros",
        "An error of exactly 0 has no place on a logarithmic axis: it stands as a hollow marker on the dotted line "
        "“exact zero”.",
    ),
    (
        "Failures",
        "× at the top edge is a cell without a usable result, and the corner above says what happened: `absorbed` "
        "(two nodes of the formula fell on the same number), `overflow`, `nan`, `outside-domain`, `pole`, or that f "
        "has no derivative where the formula looks: `kink` (those from both sides differ), `jump` (f is not "
        "continuous) or `unproved` (both sides agree in all digits, which is no proof). Tables show the word instead "
        "of a number. Failures are counted, never averaged.",
    ),
    ("Truncation", "The error of the formula itself, in exact arithmetic."),
    (
        "Roundoff",
        "All the rest: the nodes x ± h are not representable (`abscissa`), the computed function values are not the "
        "exact ones (`evaluation`), the sum and the division are rounded (`combination`).",
    ),
    (
        "Two step grids",
        "Dyadic steps h = 2⁻ᵏ show the truncation error purely. Generic steps h = fl(1.2357·2⁻ᵏ) are used for "
        "everything statistical, since at dyadic steps most of the rounding is absent by luck. Each table names its "
        "grid.",
    ),
    (
        "Another machine",
        "Elementary functions differ in their last digits from machine to machine. `values.json` keeps a digest of "
        "what they returned here. Where another machine returns the same, each number of this report is the same. "
        "Elsewhere truncation and abscissa errors are the same, single errors stay within their bounds, and medians, "
        "counts and verdicts may differ a little: `columns.json` says of each column which kind it is.",
    ),
)
"""Terms that every figure and table uses, with their meaning."""


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
        Tables that stand at the end of the report: cells by status, what was left out.
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


def write_report(
    sections: Sequence[Section],
    provenance: Mapping[str, Any],
    out: Path,
    *,
    title: str,
    lead: str,
    command: str,
    hero: tuple[str, str] | None = None,
    overview: Sequence[Table] = (),
    explorer: Explorer | None = None,
    sums: bool = False,
    keep: Callable[[str], bool] = lambda name: True,
) -> list[Path]:
    """Write a report into a folder: page, README, tables, figures, and the files for comparing them.

    The latter are ``columns.json``, ``values.json`` and ``provenance.json``. The folder is written anew beside the
    old one and takes its place in one step: whatever happens, one or the other is there, never a mixture.

    Parameters
    ----------
    sections : sequence of Section
        The experiments, in their order.
    provenance : mapping
        From `numdiff.report.provenance.collect`.
    out : Path
        The folder; other files in it stay, as `keep` says.
    title, lead : str
        The title and the first paragraph of the report.
    command : str
        The command that rebuilds it.
    hero : (str, str), optional
        Section and name of the figure at the top; by default the first figure there is.
    overview : sequence of Table
        Tables that belong to no experiment (the formats), shown at the top.
    explorer : Explorer, optional
        The curves of a sweep, drawn by the page itself: behind the summary, its data at the end.
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
    ValueError
        If two sections share a name, or `hero` names no figure.
    OSError
        If the folder cannot be written; the old one is untouched.
    """
    names = [section.name for section in sections]
    if len({*names, *_TAKEN}) < len(names) + len(_TAKEN):
        raise ValueError(f"sections must have different names, none of them in {', '.join(_TAKEN)}, got {names}")
    files: dict[str, str] = {}
    kinds: dict[str, Any] = {}
    for section in sections:
        for figure in section.figures:
            stem = f"figures/{section.name}/{figure.name}"
            files |= {f"{stem}.svg": figure.to_svg(), f"{stem}.csv": csv_text(figure.data)}
            kinds[f"{stem}.csv"] = columns.described(
                list(figure.data.columns), figure.kinds, figure.where, section.source or section.name
            )
    folders = [(section.name, section.source or section.name, section.tables) for section in sections]
    for folder, source, tables in [("overview", "overview", overview), *folders]:
        for table in tables:
            stem = f"tables/{folder}/{table.name}"
            files[f"{stem}.csv"] = table.to_csv()
            kinds[f"{stem}.csv"] = columns.described(list(table.frame.columns), table.kinds, table.where, source)
    context = {
        "title": title,
        "lead": lead,
        "command": command,
        "css": Markup(_template_text("report.css")),
        "reading": READING,
        "sections": [_section(section, number) for number, section in enumerate(sections, start=1)],
        "overview": [_table(table, "overview", f"Table {i}") for i, table in enumerate(overview, start=1)],
        "hero": _hero(sections, hero),
        "explorer": explorer,
        "provenance": origin.rows(provenance),
    }
    files["report.html"] = _environment(True).get_template("report.html").render(context)
    files["README.md"] = _environment(False).get_template("README.md").render(context)
    files[columns.NAME] = columns.to_json(kinds)
    digests = {section.source or section.name: section.values for section in sections if section.values is not None}
    files[columns.VALUES] = columns.values_to_json({name: frame for name, frame in digests.items() if len(frame)})
    files["provenance.json"] = origin.to_json(provenance)
    return _write(Path(out), files, sums, keep)


def _write(out: Path, files: Mapping[str, str], sums: bool, keep: Callable[[str], bool]) -> list[Path]:
    """Put a folder with these files in the place of another one, and return their paths."""
    names = sorted(files)
    place = out.resolve()
    if place.parent.is_dir():
        remove_leftovers(place.parent)
    with fresh_folder(place, keep) as folder:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(files[name], encoding="utf-8", newline="\n")
        if sums:
            names.append(checksums.write(folder, [folder / name for name in names]).name)
    return [out / name for name in names]


def _section(section: Section, number: int) -> dict[str, Any]:
    figures = [_figure(figure, section.name, f"{number}.{i}") for i, figure in enumerate(section.figures, start=1)]
    tables = [_table(table, section.name, f"Table {number}.{i}") for i, table in enumerate(section.tables, start=1)]
    return {
        "id": section.name,
        "number": number,
        "slug": _slug(f"{number}. {section.title}"),
        "title": section.title,
        "question": section.question,
        "answer": section.answer,
        "findings": section.findings,
        "figures": figures,
        "tables": tables,
        "method_note": section.method_note,
    }


def _figure(figure: Figure, folder: str, number: str) -> dict[str, Any]:
    stem = f"figures/{folder}/{figure.name}"
    identifier = f"figure-{folder}-{figure.name}"
    data = Table(figure.name, figure.title, "", figure.data)
    entry = _table(data, folder, f"Data of figure {number}", csv=f"{stem}.csv")
    entry |= {"id": f"data-{folder}-{figure.name}", "fold": f"Data table ({_count(len(figure.data))})"}
    return {
        "id": identifier,
        "label": f"Figure {number}",
        "title": _sentence(figure.title),
        "caption": figure.caption,
        "alt": figure.alt,
        "file": f"{stem}.svg",
        "svg": Markup(figure.to_inline_svg(f"f{number.replace('.', '-')}-")),
        "data": entry,
    }


def _table(table: Table, folder: str, label: str, csv: str | None = None) -> dict[str, Any]:
    rows = len(table.frame)
    shown = rows if table.rows_shown is None else min(rows, table.rows_shown)
    return {
        "id": None if csv else f"table-{folder}-{table.name}",
        "label": label,
        "title": _sentence(table.title),
        "caption": table.caption,
        "rows": rows,
        "shown": shown,
        "csv": csv or f"tables/{folder}/{table.name}.csv",
        "html": Markup(table.to_html(caption=f"{label}. {table.title}")),
        "fold": f"Show the table ({_count(rows)})" if shown > _README_ROWS else "",
        "markdown": table.to_markdown(shown),
    }


def _hero(sections: Sequence[Section], chosen: tuple[str, str] | None) -> dict[str, Any] | None:
    for number, section in enumerate(sections, start=1):
        for index, figure in enumerate(section.figures, start=1):
            if chosen is None or chosen == (section.name, figure.name):
                entry = _figure(figure, section.name, f"{number}.{index}")
                svg = Markup(figure.to_inline_svg("hero-"))
                return entry | {"svg": svg, "target": entry["id"]}
    if chosen is not None:
        raise ValueError(f"hero must name a section and one of its figures, got {chosen!r}")
    return None


def _sentence(title: str) -> str:
    """Return a title that ends like a sentence."""
    return title if title.endswith((".", "?", "!")) else f"{title}."


def _count(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows} rows"


def _slug(heading: str) -> str:
    """Return the anchor that code hosts give to a heading: lower case, punctuation dropped, spaces to hyphens."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def prose(text: str) -> Markup:
    """Return plain text as HTML; ``code`` between backticks becomes a code element.

    No line ends before a percent sign, between f′ and its argument, or within ``h = …``.
    """
    pieces = re.split(r"`([^`\n]+)`", text)
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if index % 2 else escape(_unbroken(piece))
        for index, piece in enumerate(pieces)
    )


def _unbroken(text: str) -> str:
    text = re.sub(r"(?<=\d) %", "\N{NO-BREAK SPACE}%", text).replace("′(", "′\N{WORD JOINER}(")
    return re.sub(r"\b([a-z]) = (?=\S)", "\\1\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}", text)


def markdown_block(table: Mapping[str, Any]) -> str:
    """Return a table of the README: title, caption and rows, folded where it is long."""
    head = f"**{table['label']} {escape_markdown(table['title'])}** {escape_markdown(table['caption'])}".rstrip()
    shown, rows = table["shown"], table["rows"]
    note = f"Rows 1 to {shown} of {rows}; all of them: " if shown < rows else "All digits: "
    body = f"{table['markdown']}\n{note}[CSV]({table['csv']})\n"
    if shown > _README_ROWS:
        body = f"<details><summary>{_count(rows)}</summary>\n\n{body}\n</details>\n"
    return f"{head}\n\n{body}"


@cache
def _template_text(name: str) -> str:
    return resources.files("numdiff.report").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _environment(html: bool) -> jinja2.Environment:
    """Return the environment of the page (autoescaping) or of the Markdown (escaping by the filter ``md``)."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template_text),
        autoescape=html,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "prose": prose,
        "md": escape_markdown,
        "cell": partial(escape_markdown, cell=True),
        "markdown_block": markdown_block,
    }
    return environment
