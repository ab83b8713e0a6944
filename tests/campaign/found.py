"""What a search finds with one seed, and how often it may miss."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scipy.special import bdtrc

__all__ = ["Found", "Search", "is_too_often"]

CHANCE = 1e-9
"""The probability that a search whose misses have their allowed rate is called failed: a thousand searches of a
thousand seeds raise no false alarm in 999 of 1000 cases."""


@dataclass(frozen=True)
class Found:
    """What one seed gave.

    Parameters
    ----------
    cases : int
        How many claims were checked.
    misses : sequence of str
        Those that did not hold, each with what is needed to find it.
    """

    cases: int
    misses: Sequence[str] = ()


@dataclass(frozen=True)
class Search:
    """A search: a claim, and a function that looks for cases in which it does not hold.

    Parameters
    ----------
    name : str
    claim : str
        A sentence.
    function : str
        ``"module:function"``: takes a seed, a non-negative integer, and returns `Found`, the same for the same seed.
    rate : float
        The share of cases that may be misses; 0 where none may.
    """

    name: str
    claim: str
    function: str
    rate: float = 0.0

    def has_failed(self, cases: int, misses: int) -> bool:
        """Whether so many misses in so many cases are too many."""
        return is_too_often(misses, cases, self.rate)


Function = Callable[[int], Found]


def is_too_often(misses: int, cases: int, rate: float) -> bool:
    """Whether misses are more than a rate allows: so many or more have a probability below `CHANCE`."""
    return misses > 0 and bool(bdtrc(misses - 1, cases, rate) < CHANCE)
