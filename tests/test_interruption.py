"""Ctrl-C and requests to end: the status, one line, in time, and in a program that runs another one too."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from numdiff.interruption import BEFORE, GRACE, status_of

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")
HEAD = """
import os, signal, sys, time
from pathlib import Path
from numdiff.interruption import Interruption, run_program
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # who runs the tests under nohup has it ignored, and children inherit that
"""
SLEEP = "def work():\n    print('ready', flush=True)\n    time.sleep(60)\n    return 0\n"
SWALLOW = """
def work():
    ready = ['ready']
    while True:
        try:
            while ready:
                print(ready.pop(), flush=True)
            time.sleep(60)
        except BaseException:
            pass
"""
RUN = "stop = Interruption()\nstop.line = lambda: 'interrupted in the middle'\nsys.exit(stop.run(work))\n"


def started(program, **options):
    """Start a program and wait until it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", HEAD + program],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        **options,
    )
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_program_that_is_interrupted_says_one_line_and_has_the_status_of_the_signal(number):
    process = started(SLEEP + RUN)
    process.send_signal(number)
    _, said = process.communicate()
    assert (process.returncode, said.strip()) == (128 + number, "interrupted in the middle")
    assert status_of(number) == 128 + number


def test_interruption_in_executed_text_has_the_status_of_the_signal(tmp_path):
    """Python notes that one passed through `exec`, and would end ``python -m`` by SIGINT although it was caught."""
    work = "def work():\n    exec(\"print('ready', flush=True); time.sleep(60)\")\n"
    (tmp_path / "program.py").write_text(HEAD + work + RUN)
    process = subprocess.Popen(
        [sys.executable, "-m", "program"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert (process.returncode, said.strip()) == (130, "interrupted in the middle")


def test_second_signal_changes_nothing():
    cleaning = """
def work():
    try:
        print('ready', flush=True)
        time.sleep(60)
    finally:
        print('cleaning', flush=True)
        time.sleep(0.2)
        print('clean', flush=True)
"""
    process = started(cleaning + RUN)
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "cleaning\n"
    process.send_signal(signal.SIGTERM)
    out, said = process.communicate()
    assert (process.returncode, out, said.strip()) == (130, "clean\n", "interrupted in the middle")


def test_program_that_swallows_the_interruption_ends_after_the_grace():
    process = started(SWALLOW + RUN)
    process.send_signal(signal.SIGTERM)
    start = time.perf_counter()
    _, said = process.communicate()
    assert (process.returncode, said.strip()) == (143, "interrupted in the middle")
    assert time.perf_counter() - start >= 0.9 * GRACE


def test_hangup_that_nohup_ignores_stays_ignored():
    work = "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + SLEEP.replace("60", "1")
    process = started(work + RUN)
    process.send_signal(signal.SIGHUP)
    assert (process.communicate(), process.returncode) == (("", ""), 0)


def test_status_of_a_program_that_is_not_interrupted_is_its_own():
    process = started("def work():\n    print('ready')\n    return 7\n" + RUN)
    assert (process.communicate()[1], process.returncode) == ("", 7)


@pytest.mark.parametrize("interrupted", [False, True])
def test_signal_that_comes_while_python_ends_changes_nothing(interrupted):
    late = (
        "import atexit\n    atexit.register(lambda: (print('ending', flush=True), time.sleep(0.3)))\n    print('ready'"
    )
    work = SLEEP if interrupted else SLEEP.replace("60", "0")
    process = started(work.replace("print('ready'", late) + RUN)
    if interrupted:
        process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "ending\n"
    for number in (signal.SIGTERM, signal.SIGINT):
        process.send_signal(number)
    process.communicate()
    assert process.returncode == (130 if interrupted else 0)


CHILD = SLEEP + RUN
PARENT = f"sys.exit(run_program([sys.executable, '-c', {HEAD + CHILD!r}], Path('.')))\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("to_all", [False, True], ids=["to the parent", "to both"])
def test_program_that_runs_another_one_hands_the_signal_on_and_waits(number, to_all):
    process = started(PARENT, start_new_session=True)
    os.killpg(process.pid, number) if to_all else process.send_signal(number)
    _, said = process.communicate()
    assert (process.returncode, said.strip()) == (128 + number, "interrupted in the middle")
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_program_that_a_signal_has_ended_before_it_could_speak_is_spoken_for():
    silent = "import time; print('ready', flush=True); time.sleep(60)"
    process = started(f"sys.exit(run_program([sys.executable, '-c', {silent!r}], Path('.')))\n")
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate()
    assert (process.returncode, said) == (143, f"{BEFORE}\n")
