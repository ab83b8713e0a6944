"""The chapter of the course: its code runs, and its numbers are those of NumPy, mpmath and the records."""

import doctest
import pickle
import re
from dataclasses import replace
from functools import cache

import mpmath
import numpy as np
import pytest
from markupsafe import Markup
from matplotlib.colors import to_rgba

from experiments.course import course
from experiments.registry import EXPERIMENTS
from numdiff.problems import PROBLEMS
from numdiff.report import columns
from numdiff.report.figures import overflow
from numdiff.report.styles import BLUE
from numdiff.report.tables import exact_text
from tests.experiments.test_columns import on_another_platform
from tests.study.sweeps import run_sweeps

with mpmath.workdps(60):
    # exp(2x²) and its derivatives at 0.5: 4x·f, (4 + 16x²)·f and (48x + 64x³)·f.
    FUNCTION = mpmath.sqrt(mpmath.e)
    EXACT, SECOND, THIRD = 2 * FUNCTION, 8 * FUNCTION, 32 * FUNCTION
EPS = 1e-4


@cache
def measured():
    """Return small runs of what the chapter is made of."""
    kept = {
        "secant_to_tangent": (("exp",), ("float64",)),
        "forward_vs_centered": (("composition",), ("float64",)),
        "composition": (("composition",), ("float16", "bfloat16", "float64")),
        "formulation": (tuple(name for way in course.WAYS for name in way[:2]), ("float64",)),
    }
    sweeps = []
    for name, (problems, formats) in kept.items():
        (sweep,) = EXPERIMENTS[name].sweeps
        sweeps.append(replace(sweep, problems=problems, formats=formats))
    return run_sweeps(sweeps, "arb", progress=False)


@cache
def chapter():
    return course.chapter(measured())


def table(name):
    return next(item.frame for item in chapter().tables if item.name == name)


def f(x):
    return np.exp(np.array([x]) ** 2) ** 2


def plainly(value):
    """Return a number of two digits as the report writes it."""
    value = float(value)
    if 0.01 <= value < 1e5:
        return f"{float(f'{value:.2g}'):g}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}·10{str(int(exponent)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


def best(method):
    """Return the step of the smallest RMS error of the records, and the digits there."""
    records = measured()["forward_vs_centered"].records
    rows = records[(records["method"] == method) & (records["grid"] == "generic") & (records["status"] == "ok")]
    row = rows.loc[rows["rms_error"].idxmin()]
    return row["step_value"], -np.log10(row["rms_error"] / float(EXACT))


def test_all_code_runs_as_it_is_printed():
    """In one session, as a reader would type it; what is printed is compared character by character."""
    code = "\n".join(chapter().code())
    test = doctest.DocTestParser().get_doctest(code, {}, "course", None, 0)
    report = []
    failed, tried = doctest.DocTestRunner(verbose=False).run(test, out=report.append)
    assert tried > 25
    assert not failed, "".join(report)


def test_the_code_has_the_names_of_the_course():
    code = "\n".join(chapter().code())
    for name in ("Variable", "Function", "Exp", "Square", "Sigmoid", "Tanh", "numerical_diff", "eps=1e-4"):
        assert name in code, name


def test_every_number_of_the_text_is_that_of_numpy_and_mpmath():
    computed = float((f(0.5 + EPS) - f(0.5 - EPS))[0] / (2 * EPS))
    forward = float((f(0.5 + EPS) - f(0.5))[0] / EPS)
    error, e75 = computed - EXACT, np.exp(0.75)
    sigmoid, tanh = 1 / (1 + np.exp(-0.5)), np.tanh(0.5)
    u = 2.0**-53
    n = 1000 * 1000 + 1000
    expected = {
        "slope": f"{float(EXACT):.3f}",
        "moved": f"{0.01 * float(EXACT):.3f}",
        "true_slope": f"{e75:.3f}",
        "forward_slope": f"{(np.exp(1.25) - e75) / 0.5:.3f}",
        "centered_slope": f"{(np.exp(1.25) - np.exp(0.25)):.3f}",
        "digits_forward": f"{best('forward')[1]:.1f}",
        "digits_centered": f"{best('centered')[1]:.1f}",
        "best_forward": plainly(best("forward")[0]),
        "best_centered": plainly(best("centered")[0]),
        "sigmoid_slope": f"{sigmoid * (1 - sigmoid):.6f}",
        "tanh_slope": f"{1 - tanh**2:.6f}",
        "computed": repr(computed),
        "exact": mpmath.nstr(EXACT, 30)[:18],
        "error": plainly(error),
        "rest": plainly(abs(error - truncation())),
        "taylor": plainly(EPS**2 * THIRD / 6),
        "forward_computed": repr(forward),
        "forward_error": plainly(forward - EXACT),
        # Back-propagation multiplies once forward, and twice back but for the inputs of the network.
        "ratio": f"{2 * n / (1 + (2 * n - 1000 * 1000) / n) / 1e6:.1f} million",
        "backpropagated": repr(2 * 0.5 * float(np.exp(0.25)) * 2 * float(np.exp(0.25))),
        "relative": plainly(abs(error) / EXACT),
        "exercise_error": plainly(1e-6 * THIRD / 6),
        "exercise_step": plainly((3 * u * FUNCTION / THIRD) ** (mpmath.mpf(1) / 3)),
    }
    assert chapter().values == expected


def truncation():
    """Return the error of the formula at 1e-4 as a float64 number, in exact arithmetic."""
    with mpmath.workdps(60):
        h = mpmath.mpf(EPS)
        plus, minus = (mpmath.exp(2 * (mpmath.mpf(0.5) + s * h) ** 2) for s in (1, -1))
        return (plus - minus) / (2 * h) - 2 * mpmath.sqrt(mpmath.e)


def test_the_words_around_the_numbers_are_true():
    """What the text says in words: six digits, practically all, both narrow formats, two tolerances."""
    text, values = " ".join(chapter().written.split()), chapter().values
    assert "six digits after the point are right" in text
    assert float(values["computed"]) // 1e-6 == float(EXACT) // 1e-6
    assert float(values["computed"]) // 1e-7 != float(EXACT) // 1e-7
    assert "too large" in text
    assert float(values["computed"]) > EXACT
    parts = table("composition_parts").set_index("part")["error"]
    assert abs(parts["truncation"] / parts["total"] - 1) < 1e-4  # practically all
    records = measured()["composition"].records
    narrow = records[(records["grid"] == "given") & records["format"].isin(("float16", "bfloat16"))]
    assert len(narrow) == 4
    assert set(narrow["status"]) == {"absorbed"}
    assert set(narrow["computed_value"]) == {0.0}
    relative = abs(float(values["computed"]) / float(EXACT) - 1)
    assert 1e-9 < relative < 1e-2  # the two tolerances
    assert abs(float(values["backpropagated"]) / float(EXACT) - 1) < 1e-15  # all digits but the last
    assert best("centered")[0] < EPS  # the course's step is right of the bottom
    assert np.float16(0.5) + np.float16(2.0**-12) == np.float16(0.5) < np.float16(0.5) + np.float16(1.01 * 2.0**-12)
    assert np.nextafter(np.float16(0.5), np.float16(1)) - np.float16(0.5) == 2.0**-11


def test_no_number_of_many_digits_is_typed_into_the_text():
    """A number with three digits or more after the point comes from a record; 1.6487 is √e, in an answer."""
    text = re.sub(r"(?s)```.*?```|\{\{.*?\}\}", "", chapter().text)
    assert set(re.findall(r"\d+\.\d{3,}", text)) == {"1.6487"}
    assert f"{float(FUNCTION):.4f}" == "1.6487"


def test_the_taylor_terms_are_the_errors_that_are_left():
    h = mpmath.mpf("1e-5")
    with mpmath.workdps(60):

        def at(x):
            return mpmath.exp(2 * x * x)

        undivided = at(0.5 + h) - at(0.5 - h) - 2 * h * 2 * mpmath.sqrt(mpmath.e)
        assert abs(undivided / (h**3 * THIRD / 3) - 1) < 1e-8
        one_sided = (at(0.5 + h) - at(mpmath.mpf(0.5))) / h - 2 * mpmath.sqrt(mpmath.e)
        assert abs(one_sided / (h * SECOND / 2) - 1) < 1e-4


def test_the_parts_of_the_error_add_up_also_as_they_are_shown():
    shown = next(item for item in chapter().tables if item.name == "composition_parts")
    *parts, total = [float(line.split("|")[3]) for line in shown.to_markdown().splitlines()[2:]]
    assert len(parts) == 4
    assert abs(sum(parts) - total) <= 0.5e-5 * 1e-8 * 5  # six digits of each
    frame = shown.frame
    assert abs(frame["error"][:4].sum() - frame["error"][4]) <= 4 * 2.0**-53 * frame["error"].abs().sum()
    assert abs(frame["error"][0] - truncation()) <= 2.0**-53 * abs(truncation())


def test_the_secants_are_those_of_numpy():
    frame = table("secants")
    assert list(frame["step_value"]) == [2.0**-k for k in range(7)]
    for row in frame.itertuples():
        slope = float((np.exp(np.array([0.5 + row.step_value])) - np.exp(np.array([0.5])))[0]) / row.step_value
        assert row.computed_value == slope
        assert abs(row.total - (slope - np.exp(0.5))) < 1e-15
    gains = frame["gain"][1:].astype(float)
    assert np.all(np.diff(gains) < 0)
    assert 2 < gains.iloc[-1] < 2.02


def test_the_better_of_two_programs_gains_digits():
    frame = table("ways_of_writing")
    assert len(frame) == len(course.WAYS)
    assert np.all(frame["digits_better"] - frame["digits"] > 1.5)
    records = measured()["formulation"].records
    for way, row in zip(course.WAYS, frame.itertuples(), strict=True):
        for name, digits in zip(way[:2], (row.digits, row.digits_better), strict=True):
            own = records[(records["problem"] == name) & (records["point"] == PROBLEMS[name].points.index(way[2]))]
            own = own[(own["status"] == "ok") & (own["failures"] == 0) & (own["neighbours"] > 0)]
            assert abs(digits + np.log10(own["rms_error"].min() / abs(own["reference"].iloc[0]))) <= 0.051


def test_the_cost_of_back_propagation_stays_while_that_of_differences_grows():
    frame = table("cost")
    n = frame["parameters"]
    assert list(n) == [w * w + w for w in course.WIDTHS]
    assert list(frame["forward"]) == list(n + 1)
    assert list(frame["centered"]) == list(2 * n)
    # Forward: n products. Back: those for the matrices, n, and for the hidden units, w.
    expected = [(n + n + w) / n for n, w in zip(n, course.WIDTHS, strict=True)]
    assert np.allclose(frame["back-propagation"], expected, rtol=1e-15)
    assert frame["back-propagation"].between(2, 3).all()


def test_the_graph_holds_the_derivatives_of_the_chain_rule():
    frame = course.chain().set_index("variable")
    a = 0.25
    b = np.exp(a)
    assert np.allclose(frame["value"], [0.5, a, b, b * b], rtol=1e-15)
    assert np.allclose(frame["derivative"], [2 * 0.5 * b * 2 * b, b * 2 * b, 2 * b, 1], rtol=1e-15)


def test_the_tangent_of_the_picture_rises_3_297_parts_for_one():
    data = course.rate_of_change().data
    tangent = data[data["line"] == "tangent"]
    rise = tangent["y"].diff().iloc[-1] / tangent["x"].diff().iloc[-1]
    assert abs(rise - float(EXACT)) < 1e-14
    curve = data[data["line"] == "curve"]
    assert np.allclose(curve["y"], np.exp(2 * curve["x"] ** 2), rtol=1e-15)


def portable(made):
    """Return the portable columns of the figures and tables of a chapter."""
    found = {}
    for item, frame in [(i, i.data) for i in made.figures] + [(i, i.frame) for i in made.tables]:
        kinds = columns.described(list(frame.columns), item.kinds, item.where)["columns"]
        for name in [name for name, kind in kinds.items() if kind == columns.PORTABLE]:
            found[type(item).__name__, item.name, name] = [exact_text(value) for value in frame[name].tolist()]
    return found


def test_portable_columns_of_the_chapter_stay_when_the_elementary_functions_change():
    others = {name: on_another_platform(result) for name, result in measured().items()}
    made, elsewhere = chapter(), course.chapter(others)
    assert portable(made) == portable(elsewhere)
    assert len(portable(made)) > 10
    assert made.values != elsewhere.values


@pytest.mark.parametrize("index", range(6))
def test_every_figure_of_the_chapter_is_drawn_with_the_same_bytes_from_a_copy(index):
    figure = chapter().figures[index]
    copy = pickle.loads(pickle.dumps(figure))
    assert copy.to_svg() == figure.to_svg()
    assert "nan" not in figure.alt


@pytest.mark.parametrize("size", [None, (3.8, 3.9)])
def test_nothing_is_cut_off_at_the_edge_of_a_figure_on_a_desk_or_on_a_phone(size):
    for figure in chapter().figures:
        assert max(overflow(figure.to_canvas(size))) < 0.03, figure.name


def test_the_arrows_of_the_graph_point_back_from_y_to_x():
    """Half of them are of the backward pass; on a phone back is up."""
    figure = next(item for item in chapter().figures if item.name == "backward_graph")
    for size, axis in ((None, 0), ((3.8, 3.9), 1)):
        (ax,) = figure.to_canvas(size).axes
        arrows = [note for note in ax.texts if getattr(note, "arrow_patch", None)]
        back = [note for note in arrows if note.arrow_patch.get_edgecolor() == to_rgba(BLUE)]
        assert len(arrows) == 12
        assert len(back) == 6
        for note in arrows:
            assert (note.xy[axis] < note.xyann[axis]) == (note in back)


def test_the_chapter_is_read_in_one_sitting():
    assert 1500 < len(re.sub(r"(?s)```.*?```|\$\$.*?\$\$", "", chapter().written).split()) < 2500


def test_the_chapter_becomes_a_page_and_a_text():
    page = chapter().to_html(lambda item: Markup("<figure/>"), lambda item: Markup("<table/>"))
    assert page.count("<figure/>") == 6
    assert page.count("<table/>") == 4
    assert page.count("<h3 id=") == len(chapter().headings) >= 10
    assert not re.search(r"\$|::|\{\{|<p>\s*</p>", re.sub(r"(?s)<pre.*?</pre>", "", page))
    host = chapter().to_markdown(lambda item: "FIGURE", lambda item: "TABLE")
    assert (host.count("FIGURE"), host.count("TABLE")) == (6, 4)


def test_the_chapter_is_there_when_all_its_sections_are():
    assert set(course.SOURCES) <= set(course.SECTIONS) <= set(EXPERIMENTS)
    assert set(chapter().sections) <= set(course.SECTIONS)
    assert [item.name for item in course.chapters(measured(), EXPERIMENTS)] == ["course"]
    for name in course.SECTIONS:
        assert course.chapters(measured(), set(EXPERIMENTS) - {name}) == []


def test_a_quick_run_shows_the_programs_that_it_measured():
    few = measured()["formulation"]
    kept = few.records[few.records["problem"].isin(course.WAYS[0][:2])]
    assert len(course.ways_table(kept).frame) == 1
