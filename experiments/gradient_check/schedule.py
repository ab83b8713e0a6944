"""Which trials are made: the small run whenever the results are built, the large ones when they are asked for."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from experiments.gradient_check.bugs import BUGS, CONTESTED
from experiments.gradient_check.claims import FACTORS, RIGHT, TEN_BARS
from experiments.gradient_check.counts import JUDGED
from experiments.gradient_check.functions import DEVELOPMENT, FUNCTIONS, group_of
from experiments.gradient_check.limits import Search, searches
from experiments.gradient_check.oracle import Oracle, oracles
from experiments.gradient_check.ours import DIRECTIONS, ours
from experiments.gradient_check.rules import ALL_FORMATS, RULES, Checker
from experiments.gradient_check.subjects import GROWING, SMALL
from experiments.gradient_check.trials import TrialPlan, Trials, trials_of
from numdiff.floats.formats import FORMATS

__all__ = ["Sizes", "curve", "judged", "library_plans", "limits", "oracle", "plans", "quick_measures", "small_measures"]

SMALL_CLAIMS = (RIGHT, *FACTORS, TEN_BARS, *BUGS)
QUICK = ("attention", "relu_1", "variance_offset", "gru")


@dataclass(frozen=True)
class Sizes:
    """How many trials the large runs have.

    Parameters
    ----------
    checks : int
        Right gradients in each format and mode, of functions that were used for no constant; as many wrong
        coordinates, and as many deviations of ten bars.
    development, contested, catalogue, libraries, limits, curve, oracle, large : int
        Seeds: of the functions that constants may be chosen on; of gradients computed in a narrower format; of the
        networks with the mistakes of the catalogue; of the libraries themselves; of the searches for the smallest
        error that is found, and of those on growing networks; of the two-point oracle; of the network of ten thousand.
    """

    checks: int = 10_000
    development: int = 100
    contested: int = 20
    catalogue: int = 25
    libraries: int = 10
    limits: int = 5
    curve: int = 3
    oracle: int = 20
    large: int = 1

    def quick(self) -> "Sizes":
        """Return the smallest sizes that run everything."""
        return Sizes(
            checks=20, development=1, contested=1, catalogue=1, libraries=1, limits=1, curve=0, oracle=1, large=0
        )


def judged(format_name: str) -> tuple[str, ...]:
    """Return the functions of a format that were used for no constant."""
    return tuple(n for n, item in FUNCTIONS.items() if group_of(n) in JUDGED and format_name in item.formats)


def checkers_in(format_name: str) -> tuple[Checker, ...]:
    """Return the checkers that are tried in a format; the others take none that is wider than float64."""
    return (*ours(), *RULES) if format_name in ALL_FORMATS else ours()


def plans(sizes: Sizes) -> Iterator[TrialPlan]:
    """Yield the large runs, one format after the other."""
    tuned = tuple(name for name in FUNCTIONS if group_of(name) == DEVELOPMENT)
    for name in FORMATS:
        common = TrialPlan(formats=(name,), checkers=checkers_in(name))
        seeds = math.ceil(sizes.checks / len(judged(name)))
        some = math.ceil(seeds / len(FACTORS))
        yield replace(common, subjects=judged(name), seeds=range(seeds), claims=(RIGHT, TEN_BARS))
        yield replace(common, subjects=judged(name), seeds=range(some), claims=tuple(FACTORS))
        everything = (RIGHT, *FACTORS, TEN_BARS)
        yield replace(common, subjects=tuned, seeds=range(sizes.development), claims=everything)
        yield replace(common, subjects=tuple(FUNCTIONS), seeds=range(sizes.contested), claims=CONTESTED)
        yield replace(common, subjects=SMALL, seeds=range(sizes.catalogue), claims=(RIGHT, *BUGS))
        yield replace(
            common,
            subjects=("large",),
            modes=("directions",),
            seeds=range(sizes.large),
            claims=(RIGHT, "one_in_ten_thousand"),
        )


def library_plans(libraries: Sequence[Checker], sizes: Sizes) -> Iterator[TrialPlan]:
    """Yield the runs of the libraries themselves, each beside its transcribed rule."""
    beside = (*libraries, *(rule for rule in RULES if any(item.name.startswith(rule.name) for item in libraries)))
    for name in ALL_FORMATS:
        claims = (RIGHT, *FACTORS)
        yield TrialPlan(judged(name), (name,), seeds=range(sizes.libraries), claims=claims, checkers=beside)


def limits(sizes: Sizes) -> list[Search]:
    """Return the searches for the smallest error that each checker finds."""
    seeds = range(sizes.limits)
    return [
        item
        for name in ALL_FORMATS
        for item in (searches(checkers_in(name), judged(name), (name,), seeds) if sizes.limits else ())
    ]


def curve(sizes: Sizes) -> list[Search]:
    """Return the searches on growing networks, of our checkers."""
    if not sizes.curve:
        return []
    names = [f"growing_{n}" for n in GROWING]
    return list(searches(ours(), names, ALL_FORMATS, range(sizes.curve), ("random direction",)))


def oracle(sizes: Sizes) -> list[Oracle]:
    """Return what two values of f can tell at all."""
    return list(oracles(tuple(FUNCTIONS), tuple(FORMATS), range(sizes.oracle)))


def small_measures() -> tuple[Trials, ...]:
    """Return the small run: every function and every claim, one seed."""
    found: list[Trials] = []
    for name in FORMATS:
        found += trials_of(TrialPlan(formats=(name,), claims=SMALL_CLAIMS, checkers=checkers_in(name)))
    return tuple(found)


def quick_measures() -> tuple[Trials, ...]:
    """Return a few trials in float64."""
    claims = (RIGHT, *FACTORS, TEN_BARS, *BUGS)
    return trials_of(TrialPlan((*QUICK, *SMALL[:1]), ("float64",), claims=claims, checkers=(*ours(), *RULES[:2])))


OUR_MODES = {"coordinates": ours()[0].name, "directions": DIRECTIONS}
"""The name of our checker for each thing that can be compared."""
