"""The list of commands, how they are called, and how every call ends: a status, and one line for what went wrong."""

import codecs
import contextlib
import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import click
from click.shell_completion import shell_complete

from numdiff import __version__

__all__ = ["COMMANDS", "ERROR", "NO", "PROGRAM", "run"]

NO, ERROR = 1, 2
"""Exit statuses: the answer is no; wrong call."""
_TRACEBACK = "NUMDIFF_TRACEBACK"
"""The environment variable that shows the traceback of an error, where it is 1."""
_COMPLETE = "_NUMDIFF_COMPLETE"
_IN_ASCII = "numdiff.in_ascii"
_ASCII: Mapping[str, str] = {
    **{"−": "-", "·": "*", "×": "x", "±": "+/-", "≤": "<=", "≥": ">=", "≈": "~", "→": "->", "∞": "inf"},
    **{"√": "sqrt", "∛": "cbrt", "Σ": "sum ", "…": "...", "′": "'", "″": "''", "‴": "'" * 3, "⁗": "'" * 4},
    **{"“": '"', "”": '"', "‘": "'", "’": "'", "│": "|", "┤": "|", "└": "+", "─": "-", "┬": "+", "▲": "^"},
}
"""What a console without mathematical symbols shows in their place."""


class Entry(NamedTuple):
    """A command: the module that has it as `command`, and its line in the list."""

    module: str
    line: str


COMMANDS: Mapping[str, Entry] = {
    "advise": Entry("advise", "Say which step to take, and how many digits to expect."),
    "derivative": Entry("derivative", "Differentiate a black box: value ± error."),
    "ledger": Entry("ledger", "Split the error at one x and h into its parts, digit by digit."),
    "sweep": Entry("sweep", "Measure errors: steps × formats × formulas × points."),
    "check": Entry("check", "Check a gradient of your own against its function."),
    "list": Entry("lists", "List problems, formats, formulas, rules or peers."),
    "explain": Entry("explain", "Explain a word: truncation, roundoff, absorbed, …"),
    "experiments": Entry("experiments", "Run the experiments of a checkout."),
    "bench": Entry("bench", "Check the speed limits on this machine (in a checkout)."),
}

_HELP = """Error analysis of numerical derivatives: which step, how many digits, is my gradient right?

Every command has examples: numdiff COMMAND --help.
"""

_EPILOG = """\b
Examples:
  numdiff advise "exp(sin(x))" --at 0.5
  numdiff derivative "sqrt(x)" --at 0.5,1,2 --domain 0:inf
  numdiff check mymodule:loss mymodule:gradient --at weights.npy
  numdiff explain truncation

\b
Exit status:
  0    fine
  1    the answer is no: a gradient that disagrees, a derivative that cannot
       be trusted, no step, no cell, a speed limit that is broken
  2    wrong call, or something is missing; one line says what
  130  interrupted by Ctrl-C; 143: by a request to end; 129: its terminal was
       closed

\b
Completion of commands, options and names:
  bash  eval "$(_NUMDIFF_COMPLETE=bash_source numdiff)"
  zsh   eval "$(_NUMDIFF_COMPLETE=zsh_source numdiff)"
  fish  _NUMDIFF_COMPLETE=fish_source numdiff | source

\b
NO_COLOR=1 leaves colours out; NUMDIFF_TRACEBACK=1 shows where an error arose.
What a function of yours prints goes to standard error.
"""


class Commands(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order in which they are shown."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"numdiff.cli.{COMMANDS[cmd_name].module}").command
        command.short_help = COMMANDS[cmd_name].line  # what completion shows beside the name
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; for one that there is not, name those that are near."""
        name = str(args[0])
        if name in COMMANDS or name.startswith("-"):
            return super().resolve_command(ctx, args)
        if name == "help":
            advice = "write numdiff --help, or numdiff COMMAND --help"
        elif name in ("problems", "formats", "formulas", "rules", "peers"):
            advice = f"did you mean 'list {name}'?"
        elif close := get_close_matches(name.lower(), COMMANDS, n=2):
            advice = f"did you mean {' or '.join(map(repr, close))}?"
        else:
            advice = f"there are {', '.join(COMMANDS)}"
        ctx.fail(f"no such command {name!r}; {advice}")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list without importing what is in it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.line) for name, entry in COMMANDS.items()])


PROGRAM = Commands(
    "numdiff",
    help=_HELP,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            help="Show the version and exit.",
            callback=lambda ctx, option, value: _show_version(ctx) if value else None,
        )
    ],
)


def _show_version(ctx: click.Context) -> None:
    click.echo(f"numdiff {__version__}")
    ctx.exit()


def run(words: Sequence[str]) -> int:
    """Run a command in this process and return its exit status; nothing but an interruption is raised."""
    _replace_unprintable_characters()
    try:
        if instruction := os.environ.get(_COMPLETE):
            return shell_complete(PROGRAM, {}, "numdiff", _COMPLETE, instruction)
        with _plain_warnings():
            status = _called(words)
            if sys.stdout is not None:  # a service may have closed it
                sys.stdout.flush()
        return status
    except BrokenPipeError:
        # The reader (a pager, head) has seen enough. Nothing may be flushed to it at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (Exception, SystemExit) as error:
        if os.environ.get(_TRACEBACK) == "1":
            raise
        _tell(f"error: {_said(error)}")
        return ERROR


def _tell(line: str) -> None:
    """Print a line on standard error, if there is one that takes it: the exit status says the rest.

    Where it is closed, `print` would write into the answer instead.
    """
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(f"numdiff: {line}", file=sys.stderr)


def _called(words: Sequence[str]) -> int:
    """Parse the words, run the command, and say what is wrong with a call."""
    try:
        with PROGRAM.make_context("numdiff", list(words) or ["--help"]) as context:
            status = PROGRAM.invoke(context)
        return status if isinstance(status, int) else 0
    except click.exceptions.Exit as end:
        return end.exit_code if words else ERROR
    except click.UsageError as error:
        message = f"error: {_sentence(error.format_message())}"
        if error.ctx is not None:
            usage = " ".join(error.ctx.get_usage().split()).partition(": ")[2]
            message += f"\nusage: {usage}; {error.ctx.command_path} --help has examples"
        _tell(message)
        return ERROR
    except click.ClickException as error:
        _tell(f"error: {_sentence(error.format_message())}")
        return ERROR


def _sentence(message: str) -> str:
    """Return a message of click as this project writes them: no capital, no full stop."""
    line = " ".join(message.split())
    return (line[:1].lower() + line[1:]).removesuffix(".")


def _said(error: BaseException) -> str:
    """Return an error in one line; that of an expression has its two lines that show the place."""
    # str(KeyError) is the repr of its argument.
    text = str(error.args[0]) if isinstance(error, LookupError) and error.args else str(error)
    if isinstance(error, OSError) and error.strerror:  # one of a function of the user has become a RuntimeError
        return error.strerror.lower() + ("" if error.filename is None else f": {error.filename}")
    expressions = sys.modules.get("numdiff.expressions")
    if expressions is not None and isinstance(error, expressions.ExpressionError):
        return text
    notes = [note for note in getattr(error, "__notes__", ()) if note.startswith("f ")]
    kind = type(error).__name__
    line = "; ".join(" ".join(part.split()) for part in (text or kind, *notes))
    if isinstance(error, (ImportError, LookupError, OSError, TypeError, ValueError)) and _is_ours(error):
        from numdiff.cli.screen import as_options

        line = as_options(line.replace("list(…) has all", "numdiff list has all"))
        return _ARGUMENT.sub(lambda match: _OPTION_OF.get(match[0], match[0]), line)
    named = line if type(error) is RuntimeError and text else f"{kind}: {line}".removesuffix(f": {kind}")
    return f"{named}; with {_TRACEBACK}=1 in the environment it shows where"


def _is_ours(error: Exception) -> bool:
    """Return whether an error arose in this package, and not in a function of the user or in what that calls."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return place is None or Path(place.tb_frame.f_code.co_filename).is_relative_to(_PACKAGE)


_PACKAGE = Path(__file__).resolve().parents[1]
_ARGUMENT = re.compile(r"^\w+(?= must | of a )")
"""The argument of the library that a message begins with."""
_OPTION_OF = {
    **{name: f"--{name}" for name in ("confidence", "directions", "domain", "dtype", "engine", "noise", "problem")},
    **{name: f"--{name}" for name in ("quantity", "resolution", "scheduler", "side", "workers")},
    **{"x": "--at", "h": "--step", "grids": "--grid", "method": "--formula", "stencil": "--formula"},
    **{"accuracy_order": "--order", "derivative_order": "--derivative", "max_evaluations": "--max-evaluations"},
}
"""The option of the command that an argument of the library comes from."""


@contextlib.contextmanager
def _plain_warnings() -> Iterator[None]:
    """Print a warning as one line, once, without the file that it comes from."""
    said: set[str] = set()

    def show(message: Warning | str, *_: object, **__: object) -> None:
        line = " ".join(str(message).split())
        if line not in said:
            said.add(line)
            _tell(f"warning: {line}")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def _replace_unprintable_characters() -> None:
    """Let a console without mathematical symbols show them in ASCII instead of a traceback."""
    codecs.register_error(_IN_ASCII, _in_ascii)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=_IN_ASCII)


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for characters that a console lacks: ``+/-``, ``f^(7)``; ``?`` for what has no other name."""
    import unicodedata

    if not isinstance(error, UnicodeEncodeError):
        raise error
    written, was_raised = "", False
    for char in error.object[error.start : error.end]:
        is_raised = unicodedata.decomposition(char).startswith("<super>")
        plain = _ASCII.get(char) or unicodedata.normalize("NFKD", char).replace("\N{MINUS SIGN}", "-")
        plain = "".join(part for part in plain if not unicodedata.combining(part))
        plain = plain if plain.isascii() else "?"
        written += f"^{plain}" if is_raised and not was_raised else plain
        was_raised = is_raised
    return written, error.end
