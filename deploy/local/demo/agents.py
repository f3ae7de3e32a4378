"""Simulated agents: they sign in through the gateway like people and work its socket like the console."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Coroutine, Iterable
from typing import Any

import httpx
import structlog

from deploy.local.demo import plan
from deploy.local.demo.agent_socket import AgentSocket
from deploy.local.demo.door import Door
from deploy.local.demo.plan import AgentPlan

log = structlog.get_logger()

SIGN_INS_AT_ONCE = 16  # like a busy Monday morning, not like an attack
SET_ASIDE_S = 4.0  # until an agent who missed a call notices
PRESS_AGAIN_S = 2.0
UNDECIDED = ("unavailable", "full", "internal")
DISPOSITIONS = ("resolved", "follow_up", "information")


class SimulatedAgent:
    """Reacts to what the socket says. Every plan is a task that the next fact may make pointless."""

    def __init__(self, who: AgentPlan, door: Door, url: str, tally: Counter[str]) -> None:
        self.who = who
        self._chance = random.Random(who.seed)
        self.tally = tally
        self._plans: set[asyncio.Task[None]] = set()
        self._done: str = ""  # the contact already wrapped up, so that a repeated state does not again
        self._offer = ""
        self.socket = AgentSocket(url, door, self._heard, self._chance)

    async def work(self) -> None:
        try:
            await self.socket.run()
        finally:
            for task in self._plans:
                task.cancel()

    async def ready(self) -> None:
        reply = await self.socket.command("presence", presence="ready")
        if reply is None or not reply["ok"]:
            self.tally["presence refused"] += 1

    def _plan(self, action: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(action)
        self._plans.add(task)
        task.add_done_callback(self._plans.discard)

    def _heard(self, kind: str, data: dict[str, Any]) -> None:
        if kind == "offer":
            self._offer = data["offer_id"]
            self._plan(self._react(data["contact_id"], data["offer_id"]))
        elif kind == "offer_failed":
            self._offer = ""
        elif kind == "answered":
            self._plan(self._talk(data["contact_id"]))
        elif kind == "released":
            self._plan(self._wrap_up(data["contact_id"]))
        elif kind == "agent":
            self._look(data)
        elif kind in ("welcome", "state"):
            self._catch_up(data.get("state") or data)

    def _look(self, agent: dict[str, Any]) -> None:
        lost = agent["presence"] == "other_work" and agent["reason"] == "connection_lost"
        if agent["routing_status"] == "not_responding" or lost:
            self._plan(self._return())

    def _catch_up(self, state: dict[str, Any]) -> None:
        """After a lost connection: go on with what is there."""
        contact, agent = state.get("contact"), state.get("agent")
        if agent:
            self._look(agent)
        if not contact:
            return
        if contact["state"] == "offered" and contact["offer_id"] != self._offer:
            self._offer = contact["offer_id"]
            self._plan(self._react(contact["contact_id"], contact["offer_id"]))
        elif contact["state"] == "connected":
            self._plan(self._talk(contact["contact_id"], always=True))
        elif contact["state"] == "released":
            self._plan(self._wrap_up(contact["contact_id"]))

    async def _react(self, contact_id: str, offer_id: str) -> None:
        dice = self._chance.random()
        await asyncio.sleep(self._chance.uniform(0.5, 1.5) * plan.REACTION_S)
        if self._offer != offer_id:
            return
        if dice < 0.02:
            return  # looked away: rings until the time-out
        kind = "reject" if dice < 0.04 else "answer"
        await self._command(kind, contact_id=contact_id, offer_id=offer_id)

    async def _talk(self, contact_id: str, *, always: bool = False) -> None:
        long_s = plan.talk_s(self._chance)
        if not always and self._chance.random() < 0.04:
            await asyncio.sleep(long_s * 0.3)
            await self._command("hold", contact_id=contact_id)
            await asyncio.sleep(1.5)
            await self._command("retrieve", contact_id=contact_id)
        await asyncio.sleep(long_s)
        while not await self._command("hangup", contact_id=contact_id):
            await asyncio.sleep(PRESS_AGAIN_S)

    async def _wrap_up(self, contact_id: str) -> None:
        if self._done == contact_id:
            return
        self._done = contact_id
        await asyncio.sleep(self._chance.uniform(0.5, 1.5) * plan.WRAP_UP_S)
        form: dict[str, Any] = {"disposition": self._chance.choice(DISPOSITIONS), "notes": ""}
        if self._chance.random() < 0.2:
            title = self._chance.choice(plan.TITLES)
            form["work_order"] = {"type": "fault", "urgency": "normal", "title": title}
        while not await self._command("wrap_up", contact_id=contact_id, **form):
            await asyncio.sleep(PRESS_AGAIN_S)

    async def _return(self) -> None:
        await asyncio.sleep(SET_ASIDE_S)
        await self.ready()

    async def _command(self, kind: str, **data: Any) -> bool:
        """Whether the suite has decided. A refusal is ordinary here: the caller may have hung up meanwhile.

        False when it could not: a service was away. Like a person, one presses the button again then.
        """
        reply = await self.socket.command(kind, **data)
        if reply is None:
            self.tally[f"{kind} unanswered"] += 1
            return False
        if not reply["ok"]:
            self.tally[f"{kind} refused: {reply['error']['code']}"] += 1
        return bool(reply["ok"]) or reply["error"]["code"] not in UNDECIDED


class Floor:
    """All simulated agents."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client = client
        self._url = url
        self._agents: list[SimulatedAgent] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.tally: Counter[str] = Counter()

    async def sign_in(self, people: Iterable[AgentPlan], password: str) -> None:
        """Signs all in and has them ready. Raises ProcessError when the gateway refuses one."""
        gate = asyncio.Semaphore(SIGN_INS_AT_ONCE)

        async def one(who: AgentPlan) -> None:
            async with gate:
                door = await Door.sign_in(self._client, who.agent_id, password)
                agent = SimulatedAgent(who, door, self._url, self.tally)
                self._agents.append(agent)
                self._tasks.append(asyncio.create_task(agent.work(), name=who.agent_id))
                await agent.ready()

        await asyncio.gather(*(one(who) for who in people))

    @property
    def reconnects(self) -> int:
        return sum(agent.socket.reconnects for agent in self._agents)

    async def go_home(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
