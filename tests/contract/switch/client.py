"""A small ESL client of the tests' own: raw frames, nothing hidden, nothing shared with the product."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import urllib.parse
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

PATIENCE_S = 10.0
"""An answer that takes longer is a failure, not a slow machine."""


@dataclass(slots=True)
class Frame:
    """One message: outer headers and body."""

    headers: dict[str, str]
    body: str = ""

    @property
    def kind(self) -> str:
        return self.headers.get("Content-Type", "")

    @property
    def reply(self) -> str:
        return self.headers.get("Reply-Text", "")


@dataclass(slots=True)
class Event:
    """An event, decoded from plain or JSON."""

    headers: dict[str, str]
    body: str = ""

    @property
    def name(self) -> str:
        return self.headers.get("Event-Name", "")

    @property
    def uuid(self) -> str:
        return self.headers.get("Unique-ID", "")

    def __getitem__(self, name: str) -> str:
        return self.headers[name]

    def get(self, name: str, default: str = "") -> str:
        return self.headers.get(name, default)


def parse_headers(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.split("\n"):
        name, colon, value = line.partition(": ")
        if colon:
            found.setdefault(name, value)
    return found


def parse_event(frame: Frame) -> Event:
    if frame.kind == "text/event-json":
        raw = json.loads(frame.body)
        body = raw.pop("_body", "")
        flat = {k: v if isinstance(v, str) else "ARRAY::" + "|:".join(v) for k, v in raw.items()}
        return Event(flat, body)
    head, _, body = frame.body.partition("\n\n")
    return Event({k: urllib.parse.unquote(v) for k, v in parse_headers(head).items()}, body)


async def read_frame(reader: asyncio.StreamReader) -> Frame:
    head = (await reader.readuntil(b"\n\n")).decode("utf-8", "replace")
    headers = parse_headers(head)
    length = int(headers.get("Content-Length", "0"))
    if headers.get("Event-Name") == "CHANNEL_DATA":
        length = 0
    body = (await reader.readexactly(length)).decode("utf-8", "replace") if length else ""
    return Frame(headers, body)


@dataclass(eq=False)
class Esl:
    """Either end's connection: replies in order, events apart."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    events: list[Event] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    _replies: deque[Frame] = field(default_factory=deque)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _pump: asyncio.Task[None] | None = None
    closed: bool = False

    @classmethod
    async def connect(cls, port: int, password: str = "ClueCon", host: str = "127.0.0.1") -> Esl:
        link = cls(*await asyncio.open_connection(host, port))
        link.start()
        await link.frame("auth/request")
        assert (await link.command(f"auth {password}")).reply == "+OK accepted"
        return link

    def start(self) -> None:
        self._pump = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        try:
            while True:
                frame = await read_frame(self.reader)
                async with self._news:
                    self.frames.append(frame)
                    if frame.kind.startswith("text/event-"):
                        self.events.append(parse_event(frame))
                    elif frame.kind in {"command/reply", "api/response"}:
                        self._replies.append(frame)
                    self._news.notify_all()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            async with self._news:
                self.closed = True
                self._news.notify_all()

    async def _until(self, ready: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(lambda: ready() or self.closed)
        assert ready(), "the connection closed before it came"

    async def frame(self, kind: str) -> Frame:
        await self._until(lambda: any(one.kind == kind for one in self.frames))
        return next(one for one in self.frames if one.kind == kind)

    async def closing(self) -> None:
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(lambda: self.closed)

    def send(self, text: str) -> None:
        self.writer.write(text.encode("utf-8", "surrogateescape"))

    async def command(self, line: str, body: str = "", **fields: str) -> Frame:
        rows = [line, *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items())]
        if body:
            rows += ["content-type: text/plain", f"content-length: {len(body.encode())}"]
        self.send("\n".join(rows) + "\n\n" + body)
        return await self.answer()

    async def answer(self) -> Frame:
        await self._until(lambda: bool(self._replies))
        return self._replies.popleft()

    async def api(self, line: str) -> str:
        return (await self.command(f"api {line}")).body

    async def execute(self, app: str, arg: str = "", uuid: str = "", **more: str) -> Frame:
        fields = {"call-command": "execute", "execute-app-name": app, "execute-app-arg": arg}
        rows = [f"sendmsg {uuid}".strip(), *(f"{k}: {v}" for k, v in fields.items() if v)]
        rows += [f"{k.replace('_', '-')}: {v}" for k, v in more.items()]
        self.send("\n".join(rows) + "\n\n")
        return await self.answer()

    async def event(self, name: str, uuid: str = "", *, nth: int = 1, **headers: str) -> Event:
        """The nth event of that name (and channel, and header values) since the connection began."""

        def matching() -> list[Event]:
            return [
                one
                for one in self.events
                if one.name == name
                and (not uuid or one.uuid == uuid)
                and all(one.get(key.replace("_", "-")) == value for key, value in headers.items())
            ]

        await self._until(lambda: len(matching()) >= nth)
        return matching()[nth - 1]

    def names(self, uuid: str) -> list[str]:
        return [one.name for one in self.events if one.uuid == uuid]

    async def close(self) -> None:
        self.writer.close()
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


class Controller:
    """A socket server as an IVR is: takes the switch's calls one after the other."""

    def __init__(self) -> None:
        self._calls: asyncio.Queue[Esl] = asyncio.Queue()
        self.links: list[Esl] = []
        self._server: asyncio.Server | None = None

    async def start(self) -> Controller:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    @property
    def address(self) -> str:
        assert self._server is not None
        return f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = Esl(reader, writer)
        self.links.append(link)
        link.start()
        await self._calls.put(link)

    async def call(self) -> tuple[Esl, dict[str, str]]:
        """The next call and its channel data, after `connect`."""
        async with asyncio.timeout(PATIENCE_S):
            link = await self._calls.get()
        data = (await link.command("connect")).headers
        return link, {k: urllib.parse.unquote(v) for k, v in data.items()}

    async def stop(self) -> None:
        for link in self.links:
            await link.close()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()


_numbers = itertools.count(1)


def fresh_uuid() -> str:
    """Readable and unique within a run."""
    return f"5c0e0000-0000-4000-8000-{next(_numbers):012d}"
