"""Peers: libraries that differentiate by themselves, compared with the rules by the same protocol, one file a library.

None has a handicap. Each library runs with the defaults of its documentation; where the documentation names a better
setting for a case, that is a row of its own, and the docstring of its file says where it is named.
"""

from typing import Any

from numdiff.registry import Registry
from numdiff.rules.base import Rule, refuse_other_calls
from numdiff.rules.peers.jacobi import JACOBI
from numdiff.rules.peers.numdifftools import NUMDIFFTOOLS
from numdiff.rules.peers.numericalderivative import NUMERICALDERIVATIVE
from numdiff.rules.peers.peer import Answer, Peer, Task, Watched
from numdiff.rules.peers.scipy_differentiate import SCIPY_DIFFERENTIATE
from numdiff.rules.peers.scipy_optimize import SCIPY_OPTIMIZE

__all__ = ["PEERS", "Answer", "Peer", "Peers", "Task", "Watched"]


class Peers(Registry[Rule]):
    """The table of peers: rules that are libraries, and say whether their figures are those of the platform."""

    def __init__(self, items: tuple[Rule, ...], group: str | None = None) -> None:
        super().__init__("peer", items, Rule, group)

    def _check(self, item: Any) -> None:
        """Refuse, beside what every registry does, what is not called as a rule is or has no `platform`."""
        super()._check(item)
        refuse_other_calls("peer", item)
        if not isinstance(getattr(item, "platform", None), bool):
            raise TypeError(
                f"platform of the peer {item.name!r} must be True or False: True if its figures go through BLAS, "
                f"LAPACK or functions of the C library, got {getattr(item, 'platform', None)!r}"
            )


PEERS = Peers(
    (*SCIPY_DIFFERENTIATE, *SCIPY_OPTIMIZE, *NUMDIFFTOOLS, *JACOBI, *NUMERICALDERIVATIVE), group="numdiff.peers"
)
"""The peers of the package, and those of installed packages with an entry point in the group ``numdiff.peers``.

Examples
--------
>>> import numpy as np
>>> from numdiff.rules.peers import PEERS
>>> from numdiff.rules.run import run_rule
>>> choice = run_rule("scipy_3_point", np.exp, 0.0)  # a name in PEERS
>>> bool(abs(choice.derivative - 1) < 1e-9), choice.evaluations, str(choice.status)
(True, 3, 'ok')
"""
