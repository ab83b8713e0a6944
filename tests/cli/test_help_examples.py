"""The examples of the pages of help: each runs as it is written, all with the same module of a user."""

import re
import shlex

import numpy as np
import pytest

from tests.cli.calls import call, python
from tests.core_environment import needs_everything

MODULE = """
import numpy as np


def loss(w):
    return np.sum(np.tanh(w) ** 2)


def gradient(w):
    return 2 * np.tanh(w) * (1 - np.tanh(w) ** 2)


def simulate(x):
    return np.sin(x)


def wave(x):
    return np.exp(-x * x) * np.sin(8.0 * x)


def solve(x):
    return np.exp(-x)


def f(x):
    import mpmath

    return mpmath.exp(-x)


def df(x):
    import mpmath

    return -mpmath.exp(-x)
"""
PAGES = ["", "advise", "derivative", "ledger", "sweep", "check", "list", "explain"]


def examples(page):
    """Return the lines below Examples, without a remark in brackets at their end."""
    text = call(*page.split(), "--help").out
    lines = text.partition("Examples:\n")[2].partition("\n\n")[0].splitlines()
    return [re.sub(r" {2,}\(.*\)$", "", line).strip() for line in lines]


@needs_everything
@pytest.mark.parametrize("page", PAGES)
def test_every_example_of_a_page_runs_as_it_is_written(page, tmp_path, monkeypatch):
    weights = np.linspace(-1, 2, 12)
    (tmp_path / "mymodule.py").write_text(MODULE, encoding="utf-8")
    np.save(tmp_path / "weights.npy", weights)
    np.save(tmp_path / "gradient.npy", 2 * np.tanh(weights) * (1 - np.tanh(weights) ** 2))
    lines = examples(page)
    assert len(lines) >= 2
    calls = [shlex.split(line)[1:] for line in lines]
    program = f"import sys\nfrom numdiff.cli import main\nsys.exit(max(map(main, {calls!r})))"
    done = python("-c", program, cwd=tmp_path)
    assert (done.status, done.err) == (0, "")
    assert done.out
