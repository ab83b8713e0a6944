"""The tables of the trials of gradient checkers, and what `make experiments-ml` left for them."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.gradient_check.bugs import BUGS
from experiments.gradient_check.drawing import short_name
from experiments.gradient_check.limits import LARGEST
from experiments.gradient_check.rules import Checker
from experiments.gradient_check.trials import NETWORKS, rates
from numdiff.analysis.statistics import binomial_limit
from numdiff.report.tables import Table, frame_from_csv

ML = Path(__file__).resolve().parents[2] / "results" / "ml"
_COUNTS = ("decided", "errors", "rate", "low", "high", "failed", "unavailable")


def left_by_ml(name: str, folder: Path = ML) -> pd.DataFrame | None:
    """Return a table of `make experiments-ml`, or None where it was never run."""
    path = folder / f"{name}.csv"
    if not path.is_file() or not path.read_text(encoding="utf-8").strip():
        return None
    return frame_from_csv(path)


def checkers_table(checkers: Sequence[Checker]) -> Table:
    """Return which checkers are compared, and what each does by default."""
    rows = [
        {
            "checker": c.name,
            "version": c.version,
            "compares": c.mode,
            "formats": ", ".join(c.formats),
            "difference; tolerance": c.defaults,
            "source": c.source,
        }
        for c in checkers
    ]
    return Table(
        "checkers",
        "The checkers and their defaults",
        "The difference and the step that each takes, and by how much the claimed derivative may differ from it.",
        pd.DataFrame(rows),
    )


def bugs_table() -> Table:
    """Return the catalogue of wrong gradients."""
    rows = [
        {"bug": bug.name, "kind": bug.kind, "what is wrong": bug.description, "where it happened": bug.source}
        for bug in BUGS.values()
    ]
    return Table(
        "bugs",
        "The wrong gradients",
        "Mistakes are made in the code of the back-propagation; the other errors are put into its result.",
        pd.DataFrame(rows),
        rows_shown=len(rows),
    )


def networks_table() -> Table:
    """Return the networks of the trials."""
    from experiments.gradient_check.networks import NumpyNetwork

    rows = [
        {
            "network": name,
            "layers": "-".join(map(str, sizes)),
            "activation": activation,
            "loss": loss,
            "samples": batch,
            "parameters": NumpyNetwork(sizes, activation, loss, batch, 0).n,
        }
        for name, (sizes, activation, loss, batch) in NETWORKS.items()
    ]
    return Table("networks", "The networks", "Data and parameters are drawn anew for each seed.", pd.DataFrame(rows))


def false_positives(counted: pd.DataFrame) -> pd.DataFrame:
    """Return the false positives of each checker and format from counts of correct gradients, with their upper limit.

    `limit` is one-sided at 95 %: what so few rejections in so many trials prove.
    """
    table = rates(counted[counted["kind"] == "correct"].reset_index(drop=True), wrong=False)
    table = table[["checker", "format", *_COUNTS, "inconclusive"]].rename(
        columns={"decided": "gradients", "errors": "rejected"}
    )
    limits = [
        binomial_limit(int(k), int(n)) if n else float("nan")
        for k, n in zip(table["rejected"], table["gradients"], strict=True)
    ]
    return table.assign(limit=limits)


def missed(counted: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return the missed bugs of a kind for each checker, format and bug from counts of wrong gradients."""
    table = rates(counted[counted["kind"] == kind].reset_index(drop=True), wrong=True)
    keys = ["checker", "format", "bug", "nominal"]
    return table[[*keys, *_COUNTS, "inconclusive", "harmless"]].rename(
        columns={"decided": "gradients", "errors": "missed"}
    )


def missed_by_checker(counted: pd.DataFrame, kind: str, format_name: str) -> pd.DataFrame:
    """Return the share missed of each bug of a kind in a format: a row for each bug, a column for each checker.

    A word stands where there is no share: ``unavailable``, ``failed``, or ``no change`` where the bug leaves the
    gradient as it is.
    """
    table = missed(counted, kind)
    table = table[table["format"] == format_name]
    wide: dict[str, dict[str, object]] = {}
    for row in table.to_dict("records"):
        word = "no change" if row["harmless"] else "failed" if row["failed"] else "unavailable"
        name = short_name(str(row["checker"])).replace("\n", " ")
        wide.setdefault(str(row["bug"]), {})[name] = row["rate"] if row["gradients"] else word
    return pd.DataFrame([{"bug": bug, **shares} for bug, shares in wide.items()]).astype(object)


# --- the smallest errors that are found -----------------------------------------------------------------

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
    return (
        found["smallest"]
        .agg(trials="size", not_found=lambda values: int(np.isinf(values).sum()), median="median", largest="max")
        .reset_index()
    )


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
