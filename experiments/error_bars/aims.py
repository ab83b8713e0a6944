r"""What our estimator is meant to reach: coverage, and for other derivatives than f′ accuracy and evaluations too.

The aims for f⁽ᵐ⁾ and for f′ from one side follow from those of f′ and from theory.

- **Evaluations.** A smooth f′ takes N evaluations (`EVALUATIONS`). Each further order is one more division by h, and
  takes one more node to give the same accuracy order: N + m − 1 nodes on both sides of x make a formula for f⁽ᵐ⁾ of
  accuracy order N, and N nodes on one side make one for f′ of accuracy order N − 1.
- **Accuracy.** Theory lets that formula gain over the plainest one

      log₁₀ e(p)/e(N) digits,    e(p) = u^(p/(p + m)),                                                            (1)

  where p is the accuracy order of the plainest one. That is without the constants of both, and with a step that nobody
  knows: the aim is half of these digits in the median. Where half of the cases are better than it, few should be worse
  than the plainest formula with the best step: the ratio is at most 1 in 90 %.
- **Coverage.** A bar means the same for each derivative: the aims are those of f′ in the format.

References
----------
`experiments.league.tasks` has (1), with its source.
"""

import math

from experiments.league.tasks import TASKS, best_error

__all__ = ["AIMS", "EVALUATIONS", "RATIO", "TOLD", "most_evaluations", "ratio_aim"]

TOLD = 0.99
"""The aim where the noise is told."""
AIMS = {
    ("float64", "none"): 0.99,
    ("float32", "none"): 0.99,
    ("float80", "none"): 0.99,
    ("float64", "1e-8"): 0.99,
    ("float64", "1e-4"): 0.98,
    ("float16", "none"): 0.98,
    ("bfloat16", "none"): 0.97,
}
"""The coverage that our bars are for, by format and noise."""
EVALUATIONS = {"float64": 12, "float32": 10, "float80": 14, "float16": 8, "bfloat16": 8}
"""What f′ of a smooth function takes in each format."""
RATIO = 1.0
"""The largest error in 90 % of the cases, over the best error of the plainest formula."""


def most_evaluations(format: str, task: str) -> int:
    """Return the largest median of the evaluations that is aimed at.

    Examples
    --------
    >>> most_evaluations("float64", "fourth"), most_evaluations("float64", "first, left")
    (15, 12)
    """
    return EVALUATIONS[format] + TASKS[task].order - 1


def ratio_aim(format: str, task: str) -> float:
    """Return the largest median ratio that is aimed at: half of the digits of (1).

    Examples
    --------
    >>> round(ratio_aim("float64", "second"), 5), round(ratio_aim("float32", "second"), 3)
    (0.00142, 0.062)
    """
    asked = TASKS[task]
    reached = EVALUATIONS[format] - abs(asked.side)
    plain, gained = (best_error(format, asked.order, p) for p in (asked.stencil.accuracy_order, reached))
    return math.sqrt(gained / plain)
