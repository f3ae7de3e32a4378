"""A request that comes again is answered by what the first one did."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable


class Once:
    """Remembers the last `remembered` requests, done or under way. One that failed may be made again.

    Who asks may give up; what was begun goes on, and whoever asks again waits for its outcome: keys are not
    sent twice because an answer was slow.
    """

    def __init__(self, remembered: int) -> None:
        self._remembered = remembered
        self._begun: OrderedDict[Hashable, asyncio.Future[None]] = OrderedDict()

    async def do(self, request: Hashable, act: Callable[[], Awaitable[None]]) -> None:
        """Raises what `act` raises."""
        begun = self._begun.get(request)
        if begun is None:
            begun = self._begun[request] = asyncio.ensure_future(_acting(act))
            begun.add_done_callback(lambda ended: self._ended(request, ended))
            if len(self._begun) > self._remembered:
                self._begun.popitem(last=False)
        await asyncio.shield(begun)

    def _ended(self, request: Hashable, ended: asyncio.Future[None]) -> None:
        if (ended.cancelled() or ended.exception() is not None) and self._begun.get(request) is ended:
            del self._begun[request]


async def _acting(act: Callable[[], Awaitable[None]]) -> None:
    await act()
