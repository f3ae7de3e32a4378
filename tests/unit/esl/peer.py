"""A small scripted switch on loopback: real TCP, and it says exactly what a test tells it to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import orjson

from services.chassis.esl import EslNode, EslThread, Event, Link, LinkDown, LinkSettings, LinkUp

PASSWORD = "ClueCon"
CORE_UUID = "6d3469a8-abf4-4b59-b1a1-b7a15070c305"
STATUS = "UP 0 years, 0 days\n"

# Nothing here waits for luck: short bounds make a broken test fail soon, and a whole one never meets them.
QUICK = LinkSettings(
    command_timeout_s=5.0,
    connect_timeout_s=5.0,
    backoff_min_s=0.01,
    backoff_max_s=0.02,
    tickle_interval_ms=0,
    ping_interval_s=60,
)

Script = Callable[["Conversation"], Awaitable[None]]
Kind = TypeVar("Kind", Event, LinkUp, LinkDown)


def json_event(name: str, headers: Mapping[str, object] | None = None, body: str | None = None) -> bytes:
    """A `text/event-json` message as FreeSWITCH writes it."""
    fields: dict[str, object] = {
        "Event-Name": name,
        "Core-UUID": CORE_UUID,
        "FreeSWITCH-Switchname": "fslab",
    }
    fields |= headers or {}
    if body is not None:
        fields["_body"] = body
    return framed("text/event-json", orjson.dumps(fields))


def framed(kind: str, body: bytes) -> bytes:
    """A message with a body."""
    return b"Content-Length: %d\nContent-Type: %s\n\n%s" % (len(body), kind.encode(), body)


def reply(text: str) -> bytes:
    """A `command/reply`."""
    return f"Content-Type: command/reply\nReply-Text: {text}\n\n".encode()


def api_response(text: str) -> bytes:
    """An `api/response`."""
    body = text.encode()
    return b"Content-Type: api/response\nContent-Length: %d\n\n%s" % (len(body), body)


class Conversation:
    """The switch's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.heard: list[str] = []
        self.over = asyncio.Event()

    async def command(self) -> str:
        """The next command without its empty line; empty lines before it are skipped."""
        raw = b""
        while not raw.endswith(b"\n\n"):
            line = await self.reader.readline()
            if not line:
                raise ConnectionResetError
            raw += line if raw or line != b"\n" else b""
        text = raw.decode().removesuffix("\n\n")
        self.heard.append(text)
        return text

    async def send(self, *pieces: bytes) -> None:
        """Sends the pieces as one."""
        self.writer.write(b"".join(pieces))
        await self.writer.drain()

    async def flood(self) -> None:
        """Sends events as fast as they are taken, for ever."""
        events = json_event("CHANNEL_ANSWER") * 100
        while True:
            await self.send(events)
            await asyncio.sleep(0)  # `drain` alone would not let anybody else run

    async def welcome(self) -> None:
        """auth/request, and the password accepted or refused."""
        await self.send(b"Content-Type: auth/request\n\n")
        accepted = await self.command() == f"auth {PASSWORD}"
        await self.send(reply("+OK accepted" if accepted else "-ERR invalid"))

    async def sign_in(self) -> None:
        """All that a link says before it is up."""
        await self.welcome()
        while (said := await self.command()).split(" ")[0] != "bgapi":
            await self.send(reply(f"+OK {said.split(' ')[0]}"))
        await self.job(said, STATUS)

    async def job(self, said: str, result: str) -> None:
        """Accepts a bgapi command and gives its result."""
        job_uuid = job_of(said)
        await self.send(
            f"Content-Type: command/reply\nReply-Text: +OK Job-UUID: {job_uuid}\n"
            f"Job-UUID: {job_uuid}\n\n".encode(),
            json_event("BACKGROUND_JOB", {"Job-UUID": job_uuid}, result),
        )

    async def until_closed(self) -> None:
        """Waits for the other end to close."""
        while await self.reader.read(65536):
            pass

    def close(self) -> None:
        """Ends the connection."""
        self.writer.close()

    def reset(self) -> None:
        """Ends the connection as a crash does: RST, no FIN."""
        self.writer.transport.abort()


def job_of(said: str) -> str:
    """The Job-UUID of a bgapi command."""
    return said.rpartition("Job-UUID: ")[2]


async def polite(said: Conversation) -> None:
    """Signs in, then answers everything with +OK."""
    await said.sign_in()
    await answer_all(said)


async def answer_all(said: Conversation) -> None:
    """Answers every command with +OK until the other end closes."""
    while True:
        command = await said.command()
        if command.startswith("bgapi "):
            await said.job(command, "+OK\n")
        else:
            await said.send(api_response("+OK\n") if command.startswith("api ") else reply("+OK"))


class Peer:
    """Listens; each connection plays the next script, the last one again and again."""

    def __init__(self, *scripts: Script) -> None:
        self._scripts = list(scripts)
        self._tasks: set[asyncio.Task[None]] = set()
        self.conversations: list[Conversation] = []
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for conversation in self.conversations:
            conversation.writer.transport.abort()
        await self._server.wait_closed()

    @property
    def node(self) -> EslNode:
        return EslNode("lab", "127.0.0.1", self.port, PASSWORD)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        conversation = Conversation(reader, writer)
        self.conversations.append(conversation)
        script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
        try:
            await script(conversation)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._tasks.discard(task)
            conversation.over.set()


@asynccontextmanager
async def peer(*scripts: Script) -> AsyncIterator[Peer]:
    """A peer while the block runs."""
    made = Peer(*scripts)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


@asynccontextmanager
async def esl_thread() -> AsyncIterator[EslThread]:
    """A running thread while the block runs."""
    thread = EslThread("test")
    thread.start()
    try:
        yield thread
    finally:
        await thread.stop()


@asynccontextmanager
async def linked(
    *scripts: Script,
    events: Sequence[str] = ("CHANNEL_ANSWER",),
    settings: LinkSettings = QUICK,
    permit: Callable[[], bool] = lambda: True,
) -> AsyncIterator[tuple[Link, Peer]]:
    """A started link to a peer that plays `scripts`."""
    async with peer(*scripts) as switch, esl_thread() as thread:
        link = Link(thread, switch.node, events=events, settings=settings, permit=permit)
        await link.start()
        try:
            yield link, switch
        finally:
            await link.stop()


async def up(link: Link) -> LinkUp:
    """The link's next LinkUp; whatever comes before it is passed over."""
    return await following(link, LinkUp)


async def following(link: Link, kind: type[Kind]) -> Kind:
    """The next item of that kind in the link's stream."""
    async for item in link.stream():
        if isinstance(item, kind):
            return item
    raise AssertionError(f"the stream ended without {kind.__name__}")
