"""Records of arrays with a number for each point, of which some can be taken."""

from dataclasses import fields
from typing import Any, Self

import numpy as np

__all__ = ["Rows"]


class Rows:
    """A dataclass whose fields are arrays of the shape (n,).

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Pairs(Rows):
    ...     left: np.ndarray
    ...     right: np.ndarray
    >>> Pairs(np.arange(3), -np.arange(3)).rows(np.array([2, 0]))
    Pairs(left=array([2, 0]), right=array([-2,  0]))
    """

    def rows(self, chosen: np.ndarray) -> Self:
        """Return some of the points."""
        item: Any = self  # a dataclass, which the type of a mixin cannot say
        return type(self)(*(getattr(self, field.name)[chosen] for field in fields(item)))
