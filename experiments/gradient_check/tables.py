"""The tables of the trials of gradient checkers, and what `make experiments-ml` left for them."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.gradient_check.bugs import BUGS, CONTESTED, FORMATS
from experiments.gradient_check.drawing import short_name, verdict_shares
from experiments.gradient_check.libraries import SUFFIX
from experiments.gradient_check.limits import LARGEST
from experiments.gradient_check.rules import Checker
from experiments.gradient_check.trials import DECIDED, NETWORKS, rates
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


def checkers_tables(checkers: Sequence[Checker]) -> list[Table]:
    """Return which checkers are compared and what each does by default, and where that is written."""
    rows = [(c.name, c.version, c.mode, c.defaults, ", ".join(c.formats), c.source) for c in checkers]
    columns = ["checker", "version", "compares", "difference; tolerance", "formats", "source"]
    frame = pd.DataFrame(rows, columns=columns)
    return [
        Table(
            "checkers",
            "The checkers and their defaults",
            "The difference and the step that each takes, and by how much the claimed derivative may differ from it.",
            frame[columns[:4]],
        ),
        Table(
            "sources_of_checkers",
            "Where the rules of the checkers are written",
            "And the formats that each takes.",
            frame[["checker", *columns[4:]]],
        ),
    ]


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
    """Return the false positives of each checker and format from counts of correct gradients, with their upper limits.

    `limit` is one-sided at 95 %: what so few rejections in so many trials prove; `limit_decided` is that of the rate
    among the gradients that were accepted or rejected.
    """
    table = rates(counted[counted["kind"] == "correct"].reset_index(drop=True), wrong=False)
    table = table[["checker", "format", *_COUNTS, "inconclusive"]].rename(
        columns={"decided": "gradients", "errors": "rejected"}
    )
    decided = table["gradients"] - table["inconclusive"]
    limits = {
        name: [
            binomial_limit(int(k), int(n)) if n else float("nan")
            for k, n in zip(table["rejected"], trials, strict=True)
        ]
        for name, trials in (("limit", table["gradients"]), ("limit_decided", decided))
    }
    return table.assign(**limits)


def own_verdicts(counted: pd.DataFrame, own: str) -> pd.DataFrame:
    """Return what our checkers say, by format and by what is compared: the table to take away.

    Parameters
    ----------
    counted : pandas.DataFrame
        From `experiments.gradient_check.trials.counts`, by `BY`.
    own : str
        How the names of our checkers begin.
    """
    right = false_positives(counted)
    right = right[right["checker"].str.startswith(own) & (right["gradients"] > 0)]
    wrong = verdict_shares(counted).query("kind == 'mistake'")[["checker", "format", "trials", "accepted", "undecided"]]
    table = right.merge(wrong, on=["checker", "format"])
    return pd.DataFrame(
        {
            "format": table["format"],
            "compared": ["coordinates" if name == own else name.removeprefix(f"{own}, ") for name in table["checker"]],
            "correct": table["gradients"],
            "rejected": table["rejected"],
            "undecided": table["inconclusive"] / table["gradients"],
            "limit": table["limit"],
            "limit_decided": table["limit_decided"],
            "mistakes": table["trials"],
            "accepted": table["accepted"],
            "mistakes_undecided": table["undecided"],
        }
    )


def mistakes_missed(counted: pd.DataFrame, usable: "Pairs") -> pd.DataFrame:
    """Return how many mistakes usable checkers accept or leave undecided, those that are contested apart."""
    part = counted[(counted["kind"] == "mistake") & ~counted["checker"].str.endswith(SUFFIX)]
    part = part[[pair in usable for pair in zip(part["checker"], part["format"], strict=True)]]
    is_contested = part["bug"].isin(CONTESTED)
    by = ["format", "checker"]
    sums = part[~is_contested].groupby(by, sort=False)[list(DECIDED)].sum()
    contested = part[is_contested].groupby(by, sort=False)[list(DECIDED)].sum().reindex(sums.index, fill_value=0)
    table = pd.DataFrame(
        {
            "mistakes": sums.sum(axis=1),
            "accepted": sums["passed"],
            "undecided": sums["inconclusive"],
            "contested": contested.sum(axis=1),
            "contested_accepted": contested["passed"] + contested["inconclusive"],
        }
    ).reset_index()
    order = {name: rank for rank, name in enumerate(reversed(FORMATS))}
    return table.sort_values("format", key=lambda names: names.map(order), kind="stable", ignore_index=True)


def missed(counted: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return the missed bugs of a kind for each checker, format and bug from counts of wrong gradients."""
    table = rates(counted[counted["kind"] == kind].reset_index(drop=True), wrong=True)
    keys = ["checker", "format", "bug", "nominal"]
    return table[[*keys, *_COUNTS, "inconclusive", "harmless"]].rename(
        columns={"decided": "gradients", "errors": "missed"}
    )


def missed_by_checker(counted: pd.DataFrame, kind: str, format_name: str) -> pd.DataFrame:
    """Return the share missed of each bug of a kind in a format: a row for each bug, a column for each checker.

    The libraries themselves are left out: their rules stand for them, and another table says how often they agree.
    A word stands where there is no share: ``unavailable``, ``failed``, or ``no change`` where the bug leaves the
    gradient as it is.
    """
    table = missed(counted, kind)
    table = table[(table["format"] == format_name) & ~table["checker"].str.endswith(SUFFIX)]
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


def ratios(limits: pd.DataFrame, usable: Pairs, own: Mapping[str, str], modes: Mapping[str, str]) -> pd.DataFrame:
    """Return how the smallest errors that other usable checkers find compare with ours: like with like.

    Parameters
    ----------
    limits : pandas.DataFrame
        From `experiments.gradient_check.limits.by_checker`.
    usable : set of (checker, format)
    own : mapping of str to str
        Our checker for each mode.
    modes : mapping of str to str
        The mode of each other checker, ``coordinates`` or ``directions``: it is compared with ours of the same mode.

    Returns
    -------
    pandas.DataFrame
        format, checker, mode, shape, pairs, and the median of theirs over ours: below 1 theirs are the smaller ones.
        What is not found at all counts as found at the largest error tried.
    """
    rows = []
    for (name, shape), part in limits.groupby(["format", "shape"], sort=False):
        wide = part.pivot(index=["network", "seed"], columns="checker", values="smallest").fillna(LARGEST)
        for checker, mode in modes.items():
            if checker in wide and own[mode] in wide and (checker, name) in usable:
                ratio = wide[checker] / wide[own[mode]]
                rows.append((name, checker, mode, shape, len(ratio), float(ratio.median())))
    return pd.DataFrame(rows, columns=["format", "checker", "mode", "shape", "pairs", "theirs_over_ours"])


def curve_table(curve: pd.DataFrame) -> pd.DataFrame:
    """Return the median over the seeds of the smallest errors found, by checker, format and number of parameters."""
    found = curve.groupby(["checker", "format", "n"], sort=False)["smallest"]
    return found.agg(seeds="size", median="median", largest="max").reset_index()
