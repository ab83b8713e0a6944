"""The documents beside the README: the paths and commands that they name exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("CONTRIBUTING.md", "CHANGELOG.md")}


@pytest.mark.parametrize("name", TEXTS)
def test_every_path_exists(name):
    for path in re.findall(r"`((?:numdiff|tests|experiments|results)/[\w/.]+)`", TEXTS[name]):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("name", TEXTS)
def test_every_make_target_exists(name):
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"\bmake ([a-z-]+)", TEXTS[name])) <= set(targets)


def test_every_public_name_of_the_changelog_exists():
    import numdiff

    listed = re.findall(r"`([a-z_]+)`", TEXTS["CHANGELOG.md"])
    known = {*dir(numdiff), *numdiff.__all__, "exact", "args", "elementwise", "methods", "formats", "step"}
    parts = {"x", "h", "stencil", "dtype", "kink", "jump", "unproved", "special", "numdiff"}
    assert {name for name in listed if name not in known | parts} == set()


def test_the_citation_names_the_version_of_the_package():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    version = re.search(r'^version = "([^"]+)"', project, re.MULTILINE)
    assert version is not None
    assert f"version: {version[1]}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def lines_of_code(function):
    """Return the lines of a function without its docstring."""
    first = function.body[0]
    is_text = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return function.end_lineno - function.lineno + 1 - (first.end_lineno - first.lineno + 1 if is_text else 0)


def test_a_function_has_fewer_than_forty_lines_as_the_guide_asks():
    """But for lists: the tables and the figures of a section, the settings of drawings."""
    lists = {"tables", "details", "figures", "rc_settings"}
    long = [
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name}"
        for folder in ("numdiff", "experiments", "bench")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        if function.name not in lists and lines_of_code(function) >= 40
    ]
    assert long == []
