"""Which machine this is, as far as the value of an elementary function may hang on it.

Two processes of one machine return the same values when they load the same libraries on the same processor under the
same settings: nothing else decides which path a function takes. So what was measured in one of them need not be
evaluated again to be believed in the other. Between machines the values themselves decide (`numdiff.study.values`).
"""

import hashlib
import json
import os
import platform
import re
import sys
from functools import cache
from pathlib import Path

from numdiff.study.values import fingerprints

__all__ = ["machine"]

SETTINGS = ("ATLAS", "BLIS", "GLIBC", "GOTO", "LD", "MKL", "MPMATH", "NPY", "OMP", "OPENBLAS", "VECLIB")
"""The beginnings of the environment variables that choose the path of a function, or the library that it is in."""
LIBRARIES = re.compile(r"(_multiarray_umath|lib(c|m|mvec)|lib(scipy_)?openblas\w*)[.-]")
"""The names of shared objects that hold elementary functions and matrix products."""
_PROCESSOR = (
    "vendor_id",
    "cpu family",
    "model",
    "model name",
    "stepping",
    "microcode",
    "flags",
    "features",
    "cpu part",
)


@cache
def machine() -> str:
    """Return a digest of this machine: its processor, system, libraries, settings and elementary functions.

    Libraries are the C library and those of NumPy, by name, size and time of their last change; the versions of all
    others are part of what measurements are stored under.

    Returns
    -------
    str
        64 hexadecimal digits.

    Examples
    --------
    >>> len(machine()), machine() == machine()
    (64, True)
    """
    facts = [platform.platform(), platform.machine(), sys.version, _processor(), _settings(), _libraries()]
    return hashlib.sha256(json.dumps([*facts, fingerprints()], sort_keys=True).encode()).hexdigest()


def _processor() -> list[str]:
    """Return what the system says of the processor; on systems without ``/proc`` what Python knows."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0].splitlines()
    except OSError:
        return [platform.processor()]
    return [line for line in lines if line.partition(":")[0].strip().lower() in _PROCESSOR]


def _settings() -> dict[str, str]:
    return {name: value for name, value in sorted(os.environ.items()) if name.partition("_")[0] in SETTINGS}


def _libraries() -> list[tuple[str, int, int]]:
    """Return the shared objects that hold functions; none where the system does not list what is loaded."""
    try:
        lines = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    found = {line.split(maxsplit=5)[5] for line in lines if line.count(" ") >= 5 and "/" in line}
    paths = sorted(path for path in map(Path, found) if LIBRARIES.match(path.name) and path.is_file())
    return [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
