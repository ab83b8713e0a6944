"""Blocks: names instead of callables, and a key that changes with all that a record depends on."""

import ast
import dataclasses
import json
import math
import pickle
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from numdiff.formulas.stencil import Stencil, centered
from numdiff.problems import PROBLEMS
from numdiff.study import blocks as module
from numdiff.study import conditions as conditions_module
from numdiff.study.blocks import Block, UserFunction, blocks_of, imported, stable_name
from numdiff.study.conditions import code_of, conditions, sources_of
from numdiff.study.sweep import Sweep, plan

SWEEP = Sweep("one", ("exp", "square"), ("forward",), ("float64",), ("dyadic",), last_step=3)


def test_there_is_one_block_a_problem_in_the_order_of_the_sweep() -> None:
    found = blocks_of(SWEEP, "arb")
    assert [block.problem for block in found] == ["exp", "square"]
    assert {block.engine for block in found} == {"arb"}
    assert found[0].subject() is PROBLEMS["exp"]
    assert [block.cells for block in found] == [plan(PROBLEMS[name], SWEEP).cells for name in SWEEP.problems]


def test_block_survives_pickling_with_its_key() -> None:
    block = blocks_of(SWEEP, "mpmath")[0]
    again = pickle.loads(pickle.dumps(block))
    assert again == block
    assert again.key() == block.key()


def test_key_does_not_depend_on_the_name_of_the_sweep_nor_on_its_other_problems() -> None:
    other = dataclasses.replace(SWEEP, name="two", problems=("exp",))
    assert Block(SWEEP, "arb", "exp").key() == Block(other, "arb", "exp").key()


@pytest.mark.parametrize(
    "change",
    [
        {"methods": ("centered",)},
        {"formats": ("float32",)},
        {"grids": ("generic",)},
        {"first_step": 2},
        {"last_step": 4},
        {"given_steps": (1e-4,)},
        {"all_points": True},
        {"neighbourhood": True},
        {"arithmetics": ("rounded",)},
        {"predictions": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_key_depends_on_every_other_field_of_the_sweep(change: dict[str, Any]) -> None:
    assert Block(SWEEP, "arb", "exp").key() != Block(dataclasses.replace(SWEEP, **change), "arb", "exp").key()


def test_all_fields_of_the_sweep_are_in_the_two_tests_above() -> None:
    names = """
        name problems methods formats grids first_step last_step given_steps all_points neighbourhood arithmetics
        predictions
    """
    assert {field.name for field in dataclasses.fields(Sweep)} == set(names.split())


def test_key_depends_on_engine_function_points_and_domain() -> None:
    base = Block(SWEEP, "arb", "numpy:sin", "numpy:cos", (0.5,), (0.0, 1.0))
    changed = [
        dataclasses.replace(base, engine="mpmath"),
        dataclasses.replace(base, problem="numpy:cos"),
        dataclasses.replace(base, derivative=""),
        dataclasses.replace(base, points=(0.25,)),
        dataclasses.replace(base, domain=(0.0, 2.0)),
    ]
    assert len({block.key() for block in [base, *changed]}) == 6


def test_key_knows_numbers_that_no_double_holds() -> None:
    third = Fraction(1, 3)
    bases = [Block(SWEEP, "arb", "numpy:sin", points=(x,)) for x in (third, float(third), Fraction(float(third)))]
    steps = [Block(dataclasses.replace(SWEEP, given_steps=(h,)), "arb", "exp") for h in (third, float(third))]
    assert len({block.key() for block in [*bases, *steps]}) == 5
    assert pickle.loads(pickle.dumps(bases[0])).key() == bases[0].key()


HOME = "numdiff.study.blocks"


def test_key_depends_on_code_libraries_and_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    base = Block(SWEEP, "arb", "exp").key()
    facts = conditions(HOME)
    assert set(facts) == {"schema", "code", "libraries"}
    for name, value in (("schema", 99), ("code", "x"), ("libraries", {"numpy": "0"})):
        monkeypatch.setattr(module, "conditions", lambda home, name=name, value=value: {**facts, name: value})
        assert Block(SWEEP, "arb", "exp").key() != base


def test_conditions_are_plain_data_and_cover_the_measuring_code() -> None:
    json.dumps(conditions(HOME))
    assert {"numpy", "gmpy2", "mpmath", "python-flint", "ml_dtypes"} <= set(conditions(HOME)["libraries"])
    modules = (
        "formulas.kernels",
        "floats.formats",
        "analysis.ledger",
        "arithmetic.balls",
        "problems.classic",
        "study.measure",
    )
    assert {*(f"numdiff.{name}" for name in modules), "problems/published_tables.json"} <= set(sources_of(HOME))


def test_code_that_does_not_measure_is_not_covered() -> None:
    assert not [name for name in sources_of(HOME) if name.startswith(("numdiff.report", "numdiff.cli", "experiments"))]


@pytest.mark.parametrize("changed", ["published_tables.json", "ledger.py", "blocks.py", "__init__.py"])
def test_conditions_change_with_every_source_and_with_its_data(changed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # A point or a formula in the data decides what is measured, as code does.
    before, read = code_of(HOME), Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + b"\n" * (path.name == changed))
    assert code_of(HOME) != before


def test_every_import_of_the_project_is_seen() -> None:
    """As a walk through all nodes sees it, which takes ten times as long; and in each place that a statement has."""
    nested = """
try:
    import a
except OSError:
    import b
else:
    import c
finally:
    import d
match x:
    case 1:
        with y:
            import e
async def f():
    for z in y:
        import g
    else:
        while True:
            import h
class C:
    if x:
        import i
    elif y:
        import j
"""
    sources = [path.read_text() for path in Path(str(module.__file__)).parents[1].rglob("*.py")]
    for source in (nested, *sources):
        tree = ast.parse(source)
        walked, seen = ({id(n) for n in nodes} for nodes in (ast.walk(tree), conditions_module._statements(tree)))
        assert {id(n) for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)} <= seen <= walked


def test_imports_inside_functions_and_of_modules_by_name_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "toy/__init__.py": "",
        "toy/a.py": "from toy import (\n    b,\n)\n",
        "toy/b.py": "def f():\n    import toy.sub.c\n",
        "toy/sub/__init__.py": "",
        "toy/sub/c.py": "import numpy\n",
        "toy/apart.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(conditions_module, "_PROJECT", {"toy": tmp_path / "toy"})
    assert sorted(sources_of("toy.a")) == ["toy", "toy.a", "toy.b", "toy.sub", "toy.sub.c"]


def test_a_block_may_name_the_problem_of_a_published_table() -> None:
    assert Block(SWEEP, "arb", "ascher_greif").subject() is PROBLEMS["ascher_greif"]


# --- names -----------------------------------------------------------------------------------------------


def test_function_of_a_module_has_a_stable_name() -> None:
    assert stable_name("f", math.sin) == "math:sin"
    assert imported(stable_name("f", json.dumps)) is json.dumps
    assert imported(stable_name("f", np.exp)) is np.exp
    assert imported("json:decoder.JSONDecoder.decode") is json.JSONDecoder.decode


def _local() -> Any:
    def inner(x: Any) -> Any:
        return x

    return inner


class Callable:
    """A callable object."""

    def __call__(self, x: Any) -> Any:
        return x


def masked(x: Any) -> Any:
    return x


masked.__module__ = "math"
masked.__qualname__ = "sin"


@pytest.mark.parametrize(
    "f", [lambda x: x, _local(), Callable(), masked], ids=["lambda", "local", "object", "a name that is another's"]
)
def test_function_without_a_stable_name_is_refused_with_the_argument(f: Any) -> None:
    with pytest.raises(ValueError, match="f must be importable as module:function when workers > 1, got"):
        stable_name("f", f)


def test_function_of_the_main_module_is_refused() -> None:
    def function(x: Any) -> Any:
        return x

    function.__module__, function.__qualname__ = "__main__", "function"
    with pytest.raises(ValueError, match="use workers=1"):
        stable_name("derivative", function)


def test_named_function_is_the_subject_of_its_block() -> None:
    block = Block(SWEEP, "arb", "numpy:sin", "numpy:cos", (0.5, 0.25), (0.0, 1.0))
    subject = block.subject()
    assert subject == UserFunction("sin", np.sin, np.cos, (0.5, 0.25), (0.0, 1.0))
    assert Block(SWEEP, "arb", "numpy:sin").subject().derivative is None


def test_unknown_problem_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="problem must be a registered name, got 'expp'; did you mean 'exp'"):
        Block(SWEEP, "arb", "expp").subject()


def test_a_block_is_planned_once_and_its_plan_does_not_go_to_other_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    planned = []
    honest = module.plan
    monkeypatch.setattr(module, "plan", lambda *given: planned.append(given) or honest(*given))
    (block, *_) = blocks_of(SWEEP, "arb")
    records = block.measure()["records"]
    assert block.cells == len(records)
    assert not block.values().empty
    assert len(planned) == 1
    again = pickle.loads(pickle.dumps(block))
    assert again == block
    assert "plan" not in vars(again)
    assert again.cells == block.cells


def test_key_holds_a_formula_of_ones_own_and_the_label() -> None:
    def key(offsets: tuple[int, ...], weights: tuple[float, ...], label: str = "") -> str:
        sweep = Sweep("s", (), (Stencil("mine", offsets, weights),), ("float64",), ("dyadic",), last_step=2)
        return Block(sweep, "mpmath", "numpy:sin", "", (0.5,), label=label).key()

    one = key((1, 0), (1, -1))
    assert one == key((1, 0), (1, -1))
    assert len({one, key((1, -1), (0.5, -0.5)), key((0, 1), (-1, 1)), key((1, 0), (1, -1), "other")}) == 4


def test_registered_formula_has_the_key_of_its_name() -> None:
    by_name, by_object = (dataclasses.replace(SWEEP, methods=(method,)) for method in ("centered4", centered(4)))
    assert by_name == by_object
    assert Block(by_name, "arb", "exp").key() == Block(by_object, "arb", "exp").key()


def test_problem_with_points_of_ones_own_is_that_function_there() -> None:
    problem = PROBLEMS["exp"]
    subject = Block(SWEEP, "arb", "exp", "", (0.75,), (0.0, 1.0), label="mine").subject()
    assert subject == UserFunction("mine", problem.f, problem.derivative, (0.75,), (0.0, 1.0))


# --- parts -----------------------------------------------------------------------------------------------


def many_points(count: int, **options: Any) -> Block:
    """Return a block at points of many sizes: narrow formats lack the outer ones."""
    points = tuple(float(x) for x in np.geomspace(1e-3, 1e6, count))
    options = {"grids": ("dyadic", "generic"), "formats": ("float16", "float64"), "first_step": -3, **options}
    return Block(dataclasses.replace(SWEEP, last_step=3, all_points=True, **options), "arb", "numpy:sin", "", points)


@pytest.mark.parametrize("count", [1, 3, 500, 501, 1500, 1501, 4000, 20000])
def test_parts_of_a_large_block_have_2000_to_20000_cells_and_every_point_once(count: int) -> None:
    block = many_points(count)
    parts = block.parts()
    if block.cells <= 20_000:
        assert parts == [block]
        return
    assert all(2_000 <= part.cells <= 20_000 for part in parts)
    assert sum(part.cells for part in parts) == block.cells
    indices = [sorted({i for batch in part.plan.batches for i in batch.point_indices}) for part in parts]
    assert [index for part in indices for index in part] == list(range(count))
    assert [skip for part in parts for skip in part.plan.skips] == block.plan.skips
    assert len({part.key() for part in [block, *parts]}) == len(parts) + 1


def test_a_point_with_many_cells_is_never_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 200)
    monkeypatch.setattr(module, "PART", 80)
    steps = tuple(float(h) for h in np.geomspace(1e-9, 1e-1, 210))
    sweep = dataclasses.replace(SWEEP, grids=(), given_steps=steps, all_points=True)
    (alone,) = Block(sweep, "arb", "numpy:sin", "", (0.5,)).parts()
    assert alone.part is None
    parts = Block(sweep, "arb", "numpy:sin", "", (0.5, 0.25, 0.75)).parts()
    assert [part.part for part in parts] == [(0, 1), (1, 2), (2, 3)]


def test_a_part_is_planned_in_another_process_as_it_was_cut() -> None:
    for part in many_points(1600).parts():
        again = pickle.loads(pickle.dumps(part))
        assert again == part
        assert "plan" not in vars(again)
        assert again.cells == part.cells
        for here, there in zip(part.plan.batches, again.plan.batches, strict=True):
            assert here.point_indices == there.point_indices
            assert here.points.tolist() == there.points.tolist()
            assert (here.ks, here.grids, here.steps.tolist()) == (there.ks, there.grids, there.steps.tolist())


@pytest.mark.parametrize("grids", [("dyadic", "generic"), ("representable", "dyadic")], ids=["shared", "of points"])
def test_parts_give_the_records_of_the_whole_block_in_its_order(
    grids: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    block = many_points(9, grids=grids, neighbourhood=True)
    whole = block.measure()
    monkeypatch.setattr(module, "LARGEST", 40)
    monkeypatch.setattr(module, "PART", 30)
    parts = block.parts()
    assert len(parts) > 3
    found = block.joined([{**part.measure(), "values": part.values()} for part in parts])
    for name, frame in whole.items():
        pd.testing.assert_frame_equal(found[name], frame)
    assert len(found["values"]) > len(block.values())


def test_tree_that_another_thread_disturbed_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Caught: a SystemError of ast.parse ended a run on a cluster, of whose workers one had been killed."""
    parse, calls = ast.parse, []

    def disturbed(source: bytes) -> ast.Module:
        calls.append(source)
        if len(calls) < 3:
            raise SystemError("AST constructor recursion depth mismatch (before=66, after=65)")
        return parse(source)

    with monkeypatch.context() as patch:  # pytest parses too, where a test fails
        patch.setattr(ast, "parse", disturbed)
        found = conditions_module._imports(b"import numdiff.study.run  # once", "some.module")
    assert found == ("numdiff.study.run",)
    assert len(calls) == 3


def test_an_engine_that_is_none_is_refused_before_anything_is_measured() -> None:
    with pytest.raises(ValueError, match="engine must be 'mpmath' or 'arb', got 'fast'"):
        blocks_of(Sweep("mine", ("exp",)), "fast")  # type: ignore[arg-type]
