"""Matches: one contestant on the cases of one set, format and noise, measured once and stored."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import pandas as pd

from experiments.league.cases import COVERAGE_POINTS, LEVELS, RANDOM_POINTS, half_of, subject_of
from experiments.league.contestants import Contestant, Estimator, Outcome, RuleContestant, framed
from experiments.league.limited import Calls, run_apart
from experiments.league.roster import Entry, entry
from experiments.league.table import in_words, scored
from experiments.league.tasks import FIRST
from experiments.league.yardsticks import CASE, x_of, yardsticks_of
from experiments.reproducibility.table_comparison import FIGURES
from numdiff.extras import EXTRAS
from numdiff.floats.formats import FORMATS, FloatFormat
from numdiff.rules.peers import PEERS
from numdiff.rules.run import RULES
from numdiff.study.blocks import digest_of
from numdiff.study.conditions import conditions
from numdiff.study.run import run
from numdiff.study.store import Store
from numdiff.study.values import Digests

__all__ = ["Match", "cases_of", "play"]

OUTCOME = ["value", "value_low", "bar", "status", "ok", "evaluations", "message"]
_PROBES = 5
"""Cases of which a contestant whose figures are the platform's is run, to see whether they are still the same."""
_LONGEST = 160
"""Characters of a message that are kept."""


def cases_of(set: str, format: str, noise: str = "none", store: Store | None = None, workers: int = 1) -> pd.DataFrame:
    """Return the cases of a set in a format, measured or from the store."""
    found = run(yardsticks_of(set, format, noise), store=store, workers=workers, progress=False)
    return pd.concat([frames["cases"] for frames in found], ignore_index=True)


def play(contestant: Contestant, cases: pd.DataFrame, told: bool = False) -> pd.DataFrame:
    """Return cases with what a contestant makes of them, scored.

    Parameters
    ----------
    contestant : Contestant
    cases : DataFrame
        Of one format and one noise.
    told : bool
        Whether it is told the standard deviation of f.
    """
    return scored(cases, _outcomes(contestant, cases, told))


def _outcomes(contestant: Contestant, cases: pd.DataFrame, told: bool) -> pd.DataFrame:
    """Return what a contestant makes of cases of one format and one noise, in their order."""
    x, deviations = x_of(cases), cases["deviation"].to_numpy(dtype=np.float64)
    groups = list(cases.groupby(["problem", "absolute"], sort=False).indices.values())
    calls = [
        _Call(cases.iloc[own[0]], x[own], deviations[own] if told and deviations[own].any() else None) for own in groups
    ]
    if isinstance(contestant, RuleContestant):
        found = framed([outcome for call in calls for outcome in call.one_by_one(contestant)])
    else:
        found = pd.concat([call.at_once(contestant) for call in calls], ignore_index=True)
    return found.iloc[np.argsort(np.concatenate(groups))].set_index(cases.index)


class _Call:
    """What a contestant is asked for: a function, given by a case of it, and points."""

    def __init__(self, case: Any, x: np.ndarray, noise: np.ndarray | None) -> None:
        self._problem, self._format, self._noise = case["problem"], case["format"], case["noise"]
        self._absolute, self._x, self._told = bool(case["absolute"]), x, noise

    def one_by_one(self, contestant: RuleContestant) -> Iterable[Outcome]:
        """Return what a rule or a library makes of each point; libraries have a process of their own."""
        if is_library(contestant.rule):
            names = self._problem, self._format, self._noise
            return run_apart(Calls(contestant, *names, self._absolute, self._x, self._told))
        f, fmt, domain = self._function()
        return contestant.each(f, self._x, fmt, self._told, domain)

    def at_once(self, contestant: Contestant) -> pd.DataFrame:
        """Return what any contestant makes of the points."""
        f, fmt, domain = self._function()
        return contestant.run(f, self._x, fmt, self._told, domain)

    def _function(self) -> tuple[Any, FloatFormat, tuple[float, float]]:
        subject = subject_of(self._problem)
        return subject.variant(LEVELS[self._noise], self._absolute), FORMATS[self._format], subject.domain


def is_library(rule: Any) -> bool:
    """Whether a rule, or what its name stands for, is a peer that other processes know."""
    peer = PEERS.get(rule if isinstance(rule, str) else rule.name)
    return peer is not None and rule in (peer, peer.name) and peer not in PEERS.added()


@dataclass(frozen=True)
class Match:
    """A contestant on a set of cases, as something that any process can measure and that is stored.

    Parameters
    ----------
    contestant : str
        Its name in the roster.
    set, format, noise : str
    told : bool
        Whether it is told the standard deviation of f.
    every : int
        Of each function the first of so many cases is taken.
    half : str
        The half whose functions are taken; empty for both.
    task : str
        One of `experiments.league.tasks.TASKS`.

    Raises
    ------
    ValueError
        If the task is another than f′, and the contestant has that alone.
    """

    contestant: str
    set: str
    format: str
    noise: str = "none"
    told: bool = False
    every: int = 1
    half: str = ""
    task: str = FIRST

    @property
    def cells(self) -> int:
        """About how many cases there are."""
        points = {"league": RANDOM_POINTS + 2, "coverage": COVERAGE_POINTS, "adversarial": 2}[self.set]
        functions = [name for item in yardsticks_of(self.set, self.format, self.noise) for name in item.problems]
        return -(-points // self.every) * sum(self.half in ("", half_of(name)) for name in functions)

    def key(self) -> str:
        """Return the key under which the outcomes are stored: it has the code, and the versions of the libraries."""
        return digest_of([type(self).__name__, asdict(self), *_code_of(self.contestant)])

    @property
    def is_stable(self) -> bool:
        """Whether the key names code and options of the contestant, as it does for those of this project alone."""
        rule = getattr(entry(self.contestant).contestant, "rule", None)
        return rule is None or RULES.has_own(rule.name) or PEERS.has_own(rule.name)

    def values(self) -> pd.DataFrame:
        """Return what the outcomes hang on: values of f, and some figures of the contestant where these do too."""
        frames = [_values_of_cases(self.set, self.format, self.noise)]
        if entry(self.contestant).platform:
            frames.append(_figures_of(self.contestant, self.format, self.noise, self.told))
        return pd.concat(frames, ignore_index=True)

    def measure(self, done: Callable[[int], Any] = lambda cells: None) -> dict[str, pd.DataFrame]:
        """Return the frame ``matches``: the names of the cases and the outcomes."""
        cases = self.chosen(_cases_of(self.set, self.format, self.noise, self.task))
        found = _outcomes(self._player(), cases, self.told)
        done(self.cells)
        item = entry(self.contestant)
        names = cases[CASE].assign(
            contestant=self.contestant,
            told=self.told,
            kind=item.kind,
            formula=item.contestant.formula,
            complex=item.needs_complex,
            bars=item.bars,
        )
        kept = found[OUTCOME].assign(message=found["message"].str.slice(0, _LONGEST))
        return {"matches": pd.concat([names, kept], axis=1).reset_index(drop=True)}

    def chosen(self, cases: pd.DataFrame) -> pd.DataFrame:
        """Return the cases of the match: those of its half, and of each function the first of so many."""
        cases = cases[cases["half"] == self.half] if self.half else cases
        return cases[cases.groupby("problem", sort=False).cumcount() % self.every == 0]

    def _player(self) -> Contestant:
        """Return the contestant as it is asked for the task."""
        player = entry(self.contestant).contestant
        if self.task == FIRST:
            return player
        if isinstance(player, Estimator):
            return replace(player, task=self.task)
        raise ValueError(f"contestant must be an estimator where the task is {self.task!r}, got {self.contestant!r}")


@cache
def _cases_of(set: str, format: str, noise: str, task: str = FIRST) -> pd.DataFrame:
    """Return cases with what a contestant may know; the yardsticks are measured for themselves."""
    rows = [row for item in yardsticks_of(set, format, noise, task) for row in item.cases()]
    return pd.DataFrame(rows)


@cache
def _values_of_cases(set: str, format: str, noise: str) -> pd.DataFrame:
    return pd.concat([item.values() for item in yardsticks_of(set, format, noise)], ignore_index=True)


@cache
def _figures_of(name: str, format: str, noise: str, told: bool) -> pd.DataFrame:
    """Return the digest of some figures of a contestant, on cases of the league."""
    cases = _cases_of("league", format, noise)
    cases = cases.iloc[:: max(1, len(cases) // _PROBES)]
    found = _outcomes(entry(name).contestant, cases, told)
    digests = Digests()
    figures = [found[column].to_numpy(dtype=np.float64) for column in ("value", "bar")]
    digests.add(FIGURES + in_words(name, told), format, figures)
    return digests.frame()


@cache
def _code_of(name: str) -> list[Any]:
    """Return what says which code a contestant is: modules of this project, versions of others, its options."""
    item: Entry = entry(name)
    rule = getattr(item.contestant, "rule", None)
    packages = {EXTRAS_PACKAGES[module] for module in getattr(rule, "modules", ()) if module in EXTRAS_PACKAGES}
    packages |= {module.partition(".")[0] for module in item.contestant.modules}
    return [
        conditions(__name__),
        *map(conditions, item.contestant.modules),
        sorted(map(_version, packages)),
        repr(rule),
    ]


def _version(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return package


EXTRAS_PACKAGES = {module: package for packages in EXTRAS.values() for module, package in packages.items()}
"""The package that brings a module."""
