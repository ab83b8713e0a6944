"""The names of the package: all there, all documented, and cheap to import."""

import inspect
import re
import subprocess
import sys
from importlib.metadata import version

import pytest

import numdiff as nd
from tests.core_environment import INCOMPLETE

HEAVY = ("pandas", "matplotlib", "pyarrow", "flint", "gmpy2", "mpmath", "scipy", "tqdm", "jinja2")


@pytest.mark.parametrize("name", nd.__all__)
def test_public_name_exists_and_is_documented(name: str) -> None:
    value = getattr(nd, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert value.__doc__
        assert value.__doc__ != object.__doc__
        assert not value.__doc__.startswith(f"{name}(")  # the signature that a dataclass writes itself
        assert value.__module__.startswith("numdiff.")
    else:
        assert value is not None


@pytest.mark.parametrize("name", [name for name in nd.__all__ if inspect.isfunction(getattr(nd, name))])
def test_public_function_says_what_it_takes_returns_and_raises(name: str) -> None:
    function = getattr(nd, name)
    text = inspect.getdoc(function) or ""
    sections = dict(re.findall(r"^(\w+)\n-+\n(.*?)(?=^\w+\n---|\Z)", text, re.MULTILINE | re.DOTALL))
    assert {"Parameters", "Returns", "Raises", "Examples"} <= set(sections)
    heads = re.findall(r"^\S.*", sections["Parameters"], re.MULTILINE)
    named = [word.strip().lstrip("*") for head in heads for word in head.partition(" : ")[0].split(",")]
    assert sorted(named) == sorted(inspect.signature(function).parameters)


def test_no_name_is_listed_twice_and_all_are_shown() -> None:
    assert len(set(nd.__all__)) == len(nd.__all__)
    assert dir(nd) == sorted(nd.__all__)


def test_names_that_the_documents_promise_are_public() -> None:
    names = """
        forward_difference centered_difference difference complex_step StepAbsorbedWarning FORWARD BACKWARD CENTERED
        COMPLEX_STEP Stencil error_ledger sweep numerical_diff Variable Function Exp Square Sigmoid Tanh Sin Cos Log
        FORMATS get_format PROBLEMS Problem error_bounds observed_order observed_optimum optimal_step rounded
        derivative DerivativeResult DerivativeStatus
    """
    promised = set(names.split())
    assert promised <= set(nd._MODULE)
    assert promised <= set(nd.__all__) or INCOMPLETE


def test_unknown_name_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match="module 'numdiff' has no attribute 'central_difference'"):
        _ = nd.central_difference


def test_star_import_gives_every_name() -> None:
    space: dict[str, object] = {}
    exec("from numdiff import *", space)
    assert set(nd.__all__) <= set(space)


def loaded_after(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_import_of_the_package_loads_nothing_heavy() -> None:
    assert loaded_after("import numdiff; numdiff.__version__; dir(numdiff)").isdisjoint(HEAVY)


def test_kernels_load_neither_tables_nor_figures_nor_exact_arithmetic() -> None:
    loaded = loaded_after("import numdiff, numpy; numdiff.centered_difference(numpy.exp, 0.5, 1e-4)")
    assert "numpy" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_version_is_that_of_the_distribution() -> None:
    assert version("numdiff-bench") == nd.__version__
