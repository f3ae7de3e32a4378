"""The people around the suite: set up through the front door, then calling and answering."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from argon2 import PasswordHasher

from deploy.local.demo import balance as books
from deploy.local.demo import plan
from deploy.local.demo.agent_socket import AgentSocket
from deploy.local.demo.agents import Floor
from deploy.local.demo.balance import Balance
from deploy.local.demo.door import Door
from deploy.local.demo.figures import Figures
from deploy.local.demo.plan import Person
from deploy.local.demo.switch import SimulatedSwitch
from deploy.local.suite import Suite

PASSWORD = "switchyard demo"  # noqa: S105 (of make-believe people on this machine; printed for the visitor)
VISITOR = "you"
LEAD = "lead"
SETTLE_S = 30.0  # after the last call: events on their way into tables
SETTLE_POLL_S = 0.5
CUSTOMERS_AT_ONCE = 8


class World:
    """Callers and agents of one demo. `prepare()`, then `callers_arrive()`, then `last_call()`."""

    def __init__(self, suite: Suite, client: httpx.AsyncClient, figures: Figures, seed: int) -> None:
        self._suite = suite
        self._client = client
        self._seed = seed
        self.figures = figures
        self.floor = Floor(client, suite.page_url)
        self.switches: list[SimulatedSwitch] = []
        self.began = datetime.now(UTC)

    async def prepare(self, agent_count: int) -> None:
        """Queues, customers, users; then everybody signs in. Raises ProcessError when refused."""
        username, _, password = self._suite.admin.partition(":")
        admin = await Door.sign_in(self._client, username, password)
        for name, title in plan.QUEUES.items():
            queue = {"title": title, "ring_timeout_s": 6, "wrap_up_s": 15, "service_level_s": 10}
            await admin.ask("PUT", f"/admin/queues/{name}", queue)
        staff = plan.agents(agent_count, self._seed)
        await self._hire(admin, staff)
        await self._fill_card_index(admin)
        await self.floor.sign_in(staff, PASSWORD)

    async def _hire(self, admin: Door, staff: list[plan.AgentPlan]) -> None:
        # One cheap hash for all: hundreds sign in in one breath, and there is nothing to protect here.
        cheap = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
        users: list[dict[str, Any]] = [
            {
                "username": who.agent_id,
                "name": who.name,
                "role": "agent",
                "agent_id": who.agent_id,
                "extension": who.extension,
                "queues": list(who.queues),
            }
            for who in staff
        ]
        visitor = {"username": VISITOR, "name": "You 您", "role": "agent", "agent_id": VISITOR}
        users.append(visitor | {"extension": "1000", "queues": list(plan.QUEUES)})
        users.append({"username": LEAD, "name": "Lead 班长", "role": "team_lead"})
        hashed = [user | {"password_hash": cheap} for user in users]
        await admin.ask("POST", "/admin/users/import", {"users": hashed, "existing": "change"})

    async def _fill_card_index(self, admin: Door) -> None:
        gate = asyncio.Semaphore(CUSTOMERS_AT_ONCE)

        async def add(person: Person) -> None:
            async with gate:
                known = await admin.ask("GET", f"/customers?text={person.number.removeprefix('+')}&limit=1")
                if not known["customers"]:
                    await admin.ask("POST", "/customers", _card(person))

        await asyncio.gather(*(add(person) for person in plan.customers(self._seed)))
        for number in plan.blocked_numbers():
            await admin.ask("PUT", f"/blocked-numbers/{number}", {"reason": "骚扰 nuisance calls"})

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Holds the connections to the simulated switches."""
        opened: list[SimulatedSwitch] = []
        try:
            for name, port in self._suite.simulators.items():
                switch = SimulatedSwitch(name, "127.0.0.1", port, self._suite.wiring.esl_password)
                opened.append(await switch.__aenter__())
            self.switches = opened
            yield
        finally:
            for switch in opened:
                await switch.__aexit__(None, None, None)

    async def callers_arrive(self, calls_per_minute: float) -> None:
        """For ever. Arrivals keep to their own clock: a slow machine does not thin them out."""
        if not calls_per_minute:
            await asyncio.Event().wait()  # nobody calls, and people look around
        loop = asyncio.get_running_loop()
        due = loop.time()
        scripts = plan.callers(self._seed)
        gaps = plan.arrivals(calls_per_minute, self._seed)
        for place, (gap, script) in enumerate(zip(gaps, scripts, strict=True)):
            due += gap
            await asyncio.sleep(max(0.0, due - loop.time()))
            await self.switches[place % len(self.switches)].call(script)
            self.figures.offered += 1

    async def count(self) -> None:
        """Keeps the figures that the switch knows, once a second, for ever."""
        while True:
            self.figures.open = await self.calls_open()
            await asyncio.sleep(1.0)

    async def calls_open(self) -> int:
        return sum([(await switch.totals())["open"] for switch in self.switches])

    async def watch_wallboard(self) -> None:
        """As the team lead: the wallboard into the figures, for ever."""
        door = await Door.sign_in(self._client, LEAD, PASSWORD)

        def heard(kind: str, data: dict[str, Any]) -> None:
            if kind == "wallboard":
                self.figures.wallboard = data
            elif kind == "welcome":
                subscriptions.append(asyncio.create_task(subscribe()))

        async def subscribe() -> None:
            await socket.command("wallboard", subscribe=True)

        subscriptions: list[asyncio.Task[None]] = []
        socket = AgentSocket(self._suite.page_url, door, heard, random.Random(self._seed))
        try:
            await socket.run()
        finally:
            for task in subscriptions:
                task.cancel()

    async def last_call(self, within_s: float) -> None:
        """Nobody calls any more: waits until all have hung up, for so long at most."""
        deadline = asyncio.get_running_loop().time() + within_s
        while await self.calls_open() and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(SETTLE_POLL_S)

    async def balance(self, since: datetime | None = None) -> Balance:
        """Strikes the balance; tables are given half a minute to catch up with the stream."""
        began = since or self.began
        rows = [row for switch in self.switches for row in await switch.ledger()]
        first_us = began.timestamp() * 1e6
        ledger = books.ledger_of(row for row in rows if row["arrived_us"] >= first_us)
        deadline = asyncio.get_running_loop().time() + SETTLE_S
        while True:
            struck = books.strike(ledger, await self._places(began - timedelta(seconds=60)))
            if struck.holds or asyncio.get_running_loop().time() > deadline:
                return struck
            await asyncio.sleep(SETTLE_POLL_S)

    async def _places(self, since: datetime) -> dict[str, books.Ends]:
        return {
            "ACD events": await books.ends_in_events(self._suite.nats.url, since),
            "PostgreSQL": await books.ends_in_acd_tables(self._suite.dsn("acd"), since),
            "CRM timeline": await books.ends_in_timeline(self._suite.dsn("crm"), since),
        }


def _card(person: Person) -> dict[str, Any]:
    return {
        "name": person.name,
        "numbers": [person.number],
        "level": person.level,
        "language": person.language,
        "tags": ["VIP"] if person.level == 3 else [],
    }
