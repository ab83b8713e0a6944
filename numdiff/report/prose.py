"""Words of the page: plain text as HTML, titles as sentences, anchors."""

import re

from markupsafe import Markup, escape


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
    return re.sub(r"\b([a-z]) ([=≈]) (?=\S)", "\\1\N{NO-BREAK SPACE}\\2\N{NO-BREAK SPACE}", text)


def sentence(title: str) -> str:
    """Return a title that ends like a sentence."""
    return title if title.endswith((".", "?", "!")) else f"{title}."


def row_count(rows: int) -> str:
    """Return ``1 row``, ``2 rows``."""
    return "1 row" if rows == 1 else f"{rows} rows"


def anchor(heading: str) -> str:
    """Return the anchor that code hosts give to a heading: lower case, punctuation dropped, spaces to hyphens."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
