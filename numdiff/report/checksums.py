"""``SHA256SUMS``: the digests of the files of a folder of results as written; ``sha256sum -c`` checks them."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from numdiff.files import write_file

NAME = "SHA256SUMS"
APART = {
    "atlas": "made by make atlas, not rebuilt here",
    "measured": "measured on one machine, not compared",
    "ml": "made by make experiments-ml, not rebuilt here",
}
"""Folders with sums of their own, which commands of their own write; the check of the results names their files."""


def write(folder: Path, files: Iterable[Path]) -> Path:
    """Write the sums of some files of a folder, sorted by name, and return the file of the sums."""
    names = sorted(path.relative_to(folder).as_posix() for path in files)
    lines = [f"{digest(folder / name)}  {name}\n" for name in names if name != NAME and not stands_apart(name)]
    write_file(folder / NAME, "".join(lines).encode())
    return folder / NAME


def broken(folder: Path) -> list[str]:
    """Return a line for every file that was edited, added or removed since the sums were written."""
    path = folder / NAME
    if not path.is_file():
        return [f"{NAME}: missing"]
    lines = path.read_text(encoding="utf-8").splitlines()
    known = {name: sum_ for sum_, _, name in (line.partition("  ") for line in lines)}
    present = names_of(folder) - {NAME}
    verdicts = {name: f"missing, but listed in {NAME}" for name in known.keys() - present}
    verdicts |= {name: f"not listed in {NAME}" for name in present - known.keys()}
    for name in known.keys() & present:
        if digest(folder / name) != known[name]:
            verdicts[name] = f"edited: not what {NAME} says"
    return [f"{name}: {verdict}" for name, verdict in sorted(verdicts.items())]


def names_of(folder: Path) -> set[str]:
    """Return the names of all files of a folder of results, without those that stand apart."""
    return {name for name in _all_names(folder) if not stands_apart(name)}


def apart(folder: Path) -> dict[str, str]:
    """Return the names of the files that stand apart, each with the reason."""
    return {name: APART[name.split("/")[0]] for name in sorted(_all_names(folder)) if stands_apart(name)}


def stands_apart(name: str) -> bool:
    """Whether a name is that of a file in one of the folders of `APART`."""
    return "/" in name and name.split("/")[0] in APART


def _all_names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
