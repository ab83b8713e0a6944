"""``numdiff experiments``: what follows is handed on to the experiments of a checkout."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

__all__ = ["checkout", "command", "run_experiments"]


def checkout(what: str, needed: str, directory: Path | None = None) -> Path:
    """Return the root of the checkout: the working directory, or another one.

    Raises
    ------
    FileNotFoundError
        If it is not the root of a checkout.
    """
    from numdiff.extras import DISTRIBUTION

    root = Path.cwd() if directory is None else directory
    if not ((root / needed).is_file() and (root / "numdiff").is_dir()):
        raise FileNotFoundError(
            f"{what} live in a checkout of {DISTRIBUTION}, and {root} is not the root of one; change to it and repeat "
            "the command"
        )
    return root


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
    from numdiff.extras import EXTRAS, require_extra
    from numdiff.interruption import run_program

    root = checkout("the experiments", "experiments/__main__.py", directory)
    require_extra("numdiff experiments", *sorted(module for modules in EXTRAS.values() for module in modules))
    return run_program([sys.executable, "-m", "experiments", *arguments], root)


_EPILOG = """\b
Examples, in a checkout:
  numdiff experiments step_sweep --quick
  numdiff experiments --workers 4
  numdiff experiments table exp
  python -m experiments --help         (their names and all options)

\b
Exit status: that of the experiments; 2 outside a checkout.
"""


@click.command(
    "experiments",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    options_metavar="",
    epilog=_EPILOG,
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[WORD]...")
def command(words: tuple[str, ...]) -> int:
    """Run the experiments of a checkout: every WORD is handed to python -m experiments.

    They need the packages of all extras, and a checkout as working directory.
    """
    return run_experiments(words)
