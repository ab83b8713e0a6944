"""``numdiff bench``: the speed limits of a checkout, measured on this machine."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from numdiff.cli.experiments import checkout
from numdiff.cli.machine import Columns, columns_help, machine_options, shows_rows
from numdiff.cli.program import NO

__all__ = ["COLUMNS", "command"]

COLUMNS: Columns = {
    "gate": "what is measured",
    "ratio": "the median of interleaved runs",
    "sense, limit": "<= or >=, and the limit",
    "holds": "whether it is kept",
}
_EPILOG = f"""\b
Examples:
  numdiff bench
  numdiff bench --json > speed.json
  numdiff bench --select derivative

{columns_help(COLUMNS)}

\b
Exit status: 0 where every limit holds; 1 where one is broken, or a benchmark
fails.
"""
_NOTHING_SELECTED = (4, 5)
"""Exit statuses of pytest: -k is no expression; no test was collected."""


@click.command("bench", epilog=_EPILOG)
@click.option("--select", metavar="WORDS", help="Only the benchmarks that pytest -k selects.")
@machine_options
def command(select: str | None, as_json: bool, as_csv: bool) -> int:
    """Measure the speed limits on this machine, as make bench does: ratios within one run, in a checkout.

    Takes some minutes. Close other programs: what is measured is time.
    """
    from numdiff.interruption import run_program

    root = checkout("the benchmarks", "bench/gates.py")
    _require_pytest()
    quiet = as_json or as_csv
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "benchmark.json"
        measure = [sys.executable, "-m", "pytest", "bench", "-n", "0", f"--benchmark-json={path}", *_selecting(select)]
        status = run_program(_silenced(measure) if quiet else measure, root)
        if status in _NOTHING_SELECTED or (not status and not _rows(path)):
            raise click.UsageError(
                f"--select must be words of pytest -k that a benchmark with a limit has, got {select!r}"
            )
        if status:
            return status if status > 128 else NO
        gates = [sys.executable, "bench/gates.py", "--again", str(path)]
        status = run_program(_silenced(gates) if quiet else gates, root)
        if quiet and status in (0, NO):
            rows = _rows(path)
            shows_rows("bench", rows[0], rows, as_json=as_json, as_csv=as_csv)
            return 0 if all(row["holds"] for row in rows) else NO
    return status


def _selecting(words: str | None) -> list[str]:
    """Return the options of pytest that select benchmarks; its warning that none ran would be an error of its own."""
    return ["-k", words, "-W", "ignore:Not saving anything"] if words else []


def _silenced(command: list[str]) -> list[str]:
    """Return a command whose standard output goes to standard error: the output is for rows."""
    program = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:], stdout=sys.stderr))"
    return [sys.executable, "-c", program, *command]


def _require_pytest() -> None:
    from numdiff.extras import DISTRIBUTION, missing

    if absent := missing("pytest", "pytest_benchmark"):
        names = " and ".join(name.replace("_", "-") for name in absent)
        raise ModuleNotFoundError(
            f'numdiff bench needs {names}, not installed here; install with: pip install "{DISTRIBUTION}[dev]"'
        )


def _rows(path: Path) -> list[dict[str, Any]]:
    """Return the gates that a file of pytest-benchmark holds; those that were measured again as they are now."""
    found: dict[str, dict[str, Any]] = {}
    for file in (path, path.with_suffix(".again.json")):  # the second is written by bench/gates.py --again
        if file.exists():
            entries = json.loads(file.read_text(encoding="utf-8"))["benchmarks"]
            infos = (entry.get("extra_info", {}) for entry in entries)
            found |= {info["gate"]: info for info in infos if "gate" in info}
    return [
        {
            "gate": gate,
            "ratio": (ratio := float(info["ratio"])),
            "sense": info["sense"],
            "limit": (limit := float(info["limit"])),
            "holds": ratio <= limit if info["sense"] == "<=" else ratio >= limit,
        }
        for gate, info in found.items()
    ]
