"""Calls of libraries in a process of their own: it ends itself where a call does not return.

No signal ends a call that is inside a compiled library: ``jacobi`` at x = 1e-50 does not come back from LAPACK, which
it gives a matrix of NaN. So libraries are called in a helper, one call after another. A call that takes longer than
`LIMIT` ends the helper, and the case has no result; so does a call that crashes. The next call gets a new helper.

What a library writes to the standard streams by itself, as LAPACK does of arguments that it refuses, becomes part of
the message of the case.
"""

import atexit
import contextlib
import ctypes
import faulthandler
import functools
import math
import os
import pickle
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, cast

import numpy as np

from experiments.league.cases import LEVELS, subject_of
from experiments.league.contestants import Outcome, RuleContestant, one_line
from numdiff.floats.formats import FORMATS

__all__ = ["LIMIT", "Calls", "run_apart"]

LIMIT = 30.0
"""Seconds that a call may take: a hundred times as long as the slowest that was seen to return, imports included."""
_OUT_OF_TIME = 1
"""The exit code of a process that `faulthandler` has ended; a library may end it with the same one, but at once."""
_LONGEST = 1000
"""Characters of what a library writes that are kept: a message is cut to fewer still."""
_FOLDER = re.compile(r"(?:[A-Za-z]:)?(?:[/\\\\][^\s/\\\\:]+)+(?=[/\\\\])")
"""The folder of a file that a warning names: another one on each machine."""


@dataclass(frozen=True)
class Calls:
    """Calls of one contestant on one function, by names that another process knows.

    Attributes
    ----------
    contestant : RuleContestant
    problem, format, noise : str
    absolute : bool
        Whether the noise of the variant is absolute.
    x : ndarray of the format, shape (n,)
    told : ndarray of float64, shape (n,), or None
        The standard deviation of f at each point, where the contestant is told.
    limit : float
        Seconds for each call.
    """

    contestant: RuleContestant
    problem: str
    format: str
    noise: str
    absolute: bool
    x: np.ndarray
    told: np.ndarray | None
    limit: float = LIMIT

    def outcomes(self, first: int) -> Iterator[Outcome]:
        """Yield the outcome at each point from `first` on."""
        subject = subject_of(self.problem)
        f = subject.variant(LEVELS[self.noise], self.absolute)
        told = None if self.told is None else self.told[first:]
        return self.contestant.each(f, self.x[first:], FORMATS[self.format], told, subject.domain)


def run_apart(calls: Calls) -> list[Outcome]:
    """Return what becomes of each point, as `RuleContestant.each` yields it.

    Raises
    ------
    RuntimeError
        If the helper does not start, or fails other than by a library.
    """
    found: list[Outcome] = []
    while len(found) < len(calls.x):
        helper = _helper()
        try:
            helper.ask((calls, len(found)))
            since = time.monotonic()
            while len(found) < len(calls.x):
                found.append(helper.answer())
                since = time.monotonic()
        except (EOFError, ConnectionError):
            was_late = time.monotonic() - since >= calls.limit
            found.append(_lost(calls.limit, was_late, *_ended(helper)))
        except BaseException:  # nobody knows how far it is
            helper.kill()
            _ended(helper)
            raise
    return found


def _lost(limit: float, was_late: bool, code: int, said: str) -> Outcome:
    """Return the outcome of a call that ended its process."""
    is_over = was_late and code == _OUT_OF_TIME
    words = f"did not return within {limit:g} s" if is_over else f"ended its process with the code {code}"
    return _with_words((np.array([math.nan]), math.nan, "no return", False, 0, f"the call {words}"), said)


def _with_words(outcome: Outcome, said: str) -> Outcome:
    """Return an outcome, its message with what the library wrote by itself."""
    value, bar, status, ok, evaluations, message = outcome
    words = f"its library wrote: {said}" if said else ""
    return value, bar, status, ok, evaluations, "; ".join(filter(None, (message, words)))


def _lines(said: IO[bytes]) -> str:
    """Return the first lines of a file, each once and without what is another machine's, and empty the file."""
    said.seek(0)
    text = said.read(1 << 16).decode(errors="replace")
    said.seek(0)
    said.truncate()
    lines = dict.fromkeys(one_line(_FOLDER.sub("…", line)) for line in text.splitlines())
    return "; ".join(filter(None, lines))[:_LONGEST]


class _Helper:
    """The other process."""

    def __init__(self) -> None:
        command = [sys.executable, "-u", "-m", __name__]
        paths = os.pathsep.join(os.path.abspath(path) for path in sys.path)
        self._said = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - it is closed with the process
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env={**os.environ, "PYTHONPATH": paths},
        )
        try:
            self.answer()  # it is ready: what follows is up to the libraries
        except EOFError:
            code, said = self.end()
            raise RuntimeError(f"the process for libraries ended with {code} at its start: {said}") from None

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def ask(self, question: Any) -> None:
        """Send calls."""
        tell(cast(IO[bytes], self._process.stdin), question)

    def answer(self) -> Any:
        """Wait for the outcome of a call; an error of the helper itself is raised."""
        found = pickle.load(cast(IO[bytes], self._process.stdout))
        if isinstance(found, Exception):
            raise RuntimeError(f"a call of a library failed in its own process: {found}") from found
        return found

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def end(self) -> tuple[int, str]:
        """Let it end, and return its exit code and what was written after its last answer."""
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(ConnectionError):
                cast(IO[bytes], stream).close()
        with self._said:
            return self._process.wait(), _lines(self._said)


_running: list[_Helper] = []
"""The helper of this process, where it has one."""


def _helper() -> _Helper:
    """Return the helper of this process; it is started where there is none, or has ended."""
    if _running and not _running[0].is_alive:
        _ended(_running[0])
    if not _running:
        _running.append(_Helper())
    return _running[0]


def _ended(helper: _Helper) -> tuple[int, str]:
    """Let a helper end, so that the next call gets a new one; return its exit code and its last words."""
    _running.remove(helper)
    return helper.end()


@atexit.register
def _end() -> None:
    while _running:
        _ended(_running[0])


# --- in the other process --------------------------------------------------------------------------------


def serve(questions: IO[bytes], answers: IO[bytes], said: IO[bytes]) -> None:
    """Make the calls that are asked for, until nobody asks any more.

    Parameters
    ----------
    questions, answers : binary files
    said : binary file
        Where the standard streams of this process go.
    """
    with open(os.devnull, "wb") as nowhere:
        tell(answers, "ready")
        while True:
            try:
                calls, first = pickle.load(questions)
            except EOFError:
                return
            outcomes, deadline = calls.outcomes(first), _Deadline(calls.limit, nowhere)
            for _ in range(first, len(calls.x)):
                deadline.give_time()
                outcome = next(outcomes)
                _flush_the_c_library()
                tell(answers, _with_words(outcome, _lines(said)))
            deadline.cancel()


class _Deadline:
    """Ends this process where a call takes longer than `limit` seconds.

    To set the alarm takes as long as a call does. It is set to a tenth more than the limit, and then serves all calls
    that begin in that tenth: each has the limit at least.
    """

    def __init__(self, limit: float, nowhere: IO[bytes]) -> None:
        self._limit, self._nowhere = limit, nowhere
        self._last = -math.inf

    def give_time(self) -> None:
        """Let a call begin."""
        now = time.monotonic()
        if now > self._last:
            faulthandler.dump_traceback_later(1.1 * self._limit, exit=True, file=self._nowhere)
            self._last = now + 0.1 * self._limit

    def cancel(self) -> None:
        """Stop the alarm: all calls are made."""
        faulthandler.cancel_dump_traceback_later()


def _flush_the_c_library() -> None:
    """Let what a compiled library has printed be written, where the C library can be reached."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        _c_library().fflush(None)


@functools.cache
def _c_library() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def tell(stream: IO[bytes], found: Any) -> None:
    """Send a question, or an answer."""
    pickle.dump(found, stream)
    stream.flush()


def main() -> None:
    """Be the helper: standard input and output are the pipes, and nothing else may write there."""
    with os.fdopen(os.dup(2), "r+b", buffering=0) as said, os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)
        try:
            serve(sys.stdin.buffer, answers, said)
        except BaseException as error:
            tell(answers, RuntimeError(f"{type(error).__name__}: {error}"))


if __name__ == "__main__":
    main()
