"""Blocks: the unit of work, of caching and of resuming. They carry names, never callables."""

import hashlib
import importlib
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numdiff
from numdiff.analysis.reference import Engine
from numdiff.problems import ALL_PROBLEMS
from numdiff.study.records import SCHEMA_VERSION
from numdiff.study.steps import Number
from numdiff.study.sweep import Subject, Sweep, plan

_MEASURING = ("array_views.py", "formats.py", "functions", "kernels.py", "rounding.py", "stencils.py", "analysis",
              "arithmetic", "problems", "study")  # fmt: skip
"""What a measured figure depends on: a change in any of these makes stored blocks stale."""
_LIBRARIES = ("numpy", "mpmath", "python-flint", "ml_dtypes")


@dataclass(frozen=True)
class UserFunction:
    """A function that is in no registry, as a subject of a sweep."""

    name: str
    f: Callable[[Any], Any]
    derivative: Callable[[Any], Any] | None
    points: tuple[Number, ...]
    domain: tuple[float, float] = (-math.inf, math.inf)


@dataclass(frozen=True)
class Block:
    """All cells of one function in one sweep.

    Parameters
    ----------
    sweep : Sweep
    engine : {"mpmath", "arb"}
    problem : str
        The name of a problem, or ``"module:function"``.
    derivative : str
        ``"module:function"`` or empty; only beside a ``"module:function"``.
    points : tuple of float or Fraction
    domain : tuple of float
        Likewise.
    """

    sweep: Sweep
    engine: Engine
    problem: str
    derivative: str = ""
    points: tuple[Number, ...] = ()
    domain: tuple[float, float] = (-math.inf, math.inf)

    def subject(self) -> Subject:
        """Return the function that the names stand for."""
        if ":" not in self.problem:
            return ALL_PROBLEMS[self.problem]
        derivative = imported(self.derivative) if self.derivative else None
        name = self.problem.partition(":")[2]
        return UserFunction(name, imported(self.problem), derivative, self.points, self.domain)

    @property
    def cells(self) -> int:
        """How many records the block gives."""
        return plan(self.subject(), self.sweep).cells

    def key(self) -> str:
        """Return a digest of all that the records of this block depend on.

        Not the name of the sweep nor its other problems: two experiments that ask for the same cells share them.
        """
        facts = [asdict(replace(self, sweep=replace(self.sweep, name="", problems=()))), fingerprint()]
        # A Fraction becomes text, 1/3, that no float has.
        return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


def blocks_of(sweep: Sweep, engine: Engine) -> list[Block]:
    """Return the blocks of a sweep over registered problems: one a problem, so that abscissae are shared.

    Parameters
    ----------
    sweep : Sweep
    engine : {"mpmath", "arb"}

    Returns
    -------
    list of Block
        In the order of ``sweep.problems``.
    """
    return [Block(sweep, engine, name) for name in sweep.problems]


def imported(name: str) -> Callable[[Any], Any]:
    """Return the callable that ``"module:function"`` names.

    Raises
    ------
    ImportError, AttributeError
        If there is no such module, or nothing of that name in it.
    """
    module, _, path = name.partition(":")
    target: Any = importlib.import_module(module)
    for part in path.split("."):
        target = getattr(target, part)
    return target


def stable_name(argument: str, f: Callable[[Any], Any]) -> str:
    """Return ``"module:function"`` for a callable that another process can import.

    Parameters
    ----------
    argument : str
        What the caller's user calls it, for the message.
    f : callable

    Returns
    -------
    str
        `imported` makes the same callable of it.

    Raises
    ------
    ValueError
        If it has no such name: a lambda, a local function, a box, or anything of a notebook.
    """
    module, path = getattr(f, "__module__", None), getattr(f, "__qualname__", None)
    name = f"{module}:{path}"
    try:
        if module not in (None, "__main__") and path is not None and imported(name) is f:
            return name
    except (ImportError, AttributeError):
        pass
    raise ValueError(
        f"{argument} must be importable as module:function when workers > 1, got {f!r}; "
        "put it into a module, as a function with a name, or use workers=1"
    )


@cache
def fingerprint() -> dict[str, Any]:
    """Return what else a record depends on: the measuring code, the libraries, the SIMD features."""
    from numpy._core import _multiarray_umath  # type: ignore[attr-defined]

    root = Path(numdiff.__file__).parent
    digest = hashlib.sha256()
    folders = [root / part for part in _MEASURING if not part.endswith(".py")]
    files = [root / part for part in _MEASURING if part.endswith(".py")]
    files += [p for folder in folders for kind in ("*.py", "*.json") for p in folder.rglob(kind)]
    for path in sorted(files):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return {
        "schema": SCHEMA_VERSION,
        "code": digest.hexdigest(),
        "libraries": {name: version(name) for name in _LIBRARIES},
        "simd": sorted(name for name, found in _multiarray_umath.__cpu_features__.items() if found),
    }
