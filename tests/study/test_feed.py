"""A feed hands out no item long before the first one whose result is not taken, and gives results in order."""

import itertools
import random

import pytest

from numdiff.study.feed import Feed


def test_all_items_are_handed_out_in_their_order_and_then_none() -> None:
    feed = Feed({"a": 1, "b": 2})
    assert [feed.take(), feed.take(), feed.take()] == [("a", 1), ("b", 2), None]


@pytest.mark.parametrize("ahead", [1, 3])
def test_no_more_are_out_than_allowed_and_an_iterable_is_read_no_further(ahead: int) -> None:
    numbers = itertools.count()
    feed = Feed(((str(number), number) for number in numbers), ahead)
    taken = list(iter(feed.take, None))
    assert [item for _, item in taken] == list(range(ahead))
    assert next(numbers) == ahead


@pytest.mark.parametrize("seed", range(5))
def test_results_that_come_in_any_order_are_given_in_that_of_the_items(seed: int) -> None:
    """Caught: an item handed out more than `ahead` before the first that is not taken."""
    rng, ahead = random.Random(seed), 4
    feed = Feed(((str(number), number) for number in range(50)), ahead)
    out: list[tuple[str, int]] = []
    taken: list[int] = []

    def results() -> object:
        while True:
            while (given := feed.take()) is not None:
                assert given[1] < len(taken) + ahead + 1  # one more, while the one that was given is looked at
                out.append(given)
            if not out:
                return
            yield out.pop(rng.randrange(len(out)))

    for item in feed.in_order(results()):  # type: ignore[arg-type]
        taken.append(item)
    assert taken == list(range(50))
