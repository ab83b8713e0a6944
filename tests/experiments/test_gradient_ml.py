"""The large runs count every trial once."""

import pandas as pd

from experiments import gradient_ml
from experiments.gradient_rules import RULES
from experiments.gradient_trials import BY, Plan, run

NETWORKS = ("sigmoid_squared",)


def test_large_runs_count_every_trial(tmp_path, monkeypatch):
    monkeypatch.setattr(gradient_ml, "installed", lambda: ())
    monkeypatch.setattr(gradient_ml, "ours", lambda: ())
    monkeypatch.setattr(gradient_ml, "BATCH", 1)
    frames = gradient_ml.tables(gradient_ml.Sizes(2, 2, 1, 1, 0, NETWORKS), workers=1)
    whole = run(Plan(NETWORKS, seeds=(0, 1)))
    for name, part in (("correct", whole[whole["kind"] == "correct"]), ("wrong", whole[whole["kind"] != "correct"])):
        verdicts = frames[name].drop(columns=[*BY, "size_min", "size_max"])
        assert verdicts.to_numpy().sum() == len(part)
        key = ["checker", "format", "bug"]
        sizes = part.groupby(key)["size"].agg(["min", "max"])
        pd.testing.assert_frame_equal(
            frames[name].set_index(key)[["size_min", "size_max"]].sort_index(),
            sizes.rename(columns={"min": "size_min", "max": "size_max"}),
        )
    assert [len(frames[name]) for name in ("large", "agreement")] == [0, 0]
    assert frames["versions"]["checker"].tolist() == [rule.name for rule in RULES]


def test_bad_number_of_workers_is_refused(capsys, tmp_path):
    assert gradient_ml.main(["--workers", "0", "--out", str(tmp_path)]) == 2
    assert "--workers must be at least 1" in capsys.readouterr().err
