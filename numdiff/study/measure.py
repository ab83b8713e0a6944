"""Measure the cells of one function: kernel calls, their errors split by the ledger, written as records."""

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import astuple
from fractions import Fraction
from typing import Any, cast

import numpy as np
import pandas as pd

from numdiff.analysis import ENTRIES
from numdiff.analysis.bounded_function import BoundedFunction
from numdiff.analysis.bounds import both_bounds
from numdiff.analysis.error_ledger import exact_of
from numdiff.analysis.ledger import Ledger, ledger_of
from numdiff.analysis.reference import Engine, ExactFunction
from numdiff.analysis.suprema import Suprema
from numdiff.analysis.totals import total_errors
from numdiff.analysis.typical_noise import KnownFunction
from numdiff.floats.dyadic import Dyadic, dyadic, dyadic_to_fraction, nearest_double
from numdiff.floats.fixed_order import column_root_mean_squares
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import Stencil
from numdiff.rules.assumptions import FailedAssumption
from numdiff.rules.model import Prediction, prediction_at
from numdiff.study.collector import collector_held
from numdiff.study.grids import NEIGHBOURS
from numdiff.study.observed import Observed
from numdiff.study.records import BOUNDS, FIELDS, frame_of
from numdiff.study.subject import Subject
from numdiff.study.sweep import Batch, Skip, SweepPlan

OK = "ok"
"""No assumption of the prediction fails."""
NOT_ASKED = "not-asked"
"""No prediction was wanted, or there is none for the method: the complex step has no rounding error to balance."""
SKIP_COLUMNS = ("problem", "point", "method", "format", "reason")
_TOTAL = ENTRIES.index("total")
_DOUBLE = 53
"""Bits of the significand of a double."""
_NORMAL = sys.float_info.min
"""Below it a double has lost digits."""


class Known:
    """What the exact arithmetics have found of a function: the same whichever sweep asks.

    Parameters
    ----------
    subject : Subject
    engine : {"mpmath", "arb"}
    """

    def __init__(self, subject: Subject, engine: Engine) -> None:
        untraced = bool(subject.exact)
        self.untraced = untraced
        self.exact = exact_of(subject.f, None if untraced else subject.derivative, engine, subject.exact)
        self._suprema = Suprema(None if untraced else subject.f)
        self._bounded: dict[str, BoundedFunction] = {}
        self._modelled: dict[str, ModelledFunction] = {}
        self._measured: dict[tuple[Any, ...], dict[str, list[Any]]] = {}

    def prepare(self, batches: Sequence[Batch], observed: Observed) -> None:
        """Ask at once for what the bounds of batches of one format and arithmetic need of the function."""
        new = [batch for batch in batches if _cells_of(batch) not in self._measured]
        calls = [observed.lifted(batch) for batch in new if isinstance(batch.method, Stencil)]
        if len(calls) > 1:
            nodes: list[Any] = [node for call, _ in calls for column in call.rounded_nodes for node in column]
            self.bounded(new[0]).prepare([places for _, places in calls], nodes)

    def measured(self, batch: Batch, observed: Observed) -> dict[str, list[Any]]:
        """Return the columns of a batch that depend on its cells alone; of equal cells of two sweeps, once."""
        key = _cells_of(batch)
        if key not in self._measured:
            self._measured[key] = _measured_columns(batch, self.exact, self.bounded(batch), observed)
        return self._measured[key]

    def bounded(self, batch: Batch) -> BoundedFunction:
        """Return what the bounds of a batch need."""
        if batch.arithmetic not in self._bounded:
            self._bounded[batch.arithmetic] = BoundedFunction(batch.subject.f, self._suprema, self.untraced)
        return self._bounded[batch.arithmetic]

    def modelled(self, batch: Batch) -> "ModelledFunction":
        """Return what the predictions of a batch need."""
        if batch.arithmetic not in self._modelled:
            self._modelled[batch.arithmetic] = ModelledFunction(batch.subject.f)
        return self._modelled[batch.arithmetic]


def _cells_of(batch: Batch) -> tuple[Any, ...]:
    """Return all that the columns of a batch depend on, beside its function."""
    fmt, sweep = batch.format, batch.sweep
    numbers = batch.points, batch.steps
    if fmt.precision > _DOUBLE:  # their bytes have garbage between them; an exact number has no -0
        cells: Any = ((tuple(fmt.lift_array(some)), np.signbit(some).tobytes()) for some in numbers)
    else:
        cells = (some.tobytes() for some in numbers)
    return (fmt.name, batch.method, batch.arithmetic, sweep.neighbourhood, batch.grids, batch.ks, *cells)


class ModelledFunction:
    """A function, and each prediction that was made of it."""

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self._known = KnownFunction(f)
        self._predictions: dict[tuple[Fraction, str, Stencil], Prediction] = {}

    def prediction(self, x: np.ndarray, batch: Batch) -> Prediction:
        """Return the prediction for the formula and the format of a batch at a point."""
        method = cast(Stencil, batch.method)
        key = batch.format.lift(x), batch.format.name, method
        if key not in self._predictions:
            found = prediction_at(self._known, x, x, batch.format, method, batch.subject.domain)
            self._predictions[key] = found
        return self._predictions[key]


def measure(
    planned: SweepPlan,
    engine: Engine = "mpmath",
    done: Callable[[int], Any] = lambda cells: None,
    known: Known | None = None,
    observed: Observed | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure all cells of one function in a sweep.

    Parameters
    ----------
    planned : SweepPlan
        As `numdiff.study.sweep.plan` makes it.
    engine : {"mpmath", "arb"}
    done : callable
        Called with the number of cells after each batch.
    known : Known, optional
        Of the same function with the same engine; is added to.
    observed : Observed, optional
        Of the same plan; is emptied.

    Returns
    -------
    records, skips : DataFrame
        A row for every cell, in the order of the plan, and a row for all that cannot be run.
    """
    known = Known(planned.subject, engine) if known is None else known
    observed = Observed() if observed is None else observed
    columns: dict[str, list[Any]] = {name: [] for name in FIELDS}
    alike: dict[tuple[str, str], list[Batch]] = {}
    for batch in planned.batches:
        alike.setdefault((batch.format.name, batch.arithmetic), []).append(batch)
    with collector_held():
        for batch in planned.batches:
            known.prepare(alike.pop((batch.format.name, batch.arithmetic), ()), observed)
            for name, values in _columns(batch, known, observed).items():
                columns[name].extend(values)
            observed.forget(batch)
            done(batch.cells)
    return frame_of(columns), skip_frame(planned.skips)


def skip_frame(skips: list[Skip]) -> pd.DataFrame:
    """Return what was left out as a table."""
    return pd.DataFrame([astuple(skip) for skip in skips], columns=list(SKIP_COLUMNS), dtype="str")


def _columns(batch: Batch, known: Known, observed: Observed) -> dict[str, list[Any]]:
    """Return the records of one batch by column, points outermost."""
    cells, points = batch.cells, len(batch.point_indices)
    return {
        "problem": [batch.subject.name] * cells,
        "point": np.repeat(batch.point_indices, len(batch.ks)).tolist(),
        "format": [batch.format.name] * cells,
        "method": [batch.method.name] * cells,
        "arithmetic": [batch.arithmetic] * cells,
        "grid": list(batch.grids) * points,
        "k": list(batch.ks) * points,
        **known.measured(batch, observed),
        "evaluations": [batch.method.evaluations] * cells,
        **_prediction_columns(batch, known.modelled(batch)),
    }


def _measured_columns(
    batch: Batch, exact: ExactFunction, bounded: BoundedFunction, observed: Observed
) -> dict[str, list[Any]]:
    """Run the kernel on one batch and return what the ledger, the bounds and the neighbours say."""
    x, h = batch.points[:, np.newaxis], batch.steps[np.newaxis, :]
    observation, (call, places) = observed.cells(batch), observed.lifted(batch)
    ledger = ledger_of(exact, observation, x, h, batch.method, batch.format, call)
    nodes: Any = call.rounded_nodes  # complex ones, of the complex step, are not looked at
    bounds, a_priori = both_bounds(bounded, places, observation.abscissae, observation.values, nodes, call.values)
    return {
        **_ledger_columns(ledger),
        **{name: getattr(bounds, name.removesuffix("_bound")).ravel().tolist() for name in BOUNDS},
        "a_priori_bound": a_priori.ravel().tolist(),
        **_neighbourhood_columns(batch, exact, observed),
    }


# --- from the ledger ----------------------------------------------------------------------------------------


def _ledger_columns(ledger: Ledger) -> dict[str, list[Any]]:
    fmt = ledger.format
    names = ("effective_step", "reference", "reference_radius", *ENTRIES)
    return {
        **{name: np.asarray(getattr(ledger, name), dtype=np.float64).ravel().tolist() for name in names},
        "x": _hex(fmt, ledger.x),
        "step": _hex(fmt, ledger.h),
        "computed": _hex(fmt, ledger.computed),
        "x_value": _doubles(ledger.x),
        "step_value": _doubles(ledger.h),
        "computed_value": _doubles(ledger.computed),
        "reference_text": [reference.text for reference in ledger.references],
        **_scaled_errors(ledger),
        "status": [str(status) for status in ledger.status.ravel()],
        "state": [str(state) for state in ledger.state.ravel()],
        "underflow": ledger.underflow.ravel().tolist(),
    }


def _hex(fmt: FloatFormat, array: np.ndarray) -> list[str]:
    """Return the exact text of every element; equal neighbours (a broadcast x) are written once."""
    known: dict[bytes, str] = {}
    texts = []
    for item in array.ravel():
        # The value, not its bytes, is the key for wide formats: the padding of longdouble is garbage.
        key = item.tobytes() if fmt.precision <= 53 else repr(item).encode()
        if key not in known:
            known[key] = fmt.hex(item)
        texts.append(known[key])
    return texts


def _doubles(array: np.ndarray) -> list[float]:
    with np.errstate(over="ignore"):
        return [float(value) for value in array.ravel().astype(np.float64)]


def _scaled_errors(ledger: Ledger) -> dict[str, list[float]]:
    """Return |total| relative to the exact derivative, and in units of the spacing of the format at it."""
    spacings: dict[str, Dyadic] = {}
    relative, ulps = [], []
    totals, references = np.abs(ledger.total).ravel().tolist(), np.abs(ledger.reference).ravel().tolist()
    for i, (total, reference) in enumerate(zip(totals, references, strict=True)):
        if math.isnan(total) or math.isnan(reference):
            relative.append(math.nan)
            ulps.append(math.nan)
            continue
        text = ledger.references[i].text
        if text not in spacings:
            # Not of the double nearest to it, which may lie in the next binade or be 0 or infinite.
            magnitude = max(abs(Fraction(text)), ledger.format.smallest_normal)
            spacings[text] = dyadic(ledger.format.spacing(magnitude))
        if (total and not _NORMAL <= total < math.inf) or not _NORMAL <= reference < math.inf:
            # Integers throughout: reducing fractions of very different numbers takes seconds.
            exact, truth = ledger.exact.ratio(_TOTAL, i) or (0, 1), abs(Fraction(text))
            relative.append(_quotient(exact, truth) if truth else math.nan)
            ulps.append(_quotient(exact, dyadic_to_fraction(spacings[text])))
            continue
        relative.append(total / reference)
        # Scaling by a power of two is exact, wherever the result is a normal number.
        ulps.append(_scaled(total, -spacings[text][1]))
    return {"relative_error": relative, "ulps": ulps}


def _quotient(ratio: tuple[int, int], divisor: Fraction) -> float:
    """Return |numerator/denominator|/divisor, rounded once."""
    return nearest_double(abs(ratio[0]) * divisor.denominator, ratio[1] * divisor.numerator)


def _scaled(value: float, exponent: int) -> float:
    try:
        return math.ldexp(value, exponent)
    except OverflowError:
        return math.inf


# --- from the neighbours of the points ----------------------------------------------------------------------


def _neighbourhood_columns(batch: Batch, exact: ExactFunction, observed: Observed) -> dict[str, list[Any]]:
    """Return the statistics of the total error over the neighbours of each point, for each step.

    Never on the dyadic grid, where the evaluation errors of neighbours are correlated.
    """
    columns: dict[str, list[Any]] = {name: [0] * batch.cells for name in ("neighbours", "failures")}
    columns |= {name: [math.nan] * batch.cells for name in ("rms_error", "median_error", "max_error")}
    wanted = [j for j, grid in enumerate(batch.grids) if grid != "dyadic"]
    for i, (near, lost, observation) in enumerate(observed.near(batch)):
        results = np.array(observation.result)
        results[np.broadcast_to(lost, results.shape)] = math.nan
        method = batch.method
        errors = total_errors(exact, near, results, method.derivative_order, batch.format, method.direction)
        for j, found in zip(wanted, _statistics(np.abs(errors)), strict=True):
            for name, value in found.items():
                columns[name][i * len(batch.steps) + j] = value
    return columns


def _statistics(errors: np.ndarray) -> list[dict[str, Any]]:
    """Return of each column root mean square, median and maximum of what is finite, and how many are not."""
    ordered = np.sort(errors, axis=0)  # NaN last, after the infinite ones
    finite = np.isfinite(ordered).sum(axis=0).tolist()
    roots = column_root_mean_squares(ordered, finite)  # which neither overflow nor depend on the order of a SIMD sum
    found = []
    for number, root, column in zip(finite, roots, ordered.T.tolist(), strict=True):
        counts = {"neighbours": NEIGHBOURS, "failures": NEIGHBOURS - number}
        if number:
            middle = number // 2
            median = column[middle] if number % 2 else (column[middle - 1] + column[middle]) / 2
            counts |= {"rms_error": root, "median_error": median, "max_error": column[number - 1]}
        found.append(counts)
    return found


# --- from the model of the error ----------------------------------------------------------------------------


def _prediction_columns(batch: Batch, known: ModelledFunction) -> dict[str, list[Any]]:
    """Return what the model of the total error says: of each cell its error, and of each point the best step.

    ``prediction`` is `OK`, `NOT_ASKED` or the assumption that fails; NaN stands where the model has no value.
    """
    floats = ("model_error", "predicted_step", "predicted_error", "closed_form_step")
    if not batch.sweep.predictions or not isinstance(batch.method, Stencil):
        return {**{name: [math.nan] * batch.cells for name in floats}, "prediction": [NOT_ASKED] * batch.cells}
    if batch.subject.exact:
        lost = [str(FailedAssumption.NOT_TRACED)] * batch.cells
        return {**{name: [math.nan] * batch.cells for name in floats}, "prediction": lost}
    columns: dict[str, list[Any]] = {name: [] for name in (*floats, "prediction")}
    with np.errstate(over="ignore", under="ignore"):
        steps = batch.steps.astype(np.float64)
    for x in batch.points:
        found = known.prediction(x, batch)
        modelled = np.full(steps.shape, math.nan) if found.model is None else found.model.total(steps)
        columns["model_error"] += np.where(np.isfinite(modelled), modelled, math.nan).tolist()
        for name, value in (
            ("predicted_step", float(found.step)),
            ("predicted_error", found.predicted_error),
            ("closed_form_step", float(found.closed_form_step)),
            ("prediction", str(found.failed or OK)),
        ):
            columns[name] += [value] * len(steps)
    return columns
