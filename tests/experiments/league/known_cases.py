"""The cases of the league, measured once for all tests."""

from functools import cache

import pandas as pd

from experiments.league.matches import cases_of

__all__ = ["known_cases"]


@cache
def known_cases(set: str, format: str) -> pd.DataFrame:
    """Return the cases of a set in a format, without noise; they are shared, and nobody changes them."""
    return cases_of(set, format)
