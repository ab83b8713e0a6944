"""The large runs count every trial once, and a warm run measures nothing."""

from dataclasses import replace

import pandas as pd
import pytest

from experiments.gradient_check import ml as gradient_ml
from experiments.gradient_check import schedule
from experiments.gradient_check.claims import FACTORS, RIGHT
from experiments.gradient_check.counts import BY, JUDGED, counts
from experiments.gradient_check.functions import group_of
from experiments.gradient_check.libraries import SUFFIX
from experiments.gradient_check.ours import ours
from experiments.gradient_check.rules import RULES, Decision, Outcome
from experiments.gradient_check.schedule import Sizes
from experiments.gradient_check.trials import TrialPlan, run_trials
from numdiff.floats.formats import FORMATS
from numdiff.study.store import Store

FEW = TrialPlan(("poisson", "gru"), ("float32", "float64"), claims=(RIGHT, "zero"), checkers=(*ours(), RULES[0]))


def passes_everything(f, gradient, x, seed):
    return Outcome(Decision.PASSED)


@pytest.fixture
def small_schedule(monkeypatch):
    library = replace(RULES[0], name=RULES[0].name + SUFFIX, rule=passes_everything)
    monkeypatch.setattr(gradient_ml, "installed", lambda: (library,))
    monkeypatch.setattr(schedule, "plans", lambda sizes: [FEW, replace(FEW, seeds=(1,))])
    monkeypatch.setattr(
        schedule, "library_plans", lambda libraries, sizes: [replace(FEW, checkers=(library, RULES[0]))]
    )
    monkeypatch.setattr(schedule, "limits", lambda sizes: [])
    monkeypatch.setattr(schedule, "oracle", lambda sizes: schedule.oracles(("poisson",), ("float32",), (0,)))


def test_large_runs_count_every_trial_and_a_warm_one_makes_none(small_schedule, tmp_path, monkeypatch):
    sizes, store = replace(Sizes().quick(), curve=0), Store(tmp_path)
    found = gradient_ml.tables(sizes, 1, store)
    whole = run_trials(replace(FEW, seeds=(0, 1)))
    left = found["verdicts"].sort_values(list(BY), ignore_index=True)
    pd.testing.assert_frame_equal(left, counts(whole).sort_values(list(BY), ignore_index=True))
    assert set(found["functions"]["checker"]) == {checker.name for checker in ours()}
    agreement = found["agreement"].set_index("format")
    beside = run_trials(replace(FEW, checkers=RULES[:1]))
    for name, row in agreement.iterrows():
        verdicts = beside[beside["format"] == name]["verdict"]
        assert (row["pairs"], row["same"]) == (len(verdicts), (verdicts == "passed").sum())
    for kind in ("Trials", "Oracle"):
        module = gradient_ml.schedule.trials_of.__module__ if kind == "Trials" else schedule.oracles.__module__
        monkeypatch.setattr(f"{module}.{kind}.measure", lambda *_: pytest.fail("measured again"))
    again = gradient_ml.tables(sizes, 1, store)
    assert set(again) == set(found)
    for name, frame in found.items():
        pd.testing.assert_frame_equal(again[name], frame)


def test_tables_of_an_earlier_version_do_not_stay_among_ours(small_schedule, tmp_path, monkeypatch):
    ours_, theirs = tmp_path / "ml", tmp_path / "other"
    monkeypatch.setattr(gradient_ml, "OUT", ours_)
    monkeypatch.setattr(schedule, "curve", lambda sizes: [])
    for folder in (ours_, theirs):
        folder.mkdir()
        (folder / "earlier.csv").write_text("a\n1\n")
        (folder / "notes.md").write_text("mine")
        assert gradient_ml.main(["--out", str(folder), "--records", str(tmp_path / "records")]) == 0
        assert (folder / "notes.md").read_text() == "mine"
        assert (folder / "verdicts.csv").exists()
    assert not (ours_ / "earlier.csv").exists()
    assert (theirs / "earlier.csv").exists()


def test_ten_thousand_right_gradients_and_wrong_coordinates_are_planned_in_each_format_and_mode():
    sizes = Sizes()
    for name in FORMATS:
        right = wrong = 0
        for plan in schedule.plans(sizes):
            if plan.formats == (name,) and all(group_of(subject) in JUDGED for subject in plan.subjects[:1]):
                each = len(plan.subjects) * len(plan.seeds)
                right += each * (RIGHT in plan.claims) * (plan.subjects == schedule.judged(name))
                wrong += each * len(set(plan.claims) & set(FACTORS))
        assert right >= sizes.checks == 10_000
        assert wrong >= 10_000
        assert len(schedule.judged(name)) >= 15


def test_bad_number_of_workers_is_refused(capsys, tmp_path):
    assert gradient_ml.main(["--workers", "0", "--out", str(tmp_path)]) == 2
    assert "--workers must be at least 1" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--quick"], ["--checks", "10"]])
def test_a_short_run_does_not_replace_the_large_one(capsys, options):
    assert gradient_ml.main(options) == 2
    assert "need --out" in capsys.readouterr().err
