"""Every public name has an example, and it runs as it is typed, with the output that it shows."""

import ast
import doctest
import inspect
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import numdiff as nd
from tests.core_environment import INCOMPLETE, needs_everything

PACKAGE = Path(nd.__file__).parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if ">>>" in path.read_text(encoding="utf-8"))
_FINDER = doctest.DocTestFinder(recurse=True)


def documented(name: str) -> Any:
    """Return what carries the docstring of a public name: the object, or the text under its assignment."""
    value = getattr(nd, name)
    return value if inspect.isclass(value) or inspect.isfunction(value) else None


def text_under(name: str) -> str:
    """Return the docstring of a constant: the text that follows its assignment."""
    module = import_module(f"numdiff.{nd._MODULE[name]}") if name in nd._MODULE else nd
    body = ast.parse(inspect.getsource(module)).body
    for statement, after in pairwise(body):
        targets = getattr(statement, "targets", [getattr(statement, "target", None)])
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            assert isinstance(after, ast.Expr), name
            return ast.literal_eval(after.value)
    raise AssertionError(f"{name} is not assigned in {module.__name__}")


def examples_of(name: str) -> list[doctest.DocTest]:
    value = documented(name)
    if value is not None:
        return [test for test in _FINDER.find(value, name, globs={}) if test.examples]
    test = doctest.DocTestParser().get_doctest(text_under(name), {}, name, None, 0)
    return [test] if test.examples else []


@pytest.mark.parametrize("name", nd.__all__)
def test_public_name_has_an_example(name: str) -> None:
    own = [test for test in examples_of(name) if test.name == name]
    assert own, f"the docstring of numdiff.{name} has no example"


@pytest.mark.parametrize("name", nd.__all__)
def test_example_runs_as_it_is_typed_with_the_output_that_it_shows(name: str) -> None:
    for test in examples_of(name):
        assert "import" in test.examples[0].source, f"{test.name} uses names that it does not import"
        report: list[str] = []
        failed, tried = doctest.DocTestRunner(verbose=False).run(test, out=report.append, clear_globs=False)
        assert tried
        if INCOMPLETE and "MissingExtraError" in "".join(report):
            pytest.skip("packages of the extras are missing here")
        assert not failed, "".join(report)


@needs_everything
@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_every_other_example_runs_among_the_names_of_its_module(path: Path) -> None:
    module = import_module(".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"))
    for test in _FINDER.find(module, module.__name__, globs=dict(vars(module))):
        report: list[str] = []
        failed, _ = doctest.DocTestRunner(verbose=False).run(test, out=report.append)
        assert not failed, "".join(report)


@pytest.mark.parametrize("text", ["no example", ">>> 1 + 1\n3\n"])
def test_a_missing_and_a_wrong_example_are_found(text: str) -> None:
    test = doctest.DocTestParser().get_doctest(text, {}, "name", None, 0)
    failed, tried = doctest.DocTestRunner(verbose=False).run(test, out=lambda line: None)
    assert failed or not tried
