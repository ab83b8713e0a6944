"""The experiment on formulations keeps its promises on a small run."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from experiments.formulation import formulation
from experiments.frames import log10
from experiments.registry import EXPERIMENTS
from numdiff.floats.formats import FORMATS
from numdiff.problems import FORMULATIONS, PROBLEMS
from numdiff.study.records import PARTS
from tests.experiments.sentences import check_section, numbers_of
from tests.study.sweeps import run_sweeps

GROUPS = ("tanh", "sigmoid", "log1p", "binomial")
FORMATS_RUN = ("float16", "float32", "float64")


@cache
def measured():
    problems = tuple(name for group in GROUPS for name in FORMULATIONS[group])
    sweep = replace(formulation.SWEEP, problems=problems, formats=FORMATS_RUN)
    return run_sweeps([sweep], "arb", progress=False)["formulation"]


@cache
def tables():
    return {table.name: table for table in formulation.tables(measured())}


def attained():
    return formulation.digest(measured())[1]


def at_telling_points():
    rows = attained()
    return rows[rows["at"] == rows["formulation"].map(formulation.telling(rows))].set_index(["problem", "format"])


def test_the_experiment_is_in_the_registry_and_asks_for_every_formulation():
    assert EXPERIMENTS["formulation"] is formulation.EXPERIMENT
    assert set(formulation.SWEEP.problems) == {name for names in FORMULATIONS.values() for name in names}
    assert set(formulation.TITLES) == set(FORMULATIONS)


def test_tables_have_rows_and_no_undefined_cell():
    assert list(tables()) == ["digits_lost", "attained", "ledger", "rounding_gained"]
    for table in tables().values():
        assert len(table.frame)
        assert "undefined" not in table.to_markdown()
        assert table.to_csv().count("\n") == len(table.frame) + 1


def test_figures_have_data_and_draw():
    figures = formulation.figures(measured())
    assert len(figures) == 2
    for figure in figures:
        assert len(figure.data)
        assert "<svg" in figure.to_svg()
        assert " nan" not in figure.alt + figure.caption


def test_findings_are_sentences_with_numbers():
    findings = formulation.findings(measured())
    assert len(findings) >= 6
    for sentence in findings:
        assert sentence.endswith(".")
        assert not {"nan", "inf", "None"} & set(sentence.replace(",", " ").replace(")", " ").split()), sentence
        assert any(character.isdigit() for character in sentence)


def test_the_answer_is_the_largest_loss_of_a_usual_form():
    usual = at_telling_points().query("member == 0 and format == 'float64'")["lost"]
    (number,) = numbers_of(formulation.findings(measured())[0])
    assert float(number) == round(usual.max())


def test_advice_names_the_best_form_where_the_usual_one_loses_a_digit():
    text = " ".join(formulation.advice(measured()))
    assert "`tanh(x)` instead of `(exp(x) − exp(−x)) / (exp(x) + exp(−x))`" in text
    assert "(x − 2)⁹` instead of (x − 2)⁹ expanded (Horner's rule)" in text
    assert "1 / (1 + exp(−x))" not in text  # loses nothing in float64


def test_the_usual_and_the_best_form_are_named_in_their_panel_in_their_own_colour():
    pairs = formulation.figures(measured())[1]
    canvas = pairs.to_canvas()
    rows = at_telling_points().reset_index().query("format == 'float64'")
    panels = [ax for ax in canvas.axes if ax.axison]
    for ax, (key, part) in zip(panels, pairs.data.groupby("formulation", sort=False), strict=True):
        named = {text.get_text(): text.get_color() for text in ax.texts}
        forms = list(dict.fromkeys(part["form"]))
        assert set(forms) <= set(named)
        assert len({named[form] for form in forms}) == len(forms) == 2
        lost = rows[rows["formulation"] == key].set_index("member")["lost"]
        assert {int(member) for member in part["member"]} == {0, int(lost[lost == 0].index[0])}
        assert f"{lost[0]:.1f} digits\nlost" in named


def test_bars_of_lost_digits_are_those_of_one_format_and_lines_reach_over_all():
    figure = formulation.figures(measured())[0]
    ax = figure.to_canvas().axes[0]
    rows = figure.data.groupby(["formulation", "member"], sort=False)
    one = [float(part[part["format"] == "float64"]["lost"].iloc[0]) for _, part in rows]
    assert [bar.get_width() for bar in ax.patches] == one
    lines = [line.get_xdata() for line in ax.lines if len(line.get_xdata()) == 2][: len(one)]
    assert [tuple(line) for line in lines] == [(part["lost"].min(), part["lost"].max()) for _, part in rows]


def test_truncation_and_abscissa_are_the_same_doubles_and_evaluation_is_not():
    frame = formulation.of_members(measured().records)
    keys = ["formulation", "at", "format", "k"]
    for part in ("truncation", "abscissa"):
        both = frame.dropna(subset=part).groupby(keys)[part]
        assert (both.nunique() == 1).all()
        assert (both.size() > 1).any()
    usual, other = (cells_of(frame, name)["evaluation"] for name in ("log_of_sum", "log_log1p"))
    both = pd.concat([usual, other], axis=1, keys=["usual", "other"]).dropna()
    assert len(both) > 100
    assert (both["usual"] != both["other"]).mean() > 0.8


def cells_of(frame, problem):
    return frame[(frame["problem"] == problem) & (frame["status"] == "ok")].set_index(["at", "format", "k"])


def test_members_are_compared_only_at_points_that_all_of_them_have():
    frame = formulation.of_members(measured().records)
    assert set(frame[frame["formulation"] == "sigmoid"]["at"]) == {0.5, -12.0}
    assert set(frame[frame["formulation"] == "tanh"]["at"]) == {0.5, 0.001, 12.0}


def test_a_formulation_with_one_measured_member_is_left_out():
    records = measured().records
    alone = records[records["problem"].isin(["tanh", "log_of_sum", "log_goldberg"])]
    assert set(formulation.of_members(alone)["formulation"]) == {"log1p"}


@pytest.mark.parametrize(
    "usual, other", [("tanh", "tanh_library"), ("log_of_sum", "log_goldberg"), ("binomial_horner", "binomial_factored")]
)
def test_the_usual_way_loses_digits_in_float64(usual, other):
    lost = at_telling_points()["lost"]
    assert lost[usual, "float64"] > 1.5
    assert lost[other, "float64"] < 0.5


def test_stable_sigmoid_is_the_usual_one_but_for_the_overflow():
    lost = at_telling_points()["lost"]
    assert lost["sigmoid", "float16"] > 1
    assert lost["sigmoid", "float64"] < 0.1
    assert lost["sigmoid_by_tanh", "float64"] > 2


def test_digits_lie_between_none_and_what_the_format_holds():
    rows = attained()
    limit = rows["format"].map({name: -log10(float(FORMATS[name].unit_roundoff)) for name in FORMATS_RUN})
    assert rows["digits"].between(0, limit).all()
    assert (rows["lost"] >= 0).all()
    assert (rows.groupby(formulation.PLACE)["lost"].min() == 0).all()


def test_a_member_without_a_result_keeps_its_row():
    (row,) = attained().query("problem == 'tanh' and at == 12 and format == 'float16'").itertuples()
    assert (np.isnan(row.k), row.digits) == (True, 0)
    assert "at x = 12 in float16" in " ".join(formulation.findings(measured()))


def test_gained_digits_are_two_thirds_of_the_noise():
    """The error at the best step of h² + noise/h goes as noise to the power of 2/3; a step of the grid is a half."""
    _, _, ratios = formulation.digest(measured())
    strong = ratios[(ratios["noise_decades"] > 2) & (ratios["format"] == "float64")]
    assert len(strong) >= 3
    share = strong["digits_gained"] / strong["noise_decades"]
    assert (share - 2 / 3).abs().max() < 0.2


def test_noise_decades_are_found_where_they_are_put():
    """Two curves whose noise differs by a factor of 1000, on a grid of halvings."""
    k = np.arange(1, 41)
    h = 2.0**-k
    frames = []
    for member, noise in enumerate((1e-8, 1e-11)):
        frames.append(
            pd.DataFrame(
                {
                    "formulation": "f",
                    "at": 1.0,
                    "format": "float64",
                    "problem": f"p{member}",
                    "member": member,
                    "k": k,
                    "step_value": h,
                    "rms_error": h**2 + noise / h,
                    "reference": 1.0,
                    "status": "ok",
                    "failures": 0,
                    "neighbours": 33,
                }
            )
        )
    frame = pd.concat(frames, ignore_index=True)
    rows = formulation.attained(frame.assign(formulation="tanh"))
    (found,) = formulation.noise_ratios(frame.assign(formulation="tanh"), rows).itertuples()
    # h² against noise/h is at most (2h*)⁻³ smaller one halving below the best step.
    assert abs(found.noise_decades - 3) < 0.1
    assert abs(found.digits_gained - 2) < 0.2


def test_ledger_adds_up():
    frame = tables()["ledger"].frame
    frame = frame[frame["status"] == "ok"]
    parts = frame[list(PARTS)].astype(float)
    # Five doubles, each rounded once.
    assert np.all((parts.sum(axis=1) - frame["total"]).abs() <= 4 * 2.0**-53 * (parts.abs().sum(axis=1)))


def test_labels_are_different_within_a_formulation():
    for names in FORMULATIONS.values():
        labels = {formulation.label(name) for name in names}
        assert len(labels) == len(names)
        assert all(len(text) < 45 for text in labels)
    assert PROBLEMS["tanh_library"].formula == formulation.label("tanh_library")


def test_the_section_can_be_read_by_its_readers():
    check_section(EXPERIMENTS["formulation"].section(measured()))
