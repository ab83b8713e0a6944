"""One seed of a search as a measurement: any process can make it, and the store of the experiments keeps it.

It is kept under the search, the seed, the code of all modules that the search imports, however indirectly, and the
versions of the libraries; what was kept on another machine is not used.
"""

import ast
import hashlib
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from numdiff.study.blocks import digest_of, imported
from numdiff.study.conditions import conditions
from numdiff.study.machine import machine
from numdiff.study.values import COLUMNS
from tests.campaign.found import Found

__all__ = ["Seed"]

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Seed:
    """What a search finds with a seed.

    Parameters
    ----------
    function : str
        ``"module:function"``, as of `Search`.
    seed : int
    """

    function: str
    seed: int
    cells: int = 1

    def key(self) -> str:
        """Return the key under which it is stored."""
        return digest_of([type(self).__name__, self.function, self.seed, *code_of(self.function.partition(":")[0])])

    def values(self) -> pd.DataFrame:
        """Return which machine this is."""
        return pd.DataFrame([("machine", "", machine())], columns=list(COLUMNS), dtype="str")

    def measure(self, done: Callable[[int], Any] = lambda cells: None) -> dict[str, pd.DataFrame]:
        """Return the frames ``found`` (cases, seconds of processor time, an error) and ``misses`` (text).

        An error of the search is kept too: it is a finding.
        """
        start, error, found = time.process_time(), "", Found(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = imported(self.function)(self.seed)
            except Exception as raised:
                error = f"{type(raised).__name__}: {raised}"
        done(self.cells)
        row = {"cases": found.cases, "seconds": time.process_time() - start, "error": error}
        return {
            "found": pd.DataFrame([row]),
            "misses": pd.DataFrame({"text": list(found.misses)}, dtype="str"),
        }


@cache
def code_of(module: str) -> list[Any]:
    """Return digests of the tests' modules that a module imports, itself included, and the conditions of all others."""
    files: dict[str, str] = {}
    others: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = ROOT.joinpath(*name.split(".")).with_suffix(".py")
        if name in files or not path.is_file():
            continue
        source = path.read_bytes()
        files[name] = hashlib.sha256(source).hexdigest()
        for found in _imports(source):
            if found.startswith("tests."):
                waiting.append(found)
            elif found.partition(".")[0] in ("numdiff", "experiments"):
                others.add(found)
    return [files, *map(conditions, sorted(others))]


def _imports(source: bytes) -> set[str]:
    """Return the modules that a file imports, and the names imported from them, which may be modules too."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names
