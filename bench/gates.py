"""Check the speed limits that the benchmarks measured.

    python bench/gates.py [--again] BENCHMARK.json

A benchmark that has a limit stores it in its `extra_info`, next to the ratio that it measured as a median of
interleaved runs (a ratio holds on any machine, a time on none)::

    benchmark.extra_info.update(gate="centered/floor", ratio=1.07, limit=1.25, sense="<=")

`sense` is "<=" or ">=". The exit status is 0 when every gate holds, and 1 when one does not, when one cannot
be read, or when there is none: a run that measured nothing must not pass. With ``--again`` the benchmarks whose
limits are broken run once more, alone, and what is broken then once more: a disturbance of the machine passes, what the
code costs remains.
"""

import argparse
import json
import operator
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SENSES = {"<=": operator.le, ">=": operator.ge}
TRIES = 2
"""How often the benchmarks of broken limits run again, with ``--again``."""


@dataclass(frozen=True)
class Gate:
    """A measured ratio and the limit that it has to keep."""

    name: str
    ratio: float
    limit: float
    sense: str
    test: str

    @property
    def holds(self) -> bool:
        """Whether the limit is kept; NaN keeps none."""
        return bool(SENSES[self.sense](self.ratio, self.limit))


def gate_of(benchmark: Mapping[str, Any]) -> Gate | None:
    """Return the gate of one entry of pytest-benchmark's file, None for a plain timing.

    Raises
    ------
    ValueError
        If the entry names a gate but says it incompletely, with an unknown sense or without a number.
    """
    info = benchmark.get("extra_info", {})
    if "gate" not in info:
        return None
    name = str(info["gate"])
    missing = [key for key in ("ratio", "limit", "sense") if key not in info]
    if missing:
        raise ValueError(f"gate {name!r}: extra_info has no {', '.join(missing)}")
    if info["sense"] not in SENSES:
        raise ValueError(f"gate {name!r}: sense must be one of {', '.join(SENSES)}, got {info['sense']!r}")
    for key in ("ratio", "limit"):
        if isinstance(info[key], bool) or not isinstance(info[key], int | float):
            raise ValueError(f"gate {name!r}: {key} must be a number, got {info[key]!r}")
    return Gate(name, float(info["ratio"]), float(info["limit"]), info["sense"], str(benchmark.get("fullname", "")))


def read_gates(path: Path) -> list[Gate]:
    """Return the gates in a file written by ``pytest --benchmark-json``, in its order.

    Raises
    ------
    ValueError
        If the file is not such a file, holds no gate, names one twice or has a malformed one.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["benchmarks"]
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError(f"{path} is not a file of pytest-benchmark: {error!r}") from error
    gates = [gate for gate in map(gate_of, entries) if gate is not None]
    if not gates:
        raise ValueError(f"{path} holds {len(entries)} benchmarks and no gate")
    names = [gate.name for gate in gates]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"{path} names gates twice: {', '.join(repeated)}")
    return gates


def table(gates: Sequence[Gate]) -> str:
    """Return one line for each gate: name, ratio, limit, verdict."""
    width = max(len("gate"), *(len(gate.name) for gate in gates))
    lines = [f"{'gate':<{width}}  {'ratio':>8}  {'limit':>11}  ok"]
    lines += [
        f"{gate.name:<{width}}  {gate.ratio:>8.3f}  {gate.sense + ' ' + format(gate.limit, '.3f'):>11}  "
        f"{'yes' if gate.holds else 'NO'}"
        for gate in gates
    ]
    return "\n".join(lines)


def measured_again(broken: Sequence[Gate], path: Path) -> list[Gate]:
    """Run the benchmarks of some gates once more, into a file beside `path`, and return the gates as they are now.

    Raises
    ------
    ValueError
        If the new file does not hold every one of these gates.
    """
    second = path.with_suffix(".again.json")
    second.unlink(missing_ok=True)
    tests = sorted({gate.test for gate in broken})
    subprocess.run([sys.executable, "-m", "pytest", "-q", "-n", "0", f"--benchmark-json={second}", *tests], check=False)
    # Some versions leave an empty file where nothing ran.
    if not second.exists() or not second.stat().st_size:
        raise ValueError(f"{second} was not written: the benchmarks {', '.join(tests)} did not run again")
    now = {gate.name: gate for gate in read_gates(second)}
    lost = [gate.name for gate in broken if gate.name not in now]
    if lost:
        raise ValueError(f"{second} does not hold the gates {', '.join(lost)}")
    return [now[gate.name] for gate in broken]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table and return the exit status."""
    parser = argparse.ArgumentParser(description="Check the speed limits that the benchmarks measured.")
    parser.add_argument("file", type=Path, help="written by pytest --benchmark-json")
    parser.add_argument("--again", action="store_true", help="measure what is broken again")
    options = parser.parse_args(arguments)
    try:
        gates = read_gates(options.file)
        print(table(gates))
        broken = [gate for gate in gates if not gate.holds]
        for _ in range(TRIES if options.again else 0):
            if not broken:
                break
            print(f"{_names(broken)} broken: measured again, alone", flush=True)
            gates = measured_again(broken, options.file)
            print(table(gates))
            broken = [gate for gate in gates if not gate.holds]
    except (OSError, ValueError) as error:
        print(f"gates: error: {error}", file=sys.stderr)
        return 1
    if broken:
        print(f"{len(broken)} of {len(gates)} limits broken: {_names(broken)}", file=sys.stderr)
    return 1 if broken else 0


def _names(gates: Sequence[Gate]) -> str:
    return ", ".join(gate.name for gate in gates)


if __name__ == "__main__":
    sys.exit(main())
