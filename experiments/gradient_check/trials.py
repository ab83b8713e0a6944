"""Trials of gradient checkers: right and wrong gradients, in several formats, by coordinates and along directions.

A trial is (subject, format, seed, claim, checker). f and its gradient are computed wholly in the format; f rounds a
wider argument to it, as a model in that format does. Checkers that compare coordinates and checkers that compare
directions are tried apart: they are compared with their like alone.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from experiments.gradient_check.claims import FACTORS, JUDGED, RIGHT, TEN_BARS, Claim, claim_of, is_short, kind_of
from experiments.gradient_check.functions import FUNCTIONS
from experiments.gradient_check.ours import ours
from experiments.gradient_check.rules import RULES, Checker, Line, Outcome
from experiments.gradient_check.subjects import SMALL, SUBJECTS, Remembered
from numdiff.floats.formats import FORMATS
from numdiff.study.blocks import digest_of
from numdiff.study.conditions import conditions
from numdiff.study.run import run as measure
from numdiff.study.store import Store
from numdiff.study.values import Digests

__all__ = ["LEFT", "MODES", "TrialPlan", "Trials", "key_of", "mode_of", "run_trials", "trials_of", "values_near"]

MODES = ("coordinates", "directions")
LEFT = "left out"
"""The verdict where there is no claim: the bar is not finite, or nothing would be wrong in this format."""
TOGETHER = 50
"""Seeds of one measurement, at most."""
CLAIMS = (RIGHT, *FACTORS, TEN_BARS)
NOTED = 120
"""Characters of a note that are kept."""


def mode_of(checker: Checker) -> str:
    """Return what a checker compares: one direction or several are the same mode."""
    return MODES[checker.mode != "coordinates"]


@dataclass(frozen=True)
class TrialPlan:
    """Which trials to make: all combinations, except that a subject needs the format and a mistake its place.

    Parameters
    ----------
    subjects : sequence of str
        Names in `SUBJECTS`.
    formats, modes : sequence of str
    seeds : sequence of int
        Of the function, its parameters and data, and of the directions of a checker.
    claims : sequence of str
        As in `experiments.gradient_check.claims.claim_of`.
    checkers : sequence of Checker
        With rules that a process can import. Those that repeat come after ours.
    """

    subjects: Sequence[str] = (*FUNCTIONS, *SMALL)
    formats: Sequence[str] = tuple(FORMATS)
    modes: Sequence[str] = MODES
    seeds: Sequence[int] = (0,)
    claims: Sequence[str] = CLAIMS
    checkers: Sequence[Checker] = (*ours(), *RULES)


def run_trials(plan: TrialPlan, workers: int = 1, store: Store | None = None) -> pd.DataFrame:
    """Make the trials of a plan; the rows are the same, in the same order, for any number of workers.

    Parameters
    ----------
    plan : TrialPlan
    workers : int
        Processes.
    store : Store, optional
        Trials that it holds are not made again.

    Returns
    -------
    pandas.DataFrame
        A row for each trial: subject, group, smooth, n, format, mode, seed, claim, kind, size (‖δ‖/‖g‖), checker,
        verdict, at (the verdict on the wrong coordinate), evaluations of f, how many lines of each verdict, note.
    """
    found = measure(trials_of(plan), workers=workers, store=store, progress=False)
    return pd.concat([frames["trials"] for frames in found], ignore_index=True)


@dataclass(frozen=True)
class Trials:
    """The trials of a part of a plan, as something that any process can measure and that is stored."""

    plan: TrialPlan

    @property
    def cells(self) -> int:
        """The number of claims."""
        plan = self.plan
        return len(plan.subjects) * len(plan.formats) * len(plan.modes) * len(plan.seeds) * len(plan.claims)

    def key(self) -> str:
        """Return the key under which the trials are stored; a checker counts with its version and its rule."""
        plan = self.plan
        asked = [list(part) for part in (plan.subjects, plan.formats, plan.modes, plan.seeds, plan.claims)]
        return key_of([type(self).__name__, *asked], plan.checkers, __name__)

    def values(self) -> pd.DataFrame:
        """Return digests of what f and its gradient return near x, at every seed, and of the widest format."""
        return values_near(self.plan.subjects, self.plan.formats, self.plan.seeds)

    def measure(self, done: Callable[[int], Any] = lambda cells: None) -> dict[str, pd.DataFrame]:
        """Return the frame ``trials``."""
        plan, rows = self.plan, []
        for name, format_name, mode, seed in product(plan.subjects, plan.formats, plan.modes, plan.seeds):
            rows += _trials(plan, name, format_name, mode, seed)
            done(len(plan.claims))
        return {"trials": pd.DataFrame(rows, columns=COLUMNS)}


def trials_of(plan: TrialPlan) -> tuple[Trials, ...]:
    """Cut a plan into measurements, in the order of its trials: a subject, a format, a mode and some seeds each."""
    pieces = [tuple(plan.seeds[start : start + TOGETHER]) for start in range(0, len(plan.seeds), TOGETHER)]
    found = []
    for name, format_name, mode, seeds in product(plan.subjects, plan.formats, plan.modes, pieces):
        checkers = tuple(checker for checker in plan.checkers if mode_of(checker) == mode)
        if format_name in SUBJECTS[name].formats and checkers:
            one = replace(plan, subjects=(name,), formats=(format_name,), modes=(mode,))
            found.append(Trials(replace(one, seeds=seeds, checkers=checkers)))
    return tuple(found)


def key_of(asked: Sequence[Any], checkers: Sequence[Checker], module: str) -> str:
    """Return a key of what is asked, of the checkers with their versions and rules, and of the code of a module."""
    rules = [_named(item.rule) for item in checkers]
    facts = [(c.name, c.version, c.mode, c.formats, *rule) for c, rule in zip(checkers, rules, strict=True)]
    modules = sorted({name for name, *_ in rules})
    return digest_of([[*asked, facts], conditions(module), *map(conditions, modules)])


def values_near(subjects: Sequence[str], formats: Sequence[str], seeds: Sequence[int]) -> pd.DataFrame:
    """Return digests of what functions and their gradients return near x, and of the widest format of the machine."""
    digests = Digests()
    digests.add("check_gradient", "longdouble", [np.array([np.finfo(np.longdouble).nmant])])
    for name, format_name, seed in product(subjects, formats, seeds):
        case = SUBJECTS[name].case(format_name, seed)
        with np.errstate(all="ignore"):
            near = [np.asarray(case.f(case.x + case.x * case.x.dtype.type(2.0**-k))) for k in range(1, 13)]
            digests.add(name, format_name, [case.gradient(case.x), *near])
    return digests.frame()


def _named(rule: Callable[..., Any]) -> tuple[str, str, dict[str, Any]]:
    """Return module, name and fixed arguments of a rule: its repr has an address, which no other process has."""
    function, fixed = (rule.func, rule.keywords) if isinstance(rule, partial) else (rule, {})
    return function.__module__, function.__qualname__, dict(fixed)


KNOWN = ["subject", "group", "smooth", "n", "format", "mode", "seed"]
ASKED = ["claim", "kind", "size"]
TOLD = ["checker", "verdict", "at", "evaluations", *(line.value for line in Line), "note"]
COLUMNS = [*KNOWN, *ASKED, *TOLD]


def _trials(plan: TrialPlan, name: str, format_name: str, mode: str, seed: int) -> list[tuple[Any, ...]]:
    """Make the trials of one subject in one format."""
    subject = SUBJECTS[name]
    case = subject.case(format_name, seed)
    f, rows = Remembered(case), []
    bars: dict[str, tuple[float, ...]] = {}
    for claimed in plan.claims:
        used = 0
        if claimed == TEN_BARS and mode != "coordinates":
            continue  # the bar of a direction is none of a coordinate
        for checker in plan.checkers:
            if claimed == TEN_BARS and checker.name not in bars:
                continue  # it gives no bars
            claim = claim_of(case, claimed, seed, bars.get(checker.name, ()))
            if claim is None and claimed != TEN_BARS:
                break
            f.calls = 0
            outcome = None if claim is None else checker.check(f, claim, case.x, seed, used)
            for _ in range(JUDGED if claimed == TEN_BARS else 0):
                if claim is None or outcome is None or not is_short(claim, outcome.bars):
                    break
                f.calls, bars[checker.name] = 0, outcome.bars
                claim = claim_of(case, claimed, seed, outcome.bars)
                outcome = None if claim is None else checker.check(f, claim, case.x, seed, used)
            used = used or f.calls
            if claimed == RIGHT and outcome is not None and outcome.bars:
                bars[checker.name] = outcome.bars
            known = (name, subject.group, int(subject.smooth), case.x.size, format_name, mode, seed)
            asked = (claimed, kind_of(claimed), np.nan if claim is None else claim.size)
            rows.append((*known, *asked, checker.name, *_told(claim, outcome, f.calls)))
    return rows


def _told(claim: Claim | None, outcome: Outcome | None, evaluations: int) -> tuple[Any, ...]:
    """Return what a checker said of a claim."""
    if claim is None or outcome is None:
        return LEFT, "", 0, *[0] * len(Line), ""
    found = Counter(outcome.lines)
    at = outcome.lines[claim.at].value if claim.at >= 0 and len(outcome.lines) == claim.value.size else ""
    return outcome.verdict.value, at, evaluations, *(found[line] for line in Line), outcome.note[:NOTED]
