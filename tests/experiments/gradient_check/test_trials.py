"""The trials are complete and reproducible, their rates have exact intervals, and the traps are there."""

import os
import subprocess
import sys
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.gradient_check.bugs import BUGS, FORMATS
from experiments.gradient_check.networks import NumpyNetwork
from experiments.gradient_check.ours import checked, ours
from experiments.gradient_check.rules import RULES, Checker, Decision, Outcome
from experiments.gradient_check.trials import (
    CORRECT,
    HARMLESS,
    NETWORKS,
    SMALL,
    TOGETHER,
    GradientUnderTest,
    Loss,
    TrialPlan,
    Trials,
    counts,
    jax_trap,
    rates,
    run_trials,
    scipy_trap,
    trials_of,
)
from numdiff.analysis.statistics import binomial_interval
from numdiff.study.store import Store

SMALL_PLAN = TrialPlan(networks=("sigmoid_squared",), seeds=(0, 1))


def trials():
    return run_trials(SMALL_PLAN)


def test_every_combination_with_its_place_has_a_row():
    table = trials()
    network = NumpyNetwork(*NETWORKS["sigmoid_squared"], 0)
    for format_name, dtype in FORMATS.items():
        bugs = [CORRECT, *(bug for bug in BUGS if BUGS[bug].fits(network, dtype))]
        part = table[table["format"] == format_name]
        assert len(part) == 2 * len(bugs) * len(RULES)
        assert set(part["bug"]) == set(bugs)
    assert not table.duplicated(["format", "network", "seed", "bug", "checker"]).any()


def test_workers_change_nothing():
    plan = TrialPlan(
        networks=("sigmoid_squared",), formats=("bfloat16", "float64"), seeds=(0, 1), bugs=(CORRECT, "sign")
    )
    pd.testing.assert_frame_equal(run_trials(plan), run_trials(plan, workers=2))


def test_what_does_not_change_the_gradient_is_no_trial():
    table = trials()
    harmless = table["verdict"] == HARMLESS
    assert harmless.any()
    assert ((table["size"] == 0) & (table["bug"] != CORRECT)).equals(harmless)


def test_a_format_that_is_not_taken_is_recorded():
    table = trials()
    part = table[(table["checker"] == "autograd check_grads") & (table["format"] == "bfloat16")]
    assert set(part["verdict"]) == {Decision.UNAVAILABLE.value, HARMLESS}


def test_remembered_values_are_those_of_the_network():
    network = NumpyNetwork(*NETWORKS["tanh_squared"], 0)
    loss = Loss(network, FORMATS["float16"])
    theta = network.theta(FORMATS["float16"])
    assert loss(theta) == loss(theta.copy()) == network.loss(theta)
    assert loss(theta.astype(np.float64) * (1 + 1e-6)) == network.loss(theta)  # rounds back to the same point
    assert type(loss(theta)) is np.float16
    other = theta.copy()
    other[0] += 1
    assert loss(other) == network.loss(other) != loss(theta)


def test_a_claim_is_wrong_at_other_points_too():
    network = NumpyNetwork(*NETWORKS["tanh_squared"], 0)
    theta = network.theta()
    claim = GradientUnderTest(network, "sign", theta, -network.gradient(theta))
    np.testing.assert_array_equal(claim(theta), -network.gradient(theta))
    np.testing.assert_array_equal(claim(theta + 1), -network.gradient(theta + 1))
    claim(theta)[:] = 0
    assert claim(theta).any()


def made_up(*verdicts):
    return pd.DataFrame({"checker": "made up", "verdict": list(verdicts)})


def test_errors_are_rejections_of_correct_and_everything_else_decided_on_wrong_gradients():
    counted = counts(
        made_up("passed", "passed", "rejected", "inconclusive", "failed", "unavailable", HARMLESS), ["checker"]
    )
    (right,), (wrong,) = (list(rates(counted, flag).itertuples()) for flag in (False, True))
    assert (right.decided, right.errors, right.rate) == (4, 1, 0.25)
    assert (wrong.decided, wrong.errors, wrong.rate) == (4, 3, 0.75)
    assert (wrong.failed, wrong.unavailable, wrong.harmless) == (1, 1, 1)
    assert (right.low, right.high) == binomial_interval(1, 4)


def test_a_checker_that_decided_nothing_has_no_rate():
    (row,) = rates(counts(made_up("failed", "unavailable"), ["checker"]), True).itertuples()
    assert row.decided == 0
    assert np.isnan([row.rate, row.low, row.high]).all()


def always_inconclusive(f, gradient, x, seed):
    return Outcome(Decision.INCONCLUSIVE, "")


def test_a_checker_is_added_by_naming_it():
    plan = TrialPlan(
        ("sigmoid_squared",),
        ("float64",),
        (0,),
        (CORRECT,),
        (*RULES, Checker("mine", "1", "direction", ("float64",), always_inconclusive)),
    )
    assert run_trials(plan)["verdict"].tolist()[-1] == "inconclusive"


def test_scipy_sees_no_slope_in_narrow_formats_and_returns_at_least_the_norm():
    table = scipy_trap().set_index("format")
    for name in ("float16", "bfloat16"):
        assert (table.loc[name, "zeros"] == table.loc[name, "n"]).all()
        assert (table.loc[name, "ratio"] - 1).abs().max() < 1e-12
    assert (table.loc["float32", "zeros"] / table.loc["float32", "n"]).min() > 0.8
    assert table.loc["float32", "ratio"].min() > 0.99
    assert table.loc["float64", "ratio"].max() < 1e-6


def test_jax_moves_few_coordinates_in_half_precision():
    table = jax_trap().assign(share=lambda t: t["moved"] / t["n"]).set_index("format")
    assert table.loc["bfloat16", "share"].max() < 0.2
    assert table.loc["float16", "share"].max() < 0.5
    assert (table.loc[["float32", "float64"], "share"] == 1).all()
    assert set(table.loc["bfloat16", "numeric"]) == {0.0}
    assert len(table) == len(FORMATS) * len(SMALL)


SMALL_RUN = """
import numpy as np
from experiments.gradient_check.ours import ours
from experiments.gradient_check.rules import RULES
from experiments.gradient_check.trials import TrialPlan, jax_trap, run_trials, scipy_trap

a, b = np.random.default_rng(0).normal(size=(2, 64, 64)).astype(np.float32)
print((a @ b).tobytes().hex())
formats, bugs = ("float16", "float32", "float64"), ("none", "sign", "relative_1e-03", "coordinate_1e-05")
plan = TrialPlan(("tanh_squared",), formats, (0,), bugs, (*ours(), *RULES))
for table in (run_trials(plan), scipy_trap(formats), jax_trap(formats)):
    print(table.to_csv(float_format="%.17g"))
"""


def test_trials_are_the_same_bits_with_another_blas_kernel():
    """Two processes of the same program, which tell OpenBLAS to take its functions for different processors."""
    root = Path(__file__).resolve().parents[3]
    started = [
        subprocess.Popen(
            [sys.executable, "-c", SMALL_RUN],
            cwd=root,
            env=os.environ | {"OPENBLAS_CORETYPE": kernel},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for kernel in ("Haswell", "Prescott")
    ]
    answers = [process.communicate() for process in started]
    assert [process.returncode for process in started] == [0, 0], answers
    (product, *rest), (other_product, *other_rest) = (answer.splitlines() for answer, _ in answers)
    if product == other_product:
        pytest.skip("whatever OPENBLAS_CORETYPE says, this NumPy multiplies alike: its BLAS has one kernel")
    assert len(rest) > 100
    assert rest == other_rest


# --- stored ----------------------------------------------------------------------------------------


def test_trials_are_cut_in_their_order_and_stored(tmp_path):
    plan = TrialPlan(
        ("sigmoid_squared", "tanh_squared"), ("float16", "float32"), range(TOGETHER + 2), (CORRECT,), RULES[:1]
    )
    pieces = trials_of(plan)
    assert [(p.plan.networks[0], p.plan.formats[0], len(p.plan.seeds)) for p in pieces][:3] == [
        ("sigmoid_squared", "float16", TOGETHER),
        ("sigmoid_squared", "float16", 2),
        ("sigmoid_squared", "float32", TOGETHER),
    ]
    store = Store(tmp_path)
    whole = run_trials(plan, store=store)
    order = list(product(plan.networks, plan.formats, plan.seeds))
    assert list(whole[["network", "format", "seed"]].itertuples(index=False, name=None)) == order
    files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    pd.testing.assert_frame_equal(run_trials(plan, store=store), whole)
    assert files == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}


def test_key_is_the_same_in_every_process_and_another_for_another_question():
    plan = TrialPlan(("tanh_squared",), ("float32",), (0,), (CORRECT,), (*ours(), *RULES))
    (one,) = trials_of(plan)
    script = (
        "from experiments.gradient_check.trials import *; from experiments.gradient_check.ours import ours; "
        "plan = TrialPlan(('tanh_squared',), ('float32',), (0,), (CORRECT,), (*ours(), *RULES)); "
        "print(*[item.key() for item in trials_of(plan)])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [one.key()]
    changes = [
        {"seeds": (1,)},
        {"formats": ("float64",)},
        {"bugs": ("sign",)},
        {"networks": ("sigmoid_squared",)},
        {"checkers": RULES},
        {"checkers": (replace(ours()[0], version="other"), ours()[1], *RULES)},
        {"checkers": (ours()[0], replace(ours()[1], rule=partial(checked, directions=5)), *RULES)},
    ]
    assert len({one.key(), *(Trials(replace(plan, **change)).key() for change in changes)}) == 1 + len(changes)


def test_losses_are_made_of_correctly_rounded_functions(monkeypatch):
    """A function of the platform that is an ulp off changes no trial."""
    plan = TrialPlan(SMALL, ("float32", "float64"), (0,), (CORRECT, "sign"), (*ours(), *RULES))
    before = run_trials(plan)
    for name in ("tanh", "exp", "log"):
        honest = getattr(np, name)
        monkeypatch.setattr(np, name, lambda x, honest=honest: np.nextafter(honest(x), x.dtype.type(0)))
    pd.testing.assert_frame_equal(run_trials(plan), before)
