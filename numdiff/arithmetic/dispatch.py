"""One NumPy callable, many number systems: the array that carries exact numbers through a formula.

NumPy hands every ufunc to an operand that defines ``__array_ufunc__`` and most of its other functions
to one that defines ``__array_function__``. `ExactArray` uses both to evaluate an ordinary elementwise
NumPy function in the numbers of an `Engine`. An element is a number of the engine or an `Undefined`,
which travels through the formula as NaN would, so that a branch of ``np.where`` that is not taken
never raises.

References
----------
NumPy Enhancement Proposals 13 (`__array_ufunc__`) and 18 (`__array_function__`).
"""

import math
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from numdiff.arithmetic.ball import Undefined
from numdiff.arithmetic.constants import (
    is_constant,
    is_infinite_constant,
    is_negative_zero,
    lift_constant,
    uniform_constant,
)
from numdiff.arithmetic.engine import (
    ADVICE,
    CLASSIFICATIONS,
    COMPARISONS,
    CONNECTIVES,
    Engine,
    comparison,
    is_clean,
    refusal,
    unknown_function,
)
from numdiff.arithmetic.principal_branch import PrincipalBranch, principal_argument, real_part_alone
from numdiff.arithmetic.special_names import PREFIX, shown, ufunc_key

EXACT_LOCK = threading.RLock()
"""Held around each exact evaluation: precision is global in FLINT, and so are mpmath's caches."""

ARRAY_FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""NumPy functions that are no ufuncs, by name: implementation(array, *args, **kwargs)."""

KEEPING = frozenset("where clip select full_like zeros_like ones_like shape ndim size copy".split())
"""Those that keep the dtype of x where none of their arguments has another one."""

COMPOSITES: dict[str, Callable[..., Any]] = {}
"""Ufuncs that are written in terms of others, by name: function of exact arrays and constants."""


class ExactArray(NDArrayOperatorsMixin):
    """An immutable array of numbers of one engine; `mask` arrays hold the results of comparisons.

    Parameters
    ----------
    engine : Engine
    items : list
        Numbers of the engine (True and False in a mask) or `Undefined`, in C order.
    shape : tuple of int
    clean : bool
        Whether no item is `Undefined`; False is always safe.
    mask : bool
        Whether the items are truth values.
    """

    __slots__ = ("clean", "engine", "images", "items", "mask", "shape")

    def __init__(
        self,
        engine: Engine,
        items: list[Any],
        shape: tuple[int, ...],
        *,
        clean: bool = False,
        mask: bool = False,
    ) -> None:
        self.engine = engine
        self.items = items
        self.shape = shape
        self.clean = clean
        self.mask = mask
        self.images: dict[str, ExactArray] = {}
        """What functions of one argument made of it, by name, where the engine can copy."""

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return len(self.items)

    def copy(self) -> "ExactArray":
        """Return the array itself: it is immutable."""
        return self

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("an exact array without dimensions has no len()")
        return self.shape[0]

    def __getitem__(self, key: Any) -> "ExactArray":
        parts = key if isinstance(key, tuple) else (key,)
        if any(isinstance(part, ExactArray) for part in parts):
            raise refusal("an exact array cannot be indexed with a condition: use np.where(condition, a, b)")
        places = np.arange(self.size)
        index = places.reshape(self.shape)[key]
        if not np.array_equal(np.ravel(index), places):
            raise refusal(f"x[{_shown(key)}] takes some points for others, so that f is not elementwise")
        return ExactArray(self.engine, self.items, np.shape(index), clean=self.clean, mask=self.mask)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        name = ufunc_key(ufunc)
        if method != "__call__":
            raise refusal(f"{shown(name)}.{method} is not elementwise")
        if "out" in kwargs or "where" in kwargs:
            raise refusal(f"{shown(name)} with out= or where= would read uninitialised memory as truth values")
        if kwargs:
            raise refusal(f"{shown(name)} with {', '.join(kwargs)}= has no exact meaning")
        if name == "special.lambertw":
            return PrincipalBranch(apply_ufunc(self.engine, name, principal_argument(inputs)))
        return apply_ufunc(self.engine, name, inputs)

    def __array_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Any:
        if func.__name__ not in ARRAY_FUNCTIONS:
            raise unknown_function(func.__name__)
        if self.engine.suspect is not None and func.__name__ not in KEEPING:
            self.engine.suspect()
        return ARRAY_FUNCTIONS[func.__name__](self, *args, **kwargs)

    # The mixin's versions would pass out=(self,). Exact arrays are immutable, so x += 1 rebinds x.
    __iadd__ = NDArrayOperatorsMixin.__add__
    __isub__ = NDArrayOperatorsMixin.__sub__
    __imul__ = NDArrayOperatorsMixin.__mul__
    __itruediv__ = NDArrayOperatorsMixin.__truediv__
    __ipow__ = NDArrayOperatorsMixin.__pow__
    __iand__ = NDArrayOperatorsMixin.__and__
    __ior__ = NDArrayOperatorsMixin.__or__
    __ixor__ = NDArrayOperatorsMixin.__xor__

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        raise refusal("an exact array cannot be assigned to: use np.where(condition, a, b)")

    def __iter__(self) -> NoReturn:
        raise refusal("an exact array cannot be iterated over")

    def __bool__(self) -> NoReturn:
        raise refusal("an exact array is neither true nor false: use np.where(condition, a, b) instead of if")

    def _no_number(self) -> NoReturn:
        raise refusal("an exact array cannot become a Python number: use np.exp instead of math.exp")

    __float__ = __int__ = __complex__ = __index__ = _no_number

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        raise refusal("an exact array cannot become an ndarray (np.asarray and np.array would do that)")

    def __getattr__(self, name: str) -> NoReturn:
        if name == "dtype":
            raise AttributeError("an exact array has no dtype: its numbers have any precision")
        raise AttributeError(f"an exact array has no attribute {name!r}; {ADVICE}")

    def __repr__(self) -> str:
        return f"<{'mask' if self.mask else 'exact'} array of shape {self.shape} in {self.engine.name}>"


def _shown(key: Any) -> str:
    """Return an index as it is written between brackets."""
    if isinstance(key, tuple):
        return ", ".join(map(_shown, key))
    if not isinstance(key, slice):
        return "..." if key is Ellipsis else repr(key)
    ends = ["" if end is None else repr(end) for end in (key.start, key.stop)]
    return ":".join(ends if key.step is None else [*ends, repr(key.step)])


def common_shape(engine: Engine, operands: Iterable[Any]) -> tuple[int, ...]:
    """Return the shape of an elementwise result; arrays without dimensions fit any shape."""
    shape: tuple[int, ...] = ()
    for operand in operands:
        if isinstance(operand, ExactArray):
            if operand.engine is not engine:
                raise TypeError(f"exact arrays of {engine.name} and {operand.engine.name} do not mix")
            if operand.shape and shape and operand.shape != shape:
                raise ValueError(f"operands must have one shape, got {shape} and {operand.shape}; {ADVICE}")
            shape = shape or operand.shape
    return shape


def element(engine: Engine, value: Any, shape: tuple[int, ...]) -> Any:
    """Return a constant as a number of the engine or as `Undefined`."""
    if engine.suspect is not None and type(value) not in (int, float):
        engine.suspect()
    if isinstance(value, np.ndarray) and value.ndim:
        constant = uniform_constant(value, shape)
        if constant is None:
            raise refusal(f"an ndarray of shape {value.shape} in f ties its values to the positions of x")
        value = constant
    exact = lift_constant(value)
    return exact if isinstance(exact, Undefined) else engine.lift(exact)


def column(engine: Engine, operand: Any, shape: tuple[int, ...]) -> tuple[Any, bool]:
    """Return the numbers of an operand, one for each element of `shape`, and whether all are numbers."""
    if not isinstance(operand, ExactArray):
        if type(operand) is float or type(operand) is int:
            exact = lift_constant(operand)
            return (repeat(exact), False) if isinstance(exact, Undefined) else (repeat(engine.lift(exact)), True)
        constant = element(engine, operand, shape)
        # An array of equal numbers is no scalar: NumPy takes x**np.full(n, 2.0) for a power, x**2.0 for a product.
        whole = isinstance(operand, np.ndarray) and operand.ndim > 0
        return [constant] * math.prod(shape) if whole else repeat(constant), type(constant) is not Undefined
    items = _as_numbers(operand) if operand.mask else operand.items
    return items if operand.shape == shape else repeat(items[0]), operand.clean


def _as_numbers(mask: ExactArray) -> list[Any]:
    """Return truth values as the numbers 0 and 1, as NumPy does in ``(x > 0) * x``."""
    engine = mask.engine
    if engine.suspect is not None:
        engine.suspect()
    zero, one = engine.lift((0, 0)), engine.lift((1, 0))
    unclear = Undefined.UNDECIDED if engine.union is None else engine.union(zero, one)
    meaning = {True: one, False: zero, Undefined.UNDECIDED: unclear}
    return [meaning.get(item, item) for item in mask.items]


def truth_column(operand: Any, shape: tuple[int, ...]) -> Any:
    """Return the truth values of an operand, one for each element of `shape`."""
    if isinstance(operand, ExactArray):
        if not operand.mask:
            operand = operand != 0
        return operand.items if operand.shape == shape else repeat(operand.items[0])
    if isinstance(operand, np.ndarray) and operand.ndim:
        operand = uniform_constant(operand, shape)
    if not is_constant(operand):
        raise refusal("a condition must come from comparing exact arrays")
    return repeat(bool(operand))


def apply_ufunc(engine: Engine, name: str, operands: Sequence[Any]) -> ExactArray:
    """Apply the ufunc `name` to exact arrays and constants."""
    if engine.observer is not None:
        engine.observer(name)
    if engine.suspect is not None and name.startswith(PREFIX):  # SciPy computes in float32 and float64
        engine.suspect()
    if name in COMPOSITES:
        return _composed(engine, name, operands)
    shape = common_shape(engine, operands)
    if name in CLASSIFICATIONS:
        return _classified(engine, name, operands[0].items, shape)
    if name in CONNECTIVES:
        return _connected(engine, name, operands, shape)
    are_masks = True
    for operand in operands:  # as loops: this is called for each operation of f
        if not (isinstance(operand, ExactArray) and operand.mask):
            are_masks = False
            break
    if are_masks and name == "multiply":  # NumPy's product of truth values is their "and"
        return apply_ufunc(engine, "logical_and", operands)
    if name not in COMPARISONS and name not in engine.functions:
        raise engine.unsupported(name)
    if are_masks:
        raise refusal(f"{shown(name)} needs a number, not only conditions: use np.where(condition, 1.0, 0.0)")
    if name == "arctan2" and is_negative_zero(operands[0]):
        raise refusal("np.arctan2 of the constant -0.0 depends on the sign of a zero, which exact numbers do not have")
    columns, clean = [], True
    for operand in operands:
        items, numbers_only = column(engine, operand, shape)
        columns.append(items)
        clean = clean and numbers_only
    if not clean and any(map(is_infinite_constant, operands)):
        return _with_infinity(engine, name, operands, shape)
    if name in COMPARISONS:
        truths = comparison(engine, name, columns)
        return ExactArray(engine, truths, shape, clean=is_clean(truths), mask=True)
    if engine.copied is not None and len(operands) == 1:
        return _image(engine, name, operands[0], clean)
    items, clean = engine.apply(name, columns, clean)
    return ExactArray(engine, items, shape, clean=clean)


def _image(engine: Engine, name: str, operand: ExactArray, clean: bool) -> ExactArray:
    """Return what a function of one argument makes of an array: computed once, and copied from then on."""
    copied: Any = engine.copied
    known = operand.images.get(name)
    if known is None:
        items, clean = engine.apply(name, [column(engine, operand, operand.shape)[0]], clean)
        known = operand.images[name] = ExactArray(engine, items, operand.shape, clean=clean)
        return known
    items = [item if type(item) is Undefined else copied(item) for item in known.items]
    other = ExactArray(engine, items, known.shape, clean=known.clean)
    other.images = known.images
    return other


def _composed(engine: Engine, name: str, operands: Sequence[Any]) -> ExactArray:
    """Apply a ufunc that is made of others."""
    if name == "float_power" and engine.suspect is not None:  # of narrow formats it makes float64
        engine.suspect()
    if engine.compare is None and name != "float_power":
        # NumPy has the others for real numbers only, logaddexp and degrees included.
        raise engine.unsupported(name)
    result = COMPOSITES[name](*operands)
    return _undecided_where_undefined(result, operands) if name in engine.ambiguous else result


def _classified(engine: Engine, name: str, items: Sequence[Any], shape: tuple[int, ...]) -> ExactArray:
    """Say of each element whether it is finite, infinite or NaN."""
    classes = list(map(CLASSIFICATIONS[name], items))
    if name in engine.ambiguous:
        answers = zip(items, classes, strict=True)
        classes = [Undefined.UNDECIDED if type(item) is Undefined else answer for item, answer in answers]
    return ExactArray(engine, classes, shape, mask=True)


def _connected(engine: Engine, name: str, operands: Sequence[Any], shape: tuple[int, ...]) -> ExactArray:
    """Connect conditions."""
    if not all(_is_condition(operand) for operand in operands):
        raise refusal(f"np.{name} connects conditions (results of comparisons), not numbers")
    truths = [truth_column(operand, shape) for operand in operands]
    return ExactArray(engine, list(map(CONNECTIVES[name], *truths)), shape, mask=True)


def _with_infinity(engine: Engine, name: str, operands: Sequence[Any], shape: tuple[int, ...]) -> ExactArray:
    """Apply a ufunc to an exact array and an infinite constant, whose sign is known."""
    place = next(i for i, operand in enumerate(operands) if is_infinite_constant(operand))
    side, array = math.copysign(1, operands[place]), operands[1 - place]
    numbers = list(column(engine, array, shape)[0])
    if name in COMPARISONS:
        if engine.compare is None:
            raise engine.unsupported(name)
        verdict = COMPARISONS[name](side if place == 0 else -side)
        truths = [item if type(item) is Undefined else verdict for item in numbers]
        return ExactArray(engine, truths, shape, clean=is_clean(truths), mask=True)
    if name not in ("add", "subtract", "multiply", "maximum", "minimum"):
        raise refusal(f"{shown(name)} of an infinite constant has no exact evaluation")
    if name == ("maximum" if side < 0 else "minimum"):
        return ExactArray(engine, numbers, shape, clean=is_clean(numbers))
    if name in ("maximum", "minimum"):
        items = [item if type(item) is Undefined else Undefined.POLE for item in numbers]
    else:
        items = [engine.careful(name, (item, Undefined.POLE)) for item in numbers]
    return ExactArray(engine, items, shape)


def _undecided_where_undefined(result: ExactArray, operands: Sequence[Any]) -> ExactArray:
    """Return the result with nothing decided where an operand is undefined."""
    items = result.items
    for operand in operands:
        if isinstance(operand, ExactArray) and not operand.clean:
            column = operand.items if operand.shape == result.shape else operand.items * result.size
            pairs = zip(column, items, strict=True)
            items = [Undefined.UNDECIDED if type(given) is Undefined else item for given, item in pairs]
    return result if items is result.items else ExactArray(result.engine, items, result.shape)


def _is_condition(operand: Any) -> bool:
    return operand.mask if isinstance(operand, ExactArray) else isinstance(operand, (bool, np.bool_))


def _at_the_end(item: Any) -> Any:
    """Return an element of the result: what follows a pole counts as one."""
    return Undefined.POLE if item is Undefined.INDEFINITE else item


def evaluate_exactly(f: Callable[[Any], Any], engine: Engine, items: list[Any]) -> list[Any]:
    """Call f once with a one-dimensional exact array of all points, and return the elements of its result.

    Parameters
    ----------
    f : callable
        An elementwise NumPy function.
    engine : Engine
    items : list
        The points as numbers of the engine.

    Raises
    ------
    TypeError
        If f returns neither an exact array of this engine nor a constant.
    ValueError
        If the result has another shape than the points.
    """
    if not items:
        return []
    points = ExactArray(engine, items, (len(items),), clean=is_clean(items))
    result = f(points)
    if isinstance(result, ExactArray):
        if result.engine is not engine:
            raise TypeError(f"f must return an array of the same kind as x, got {result!r}")
        if result.mask:
            raise TypeError("f must return numbers, got a condition: use np.where(condition, 1.0, 0.0)")
        if result.shape != points.shape:
            raise ValueError(f"f must return the shape of x, {points.shape}, got {result.shape}")
        return result.items if result.clean else list(map(_at_the_end, result.items))
    if isinstance(result, PrincipalBranch):
        raise real_part_alone()
    if not is_constant(result):
        raise TypeError(
            f"f must return an array of the same kind as x or a constant, got {type(result).__name__}; "
            "np.zeros_like(x) and np.full_like(x, c) make constant arrays"
        )
    return [element(engine, result, ())] * len(items)
