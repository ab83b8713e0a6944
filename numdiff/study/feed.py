"""Items that are handed out one after the other, and results that are put back in their order.

No item is handed out long before the first one whose result is not taken yet: what waits for it lies in memory.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar

__all__ = ["Feed"]

Item = TypeVar("Item")
Result = TypeVar("Result")


class Feed(Generic[Item]):
    """Items by name, in the order in which they are begun.

    Parameters
    ----------
    items : mapping or iterable of (str, item)
        An iterable is read as far as items are handed out.
    ahead : int, optional
        How many may be out, from the first one whose result `in_order` has not yielded; by default all.
    """

    def __init__(self, items: Mapping[str, Item] | Iterable[tuple[str, Item]], ahead: int | None = None) -> None:
        self._items = iter(items.items() if isinstance(items, Mapping) else items)
        self._ahead = ahead
        self._out: deque[str] = deque()

    def take(self) -> tuple[str, Item] | None:
        """Return the next item; None where there is none, or none yet."""
        if self._ahead is not None and len(self._out) >= self._ahead:
            return None
        given = next(self._items, None)
        if given is not None and self._ahead is not None:
            self._out.append(given[0])
        return given

    def in_order(self, results: Iterable[tuple[str, Result]]) -> Iterator[Result]:
        """Yield results, which come by name in any order, in the order in which their items were handed out."""
        waiting: dict[str, Result] = {}
        for name, result in results:
            waiting[name] = result
            del result
            while self._out and self._out[0] in waiting:
                yield waiting.pop(self._out.popleft())
