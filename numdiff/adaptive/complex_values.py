"""Complex values of f: what they must be, and where they are kept for the second of their two parts."""

from typing import Any

import numpy as np

from numdiff.floats.call import complex_advice
from numdiff.floats.formats import FloatFormat

__all__ = ["ComplexKnown", "both_kinds", "complex_dtype", "refuse_other_complex"]


class ComplexKnown:
    """Complex values by row and node: those of the real part are those of the imaginary part."""

    # Nothing is made for each call of a real f.
    keys = values = np.empty(0, np.complex128)

    @property
    def rows(self) -> np.ndarray:
        """The row of every node that is known."""
        return self.keys.real.astype(np.intp)

    @staticmethod
    def _keys(nodes: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return row + i·node: NumPy orders complex numbers by their real parts, then by the imaginary ones."""
        wide = np.longdouble if nodes.dtype.itemsize > 8 else np.float64
        keys = np.empty(nodes.shape, np.result_type(wide, np.complex64))
        keys.real, keys.imag = rows, nodes
        return keys

    def add(self, nodes: np.ndarray, rows: np.ndarray, values: np.ndarray) -> None:
        """Take values in."""
        keys = self._keys(nodes, rows)
        order = np.argsort(keys, kind="stable")
        keys, values = keys[order], values[order]
        if self.keys.size:
            places = np.searchsorted(self.keys, keys)
            keys, values = np.insert(self.keys, places, keys), np.insert(self.values, places, values)
        self.keys, self.values = keys, values

    def holds(self, nodes: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return which nodes are known."""
        if not self.keys.size:
            return np.zeros(nodes.shape, bool)
        keys = self._keys(nodes, rows)
        # `numpy.isin` sorts all keys again: 300 times the time.
        return self.keys[np.minimum(np.searchsorted(self.keys, keys), self.keys.size - 1)] == keys

    def at(self, nodes: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the values at nodes that are known, in the complex dtype of their format."""
        found = self.values[np.searchsorted(self.keys, self._keys(nodes, rows))]
        return found.astype(np.result_type(nodes.dtype, np.complex64), copy=False)


def complex_dtype(item: FloatFormat) -> np.dtype[Any]:
    """Return the complex dtype of a format, or say that there is none."""
    if item.complex_dtype is None:
        raise TypeError(
            f"f must return real numbers in {item.name}, which has no complex dtype, got complex ones; write "
            "dtype='float32'"
        )
    return item.complex_dtype


def refuse_other_complex(item: FloatFormat, found: np.dtype[Any]) -> None:
    """Refuse complex numbers of another format."""
    wanted = complex_dtype(item)
    if found != wanted:
        raise TypeError(f"f must keep the format of its argument, {item.name}, which is that of {wanted}, got {found}")


def both_kinds(node: Any, is_complex: bool = True) -> TypeError:
    """Return the error about values that are real at some nodes and complex at others."""
    advice = complex_advice(np.dtype(complex))
    return TypeError(
        "f must be real everywhere, or complex everywhere, got values of both kinds: it is "
        f"{'complex' if is_complex else 'real'} at {node!s}{advice}, or return complex numbers everywhere: x + 0j"
    )
