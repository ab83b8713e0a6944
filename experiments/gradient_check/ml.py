"""The large runs of the gradient checkers, and the real libraries: ``python -m experiments.gradient_check.ml``.

They take minutes and need JAX, PyTorch and autograd, so they are not part of ``make experiments``: it reads what
this writes to ``results/ml/``, which is committed.

- ``correct.csv``: verdicts on correct gradients;
- ``wrong.csv``: verdicts on every bug, with the smallest and the largest ‖δ‖/‖g‖;
- ``large.csv``: one wrong element in ten thousand, and correct gradients of the same network;
- ``limits.csv``: the smallest errors that checkers find, by network and seed; ``curve.csv``: those of ours against
  the number of parameters; ``ten_tolerances.csv``: how often ours misses a deviation of ten of its tolerances;
- ``agreement.csv``: how often a library and its transcribed rule gave the same verdict on the same gradient;
- ``versions.csv``: which release each checker is, and how its rule is documented.

All tables are counts; no time, no host. They passed through the elementary functions of the platform.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from experiments.gradient_check.libraries import SUFFIX, installed
from experiments.gradient_check.limits import at_ten_tolerances, by_checker, by_size
from experiments.gradient_check.ours import ours
from experiments.gradient_check.rules import RULES, Checker, Decision
from experiments.gradient_check.trials import BY, CORRECT, HARMLESS, SMALL, VERDICTS, TrialPlan, counts, run_trials
from experiments.places import unsuitable_folder
from numdiff.files import fresh_folder
from numdiff.interruption import Interruption
from numdiff.report import checksums
from numdiff.report.tables import csv_text

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "results" / "ml"
BATCH = 250
"""Seeds whose trials are in memory at once."""


@dataclass(frozen=True)
class Sizes:
    """Numbers of seeds: of correct and of wrong gradients, for checkers that are here and for foreign libraries.

    The correct ones of the first are ten thousand in each format: 2500 of each of four networks.
    """

    correct: int = 2500
    wrong: int = 25
    correct_libraries: int = 250
    wrong_libraries: int = 10
    large: int = 1
    limits: int = 5
    curve: int = 3
    ten_tolerances: int = 400
    networks: tuple[str, ...] = SMALL

    def quick(self) -> "Sizes":
        """Return the smallest sizes that run everything."""
        return Sizes(
            correct=2, wrong=1, correct_libraries=1, wrong_libraries=1, large=0, limits=1, curve=0, ten_tolerances=1
        )


def batches(plan: TrialPlan) -> Iterator[TrialPlan]:
    """Return a plan in parts of a few seeds."""
    for start in range(0, len(plan.seeds), BATCH):
        yield replace(plan, seeds=plan.seeds[start : start + BATCH])


def counted(title: str, plan: TrialPlan, workers: int) -> pd.DataFrame:
    """Return how often each verdict was given to each bug, and the range of its size."""
    if not plan.checkers or not len(plan.seeds):
        return pd.DataFrame()
    parts = []
    for part in tqdm(list(batches(plan)), desc=title, file=sys.stderr):
        trials = run_trials(part, workers)
        sizes = trials.groupby(list(BY), sort=False, dropna=False)["size"].agg(["min", "max"]).reset_index()
        parts.append(counts(trials, BY).merge(sizes, on=list(BY)))
    how = {**dict.fromkeys(VERDICTS, "sum"), "min": "min", "max": "max"}
    merged = pd.concat(parts).groupby(list(BY), sort=False, dropna=False).agg(how).reset_index()
    return merged.rename(columns={"min": "size_min", "max": "size_max"})


def agreement(title: str, libraries: Sequence[Checker], seeds: Sequence[int], workers: int) -> pd.DataFrame:
    """Return how often each library and its rule gave the same verdict, by format, where at least one decided."""
    if not libraries:
        return pd.DataFrame()
    rules = {rule.name: rule for rule in RULES}
    pairs = [rules[library.name.removesuffix(SUFFIX)] for library in libraries]
    rows = []
    for part in tqdm(list(batches(TrialPlan(seeds=seeds, checkers=(*libraries, *pairs)))), desc=title, file=sys.stderr):
        trials = run_trials(part, workers)
        trials = trials[~trials["verdict"].isin([HARMLESS, Decision.UNAVAILABLE.value])]  # no decision there
        table = trials.pivot(index=["format", "network", "seed", "bug"], columns="checker", values="verdict")
        for library, rule in zip(libraries, pairs, strict=True):
            both = table[[library.name, rule.name]].dropna(how="all")
            same = (both[library.name] == both[rule.name]).groupby(level="format", sort=False)
            rows += [
                {
                    "library": library.name,
                    "version": library.version,
                    "format": name,
                    "pairs": len(group),
                    "same": int(group.sum()),
                }
                for name, group in same
            ]
    return pd.DataFrame(rows).groupby(["library", "version", "format"], sort=False).sum().reset_index()


def versions(checkers: Sequence[Checker]) -> pd.DataFrame:
    """Return which release each checker is."""
    return pd.DataFrame(
        [
            {
                "checker": c.name,
                "version": c.version,
                "mode": c.mode,
                "formats": ", ".join(c.formats),
                "source": c.source,
            }
            for c in checkers
        ]
    )


def tables(sizes: Sizes, workers: int) -> dict[str, pd.DataFrame]:
    """Make all trials and return the tables by name."""
    here, libraries = (*ours(), *RULES), installed()
    correct = TrialPlan(sizes.networks, seeds=range(sizes.correct), bugs=(CORRECT,), checkers=here)
    wrong = TrialPlan(
        sizes.networks,
        seeds=range(sizes.wrong),
        checkers=here,
        bugs=[bug for bug in TrialPlan().bugs if bug != CORRECT],
    )
    large = TrialPlan(("large",), seeds=range(sizes.large), bugs=(CORRECT, "one_in_ten_thousand"), checkers=here)
    slow = (
        replace(correct, seeds=range(sizes.correct_libraries), checkers=libraries),
        replace(wrong, seeds=range(sizes.wrong_libraries), checkers=libraries),
    )
    return {
        "correct": pd.concat([counted("correct", plan, workers) for plan in (correct, slow[0])], ignore_index=True),
        "wrong": pd.concat([counted("wrong", plan, workers) for plan in (wrong, slow[1])], ignore_index=True),
        "large": counted("large", large, workers),
        "limits": by_checker(here, sizes.networks, range(sizes.limits), workers),
        "curve": by_size(ours(), range(sizes.curve), workers),
        "ten_tolerances": at_ten_tolerances(sizes.networks, range(sizes.ten_tolerances), workers),
        "agreement": agreement("agreement", libraries, range(sizes.wrong_libraries), workers),
        "versions": versions([*here, *libraries]),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, write the tables, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m experiments.gradient_check.ml", description=__doc__)
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes (default: 1)")
    parser.add_argument(
        "--out", type=Path, default=OUT, metavar="DIR", help="where the tables go (default: results/ml)"
    )
    parser.add_argument("--quick", action="store_true", help="a few seeds only")
    options = parser.parse_args(arguments)
    if options.workers < 1:
        print(f"--workers must be at least 1, got {options.workers}", file=sys.stderr)
        return 2
    if options.quick and options.out.resolve() == OUT.resolve():
        print("--quick needs --out: its counts are too few for results/ml", file=sys.stderr)
        return 2
    if refused := unsuitable_folder("--out", options.out):
        print(refused, file=sys.stderr)
        return 2
    sizes = Sizes().quick() if options.quick else Sizes()
    found = {name: frame for name, frame in tables(sizes, options.workers).items() if not frame.empty}
    with fresh_folder(options.out) as folder:
        written = [folder / f"{name}.csv" for name in found]
        for path, frame in zip(written, found.values(), strict=True):
            path.write_text(csv_text(frame), encoding="utf-8", newline="\n")
        checksums.write(folder, written)
    print(
        f"{len(written)} tables written to {options.out}; libraries: {', '.join(c.name for c in installed()) or 'none'}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(Interruption("interrupted; the same command starts anew").run(main))
