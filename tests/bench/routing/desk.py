"""Who routes: the ACD over gRPC (the bench is its IVR and its gateway), or something to compare it with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

import nats
import orjson

from services.chassis import tenant
from services.chassis.ids import new_id
from services.chassis.rpc import Client
from services.stubs.acd.v1 import acd_pb2 as pb
from services.stubs.acd.v1 import acd_pb2_grpc as grpc
from services.stubs.acd.v1 import events_pb2 as ev
from services.stubs.common.v1 import types_pb2

TENANT = "demo"
QUEUE = "bench"
HOLDER = "bench-ivr"
AGENTS_AT_ONCE = 2_500  # in one PutAgents


class Desk(Protocol):
    """What the bench asks of whoever routes."""

    async def open(self, agents: Sequence[str], *, wrap_up_s: int) -> None:
        """A queue and its agents, none of them ready."""

    async def ready(self, agent: str) -> None: ...
    async def away(self, agent: str) -> None: ...
    async def enqueue(self, call_id: str) -> None: ...


class AcdDesk:
    """The ACD. `contacts` have their caller's uuid as id: one word less to keep."""

    def __init__(self, client: Client[Any], node: str) -> None:
        self._client = client
        self._node = node

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
        await self._call("Enqueue", pb.EnqueueRequest(contact=who, queue=QUEUE, holder=HOLDER))

    async def wrapped_up(self, agent: str, call_id: str) -> None:
        await self._call(
            "FinishWrapUp",
            pb.FinishWrapUpRequest(
                request_id=new_id(), agent_id=agent, contact_id=call_id, disposition="resolved"
            ),
        )

    async def _call(self, method: str, request: Any) -> Any:
        return await self._client.call(getattr(self._client.stub, method), request, timeout_s=20)

    async def watch(self) -> None:
        """As the IVR does for the callers it holds; for ever."""
        request = pb.WatchContactsRequest(holder=HOLDER)
        async for _ in self._client.stream(self._client.stub.WatchContacts, request):
            pass


@asynccontextmanager
async def acd_desk(grpc_port: int, node: str) -> AsyncIterator[AcdDesk]:
    client: Client[Any] = Client(f"127.0.0.1:{grpc_port}", grpc.AcdStub, service="acd", timeout_s=20)
    desk = AcdDesk(client, node)
    with tenant.use(TENANT):
        watching = asyncio.create_task(desk.watch())
        try:
            yield desk
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await client.close()


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
