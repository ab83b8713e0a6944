"""The tables of the trials say what was counted, with words where there is no number."""

import pandas as pd
import pytest

from experiments.gradient_check import lists, tables
from experiments.gradient_check.bugs import BUGS
from experiments.gradient_check.claims import FACTORS, RIGHT, TEN_BARS
from experiments.gradient_check.counts import LINES, counts
from experiments.gradient_check.functions import FUNCTIONS
from experiments.gradient_check.oracle import DEVIATIONS, best_errors, oracles
from experiments.gradient_check.ours import COORDINATES, ours
from experiments.gradient_check.rules import RULES
from experiments.gradient_check.trials import TrialPlan, run_trials
from numdiff.analysis.statistics import binomial_limit
from numdiff.floats.formats import FORMATS
from numdiff.report.tables import csv_text

SUBJECTS = ("attention", "variance_offset", "gru", "sigmoid_squared")
CLAIMS = (RIGHT, *FACTORS, TEN_BARS, "sign", "narrower_format")


@pytest.fixture(scope="module")
def trials():
    return run_trials(TrialPlan(SUBJECTS, ("float32", "float64"), claims=CLAIMS))


@pytest.fixture
def found(trials, monkeypatch, tmp_path):
    monkeypatch.setattr(tables, "ML", tmp_path)
    return tables.trials_found(trials)


@pytest.fixture(scope="module")
def oracle():
    parts = [
        item.measure()["oracle"] for item in oracles(("attention", "gru", "poisson"), ("bfloat16", "float64"), (0,))
    ]
    return pd.concat(parts, ignore_index=True)


def of_two_functions(trials, claim):
    """Return the trials of ours on attention and gru: what else there is, is no function of those that judge."""
    names = [checker.name for checker in ours()]
    is_judged = trials["subject"].isin(["attention", "gru"]) & trials["checker"].isin(names)
    return trials[is_judged & trials["claim"].isin([claim] if isinstance(claim, str) else claim)]


def test_own_verdicts_count_what_judges_alone(trials, found):
    table = tables.own_verdicts(found, None).set_index(["format", "mode"])
    right = of_two_functions(trials, RIGHT)
    assert table["right"].tolist() == [2] * 4
    for (form, mode), row in table.iterrows():
        part = right[(right["format"] == form) & (right["mode"] == mode)]
        assert row["rejected"] == (part["verdict"] == "rejected").sum()
        assert row["limit"] == binomial_limit(int(row["rejected"]), 2)
        assert row["open_lines"] == part["undecided"].sum() / part[list(LINES)].to_numpy().sum()
        assert row["most"] >= row["evaluations"] > 0
    assert table["oracle"].isna().all()


def test_wrong_coordinates_count_every_claim(trials, found):
    table = tables.wrong_coordinates(found.counted).set_index(["format", "mode"])
    wrong = of_two_functions(trials, list(FACTORS))
    assert table["wrong"].tolist() == [2 * len(FACTORS)] * 4
    assert table["rejected"].sum() == (wrong["verdict"] == "rejected").sum()
    ten = of_two_functions(trials, TEN_BARS)
    kept = table.xs("coordinates", level="mode")
    assert kept["ten_bars"].sum() == (ten["at"] != "").sum() > 0
    assert (kept["ten_found"] + kept["ten_open"] <= kept["ten_bars"]).all()
    assert table.xs("directions", level="mode")["ten_bars"].isna().all()


def test_rivals_stand_beside_those_that_compare_the_same(found):
    table = tables.rivals(found, ("float64",))
    assert table[table["mode"] == "coordinates"]["checker"].tolist() == [
        COORDINATES,
        "torch gradcheck",
        "scipy check_grad",
    ]
    cost = table.set_index("checker")["evaluations"]
    assert cost["torch gradcheck"] == cost["jax check_grads"] == 2
    assert abs(cost["jax check_grads (repeated)"] - cost["numdiff, directions"]) <= 1


def test_the_contested_gradient_is_in_no_other_table(trials, found, monkeypatch):
    table = tables.contested(found.counted)
    assert set(table["checker"]) >= {COORDINATES, "torch gradcheck"}
    without = tables.trials_found(trials[trials["claim"] != "narrower_format"])
    for view in (lambda part: tables.own_verdicts(part, None), lambda part: tables.wrong_coordinates(part.counted)):
        pd.testing.assert_frame_equal(view(found), view(without))
    assert "narrower_format" not in set(tables.catalogue(found.counted, "float64")["bug"])


def test_shares_of_mistakes_stand_in_columns_with_words_where_there_is_none():
    plan = TrialPlan(("sigmoid_squared",), ("bfloat16",), claims=("sign",), checkers=RULES)
    (row,) = tables.catalogue(counts(run_trials(plan)), "bfloat16").to_dict("records")
    assert row["bug"] == "sign"
    assert row["torch"] in (0, 1)
    assert row["autograd"] == row["chainer"] == "unavailable"


def test_undecided_mistakes_are_not_found():
    plan = TrialPlan(("sigmoid_squared",), ("bfloat16",), ("coordinates",), claims=("sign",), checkers=ours())
    counted = counts(run_trials(plan))
    counted[["passed", "rejected", "inconclusive", "called inexact"]] = [1, 1, 2, 0]
    assert tables.catalogue(counted, "bfloat16")["numdiff"].tolist() == [0.75]


def test_every_function_has_its_row(found, oracle):
    table = tables.by_function(found.functions, oracle)
    assert len(table) == len(SUBJECTS) * 2 * 2
    told = table[table["oracle"].notna()]
    assert set(told["function"]) == {"attention", "gru"}
    assert set(told["mode"]) == {"coordinates"}


def test_perfect_steps_leave_little_undecided_in_float64_and_much_in_bfloat16(oracle):
    shares = oracle.groupby("format")[["undecided", "coordinates"]].sum()
    assert shares.loc["float64", "undecided"] == 0
    assert shares.loc["bfloat16", "undecided"] > 0.1 * shares.loc["bfloat16", "coordinates"]
    assert DEVIATIONS == 3


def test_the_best_error_of_two_values_is_that_of_the_best_step():
    """Between the cube root of u² and a hundred times it, in units of the gradient."""
    for name, low in (("float64", 1e-13), ("float32", 1e-7)):
        case = FUNCTIONS["softmax_cross_entropy"].case(name, 0)
        root = float(FORMATS[name].unit_roundoff) ** (2 / 3)
        assert low < best_errors(case).max() < 10 * root


def test_tables_of_ml_come_back_as_they_were_written_and_older_ones_are_none(tmp_path, trials):
    frame = counts(trials)
    (tmp_path / "curve.csv").write_text("n,smallest\n1,2\n")
    assert tables.left_by_ml("curve", tmp_path) is None  # made before there were these trials
    (tmp_path / "verdicts.csv").write_text(csv_text(frame))
    pd.testing.assert_frame_equal(tables.left_by_ml("verdicts", tmp_path), frame, check_dtype=False)
    assert len(tables.left_by_ml("curve", tmp_path)) == 1
    assert tables.left_by_ml("functions", tmp_path) is None


def smallest():
    """Return searched limits: of torch by coordinates, of JAX along directions, and one that objects to all."""
    rows = []
    for seed in range(2):
        for name, mode, value in (
            (COORDINATES, "coordinates", 1e-5),
            ("numdiff, directions", "directions", 1e-2),
            ("jax check_grads", "directions", 1e-1 if seed else float("nan")),
            ("torch gradcheck", "coordinates", 1e-9),
        ):
            objects = name == "torch gradcheck" and seed == 0
            rows.append(("attention", "float32", 12, seed, "one coordinate", name, mode, objects, value))
    columns = ["subject", "format", "n", "seed", "shape", "checker", "mode", "objects", "smallest"]
    return pd.DataFrame(rows, columns=columns)


def test_only_checkers_that_compare_the_same_thing_and_are_usable_are_compared():
    usable = {("jax check_grads", "float32"), ("torch gradcheck", "float32")}
    table = tables.ratios(smallest(), usable).set_index("checker")
    assert table.loc["jax check_grads", "mode"] == "directions"
    # What is not found counts as found at the largest error tried, 8.
    assert table.loc["jax check_grads", "theirs_over_ours"] == pytest.approx((8 / 1e-2 + 1e-1 / 1e-2) / 2)
    assert table.loc["torch gradcheck", "pairs"] == 1
    assert table.loc["torch gradcheck", "theirs_over_ours"] == pytest.approx(1e-4)
    assert tables.ratios(smallest(), set()).empty


def test_errors_that_are_not_found_count_as_infinite():
    table = tables.smallest_table(smallest(), {("jax check_grads", "float32")}).set_index("checker")
    assert (table.loc["jax check_grads", "not_found"], table.loc["jax check_grads", "trials"]) == (1, 2)


@pytest.mark.parametrize(
    "table",
    [*lists.checkers_tables((*ours(), *RULES)), lists.bugs_table(), lists.networks_table(), lists.functions_table()],
    ids=lambda table: table.name,
)
def test_descriptions_have_no_empty_cell_but_the_sources_of_made_up_errors(table):
    frame = table.frame.drop(columns=[name for name in table.frame if name == "where it happened"])
    assert not (frame.astype(str) == "").to_numpy().any()
    assert len(table.to_markdown().splitlines()) == len(frame) + 2


def test_every_bug_is_in_the_table_of_bugs_and_every_function_in_that_of_functions():
    assert lists.bugs_table().frame["bug"].tolist() == list(BUGS)
    assert lists.functions_table().frame["function"].tolist() == list(FUNCTIONS)


def test_agreement_of_libraries_is_told_by_format_in_their_order():
    rows = [("b", "2", "float64", 4, 4), ("b", "2", "float16", 3, 2), ("a", "1", "float64", 5, 0)]
    told = tables.agreement_by_format(pd.DataFrame(rows, columns=["library", "version", "format", "pairs", "same"]))
    assert told.columns.tolist() == ["library", "version", "float16", "float64"]
    assert told.values.tolist() == [["b", "2", "2 of 3", "4 of 4"], ["a", "1", "", "0 of 5"]]
