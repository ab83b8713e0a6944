"""A search with planted errors: a claim that does not hold at one seed, and an exception at another."""

from tests.campaign.found import Found

MISSED, RAISED = 3, 5


def search(seed: int) -> Found:
    """Miss at one seed, fail at another."""
    if seed == RAISED:
        raise ZeroDivisionError("1/0")
    return Found(10, ["two is three", "three is four"] if seed == MISSED else [])


def often(seed: int) -> Found:
    """Miss a fifth of the cases: at no seed alone too many."""
    return Found(5, [f"case {seed}"])
