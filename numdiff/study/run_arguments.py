"""What a run is given: measurements, what measures them, and where they are kept; each mistake is named.

An object of another kind would fail with the first method that it lacks, after the first measurement or hours later.
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from os import PathLike
from typing import Any

from numdiff.study.store import Store

__all__ = ["check_measurements", "check_workers"]


def check_workers(workers: Any, executor: Any) -> None:
    """Refuse what is no number of processes, what is no executor, and both at once."""
    if not isinstance(workers, int) or isinstance(workers, bool) or workers < 1:
        raise ValueError(f"workers must be an integer of at least 1, got {workers!r}")
    if executor is None:
        return
    if not isinstance(executor, Executor):
        raise TypeError(
            f"executor must be a concurrent.futures.Executor, got {executor!r:.60}; of a Client of Dask it is "
            "client.get_executor(pure=False)"
        )
    if workers != 1:
        raise ValueError(f"workers must be 1 beside an executor, which has its own, got {workers}: leave workers out")


def _check_store(store: Any) -> None:
    """Refuse what is no store; None is that nothing is kept."""
    if store is not None and not isinstance(store, Store):
        advice = f"; write Store({store!r:.60}) for a folder" if isinstance(store, (str, PathLike)) else ""
        raise TypeError(f"store must be a Store or None, got {type(store).__name__} {store!r:.60}{advice}")


def check_measurements(argument: str, items: Any, store: Any, method: str = "measure") -> None:
    """Refuse what is no sequence of objects with a method (a single one is none), and what is no store."""
    _check_store(store)
    if not isinstance(items, Sequence) or isinstance(items, str):
        advice = "; put it into a list" if hasattr(items, method) else ""
        raise TypeError(f"{argument} must be a list or a tuple, got {type(items).__name__} {items!r:.60}{advice}")
    for item in items:
        if not callable(getattr(item, method, None)):
            raise TypeError(
                f"{argument} must hold blocks of sweeps or other measurements, got {type(item).__name__} {item!r:.60}"
            )
