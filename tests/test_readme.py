"""The README: its code runs, its numbers are what the code prints, and what it links to exists."""

import ast
import math
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import numdiff as nd
from numdiff.analysis.reference import ExactFunction
from numdiff.extras import EXTRAS
from numdiff.floats.dyadic import dyadic
from numdiff.problems import Problem
from tests.cli.calls import call

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
USE, PROBLEM = [block for block in BLOCKS if "Problem(" not in block], [b for b in BLOCKS if "Problem(" in b]
NUMBER = r"-?\d+\.\d+(?:e[-+]\d+)?"


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """Return every expression of the README with its comment and its value, and the names afterwards."""
    names, values = {}, []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("readme"))  # where its files go
        return run(names, values)


def run(names, values):
    for block in USE:
        lines = block.splitlines()
        for node in ast.parse(block).body:
            source = ast.unparse(node)
            comment = lines[node.end_lineno - 1].partition("  # ")[2]
            if isinstance(node, ast.Expr):
                values.append((source, comment, eval(source, names)))
            else:
                exec(source, names)
    return values, names


def value_of(session, start):
    (found,) = [(comment, value) for source, comment, value in session[0] if source.startswith(start)]
    return found


def test_blocks_are_run(session):
    assert len(USE) == 10
    assert len(PROBLEM) == 1
    assert len(session[0]) == 47


@pytest.mark.parametrize(
    ("start", "tolerance"),
    [
        # The digits are those of the platform's exp: two function values of 1.65, each off by an ulp or two, over 2h.
        ("nd.centered_difference(f, 0.5", 4 * 2.0**-53 * 1.65 / 1e-4),
        ("nd.numerical_diff", 4 * 2.0**-53 * 1.65 / 1e-4),
        # Nothing cancels: exp, a square and a division.
        ("nd.complex_step", 8 * 2.0**-53 * 3.3),
        ("x.grad", 8 * 2.0**-53 * 3.3),
    ],
)
def test_printed_value_is_what_the_code_gives(session, start, tolerance):
    comment, value = value_of(session, start)
    (printed,) = re.findall(NUMBER, comment)
    assert abs(float(value) - float(printed)) <= tolerance
    assert repr(float(printed)) == printed


def test_derivative_is_what_the_comments_say(session):
    assert "evaluations)" in repr(value_of(session, "found")[1])
    assert value_of(session, "abs(found.df")[1]
    np.testing.assert_allclose(value_of(session, "nd.derivative(np.log")[1], [1e3, 1.0], rtol=1e-6)
    np.testing.assert_allclose(value_of(session, "nd.derivative(lambda x, p")[1], [1.0, 4.0, 12.0], rtol=1e-6)
    assert value_of(session, "nd.derivative(abs")[1] == pytest.approx(1.0)


def test_gradient_by_back_propagation_is_the_printed_one(session):
    comment, value = value_of(session, "nd.gradient_of")
    assert repr(value) == comment


def test_checks_of_gradients_say_what_the_comments_say(session):
    comment, gradient = value_of(session, "nd.gradient(loss")
    points = []
    nd.gradient(lambda w: points.append(w) or session[1]["loss"](w), session[1]["w"])
    assert comment.startswith(f"{len(points)} evaluations")
    assert gradient.shape == (2, 3)
    assert value_of(session, "nd.check_gradient(loss, slope, w).raise_if_wrong")[1].verdict == "agree"
    comment, cause = value_of(session, "check.cause")
    assert repr(cause) == comment
    comment, evaluations = value_of(session, "nd.check_gradient(loss, slope, w, directions=4)")
    assert comment.startswith(str(evaluations))


def test_ledger_shows_the_printed_truncation_errors(session):
    comment, value = value_of(session, "ledger.truncation")
    assert [f"{item:.1e}" for item in value] == re.findall(NUMBER, comment)
    assert value_of(session, "ledger.exact_parts")[1].denominator > 1
    names = session[1]
    ledger = names["ledger"]
    for i in range(3):
        exact = ledger.exact_parts(i)
        assert exact["total"] == sum(exact[part] for part in ("truncation", "abscissa", "evaluation", "combination"))


def test_bounds_and_predictions_are_those_of_the_comments(session):
    (bounds,) = [(c, v) for s, c, v in session[0] if s.startswith("nd.error_bounds(f, 0.5, [")]
    assert [f"{item:.1e}" for item in bounds[1]] == re.findall(NUMBER, bounds[0])
    assert np.all(bounds[1] >= np.abs(session[1]["ledger"].total))
    comment, step = value_of(session, "best.step")
    assert f"{step:.1e}" == re.findall(NUMBER, comment)[0]
    comment, digits = value_of(session, "best.predicted_digits")
    assert f"{digits:.1f}" == comment
    assert value_of(session, "best.failed")[1] is None


def test_formats_are_kept_as_the_comments_say(session):
    comment, value = value_of(session, "nd.centered_difference(f, np.float32")
    assert "float32 out" in comment
    assert value.dtype == np.float32
    assert value_of(session, "nd.difference")[1].shape == (5,)


def test_sweep_gives_a_figure_and_frames(session):
    assert type(value_of(session, "result.plot")[1]).__name__ == "Figure"
    table = value_of(session, "result.table('truncation'")[1]
    assert table.shape[1] == 3
    assert "| step h |" in table.to_markdown()
    comment, ledger = value_of(session, "result.table('ledger'")
    assert "total = truncation + roundoff" in comment
    assert list(ledger.columns)[:3] == ["total", "truncation", "roundoff"]
    assert repr(session[1]["result"]).startswith("Sweep of f at x = 0.5: ")
    assert set(value_of(session, "nd.sweep(nd.PROBLEMS")[1].records["method"]) == {"forward", "centered4"}
    frame = value_of(session, "result.to_pandas")[1]
    assert set(frame["format"]) == {"bfloat16", "float32", "float64"}
    assert {"truncation", "status", "state"} <= set(value_of(session, "result.ledger")[1].columns)


def test_sweep_into_a_file_gives_what_the_comments_say(session):
    swept = session[1]["swept"]
    assert len(swept) == 300 * 2 * 2
    assert set(value_of(session, "swept.summary")[1]["method"]) == {"forward", "centered"}
    assert type(value_of(session, "swept.plot")[1]).__name__ == "Figure"
    assert len(value_of(session, "swept.read")[1]) == 4
    assert value_of(session, "max(")[1] == swept.summary["ulps"].max()


def test_example_of_a_problem_keeps_the_rules_of_problems():
    def logistic(x):
        return 1 / (1 + np.exp(-x))

    def logistic_prime(x):
        return logistic(x) * (1 - logistic(x))

    names = {"Problem": Problem, "math": math, "logistic": logistic, "logistic_prime": logistic_prime}
    problem = eval(PROBLEM[0].strip(), names)
    assert "ours" in problem.source
    assert re.search(r"\b1[89]\d\d\b", problem.source)
    assert problem.reason.endswith(".")
    assert 2 <= len(problem.points) <= 3
    exact = ExactFunction(problem.f, problem.derivative, "arb")  # refuses a closed form that is not f'
    assert all(exact.reference(dyadic(x)).state == "certified" for x in problem.points)


CONSOLE = re.findall(r"^```console\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
CALLS = [
    call.partition("\n")[::2] for block in CONSOLE for call in re.split(r"^\$ ", block, flags=re.MULTILINE) if call
]


@pytest.mark.parametrize(("words", "shown"), CALLS, ids=[words for words, _ in CALLS])
def test_commands_print_what_is_shown(words, shown):
    """Lines that hold on every machine are the same; last digits of computed numbers are those of its functions."""
    program, *arguments = shlex.split(words)
    assert program == "numdiff"
    printed = call(*arguments).out.splitlines()
    expected = shown.splitlines()
    number = r" *-?\d+(\.\d+)?(e[-+]\d+)?"
    assert [re.sub(number, "#", line) for line in printed if line.strip() != "^"] == [
        re.sub(number, "#", line) for line in expected if line.strip() != "^"
    ]
    portable = (
        "f(x) = ",
        "exact: ",
        "take h = ",
        "f′(0.5) with",
        "t  ",
        "a  ",
        "b  ",
        "gradient check",
        "f is",
        "marks",
    )
    for line, told in zip(printed, expected, strict=True):
        assert line == told or not line.startswith(portable)


def test_every_command_is_in_the_table():
    from numdiff.cli.program import COMMANDS

    assert set(re.findall(r"^\| `numdiff (\w+)` \|", README, re.MULTILINE)) == set(COMMANDS)


def slug(title):
    """Return the anchor that a code host gives a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def test_linked_files_exist():
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert "results/README.md" in links
    for link in links:
        if not link.startswith("results/") or (ROOT / "results").exists():
            path, _, heading = link.partition("#")
            assert (ROOT / path).exists(), link
            text = (ROOT / path).read_text(encoding="utf-8") if heading else ""
            assert not heading or heading in map(slug, re.findall(r"^#+ (.*)$", text, re.MULTILINE)), link


def test_every_experiment_is_in_the_list():
    from experiments.registry import EXPERIMENTS

    listed = re.findall(r"^\| \[`(\w+)`\]\(experiments/(?:\w+/)?(\w+)\.py\)", README, re.MULTILINE)
    assert listed == [(name, name) for name in EXPERIMENTS]


def test_commands_exist():
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"\bmake ([a-z]+)(?=`|   )", README)) <= set(targets)


def test_table_of_the_installations_names_the_packages_of_each_extra():
    rows = dict(re.findall(r"^\| `pip install (\S+)` \|.*\| ([^|]+) \| \d+ MB \|$", README, re.MULTILINE))
    names = {row: set(re.findall(r"[\w-]+", cell.lower())) for row, cell in rows.items()}
    assert names == {
        ".": {"numpy", "ml_dtypes", "click", "rich"},
        '".[judge]"': set(EXTRAS["judge"].values()),
        '".[all]"': {name for extra in ("report", "peers", "cluster") for name in EXTRAS[extra].values()} - {"scipy"},
    }


def test_the_advice_is_that_of_the_report():
    """Its numbers come from records there."""
    report = (ROOT / "results" / "README.md").read_text(encoding="utf-8").replace("\N{NO-BREAK SPACE}", " ")
    part = README.split("## What to do")[1].split("\n\n")[1]
    sentences = re.findall(r"^\d\. (.*)$", part, re.MULTILINE)
    assert len(sentences) == 5
    for sentence in sentences:
        assert sentence.replace("|x|", r"\|x\|") in report, sentence
