"""mod_callcenter, FreeSWITCH's own queue, as one who routes: told of people by its own commands.

Its settings are the best for it: longest idle, no delays, no music, no wrap-up.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from tests.bench.routing.wire import Event, Wire, connect

MODULE = "mod_callcenter"
QUEUE = "bench"


class PeerDesk:
    """Over a connection of its own: its commands wait for its dispatcher, and nothing else should."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def open(self, agents: Sequence[str], *, wrap_up_s: int) -> None:
        """It knows them from its configuration."""

    async def ready(self, agent: str) -> None:
        await self._set(agent, "Available")

    async def away(self, agent: str) -> None:
        await self._set(agent, "'On Break'")

    async def _set(self, agent: str, status: str) -> None:
        said = await self._wire.api(f"callcenter_config agent set status {agent} {status}")
        if not said.startswith("+OK"):
            raise RuntimeError(f"{MODULE}: {agent} cannot be {status}: {said}")

    async def enqueue(self, call_id: str) -> None:
        """Tells the caller's leg to run the queue's application."""
        self._wire.send(f"bgapi uuid_transfer {call_id} callcenter:{QUEUE} inline")


@asynccontextmanager
async def peer_desk(port: int, password: str) -> AsyncIterator[PeerDesk]:
    wire = await connect(port, password, "", _nothing)
    try:
        yield PeerDesk(wire)
    finally:
        wire.close()


def _nothing(_: Event) -> None: ...
