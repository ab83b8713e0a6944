"""Find the experiments, and turn what one of them measured into a section of the report."""

import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module

import pandas as pd

import experiments
from experiments.common import EXACT_STEPS, listed
from experiments.runs import in_order
from numdiff.analysis.reference import Engine
from numdiff.problems.published import TABLES
from numdiff.registry import Registry
from numdiff.report.figures import Figure
from numdiff.report.pages import Section
from numdiff.report.tables import Table
from numdiff.study.blocks import Measurement, blocks_of
from numdiff.study.run import Measured, Tally, run_named
from numdiff.study.store import Store
from numdiff.study.sweep import Sweep

NOTHING = Measured()
"""What an experiment without sweeps is given."""
QUICK_PROBLEMS = 4
"""How many problems a sweep keeps with --quick."""


@dataclass(frozen=True)
class Experiment:
    """One question, the sweep (or the sweeps, of its name) that answers it, and how its records are presented.

    `measures` are measurements beside the sweeps. An experiment without sweeps (an empty tuple) says in its note how it
    comes by its data.
    """

    name: str
    position: int
    title: str
    question: str
    sweep: Sweep | tuple[Sweep, ...]
    tables: Callable[[Measured], list[Table]]
    figures: Callable[[Measured], list[Figure]]
    findings: Callable[[Measured], list[str]]
    note: str = ""
    measures: tuple[Measurement, ...] = ()

    @property
    def sweeps(self) -> tuple[Sweep, ...]:
        """All sweeps of the experiment."""
        return self.sweep if isinstance(self.sweep, tuple) else (self.sweep,)

    def quick(self) -> "Experiment":
        """Return the experiment with the first problems of each sweep only."""
        return self._with(lambda sweep: replace(sweep, problems=sweep.problems[:QUICK_PROBLEMS]))

    def correctly_rounded(self) -> "Experiment":
        """Return the experiment with correctly rounded functions, unless it compares them with the platform's."""
        return self._with(lambda s: s if len(s.arithmetics) > 1 else replace(s, arithmetics=("rounded",)))

    def _with(self, changed: Callable[[Sweep], Sweep]) -> "Experiment":
        sweeps = tuple(map(changed, self.sweeps))
        return replace(self, sweep=sweeps if isinstance(self.sweep, tuple) else sweeps[0])

    def section(self, measured: Measured) -> Section:
        """Return the experiment's part of the report."""
        answer, *others = self.findings(measured)
        tables = self.tables(measured)
        if self.sweeps:
            tables = [*tables, failures_table(measured.records)]
        if len(measured.skips):
            tables.append(skips_table(measured.skips))
        return Section(
            name=self.name,
            title=self.title,
            question=self.question,
            answer=answer,
            findings=tuple(others),
            figures=tuple(self.figures(measured)),
            tables=tuple(tables),
            method_note=method_note(measured.records) if self.sweeps else self.note,
            values=measured.values,
        )


def catalogue() -> Registry[Experiment]:
    """Return all experiments in the order of the report."""
    found = []
    for entry in pkgutil.iter_modules(experiments.__path__):
        module = import_module(f"experiments.{entry.name}") if entry.name != "__main__" else None
        if module is not None and hasattr(module, "POSITION"):
            found.append(
                Experiment(
                    entry.name, module.POSITION, module.TITLE, module.QUESTION, module.SWEEP, module.tables,
                    module.figures, module.findings, getattr(module, "NOTE", ""),
                    getattr(module, "MEASURES", ()),
                )
            )  # fmt: skip
    return Registry("experiment", sorted(found, key=lambda item: item.position))


def measure(
    chosen: Sequence[Experiment],
    engine: Engine,
    *,
    workers: int = 1,
    store: Store | None = None,
    fresh: bool = False,
    progress: bool = True,
    tally: Tally | None = None,
) -> dict[str, Measured]:
    """Make all measurements of some experiments in one run, and return what each of them measured, by name."""
    named: list[tuple[str, Measurement]] = [
        (item.name, block) for item in chosen for sweep in item.sweeps for block in blocks_of(sweep, engine)
    ]
    named += [(item.name, other) for item in chosen for other in item.measures]
    return run_named(named, workers=workers, store=store, fresh=fresh, progress=progress, tally=tally)


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
    """Say in two sentences how the records came about."""
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
    return (
        f"{len(records)} cells: {counted}, {used}. {bad} cells have a status other than ok; they are counted in "
        "the table of cells by status and never averaged."
    )
