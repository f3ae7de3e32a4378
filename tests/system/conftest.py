"""A whole suite with people in it: real PostgreSQL and NATS, five services, a simulated switch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from deploy.local.demo import plan
from deploy.local.demo.figures import Figures
from deploy.local.demo.world import World
from deploy.local.suite import Suite, SuiteOptions
from tests import nursery

CALLS_PER_MINUTE = 120
# A scenario ends when the last call does.
SHORT = {"TALK_S": 2.5, "LONGEST_TALK_S": 7.0, "AFTER_TALK_S": 4.0}
AGENTS = 9  # a few too few: when a part dies some talk, some are rung, some wait
LAST_CALL_S = 60.0
PATIENCE_S = 40.0


class Town:
    """A suite, its people, and what a scenario asks of them."""

    def __init__(self, suite: Suite, world: World) -> None:
        self.suite = suite
        self.world = world
        self._calls: asyncio.Task[None] | None = None

    def callers_arrive(self, calls_per_minute: float = CALLS_PER_MINUTE) -> None:
        self._calls = asyncio.create_task(self.world.callers_arrive(calls_per_minute))

    async def total(self, outcome: str) -> int:
        return sum([(await switch.totals())[outcome] for switch in self.world.switches])

    async def more(self, outcome: str, count: int = 1) -> None:
        """Waits until so many more calls came out like this: proof that the suite works again."""
        wanted = await self.total(outcome) + count

        async def reached() -> bool:
            return await self.total(outcome) >= wanted

        await until(reached, f"{count} more calls {outcome}")

    async def quiet(self) -> None:
        """Nobody calls any more, and all have hung up."""
        if self._calls is not None:
            self._calls.cancel()
            await asyncio.gather(self._calls, return_exceptions=True)
            self._calls = None
        await self.world.last_call(LAST_CALL_S)


async def until(condition: Callable[[], Awaitable[bool]], what: str, within_s: float = PATIENCE_S) -> None:
    """Waits for a condition; fails with its name when it stays away."""
    deadline = asyncio.get_running_loop().time() + within_s
    while not await condition():
        assert asyncio.get_running_loop().time() < deadline, f"waited {within_s} s for {what}"
        await asyncio.sleep(0.05)


@asynccontextmanager
async def town_in(
    folder: Path, *, agents: int = AGENTS, simulators: int = 1, standby: bool = False
) -> AsyncIterator[Town]:
    async with AsyncExitStack() as stack:
        options = SuiteOptions(data_dir=folder, simulators=simulators, standby=standby, start=nursery.start)
        suite = await stack.enter_async_context(Suite(options))
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=suite.page_url, timeout=30))
        world = World(suite, client, Figures(), seed=5)
        await stack.enter_async_context(world.connected())
        stack.push_async_callback(world.floor.go_home)
        await world.prepare(agents)
        town = Town(suite, world)
        yield town
        await town.quiet()


@pytest.fixture
async def town(
    server_dir: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Town]:
    """A fresh town for one scenario."""
    for name, seconds in SHORT.items():
        monkeypatch.setattr(plan, name, seconds)
    folder = server_dir / f"town-{abs(hash(request.node.nodeid))}"
    async with town_in(folder) as made:
        yield made


@pytest.fixture
async def town_with_two_acds(
    server_dir: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Town]:
    for name, seconds in SHORT.items():
        monkeypatch.setattr(plan, name, seconds)
    folder = server_dir / f"town-{abs(hash(request.node.nodeid))}"
    async with town_in(folder, standby=True) as made:
        yield made
