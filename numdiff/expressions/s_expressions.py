"""S-expressions as FPCore has them: symbols, texts in quotes, and forms in parentheses or brackets."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from numdiff.expressions.errors import visible

__all__ = ["Form", "Item", "Text", "read_forms", "shown", "text_of"]

_TOKEN = re.compile(r'\s+|;[^\n]*|(?P<text>"(?:[^"\\]|\\.)*")|(?P<mark>[()\[\]])|(?P<symbol>[^\s()\[\]";]+)', re.DOTALL)
_CLOSING = {"(": ")", "[": "]"}


@dataclass(frozen=True)
class Text:
    """A text that stood in quotes."""

    value: str


@dataclass(frozen=True)
class Form:
    """A list, and the line on which it begins."""

    items: "tuple[Item, ...]"
    line: int


Item: TypeAlias = str | Text | Form
"""A symbol or number as it is written, a text, or a form."""


def read_forms(text: str) -> list[Form]:
    """Return the forms of a text, in their order.

    Raises
    ------
    ValueError
        If parentheses or quotes do not match, or something stands outside of all forms; the line is named.

    Examples
    --------
    >>> read_forms("(a [b 1]) ; a comment")
    [Form(items=('a', Form(items=('b', '1'), line=1)), line=1)]
    """
    done: list[Form] = []
    open_forms: list[tuple[str, int, list[Item]]] = []
    for kind, token, line in _tokens(text):
        if token in _CLOSING and kind == "mark":
            open_forms.append((token, line, []))
            continue
        if kind == "mark":
            if not open_forms or token != _CLOSING[open_forms[-1][0]]:
                raise ValueError(f"line {line} has a {token} that nothing opened")
            _, begin, items = open_forms.pop()
            made: Item = Form(tuple(items), begin)
        else:
            made = Text(re.sub(r"\\(.)", r"\1", token[1:-1], flags=re.DOTALL)) if kind == "text" else token
        if open_forms:
            open_forms[-1][2].append(made)
        elif isinstance(made, Form):
            done.append(made)
        else:
            raise ValueError(f"line {line} has {token!r:.40} outside of all parentheses")
    if open_forms:
        raise ValueError(f"line {open_forms[-1][1]} opens a {open_forms[-1][0]} that nothing closes")
    return done


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    place, line = 0, 1
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise ValueError(f"line {line} opens a text in quotes that nothing closes")
        if found.lastgroup:
            yield found.lastgroup, found[0], line
        line += found[0].count("\n")
        place = found.end()


def text_of(item: Item) -> str:
    """Return a symbol or text on one line, printable; of a form what it looks like."""
    if isinstance(item, Form):
        return shown(item)
    return visible(" ".join((item.value if isinstance(item, Text) else item).split()))


def shown(item: Item) -> str:
    """Return an item as it looked, cut where it is long."""
    parts: list[str] = []
    waiting: list[Item] = [item]
    while waiting and len(parts) < 20:  # without recursion: forms may be nested deeply
        part = waiting.pop()
        if isinstance(part, Form):
            waiting += [")", *reversed(part.items), "("]
        else:
            parts.append(f'"{part.value}"' if isinstance(part, Text) else part)
    text = visible(re.sub(r"\( | (?=\))", lambda found: found[0].strip(), " ".join(parts)))
    return f"{text:.57}…" if waiting or len(text) > 60 else text
