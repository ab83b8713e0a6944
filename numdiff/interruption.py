"""Ctrl-C and the signals that ask a program to end: one line, the exit status that says so, and nothing left behind.

A signal raises `KeyboardInterrupt` in the main thread, so that what is half done is cleaned up. That may fail: code
that is not Python lets no handler run until it returns, and an exception in a callback gets lost. After `GRACE` seconds
the program therefore ends at once, as if it had been killed; what it writes is whole or absent (`numdiff.files`).

Before the handlers are there, a signal ends Python in its own way. So this module loads nothing that takes time.
"""

import atexit
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import Popen
    from types import FrameType

__all__ = ["BEFORE", "GRACE", "SIGNALS", "Interruption", "run_program", "status_of"]

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""What ends a program: Ctrl-C, the request to end, a terminal that was closed."""
GRACE = 1.0
"""Seconds in which a program cleans up. Users see it end within two."""
BEFORE = "interrupted before anything was done; the same command starts anew"


def status_of(number: int) -> int:
    """Return the exit status that shells give a program that a signal has ended."""
    return 128 + number


class Interruption:
    """How a program ends that a signal interrupts.

    Parameters
    ----------
    line : str
        What is said then.

    Attributes
    ----------
    line : callable
        Returns it; a program that knows how far it is sets it.
    """

    def __init__(self, line: str = BEFORE) -> None:
        self.line: Callable[[], str] = lambda: line
        self._number: int | None = None
        self._over = threading.Event()
        self._turn = threading.Lock()
        self._status: int | None = None

    def run(self, program: Callable[[], int]) -> int:
        """Run a program, from the main thread, and return its exit status: 128 and the signal that interrupted it.

        After that signals are ignored: what is left to do is to exit, and nothing must spoil the status.
        """
        atexit.register(self._exit)  # first, and so the last one that is called
        try:
            self._watch()
            status = program()
        except KeyboardInterrupt:
            number = signal.SIGINT if self._number is None else self._number
            if self._turn.acquire(blocking=False):  # or the program is being ended at last
                self._over.set()
                say(self.line())
            self._status = status_of(number)
            return self._status
        finally:
            self._over.set()
            for number in SIGNALS:  # Python would put the default in the place of its handlers when it ends
                signal.signal(number, signal.SIG_IGN)
            signal.set_wakeup_fd(-1)
        return status

    def _watch(self) -> None:
        for number in _heeded():
            signal.signal(number, self._interrupt)
        import socket

        self._told, writer = socket.socketpair()
        writer.setblocking(False)
        signal.set_wakeup_fd(writer.detach(), warn_on_full_buffer=False)  # open as long as the process
        threading.Thread(target=self._end_at_last, daemon=True).start()

    def _exit(self) -> None:
        """Exit with the status of the signal: Python itself forgets that an interruption in `exec` was caught."""
        if self._status is not None:
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError, ValueError, AttributeError):
                    stream.flush()
            os._exit(self._status)

    def _interrupt(self, number: int, frame: "FrameType | None") -> None:
        if self._number is None and not self._over.is_set():
            self._number = number
            raise KeyboardInterrupt

    def _end_at_last(self) -> None:
        """Wait for a signal; if the program is still at work after the grace, end it."""
        while (number := self._told.recv(1)[0]) not in SIGNALS:
            continue
        if not self._over.wait(GRACE) and self._turn.acquire(blocking=False):
            _kill_children()
            say(f"\n{self.line()}")
            os._exit(status_of(number))


def _heeded() -> list[int]:
    """Return the signals that end this program: all but a hangup that nohup has it ignore."""
    hangup = getattr(signal, "SIGHUP", None)
    return [number for number in SIGNALS if number != hangup or signal.getsignal(number) is not signal.SIG_IGN]


def _kill_children() -> None:
    if (multiprocessing := sys.modules.get("multiprocessing")) is not None:
        for process in multiprocessing.active_children():
            process.kill()


def say(line: str) -> None:
    """Write a line to standard error, if anybody reads it."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def run_program(command: Sequence[str], directory: "Path", environment: Mapping[str, str] | None = None) -> int:
    """Run another program, hand on to it what would end this one, and return its exit status.

    Parameters
    ----------
    command : sequence of str
    directory : Path
        Where it runs.
    environment : mapping, optional
        Its environment variables; by default those of this process.

    Returns
    -------
    int
        128 and the number of the signal, if one has ended it.
    """
    import subprocess

    received: list[int] = []
    program: Popen[bytes] | None = None

    def hand_on(number: int, frame: "FrameType | None") -> None:
        received.append(number)
        if program is not None and os.name == "posix":  # elsewhere the console tells both
            program.send_signal(number)

    before = {number: signal.signal(number, hand_on) for number in _heeded()} if _is_main() else {}
    try:
        program = subprocess.Popen(command, cwd=directory, env=environment)
        for number in received:  # what came before there was anything to hand it on to
            program.send_signal(number)
        status = program.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if status >= 0:
        return status
    if received:  # it had no time to say so
        say(BEFORE)
    return status_of(-status)


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()
