"""Measured frames of contestants whose errors and bars are given: what a section says of them can be foreseen."""

import numpy as np
import pandas as pd

from experiments.league.tasks import FIRST
from experiments.league.yardsticks import CASE, yardsticks_of
from numdiff.study.run import Measured


def cases(sets=("league", "adversarial"), columns=(("float64", "none"),), problems=6, tasks=(FIRST,)):
    """Return the cases of a few functions of each set, format and noise; a yardstick is a millionth of the slope."""
    rows = []
    for name in sets:
        for format, noise in columns:
            for task in tasks:
                for item in yardsticks_of(name, format, noise if name != "adversarial" else "none", task):
                    rows += list(item.cases())
    frame = pd.DataFrame(rows).drop_duplicates(CASE)
    few = frame.groupby(["set", "half"])["problem"].unique().map(lambda names: list(names[:problems]))
    kept = [row.set == "adversarial" or row.problem in few[row.set, row.half] for row in frame.itertuples()]
    frame = frame[kept].reset_index(drop=True)
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
