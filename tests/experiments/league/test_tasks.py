"""Tasks beside f′: the formulas that they are compared with, their cases, and what our estimator is asked for."""

import numpy as np
import pytest

from experiments.league.cases import holds
from experiments.league.contestants import ESTIMATE, Estimator
from experiments.league.matches import Match, play
from experiments.league.roster import roster
from experiments.league.schedule import bar_measures, columns
from experiments.league.tasks import FIRST, FURTHER, TASKS, best_error, further_tasks
from experiments.league.yardsticks import Yardsticks
from numdiff.floats.formats import FORMATS
from tests.experiments.league.known_cases import known_cases

FEW = ("exp", "runge", "square")


def cases(task, set="league", format="float64"):
    return Yardsticks(set, FEW, format, "none", task).measure()["cases"]


def test_the_formula_of_a_task_is_the_plainest_for_its_order_and_side():
    for name, task in TASKS.items():
        assert task.stencil.accuracy_order == (2 if task.side == 0 else 1), name
        offsets = [float(offset) for offset in task.stencil.offsets]
        assert all(offset * task.side >= 0 for offset in offsets), name
        assert (min(offsets) < 0 < max(offsets)) == (task.side == 0), name
    assert [TASKS[name].order for name in FURTHER] == [2, 3, 4, 1, 1]


def test_a_format_has_the_tasks_of_which_the_plainest_formula_shows_a_digit():
    assert further_tasks("float64") == further_tasks("float32") == FURTHER
    assert set(FURTHER) - set(further_tasks("bfloat16")) == {"third", "fourth"}
    assert best_error("bfloat16", 2, 2) < 0.1 < best_error("bfloat16", 3, 2)


@pytest.mark.parametrize(("task", "power"), [("second", 2), ("third", 3), ("fourth", 4)])
def test_the_truth_is_the_derivative_of_the_order(task, power):
    found = cases(task)
    x = np.array([float.fromhex(text) for text in found["x"]])
    is_exp, is_square = (found["problem"] == name for name in ("exp", "square"))
    assert found["truth"][is_exp].to_numpy() == pytest.approx(np.exp(x[is_exp]), rel=1e-15)
    assert set(found["truth"][is_square]) == {2.0 if power == 2 else 0.0}
    assert set(found["task"]) == {task}


def test_the_derivative_from_one_side_is_that_from_both_where_f_is_smooth():
    first = cases(FIRST)
    for task in ("first, left", "first, right"):
        assert cases(task)[["x", "truth", "truth_low"]].equals(first[["x", "truth", "truth_low"]])
    # One yardstick more for the same formula: that of the forward difference.
    assert cases("first, right")["yardstick"].tolist() == first["forward"].tolist()


def test_each_task_has_a_yardstick_of_its_own_on_the_league_and_none_on_the_coverage_set():
    assert cases("second")["yardstick"].notna().all()
    assert (cases("second")["yardstick"] != cases("fourth")["yardstick"]).any()
    assert cases("second", "coverage")["yardstick"].isna().all()
    assert len(cases("second", "coverage")) >= 1200


def test_derivatives_that_the_format_does_not_hold_are_no_cases():
    fmt = FORMATS["float16"]
    assert holds(fmt, np.array([1.0, 0.0, 1e5, 1e-6, np.nan, np.inf])).tolist() == [True, True, *[False] * 4]
    for task in further_tasks("float16"):
        assert holds(fmt, cases(task, format="float16")["truth"].to_numpy()).all()


@pytest.mark.parametrize("task", FURTHER)
def test_our_estimator_is_asked_for_the_derivative_of_the_task(task):
    found = play(Estimator("estimate", ESTIMATE, task=task), cases(task))
    assert (found["error"] <= found["bar"]).mean() > 0.9
    assert (found["error"] <= 1e-3 * (1 + found["truth"].abs())).all()


@pytest.mark.parametrize(("task", "side"), [("first, left", -1), ("first, right", 1)])
def test_nodes_stay_on_the_side_of_the_task(task, side):
    seen = []

    def recorded(x):
        seen.extend(x.tolist())
        return np.exp(x)

    Estimator("estimate", ESTIMATE, task=task).run(
        recorded, np.array([0.5]), FORMATS["float64"], None, (-np.inf, np.inf)
    )
    assert seen
    assert all((node - 0.5) * side >= 0 for node in seen)


def test_who_gives_first_derivatives_alone_meets_no_other_task():
    with pytest.raises(ValueError, match=r"contestant must be an estimator where the task is 'second', got 'ridders'"):
        Match("ridders", "league", "float64", task="second").measure()


def test_the_schedule_has_every_task_in_every_format_on_both_sets():
    asked = {(item.format, item.task, item.set) for item in bar_measures() if isinstance(item, Match)}
    for format in {format for format, _ in columns()}:
        for task in further_tasks(format):
            assert {(format, task, "league"), (format, task, "coverage")} <= asked
    played = {item.contestant for item in bar_measures() if isinstance(item, Match) and item.task != FIRST}
    assert played == {name for name, item in roster().items() if item.kind == "ours"}


def test_keys_of_tasks_differ():
    keys = {Match("numdiff", "league", "float64", task=task).key() for task in TASKS}
    keys |= {Yardsticks("league", FEW, "float64", "none", task).key() for task in TASKS}
    assert len(keys) == 2 * len(TASKS)


def test_cases_of_a_task_come_from_the_same_points():
    points = set(zip(*(known_cases("league", "float64")[name] for name in ("problem", "x")), strict=True))
    few = cases("third")
    assert set(zip(few["problem"], few["x"], strict=True)) <= points
