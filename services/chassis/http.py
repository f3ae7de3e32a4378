"""An HTTP server inside a service's own event loop, without uvicorn's hold on the process's signals."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from services.chassis.errors import Invalid

START_TIMEOUT_S = 10.0


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """Serves an ASGI application on `host:port`; port 0 takes a free one, `port` tells which."""

    def __init__(self, app: Callable[..., Any], listen: str, **options: Any) -> None:
        host, _, port = listen.rpartition(":")
        self._address = (host, int(port))
        defaults = {"log_config": None, "access_log": False, "lifespan": "off"}
        self._server = _Server(uvicorn.Config(app, **(defaults | options)))
        self._task: asyncio.Task[None] | None = None
        self.port = int(port)

    async def start(self) -> None:
        """Listens; raises Invalid naming the address when it is taken."""
        listener = _listen(self._address)
        self.port = listener.getsockname()[1]
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]), name="http")
        async with asyncio.timeout(START_TIMEOUT_S):
            while not self._server.started and not self._task.done():
                await asyncio.sleep(0.005)

    async def stop(self, drain_s: float = 5.0) -> None:
        """Lets requests in progress finish, for so long at most."""
        if self._task is None:
            return
        self._server.should_exit = True
        _, unfinished = await asyncio.wait([self._task], timeout=drain_s)
        if unfinished:
            self._server.force_exit = True
            await asyncio.wait([self._task], timeout=1.0)
        self._task = None


def _listen(address: tuple[str, int]) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address[0].strip("[]"), address[1]))
    except OSError as problem:
        listener.close()
        raise Invalid("listen", f"cannot use {address[0]}:{address[1]}: {problem.strerror}") from None
    listener.setblocking(False)
    return listener
