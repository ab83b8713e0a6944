"""What tests ask of a section of the report, so that its readers can read it."""

import re

from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS

FORMATS = re.compile(r"b?float\d+|\b16[- ]bits?\b")
"""Names with digits in them."""
BANNED = re.compile(
    r"\b(owed|owes|accus\w*|flatter\w*|believ\w*|walks? back|ways? of writing|pays?|called wrong|calls? wrong|"
    r"undefined|nan|NaN|None|inf)\b"
)
"""Words of people for processes, and what stands where a number is missing."""
IDENTIFIERS = re.compile(
    rf"(?<![\w.])({'|'.join(name for name in (*PROBLEMS, *METHODS) if re.search(r'_|[a-z][0-9]', name))})(?![\w(])"
)
"""Functions and formulas as programs call them; exp and centered are words, too."""
LONGEST = 45
"""Words of an answer."""
WIDEST = 960
"""Pixels of a table that the page shows without a scroller, by `width_of`; a table may be wider by its last columns."""
LETTER, CELL = 7.6, 21.0
"""The mean width of a letter, and the padding of a cell, in pixels."""


def numbers_of(sentence):
    """Return the numbers of a sentence as texts: not those in names of formats, in code and in formulas.

    A power of ten belongs to its number: 2.5·10⁻⁴ is one.
    """
    text = FORMATS.sub("", re.sub(r"`[^`]*`", "", sentence))
    return re.findall(r"(?<![\w.,⁻])\d+(?:\.\d+)?(?:·10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?", text)


def check_section(section):
    """Assert the form of a section: answer, advice and limits, pictures that differ, tables that fit the page."""
    assert len(numbers_of(section.answer)) <= 2, section.answer
    assert len(section.answer.split()) <= LONGEST, section.answer
    assert section.advice
    assert section.limits
    sentences = [section.answer, *section.findings, *section.advice, *section.limits]
    sentences += [text for figure in section.figures for text in (figure.caption, figure.alt)]
    sentences += [table.caption for table in section.tables]
    for sentence in sentences:
        assert sentence.endswith((".", ":")), sentence
        assert not BANNED.search(sentence), sentence
        assert not IDENTIFIERS.search(sentence), sentence
    alts = [figure.alt for figure in section.figures]
    assert len(set(alts)) == len(alts)
    for table in section.tables:
        assert "undefined" not in table.to_markdown(), table.name
        assert not (found := IDENTIFIERS.search(table.to_markdown())), (table.name, found)
        assert width_of(table) <= WIDEST, (table.name, width_of(table))


def width_of(table):
    """Return about how wide a table is on the page, in pixels: texts break where words end, first cells do not."""
    rows = [line[2:-2].split(" | ") for line in table.to_markdown(40).splitlines()]
    rows = [row for number, row in enumerate(rows) if number != 1 and len(row) == len(table.frame.columns)]
    width = 0.0
    for place, cells in enumerate(zip(*rows, strict=True)):
        head, *rest = cells
        is_whole = place == 0 or all(re.fullmatch(r"[-−`.\d e+%]*", cell) for cell in rest)
        longest = max(len(piece) for cell in rest for piece in ([cell] if is_whole else re.split(r"[\s/-]", cell)))
        width += CELL + LETTER * max(longest, *map(len, head.split()))
    return width
