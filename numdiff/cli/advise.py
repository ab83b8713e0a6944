"""``numdiff advise``: the step to take, the digits to expect, and what other steps would cost."""

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from numdiff.cli.answers import answer_of, failing
from numdiff.cli.arguments import (
    EvaluatingCommand,
    at_option,
    domain_option,
    dtype_option,
    formula_of,
    formula_options,
    one_of,
)
from numdiff.cli.figures import plot_option, refuse_other_endings, save_figure
from numdiff.cli.machine import Columns, columns_help, machine_options, shows_rows
from numdiff.cli.program import NO
from numdiff.cli.screen import Bar, Page, exact_text, is_terminal, mark_of
from numdiff.cli.subjects import Subject, running, subject_options, traced
from numdiff.cli.text_plot import Curve, text_plot
from numdiff.cli.twins import Given, exact_option, given_twin

__all__ = ["COLUMNS", "command"]

COLUMNS: Columns = {
    "function, format, formula": "what is differentiated, and how",
    "x, x_hex": "the point, rounded to the format",
    "exact": "the double nearest to the exact derivative there",
    "rule": "advised, 1e-4, thumb, scaled_thumb or textbook",
    "step, step_hex": "the step, rounded to the format",
    "expected_error": "the error that the model expects",
    "expected_digits": "its decimal digits beside f′(x)",
    "computed, computed_hex": "what the formula returns with this step",
    "total": "its error: computed − exact",
    "truncation, roundoff": "the two parts of the total",
    "abscissa, evaluation, combination": "the parts of roundoff",
    "bound": "no error of this step is larger (proved)",
    "status, state": "what happened; how far truth is certain",
    "failed": "the assumption of the advice that fails, or null",
    "advice": "what follows from that",
}

_EPILOG = f"""\b
Examples:
  numdiff advise "exp(sin(x))" --at 0.5
  numdiff advise "exp(sin(x))" --at 0.5 --dtype float32 --order 4
  numdiff advise "log(x)" --at 1e-3,1 --domain 0:inf --formula forward
  numdiff advise --problem composition --at 0.5 --plot errors.svg
  numdiff advise mymodule:solve --at 1 --exact "exp(-x)"

{columns_help(COLUMNS)}

\b
Exit status: 0; 1 where there is no step for one of the points.
"""
_LABELS: Mapping[str, str] = {
    "advised": "advised",
    "1e-4": "habit 1e-4",
    "thumb": "thumb",
    "scaled_thumb": "thumb·|x|",
    "textbook": "textbook",
}


@click.command("advise", cls=EvaluatingCommand, epilog=_EPILOG)
@subject_options
@at_option
@dtype_option
@formula_options
@domain_option
@exact_option
@plot_option
@machine_options
def command(
    subject: Subject,
    at: Sequence[tuple[float, ...]],
    dtype: Sequence[tuple[str, ...]],
    formula: Sequence[tuple[str, ...]],
    order: int | None,
    derivative: int | None,
    domain: tuple[float, float] | None,
    exact: str | None,
    plot: Path | None,
    as_json: bool,
    as_csv: bool,
) -> int:
    """Say which step h to take for a difference formula of EXPR at the points, and how many digits to expect.

    EXPR is an expression in x, such as "exp(sin(x))", or module:function, an elementwise function of NumPy. The advice
    is the minimum of a model of the error, made of derivatives and rounding bounds of f. Beside it: the exact error at
    that step, at h = 1e-4 and at the rules of thumb, split into truncation and roundoff.
    """
    import numdiff as nd
    from numdiff.floats.formats import get_format

    refuse_other_endings(plot)
    fmt = get_format(one_of("dtype", dtype, "float64"), "--dtype")
    stencil = formula_of(one_of("formula", formula, "centered"), order, derivative)
    if stencil.complex_nodes:
        raise click.UsageError(
            f"{stencil.name} has no rounding error that grows as h falls: any short step will do, such as 1e-20; "
            f"numdiff ledger --formula {stencil.name} shows its error"
        )
    inside = domain or subject.domain or (-math.inf, math.inf)
    points = subject.at(at)
    twin = given_twin(exact, subject, points, stencil.derivative_order)
    with running(), traced(subject, twin), Bar("points") as bar:
        advice = [Advice(nd, subject, x, fmt, stencil, inside, twin) for x in bar.counted(points)]
    status = NO if any(math.isnan(item.found.step) for item in advice) else 0
    rows = [row for item in advice for row in item.rows]
    if plot is not None:
        with running():
            _draw(nd, advice, plot)
    if shows_rows("advise", rows[0], rows, as_json=as_json, as_csv=as_csv):
        return status
    _write(advice, plot)
    return status


def _write(advice: Sequence["Advice"], plot: Path | None) -> None:
    """Print what people read of all points."""
    page = Page()
    for place, item in enumerate(advice):
        item.write(page, is_first=not place)
    page.line()
    page.line("expected: by the model, before any run; error = truncation + roundoff, measured", "dim")
    if plot is not None:
        page.line(f"written: {plot}", "dim")
    page.show()


class Advice:
    """What there is to say of one point: the prediction, and a row for each step.

    Attributes
    ----------
    found : Prediction
    rows : list of dict
        The columns of the command; first that of the advised step, where there is one.
    """

    def __init__(
        self, nd: Any, subject: Subject, x: float, fmt: Any, stencil: Any, domain: tuple[float, float], twin: Given
    ) -> None:
        self._nd, self._subject, self._fmt, self._stencil, self.domain = nd, subject, fmt, stencil, domain
        self.twin = twin
        self.x = fmt.as_array(x)[()]
        self._beyond = ""
        self.found = self._prediction(x)
        self.failed = failing(self.found)
        self.rows = self._rows(dict(self._steps()))

    def _prediction(self, x: float) -> Any:
        """Return the prediction, of the formula of a twin where there is one; none of a twin's values."""
        from numdiff.rules.assumptions import BeyondDoublesError

        nd, f = self._nd, self.twin.formula if self.twin else self._subject.f
        if f is not None:
            try:
                return nd.optimal_step(f, x, self._stencil, self._fmt.name, domain=self.domain)
            except BeyondDoublesError as error:
                # The other points have their answer, and this one what was measured.
                self._beyond = str(error)
        nothing = self._fmt.dtype.type(math.nan)
        return nd.Prediction(nothing, math.nan, math.nan, nothing, math.nan, nd.FailedAssumption.NOT_TRACED, None)

    def _ledger(self, steps: Any) -> Any:
        return self._nd.error_ledger(
            self._subject.f, self.x, steps, self._stencil, self._fmt.name, **self.twin.arguments
        )

    def _steps(self) -> Iterator[tuple[str, Any]]:
        """Return the steps by rule: those that the format holds."""
        from numdiff.rules.thumb import thumb_step

        fmt, size = self._fmt, abs(self._fmt.lift(self.x))
        thumb = thumb_step(fmt, self._stencil)
        steps = {
            "advised": self.found.step,
            "1e-4": fmt.round(Fraction(1, 10**4)),
            "thumb": fmt.round(thumb),
            "scaled_thumb": fmt.round(thumb * size) if size > 1 else math.nan,
            "textbook": self.found.closed_form_step,
        }
        return ((rule, step) for rule, step in steps.items() if not math.isnan(step) and step > 0)

    def _rows(self, steps: Mapping[str, Any]) -> list[dict[str, Any]]:
        import numpy as np

        nd, fmt, f = self._nd, self._fmt, self._subject.f
        array = np.array(list(steps.values()), dtype=fmt.dtype)
        ledger = self._ledger(array)
        if self.twin:
            bounds = np.full(array.shape, math.nan)  # nothing is known of how f computes
        else:
            bounds = nd.error_bounds(f, self.x, array, self._stencil, fmt.name)
        expected = self._expected([float(step) for step in steps.values()])
        rows = []
        for place, rule in enumerate(steps):
            failed, advice = self._reason(str(ledger.state[place]))
            parts = ("total", "truncation", "roundoff", "abscissa", "evaluation", "combination")
            rows.append(
                {
                    "function": self._subject.name,
                    "format": fmt.name,
                    "formula": self._stencil.name,
                    "x": self.x,
                    "x_hex": fmt.hex(self.x),
                    "exact": float(ledger.reference[place]),
                    "rule": rule,
                    "step": array[place],
                    "step_hex": fmt.hex(array[place]),
                    "expected_error": expected[place],
                    "expected_digits": self._digits(expected[place], rule),
                    "computed": ledger.computed[place],
                    "computed_hex": fmt.hex(ledger.computed[place]),
                    **{part: getattr(ledger, part)[place] for part in parts},
                    "bound": bounds[place],
                    "status": str(ledger.status[place]),
                    "state": str(ledger.state[place]),
                    "failed": failed,
                    "advice": advice,
                }
            )
        return rows

    def _reason(self, state: str) -> tuple[str | None, str]:
        """Return the assumption that fails, and what follows: the state of the truth knows an f that is too large."""
        if self._beyond:
            return "beyond doubles", f"no prediction: {self._beyond}"
        failed = self.failed
        if failed is None:
            return None, ""
        if failed is self._nd.FailedAssumption.NOT_SMOOTH and state == "out-of-range":
            return state, "no prediction: f or its derivative at x is beyond every format; choose another x, or scale f"
        return str(failed), failed.advice

    def _expected(self, steps: Sequence[float]) -> list[float]:
        """Return the errors that the model expects, first that of the prediction; NaN where there is none."""
        import numpy as np

        model = self.found.model
        if model is None:
            return [math.nan] * len(steps)
        widest = model.looked_as_far_as(max(steps))
        errors = widest.total(np.array(steps)).tolist()
        return [float(self.found.predicted_error), *errors[1:]]

    def _digits(self, error: float, rule: str) -> float:
        if rule == "advised":
            return float(self.found.predicted_digits)
        found = self.found
        if not all(map(math.isfinite, (error, found.predicted_error, found.predicted_digits))):
            return math.nan
        # The derivative that both are compared with is the same: digits differ as the logarithms of the errors do.
        return float(found.predicted_digits) + math.log10(found.predicted_error / error) if error else math.inf

    def write(self, page: Page, is_first: bool) -> None:
        """Write what people read of the point."""
        found, x = self.found, exact_text(self._fmt, self.x)
        if not is_first:
            page.line()
        page.line(f"{self._subject.said}, {self._stencil.name} in {self._fmt.name}", "dim")
        order = self._stencil.derivative_order
        page.line(f"exact: {mark_of(order)}({x}) = {self.rows[0]['exact']!r}")
        if math.isnan(found.step):
            more = "; or give --exact an expression" if self.twin and self.twin.formula is None else ""
            failed, advice = self.rows[0]["failed"], self.rows[0]["advice"].removeprefix("no prediction: ")
            page.line(f"no step: {failed}; {advice}{more}", "bold red")
        else:
            derivative = f"{mark_of(order)}({x})"
            for line, style in answer_of(found, self.failed, self._step_text(), derivative, self.rows):
                page.line(line, style)
            if self.twin:
                page.line(f"this holds if f is computed as accurately as {self.twin.formula} would be", "dim")
        page.line()
        page.table(_HEAD, [_cells(row) for row in self.rows])
        if is_terminal() and found.model is not None:
            page.line()
            page.verbatim(self._plot(page.width))

    def _step_text(self) -> str:
        """Return the step in the fewest digits, but two, that keep the digit of accuracy that is promised.

        Where x is large, x ± h is exact with few steps; those beside them cost many digits.
        """
        import numpy as np

        step, model = float(self.found.step), self.found.model
        if model is None:
            return repr(step)
        for digits in range(2, _MOST_DIGITS):
            text = f"{step:.{digits}g}"
            taken = float(self._fmt.round(Fraction(text)))
            if float(model.total(np.array([taken]))[0]) <= _SAME_DIGITS * float(self.found.predicted_error):
                return text
        return repr(step)

    def _plot(self, width: int) -> Any:
        """Return a plot of the error in the model, of measured errors, and of the advised step."""
        import numpy as np

        model, fmt, best = self.found.model, self._fmt, float(self.found.step)
        steps = np.array([best * 2.0 ** (k / 4) for k in range(-56, 57)])
        steps = steps[steps > 4 * float(fmt.smallest_normal)]
        model = model.looked_as_far_as(float(steps[-1]))
        given = np.unique(np.array([fmt.round(Fraction(step)) for step in steps[::4].tolist()], dtype=fmt.dtype))
        with running():
            ledger = self._ledger(given)
        seen = [
            (float(h), abs(float(e))) for h, e, s in zip(given, ledger.total, ledger.status, strict=True) if s == "ok"
        ]
        curves = [
            Curve(list(zip(steps.tolist(), model.total(steps).tolist(), strict=True)), "·", "dim"),
            Curve(seen, "o", "magenta"),
            Curve([(best, float(self.found.predicted_error))], "▲", "bold green"),
        ]
        plot = text_plot(curves, min(width, 80))
        plot.append("\n" + " " * 8 + "error against h:  · expected   o measured   ▲ advised", "dim")
        return plot


_MOST_DIGITS = 17
"""Enough to name any double."""
_SAME_DIGITS = 10**0.1
"""An error that is larger by this factor is one of a tenth of a digit less, the last place that is shown of them."""
_HEAD = ("step", "h", "expected", "digits", "error", "truncation", "roundoff")


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    from numdiff.display import number

    digits = row["expected_digits"]
    measured = (
        [number(row[name]) for name in ("total", "truncation", "roundoff")]
        if row["status"] == "ok"
        else [row["status"], number(row["truncation"]) if math.isfinite(row["truncation"]) else "", ""]
    )
    return (
        _LABELS[row["rule"]],
        number(row["step"]),
        number(row["expected_error"], 2) if math.isfinite(row["expected_error"]) else "",
        f"{max(digits, 0.0):.1f}" if math.isfinite(digits) else "",
        *measured,
    )


def _draw(nd: Any, advice: Sequence[Advice], path: Path) -> None:
    """Draw the errors against the step at all points, with the advised steps in rings."""
    import matplotlib

    from numdiff.report.guides import mark_optimum

    matplotlib.use("agg")
    first = advice[0]
    result = nd.sweep(
        first._subject.f,
        [item.x for item in advice],
        dtype=first._fmt.name,
        stencil=[first._stencil],
        domain=first.domain,
        name=first._subject.name,
        **first.twin.arguments,
    )
    figure = result.plot(parts=("total", "truncation", "roundoff"))
    panels = [axes for axes in figure.axes if axes.lines]
    for item, axes in zip(advice, panels, strict=len(panels) == len(advice)):
        if not math.isnan(item.found.step):
            mark_optimum(axes, float(item.found.step), item.found.predicted_error, "advised")
    save_figure(figure, path)
