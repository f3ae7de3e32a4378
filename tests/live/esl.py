"""Just enough of FreeSWITCH's event socket to watch and steer a test.

On purpose not the suite's own client: a test that proves the switch's configuration must not fail,
or pass, because of a fault in `services/chassis/esl`.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote

Event = dict[str, str]
REPLY_S = 10


@dataclass
class Link:
    """One connection, either way round. Events wait in `events` until a test asks for one."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    events: deque[Event] = field(default_factory=deque)
    replies: asyncio.Queue[tuple[Event, str]] = field(default_factory=asyncio.Queue)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def start(self) -> None:
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while True:
                headers, body = await self._frame()
                match headers.get("Content-Type"):
                    case "text/event-json":
                        self.events.append(json.loads(body))
                        self._arrived.set()
                    case "auth/request" | "command/reply" | "api/response":
                        self.replies.put_nowait((headers, body))
        except (asyncio.IncompleteReadError, ConnectionError):
            self.closed.set()
            self._arrived.set()

    async def _frame(self) -> tuple[Event, str]:
        block = await self.reader.readuntil(b"\n\n")
        headers = dict(line.split(": ", 1) for line in block.decode(errors="replace").split("\n") if line)
        length = int(headers.get("Content-Length", 0))
        body = await self.reader.readexactly(length)
        return headers, body.decode(errors="replace")

    async def send(self, command: str) -> tuple[Event, str]:
        self.writer.write(command.encode() + b"\n\n")
        return await asyncio.wait_for(self.replies.get(), REPLY_S)

    async def api(self, command: str) -> str:
        return (await self.send(f"api {command}"))[1].strip()

    async def execute(
        self, application: str, argument: str = "", uuid: str = "", *, lock: bool = True
    ) -> str:
        lines = [
            f"sendmsg {uuid}".strip(),
            "call-command: execute",
            f"execute-app-name: {application}",
        ]
        lines += [f"execute-app-arg: {argument}"] if argument else []
        lines += ["event-lock: true"] if lock else []
        return (await self.send("\n".join(lines)))[0].get("Reply-Text", "")

    async def event(self, wanted: str | Callable[[Event], object], *, within_s: float = REPLY_S) -> Event:
        """The first event, past or to come, of that name or kind; those before it are dropped."""
        fits = (lambda e: e["Event-Name"] == wanted) if isinstance(wanted, str) else wanted
        async with asyncio.timeout(within_s):
            while True:
                while self.events:
                    found = self.events.popleft()
                    if fits(found):
                        return found
                if self.closed.is_set():
                    raise ConnectionError(f"the switch closed the link before {wanted}")
                self._arrived.clear()
                await self._arrived.wait()

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self.writer.close()
        await asyncio.gather(self.writer.wait_closed(), return_exceptions=True)


@asynccontextmanager
async def connected(port: int, password: str, events: str = "") -> AsyncIterator[Link]:
    link = Link(*await asyncio.open_connection("127.0.0.1", port))
    link.start()
    try:
        await asyncio.wait_for(link.replies.get(), REPLY_S)
        reply, _ = await link.send(f"auth {password}")
        if not reply["Reply-Text"].startswith("+OK"):
            raise PermissionError(reply["Reply-Text"])
        if events:
            await link.send(f"event json {events}")
        yield link
    finally:
        await link.close()


@dataclass
class Controller:
    """What the IVR is to the switch: waits for calls and gets one link for each."""

    port: int
    calls: asyncio.Queue[tuple[Link, Event]] = field(default_factory=asyncio.Queue)
    links: list[Link] = field(default_factory=list)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = Link(reader, writer)
        self.links.append(link)
        link.start()
        channel, _ = await link.send("connect")
        decoded = {name: unquote(value) for name, value in channel.items()}
        await link.send("linger 5")
        await link.send("myevents json")
        self.calls.put_nowait((link, decoded))

    async def call(self, *, within_s: float = REPLY_S) -> tuple[Link, Event]:
        return await asyncio.wait_for(self.calls.get(), within_s)


@asynccontextmanager
async def listening(port: int) -> AsyncIterator[Controller]:
    controller = Controller(port)
    server = await asyncio.start_server(controller._accept, "127.0.0.1", port)
    try:
        yield controller
    finally:
        server.close()
        for link in controller.links:
            await link.close()
        await server.wait_closed()
