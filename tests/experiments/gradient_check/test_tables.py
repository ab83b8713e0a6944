"""The tables of the trials say what was counted, with words where there is no number."""

import numpy as np
import pandas as pd
import pytest

from experiments.gradient_check import tables
from experiments.gradient_check.bugs import BUGS
from experiments.gradient_check.rules import RULES
from experiments.gradient_check.trials import BY, VERDICTS, TrialPlan, counts, run_trials
from numdiff.analysis.statistics import binomial_limit
from numdiff.report.tables import csv_text


def counted(*rows):
    """Return counts from (checker, format, kind, bug, nominal, passed, rejected, …) with zeros for the rest."""
    filled = [(*row, *[0] * (len(BY) + len(VERDICTS) - len(row))) for row in rows]
    return pd.DataFrame(filled, columns=[*BY, *VERDICTS])


def test_false_positives_have_the_one_sided_limit():
    frame = tables.false_positives(
        counted(
            ("a", "float64", "correct", "none", np.nan, 10_000, 0),
            ("b", "float64", "correct", "none", np.nan, 9, 1),
            ("a", "float64", "mistake", "sign", np.nan, 0, 5),
        )
    )
    assert frame["rejected"].tolist() == [0, 1]
    assert frame["limit"].tolist() == [binomial_limit(0, 10_000), binomial_limit(1, 10)]
    assert frame["limit"][0] < 3e-4


def test_the_limit_over_decided_gradients_is_that_of_fewer_trials():
    frame = tables.false_positives(counted(("a", "bfloat16", "correct", "none", np.nan, 845, 0, 9155)))
    assert frame["limit"][0] == binomial_limit(0, 10_000)
    assert frame["limit_decided"][0] == binomial_limit(0, 845) > 10 * frame["limit"][0]


def test_shares_of_missed_bugs_stand_in_columns_with_words_where_there_is_none():
    frame = counted(
        ("torch gradcheck", "float32", "mistake", "sign", np.nan, 1, 3),
        ("jax check_grads", "float32", "mistake", "sign", np.nan, 0, 0, 0, 0, 4),
        ("torch gradcheck", "float32", "mistake", "swapped", np.nan, 0, 0, 0, 0, 0, 4),
        ("jax check_grads", "float32", "mistake", "swapped", np.nan, 0, 0, 0, 4),
        ("torch gradcheck", "float64", "mistake", "sign", np.nan, 4, 0),
    )
    wide = tables.missed_by_checker(frame, "mistake", "float32")
    assert wide.to_dict("records") == [
        {"bug": "sign", "torch": 0.25, "jax": "unavailable"},
        {"bug": "swapped", "torch": "no change", "jax": "failed"},
    ]


def test_tables_of_ml_come_back_as_they_were_written(tmp_path):
    frame = counts(run_trials(TrialPlan(networks=("sigmoid_squared",), formats=("float32",), seeds=(0,))))
    (tmp_path / "wrong.csv").write_text(csv_text(frame))
    back = tables.left_by_ml("wrong", tmp_path)
    pd.testing.assert_frame_equal(back, frame, check_dtype=False)
    assert tables.left_by_ml("correct", tmp_path) is None


@pytest.mark.parametrize(
    "table",
    [*tables.checkers_tables(RULES), tables.bugs_table(), tables.networks_table()],
    ids=lambda table: table.name,
)
def test_descriptions_have_no_empty_cell_but_the_sources_of_made_up_errors(table):
    frame = table.frame.drop(columns=[name for name in table.frame if name == "where it happened"])
    assert not (frame.astype(str) == "").to_numpy().any()
    assert len(table.to_markdown().splitlines()) == len(frame) + 2


def test_every_bug_is_in_the_table_of_bugs():
    assert tables.bugs_table().frame["bug"].tolist() == list(BUGS)
