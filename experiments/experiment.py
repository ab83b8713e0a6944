"""An experiment: one question, what is measured for it, and how that becomes a section of the report."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import pandas as pd

from experiments.frames import in_order
from experiments.words import EXACT_STEPS, listed, named
from numdiff.analysis.reference import Engine
from numdiff.problems.published import TABLES
from numdiff.report.figures import Figure
from numdiff.report.pages import Section
from numdiff.report.tables import Table
from numdiff.study.blocks import Measurement, blocks_of
from numdiff.study.run import Measured, Tally, run_named
from numdiff.study.store import Store
from numdiff.study.sweep import Sweep


def nothing_to_advise(measured: Measured) -> list[str]:
    """Return no advice."""
    return []


def nothing_more(measured: Measured) -> list[Table]:
    """Return no further tables."""
    return []


def values_of_functions(measured: Measured) -> pd.DataFrame:
    """Return the digests of what the functions returned."""
    return measured.values


NOTHING = Measured()
"""What an experiment without sweeps is given."""
VARIED = (
    "What another factor than 1.2357 and another number of points than {} change is measured in the section on error "
    "against step."
)
"""The note on the choices that every best step depends on."""
QUICK_PROBLEMS = 4
"""How many problems a sweep keeps with --quick."""


@dataclass(frozen=True)
class Later:
    """Measurements that are listed when they are asked for: to list them may load many packages.

    Parameters
    ----------
    listed : callable
        Returns them.
    """

    listed: Callable[[], Iterable[Measurement]]

    def __iter__(self) -> Iterator[Measurement]:
        return iter(self.listed())


@dataclass(frozen=True)
class Experiment:
    """One question, what is measured to answer it, and how that is presented.

    Parameters
    ----------
    name : str
        Its argument of ``python -m experiments``, and the folder of its files in the report.
    title, question : str
        What the report shows.
    tables, figures, findings : callable
        Each takes what was measured. The first finding is the answer.
    sweeps : tuple of Sweep
        Parts of one sweep: all of one name. Experiments that name the same sweep read the same records.
    measures : iterable of Measurement
        What is measured beside the sweeps.
    quick_measures : iterable of Measurement, optional
        What is measured instead with --quick; by default the same.
    advice : callable
        Takes what was measured: what it means for somebody who writes such code, a sentence or two each.
    note : str
        Of an experiment without sweeps: how its data were made.
    limits : tuple of str
        What the answer does not cover, how the functions were chosen, and what others do better.
    details : callable
        Takes what was measured: tables that stand in the appendix of the report.
    digests : callable
        Takes what was measured: digests of what it hangs on, by which two machines are told apart.

    Raises
    ------
    ValueError
        If the sweeps have different names.
    """

    name: str
    title: str
    question: str
    tables: Callable[[Measured], list[Table]]
    figures: Callable[[Measured], list[Figure]]
    findings: Callable[[Measured], list[str]]
    sweeps: tuple[Sweep, ...] = ()
    measures: Iterable[Measurement] = ()
    quick_measures: Iterable[Measurement] | None = None
    advice: Callable[[Measured], list[str]] = nothing_to_advise
    note: str = ""
    limits: tuple[str, ...] = ()
    details: Callable[[Measured], list[Table]] = nothing_more
    digests: Callable[[Measured], pd.DataFrame] = values_of_functions

    def __post_init__(self) -> None:
        names = {sweep.name for sweep in self.sweeps}
        if len(names) > 1:
            raise ValueError(f"sweeps of experiment {self.name!r} must have one name, got {sorted(names)}")

    @property
    def source(self) -> str:
        """The name of what it reads: that of its sweeps, or its own where it has none."""
        return self.sweeps[0].name if self.sweeps else self.name

    def quick(self) -> "Experiment":
        """Return the experiment with the first problems of each sweep only, and its quick measurements."""
        measures = self.measures if self.quick_measures is None else self.quick_measures
        few = self._with(lambda sweep: replace(sweep, problems=sweep.problems[:QUICK_PROBLEMS]))
        return replace(few, measures=measures)

    def correctly_rounded(self) -> "Experiment":
        """Return the experiment with correctly rounded functions, unless it compares them with the platform's."""
        return self._with(lambda s: s if len(s.arithmetics) > 1 else replace(s, arithmetics=("rounded",)))

    def _with(self, changed: Callable[[Sweep], Sweep]) -> "Experiment":
        return replace(self, sweeps=tuple(map(changed, self.sweeps)))

    def section(self, measured: Measured) -> Section:
        """Return the experiment's part of the report."""
        answer, *others = self.findings(measured)
        appendix = [*self.details(measured), *([failures_table(measured.records)] if self.sweeps else [])]
        if len(measured.skips):
            appendix.append(skips_table(measured.skips))
        return Section(
            name=self.name,
            title=self.title,
            question=self.question,
            answer=answer,
            findings=tuple(others),
            figures=tuple(self.figures(measured)),
            tables=named(self.tables(measured)),
            advice=tuple(self.advice(measured)),
            method_note=method_note(measured.records) if self.sweeps else self.note,
            limits=self.limits,
            appendix=named(appendix),
            values=self.digests(measured),
            source=self.source,
        )


def measure_experiments(
    chosen: Sequence[Experiment],
    engine: Engine,
    *,
    workers: int = 1,
    executor: Executor | None = None,
    store: Store | None = None,
    fresh: bool = False,
    progress: bool = True,
    tally: Tally | None = None,
) -> dict[str, Measured]:
    """Make all measurements of some experiments in one run, and return what was measured by `Experiment.source`."""
    sweeps = dict.fromkeys(sweep for item in chosen for sweep in item.sweeps)
    named: list[tuple[str, Measurement]] = [
        (sweep.name, block) for sweep in sweeps for block in blocks_of(sweep, engine)
    ]
    named += [(item.source, other) for item in chosen for other in item.measures]
    return run_named(
        named, workers=workers, executor=executor, store=store, fresh=fresh, progress=progress, tally=tally
    )


def failures_table(records: pd.DataFrame) -> Table:
    """Count the cells of every status and state by format: nothing is averaged away."""
    sizes = records.groupby(["format", "status", "state"], sort=False, observed=True).size()
    counts = in_order(sizes.rename("cells").reset_index(), "format")
    return Table(
        name="cells_by_status",
        title="Cells by status",
        caption="What happened in the working format (status) and how far the exact side is known (state).",
        frame=counts,
        display={"cells": "int"},
        kinds={"*": "platform"},
    )


def skips_table(skips: pd.DataFrame) -> Table:
    """List what could not be run, and why."""
    return Table(
        name="left_out",
        title="What could not be run, and why",
        caption="An empty point means all points.",
        frame=skips.reset_index(drop=True),
        kinds={"*": "portable"},
    )


def method_note(records: pd.DataFrame) -> str:
    """Say how the records came about, and where the choice of the grid and of the neighbours is varied."""
    grids = {
        "dyadic": "dyadic steps 2⁻ᵏ",
        "generic": "generic steps fl(1.2357·2⁻ᵏ)",
        "decimal": "decimal steps fl(10⁻ᵏ)",
        "nearest_power": "the powers of two nearest to 10⁻ᵏ",
        **EXACT_STEPS,
        "given": "the given steps",
    }
    used = listed(grids[g] for g in records["grid"].unique())
    bad = int((records["status"] != "ok").sum())
    subject = "published table" if set(records["problem"]) <= set(TABLES) else "function"
    counted = ", ".join(
        f"{n} {word}{'' if n == 1 else 's'}"
        for column, word in (("problem", subject), ("method", "formula"), ("format", "format"))
        for n in [records[column].nunique()]
    )
    averaged = records["neighbours"].max() if "generic" in set(records["grid"]) else 0
    varied = f" {VARIED.format(int(averaged))}" if averaged else ""
    return (
        f"{len(records)} cells: {counted}, {used}. {bad} cells have a status other than ok; they are counted in "
        f"the table of cells by status and never averaged.{varied}"
    )
