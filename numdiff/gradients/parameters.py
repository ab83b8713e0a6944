"""Parameters of any structure as one flat vector: arrays, numbers, and dicts, lists, tuples and trees of them.

A *leaf* is an array of NumPy, JAX (or another library of the array API standard) or PyTorch, a number, or a list of
numbers. A *node* is a dict, a list, a tuple, a named tuple, None (which has no leaves), or what is registered with JAX,
where JAX is imported already: dataclasses and modules. A function gets its parameters back in the structure and in the
arrays in which they were given.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from numbers import Number
from typing import Any, NamedTuple

import numpy as np

from numdiff.floats.call import complex_advice, handed, refuse_masked
from numdiff.floats.callables import number_of
from numdiff.floats.formats import FORMATS, FloatFormat
from numdiff.formulas.arguments import format_named, points_of, refuse_not_finite

__all__ = ["Parameters", "has_structure", "to_numpy"]


class _Node(NamedTuple):
    """What stands below a node: the names of its children, the children, and how it is made of others."""

    names: list[str]
    children: list[Any]
    rebuild: Callable[[list[Any]], Any]


@dataclass(frozen=True)
class _Leaf:
    """Where a leaf stands in the vector, and how it is called."""

    path: str
    shape: tuple[int, ...]
    start: int
    stop: int
    like: Any
    is_number: bool

    def made(self, item: FloatFormat, values: np.ndarray, is_result: bool = False) -> Any:
        """Return values of shape ``(..., *shape)`` as an array of the library of the leaf, the function's own."""
        is_other, kind = hasattr(self.like, "new_tensor") or _speaks_standard(self.like), type(self.like).__name__
        if is_other and values.dtype.kind == "c":
            raise TypeError(f"x must hold arrays of NumPy for the complex step, got {kind}; leave out method")
        if hasattr(self.like, "new_tensor"):
            dtype = getattr(sys.modules["torch"], item.name)
            plain = values.astype(np.float32) if item.weak_scalars else values.copy()  # exact: they are narrower
            return self.like.new_tensor(plain, dtype=dtype)
        if is_other:
            return self.like.__array_namespace__().asarray(values.copy())
        if is_result:
            return values.copy()[()]
        array = handed(item, values.copy())
        return number_of(array, 0) if self.is_number and not array.ndim else array


class Parameters:
    """A point: its values as one vector, and the structure in which a function wants them.

    Parameters
    ----------
    x : array, number, or tree of them
    dtype : format or None
        None takes the format of x: float64 for integers, Python numbers and lists of them.

    Attributes
    ----------
    vector : ndarray of the format, shape (n,)
    item : FloatFormat
    shape : tuple of int
        Of an array that is no tree; of a tree ``(n,)``.

    Raises
    ------
    TypeError
        If x holds anything but real numbers, is masked somewhere, or its arrays are of several formats.
    ValueError
        If x is empty, or not finite somewhere in the format.

    Examples
    --------
    >>> import numpy as np
    >>> point = Parameters({"W": np.ones((2, 3)), "b": 0.5})
    >>> point.vector.size, point.name(5), point.name(6)
    (7, 'W[1, 2]', 'b')
    >>> point.tree(point.leaves(2 * point.vector))["b"]
    np.float64(1.0)
    """

    def __init__(self, x: Any, dtype: Any = None) -> None:
        self._like = x
        found = list(_leaves(x, "", "x"))
        self.is_tree = _node_of(x) is not None
        arrays = [given if isinstance(given, np.ma.MaskedArray) else to_numpy(given, who) for _, given, who in found]
        self.item = _common_format(found, arrays) if dtype is None else format_named(dtype)
        parts, leaves, start = [], [], 0
        for (path, given, who), array in zip(found, arrays, strict=True):
            _, points = points_of(array, self.item, who)
            refuse_not_finite(self.item, points, array, who)
            is_number = self.is_tree and isinstance(given, (Number, np.generic))
            leaves.append(_Leaf(path, points.shape, start, start + points.size, given, is_number))
            parts.append(points.reshape(-1))
            start += points.size
        if not start:
            what = "no numbers in it" if self.is_tree else f"shape {leaves[0].shape}"
            raise ValueError(f"x must have at least one coordinate, got {what}")
        self._leaves = leaves
        self.vector = np.concatenate(parts)
        self.shape = (start,) if self.is_tree else leaves[0].shape

    def rounded(self, item: FloatFormat) -> "Parameters":
        """Return the same point in another format."""
        other = copy(self)
        other.item, other.vector = item, item.as_array(self.vector)
        return other

    def leaves(self, vector: np.ndarray, is_result: bool = False) -> list[Any]:
        """Return vectors of shape ``(..., n)`` as leaves of shape ``(..., *shape)``, copied.

        Those of NumPy are read-only, unless they are results.
        """
        before = vector.shape[:-1]
        return [
            leaf.made(self.item, vector[..., leaf.start : leaf.stop].reshape(before + leaf.shape), is_result)
            for leaf in self._leaves
        ]

    def tree(self, leaves: list[Any]) -> Any:
        """Return leaves in the structure of x."""
        return _built(self._like, iter(leaves)) if self.is_tree else leaves[0]

    def like(self, values: np.ndarray) -> Any:
        """Return results of shape ``(..., n)`` in the structure of x, with leaves of shape ``(..., *shape)``."""
        return self.tree(self.leaves(values, is_result=True))

    def twice_like(self, matrix: np.ndarray) -> Any:
        """Return a matrix of shape (n, n) in the structure of x with, for each leaf, such a structure."""
        rows = (matrix[leaf.start : leaf.stop].reshape((*leaf.shape, len(matrix))) for leaf in self._leaves)
        return self.tree([self.like(row) for row in rows])

    def differs(self, leaves: list[Any], vector: np.ndarray) -> bool:
        """Return whether leaves have been written into since they were made of a vector."""
        return any(
            not isinstance(given, (np.ndarray, np.generic))
            and not np.array_equal(to_numpy(given, "x").ravel(), vector[..., leaf.start : leaf.stop].ravel())
            for leaf, given in zip(self._leaves, leaves, strict=True)
        )

    def flat(self, tree: Any, who: str) -> np.ndarray:
        """Return numbers in the structure of x as a vector of float64 (longdouble for a wider format).

        A TypeError or a ValueError, in which they are called `who`, where they are no real numbers, or masked, or their
        structure or a shape in it is not that of x.
        """
        parts = []
        for leaf, given in zip(self._leaves, _matched(self._like, tree, "", who), strict=True):
            where = f" at {leaf.path}" if leaf.path else ""
            refuse_masked(given, f"{who} must not hold")
            array = to_numpy(given, who)
            if array.dtype.kind not in "iu" and FORMATS.of_dtype(array.dtype) is None:
                advice = complex_advice(array.dtype)
                raise TypeError(f"{who} must be an array of real numbers{where}, got dtype {array.dtype}{advice}")
            if array.shape != leaf.shape:
                raise ValueError(f"{who} must have the shape of x{where}, {leaf.shape}, got {array.shape}")
            parts.append(array.reshape(-1).astype(self.item.wide))
        return np.concatenate(parts)

    def spread(self, value: Any, who: str) -> np.ndarray:
        """Return a number for every coordinate, of one for all of them or of some in the structure of x."""
        if isinstance(value, (Number, np.generic)) or (isinstance(value, np.ndarray) and not value.ndim):
            return np.full(self.vector.size, value, self.item.wide)
        return self.flat(value, who)

    def name(self, index: int) -> str:
        """Return what a coordinate is called: ``x[3]``, or ``W[2, 3]`` in a tree."""
        leaf = next(leaf for leaf in self._leaves if index < leaf.stop)
        place = np.unravel_index(index - leaf.start, leaf.shape)
        return (leaf.path or "x") + (f"[{', '.join(map(str, place))}]" if leaf.shape else "")

    def where(self, index: int) -> tuple[int, ...]:
        """Return the index of a coordinate in an array; in a tree its place in the vector."""
        return tuple(map(int, np.unravel_index(index, self.shape)))

    def chosen(self, coordinates: Any) -> np.ndarray:
        """Return the places of chosen coordinates in the vector, sorted, and refuse what is none, or chooses none.

        They are a mask of the shape of x, or a sequence of which an integer is a place in the flat x, a tuple an index
        in an array, and a text the name of a coordinate, or of all of a leaf or of a node.
        """
        places: set[int] = set()
        mask = _as_mask(coordinates)
        if mask is not None and not self.is_tree and mask.shape == self.shape:
            places.update(np.flatnonzero(mask).tolist())
        elif mask is None and isinstance(coordinates, Sequence | np.ndarray | range):
            for one in [coordinates] if isinstance(coordinates, str) else coordinates:
                places.update(self._places(one))
        else:
            raise ValueError(
                "coordinates must be a sequence of places, of indices or of names, or a mask of the shape of x, got "
                f"{coordinates!r:.60}"
            )
        if not places:
            raise ValueError(f"coordinates must choose at least one, got {coordinates!r:.60}")
        return np.array(sorted(places))

    def _places(self, one: Any) -> Sequence[int]:
        n = self.vector.size
        if isinstance(one, int | np.integer) and not isinstance(one, bool) and -n <= one < n:
            return [int(one) % n]
        if isinstance(one, tuple) and not self.is_tree and len(one) == len(self.shape):
            try:
                return [int(np.ravel_multi_index(one, self.shape))]
            except (TypeError, ValueError):
                pass
        if isinstance(one, str):
            found = [leaf for leaf in self._leaves if leaf.path == one or leaf.path.startswith((f"{one}.", f"{one}["))]
            if found:
                return range(found[0].start, found[-1].stop)
            for leaf in self._leaves:
                if one.startswith(leaf.path or "x"):
                    for index in range(leaf.start, leaf.stop):
                        if _close(self.name(index)) == _close(one):
                            return [index]
        raise ValueError(f"coordinates must be coordinates of x, {self.name(0)} to {self.name(n - 1)}, got {one!r:.60}")


def to_numpy(value: Any, who: str) -> np.ndarray:
    """Return an array, tensor or number, called `who` in a message, as an ndarray of the same dtype."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        item = FORMATS.get(str(value.dtype).removeprefix("torch."))
        if item is not None and item.weak_scalars:  # NumPy has no such dtype of its own
            return value.float().numpy().astype(item.dtype)
        return value.numpy()
    try:
        array = np.asarray(value)
    except ValueError as error:  # lists of different lengths
        raise ValueError(f"{who} must be an array, got {type(value).__name__} {value!r:.60}") from error
    native = array.dtype.newbyteorder("=")  # = the machine's own
    return array.astype(native, copy=False).view(np.ndarray)


def _close(name: str) -> str:
    """Return the name of a coordinate without spaces between its indices: w[0, 1] and w[0,1] are the same."""
    return name.replace(", ", ",")


def has_structure(x: Any) -> bool:
    """Return whether x is a tree, or an array of another library; else it is an array of NumPy, or as good as one."""
    if isinstance(x, (np.ndarray, np.generic, Number, str)):
        return False
    return hasattr(x, "detach") or _speaks_standard(x) or _node_of(x) is not None


def _speaks_standard(leaf: Any) -> bool:
    return not isinstance(leaf, (np.ndarray, np.generic)) and hasattr(leaf, "__array_namespace__")


def _as_mask(given: Any) -> np.ndarray | None:
    """Return truth values as an array; None for anything else."""
    try:
        array: np.ndarray = np.asarray(given)
    except ValueError:  # a ragged list
        return None
    return array if array.dtype == bool else None


def _node_of(tree: Any) -> _Node | None:
    """Return what stands below a node; None for a leaf."""
    if tree is None:
        return _Node([], [], lambda children: None)
    if isinstance(tree, dict):
        keys = list(tree)

        def dict_of(children: list[Any]) -> Any:
            other = copy(tree)
            other.update(zip(keys, children, strict=True))
            return other

        names = [f".{key}" if isinstance(key, str) else f"[{key!r}]" for key in keys]
        return _Node(names, list(tree.values()), dict_of)
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        names = [f".{name}" for name in tree._fields]
        return _Node(names, list(tree), type(tree)._make)  # type: ignore[attr-defined]
    if isinstance(tree, (list, tuple)):
        if _shape_of(tree) is not None:
            return None
        return _Node([f"[{i}]" for i in range(len(tree))], list(tree), type(tree))
    return _registered(tree)


def _shape_of(tree: Any) -> tuple[int, ...] | None:
    """Return the shape of a number, or of lists of them of equal lengths, which are one array; None for all else."""
    if isinstance(tree, (list, tuple)) and not hasattr(tree, "_fields"):
        below = {_shape_of(item) for item in tree} or {()}
        first = next(iter(below))
        return None if len(below) > 1 or first is None else (len(tree), *first)
    return () if isinstance(tree, (Number, str, np.generic, np.ma.core.MaskedConstant)) else None


def _registered(tree: Any) -> _Node | None:
    """Return what stands below a node that is registered with JAX; None where it is not, or JAX is not imported."""
    jax = sys.modules.get("jax.tree_util")
    if jax is None or not hasattr(jax, "all_leaves") or jax.all_leaves([tree]):
        return None
    found, structure = jax.tree_flatten_with_path(tree, is_leaf=lambda below: below is not tree)
    return _Node([jax.keystr(path) for path, _ in found], [below for _, below in found], structure.unflatten)


def _leaves(tree: Any, path: str, who: str) -> Iterator[tuple[str, Any, str]]:
    """Yield the leaves of a tree, with their paths and what they are called in a message."""
    node = _node_of(tree)
    if node is None:
        is_leaf = isinstance(tree, (Number, list, tuple)) or hasattr(tree, "__array__") or hasattr(tree, "detach")
        if isinstance(tree, (set, frozenset)) or (path and not is_leaf):
            raise TypeError(
                f"{who} must hold arrays and numbers, in dicts, lists, tuples and what is registered with JAX, got "
                f"{type(tree).__name__} {tree!r:.60}"
            )
        yield path, tree, who
        return
    for name, child in zip(node.names, node.children, strict=True):
        below = _joined(path, name)
        yield from _leaves(child, below, f"x at {below}")


def _joined(path: str, name: str) -> str:
    if name.startswith("."):
        return path + name if path else name[1:]
    return (path or "x") + name


def _built(like: Any, made: Iterator[Any]) -> Any:
    """Return a tree like another, of other leaves."""
    node = _node_of(like)
    return next(made) if node is None else node.rebuild([_built(child, made) for child in node.children])


def _matched(like: Any, tree: Any, path: str, who: str) -> Iterator[Any]:
    """Yield the leaves of a tree in the order of another, and refuse one of another structure."""
    node = _node_of(like)
    if node is None:
        yield tree
        return
    other, where = _node_of(tree), f" at {path}" if path else ""
    is_row = isinstance(like, (list, tuple)) and isinstance(tree, (list, tuple))
    if not is_row and (
        other is None or not (type(tree) is type(like) or (isinstance(like, dict) and isinstance(tree, dict)))
    ):
        raise ValueError(
            f"{who} must have the structure of x{where}, a {type(like).__name__}, got {type(tree).__name__} "
            f"{tree!r:.60}"
        )
    children: Any = tree
    missing: list[str] = []
    if not is_row and other is not None:
        children = dict(zip(other.names, other.children, strict=True))
        missing = sorted(set(node.names) ^ set(other.names))
    if missing or len(children) != len(node.children):
        what = f"{missing[0].lstrip('.')} is in one alone" if missing else f"{len(children)} items"
        raise ValueError(f"{who} must have the structure of x{where}, {len(node.children)} items, got another: {what}")
    for place, (name, child) in enumerate(zip(node.names, node.children, strict=True)):
        yield from _matched(child, children[place if is_row else name], _joined(path, name), who)


def _common_format(found: list[tuple[str, Any, str]], arrays: list[np.ndarray]) -> FloatFormat:
    """Return the one format of the arrays; Python numbers and integers take that of the others."""
    formats: dict[FloatFormat, str] = {}
    for (_, given, who), array in zip(found, arrays, strict=True):
        item = FORMATS.of_dtype(array.dtype)
        is_weak = array.dtype == np.float64 and (isinstance(given, (list, tuple)) or type(given) is float)
        if item is not None and not is_weak:
            formats.setdefault(item, who)
    if len(formats) > 1:
        named = ", ".join(f"{item.name} in {who}" for item, who in formats.items())
        raise TypeError(f"x must be of one format, got {named}; write dtype='…', to which all of x is rounded")
    return next(iter(formats), None) or FORMATS["float64"]
