"""Expression: an elementwise function that was read from a text."""

import re
from dataclasses import dataclass, field
from keyword import iskeyword
from typing import Any

import numpy as np

from numdiff.expressions.functions import CONSTANTS, MACROS, NAMES, PREFIXES
from numdiff.expressions.nodes import Constant, Node, evaluated, filled, written
from numdiff.expressions.reader import one_line, read

__all__ = ["Expression", "is_free", "made_of", "parse_expression"]


@dataclass(frozen=True, repr=False)
class Expression:
    """An elementwise function of one variable, made by `parse_expression`.

    It is called like any NumPy function: with arrays in every format, and with the exact arrays of this package, so
    that it can be f wherever a function is asked for. Two are equal if their texts and variables are. It pickles.

    Parameters
    ----------
    text : str
        As it was given, on one line.
    variable : str
        The name of the variable in it.
    node : Node
        The tree that is evaluated.

    Examples
    --------
    >>> import numpy as np
    >>> f = parse_expression("where(t > 0, t**2, 0)", variable="t")
    >>> f(np.array([-1.0, 3.0]))
    array([0., 9.])
    >>> f.text
    'where(t > 0, t**2, 0)'
    """

    text: str
    variable: str
    node: Node = field(compare=False)

    @property
    def __name__(self) -> str:
        """What records and messages call it: its text."""
        return self.text

    @property
    def is_constant(self) -> bool:
        """Whether it is a number alone, such as ``pi/4``."""
        return isinstance(self.node, Constant)

    def __call__(self, x: Any) -> Any:
        """Return the value at x.

        Parameters
        ----------
        x : array_like or exact array
            Integers, and numbers and lists of Python, are taken as float64.

        Returns
        -------
        ndarray or NumPy scalar, of the shape and dtype of x; an exact array for an exact array
        """
        if isinstance(x, (bool, int, float, list, tuple)):
            x = np.asarray(x, dtype=np.float64)[()]
        elif isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind in "biu":
            x = x.astype(np.float64)
        if isinstance(self.node, Constant):
            made = filled(x, self.node.value)
            return made[()] if isinstance(x, np.generic) else made
        result = evaluated(self.node, x)
        return result[()] if isinstance(x, np.generic) and isinstance(result, np.ndarray) else result

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.text, self.variable)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        other = "" if self.variable == "x" else f", variable={self.variable!r}"
        return f"parse_expression({self.text!r}{other})"


def parse_expression(text: str, *, variable: str = "x") -> Expression:
    """Return the function that a text in Python's notation describes.

    Nothing is run: each part of the text is looked up in a list, and all that is not on it is refused. There are
    numbers, the variable, ``+ - * / % **``, parentheses, the constants ``pi``, ``e`` and ``tau``, the elementwise
    functions of NumPy and scipy.special that this package evaluates exactly, under the usual names and with or without
    ``np.``, ``math.`` or ``scipy.special.``, comparisons, ``and``, ``or``, ``not``, ``where(condition, a, b)`` and
    ``a if condition else b``.

    A number means what Python makes of it: the double nearest to a decimal fraction. Parts without the variable are
    computed once, in float64, and the result takes the format of x as a Python number does: ``log(2)*x`` has the double
    nearest to log 2. ``log(constant(2))*x`` is computed in the format of x, and its truth has log 2 itself.

    Parameters
    ----------
    text : str
        At most 2000 characters, 500 numbers, names and operations, and 100 levels.
    variable : str
        The name of the variable.

    Returns
    -------
    Expression

    Raises
    ------
    ExpressionError
        If the text is refused: the message says why, and shows the place.
    ValueError
        If `variable` is no name, or the name of something else.
    MissingExtraError
        If a function needs SciPy and that is not installed; when the function is computed.

    Examples
    --------
    >>> f = parse_expression("exp(sin(x))")
    >>> f(0.0)
    np.float64(1.0)
    >>> parse_expression("exp(sine(x))")
    Traceback (most recent call last):
    numdiff.expressions.errors.ExpressionError: sine is not known; did you mean sin?
      exp(sine(x))
          ^^^^
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, got {type(text).__name__} {text!r:.60}")
    _check_variable(variable)
    line = one_line(text)
    return Expression(line, variable, read(line, variable))


def made_of(node: Node, variable: str) -> Expression:
    """Return the expression of a tree that was made otherwise than from a text; its text is written."""
    return Expression(written(node, variable), variable, node)


def _restored(text: str, variable: str) -> Expression:
    return parse_expression(text, variable=variable)


def is_free(variable: str) -> bool:
    """Return whether a variable may have a name: at most 40 letters and digits of ASCII, which nothing else has."""
    known = (*NAMES, *CONSTANTS, *PREFIXES, *MACROS)
    plain = isinstance(variable, str) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,39}", variable)
    return bool(plain) and not iskeyword(variable) and variable not in known


def _check_variable(variable: str) -> None:
    if not is_free(variable):
        raise ValueError(
            f"variable must be a name of at most 40 letters and digits that nothing else has, got {variable!r:.60}"
        )
