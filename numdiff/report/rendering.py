"""The templates filled: the page, whose policy admits its own scripts alone, and the same in Markdown."""

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import cache, partial
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from numdiff.report.prose import prose, row_count, sentence
from numdiff.report.tables import escape_markdown
from numdiff.report.views import TableView

STYLES = ("report.css", "print.css")
SCRIPT = "report.js"
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_POLICY = "script-src-of-this-page"
"""Stands in the template for what only the finished page tells."""


def render_page(context: Mapping[str, Any]) -> str:
    """Return the page: its policy names each script by its digest, so that no other can run."""
    css = Markup("\n".join(template_text(name) for name in STYLES))
    script = Markup(template_text(SCRIPT))
    page = _environment(True).get_template("report.html").render(context, css=css, script=script, policy=_POLICY)
    digests = [hashlib.sha256(found[1].encode()).digest() for found in _SCRIPT.finditer(page)]
    allowed = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return page.replace(_POLICY, f"script-src {allowed}", 1)


def render_readme(context: Mapping[str, Any]) -> str:
    """Return the report for a code host."""
    return _environment(False).get_template("README.md").render(context)


def parts_of_page() -> Any:
    """Return the macros that render figures and tables of the page."""
    return _environment(True).get_template("parts.html").module


def markdown_figure(view: Any) -> str:
    """Return a figure of the README: picture, title, caption, data."""
    figure = view.item
    head = f"**{view.label} {escape_markdown(sentence(figure.title))}** {escape_markdown(figure.caption)}"
    picture = f"![{escape_markdown(figure.alt)}]({view.stem}.svg)"
    return f"{picture}\n\n{head} ([data]({view.stem}.csv), {row_count(len(figure.data))})\n"


def markdown_table(view: TableView) -> str:
    """Return a table of the README: title, caption and rows, folded where it is long."""
    title, caption = escape_markdown(sentence(view.item.title)), escape_markdown(view.item.caption)
    body = view.markdown
    if view.csv:
        note = f"Rows 1 to {view.shown} of {view.rows}; all of them: " if view.shown < view.rows else "All digits: "
        body += f"\n{note}[CSV]({view.csv})\n"
    if view.folded:
        body = f"<details><summary>{row_count(view.rows)}</summary>\n\n{body}\n</details>\n"
    return f"**{view.label} {title}** {caption}".rstrip() + f"\n\n{body}"


@cache
def template_text(name: str) -> str:
    """Return a file of the templates."""
    return resources.files("numdiff.report").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _environment(html: bool) -> jinja2.Environment:
    """Return the environment of the page (autoescaping) or of the Markdown (escaping by the filter ``md``)."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(template_text),
        autoescape=html,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "prose": prose,
        "sentence": sentence,
        "row_count": row_count,
        "md": escape_markdown,
        "cell": partial(escape_markdown, cell=True),
        "markdown_figure": markdown_figure,
        "markdown_table": markdown_table,
    }
    return environment
