"""A roll: things in order, with a place number for each. What waits and who is idle are both rolls.

Not a heap, because people ask "how many are before me", which a heap answers in O(n). Blocks of a few
hundred keys keep every operation at two bisections and one short memory move: at 100,000 entries an
append or a take-first costs less than a heap's, and a removal in the middle leaves nothing behind.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

BLOCK = 512  # 4 kB a move at most; larger makes inserts dear, smaller makes ranks dear


class Roll(Generic[T]):
    """Items by ascending integer order; orders are unique."""

    __slots__ = ("_items", "_keys", "_last", "_size")

    def __init__(self) -> None:
        self._keys: list[list[int]] = []
        self._items: list[list[T]] = []
        self._last: list[int] = []  # the last key of each block
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[T]:
        for items in self._items:
            yield from items

    @property
    def first_order(self) -> int | None:
        """The order of the first, None when empty."""
        return self._keys[0][0] if self._keys else None

    def first(self) -> T:
        """The first. Raises IndexError when empty."""
        return self._items[0][0]

    def add(self, order: int, item: T) -> None:
        """Puts `item` in its place."""
        self._size += 1
        last = self._last
        if not last or order > last[-1]:
            self._append(order, item)
            return
        at = bisect_left(last, order)
        keys = self._keys[at]
        where = bisect_left(keys, order)
        keys.insert(where, order)
        self._items[at].insert(where, item)
        if len(keys) > 2 * BLOCK:
            self._split(at)

    def _append(self, order: int, item: T) -> None:
        if self._last and len(self._keys[-1]) < BLOCK:
            self._keys[-1].append(order)
            self._items[-1].append(item)
            self._last[-1] = order
            return
        self._keys.append([order])
        self._items.append([item])
        self._last.append(order)

    def _split(self, at: int) -> None:
        keys, items = self._keys[at], self._items[at]
        self._keys[at : at + 1] = [keys[:BLOCK], keys[BLOCK:]]
        self._items[at : at + 1] = [items[:BLOCK], items[BLOCK:]]
        self._last[at : at + 1] = [keys[BLOCK - 1], keys[-1]]

    def pop(self) -> T:
        """Takes the first out. Raises IndexError when empty."""
        keys = self._keys[0]
        item = self._items[0].pop(0)
        keys.pop(0)
        self._size -= 1
        if not keys:
            self._drop(0)
        return item

    def remove(self, order: int) -> T:
        """Takes out what has this order. Raises KeyError when nothing has."""
        at = bisect_left(self._last, order)
        if at == len(self._last):
            raise KeyError(order)
        keys = self._keys[at]
        where = bisect_left(keys, order)
        if keys[where] != order:
            raise KeyError(order)
        del keys[where]
        item = self._items[at].pop(where)
        self._size -= 1
        if not keys:
            self._drop(at)
        elif where == len(keys):
            self._last[at] = keys[-1]
        return item

    def _drop(self, at: int) -> None:
        del self._keys[at], self._items[at], self._last[at]

    def place(self, order: int) -> int:
        """How many stand before this order, plus one."""
        last = self._last
        if not last or order > last[-1]:
            return self._size + 1
        at = bisect_left(last, order)
        return sum(map(len, self._keys[:at])) + bisect_left(self._keys[at], order) + 1
