"""Test problems: functions with their closed-form derivatives, their points and their sources.

Adding a problem is adding one entry to a module of this package.
"""

from numdiff.problems.classic import CLASSIC
from numdiff.problems.formulations import FORMULATION, FORMULATIONS
from numdiff.problems.problem import Problem
from numdiff.problems.published import PUBLISHED
from numdiff.problems.special import SPECIAL
from numdiff.problems.step4 import STEP4
from numdiff.registry import Registry

__all__ = ["PROBLEMS", "Problem", "general_problems"]
__all__ += ["CLASSIC", "FORMULATION", "FORMULATIONS", "PUBLISHED", "SPECIAL", "STEP4"]

PROBLEMS: Registry[Problem] = Registry(
    "problem", (*STEP4, *CLASSIC, *FORMULATION, *SPECIAL, *PUBLISHED), Problem, group="numdiff.problems"
)
"""All problems, by name; ``PROBLEMS.register`` adds one, which sweeps then know by its name.

Installed packages add theirs with an entry point in the group ``numdiff.problems``.

Examples
--------
>>> import numdiff as nd
>>> problem = nd.PROBLEMS["exp"]
>>> problem.formula, problem.points[0]
('exp(x)', 0.5)
"""


def general_problems() -> dict[str, Problem]:
    """Return the problems that run in every format: not those of a published table, and not the special ones.

    Those need SciPy, which computes them in two formats.
    """
    return {name: problem for name, problem in PROBLEMS.items() if problem.family not in ("published", "special")}
