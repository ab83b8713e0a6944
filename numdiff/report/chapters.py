"""A chapter: a text in Markdown with formulas in LaTeX, whose numbers, figures and tables come from elsewhere.

The text is one file that is read as it is written: ``### Heading``, ``$formula$``, ``$$displayed formula$$``, code
between fences. A number is a placeholder, ``{{ name }}``; a figure or a table is a line of its own, ``::figure name``
or ``::table name``; ``[text](section:name)`` leads to a section of the report. The page gets HTML with formulas in
MathML, which browsers show without a script; a code host gets Markdown with the formulas as they are written.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Literal
from xml.etree import ElementTree

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup
from mdit_py_plugins.dollarmath import dollarmath_plugin

from numdiff.report.figures import Figure, check_name
from numdiff.report.tables import Table

__all__ = ["Chapter", "Heading", "mathml"]

_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_LINK = re.compile(r"\]\(section:(\w+)\)")
_INSERTED = re.compile(r"::(figure|table) (\w+)")
_MARKUP = re.compile(r"[<>&*_`$\\|\n]")
"""What Markdown or HTML would not show as it stands."""
_PRIMES = re.compile(r"<msup>(<m[in]>[^<]*</m[in]>)<mi>&#x0203([234]);</mi></msup>")
_CLOSE = re.compile(r"<mo(?: stretchy=\"false\")?>(&#x0007C;|&#x0002F;)</mo>")
"""Bars and strokes, which are not operators with spaces around."""
_PARTS = {**dict.fromkeys("mfrac msup msub munder mover mroot".split(), 2), "msubsup": 3, "munderover": 3}
_LEVEL = "h3"
"""Of all headings: a chapter stands beside the sections of the report, whose titles are h2."""


@dataclass(frozen=True)
class Heading:
    """A heading of a chapter: the id that links lead to, and what it says."""

    id: str
    text: str


@dataclass(frozen=True, eq=False)
class Chapter:
    """A text of the report, with figures and tables where it names them.

    Parameters
    ----------
    name : str
        Folder of its files, and the beginning of the ids of its headings: letters, digits, underscores.
    title : str
        What the report shows above it.
    text : str
        Markdown, as the module says. Its headings are all of level 3.
    values : mapping of str to str
        What stands for each placeholder, as it is read: all are used, and none is missing.
    figures, tables : tuple of Figure, tuple of Table
        Each is shown once, where the text names it.
    sources : mapping of str to str
        For a figure or a table made of records, the name that their digests have in ``values.json``.

    Raises
    ------
    ValueError
        If the name is not the stem of a file, two figures or two tables share a name, a placeholder, figure or table
        is missing, unused or shown twice, a value holds markup, a heading has another level, or two share an id.
    """

    name: str
    title: str
    text: str
    values: Mapping[str, str]
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    sources: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        check_name(self.name, "chapter")
        if not self.title.strip():
            raise ValueError(f"title of chapter {self.name!r} must not be empty")
        for name, value in self.values.items():
            if _MARKUP.search(value):
                raise ValueError(
                    f"value {name!r} of chapter {self.name!r} must be plain text, got {value!r}: markup belongs into "
                    "the text"
                )
        self._check("values", list(self.values), sorted(set(_PLACEHOLDER.findall(self.text))))
        shown = [match.groups() for match in map(_inserted, self._tokens()) if match]
        for kind, items in (("figure", self.figures), ("table", self.tables)):
            self._check(f"{kind}s", [item.name for item in items], [name for what, name in shown if what == kind])
        self._check("sources", sorted(self.sources or {}), sorted({*(self.sources or {})} & {n for _, n in shown}))
        ids = [heading.id for heading in self.headings]
        if len(set(ids)) < len(ids):
            raise ValueError(f"headings of chapter {self.name!r} must have different ids, got {ids}")

    def _check(self, what: str, given: Sequence[str], used: Sequence[str]) -> None:
        """Raise ValueError unless each is given once and used once."""
        twice = sorted({name for names in (given, used) for name in names if names.count(name) > 1})
        missing, unused = sorted(set(used) - set(given)), sorted(set(given) - set(used))
        for names, fault in ((missing, "names but does not get"), (unused, "gets but does not name"), (twice, "twice")):
            if names:
                raise ValueError(f"{what} of chapter {self.name!r} must be those of its text: {fault} {names}")

    @property
    def written(self) -> str:
        """The text with its numbers."""
        return _PLACEHOLDER.sub(lambda match: self.values[match[1]], self.text)

    @property
    def headings(self) -> tuple[Heading, ...]:
        """The headings, in their order: what a table of contents needs."""
        tokens = self._tokens()
        found = []
        for token, inline in pairwise(tokens):
            if token.type == "heading_open":
                if token.tag != _LEVEL:
                    raise ValueError(f"headings of chapter {self.name!r} must be ### headings, got {inline.content!r}")
                found.append(Heading(f"{self.name}-{_slug(inline.content)}", _plain(inline)))
        return tuple(found)

    def source_of(self, item: Figure | Table) -> str:
        """Return the name in ``values.json`` of what a figure or a table is made of, or the empty text."""
        return (self.sources or {}).get(item.name, "")

    @property
    def sections(self) -> tuple[str, ...]:
        """The names of the sections that the text leads to."""
        return tuple(dict.fromkeys(_LINK.findall(self.text)))

    def to_html(
        self,
        figure_html: Callable[[Figure], Markup],
        table_html: Callable[[Table], Markup],
        anchor: Callable[[str], str] = str,
    ) -> Markup:
        """Return the chapter as HTML, without its title.

        Parameters
        ----------
        figure_html, table_html : callable
            What the page shows for a figure and for a table.
        anchor : callable
            The id of a section by its name; by default the name itself.
        """
        reader, tokens = _reader(), self._tokens(anchor)
        ids = iter(self.headings)
        for token in tokens:
            if token.type == "heading_open":
                token.attrSet("id", next(ids).id)
        return Markup(reader.renderer.render(self._with_items(tokens, figure_html, table_html), reader.options, {}))

    def to_markdown(
        self,
        figure_markdown: Callable[[Figure], str],
        table_markdown: Callable[[Table], str],
        anchor: Callable[[str], str] = str,
    ) -> str:
        """Return the chapter as Markdown for a code host, without its title; the parameters are those of `to_html`."""
        lines = self._linked(anchor).splitlines()
        for token in self._tokens():
            match = _inserted(token)
            if match and token.map:
                lines[token.map[0]] = str(self._shown(match, figure_markdown, table_markdown)).strip("\n")
        return "\n".join(lines) + "\n"

    def code(self) -> tuple[str, ...]:
        """Return the blocks of Python code, in their order, with their numbers: a test runs them."""
        return tuple(t.content for t in self._tokens() if t.type == "fence" and t.info.strip() == "python")

    def _tokens(self, anchor: Callable[[str], str] = str) -> list[Token]:
        return _reader().parse(self._linked(anchor))

    def _linked(self, anchor: Callable[[str], str]) -> str:
        """Return the text with its numbers, in which links lead to anchors of a page."""
        return _LINK.sub(lambda match: f"](#{anchor(match[1])})", self.written)

    def _with_items(self, tokens: list[Token], figure: Callable[..., Any], table: Callable[..., Any]) -> list[Token]:
        """Return tokens in which the paragraphs that name a figure or a table are replaced by it."""
        result: list[Token] = []
        skip = False
        for token in tokens:
            match = _inserted(token)
            if match:
                result[-1] = Token("html_block", "", 0, content=f"{self._shown(match, figure, table)}\n")
                skip = True
            elif skip:  # the end of that paragraph
                skip = False
            else:
                result.append(token)
        return result

    def _shown(self, match: re.Match[str], figure: Callable[[Figure], Any], table: Callable[[Table], Any]) -> Any:
        kind, name = match.groups()
        if kind == "figure":
            return figure(next(item for item in self.figures if item.name == name))
        return table(next(item for item in self.tables if item.name == name))


def with_formulas(text: str) -> Markup:
    """Return Markdown with formulas in LaTeX as HTML.

    Raises
    ------
    ValueError
        As `mathml`.
    """
    return Markup(_reader().render(text))


def mathml(latex: str, display: bool = False) -> str:
    """Return a formula as MathML, in a line of text or displayed.

    Raises
    ------
    ValueError
        If it holds a command that is not known, which would be shown as it is written, or one without its arguments.

    Examples
    --------
    >>> from numdiff.report.chapters import mathml
    >>> mathml("h^2").endswith("<msup><mi>h</mi><mn>2</mn></msup></mrow></math>")
    True
    """
    place: Literal["block", "inline"] = "block" if display else "inline"
    fault = f"a formula must consist of commands that become MathML, got {latex!r}"
    try:
        result = convert(latex.strip(), display=place)
    except Exception as error:  # of many classes, with no common one of their own
        raise ValueError(fault) from error
    if "\\" in result or "<mi>&</mi>" in result or not _is_whole(result):
        raise ValueError(fault)
    # Raised and made small once more, a prime is hard to see where a font has none for formulas.
    result = _PRIMES.sub(lambda m: f'{m[1]}<mo lspace="0" rspace="0">{"′" * (int(m[2]) - 1)}</mo>', result)
    return _CLOSE.sub(r'<mo stretchy="false" lspace="0" rspace="0">\1</mo>', result)


def _is_whole(formula: str) -> bool:
    """Whether each part of a formula in MathML has as many parts as its name says."""
    parts = ElementTree.fromstring(formula).iter()
    return all(len(part) == _PARTS.get(part.tag.rpartition("}")[2], len(part)) for part in parts)


@cache
def _reader() -> MarkdownIt:
    """Return the parser, with the places of figures and formulas."""
    reader = MarkdownIt("commonmark", {"html": True}).enable("table")
    reader.use(dollarmath_plugin, renderer=lambda text, options: mathml(text, options["display_mode"]))
    reader.add_render_rule("math_block", _display)
    reader.add_render_rule("fence", _code)
    return reader


def _display(_: Any, tokens: Sequence[Token], index: int, *__: Any) -> str:
    return f'<div class="formula">{mathml(tokens[index].content, display=True)}</div>\n'


def _code(_: Any, tokens: Sequence[Token], index: int, *__: Any) -> str:
    # Code is not broken: on a narrow screen it scrolls, also by the arrow keys, which needs the focus.
    # A text, and no Markup: the renderer of older versions adds it to others, which it would escape.
    return str(Markup('<pre tabindex="0"><code>{}</code></pre>\n').format(tokens[index].content))


def _inserted(token: Token) -> re.Match[str] | None:
    """Return the kind and the name of the figure or table that a paragraph consists of."""
    return _INSERTED.fullmatch(token.content.strip()) if token.type == "inline" else None


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _plain(inline: Token) -> str:
    return "".join(
        child.content for child in inline.children or () if child.type in ("text", "code_inline", "math_inline")
    )
