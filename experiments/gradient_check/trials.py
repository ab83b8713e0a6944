"""Trials of gradient checkers: every checker on correct and on wrong gradients of networks in several formats.

A trial is (network, format, seed, bug, checker). Loss and gradient are those of
`experiments.gradient_check.networks`, computed wholly in the format; a function that is handed a wider array rounds it
to the format, as a model in that format does.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from experiments.gradient_check.bugs import BUGS, FORMATS, deviation
from experiments.gradient_check.networks import NumpyNetwork
from experiments.gradient_check.rules import RULES, Checker, Decision
from numdiff.analysis.statistics import binomial_interval
from numdiff.floats.fixed_order import dot, norm
from numdiff.study.blocks import conditions, digest_of
from numdiff.study.run import run as measure
from numdiff.study.store import Store
from numdiff.study.values import Digests

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
CORRECT = "none"
"""The bug of a correct gradient."""
HARMLESS = "harmless"
"""The verdict on a bug that leaves the gradient as it is in this format: no trial."""
REMEMBERED = 1000
"""Values of f are kept for networks of at most so many parameters: all bugs of a subject share its differences."""


@dataclass(frozen=True)
class TrialPlan:
    """Which trials to make: all combinations, except that a bug needs its place in the network.

    Parameters
    ----------
    networks : sequence of str
        Names in `NETWORKS`.
    formats : sequence of str
    seeds : sequence of int
        Of the network, its parameters and data, and of the directions of a checker.
    bugs : sequence of str
        Names in `BUGS`, and `CORRECT`.
    checkers : sequence of Checker
        With rules that a process can import.
    """

    networks: Sequence[str] = SMALL
    formats: Sequence[str] = tuple(FORMATS)
    seeds: Sequence[int] = (0, 1, 2)
    bugs: Sequence[str] = (CORRECT, *BUGS)
    checkers: Sequence[Checker] = RULES


@dataclass
class Loss:
    """The loss of a network as a function in one format; what it has computed for a small network it remembers."""

    network: NumpyNetwork
    dtype: np.dtype
    _known: dict[bytes, Any] = field(default_factory=dict, repr=False)

    def __call__(self, point: np.ndarray) -> Any:
        """Return the loss at a point, shape (n,), rounded to the format."""
        point = np.asarray(point).astype(self.dtype, copy=False)
        if point.size > REMEMBERED:
            return self.network.loss(point)
        key = point.tobytes()
        if key not in self._known:
            self._known[key] = self.network.loss(point)
        return self._known[key]


@dataclass(frozen=True)
class GradientUnderTest:
    """A gradient that is checked: correct or with an injected bug."""

    network: NumpyNetwork
    bug: str
    theta: np.ndarray
    at_theta: np.ndarray

    def __call__(self, point: np.ndarray) -> np.ndarray:
        """Return the gradient at a point, a fresh array in the format of θ."""
        point = np.asarray(point).astype(self.theta.dtype, copy=False)
        if np.array_equal(point, self.theta):
            return self.at_theta.copy()
        return claimed(self.network, self.bug, point)


def claimed(network: NumpyNetwork, bug: str, theta: np.ndarray) -> np.ndarray:
    """Return the gradient with a bug, or without."""
    return network.gradient(theta) if bug == CORRECT else BUGS[bug].wrong(network, theta)


def run_trials(plan: TrialPlan, workers: int = 1, store: Store | None = None) -> pd.DataFrame:
    """Make the trials of a plan; the rows are the same, in the same order, for any number of workers.

    Parameters
    ----------
    plan : TrialPlan
    workers : int
        Processes.
    store : Store, optional
        Trials that it holds are not made again.

    Returns
    -------
    pandas.DataFrame
        A row for each trial: format, network, n, seed, bug, kind, nominal (the relative error that was put in; NaN
        for mistakes), size (‖δ‖/‖g‖ in the format), checker, mode, verdict, note.
    """
    found = measure(trials_of(plan), workers=workers, store=store, progress=False)
    return pd.concat([frames["trials"] for frames in found], ignore_index=True)


@dataclass(frozen=True)
class Trials:
    """The trials of a part of a plan, as something that any process can measure and that is stored.

    Losses and gradients are the same on every machine. What a checker makes of them may hang on the widest format of
    the machine, in which `check_gradient` computes: that is what the digest of values says.
    """

    plan: TrialPlan

    @property
    def cells(self) -> int:
        """The number of pairs of subject and bug."""
        plan = self.plan
        return len(plan.networks) * len(plan.formats) * len(plan.seeds) * len(plan.bugs)

    def key(self) -> str:
        """Return the key under which the trials are stored; a checker counts with its version and its rule."""
        plan = self.plan
        shapes = [(name, NETWORKS[name]) for name in plan.networks]
        rules = [_named(item.rule) for item in plan.checkers]
        checkers = [(c.name, c.version, c.formats, *rule) for c, rule in zip(plan.checkers, rules, strict=True)]
        facts = [type(self).__name__, shapes, *map(list, (plan.formats, plan.seeds, plan.bugs)), checkers]
        return digest_of([facts, conditions(__name__), *map(conditions, sorted({module for module, *_ in rules}))])

    def values(self) -> pd.DataFrame:
        """Return what the verdicts may hang on: how many bits the widest format of the machine has."""
        digests = Digests()
        digests.add("check_gradient", "longdouble", [np.array([np.finfo(np.longdouble).nmant])])
        return digests.frame()

    def measure(self, done: Callable[[int], Any] = lambda cells: None) -> dict[str, pd.DataFrame]:
        """Return the frame ``trials``."""
        plan = self.plan
        rows = []
        for subject in product(plan.networks, plan.formats, plan.seeds):
            rows += _trials(plan, *subject)
            done(len(plan.bugs))
        return {"trials": pd.DataFrame(rows)}


TOGETHER = 10
"""Seeds of one measurement, at most."""


def trials_of(plan: TrialPlan) -> tuple[Trials, ...]:
    """Cut a plan into measurements, in the order of its trials: a network, a format and a few seeds each."""
    pieces = [plan.seeds[start : start + TOGETHER] for start in range(0, len(plan.seeds), TOGETHER)]
    return tuple(
        Trials(replace(plan, networks=(network,), formats=(name,), seeds=tuple(seeds)))
        for network, name, seeds in product(plan.networks, plan.formats, pieces)
    )


def _named(rule: Callable[..., Any]) -> tuple[str, str, dict[str, Any]]:
    """Return module, name and fixed arguments of a rule: its repr has an address, which no other process has."""
    function, fixed = (rule.func, rule.keywords) if isinstance(rule, partial) else (rule, {})
    return function.__module__, function.__qualname__, dict(fixed)


def _trials(plan: TrialPlan, name: str, format_name: str, seed: int) -> list[dict[str, Any]]:
    """Make the trials of one network in one format."""
    dtype = FORMATS[format_name]
    network = NumpyNetwork(*NETWORKS[name], seed)
    theta = network.theta(dtype)
    right, loss = network.gradient(theta), Loss(network, dtype)
    rows = []
    for bug in plan.bugs:
        if bug != CORRECT and not BUGS[bug].fits(network, dtype):
            continue
        claim = GradientUnderTest(network, bug, theta, claimed(network, bug, theta))
        size = deviation(claim.at_theta, right)
        known = {
            "format": format_name,
            "network": name,
            "n": network.n,
            "seed": seed,
            "bug": bug,
            "kind": "correct" if bug == CORRECT else BUGS[bug].kind,
            "nominal": float("nan") if bug == CORRECT or BUGS[bug].size is None else BUGS[bug].size,
            "size": size,
        }
        for checker in plan.checkers:
            verdict, note = HARMLESS, ""
            if bug == CORRECT or size:
                outcome = checker.check(loss, claim, theta, seed)
                verdict, note = outcome.verdict.value, outcome.note
            rows.append({**known, "checker": checker.name, "mode": checker.mode, "verdict": verdict, "note": note})
    return rows


# --- counts and rates ------------------------------------------------------------------------------

DECIDED = (Decision.PASSED.value, Decision.REJECTED.value, Decision.INCONCLUSIVE.value)
"""The verdicts that answer the question."""
VERDICTS = (*(verdict.value for verdict in Decision), HARMLESS)


BY = ("checker", "format", "kind", "bug", "nominal")
"""What trials are counted by for the tables and the pictures."""


def counts(trials: pd.DataFrame, by: Iterable[str] = BY) -> pd.DataFrame:
    """Return how often each verdict was given, by the given columns in order of first appearance."""
    keys = list(by)
    table = trials.groupby([*keys, "verdict"], sort=False, dropna=False).size().unstack(fill_value=0)
    order = trials[keys].drop_duplicates()
    table = table.reindex(columns=VERDICTS, fill_value=0).reset_index()
    table.columns.name = None
    return order.merge(table, on=keys, how="left").reset_index(drop=True)


def rates(counted: pd.DataFrame, wrong: bool) -> pd.DataFrame:
    """Return counts with the rate of the error that a checker can make there, and its exact interval.

    Parameters
    ----------
    counted : pandas.DataFrame
        From `counts`.
    wrong : bool
        Whether the gradients were wrong: the error is a miss then (passed, or inconclusive), else a false positive.

    Returns
    -------
    pandas.DataFrame
        The counts, and `decided`, `errors`, `rate`, `low`, `high`; NaN where nothing was decided.
    """
    table = counted.assign(decided=counted[list(DECIDED)].sum(axis=1))
    passed, rejected, inconclusive = (table[verdict] for verdict in DECIDED)
    table["errors"] = passed + inconclusive if wrong else rejected
    table["rate"] = table["errors"] / table["decided"].where(table["decided"] > 0)
    ends = [
        binomial_interval(int(hits), int(n)) if n else (float("nan"), float("nan"))
        for hits, n in zip(table["errors"], table["decided"], strict=True)
    ]
    return table.assign(low=[low for low, _ in ends], high=[high for _, high in ends])


# --- the traps, measured ---------------------------------------------------------------------------


def scipy_trap(formats: Iterable[str] = FORMATS, networks: Iterable[str] = SMALL, seed: int = 0) -> pd.DataFrame:
    """Return what `scipy.optimize.check_grad` says of correct gradients, beside the norm of the gradient.

    Its step, 1.49e-8, is below the resolution of a narrow format at most parameters: the difference of the values
    is 0 there, and what is returned is (nearly) the norm of the whole gradient.
    """
    from scipy.optimize import approx_fprime, check_grad

    rows = []
    for format_name, name in product(formats, networks):
        network = NumpyNetwork(*NETWORKS[name], seed)
        theta, loss = network.theta(FORMATS[format_name]), Loss(network, FORMATS[format_name])
        gradient = network.gradient(theta).astype(np.float64)
        value = lambda point, loss=loss: float(loss(point))  # noqa: E731
        numeric = approx_fprime(theta.astype(np.float64), value)
        rows.append(
            {
                "format": format_name,
                "network": name,
                "n": network.n,
                "zeros": int(np.sum(numeric == 0)),
                "returned": float(check_grad(value, lambda point, g=gradient: g, theta.astype(np.float64))),
                "norm": norm(gradient),
            }
        )
    return pd.DataFrame(rows).assign(ratio=lambda table: table["returned"] / table["norm"])


def jax_trap(formats: Iterable[str] = FORMATS, networks: Iterable[str] = SMALL, seed: int = 0) -> pd.DataFrame:
    """Return how many of the coordinates `jax.test_util.check_grads` moves in each format, and the slope it reads."""
    from experiments.gradient_check.rules import JAX_EPS, jax_direction

    rows = []
    for format_name, name in product(formats, networks):
        network, dtype = NumpyNetwork(*NETWORKS[name], seed), FORMATS[format_name]
        theta, loss = network.theta(dtype), Loss(network, dtype)
        tangent, _ = jax_direction(theta)
        step = tangent * dtype.type(JAX_EPS)
        slope = (loss(theta + step) - loss(theta - step)) * dtype.type(0.5 / JAX_EPS)
        rows.append(
            {
                "format": format_name,
                "network": name,
                "n": network.n,
                "moved": int(np.sum((theta + step != theta) | (theta - step != theta))),
                "numeric": float(slope),
                "claimed": float(dot(tangent.astype(np.float64), network.gradient(theta).astype(np.float64))),
            }
        )
    return pd.DataFrame(rows)
