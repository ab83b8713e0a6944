"""What people read: lines and tables, with colours on a terminal only.

rich is imported when something is printed: a page of help does without.
"""

import functools
import inspect
import io
import math
import os
import re
import shutil
import stat
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from decimal import Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.progress import Progress
    from rich.text import Text

__all__ = [
    "Bar",
    "Page",
    "as_options",
    "decimal_text",
    "exact_text",
    "is_terminal",
    "mark_of",
    "shows_progress",
    "width_of",
]

T = TypeVar("T")

_SOON = 1.0
"""Seconds of work from which on a bar is shown."""
_WIDTH = 80
"""Where no terminal has a width of its own: of text in a pipe."""
_NARROWEST = 41
"""A ledger has 12 digits, and 29 characters beside them; a narrower terminal breaks lines itself."""
_PRIMES = ("\N{PRIME}", "\N{DOUBLE PRIME}", "\N{TRIPLE PRIME}", "\N{QUADRUPLE PRIME}")
_MOST = 30
"""More digits than any format needs to name a number."""
_UNBROKEN = 10_000
"""The width for rich, which would cut numbers short where a terminal is narrower than a table."""


def is_terminal() -> bool:
    """Return whether a person reads what is printed."""
    return sys.stdout is not None and sys.stdout.isatty()


def width_of() -> int:
    """Return how wide text is printed."""
    if not is_terminal():
        return _WIDTH
    return min(max(shutil.get_terminal_size((_WIDTH, 24)).columns, _NARROWEST), 120)


def shows_progress() -> bool:
    """Return whether progress is shown, on standard error: on a terminal, where the output goes to no pipe."""
    try:
        is_piped = stat.S_ISFIFO(os.fstat(sys.stdout.fileno()).st_mode)
    except (OSError, AttributeError):  # an output in memory, or none
        is_piped = False
    return sys.stderr is not None and sys.stderr.isatty() and not is_piped


class Bar:
    """A bar of what is done, where it `shows_progress`, for work of some seconds; it leaves nothing behind.

    Inside of `running`, which has standard output aside: a bar takes that too once it is shown, and gives back at its
    end what it found then. The other way round, the answer would go to standard error.

    Parameters
    ----------
    what : str
        What is counted.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._bar: Progress | None = None
        self._start = time.monotonic()
        self._is_shown = shows_progress()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def tell(self, done: int, total: int | None) -> None:
        """Say how many are done, of how many, if that is known."""
        if not self._is_shown or time.monotonic() - self._start < _SOON:
            return
        what = self._what if total is not None else f"{self._what}: {done}"
        if self._bar is None:
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True), transient=True)
            self._bar.add_task(what, total=total)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=done, total=total, description=what)

    def counted(self, items: Sequence[T]) -> Iterator[T]:
        """Give the items one by one, and say so."""
        for place, item in enumerate(items):
            self.tell(place, len(items))
            yield item

    def watched(self, f: Any) -> Any:
        """Return a function that counts its calls: how many there will be is known to nobody before the last one.

        A problem or another object that is more than a function stays as it is, and so does everything where no bar is
        shown: the answer cannot depend on a bar.
        """
        from numdiff.expressions import Expression

        if not self._is_shown or not (inspect.isroutine(f) or isinstance(f, Expression)):
            return f
        done = 0

        @functools.wraps(f)
        def counted(*arguments: Any) -> Any:
            nonlocal done
            done += 1
            self.tell(done, None)
            return f(*arguments)

        return counted


class Page:
    """Collects what a command prints; nothing is printed before all is known.

    Examples
    --------
    >>> page = Page()
    >>> page.line("two numbers")
    >>> page.table(["name", "value"], [["a", "1.5"], ["b", "20"]], words=1)
    >>> print(page.text(), end="")
    two numbers
    name  value
    a       1.5
    b        20
    """

    def __init__(self) -> None:
        self._items: list[RenderableType] = []
        self.width = width_of()

    def line(self, text: str = "", style: str = "", indent: int = 0, hang: int = 2) -> None:
        """Add a line of text, wrapped to the width; what follows the first line is indented further."""
        blank = " " * indent
        lines = textwrap.wrap(
            text,
            self.width,
            initial_indent=blank,
            subsequent_indent=blank + " " * hang,
            break_long_words=False,
            break_on_hyphens=False,
        )
        self.verbatim("\n".join(lines), style)

    def verbatim(self, text: "str | Text", style: str = "") -> None:
        """Add text whose lines and blanks stay as they are."""
        from rich.text import Text

        self._items.append(Text(text, style) if isinstance(text, str) else text)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]], words: int | Sequence[int] = 1) -> None:
        """Add a table.

        Parameters
        ----------
        head : sequence of str
        rows : sequence of sequence of str
        words : int or sequence of int
            How many of the first columns, or which, are words, to the left; the others are numbers, to the right.
        """
        from rich.table import Table

        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold", show_edge=False)
        left = range(words) if isinstance(words, int) else words
        for place, name in enumerate(head):
            table.add_column(name, justify="left" if place in left else "right", no_wrap=True)
        for row in rows:
            table.add_row(*row)
        self._items.append(table)

    def text(self) -> str:
        """Return all that was added, as the terminal or the pipe takes it."""
        from rich.console import Console

        terminal = is_terminal()
        console = Console(
            file=io.StringIO(),
            width=_UNBROKEN,
            force_terminal=terminal and os.environ.get("TERM") != "dumb",
            color_system="auto" if terminal else None,
            highlight=False,
            markup=False,
            emoji=False,
        )
        with console.capture() as capture:
            for item in self._items:
                console.print(item)
        return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())

    def show(self) -> None:
        """Print it."""
        print(self.text(), end="")


def exact_text(fmt: Any, value: Any) -> str:
    """Return a number of a format in the fewest digits that name it there: 0.1 for the float32 nearest to 0.1."""
    exact = fmt.lift(value)
    held = fmt.round(exact)
    for digits in range(1, _MOST):
        context = Context(prec=digits, Emin=-99999, Emax=99999)
        short = context.divide(Decimal(exact.numerator), Decimal(exact.denominator))
        if fmt.round(Fraction(short)) == held:  # few digits of a number near the largest round to infinity
            break
    return decimal_text(short)


def decimal_text(value: Decimal) -> str:
    """Return ``20`` and ``0.001`` as they are, and other sizes with a power of ten: ``2.5e-09``."""
    short = value.normalize()
    if not short or -5 <= short.adjusted() < 16:
        return f"{short:f}"
    head = f"{short.scaleb(-short.adjusted()):f}"
    return f"{head}e{short.adjusted():+03d}"


def mark_of(order: int) -> str:
    """Return the name of a derivative: ``f′``, ``f⁽⁷⁾``."""
    from numdiff.digits import superscript

    if order <= len(_PRIMES):
        return f"f{_PRIMES[order - 1]}"
    return f"f\N{SUPERSCRIPT LEFT PARENTHESIS}{superscript(order)}\N{SUPERSCRIPT RIGHT PARENTHESIS}"


def as_options(text: str) -> str:
    """Return advice of the library as advice on the command: ``side='left'`` is ``--side left`` here."""
    for word, here in _IN_WORDS:
        text = text.replace(word, here)
    text = _NEXT.sub(lambda match: repr(math.nextafter(float(match[1]), float(f"{match[2]}inf"))), text)
    return _GIVEN.sub(_as_option, text)


_IN_WORDS = (
    (" in .skips", ""),
    (".skips holds", "there are"),
    (".to_pandas()", "--csv"),
    ("must be None, 0 (", "must be 0 ("),
    ("end the domain at", "end domain= at"),
    (", which raise_if_wrong() accepts: for agreement", ":"),
    (", or name the others in coordinates=", ""),
)
"""What the library says of itself, and what is said of it here."""
_NEXT = re.compile(r"np\.nextafter\((-?\d[\w.+-]*), (-?)np\.inf\)")
_GIVEN = re.compile(r"(?<!\], )\b(side|domain|noise|dtype|max_evaluations|workers)=(?:'(\w+)'|(-?\d[\w.+-]*))?")


def _as_option(match: re.Match[str]) -> str:
    value = match[2] or match[3]
    return f"--{match[1].replace('_', '-')}" + (f" {value}" if value else "")
