"""The smallest errors that gradient checkers find: summed up, compared, and drawn against the number of parameters."""

from collections.abc import Collection

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas

from experiments.gradient_check.limits import LARGEST
from numdiff.report.figures import direct_labels, error_axes
from numdiff.report.styles import style_of

Pairs = Collection[tuple[str, str]]
"""Pairs of checker and format."""


def limits_table(limits: pd.DataFrame, usable: Pairs) -> pd.DataFrame:
    """Return the median and the largest of the smallest errors found, for usable checkers.

    Parameters
    ----------
    limits : pandas.DataFrame
        From `experiments.gradient_check.limits.by_checker`.
    usable : set of (checker, format)

    Returns
    -------
    pandas.DataFrame
        shape, format, checker, trials, not_found, median, largest; those that are not found count as infinite.
    """
    kept = limits[[pair in usable for pair in zip(limits["checker"], limits["format"], strict=True)]]
    found = kept.assign(smallest=kept["smallest"].fillna(np.inf)).groupby(["shape", "format", "checker"], sort=False)
    return found["smallest"].agg(
        trials="size", not_found=lambda values: int(np.isinf(values).sum()), median="median", largest="max"
    ).reset_index()  # fmt: skip


def ratios(limits: pd.DataFrame, usable: Pairs, own: str, format_name: str) -> pd.DataFrame:
    """Return how many times smaller the errors are that our checker finds, for each other usable checker of a format.

    Returns
    -------
    pandas.DataFrame
        checker, pairs, median, smallest: of the ratios over the networks and seeds, for errors in the largest
        coordinate. What is not found at all counts as found at the largest error tried.
    """
    part = limits[(limits["format"] == format_name) & (limits["shape"] == "largest coordinate")]
    wide = part.pivot(index=["network", "seed"], columns="checker", values="smallest")
    rows = []
    for checker in wide.columns:
        if not checker.startswith(own) and (checker, format_name) in usable:
            ratio = wide[checker].fillna(LARGEST) / wide[own].fillna(LARGEST)
            rows.append((checker, len(ratio), float(ratio.median()), float(ratio.min())))
    return pd.DataFrame(rows, columns=["checker", "pairs", "median", "smallest"])


def curve_table(curve: pd.DataFrame) -> pd.DataFrame:
    """Return the median over the seeds of the smallest errors found, by checker, format and number of parameters."""
    found = curve.groupby(["checker", "format", "n"], sort=False)["smallest"]
    return found.agg(seeds="size", median="median", largest="max").reset_index()


def draw_curve(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw the smallest error found against the number of parameters: a curve for each format.

    Directions are drawn in the style of the format, coordinates as a thin line with hollow markers below them.
    """
    ax = fig.subplots()
    error_axes(ax, xlabel="number n of parameters", ylabel="smallest error found, ‖δ‖/‖g‖")
    for (checker, name), rows in data.dropna(subset="median").groupby(["checker", "format"], sort=False):
        style, by_coordinates = style_of(str(name)), checker == "numdiff"
        options = style.line_options()
        if by_coordinates:
            options |= {
                "linewidth": 1.0,
                "markerfacecolor": "white",
                "markeredgecolor": style.color,
                "markeredgewidth": 1.0,
            }
        label = "_coordinates" if by_coordinates else str(name)
        ax.plot(rows["n"], rows["median"], label=label, **options)
    legend = "filled: four directions, 20 evaluations\nhollow: every coordinate"
    ax.annotate(legend, (0.98, 0.04), xycoords="axes fraction", ha="right", va="bottom", fontsize=9)
    direct_labels(ax)
