"""One small registry for everything that is looked up by name: formats, methods, problems, experiments."""

import textwrap
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any, Generic, Protocol, TypeVar

from numdiff.extras import DISTRIBUTION
from numdiff.plugins import Plugin, plugins

__all__ = ["Named", "PluginWarning", "Registry", "UnknownNameError"]

_LINES = 8
"""The lines of names that a prompt shows."""
_SHOWN = 12
"""The names of a long registry that an error shows."""
_LOADING = threading.RLock()
"""Held while plugins are loaded: another thread waits for all of them, a plugin that asks sees what there is."""


class Named(Protocol):
    """Anything with a name."""

    @property
    def name(self) -> str:
        """The name under which it is registered."""


T = TypeVar("T", bound=Named)


class UnknownNameError(KeyError, ValueError):
    """A name that nobody registered.

    A KeyError, so that the registry is an ordinary mapping (``in`` and ``get`` work), and a ValueError, so
    that it is caught with the other wrong arguments.
    """

    def __str__(self) -> str:
        # KeyError shows the repr of its argument, which would put a whole sentence between quotes.
        return str(self.args[0])


class PluginWarning(UserWarning):
    """An entry point of another distribution could not be used, and was left out."""


class Registry(Mapping[str, T], Generic[T]):
    """A read-only mapping from name to item, in the order of registration.

    What other installed distributions declare as entry points of `group` is added when the registry is first used, in
    every process alike. An entry point stands for an item, or for a list of them. One that cannot be loaded or
    registered is left out with a `PluginWarning` that names its distribution.

    Parameters
    ----------
    kind : str
        What the items are, in the singular, for the messages: ``"problem"``.
    items : iterable of T
        Items to register at once: those that the package has, in contrast to what is `added` later.
    accepts : type or tuple of types
        The classes of what may be registered.
    group : str, optional
        The group of entry points: ``"numdiff.problems"``.

    Raises
    ------
    TypeError
        If an item is of another class.
    ValueError
        If two items share a name.
    """

    def __init__(
        self,
        kind: str,
        items: Iterable[T] = (),
        accepts: type | tuple[type, ...] = object,
        group: str | None = None,
    ) -> None:
        self._kind = kind
        self._accepts = accepts
        self._group: str | None = None
        self._is_loading = False
        self._items: dict[str, T] = {}
        self._homes: dict[str, str] = {}
        for item in items:
            self.register(item)
        self._own = frozenset(self._items)
        self._group = group

    def register(self, item: T) -> T:
        """Add an item under its own name, and return it.

        Raises
        ------
        TypeError
            If the item is of the wrong class, or its name is not a string.
        ValueError
            If the name is empty or taken.
        """
        self._known()
        self._check(item)
        self._items[item.name] = item
        return item

    def _check(self, item: Any) -> None:
        """Refuse what must not be registered; a subclass adds its rules here."""
        if not isinstance(item, self._accepts):
            classes = self._accepts if isinstance(self._accepts, tuple) else (self._accepts,)
            wanted = " or ".join(cls.__name__ for cls in classes)
            raise TypeError(f"a {self._kind} must be a {wanted}, got {type(item).__name__} {item!r:.60}")
        name: Any = getattr(item, "name", None)
        if not isinstance(name, str):
            raise TypeError(f"name of a {self._kind} must be a string, got {type(name).__name__} {name!r}")
        if not name:
            raise ValueError(f"name of a {self._kind} must not be empty")
        if name in self._items:
            home = f"; it is that of {self._homes[name]}" if name in self._homes else ""
            raise ValueError(f"name of a {self._kind} must be new, got {name!r} a second time{home}")

    def _known(self) -> dict[str, T]:
        """Return the items by name, those of plugins among them."""
        if self._group is not None:
            with _LOADING:
                if self._group is not None and not self._is_loading:
                    self._load(self._group)
        return self._items

    def _load(self, group: str) -> None:
        """Add what the entry points of a group stand for, and warn once of all that were left out.

        If that is interrupted, nothing of it stays, and the next use of the registry loads them again.
        """
        self._is_loading, known = True, None
        try:
            found = plugins(group)
            known = dict(self._items)
            refused = self._add_all(found)
            self._group = None
        finally:
            self._is_loading = False
            if self._group is not None and known is not None:
                self._items = known
                self._homes.clear()
        if refused:
            message = f"entry points of the group {group!r} were left out: {'; '.join(refused)}"
            warnings.warn(message, PluginWarning, stacklevel=4)

    def _add_all(self, found: Iterable[Plugin]) -> list[str]:
        """Add the items of plugins, and return what is to be said of those that were refused."""
        refused = []
        for plugin in found:
            if plugin.error:
                refused.append(f"{plugin.entry} of {plugin.distribution} cannot be loaded ({plugin.error})")
            for item in plugin.items:
                try:
                    self._add(item, plugin.distribution)
                except Exception as error:  # a name or a signature that runs code of the plugin may raise anything
                    refused.append(f"{plugin.entry} of {plugin.distribution} is refused ({error})")
        return refused

    def _add(self, item: T, home: str) -> None:
        """Register an item of another distribution; where its name is taken, say by whom."""
        name = getattr(item, "name", None)
        if isinstance(name, str) and name in self._items:
            taken = self._homes.get(name, DISTRIBUTION)
            raise ValueError(f"name of a {self._kind} must be new, got {name!r}, which is that of {taken}")
        self._homes[self.register(item).name] = home

    def has_own(self, name: str) -> bool:
        """Return whether a name is that of an item of the package itself: its code is versioned with the package."""
        return name in self._own

    def added(self) -> tuple[T, ...]:
        """Return what was registered after the package was loaded: another process does not know it by itself.

        What plugins brought is not among it, for every process loads that itself.
        """
        known = self._known()
        return tuple(item for name, item in known.items() if name not in self._own and name not in self._homes)

    def remove(self, name: str) -> T:
        """Take an item that was added out again, and return it.

        Raises
        ------
        ValueError
            If nothing of that name was added: what the package has stays, and what its plugins brought.
        """
        item = self._known().get(name)
        if item is None or name in self._own or name in self._homes:
            known = ", ".join(repr(added.name) for added in self.added()) or "none"
            raise ValueError(f"name must be that of a {self._kind} that was added, got {name!r}; added: {known}")
        del self._items[name]
        return item

    @contextmanager
    def holding(self, *items: T) -> Iterator[None]:
        """Register items for the length of a ``with`` block."""
        done: list[T] = []
        try:
            for item in items:
                done.append(self.register(item))
            yield
        finally:
            for item in done:
                self.remove(item.name)

    def __getitem__(self, name: str) -> T:
        try:
            return self._known()[name]
        except (KeyError, TypeError):
            # A TypeError is an unhashable key: no name either.
            raise UnknownNameError(self._advice(name)) from None

    def get(self, name: Any, default: Any = None) -> Any:
        """Return the item of a name, or `default`; the base class would write the advice of an error first."""
        return self._known()[name] if name in self else default

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._known()

    def __iter__(self) -> Iterator[str]:
        return iter(self._known())

    def __len__(self) -> int:
        return len(self._known())

    def __repr__(self) -> str:
        """Return the kind and the names, in as many lines as are read at a glance."""
        lines = textwrap.wrap(f"<Registry of {len(self)} {self._kind}s: {', '.join(self)}>", 80, subsequent_indent="  ")
        if len(lines) <= _LINES:
            return "\n".join(lines)
        left = len(self) - "\n".join(lines[: _LINES - 1]).count(",")
        return "\n".join([*lines[: _LINES - 1], f"  … and {left} more; list(…) has all>"])

    def _advice(self, name: object) -> str:
        return f"{self._kind} must be a registered name, got {name!r}; {self.suggestion(name)}"

    def suggestion(self, name: object) -> str:
        """Return the names that are near to one that is not registered, or all, for a message; the first of many."""
        close = get_close_matches(str(name).lower(), self._known(), n=3)
        if close:
            return f"did you mean {' or '.join(map(repr, close))}?"
        shown = list(map(repr, self._items))
        left = len(shown) - _SHOWN
        if left > 1:
            shown[_SHOWN:] = [f"… and {left} more: list(…) has all"]
        return f"known: {', '.join(shown) or 'none'}"
