"""Judge one contestant: ``python -m experiments.league.judge --half development --format float64 --noise 1e-8``."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from experiments.league.adversaries import graded
from experiments.league.cases import HALVES, LEVELS, SETS
from experiments.league.contestants import ESTIMATE, Contestant, Estimator, RuleContestant
from experiments.league.matches import cases_of, play
from experiments.league.table import summary, worst_functions
from numdiff.floats.formats import FORMATS
from numdiff.formulas.stencil import CENTERED, FORWARD
from numdiff.study.store import Store

__all__ = ["main", "parser"]

ROOT = Path(__file__).resolve().parents[2]


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    result = argparse.ArgumentParser(prog="python -m experiments.league.judge", description=__doc__)
    result.add_argument("--half", choices=(*HALVES, "both"), default="development")
    result.add_argument("--format", nargs="+", choices=tuple(FORMATS), default=["float64"])
    result.add_argument("--noise", nargs="+", choices=tuple(LEVELS), default=["none"])
    result.add_argument("--set", choices=SETS, default="league", help="coverage: 400 points of each of 15 functions")
    result.add_argument("--told", action="store_true", help="tell the standard deviation of f")
    result.add_argument(
        "--contestant",
        default=ESTIMATE,
        help=f"module:function with the signature of {ESTIMATE}, or the name of a rule",
    )
    result.add_argument("--formula", choices=("centered", "forward"), default="centered", help="of a rule")
    result.add_argument("--worst", type=int, default=0, metavar="N", help="show the N worst cases and functions")
    result.add_argument("--out", type=Path, help="write all outcomes as a CSV file")
    result.add_argument("--records", type=Path, default=ROOT / ".cache" / "records", help="where cases are kept")
    result.add_argument("--workers", type=int, default=1)
    return result


def contestant_of(options: argparse.Namespace) -> Contestant:
    """Return the contestant that the options name."""
    if ":" in options.contestant:
        return Estimator("estimate", options.contestant)
    method = CENTERED if options.formula == "centered" else FORWARD
    return RuleContestant(options.contestant, options.contestant, method)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the rows of the league table that a contestant gets."""
    options = parser().parse_args(arguments)
    contestant, store = contestant_of(options), Store(options.records)
    halves = HALVES if options.half == "both" else (options.half,)
    rows, frames = [], []
    for format in options.format:
        for noise in options.noise:
            cases = cases_of(options.set, format, noise, store, options.workers)
            for half in halves:
                start = time.perf_counter()
                frame = play(contestant, cases[cases["half"] == half], options.told)
                rows.append({"half": half, "format": format, "noise": noise, **summary(frame)})
                rows[-1]["seconds"] = round(time.perf_counter() - start, 2)
                frames.append(frame)
    with pd.option_context("display.width", 200, "display.max_columns", None, "display.precision", 4):
        print(pd.DataFrame(rows).T.to_string(header=False))
        if options.set == "adversarial":
            for frame in frames:
                found = graded(frame, named=isinstance(contestant, Estimator))
                shown = ["problem", "x", "truth", "value", "error", "bar", "status", "evaluations", "verdict"]
                print(found[shown].to_string())
                print(found.groupby("undecidable")["verdict"].value_counts().to_string())
        for frame in frames if options.worst else []:
            shown = ["problem", "x", "truth", "value", "error", "bar", "yardstick", "ratio", "status", "evaluations"]
            print(frame.sort_values("ratio", ascending=False, kind="stable")[shown].head(options.worst).to_string())
            if len(found := worst_functions(frame, options.worst)):
                print(found[["problem", "coverage", "sharpness", "silent", "beyond", "refused"]].to_string())
    if options.out:
        pd.concat(frames, ignore_index=True).to_csv(options.out, index=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
