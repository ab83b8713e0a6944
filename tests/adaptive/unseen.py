"""Independent sets of functions for an estimator of derivatives, and the command that scores one on them.

    python -m tests.adaptive.unseen --contestant module:function [--set fourth] [--format float64] [--noise 1e-8]

Each set was written without knowledge of the estimator, and no function is in two sets. The contestant is
``estimate(call, x, fmt, lower=…, upper=…, noise=None)`` and returns an object with the arrays `value`, `error` (the
bar), `status` (0: no doubt) and `evaluations`; ``call(nodes, rows)`` returns f at nodes of any shape, in the format;
fmt is the row of `numdiff.floats.formats.FORMATS`; lower and upper are the ends of the open domain, as floats.

Columns: coverage of the answers with a finite bar, and its interval (Clopper and Pearson, 95 %); median of bar/error;
refused (infinite bar); evaluations as the contestant reports them (median) and as they were counted (mean); nodes
outside the domain; answers
of status 0 that are off by more than 3 and 10 bars; relative error, median and 90 %; error over that of the best
centered difference, median and 90 % (`unseen_scoring.best_centered`).
"""

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Any

from numdiff.floats.formats import FORMATS
from tests.adaptive import (
    fourth_computed,
    fourth_kinked,
    fourth_models,
    fourth_noisy,
    fourth_rough,
    fourth_science,
)
from tests.adaptive.unseen_computed import COMPUTED
from tests.adaptive.unseen_function import Unseen
from tests.adaptive.unseen_models import MODELS
from tests.adaptive.unseen_rough import ROUGH
from tests.adaptive.unseen_science import SCIENCE
from tests.adaptive.unseen_scoring import Outcome, figures, run
from tests.adaptive.unseen_special import SPECIAL

__all__ = ["FOURTH", "SETS", "UNSEEN", "main"]

UNSEEN: tuple[Unseen, ...] = (*SCIENCE, *MODELS, *SPECIAL, *COMPUTED, *ROUGH)
"""The third set, in the order of the table."""

FOURTH: tuple[Unseen, ...] = (
    *fourth_science.SCIENCE,
    *fourth_models.MODELS,
    *fourth_computed.COMPUTED,
    *fourth_kinked.KINKED,
    *fourth_noisy.NOISY,
    *fourth_rough.ROUGH,
)
"""The fourth set."""

SETS = {"third": UNSEEN, "fourth": FOURTH}

_HEADER = (
    f"{'function':26} {'kind':8} {'points':>6} {'cover':>6} {'interval':>15} {'bar/err':>8} {'refused':>7} "
    f"{'evals':>6} {'called':>7} {'outside':>7} {'>3':>4} {'>10':>4} {'rel.med':>8} {'rel.90':>8} "
    f"{'/best.med':>9} {'/best.90':>9}"
)


def line(name: str, kind: str, outcomes: Sequence[Outcome]) -> str:
    """Return one line of the table."""
    row = figures(outcomes)
    low, high = row["interval"]
    return (
        f"{name:26} {kind:8} {row['points']:6} {row['coverage']:6.3f} {f'[{low:.3f}, {high:.3f}]':>15} "
        f"{row['bar_ratio']:8.3g} {row['refused']:7} {row['evaluations']:6.0f} {row['called']:7.1f} {row['outside']:7} "
        f"{row['beyond_3']:4} {row['beyond_10']:4} {row['relative'][0]:8.1e} {row['relative'][1]:8.1e} "
        f"{row['rival'][0]:9.3g} {row['rival'][1]:9.3g}"
    )


def contestant(text: str) -> Callable[..., Any]:
    """Return the callable that ``module:function`` names."""
    module, colon, name = text.partition(":")
    if not (module and colon and name):
        raise ValueError(f"--contestant must be module:function, got {text!r}")
    return getattr(importlib.import_module(module), name)


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.adaptive.unseen", description="Score an estimator.")
    parser.add_argument("--contestant", required=True, help="module:function")
    parser.add_argument("--set", default="third", choices=sorted(SETS), dest="chosen", help="the set of functions")
    parser.add_argument("--format", default="float64", choices=sorted(FORMATS))
    parser.add_argument("--noise", type=float, default=0.0, help="relative noise of f, a function of the node")
    parser.add_argument("--told", action="store_true", help="pass the level as noise=")
    parser.add_argument("--only", nargs="+", default=[], help="names of functions")
    parser.add_argument("--no-yardstick", action="store_true", help="leave the best centered difference out")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Score a contestant and print the table."""
    given = options(arguments)
    functions = SETS[given.chosen]
    known = {function.name for function in functions}
    if unknown := set(given.only) - known:
        raise ValueError(f"--only must name functions of the set, got {sorted(unknown)}")
    estimate = contestant(given.contestant)
    print(_HEADER)
    outcomes = []
    for function in functions:
        if given.format in function.formats and (not given.only or function.name in given.only):
            outcome = run(estimate, function, given.format, given.noise, given.told, not given.no_yardstick)
            outcomes.append(outcome)
            print(line(function.name, function.kind, [outcome]), flush=True)
    for kind in dict.fromkeys(outcome.function.kind for outcome in outcomes):
        print(line("pooled", kind, [outcome for outcome in outcomes if outcome.function.kind == kind]))
    if outcomes:
        print(line("pooled", "all", outcomes))


if __name__ == "__main__":
    main(sys.argv[1:])
