"""Who routes: the ACD over gRPC (the bench is its IVR and its gateway), or something to compare it with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import cycle
from typing import Any, Protocol

import nats
import orjson
from grpc import aio

from services.chassis import tenant
from services.chassis.ids import new_id
from services.stubs.acd.v1 import acd_pb2 as pb
from services.stubs.acd.v1 import acd_pb2_grpc
from services.stubs.acd.v1 import events_pb2 as ev
from services.stubs.common.v1 import types_pb2

TENANT = "demo"
METADATA = ((tenant.METADATA_KEY, TENANT),)
LONGEST_S = 20.0
QUEUE = "bench"
HOLDERS = 5
"""IVR processes that the callers are spread over: one of them holds 2,000 calls at most."""
AGENTS_AT_ONCE = 2_500  # in one PutAgents


class Desk(Protocol):
    """What the bench asks of whoever routes."""

    async def open(self, agents: Sequence[str], *, wrap_up_s: int) -> None:
        """A queue and its agents, none of them ready."""

    async def ready(self, agent: str) -> None: ...
    async def away(self, agent: str) -> None: ...
    async def enqueue(self, call_id: str) -> None: ...


class AcdDesk:
    """The ACD. `contacts` have their caller's uuid as id: one word less to keep.

    With gRPC's own stub, not the suite's client: who measures should cost little.
    """

    def __init__(self, stub: Any, node: str) -> None:
        self._stub = stub
        self._node = node
        self._holders = cycle(f"bench-ivr-{number}" for number in range(HOLDERS))
        self.places = 0
        """News of changed places, of all holders."""

    async def open(self, agents: Sequence[str], *, wrap_up_s: int) -> None:
        queue = pb.Queue(name=QUEUE, wrap_up_s=wrap_up_s, max_length=50_000, ring_timeout_s=15)
        await self._call("PutQueue", queue)
        for at in range(0, len(agents), AGENTS_AT_ONCE):
            some = [
                pb.AgentSettings(agent_id=name, name=name, extension=name, queues=[QUEUE])
                for name in agents[at : at + AGENTS_AT_ONCE]
            ]
            await self._call("PutAgents", pb.PutAgentsRequest(agents=some))

    async def ready(self, agent: str) -> None:
        await self._presence(agent, ev.PRESENCE_READY)

    async def away(self, agent: str) -> None:
        await self._presence(agent, ev.PRESENCE_OFFLINE)

    async def _presence(self, agent: str, presence: Any) -> None:
        await self._call(
            "SetPresence", pb.SetPresenceRequest(request_id=new_id(), agent_id=agent, presence=presence)
        )

    async def enqueue(self, call_id: str) -> None:
        who = pb.OpenContactRequest(
            contact_id=call_id,
            call=types_pb2.CallRef(node=self._node, call_id=call_id),
            from_number="13800000001",
            to_number="10050",
        )
        await self._call("Enqueue", pb.EnqueueRequest(contact=who, queue=QUEUE, holder=next(self._holders)))

    async def wrapped_up(self, agent: str, call_id: str) -> None:
        await self._call(
            "FinishWrapUp",
            pb.FinishWrapUpRequest(
                request_id=new_id(), agent_id=agent, contact_id=call_id, disposition="resolved"
            ),
        )

    async def _call(self, method: str, request: Any) -> Any:
        return await getattr(self._stub, method)(request, timeout=LONGEST_S, metadata=METADATA)

    async def watch(self) -> None:
        """As IVRs do for the callers they hold; for ever. Raises what ends a stream."""
        async with asyncio.TaskGroup() as group:
            for _ in range(HOLDERS):
                group.create_task(self._watch(next(self._holders)))

    async def _watch(self, holder: str) -> None:
        request = pb.WatchContactsRequest(holder=holder, places_together=True)
        async for news in self._stub.WatchContacts(request, metadata=METADATA):
            self.places += len(news.places.places)


@asynccontextmanager
async def acd_desk(grpc_port: int, node: str) -> AsyncIterator[AcdDesk]:
    async with aio.insecure_channel(f"127.0.0.1:{grpc_port}") as channel, asyncio.TaskGroup() as group:
        desk = AcdDesk(acd_pb2_grpc.AcdStub(channel), node)
        watching = group.create_task(desk.watch())
        try:
            yield desk
        finally:
            watching.cancel()


class BareDesk:
    """tests.bench.routing.bare, told a line each."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def open(self, agents: Sequence[str], *, wrap_up_s: int = 0) -> None:
        """It knows nobody before they come."""

    async def ready(self, agent: str) -> None:
        self._say("agent", agent)

    async def away(self, agent: str) -> None:
        self._say("away", agent)

    async def enqueue(self, call_id: str) -> None:
        self._say("caller", call_id)

    def _say(self, what: str, who: str) -> None:
        self._writer.write(f"{what} {who}\n".encode())


@asynccontextmanager
async def bare_desk(port: int) -> AsyncIterator[BareDesk]:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield BareDesk(writer)
    finally:
        writer.close()


@asynccontextmanager
async def released(url: str, heard: Callable[[str, str], None]) -> AsyncIterator[None]:
    """Calls `heard(agent, contact)` when a conversation is over, as the gateway hears of it."""
    connection = await nats.connect(url)

    async def take(message: Any) -> None:
        data = orjson.loads(message.data)["data"]
        heard(data["agentId"], data["contactId"])

    await connection.subscribe(f"sy.{TENANT}.acd.contact.released", cb=take)
    try:
        yield
    finally:
        await connection.close()
