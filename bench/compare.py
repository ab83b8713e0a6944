"""Compare the speed of two commits: measured in turns, in separate checkouts, as ratios with their spread.

    python bench/compare.py REV [--rounds 5] [--select EXPR]

Each round runs the benchmarks once in a checkout of REV and once in this tree as it stands, the one that comes first
alternating, so that a machine that slows down slows both. Of every benchmark the fastest time of a run counts: what
disturbs a call only ever adds to it. What is reported is the median over the rounds of the ratio, new over old, and its
range.

A benchmark is called slower (or faster) where the median is off by more than `CHANGE`, and all rounds but at most one
in five are on that side of 1. Where nothing has changed, each round is on one side by chance: of five rounds four or
more are on the slower side in 3 of 16 cases, so that it is the size that keeps noise out, and the rounds that keep out
one slow moment. The exit status is 1 where something is slower.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
CHANGE = 0.1
"""The change of a median that counts. Two runs of one commit differ by a few per cent on a machine that others use."""

Times = Mapping[str, float]
"""The fastest time of each benchmark of a run, in seconds."""


@dataclass(frozen=True)
class Change:
    """How the time of a benchmark has changed: ratios new over old, one for each round."""

    name: str
    ratios: tuple[float, ...]

    @property
    def median(self) -> float:
        """The ratio that counts."""
        return median(self.ratios)

    @property
    def verdict(self) -> str:
        """Whether it is slower, faster, or neither."""
        most = len(self.ratios) - len(self.ratios) // 5
        if self.median > 1 + CHANGE and sum(ratio > 1 for ratio in self.ratios) >= most:
            return "slower"
        if self.median < 1 / (1 + CHANGE) and sum(ratio < 1 for ratio in self.ratios) >= most:
            return "faster"
        return ""


def changes(old: Sequence[Times], new: Sequence[Times]) -> tuple[list[Change], list[str]]:
    """Return the changes of the benchmarks that all runs have, and the names of the others."""
    runs = [*old, *new]
    shared = [name for name in runs[0] if all(name in run for run in runs)]
    others = [name for name in dict.fromkeys(name for run in runs for name in run) if name not in shared]
    found = [Change(name, tuple(b[name] / a[name] for a, b in zip(old, new, strict=True))) for name in shared]
    return found, others


def table(found: Sequence[Change]) -> str:
    """Return one line for each benchmark: name, median ratio, range, verdict; the largest change first."""
    width = max(len("benchmark"), *(len(change.name) for change in found))
    lines = [f"{'benchmark':<{width}}  {'new/old':>8}  {'least':>8}  {'most':>8}"]
    lines += [
        f"{change.name:<{width}}  {change.median:>8.3f}  {min(change.ratios):>8.3f}  {max(change.ratios):>8.3f}  "
        f"{change.verdict}".rstrip()
        for change in sorted(found, key=lambda change: -abs(change.median - 1))
    ]
    return "\n".join(lines)


@contextlib.contextmanager
def checkout(root: Path, revision: str) -> Iterator[Path]:
    """Check a commit out into a folder of its own, which is removed at the end.

    Raises
    ------
    ValueError
        If there is no such commit.
    """
    git = ["git", "-C", str(root)]
    with tempfile.TemporaryDirectory(prefix="compare-") as folder:
        tree = Path(folder) / "tree"
        done = subprocess.run(
            [*git, "worktree", "add", "--detach", "--quiet", str(tree), revision], capture_output=True, text=True
        )
        if done.returncode:
            raise ValueError(f"REV must be a commit of {root}, got {revision!r} ({done.stderr.strip()})")
        try:
            yield tree
        finally:
            subprocess.run([*git, "worktree", "remove", "--force", str(tree)], check=False)


def measured(tree: Path, select: str, file: Path) -> Times:
    """Run the benchmarks of a tree, with the packages of this environment, and return their fastest times.

    Raises
    ------
    ValueError
        If a benchmark fails, or none was measured.
    """
    file.unlink(missing_ok=True)
    # In a worker of pytest-xdist, which it knows by its environment, pytest-benchmark measures nothing.
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "bench", "-q", "-n", "0", "--benchmark-only", f"--benchmark-json={file}"]
    done = subprocess.run(
        [*command, *(["-k", select] if select else [])],
        cwd=tree,
        env=env | {"PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
    )
    if done.returncode or not file.exists():
        raise ValueError(f"the benchmarks of {tree} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    entries = json.loads(file.read_text(encoding="utf-8"))["benchmarks"]
    times = {entry["fullname"]: float(entry["stats"]["min"]) for entry in entries}
    if not times:
        raise ValueError(f"no benchmark of {tree} was measured")
    return times


def compared(root: Path, revision: str, rounds: int, select: str) -> tuple[list[Change], list[str]]:
    """Measure a commit and the tree as it stands in turns, and return the changes and what only one of them has."""
    old: list[Times] = []
    new: list[Times] = []
    with checkout(root, revision) as tree, tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            turns = [(old, tree), (new, root)]
            for times, where in turns if number % 2 == 0 else reversed(turns):
                times.append(measured(where, select, Path(folder) / "benchmark.json"))
            print(f"round {number + 1} of {rounds} done", file=sys.stderr, flush=True)
    return changes(old, new)


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Print the table and return the exit status."""
    parser = argparse.ArgumentParser(description="Compare the speed of a commit with that of this tree.")
    parser.add_argument("revision", metavar="REV", help="the commit to compare with")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="how often both are measured (default: 5)")
    parser.add_argument("--select", default="", metavar="EXPR", help="which benchmarks: an expression of pytest -k")
    options = parser.parse_args(arguments)
    try:
        if options.rounds < 1:
            raise ValueError(f"--rounds must be at least 1, got {options.rounds}")
        found, others = compared(root, options.revision, options.rounds, options.select)
        if not found:
            raise ValueError("no benchmark is in both trees")
    except ValueError as error:
        print(f"compare: error: {error}", file=sys.stderr)
        return 2
    print(table(found))
    if others:
        print(f"only in one of the trees: {', '.join(others)}")
    slower = [change.name for change in found if change.verdict == "slower"]
    print(f"{len(slower)} of {len(found)} benchmarks are slower{': ' * bool(slower)}{', '.join(slower)}")
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
