"""What a consumer reads with `async for`: a queue of one producer and one consumer."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

from services.chassis.esl.event import Event, LinkDown, LinkUp
from services.chassis.esl.lane import Backlog
from services.chassis.esl.settings import BATCH_CAP

Item = TypeVar("Item")


class Stream(Generic[Item]):
    """Bounded by `backlog`: the thread looks at its size and drops the connection when it grows too large."""

    def __init__(self, backlog: Backlog) -> None:
        self._items: deque[Item] = deque()
        self._backlog = backlog
        self._waiter: asyncio.Future[None] | None = None
        self._over = False
        self._in_a_row = 0

    def put(self, item: Item) -> None:
        """Appends. Link states without events between them are merged: a flapping link fills nothing."""
        if self._over:
            return
        items = self._items
        if isinstance(item, LinkDown) and len(items) > 1:
            before, last = items[-2], items[-1]
            if isinstance(before, LinkDown) and isinstance(last, LinkUp):
                items.pop()
                items.pop()
        items.append(item)
        self._wake()

    def end(self) -> None:
        """After what is still in it, the stream ends."""
        self._over = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def __aiter__(self) -> Stream[Item]:
        return self

    async def __anext__(self) -> Item:
        while not self._items:
            if self._over:
                raise StopAsyncIteration
            await self._wait()
        self._in_a_row += 1
        if self._in_a_row >= BATCH_CAP:
            self._in_a_row = 0
            await asyncio.sleep(0)  # with a full queue nothing else would make `async for` let others run
        item = self._items.popleft()
        if isinstance(item, Event):
            self._backlog.taken += 1
        return item

    async def _wait(self) -> None:
        if self._waiter is not None:
            raise RuntimeError("a stream has one consumer")
        self._in_a_row = 0
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
