"""``SHA256SUMS``: what the files of a folder of results were when they were written; ``sha256sum -c`` reads it."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

NAME = "SHA256SUMS"
MEASURED = "measured/"
"""The folder of what was measured on one machine: written by commands of its own, rebuilt and compared by none."""


def write(folder: Path, files: Iterable[Path]) -> Path:
    """Write the sums of some files of a folder, sorted by name, and return the file of the sums."""
    names = sorted(path.relative_to(folder).as_posix() for path in files)
    lines = [f"{digest(folder / name)}  {name}\n" for name in names if name != NAME and not name.startswith(MEASURED)]
    path = folder / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines), encoding="utf-8", newline="\n")
    return path


def broken(folder: Path) -> list[str]:
    """Return a line for every file that is not what it was when the sums were written."""
    path = folder / NAME
    if not path.is_file():
        return [f"{NAME}: missing"]
    lines = path.read_text(encoding="utf-8").splitlines()
    known = {name: sum_ for sum_, _, name in (line.partition("  ") for line in lines)}
    present = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {NAME}
    present = {name for name in present if not name.startswith(MEASURED)}
    verdicts = {name: f"missing, but listed in {NAME}" for name in known.keys() - present}
    verdicts |= {name: f"not listed in {NAME}" for name in present - known.keys()}
    for name in known.keys() & present:
        if digest(folder / name) != known[name]:
            verdicts[name] = f"edited: not what {NAME} says"
    return [f"{name}: {verdict}" for name, verdict in sorted(verdicts.items())]


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
