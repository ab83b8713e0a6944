"""Calls of libraries: what does not return, crashes or writes becomes an outcome, and the other calls are made."""

import gc
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.league import limited
from experiments.league.contestants import RuleContestant, framed
from experiments.league.limited import Calls
from tests.experiments.league.small_libraries import Odd


def calls(name: str, limit: float = 60.0) -> Calls:
    x = np.array([1.0, 2.0, 3.0])
    return Calls(RuleContestant(name, Odd(name), own=True), "exp", "float64", "none", False, x, None, limit)


def run_apart(asked: Calls) -> pd.DataFrame:
    return framed(limited.run_apart(asked))


@pytest.fixture(autouse=True, scope="module")
def no_helper_left():
    yield
    limited._end()
    gc.collect()


@pytest.fixture(autouse=True)
def nothing_left_open():
    yield
    gc.collect()


def test_a_call_that_does_not_return_is_ended_and_the_others_are_made():
    found = run_apart(calls("stays", limit=2.0))
    assert found["status"].tolist() == ["ok", "no return", "ok"]
    assert found["value"].isna().tolist() == [False, True, False]
    assert found["message"][1] == "the call did not return within 2 s; its library wrote: ** before it stays"
    assert not found["ok"][1]


def test_a_call_that_ends_its_process_is_an_outcome():
    found = run_apart(calls("leaves"))
    assert found["status"].tolist() == ["ok", "no return", "ok"]
    assert found["message"][1] == "the call ended its process with the code 7"


def test_what_a_library_writes_is_in_the_message_of_its_case_alone(capfd):
    found = run_apart(calls("writes"))
    wrote = "a doubt; its library wrote: ** On entry to DLASCL; and on the other stream"
    assert found["message"].tolist() == ["a doubt", wrote, "a doubt"]
    assert found["ok"].all()
    assert capfd.readouterr() == ("", "")


def test_what_a_library_raises_is_an_outcome_as_in_this_process():
    asked = calls("fails")
    there, here = run_apart(asked), asked.contestant.run(np.exp, asked.x, limited.FORMATS["float64"], None, (0, 9))
    assert there.equals(here)
    assert there["message"][1] == "OSError: not its day"


def test_one_helper_makes_all_calls_until_it_ends():
    run_apart(calls("writes"))
    first = limited._running[0]
    run_apart(calls("writes"))
    assert limited._running == [first]
    limited._end()
    assert not first.is_alive


def test_a_failure_of_the_helper_itself_is_raised_and_not_an_outcome():
    with pytest.raises(RuntimeError, match=r"own process: UnknownNameError"):
        run_apart(Calls(calls("writes").contestant, "no_such_problem", "float64", "none", False, np.ones(1), None))
    assert run_apart(calls("writes"))["ok"].all()


def test_a_helper_that_does_not_start_says_why(monkeypatch):
    limited._end()
    monkeypatch.setattr(limited, "__name__", "experiments.league.no_such_module")
    with pytest.raises(RuntimeError, match=r"at its start: .*No module named"):
        run_apart(calls("writes"))


def test_a_helper_ends_with_the_process_that_started_it():
    code = (
        "from tests.experiments.league.test_limited import calls, limited, run_apart\n"
        "run_apart(calls('writes'))\n"
        "print(limited._running[0]._process.pid, flush=True)\n"
        "import os; os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert has_ended(int(done.stdout))


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or about to be: it has ten seconds."""
    import os
    import time

    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_calls_share_an_alarm_and_each_has_its_time():
    """Three calls of 0.7 s under a limit of 1 s: the alarm that is set for the first must not end the others."""
    asked = replace(calls("waits", limit=1.0), x=np.full(3, 2.0))
    assert run_apart(asked)["status"].tolist() == ["ok"] * 3
