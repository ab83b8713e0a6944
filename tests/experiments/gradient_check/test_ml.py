"""The large runs count every trial once."""

from dataclasses import replace

import pandas as pd

from experiments.gradient_check import ml as gradient_ml
from experiments.gradient_check.libraries import SUFFIX
from experiments.gradient_check.rules import RULES, Decision, Outcome
from experiments.gradient_check.trials import BY, HARMLESS, TrialPlan, run_trials

NETWORKS = ("sigmoid_squared",)


def test_large_runs_count_every_trial(tmp_path, monkeypatch):
    monkeypatch.setattr(gradient_ml, "installed", lambda: ())
    monkeypatch.setattr(gradient_ml, "ours", lambda: ())
    monkeypatch.setattr(gradient_ml, "BATCH", 1)
    frames = gradient_ml.tables(
        gradient_ml.Sizes(
            correct=2,
            wrong=2,
            correct_libraries=1,
            wrong_libraries=1,
            large=0,
            limits=0,
            curve=0,
            ten_tolerances=0,
            networks=NETWORKS,
        ),
        workers=1,
    )
    whole = run_trials(TrialPlan(NETWORKS, seeds=(0, 1)))
    for name, part in (("correct", whole[whole["kind"] == "correct"]), ("wrong", whole[whole["kind"] != "correct"])):
        verdicts = frames[name].drop(columns=[*BY, "size_min", "size_max"])
        assert verdicts.to_numpy().sum() == len(part)
        key = ["checker", "format", "bug"]
        sizes = part.groupby(key)["size"].agg(["min", "max"])
        pd.testing.assert_frame_equal(
            frames[name].set_index(key)[["size_min", "size_max"]].sort_index(),
            sizes.rename(columns={"min": "size_min", "max": "size_max"}),
        )
    assert {len(frames[name]) for name in ("large", "agreement", "limits", "curve", "ten_tolerances")} == {0}
    assert frames["versions"]["checker"].tolist() == [rule.name for rule in RULES]


def test_agreement_counts_pairs_that_were_decided_and_the_same_verdicts():
    """A library that passes everything agrees with the rule exactly where that one passes."""
    rule = next(rule for rule in RULES if rule.name == "autograd check_grads")
    library = replace(rule, name=rule.name + SUFFIX, rule=passes_everything)
    table = gradient_ml.agreement("", [library], (0,), 1).set_index("format")
    trials = run_trials(TrialPlan(seeds=(0,), checkers=(rule,)))
    assert set(table.index) == {"float16", "float32", "float64"}  # no bfloat16
    for name, row in table.iterrows():
        verdicts = trials[(trials["format"] == name) & (trials["verdict"] != HARMLESS)]["verdict"]
        assert (row["pairs"], row["same"]) == (len(verdicts), (verdicts == "passed").sum())
    assert 0 < table.loc["float64", "same"] < table.loc["float64", "pairs"]


def passes_everything(f, gradient, x, seed):
    return Outcome(Decision.PASSED)


def test_bad_number_of_workers_is_refused(capsys, tmp_path):
    assert gradient_ml.main(["--workers", "0", "--out", str(tmp_path)]) == 2
    assert "--workers must be at least 1" in capsys.readouterr().err


def test_a_quick_run_does_not_replace_the_large_one(capsys):
    assert gradient_ml.main(["--quick"]) == 2
    assert "--quick needs --out" in capsys.readouterr().err
