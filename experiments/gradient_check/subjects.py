"""What checkers are tried on: realistic functions, and networks whose gradients have the mistakes of the catalogue."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from experiments.gradient_check.bugs import BUGS, FORMATS
from experiments.gradient_check.functions import FUNCTIONS, group_of
from experiments.gradient_check.networks import NumpyNetwork

__all__ = [
    "CATALOGUE",
    "GROWING",
    "NETWORKS",
    "SMALL",
    "SUBJECTS",
    "Case",
    "NetworkCase",
    "Remembered",
    "Subject",
    "growing",
]

NETWORKS: dict[str, tuple[tuple[int, ...], str, str, int]] = {
    "tanh_squared": ((3, 4, 4, 2), "tanh", "squared", 4),
    "tanh_cross_entropy": ((3, 4, 4, 3), "tanh", "cross_entropy", 4),
    "sigmoid_squared": ((2, 3, 3, 1), "sigmoid", "squared", 3),
    "sigmoid_cross_entropy": ((2, 3, 3, 2), "sigmoid", "cross_entropy", 3),
    "large": ((100, 98, 2), "tanh", "squared", 1),
}
"""Layers, activation, loss, batch. A square layer has room for a transposed weight, a batch as large as that layer
for a sum along the wrong axis; the large one has 10 096 parameters."""
SMALL = tuple(name for name in NETWORKS if name != "large")
GROWING = (10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000)
"""About so many parameters have the networks that grow: two hidden layers of the same size, four inputs, an output."""


def growing(n: int) -> tuple[tuple[int, ...], str, str, int]:
    """Return the network of about n parameters."""
    width = max(1, round((-6 + math.sqrt(36 + 4 * n)) / 2))
    return (4, width, width, 1), "tanh", "squared", 4


NETWORKS |= {f"growing_{n}": growing(n) for n in GROWING}
CATALOGUE = "networks"
"""The group of the networks: mistakes in back-propagation are made there, and nothing is judged on them alone."""


class Case(Protocol):
    """One function of one seed in one format."""

    @property
    def x(self) -> np.ndarray:
        """Where the gradient is checked, shape (n,)."""

    def f(self, point: np.ndarray) -> Any:
        """Return f at a point, which is rounded to the format."""

    def gradient(self, point: np.ndarray) -> np.ndarray:
        """Return the right gradient at a point, a fresh array in the format of x."""

    def gradient_in(self, dtype: Any, point: np.ndarray | None = None) -> np.ndarray:
        """Return the gradient at a point, x by default, as it is computed in another format."""

    def wrong(self, bug: str, point: np.ndarray) -> np.ndarray | None:
        """Return the gradient with a mistake of the catalogue; None where there is no place for it."""


@dataclass(frozen=True, eq=False)
class NetworkCase:
    """A network in a format, with the mistakes of its back-propagation."""

    network: NumpyNetwork
    format_name: str

    @cached_property
    def x(self) -> np.ndarray:
        """The parameters."""
        return self.network.theta(FORMATS[self.format_name])

    def f(self, point: np.ndarray) -> Any:
        """Return the loss at a point, which is rounded to the format."""
        return self.network.loss(self._own(point))

    def gradient(self, point: np.ndarray) -> np.ndarray:
        """Return the gradient by back-propagation, in the format."""
        return self.network.gradient(self._own(point))

    def gradient_in(self, dtype: Any, point: np.ndarray | None = None) -> np.ndarray:
        """Return the gradient at a point, x by default, as it is computed in another format."""
        return self.network.gradient((self.x if point is None else point).astype(dtype))

    def wrong(self, bug: str, point: np.ndarray) -> np.ndarray | None:
        """Return the gradient with a mistake of the catalogue; None where there is no place for it."""
        fits = BUGS[bug].fits(self.network, self.x.dtype)
        return BUGS[bug].wrong(self.network, self._own(point)) if fits else None

    def _own(self, point: np.ndarray) -> np.ndarray:
        return np.asarray(point).astype(self.x.dtype, copy=False)


@dataclass(frozen=True)
class Subject:
    """A function that checkers are tried on.

    Parameters
    ----------
    name, group : str
        The group is one of `experiments.gradient_check.functions.GROUPS`, or `CATALOGUE`.
    formats : tuple of str
    smooth : bool
        Whether f, as it is computed, has a continuous second derivative but for rounding.
    """

    name: str
    group: str
    formats: tuple[str, ...]
    smooth: bool

    def case(self, format_name: str, seed: int) -> Case:
        """Return the function of a seed in a format."""
        if self.group == CATALOGUE:
            return NetworkCase(NumpyNetwork(*NETWORKS[self.name], seed), format_name)
        return FUNCTIONS[self.name].case(format_name, seed)


SUBJECTS: Mapping[str, Subject] = {
    item.name: item
    for item in (
        *(Subject(item.name, group_of(item.name), item.formats, item.smooth) for item in FUNCTIONS.values()),
        *(Subject(name, CATALOGUE, tuple(FORMATS), True) for name in NETWORKS),
    )
}
"""All of them, by name."""


REMEMBERED = 1000
"""Values of f are kept for at most so many parameters."""


@dataclass
class Remembered:
    """f of a case, which counts how often it is called; what it has computed it remembers.

    All claims on one case share its values: a check of the next one evaluates f again where it has been.
    """

    case: Case
    calls: int = 0
    _known: dict[bytes, Any] = field(default_factory=dict, repr=False)

    def __call__(self, point: np.ndarray) -> Any:
        """Return f at a point, shape (n,)."""
        self.calls += 1
        point = np.asarray(point).astype(self.case.x.dtype, copy=False)
        if point.size > REMEMBERED:
            return self.case.f(point)
        key = point.tobytes()
        if key not in self._known:
            self._known[key] = self.case.f(point)
        return self._known[key]
