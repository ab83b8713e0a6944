"""Lambert's W as SciPy has it: complex numbers, of which the real part is taken at once, or nothing."""

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from numdiff.arithmetic.engine import refusal

_REAL_PART = "take np.real(scipy.special.lambertw(x)) at once, which is real from -1/e on"


def real_part_alone() -> TypeError:
    """Return the error for any other use of the complex numbers."""
    return refusal(f"complex numbers have no exact evaluation; {_REAL_PART}")


def principal_argument(inputs: Sequence[Any]) -> tuple[Any]:
    """Return the argument of a call of the ufunc behind ``lambertw``, which has a branch and a tolerance, too.

    Raises
    ------
    TypeError
        If the branch is not the principal one.
    """
    argument, branch, *_ = inputs
    if not isinstance(branch, (int, np.integer, np.ndarray)) or np.ndim(branch) or branch != 0:
        raise refusal(f"scipy.special.lambertw has an exact evaluation of the branch k = 0 alone, got k = {branch!r}")
    return (argument,)


class PrincipalBranch(NDArrayOperatorsMixin):
    """Complex numbers that are known by their real part.

    Parameters
    ----------
    real : exact array
        DOMAIN where the imaginary part is not 0.
    """

    __slots__ = ("real",)

    def __init__(self, real: Any) -> None:
        self.real = real

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> NoReturn:
        raise real_part_alone()

    def __array_function__(self, func: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        if func is np.real:
            return self.real
        raise real_part_alone()

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"complex numbers have no exact evaluation, and no {name!r}; {_REAL_PART}")

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        raise real_part_alone()
