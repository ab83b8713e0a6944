"""What other installed distributions offer: the objects behind an entry point of theirs.

A registry asks here, when it is first used, for its group. Nothing that a plugin does wrong stops anything else: what
it raises while it is loaded is its `Plugin.error`.
"""

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

__all__ = ["Plugin", "plugins"]


@dataclass(frozen=True)
class Plugin:
    """What one entry point stands for.

    Attributes
    ----------
    entry : str
        Its name and value, as the distribution declares them: ``"doubling = package.module:RULE"``.
    distribution : str
        The distribution that declares it, with its version.
    items : tuple
        The object, or the objects of a list or tuple; none if it could not be loaded.
    error : str
        What it raised while it was loaded, or nothing.
    """

    entry: str
    distribution: str
    items: tuple[Any, ...] = ()
    error: str = ""


def plugins(group: str) -> list[Plugin]:
    """Load the entry points of a group, in the order of distributions and names: the same one in every process."""
    return [_loaded(point) for point in sorted(entry_points(group=group), key=_place)]


def _place(point: EntryPoint) -> tuple[str, str, str]:
    return _distribution(point), point.name, point.value


def _distribution(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else "an unknown distribution"


def _loaded(point: EntryPoint) -> Plugin:
    entry, distribution = f"{point.name} = {point.value}", _distribution(point)
    try:
        found = point.load()
    except (Exception, SystemExit) as error:  # also a module that ends the program when it is imported
        return Plugin(entry, distribution, error=f"{type(error).__name__}: {error}")
    return Plugin(entry, distribution, tuple(found) if isinstance(found, list | tuple) else (found,))
