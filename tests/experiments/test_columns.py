"""Which columns are portable, by perturbation: what passed through elementary functions is changed, and they stay."""

import math

import numpy as np
import pytest

from experiments.experiment import failures_table, skips_table
from experiments.registry import EXPERIMENTS
from numdiff.report import columns
from numdiff.report.tables import exact_text
from numdiff.study.records import FIELDS
from numdiff.study.run import Measured
from tests.study.sweeps import run_sweeps

_NO_SIZES = ("computed", "status", "underflow", "failures", "prediction")
_SIZES = [name for name in FIELDS if FIELDS[name].metadata["kind"] == "platform" and name not in _NO_SIZES]


@pytest.fixture(scope="module")
def measured():
    chosen = [experiment.quick() for experiment in EXPERIMENTS.values() if experiment.sweeps]
    sweeps = dict.fromkeys(sweep for item in chosen for sweep in item.sweeps)
    found = run_sweeps(list(sweeps), "arb", progress=False)
    return {item: found[item.source] for item in chosen}


def on_another_platform(result):
    """Return what a machine might measure whose elementary functions are much worse; some of its cells fail."""
    records, draw = result.records.copy(), np.random.default_rng(7)
    for name in _SIZES:
        records[name] = records[name] * draw.uniform(0.5, 2, len(records))
    lost = (records["status"] == "ok") & (draw.random(len(records)) < 0.05)
    records.loc[lost, "status"] = "nan"
    records.loc[lost, [name for name in _SIZES if not name.endswith("_bound")]] = math.nan
    return Measured(records, result.skips)


def portable(experiment, result):
    """Return the portable columns of all tables and figures of an experiment, by their file and name."""
    found = {}
    tables = [*experiment.tables(result), failures_table(result.records), skips_table(result.skips)]
    items = [*((item, item.frame) for item in tables), *((item, item.data) for item in experiment.figures(result))]
    for item, frame in items:
        kinds = columns.described(list(frame.columns), item.kinds, item.where)["columns"]
        for name, kind in kinds.items():
            if kind == columns.PORTABLE:
                found[type(item).__name__, item.name, name] = [exact_text(value) for value in frame[name].tolist()]
    return found


def changed_columns(experiment, result):
    before, after = (portable(experiment, cells) for cells in (result, on_another_platform(result)))
    return [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]


@pytest.mark.parametrize("name", [name for name, item in EXPERIMENTS.items() if item.sweeps])
def test_portable_columns_stay_when_the_elementary_functions_change(measured, name):
    experiment, result = next((item, cells) for item, cells in measured.items() if item.name == name)
    wrong = sorted(changed_columns(experiment, result))
    assert not wrong, "\n".join(map(str, wrong))
