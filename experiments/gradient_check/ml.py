"""The large runs of the gradient checkers, and the real libraries: ``python -m experiments.gradient_check.ml``.

They take minutes, and the libraries need JAX, PyTorch and autograd, so they are not part of ``make experiments``: it
reads what this writes to ``results/ml/``, which is committed. Every measurement is stored by what it was made with, as
those of ``make experiments`` are: a run that was killed goes on where it stopped, and a warm one repeats nothing.

- ``verdicts.csv``: verdicts on right and wrong gradients, on checks and on coordinates;
- ``functions.csv``: those of our check on right gradients, by function;
- ``evaluations.csv``: how many evaluations of f the checks take;
- ``smallest.csv``: the smallest errors that checkers find; ``curve.csv``: those of ours against the number of
  parameters;
- ``oracle.csv``: which coordinates two values of f cannot decide with perfect steps;
- ``libraries.csv``: verdicts of the libraries themselves; ``agreement.csv``: how often each gave that of its
  transcribed rule;
- ``versions.csv``: which release each checker is, and how its rule is documented.

All tables are counts; no time, no host. They passed through the elementary functions of the platform. A table of
`results/ml/` that an earlier version wrote, and this one does not, is removed.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from experiments.gradient_check import schedule
from experiments.gradient_check.claims import RIGHT
from experiments.gradient_check.counts import BY, BY_FUNCTION, JUDGED, counts, evaluations, summed
from experiments.gradient_check.libraries import SUFFIX, installed
from experiments.gradient_check.ours import ours
from experiments.gradient_check.rules import RULES, Checker, Decision
from experiments.gradient_check.trials import TrialPlan, trials_of
from experiments.places import unsuitable_folder
from numdiff.files import fresh_folder
from numdiff.interruption import Interruption
from numdiff.report import checksums
from numdiff.report.tables import csv_text
from numdiff.study.blocks import Measurement
from numdiff.study.run import run
from numdiff.study.store import Store

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "results" / "ml"
RECORDS = ROOT / ".cache" / "records"


def measured(items: Iterable[Measurement], name: str, workers: int, store: Store | None, fresh: bool) -> pd.DataFrame:
    """Measure what is not stored, and return the frames of a name, one after the other; empty if there is none."""
    found = [frames[name] for frames in run(list(items), workers=workers, store=store, fresh=fresh)]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def trials_in_parts(
    plans: Iterable[TrialPlan], workers: int, store: Store | None, fresh: bool
) -> Iterator[pd.DataFrame]:
    """Yield the trials of each plan; those of all together would fill the memory."""
    for plan in plans:
        trials = measured(trials_of(plan), "trials", workers, store, fresh)
        if not trials.empty:
            yield trials


def verdicts(parts: Iterable[pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the counts of trials that come in parts, those of our check by function, and the evaluations."""
    counted, functions, right = [], [], []
    own = [checker.name for checker in ours()]
    for trials in parts:
        counted.append(counts(trials))
        mine = trials[trials["checker"].isin(own) & (trials["claim"] == RIGHT)]
        functions.append(counts(mine, BY_FUNCTION))
        right.append(trials[(trials["claim"] == RIGHT) & trials["group"].isin(JUDGED)])
    if not counted:
        return {}
    return {
        "verdicts": summed(pd.concat(counted), BY),
        "functions": summed(pd.concat(functions), BY_FUNCTION),
        "evaluations": evaluations(pd.concat(right, ignore_index=True)),
    }


def agreement(trials: pd.DataFrame, libraries: Sequence[Checker]) -> pd.DataFrame:
    """Return how often each library and its rule gave the same verdict, by format, where at least one decided."""
    rows = []
    trials = trials[trials["verdict"] != Decision.UNAVAILABLE.value]  # no decision there
    table = trials.pivot(index=["format", "subject", "seed", "claim"], columns="checker", values="verdict")
    for library in libraries:
        both = table.reindex(columns=[library.name, library.name.removesuffix(SUFFIX)]).dropna(how="all")
        same = (both.iloc[:, 0] == both.iloc[:, 1]).groupby(level="format", sort=False)
        rows += [(library.name, library.version, name, len(group), int(group.sum())) for name, group in same]
    return pd.DataFrame(rows, columns=["library", "version", "format", "pairs", "same"])


def versions(checkers: Sequence[Checker]) -> pd.DataFrame:
    """Return which release each checker is."""
    rows = [(c.name, c.version, c.mode, ", ".join(c.formats), c.source) for c in checkers]
    return pd.DataFrame(rows, columns=["checker", "version", "mode", "formats", "source"])


def tables(
    sizes: schedule.Sizes, workers: int, store: Store | None = None, fresh: bool = False
) -> dict[str, pd.DataFrame]:
    """Make all trials and searches that are not stored, and return the tables by name."""
    libraries, how = installed(), (workers, store, fresh)
    found = verdicts(trials_in_parts(schedule.plans(sizes), *how))
    found["oracle"] = measured(schedule.oracle(sizes), "oracle", *how)
    found["smallest"] = measured(schedule.limits(sizes), "smallest", *how)
    found["curve"] = measured(schedule.curve(sizes), "smallest", *how)
    if libraries:
        plans = schedule.library_plans(libraries, sizes)
        trials = pd.concat(trials_in_parts(plans, *how), ignore_index=True)
        names = [item.name for item in libraries]
        found["libraries"] = counts(trials[trials["checker"].isin(names)])
        found["agreement"] = agreement(trials, libraries)
    found["versions"] = versions([*ours(), *RULES, *libraries])
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, write the tables, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m experiments.gradient_check.ml", description=__doc__)
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes (default: 1)")
    parser.add_argument(
        "--out", type=Path, default=OUT, metavar="DIR", help="where the tables go (default: results/ml)"
    )
    parser.add_argument("--records", type=Path, default=RECORDS, metavar="DIR", help="where what was measured is kept")
    parser.add_argument("--fresh", action="store_true", help="measure again what is stored")
    parser.add_argument("--checks", type=int, metavar="N", help="right gradients in each format (default: 10000)")
    parser.add_argument("--quick", action="store_true", help="a few seeds only")
    options = parser.parse_args(arguments)
    if options.workers < 1:
        print(f"--workers must be at least 1, got {options.workers}", file=sys.stderr)
        return 2
    is_short = options.quick or options.checks is not None
    if is_short and options.out.resolve() == OUT.resolve():
        print("--quick and --checks need --out: other counts than those of results/ml", file=sys.stderr)
        return 2
    if refused := unsuitable_folder("--out", options.out) or unsuitable_folder("--records", options.records):
        print(refused, file=sys.stderr)
        return 2
    sizes = schedule.Sizes().quick() if options.quick else schedule.Sizes()
    sizes = sizes if options.checks is None else replace(sizes, checks=options.checks)
    made = tables(sizes, options.workers, Store(options.records), options.fresh)
    found = {name: frame for name, frame in made.items() if not frame.empty}
    is_ours = options.out.resolve() == OUT.resolve()
    with fresh_folder(options.out, keep=lambda name: not (is_ours and name.endswith(".csv"))) as folder:
        written = [folder / f"{name}.csv" for name in found]
        for path, frame in zip(written, found.values(), strict=True):
            path.write_text(csv_text(frame), encoding="utf-8", newline="\n")
        checksums.write(folder, written)
    print(
        f"{len(written)} tables written to {options.out}; libraries: {', '.join(c.name for c in installed()) or 'none'}"
    )
    return 0


if __name__ == "__main__":
    kept = "interrupted; what was measured is kept, and the same command goes on from here"
    sys.exit(Interruption(kept).run(main))
