"""Searches hold their claims with a few seeds, and each of them finds the error that is planted for it."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.gradient_check import ours as checkers
from experiments.gradient_check.rules import Decision, Line, Outcome
from numdiff.floats.formats import FORMATS
from numdiff.formulas.elementwise import ElementwiseProbe
from numdiff.study import store
from numdiff.study.blocks import imported
from tests.adaptive import random_search as estimator
from tests.analysis import engine_search, mixed_cells, one_sided_search, random_cells, test_bounds
from tests.arithmetic import accuracy_search, special_accuracy_search
from tests.campaign.searches import SEARCHES
from tests.gradients import dropout
from tests.gradients import random_search as gradients

ELSEWHERE = {"bounds", "mixed_types", "one_sided", "accuracy", "special_accuracy", "dropout", "stored_damage"}
"""A slice of these has a test of its own, which says more of what was searched."""


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", sorted(SEARCHES.keys() - ELSEWHERE))
def test_a_claim_holds_with_a_seed(name, seed):
    search = SEARCHES[name]
    found = imported(search.function)(seed)
    assert found.cases >= 20
    assert not search.has_failed(found.cases, len(found.misses)), found.misses


def narrow_bounds(patch):
    honest = test_bounds.bounds_of
    patch.setattr(random_cells, "FORMATS", {"float32": FORMATS["float32"]})
    patch.setattr(random_cells.Composition, "__call__", lambda chosen, x: np.exp(x))
    patch.setattr(test_bounds, "bounds_of", lambda *asked: scaled(honest(*asked), "total", 1e-6))


def wrong_oracle(patch):
    honest = mixed_cells.oracle_parts
    patch.setattr(mixed_cells, "CALLS", 6)
    patch.setattr(mixed_cells, "oracle_parts", lambda *asked: [part + 1 for part in honest(*asked)])


def another_engine(patch):
    honest = engine_search.error_ledger

    def ledger(*asked):
        found = honest(*asked)
        return found if asked[-1] == "arb" else replace(found, total=np.nextafter(found.total, 0))

    patch.setattr(engine_search, "error_ledger", ledger)


def steeper_quotients(patch):
    honest = one_sided_search.quotient

    def steeper(*asked):
        slope = honest(*asked)
        return None if slope is None else slope + 1

    patch.setattr(one_sided_search, "quotient", steeper)


def blind_probe(patch):
    patch.setattr(ElementwiseProbe, "check", lambda probe, f: None)


def scaled(found, name, factor):
    return replace(found, **{name: getattr(found, name) * factor})


def narrow_bars(patch):
    honest = estimator.derivative

    def derivative(f, x, dtype):
        found = honest(f, x, dtype=dtype)
        return replace(found, error=(found.error * 0.01).astype(found.error.dtype))

    patch.setattr(estimator, "derivative", derivative)


def credulous_check(patch):
    checked = lambda f, gradient, x, seed, directions: Outcome(
        Decision.PASSED, "", (Line.AGREE,) * x.size, (0.0,) * x.size
    )
    patch.setattr(checkers, "checked", checked)


PLANTED = {
    "bounds": narrow_bounds,
    "mixed_types": wrong_oracle,
    "engines": another_engine,
    "one_sided": steeper_quotients,
    "accuracy": lambda patch: patch.setattr(accuracy_search, "limits_of", lambda fmt: dict.fromkeys(LIMITED, 0.49)),
    "special_accuracy": lambda patch: patch.setattr(special_accuracy_search, "_TINY", -1.0),
    "elementwise": blind_probe,
    "estimator": narrow_bars,
    "right_gradients": lambda patch: patch.setattr(gradients, "RIGHT", "times_2"),
    "wrong_gradients": credulous_check,
    "dropout": lambda patch: patch.setattr(dropout, "check_gradient", lambda *asked, **options: None),
    "stored_damage": lambda patch: patch.setattr(store, "_read", lambda path, name: store.pq.read_table(path)),
}
LIMITED = accuracy_search.ELEMENTARY


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_finds_the_error_that_is_planted_for_it(name, monkeypatch):
    PLANTED[name](monkeypatch)
    search = SEARCHES[name]
    found = imported(search.function)(0)
    assert search.has_failed(found.cases, len(found.misses))
