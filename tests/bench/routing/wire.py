"""An ESL connection as cheap as Python allows: who measures must not be what is measured.

Not the suite's own client: that one is part of what is measured.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, cast

import orjson

Event = dict[str, Any]
SIGN_IN_S = 10.0


class Wire(asyncio.Protocol):
    """One inbound connection. Replies come in the order of the commands."""

    def __init__(self, on_event: Callable[[Event], None]) -> None:
        loop = asyncio.get_running_loop()
        self._on_event = on_event
        self._buffer = b""
        self._replies: deque[asyncio.Future[str]] = deque()
        self._transport: asyncio.Transport
        self._greeted: asyncio.Future[None] = loop.create_future()
        self.lost: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)
        for reply in self._replies:
            if not reply.done():
                reply.set_exception(ConnectionError("the switch closed the event socket"))
                reply.exception()  # seen: who waits gets it all the same

    def send(self, text: str) -> asyncio.Future[str]:
        """A command; the future brings what the switch says, which nobody has to wait for."""
        reply: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._replies.append(reply)
        self._transport.write(f"{text}\n\n".encode())
        return reply

    async def api(self, text: str) -> str:
        return (await self.send(f"api {text}")).strip()

    async def sign_in(self, password: str, events: str, filters: Sequence[str]) -> None:
        """Of the events, those that pass one of the filters. Raises PermissionError for a wrong password."""
        async with asyncio.timeout(SIGN_IN_S):
            await self._greeted
            if not (await self.send(f"auth {password}")).startswith("+OK"):
                raise PermissionError("the switch refused the password of its event socket")
            for one in filters:
                await self.send(f"filter {one}")
            if events:
                await self.send(f"event json {events}")

    def close(self) -> None:
        self._transport.close()

    # ------------------------------------------------------------ reading

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        start = 0
        while (end := buffer.find(b"\n\n", start)) >= 0:
            head = buffer[start:end]
            length = _length(head)
            if len(buffer) < end + 2 + length:
                break
            start = end + 2 + length
            self._frame(head, buffer[end + 2 : start])
        self._buffer = buffer[start:]

    def _frame(self, head: bytes, body: bytes) -> None:
        if b"text/event-json" in head:
            self._on_event(orjson.loads(body))
        elif b"auth/request" in head:
            self._greeted.set_result(None)
        elif b"command/reply" in head or b"api/response" in head:
            text = body if b"api/response" in head else head.partition(b"Reply-Text: ")[2]
            reply = self._replies.popleft()
            if not reply.done():
                reply.set_result(text.decode("utf-8", "replace"))


def _length(head: bytes) -> int:
    at = head.find(b"Content-Length: ")
    return int(head[at + 16 :].split(b"\n", 1)[0]) if at >= 0 else 0


async def connect(
    port: int, password: str, events: str, on_event: Callable[[Event], None], filters: Sequence[str] = ()
) -> Wire:
    loop = asyncio.get_running_loop()
    _, wire = await loop.create_connection(lambda: Wire(on_event), "127.0.0.1", port)
    await wire.sign_in(password, events, filters)
    return wire
