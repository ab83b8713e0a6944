"""Rebuild all results elsewhere and compare: ``python -m experiments.reproducibility``.

The committed results are made with mpmath; these are made with Arb, by two processes, in a temporary folder.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from numdiff.interruption import Interruption


def main(arguments: Sequence[str] | None = None) -> int:
    """Rebuild, compare, and return the exit status."""
    # Not before an interruption is heeded: that takes a second.
    from experiments import command as run
    from experiments.reproducibility import comparison

    parser = argparse.ArgumentParser(prog="python -m experiments.reproducibility", description=__doc__)
    parser.add_argument("--results", type=Path, default=run.ROOT / "results", metavar="DIR", help="what is checked")
    options = parser.parse_args(arguments)
    if not (options.results / comparison.ORIGIN).is_file():
        print(f"{options.results.name}/ is missing: run make experiments and commit the result", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        rebuilt, records = Path(scratch) / "rebuilt", Path(scratch) / "records"
        words = ["--engine", "arb", "--workers", "2", "--out", str(rebuilt), "--records", str(records)]
        if status := run.main(words):
            return status
        return comparison.main([str(options.results), str(rebuilt), "--records", str(records)])


if __name__ == "__main__":
    sys.exit(Interruption("interrupted; the same command starts anew").run(main))
