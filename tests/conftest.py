"""Settings of the test suite: what is random, what is drawn, and where figures go."""

import os
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from tests.core_environment import INCOMPLETE, is_core_test

# Before anything imports matplotlib: no test needs a screen.
os.environ["MPLBACKEND"] = "Agg"

# No deadline: the first example of a property compiles, imports and fills caches. Locally every run draws new
# examples; in CI the same commit gives the same result.
settings.register_profile("local", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("local"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Return a generator whose seed is the name of the test: the same numbers in any order, on any worker."""
    return np.random.default_rng(zlib.crc32(request.node.name.encode()))


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    """Close what a test left open in pyplot, which warns of too many figures."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out, where packages of the extras are missing, the tests that do not belong to the core."""
    if INCOMPLETE and collection_path.name.startswith("test_") and not is_core_test(collection_path):
        return True
    return None
