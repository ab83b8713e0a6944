"""Rows of published tables beside ours: what agrees, what their errors are made of, and how that is drawn."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from experiments.common import cells
from numdiff.analysis.reproduction import Reproduction, reproduce
from numdiff.analysis.sources import order_of
from numdiff.formats import FORMATS
from numdiff.problems.printing import half_unit
from numdiff.problems.published import TABLES, PublishedTable
from numdiff.report import figures as draw
from numdiff.report.figures import METHOD_STYLE
from numdiff.report.styles import INK, PALE

_OURS: dict[str, Any] = {"linewidth": 1.3, "marker": ".", "markersize": 5, "zorder": 4}
_RING: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 8, "markerfacecolor": "none",
                         "markeredgecolor": INK, "markeredgewidth": 0.9, "zorder": 5}  # fmt: skip
_BELOW: dict[str, Any] = _RING | {"marker": "v", "markersize": 5.5, "markerfacecolor": "white", "zorder": 3}


def rows_of_tables(records: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each row of the published tables that were measured: theirs, ours, and the ledger's.

    `agreement` is that of the source's order of operations, `kernel_agreement` that of our kernel.
    `total_by_source` is the error of ours in that order, `total` and the other parts belong to our kernel.
    `published_total` is the error of the published number; where only its size is printed it has the sign of ours.
    `published_roundoff` is what the exact truncation error leaves of it, and `resolution` half a unit of its last
    printed digit: what is smaller is not seen in the table.
    """
    rows: list[dict[str, Any]] = []
    for name in dict.fromkeys(records["problem"]):
        table, found = TABLES[name], records[(records["problem"] == name) & (records["grid"] == "given")]
        by_row = found.set_index("k")
        for k, ours in enumerate(reproduce(table)):
            rows.append(_said(table, ours) | _judged(table, ours, by_row.loc[k]))
    return pd.DataFrame(rows)


def _said(table: PublishedTable, ours: Reproduction) -> dict[str, Any]:
    """What the table says, what we make of it, and how they agree."""
    reason = ours.assumption or (f"{ours.moves} ulp" if ours.moves else "")
    return {
        "table": table.name, "source": table.source, "method": table.method, "h": ours.row.step_text,
        "published": ours.row.value, "ours": str(ours.value) if ours.row.value else "",
        "published_error": ours.row.error, "our_error": str(ours.error) if ours.row.error else "",
        "agreement": str(ours.agreement), "reason": reason, "order_of_the_source": order_of(table),
        "kernel_value": str(ours.kernel_value), "kernel_agreement": str(ours.kernel_agreement),
        "our_ulps": ours.our_ulps, "their_ulps": ours.their_ulps,
    }  # fmt: skip


def _judged(table: PublishedTable, ours: Reproduction, record: Any) -> dict[str, Any]:
    """The ledger of the cell, and the published error by its side."""
    exact, row, total = Fraction(record["reference_text"]), ours.row, float(record["total"])
    spacing = FORMATS[table.format].spacing(exact)
    if row.value:
        error = float(Fraction(row.value) - exact)
        resolution = float(half_unit(row.value, table.value_print, spacing))
    else:
        error = float(Fraction(row.error)) * (-1.0 if table.error_kind == "abs" and total < 0 else 1.0)
        resolution = float(half_unit(row.error, table.error_print, spacing))
    parts = {name: float(record[name]) for name in ("truncation", "roundoff", "total")}
    return {
        "step_value": float(record["step_value"]), "status": record["status"], **parts,
        "total_by_source": float(Fraction(*ours.value.as_integer_ratio()) - exact),
        "published_total": error, "published_roundoff": error - parts["truncation"], "resolution": resolution,
        "larger_part": max(("truncation", "roundoff"), key=lambda name: abs(parts[name])),
    }  # fmt: skip


def counts(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """Count the rows of every kind: how they agree, by the source's order and by our kernel, and what decides them."""
    kinds = ("exact", "explained", "one ulp", "not reproduced")
    result = rows.groupby(by, sort=False).agg(tables=("table", "nunique"), rows=("table", "size"))
    for column, prefix in (("agreement", ""), ("kernel_agreement", "kernel ")):
        for kind in kinds if not prefix else kinds[:1]:
            result[prefix + kind] = (rows[column] == kind).groupby(rows[by], sort=False).sum()
    for part in ("truncation", "roundoff"):
        result[f"mostly {part}"] = (rows["larger_part"] == part).groupby(rows[by], sort=False).sum()
    return result.reset_index()


def draw_tables(fig: Canvas, data: pd.DataFrame, titles: Sequence[str]) -> None:
    """Draw our error curves, and on them the published errors as rings, one panel for each source."""
    groups = [(title, data[data["panel"] == title]) for title in titles]
    for ax, title in zip(draw.draw_panels(fig, groups, _draw_table, columns=3, share=False), titles, strict=True):
        ax.set_title(title, loc="left", fontsize=9)
    methods = list(dict.fromkeys(data["method"]))
    entries = [Line2D([], [], color=METHOD_STYLE[m].color, label=draw.label_of(m), **_OURS) for m in methods]
    entries += [
        Line2D([], [], label="published", **_RING),
        Line2D([], [], label="too small to print", **_BELOW),
        Line2D([], [], label="truncation", color=PALE, linewidth=4),
    ]
    draw.outside_legend(fig, handles=entries, where="bottom")


def _draw_table(ax: Axes, frame: pd.DataFrame) -> None:
    """Draw one panel: broad grey lines, thin curves, a dot for each of our cells, a ring for each of theirs."""
    given = frame[frame["kind"] == "published"]
    low, high = given["step_value"].min() / 4, given["step_value"].max() * 4
    frame = frame[frame["step_value"].between(low, high)]
    for method in dict.fromkeys(frame["method"]):
        color, part = METHOD_STYLE[method].color, cells(frame, method=method)
        curve, dots = part[part["kind"] == "curve"], part[part["kind"] == "published"]
        ax.plot(curve["step_value"], curve["truncation"], color=PALE, linewidth=4, zorder=1)
        ax.plot(curve["step_value"], curve["error"], color=color, linewidth=1.3, zorder=2)
        ax.plot(dots["step_value"], dots["ours"].mask(dots["ours"] == 0), color=color, **_OURS | {"linestyle": "none"})
    seen = given["error"] > given["resolution"]
    ax.plot(given["step_value"][seen], given["error"][seen], **_RING)
    ax.plot(given["step_value"][~seen], given["resolution"][~seen], **_BELOW)
    bottom = min(given["ours"][given["ours"] > 0].min(), frame["error"][frame["error"] > 0].min())
    ax.set(xlim=(low, high), ylim=(bottom / 30, 30 * given["error"].max()))


def drawn(records: pd.DataFrame, rows: pd.DataFrame, panels: dict[str, tuple[str, ...]]) -> pd.DataFrame:
    """Return what `draw_tables` draws: curves over the generic steps, and the rows of the tables."""
    parts = []
    for title, names in panels.items():
        run = records[records["problem"].isin(names) & (records["grid"] == "generic")]
        curve = pd.DataFrame({"error": run["rms_error"], "truncation": run["truncation"].abs(), "kind": "curve"})
        parts.append(curve.assign(method=run["method"], step_value=run["step_value"], panel=title))
        given = rows[rows["table"].isin(names)]
        part = given[["method", "step_value", "resolution"]].assign(
            error=given["published_total"].abs(), ours=given["total_by_source"].abs(), kind="published", panel=title
        )
        parts.append(part)
    columns = ["panel", "kind", "method", "step_value", "error", "truncation", "ours", "resolution"]
    frame = pd.concat(parts, ignore_index=True).reindex(columns=columns)
    frame["truncation"] = frame["truncation"].mask(frame["truncation"] == 0, np.nan)
    return frame
