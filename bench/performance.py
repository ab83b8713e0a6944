"""The page of performance: ratios that the benchmarks measured, and what a large sweep takes at their rates.

    python bench/performance.py BENCHMARK.json [--out results/measured]

It reads what ``make bench`` has written, and writes ``performance.html`` and ``performance.csv``. They depend on the
machine: they are committed, and nothing is compared with them.
"""

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas

from bench.gates import Gate, read_gates
from experiments.gradient_cost.times import machine
from numdiff.files import write_file
from numdiff.report import checksums
from numdiff.report.figures import Figure
from numdiff.report.tables import csv_text

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "results" / "measured"
MEASURE = "test_sweep_throughput[arb]"
"""The benchmark of a whole sweep: cells, bytes of a cell in a file, seconds."""
LEDGER = "test_ledger_throughput"
SIZES = (10**6, 10**8, 10**10)
"""Cells of the sweeps that are planned."""
BLOCK = 10_000
"""Cells of a block, which one process measures at a time."""
CORES = (2, 64, 1024)


def ratios(gates: Sequence[Gate]) -> pd.DataFrame:
    """Return a row for each gate; `used` is the share of the limit that is used up, 1 at the limit."""
    rows = [
        {
            "what": gate.name,
            "ratio": gate.ratio,
            "limit": f"{'at most' if gate.sense == '<=' else 'at least'} {gate.limit:g}",
            "used": gate.ratio / gate.limit if gate.sense == "<=" else gate.limit / gate.ratio,
        }
        for gate in gates
    ]
    return pd.DataFrame(rows)


def planned(cells: int, per_second: float, bytes_per_cell: float) -> dict[str, Any]:
    """Return what a sweep of so many cells takes, with bounds and all columns.

    Parameters
    ----------
    cells : int
    per_second : float
        Cells a second of one core.
    bytes_per_cell : float
        Of a Parquet file.

    Examples
    --------
    >>> planned(10**10, 5000.0, 110.0)["core_hours"]
    555.5555555555555
    """
    seconds = cells / per_second
    return {
        "cells": cells,
        "blocks": math.ceil(cells / BLOCK),
        "gigabytes": cells * bytes_per_cell / 1e9,
        "core_hours": seconds / 3600,
        **{f"hours_on_{cores}_cores": seconds / 3600 / cores for cores in CORES},
    }


def rates(benchmarks: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the measured rates.

    Raises
    ------
    ValueError
        If a benchmark of them is not there.
    """
    known = {item["name"]: item for item in benchmarks}
    if missing := [name for name in (MEASURE, LEDGER) if name not in known]:
        raise ValueError(f"the file must hold {', '.join(missing)}: run make bench without ARGS")
    sweep, ledger = known[MEASURE], known[LEDGER]["extra_info"]
    return {
        "measured": sweep["extra_info"]["cells"] / sweep["stats"]["median"],
        "bytes": sweep["extra_info"]["bytes_per_cell"],
        "ledger": ledger["cells_per_second_arb"],
        "script": ledger["cells_per_second_script"],
    }


def draw(canvas: Canvas, frame: pd.DataFrame) -> None:
    """Draw the share of each limit that is used: a point for each ratio, its name beside the axis."""
    ax = canvas.subplots()
    places = np.arange(len(frame))[::-1]
    ax.hlines(places, 0, frame["used"], color="#9fb4c7", linewidth=2)
    ax.plot(frame["used"], places, "o", color="#1b5fb4")
    ax.axvline(1.0, color="#c2410c", linestyle="--", linewidth=1.2)
    ax.annotate("limit", (1.0, len(frame) - 0.4), ha="center", color="#c2410c", fontsize=9, annotation_clip=False)
    ax.set_yticks(places, frame["what"], fontsize=8)
    ax.set_xlim(0, max(1.1, 1.05 * float(frame["used"].max())))
    ax.set_ylim(-0.7, len(frame) - 0.3)
    ax.set_xlabel("share of the limit that is used")
    ax.grid(visible=False, axis="y")
    height = canvas.get_figheight()
    canvas.subplots_adjust(left=0.52, right=0.97, top=1 - 0.35 / height, bottom=0.6 / height)


def page(gates: Sequence[Gate], rate: Mapping[str, float]) -> str:
    """Return the page as HTML."""
    frame = ratios(gates)
    plan = pd.DataFrame([planned(cells, rate["measured"], rate["bytes"]) for cells in SIZES])
    numbers = plan.map(lambda value: f"{value:,.0f}" if value >= 10 else f"{value:.2g}")
    height = 1.2 + 0.24 * len(frame)
    figure = Figure(
        "used",
        "How much of each limit is used",
        "Each ratio of times as a share of its limit.",
        f"A row for each of {len(frame)} ratios; the largest share is {frame['used'].max():.2f}.",
        frame,
        draw,
        (9.0, height),
        narrow=(9.0, height),
    )
    shown = frame.assign(ratio=frame["ratio"].map("{:.3g}".format), used=frame["used"].map("{:.0%}".format))
    return PAGE.format(
        figure=figure.to_svg(),
        ratios=_table(shown),
        plan=_table(numbers),
        machine="; ".join(f"{name}: {value}" for name, value in machine()),
        block=BLOCK,
        **{name: f"{value:,.0f}" for name, value in rate.items()},
    )


def _table(frame: pd.DataFrame) -> str:
    heads = {str(name): str(name).replace("_on_", " on ").replace("_", " ") for name in frame}
    return frame.rename(columns=heads).to_html(index=False, border=0)


PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>How fast numdiff is</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #1d2731; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; font-size: 0.9rem; display: block; overflow-x: auto; }}
th, td {{ text-align: right; padding: 0.25rem 0.8rem 0.25rem 0; border-bottom: 1px solid #d5dce3; }}
th:first-child, td:first-child {{ text-align: left; }}
svg {{ max-width: 100%; height: auto; }}
</style>
</head>
<body>
<h1>How fast numdiff is</h1>
<p>Ratios of times, measured in turns within one run: they hold on any machine, which times do not. The limits are those
that <code>make bench</code> checks. This page is not rebuilt with the report, and nothing is compared with it.</p>
<figure>{figure}</figure>
<h2>Ratios and limits</h2>
{ratios}
<h2>What a large sweep takes</h2>
<p>One core measures {measured} cells a second with all bounds and columns. The ledger alone makes {ledger}. The obvious
mpmath script, which has no bounds, makes {script}. A cell takes {bytes} bytes of a Parquet file. The table is computed
from these rates, for blocks of {block} cells, as if cores never waited.</p>
{plan}
<h2>Where it was measured</h2>
<p>{machine}.</p>
</body>
</html>
"""


def write(file: Path, out: Path) -> list[Path]:
    """Write the page and its table, and the sums of all files of the folder.

    Raises
    ------
    ValueError
        If the file is not that of a whole run of the benchmarks.
    """
    gates = read_gates(file)
    data = json.loads(file.read_text(encoding="utf-8"))
    shown = page(gates, rates(data["benchmarks"]))
    pages = {"performance.html": shown, "performance.csv": csv_text(ratios(gates))}
    for name, text in pages.items():
        write_file(out / name, text.encode())
    checksums.write(out, [path for path in out.iterdir() if path.is_file()])
    return [out / name for name in pages]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page; return the exit status."""
    parser = argparse.ArgumentParser(description="Write the page of performance.")
    parser.add_argument("file", type=Path, help="written by make bench")
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR", help="default: results/measured")
    options = parser.parse_args(arguments)
    try:
        written = write(options.file, options.out)
    except (OSError, ValueError) as error:
        print(f"performance: error: {error}", file=sys.stderr)
        return 1
    print(f"{', '.join(map(str, written))} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
