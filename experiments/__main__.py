"""Run experiments and build the report: ``python -m experiments [NAME …]``."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from experiments.experiment import NOTHING, Experiment, measure_experiments
from experiments.overview import overview
from experiments.registry import EXPERIMENTS
from numdiff.registry import Registry
from numdiff.report import checksums, provenance
from numdiff.report.pages import write_report
from numdiff.study.run import Measured, Tally
from numdiff.study.store import Store
from numdiff.study.sweep import ARITHMETICS
from numdiff.study.values import fingerprints

ROOT = Path(__file__).resolve().parent.parent
TITLE = "Where the error of a numerical derivative comes from"
LEAD = (
    "Forward and centered differences, and their relatives, in every floating-point format from bfloat16 to "
    "float80: each error is split exactly into what the formula owes and what rounding owes, against references "
    "that are certified by interval arithmetic."
)
HERO = ("step_sweep", "v_curves")
"""The figure at the top of the report."""


def parser(known: Registry[Experiment]) -> argparse.ArgumentParser:
    """Return the command line of ``python -m experiments``."""
    result = argparse.ArgumentParser(prog="python -m experiments", description=__doc__)
    result.add_argument("names", nargs="*", metavar="NAME", help=f"which ones (default: all): {', '.join(known)}")
    result.add_argument("--workers", type=int, default=1, metavar="N", help="processes (default: 1)")
    result.add_argument("--engine", choices=("mpmath", "arb"), default="mpmath", help="exact arithmetic")
    result.add_argument(
        "--arithmetic",
        choices=ARITHMETICS,
        default="platform",
        help="rounded: correctly rounded elementary functions, whose records are the same on every machine",
    )
    result.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="where the report goes (default: results for all of them, .cache/report for some)",
    )
    result.add_argument(
        "--records", type=Path, default=None, metavar="DIR", help="where the records are kept (default: .cache/records)"
    )
    result.add_argument("--quick", action="store_true", help="a few problems only")
    result.add_argument(
        "--fresh",
        action="store_true",
        help="measure again what is stored (a run that was interrupted goes on where it stopped without --fresh)",
    )
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, present, and say what was written; return the exit status."""
    known = EXPERIMENTS
    options = parser(known).parse_args(arguments)
    if options.workers < 1:
        print(f"--workers must be at least 1, got {options.workers}", file=sys.stderr)
        return 2
    try:
        chosen = [known[name] for name in dict.fromkeys(options.names)] or list(known.values())
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    if options.quick:
        chosen = [experiment.quick() for experiment in chosen]
    if options.arithmetic == "rounded":
        chosen = [experiment.correctly_rounded() for experiment in chosen]
    usual = not options.quick and options.arithmetic == "platform"
    whole = [experiment.name for experiment in chosen] == list(known) and usual
    out = options.out or ROOT / ("results" if whole else ".cache/report")
    start = time.perf_counter()
    store, tally = Store(options.records or ROOT / ".cache" / "records"), Tally()
    measured = measure_experiments(
        chosen, options.engine, workers=options.workers, store=store, fresh=options.fresh, tally=tally
    )
    between = time.perf_counter()
    keep_records(store, measured)
    written = present(chosen, measured, out, "make experiments" if whole else partial_command(options))
    if whole and out.resolve() == (ROOT / "results").resolve():
        remove_stale(out, written)
    if whole:
        written.append(checksums.write(out, written))
    end = time.perf_counter()
    print(
        f"{tally.measured} records measured and {tally.reused} reused in {between - start:.1f} s, "
        f"{len(written)} files written in {end - between:.1f} s; open {out / 'report.html'}"
    )
    return 0


def partial_command(options: argparse.Namespace) -> str:
    """Return the command of a run of some experiments, without what changes no byte of the report."""
    arithmetic = ["--arithmetic rounded"] * (options.arithmetic == "rounded")
    quick = ["--quick"] * options.quick
    return " ".join(["python -m experiments", *dict.fromkeys(options.names), *quick, *arithmetic])


def keep_records(store: Store, measured: dict[str, Measured]) -> None:
    """Leave the records of every sweep as one Parquet file, for one's own analyses."""
    for name, result in measured.items():
        if len(result.records):
            store.save(name, result.records)


def remove_stale(out: Path, written: Sequence[Path]) -> None:
    """Remove the figures and tables that an earlier version of the experiments left in the report.

    Only of ``results/``, where every such file is ours: another folder may hold other files.
    """
    kept = set(written)
    for folder in ("figures", "tables"):
        for path in sorted((out / folder).rglob("*"), reverse=True):
            if path.is_file() and path not in kept and path.suffix in (".csv", ".md", ".svg"):
                path.unlink()
            elif path.is_dir() and not any(path.iterdir()):
                path.rmdir()


def present(chosen: Sequence[Experiment], measured: dict[str, Measured], out: Path, command: str) -> list[Path]:
    """Write the report of some experiments, with the command that rebuilds it."""
    sections = [experiment.section(measured.get(experiment.source, NOTHING)) for experiment in chosen]
    hero = HERO if HERO[0] in {experiment.name for experiment in chosen} else None
    facts = provenance.collect(ROOT / "requirements.lock", command, fingerprints())
    return write_report(
        sections, facts, out, title=TITLE, lead=LEAD, command=command, hero=hero, overview=overview(measured)
    )


if __name__ == "__main__":
    sys.exit(main())
