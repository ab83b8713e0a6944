"""Interrupt real runs at random moments and look at what they leave.

``python -m tests.kill_trials [NUMBER] [SEED]`` makes 40 trials by default, which takes some minutes. A trial starts a
command, sends a signal at a random moment between its start and its end, and checks: the exit status, the time until
it has ended, the one line, that no process is left, that the report is an old one or the new one, and that the same
command, repeated until it is not interrupted, gives the bytes of an undisturbed run.
"""

import collections
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINE = re.compile(
    r"interrupted (after \d+ of \d+ cells; the same command goes on from here|"
    r"before anything was done; the same command starts anew)"
)
LIMIT = 2.0
"""Seconds in which a program that is interrupted has ended, on a machine with a processor to spare."""
WORDS = ("composition",)
"""A run of a few seconds, with figures."""


@dataclass
class Command:
    """A way to start the experiments."""

    name: str
    words: tuple[str, ...]
    workers: int
    length: float = 0.0
    problems: collections.Counter[str] = field(default_factory=collections.Counter)

    def start(self, folder: Path) -> subprocess.Popen[str]:
        """Start it in a session of its own: what is left of it can be found."""
        places = ["--out", str(folder / "report"), "--records", str(folder / "records")]
        return subprocess.Popen(
            [sys.executable, *self.words, *WORDS, "--workers", str(self.workers), *places],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


COMMANDS = (
    Command("alone", ("-m", "experiments"), 1),
    Command("two workers", ("-m", "experiments"), 2),
    Command("numdiff", ("-m", "numdiff", "experiments"), 1),
    Command("numdiff, two workers", ("-m", "numdiff", "experiments"), 2),
)
WAYS = {
    "SIGINT": lambda program: program.send_signal(signal.SIGINT),
    "SIGTERM": lambda program: program.send_signal(signal.SIGTERM),
    "Ctrl-C": lambda program: os.killpg(program.pid, signal.SIGINT),  # as a terminal: all processes at once
    "SIGTERM of all": lambda program: os.killpg(program.pid, signal.SIGTERM),
    "SIGKILL": lambda program: program.kill(),
}
EARLY = 2.0
"""Seconds in which a busy machine may take to start Python, which a signal then ends in its own way."""
EARLY_ONES: list[float] = []
ENDED: list[float] = []
"""The moments of trials that say nothing: the run had ended before."""
TIMES: list[float] = []
"""What the trials took to end."""
STATUS = {"SIGINT": 130, "SIGTERM": 143, "Ctrl-C": 130, "SIGTERM of all": 143, "SIGKILL": -signal.SIGKILL}


def report_in(folder: Path) -> dict[str, bytes]:
    """Return the files of the report."""
    place = folder / "report"
    return {p.relative_to(place).as_posix(): p.read_bytes() for p in sorted(place.rglob("*")) if p.is_file()}


def left_in(session: int) -> list[int]:
    """Return the processes of a session that are still there."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, its_session = path.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(its_session) == session and state != "Z":
            found.append(int(path.parent.name))
    return found


def trial(command: Command, way: str, moment: float, folder: Path, wanted: dict[str, bytes]) -> list[str]:
    """Interrupt one run and return what was wrong."""
    program = command.start(folder)
    time.sleep(moment)
    WAYS[way](program)
    sent = time.perf_counter()
    _, said = program.communicate()
    took = time.perf_counter() - sent
    wrong = []
    if program.returncode == 0:
        ENDED.append(moment)
        return []
    early = -getattr(signal, way.split()[0].replace("Ctrl-C", "SIGINT"))
    if program.returncode == early and moment < EARLY and not left_in(program.pid):
        EARLY_ONES.append(moment)  # Python itself was not ready
        return []
    if program.returncode != STATUS[way]:
        wrong.append(f"status {program.returncode}")
    if took > LIMIT * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)):
        wrong.append(f"took {took:.1f} s")
    TIMES.append(took)
    # What the bar has written is not a line of its own.
    lines = [line.rpartition("\r")[2] for line in said.splitlines()]
    lines = [line for line in lines if line.strip() and not re.search(r"cells? in \d+ block|cell/s|s left, as", line)]
    if way != "SIGKILL" and not (len(lines) == 1 and LINE.fullmatch(lines[0])):
        wrong.append(f"said {lines}")
    deadline = time.perf_counter() + (10.0 if way == "SIGKILL" else 0.5)  # a killed parent says nothing to a start
    while left_in(program.pid) and time.perf_counter() < deadline:
        time.sleep(0.05)
    if left := left_in(program.pid):
        wrong.append(f"{len(left)} processes left")
        os.killpg(program.pid, signal.SIGKILL)
    if report_in(folder) not in ({}, wanted):
        wrong.append("a report that is neither the old one nor the new one")
    return wrong


def undisturbed(command: Command) -> dict[str, bytes]:
    """Run a command to its end, note its length and return its report."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        program = command.start(Path(folder))
        _, said = program.communicate()
        command.length = time.perf_counter() - start
        if program.returncode:
            raise RuntimeError(said)
        return report_in(Path(folder))


def main() -> int:
    """Make the trials, print what was found, and return the exit status."""
    number, seed = (int(word) for word in [*sys.argv[1:], *("40", "0")[len(sys.argv) - 1 :]])
    chance = random.Random(seed)
    wanted = undisturbed(COMMANDS[0])
    wrong = sum(undisturbed(command) != wanted for command in COMMANDS[1:])
    print(f"undisturbed: {wrong} of {len(COMMANDS) - 1} differ; {[round(c.length, 1) for c in COMMANDS]} s")
    tried, folder = 0, Path(tempfile.mkdtemp())
    for turn in range(number):
        command, way = COMMANDS[turn % len(COMMANDS)], list(WAYS)[turn // len(COMMANDS) % len(WAYS)]
        moment = chance.uniform(0.1, command.length)
        problems = trial(command, way, moment, folder, wanted)
        tried += 1
        wrong += bool(problems)
        print(f"{command.name:22} {way:15} after {moment:5.2f} s: {'; '.join(problems) or 'right'}", flush=True)
        if chance.random() < 0.3:  # repeated by another command than the one that was interrupted
            last = chance.choice(COMMANDS).start(folder)
            last.communicate()
            if last.returncode or report_in(folder) != wanted:
                wrong += 1
                print("the repeated command gave other bytes")
            shutil.rmtree(folder)
            folder.mkdir()
    shutil.rmtree(folder)
    busy = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
    print(f"{len(EARLY_ONES)} came before Python was ready, {len(ENDED)} after the run had ended")
    print(f"{tried} interruptions with seed {seed}: {wrong} wrong; at most {max(TIMES):.1f} s until the end ({busy})")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
