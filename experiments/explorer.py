"""The explorer of the report: what it shows of the step sweep."""

from collections.abc import Mapping
from fractions import Fraction

from experiments.frames import formats_of, methods_of, optima
from experiments.words import function_name, written
from numdiff.formulas.stencil import Method, Stencil
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS
from numdiff.report.explorer import Explorer, Subject, explorer
from numdiff.study.run import Measured

SOURCE = "step_sweep"
"""The sweep whose records the page carries."""
FAMILIES = {"step4": "the course", "classic": "literature", "special": "special functions"}
"""What the collections of problems are called."""
DEFAULT = ("composition", "centered", "float64")


def explorer_of(measured: Mapping[str, Measured]) -> Explorer | None:
    """Return the explorer of the step sweep; None where it was not measured."""
    if SOURCE not in measured:
        return None
    records = measured[SOURCE].records
    subjects = {name: _subject(name) for name in records["problem"].unique()}
    formulas = {name: formula_text(METHODS[name]) for name in methods_of(records)}
    return explorer(records, optima(records), subjects, formulas, formats_of(records), DEFAULT)


def _subject(name: str) -> Subject:
    problem = PROBLEMS[name]
    family = FAMILIES.get(problem.family, problem.family)
    return Subject(written(problem.formula), family, problem.reason, function_name(name))


def formula_text(method: Method) -> str:
    """Return a formula as it is written by hand: ``(f(x + h) − f(x − h)) / 2h``."""
    if not isinstance(method, Stencil):
        return "Im f(x + ih) / h"
    terms = [
        f"{'−' if weight < 0 else '+'} {'' if abs(weight) == 1 else abs(weight)}f({_node(offset)})"
        for offset, weight in zip(method.offsets, method.numerators, strict=True)
    ]
    power = "h" if method.derivative_order == 1 else f"h^{method.derivative_order}"
    below = power if method.denominator == 1 else f"{method.denominator}{power}"
    return f"({' '.join(terms).removeprefix('+ ')}) / {below}"


def _node(offset: Fraction) -> str:
    if offset == 0:
        return "x"
    size = abs(offset)
    return f"x {'−' if offset < 0 else '+'} {'' if size == 1 else size}h"
