"""The simplest estimator there is: one centered difference with a guessed bar. It tests the command, nothing else."""

from types import SimpleNamespace
from typing import Any

import numpy as np

__all__ = ["centered"]


def centered(call: Any, x: np.ndarray, fmt: Any, lower: float, upper: float, noise: float | None = None) -> Any:
    """Return centered differences with the steps |x|·ε^(1/3); the bar is 100 times the change from twice the step."""
    accuracy = max(2.0 ** (1 - fmt.precision), noise or 0.0)
    room = np.minimum(x - lower, upper - x)
    step = np.minimum(np.abs(x) * np.asarray(accuracy ** (1 / 3), x.dtype), room / 4).astype(x.dtype)
    nodes = np.stack([x - 2 * step, x - step, x + step, x + 2 * step])
    with np.errstate(all="ignore"):
        values = call(nodes, np.broadcast_to(np.arange(x.size), nodes.shape))
        near, far = (values[2] - values[1]) / (2 * step), (values[3] - values[0]) / (4 * step)
    error = 100 * np.abs(near - far)
    status = np.where(np.isfinite(near) & (error > 0), 0, 1)
    return SimpleNamespace(
        value=near, error=np.where(status == 0, error, np.inf), status=status, evaluations=np.full(x.size, 4)
    )
