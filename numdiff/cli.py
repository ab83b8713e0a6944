"""The command ``numdiff``: the experiments of a checkout, the formats of the machine, the problems.

Nothing but the standard library is loaded here; a subcommand imports what it needs when it runs, so that
``numdiff --help`` answers at once.
"""

import argparse
import os
import signal
import sys
import textwrap
from collections.abc import Callable, Sequence
from decimal import Context, Decimal
from fractions import Fraction
from pathlib import Path

from numdiff import __version__
from numdiff.extras import DISTRIBUTION, EXTRAS, require_extra
from numdiff.interruption import run_program, status_of

USAGE_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after ``numdiff``; those of the process by default.

    Returns
    -------
    int
        0 when all went well, 2 for an error in the call (said in one line on standard error), and for
        ``experiments`` the exit status of the experiments.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    _replace_unprintable_characters()
    try:
        # Handed on as they are: argparse would take options that belong to the experiments for its own.
        if words[:1] == ["experiments"]:
            return run_experiments(words[1:])
        command: Callable[[], str] = _parser().parse_args(words).command
        print(command(), flush=True)
    except (ImportError, LookupError, OSError, ValueError) as error:
        if isinstance(error, BrokenPipeError):
            # The reader (a pager, head) has seen enough. Nothing may be flushed to it at exit either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        print(f"numdiff: error: {_one_line(error)}", file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        print("numdiff: interrupted", file=sys.stderr)
        return status_of(signal.SIGINT)
    return 0


def run_experiments(arguments: Sequence[str], directory: Path | None = None) -> int:
    """Run ``python -m experiments`` in a checkout of the project.

    Parameters
    ----------
    arguments : sequence of str
        Handed on unchanged.
    directory : Path, optional
        The root of the checkout; the working directory by default.

    Returns
    -------
    int
        The exit status of the experiments. Ctrl-C and requests to end are handed on to them.

    Raises
    ------
    FileNotFoundError
        If `directory` is not the root of a checkout: the experiments are not part of the installed library.
    ImportError
        If a package of the extras is missing.
    """
    root = Path.cwd() if directory is None else directory
    if not ((root / "experiments" / "__main__.py").is_file() and (root / "numdiff").is_dir()):
        raise FileNotFoundError(
            f"the experiments live in a checkout of {DISTRIBUTION}, and {root} is not the root of one; "
            f"change to it and repeat the command"
        )
    require_extra("numdiff experiments", *sorted(module for modules in EXTRAS.values() for module in modules))
    return run_program([sys.executable, "-m", "experiments", *arguments], root)


def describe_formats() -> str:
    """Return a table of the floating-point formats, and why others are missing on this machine."""
    from numdiff.floats.formats import FORMATS, UNAVAILABLE

    header = ("format", "precision", "unit roundoff", "subnormal from", "normal from", "finite up to")
    rows = [
        (
            name,
            f"{known.precision} bits",
            _scientific(known.unit_roundoff),
            _scientific(known.smallest_subnormal),
            _scientific(known.smallest_normal),
            _scientific(known.largest_finite),
        )
        for name, known in FORMATS.items()
    ]
    missing = [f"{name} is not available: {reason}" for name, reason in UNAVAILABLE.items()]
    return "\n".join([_table(header, rows), *missing])


def describe_problems() -> str:
    """Return the registered problems by family: each with its formula, and below it why it is there."""
    from numdiff.problems import PROBLEMS

    lines = []
    for family in dict.fromkeys(problem.family for problem in PROBLEMS.values()):
        members = [problem for problem in PROBLEMS.values() if problem.family == family]
        lines.append(f"{family}: {len(members)} problem{'' if len(members) == 1 else 's'}")
        for problem in members:
            lines += _wrapped(f"{problem.name}: {problem.formula}", 2) + _wrapped(problem.reason, 6)
    return "\n".join(lines)


def describe_version() -> str:
    """Return the name of the command and the version of the library."""
    return f"numdiff {__version__}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="numdiff", description="Error analysis of numerical differentiation, measured and certified."
    )
    parser.add_argument("--version", action="version", version=describe_version(), help="print the version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    commands.add_parser(
        "experiments",
        help="run the experiments of a checkout; what follows is handed to python -m experiments",
        add_help=False,
    )
    for name, command, purpose in (
        ("formats", describe_formats, "list the floating-point formats of this machine"),
        ("problems", describe_problems, "list the test problems"),
        ("version", describe_version, "print the version"),
    ):
        commands.add_parser(name, help=purpose, description=purpose).set_defaults(command=command)
    return parser


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return left-aligned columns; the last one is not padded."""
    lines = [tuple(header), *map(tuple, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _wrapped(text: str, indent: int) -> list[str]:
    """Return a text in lines that a terminal holds, the first one indented, the others more."""
    first, others = " " * indent, " " * max(indent, 6)
    return textwrap.wrap(text, 80, initial_indent=first, subsequent_indent=others, break_on_hyphens=False)


def _scientific(value: Fraction) -> str:
    """Return three significant digits, also of numbers outside the range of a double."""
    digits = Context(prec=3, Emin=-99999, Emax=99999)
    return f"{digits.divide(Decimal(value.numerator), Decimal(value.denominator)):.2e}"


def _one_line(error: BaseException) -> str:
    # str(KeyError) is the repr of its argument.
    text = str(error.args[0]) if isinstance(error, LookupError) and error.args else str(error)
    return " ".join(text.split()) or type(error).__name__


def _replace_unprintable_characters() -> None:
    """Let a console without mathematical symbols show a question mark instead of a traceback."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
