"""Where complex values are kept for the second part: what was put in comes out, in a time that fits what is asked."""

import time

import numpy as np
import pytest

from numdiff.adaptive.complex_values import ComplexKnown


def known(rng, n: int, batches: int = 3) -> tuple[ComplexKnown, np.ndarray, np.ndarray, np.ndarray]:
    """Return a store with nodes of random rows, in batches, and what is in it."""
    rows, nodes = rng.integers(0, max(n // 8, 1), n), rng.standard_normal(n)
    values = rng.standard_normal(n) + 1j * rng.standard_normal(n)
    store = ComplexKnown()
    for part in np.array_split(np.arange(n), batches):
        store.add(nodes[part], rows[part], values[part])
    return store, nodes, rows, values


@pytest.mark.parametrize("n", [1, 2, 7, 1000])
def test_what_was_put_in_comes_out_and_nothing_else_is_known(n, rng):
    store, nodes, rows, values = known(rng, n)
    order = rng.permutation(n)
    assert store.holds(nodes[order], rows[order]).all()
    assert store.at(nodes[order], rows[order]).tolist() == values[order].tolist()
    assert np.bincount(store.rows).tolist() == np.bincount(rows).tolist()
    others = np.nextafter(nodes, [np.inf]), np.nextafter(nodes, [-np.inf])
    for other in (*others, nodes + 10, nodes - 10):
        assert not store.holds(other, rows).any()
    assert not store.holds(nodes, rows + n).any()


def test_an_empty_store_knows_nothing():
    assert not ComplexKnown().holds(np.zeros(3), np.arange(3)).any()


def test_a_look_at_few_nodes_does_not_go_through_all_that_are_known(rng):
    """Among 200 000 keys a search takes microseconds, a sort of all of them some ten milliseconds."""
    store, nodes, rows, _ = known(rng, 200_000)

    def best(work) -> float:
        times = []
        for _ in range(3):
            begun = time.perf_counter()
            work()
            times.append(time.perf_counter() - begun)
        return min(times)

    keys = store.keys[rng.permutation(store.keys.size)]
    assert best(lambda: store.holds(nodes[:20], rows[:20])) < best(lambda: np.sort(keys)) / 10
