"""A call that arrives at the outbound server, as FreeSWITCH makes it: `socket host:port async full`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import quote
from uuid import uuid4

from services.chassis.esl import OutboundCall, OutboundServer, OutboundSettings
from tests.unit.esl.peer import Conversation, esl_thread, framed, json_event, reply


class Caller(Conversation):
    """The switch's end of one call's socket."""

    uuid = ""

    @classmethod
    async def arrive(cls, port: int, *, name: str = "Alice", expect_taken: bool = True) -> Caller:
        """Connects and goes through connect, linger and myevents."""
        caller = cls(*await asyncio.open_connection("127.0.0.1", port))
        caller.uuid = str(uuid4())
        if expect_taken:
            await caller.introduce(name)
        return caller

    async def introduce(self, name: str) -> None:
        assert await self.command() == "connect"
        fields = {
            "Event-Name": "CHANNEL_DATA",
            "Unique-ID": self.uuid,
            "Caller-Caller-ID-Name": name,
            "variable_sy_leg": "caller",
            "Content-Type": "command/reply",
            "Reply-Text": "+OK\n",
            "Control": "full",
        }
        await self.send(
            "".join(f"{key}: {quote(value, safe='/')}\n" for key, value in fields.items()).encode() + b"\n"
        )
        assert (await self.command()).startswith("linger ")
        await self.send(reply("+OK will linger 5 seconds"))
        assert await self.command() == "myevents json"
        await self.send(reply("+OK Events Enabled"))

    async def app(self) -> dict[str, str]:
        """The next sendmsg, accepted."""
        said = await self.command()
        await self.send(reply("+OK"))
        return dict(line.split(": ", 1) for line in said.split("\n")[1:])

    async def event(self, name: str, headers: dict[str, str] | None = None) -> None:
        await self.send(json_event(name, {"Unique-ID": self.uuid} | (headers or {})))

    async def complete(self, app: dict[str, str]) -> None:
        """CHANNEL_EXECUTE_COMPLETE of an application."""
        done = {"Application": app["execute-app-name"], "Application-UUID": app["Event-UUID"]}
        await self.event("CHANNEL_EXECUTE_COMPLETE", done)

    async def hang_up(self) -> None:
        """As with linger: the notice first, then the last event."""
        notice = f"Content-Type: text/disconnect-notice\nControlled-Session-UUID: {self.uuid}\n"
        rest = "Content-Disposition: linger\nLinger-Time: 5\nContent-Length: 0\n\n"
        await self.send((notice + rest).encode())
        await self.event("CHANNEL_HANGUP_COMPLETE", {"Hangup-Cause": "NORMAL_CLEARING"})

    async def good_bye(self) -> None:
        """The real end, after the linger."""
        await self.send(framed("text/disconnect-notice", b"Disconnected, goodbye.\n"))
        self.close()

    async def ended(self) -> bool:
        """Answers what still comes, until the other end closes."""
        try:
            while True:
                await self.command()
                await self.send(reply("+OK"))
        except ConnectionError:
            self.close()
            return True


@asynccontextmanager
async def serving(
    handler: Callable[[OutboundCall], Awaitable[None]],
    settings: OutboundSettings = OutboundSettings(),  # noqa: B008 - frozen
) -> AsyncIterator[OutboundServer]:
    """A started server while the block runs."""
    async with esl_thread() as thread:
        server = OutboundServer(thread, "127.0.0.1", 0, handler, settings=settings)
        await server.start()
        try:
            yield server
        finally:
            await server.stop(drain_s=5)
