"""The progress of a run: nothing is left of a bar that is interrupted while it is made."""

import gc
import signal
import sys
import threading
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tqdm import TMonitor

from numdiff.study import progress as module


def test_bar_that_is_not_finished_says_nothing_and_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Caught: tqdm 4.66 printed two tracebacks after the line that says how the run was interrupted."""
    said: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)
    monitors = [thread for thread in threading.enumerate() if isinstance(thread, TMonitor)]
    bar = module._Bar.__new__(module._Bar)
    del bar
    gc.collect()
    assert said == []
    assert [thread for thread in threading.enumerate() if isinstance(thread, TMonitor)] == monitors


def test_bar_counts_and_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with module._Bar(total=4, unit="cell", mininterval=0, miniters=1) as bar:
        bar.update(3)
    assert "3/4" in capsys.readouterr().err


def test_bar_that_is_interrupted_while_it_is_shown_is_closed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    """Caught: the line of the interruption stood behind the bar, for nothing closed what the constructor had shown."""
    shown = module._Bar.display

    def interrupted(bar: module._Bar, *args: Any, **options: Any) -> Any:
        monkeypatch.setattr(module._Bar, "display", shown)
        shown(bar, *args, **options)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(module._Bar, "display", interrupted)
    request.addfinalizer(partial(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT)))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background a shell has it ignored
    told = module.Progress({"key": cast(Any, SimpleNamespace(cells=4))}, 0, 1, True)
    assert "cell/s" not in capsys.readouterr().err
    with pytest.raises(KeyboardInterrupt), told:
        pass
    said = capsys.readouterr().err
    assert "cell/s" in said
    assert said.endswith("\n")
