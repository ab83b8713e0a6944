"""The trials are complete and reproducible, stored by what they were made with, and counted with exact intervals."""

import os
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.gradient_check.bugs import FORMATS
from experiments.gradient_check.claims import FACTORS, RIGHT, TEN_BARS
from experiments.gradient_check.counts import BY, LINES, counts, evaluations, rates, summed
from experiments.gradient_check.functions import FUNCTIONS
from experiments.gradient_check.ours import checked, ours
from experiments.gradient_check.rules import RULES, Checker, Decision, Line, Outcome
from experiments.gradient_check.subjects import SMALL
from experiments.gradient_check.traps import jax_trap, scipy_trap
from experiments.gradient_check.trials import COLUMNS, LEFT, TOGETHER, TrialPlan, Trials, run_trials, trials_of
from numdiff.analysis.statistics import binomial_interval, binomial_limit
from numdiff.study.store import Store

PLAN = TrialPlan(("poisson", "sigmoid_squared"), ("float16", "float64"), claims=(RIGHT, "zero", TEN_BARS, "sign"))


@pytest.fixture(scope="module")
def trials():
    return run_trials(PLAN)


def test_every_claim_that_has_a_place_meets_every_checker(trials):
    assert list(trials.columns) == COLUMNS
    assert not trials.duplicated(["subject", "format", "seed", "claim", "checker"]).any()
    everyone = {checker.name for checker in (*ours(), *RULES)}
    for name, claims in (("poisson", (RIGHT, "zero")), ("sigmoid_squared", (RIGHT, "zero", "sign"))):
        part = trials[(trials["subject"] == name) & (trials["claim"] != TEN_BARS)]
        assert set(part["claim"]) == set(claims)
        assert len(part) == 2 * len(claims) * len(everyone)
        assert set(part["checker"]) == everyone


def test_ten_bars_are_put_to_the_checker_whose_bars_they_are_and_by_coordinates_alone(trials):
    part = trials[trials["claim"] == TEN_BARS]
    assert set(part["checker"]) == {ours()[0].name}
    assert set(part["mode"]) == {"coordinates"}
    assert set(part["at"]) <= {line.value for line in Line} | {""}


def test_verdicts_on_lines_are_those_of_all_coordinates(trials):
    own = trials[(trials["checker"] == ours()[0].name) & (trials["verdict"] != LEFT)]
    assert (own[list(LINES)].sum(axis=1) == own["n"]).all()
    wrong = own[own["claim"] == "zero"]
    assert (wrong["at"] != "").all()
    assert (wrong[wrong["format"] == "float64"]["at"] == "disagree").all()


def test_evaluations_are_counted_by_the_runner(trials):
    torch = trials[(trials["checker"] == "torch gradcheck") & (trials["verdict"] != LEFT)]
    assert (torch["evaluations"] == 2 * torch["n"]).all()


def test_the_repeated_rule_takes_as_many_evaluations_as_our_check(trials):
    keys = ["subject", "format", "claim"]
    cost = trials.pivot(index=[*keys, "seed"], columns="checker", values="evaluations")
    mine, theirs = cost[ours()[1].name].dropna(), cost["jax check_grads (repeated)"].dropna()
    assert ((mine - theirs).abs() <= 1).all()


def test_workers_change_nothing(trials):
    pd.testing.assert_frame_equal(run_trials(PLAN, workers=2), trials)


def test_a_format_that_is_not_taken_is_recorded():
    plan = TrialPlan(("poisson",), ("bfloat16",), claims=(RIGHT,), checkers=RULES)
    table = run_trials(plan).set_index("checker")["verdict"]
    assert table["autograd check_grads"] == Decision.UNAVAILABLE


def always_inexact(f, gradient, x, seed):
    return Outcome(Decision.INEXACT, "said", (Line.INEXACT,) * x.size, (1.0,) * x.size)


def test_a_checker_is_added_by_naming_it():
    mine = Checker("mine", "1", "coordinates", ("float64",), always_inexact)
    (row,) = run_trials(TrialPlan(("poisson",), ("float64",), claims=(RIGHT,), checkers=(mine,))).itertuples()
    assert (row.checker, row.verdict, row.inexact, row.note) == ("mine", "called inexact", row.n, "said")


# --- counts ---------------------------------------------------------------------------------------------


def made_up(*verdicts):
    """Return trials of these verdicts, with one line each, undecided where the check is inconclusive."""
    frame = pd.DataFrame({"checker": "made up", "verdict": list(verdicts), "at": "", "evaluations": 4})
    frame[list(LINES)] = 0
    frame["undecided"] = (frame["verdict"] == "inconclusive").astype(int)
    return frame


def test_undecided_and_inexact_verdicts_are_no_errors_and_count():
    verdicts = ("passed", "passed", "rejected", "inconclusive", "called inexact", "failed", "unavailable", LEFT)
    counted = counts(made_up(*verdicts), ["checker"])
    (right,), (wrong,) = (list(rates(counted, flag).itertuples()) for flag in (False, True))
    assert (right.decided, right.errors, right.rate) == (5, 1, 0.2)
    assert (wrong.decided, wrong.errors, wrong.rate) == (5, 2, 0.4)
    assert right.undecided_share == wrong.undecided_share == 0.2
    assert (wrong.failed, wrong.unavailable, wrong.open) == (1, 1, 1)
    assert (right.low, right.high) == binomial_interval(1, 5)
    assert right.limit == binomial_limit(1, 5)


def test_a_checker_that_decided_nothing_has_no_rate():
    (row,) = rates(counts(made_up("failed", "unavailable"), ["checker"]), True).itertuples()
    assert row.decided == 0
    assert np.isnan([row.rate, row.low, row.high, row.limit]).all()


def test_counts_made_in_parts_add_up(trials):
    whole = counts(trials)
    parts = pd.concat([counts(trials[trials["subject"] == name]) for name in PLAN.subjects])
    pd.testing.assert_frame_equal(summed(parts, BY), whole)
    assert whole["evaluations"].sum() == trials["evaluations"].sum()
    assert summed(whole, ["checker"])["most"].max() == trials["evaluations"].max()


def test_evaluations_are_those_of_a_coordinate_where_coordinates_are_compared(trials):
    table = evaluations(trials).set_index(["checker", "format"])
    assert table.loc[("torch gradcheck", "float64"), ["median", "p90", "most"]].tolist() == [2, 2, 2]
    assert table.loc[("jax check_grads", "float64"), "most"] == 2


# --- the traps, measured ---------------------------------------------------------------------------------


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


# --- the same everywhere ---------------------------------------------------------------------------------

SMALL_RUN = """
import numpy as np
from experiments.gradient_check.traps import jax_trap, scipy_trap
from experiments.gradient_check.trials import TrialPlan, run_trials

a, b = np.random.default_rng(0).normal(size=(2, 64, 64)).astype(np.float32)
print((a @ b).tobytes().hex())
formats, claims = ("float32", "float64"), ("right", "sign", "zero", "ten_bars", "coordinate_1e-05")
for table in (
    run_trials(TrialPlan(("tanh_squared", "attention", "convolution", "gaussian_process"), formats, claims=claims)),
    scipy_trap(formats),
    jax_trap(formats),
):
    print(table.to_csv(float_format="%.17g"))
"""


def test_trials_are_the_same_bits_with_another_blas_kernel():
    """Two processes of the same program, which tell OpenBLAS to take its functions for different processors.

    In the formats that it has functions for.
    """
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


def test_losses_of_networks_are_made_of_correctly_rounded_functions(monkeypatch):
    """A function of the platform that is an ulp off changes no trial of a network."""
    plan = TrialPlan(SMALL, ("float32", "float64"), claims=(RIGHT, "sign"), checkers=RULES)
    before = run_trials(plan)
    for name in ("tanh", "exp", "log"):
        honest = getattr(np, name)
        monkeypatch.setattr(np, name, lambda x, honest=honest: np.nextafter(honest(x), x.dtype.type(0)))
    pd.testing.assert_frame_equal(run_trials(plan), before)


@pytest.mark.parametrize("name", ["attention", "gelu", "student", "fourier_features"])
def test_other_elementary_functions_are_other_values(monkeypatch, name):
    """What is stored of functions of the platform is then not used."""
    (one,) = trials_of(TrialPlan((name,), ("float32",), ("coordinates",), claims=(RIGHT,), checkers=RULES[:1]))
    before = one.values()
    for ufunc in ("exp", "tanh", "log", "cos"):
        honest = getattr(np, ufunc)
        monkeypatch.setattr(np, ufunc, lambda x, honest=honest: np.nextafter(honest(x), x.dtype.type(0)))
    assert not before.equals(one.values())


# --- stored ----------------------------------------------------------------------------------------------


def test_trials_are_cut_in_their_order_and_a_warm_run_repeats_nothing(tmp_path, monkeypatch):
    plan = TrialPlan(
        ("poisson", "stairs"), ("float16", "float32"), seeds=range(TOGETHER + 2), claims=(RIGHT,), checkers=RULES[:1]
    )
    pieces = trials_of(plan)
    assert [(p.plan.subjects[0], p.plan.formats[0], len(p.plan.seeds)) for p in pieces] == [
        *[("poisson", name, size) for name in ("float16", "float32") for size in (TOGETHER, 2)],
        *[("stairs", "float32", size) for size in (TOGETHER, 2)],  # nobody prints float16 with six digits
    ]
    store = Store(tmp_path)
    whole = run_trials(plan, store=store)
    assert len(whole) == 3 * (TOGETHER + 2)
    monkeypatch.setattr(Trials, "measure", lambda *_: pytest.fail("measured again"))
    pd.testing.assert_frame_equal(run_trials(plan, store=store), whole)


def test_key_is_the_same_in_every_process_and_another_for_another_question():
    plan = TrialPlan(("attention",), ("float32",), ("coordinates",), claims=(RIGHT,), checkers=(*ours()[:1], *RULES))
    (one,) = trials_of(plan)
    script = (
        "from experiments.gradient_check.trials import *; from experiments.gradient_check.ours import ours; "
        "from experiments.gradient_check.rules import RULES; "
        "plan = TrialPlan(('attention',), ('float32',), ('coordinates',), claims=('right',), "
        "checkers=(*ours()[:1], *RULES)); print(*[item.key() for item in trials_of(plan)])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [one.key()]
    checkers = one.plan.checkers
    changes = [
        {"seeds": (1,)},
        {"formats": ("float64",)},
        {"modes": ("directions",)},
        {"claims": ("zero",)},
        {"subjects": ("gelu",)},
        {"checkers": checkers[1:]},
        {"checkers": (replace(checkers[0], version="other"), *checkers[1:])},
        {"checkers": (replace(checkers[0], rule=partial(checked, directions=5)), *checkers[1:])},
    ]
    assert len({one.key(), *(Trials(replace(one.plan, **change)).key() for change in changes)}) == 1 + len(changes)


def test_all_functions_can_be_tried_in_all_their_formats():
    plan = TrialPlan(tuple(FUNCTIONS), claims=(RIGHT, *FACTORS), checkers=RULES[:2])
    table = run_trials(plan)
    pairs = {(name, form) for name, item in FUNCTIONS.items() for form in item.formats}
    assert set(zip(table["subject"], table["format"], strict=True)) == pairs
    assert (table["verdict"] != "failed").all()
