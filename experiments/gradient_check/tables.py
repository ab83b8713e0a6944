"""The tables of the trials of gradient checkers, and what `make experiments-ml` left for them."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.frames import rows_of
from experiments.gradient_check.counts import (
    AT,
    BY_FUNCTION,
    DECIDED,
    JUDGED,
    LINES,
    counts,
    evaluations,
    of_kind,
    rates,
    summed,
)
from experiments.gradient_check.drawing import short_name
from experiments.gradient_check.limits import LARGEST
from experiments.gradient_check.ours import COORDINATES, DIRECTIONS
from experiments.gradient_check.rules import RULES
from experiments.gradient_check.subjects import CATALOGUE
from experiments.gradient_check.trials import MODES
from numdiff.floats.formats import FORMATS as ALL_FORMATS
from numdiff.report.tables import frame_from_csv

__all__ = [
    "COMPARED",
    "Found",
    "Pairs",
    "agreement_by_format",
    "always_found",
    "by_function",
    "catalogue",
    "contested",
    "curve_table",
    "found_by",
    "left_by_ml",
]
__all__ += ["own_verdicts", "ratios", "rivals", "smallest_table", "trials_found", "usable_pairs", "wrong_coordinates"]

ML = Path(__file__).resolve().parents[2] / "results" / "ml"
OWN = {"coordinates": COORDINATES, "directions": DIRECTIONS}
"""Our checker for each thing that can be compared."""
COMPARED = ("float64", "float32")
"""The formats in which checkers are compared with their like."""
Pairs = Collection[tuple[str, str]]
"""Pairs of checker and format."""


@dataclass(frozen=True, eq=False)
class Found:
    """What the trials gave: the large runs where they are there, else the small one.

    Parameters
    ----------
    counted, functions, evaluations : pandas.DataFrame
        As `experiments.gradient_check.ml` writes them.
    is_large : bool
        Whether they are those of the large runs.
    """

    counted: pd.DataFrame
    functions: pd.DataFrame
    evaluations: pd.DataFrame
    is_large: bool


def left_by_ml(name: str, folder: Path | None = None) -> pd.DataFrame | None:
    """Return a table of `make experiments-ml`, or None where it was never run, or by a version without these trials."""
    paths = [(folder or ML) / f"{file}.csv" for file in ("verdicts", name)]
    if not all(path.is_file() and path.read_text(encoding="utf-8").strip() for path in paths):
        return None
    return frame_from_csv(paths[1])


def trials_found(trials: pd.DataFrame) -> Found:
    """Return what the large runs gave, or else some trials."""
    counted, functions, cost = (left_by_ml(name) for name in ("verdicts", "functions", "evaluations"))
    if counted is None or functions is None or cost is None:
        own = trials[trials["checker"].isin(list(OWN.values())) & (trials["claim"] == "right")]
        right = trials[trials["group"].isin(JUDGED)]
        return Found(counts(trials), counts(own, BY_FUNCTION), evaluations(right), False)
    return Found(counted, functions, cost, True)


def in_formats(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return rows sorted by format, wide ones first, and by what is compared."""
    wide = {name: -item.precision for name, item in ALL_FORMATS.items()}
    ranks = {"format": wide, "mode": {name: rank for rank, name in enumerate(MODES)}}
    keys = [*columns] or ["format", "mode"]
    return frame.sort_values(keys, key=lambda part: part.map(ranks[str(part.name)]), kind="stable", ignore_index=True)


# --- our check ------------------------------------------------------------------------------------------


def _of_own(counted: pd.DataFrame) -> pd.DataFrame:
    return counted[counted["checker"].isin(list(OWN.values()))].reset_index(drop=True)


def own_verdicts(found: Found, oracle: pd.DataFrame | None) -> pd.DataFrame:
    """Return what our check says of right gradients, by format and by what is compared: the table to take away.

    Parameters
    ----------
    found : Found
    oracle : pandas.DataFrame or None
        From `experiments.gradient_check.oracle`.

    Returns
    -------
    pandas.DataFrame
        format, mode, right (checks), rejected, limit, failed, of_smooth (those of smooth functions among the rejected),
        open_checks and open_lines (shares with something undecided), oracle (share of coordinates that perfect steps
        leave undecided), inexact (share of lines), evaluations (median) and most.
    """
    table = rates(summed(of_kind(_of_own(found.counted), "right"), ["checker", "mode", "format"]), wrong=False)
    lines = table[list(LINES)].sum(axis=1)
    parts = of_kind(_of_own(found.counted), "right")
    smooth = summed(parts[parts["smooth"] == 1], ["checker", "format"]).set_index(["checker", "format"])["rejected"]
    cost = found.evaluations.set_index(["checker", "format"])
    keys = list(zip(table["checker"], table["format"], strict=True))
    shares = {} if oracle is None else _oracle_shares(oracle[oracle["group"].isin(JUDGED)])
    is_by_coordinates = table["mode"] == "coordinates"
    frame = pd.DataFrame(
        {
            "format": table["format"],
            "mode": table["mode"],
            "right": table["decided"],
            "rejected": table["rejected"],
            "limit": table["limit"],
            "failed": table["failed"],
            "of_smooth": [int(smooth.get(key, 0)) for key in keys],
            "open_checks": table["open"] / table["decided"],
            "open_lines": table["undecided"] / lines,
            "oracle": table["format"].map(shares).where(is_by_coordinates),
            "inexact": table["inexact"] / lines,
            "evaluations": [float(cost["median"].get(key, np.nan)) for key in keys],
            "most": [float(cost["most"].get(key, np.nan)) for key in keys],
        }
    )
    return in_formats(frame)


def _oracle_shares(oracle: pd.DataFrame) -> dict[str, float]:
    sums = oracle.groupby("format", sort=False)[["undecided", "coordinates"]].sum()
    return {str(name): float(share) for name, share in (sums["undecided"] / sums["coordinates"]).items()}


def wrong_coordinates(counted: pd.DataFrame) -> pd.DataFrame:
    """Return what our check says of gradients in which one coordinate is wrong, by format and by what is compared.

    Returns
    -------
    pandas.DataFrame
        format, mode, wrong (checks), rejected, accepted, limit (of the rate of accepted ones), open (share undecided);
        and of deviations of ten bars, which are tried by coordinates alone: ten_bars, ten_found (disagree or inexact
        there), ten_open.
    """
    own = _of_own(counted)
    table = rates(summed(of_kind(own, "one coordinate"), ["checker", "mode", "format"]), wrong=True)
    ten = summed(of_kind(own, "ten bars"), ["mode", "format"]).set_index(["mode", "format"])
    tried = ten[list(AT)].sum(axis=1)
    seen = ten["at_disagree"] + ten["at_inexact"]
    keys = list(zip(table["mode"], table["format"], strict=True))
    frame = pd.DataFrame(
        {
            "format": table["format"],
            "mode": table["mode"],
            "wrong": table["decided"],
            "rejected": table["rejected"],
            "accepted": table["passed"],
            "limit": table["limit"],
            "open": table["undecided_share"],
            "ten_bars": [tried.get(key) for key in keys],
            "ten_found": [seen.get(key) for key in keys],
            "ten_open": [ten["at_undecided"].get(key) for key in keys],
        }
    )
    return in_formats(frame)


def by_function(functions: pd.DataFrame, oracle: pd.DataFrame | None) -> pd.DataFrame:
    """Return how each function fares: a row for each function, format and mode of our check."""
    known = {}
    if oracle is not None:
        share = oracle["undecided"] / oracle["coordinates"]
        known = dict(zip(zip(oracle["subject"], oracle["format"], strict=True), share, strict=True))
    lines = functions[list(LINES)].sum(axis=1)
    keys = zip(functions["subject"], functions["format"], functions["mode"], strict=True)
    return pd.DataFrame(
        {
            "function": functions["subject"],
            "group": functions["group"],
            "format": functions["format"],
            "mode": functions["mode"],
            "right": functions[list(DECIDED)].sum(axis=1),
            "rejected": functions["rejected"],
            "open_lines": functions["undecided"] / lines.where(lines > 0),
            "oracle": [known.get((name, form)) if mode == "coordinates" else None for name, form, mode in keys],
            "inexact": functions["inexact"] / lines.where(lines > 0),
        }
    )


# --- all checkers ---------------------------------------------------------------------------------------


def usable_pairs(counted: pd.DataFrame, most: float) -> set[tuple[str, str]]:
    """Return the pairs of checker and format that reject at most such a share of the right gradients."""
    table = rates(summed(of_kind(counted, "right"), ["checker", "format"]), wrong=False)
    kept = table[(table["rate"] < most) & (table["decided"] > 0)]
    return set(zip(kept["checker"], kept["format"], strict=True))


def rivals(found: Found, formats: Collection[str]) -> pd.DataFrame:
    """Return how checkers of the same mode fare on the same gradients: false, missed and undecided, and the cost.

    Returns
    -------
    pandas.DataFrame
        format, mode, checker, evaluations (median), right, rejected, right_open (shares undecided), wrong, accepted,
        wrong_open.
    """
    keys = ["mode", "checker", "format"]
    right = rates(summed(of_kind(found.counted, "right"), keys), wrong=False).set_index(keys)
    wrong = rates(summed(of_kind(found.counted, "one coordinate"), keys), wrong=True).set_index(keys)
    wrong = wrong.reindex(right.index)
    cost = found.evaluations.set_index(keys)["median"]
    table = pd.DataFrame(
        {
            "evaluations": [cost.get(key, np.nan) for key in right.index],
            "right": right["decided"],
            "rejected": right["rate"],
            "right_open": right["undecided_share"],
            "wrong": wrong["decided"],
            "accepted": wrong["rate"],
            "wrong_open": wrong["undecided_share"],
        }
    ).reset_index()
    table = table[table["format"].isin(list(formats))]
    return in_formats(table[["format", "mode", "checker", *table.columns[3:]]])


def found_by(counted: pd.DataFrame) -> pd.DataFrame:
    """Return what became of each wrong coordinate by kind: a row for each claim, format and checker of ours."""
    by = ["format", "mode", "claim"]
    table = rates(summed(of_kind(_of_own(counted), "one coordinate"), by), wrong=True)
    return in_formats(table[[*by, "decided", "rejected", "passed", "called inexact", "inconclusive"]])


def catalogue(counted: pd.DataFrame, format_name: str) -> pd.DataFrame:
    """Return the share of each mistake of the catalogue that is not found in a format: a column for each checker.

    What is undecided is not found. A word stands where there is no share: ``unavailable`` or ``failed``.
    """
    part = counted[
        (counted["kind"] == "mistake") & (counted["group"] == CATALOGUE) & (counted["format"] == format_name)
    ]
    table = rates(summed(part, ["claim", "checker"]), wrong=True)
    wide: dict[str, dict[str, object]] = {}
    for row in table.to_dict("records"):
        share = row["rate"] + row["undecided_share"] if row["decided"] else "failed" if row["failed"] else "unavailable"
        wide.setdefault(str(row["claim"]), {})[short_name(str(row["checker"])).replace("\n", " ")] = share
    return pd.DataFrame([{"bug": name, **shares} for name, shares in wide.items()]).astype(object)


def contested(counted: pd.DataFrame) -> pd.DataFrame:
    """Return the verdicts on gradients that were computed in the next narrower format, and are right to that."""
    table = summed(counted[counted["kind"] == "contested"], ["format", "mode", "checker"])
    columns = ["format", "mode", "checker", *DECIDED]
    return in_formats(table[columns])


# --- the smallest errors that are found -----------------------------------------------------------------


def smallest_table(smallest: pd.DataFrame, usable: Pairs) -> pd.DataFrame:
    """Return the median and the largest of the smallest errors found, for usable checkers.

    Parameters
    ----------
    smallest : pandas.DataFrame
        From `experiments.gradient_check.limits`.
    usable : set of (checker, format)

    Returns
    -------
    pandas.DataFrame
        shape, format, checker, trials, not_found, median, largest; those that are not found count as infinite.
    """
    kept = smallest[[pair in usable for pair in zip(smallest["checker"], smallest["format"], strict=True)]]
    kept = kept[kept["objects"] == 0]
    values = kept.assign(smallest=kept["smallest"].fillna(np.inf)).groupby(["shape", "format", "checker"], sort=False)
    return (
        values["smallest"]
        .agg(trials="size", not_found=lambda part: int(np.isinf(part).sum()), median="median", largest="max")
        .reset_index()
    )


def ratios(smallest: pd.DataFrame, usable: Pairs) -> pd.DataFrame:
    """Return how the smallest errors that other usable checkers find compare with ours: like with like.

    Returns
    -------
    pandas.DataFrame
        format, mode, checker, shape, pairs, and the median of theirs over ours: below 1 theirs are the smaller ones.
        What is not found at all counts as found at the largest error tried; cases in which one of the two objects
        to the right gradient are left out.
    """
    rows = []
    kept = smallest[smallest["objects"] == 0].fillna({"smallest": LARGEST})
    for (name, shape), part in kept.groupby(["format", "shape"], sort=False):
        wide = part.pivot(index=["subject", "seed"], columns="checker", values="smallest")
        for rule in RULES:
            mode = "coordinates" if rule.mode == "coordinates" else "directions"
            if rule.name in wide and OWN[mode] in wide and (rule.name, name) in usable:
                ratio = (wide[rule.name] / wide[OWN[mode]]).dropna()
                rows.append((name, mode, rule.name, shape, len(ratio), float(ratio.median())))
    return pd.DataFrame(rows, columns=["format", "mode", "checker", "shape", "pairs", "theirs_over_ours"])


def agreement_by_format(agreement: pd.DataFrame) -> pd.DataFrame:
    """Return on how many gradients each library gave the verdict of its rule, as text, a column for each format."""
    text = agreement["same"].astype(str) + " of " + agreement["pairs"].astype(str)
    table = agreement.assign(text=text).pivot(index=["library", "version"], columns="format", values="text")
    order = pd.MultiIndex.from_frame(agreement[["library", "version"]].drop_duplicates())
    table = table.reindex(order).fillna("")
    return table[[name for name in ALL_FORMATS if name in table]].rename_axis(columns=None).reset_index()


def curve_table(curve: pd.DataFrame) -> pd.DataFrame:
    """Return the median over the seeds of the smallest errors found, by checker, format and number of parameters."""
    found = curve.groupby(["checker", "format", "n"], sort=False)["smallest"]
    return found.agg(seeds="size", median="median", largest="max").reset_index()


def always_found(sizes: pd.DataFrame, checker: str) -> str:
    """Return the smallest relative error that a checker always finds in float64, as text."""
    rows = sizes[(sizes["checker"] == checker) & (sizes["format"] == "float64") & (sizes["error"] == "miss")]
    smallest = "none"
    for row in rows_of(rows.sort_values("nominal", ascending=False)):
        if not row.decided or row.rate > 0:
            break
        smallest = f"{row.nominal:.0e}"
    return smallest
