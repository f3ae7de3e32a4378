"""Queues and agents as administrators set them: put whole, changed in part, and audited field by field."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from services.chassis.errors import Invalid, NotFound, Stale, Unavailable
from services.gateway.api import settings
from services.gateway.api.peers import Peers
from services.gateway.api.settings import AgentChange, AgentSettings, Queue
from services.gateway.api.views import View
from services.gateway.domain import AuditEntry, By
from services.gateway.store import Store
from services.stubs.acd.v1 import acd_pb2

T = TypeVar("T")

MANY_S = 10.0  # for 5,000 agents at once
TRIES = 3  # of a change in part, which is made anew on what another gateway has put meanwhile
AUDITED_ONE_BY_ONE = 20  # agents; of more the audit says which, not what


class Settings:
    """The ACD keeps them; here they are translated, merged and noted."""

    def __init__(self, peers: Peers, store: Store) -> None:
        self._acd = peers.acd
        self._store = store
        # A change is read, merged and put. What another gateway puts in between the ACD finds out by the
        # revision; those of this one need not get in each other's way.
        self._one_at_a_time = asyncio.Lock()

    # ---------------------------------------------------------------- queues

    async def put_queue(self, name: str, body: Queue, by: By) -> View:
        """The whole document: what it leaves out gets its default. Raises Invalid, Stale, Unavailable."""
        async with self._one_at_a_time:
            return await self._put_queue(name, body, await self._queue(name), by)

    async def change_queue(self, name: str, change: View, by: By) -> View:
        """Only what is named; with a revision only if it is the present one. Raises NotFound, Invalid, Stale,
        Unavailable."""

        async def once() -> View:
            before = await self._queue(name)
            if before is None:
                raise NotFound("queue", name)
            return await self._put_queue(name, settings.changed_queue(before, change), before, by)

        async with self._one_at_a_time:
            return await _on_what_is_there(once)

    async def _put_queue(self, name: str, body: Queue, before: View | None, by: By) -> View:
        message = settings.queue_message(name, body)
        after = settings.queue_view(await self._acd.call(self._acd.stub.PutQueue, message))
        detail = {"changed": settings.differences(before, after)}
        await self._store.audit(by, AuditEntry("queue.put" if before else "queue.created", name, detail))
        return after

    async def _queue(self, name: str) -> View | None:
        found = await self._acd.call(self._acd.stub.ListQueues, acd_pb2.ListQueuesRequest(), retry=True)
        return next((settings.queue_view(queue) for queue in found.queues if queue.name == name), None)

    # ---------------------------------------------------------------- agents

    async def put_agents(self, agents: list[AgentSettings], by: By) -> None:
        """Whole documents, all or none. Raises Invalid, Stale, Unavailable."""
        async with self._one_at_a_time:
            await self._put_agents(agents, await self._agents(), by)

    async def change_agents(self, changes: list[AgentChange], by: By) -> list[View]:
        """As `change_queue`, all or none. Raises NotFound, Invalid, Stale, Unavailable."""

        async def once() -> list[AgentSettings]:
            before = await self._agents()
            after = [
                _changed(before, one.agent_id, one.model_dump(), path)
                for one, path in zip(changes, _paths("agents", len(changes)), strict=True)
            ]
            await self._put_agents(after, before, by)
            return after

        async with self._one_at_a_time:
            after = await _on_what_is_there(once)
            now = await self._agents()
        return [now[agent.agent_id] for agent in after if agent.agent_id in now]

    async def import_agents(self, agents: dict[str, View]) -> None:
        """As an import of users names them, by the users' paths. Who is known keeps skills, capacity and
        places in queues. Raises Invalid, Stale, Unavailable."""

        async def once() -> None:
            before = await self._agents()
            after = [
                _changed(before, agent["agent_id"], agent, path)
                if agent["agent_id"] in before
                else settings.agent_of(agent, path)
                for path, agent in agents.items()
            ]
            await self._send(after, list(agents))

        async with self._one_at_a_time:
            await _on_what_is_there(once)

    async def _put_agents(self, agents: list[AgentSettings], before: dict[str, View], by: By) -> None:
        await self._send(agents, _paths("agents", len(agents)))
        await self._store.audit(by, _entry(agents, before))

    async def _send(self, agents: list[AgentSettings], paths: list[str]) -> None:
        message = settings.agents_message(agents)
        try:
            await self._acd.call(self._acd.stub.PutAgents, message, timeout_s=MANY_S)
        except Invalid as refused:
            raise settings.in_our_words(refused, paths) from None

    async def _agents(self) -> dict[str, View]:
        request = acd_pb2.ListAgentsRequest(settings=True)
        found = await self._acd.call(self._acd.stub.ListAgents, request, timeout_s=MANY_S)
        if any(not agent.HasField("settings") for agent in found.agents):
            # Merging with nothing would reset them.
            raise Unavailable("acd", "The ACD is older than this gateway and does not tell agents' settings.")
        return {agent.agent_id: settings.agent_view(agent.settings) for agent in found.agents}


async def _on_what_is_there(once: Callable[[], Awaitable[T]]) -> T:
    """Reads, merges and puts, anew when another has put something in between. Raises Stale in the end."""
    for _ in range(TRIES - 1):
        try:
            return await once()
        except Stale:
            continue
    return await once()


def _paths(name: str, count: int) -> list[str]:
    return [f"{name}.{index}." for index in range(count)]


def _changed(before: dict[str, View], agent_id: str, change: View, path: str) -> AgentSettings:
    if agent_id not in before:
        raise NotFound("agent", agent_id)
    return settings.changed_agent(before[agent_id], change, path)


def _entry(agents: list[AgentSettings], before: dict[str, View]) -> AuditEntry:
    only = agents[0].agent_id if len(agents) == 1 else ""
    detail: dict[str, Any] = {"count": len(agents), "agents": [agent.agent_id for agent in agents]}
    if len(agents) <= AUDITED_ONE_BY_ONE:
        put = settings.agents_message(agents).agents
        detail["changed"] = {
            each.agent_id: settings.differences(before.get(each.agent_id), settings.agent_view(each))
            for each in put
        }
    return AuditEntry("agents.put", only, detail)
