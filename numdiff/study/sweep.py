"""A sweep as data: which cells are measured, and which cannot be and why.

There are two step grids. Dyadic steps h = 2⁻ᵏ show truncation purely, but they leave abscissa and
combination errors at 0 in nearly all cells and correlate the evaluation errors; generic steps
h = fl(1.2357·2⁻ᵏ) are for all statistics. Decimal steps and what a format makes of them are in `snapping`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from numdiff.arithmetic.numpy_functions import NO_COMPLEX_STEP, ufuncs_used
from numdiff.arithmetic.rounded import rounded as correctly_rounded
from numdiff.floats.formats import FORMATS, LONGDOUBLE, UNAVAILABLE, FloatFormat
from numdiff.formulas.arguments import beyond, largest_step
from numdiff.formulas.stencil import ComplexStep, Method
from numdiff.formulas.table import METHODS
from numdiff.study.grids import Number, given, rounded, shown, steps_of
from numdiff.study.snapping import DECIMAL_GRIDS, POINTWISE_GRIDS, decimal_indices, steps_at

GRIDS = ("dyadic", "generic")
"""The grids of a sweep that names none."""
KNOWN_GRIDS = (*GRIDS, *DECIMAL_GRIDS)
ARITHMETICS = ("platform", "rounded")
"""Whose elementary functions f is computed with: those of the platform, or correctly rounded ones."""
STEPS_PAST_PRECISION = 4
"""The grid of a format ends so many binades below its unit roundoff times |x|: there x + h = x."""
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
    methods : tuple of str
        Names in `numdiff.formulas.table.METHODS`.
    formats : tuple of str
        Format names, by default all; those that the machine lacks are skipped, with the reason.
    grids : tuple of str
        ``"dyadic"``, ``"generic"``, or a decimal one: ``"decimal"``, ``"nearest_power"``, ``"snapped_at_1"``,
        ``"realised"``, ``"snapped"``, each with the powers of ten between the ends of the binary grids.
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
        If `problems` or `formats` is not a tuple of names.
    ValueError
        If a method, format, grid or arithmetic is unknown, or something is named twice, no arithmetic is named, a given
        step is not positive and finite, or the range of k is empty.
    """

    name: str
    problems: tuple[str, ...]
    methods: tuple[str, ...] = ("forward", "centered")
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
        for argument, names in (("problems", self.problems), ("formats", self.formats)):
            if isinstance(names, str) or not all(isinstance(name, str) for name in names):
                raise TypeError(f"{argument} must be a tuple of names, got {names!r}")
        for name in self.methods:
            METHODS[name]
        known = dict.fromkeys((*FORMATS, *UNAVAILABLE, *LONGDOUBLE))
        for name in self.formats:
            if name not in known:
                raise ValueError(f"formats must be among {', '.join(known)}, got {name!r}")
        for grid in self.grids:
            if grid not in KNOWN_GRIDS:
                raise ValueError(f"grids must be among {', '.join(KNOWN_GRIDS)}, got {grid!r}")
        if not self.arithmetics or not set(self.arithmetics) <= set(ARITHMETICS):
            raise ValueError(f"arithmetics must be among {', '.join(ARITHMETICS)}, got {self.arithmetics!r}")
        for argument in ("problems", "methods", "formats", "grids", "arithmetics"):
            names = getattr(self, argument)
            if (twice := next((name for i, name in enumerate(names) if name in names[:i]), None)) is not None:
                raise ValueError(f"{argument} must name each only once, got {twice!r} twice")
        for step in self.given_steps:
            if not (0 < step < math.inf):
                raise ValueError(f"given_steps must be positive and finite, got {step!r}")
        if self.first_step is not None and self.last_step is not None and self.last_step < self.first_step:
            raise ValueError(f"last_step must be at least first_step={self.first_step}, got {self.last_step}")


class Subject(Protocol):
    """What a sweep needs to know of a function: a `Problem` has it, and so has a user's own function."""

    @property
    def name(self) -> str:
        """The name in the records."""

    @property
    def f(self) -> Callable[[Any], Any]:
        """The NumPy callable."""

    @property
    def derivative(self) -> Callable[[Any], Any] | None:
        """The closed form of f′, or None."""

    @property
    def points(self) -> tuple[Number, ...]:
        """The points of interest."""

    @property
    def domain(self) -> tuple[float, float]:
        """The open interval in which f is smooth."""


@dataclass(frozen=True)
class Task:
    """One kernel call: a function at some points, one format, one method, the steps of all grids.

    `subject` computes its f in the arithmetic that `arithmetic` names. `grids`, `ks` and `steps` run together: a step,
    the grid it is from, and its index there.
    """

    subject: Subject
    format: FloatFormat
    method: Method
    point_indices: tuple[int, ...]
    points: np.ndarray
    grids: tuple[str, ...]
    ks: tuple[int, ...]
    steps: np.ndarray
    neighbourhood: bool = False
    arithmetic: str = "platform"
    predictions: bool = False

    @property
    def cells(self) -> int:
        """How many records the task gives."""
        return self.points.size * self.steps.size


@dataclass(frozen=True)
class Skip:
    """Something that cannot be run, with the reason; `point` is empty where it holds for all points."""

    problem: str
    point: str
    method: str
    format: str
    reason: str


@dataclass
class Plan:
    """The tasks of a block, and what was left out."""

    tasks: list[Task] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)

    @property
    def cells(self) -> int:
        """How many records the tasks will give."""
        return sum(task.cells for task in self.tasks)


def plan(subject: Subject, sweep: Sweep) -> Plan:
    """Return the tasks of one function in a sweep, and what cannot be run and why.

    Parameters
    ----------
    subject : Subject
    sweep : Sweep

    Returns
    -------
    Plan
        Every format, method, point and given step of the sweep is in a task or among the skips.
    """
    result = Plan()
    points = subject.points if sweep.all_points else subject.points[:1]
    for format_name in sweep.formats:
        fmt = FORMATS.get(format_name)
        if fmt is None:
            reason = UNAVAILABLE.get(format_name, "longdouble is another format on this machine")
            result.skips += [Skip(subject.name, "", m, format_name, reason) for m in sweep.methods]
            continue
        kept = []
        for index, x in enumerate(points):
            if reason := representable(x, subject.domain, fmt):
                result.skips += [Skip(subject.name, shown(x), m, format_name, reason) for m in sweep.methods]
            else:
                kept.append(index)
        if kept:
            _add_tasks(result, subject, sweep, fmt, tuple(kept))
            _add_pointwise_tasks(result, subject, sweep, fmt, tuple(kept))
    return _in_arithmetics(result, sweep.arithmetics)


def _in_arithmetics(planned: Plan, arithmetics: tuple[str, ...]) -> Plan:
    """Return the tasks in each of the arithmetics; complex functions have no correctly rounded version."""
    result = Plan(skips=planned.skips)
    for task in planned.tasks:
        for name in arithmetics:
            subject = task.subject
            if name == "rounded":
                if isinstance(task.method, ComplexStep):
                    reason = "complex elementary functions have no correctly rounded version"
                    result.skips.append(Skip(subject.name, "", task.method.name, task.format.name, reason))
                    continue
                subject = replace(subject, f=correctly_rounded(subject.f))  # type: ignore[type-var]
            result.tasks.append(replace(task, subject=subject, arithmetic=name))
    return result


def _add_tasks(result: Plan, subject: Subject, sweep: Sweep, fmt: FloatFormat, kept: tuple[int, ...]) -> None:
    xs = rounded(fmt, [subject.points[i] for i in kept])
    indices = step_indices(fmt, xs, sweep)
    pieces = [
        (grid, ks, steps_of(fmt, grid, ks))
        for grid in sweep.grids if grid not in POINTWISE_GRIDS
        for ks in [decimal_indices(indices) if grid in DECIMAL_GRIDS else tuple(indices)]
    ]  # fmt: skip
    pieces.append(("given", *given(fmt, sweep.given_steps)))
    grids = tuple(grid for grid, ks, _ in pieces for _ in ks)
    ks = tuple(k for _, ks, _ in pieces for k in ks)
    steps = np.concatenate([steps for _, _, steps in pieces])
    for method_name in sweep.methods:
        method = METHODS[method_name]
        if reason := compatible(subject, method, fmt):
            result.skips.append(Skip(subject.name, "", method_name, fmt.name, reason))
            continue
        for i, h in enumerate(sweep.given_steps):
            if i not in pieces[-1][1]:
                lost = f"h = {shown(h)} is zero or infinite in {fmt.name}"
                result.skips.append(Skip(subject.name, "", method_name, fmt.name, lost))
        task = Task(
            subject, fmt, method, kept, xs, grids, ks, steps, sweep.neighbourhood, predictions=sweep.predictions
        )
        _add_useful(result, task, "")
        if not ks and not sweep.given_steps and not set(sweep.grids) & set(POINTWISE_GRIDS):
            lost = f"no step of the grid is large enough to move x in {fmt.name}"
            result.skips.append(Skip(subject.name, "", method_name, fmt.name, lost))


def _add_pointwise_tasks(result: Plan, subject: Subject, sweep: Sweep, fmt: FloatFormat, kept: tuple[int, ...]) -> None:
    """Add the grids whose steps depend on the point: one task for each point."""
    grids = [grid for grid in sweep.grids if grid in POINTWISE_GRIDS]
    methods = [m for m in map(METHODS.__getitem__, sweep.methods) if grids and not compatible(subject, m, fmt)]
    xs = rounded(fmt, [subject.points[i] for i in kept])
    indices = decimal_indices(step_indices(fmt, xs, sweep))
    names, ks = tuple(grid for grid in grids for _ in indices), indices * len(grids)
    for method in methods:
        for index, x in zip(kept, xs[:, np.newaxis], strict=True):
            steps = steps_at(fmt, names, ks, x)[0]
            task = Task(
                subject, fmt, method, (index,), x, names, ks, steps, sweep.neighbourhood, predictions=sweep.predictions
            )
            _add_useful(result, task, shown(subject.points[index]))
        if not indices:
            lost = f"no power of ten is among the steps of the grid in {fmt.name}"
            result.skips.append(Skip(subject.name, "", method.name, fmt.name, lost))


def _add_useful(result: Plan, task: Task, point: str) -> None:
    """Add a task with the steps that its formula can take, and a skip for every other one."""
    fmt, method, useful = task.format, task.method, []
    zero: dict[str, list[str]] = {}
    for i, h in enumerate(task.steps):
        if h > 0 and h <= largest_step(method, fmt):
            useful.append(i)
        elif h == 0:
            zero.setdefault(task.grids[i], []).append(f"1e-{task.ks[i]}")
        else:
            lost = f"h = {float(h)!r} overflows in the formula of {method.name} in {fmt.name}"
            result.skips.append(Skip(task.subject.name, point, method.name, fmt.name, lost))
    for grid, names in zero.items():
        lost = f"the step of the grid {grid} is 0 in {fmt.name} for h = {', '.join(names)}"
        result.skips.append(Skip(task.subject.name, point, method.name, fmt.name, lost))
    if useful:
        grids, ks = tuple(task.grids[i] for i in useful), tuple(task.ks[i] for i in useful)
        result.tasks.append(replace(task, grids=grids, ks=ks, steps=task.steps[useful]))


def step_indices(fmt: FloatFormat, points: np.ndarray, sweep: Sweep) -> range:
    """Return the k of a grid: from `first_step` to where the step is lost in x, or cannot be represented.

    Parameters
    ----------
    fmt : FloatFormat
    points : ndarray, shape (n,), of the dtype of `fmt`
        All finite. The grid ends where the smallest of them, 0 apart, absorbs the step, so that every one does.
    sweep : Sweep

    Returns
    -------
    range
        Empty where the grid begins beyond its end.
    """
    binades = [
        # Of a dyadic number this is the exponent of its binade, exactly.
        m.numerator.bit_length() - m.denominator.bit_length()
        for m in (abs(fmt.lift(x)) for x in points)
        if m
    ] or [0]
    first = min(1, 1 - max(binades)) if sweep.first_step is None else sweep.first_step
    last = fmt.precision + STEPS_PAST_PRECISION - min(binades) if sweep.last_step is None else sweep.last_step
    smallest = fmt.smallest_subnormal.denominator.bit_length() - 1
    return range(first, min(last, smallest) + 1)


def compatible(subject: Subject, method: Method, fmt: FloatFormat) -> str:
    """Return why a function cannot be run with a method in a format, or the empty string where it can."""
    if not isinstance(method, ComplexStep):
        return beyond(method, fmt)
    if fmt.complex_dtype is None:
        return f"{fmt.name} has no complex dtype"
    refused = sorted(ufuncs_used(subject.f) & NO_COMPLEX_STEP)
    return f"no complex step through {', '.join(refused)}" if refused else ""


def representable(x: Number, domain: tuple[float, float], fmt: FloatFormat) -> str:
    """Return why a point cannot be had in a format, or the empty string where it can."""
    here = fmt.as_array(x)
    if not np.isfinite(here):
        return f"x = {shown(x)} overflows {fmt.name}"
    if not domain[0] < fmt.lift(here) < domain[1]:
        return f"x = {shown(x)} rounds to {float(here)!r} in {fmt.name}, outside the domain {domain!r}"
    return ""
