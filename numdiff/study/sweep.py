"""A sweep as data: which cells are measured, and which cannot be and why."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any

import numpy as np

from numdiff.arithmetic.numpy_functions import special_functions_of
from numdiff.arithmetic.rounded import rounded
from numdiff.floats.formats import FORMATS, LONGDOUBLE, UNAVAILABLE, FloatFormat
from numdiff.formulas.arguments import largest_step
from numdiff.formulas.stencil import ComplexStep, Method, Stencil
from numdiff.formulas.table import METHODS
from numdiff.study.grids import (
    GRIDS,
    KNOWN_GRIDS,
    POINTWISE_GRIDS,
    Number,
    grid_steps,
    in_format,
    shown,
    step_indices,
)
from numdiff.study.subject import Subject, compatible, lost_points, refused, representable

ARITHMETICS = ("platform", "rounded")
"""Whose elementary functions f is computed with: those of the platform, or correctly rounded ones."""
ALL_FORMATS = (*FORMATS, *UNAVAILABLE)
"""The formats that the package has on this machine, and those that it lacks, to be skipped with the reason. A format
that is registered later is measured where a sweep names it."""


@dataclass(frozen=True)
class Sweep:
    """The cells of one experiment, as data.

    Parameters
    ----------
    name : str
        The experiment.
    problems : tuple of str
        Names in `numdiff.problems.PROBLEMS`.
    methods : tuple of str, Stencil or ComplexStep
        Names in `numdiff.formulas.table.METHODS`, or formulas, which need not be there. A formula that the table has
        is kept by its name.
    formats : tuple of str
        Format names, by default all; those that the machine lacks are skipped, with the reason.
    grids : tuple of str
        ``"dyadic"``, ``"generic"``, or a decimal one: ``"decimal"``, ``"nearest_power"``, ``"representable_at_1"``,
        ``"representable"``, ``"representable_outward"``, each with the powers of ten between the ends of the binary
        grids.
    first_step, last_step : int or None
        Range of k. `first_step` None: from 1, or from h of about |x|/2 where |x| is 2 or more, x being the largest
        point. `last_step` None: until x + h = x in the format, for every point but 0.
    given_steps : tuple of float or Fraction
        Further steps, the grid ``"given"``; each is rounded once to the format, k is its index.
    all_points : bool
        Whether to use all points of a problem, or its first.
    neighbourhood : bool
        Whether the cells get the statistics over the 33 neighbours (never on the dyadic grid).
    arithmetics : tuple of str
        ``"platform"``, ``"rounded"``: with correctly rounded elementary functions all columns are portable.
    predictions : bool
        Whether the cells get what the model of the total error says of them.

    Raises
    ------
    TypeError
        If `problems`, `formats`, `grids` or `arithmetics` is not a tuple of names, a method is neither a name nor a
        formula, a given step is no real number, or `first_step` or `last_step` no integer.
    ValueError
        If a formula has the name of another one, a method, format, grid or arithmetic is unknown, or something is
        named twice, no arithmetic is named, a given step is not positive and finite, or the range of k is empty.
    """

    name: str
    problems: tuple[str, ...]
    methods: tuple[str | Method, ...] = ("forward", "centered")
    formats: tuple[str, ...] = ALL_FORMATS
    grids: tuple[str, ...] = GRIDS
    first_step: int | None = 1
    last_step: int | None = None
    given_steps: tuple[Number, ...] = ()
    all_points: bool = False
    neighbourhood: bool = False
    arithmetics: tuple[str, ...] = ("platform",)
    predictions: bool = False

    def __post_init__(self) -> None:
        for argument in ("problems", "formats", "grids", "arithmetics"):
            names = getattr(self, argument)
            if not _is_series(names) or not all(isinstance(name, str) for name in names):
                raise TypeError(f"{argument} must be a tuple of names, got {names!r:.60}")
        for argument, series in (("methods", self.methods), ("given_steps", self.given_steps)):
            if not _is_series(series):
                raise TypeError(f"{argument} must be a tuple, got {type(series).__name__} {series!r:.60}")
        object.__setattr__(self, "methods", tuple(map(_named, self.methods)))
        formats = dict.fromkeys((*FORMATS, *UNAVAILABLE, *LONGDOUBLE))
        for argument, given, known in (("formats", self.formats, formats), ("grids", self.grids, KNOWN_GRIDS)):
            if (strange := next((name for name in given if name not in known), None)) is not None:
                raise ValueError(f"{argument} must be among {', '.join(known)}, got {strange!r}")
        if not self.arithmetics or not set(self.arithmetics) <= set(ARITHMETICS):
            raise ValueError(f"arithmetics must be among {', '.join(ARITHMETICS)}, got {self.arithmetics!r}")
        for argument in ("problems", "methods", "formats", "grids", "arithmetics"):
            names = self.method_names if argument == "methods" else getattr(self, argument)
            if (twice := next((name for i, name in enumerate(names) if name in names[:i]), None)) is not None:
                raise ValueError(f"{argument} must name each only once, got {twice!r} twice")
        self._check_steps()

    def _check_steps(self) -> None:
        """Refuse given steps that are none, and what is no range of k."""
        for step in self.given_steps:
            if isinstance(step, bool) or not isinstance(step, Real):
                raise TypeError(f"given_steps must hold real numbers, got {type(step).__name__} {step!r:.60}")
            if not (0 < step < math.inf):
                raise ValueError(f"given_steps must be positive and finite, got {step!r}")
        for argument in ("first_step", "last_step"):
            k = getattr(self, argument)
            if k is not None and (isinstance(k, bool) or not isinstance(k, (int, np.integer))):
                raise TypeError(f"{argument} must be an integer, a k of the grid, or None, got {k!r:.60}")
        if self.first_step is not None and self.last_step is not None and self.last_step < self.first_step:
            raise ValueError(f"last_step must be at least first_step={self.first_step}, got {self.last_step}")

    @property
    def formulas(self) -> tuple[Method, ...]:
        """The methods as formulas."""
        return tuple(METHODS[method] if isinstance(method, str) else method for method in self.methods)

    @property
    def method_names(self) -> tuple[str, ...]:
        """The names of the methods, as the records have them."""
        return tuple(method.name for method in self.formulas)


def _is_series(given: Any) -> bool:
    """Whether something is given one by one: a single text would be read as its letters."""
    return isinstance(given, Iterable) and not isinstance(given, str)


def _named(method: str | Method) -> str | Method:
    """Return the name of a registered formula, and any other formula as it is: then one formula has one form."""
    if isinstance(method, str):
        return METHODS[method].name
    if not isinstance(method, (Stencil, ComplexStep)):
        raise TypeError(
            f"methods must hold names of METHODS, or formulas such as nd.centered(4), got {type(method).__name__} "
            f"{method!r:.60}"
        )
    if not isinstance(method.name, str) or not method.name.strip():
        raise ValueError(f"a formula must have a name to stand in the records, got {method.name!r}")
    known = METHODS.get(method.name)
    if known is None or known == method:
        return method if known is None else known.name
    raise ValueError(
        f"a formula must not have the name of another one in METHODS, got a different {method.name!r}; "
        "give it a name of its own"
    )


@dataclass(frozen=True)
class Batch:
    """The cells of one kernel call: a function at some points, one format, one formula, the steps of some grids.

    `subject` computes its f in the arithmetic that `arithmetic` names. `point_indices` and `points` run together, and
    so do `grids`, `ks` and `steps`: a step, the grid it is from, and its index there.
    """

    sweep: Sweep
    subject: Subject
    format: FloatFormat
    method: Method
    point_indices: tuple[int, ...]
    points: np.ndarray
    grids: tuple[str, ...]
    ks: tuple[int, ...]
    steps: np.ndarray
    arithmetic: str = "platform"

    @property
    def cells(self) -> int:
        """How many records the batch gives."""
        return self.points.size * self.steps.size

    def at_points(self, start: int, stop: int) -> "Batch":
        """Return the batch at the points whose index is from `start` to before `stop`."""
        kept = [start <= index < stop for index in self.point_indices]
        indices = tuple(index for index in self.point_indices if start <= index < stop)
        return replace(self, point_indices=indices, points=self.points[kept])


@dataclass(frozen=True)
class Skip:
    """Something that cannot be run, with the reason; `point` is empty where it holds for all points."""

    problem: str
    point: str
    method: str
    format: str
    reason: str


@dataclass
class SweepPlan:
    """What a sweep measures of one function, and what is left out."""

    sweep: Sweep
    subject: Subject
    batches: list[Batch] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)

    @property
    def cells(self) -> int:
        """How many records the batches will give."""
        return sum(batch.cells for batch in self.batches)

    def cells_by_point(self) -> list[int]:
        """Return how many records there will be at each point of the subject."""
        counts = [0] * len(self.subject.points)
        for batch in self.batches:
            for index in batch.point_indices:
                counts[index] += batch.steps.size
        return counts

    def at_points(self, start: int, stop: int) -> "SweepPlan":
        """Return the plan of the points with an index from `start` to before `stop`; the first has all skips."""
        batches = [piece for batch in self.batches if (piece := batch.at_points(start, stop)).point_indices]
        return replace(self, batches=batches, skips=[] if start else self.skips)

    def shifted(self, first: int) -> "SweepPlan":
        """Return the plan of points that are some of many: `first` is the index of the first one among them."""
        shifted = [replace(b, point_indices=tuple(index + first for index in b.point_indices)) for b in self.batches]
        return replace(self, batches=shifted)

    def batch_of_cells(self, start: int, stop: int) -> np.ndarray:
        """Return for each record of the plan `at_points` the index of its batch in this plan."""
        return np.repeat(np.arange(len(self.batches)), [batch.at_points(start, stop).cells for batch in self.batches])

    def skip(self, method: str, format_name: str, reason: str, point: str = "") -> None:
        """Add a skip."""
        self.skips.append(Skip(self.subject.name, point, method, format_name, reason))

    def add(self, batch: Batch, point: str = "") -> None:
        """Add a batch with the steps that its formula can take, and a skip for every other one."""
        method, fmt, useful = batch.method, batch.format, []
        zero: dict[str, list[str]] = {}
        for i, h in enumerate(batch.steps):
            if 0 < h <= largest_step(method, fmt):
                useful.append(i)
            elif h == 0:
                zero.setdefault(batch.grids[i], []).append(f"1e-{batch.ks[i]}")
            else:
                lost = f"h = {float(h)!r} overflows in the formula of {method.name} in {fmt.name}"
                self.skip(method.name, fmt.name, lost, point)
        for grid, names in zero.items():
            lost = f"the step of the grid {grid} is 0 in {fmt.name} for h = {', '.join(names)}"
            self.skip(method.name, fmt.name, lost, point)
        if useful:
            grids, ks = tuple(batch.grids[i] for i in useful), tuple(batch.ks[i] for i in useful)
            self.batches.append(replace(batch, grids=grids, ks=ks, steps=batch.steps[useful]))


def plan(subject: Subject, sweep: Sweep, ks: Mapping[str, range] | None = None) -> SweepPlan:
    """Return the batches of one function in a sweep, and what cannot be run and why.

    Every format, method, point and given step of the sweep is in a batch or among the skips.

    Parameters
    ----------
    subject : Subject
    sweep : Sweep
    ks : mapping of str to range, optional
        By format the k of the binary grids, where the points are some of many, which decide it; by default the
        points themselves do.
    """
    result = SweepPlan(sweep, subject)
    points = subject.points if sweep.all_points else subject.points[:1]
    for name in sweep.formats:
        fmt = FORMATS.get(name)
        if fmt is None:
            for method in sweep.method_names:
                result.skip(method, name, UNAVAILABLE.get(name, "longdouble is another format on this machine"))
            continue
        lost = lost_points(points, subject.domain, fmt)
        for x in (points[i] for i in np.flatnonzero(lost)):
            for method in sweep.method_names:
                result.skip(method, name, representable(x, subject.domain, fmt), shown(x))
        if not lost.all():
            _add_format(result, fmt, tuple(np.flatnonzero(~lost).tolist()), None if ks is None else ks[name])
    return _in_arithmetics(result)


def _add_format(result: SweepPlan, fmt: FloatFormat, kept: tuple[int, ...], ks: range | None) -> None:
    """Add the batches of one format: one a method, and one a method and point for grids that depend on the point."""
    sweep, subject = result.sweep, result.subject
    points = in_format(fmt, [subject.points[i] for i in kept])
    binary = step_indices(fmt, points, sweep.first_step, sweep.last_step) if ks is None else ks
    shared, own = grid_steps(fmt, points, sweep.grids, binary, sweep.given_steps)
    pointwise = set(sweep.grids) & set(POINTWISE_GRIDS)
    held = {k for grid, k in zip(shared.grids, shared.ks, strict=True) if grid == "given"}
    unheld = [shown(h) for i, h in enumerate(sweep.given_steps) if i not in held]
    methods = []
    reason_of_all = refused(subject, fmt, points)
    for method in sweep.formulas:
        name = method.name
        if reason := compatible(subject, method, fmt) or reason_of_all:
            result.skip(name, fmt.name, reason)
            continue
        methods.append(method)
        for h in unheld:
            result.skip(name, fmt.name, f"h = {h} is zero or infinite in {fmt.name}")
        result.add(Batch(sweep, subject, fmt, method, kept, points, *shared))
        if not shared.ks and not sweep.given_steps and not pointwise:
            result.skip(name, fmt.name, f"no step of the grid is large enough to move x in {fmt.name}")
    for method in methods if pointwise else []:
        for index, x, steps in zip(kept, points[:, np.newaxis], own, strict=True):
            result.add(Batch(sweep, subject, fmt, method, (index,), x, *steps), shown(subject.points[index]))
        if not own[0].ks:
            result.skip(method.name, fmt.name, f"no power of ten is among the steps of the grid in {fmt.name}")


def _in_arithmetics(planned: SweepPlan) -> SweepPlan:
    """Return the batches in each arithmetic of the sweep; complex functions have no correctly rounded version."""
    result = replace(planned, batches=[])
    special = special_functions_of(planned.subject.f) if "rounded" in planned.sweep.arithmetics else ""
    for batch in planned.batches:
        for name in planned.sweep.arithmetics:
            if name == "platform":
                result.batches.append(batch)
            elif isinstance(batch.method, ComplexStep):
                reason = "complex elementary functions have no correctly rounded version"
                result.skip(batch.method.name, batch.format.name, reason)
            elif special:
                reason = f"{special} has no correctly rounded version"
                result.skip(batch.method.name, batch.format.name, reason)
            else:
                subject = replace(batch.subject, f=rounded(batch.subject.f))
                result.batches.append(replace(batch, subject=subject, arithmetic=name))
    return result
