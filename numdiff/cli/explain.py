"""``numdiff explain``: what a word of the tables means."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import click
from click.shell_completion import CompletionItem

from numdiff.cli.machine import Columns, columns_help, machine_options, shows_rows
from numdiff.cli.screen import Page, as_options, mark_of

__all__ = ["COLUMNS", "Sense", "command", "senses"]

Sense = Mapping[str, str]

COLUMNS: Columns = {
    "word": "the word",
    "kind": "a term, a column, a status, a formula, …",
    "meaning": "the paragraph",
    "formula": "in plain characters",
    "advice": "what to do, for a status",
    "report": "the section of results/README.md",
}
_EPILOG = f"""\b
Examples:
  numdiff explain truncation
  numdiff explain absorbed
  numdiff explain centered4 --json
  numdiff explain              (lists all words)

{columns_help(COLUMNS)}
"""


class _AnyWord(click.ParamType):
    name = "word"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the terms that begin so; the other words are too many."""
        from numdiff.cli.words import WORDS

        return [CompletionItem(word) for word in WORDS if word.startswith(incomplete)]


@click.command("explain", epilog=_EPILOG)
@click.argument("words", nargs=-1, type=_AnyWord(), metavar="[WORD]...")
@machine_options
def command(words: tuple[str, ...], as_json: bool, as_csv: bool) -> int:
    """Explain a WORD: a term, a column of the records, a status, a format, a formula, a rule or a problem."""
    known = list(senses())
    word = " ".join(words).lower()
    word = _ALSO.get(word, word)
    found = [sense for sense in known if _same(sense["word"], word)] if word else known
    if not found:
        raise ValueError("; ".join([_unknown(word, [sense["word"] for sense in known]), *_left_out()]))
    if shows_rows("explain", COLUMNS, found, as_json=as_json, as_csv=as_csv):
        return 0
    page = Page()
    if word:
        _write(page, found)
    else:
        for kind in dict.fromkeys(sense["kind"] for sense in known):
            page.line(f"{kind}: {', '.join(sense['word'] for sense in known if sense['kind'] == kind)}")
        for line in _left_out():
            page.line(line, "dim")
    page.show()
    return 0


_ALSO = {"h": "step", "u": "unit roundoff", "bar": "error bar", "rounding": "roundoff"}
"""Other names of what is explained."""


def _same(word: str, asked: str) -> bool:
    return word.lower().replace("-", " ").replace("_", " ") == asked.replace("-", " ").replace("_", " ")


def _unknown(word: str, known: list[str]) -> str:
    close = get_close_matches(word, dict.fromkeys(known), n=3)
    advice = f"did you mean {' or '.join(map(repr, close))}?" if close else "numdiff explain lists all words"
    return f"the word must be one that is explained, got {word!r}; {advice}"


_NEEDS = {"step rules": ("flint", "gmpy2", "mpmath", "scipy"), "the columns of numdiff sweep": ("pandas",)}
"""The words that need packages of extras, and which."""


def _left_out() -> Iterator[str]:
    """Say which words are not known here, and how to install what they need."""
    from numdiff.extras import MissingExtraError, require_extra

    for words, modules in _NEEDS.items():
        try:
            require_extra(f"an explanation of {words}", *modules)
        except MissingExtraError as error:
            yield str(error)


def _write(page: Page, found: list[Sense]) -> None:
    for place, sense in enumerate(found):
        if place:
            page.line()
        page.line(f"{sense['word']} ({sense['kind']})", "bold")
        page.line(sense["meaning"], indent=2, hang=0)
        if sense["formula"]:
            page.line(sense["formula"], "magenta", indent=4, hang=2)
        if sense["advice"]:
            page.line(f"what to do: {sense['advice']}", indent=2, hang=0)
        if sense["report"]:
            page.line(f"report: {sense['report']}", "dim", indent=2, hang=2)


def _sense(
    word: str, kind: str, meaning: str, formula: str = "", advice: str = "", section: str | None = None
) -> Sense:
    from numdiff.cli.words import SECTIONS

    report = f"results/README.md, “{section or SECTIONS[kind]}”"
    said = dict(zip(COLUMNS, (word, kind, meaning, formula, as_options(advice), report), strict=True))
    return {name: " ".join(text.split()) for name, text in said.items()}


def senses() -> Iterator[Sense]:
    """Return all that is explained, terms first."""
    from numdiff.cli.words import WORDS, plain_text

    for name, word in WORDS.items():
        yield _sense(name, "term", plain_text(word.text), word.formula, section=word.section)
    yield from _statuses()
    yield from _names()
    yield from _verdicts()
    yield from _columns()
    yield from _columns_of_commands()


def _statuses() -> Iterator[Sense]:
    """Return the statuses of derivatives, of predictions and of rules, with their advice."""
    from numdiff.adaptive.status import DerivativeStatus
    from numdiff.cli.words import OUTCOMES
    from numdiff.rules.assumptions import FailedAssumption
    from numdiff.rules.base import RuleStatus

    for status in DerivativeStatus:
        yield _sense(status.label, "status of a derivative", status.meaning, advice=status.advice)
    for assumption in FailedAssumption:
        before, _, after = assumption.advice.partition("; ")
        yield _sense(str(assumption), "assumption of advise that fails", before, advice=after)
    for outcome in RuleStatus:
        if outcome.advice:
            yield _sense(str(outcome), "status of a step rule", OUTCOMES[str(outcome)], advice=outcome.advice)


def _names() -> Iterator[Sense]:
    """Return what is in the lists: formats, formulas, rules where their extra is installed, and problems."""
    from numdiff.cli.lists import rows_of
    from numdiff.cli.words import SECTIONS_OF_FAMILIES
    from numdiff.extras import missing

    for row in rows_of("formats"):
        if row["unavailable"] is None:
            bits = f"a floating-point format with {row['precision']} bits of precision"
            yield _sense(row["name"], "format", bits, f"unit roundoff 2^-{row['precision']}")
    for row in rows_of("formulas"):
        yield _sense(row["name"], "formula", _formula_in_words(row), row["formula"])
    if not missing(*_NEEDS["step rules"]):
        for row in rows_of("rules"):
            yield _sense(row["name"], "step rule", f"{row['summary']} {row['reference']}")
    for row in rows_of("problems"):
        section = SECTIONS_OF_FAMILIES.get(row["family"])
        yield _sense(row["name"], "problem", f"{row['reason']} {row['source']}", row["formula"], section=section)


def _formula_in_words(row: Mapping[str, Any]) -> str:
    """Say what a formula takes and gives: ``a formula for f′ from 2 values of f, with …``."""
    nodes = len(str(row["offsets"]).split())
    values = f"{nodes} value{'' if nodes == 1 else 's'} of f"
    order = row["accuracy_order"]
    text = f"a formula for {mark_of(row['derivative_order'])} from {values}, with an error of order h^{order}"
    if row["name"].startswith("complex"):
        return f"{text}: at a complex node, so that no difference is rounded"
    if "richardson" in row["name"]:
        return f"{text}: centered differences with h and 2h, combined so that h^2 cancels (Richardson)"
    return text


def _verdicts() -> Iterator[Sense]:
    """Return the outcomes of a check, with the words of its exit status."""
    from numdiff.cli.words import VERDICTS

    for verdict, (meaning, advice) in VERDICTS.items():
        yield _sense(verdict, "verdict of numdiff check", meaning, advice=advice)


def _columns_of_commands() -> Iterator[Sense]:
    """Return the columns of the other commands that answer a question, as their help has them, but for terms."""
    from numdiff.cli import advise, check, derivative, ledger
    from numdiff.cli.words import WORDS

    for command in (advise, derivative, ledger, check):
        kind = f"column of numdiff {command.command.name}"
        for names, meaning in command.COLUMNS.items():
            for name in (name for name in names.split(", ") if name not in WORDS):
                yield _sense(name, kind, f"{names}: {meaning}" if ", " in names else meaning)


def _columns() -> Iterator[Sense]:
    """Return the columns of the records of a sweep, where pandas is there."""
    from numdiff.extras import missing

    if missing(*_NEEDS["the columns of numdiff sweep"]):
        return
    from numdiff.cli.words import WORDS
    from numdiff.study.records import FIELDS

    for name, field in FIELDS.items():
        unit = f", in {field.metadata['unit']}" if field.metadata["unit"] else ""
        section = WORDS[name].section if name in WORDS else None
        yield _sense(name, "column of numdiff sweep", f"{field.metadata['line']}{unit}", section=section)
