"""A small contact centre: the real ACD on real PostgreSQL, NATS and gRPC, with a simulated switch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from freeswitch.simulator.config import Settings
from freeswitch.simulator.node import Simulator
from freeswitch.simulator.people import CallSpec
from services.acd.__main__ import serve
from services.acd.config import AcdConfig
from services.acd.service.counted import MENDED
from services.chassis import tenant
from services.chassis.bus import Bus
from services.chassis.envelope import Envelope
from services.chassis.errors import Unavailable
from services.chassis.ids import new_id
from services.chassis.process import Stop
from services.chassis.rpc import Client
from services.stubs.acd.v1 import acd_pb2 as pb
from services.stubs.acd.v1 import acd_pb2_grpc as grpc
from services.stubs.acd.v1 import events_pb2 as ev
from services.stubs.common.v1 import types_pb2

TENANT = "demo"
PATIENCE_S = 20.0  # for anything to happen; an idle machine needs a hundredth of it


async def until(holds: Callable[[], Any], what: str) -> Any:
    """Waits for a condition; what it gave is given back."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not (found := holds()):
                await asyncio.sleep(0.01)
            return found
    except TimeoutError:
        raise AssertionError(f"did not come: {what}") from None


def mended_so_far() -> float:
    return sum(s.value for m in MENDED.collect() for s in m.samples if s.name.endswith("_total"))


@dataclass
class Heard:
    """All events of the ACD, in order."""

    events: list[Envelope] = field(default_factory=list)

    def of(self, kind: str, about: str = "") -> list[Envelope]:
        return [e for e in self.events if e.type.endswith("." + kind) and about in ("", e.subject)]

    async def one(self, kind: str, about: str = "") -> dict[str, Any]:
        found: list[Envelope] = await until(lambda: self.of(kind, about), f"{kind} {about}")
        assert len(found) == 1, f"{kind} {about}: {len(found)} times"
        return found[0].data

    def story(self, contact_id: str) -> list[str]:
        return [
            e.type.rpartition(".")[2].removeprefix("Contact") for e in self.events if e.subject == contact_id
        ]


class Centre:
    """What a test holds: a switch, people, and the ACD's API."""

    def __init__(
        self, settings: dict[str, Any], switch: Simulator, client: Client[Any], database: Any
    ) -> None:
        self.settings = settings
        self.database = database
        self.switch = switch
        self.client = client
        self.heard = Heard()
        self.acd: asyncio.Task[None] | None = None
        self._stop = Stop()
        self._mended_before = mended_so_far()

    # ------------------------------------------------------------ the ACD

    async def start_acd(self, **more: Any) -> None:
        self._stop = Stop()
        config = AcdConfig(**self.settings | more)
        self.acd = asyncio.create_task(serve(config, self._stop))
        await self.served()

    async def served(self) -> None:
        """Waits until some ACD answers for us."""
        async with asyncio.timeout(PATIENCE_S):
            while not await self._serving():
                await asyncio.sleep(0.02)

    async def _serving(self) -> bool:
        if self.acd is not None and self.acd.done():
            self.acd.result()
            raise AssertionError("the ACD ended at once")
        try:
            await self.client.call(self.client.stub.ListQueues, pb.ListQueuesRequest(), timeout_s=2)
        except Unavailable:
            return False
        return True

    async def stop_acd(self) -> None:
        if self.acd is not None:
            self._stop.ask("test")
            async with asyncio.timeout(PATIENCE_S):
                await self.acd
            self.acd = None

    async def call(self, method: str, request: Any) -> Any:
        return await self.client.call(getattr(self.client.stub, method), request, timeout_s=10)

    # ------------------------------------------------------------ settings and agents

    async def queue(self, name: str = "sales", **settings: Any) -> None:
        await self.call("PutQueue", pb.Queue(name=name, **settings))

    async def agent(
        self, agent_id: str, extension: str, *queues: str, ready: bool = True, **phone: Any
    ) -> None:
        settings = pb.AgentSettings(
            agent_id=agent_id, name=agent_id, extension=extension, queues=queues or ("sales",)
        )
        await self.call("PutAgents", pb.PutAgentsRequest(agents=[settings]))
        self.phone(extension, **phone)
        if ready:
            await self.presence(agent_id, ev.PRESENCE_READY)

    def phone(self, extension: str, **how: Any) -> None:
        """How the agent's telephone behaves: mode, answer_after_ms, …"""
        assert self.sim(f"phone {extension} {orjson.dumps(how).decode()}").startswith("+OK")

    async def presence(self, agent_id: str, presence: Any) -> pb.Agent:
        request = pb.SetPresenceRequest(request_id=new_id(), agent_id=agent_id, presence=presence)
        answer: pb.Agent = await self.call("SetPresence", request)
        return answer

    async def routing(self, agent_id: str) -> str:
        agent = await self.call("GetAgent", pb.GetAgentRequest(agent_id=agent_id))
        return ev.RoutingStatus.Name(agent.routing_status).removeprefix("ROUTING_STATUS_")

    # ------------------------------------------------------------ callers

    def arrives(self, **more: Any) -> Caller:
        """A caller in the hands of a flow: answered, parked, known by an id."""
        contact_id = new_id()
        spec = {"from": "13800000001", "to": "10050", "variables": {"sy_contact_id": contact_id}} | more
        call = self.switch.people.call(CallSpec.of(spec))
        return Caller(self, contact_id, call.uuid)

    def sim(self, order: str) -> str:
        from freeswitch.simulator.api_sim import sim

        return str(sim(self.switch, order, None))

    def fault(self, **spec: Any) -> None:
        assert self.sim(f"fault {orjson.dumps(spec).decode()}").startswith("+OK")

    def mended(self) -> float:
        """In this centre; the counter is the whole process's, which runs other tests too."""
        return mended_so_far() - self._mended_before


@dataclass
class Caller:
    centre: Centre
    contact_id: str
    call_id: str

    @property
    def request(self) -> pb.OpenContactRequest:
        return pb.OpenContactRequest(
            contact_id=self.contact_id,
            call=types_pb2.CallRef(node=self.centre.switch.settings.name, call_id=self.call_id),
            from_number="13800000001",
            to_number="10050",
        )

    async def enqueue(self, queue: str = "sales", **more: Any) -> pb.EnqueueResponse:
        request = pb.EnqueueRequest(contact=self.request, queue=queue, holder="ivr1", **more)
        answer: pb.EnqueueResponse = await self.centre.call("Enqueue", request)
        return answer

    async def close(self, outcome: types_pb2.Outcome.ValueType) -> pb.CloseContactResponse:
        request = pb.CloseContactRequest(contact=self.request, outcome=outcome)
        answer: pb.CloseContactResponse = await self.centre.call("CloseContact", request)
        return answer

    def hang_up(self) -> None:
        assert self.centre.sim(f"hangup {self.call_id}").startswith("+OK")

    async def event(self, kind: str) -> dict[str, Any]:
        return await self.centre.heard.one(kind, self.contact_id)

    @property
    def story(self) -> list[str]:
        return self.centre.heard.story(self.contact_id)


@asynccontextmanager
async def open_centre(
    database: Any, nats_url: str, free_port: Callable[[], int], **settings: Any
) -> AsyncIterator[Centre]:
    switch = Simulator(Settings(show_lag_ms=20))
    for step in ("10050",):
        switch.dialplan.extra["public", step] = [
            ("set", f"sy_tenant={TENANT}"),
            ("set", "sy_leg=caller"),
            ("set", "hangup_after_bridge=true"),
            ("answer", ""),
            ("park", ""),
        ]
    await switch.start()
    port = free_port()
    basic = {
        "database_url": database.dsn("acd"),
        "nats_url": nats_url,
        "grpc_listen": f"127.0.0.1:{port}",
        "esl_nodes": f"{switch.settings.name}=127.0.0.1:{switch.port}",
        "esl_password": switch.settings.esl_password,
        "drain_s": 0.2,
        "acd_word_grace_ms": 200,
        "acd_projection_pace_s": 0.02,
        "acd_reconcile_s": 0.5,
        "acd_settle_ms": 400,
        "acd_verify_s": 0.1,
        "acd_outside_endpoint": "sofia/gateway/trunk/{number}",
        "acd_outside_prefixes": "+86,!+86100",
    }
    client: Client[Any] = Client(f"127.0.0.1:{port}", grpc.AcdStub, service="acd", timeout_s=10)
    centre = Centre(basic | settings, switch, client, database)
    bus = Bus(nats_url, service="listener")
    await bus.start()
    await bus.listen(["sy.demo.acd.>"], centre.heard.events.append)
    with tenant.use(TENANT):
        try:
            await centre.start_acd()
            yield centre
        finally:
            await centre.stop_acd()
            await client.close()
            await bus.stop(0.5)
            await switch.stop()
