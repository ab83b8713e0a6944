"""The measurement behind `TYPICAL` and `TYPICAL_ROUNDED`: typical evaluation errors as a share of their bounds.

python -m tests.analysis.typical_shares         the medians over all problems, by format and arithmetic
"""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from numdiff.analysis.error_model import typical_share
from numdiff.arithmetic import balls
from numdiff.arithmetic.rounded import rounded
from numdiff.arithmetic.running_error import evaluation_errors
from numdiff.call import evaluate
from numdiff.formats import FORMATS, FloatFormat, dyadic_to_fraction
from numdiff.problems import CLASSIC, STEP4, Problem

PROBLEMS = (*STEP4, *CLASSIC)
OFFSETS = tuple(Fraction(r - 32, 32 * 16) + Fraction(1, 7777) for r in range(65))
"""65 values of t, |t| ≤ 1/16 but for a shift that gives x(1 + t) a full significand."""


def share_of(problem: Problem, fmt: FloatFormat, correctly_rounded: bool) -> float:
    """Return the RMS over 65 points x(1 + t) of |f̂ − f| over that of its bound, at the first point of a problem."""
    f, x = rounded(problem.f) if correctly_rounded else problem.f, Fraction(problem.points[0])
    points = np.array([fmt.round(x * (1 + t) if x else t) for t in OFFSETS], dtype=fmt.dtype)
    exact = fmt.lift_array(points)
    bounds = evaluation_errors(f, exact, fmt)  # type: ignore[arg-type]
    values = fmt.lift_array(evaluate(fmt, f, points))
    truth = balls.values(problem.f, exact, 256)  # type: ignore[arg-type]
    errors = [
        float(dyadic_to_fraction(value) - ball.midpoint)  # type: ignore[union-attr, arg-type]
        for value, ball in zip(values, truth, strict=True)
    ]
    return math.hypot(*errors) / math.hypot(*bounds)


def shares(fmt: FloatFormat, correctly_rounded: bool, problems: Sequence[Problem] = PROBLEMS) -> list[float]:
    """Return the shares of the problems that use an elementary function."""
    return [share_of(p, fmt, correctly_rounded) for p in problems if typical_share(p.f, fmt) != 1]


if __name__ == "__main__":
    for name, fmt in FORMATS.items():
        medians = [np.median(shares(fmt, correctly_rounded)) for correctly_rounded in (False, True)]
        print(name, "platform {:.3f}, rounded {:.3f}".format(*medians))
