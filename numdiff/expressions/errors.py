"""The error for a text that is no expression: one line that says why, and the place of the fault underlined."""

import unicodedata

__all__ = ["ExpressionError", "visible"]

_WIDTH = 72
"""Characters of a text that are shown at most; with an indentation of two they fit a terminal of 80 columns."""


def visible(text: str) -> str:
    r"""Return a text with whatever is not printable written as an escape.

    Examples
    --------
    >>> print(visible("x" + chr(0) + "y" + chr(0x202e)))
    x\x00y\u202e
    """
    return "".join(char if _stands_alone(char) else char.encode("unicode_escape").decode() for char in text)


def _stands_alone(char: str) -> bool:
    return char.isprintable() and (char.isascii() or unicodedata.category(char)[0] != "M")


def _columns(shown: str) -> int:
    """Return how many columns of a terminal a visible text takes: East Asian characters two."""
    return len(shown) + sum(unicodedata.east_asian_width(char) in "WF" for char in shown)


class ExpressionError(ValueError):
    """A text is refused as an expression.

    Parameters
    ----------
    message : str
        One line: what is refused, and what to write instead.
    text : str
        The whole text.
    start, end : int
        Which characters of it are at fault: from `start` to before `end`.

    Examples
    --------
    >>> print(ExpressionError("sine is not known; did you mean sin?", "exp(sine(x))", 4, 8))
    sine is not known; did you mean sin?
      exp(sine(x))
          ^^^^
    """

    def __init__(self, message: str, text: str, start: int = 0, end: int | None = None) -> None:
        end = len(text) if end is None else end
        super().__init__(message, text, start, end)
        self.message = visible(message)
        self.text = text
        self.start = min(max(0, start), len(text))
        self.end = min(max(self.start, end), len(text))

    def __str__(self) -> str:
        return f"{self.message}\n{self.marked()}" if self.text.strip() else self.message

    def marked(self) -> str:
        """Return the expression, cut around the fault where it is long, and carets under the fault: two lines."""
        first, last = self._window()
        end = min(self.end, last)
        before, fault, after = (
            visible(self.text[a:b]) for a, b in ((first, self.start), (self.start, end), (end, last))
        )
        before = f"…{before}" if first else before
        after = f"{after}…" if last < len(self.text) else after
        carets = " " * _columns(before) + "^" * max(1, _columns(fault))
        return f"  {before}{fault}{after}\n  {carets}"

    def _window(self) -> tuple[int, int]:
        """Return which characters are shown: all, or as many as there is room for around its start."""
        widths = [_columns(visible(char)) for char in self.text]
        room = _WIDTH - 2
        if sum(widths) <= room:
            return 0, len(widths)
        first, last, used = self.start, self.start, 0
        while first and used + widths[first - 1] <= room // 3:
            first -= 1
            used += widths[first]
        while last < len(widths) and used + widths[last] <= room:
            used += widths[last]
            last += 1
        while first and used + widths[first - 1] <= room:
            first -= 1
            used += widths[first]
        return first, last
