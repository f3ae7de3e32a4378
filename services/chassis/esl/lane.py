"""From the gevent thread to the event loop: in order, in capped batches, one wake-up per batch."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from services.chassis.esl.settings import BATCH_CAP

Delivery = Callable[[Any], None]


class Lane:
    """What the thread has for the loop. Bounded by its users: see `Backlog` and `command_limit`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._items: deque[tuple[Delivery, Any]] = deque()
        self._woken = False

    def put(self, deliver: Delivery, item: Any) -> None:
        """From the thread: `deliver(item)` will be called in the loop."""
        self._items.append((deliver, item))
        if not self._woken:
            self._woken = True
            try:
                self._loop.call_soon_threadsafe(self._drain)
            except RuntimeError:  # the loop is closed: nobody is left to be told
                self._items.clear()

    def _drain(self) -> None:
        items = self._items
        try:
            for _ in range(min(len(items), BATCH_CAP)):
                deliver, item = items.popleft()
                deliver(item)
        finally:  # whatever one delivery does, those behind it are delivered
            self._woken = bool(items)
            if items:
                self._woken = True  # also when it was put between the two looks
                self._loop.call_soon(self._drain)  # others first: a flood must not hold the loop


class Backlog:
    """Events given by the thread and not yet taken by the consumer.

    Two counters with one writer each, so that no lock is needed.
    """

    __slots__ = ("given", "taken")

    def __init__(self) -> None:
        self.given = 0
        self.taken = 0

    @property
    def size(self) -> int:
        """How many wait."""
        return self.given - self.taken
