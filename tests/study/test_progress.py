"""The progress of a run: nothing is left of a bar that is interrupted while it is made."""

import gc
import sys
import threading

import pytest

from numdiff.study import progress as module


def test_bar_that_is_not_finished_says_nothing_and_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Caught: tqdm 4.66 printed two tracebacks after the line that says how the run was interrupted."""
    said: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)
    before = set(threading.enumerate())
    bar = module._Bar.__new__(module._Bar)
    del bar
    gc.collect()
    assert said == []
    assert set(threading.enumerate()) == before


def test_bar_counts_and_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with module._Bar(total=4, unit="cell", mininterval=0, miniters=1) as bar:
        bar.update(3)
    assert "3/4" in capsys.readouterr().err
