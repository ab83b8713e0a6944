"""Predicted against observed best steps: the part of the experiment `optimal_step` that scores the prediction."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd

from experiments.frames import RUN, blank, counting, in_order, of_grid, once, optima, rows_of, with_smallest
from experiments.lanes import formula_of
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
SHORT: Mapping[str, str] = {
    "model": "model of the error",
    "closed_form": "two-term formula",
    "pointwise": "best at x alone",
    "rule_of_thumb": "rule of thumb",
}
"""The same beside the bars of the figure."""


def rule(name: str, method: str) -> float:
    """The rule of thumb for a formula in a format."""
    return float(thumb_step(FORMATS[name], METHODS[method]))


@once
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


@once
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
            "How good the predicted step is, where its assumptions hold",
            "Regular runs: those where no assumption of the prediction fails; the other columns are of these. "
            "Step ratio: predicted over observed step, median and 5 and 95 % quantiles. Error: at the step of the grid "
            "nearest to the predicted one over the smallest one, median and worst. Predicted error: over the observed "
            "one there, median.",
            quality(frame),
            {"share": "percent"},
            headings={
                "within": f"within {WITHIN}×",
                "step_ratio": "step ratio",
                "step_ratio_5": "5 %",
                "step_ratio_95": "95 %",
                "median_ratio": "error, median",
                "worst_ratio": "error, worst",
                "error_ratio": "predicted error",
            },
        ),
        Table(
            "ways_to_choose",
            "Four ways to choose a step",
            "Ratio: the RMS error at the step of the grid nearest to the chosen one over the smallest RMS error; a run "
            "without a step, or without a result there, counts as the worst. Regular runs: those where no assumption "
            "of the model fails. Model and closed form see exact derivatives; the smallest error at x alone is an "
            "observation.",
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
    for title, group in (("all", frame), ("regular", frame[frame["regular"]])):
        for way, words in WAYS.items():
            ratio = group[f"{way}_ratio"].fillna(np.inf)
            rows.append(
                {
                    "runs": title,
                    "way": words,
                    "number": len(group),
                    "without_step": int(group[f"{way}_ratio"].isna().sum()),
                    "within": int((ratio <= WITHIN).sum()),
                    "share": (ratio <= WITHIN).mean() if len(group) else None,
                    "median_ratio": ratio.median(),
                    "worst_ratio": ratio.max() if np.isfinite(ratio.max()) else "no result",
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
            "The best step can be predicted, to within a factor of 3 of the smallest error",
            "Left: a dot for each function, formula and format. Right: in how many of all runs the error at the chosen "
            "step is at most 3 times the smallest one, for four ways to choose the step. A run without a step, or "
            "without a result there, counts as the worst.",
            "Left, the dots lie along the diagonal over eleven decades, except a column at the right edge, where the "
            "observed steps end with the grid. Right, four bars; the dark part of each, at most 3 times, is "
            + listed(f"{within(frame, way)} ({words})" for way, words in WAYS.items())
            + ".",
            frame[columns],
            partial(draw_prediction, ways=SHORT, within=WITHIN),
            (9.0, 4.6),
        )
    ]


def findings(records: pd.DataFrame) -> list[str]:
    """What the prediction is worth."""
    frame = compared(records)
    return [aim_sentence(frame), closed_form_sentence(frame), point_sentence(frame), missed_sentence(frame)]


def within(frame: pd.DataFrame, way: str) -> str:
    """The share of all runs in which a way to choose the step reaches the aim; no step counts as a miss."""
    return percent((frame[f"{way}_ratio"] <= WITHIN).mean())


def aim_sentence(frame: pd.DataFrame) -> str:
    """How good the model is."""
    return (
        "The best step can be predicted without a difference quotient. The model of the error takes truncation from "
        "the Taylor series and adds independent rounding errors of f, of x ± h and of the quotient, averaged over "
        f"points near x; at its minimum the error is within {WITHIN}× of the smallest one in {within(frame, 'model')} "
        f"of {len(frame)} runs."
    )


def closed_form_sentence(frame: pd.DataFrame) -> str:
    """How good the textbook and the rule of thumb are."""
    return (
        "The textbook minimises h|f″|/2 + 2ε|f|/h and h²|f‴|/6 + ε|f|/h, where ε is the relative error of the function "
        f"values: h = 2√(ε|f/f″|) forward and ∛(3ε|f/f‴|) centered. With exact derivatives these two terms are within "
        f"{WITHIN}× in {within(frame, 'closed_form')} of the runs, the rule of thumb √u, ∛u in "
        f"{within(frame, 'rule_of_thumb')}."
    )


def point_sentence(frame: pd.DataFrame) -> str:
    """What the step of the smallest error at one point is worth."""
    return (
        f"The step with the smallest error at x alone is within {WITHIN}× in {within(frame, 'pointwise')} of the runs: "
        "it may owe its small error to luck, so that it is no better than a prediction."
    )


def missed_sentence(frame: pd.DataFrame) -> str:
    """Where the prediction says that it may be wrong, and where it is wrong without saying so."""
    irregular = frame[~frame["regular"]]
    missed = frame[frame["regular"] & ~(frame["model_ratio"] <= WITHIN)]
    names = listed([f"{formula_of(row.problem)} ({row.method}, {row.format})" for row in rows_of(missed)] or [""])
    return (
        f"In {len(irregular)} runs an assumption of the prediction fails, which it says itself: most often x = 0, or a "
        f"leading derivative that is 0. Of the other {len(frame) - len(irregular)} it misses in {len(missed)}"
        + (f": {names}." if names else ".")
    )
