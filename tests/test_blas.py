"""What decides a committed byte or a verdict multiplies in `fixed_order`, never through a BLAS or LAPACK."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = {*"convolve corrcoef correlate cov dot einsum inner linalg lstsq matmul matvec".split()}
LIBRARY |= {*"multi_dot polyfit tensordot vdot vecdot vecmat".split()}
"""Functions of NumPy, and the module of NumPy and of SciPy, whose order of operations a BLAS or LAPACK decides."""
SCIPY = {"scipy.optimize.approx_fprime", "scipy.optimize.check_grad", "scipy.special.stdtrit", "scipy.stats.beta"}
"""What is taken from SciPy: differences, a norm by np.sum, and quantiles; none of it reaches a BLAS."""
PEERS = ("jacobi", "numdifftools", "numericalderivative")
"""Libraries that compute with BLAS and LAPACK."""
PLACES = {
    ("numdiff/formulas/checks.py", "vecdot"): "decides between a fast and a slow way to the same answer",
    ("numdiff/floats/views.py", "dot"): "a list of functions that are refused",
    ("numdiff/floats/views.py", "inner"): "a list of functions that are refused",
    ("numdiff/floats/views.py", "tensordot"): "a list of functions that are refused",
    ("numdiff/floats/views.py", "einsum"): "a list of functions that are refused",
    ("numdiff/floats/views.py", "convolve"): "a list of functions that are refused",
    ("numdiff/autodiff/protocols.py", "matmul"): "the name of an operator, in a table of what to write instead",
    ("numdiff/floats/call.py", "linalg"): "an error of NumPy's, which is explained",
    (
        "numdiff/gradients/colouring.py",
        "scipy.optimize._numdiff.group_columns",
    ): "compares places, and computes nothing",
    ("numdiff/gradients/colouring.py", "scipy.sparse.csc_array"): "a pattern, of which places are read",
    ("numdiff/gradients/colouring.py", "scipy.sparse.csr_array"): "holds entries that are computed elsewhere",
    (
        "numdiff/problems/special.py",
        "scipy.special",
    ): "elementwise functions, of problems; none is a product",
    ("numdiff/expressions/functions.py", "scipy.special"): "elementwise functions by name; none is a product",
    ("numdiff/autodiff/data.py", "matmul"): "the product of users' networks; fast, and in no committed byte",
    ("experiments/gradient_cost/network.py", "@"): "its evaluations give counts and times, and no committed bytes",
    ("numdiff/rules/peers/jacobi.py", "jacobi"): "a peer, whose figures are declared to be those of the platform",
    ("numdiff/rules/peers/numdifftools.py", "numdifftools"): "a peer, likewise",
    ("numdiff/rules/peers/numericalderivative.py", "numericalderivative"): "a peer, likewise",
    ("numdiff/rules/peers/scipy_differentiate.py", "scipy.differentiate.derivative"): "a peer, likewise",
    ("numdiff/rules/peers/scipy_optimize.py", "scipy.optimize._numdiff.approx_derivative"): "a peer, likewise",
}


def uses(source: str) -> Iterator[str]:
    """Yield what a module names of `LIBRARY`, ``@`` between matrices, and imports of SciPy that are not known."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in LIBRARY:
            yield node.attr
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.MatMult):
            yield "@"
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            yield from (name for name in names if name.startswith(("scipy.", "numpy.linalg")))
            yield from (name for name in names if name.partition(".")[0] in PEERS)
        elif isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").partition(".")[0] in PEERS:
            yield (node.module or "").partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in ("numpy", "scipy"):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name for name in names if name not in SCIPY and name.startswith("scipy"))
            yield from (name for name in names if LIBRARY & set(name.split(".")))


def modules() -> list[Path]:
    return sorted(path for folder in ("experiments", "numdiff") for path in (ROOT / folder).rglob("*.py"))


def test_blas_is_used_in_the_named_places_only() -> None:
    found = {(path.relative_to(ROOT).as_posix(), name) for path in modules() for name in uses(path.read_text("utf-8"))}
    assert found - PLACES.keys() == set()
    assert PLACES.keys() - found == set(), "a place that is no longer there"


@pytest.mark.parametrize(
    "line, name",
    [
        ("np.dot(a, b)", "dot"),
        ("a.dot(b)", "dot"),
        ("a @ b", "@"),
        ("a @= b", "@"),
        ("np.linalg.norm(a)", "linalg"),
        ("f = np.polyfit", "polyfit"),
        ("from numpy import einsum", "numpy.einsum"),
        ("from numpy.linalg import norm", "numpy.linalg.norm"),
        ("import numpy.linalg as la", "numpy.linalg"),
        ("from scipy.optimize import curve_fit", "scipy.optimize.curve_fit"),
        ("import scipy.linalg", "scipy.linalg"),
        ("import numdifftools as nd", "numdifftools"),
        ("from jacobi import propagate", "jacobi"),
    ],
)
def test_every_way_to_a_library_is_seen(line: str, name: str) -> None:
    assert name in set(uses(line))


def test_other_products_and_decorators_are_no_use_of_a_library() -> None:
    assert not set(uses("@cache\ndef f(a, b):\n    return np.multiply(a, b) * dot(a, b)\nfrom numpy import add"))
