"""What a difference formula may lose by rounding: its operations on columns, in the order of the computation."""

from collections.abc import Sequence
from functools import cache, lru_cache, partial
from typing import Any

import numpy as np

from numdiff.arithmetic.ball import Undefined
from numdiff.arithmetic.column_forms import FAILURES
from numdiff.arithmetic.running_columns import Column
from numdiff.arithmetic.running_error import forms_of, operations_of
from numdiff.floats.formats import Dyadic, FloatFormat
from numdiff.formulas.stencil import Method

_KEPT = 64
"""Ladders of steps whose divisors are kept: those that a sweep goes through for one function after another."""


class Formula:
    """The operations of a method on elements of the running error analysis.

    To be used inside ``balls.working(working_precision(fmt))`` and ``np.errstate(all="ignore")``.

    Parameters
    ----------
    method : Method
    fmt : FloatFormat
    """

    def __init__(self, method: Method, fmt: FloatFormat) -> None:
        self.method = method
        self._calculation = _calculation_of(fmt)
        self._numerators = [self._calculation.constants(((n, 0),)) for n in method.numerators]

    def rounding(self, elements: Sequence[Column], steps: Sequence[Dyadic]) -> np.ndarray:
        """Bound how far the result may be from the formula of the exact values.

        Parameters
        ----------
        elements : sequence of Column, a node
            The function values of all cells; `Undefined` where there is none.
        steps : sequence of Dyadic
            The steps of all cells, numbers of the format.

        Returns
        -------
        ndarray of float64
            By cell, rounded up; infinite where a value is missing or an operation may overflow.
        """
        places = {step: k for k, step in enumerate(dict.fromkeys(steps))}
        where, ladder = [places[step] for step in steps], tuple(places)
        divide = partial(self._calculation.apply, "divide")
        total = divide(self._sum(elements), self._calculation.divisors(ladder, self.method.denominator).take(where))
        for _ in range(1, self.method.derivative_order):
            total = divide(total, self._calculation.divisors(ladder, 1).take(where))
        return total.bounds

    def _sum(self, elements: Sequence[Column]) -> Column:
        apply = self._calculation.apply
        total: Any = None
        for n, numerator, element in zip(self.method.numerators, self._numerators, elements, strict=True):
            plain = n == 1 or (n == -1 and total is not None)
            term = element if plain else apply("multiply", element, numerator)
            total = term if total is None else apply("subtract" if n == -1 else "add", total, term)
        return total


class _Calculation:
    """The basic operations of a format on columns, and its constants."""

    def __init__(self, fmt: FloatFormat) -> None:
        self._operations, self._forms = operations_of(fmt), forms_of(fmt)
        self.constants = lru_cache(maxsize=_KEPT)(self._constants)
        self.divisors = lru_cache(maxsize=_KEPT)(self._divisors)

    def _constants(self, numbers: tuple[Dyadic, ...]) -> Column:
        """Return numbers, rounded to the format."""
        return Column.of([self._operations.lift(number) for number in numbers])

    def _divisors(self, steps: tuple[Dyadic, ...], denominator: int) -> Column:
        """Return the steps times a denominator, as the formula computes them."""
        h = self.constants(steps)
        return h if denominator == 1 else self.apply("multiply", h, self.constants(((denominator, 0),)))

    def apply(self, name: str, a: Column, b: Column) -> Column:
        """Apply an operation to columns."""
        return self._forms[name](a, b, self._alone)

    def _alone(self, name: str, operands: tuple[Any, ...]) -> Any:
        """Apply an operation to elements; where one is missing, or it has no bound, there is none."""
        if any(type(operand) is Undefined for operand in operands):
            return Undefined.UNDECIDED
        try:
            return self._operations.functions[name](*operands)
        except FAILURES:
            return Undefined.UNDECIDED


_calculation_of = cache(_Calculation)
