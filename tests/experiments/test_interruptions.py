"""Runs that are interrupted for real: the status, the line, nothing left, and the same bytes when they are repeated.

``python -m tests.kill_trials`` does it at random moments.
"""

import subprocess
import sys

import pytest

from tests.core_environment import needs_everything
from tests.kill_trials import COMMANDS, LINE, STATUS, WAYS, left_in, report_in

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the processes of a session are looked up in /proc"),
    needs_everything,
]


def interrupted(command, way, folder):
    """Interrupt a run as soon as it has said how much there is to do; return what it says after that."""
    program = command.start(folder)
    assert " cells in " in program.stderr.readline()
    WAYS[way](program)
    _, said = program.communicate()
    assert program.returncode == STATUS[way]
    assert left_in(program.pid) == []
    lines = [line.rpartition("\r")[2] for line in said.splitlines()]
    return [line for line in lines if line.strip() and "cell/s" not in line]


def test_run_that_is_interrupted_while_it_measures_and_while_it_draws_gives_the_same_bytes_later(tmp_path):
    alone, workers, numdiff, _ = COMMANDS
    (tmp_path / "undisturbed").mkdir()
    program = alone.start(tmp_path / "undisturbed")
    program.communicate()
    assert program.returncode == 0
    wanted = report_in(tmp_path / "undisturbed")

    folder = tmp_path / "disturbed"
    folder.mkdir()
    for command, way in ((workers, "Ctrl-C"), (numdiff, "SIGTERM")):  # while they measure
        (line,) = interrupted(command, way, folder)
        assert LINE.fullmatch(line)
        assert "interrupted after 0 of " in line
    subprocess.run(["cp", "-R", tmp_path / "undisturbed" / "records", folder], check=True)
    (line,) = interrupted(workers, "SIGINT", folder)  # nothing is left to measure: while it draws
    assert LINE.fullmatch(line)
    assert "interrupted after 0" not in line
    assert report_in(folder) == {}
    program = workers.start(folder)
    program.communicate()
    assert program.returncode == 0
    assert report_in(folder) == wanted
