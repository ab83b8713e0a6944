"""Realistic functions of many parameters with their gradients, and the group that each belongs to.

A function belongs to the development half if the first byte of the SHA-256 of its name is below 128, else to the
judgement half, as in the league of step rules. Those of the third group were written last. Constants of a check may be
chosen on the development half alone.
"""

import hashlib

from experiments.gradient_check.functions import last, networks, numerics, statistics
from experiments.gradient_check.functions.case import Case, RealisticFunction
from numdiff.registry import Registry

__all__ = ["DEVELOPMENT", "FUNCTIONS", "GROUPS", "JUDGEMENT", "LAST", "Case", "RealisticFunction", "group_of"]

DEVELOPMENT, JUDGEMENT, LAST = GROUPS = ("development", "judgement", "last")

FUNCTIONS: Registry[RealisticFunction] = Registry(
    "function of the gradient checks",
    [*networks.FUNCTIONS, *statistics.FUNCTIONS, *numerics.FUNCTIONS, *last.FUNCTIONS],
)
"""All functions, in the order of the tables."""
_LAST = frozenset(item.name for item in last.FUNCTIONS)


def group_of(name: str) -> str:
    """Return the group of a function.

    Examples
    --------
    >>> group_of("attention"), group_of("gru")
    ('judgement', 'last')
    """
    if name in _LAST:
        return LAST
    return DEVELOPMENT if hashlib.sha256(name.encode()).digest()[0] < 128 else JUDGEMENT
