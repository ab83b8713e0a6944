"""What is registered at run time is known to other processes, or refused before they start."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from numdiff.floats.formats import FORMATS, FloatFormat
from numdiff.formulas.stencil import Stencil, centered
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS, Problem
from numdiff.study.blocks import Block, blocks_of
from numdiff.study.run import added_for, run_blocks
from numdiff.study.store import Store
from numdiff.study.sweep import Sweep
from tests.extra_rows import FLOAT8_E4M3FN, FLOAT8_E5M2
from tests.study.sweeps import run_sweeps

TEN, FLOAT8 = centered(10), (FLOAT8_E5M2, FLOAT8_E4M3FN)
EXP = PROBLEMS["exp"]


def own(**changes: Any) -> Problem:
    """Return a problem whose functions any process can import."""
    return replace(EXP, name="own", f=np.sin, derivative=np.cos, formula="sin(x)", **changes)


@pytest.fixture
def registered() -> Iterator[Sweep]:
    with FORMATS.holding(*FLOAT8), METHODS.holding(TEN), PROBLEMS.holding(own()):
        yield Sweep("s", ("own", "exp"), (TEN.name, "forward"), (FLOAT8[0].name, "float64"), last_step=5)


def test_workers_know_formats_methods_and_problems_that_were_registered(registered: Sweep) -> None:
    one, two = (run_sweeps([registered], "arb", workers=workers, progress=False)["s"] for workers in (1, 2))
    assert one.records.to_csv() == two.records.to_csv()
    assert set(one.records["format"]) == {FLOAT8[0].name, "float64"}
    assert set(one.records["method"]) == {TEN.name, "forward"}
    assert set(one.records["problem"]) == {"own", "exp"}


def test_only_what_is_needed_is_sent(registered: Sweep) -> None:
    few = replace(registered, problems=("exp",), methods=("forward",), formats=("float64",))
    assert added_for(blocks_of(few, "arb")) == ([], [], [])
    formats, methods, problems = added_for(blocks_of(registered, "arb"))
    assert [[item.name for item in kind] for kind in (formats, methods, problems)] == [
        [FLOAT8[0].name],
        [TEN.name],
        ["own"],
    ]


def test_problem_of_lambdas_is_refused_before_anything_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Block, "measure", lambda *_: pytest.fail("measured"))
    with PROBLEMS.holding(replace(own(), f=lambda x: np.sin(x))):
        blocks = blocks_of(Sweep("s", ("own",), ("forward",), ("float64",), last_step=3), "arb")
        with pytest.raises(ValueError, match=r"problem must have functions of a module .* got 'own' .* use workers=1"):
            run_blocks(blocks, workers=2, progress=False)


def test_problem_of_lambdas_is_measured_in_this_process_and_never_stored(tmp_path: Path) -> None:
    store = Store(tmp_path)
    sweep = Sweep("s", ("own",), ("forward",), ("float64",), last_step=3)
    found = []
    for factor in (1.0, 2.0):
        problem = replace(
            own(), f=lambda x, factor=factor: factor * np.sin(x), derivative=lambda x, k=factor: k * np.cos(x)
        )
        with PROBLEMS.holding(problem):
            found.append(run_blocks(blocks_of(sweep, "arb"), store=store, progress=False)[0].records)
    assert found[0]["computed"].tolist() != found[1]["computed"].tolist()
    assert not list(tmp_path.rglob("*.parquet"))


def test_key_knows_what_a_registered_name_stands_for() -> None:
    sweep = Sweep("s", ("exp",), ("forward",), ("float64",), last_step=3)
    plain = Block(sweep, "arb", "exp").key()
    keys = set()
    for weights in ((-1, 1), (-2, 2)):
        step = Fraction(1, abs(weights[0]))
        with METHODS.holding(Stencil("mine", (Fraction(0), step), weights)):
            keys.add(Block(replace(sweep, methods=("mine",)), "arb", "exp").key())
            assert Block(sweep, "arb", "exp").key() == plain
    assert len(keys) == 2


def test_formats_survive_pickling() -> None:
    import pickle

    for item in (*FORMATS.values(), *FLOAT8):
        again = pickle.loads(pickle.dumps(item))
        assert isinstance(again, FloatFormat)
        assert again == item
    assert np.dtype(ml_dtypes.float8_e5m2) in [item.dtype for item in FLOAT8]
