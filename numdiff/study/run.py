"""Run measurements: serially or over processes, with a store behind them and a progress bar before them."""

import pickle
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pandas as pd

from numdiff.floats.formats import FORMATS, FloatFormat
from numdiff.formulas.stencil import Method
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS, Problem
from numdiff.registry import Registry
from numdiff.study import executors
from numdiff.study.blocks import Block, Measurement
from numdiff.study.gathered import Gathered, Gathering
from numdiff.study.measure import skip_frame
from numdiff.study.progress import Progress
from numdiff.study.records import FIELDS, frame_of
from numdiff.study.run_arguments import check_measurements, check_workers
from numdiff.study.store import Store
from numdiff.study.values import Digests, unlike
from numdiff.study.workers import results as results_of

Frames = dict[str, pd.DataFrame]
"""What a measurement gave: frames by name, and ``values``, the digests of what f returned."""


@dataclass(frozen=True, eq=False)
class Measured:
    """What an experiment measured; equal only to itself, because frames have no single truth value.

    Attributes
    ----------
    records : DataFrame
        The columns of `Record`, blocks in the order of the sweep.
    skips : DataFrame
        What could not be run, and why.
    values : DataFrame
        Digests of what f returned, for each function and format: `numdiff.study.values.COLUMNS`.
    frames : dict
        What was measured beside sweeps, by name.
    """

    records: pd.DataFrame = field(default_factory=lambda: frame_of({name: [] for name in FIELDS}))
    skips: pd.DataFrame = field(default_factory=lambda: skip_frame([]))
    values: pd.DataFrame = field(default_factory=lambda: Digests().frame())
    frames: Frames = field(default_factory=dict)


@dataclass
class Tally:
    """How many records a run measured and how many it took from the store; those that sweeps share count once.

    `outdated` counts stored measurements whose f returns other values on this machine; they are measured anew. Of
    `cells`, that are asked for, `done` are measured and kept: that many the same run would find stored.
    """

    measured: int = 0
    reused: int = 0
    outdated: int = 0
    cells: int = field(default=0, compare=False)
    done: int = field(default=0, compare=False)


def run_blocks(
    blocks: Sequence[Block],
    *,
    workers: int = 1,
    executor: Executor | None = None,
    store: Store | None = None,
    fresh: bool = False,
    progress: bool = True,
    tally: Tally | None = None,
) -> list[Measured]:
    """Measure blocks and return their results in the order given; the parameters are those of `run`."""
    done = run(blocks, workers=workers, executor=executor, store=store, fresh=fresh, progress=progress, tally=tally)
    return [_measured_from(frames) for frames in done]


def run(
    measurements: Sequence[Measurement],
    *,
    workers: int = 1,
    executor: Executor | None = None,
    store: Store | None = None,
    fresh: bool = False,
    progress: bool = True,
    tally: Tally | None = None,
) -> list[Frames]:
    """Measure and return what was found, in the order given.

    Parameters
    ----------
    measurements : sequence of Measurement
        Blocks of sweeps, or anything else that has a key, values and frames.
    workers : int
        Processes; 1 measures in this one.
    executor : concurrent.futures.Executor, optional
        Measures in their place: a pool, or what reaches other machines, as Dask's `Client.get_executor(pure=False)`.
        Its workers prove that they run the same code on the same versions, with the same elementary functions.
    store : Store, optional
        What it holds is not measured again if f still returns the same values; new frames are kept as soon as they are
        there.
    fresh : bool
        Whether the store first forgets these measurements, so that all are made. A run that is killed then goes on
        where it stopped when it is repeated without `fresh`.
    progress : bool
        Whether to announce a long run and show a bar (cells done, rate, time left) on standard error.
    tally : Tally, optional
        Is added to.

    Returns
    -------
    list of dict
        The frames of each measurement; equal ones are made once.

    Raises
    ------
    ValueError
        If `workers` is not a positive integer, or not 1 beside an executor; if the executor was shut down; or a
        problem that was registered at run time cannot go to workers.
    TypeError
        If `executor`, `store` or `tally` is none, or `measurements` is no sequence of them.
    WorkerDied
        If workers die over the same measurement again and again, or the executor has lost its own.
    ForeignWorkerError
        If a worker of the executor is not like this process.
    """
    tally = _checked("measurements", measurements, store, tally)
    parts = [_parts_of(item) for item in measurements]
    results = _results(parts, workers, executor, store, fresh, progress, tally)
    return [_joined(item, [results[key] for key in keyed]) for item, keyed in zip(measurements, parts, strict=True)]


def _results(
    parts: Sequence[Mapping[str, Measurement]],
    workers: int,
    executor: Executor | None,
    store: Store | None,
    fresh: bool,
    progress: bool,
    tally: Tally,
    gathered: Set[str] = frozenset(),
) -> dict[str, Frames]:
    """Return the frames of parts of measurements by key; those `gathered` were found before, and are counted."""
    check_workers(workers, executor)
    wanted = {key: part for keyed in parts for key, part in keyed.items()}
    if workers > 1 or executor is not None:
        added_for(wanted.values())  # refuses what no other process can know, before anything is measured
    tally.cells += sum(part.cells for key, part in wanted.items() if key not in gathered)
    results = {} if store is None else _stored(store, wanted, fresh, tally)
    pending = {key: part for key, part in wanted.items() if key not in results}
    new = {key: frames for key, frames in results.items() if key not in gathered}
    reused = _records(results)
    tally.reused += _records(new)
    tally.done += sum(wanted[key].cells for key in new)
    with Progress(pending, len(results.keys() | gathered), workers, progress) as told:
        for key, frames in _measured(pending, told.cells, executor or min(workers, len(pending)), told.tell):
            results[key] = frames
            if store is not None and is_stable(wanted[key]):
                store.save_frames(_place(key), frames)
                tally.done += told.cells[key]
            told.finish(key)
    tally.measured += _records(results) - reused
    return results


def _checked(argument: str, items: Any, store: Any, tally: Any) -> Tally:
    """Return the tally of a run; refuse what is none, and what is no measurement or no store."""
    check_measurements(argument, items, store)
    if tally is not None and not isinstance(tally, Tally):
        raise TypeError(f"tally must be a Tally or None, got {type(tally).__name__} {tally!r:.60}")
    return Tally() if tally is None else tally


def _parts_of(item: Measurement) -> dict[str, Measurement]:
    """Return by key what a measurement consists of; blocks of many cells are cut."""
    return {part.key(): part for part in (item.parts() if isinstance(item, Block) else [item])}


def _joined(item: Measurement, results: list[Frames]) -> Frames:
    return item.joined(results) if isinstance(item, Block) else results[0]


def place_of(item: Measurement) -> str:
    """Return the name under which the store has the frames of a measurement."""
    return _place(item.key())


def _place(key: str) -> str:
    return f"measured/{key}"


def _records(results: Mapping[str, Frames]) -> int:
    return sum(len(frames["records"]) for frames in results.values() if "records" in frames)


def _stored(store: Store, wanted: Mapping[str, Measurement], fresh: bool, tally: Tally) -> dict[str, Frames]:
    """Return what the store holds of some measurements and this machine would find again."""
    found = {}
    for key, item in wanted.items():
        if fresh:
            store.remove_frames(_place(key))
        elif is_stable(item) and (frames := store.load_frames(_place(key))) is not None:
            if unlike(item.values(), frames["values"]):
                tally.outdated += 1
            else:
                found[key] = frames
    return found


def run_named(
    named: Sequence[tuple[str, Measurement]],
    *,
    workers: int = 1,
    executor: Executor | None = None,
    store: Store | None = None,
    fresh: bool = False,
    progress: bool = True,
    tally: Tally | None = None,
) -> dict[str, Measured]:
    """Make measurements, all in one run, and return by name what those of a name gave, in their order.

    Parameters
    ----------
    named : sequence of (str, Measurement)
        The experiment that a measurement belongs to, and the measurement.
    workers, executor, store, fresh, progress, tally
        As in `run`.
    """
    if not isinstance(named, Sequence) or not all(isinstance(pair, tuple) and len(pair) == 2 for pair in named):
        raise TypeError(f"named must hold pairs (name, measurement), got {named!r:.60}")
    tally = _checked("named", [item for _, item in named], store, tally)
    items: dict[str, list[Measurement]] = {}
    for name, item in named:
        items.setdefault(name, []).append(item)
    found = {} if store is None else _gathered(Gathering(store), items, fresh)
    _count(tally, found.values())
    rest = {name: own for name, own in items.items() if name not in found}
    parts = {name: [_parts_of(item) for item in own] for name, own in rest.items()}
    keyed = [part for own in parts.values() for part in own]
    known = {key for one in found.values() for key in one.parts}
    results = _results(keyed, workers, executor, store, fresh, progress, tally, known)
    measured = {name: _measured_from(one.frames) for name, one in found.items()}
    for name, own in rest.items():
        given = zip(own, parts[name], strict=True)
        measured[name] = joined([_measured_from(_joined(item, [results[key] for key in p])) for item, p in given])
        if store is not None and all(map(is_stable, own)):
            sizes = {key: (part.cells, _records({key: results[key]})) for p in parts[name] for key, part in p.items()}
            Gathering(store).save(name, own, Gathered(_frames_in(measured[name]), sizes))
    return {name: measured[name] for name in items}


def _gathered(gathering: Gathering, items: Mapping[str, list[Measurement]], fresh: bool) -> dict[str, Gathered]:
    """Return by name what is kept of all measurements of a name; with `fresh` it is forgotten."""
    found = {}
    for name, own in items.items():
        if fresh:
            gathering.forget(name)
        elif all(map(is_stable, own)) and (kept := gathering.load(name, own)) is not None:
            found[name] = kept
    return found


def _count(tally: Tally, found: Iterable[Gathered]) -> None:
    """Count the cells and records of what is kept, once each."""
    parts = {key: sizes for one in found for key, sizes in one.parts.items()}
    cells = sum(size for size, _ in parts.values())
    tally.cells += cells
    tally.done += cells
    tally.reused += sum(records for _, records in parts.values())


def _measured_from(frames: Frames) -> Measured:
    parts = {name: frame for name, frame in frames.items() if name in ("records", "skips", "values")}
    return Measured(**parts, frames={name: frame for name, frame in frames.items() if name not in parts})


def _frames_in(measured: Measured) -> Frames:
    own = {"records": measured.records, "skips": measured.skips, "values": measured.values}
    return {**own, **measured.frames}


def joined(results: Sequence[Measured]) -> Measured:
    """Return several results as one, in their order."""
    records, skips, values = (
        [getattr(result, part) for result in results if len(getattr(result, part))]
        for part in ("records", "skips", "values")
    )
    empty = Measured()
    frames: dict[str, list[pd.DataFrame]] = {}
    for result in results:
        for name, frame in result.frames.items():
            frames.setdefault(name, []).append(frame)
    return Measured(
        _one(records, empty.records),
        _one(skips, empty.skips),
        _one(values, empty.values),
        {name: _one(parts, parts[0]) for name, parts in frames.items()},
    )


def _one(parts: Sequence[pd.DataFrame], nothing: pd.DataFrame) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True) if parts else nothing


def _measured(
    pending: Mapping[str, Measurement],
    cells: Mapping[str, int],
    workers: Executor | int,
    done: Callable[[int], Any],
) -> Iterator[tuple[str, Frames]]:
    """Yield the results as they come."""
    if workers in (0, 1):
        for key in _in_order(pending, dict.fromkeys(pending, 0)):
            yield key, _frames_of(pending[key], done)
        return
    # Leagues and trials first, of which a cell takes some eight times as long as one of a sweep.
    keys = sorted(_in_order(pending, cells), key=lambda key: isinstance(pending[key], Block))
    order = {key: pending[key] for key in keys}
    setup = partial(register_added, *added_for(order.values()))
    if isinstance(workers, int):
        yield from results_of(_frames_of, order, workers, setup, done)
        return
    for key, frames in executors.results(_frames_of, order, workers, setup):
        done(cells[key])
        yield key, frames


def _in_order(items: Mapping[str, Measurement], cells: Mapping[str, int]) -> list[str]:
    """Return the keys of the measurements, the blocks of one function after another: what they share is found once.

    Functions with the most cells come first, so that no worker is left with a long one; otherwise the order remains.
    """
    names = {key: item.problem if isinstance(item, Block) else key for key, item in items.items()}
    sizes: Counter[str] = Counter()  # in the order in which the names are met first
    for key, name in names.items():
        sizes[name] += cells[key]
    rank = {name: (-size, place) for place, (name, size) in enumerate(sizes.items())}
    return sorted(items, key=lambda key: (rank[names[key]], -cells[key]))


Added = tuple[list[FloatFormat], list[Method], list[Problem]]
"""What was registered after the package was loaded."""


def added_for(measurements: Iterable[Measurement]) -> Added:
    """Return what was registered at run time and is needed by some measurements, so that other processes can have it.

    Raises
    ------
    ValueError
        If a problem cannot be sent to another process: its functions are lambdas or local ones.
    """
    names = {name for item in measurements if isinstance(item, Block) for name in item.names}
    problems = [problem for problem in PROBLEMS.added() if problem.name in names]
    for problem in problems:
        try:
            pickle.dumps(problem)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise ValueError(
                f"problem must have functions of a module when it is registered at run time and workers > 1, got "
                f"{problem.name!r} ({error}); write them as functions with names in a module, or use workers=1"
            ) from error
    formats = [item for item in FORMATS.added() if item.name in names]
    return formats, [item for item in METHODS.added() if item.name in names], problems


def register_added(formats: Sequence[FloatFormat], methods: Sequence[Method], problems: Sequence[Problem]) -> None:
    """Register in a process that was just started what it does not know."""
    pairs: list[tuple[Registry[Any], Sequence[Any]]] = [(FORMATS, formats), (METHODS, methods), (PROBLEMS, problems)]
    for registry, items in pairs:
        for item in items:
            if item.name not in registry:  # a module that registers when it is imported may have done it
                registry.register(item)


def is_stable(item: Measurement) -> bool:
    """Whether the key of a measurement names its code: that of a problem of a plugin, or added later, does not."""
    if isinstance(item, Block):
        return item.problem not in PROBLEMS or PROBLEMS.has_own(item.problem)
    return bool(getattr(item, "is_stable", True))


def _frames_of(item: Measurement, done: Callable[[int], Any] = lambda cells: None) -> Frames:
    """Evaluate f at the nodes, then measure: the digests that are kept are those of the process that measured."""
    if isinstance(item, Block):
        return item.frames(done)
    values = item.values()
    return {**item.measure(done), "values": values}
