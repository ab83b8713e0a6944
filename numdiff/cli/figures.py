"""Figures as files: PNG, SVG or PDF, by the ending."""

from pathlib import Path
from typing import Any

import click

__all__ = ["plot_option", "refuse_other_endings", "save_figure"]

ENDINGS = (".png", ".svg", ".pdf")
_NEEDED = ("flint", "gmpy2", "mpmath", "pandas", "pyarrow", "tqdm", "jinja2", "matplotlib")
"""What a sweep and its figure import: asked for at once, so that nobody installs one extra to be told of another."""


def plot_option(function: Any) -> Any:
    """Add ``--plot``, a path or None in `plot`."""
    text = "Draw the errors into FILE: .png, .svg or .pdf."
    return click.option("--plot", type=click.Path(path_type=Path), metavar="FILE", help=text)(function)


def refuse_other_endings(path: Path | None) -> None:
    """Refuse a file that no figure is written to, before anything is computed.

    Raises
    ------
    click.UsageError
        If its ending is another one.
    MissingExtraError
        If something that draws, or that measures what is drawn, is not installed; all of it is named.
    """
    if path is None:
        return
    if path.suffix.lower() not in ENDINGS:
        raise click.UsageError(f"--plot must end in {', '.join(ENDINGS)}, got {str(path)!r}")
    from numdiff.extras import require_extra

    require_extra("--plot", *_NEEDED)


def save_figure(figure: Any, path: Path) -> None:
    """Write a figure, whole or not at all."""
    from numdiff.files import fresh_file

    with fresh_file(path) as partial:
        figure.savefig(partial, format=path.suffix[1:].lower(), dpi=150)
