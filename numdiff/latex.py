r"""Tables in LaTeX that need no package beyond the kernel's, narrow enough for the page of a plain article.

Texts, numbers and headings become LaTeX here; the width of a table is estimated from its cells, and its letters and the
space between its columns are as large as the page allows.
"""

import re
from collections.abc import Sequence

__all__ = ["ROWS", "cell", "evenly", "fitted", "heading", "text", "width"]

ROWS = 40
"""The rows of a table that fits a page."""
PAGE = 340.0
"""The width of the text of an article in points, 345, less what `width` may be wrong by."""
_SUPERSCRIPTS = dict(zip("⁻⁰¹²³⁴⁵⁶⁷⁸⁹ᵏʲᵖⁿ", "-0123456789kjpn", strict=True))
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))
_CHARACTERS = {
    "\\": r"\textbackslash{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    **{"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": "$<$", ">": "$>$", "|": "$|$"},
    **{"·": r"$\cdot$", "−": "$-$", "×": r"$\times$", "±": r"$\pm$", "√": r"$\sqrt{}$", "∛": r"$\sqrt[3]{}$"},
    **{"≤": r"$\le$", "≥": r"$\ge$", "≈": r"$\approx$", "→": r"$\to$", "∞": r"$\infty$"},
    **{"′": "$'$", "″": "$''$", "‴": "$'''$", "ε": r"$\varepsilon$", "π": r"$\pi$"},
    **{"…": r"\ldots{}", "–": "--", "’": "'", "“": "``", "”": "''", "\N{NO-BREAK SPACE}": "~", "\N{WORD JOINER}": ""},
}
_RAISED = re.compile(rf"([\d.]*·?\w?[{''.join(_SUPERSCRIPTS)}]+|[{''.join(_SUBSCRIPTS)}]+)")
_NUMBER = re.compile(r"(-?[\d.]+)(?:e([+-]\d+))?")
_TWO_SIGNS = re.compile("(?<=-)(?=-)")
_USUAL = 6.0
_SIZES = ((r"\small", 9.25, _USUAL), (r"\small", 9.25, 4.0), (r"\footnotesize", 8.7, 3.0), (r"\scriptsize", 8.2, 1.5))
"""Commands of size, the width of an em in points (of small letters a little more: their exponents are relatively wide),
and the space at each side of a column, from large to small."""
_EMS = {".": 0.28, "-": 0.78, "−": 0.78, " ": 0.33, "·": 0.72, "|": 0.28}
"""Widths of characters of Computer Modern; others have at most `_LETTER`, raised ones less."""
_LETTER, _DIGIT, _RAISED_EMS, _RAISED_MINUS = 0.5, 0.5, 0.45, 0.65


def text(plain: str) -> str:
    r"""Return text for LaTeX; superscripts, the product with a power, and subscripts become mathematics.

    Examples
    --------
    >>> print(text("h = 1.5·2⁻ᵏ, 50 %, log₁₀|x|"))
    h = $1.5 \cdot 2^{-k}$, 50 \%, log$_{10}$$|$x$|$
    """
    pieces = _RAISED.split(plain)
    return "".join(_mathematics(piece) if i % 2 else _escaped(piece) for i, piece in enumerate(pieces))


def _escaped(plain: str) -> str:
    """Return text without mathematics; two minus signs of a formula, as in x--x, do not run into a dash."""
    return "{}".join("".join(_CHARACTERS.get(c, c) for c in part) for part in _TWO_SIGNS.split(plain))


def _mathematics(plain: str) -> str:
    if plain[0] in _SUBSCRIPTS:
        return f"$_{{{''.join(map(_SUBSCRIPTS.__getitem__, plain))}}}$"
    base = plain.rstrip("".join(_SUPERSCRIPTS))
    power = "".join(map(_SUPERSCRIPTS.__getitem__, plain[len(base) :]))
    return "$" + base.replace("·", r" \cdot ") + f"^{{{power}}}$"


def cell(plain: str) -> str:
    r"""Return a cell for LaTeX: numbers and powers as mathematics, words emphasised.

    Examples
    --------
    >>> print(cell("1.50e-08"), cell("absorbed"))
    $1.50 \cdot 10^{-8}$ \emph{absorbed}
    """
    number = _NUMBER.fullmatch(plain)
    if number and number[2]:
        factor = "" if number[1] == "1" else rf"{number[1]} \cdot "
        return f"${factor}10^{{{int(number[2])}}}$"
    if number:
        return f"${plain}$"
    return rf"\emph{{{plain}}}" if re.fullmatch(r"[a-z]+(-[a-z]+)*", plain) else text(plain)


def width(plain: str) -> float:
    """Return about how wide a text or a number is, in ems: rather too much than too little."""
    number = _NUMBER.fullmatch(plain)
    if number and number[2]:
        return sum(_EMS.get(c, _DIGIT) for c in number[1]) + _EMS["·"] + 2 * _DIGIT + _raised(str(int(number[2])))
    raised = "".join(c for c in plain if c in _SUPERSCRIPTS or c in _SUBSCRIPTS)
    others = (c for c in plain if c not in raised)
    letters = sum(_EMS.get(c, _DIGIT if c.isdigit() else _LETTER if c.islower() else 0.75) for c in others)
    return letters + _raised(raised)


def _raised(characters: str) -> float:
    return sum(_RAISED_MINUS if c in "-⁻" else _RAISED_EMS for c in characters)


def heading(plain: str, room: float, side: str) -> str:
    """Return the heading of a column; one that is wider than the cells is broken between words.

    Parameters
    ----------
    plain : str
    room : float
        The width of the cells in ems.
    side : {"l", "r"}
        Where the column stands.
    """
    lines = _lines(plain, room)
    if len(lines) == 1:
        return text(plain)
    return rf"\begin{{tabular}}[b]{{@{{}}{side}@{{}}}}" + r"\\".join(map(text, lines)) + r"\end{tabular}"


def _lines(plain: str, room: float) -> list[str]:
    lines: list[str] = []
    for word in plain.split():
        if lines and width(f"{lines[-1]} {word}") <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or [""]


def fitted(heads: Sequence[str], columns: Sequence[Sequence[str]], sides: Sequence[str]) -> tuple[str, list[str]]:
    """Return the settings under which a table is as wide as the page at most, and its headings.

    Parameters
    ----------
    heads : sequence of str
        Plain texts.
    columns : sequence of sequence of str
        Their cells, plain texts and numbers as they are printed.
    sides : sequence of {"l", "r"}

    Returns
    -------
    settings : str
        A line that stands before the table: its place, the size of the letters, and the space between columns unless
        it is the usual one. What is too wide at the smallest size has it.
    heads : list of str
        The headings, broken where they are wider than the cells.
    """
    rooms = [max(map(width, column), default=0.0) for column in columns]
    # Beside a number with a sign, those without one are moved by a phantom of it.
    rooms = [
        room + _EMS["-"] * any(c.startswith("-") for c in column) for room, column in zip(rooms, columns, strict=True)
    ]
    broken = [heading(head, room, side) for head, room, side in zip(heads, rooms, sides, strict=True)]
    wide = sum(max(room, *map(width, _lines(head, room))) for head, room in zip(heads, rooms, strict=True))
    fitting = (each for each in _SIZES if wide * each[1] + 2 * each[2] * len(rooms) <= PAGE)
    size, _, space = next(fitting, _SIZES[-1])
    return rf"\centering{size}" + (rf"\setlength{{\tabcolsep}}{{{space:g}pt}}" if space != _USUAL else ""), broken


def evenly(count: int, rows: int | None) -> int:
    """Return the stride at which at most `rows` of `count` rows are shown: 1 for all, 2 for every second one."""
    return 1 if rows is None or not count else -(-count // rows)
