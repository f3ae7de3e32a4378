"""A whole contact centre for the browser: the real suite, its people, and callers on a simulated switch."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher

from deploy.local.demo.door import Door
from deploy.local.demo.switch import SimulatedSwitch
from deploy.local.suite import Suite, SuiteOptions
from tests import nursery

PASSWORD = "a good password"
QUEUES = {
    "sales": {"title": "销售 Sales", "ring_timeout_s": 20, "wrap_up_s": 120, "service_level_s": 20},
    "support": {"title": "客服 Support", "ring_timeout_s": 20, "wrap_up_s": 120, "service_level_s": 20},
}
SALES, SUPPORT = "1", "2"  # the keys of the default flow's menu
WITHIN_S = 20.0


@dataclass
class Centre:
    """The running suite and all that a test may do to it."""

    suite: Suite
    client: httpx.AsyncClient
    admin: Door
    switch: SimulatedSwitch
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def url(self) -> str:
        return self.suite.page_url

    async def hire(
        self, name: str, *, role: str = "agent", desk: bool = True, queues: tuple[str, ...] = ("sales",)
    ) -> str:
        """A user of that name; gives the username."""
        number = next(self.numbers)
        username = f"{role.replace('_', '')}{number}"
        user: dict[str, Any] = {"username": username, "name": name, "role": role, "password_hash": HASH}
        if desk:
            user |= {"agent_id": username, "extension": str(2000 + number), "queues": list(queues)}
        await self.admin.ask("POST", "/admin/users/import", {"users": [user], "existing": "change"})
        return username

    async def customer(self, number: str, name: str, **fields: Any) -> dict[str, Any]:
        card = {"name": name, "numbers": [number], **fields}
        made: dict[str, Any] = await self.admin.ask("POST", "/customers", card)
        return made

    def number(self) -> str:
        """One that nobody has yet."""
        return f"+8613700{next(self.numbers):06}"

    async def call(self, number: str, *, key: str = SALES, **script: Any) -> str:
        """A caller who chooses a queue and waits for the agent to hang up."""
        pressed = {"when": "playback", "nth": 2, "after_ms": 50, "digits": key}
        usual = {"from": number, "to": "10050", "name": "", "keys": [pressed], "patience_ms": 90_000}
        return await self.switch.call(usual | script)

    async def quiet(self) -> None:
        """Ends whatever a failed test left behind, so that one test's caller is not another's."""
        await self.switch.order("hupall NORMAL_CLEARING")
        await until(self._no_call, "a call of an earlier test is still there")

    async def _no_call(self) -> bool:
        return (await self.switch.totals())["open"] == 0


HASH = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)


@asynccontextmanager
async def open_centre(data_dir: Path) -> AsyncIterator[Centre]:
    async with AsyncExitStack() as stack:
        suite = await stack.enter_async_context(
            Suite(SuiteOptions(data_dir=data_dir, seed=1, start=nursery.start))
        )
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=suite.page_url, timeout=30, trust_env=False)
        )
        name, port = next(iter(suite.simulators.items()))
        switch = await stack.enter_async_context(
            SimulatedSwitch(name, "127.0.0.1", port, suite.wiring.esl_password)
        )
        username, _, password = suite.admin.partition(":")
        admin = await Door.sign_in(client, username, password)
        for queue, settings in QUEUES.items():
            await admin.ask("PUT", f"/admin/queues/{queue}", settings)
        yield Centre(suite, client, admin, switch)


async def until(asked: Callable[[], Awaitable[bool]], otherwise: str, within_s: float = WITHIN_S) -> None:
    deadline = asyncio.get_running_loop().time() + within_s
    while not await asked():
        assert asyncio.get_running_loop().time() < deadline, otherwise
        await asyncio.sleep(0.05)
