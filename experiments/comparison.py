"""Compare two folders of results: ``python -m experiments.comparison COMMITTED REBUILT``.

On one platform they are the same, byte for byte. What passed through elementary functions may differ where the vector
instructions, the C library or the interpreter do; the set of files and the tables of pure arithmetic may not.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PLATFORM = ("c_library", "longdouble", "machine", "python", "simd", "system")
"""The fields of provenance.json that say on which platform the results were made."""
PORTABLE = ("tables/overview/problems.csv", "tables/overview/record.csv", "tables/overview/references.csv")
"""Files that are the same on every machine."""
PORTABLE_WITH_FORMATS = ("tables/overview/formats.csv", "tables/step_sweep/truncation.csv")
"""Likewise, among machines with the same formats: those have a row or a column for each."""


def main(arguments: Sequence[str]) -> int:
    """Compare, say what was found, and return the exit status."""
    if len(arguments) != 2:
        print("usage: python -m experiments.comparison COMMITTED REBUILT", file=sys.stderr)
        return 2
    committed, rebuilt = map(Path, arguments)
    for folder in (committed, rebuilt):
        if not (folder / "provenance.json").is_file():
            print(f"{folder.name}/ holds no results (no provenance.json): run make experiments", file=sys.stderr)
            return 2
    different = differing(committed, rebuilt)
    if not different:
        print(f"{committed.name}/ is reproduced byte for byte")
        return 0
    others = other_platform(_provenance(committed), _provenance(rebuilt))
    wrong = [name for name in different if name in judged(committed, rebuilt, others)]
    print("\n".join(f"{name}: {'must be the same' if name in wrong else 'differs'}" for name in different))
    if wrong:
        where = f", even on another platform ({', '.join(others)})" if others else ""
        print(
            f"{committed.name}/ is not what this commit produces{where}: run make experiments and commit the result",
            file=sys.stderr,
        )
        return 1
    print(f"another platform than that of {committed.name}/ ({', '.join(others)}): the differences above are allowed")
    return 0


def files_in(folder: Path) -> dict[str, Path]:
    """Return the files of a folder by their names in it."""
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}


def differing(committed: Path, rebuilt: Path) -> list[str]:
    """Return the names of the files that are in one folder only, or not the same in both."""
    ours, theirs = files_in(committed), files_in(rebuilt)
    return [
        name
        for name in sorted({*ours, *theirs})
        if not (name in ours and name in theirs and ours[name].read_bytes() == theirs[name].read_bytes())
    ]


def other_platform(committed: dict[str, Any], rebuilt: dict[str, Any]) -> list[str]:
    """Return in which of its fields the platform is another one."""
    return [name for name in PLATFORM if committed.get(name) != rebuilt.get(name)]


def judged(committed: Path, rebuilt: Path, others: Sequence[str]) -> set[str]:
    """Return the names of the files in which a difference is a mistake."""
    ours, theirs = set(files_in(committed)), set(files_in(rebuilt))
    if not others:
        return ours | theirs
    if "longdouble" in others:  # without a format there is a table of what was left out
        return set(PORTABLE)
    return {*PORTABLE, *PORTABLE_WITH_FORMATS, *(ours ^ theirs)}


def _provenance(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "provenance.json").read_text(encoding="utf-8")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
