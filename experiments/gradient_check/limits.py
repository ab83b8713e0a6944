"""How small a bug does a gradient check find? Searched for by halving, for a few checkers and for growing networks.

The bug is an error δ of random direction, or in the largest coordinate alone, with ‖δ‖ = s·‖g‖. s falls by factors of
√2 from where it is found until it is found no more: the last one found is recorded.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from experiments.gradient_check.bugs import FORMATS
from experiments.gradient_check.networks import NumpyNetwork
from experiments.gradient_check.rules import Checker, Decision
from experiments.gradient_check.trials import NETWORKS, Loss
from numdiff.floats.fixed_order import norm
from numdiff.gradients import check_gradient
from numdiff.study.workers import results

Task = TypeVar("Task")
Found = TypeVar("Found")
LARGEST = 8.0
"""The relative error from which the search starts: what is not found there is not found at all."""
FACTOR = math.sqrt(0.5)
SMALLEST = 2.0**-50
GROWING = (10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000)
"""About so many parameters have the networks of the curve."""


@dataclass(frozen=True)
class Wrong:
    """A gradient with an error that is the same at every point."""

    network: NumpyNetwork
    theta: np.ndarray
    right: np.ndarray
    error: np.ndarray

    def __call__(self, point: np.ndarray) -> np.ndarray:
        """Return the correct gradient at a point plus the error, in the format of θ."""
        point = np.asarray(point).astype(self.theta.dtype, copy=False)
        right = self.right if np.array_equal(point, self.theta) else self.network.gradient(point)
        return (right.astype(np.float64) + self.error).astype(self.theta.dtype)


def random_direction(gradient: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return an error of the length of the gradient in a random direction."""
    drawn = rng.standard_normal(gradient.size)
    return drawn * (norm(gradient) / norm(drawn))


def largest_coordinate(gradient: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return an error of the length of the gradient in its largest coordinate."""
    error = np.zeros(gradient.size)
    error[int(np.argmax(np.abs(gradient)))] = norm(gradient)
    return error


SHAPES: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "random direction": random_direction,
    "largest coordinate": largest_coordinate,
}


def smallest_found(checker: Checker, network: NumpyNetwork, dtype: np.dtype, shape: str, seed: int) -> float:
    """Return the smallest relative error that a checker calls wrong; NaN if it does not even find the largest."""
    theta = network.theta(dtype)
    right, loss = network.gradient(theta), Loss(network, dtype)
    error = SHAPES[shape](right.astype(np.float64), np.random.default_rng(seed))
    size, found = LARGEST, float("nan")
    while size > SMALLEST:
        wrong = Wrong(network, theta, right, size * error)
        if checker.check(loss, wrong, theta, seed).verdict is not Decision.REJECTED:
            return found
        size, found = size * FACTOR, size
    return found


def by_checker(
    checkers: Sequence[Checker], networks: Sequence[str], seeds: Sequence[int], workers: int
) -> pd.DataFrame:
    """Return the smallest errors that checkers find: a row for each format, network, seed, shape and checker."""
    tasks = [
        (checker, NumpyNetwork(*NETWORKS[name], seed), name, format_name, shape, seed)
        for format_name, name, seed, shape, checker in product(FORMATS, networks, seeds, SHAPES, checkers)
    ]
    return _searched(tasks, workers)


def by_size(checkers: Sequence[Checker], seeds: Sequence[int], workers: int) -> pd.DataFrame:
    """Return the smallest error in a random direction against the number of parameters, for each format."""
    tasks = [
        (checker, growing(n, seed), "growing", format_name, "random direction", seed)
        for n, seed, format_name, checker in product(GROWING, seeds, FORMATS, checkers)
        if checker.mode == "directions" or n <= 100
    ]
    return _searched(tasks, workers)


def growing(n: int, seed: int) -> NumpyNetwork:
    """Return a network of about n parameters: two hidden layers of the same size, two inputs and an output."""
    width = max(1, round((-6 + math.sqrt(36 + 4 * n)) / 2))
    return NumpyNetwork((4, width, width, 1), "tanh", "squared", 4, seed)


def _searched(tasks: Sequence[tuple[Any, ...]], workers: int) -> pd.DataFrame:
    return pd.DataFrame(_in_order(_row, tasks, workers))


def _in_order(function: Callable[[Task], Found], tasks: Sequence[Task], workers: int) -> list[Found]:
    """Return what a function of a module finds for each task, in the order of the tasks."""
    if workers == 1:
        return [function(task) for task in tasks]
    items = {str(number): task for number, task in enumerate(tasks)}
    found = dict(results(partial(_alone, function), items, workers, (_nothing, ()), _nothing))
    return [found[name] for name in items]


def _alone(function: Callable[[Task], Found], task: Task, tell: Callable[[int], Any]) -> Found:
    return function(task)


def _nothing(*told: Any) -> None:
    """Prepare nothing, and do nothing with what is told."""


def _row(task: tuple[Any, ...]) -> dict[str, Any]:
    checker, network, name, format_name, shape, seed = task
    smallest = smallest_found(checker, network, FORMATS[format_name], shape, seed)
    return {
        "checker": checker.name,
        "format": format_name,
        "network": name,
        "n": network.n,
        "seed": seed,
        "shape": shape,
        "smallest": smallest,
    }


TIMES = 10
"""A deviation of so many tolerances is to be found."""
PUT_IN = 13
"""So many tolerances of the correct gradient are put in: the tolerance of the wrong one is its own."""


def at_ten_tolerances(networks: Sequence[str], seeds: Sequence[int], workers: int) -> pd.DataFrame:
    """Return how often our check misses a deviation of ten times its own tolerance, by format and mode.

    Along directions δ is random with ‖δ‖ = 13·tolerance; by coordinates one component, drawn at random, is off by
    thirteen times the tolerance of that coordinate. Left out, and counted, are trials in which the tolerance is not
    finite, or in which the check of the wrong gradient ends with a larger one, of which δ is less than ten times.
    """
    tasks = [(name, format_name, seed) for format_name, name, seed in product(FORMATS, networks, seeds)]
    found = _in_order(_at_ten, tasks, workers)
    rows = pd.DataFrame([row for part in found for row in part], columns=["format", "mode", "trials", "missed", "left"])
    return rows.groupby(["format", "mode"], sort=False).sum().reset_index()


def _at_ten(task: tuple[str, str, int]) -> list[tuple[str, str, int, int, int]]:
    name, format_name, seed = task
    network, dtype = NumpyNetwork(*NETWORKS[name], seed), FORMATS[format_name]
    theta, rng = network.theta(dtype), np.random.default_rng(seed)
    loss, rows = Loss(network, dtype), []
    for mode, directions in (("coordinates", 0), ("directions", 4)):
        before = check_gradient(loss, network.gradient, theta, directions=directions, seed=seed)
        where = int(rng.integers(theta.size))
        drawn = rng.standard_normal(theta.size)
        if directions:
            error = drawn * (PUT_IN * before.tolerance / norm(drawn))
        else:
            error = np.zeros(theta.size)
            error[where] = np.copysign(PUT_IN * before.comparisons[where].tolerance, drawn[where])
        if not np.isfinite(error).all():
            rows.append((format_name, mode, 0, 0, 1))
            continue
        after = check_gradient(loss, partial(_off, network, error), theta, directions=directions, seed=seed)
        compared = after if directions else after.comparisons[where]
        is_large = norm(error) >= TIMES * compared.tolerance
        is_missed = compared.verdict != "disagree"
        rows.append((format_name, mode, int(is_large), int(is_large and is_missed), int(not is_large)))
    return rows


def _off(network: NumpyNetwork, error: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Return the correct gradient at a point plus an error, in float64: a small error does not round away."""
    return network.gradient(np.asarray(point)).astype(np.float64) + error
