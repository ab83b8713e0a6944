"""Workers that work in this process, so that a test need not start others."""

import pickle
from typing import Any

import pytest

from numdiff.study import run


def in_this_process(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let workers work in this process, on what was pickled for them; return how many were asked for."""
    asked = []

    def results(function: Any, items: Any, number: int, setup: Any, done: Any) -> Any:
        asked.append(number)
        for key, item in items.items():
            yield key, function(pickle.loads(pickle.dumps(item)), done)

    monkeypatch.setattr(run, "results_of", results)
    return asked
