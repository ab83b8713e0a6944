"""What the commands take: numbers, formats, formulas and domains, with completion of the names that are known."""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

__all__ = [
    "AtLeast",
    "EvaluatingCommand",
    "Interval",
    "Names",
    "Numbers",
    "at_option",
    "domain_option",
    "dtype_option",
    "flat",
    "formula_of",
    "formula_options",
    "one_of",
    "several_of",
]

F = TypeVar("F", bound=Callable[..., Any])


class EvaluatingCommand(click.Command):
    """A command whose words may begin with a minus sign: ``-x**2``, ``-1``; its options of one letter are none but -h.

    Examples
    --------
    >>> "".join(EvaluatingCommand("f", params=[click.Argument(["f"])]).make_context("f", ["-x**2"]).params["f"])
    '-x**2'
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put a blank before such a word, so that it is no option; it is taken off again where it is read."""
        long = {option for parameter in self.get_params(ctx) for option in parameter.opts}
        for word in args:
            if f"-{word}" in long:
                ctx.fail(f"no such option {word!r}; did you mean '-{word}'?")
        marked = [
            f" {word}" if word[:1] == "-" and word[:2] != "--" and word not in ("-", "-h") else word for word in args
        ]
        if not ctx.resilient_parsing:
            self._refuse_repeated(ctx, marked)
        left = super().parse_args(ctx, marked)
        ctx.params = {name: _unmarked(value) for name, value in ctx.params.items()}
        return left

    def _refuse_repeated(self, ctx: click.Context, marked: list[str]) -> None:
        """Refuse an option that is given twice and takes one value: the first would be left out without a word."""
        given = self.make_parser(ctx).parse_args(list(marked))[2]
        for option in given:
            takes_one = isinstance(option, click.Option) and not option.multiple and not option.is_flag
            if takes_one and given.count(option) > 1:
                ctx.fail(f"{' / '.join(option.opts)} must be given once")


def _unmarked(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_unmarked, value))
    if isinstance(value, Path) and str(value).startswith(" -"):
        return Path(str(value)[1:])
    return value[1:] if isinstance(value, str) and value.startswith(" -") else value


class AtLeast(click.ParamType):
    """An integer with a lower limit; x, the word of click for what is given, is the point here.

    Parameters
    ----------
    least : int
    """

    name = "integer"

    def __init__(self, least: int) -> None:
        self._least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the integer."""
        word = str(value).strip()
        try:
            number = int(word)
        except ValueError:
            number = self._least - 1
        if number < self._least:
            self.fail(f"{word!r} is no integer of at least {self._least}", param, ctx)
        return number


class Numbers(click.ParamType):
    """Numbers between commas: as Python reads them, in hex (``0x1.8p-1``), or a constant expression (``pi/4``).

    Parameters
    ----------
    finite : bool
        Whether an infinity, also one such as 1e999, and NaN are refused.
    """

    name = "numbers"

    def __init__(self, *, finite: bool = False) -> None:
        self._finite = finite

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """Return the numbers, doubles as in Python."""
        if isinstance(value, tuple):
            return value
        words = [word.strip() for word in str(value).split(",")]
        numbers = tuple(self._number(word, param, ctx) for word in words)
        for word, number in zip(words, numbers, strict=True):
            if self._finite and not math.isfinite(number):
                self.fail(f"{word!r} is no finite number of float64", param, ctx)
        return numbers

    def _number(self, word: str, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if word.lower().lstrip("+-").startswith("0x"):
            try:
                return self._not_lost(float.fromhex(word), word, param, ctx)
            except (ValueError, OverflowError):
                self.fail(f"{word!r} is no number in hex, such as 0x1.8p-1", param, ctx)
        try:
            number = float(word)
        except ValueError:
            return self._constant(word, param, ctx)
        return self._not_lost(number, word, param, ctx)

    def _not_lost(self, number: float, word: str, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if not number and _NOT_ZERO.match(word):
            self.fail(f"{word!r} is below the range of float64; write 0, or a larger number", param, ctx)
        return number

    def _constant(self, word: str, param: click.Parameter | None, ctx: click.Context | None) -> float:
        from numdiff.expressions import ExpressionError, parse_expression

        reason = "write numbers such as 0.5,1e-3,pi/4"
        try:
            expression = parse_expression(word)
            if expression.is_constant:
                return float(expression(0.0))
        except ExpressionError as error:
            reason = error.message if word else reason
        self.fail(f"{word!r} is no number; {reason}", param, ctx)


_NOT_ZERO = re.compile(r"[+-]?(0x[0_.]*[1-9a-f]|(?!0x)[0_.]*[1-9])", re.IGNORECASE)
"""A number that is written with a digit other than 0, before its exponent."""


class Interval(click.ParamType):
    """Two ends, ``0:inf``; one that is left out is infinite."""

    name = "low:high"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        """Return the ends."""
        if isinstance(value, tuple):
            return value
        ends = str(value).split(":")
        if len(ends) != 2 or "," in value:
            self.fail(f"{value!r} is no interval; write its two ends as 0:inf", param, ctx)
        low, high = (
            Numbers().convert(end, param, ctx)[0] if end.strip() else default
            for end, default in zip(ends, (-math.inf, math.inf), strict=True)
        )
        return low, high


class Names(click.ParamType):
    """Names of a registry between commas, which are completed; the registry is imported when it is asked for."""

    def __init__(self, kind: str, registry: Callable[[], Iterable[str]]) -> None:
        self.name = kind
        self._registry = registry

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Return the names; whether they are known is said by who looks them up."""
        if isinstance(value, tuple):
            return value
        return tuple(word.strip() for word in str(value).split(","))

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the names that begin as the last word between commas."""
        before, comma, last = incomplete.rpartition(",")
        return [CompletionItem(f"{before}{comma}{name}") for name in self._registry() if name.startswith(last)]


def _formats() -> Iterable[str]:
    from numdiff.floats.formats import FORMATS

    return FORMATS


def _formulas() -> Iterable[str]:
    from numdiff.formulas.table import METHODS

    return METHODS


def flat(groups: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """Return what an option was given in several words, each of which may hold several."""
    return tuple(item for group in groups for item in group)


def at_option(function: F) -> F:
    """Add ``--at``, the points, which arrive as groups in `at`."""
    text = "The points x: 0.5,1,2; also repeated, in hex, or as pi/4.  [default: those of a problem]"
    return click.option("--at", type=Numbers(finite=True), multiple=True, metavar="X,…", help=text)(function)


def dtype_option(function: F, default: str = "float64") -> F:
    """Add ``--dtype``, groups of names in `dtype`."""
    return click.option(
        "--dtype",
        type=Names("format", _formats),
        multiple=True,
        metavar="FORMAT",
        help=f"The format to compute in, such as float32 or bfloat16.  [default: {default}]",
    )(function)


def domain_option(function: F) -> F:
    """Add ``--domain``, two ends or None in `domain`."""
    text = "The open interval in which f is smooth: f is not evaluated outside."
    return click.option("--domain", type=Interval(), metavar="LOW:HIGH", help=text)(function)


def formula_options(function: F, default: str = "centered") -> F:
    """Add ``--formula``, ``--order`` and ``--derivative``, which `formula_of` makes formulas of."""
    text = "The difference formula: forward, backward, centered, centered4, … (numdiff list formulas)."
    for option in (
        click.option("--derivative", type=AtLeast(1), metavar="M", help="Which derivative: 2 for f″."),
        click.option("--order", type=AtLeast(1), metavar="P", help="The order of accuracy, as in O(hᴾ)."),
        click.option(
            "--formula",
            type=Names("formula", _formulas),
            multiple=True,
            metavar="NAME",
            help=f"{text}  [default: {default}]",
        ),
    ):
        function = option(function)
    return function


def several_of(what: str, names: Sequence[tuple[str, ...]], default: str) -> tuple[str, ...]:
    """Return the names of an option, or the default where none is given; each at most once."""
    given = flat(names) or (default,)
    if names and "" in given:
        raise click.UsageError(f"--{what} must be names between commas, got {','.join(given)!r}")
    for name in given:
        if given.count(name) > 1:
            raise click.UsageError(f"--{what} must name each once, got {name!r} twice")
    return given


def one_of(what: str, names: Sequence[tuple[str, ...]], default: str) -> str:
    """Return the one name of an option that takes no more."""
    given = several_of(what, names, default)
    if len(given) > 1:
        raise click.UsageError(f"--{what} must be one here, got {', '.join(given)}; numdiff sweep takes several")
    return given[0]


def formula_of(name: str, order: int | None, derivative: int | None) -> Any:
    """Return the formula of a name, or the one of its kind with an order of accuracy and a derivative.

    Raises
    ------
    click.UsageError
        If orders are given beside a name that has its own.
    ValueError
        If there is no such name, or no such formula.
    """
    from numdiff.formulas import stencil
    from numdiff.formulas.table import METHODS

    if order is None and derivative is None:
        return METHODS[name]
    if name not in ("forward", "backward", "centered"):
        raise click.UsageError(
            f"--order and --derivative must stand beside --formula forward, backward or centered, got {name!r}, which "
            "has orders of its own"
        )
    least = 2 if name == "centered" else 1
    return getattr(stencil, name)(least if order is None else order, 1 if derivative is None else derivative)
