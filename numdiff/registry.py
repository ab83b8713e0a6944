"""One small registry for everything that is looked up by name: formats, methods, problems, experiments."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any, Generic, Protocol, TypeVar

_LINES = 8
"""The lines of names that a prompt shows."""


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


class Registry(Mapping[str, T], Generic[T]):
    """A read-only mapping from name to item, in the order of registration.

    Parameters
    ----------
    kind : str
        What the items are, in the singular, for the messages: ``"problem"``.
    items : iterable of T
        Items to register at once: those that the package has, in contrast to what is `added` later.
    accepts : type or tuple of types
        The classes of what may be registered.

    Raises
    ------
    TypeError
        If an item is of another class.
    ValueError
        If two items share a name.
    """

    def __init__(self, kind: str, items: Iterable[T] = (), accepts: type | tuple[type, ...] = object) -> None:
        self._kind = kind
        self._accepts = accepts
        self._items: dict[str, T] = {}
        for item in items:
            self.register(item)
        self._own = frozenset(self._items)

    def register(self, item: T) -> T:
        """Add an item under its own name, and return it.

        Raises
        ------
        TypeError
            If the item is of the wrong class, or its name is not a string.
        ValueError
            If the name is empty or taken.
        """
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
            raise ValueError(f"name of a {self._kind} must be new, got {name!r} a second time")

    def added(self) -> tuple[T, ...]:
        """Return what was registered after the package was loaded: another process does not know it by itself."""
        return tuple(item for name, item in self._items.items() if name not in self._own)

    def remove(self, name: str) -> T:
        """Take an item that was added out again, and return it.

        Raises
        ------
        ValueError
            If nothing of that name was added: what the package has stays.
        """
        item = self._items.get(name)
        if item is None or name in self._own:
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
            return self._items[name]
        except (KeyError, TypeError):
            # A TypeError is an unhashable key: no name either.
            raise UnknownNameError(self._advice(name)) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

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
        """Return the names that are near to one that is not registered, or all, for a message."""
        close = get_close_matches(str(name).lower(), self._items, n=3)
        if close:
            return f"did you mean {' or '.join(map(repr, close))}?"
        return f"known: {', '.join(map(repr, self._items)) or 'none'}"
