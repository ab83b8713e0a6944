"""Which matches are played: who meets which cases, and who meets them all.

Our estimator takes all points of a function in one call and meets every case. Rules and peers are run point by point in
Python. In the league they meet the first of `THINNED` cases of each function, the same for all of them, and our
estimator is compared with them on those alone. Their error bars are measured at all points of the functions of the
judgement half where f has no noise, and at the first of so many elsewhere (`BARRED`, `SPARSE`).
"""

from collections.abc import Iterator

from experiments.league.cases import DEVELOPMENT, JUDGEMENT
from experiments.league.matches import Match
from experiments.league.roster import OURS, roster
from experiments.league.tasks import further_tasks
from experiments.league.yardsticks import yardsticks_of
from numdiff.floats.formats import FORMATS
from numdiff.study.blocks import Measurement

__all__ = ["BARRED", "COLUMNS", "SPARSE", "THINNED", "bar_measures", "columns", "league_measures", "quick_measures"]

COLUMNS = (
    *(("float64", "none"), ("float64", "1e-8"), ("float64", "1e-4"), ("float32", "none")),
    *(("float80", "none"), ("float16", "none"), ("bfloat16", "none")),
)
"""Format and noise of the columns of the league."""
BARRED = {("float64", "none"): 1, ("float64", "1e-8"): 10, ("float32", "none"): 1}
"""Those in which the error bars of all are measured; of each function of the judgement half rules and peers meet the
first of so many points."""
THINNED = 3
"""Rules and peers meet the first of so many cases of each function."""
SPARSE = 40
"""Of each function of the development half they meet the first of so many points."""
_ADVERSARIAL = ("float64", "float32")


def columns() -> list[tuple[str, str]]:
    """Return those of the columns whose format this machine has."""
    return [column for column in COLUMNS if column[0] in FORMATS]


def league_measures() -> Iterator[Measurement]:
    """Yield what the league of step rules and libraries is made of."""
    for format, noise in columns():
        yield from yardsticks_of("league", format, noise)
        for item in roster().values():
            every = 1 if item.kind == OURS else THINNED
            for told in (False, True) if noise != "none" and item.heeds_noise else (False,):
                yield Match(item.name, "league", format, noise, told, every)
    for format in dict.fromkeys(format for format, _ in columns()):
        yield from yardsticks_of("adversarial", format)
        for item in roster().values():
            if item.kind == OURS or format in _ADVERSARIAL:
                yield Match(item.name, "adversarial", format)
            if item.kind == OURS:
                yield Match(item.name, "adversarial", format, told=True)


def bar_measures() -> Iterator[Measurement]:
    """Yield what the coverage of error bars is measured with."""
    for format, noise in columns():
        yield from yardsticks_of("coverage", format, noise)
        yield from yardsticks_of("league", format, noise)
        for item in roster().values():
            if item.kind == OURS:
                for told in (False, True) if noise != "none" else (False,):
                    yield Match(item.name, "coverage", format, noise, told)
                    yield Match(item.name, "league", format, noise, told)
            elif item.bars and (format, noise) in BARRED:
                yield Match(item.name, "coverage", format, noise, every=BARRED[format, noise], half=JUDGEMENT)
                yield Match(item.name, "coverage", format, noise, every=SPARSE, half=DEVELOPMENT)
        if noise == "none":
            yield from _further_measures(format)


def _further_measures(format: str) -> Iterator[Measurement]:
    """Yield what our estimator is measured with on higher derivatives, and on those from one side."""
    for task in further_tasks(format):
        for set in ("league", "coverage"):
            yield from yardsticks_of(set, format, task=task)
            for item in roster().values():
                if item.kind == OURS:
                    yield Match(item.name, set, format, task=task)


def quick_measures() -> Iterator[Measurement]:
    """Yield a few matches in float64: our estimator, and rules that need no library."""
    few = [
        item
        for item in roster().values()
        if item.kind == OURS or item.name.startswith(("thumb", "gsl_central", "ridders"))
    ]
    yield from yardsticks_of("league", "float64")
    yield from yardsticks_of("adversarial", "float64")
    yield from yardsticks_of("coverage", "float64")[1:3]
    for item in few:
        yield Match(item.name, "league", "float64", every=1 if item.kind == OURS else THINNED)
        yield Match(item.name, "adversarial", "float64")
        if item.bars:
            yield Match(item.name, "coverage", "float64", every=SPARSE)
