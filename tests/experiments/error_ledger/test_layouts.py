"""Shares do not hang on how a frame lies in memory: after a file, another process, or a few frames joined."""

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd

from experiments.error_ledger.error_ledger import PARTS, shares
from experiments.registry import EXPERIMENTS
from tests.study.sweeps import run_sweeps


def test_shares_are_the_same_however_the_records_lie_in_memory():
    whole = EXPERIMENTS["error_ledger"].sweeps[0]
    sweep = replace(whole, problems=("exp", "runge", "square"), formats=("float32", "float64"), all_points=False)
    records = run_sweeps([sweep], "arb", progress=False)[sweep.name].records
    half = len(records) // 2
    layouts = [
        records,
        pickle.loads(pickle.dumps(records)),
        pd.concat([records[[name]] for name in records.columns], axis=1),
        pd.concat([records.iloc[:half], records.iloc[half:]], ignore_index=True),
    ]
    found = [shares(frame)[[f"{part}_share" for part in PARTS]].to_numpy() for frame in layouts]
    assert len(found[0]) > 100
    assert all(np.array_equal(found[0], other, equal_nan=True) for other in found[1:])
