"""Test problems: functions with their closed-form derivatives, their points and their sources.

Adding a problem is adding one entry to a module of this package.
"""

from numdiff.problems.classic import CLASSIC
from numdiff.problems.formulation import FORMULATION, FORMULATIONS
from numdiff.problems.problem import Problem
from numdiff.problems.published import PUBLISHED
from numdiff.problems.step4 import STEP4
from numdiff.registry import Registry

__all__ = [
    "ALL_PROBLEMS", "CLASSIC", "FORMULATION", "FORMULATIONS", "PROBLEMS", "PUBLISHED", "STEP4", "Problem",
]  # fmt: skip

PROBLEMS: Registry[Problem] = Registry("problem", (*STEP4, *CLASSIC, *FORMULATION))
"""The problems that sweeps run over, by name: the same in every format."""
ALL_PROBLEMS: Registry[Problem] = Registry("problem", (*PROBLEMS.values(), *PUBLISHED))
"""These, and the problems of the published tables, each of which belongs to its table."""
