"""The machines behind a Dask scheduler, as an executor."""

import asyncio
import contextlib
import importlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

from numdiff.extras import require_extra

__all__ = ["executor_at"]

PATIENCE = 10.0
"""Seconds in which a scheduler has to answer."""


@contextlib.contextmanager
def executor_at(address: str | None) -> Iterator[Executor | None]:
    """Connect to a scheduler, give its workers as an executor, and leave the cluster as it was.

    Nothing that was computed there before is taken for a result (``pure=False``): the code may be another one since.

    Parameters
    ----------
    address : str or None
        As ``"tcp://10.0.0.1:8786"``. None gives None.

    Raises
    ------
    MissingExtraError
        If Dask is not installed.
    ValueError
        If it is no address.
    OSError
        If no scheduler answers there.
    """
    if address is None:
        yield None
        return
    require_extra("a scheduler", "distributed")
    distributed: Any = importlib.import_module("distributed")
    _require_address(address)
    _require_scheduler(address)
    with (
        distributed.Client(address, timeout=PATIENCE, set_as_default=False) as client,
        client.get_executor(pure=False) as executor,
    ):
        yield executor


def _require_address(address: str) -> None:
    """Refuse what is no address, before anything is asked there."""
    addressing: Any = importlib.import_module("distributed.comm.addressing")
    try:
        addressing.get_address_host_port(address)
    except (ValueError, TypeError) as error:
        raise ValueError(f"scheduler must be an address as tcp://10.0.0.1:8786, got {address!r} ({error})") from error


def _require_scheduler(address: str) -> None:
    """Refuse an address where no scheduler answers, before a client is made of it.

    A client asks without a limit of time once it is connected, and one that is half made says so on standard error when
    it is collected, after twice its patience.
    """
    try:
        found = _outside_of_loops(lambda: asyncio.run(_kind_of(address)))
    except Exception as error:  # also what is made of the answer of another program: no memory for a message, …
        raise OSError(f"no Dask scheduler answers at {address} within {PATIENCE:.0f} s") from error
    if found != "Scheduler":
        raise OSError(f"no Dask scheduler answers at {address}, but a {found}")


async def _kind_of(address: str) -> str:
    """Return what a server of Dask says that it is, within our patience."""
    core: Any = importlib.import_module("distributed.core")
    security: Any = importlib.import_module("distributed.security")
    arguments = security.Security().get_connection_args("client")
    async with asyncio.timeout(PATIENCE), core.rpc(address, connection_args=arguments) as server:
        return str((await server.identity())["type"])


def _outside_of_loops(ask: Callable[[], str]) -> str:
    """Return the answer of an event loop: of a thread of its own where one runs already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return ask()
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(ask).result()
