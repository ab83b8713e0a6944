"""Look for errors with many seeds: ``make campaign`` or ``python -m tests.campaign``.

Each search (`tests.campaign.searches`) takes a seed and says how many cases it checked and which claims did not hold.
The tests run the same functions with a few seeds. What was found with a seed is kept beside the measurements of the
experiments, so that a seed is not searched again with the same code, and a run that was killed goes on where it was.

The table has the cases and misses of all seeds of a search, and the processor time in which they were searched, also
where that was in an earlier run. A search fails by one miss, or, where a share of misses is allowed, by more of them
than chance gives. The exit status is then 1, and each failing seed is printed with the command that repeats it.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.places import unsuitable_folder
from numdiff.interruption import Interruption
from numdiff.study.run import run
from numdiff.study.store import Store
from tests.campaign.found import Search
from tests.campaign.searches import SEARCHES
from tests.campaign.seed import ROOT, Seed

RECORDS = ROOT / ".cache" / "records"
SHOWN = 3
"""Misses of a seed that are printed."""


@dataclass(frozen=True)
class Result:
    """What a search found with a seed."""

    search: Search
    seed: int
    cases: int
    misses: tuple[str, ...]
    error: str
    seconds: float

    @property
    def has_failed(self) -> bool:
        """Whether this seed alone says that something is wrong."""
        return bool(self.error) or self.search.has_failed(self.cases, len(self.misses))

    def lines(self) -> list[str]:
        """Return what is printed of a seed that failed."""
        told = [self.error] if self.error else [*self.misses[:SHOWN]]
        more = len(self.misses) - SHOWN
        told += [f"and {more} more"] if more > 0 and not self.error else []
        command = f"python -m tests.campaign --only {self.search.name} --seeds {self.seed}:{self.seed + 1} --fresh"
        return [f"{self.search.name}, seed {self.seed}:", *(f"    {text}" for text in told), f"    again: {command}"]


def results(
    searches: Sequence[Search], seeds: Sequence[int], workers: int, store: Store | None, fresh: bool, progress: bool
) -> list[Result]:
    """Search with all seeds that the store does not hold, and return what was found: by search, and by seed."""
    asked = [(search, seed) for search in searches for seed in seeds]
    items = [Seed(search.function, seed) for search, seed in asked]
    found = run(items, workers=workers, store=store, fresh=fresh, progress=progress)
    rows = []
    for (search, seed), frames in zip(asked, found, strict=True):
        ((cases, seconds, error),) = frames["found"][["cases", "seconds", "error"]].itertuples(index=False)
        rows.append(Result(search, seed, int(cases), tuple(frames["misses"]["text"]), error, float(seconds)))
    return rows


def report(searches: Sequence[Search], seeds: range, found: Sequence[Result]) -> tuple[str, bool]:
    """Return the text that is printed, and whether anything failed."""
    lines = [f"{'search':18} {'seeds':>11} {'cases':>11} {'misses':>7} {'allowed':>8} {'failures':>9} {'seconds':>9}"]
    told: list[str] = []
    any_failed = False
    for search in searches:
        own = [result for result in found if result.search is search]
        cases, misses = sum(result.cases for result in own), sum(len(result.misses) for result in own)
        failed = [result for result in own if result.has_failed]
        together = search.has_failed(cases, misses)
        for result in failed:
            told += result.lines()
        if together and not failed:
            told.append(f"{search.name}: no seed alone, but all together have too many misses; those with the most:")
            for result in sorted(own, key=lambda result: -len(result.misses))[:SHOWN]:
                told += result.lines()
        any_failed |= together or bool(failed)
        lines.append(
            f"{search.name:18} {f'{seeds.start}:{seeds.stop}':>11} {cases:11} {misses:7} {search.rate:8g} "
            f"{len(failed) or int(together):9} {sum(result.seconds for result in own):9.1f}"
        )
    return "\n".join([*told, *lines]), any_failed


def seed_range(text: str) -> range:
    """Return the seeds that START:STOP stands for."""
    match = re.fullmatch(r"(\d+):(\d+)", text)
    if match is None or not (seeds := range(int(match[1]), int(match[2]))):
        raise argparse.ArgumentTypeError(f"must be START:STOP with START < STOP, got {text!r}")
    return seeds


def main(arguments: Sequence[str] | None = None) -> int:
    """Search, print what was found, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.campaign", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=seed_range, default=range(100), metavar="START:STOP", help="(default: 0:100)")
    parser.add_argument("--only", nargs="+", choices=SEARCHES, metavar="NAME", help=f"some of: {', '.join(SEARCHES)}")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes (default: 1)")
    parser.add_argument("--records", type=Path, default=RECORDS, metavar="DIR", help="where what was found is kept")
    parser.add_argument("--fresh", action="store_true", help="search again what is stored")
    options = parser.parse_args(arguments)
    if options.workers < 1:
        print(f"--workers must be at least 1, got {options.workers}", file=sys.stderr)
        return 2
    if refused := unsuitable_folder("--records", options.records):
        print(refused, file=sys.stderr)
        return 2
    searches = [search for search in SEARCHES.values() if not options.only or search.name in options.only]
    found = results(searches, options.seeds, options.workers, Store(options.records), options.fresh, progress=True)
    text, has_failed = report(searches, options.seeds, found)
    print(text)
    return int(has_failed)


if __name__ == "__main__":
    kept = "interrupted; what was found is kept, and the same command goes on from here"
    sys.exit(Interruption(kept).run(main))
