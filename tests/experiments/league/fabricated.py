"""Measured frames of contestants whose errors and bars are given: what a section says of them can be foreseen."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from experiments.league.cases import half_of
from experiments.league.tasks import FIRST
from experiments.league.yardsticks import CASE, Yardsticks, yardsticks_of
from numdiff.study.run import Measured


@cache
def _cases(set: str, problem: str, format: str, noise: str, task: str) -> tuple[dict[str, Any], ...]:
    return tuple(Yardsticks(set, (problem,), format, noise, task).cases())


def cases(sets=("league", "adversarial"), columns=(("float64", "none"),), problems=6, tasks=(FIRST,)):
    """Return the cases of a few functions of each set, format and noise; a yardstick is a millionth of the slope."""
    asked = {
        (name, format, noise if name != "adversarial" else "none", task): None
        for name in sets
        for format, noise in columns
        for task in tasks
    }
    named = [(key, problem) for key in asked for item in yardsticks_of(*key) for problem in item.problems]
    halves: dict[tuple[str, str], dict[str, None]] = {}
    for (name, *_), problem in named:
        halves.setdefault((name, half_of(problem)), {})[problem] = None
    few = {(key[0], problem) for key, own in halves.items() for problem in list(own)[:problems]}
    kept = [(key, problem) for key, problem in named if key[0] == "adversarial" or (key[0], problem) in few]
    rows = [row for (name, *rest), problem in kept for row in _cases(name, problem, *rest)]
    frame = pd.DataFrame(rows).drop_duplicates(CASE).reset_index(drop=True)
    scale = frame["truth"].abs().fillna(1.0)
    return frame.assign(yardstick=1e-6 * scale.where(scale > 0, 1.0), forward=1e-3 * scale.where(scale > 0, 1.0))


def player(cases, name, kind, ratio, bar=None, **options):
    """Return the outcomes of a contestant whose error is `ratio` yardsticks and whose bar is `bar` errors.

    Parameters
    ----------
    ratio : float or array of float
    bar : float or array of float, optional
        None: it has no bars.
    """
    ratios = np.broadcast_to(np.asarray(ratio, dtype=float), len(cases))
    error = ratios * cases["yardstick"]
    low = error.where(np.isfinite(error))
    bars = np.full(len(cases), np.nan) if bar is None else np.asarray(bar) * error
    known = {"told": False, "formula": "", "complex": False, "evaluations": 10, "status": "ok", "message": ""}
    return cases[CASE].assign(
        contestant=name,
        kind=kind,
        bars=bar is not None,
        value=cases["truth"].fillna(0.0),
        value_low=cases["truth_low"].fillna(0.0) + low,
        bar=bars,
        ok=True,
        **known | options,
    )


def measured(cases, *players):
    """Return frames as a run leaves them."""
    return Measured(frames={"cases": cases, "matches": pd.concat(players, ignore_index=True)})
