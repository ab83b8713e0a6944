"""Predicted against observed best steps: the part of the experiment `optimal_step` that scores the prediction."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd

from experiments.frames import RUN, blank, counting, in_order, of_grid, optima, rows_of, with_smallest
from experiments.optimal_step.drawing import draw_prediction
from experiments.words import listed, percent, plain
from numdiff.analysis.metrics import performance_ratio
from numdiff.floats.formats import FORMATS
from numdiff.formulas.table import METHODS
from numdiff.report.figures import Figure
from numdiff.report.tables import Table
from numdiff.rules.thumb import thumb_step

WITHIN = 3
"""The aim: the error at the predicted step is at most this many times the smallest one."""
WAYS: Mapping[str, str] = {
    "model": "minimum of the model",
    "closed_form": "closed form, two terms",
    "pointwise": "smallest error at x alone",
    "rule_of_thumb": "rule of thumb √u, ∛u",
}
"""Ways to choose a step: prefix of their columns, and words."""


def rule(name: str, method: str) -> float:
    """The rule of thumb for a formula in a format."""
    return float(thumb_step(FORMATS[name], METHODS[method]))


def compared(records: pd.DataFrame) -> pd.DataFrame:
    """One row for each run that has an observed optimum: the steps of all `WAYS`, and what each costs.

    ``<way>_ratio`` is the RMS error at the generic step nearest to the step (in log h) over the smallest one: infinite
    where that cell failed, empty where the way gives no step. A run is regular if no assumption of the prediction
    fails.
    """
    best = optima(records)[
        [
            *RUN,
            "step_value",
            "rms_error",
            "model_error",
            "at_edge",
            "predicted_step",
            "predicted_error",
            "closed_form_step",
            "prediction",
        ]
    ]
    frame = best.rename(
        columns={
            "step_value": "observed_step",
            "rms_error": "smallest_error",
            "model_error": "model_at_observed",
            "predicted_step": "model_step",
        }
    )
    frame = frame.merge(pointwise(records), on=RUN, how="left")
    frame["rule_of_thumb_step"] = [rule(n, m) for n, m in zip(frame["format"], frame["method"], strict=True)]
    for way in WAYS:
        near = at_nearest_step(records, frame[[*RUN, f"{way}_step"]])
        frame[f"{way}_ratio"] = performance_ratio(near["error"], frame["smallest_error"])
        if way == "model":
            frame["error_at_model"], frame["model_at_model"] = near["error"], near["model_error"]
    frame["step_ratio"] = frame["model_step"] / frame["observed_step"]
    frame["regular"] = frame["prediction"] == "ok"
    return in_order(frame)


def pointwise(records: pd.DataFrame) -> pd.DataFrame:
    """The step of the smallest |total| at x alone, and that error, for each run."""
    some = counting(records).assign(pointwise_error=lambda frame: frame["total"].abs())
    alone = with_smallest(some, some["pointwise_error"], RUN).rename(columns={"step_value": "pointwise_step"})
    return alone[[*RUN, "pointwise_step", "pointwise_error"]]


def at_nearest_step(records: pd.DataFrame, wanted: pd.DataFrame) -> pd.DataFrame:
    """The error and the modelled error at the generic step nearest to one wanted step of each run."""
    cells = of_grid(records, "generic").merge(wanted.set_axis([*RUN, "wanted"], axis=1), on=RUN)
    quotient = cells["step_value"] / cells["wanted"]
    cells["distance"] = np.maximum(quotient, 1 / quotient)
    cells["error"] = cells["rms_error"].where((cells["status"] == "ok") & (cells["failures"] == 0), np.inf)
    nearest = cells.dropna(subset="wanted").sort_values("distance", kind="stable").groupby(RUN, sort=False).head(1)
    return wanted[RUN].merge(nearest[[*RUN, "error", "model_error"]], on=RUN, how="left")


def tables(records: pd.DataFrame) -> list[Table]:
    frame = compared(records)
    return [
        Table(
            "prediction_quality",
            "How good the predicted step is",
            "Regular runs: there is an observed optimum and no assumption of the prediction fails; only these are "
            "counted. step_ratio: predicted over observed step, median and 5 and 95 % quantiles. median_ratio, "
            "worst_ratio: RMS error at the generic step nearest to the predicted one over the smallest RMS error. "
            "error_ratio: predicted over observed error there, median.",
            quality(frame),
            {"share": "percent"},
            headings={"within": f"within {WITHIN}×"},
        ),
        Table(
            "ways_to_choose",
            "Four ways to choose a step",
            "The ratio is the RMS error at the generic step nearest to the chosen one over the smallest RMS error. "
            "Model and closed form see certified derivatives and what correctly rounded functions err in the root mean "
            "square; the smallest error at x alone is an observation, at one point. A run without a step, or with one "
            "that fails, is not within.",
            ways(frame),
            {"share": "percent"},
            headings={"within": f"within {WITHIN}×"},
        ),
        Table(
            "worst_predictions",
            "Where the predicted step is worst",
            f"All runs whose ratio exceeds {WITHIN} or that have no prediction. The ratio is a product of three: "
            "noise, observed over modelled error at the predicted step; dip, modelled over observed error at the "
            "observed optimum; model, what the model itself says of the two steps. The largest names the reason.",
            worst(frame),
            kinds={"*": "platform"},
        ),
        Table(
            "predicted_steps",
            "The predicted steps",
            "For each run the observed best step and the predicted one, their ratio, the closed form, the error at the "
            "predicted step relative to the smallest, and the assumption that fails if one does.",
            blank(
                frame[
                    [
                        *RUN,
                        "observed_step",
                        "model_step",
                        "step_ratio",
                        "closed_form_step",
                        "smallest_error",
                        "predicted_error",
                        "model_ratio",
                        "at_edge",
                        "prediction",
                    ]
                ]
            ).rename(columns={"model_step": "predicted_step", "model_ratio": "error_ratio"}),
        ),
    ]


def quality(frame: pd.DataFrame) -> pd.DataFrame:
    """One row for each formula and format, and one for all."""
    groups = [*frame.groupby(["method", "format"], sort=False), (("all", "all"), frame)]
    rows = []
    for (method, name), group in groups:
        some = group[group["regular"]]
        steps = some["step_ratio"].quantile([0.05, 0.5, 0.95]).tolist() if len(some) else [None] * 3
        rows.append(
            {
                "method": method,
                "format": name,
                "runs": len(group),
                "regular": len(some),
                "within": int((some["model_ratio"] <= WITHIN).sum()),
                "share": (some["model_ratio"] <= WITHIN).mean() if len(some) else None,
                "step_ratio": steps[1],
                "step_ratio_5": steps[0],
                "step_ratio_95": steps[2],
                "median_ratio": some["model_ratio"].median() if len(some) else None,
                "worst_ratio": some["model_ratio"].max() if len(some) else None,
                "error_ratio": (some["predicted_error"] / some["error_at_model"]).median() if len(some) else None,
            }
        )
    return pd.DataFrame(rows)


def ways(frame: pd.DataFrame) -> pd.DataFrame:
    """One row for each way to choose a step, over the regular and over all runs."""
    rows = []
    for title, group in (("regular", frame[frame["regular"]]), ("all", frame)):
        for way, words in WAYS.items():
            ratio = group[f"{way}_ratio"]
            rows.append(
                {
                    "runs": title,
                    "way": words,
                    "number": len(group),
                    "without_step": int(ratio.isna().sum()),
                    "within": int((ratio <= WITHIN).sum()),
                    "share": (ratio <= WITHIN).mean() if len(group) else None,
                    "median_ratio": ratio.median(),
                    "worst_ratio": ratio.max(),
                }
            )
    return pd.DataFrame(rows)


def worst(frame: pd.DataFrame) -> pd.DataFrame:
    """The runs that miss the aim, the worst first, with the reason for each."""
    missed = frame[~(frame["model_ratio"] <= WITHIN)]
    missed = missed.assign(
        noise=missed["error_at_model"] / missed["model_at_model"],
        dip=missed["model_at_observed"] / missed["smallest_error"],
        model=missed["model_at_model"] / missed["model_at_observed"],
    )
    missed["reason"] = [reason(row) for row in rows_of(missed)]
    ordered = missed.sort_values("model_ratio", ascending=False, kind="stable", na_position="last")
    columns = [*RUN, "observed_step", "model_step", "model_ratio", "noise", "dip", "model", "reason"]
    ordered = ordered[columns].rename(columns={"model_step": "predicted_step", "model_ratio": "error_ratio"})
    return blank(ordered).reset_index(drop=True)


def reason(row) -> str:
    """Why the prediction of a run is bad, in words."""
    if np.isnan(row.model_ratio):
        return f"no prediction: {row.prediction}"
    parts = {
        "noise": f"{plain(row.noise)}× as much error as modelled at the predicted step",
        "dip": f"at the observed optimum {plain(row.dip)}× less error than modelled",
        "model": f"the model itself loses {plain(row.model)}× between the two steps",
    }
    text = parts[max(parts, key=lambda name: getattr(row, name))]
    return text if row.regular else f"{row.prediction}; {text}"


def figures(records: pd.DataFrame) -> list[Figure]:
    frame = compared(records)
    columns = [*RUN, "observed_step", "model_step", "regular", *(f"{way}_ratio" for way in WAYS)]
    return [
        Figure(
            "predicted_and_observed",
            "The best step can be predicted",
            "Left: predicted against observed best step, a mark for each run, hollow where an assumption of the "
            f"prediction fails; the band is a factor of {WITHIN}. Right: share of the regular runs in which the error "
            "at the chosen step is at most so many times the smallest one, for four ways to choose a step (RMS over 33 "
            "neighbours). The grid of observed steps ends at 0.6; the error is flat near its minimum.",
            aim_sentence(frame),
            frame[columns],
            partial(draw_prediction, ways=WAYS, within=WITHIN),
            (9.0, 4.6),
        )
    ]


def findings(records: pd.DataFrame) -> list[str]:
    frame = compared(records)
    return [aim_sentence(frame), other_ways(frame), step_sentence(frame), missed_sentence(frame)]


def aim_sentence(frame: pd.DataFrame) -> str:
    some = frame[frame["regular"]]
    good = int((some["model_ratio"] <= WITHIN).sum())
    hit = percent((some["model_ratio"] == 1).mean())
    error = plain((some["predicted_error"] / some["error_at_model"]).median())
    return (
        f"The best step can be predicted without a difference quotient: in {good} of {len(some)} regular runs "
        f"({percent(good / max(1, len(some)))}) the error at the minimum of the model is within {WITHIN}× of the "
        f"smallest one, in {hit} it is the smallest one itself; the predicted error is in the median {error} times the "
        "observed one."
    )


def other_ways(frame: pd.DataFrame) -> str:
    some = frame[frame["regular"]]
    shares = {way: (some[f"{way}_ratio"] <= WITHIN).mean() for way in WAYS}
    everything = {way: (frame[f"{way}_ratio"] <= WITHIN).mean() for way in WAYS}
    return (
        f"Of the regular runs the closed form alone, fed with the certified derivative and the same noise, is within "
        f"{WITHIN}× in {percent(shares['closed_form'])}, the step of the smallest error at x alone in "
        f"{percent(shares['pointwise'])}, the rule of thumb in {percent(shares['rule_of_thumb'])}; of all runs, also "
        f"those where an assumption fails, the model is in {percent(everything['model'])}, the closed form in "
        f"{percent(everything['closed_form'])}, the smallest error at x in {percent(everything['pointwise'])}."
    )


def step_sentence(frame: pd.DataFrame) -> str:
    some = frame[frame["regular"]]
    low, middle, high = some["step_ratio"].quantile([0.05, 0.5, 0.95])
    return (
        f"The predicted step is {plain(middle)} times the observed one in the median and between {plain(low)} and "
        f"{plain(high)} times it in nine runs of ten; the observed ones are powers of two apart, and the error is flat "
        "near its minimum."
    )


def missed_sentence(frame: pd.DataFrame) -> str:
    irregular = frame[~frame["regular"]]
    kinds = irregular["prediction"].value_counts(sort=False)
    words = listed([f"{kind} in {number}" for kind, number in kinds.items()] or ["none"])
    missed = frame[frame["regular"] & ~(frame["model_ratio"] <= WITHIN)]
    names = listed([f"{row.problem} ({row.method}, {row.format})" for row in rows_of(missed)] or [""])
    return (
        f"An assumption of the prediction fails in {len(irregular)} of {len(frame)} runs ({words}). Of the regular "
        f"ones {len(missed)} {'misses' if len(missed) == 1 else 'miss'} the aim" + (f": {names}." if names else ".")
    )
