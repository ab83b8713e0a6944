"""A small sweep and its explorer: an ordinary function, one whose steps leave its domain, a line, a long value.

The records are read back here by code of its own.
"""

import base64
import json
import math
import re
import struct
from functools import cache

import numpy as np
import pandas as pd

from experiments.explorer import explorer_of
from numdiff.report import Section, write_report
from numdiff.report.explorer import Explorer
from numdiff.study.run import Measured
from numdiff.study.sweep import Sweep
from tests.study.sweeps import run_sweeps

FUNCTIONS = ("composition", "nash_log_near_zero", "kostyrka_line", "shi_flat")
SWEEP = Sweep("step_sweep", FUNCTIONS, given_steps=(1e-4,), neighbourhood=True, predictions=True)


@cache
def measured() -> Measured:
    return run_sweeps([SWEEP], "mpmath", progress=False)["step_sweep"]


@cache
def made() -> Explorer:
    found = explorer_of({"step_sweep": measured()})
    assert found is not None
    return found


def write(out) -> None:
    """Write a page with the explorer and one section."""
    section = Section("one", "A section", "What else is there?", "Nothing.")
    write_report([section], {"command": "c"}, out, title="Curves", lead="All.", command="c", explorer=made())


def data_of(page: str) -> dict:
    """Return the data that a page carries."""
    return json.loads(re.search(r'<script type="application/json" id="explorer-data">(.*?)</script>', page, re.S)[1])


def column(data: dict, grid: str, function: str, formula: str, name: str, column_name: str) -> list[float]:
    """Return a column of a run as a reader of the page has to read it."""
    family = data["runs"][grid][function][formula]
    source, n = family[name], len(family[name]["status"])
    if column_name in data["sums"]:
        parts = [column(data, grid, function, formula, name, part) for part in data["sums"][column_name]]
        numbers = [sum(values) for values in zip(*parts, strict=True)]
        cancelled = iter(source["cancelled"][list(data["sums"]).index(column_name)])
        for i, value in zip(cancelled, cancelled, strict=True):
            numbers[i] = math.nan if value is None else value
        return numbers
    index, size = list(data["sizes"]).index(column_name), data["sizes"][column_name]
    if source["columns"][index] == "=":
        source = max(family.values(), key=lambda run: len(run["status"]))
    kept = base64.b64decode(source["columns"][index])
    words = [kept[i : i + size] for i in range(0, len(kept), size)]
    numbers = [struct.unpack("<d", bytes(8 - size) + word)[0] for word in words]
    return ([0.0] * (len(source["status"]) - len(numbers)) + numbers)[:n]


def computed(run: dict) -> list[float]:
    kept, n = base64.b64decode(run["computed"]), len(run["status"])
    return list(struct.unpack(f"<{n}{'d' if len(kept) == 8 * n else 'f'}", kept))


def runs(records: pd.DataFrame):
    """Yield the key and the records of each run of the binary grids, from the largest step on."""
    chosen = records[records["grid"].isin(["generic", "dyadic"])]
    for key, run in chosen.groupby(["grid", "problem", "method", "format"]):
        yield key, run.sort_values("k")


def same(a, b) -> bool:
    return bool(np.array_equal(np.asarray(a, float), np.asarray(b, float), equal_nan=True))
