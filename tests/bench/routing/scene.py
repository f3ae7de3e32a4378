"""A switch, somebody who routes on it, and people: put up for one measurement, gone after it."""

from __future__ import annotations

import asyncio
import gc
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import nats

from deploy.local.processes import Child
from services.acd.store import PROJECTION
from services.chassis.bus import STREAM
from tests.bench.routing import parts as p
from tests.bench.routing.desk import AcdDesk, Desk, acd_desk, bare_desk, released
from tests.bench.routing.hall import Hall
from tests.bench.routing.peer import MODULE, peer_desk

SETTLE_S = 60.0
QUIET_S = 1.0
ACD, BARE, PEER = "ACD", "bare controller", MODULE


@dataclass(frozen=True)
class Switch:
    """One to route on."""

    name: str
    port: int
    pids: Mapping[str, list[int]]
    phones: str
    """What the bare controller dials: this and the agent's name."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of the ACD on it."""
    tickle: tuple[str, ...] = ()
    """Of the bare controller on it."""


@dataclass
class Scene:
    """`kind` is what routes and `router` its process, unless the switch does it itself."""

    parts: p.Parts
    hall: Hall
    kind: str
    router: Child | None
    pids: dict[str, list[int]]
    acd: p.Acd | None = None

    def meter(self) -> p.Meter:
        """Of all processes."""
        return p.Meter(self.pids | {"PostgreSQL": self.parts.postgres_pids, "bench": [os.getpid()]})

    @asynccontextmanager
    async def behind(self) -> AsyncIterator[Behind]:
        assert self.acd is not None
        connection = await nats.connect(self.acd.nats.url)
        try:
            yield Behind(connection)
        finally:
            await connection.close()

    async def settle(self) -> bool:
        """Until nothing is left over from before. False when that takes too long."""
        await asyncio.sleep(QUIET_S)
        if self.acd is None:
            return True
        async with self.behind() as behind:
            return await behind.caught_up(SETTLE_S)


class Behind:
    """How many of its own events the ACD has still to write into its tables."""

    def __init__(self, connection: nats.NATS) -> None:
        self._js = connection.jetstream()

    async def events(self) -> int:
        found = await self._js.consumer_info(STREAM, PROJECTION)
        return int((found.num_pending or 0) + (found.num_ack_pending or 0))

    async def made(self) -> int:
        """Events in the stream so far."""
        return int((await self._js.stream_info(STREAM)).state.last_seq)

    async def caught_up(self, within_s: float) -> bool:
        try:
            async with asyncio.timeout(within_s):
                while await self.events():
                    await asyncio.sleep(0.2)
        except TimeoutError:
            return False
        return True


@asynccontextmanager
async def simulated(
    parts: p.Parts, kind: str, agents: int, *, talk_ms: int | None = None, wrap_up_s: int = 0
) -> AsyncIterator[Scene]:
    """On a simulator of its own. Phones answer at once and, with `talk_ms`, hang up."""
    child, port = await parts.simulator()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(parts.stop, child)
        switch = Switch(p.NODE, port, {"simulator": [child.pid]}, "user/")
        scene = await routed(parts, stack, kind, switch, agents)
        phone = {"mode": "auto_answer", "answer_after_ms": 0} | ({"talk_ms": talk_ms} if talk_ms else {})
        for agent in scene.hall.agents:
            scene.hall.wire.send(f"api sim phone {agent} {json.dumps(phone)}")
        await scene.hall.desk.open(scene.hall.agents, wrap_up_s=wrap_up_s)
        if wrap_up_s:
            await wrapping_up(stack, scene)
        yield scene


async def wrapping_up(stack: AsyncExitStack, scene: Scene) -> None:
    """Every agent's form is in as soon as the gateway could know that the conversation is over."""
    desk, hall, acd = scene.hall.desk, scene.hall, scene.acd
    if isinstance(desk, AcdDesk) and acd is not None:

        def over(agent: str, contact: str) -> None:
            hall.spawn(desk.wrapped_up(agent, contact))

        await stack.enter_async_context(released(acd.nats.url, over))


async def routed(parts: p.Parts, stack: AsyncExitStack, kind: str, switch: Switch, agents: int) -> Scene:
    """Somebody who routes on that switch, and a hall of people; the stack ends both."""
    gc.collect()
    acd, child = None, None
    desk: Desk
    if kind == ACD:
        acd = await parts.acd(switch.port, switch.name, switch.settings)
        child = acd.child
        stack.push_async_callback(parts.stop, child)
        desk = await stack.enter_async_context(acd_desk(acd.grpc_port, switch.name))
    elif kind == PEER:
        desk = await stack.enter_async_context(peer_desk(switch.port, p.ESL_PASSWORD))
    else:
        child, port = await parts.bare(switch.port, switch.phones, *switch.tickle)
        stack.push_async_callback(parts.stop, child)
        desk = await stack.enter_async_context(bare_desk(port))
    hall = Hall(desk, agents)
    await hall.listen(switch.port, p.ESL_PASSWORD)
    stack.push_async_callback(hall.close)
    pids = dict(switch.pids) if child is None else {kind: [child.pid], **switch.pids}
    if acd is not None:
        pids["NATS"] = [acd.nats.pid]
    return Scene(parts, hall, kind, child, pids, acd)
