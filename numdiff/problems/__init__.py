"""Test problems: functions with their closed-form derivatives, their points and their sources.

Adding a problem is adding one entry to a module of this package.
"""

from numdiff.problems.classic import CLASSIC
from numdiff.problems.formulation import FORMULATION, FORMULATIONS
from numdiff.problems.problem import Problem
from numdiff.problems.step4 import STEP4
from numdiff.registry import Registry

__all__ = ["CLASSIC", "FORMULATION", "FORMULATIONS", "PROBLEMS", "STEP4", "Problem"]

PROBLEMS: Registry[Problem] = Registry("problem", (*STEP4, *CLASSIC, *FORMULATION))
"""All problems by name."""
