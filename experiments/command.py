"""The command line of the experiments: measure, build the report, say what was done."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from experiments.course.course import chapters
from experiments.experiment import Experiment, measure_experiments
from experiments.explorer import explorer_of
from experiments.functions import core_data, function_files
from experiments.opening import NEEDED, opening
from experiments.overview import overview
from experiments.places import unsuitable_folder, unsuitable_report
from experiments.presenting import KeptReport, key_of, sections_of
from experiments.registry import EXPERIMENTS
from numdiff.interruption import BEFORE, Interruption
from numdiff.registry import Registry
from numdiff.report import provenance
from numdiff.report.pages import report_files, write_files
from numdiff.study.cluster import executor_at
from numdiff.study.executors import ForeignWorkerError
from numdiff.study.run import Measured, Tally
from numdiff.study.store import Store
from numdiff.study.sweep import ARITHMETICS
from numdiff.study.values import fingerprints
from numdiff.study.workers import WorkerDied

ROOT = Path(__file__).resolve().parent.parent
TITLE = "Where the error of a numerical derivative comes from"
LEAD = (
    "Forward and centered differences, and their relatives, in every floating-point format from bfloat16 to "
    "float80: each error is split exactly into the part of the formula and the part of rounding, against references "
    "that are certified by interval arithmetic."
)
DESCRIPTION = (
    "Run experiments and build the report. “python -m experiments table NAME” prints the table of one function."
)
"""What the help says first."""


def parser(known: Registry[Experiment]) -> argparse.ArgumentParser:
    """Return the command line of ``python -m experiments``."""
    result = argparse.ArgumentParser(prog="python -m experiments", description=DESCRIPTION)
    result.add_argument("names", nargs="*", metavar="NAME", help=f"which ones (default: all): {', '.join(known)}")
    result.add_argument("--workers", type=int, default=1, metavar="N", help="processes (default: 1)")
    result.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="the machines of a Dask cluster in place of processes, as tcp://10.0.0.1:8786 (needs [cluster])",
    )
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


def main(arguments: Sequence[str] | None = None, interruption: Interruption | None = None) -> int:
    """Measure, present, and say what was written; return the exit status."""
    options = parser(EXPERIMENTS).parse_args(arguments)
    store, tally = Store(options.records or ROOT / ".cache" / "records"), Tally()
    again = "the same command without --fresh goes" if options.fresh else "the same command goes"
    if interruption is not None:
        interruption.line = lambda: (
            f"interrupted after {tally.done} of {tally.cells} cells; {again} on from here" if tally.cells else BEFORE
        )
    try:
        return run(options, store, tally)
    except (ValueError, WorkerDied, ForeignWorkerError, OSError) as error:
        if isinstance(error, BrokenPipeError) or (isinstance(error, ValueError) and tally.cells):
            raise
        kept = f"; {tally.done} of {tally.cells} cells are kept, {again} on from here" if tally.cells else ""
        line = _one_line(error).replace("list(…) has all", "python -m experiments --help has all")
        print(f"{line}{kept}", file=sys.stderr)
        return 1 if tally.cells else 2


def run(options: argparse.Namespace, store: Store, tally: Tally) -> int:
    """Do what the options ask for; return the exit status.

    Raises
    ------
    ValueError
        If an option is wrong: before anything is measured.
    OSError
        If what was measured or the report cannot be written.
    """
    if options.workers < 1:
        raise ValueError(f"--workers must be at least 1, got {options.workers}")
    if options.scheduler is not None and options.workers != 1:
        raise ValueError(f"--workers must be left out beside --scheduler, which has its own, got {options.workers}")
    chosen = [EXPERIMENTS[name] for name in dict.fromkeys(options.names)] or list(EXPERIMENTS.values())
    if options.quick:
        chosen = [experiment.quick() for experiment in chosen]
    if options.arithmetic == "rounded":
        chosen = [experiment.correctly_rounded() for experiment in chosen]
    usual = not options.quick and options.arithmetic == "platform"
    whole = [experiment.name for experiment in chosen] == list(EXPERIMENTS) and usual
    out = options.out or ROOT / ("results" if whole else ".cache/report")
    is_results = out.resolve() == (ROOT / "results").resolve()
    refused = unsuitable_report(out, ROOT, ours=is_results or options.out is None)
    if refused := refused or unsuitable_folder("--records", store.root):
        raise ValueError(refused)
    start = time.perf_counter()
    with executor_at(options.scheduler) as executor:
        measured = measure_experiments(
            chosen,
            options.engine,
            workers=options.workers,
            executor=executor,
            store=store,
            fresh=options.fresh,
            tally=tally,
        )
    between = time.perf_counter()
    keep_records(store, measured)
    command = "make experiments" if whole else partial_command(options)
    keep = is_no_result if whole and is_results else always
    written = present(chosen, measured, out, command, sums=whole, keep=keep, store=store, workers=options.workers)
    end = time.perf_counter()
    print(
        f"{tally.measured} records measured and {tally.reused} reused in {between - start:.1f} s, "
        f"{len(written)} files written in {end - between:.1f} s; open {out / 'report.html'}"
    )
    return 0


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        return f"cannot write{where}: {error.strerror}; what was written before is untouched"
    return " ".join(str(error).split())


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


def always(name: str) -> bool:
    """Whether a file stays beside a new report: any does, where other files than results may be."""
    return True


def is_no_result(name: str) -> bool:
    """Whether a file of ``results/`` is no figure, table or page, which earlier experiments may have left.

    There every such file is ours.
    """
    path = PurePosixPath(name)
    return not (
        path.parts[0] in ("figures", "functions", "tables")
        and (name.endswith("/") or path.suffix in (".csv", ".md", ".svg"))
    )


def present(
    chosen: Sequence[Experiment],
    measured: dict[str, Measured],
    out: Path,
    command: str,
    *,
    sums: bool = False,
    keep: Callable[[str], bool] = always,
    store: Store | None = None,
    workers: int = 1,
) -> list[Path]:
    """Write the report of some experiments, with the command that rebuilds it.

    A report that the store has kept is not made again.
    """
    facts = provenance.collect(ROOT / "requirements.lock", command, fingerprints())
    kept = None if store is None else KeptReport(store)
    key = (
        ""
        if kept is None
        else key_of(ROOT / "results", measured, [[(one.name, repr(one.sweeps)) for one in chosen], facts])
    )
    files = None if kept is None else kept.load(key)
    if files is None:
        files = _files(chosen, measured, facts, workers)
        if kept is not None:
            kept.save(key, files)
    return write_files(files, out, sums=sums, keep=keep)


def _files(
    chosen: Sequence[Experiment], measured: dict[str, Measured], facts: dict[str, Any], workers: int
) -> dict[str, str]:
    """Return the files of the report of some experiments."""
    names = {experiment.name for experiment in chosen}
    return report_files(
        sections_of(chosen, measured, workers),
        facts,
        title=TITLE,
        lead=LEAD,
        command=facts["command"],
        opening=opening(measured) if names.issuperset(NEEDED) else None,
        overview=overview(measured),
        chapters=chapters(measured, names),
        explorer=explorer_of(measured),
        data=core_data(measured),
        files=function_files(measured),
    )
