"""Calls of the command in this process and in others."""

import contextlib
import csv
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numdiff.cli import main

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Done:
    """The status and the output of a call."""

    status: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What ``--json`` or ``--csv`` printed."""
        if self.out.startswith("{"):
            return json.loads(self.out)["rows"]
        return list(csv.DictReader(io.StringIO(self.out)))


def call(*words: str) -> Done:
    """Call the command in this process, in a pipe."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(words)
    return Done(status, out.getvalue(), err.getvalue())


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_terminal(monkeypatch: Any, *words: str, columns: int = 80, **environment: str) -> Done:
    """Call the command in this process, where a person reads the output."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm-256color", "COLUMNS": str(columns), **environment}.items():
        monkeypatch.setenv(name, value)
    out, err = _Terminal(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(words)
    return Done(status, out.getvalue(), err.getvalue())


def python(*words: str, cwd: Path = ROOT, **environment: str) -> Done:
    """Run Python in a process of its own, which does not know that it is started by a test among others."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env=inherited | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"} | environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def names_of(columns: Any) -> list[str]:
    """Return the names of a schema, whose keys may hold several."""
    return [name for names in columns for name in names.split(", ")]
