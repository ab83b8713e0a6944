"""Where results may go: what is checked before anything is measured."""

import json
import os
from pathlib import Path

from numdiff.files import unwritable

PROVENANCE = "provenance.json"
FILES = ("README.md", "report.html", "columns.json", "values.json", PROVENANCE, "SHA256SUMS")
"""What a report writes beside its folders of figures and tables; all other files of a folder stay."""


def unsuitable_folder(option: str, folder: Path) -> str:
    """Return why files cannot be written into a folder, as an error message of an option, or the empty text."""
    reason = unwritable(folder)
    return f"{option} must be a folder that can be written or made, got {folder}: {reason}" if reason else ""


def unsuitable_file(option: str, file: Path) -> str:
    """Return why a file cannot be written, as an error message of an option, or the empty text."""
    if file.is_dir():
        return f"{option} must be a file, got the folder {file}"
    reason = unwritable(file.parent)
    return f"{option} must be a file that can be written, got {file}: {reason}" if reason else ""


def unsuitable_report(folder: Path, root: Path, ours: bool) -> str:
    """Return why a report cannot take the place of a folder, as an error message of --out, or the empty text.

    Parameters
    ----------
    folder : Path
    root : Path
        Of the checkout, which may not be in the folder.
    ours : bool
        Whether the folder is one that only reports go to.
    """
    if reason := unsuitable_folder("--out", folder):
        return reason
    place = folder.resolve()
    if place.is_mount():
        return f"--out must not be where a file system is mounted, got {folder}: choose a folder in it"
    for inner, what in ((root, "the checkout"), (Path.cwd(), "the working directory")):
        if inner.resolve().is_relative_to(place):
            return f"--out must not be a folder with {what} in it, got {folder}: choose one of its own"
    if place.is_dir() and (reason := unwritable(place.parent)):  # the new folder is made beside the old one
        return f"--out must be in a folder that can be written, got {folder}: {place.parent}: {reason}"
    foreign = [] if ours or _holds_report(place) else [name for name in FILES if os.path.lexists(place / name)]
    if foreign:
        return (
            f"--out must be a new or empty folder or hold an earlier report, got {folder}: it has {foreign[0]}, which "
            "would be replaced"
        )
    return ""


def _holds_report(folder: Path) -> bool:
    try:
        known = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(known, dict) and {"command", "schema_version"} <= known.keys()
