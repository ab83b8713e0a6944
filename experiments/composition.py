"""Square∘Exp∘Square at 0.5: the course's number, and where its error comes from."""

import pandas as pd

from experiments.common import cells, listed
from experiments.pictures import draw_parts
from experiments.runs import digits, in_order, optima, plain
from numdiff.report import figures as draw
from numdiff.report.styles import INK
from numdiff.report.tables import Table
from numdiff.study.records import PARTS
from numdiff.study.sweep import Sweep

POSITION = 4
TITLE = "The course's composition"
QUESTION = "Square∘Exp∘Square at 0.5 gives 3.2974426293330694 at eps = 1e-4: where does its error come from?"
EPS = 1e-4
SWEEP = Sweep("composition", ("composition",), given_steps=(EPS,), neighbourhood=True)
LEDGER = ["format", "method", "computed_value", "total", *PARTS, "status"]


def at_eps(records):
    """Return the cells at the course's step, narrow formats first."""
    return in_order(cells(records, grid="given"), "method", "format")


def best_steps(records):
    """Return the best step of each formula and format beside the course's."""
    given = at_eps(records).set_index(["method", "format"])[["rms_error", "reference", "status"]]
    best = in_order(optima(records), "method", "format").set_index(["method", "format"])
    best = best[["step_value", "rms_error", "digits"]].join(given, rsuffix="_eps")
    lost = digits(best["rms_error_eps"], best["reference"])
    return best.assign(digits_eps=lost, times=best["rms_error_eps"] / best["rms_error"]).reset_index()
