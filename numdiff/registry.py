"""One small registry for everything that is looked up by name: problems, rules, experiments."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Generic, Protocol, TypeVar


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
        Items to register at once.

    Raises
    ------
    ValueError
        If two items share a name.
    """

    def __init__(self, kind: str, items: Iterable[T] = ()) -> None:
        self._kind = kind
        self._items: dict[str, T] = {}
        for item in items:
            self.register(item)

    def register(self, item: T) -> T:
        """Add an item under its own name, and return it.

        Raises
        ------
        TypeError
            If the name is not a string.
        ValueError
            If the name is empty or taken.
        """
        name = item.name
        if not isinstance(name, str):
            raise TypeError(f"name of a {self._kind} must be a string, got {type(name).__name__} {name!r}")
        if not name:
            raise ValueError(f"name of a {self._kind} must not be empty")
        if name in self._items:
            raise ValueError(f"name of a {self._kind} must be new, got {name!r} a second time")
        self._items[name] = item
        return item

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
        return f"<Registry of {len(self)} {self._kind}s: {', '.join(self)}>"

    def _advice(self, name: object) -> str:
        message = f"{self._kind} must be a registered name, got {name!r}"
        close = get_close_matches(str(name).lower(), self._items, n=3)
        if close:
            return f"{message}; did you mean {' or '.join(map(repr, close))}?"
        known = ", ".join(map(repr, self._items)) or "none"
        return f"{message}; known: {known}"
