"""Test problems: functions with their closed-form derivatives, their points and their sources.

Adding a problem is adding one entry to a module of this package.
"""

from numdiff.problems.classic import CLASSIC
from numdiff.problems.formulations import FORMULATION, FORMULATIONS
from numdiff.problems.problem import Problem
from numdiff.problems.published import PUBLISHED
from numdiff.problems.step4 import STEP4
from numdiff.registry import Registry

__all__ = ["PROBLEMS", "Problem", "general_problems"]
__all__ += ["CLASSIC", "FORMULATION", "FORMULATIONS", "PUBLISHED", "STEP4"]

PROBLEMS: Registry[Problem] = Registry("problem", (*STEP4, *CLASSIC, *FORMULATION, *PUBLISHED), Problem)
"""All problems, by name; ``PROBLEMS.register`` adds one, which sweeps then know by its name.

Examples
--------
>>> import numdiff as nd
>>> problem = nd.PROBLEMS["exp"]
>>> problem.formula, problem.points[0]
('exp(x)', 0.5)
"""


def general_problems() -> dict[str, Problem]:
    """Return the problems that sweeps over all functions run over: not those that belong to a published table."""
    return {name: problem for name, problem in PROBLEMS.items() if problem.family != "published"}
