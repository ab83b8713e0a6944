"""The published tables are the data, whole and unchanged, and their functions compute in the order of the source."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from importlib import resources

import numpy as np
import pytest

from experiments.registry import EXPERIMENTS
from numdiff.analysis.reference import ExactFunction
from numdiff.floats.dyadic import dyadic
from numdiff.floats.formats import FORMATS
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS, PUBLISHED, SPECIAL, general_problems
from numdiff.problems.published import FILE, FUNCTIONS, KERNELS, TABLES, PublishedRow, acceptance_rule

RAW = json.loads(resources.files("numdiff.problems").joinpath(FILE).read_text(encoding="utf-8"))
NAMES = {"exp": np.exp, "sin": np.sin, "cos": np.cos, "sqrt": np.sqrt, "__builtins__": {}}
U = 2.0**-53
DIGEST = "7da88c614512c921f60f1b207936b0b4c35daafabbe325ce9edbd040a9083a88"


def test_data_are_found_from_any_folder(tmp_path):
    ask = "from numdiff.problems.published import TABLES; print(sum(len(t.rows) for t in TABLES.values()))"
    root = str(resources.files("numdiff").joinpath(".."))
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {root!r}); {ask}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "241"


def test_no_table_and_no_row_is_dropped_and_no_text_is_changed():
    assert len(TABLES) == len(RAW["tables"]) == 36
    for table, raw in zip(TABLES.values(), RAW["tables"], strict=True):
        theirs = [(row["h"], row["h_text"], row["value"] or "", row["error"] or "") for row in raw["rows"]]
        assert [(row.step, row.step_text, row.value, row.error) for row in table.rows] == theirs
        facts = (table.source, table.note, table.formula, table.point, table.format, table.kernel)
        assert facts == tuple(raw[key] for key in ("source", "note", "function", "x", "dtype", "kernel"))
        assert table.derivative_order == raw["derivative_order"]
        assert table.error_kind == (raw["error_definition"] or "")
    assert acceptance_rule() == RAW["about"]


def test_the_data_are_the_ones_that_were_checked():
    # A digit that an ulp of a function value could move is noticed by nothing else. The line ends are those of Git.
    data = resources.files("numdiff.problems").joinpath(FILE).read_text(encoding="utf-8")
    assert hashlib.sha256(data.encode()).hexdigest() == DIGEST


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_number_has_the_digits_that_the_data_say(table):
    raw = next(raw for raw in RAW["tables"] if raw["id"].replace(".", "_").lower() == table.name)
    assert table.value_print.digits == raw["digits_printed"]
    for text in (text for row in table.rows for text in (row.value, row.error) if text):
        digits = len(text.lower().partition("e")[0].replace(".", "").lstrip("-0"))
        assert digits <= raw["digits_printed"] + 3  # three more before the point, or one in %.10e


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_method_has_the_order_of_the_table_and_the_kernel_of_its_name(table):
    method = METHODS[table.method]
    assert method.derivative_order == table.derivative_order
    assert (table.kernel.removesuffix("_vals_over_h"), method.name) in {
        ("forward", "forward"),
        ("backward", "backward"),
        ("central", "centered"),
        ("forward3", "forward2"),
        ("central4", "centered4"),
        ("complex_step", "complex_step"),
        ("second_central", "second_centered"),
    }


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_callable_computes_the_formula_of_the_data_bit_for_bit(table):
    f = FUNCTIONS[table.formula][0]
    steps = np.array(table.steps, dtype=table.format)
    x = np.concatenate([table.point + steps, table.point - steps, np.full(1, table.point)]).astype(table.format)
    x = x[np.abs(x - x.dtype.type(table.point)) < 1]  # inside the domain
    # One place of an array at a time may take another path of NumPy than an array: both get the same array.
    printed = eval(table.formula, {**NAMES, "x": x})
    assert np.array_equal(f(x), np.full_like(x, printed) if np.ndim(printed) == 0 else printed)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_derivative_of_the_data_is_the_certified_one(table):
    raw = next(raw for raw in RAW["tables"] if raw["id"].replace(".", "_").lower() == table.name)
    problem = PROBLEMS[table.name]
    # The constructor of the reference proves the closed form by automatic differentiation.
    point = dyadic(FORMATS["float64"].lift(table.point))
    known = ExactFunction(problem.f, problem.derivative, "arb").reference(point, table.derivative_order)
    said = float(eval(raw["derivative"], {**NAMES, "x": table.point}))
    # A dozen operations, none of them ill-conditioned at these points.
    assert said == pytest.approx(known.value, rel=32 * U)


def test_published_problems_enter_no_other_experiment():
    names = {problem.name for problem in PUBLISHED}
    assert len(names) == 36
    assert {problem.family for problem in PUBLISHED} == {"published"}
    assert not names & set(general_problems())
    special = {problem.name for problem in SPECIAL}  # the formats of SciPy are theirs
    assert set(PROBLEMS) == names | set(general_problems()) | special
    for experiment in EXPERIMENTS.values():
        used = {name for sweep in experiment.sweeps for name in sweep.problems}
        assert used == names if experiment.name == "published_tables" else not used & names


def test_only_a_published_problem_may_begin_anywhere():
    problem = PROBLEMS["ascher_greif"]
    assert problem.points == (1.2,)
    with pytest.raises(ValueError, match="at most 8 significant bits"):
        replace(problem, any_point=False)
    assert not any(other.any_point for other in general_problems().values())


def test_steps_of_the_java_program_are_divided_by_10_in_float32():
    h = np.float32(10)
    for step in TABLES["mit6837_java_float32"].steps:
        assert np.float32(step) == h
        h = h / np.float32(10)


def test_float32_literals_are_the_steps_of_the_second_derivative():
    table = TABLES["hjorth_jensen_exp_x1_0"]
    assert [row.step for row in table.rows] == [float(np.float32(row.step_text)) for row in table.rows]


def test_steps_are_the_printed_ones():
    for table in TABLES.values():
        for row in table.rows:
            base, _, power = row.step_text.partition("**")
            exact = Fraction(base) ** int(power or 1)
            unit = 2.0**-52 if table.format == "float64" and not table.name.startswith("hjorth") else 2.0**-23
            assert abs(Fraction(row.step) - exact) <= exact * Fraction(unit), (table.name, row)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"kernel": "sideways"}, "kernel of ascher_greif must be among forward"),
        ({"error_kind": "wrong"}, "error_kind of ascher_greif must be one of"),
        ({"rows": ()}, "at least one row"),
        ({"rows": (PublishedRow(0.1, "0.1", "", ""),)}, "must have a value"),
        ({"error_kind": ""}, "an error of a known kind"),
    ],
)
def test_a_malformed_table_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(TABLES["ascher_greif"], **change)


def test_every_kernel_is_used():
    assert {table.kernel for table in TABLES.values()} == set(KERNELS)
    assert {table.formula for table in TABLES.values()} == set(FUNCTIONS)
