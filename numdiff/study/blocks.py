"""Blocks: the unit of work, of caching and of resuming. They carry names, never callables."""

import hashlib
import importlib
import json
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Protocol, TypeAlias, get_args

import numpy as np
import pandas as pd

from numdiff.analysis.reference import Engine
from numdiff.expressions import Expression, parse_expression
from numdiff.floats.formats import FORMATS
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS
from numdiff.study.conditions import conditions
from numdiff.study.grids import Number
from numdiff.study.measure import Known, measure
from numdiff.study.observed import Observed
from numdiff.study.subject import Subject, UserFunction
from numdiff.study.sweep import Sweep, SweepPlan, plan
from numdiff.study.values import values_of

LARGEST, PART = 20_000, 8_000
"""Cells of a block that is not cut, and about those of a part of one that is.

A thousand cells take about a second: what is lost by a kill takes less than half a minute a worker, and a worker that
is left with the last part keeps the others waiting for no longer. Below two thousand cells the start of a block (its
plan, its files, a flush of the disk) would be seen.
"""
Ks: TypeAlias = tuple[tuple[str, int, int], ...]
"""By format the k of the binary grids, from one to before another."""
_EXPRESSION = "expression"
"""Stands for the module in the name of an expression."""


class Measurement(Protocol):
    """Something that any process can measure: it carries names and numbers, never callables, and pickles.

    `key` is a digest of all that is asked for and of the code that answers. What f returns here is not part of it but
    is kept beside the frames (`values`): it says whether they are those of this machine. One that cannot tell the code
    from its key, as that of a plugin, has an attribute `is_stable` that is False: it is measured anew in every run.
    """

    @property
    def cells(self) -> int:
        """How much there is to measure, in units of the progress bar."""

    def key(self) -> str:
        """Return what the frames are stored under."""

    def values(self) -> pd.DataFrame:
        """Return the digests of what f returns on this machine: `numdiff.study.values.COLUMNS`."""

    def measure(self, done: Callable[[int], Any]) -> dict[str, pd.DataFrame]:
        """Return the measured frames by name, and tell `done` on the way how many cells are done."""


@dataclass(frozen=True)
class Block:
    """All cells of one function in one sweep, or those at some of its points.

    Parameters
    ----------
    sweep : Sweep
    engine : {"mpmath", "arb"}
    problem : str
        The name of a problem, or ``"module:function"``.
    derivative : str
        ``"module:function"`` or empty; only beside a ``"module:function"``.
    points : tuple of float or Fraction
        Of a ``"module:function"``; beside the name of a problem, points in place of its own.
    domain : tuple of float
        Likewise.
    exact : tuple of str
        The twin of the function, each callable as ``"module:function"``; likewise.
    label : str
        The name in the records; by default that of the problem or the function.
    part : tuple of int, optional
        The indices of the first of its points and of the one after the last; by default it has all of them.
    first : int
        The index of the first of `points`, where they are some of many (`numdiff.study.many_points`).
    ks : Ks
        What all of these decide, the steps of each format.
    """

    sweep: Sweep
    engine: Engine
    problem: str
    derivative: str = ""
    points: tuple[Number, ...] = ()
    domain: tuple[float, float] = (-math.inf, math.inf)
    exact: tuple[str, ...] = ()
    label: str = ""
    part: tuple[int, int] | None = None
    first: int = 0
    ks: Ks = ()

    def subject(self) -> Subject:
        """Return the function that the names stand for."""
        if ":" not in self.problem:
            known = PROBLEMS[self.problem]
            if not self.points:
                return known
            return UserFunction(
                self.label or known.name, known.f, known.derivative, self.points, self.domain, known.exact
            )
        derivative = imported(self.derivative) if self.derivative else None
        name = self.label or self.problem.partition(":")[2]
        twin = tuple(map(imported, self.exact))
        return UserFunction(name, imported(self.problem), derivative, self.points, self.domain, twin)

    @property
    def names(self) -> frozenset[str]:
        """The formats and methods of the block, and its problem: what another process has to know."""
        return frozenset((*self.sweep.formats, *self.sweep.method_names, self.problem))

    @cached_property
    def plan(self) -> SweepPlan:
        """What there is to measure; made once a process."""
        if self.ks:
            return planned_at(self.subject(), self.sweep, self.first, self.ks)
        planned = plan(self.subject(), self.sweep)
        return planned if self.part is None else planned.at_points(*self.part)

    def __getstate__(self) -> dict[str, Any]:
        # Names alone go to another process: the plan has callables, and is made there again.
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def cells(self) -> int:
        """How many records the block gives."""
        return self.plan.cells

    def key(self) -> str:
        """Return a digest of all that the records of this block depend on.

        Not the name of the sweep nor its other problems: two experiments that ask for the same cells share them.
        """
        asked = asdict(replace(self, sweep=replace(self.sweep, name="", problems=())))
        added = [repr(item) for kind in (FORMATS, METHODS) for item in kind.added() if item.name in self.names]
        facts = [asked, conditions(__name__), *added]
        return digest_of(facts)

    def values(self) -> pd.DataFrame:
        """Return the digests of what f returns on this machine at the nodes of the block."""
        return values_of(self.plan)

    def measure(self, done: Callable[[int], Any] = lambda cells: None) -> dict[str, pd.DataFrame]:
        """Return the ``records`` of the block and its ``skips``."""
        records, skips = measure(self.plan, self.engine, done, known_of(self))
        return {"records": records, "skips": skips}

    def frames(self, done: Callable[[int], Any] = lambda cells: None) -> dict[str, pd.DataFrame]:
        """Return what `measure` does, with the `values` of the same kernel calls."""
        observed = Observed()
        values = values_of(self.plan, observed)
        records, skips = measure(self.plan, self.engine, done, known_of(self), observed)
        return {"records": records, "skips": skips, "values": values}

    def parts(self) -> "list[Block]":
        """Return the block cut by points into blocks of about `PART` cells; one of up to `LARGEST` stays whole.

        A block is what a run keeps when it is killed, hands to a worker and holds in memory; the cut depends on nothing
        but the block, so that a run with other workers finds what is stored. One point is never cut.
        """
        if self.part is not None or self.ks or self.cells <= LARGEST:
            return [self]
        sizes = self.plan.cells_by_point()
        number = round(self.cells / PART)
        ends: list[int] = []
        seen = 0
        for index, size in enumerate(sizes, start=1):
            seen += size
            if seen * number >= (len(ends) + 1) * self.cells:
                ends.append(index)
        ends[-1] = len(sizes)
        if len(ends) == 1:
            return [self]
        blocks = []
        for start, stop in pairwise([0, *ends]):
            block = replace(self, part=(start, stop))
            vars(block)["plan"] = self.plan.at_points(start, stop)  # to plan all points for each part takes long
            blocks.append(block)
        return blocks

    def joined(self, results: Sequence[dict[str, pd.DataFrame]]) -> dict[str, pd.DataFrame]:
        """Return what its `parts` gave as what the whole block gives, records in the same order.

        Of the digests there is one for each part.
        """
        if len(results) == 1:
            return dict(results[0])
        order = np.concatenate([self.plan.batch_of_cells(*block.part) for block in self.parts() if block.part])
        records, skips, values = (
            pd.concat([result[name] for result in results], ignore_index=True)
            for name in ("records", "skips", "values")
        )
        records = records.iloc[np.argsort(order, kind="stable")].reset_index(drop=True)
        return {"records": records, "skips": skips, "values": values}


class _Last(threading.local):
    """The function that this thread has measured last, what is known of it, and how many cells have asked."""

    key: tuple[Any, ...] = ()
    known: Known | None = None
    cells = 0


_last = _Last()


def known_of(block: Block) -> Known:
    """Return what is known of the function of a block, from the block before where that was of the same function.

    Only of the problems of this project, which nobody changes meanwhile, and not beyond `LARGEST` cells: what is known
    of many takes more memory than a block may.
    """
    subject = block.subject()
    key = block.problem, block.engine, subject.f, subject.derivative, subject.exact, subject.domain
    found = _last.known if key == _last.key and _last.cells + block.cells <= LARGEST else None
    if found is None or not PROBLEMS.has_own(block.problem):
        found, _last.cells = Known(subject, block.engine), 0
    _last.key, _last.known = key, found
    _last.cells += block.cells
    return found


def planned_at(subject: Subject, sweep: Sweep, first: int, ks: Ks) -> SweepPlan:
    """Return the plan of a function at its points, which are some of many, the first of them with the index `first`."""
    return plan(subject, sweep, {name: range(start, stop) for name, start, stop in ks}).shifted(first)


def digest_of(facts: Any) -> str:
    """Return a digest of facts that JSON can hold; a Fraction becomes text, 1/3, that no float has."""
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

    Raises
    ------
    ValueError
        If there is no such engine.
    """
    if engine not in get_args(Engine):
        raise ValueError(f"engine must be {' or '.join(map(repr, get_args(Engine)))}, got {engine!r}")
    return [Block(sweep, engine, name) for name in sweep.problems]


def imported(name: str) -> Callable[[Any], Any]:
    """Return the callable that ``"module:function"`` or ``"expression:x:text"`` names.

    Raises
    ------
    ImportError, AttributeError
        If there is no such module, or nothing of that name in it.
    """
    module, _, path = name.partition(":")
    if module == _EXPRESSION:
        variable, _, text = path.partition(":")
        return parse_expression(text, variable=variable)
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
        `imported` makes the same callable of it. An expression has its variable and text: ``"expression:x:exp(x)"``.

    Raises
    ------
    ValueError
        If it has no such name: a lambda, a local function, a `Function` of autodiff, or anything of a notebook.
    """
    if isinstance(f, Expression):
        return f"{_EXPRESSION}:{f.variable}:{f.text}"
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
