"""What decides a step, a yardstick or a score takes no power, exponential or logarithm from the C library.

The functions of two C libraries differ in their last bits, and then so do the committed results. Products, quotients
and square roots are rounded alike everywhere; `numdiff.rules.working.power`, `numdiff.rules.evaluation.root` and
`numdiff.arithmetic.rounded` are made of integers and of these.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("numdiff/adaptive", "numdiff/rules", "numdiff/analysis/yardstick.py", "numdiff/analysis/scores.py")
ROOMS += ("experiments/league", "experiments/step_rules", "experiments/error_bars")
NAMES = {*"exp exp2 expm1 log log2 log10 log1p pow power float_power cbrt hypot sin cos tan sinh cosh tanh".split()}
NAMES |= {*"arcsin arccos arctan arctan2 arcsinh arccosh arctanh asin acos atan atan2 asinh acosh atanh".split()}
NAMES |= {*"logspace geomspace logaddexp logaddexp2 sinc gamma lgamma erf erfc dist".split()}
"""Functions of NumPy and of `math` that a C library, or code for one kind of processor, computes."""
MODULES = ("math", "cmath", "np", "numpy", "pd")
PLACES = {
    ("numdiff/adaptive/ladder.py", "step ** series.power"): "a Fraction",
    ("numdiff/adaptive/ladder.py", "step ** self.pole"): "a Fraction",
    ("numdiff/adaptive/ladder.py", "Fraction(2) ** (START - slot)"): "exact",
    ("numdiff/adaptive/ladder.py", "Fraction(2) ** series.power"): "exact",
    ("numdiff/adaptive/ladder.py", "sum(own, Fraction(0)) ** 2"): "a Fraction",
    ("numdiff/adaptive/nodes.py", "own.side ** own.scheme.order"): "integers",
    ("numdiff/adaptive/noise.py", "40 ** (1 / k)"): "cut to six digits",
    ("numdiff/adaptive/plan.py", "2.0 ** exponent"): "cut to six digits",
    ("numdiff/adaptive/plan.py", "2.0 ** (-c)"): "exact",
    ("numdiff/adaptive/plan.py", "2.0 ** fmt.precision"): "exact",
    ("numdiff/adaptive/plan.py", "2.0 ** fmt.min_exponent"): "exact",
    ("numdiff/adaptive/plan.py", "2.0 ** (1 - fmt.precision)"): "exact",
    ("numdiff/adaptive/student.py", "math.atan"): "cut to six digits",
    ("numdiff/adaptive/result.py", "math.log10"): "digits that are shown; nothing is decided by them",
    ("numdiff/adaptive/result.py", "np.log10"): "likewise",
    ("numdiff/rules/textbook.py", "Fraction(2) ** exponent"): "exact",
    ("numdiff/rules/textbook.py", "root ** (degree - 1)"): "integers",
    ("numdiff/rules/scale.py", "Fraction(2) ** top"): "exact",
    ("numdiff/rules/scale.py", "ratio ** 2"): "a Fraction",
    ("numdiff/rules/finite_differences_jl.py", "g ** power"): "integers",
    ("numdiff/rules/mathur.py", "4 ** exponent.numerator"): "integers",
    ("numdiff/rules/ridders.py", "_RATIO ** 2"): "a Fraction",
    ("numdiff/rules/romberg.py", "4 ** column"): "integers",
    ("numdiff/rules/model.py", "np.log10"): "handed to `rounded`, which computes it itself",
    ("numdiff/rules/peers/numdifftools.py", "math.log"): "a peer, whose figures are declared to be the platform's",
    ("numdiff/rules/peers/numericalderivative.py", "task.epsilon ** (2 / 3)"): "a peer, likewise",
    ("numdiff/rules/peers/scipy_differentiate.py", "task.epsilon ** 0.75"): "a peer, likewise",
    ("experiments/league/roster.py", "np.exp"): "a function on which rules are tried; yes and no come of it",
    ("experiments/league/roster.py", "math.exp"): "a noise that is told there; yes and no come of it",
    ("experiments/step_rules/step_rules.py", "10 ** power"): "integers",
    (
        "experiments/league/tasks.py",
        "float(FORMATS[format].unit_roundoff) ** (accuracy_order / (accuracy_order + order))",
    ): "cut to six digits",
}
"""Where such a call is right, and why."""


def uses(source: str) -> Iterator[str]:
    """Yield powers, but for those of the literal 2, and calls or mentions of `NAMES`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Pow):
            if not is_power_of_two(node):
                yield ast.unparse(node)
        elif isinstance(node, ast.Attribute) and is_of_the_library(node):
            yield ast.unparse(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "pow":
            yield "pow"
        elif isinstance(node, ast.ImportFrom) and node.module in ("math", "cmath", "numpy"):
            yield from (f"{node.module}.{alias.name}" for alias in node.names if alias.name in NAMES)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
            yield from ("scipy.special" for name in names if name.startswith("scipy.special"))


def is_of_the_library(node: ast.Attribute) -> bool:
    """Whether an attribute is a function of `NAMES`, or a method that is a power."""
    return node.attr in ("__pow__", "pow") or (node.attr in NAMES and ast.unparse(node.value) in MODULES)


def is_power_of_two(node: ast.BinOp | ast.AugAssign) -> bool:
    """Whether both operands are literals, the base is 2 and the exponent whole: a number that every library has."""
    if isinstance(node, ast.AugAssign):
        return False
    try:
        base, exponent = ast.literal_eval(node.left), ast.literal_eval(node.right)
    except ValueError:
        return False
    return bool(base == 2 and exponent == int(exponent))


def modules() -> list[Path]:
    return [path for room in ROOMS for path in ([ROOT / room] if room.endswith(".py") else (ROOT / room).rglob("*.py"))]


def test_the_c_library_computes_in_the_named_places_only() -> None:
    found = {(path.relative_to(ROOT).as_posix(), name) for path in modules() for name in uses(path.read_text("utf-8"))}
    assert found - PLACES.keys() == set()
    assert PLACES.keys() - found == set(), "a place that is no longer there"


@pytest.mark.parametrize(
    "line, name",
    [
        ("h = eps ** 0.8", "eps ** 0.8"),
        ("h = 4.0 ** (1 - t)", "4.0 ** (1 - t)"),
        ("h = 2.0 ** 0.5", "2.0 ** 0.5"),
        ("h = 2.0 ** n", "2.0 ** n"),
        ("h **= 2", "h **= 2"),
        ("np.log2(h)", "np.log2"),
        ("f = math.exp", "math.exp"),
        ("np.power(a, b)", "np.power"),
        ("np.hypot(a, b)", "np.hypot"),
        ("np.add.pow", "np.add.pow"),
        ("frame.pow(2)", "frame.pow"),
        ("pow(a, b)", "pow"),
        ("from math import log", "math.log"),
        ("from numpy import geomspace", "numpy.geomspace"),
        ("from scipy.special import erf", "scipy.special"),
        ("import scipy.special as special", "scipy.special"),
    ],
)
def test_every_way_to_the_c_library_is_seen(line: str, name: str) -> None:
    assert name in set(uses(line))


def test_products_square_roots_and_powers_of_two_are_no_use_of_the_c_library() -> None:
    assert not set(uses("h = 2.0**-20 * np.sqrt(x * x) + power(x, 3) + root(x, 5) + math.ldexp(1, n) + rows.exp"))
