"""The function of a call: an expression, ``module:function``, a problem of the suite, or an FPCore file."""

import contextlib
import functools
import importlib
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from numdiff.cli.arguments import Names, flat
from numdiff.cli.screen import as_options

__all__ = ["Subject", "imported_function", "running", "subject_of", "subject_options", "traced"]

F = TypeVar("F", bound=Callable[..., Any])
_ADVICE = re.compile(r"; f (?:must be|is a function of one number)|: use np\.|; use np\.")
"""Where a message of the library begins to name other functions of it."""
_DOTTED = re.compile(r"[^\W\d][\w.]*:[^\W\d][\w.]*")
_REFUSALS = 3
"""FPCores that cannot be taken which a message names."""


@dataclass(frozen=True)
class Subject:
    """What is differentiated.

    Parameters
    ----------
    f : callable or Problem
    name : str
        What it is called: its text, ``module:function``, or the name of the problem.
    points : tuple of float
        Those of a problem or an FPCore, for where no others are asked for.
    domain : tuple of float
        The open interval in which f is smooth, where the subject says one; a problem brings its own.
    formula : str
        f(x) as a person reads it, where the name is another one.
    variable : str
        The name of x in it.
    """

    f: Any
    name: str
    points: tuple[float, ...] = ()
    domain: tuple[float, float] | None = None
    formula: str = ""
    variable: str = "x"

    def at(self, given: Sequence[tuple[float, ...]]) -> tuple[float, ...]:
        """Return the points that are asked for, else those of the subject.

        Raises
        ------
        click.UsageError
            If there are none.
        """
        points = flat(given) or self.points
        if not points:
            raise click.UsageError(
                "--at must name the points, such as --at 0.5,1; only a problem has points of its own"
            )
        return points

    @property
    def said(self) -> str:
        """The function as a line begins: ``f(x) = exp(x)``."""
        if self.formula:
            return f"{self.name}: f({self.variable}) = {self.formula}"
        return f"f = {self.name}" if _DOTTED.fullmatch(self.name) else f"f(x) = {self.name}"


def _problems() -> Iterable[str]:
    from numdiff.problems import PROBLEMS

    return PROBLEMS


def subject_options(function: F) -> Callable[..., Any]:
    """Add EXPR, ``--problem``, ``--fpcore`` and ``--name``, which arrive as one argument, `subject`."""

    @functools.wraps(function)
    def resolved(
        *, expr: str | None, problem: tuple[str, ...] | None, fpcore: Path | None, name: str | None, **others: Any
    ) -> Any:
        return function(subject=subject_of(expr, problem, fpcore, name), **others)

    for option in (
        click.option("--name", metavar="NAME", help="Which FPCore of the file."),
        click.option(
            "--fpcore", type=click.Path(path_type=Path), metavar="FILE", help="A file of FPCores to take f from."
        ),
        click.option(
            "--problem",
            type=Names("problem", _problems),
            metavar="NAME",
            help="A problem of the suite in place of EXPR.",
        ),
        click.argument("expr", required=False, metavar="[EXPR]"),
    ):
        resolved = option(resolved)
    return resolved


def subject_of(
    expr: str | None,
    problem: tuple[str, ...] | None = None,
    fpcore: Path | None = None,
    name: str | None = None,
) -> Subject:
    """Return the function of a call, of which one of the first three is given.

    Raises
    ------
    click.UsageError
        If none is given, or more than one.
    ValueError
        If an expression is refused, or there is no such problem.
    ImportError
        If a module or its function is not found.
    """
    if sum(given is not None for given in (expr, problem, fpcore)) != 1:
        raise click.UsageError(
            'give one function: an expression such as "exp(sin(x))", module:function, --problem NAME or --fpcore FILE'
        )
    if name is not None and fpcore is None:
        raise click.UsageError("--name must stand beside --fpcore, whose file holds several functions")
    if problem is not None:
        return _of_problem(_the_only(problem))
    if fpcore is not None:
        return _of_fpcore(fpcore, name)
    return _of_text(str(expr).strip())


def _the_only(names: tuple[str, ...]) -> str:
    if len(names) > 1:
        raise click.UsageError(f"--problem must name one, got {', '.join(names)}")
    return names[0]


def _of_problem(name: str) -> Subject:
    from numdiff.problems import PROBLEMS

    found = PROBLEMS[name]
    return Subject(found, found.name, found.points, None, found.formula)


def _of_text(text: str) -> Subject:
    if _DOTTED.fullmatch(text):
        return Subject(imported_function(text), text)
    from numdiff.expressions import ExpressionError, parse_expression

    try:
        return Subject(parse_expression(text), text)
    except ExpressionError as error:
        if advice := _name_advice(text, str(error)):
            raise click.UsageError(f"{str(error).splitlines()[0]}; {advice}") from None
        raise


def _name_advice(text: str, refused: str) -> str:
    """Return what a name that is no expression stands for: a problem, or a function of a module."""
    from numdiff.problems import PROBLEMS

    if text in PROBLEMS:
        return f"the problem of that name is --problem {text}"
    if text.isidentifier() and _is_file(f"{text}.py"):
        return f"the function f of {text}.py is {text}:f"
    if found := _FILE.fullmatch(text):
        return f"a function of a file is written module:function, as {found[1].replace('/', '.')}:{found[2] or 'f'}"
    module, dot, name = text.rpartition(".")
    if dot and all(map(str.isidentifier, text.split("."))) and refused.startswith("attributes"):
        return f"the function {name} of the module {module} is {module}:{name}"
    return ""


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except OSError:  # the name is longer than a file's may be
        return False


_FILE = re.compile(r"(?:\./)*([A-Za-z_][\w/]*?)(?:\.py)?::?(\w*)")
"""A file and a function, as other programs write them: ``./mine.py:f``, ``folder/mine.py::f``; or no function."""


def _of_fpcore(path: Path, name: str | None) -> Subject:
    from numdiff.expressions.fpcore import read_fpcore

    try:
        cores, refusals = read_fpcore(path)
    except ValueError as error:  # of the text, or of bytes that are none
        raise ValueError(f"--fpcore must name a file of FPCores, got {str(path)!r}: {error}") from error
    names = [found.name for found in cores]
    if name is None and len(cores) == 1 and not refusals:
        name = names[0]
    for found in cores:
        if name in (found.name, found.title):
            return Subject(found.f, found.name, found.points, found.domain, found.formula, found.f.variable)
    refusals = [refusal for refusal in refusals if refusal.title == name] or refusals
    refused = "; ".join(map(str, refusals[:_REFUSALS])) + ("; …" if len(refusals) > _REFUSALS else "")
    said = f"{path} has {', '.join(names) or 'none'}" + (f"; refused: {refused}" if refusals else "")
    asked = "--name must be one of the FPCores" if name is None else f"--name must be one of the FPCores, got {name!r}"
    raise click.UsageError(f"{asked}; {said}")


@contextlib.contextmanager
def traced(subject: Subject, twin: object = None) -> Iterator[None]:
    """Say of a function that exact arithmetic cannot follow which command takes it as it is.

    Beside a twin, and of an expression, which can be followed, what the library says is all there is to say.
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        text = " ".join(str(error).split())
        reason, *advice = _ADVICE.split(text)
        if isinstance(error, ValueError) and not advice:  # about something else
            raise
        if twin or not _DOTTED.fullmatch(subject.name):
            raise type(error)(as_options(text)) from error
        raise TypeError(
            f"{reason}; write np.exp for math.exp and np.where for if; or give by --exact the formula that it stands "
            "for; or ask numdiff derivative, which takes any f"
        ) from error


@contextlib.contextmanager
def running() -> Iterator[None]:
    """Run code of the user: what it prints goes to standard error, and it does not end the command.

    Standard output is for the answer, which programs read. A ``sys.exit`` of the function would be the exit status of
    the command, and a pipe that the function has lost would pass for a reader of the answer who has seen enough.

    Raises
    ------
    RuntimeError
        If the code calls sys.exit, or raises something of its own: it is named.
    """
    try:
        with _printing_aside():
            yield
    except SystemExit as error:
        raise RuntimeError(f"the function called sys.exit({error.code!r}); it must return its value") from error
    except Exception as error:
        if not _is_raised_by_user(error):
            raise
        raise RuntimeError(f"the function raised {_named(error)}") from error


def _named(error: BaseException) -> str:
    notes = [note for note in getattr(error, "__notes__", ()) if note.startswith("f ")]
    message = "; ".join(" ".join(part.split()) for part in (str(error), *notes) if part.strip())
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


@contextlib.contextmanager
def _printing_aside() -> Iterator[None]:
    """Let standard output be standard error, for this process and for those that it starts."""
    kept: int | None = None
    with contextlib.suppress(OSError, ValueError, AttributeError):  # an output in memory, or none
        sys.stdout.flush()
        if sys.stdout.fileno() == 1:
            kept = os.dup(1)
            os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        if kept is not None:
            os.dup2(kept, 1)
            os.close(kept)


def _is_raised_by_user(error: Exception) -> bool:
    """Return whether an error arose in code of the user, or in what that calls, and is none of this package.

    A lost pipe is always one of the user's: nothing is printed meanwhile. Compiled libraries name their files as they
    were built, relative to a folder that is not here.
    """
    import sysconfig
    import traceback

    own = str(Path(__file__).parents[1])
    files = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]
    if not files or files[-1].startswith(own):
        return False
    known = (own, *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")), "<")
    return isinstance(error, BrokenPipeError) or any(
        Path(file).is_absolute() and not file.startswith(known) for file in files
    )


def _file_advice(module: str, path: str) -> str:
    """Return what to write where the name of a file stands for that of a module."""
    return f"; write {module[:-3]}:{path}, without .py" if module.endswith(".py") else ""


def imported_function(name: str) -> Any:
    """Return the function ``module:function``; modules of the working directory are found.

    Raises
    ------
    ImportError
        If the module cannot be imported, or has no such function.
    TypeError
        If it is no function.
    """
    module, _, path = name.partition(":")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        with _printing_aside():
            found: Any = importlib.import_module(module)
    except (Exception, SystemExit) as error:  # whatever the module of the user raises
        reason = str(error) if isinstance(error, ImportError) else _named(error)
        raise ImportError(f"module {module!r} cannot be imported: {reason}{_file_advice(module, path)}") from error
    for part in path.split("."):
        if not hasattr(found, part):
            from difflib import get_close_matches

            close = get_close_matches(part, vars(found) if hasattr(found, "__dict__") else (), n=2)
            advice = f"; did you mean {' or '.join(map(repr, close))}?" if close else ""
            raise ImportError(f"module {module!r} has no {path!r}{advice}")
        found = getattr(found, part)
    if not callable(found):
        raise TypeError(f"{name} must be a function, got {type(found).__name__} {found!r:.60}")
    return found
