"""The core environment: which tests belong to it, and a process that has no more than it."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Collection
from functools import cache
from pathlib import Path

import pytest

from numdiff.extras import EXTRAS, missing

ROOT = Path(__file__).resolve().parents[1]
CORE_PACKAGES = frozenset({"click", "ml_dtypes", "numdiff", "numpy", "rich"})
INCOMPLETE = bool(missing(*(module for packages in EXTRAS.values() for module in packages)))
"""Whether a package of the extras is missing where the tests run."""
needs_everything = pytest.mark.skipif(INCOMPLETE, reason="packages of the extras are missing here")
_TOOLS = frozenset({"pytest", "hypothesis"})
_CONTRACT = "The core needs NumPy, ml_dtypes, click and rich alone"
_CHECKOUT_ONLY = frozenset({"test_blas.py", "test_c_library.py", "test_documents.py", "test_layering.py"})
"""Tests of the checkout itself that import nothing: they read its files, or run a program of the development tools."""
_FILTER = """
import sys
from importlib.machinery import PathFinder

class Filter(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        root = name.partition(".")[0]
        known = root in sys.stdlib_module_names or {known}
        return super().find_spec(name, path, target) if known else None

sys.meta_path[sys.meta_path.index(PathFinder)] = Filter
"""


@cache
def core_modules() -> tuple[str, ...]:
    """Return the modules of the core, as the contract of the layers has them."""
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = [item for item in options["tool"]["importlinter"]["contracts"] if item["name"] == _CONTRACT]
    return tuple(contract["source_modules"])


@cache
def is_core_test(path: Path) -> bool:
    """Say whether a test module needs no package of an extra.

    What it imports at its head decides, and not what the library imports for it: a kernel that imports pandas fails
    its tests in the core environment, it does not take them out.
    """
    return path.name not in _CHECKOUT_ONLY and all(map(_in_core, _imported_names(path)))


def _imported_names(path: Path) -> set[str]:
    """Return the dotted names that a file imports: a test when it is loaded, a helper also inside its functions."""
    names = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if path.name.startswith("test_") else ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _in_core(name: str) -> bool:
    root = name.partition(".")[0]
    if root == "numdiff":
        return name == root or any(f"{name}.".startswith(f"{module}.") for module in core_modules())
    if root == "tests":
        path = ROOT / name.replace(".", "/")
        files = [item for item in (path.with_suffix(".py"), path.parent.with_suffix(".py")) if item.is_file()]
        return bool(files) and is_core_test(files[0])
    return root in sys.stdlib_module_names or root in CORE_PACKAGES | _TOOLS


def run_with(packages: Collection[str], program: str) -> subprocess.CompletedProcess[str]:
    """Run a program for which no packages but these are installed."""
    return _run(f"root in {set(packages)!r}", program)


def run_without(packages: Collection[str], program: str) -> subprocess.CompletedProcess[str]:
    """Run a program for which these packages are not installed."""
    return _run(f"root not in {set(packages)!r}", program)


def _run(known: str, program: str) -> subprocess.CompletedProcess[str]:
    code = _FILTER.replace("{known}", known) + program
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, encoding="utf-8", cwd=ROOT, check=False
    )
