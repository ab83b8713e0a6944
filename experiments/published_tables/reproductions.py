"""Rows of published tables beside ours: what agrees, what their errors are made of, and how that is drawn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from experiments.frames import cells, frame_beside
from experiments.published_tables.agreement import Reproduction, reproduce
from experiments.published_tables.sources import ASSUMPTIONS, Source, order_of
from numdiff.floats.formats import FORMATS
from numdiff.problems.printing import half_unit
from numdiff.problems.published import TABLES, PublishedTable
from numdiff.report import figures as draw
from numdiff.report.figures import METHOD_STYLE
from numdiff.report.styles import INK, MUTED
from numdiff.study.blocks import digest_of
from numdiff.study.conditions import conditions
from numdiff.study.run import Measured
from numdiff.study.values import Digests

_OURS: dict[str, Any] = {"linewidth": 1.3, "marker": ".", "markersize": 6, "zorder": 4}
_RING: dict[str, Any] = {
    "linestyle": "none",
    "marker": "o",
    "markersize": 8,
    "markerfacecolor": "none",
    "markeredgecolor": INK,
    "markeredgewidth": 0.9,
    "zorder": 5,
}


def rows_of_tables(measured: Measured) -> pd.DataFrame:
    """Return one row for each row of the published tables that were measured: theirs, ours, and the ledger's.

    `agreement` is that of the source's order of operations, `kernel_agreement` that of our kernel.
    `total_by_source` is the error of ours in that order, `total` and the other parts belong to our kernel.
    `published_total` is the error of the published number; where only its size is printed it has the sign of ours.
    `published_roundoff` is what the exact truncation error leaves of it, and `resolution` half a unit of its last
    printed digit: what is smaller is not seen in the table.
    """
    records, names = measured.records, tuple(dict.fromkeys(measured.records["problem"]))
    computed = frame_beside(measured, "reproductions", [Reproductions(names)])
    rows: list[dict[str, Any]] = []
    for name in names:
        table, found = TABLES[name], records[(records["problem"] == name) & (records["grid"] == "given")]
        by_row = found.set_index("k")
        for k, ours in enumerate(computed[computed["table"] == name].to_dict("records")):
            rows.append(_said(table, k, ours) | _agreement(table, k, Fraction(ours["value"]), by_row.loc[k]))
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class Reproductions:
    """The rows of some published tables, computed again: something that any process can measure, and that is stored."""

    names: tuple[str, ...]

    @property
    def cells(self) -> int:
        """The number of rows."""
        return sum(len(TABLES[name].rows) for name in self.names)

    def key(self) -> str:
        """Return the key under which the rows are stored."""
        return digest_of([type(self).__name__, self.names, conditions(__name__)])

    def values(self) -> pd.DataFrame:
        """Return the digests of what the functions return on this machine, also under the assumption of a table."""
        digests = Digests()
        for name in self.names:
            table = TABLES[name]
            for assumption in dict.fromkeys((None, ASSUMPTIONS.get(name))):
                digests.add(name, table.format, Source(table, assumption).values)
        return digests.frame()

    def measure(self, done: Callable[[int], Any] = lambda cells: None) -> dict[str, pd.DataFrame]:
        """Return the frame ``reproductions``: ours in the order of the source and of our kernel, and how they agree."""
        rows = []
        for name in self.names:
            found = reproduce(TABLES[name])
            rows += [_computed(name, ours) for ours in found]
            done(len(found))
        return {"reproductions": pd.DataFrame(rows)}


def _computed(name: str, ours: Reproduction) -> dict[str, Any]:
    """What is stored of a row: numbers as text, the value exactly."""
    return {
        "table": name,
        "value": str(Fraction(*ours.value.as_integer_ratio())),
        "ours": str(ours.value) if ours.row.value else "",
        "our_error": str(ours.error) if ours.row.error else "",
        "agreement": str(ours.agreement),
        "reason": ours.assumption or (f"{ours.moves} ulp" if ours.moves else ""),
        "kernel_value": str(ours.kernel_value),
        "kernel_agreement": str(ours.kernel_agreement),
        "our_ulps": ours.our_ulps,
        "their_ulps": ours.their_ulps,
    }


def _said(table: PublishedTable, k: int, ours: dict[str, Any]) -> dict[str, Any]:
    """What a row of the table says, what we make of it, and how they agree."""
    row = table.rows[k]
    return {
        "table": table.name,
        "source": table.source,
        "method": table.method,
        "h": row.step_text,
        "published": row.value,
        "ours": ours["ours"],
        "published_error": row.error,
        "our_error": ours["our_error"],
        "agreement": ours["agreement"],
        "reason": ours["reason"],
        "order_of_the_source": order_of(table),
        "kernel_value": ours["kernel_value"],
        "kernel_agreement": ours["kernel_agreement"],
        "our_ulps": ours["our_ulps"],
        "their_ulps": ours["their_ulps"],
    }


def _agreement(table: PublishedTable, k: int, value: Fraction, record: Any) -> dict[str, Any]:
    """The ledger of the cell, and the published error by its side."""
    exact, row, total = Fraction(record["reference_text"]), table.rows[k], float(record["total"])
    spacing = FORMATS[table.format].spacing(exact)
    if row.value:
        error = float(Fraction(row.value) - exact)
        resolution = float(half_unit(row.value, table.value_print, spacing))
    else:
        error = float(Fraction(row.error)) * (-1.0 if table.error_kind == "abs" and total < 0 else 1.0)
        resolution = float(half_unit(row.error, table.error_print, spacing))
    parts = {name: float(record[name]) for name in ("truncation", "roundoff", "total")}
    return {
        "step_value": float(record["step_value"]),
        "status": record["status"],
        **parts,
        "total_by_source": float(value - exact),
        "published_total": error,
        "published_roundoff": error - parts["truncation"],
        "resolution": resolution,
        "larger_part": max(("truncation", "roundoff"), key=lambda name: abs(parts[name])),
    }


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


APART = 1.25
"""The factor between a published error and ours from which a ring does not look as if it were about its dot."""


def draw_tables(fig: Canvas, data: pd.DataFrame, notes: Mapping[str, str]) -> None:
    """Draw our error curves, and on them the published errors as rings, one panel for each source.

    `notes` say, for some panels, why a ring is not about its dot.
    """
    groups = [(title, data[data["panel"] == title]) for title in dict.fromkeys(data["panel"])]
    panels = draw.draw_panels(fig, groups, _draw_table, columns=2, share=False)
    for ax, (title, frame) in zip(panels, groups, strict=True):
        _name_curves(ax, frame)
        if title in notes:
            _note_deviation(ax, frame[frame["kind"] == "published"], notes[title])
    draw.subject(fig, "Ring: error of a printed number; dot: ours at that step; line: our RMS error near x.")


def _note_deviation(ax: Axes, given: pd.DataFrame, text: str) -> None:
    """Write in the lower left corner why a ring is not about its dot, with a line to the ring that is farthest."""
    ratio = given["error"] / given["ours"].mask(given["ours"] == 0)
    ring = given.iloc[int(ratio.where(ratio > 1, 1 / ratio).to_numpy().argmax())]
    line = {"arrowstyle": "-", "linewidth": 0.8, "color": MUTED, "shrinkB": 5, "relpos": (0.5, 1)}
    low = 0.2 if "complex_step" in set(given["method"]) else 0.05  # above the level part of the complex step
    place: dict[str, Any] = {"xytext": (0.03, low), "textcoords": "axes fraction", "va": "bottom", "color": MUTED}
    ax.annotate(text, (ring["step_value"], ring["error"]), fontsize=8.5, arrowprops=line, **place)


def _curve_options(method: str) -> dict[str, Any]:
    """Return the options of the curve of a method: those of a higher order are broken, and so told from the others."""
    style = METHOD_STYLE[method]
    return {"color": style.color, "linewidth": 1.5, "linestyle": style.line}


def _name_curves(ax: Axes, frame: pd.DataFrame) -> None:
    """Write the name of each formula beside the right arm of its curve, where the curves of a panel are apart."""
    low, high = ax.get_xlim()
    for method in dict.fromkeys(frame["method"]):
        curve = cells(frame, method=method, kind="curve").sort_values("step_value")
        curve = curve[curve["step_value"].between(low, high) & (curve["error"] > 0)].reset_index(drop=True)
        at = curve.iloc[_place(curve["error"].to_numpy(), method)]
        side = _BESIDE.get(method, {}) if frame["method"].nunique() > 1 else {}
        look: dict[str, Any] = {"textcoords": "offset points", "fontsize": 9, "color": METHOD_STYLE[method].text_color}
        look |= {"xytext": (-7, 2), "ha": "right", "va": "bottom"} | side
        # Beside a formula of higher order there is no room for more.
        short = method == "centered" and "centered4" in set(frame["method"])
        text = "h²" if short else draw.label_of(method)
        halo = [withStroke(linewidth=2.6, foreground="white")]
        ax.annotate(text, (at["step_value"], at["error"]), path_effects=halo, **look)


_BELOW: dict[str, Any] = {"xytext": (7, -3), "ha": "left", "va": "top"}
_BESIDE: Mapping[str, dict[str, Any]] = {"centered": _BELOW, "centered4": _BELOW, "complex_step": _BELOW}
"""Where formulas are named that have other neighbours: at the lower right."""


def _place(errors: NDArray[np.float64], method: str) -> int:
    """Return where a curve is named: on its right arm, high where it is above the others."""
    share = {"forward": 0.5, "complex_step": 0.3, "centered4": 0.15}.get(method, 0.35)
    lowest = int(errors.argmin())
    return lowest + round(share * (len(errors) - 1 - lowest))


def _draw_table(ax: Axes, frame: pd.DataFrame) -> None:
    """Draw one panel: thin curves, a dot for each of our cells, a ring for each of theirs."""
    given = frame[frame["kind"] == "published"]
    low, high = given["step_value"].min() / 4, given["step_value"].max() * 4
    frame = frame[frame["step_value"].between(low, high)]
    for method in dict.fromkeys(frame["method"]):
        color, part = METHOD_STYLE[method].color, cells(frame, method=method)
        curve, dots = part[part["kind"] == "curve"], part[part["kind"] == "published"]
        ax.plot(curve["step_value"], curve["error"], alpha=0.75, zorder=2, **_curve_options(method))
        ax.plot(dots["step_value"], dots["ours"].mask(dots["ours"] == 0), color=color, **_OURS | {"linestyle": "none"})
    ax.plot(given["step_value"], given["error"], **_RING)
    bottom = min(given["ours"][given["ours"] > 0].min(), frame["error"][frame["error"] > 0].min())
    ax.set(xlim=(low, high), ylim=(bottom / 300, 10 * given["error"].max()))


def deviations(rows: pd.DataFrame, panels: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return for each panel with rings that are not about their dots what the printed digits differ by."""
    notes = {}
    for title, names in panels.items():
        given = rows[rows["table"].isin(names) & (rows["published_total"].abs() > rows["resolution"])]
        ratio = given["published_total"].abs() / given["total_by_source"].abs()
        off = given[(ratio > APART) | (ratio < 1 / APART)]
        few = (off["published_total"] - off["total_by_source"]).abs() <= (1 + 1e-9) * off["resolution"]
        ulp = ~few & (off["agreement"] == "one ulp")
        reasons = [word for word, some in (("few printed digits", few), ("an ulp of f", ulp)) if some.any()]
        if reasons:
            notes[title] = "ring beside its dot:\n" + " or ".join(reasons)
    return notes


def drawn(records: pd.DataFrame, rows: pd.DataFrame, panels: dict[str, tuple[str, ...]]) -> pd.DataFrame:
    """Return what `draw_tables` draws: curves over the generic steps, and the rows whose digits show their error."""
    parts = []
    for title, names in panels.items():
        run = records[records["problem"].isin(names) & (records["grid"] == "generic")]
        curve = pd.DataFrame({"error": run["rms_error"], "kind": "curve"})
        parts.append(curve.assign(method=run["method"], step_value=run["step_value"], panel=title))
        given = rows[rows["table"].isin(names) & (rows["published_total"].abs() > rows["resolution"])]
        part = given[["method", "step_value"]].assign(
            error=given["published_total"].abs(), ours=given["total_by_source"].abs(), kind="published", panel=title
        )
        parts.append(part)
    columns = ["panel", "kind", "method", "step_value", "error", "ours"]
    return pd.concat(parts, ignore_index=True).reindex(columns=columns)
