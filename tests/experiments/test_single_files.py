"""The secant, forward against centered, the composition and the higher orders keep their promises on small runs."""

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

import numdiff as nd
from experiments.higher_order import higher_order
from experiments.registry import EXPERIMENTS
from experiments.words import plain
from numdiff.analysis.reference import ExactFunction
from numdiff.floats.dyadic import dyadic
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS
from numdiff.report.figures import label_of
from tests.study.sweeps import run_sweeps

NAMES = ("secant_to_tangent", "forward_vs_centered", "composition", "higher_order")


@cache
def run(name):
    """Return an experiment on its first problem only, with what it measured."""
    experiment = EXPERIMENTS[name]
    (sweep,) = experiment.sweeps
    sweep = replace(sweep, problems=sweep.problems[:1], formats=("float16", "float64"))
    return experiment, run_sweeps([sweep], "arb", progress=False)[name]


@pytest.mark.parametrize("name", NAMES)
def test_every_table_has_rows(name):
    experiment, measured = run(name)
    tables = experiment.tables(measured)
    assert tables
    for table in tables:
        assert len(table.frame), table.name
        assert table.to_csv().count("\n") == len(table.frame) + 1
        assert "undefined" not in table.to_markdown(), table.name


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_has_data_and_draws(name):
    experiment, measured = run(name)
    figures = experiment.figures(measured)
    assert figures
    for figure in figures:
        assert len(figure.data), figure.name
        assert "<svg" in figure.to_svg()
        assert "nan" not in figure.alt.lower().split(), figure.alt


@pytest.mark.parametrize("name", NAMES)
def test_findings_are_sentences_with_numbers_and_without_nan(name):
    experiment, measured = run(name)
    findings = experiment.findings(measured)
    assert findings
    for sentence in findings:
        assert sentence.endswith("."), sentence
        assert not {"nan", "inf", "None"} & set(sentence.replace(",", " ").split()), sentence
    assert any(character.isdigit() for character in findings[0])


@pytest.mark.parametrize("name", NAMES)
def test_a_section_answers_in_one_sentence_with_at_most_two_numbers(name):
    experiment, measured = run(name)
    answer = experiment.findings(measured)[0]
    assert not re.search(r"[.?!] [A-Z]", answer), answer
    spoken = re.sub(r"·10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+|float\d+|\bh = ", "", answer)
    assert 1 <= len(re.findall(r"\d+(?:\.\d+)?", spoken)) <= 2, answer


@pytest.mark.parametrize("name", NAMES)
def test_a_section_gives_advice_and_says_what_it_does_not_cover(name):
    experiment, measured = run(name)
    section = experiment.section(measured)
    assert len(section.advice) >= 2
    assert len(section.limits) >= 3
    for sentence in (*section.advice, *section.limits):
        assert sentence.endswith("."), sentence
        assert not {"nan", "inf", "None"} & set(sentence.replace(",", " ").split()), sentence


def test_each_format_has_a_lane_down_to_its_first_lost_step():
    experiment, measured = run("secant_to_tangent")
    (figure,) = experiment.figures(measured)
    lanes = figure.to_canvas().axes
    ends = experiment.tables(measured)[0].frame
    assert len(lanes) == len(ends)
    for ax, name, lost in zip(lanes, ends["format"], ends["absorbed_from"], strict=True):
        assert name in {text.get_text() for text in ax.texts}
        (cross,) = [line for line in ax.lines if line.get_marker() == "x"]
        assert cross.get_xdata()[0] == lost
        (curve,) = [line for line in ax.lines if len(line.get_xdata()) > 2 and line.get_linestyle() == "-"]
        assert curve.get_xdata()[-1] == lost
        # Where the slope is 0 although x + h differs from x, and nowhere else.
        (hollow,) = [line for line in ax.lines if line.get_markerfacecolor() == "white"]
        early = (curve.get_ydata() == 0) & (curve.get_xdata() > lost)
        assert hollow.get_xdata().tolist() == curve.get_xdata()[early].tolist()


def test_the_second_side_buys_digits_in_every_format():
    experiment, measured = run("forward_vs_centered")
    frame = experiment.tables(measured)[0].frame
    assert list(frame["format"]) == ["float16", "float64"]
    assert np.all(frame["gain"] > 0.3)
    assert np.array_equal(frame["gain"], frame["centered_digits"] - frame["forward_digits"])
    assert f"{frame['centered_digits'].iloc[-1]:.1f} correct digits" in experiment.findings(measured)[0]


def test_the_constant_h2_f3_over_6_is_that_of_the_divided_difference():
    """Undivided it is h³f‴/3: the sentence says which of the two it means."""
    experiment, measured = run("forward_vs_centered")
    (sentence,) = [text for text in experiment.findings(measured) if "h²f‴(x)/6" in text]
    assert "(f(x + h) − f(x − h))/(2h) is f′(x) + h²f‴(x)/6" in sentence


def test_the_three_parts_beside_truncation_are_added_with_their_signs():
    experiment, measured = run("composition")
    frame = experiment.tables(measured)[0].frame
    cell = frame[(frame["format"] == "float64") & (frame["method"] == "centered")].iloc[0]
    assert cell["largest"] == "truncation"
    signed = abs(cell["abscissa"] + cell["evaluation"] + cell["combination"])
    unsigned = abs(cell["abscissa"]) + abs(cell["evaluation"]) + abs(cell["combination"])
    assert plain(signed) != plain(unsigned)  # else the sentence could not tell
    sentence = next(text for text in experiment.findings(measured) if "the other three" in text)
    assert sentence.endswith(f"add up to {plain(signed)}.")


def test_no_share_of_a_lost_step_is_drawn_as_an_exact_zero():
    experiment, measured = run("composition")
    figure = next(item for item in experiment.figures(measured) if item.name == "parts_by_format")
    assert (figure.data["size"] == 0).any()
    for line in figure.to_canvas().axes[0].lines:
        if not str(line.get_label()).startswith("_border"):
            sizes = np.asarray(line.get_xdata(), dtype=float)
            assert np.all(np.isnan(sizes) | (sizes > 0))


def test_only_parts_that_count_beside_the_total_are_drawn():
    experiment, measured = run("composition")
    figure = next(item for item in experiment.figures(measured) if item.name == "parts_against_step")
    size = figure.data["error"].abs()
    total = size[figure.data["part"] == "total"]
    assert size.min() >= 1e-5 * total.min() > 0
    assert set(figure.data["part"]) == {"truncation", "roundoff", "total"}


def test_digits_are_never_negative():
    experiment, measured = run("composition")
    frame = {table.name: table.frame for table in experiment.tables(measured)}["best_steps"]
    assert frame["digits_eps"].min() == 0  # float16, where the step is lost


def test_secants_of_float64_halve_their_error_until_rounding():
    experiment, measured = run("secant_to_tangent")
    frame = {table.name: table.frame for table in experiment.tables(measured)}["secants_float64"]
    # exp: the errors are f·h/2·(1 + h/3 + …), so that the gain is 2 + 2h/3 + …; each of two function values may be
    # an ulp off, 4u·f/h in the difference, against an error of f·h/2.
    frame = frame[frame["k"].between(3, 20)]
    h = frame["step_value"]
    assert np.all(np.abs(frame["gain"].astype(float) - 2) <= h + 3 * 8 * 2.0**-53 / h**2)


def test_the_slope_reads_zero_where_the_step_is_absorbed():
    _, measured = run("secant_to_tangent")
    absorbed = measured.records[measured.records["status"] == "absorbed"]
    assert len(absorbed)
    assert np.all(absorbed["computed_value"] == 0)


def test_leading_constants_agree_with_the_taylor_terms_to_the_last_bits():
    experiment, measured = run("forward_vs_centered")
    frame = {table.name: table.frame for table in experiment.tables(measured)}["orders"]
    # The next term is smaller by a factor of about h < 2⁻⁵⁰; quotient, product and difference round four times.
    assert np.all(frame["deviation"] <= 4 * 2.0**-53 + 2.0**-50)
    for row in frame.itertuples():
        p = METHODS[row.method].accuracy_order
        assert abs(row.order - p) < 0.05
        problem = PROBLEMS[row.problem]
        derivative = ExactFunction(problem.f).reference(dyadic(problem.points[0]), p + 1).value
        assert row.theory == float(METHODS[row.method].leading_error_constant) * derivative


def test_truncation_goes_on_below_every_float64():
    experiment, measured = run("forward_vs_centered")
    figure = {figure.name: figure for figure in experiment.figures(measured)}["pure_truncation"]
    sizes = figure.data[figure.data["method"] == "centered"]["truncation"].abs()
    assert 0 < sizes.min() < 1e-30


def test_the_course_prints_3_2974426293330694():
    experiment, measured = run("composition")
    frame = {table.name: table.frame for table in experiment.tables(measured)}["ledger"]
    cell = frame[(frame["format"] == "float64") & (frame["method"] == "centered")].iloc[0]
    # The two function values may differ by an ulp of np.exp on another machine: that is u·|f| / eps each.
    assert abs(cell["computed_value"] - 3.2974426293330694) <= 4 * 2.0**-53 * 1.65 / 1e-4
    assert repr(float(cell["computed_value"])) in experiment.findings(measured)[0]
    assert cell["largest"] == "truncation"


def test_the_four_parts_of_the_composition_add_up():
    experiment, measured = run("composition")
    frame = {table.name: table.frame for table in experiment.tables(measured)}["ledger"]
    parts = frame[["truncation", "abscissa", "evaluation", "combination"]]
    # Five doubles, each rounded once.
    bound = 2.0**-53 * (parts.abs().sum(axis=1) + frame["total"].abs()) * 4
    assert np.all((parts.sum(axis=1) - frame["total"]).abs() <= bound)


def test_richardson_is_computed_from_two_centered_differences():
    """Not from the merged stencil, which would be compared with itself."""
    experiment, measured = run("higher_order")
    sentence = next(text for text in experiment.findings(measured) if "Richardson" in text)
    same, of = map(int, re.search(r"same number in (\d+) of (\d+)", sentence).groups())
    f, x = PROBLEMS[experiment.sweeps[0].problems[0]].f, PROBLEMS[experiment.sweeps[0].problems[0]].points[0]
    cells = measured.records[(measured.records["method"] == "centered4") & (measured.records["format"] == "float64")]
    equal = total = 0
    for cell in cells[cells["status"] == "ok"].itertuples():
        h = cell.step_value
        if cell.k > cells["k"].min():
            fine, coarse = (nd.difference(f, x, step, METHODS["centered"]) for step in (h, 2 * h))
            total += 1
            equal += bool((4.0 * fine - coarse) / 3.0 == cell.computed_value)
    assert (equal, total) == (same, of)
    assert same < of


def test_the_curves_that_are_drawn_are_those_that_the_alternative_lists():
    experiment, measured = run("higher_order")
    figure = next(item for item in experiment.figures(measured) if item.name == "all_formulas")
    drawn = {label_of(name) for name in figure.data["method"]}
    assert drawn == {label_of(name) for name in higher_order.DRAWN}
    for name in METHODS:
        listed = re.search(rf"(of|,|and) {re.escape(label_of(name))}(,| and|\.|$)", figure.alt.split(". ")[0])
        assert bool(listed) == (label_of(name) in drawn), name


def test_a_loss_of_digits_keeps_its_sign():
    digits = pd.Series(
        {(f, m): 2.0 for f in ("float16", "float64") for m in higher_order.ORDERS} | {("float16", "centered8"): 1.96}
    ).rename_axis(["format", "method"])
    digits["float64", "centered8"] = 2.5
    sentence = higher_order.gains(digits, ["float16", "float64"])
    assert "from 6 to 8 the digits shrink in float16, by 0.04 at most" in sentence


def test_order_buys_more_in_float64_than_in_float16():
    experiment, measured = run("higher_order")
    frame = {table.name: table.frame for table in experiment.tables(measured)}["digits"]
    digits = frame.set_index(["format", "method"])["digits"]
    gain = {f: digits[f, "centered8"] - digits[f, "centered"] for f in ("float16", "float64")}
    assert gain["float64"] > gain["float16"]
    assert ("float16", "complex_step") not in digits.index


def test_failed_cells_take_no_part_in_the_best_step():
    experiment, measured = run("higher_order")
    records = measured.records
    failed = records[(records["status"] != "ok") | (records["failures"] > 0)]
    assert len(failed)
    frame = {table.name: table.frame for table in experiment.tables(measured)}
    assert frame["digits"]["failed_cells"].sum() == len(failed)
    steps = frame["best_steps"].melt(["problem", "method", "evaluations"], var_name="format", value_name="step")
    chosen = set(zip(steps["problem"], steps["method"], steps["format"], steps["step"], strict=True))
    lost = failed[["problem", "method", "format", "step_value"]].itertuples(index=False, name=None)
    assert chosen.isdisjoint(lost)
