"""Whether f is deterministic and elementwise: a few of its values, asked for again.

A deterministic f may return other last digits in an array of another length, where other instructions compute it, so
values that differ from those in the batch are asked for once more, in the same array: if they differ again, f is not
deterministic. If they do not, but were quite another in the batch, f is not elementwise.
"""

import numpy as np

from numdiff.adaptive.calls import Batch, Calls
from numdiff.floats.formats import FloatFormat

__all__ = ["LOUD", "differs_again"]

LOUD = 64.0
"""Noise of so many units of roundoff of f is suspicious: 64 operations err by at most as much together where nothing
cancels."""
_MANY = 16
"""Points from which a look at two nodes more costs little beside the rest."""
_OTHER = 2.0**-10
"""Part of a value, and no rounding in any format of more bits, by which it differs in a batch if f is not elementwise:
what other instructions change are the last digits, of which cancellation within f would have to leave three."""


def differs_again(calls: Calls, noise: np.ndarray, is_doubtful: np.ndarray, fmt: FloatFormat) -> bool:
    """Return whether f is found to be not deterministic; two suspicious nodes are asked for again.

    Parameters
    ----------
    calls : Calls
        After the estimate.
    noise : ndarray of shape (n,)
        The standard deviation of f that was seen.
    is_doubtful : ndarray of bool, of shape (n,)
        Where there is another reason for doubt.
    fmt : FloatFormat

    Raises
    ------
    ValueError
        If a value depends on the other nodes of its batch.
    """
    unit = float(fmt.unit_roundoff)
    if len(noise) == 1 and not is_doubtful[0] and _is_quiet(calls.first, noise, unit):
        return False
    ends = ((calls.first, 0), (calls.last, -1))
    found = [_suspicious(batch, end, noise, is_doubtful, unit) for batch, end in ends]
    taken = [node for node in found if node is not None]
    if not taken:
        return False
    nodes, rows, values = (np.concatenate(arrays) for arrays in zip(*taken, strict=True))
    again = _asked(calls, nodes, rows)
    if _same(again, values).all():
        return False
    third = _asked(calls, nodes, rows)
    if not _same(third, again).all():
        return True
    _refuse_dependence(nodes, values, again, max(_OTHER, 8 * unit))
    return False


def _is_quiet(batch: Batch | None, noise: np.ndarray, unit: float) -> bool:
    """Return whether the noise at the one point is that of rounding, beside the largest value of the first batch."""
    return batch is None or not noise[0] > LOUD * unit * float(np.maximum.reduce(np.abs(batch[2])))


def _suspicious(batch: Batch | None, end: int, noise: np.ndarray, is_doubtful: np.ndarray, unit: float) -> Batch | None:
    """Return a node near an end of those that are kept with a finite value and a reason for doubt, if there is one.

    Of many points any node will do.
    """
    if batch is None:
        return None
    nodes, rows, values = batch
    sizes = np.abs(values).astype(noise.dtype, copy=False)
    doubted = np.isfinite(sizes)
    if len(noise) < _MANY:
        largest = np.zeros(len(noise), noise.dtype)
        np.maximum.at(largest, rows[doubted], sizes[doubted])
        doubted &= ((noise > LOUD * unit * largest) | is_doubtful)[rows]
    places = np.flatnonzero(doubted)
    if not places.size:
        return None
    place = places[end : end + 1 or None]
    return nodes[place], rows[place], values[place]


def _asked(calls: Calls, nodes: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the values of nodes, copied: f may return the same memory the next time."""
    calls.extra += rows.tolist()
    return calls.values(nodes, rows).copy()


def _same(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray((a == b) | ((a != a) & (b != b)))


def _refuse_dependence(nodes: np.ndarray, values: np.ndarray, alone: np.ndarray, part: float) -> None:
    """Refuse a function that is deterministic, but gave quite another value in a larger batch."""
    other = np.abs(values - alone) > part * np.maximum(np.abs(values), np.abs(alone))
    if other.any():
        place = int(np.argmax(other))
        raise ValueError(
            f"f must be elementwise, but at {nodes[place]!s} it gave {values[place]!s} among many nodes and "
            f"{alone[place]!s} among {nodes.size}; numdiff.gradient and numdiff.jacobian differentiate functions of a "
            "vector"
        )
