"""Agents who left their desk: the ACD is told, and told again until it has heard."""

from __future__ import annotations

import asyncio

import structlog

from services.chassis import tenant
from services.chassis.errors import Denied, Invalid, NotFound, SwitchyardError
from services.chassis.ids import new_id
from services.gateway.api.peers import Peers
from services.gateway.domain import CONNECTION_LOST
from services.gateway.store import Store
from services.stubs.acd.v1 import acd_pb2, events_pb2

log = structlog.get_logger()

ENTRIES = 20_000  # every agent of a large installation at once
AT_ONCE = 20  # calls to the ACD in flight
RETRY_S = 1.0


class Departures:
    """`lost`: no more calls (other work). `gone`: signed out (offline). `back`: never mind."""

    def __init__(self, peers: Peers, store: Store, gateway: str) -> None:
        self._peers = peers
        self._store = store
        self._gateway = gateway
        self._left: dict[tuple[str, str], events_pb2.Presence.ValueType] = {}
        self._wake = asyncio.Event()

    def lost(self, slug: str, agent_id: str) -> None:
        self._note(slug, agent_id, events_pb2.PRESENCE_OTHER_WORK)

    def gone(self, slug: str, agent_id: str) -> None:
        self._note(slug, agent_id, events_pb2.PRESENCE_OFFLINE)

    def back(self, slug: str, agent_id: str) -> None:
        self._left.pop((slug, agent_id), None)

    def _note(self, slug: str, agent_id: str, presence: events_pb2.Presence.ValueType) -> None:
        if len(self._left) >= ENTRIES:
            log.error("departure_dropped", agent_id=agent_id)
            return
        self._left[slug, agent_id] = presence
        self._wake.set()

    async def run(self) -> None:
        """For ever. What the ACD did not hear is repeated every second."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._left:
                some = list(self._left.items())[:AT_ONCE]
                done = await asyncio.gather(*(self._tell(desk, what) for desk, what in some))
                if not all(done):
                    await asyncio.sleep(RETRY_S)

    async def _tell(self, desk: tuple[str, str], presence: events_pb2.Presence.ValueType) -> bool:
        slug, agent_id = desk
        tenant.bind(slug)  # gather gave this its own context
        try:
            if presence == events_pb2.PRESENCE_OFFLINE or await self._takes_calls(agent_id):
                await self._set(agent_id, presence)
            await self._store.delete_socket(agent_id, self._gateway)
        except (NotFound, Invalid, Denied) as refused:
            log.warning("departure_refused", agent_id=agent_id, detail=refused.sentence)
        except SwitchyardError:
            return False
        if self._left.get(desk) == presence:  # else something newer was noted meanwhile
            del self._left[desk]
        return True

    async def _takes_calls(self, agent_id: str) -> bool:
        """Somebody who had said "other work" before keeps their own reason."""
        acd = self._peers.acd
        agent = await acd.call(acd.stub.GetAgent, acd_pb2.GetAgentRequest(agent_id=agent_id), retry=True)
        return agent.presence == events_pb2.PRESENCE_READY

    async def _set(self, agent_id: str, presence: events_pb2.Presence.ValueType) -> None:
        request = acd_pb2.SetPresenceRequest(
            request_id=new_id(),
            agent_id=agent_id,
            presence=presence,
            reason=CONNECTION_LOST if presence == events_pb2.PRESENCE_OTHER_WORK else "",
        )
        await self._peers.acd.call(self._peers.acd.stub.SetPresence, request)
        log.info("agent_left", agent_id=agent_id, presence=events_pb2.Presence.Name(presence))
