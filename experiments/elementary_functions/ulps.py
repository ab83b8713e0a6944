"""How far NumPy's elementary functions are from the exact values, measured against Arb's enclosures."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas

from experiments.drawing import dot_rows
from experiments.frames import frame_beside, rounded_values, widths
from experiments.row_names import names_above
from numdiff.arithmetic import Ball
from numdiff.arithmetic.balls import values
from numdiff.floats.call import evaluate
from numdiff.floats.dyadic import nearest_double
from numdiff.floats.formats import FORMATS, FloatFormat, dyadic_to_fraction
from numdiff.report.figures import FORMAT_STYLE, is_narrow, outside_legend, subject
from numdiff.report.styles import INK, MUTED
from numdiff.study.blocks import digest_of
from numdiff.study.conditions import conditions
from numdiff.study.run import Measured
from numdiff.study.values import Digests

SAMPLES = 512
"""Arguments of one function in one format."""
HALF = 0.5
"""Ulps by which a correctly rounded value errs at most."""
_BITS = 192
_STEP = (math.sqrt(5) - 1) / 2


def _power(x: Any) -> Any:
    return x**4.5


FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    **{
        name: getattr(np, name)
        for name in tuple(
            """
            exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh
            arctanh cbrt
        """.split()
        )
    },
    "x**4.5": _power,
}


def arguments(name: str, fmt: FloatFormat) -> np.ndarray:
    """Return numbers of a format in the domain of a function: 2⁻⁶ to 2³, or 2⁻⁶ to 1, evenly on a logarithmic scale.

    They have both signs where the function has; arccosh gets 1 more, arguments of log1p below −1 the other sign.
    """
    short = name in ("arcsin", "arccos", "arctanh")
    places = np.arange(1, SAMPLES + 1) * _STEP % 1  # a low-discrepancy sequence: a grid would repeat the significands
    sizes = rounded_values(np.exp2, -6 + (6 if short else 9) * places)  # the same on every machine
    if name == "arccosh":
        return fmt.as_array(1 + sizes)
    if name in ("log", "log2", "log10", "x**4.5"):
        return fmt.as_array(sizes)
    signs = np.where(np.arange(SAMPLES) % 2, -1.0, 1.0)
    return fmt.as_array(np.where((name == "log1p") & (sizes > 0.9), sizes, signs * sizes))


def errors_in_ulps(name: str, fmt: FloatFormat) -> list[float]:
    """Return the errors of NumPy's function at `arguments`, in units of the spacing at the exact value."""
    f, x = FUNCTIONS[name], arguments(name, fmt)
    exact = values(f, [pair or (0, 0) for pair in fmt.lift_array(x)], _BITS)
    found = []
    with np.errstate(all="ignore"):
        computed = fmt.lift_array(evaluate(fmt, f, x))
    for pair, ball in zip(computed, exact, strict=True):
        # Beyond the largest number, or at a pole, there is no ulp.
        if pair is not None and isinstance(ball, Ball) and ball.mid:
            error = abs(dyadic_to_fraction(pair) - ball.midpoint)
            found.append(nearest_double(*(error / fmt.spacing(ball.midpoint)).as_integer_ratio()))
    return found


@dataclass(frozen=True)
class UlpErrors:
    """The errors of all functions in one format, as something that can be measured in any process and stored."""

    format_name: str

    @property
    def cells(self) -> int:
        """The number of arguments."""
        return len(FUNCTIONS) * SAMPLES

    def key(self) -> str:
        """Return the key under which the errors are stored."""
        return digest_of([type(self).__name__, self.format_name, SAMPLES, conditions(__name__)])

    def values(self) -> pd.DataFrame:
        """Return the digests of what the functions return on this machine."""
        fmt, digests = FORMATS[self.format_name], Digests()
        with np.errstate(all="ignore"):
            for name, f in FUNCTIONS.items():
                digests.add(f"np {name}", fmt.name, [evaluate(fmt, f, arguments(name, fmt))])
        return digests.frame()

    def measure(self, done: Callable[[int], Any] = lambda cells: None) -> dict[str, pd.DataFrame]:
        """Return the frame ``ulps``: the largest error of each function, and the share of values not the nearest."""
        rows = []
        for name in FUNCTIONS:
            found = np.array(errors_in_ulps(name, FORMATS[self.format_name]))
            rows.append((name, self.format_name, len(found), float(found.max()), float((found > HALF).mean())))
            done(SAMPLES)
        return {"ulps": pd.DataFrame(rows, columns=["function", "format", "arguments", "largest", "not_nearest"])}


ULPS = tuple(UlpErrors(name) for name in widths())
"""The errors in every format of this machine, narrow to wide."""


def worst_errors(measured: Measured) -> pd.DataFrame:
    """Return the largest error of each function in each format, and the share of values that are not the nearest."""
    frame = frame_beside(measured, "ulps", ULPS)
    ranks = {name: rank for rank, name in enumerate(FUNCTIONS)}
    return frame.sort_values("function", key=lambda names: names.map(ranks), kind="stable", ignore_index=True)


def draw_ulps(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw the largest errors, one row for each function, and the half ulp that correct rounding allows."""
    ax = fig.subplots()
    styles = {name: FORMAT_STYLE[name] for name in dict.fromkeys(data["format"])}
    dot_rows(ax, data, styles, row="function", series="format", x="largest", apart=0.19)
    _reference_line(ax, HALF, "correctly rounded:\nat most ½ ulp")
    ax.set(xlabel="largest error of NumPy's function, in ulps", xlim=(0, 1.05 * data["largest"].max()))
    outside_legend(fig, ax)


_SECOND_LINE = 0.2
"""Height in inches of the second line of the label of an axis."""


def draw_factors(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw how many times larger the error of the derivative is, one row for each function."""
    ax = fig.subplots()
    styles = {name: FORMAT_STYLE[name] for name in dict.fromkeys(data["format"])}
    dot_rows(ax, data, styles, row="function", series="format", x="factor", apart=0.19 if is_narrow(fig) else 0.29)
    _reference_line(ax, 1.0, "no difference")
    ax.set_xlabel("error with NumPy's functions /\nerror with correctly rounded ones")
    names_above(fig, ax, 17.0)
    if not is_narrow(fig):
        fig.subplots_adjust(bottom=fig.subplotpars.bottom + _SECOND_LINE / fig.get_figheight())
    ax.set_xlim(min(0.9, 0.95 * data["factor"].min()), max(1.1, 1.05 * data["factor"].max()))
    outside_legend(fig, ax, where="bottom")
    subject(fig, "Error of the centered difference, with NumPy's functions and with correctly rounded ones:", gap=13)


def _reference_line(ax: Any, at: float, text: str) -> None:
    ax.axvline(at, color=INK, linewidth=1.1, linestyle=(0, (4, 2)), zorder=1, label="_limit")
    ax.annotate(
        text,
        (at, 1),
        xycoords=ax.get_xaxis_transform(),
        xytext=(0, 4),
        textcoords="offset points",
        ha="center",
        fontsize=9,
        color=MUTED,
    )
