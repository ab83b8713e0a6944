"""The command ``numdiff``: everyday questions about numerical derivatives, answered in a terminal.

A command is one file, which is imported when it is called, so that ``numdiff --help`` answers at once. Until signals
are heeded nothing is loaded here that takes time.
"""

import signal
import sys
from collections.abc import Sequence

__all__ = ["main"]

_HANDING_ON = ("bench", "experiments")
"""The commands that run another program, and hand on to it what would end this one."""
_INTERRUPTED = "numdiff: interrupted"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after ``numdiff``; those of the process by default, which then heeds Ctrl-C and requests to end.

    Returns
    -------
    int
        0: fine; 1: the answer is no; 2: wrong call, said in one line on standard error; 130, 143 and 129: interrupted
        by Ctrl-C, by a request to end, by a terminal that was closed. For ``experiments`` that of what it runs.

    Examples
    --------
    >>> from numdiff.cli import main
    >>> main(["--version"])
    numdiff 0.1.0
    0
    """
    words = list(sys.argv[1:] if arguments is None else arguments)

    def program() -> int:
        from numdiff.cli.program import run

        return run(words)

    from numdiff.interruption import Interruption, say, status_of

    if arguments is None and (not words or words[0] not in _HANDING_ON):
        return Interruption(_INTERRUPTED).run(program)
    try:
        return program()
    except KeyboardInterrupt:
        say(_INTERRUPTED)
        return status_of(signal.SIGINT)
