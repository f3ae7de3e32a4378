"""ESL on the wire: framing of commands, replies, and a connection that keeps their order.

Commands of one connection are answered one by one; while one is being answered, or half of one lies
in the buffer, no event is sent on that connection (transcripts 12, 13).
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Iterator
from typing import TYPE_CHECKING, cast

from freeswitch.simulator.events import Event
from freeswitch.simulator.subscriptions import Subscription

if TYPE_CHECKING:
    from freeswitch.simulator.node import Simulator

GOODBYE = "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
MAX_REPLY = 511
"""mod_event_socket writes replies into char[512]: longer ones are cut without a sign."""


class TooLongError(Exception):
    """More than one command's worth of bytes without an end."""


class Command:
    """One command with its header lines and body."""

    __slots__ = ("_by_name", "body", "fields", "line")

    def __init__(self, line: str, fields: list[tuple[str, str]], body: str) -> None:
        self.line = line
        self.fields = fields
        self.body = body
        self._by_name = {name.lower(): value for name, value in reversed(fields)}

    def get(self, name: str, default: str = "") -> str:
        """A header by its name in small letters; the first one counts."""
        return self._by_name.get(name, default)


def _parse_head(head: bytes) -> Command:
    lines = head.decode("utf-8", "surrogateescape").replace("\r", "\n").split("\n")
    fields = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            fields.append((name, value.lstrip(" ")))
    return Command(lines[0], fields, "")


class CommandReader:
    """Bytes in, commands out."""

    def __init__(self, limit: int) -> None:
        self._buffer = bytearray()
        self._limit = limit
        self._waiting: tuple[Command, int] | None = None

    @property
    def partial(self) -> bool:
        """Half a command is here: events wait."""
        return bool(self._buffer) or self._waiting is not None

    def feed(self, data: bytes) -> Iterator[Command]:
        self._buffer += data
        while (command := self._next()) is not None:
            yield command
        if len(self._buffer) > self._limit:
            raise TooLongError

    def _next(self) -> Command | None:
        if self._waiting is None and not self._read_head():
            return None
        assert self._waiting is not None  # noqa: S101 - set by _read_head
        command, length = self._waiting
        if len(self._buffer) < length:
            return None
        command.body = bytes(self._buffer[:length]).decode("utf-8", "surrogateescape")
        del self._buffer[:length]
        self._waiting = None
        return command

    def _read_head(self) -> bool:
        blank = len(self._buffer) - len(self._buffer.lstrip(b"\r\n"))
        del self._buffer[:blank]
        end = _BLANK_LINE.search(self._buffer)
        if end is None:
            return False
        command = _parse_head(bytes(self._buffer[: end.start()]))
        del self._buffer[: end.end()]
        length = command.get("content-length")
        self._waiting = command, min(int(length), self._limit) if length.isdigit() else 0
        return True


class Connection(asyncio.Protocol):
    """A client, seen from the switch: its commands in, replies and events out."""

    outbound = False

    def __init__(self, node: Simulator) -> None:
        self.node = node
        self.number = node.numbered()
        self.subscription = Subscription()
        self.transport: asyncio.Transport | None = None
        self.closed = asyncio.get_running_loop().create_future()
        self._reader = CommandReader(node.settings.max_command_bytes)
        self._commands: deque[Command] = deque()
        self._out: list[bytes] = []
        self._held: list[bytes] = []
        self._flush_due = False
        self._busy = False
        self._ending = False
        self._slow: asyncio.Task[None] | None = None
        self.lost = 0

    # -- what the bus asks

    @property
    def everything(self) -> bool:
        return self.subscription.everything

    @property
    def names(self) -> set[str]:
        return self.subscription.wanted

    @property
    def own_uuid(self) -> str | None:
        return None

    def takes(self, event: Event) -> bool:
        asked = self.subscription
        if not asked.enabled or self._ending:
            return False
        unheard = bool(event.subclass) and event.subclass not in asked.subclasses
        if event.name == "CUSTOM" and unheard and not asked.all_subclasses:
            return False
        # myevents of a channel that was not there: only events of some channel, filtered by none.
        if asked.mine and not event.uuid:
            return False
        return asked.passes(event)

    def offer(self, event: Event) -> None:
        if self._busy or self._reader.partial:
            self._held.append(event.wire(self.subscription.format))
            if len(self._held) > 100_000:
                self._lose()
            return
        self._out.append(event.wire(self.subscription.format))
        self._schedule()

    def _lose(self) -> None:
        self._held.pop()
        self.lost += 1
        if self.lost > self.node.settings.max_lost_events:
            self.abort()

    # -- asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.node.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ending = True
        self.transport = None  # uvloop raises on a write to a lost one
        self.node.connections.discard(self)
        self.node.bus.forget(self)
        if not self.closed.done():
            self.closed.set_result(None)
        if self._slow is not None:
            self._slow.cancel()

    def data_received(self, data: bytes) -> None:
        try:
            self._commands.extend(self._reader.feed(data))
        except TooLongError:
            self.abort()
            return
        self._work()

    # -- commands in order

    def handle(self, command: Command) -> Awaitable[None] | None:
        """Answer one command; an awaitable means the connection stands still until it is done."""
        raise NotImplementedError

    def _work(self) -> None:
        if self._busy:
            return
        self._busy = True
        while self._commands and not self._ending:
            command = self._commands.popleft()
            if self.node.faults.swallows(command.line):
                continue
            slow = self.node.faults.slow_s
            todo = self._later(slow, command) if slow else self.handle(command)
            if todo is not None:
                self._slow = asyncio.ensure_future(self._finish(todo))
                return
        self._idle()

    async def _later(self, delay_s: float, command: Command) -> None:
        await asyncio.sleep(delay_s)
        todo = self.handle(command)
        if todo is not None:
            await todo

    async def _finish(self, todo: Awaitable[None]) -> None:
        await todo
        self._slow = None
        self._busy = False
        self._work()

    def _idle(self) -> None:
        self._busy = False
        if self._held and not self._reader.partial:
            self._out += self._held
            self._held = []
            self._schedule()

    # -- writing

    def write(self, data: bytes) -> None:
        if not self._ending:
            self._out.append(data)
            self._schedule()

    def reply(self, text: str) -> None:
        cut = text.encode("utf-8", "surrogateescape")[:MAX_REPLY]
        self.write(b"Content-Type: command/reply\nReply-Text: %s\n\n" % cut)

    def api_reply(self, text: str) -> None:
        body = text.encode("utf-8", "surrogateescape")
        self.write(b"Content-Type: api/response\nContent-Length: %d\n\n%s" % (len(body), body))

    def _schedule(self) -> None:
        if not self._flush_due:
            self._flush_due = True
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """All that was said in one turn of the loop leaves in one write."""
        self._flush_due = False
        out, self._out = self._out, []
        if self.transport is None or self.transport.is_closing() or not out:
            return
        if self.transport.get_write_buffer_size() > self.node.settings.max_unsent_bytes:
            self.lost += len(out)
            if self.lost > self.node.settings.max_lost_events:
                self.abort()
            return
        self.transport.write(b"".join(out))

    # -- ending

    def notice(self, text: str, extra: str = "") -> None:
        body = text.encode()
        self.write(
            f"Content-Type: text/disconnect-notice\n{extra}Content-Length: {len(body)}\n\n".encode() + body
        )

    def close(self) -> None:
        """Say what is left to say, then close."""
        if not self._ending:
            self._ending = True
            self.flush()
            if self.transport is not None:
                self.transport.close()

    def abort(self) -> None:
        self._ending = True
        self._out.clear()
        if self.transport is not None:
            self.transport.abort()
