"""What a realistic function is: a scalar function of many parameters with its exact gradient, in several formats."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from numdiff.floats.formats import FORMATS

__all__ = ["ALL", "WIDE", "Case", "Data", "Drawn", "RealisticFunction", "Run", "joined", "mean", "number"]

Data = Mapping[str, np.ndarray]
"""What the function is given beside its parameters."""
Run = Callable[[np.ndarray, Data], tuple[Any, Callable[[], np.ndarray]]]
"""(x, data) → f(x), and a callable that returns the gradient there, shape (n,)."""
Drawn = tuple[np.ndarray, Mapping[str, np.ndarray]]
"""x and the data of a seed, in float64."""
WIDE = tuple(name for name in ("float32", "float64", "float80") if name in FORMATS)
ALL = ("bfloat16", "float16", *WIDE)


def number(like: np.ndarray, value: float) -> Any:
    """Return a constant in the format of an array: beside bfloat16 a Python number makes float32."""
    return like.dtype.type(value)


def mean(values: np.ndarray) -> Any:
    """Return the mean of all elements, in their format."""
    return values.sum() / number(values, values.size)


def joined(*parts: np.ndarray) -> np.ndarray:
    """Return arrays as one vector."""
    return np.concatenate([part.ravel() for part in parts])


@dataclass(frozen=True)
class RealisticFunction:
    """A scalar function of many parameters with its gradient, as somebody would write them.

    Parameters
    ----------
    name, description : str
    draw : callable
        Takes a generator, returns x and the data in float64.
    run : callable
        (x, data) → f(x) and a callable for the gradient, all in the format of x.
    formats : tuple of str
        Those in which anybody would use it.
    smooth : bool
        Whether f, as it is computed, has a continuous second derivative but for rounding.
    given : bool
        Whether the gradient is that of the function that `run` stands for, which it computes with more than rounding
        errors: a printed number, the solution of a differential equation.
    """

    name: str
    description: str
    draw: Callable[[np.random.Generator], Drawn]
    run: Run
    formats: tuple[str, ...] = ALL
    smooth: bool = True
    given: bool = False

    def case(self, format_name: str, seed: int) -> "Case":
        """Return the function of a seed in a format: x and the data, rounded to it."""
        digest = hashlib.sha256(f"{self.name}:{seed}".encode()).digest()
        x, data = self.draw(np.random.default_rng(int.from_bytes(digest[:8], "little")))
        rounded = FORMATS[format_name].as_array
        return Case(self, format_name, seed, rounded(x), {name: rounded(values) for name, values in data.items()})


@dataclass(frozen=True, eq=False)
class Case:
    """One function of one seed in one format: what a checker is given.

    Parameters
    ----------
    function : RealisticFunction
    format_name : str
    seed : int
    x : ndarray of shape (n,)
        Where the gradient is checked.
    data : mapping of str to ndarray
        In the format of x.
    """

    function: RealisticFunction
    format_name: str
    seed: int
    x: np.ndarray
    data: Data

    @property
    def dtype(self) -> np.dtype:
        """The format."""
        return self.x.dtype

    def f(self, point: np.ndarray) -> Any:
        """Return f at a point, which is rounded to the format: a model in that format does so."""
        return self.dtype.type(self.function.run(self._own(point), self.data)[0])

    def gradient(self, point: np.ndarray) -> np.ndarray:
        """Return the gradient at a point as it is computed in the format, a fresh array of shape (n,)."""
        return self.function.run(self._own(point), self.data)[1]().astype(self.dtype, copy=False)

    def gradient_in(self, dtype: Any, point: np.ndarray | None = None) -> np.ndarray:
        """Return the gradient at a point, x by default, as it is computed in another format."""
        data = {name: values.astype(dtype) for name, values in self.data.items()}
        return self.function.run((self.x if point is None else point).astype(dtype), data)[1]()

    def wrong(self, bug: str, point: np.ndarray) -> np.ndarray | None:
        """Return None: the mistakes of the catalogue have their place in networks alone."""
        return None

    @cached_property
    def truth(self) -> np.ndarray:
        """The gradient at x, computed in longdouble: for formats narrower than that it has no visible error."""
        return self.gradient_in(np.longdouble)

    def _own(self, point: np.ndarray) -> np.ndarray:
        return np.asarray(point).astype(self.dtype, copy=False)
