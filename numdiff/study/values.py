"""What f returned at the nodes of a sweep, as one digest for each function and format.

Elementary functions differ in their last bits from one machine to another: by the vector instructions that NumPy
finds, by the C library, by the path that either takes for an argument. No list of features names all of that, so the
values themselves decide. Where two machines return the same values at all nodes of a block, everything that is
measured there is the same, byte for byte; where they do not, results are compared within their bounds.

Correctly rounded functions (`numdiff.arithmetic.rounded`) are the same everywhere by their definition and are left
out.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from numdiff.floats.formats import FORMATS
from numdiff.study.observed import Observed
from numdiff.study.sweep import SweepPlan

COLUMNS = ("subject", "format", "digest")
"""Of a frame of digests: the function, or what else was evaluated; the working format; the digest of its values."""
_SIZE = 8
"""Bytes of a digest."""
_X87_BYTES = 10
"""Bytes of a longdouble of 80 bits that hold its value; the others are padding."""


class Digests:
    """Digests of arrays of values, one for each pair of subject and format, in the order in which they first come."""

    def __init__(self) -> None:
        self._digests: dict[tuple[str, str], Any] = {}

    def add(self, subject: str, format_name: str, values: Iterable[np.ndarray]) -> None:
        """Add arrays of values to the digest of a subject in a format."""
        digest = self._digests.setdefault((subject, format_name), hashlib.blake2b(digest_size=_SIZE))
        for array in values:
            digest.update(f"{array.dtype.name}{array.shape}".encode())
            digest.update(canonical_bytes(array))

    def frame(self) -> pd.DataFrame:
        """Return the digests, a row for each subject and format."""
        rows = [(*key, digest.hexdigest()) for key, digest in self._digests.items()]
        return pd.DataFrame(rows, columns=list(COLUMNS), dtype="str")


def canonical_bytes(array: np.ndarray) -> bytes:
    """Return the values of an array as bytes: one pattern for all NaN, and none of the padding of longdouble."""
    parts = np.ascontiguousarray(array)
    if parts.dtype.kind == "c":
        parts = parts.reshape(-1).view(parts.real.dtype)
    with np.errstate(invalid="ignore"):
        if (missing := np.isnan(parts)).any():
            parts = np.where(missing, parts.dtype.type(np.nan), parts)
    if parts.dtype == np.longdouble and np.finfo(np.longdouble).nmant == 63:
        return parts.reshape(-1).view(np.uint8).reshape(-1, parts.itemsize)[:, :_X87_BYTES].tobytes()
    return parts.tobytes()


def values_of(planned: SweepPlan, observed: Observed | None = None) -> pd.DataFrame:
    """Evaluate a function at all nodes of its cells, their neighbourhoods included, and return the digests.

    That takes about one hundredth of the time in which the same cells are measured.

    Parameters
    ----------
    planned : SweepPlan
    observed : Observed, optional
        Keeps the kernel calls, for those who measure the cells next.

    Returns
    -------
    DataFrame
        Of `COLUMNS`: a row for each format.
    """
    digests = Digests()
    for batch in planned.batches:
        if batch.arithmetic != "platform":
            continue
        calls = observed or Observed()
        for observation in (calls.cells(batch), *(near for _, _, near in calls.near(batch))):
            digests.add(batch.subject.name, batch.format.name, observation.values)
    return digests.frame()


def unlike(here: pd.DataFrame, there: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the pairs of subject and format whose digests differ between two frames, or that one of them lacks."""
    left, right = by_subject(here), by_subject(there)
    return [key for key in dict.fromkeys([*left, *right]) if left.get(key) != right.get(key)]


def by_subject(frame: pd.DataFrame) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Return by subject and format all digests of a frame, in their order."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for subject, format_name, digest in frame[list(COLUMNS)].itertuples(index=False):
        found[subject, format_name] = (*found.get((subject, format_name), ()), digest)
    return found


FINGERPRINTED = tuple(
    """
    arccos arccosh arcsin arcsinh arctan arctanh cbrt cos cosh exp exp2 expm1 log log10 log1p log2 power sin
    sinh sqrt tan tanh
""".split()
)
"""The elementary functions whose values a fingerprint covers; power is x**x."""
_ARGUMENTS = 16384


def fingerprints() -> dict[str, dict[str, str]]:
    """Return by format and function a short digest of NumPy's elementary functions on this machine.

    The arguments are fixed: of both signs, in the binades from 2⁻⁸ to 2⁸ of every format that has them, dense
    enough to find a function that differs at a few of ten thousand. The digests say *why* two machines differ, and
    decide nothing: what counts is what a function returned at the nodes of an experiment.
    """
    steps = np.arange(1, _ARGUMENTS + 1, dtype=np.uint64)
    # A multiplicative sequence fills the significands evenly, and is the same everywhere: integers only.
    mantissas = (steps * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(11)
    sizes = np.ldexp(1 + mantissas.astype(np.float64) * 2.0**-53, (steps % np.uint64(16)).astype(np.int32) - 8)
    numbers = np.where(steps & np.uint64(16), -sizes, sizes)
    found = {}
    for name, fmt in FORMATS.items():
        x = fmt.as_array(numbers)
        with np.errstate(all="ignore"):
            found[name] = {function: _short(_computed(function, x)) for function in FINGERPRINTED}
    return found


def _computed(function: str, x: np.ndarray) -> np.ndarray:
    ufunc = getattr(np, function)
    return np.asarray(ufunc(np.abs(x), x) if ufunc.nin == 2 else ufunc(x))


def _short(values: np.ndarray) -> str:
    return hashlib.blake2b(canonical_bytes(values), digest_size=4).hexdigest()
