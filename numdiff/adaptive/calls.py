"""How the estimator calls f: nodes in, values out, every point counted.

What f gets and may return is a matter of `numdiff.floats.call`; here stands what an estimator needs beside it. One
batch of nodes is one call of f. A function of one number is called point by point, also where it turns out to be one.
Arguments that broadcast with x go with their nodes. An error of f stays its own and gets a note that names x.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from numdiff.adaptive.complex_values import ComplexKnown, both_kinds, complex_dtype, refuse_other_complex
from numdiff.floats.call import accepted, explain, handed, numbers_of, refuse_masked
from numdiff.floats.callables import Map, number_of
from numdiff.floats.formats import FORMATS, FloatFormat

__all__ = ["SEEN", "Arguments", "Batch", "Calls", "ComplexValues", "arguments_of"]

TASKS = 64
"""Pieces of one batch, at most, for a map of the user: how many workers it has is not known."""
Batch = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Nodes, the rows of their points, and the values of f."""
SEEN = 512
"""Nodes at the ends of all batches that are kept, to look for suspicious values among them."""
_OWN = (ArithmeticError, Warning, MemoryError, OSError)
"""Errors that are not raised because an array was handed over."""
_WANTS_A_NUMBER = ("converted to Python scalars", "truth value of an array")
"""What the errors of NumPy say where an array stands in the place of a number."""
_CALLED = "f was called"
"""How the note of an error begins."""


class ComplexValues(Exception):
    """f returned complex values in its first call: the real and the imaginary part are estimated apart."""


@dataclass(frozen=True)
class Arguments:
    """What f takes after its node.

    Parameters
    ----------
    values : tuple
        The arguments.
    varies : tuple of bool
        Which of them are arrays with one value for each point x, of shape (n,).
    """

    values: tuple[Any, ...] = ()
    varies: tuple[bool, ...] = ()

    def at(self, rows: Any) -> tuple[Any, ...]:
        """Return the arguments for nodes of these points."""
        return tuple(value[rows] if varies else value for value, varies in zip(self.values, self.varies, strict=True))

    def taken(self, rows: np.ndarray) -> "Arguments":
        """Return the arguments with one value for each node."""
        return replace(self, values=self.at(rows)) if self.values else self


def arguments_of(args: Sequence[Any], item: FloatFormat) -> Arguments:
    """Return further arguments as f gets them: arrays and lists of numbers as arrays, in the format if no integers.

    They still have their own shapes; numbers of NumPy go into the format too, and all else stays as it is.
    """
    values = tuple(_argument(value, item) for value in args)
    return Arguments(values, tuple(isinstance(value, np.ndarray) and value.ndim > 0 for value in values))


def _argument(value: Any, item: FloatFormat) -> Any:
    if isinstance(value, (list, tuple)):
        try:
            array: np.ndarray = np.asarray(value)
        except ValueError:  # of different lengths: no array, and f's own affair
            return value
        value = array if array.dtype.kind in "iufcb" else value
    if not isinstance(value, (np.ndarray, np.generic)):
        return value
    if value.dtype.kind == "c" and item.complex_dtype is not None:
        refuse_masked(value, "args must not hold")
        return value.astype(item.complex_dtype)
    if FORMATS.of_dtype(value.dtype) is not None:
        refuse_masked(value, "args must not hold")
        rounded = item.as_array(value, "args")
        return rounded if rounded.ndim else rounded[()]
    return value


@dataclass(frozen=True)
class _Failed:
    """The result of a call of f for an array that failed in a worker: no error of the worker's own."""

    error: Exception


@dataclass(frozen=True)
class _Task:
    """A call of f that can go to a worker, applied to nodes, their points x, and arguments with a value for each."""

    f: Callable[..., Any]
    item: FloatFormat
    elementwise: bool

    def __call__(self, work: tuple[np.ndarray, np.ndarray, Arguments]) -> Any:
        nodes, x, arguments = work
        with np.errstate(all="ignore"):  # a thread does not inherit it
            if not self.elementwise:
                return self.numbers(nodes, x, arguments)
            try:
                return _own(self.array(nodes, arguments.values))
            except Exception as error:
                return _Failed(error)

    def array(self, nodes: np.ndarray, further: tuple[Any, ...]) -> Any:
        """Return what f returns for an array, as it is."""
        return self.f(handed(self.item, nodes.view()), *further)

    def numbers(self, nodes: np.ndarray, x: np.ndarray, arguments: Arguments) -> np.ndarray:
        """Return the values of a function of one number, real or complex."""
        view = handed(self.item, nodes.view())
        found = []
        for place in range(nodes.size):
            try:
                y = self.f(number_of(view, place), *arguments.at(place))
            except Exception as error:
                _note(error, nodes[place : place + 1], x[place : place + 1])
                raise
            found.append(self._number(y))
        kinds = {value.dtype.kind == "c" for value in found}
        if len(kinds) > 1:
            odd = next(place for place, value in enumerate(found) if value.dtype.kind == "c")
            raise both_kinds(nodes[odd])
        return np.array(found, dtype=complex_dtype(self.item) if kinds == {True} else nodes.dtype)

    def _number(self, y: Any) -> Any:
        if type(y) is complex:
            return np.complex128(y)
        if isinstance(y, (np.generic, np.ndarray)) and y.dtype.kind == "c":
            value: np.ndarray = np.asarray(y)
            refuse_other_complex(self.item, value.dtype)
        else:
            value = numbers_of(self.item, y)
        if value.size != 1:
            raise ValueError(
                f"f must return one number for one number, got shape {value.shape}; numdiff.jacobian differentiates a "
                "function with several values"
            )
        return value.reshape(())[()]


class Calls:
    """f at nodes near the points x, as `numdiff.adaptive.engine.estimate` calls it.

    Parameters
    ----------
    f : callable
        Takes a node, or an array of nodes, and the arguments.
    item : FloatFormat
    x : ndarray of shape (n,), of the format
    arguments : Arguments
    elementwise : bool
        False calls f with one number at a time.
    workers : int or map-like callable

    Attributes
    ----------
    extra : list of int
        The rows of the evaluations that the estimator did not ask for.
    part : str
        Which part of complex values is returned: ``"real"`` or ``"imag"``; empty for a real f.
    first, last : Batch or None
        The first nodes of the first call of f for the estimator, and the last ones of the last call: `SEEN` at most.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        item: FloatFormat,
        x: np.ndarray,
        arguments: Arguments,
        elementwise: bool,
        workers: int | Map,
    ) -> None:
        self.x, self.arguments, self.workers = x, arguments, workers
        self.task = _Task(f, item, elementwise)
        self.part = ""
        self.extra: list[int] = []
        self.first: Batch | None = None
        self.last: Batch | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._is_constant = False
        self._known = ComplexKnown()
        self._counts: np.ndarray | int = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Keep threads ready, if there are to be any."""
        if callable(self.workers) or self.workers == 1:
            yield
            return
        with ThreadPoolExecutor(int(self.workers)) as self._pool:
            yield

    def __call__(self, nodes: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return f at nodes.

        Parameters
        ----------
        nodes : ndarray, contiguous, of shape (k,) and of the format
        rows : ndarray of int, shape (k,)
            The index in x of the point that each node belongs to.

        Returns
        -------
        ndarray of shape (k,), of the format
            It may hold NaN and infinities.
        """
        if self.part:
            return self._part_of(nodes, rows)
        values = self.values(nodes, rows)
        if values.dtype.kind == "c":
            if self.first is not None:
                raise both_kinds(nodes[0])
            self._keep(nodes, rows, values)
            raise ComplexValues
        self._see(nodes, rows, values)
        return values

    def _keep(self, nodes: np.ndarray, rows: np.ndarray, values: np.ndarray) -> None:
        """Keep complex values for the other part."""
        self._known.add(nodes, rows, values)
        self._see(nodes, rows, values)

    def _see(self, nodes: np.ndarray, rows: np.ndarray, values: np.ndarray) -> None:
        """Keep the ends of the first and of the last batch, copied: the values may lie in memory that f uses again."""
        self.last = nodes[-SEEN:], rows[-SEEN:], values[-SEEN:].copy()
        if self.first is None:
            self.first = self.last if nodes.size <= SEEN else (nodes[:SEEN], rows[:SEEN], values[:SEEN].copy())

    def values(self, nodes: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return f at nodes, real or complex; what f returned itself holds until its next call."""
        if callable(self.workers) or self._pool is not None:
            return self._shared(nodes, rows)
        task = self.task
        if not task.elementwise:
            return task.numbers(nodes, self.x[rows], self.arguments.taken(rows))
        try:
            y = self.returned(nodes, rows)
        except Exception as error:
            return self._after(error, nodes, rows)
        if type(y) is np.ndarray and y.dtype == nodes.dtype and y.shape == nodes.shape:
            return y
        return self._accepted(y, nodes, rows)

    def returned(self, nodes: np.ndarray, rows: np.ndarray) -> Any:
        """Return what f returns for an array, as it is."""
        return self.task.array(nodes, self.arguments.at(rows) if self.arguments.values else ())

    def forget(self) -> None:
        """Forget the values of a complex f, but not how many they were."""
        self._counts = self.evaluations()
        self._known = ComplexKnown()

    def evaluations(self) -> np.ndarray:
        """Return at how many nodes of each point a complex f was evaluated."""
        return np.bincount(self._known.rows, minlength=self.x.size) + self._counts

    def _shared(self, nodes: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return f at nodes, evaluated by workers in pieces."""
        pieces = nodes.size
        if self.task.elementwise:
            pieces = min(pieces, TASKS if callable(self.workers) else int(self.workers))
        works = [
            (np.ascontiguousarray(nodes[part]), self.x[rows[part]], self.arguments.taken(rows[part]))
            for part in np.array_split(np.arange(nodes.size), pieces)
        ]
        run = self.workers if callable(self.workers) else self._pool.map  # type: ignore[union-attr]
        found = list(run(self.task, works))
        if failed := next((y.error for y in found if isinstance(y, _Failed)), None):
            return self._after(failed, nodes, rows)
        if len(found) != len(works):
            raise ValueError(f"workers must return one result for each task, got {len(found)} for {len(works)}")
        if self.task.elementwise:
            spans = np.array_split(np.arange(nodes.size), pieces)
            found = [self._accepted(y, nodes[p], rows[p]) for y, p in zip(found, spans, strict=True)]
        values = np.concatenate(found)
        if values.dtype.kind == "c" and any(value.dtype.kind != "c" for value in found):
            sizes = np.cumsum([0, *(value.size for value in found)])
            raise both_kinds(nodes[sizes[next(k for k, value in enumerate(found) if value.dtype.kind == "c")]])
        return values

    def _after(self, error: Exception, nodes: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the values of a function of one number that failed on an array; raise the error of any other."""
        try:
            if not isinstance(error, _OWN) and "read-only" not in str(error):
                return self._one_by_one(nodes, rows)
        except Exception as other:
            if any(text in str(error) for text in _WANTS_A_NUMBER):
                raise  # it is a function of one number, and failed at one
            if type(other) is type(error) and other is not error and not _is_noted(error):
                for note in getattr(
                    other, "__notes__", ()
                ):  # a value is at fault, not that there are many: the note has the node
                    error.add_note(note)
        _note(error, nodes, self.x[rows])
        explain(error, self.task.f)
        raise error

    def _one_by_one(self, nodes: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Call f point by point, and go on so if that works."""
        task = replace(self.task, elementwise=False)
        values = task.numbers(nodes, self.x[rows], self.arguments.taken(rows))
        self.task = task
        return values

    def _accepted(self, y: Any, nodes: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return what f returned for an array as values of its nodes, or say what is wrong with it."""
        refuse_masked(y, "f must not return")
        try:
            shape, dtype = np.shape(y), np.asarray(y).dtype
        except ValueError:  # a ragged list, of which `accepted` says more
            return accepted(self.task.item, y, nodes)
        is_number = not shape and (dtype.kind in "iufc" or dtype == nodes.dtype)
        if shape != nodes.shape and (shape or is_number) and not (is_number and self._is_one_for_all(y, nodes, rows)):
            try:
                return self._one_by_one(nodes, rows)
            except Exception as error:
                raise ValueError(
                    f"f must return a number for each of its nodes, of shape {nodes.shape}, got shape {shape}; "
                    "numdiff.gradient and numdiff.jacobian differentiate functions of a vector"
                ) from error
        if dtype.kind != "c":
            return accepted(self.task.item, y, nodes)
        if type(y) is not complex:
            refuse_other_complex(self.task.item, dtype)
        return np.full(nodes.shape, y, dtype=complex_dtype(self.task.item))

    def _is_one_for_all(self, number: Any, nodes: np.ndarray, rows: np.ndarray) -> bool:
        """Whether one number that f returned for all nodes is a constant: then it returns it for single ones too."""
        if nodes.size > 1 and not self._is_constant:
            view, ends, number = handed(self.task.item, nodes.view()), [0, nodes.size - 1], _own(number)
            try:
                alone = [_own(self.task.f(number_of(view, k), *self.arguments.at(rows[k]))) for k in ends]
            except Exception:  # whatever f raises for a number: it is no function of one
                return False
            self.extra += rows[ends].tolist()
            self._is_constant = all(bool(np.all((y == number) | ((y != y) & (number != number)))) for y in alone)
            return self._is_constant
        return True

    def _part_of(self, nodes: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return a part of complex values; f is called at nodes alone that are new."""
        known = self._known
        missing = ~known.holds(nodes, rows)
        if missing.any():
            values = self.values(np.ascontiguousarray(nodes[missing]), rows[missing])
            if values.dtype.kind != "c":
                raise both_kinds(nodes[missing][0], is_complex=False)
            self._keep(nodes[missing], rows[missing], values)
        return np.ascontiguousarray(getattr(known.at(nodes, rows), self.part))


def _own(y: Any) -> Any:
    """Return a copy of an array that f returned, which f may write to in its next call; all else as it is."""
    return y.copy() if isinstance(y, np.ndarray) else y


def _note(error: Exception, nodes: np.ndarray, x: np.ndarray) -> None:
    """Name the node and the point at which f failed in a note of its error, once."""
    if _is_noted(error):
        return
    points = np.unique(x.astype(np.longdouble)).size
    where = f"x = {x[0]!s}" if points == 1 else f"{points} points x between {x.min()!s} and {x.max()!s}"
    if nodes.size == 1:
        error.add_note(f"{_CALLED} at {nodes[0]!s}, for the derivative at {where}")
    else:
        ends = f"{nodes.min()!s} and {nodes.max()!s}"
        error.add_note(f"{_CALLED} with {nodes.size} nodes between {ends}, for the derivative at {where}")


def _is_noted(error: Exception) -> bool:
    return any(note.startswith(_CALLED) for note in getattr(error, "__notes__", ()))
