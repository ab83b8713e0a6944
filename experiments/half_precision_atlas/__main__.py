"""Draw the atlas: ``python -m experiments.half_precision_atlas`` (make atlas).

It takes some minutes, so it is not part of ``make experiments``. What it writes to ``results/atlas/`` is committed:

- ``maxima.csv``: the largest error of each part in each step, absolute and relative, and the x of each in hexadecimal;
- ``cells.csv``: how the cells of each step ended, and how many parts went to the ledger;
- ``digits_<format>.npy``: the maps, codes of `experiments.half_precision_atlas.maps`, by function, formula, step, x;
- ``<format>.png``: the maps as pictures.

All numbers passed through the elementary functions of the platform, but for truncation and abscissa.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.half_precision_atlas.atlas import FORMULAS, FUNCTIONS, Sheet, sheets
from experiments.half_precision_atlas.drawing import draw
from experiments.half_precision_atlas.formats import NAMES, eight_bits
from experiments.half_precision_atlas.maps import NOTHING
from experiments.places import unsuitable_folder
from numdiff.files import fresh_folder
from numdiff.interruption import Interruption
from numdiff.report import checksums
from numdiff.report.tables import csv_text

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "results" / "atlas"


def main(arguments: Sequence[str] | None = None) -> int:
    """Compute, write, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m experiments.half_precision_atlas", description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR", help="where it goes (default: results/atlas)")
    parser.add_argument("--formats", nargs="+", choices=NAMES, default=NAMES, metavar="FORMAT", help=", ".join(NAMES))
    options = parser.parse_args(arguments)
    if len(options.formats) < len(NAMES) and options.out.resolve() == OUT.resolve():
        print("--formats needs --out: results/atlas has all of them", file=sys.stderr)
        return 2
    if refused := unsuitable_folder("--out", options.out):
        print(refused, file=sys.stderr)
        return 2
    started = time.process_time()
    with eight_bits():
        found = list(sheets([name for name in NAMES if name in options.formats], done=_tell))
        write(found, options.out)
    print(f"{sum(s.counts['cells'].sum() for s in found)} cells in {time.process_time() - started:.0f} s of one core")
    return 0


def write(found: Sequence[Sheet], out: Path) -> None:
    """Write all files."""
    with fresh_folder(out) as folder:
        files = {
            "maxima.csv": csv_text(pd.concat([sheet.maxima for sheet in found], ignore_index=True)),
            "cells.csv": csv_text(pd.concat([sheet.counts for sheet in found], ignore_index=True)),
        }
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
        for fmt in dict.fromkeys(sheet.format for sheet in found):
            of_format = [sheet for sheet in found if sheet.format == fmt]
            np.save(folder / f"digits_{fmt}.npy", stacked(of_format))
            draw(of_format, folder / f"{fmt}.png")
        checksums.write(folder, sorted(folder.iterdir()))


def stacked(found: Sequence[Sheet]) -> np.ndarray:
    """Return the maps of a format in one array; a formula that takes fewer steps has no derivatives at the others."""
    steps = max(len(sheet.digits) for sheet in found)
    result = np.full((len(FUNCTIONS), len(FORMULAS), steps, found[0].digits.shape[1]), NOTHING, dtype=np.uint8)
    for sheet in found:
        result[FUNCTIONS.index(sheet.function), FORMULAS.index(sheet.formula), : len(sheet.digits)] = sheet.digits
    return result


def _tell(sheet: Sheet) -> None:
    totals = sheet.counts.sum(numeric_only=True)
    sent = int(totals.filter(like="ledger_").sum())
    print(
        f"{sheet.format} {sheet.function} {sheet.formula}: {totals['cells']} cells, {totals['with_parts']} with parts, "
        f"{sent} parts from the ledger, {time.process_time():.0f} s",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(Interruption("interrupted; nothing was written").run(main))
