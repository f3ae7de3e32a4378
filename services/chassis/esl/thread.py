"""The thread in which greenswitch and gevent live, seen from the event loop."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from services.chassis.esl.hub import Hub
from services.chassis.esl.lane import Lane, Lanes

if TYPE_CHECKING:
    from services.chassis.esl.connection import Connection

STOP_TIMEOUT_S = 3.0

SWITCH_INTERVAL_S = 0.0005
"""How long one Python thread may keep another waiting. With the usual 5 ms, each way between our two costs
up to that while the other is at work; this cut the p99 of a command under a flood of events to a third, for
some 5 % of the events per second. It holds for the process until `stop`."""


class EslThread:
    """One per process: carries all links and outbound servers. `role` is the label of their metrics."""

    _lanes: Lanes

    def __init__(self, role: str = "") -> None:
        self.role = role
        self.connections: set[Connection] = set()
        self._hub: Hub | None = None
        self._usual_interval_s = sys.getswitchinterval()

    def start(self) -> None:
        """Starts the thread for the running event loop. Raises RuntimeError outside one."""
        if self._hub is not None:
            raise RuntimeError("the ESL thread is started already")
        self._lanes = Lanes(asyncio.get_running_loop())
        self._hub = Hub()
        self._hub.start()
        sys.setswitchinterval(SWITCH_INTERVAL_S)

    async def stop(self) -> None:
        """Ends every connection, then the thread. Stop links and servers first for an orderly end."""
        if self._hub is None:
            return
        open_still = list(self.connections)
        for connection in open_still:
            connection.close("the process is stopping")
        if open_still:
            await asyncio.wait([one.closed for one in open_still], timeout=STOP_TIMEOUT_S)
        hub, self._hub = self._hub, None
        sys.setswitchinterval(self._usual_interval_s)
        await asyncio.get_running_loop().run_in_executor(None, hub.stop)

    def lane(self) -> Lane:
        """A way from the thread into the event loop; what is put on it keeps its order."""
        return Lane(self._lanes)

    def submit(self, call: Callable[..., None], *args: Any) -> None:
        """`call(*args)` in the thread, in the order of the submissions."""
        if self._hub is not None:
            self._hub.submit(call, *args)
