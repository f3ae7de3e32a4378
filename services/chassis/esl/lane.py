"""From the gevent thread to the event loop: in order per connection, in capped batches, fair."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from services.chassis.esl.settings import BATCH_CAP, FAIR_SHARE

Delivery = Callable[[Any], None]


class Lane:
    """What one connection has for the loop, in the order in which it left the socket.

    Bounded by its users: events by their `Backlog`, replies by `command_limit`.
    """

    __slots__ = ("_lanes", "items", "queued")

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self.items: deque[tuple[Delivery, Any]] = deque()
        self.queued = False

    def put(self, deliver: Delivery, item: Any) -> None:
        """From the thread: `deliver(item)` will be called in the loop, after the next `wake`."""
        self.items.append((deliver, item))

    def wake(self) -> None:
        """From the thread: the loop may have what was put."""
        if self.items and not self.queued:
            self.queued = True
            self._lanes.ready(self)


class Lanes:
    """All lanes of the thread: one wake-up for many of them, and a flood on one does not delay another.

    No lock: a flag is put down before the last look and put up after it, so what is missed by one side is
    seen by the other; at worst a lane is looked at twice.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._ready: deque[Lane] = deque()
        self._woken = False

    def ready(self, lane: Lane) -> None:
        """From the thread: that one holds something."""
        self._ready.append(lane)
        if not self._woken:
            self._woken = True
            try:
                self._loop.call_soon_threadsafe(self._drain)
            except RuntimeError:  # the loop is closed: nobody is left to be told
                self._ready.clear()

    def _drain(self) -> None:
        left = BATCH_CAP
        try:
            while left > 0 and self._ready:
                left -= self._deliver_some(self._ready.popleft())
        finally:  # whatever one delivery does, those behind it are delivered
            self._woken = False
            if self._ready:
                self._woken = True
                self._loop.call_soon(self._drain)  # others first: a flood must not hold the loop

    def _deliver_some(self, lane: Lane) -> int:
        share = min(len(lane.items), FAIR_SHARE)
        try:
            for _ in range(share):
                deliver, item = lane.items.popleft()
                deliver(item)
        finally:
            lane.queued = False
            if lane.items:
                lane.queued = True
                self._ready.append(lane)
        return share


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
