"""What the tests of peers share: a peer is asked for a derivative, and a list keeps every node that f saw."""

import math
from typing import Any

import numpy as np

from numdiff.floats.formats import get_format
from numdiff.formulas.stencil import CENTERED, Method
from numdiff.rules.base import Choice, Rule

EVERYWHERE = (-math.inf, math.inf)


class Seen:
    """A function that keeps its arguments: an independent count of evaluations."""

    def __init__(self, f: Any) -> None:
        self.f, self.nodes, self.dtypes = f, [], set()

    def __call__(self, x: Any) -> Any:
        self.nodes.extend(np.ravel(np.asarray(x)).tolist())
        self.dtypes.add(np.asarray(x).dtype.name)
        return self.f(x)


def asked(
    peer: Rule,
    f: Any,
    x: float,
    name: str = "float64",
    domain: tuple[float, float] = EVERYWHERE,
    noise: float | None = None,
    formula: Method = CENTERED,
) -> tuple[Choice, Seen]:
    """Return the answer of a peer, called directly, and f with what it saw."""
    fmt, seen = get_format(name), Seen(f)
    return peer(seen, fmt.constant(x), fmt, formula, noise, domain), seen


def far(x: Any) -> float:
    """Return the relative distance of a derivative of exp at 0.5."""
    return abs(float(x) / math.exp(0.5) - 1)
