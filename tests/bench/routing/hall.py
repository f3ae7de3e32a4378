"""The people of a run: callers who wait, agents who talk, and a recorder that hears the switch.

All moments are the switch's own: `Event-Date-Timestamp`, which it writes into an event when it makes it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from deploy.local.processes import ProcessError
from services.chassis.ids import new_id
from tests.bench.routing.desk import TENANT, Desk
from tests.bench.routing.wire import Event, Wire, connect

EVENTS = "CHANNEL_CREATE CHANNEL_BRIDGE CHANNEL_HANGUP_COMPLETE BACKGROUND_JOB"
FILTERS = ("Event-Name BACKGROUND_JOB", "Event-Name CHANNEL_BRIDGE", "variable_sy_leg agent")
AT_ONCE = 64  # arrivals or presences under way: enough to keep every process busy
PATIENCE_S = 60.0
NULL_PHONE = "null_enable_auto_answer=true,null_auto_answer_delay=0"


class Hall:
    """`open` it, `fill` the queue, let agents `come`, then `pace` something."""

    wire: Wire

    def __init__(self, desk: Desk, agents: int) -> None:
        self.desk = desk
        self.agents = [str(10_000 + number) for number in range(agents)]
        self.gaps_us: list[int] = []
        """From being free to the next offer, of each agent who had one since this list was emptied."""
        self.free_since: dict[str, int] = {}
        self.talking: dict[str, str] = {}
        """Agent and the uuid of their leg."""
        self.offers = self.bridges = self.ends = 0
        self.replacing = False
        """Whether a new caller comes for each that is offered, so that as many wait as before."""
        self.talk_s: float | None = None
        """The bench hangs up so long after two were connected; None: it does not by itself."""
        self.on_end: Callable[[str, str], None] = lambda _agent, _leg: None
        self._legs: dict[str, str] = {}
        self._jobs: dict[str, asyncio.Future[str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed: BaseException | None = None
        self._chance = random.Random(1)
        self._limit = asyncio.Semaphore(AT_ONCE)

    async def listen(self, port: int, password: str) -> None:
        self.wire = await connect(port, password, EVENTS, self.heard, FILTERS)

    # ------------------------------------------------------------ what the switch says

    def heard(self, event: Event) -> None:
        name = event["Event-Name"]
        if name == "BACKGROUND_JOB":
            job = self._jobs.pop(event["Job-UUID"], None)
            if job is not None and not job.done():
                job.set_result(event["_body"])
        elif name == "CHANNEL_BRIDGE":
            self._bridged(event)
        elif event.get("variable_sy_leg") == "agent":
            leg, agent = event["Unique-ID"], event["variable_sy_agent_id"]
            at_us = int(event["Event-Date-Timestamp"])
            (self._offered if name == "CHANNEL_CREATE" else self._ended)(agent, leg, at_us)

    def _offered(self, agent: str, leg: str, at_us: int) -> None:
        self.offers += 1
        self._legs[leg] = agent
        since = self.free_since.pop(agent, None)
        if since is not None:
            self.gaps_us.append(at_us - since)
        if self.replacing:
            self.spawn(self.arrive())

    def _bridged(self, event: Event) -> None:
        for header in ("Bridge-B-Unique-ID", "Bridge-A-Unique-ID"):
            if (agent := self._legs.get(event[header])) is not None:
                self.bridges += 1
                self.talking[agent] = event[header]
                if self.talk_s is not None:
                    asyncio.get_running_loop().call_later(self.talk_s, self.hang_up, agent)
                return

    def _ended(self, agent: str, leg: str, at_us: int) -> None:
        self.ends += 1
        self._legs.pop(leg, None)
        self.talking.pop(agent, None)
        self.free_since[agent] = at_us
        self.on_end(agent, leg)

    # ------------------------------------------------------------ callers

    async def arrive(self) -> None:
        """A caller comes, is answered and parked, and waits from then on."""
        async with self._limit:
            caller = new_id()
            said = await self.job(f"originate {originated(caller)}null/caller &park()", caller)
            if not said.startswith("+OK"):
                raise RuntimeError(f"a caller could not be made: {said}")
            await self.desk.enqueue(caller)

    async def fill(self, waiting: int) -> None:
        await everybody(self.arrive() for _ in range(waiting))

    def job(self, command: str, job_id: str) -> asyncio.Future[str]:
        self._jobs[job_id] = asyncio.get_running_loop().create_future()
        self.wire.send(f"bgapi {command}\nJob-UUID: {job_id}")
        return self._jobs[job_id]

    # ------------------------------------------------------------ agents

    async def come(self, agents: Iterable[str]) -> None:
        """They become ready, a few at once, and talk."""

        async def one(agent: str) -> None:
            async with self._limit:
                await self.desk.ready(agent)

        some = list(agents)
        await everybody(one(agent) for agent in some)
        await self.until(lambda: all(agent in self.talking for agent in some), "all agents talk")

    async def freed(self, agent: str) -> None:
        """Becomes ready; the clock runs from before we say so."""
        self.free_since[agent] = time.time_ns() // 1_000
        await self.desk.ready(agent)

    def hang_up(self, agent: str) -> None:
        """Nothing, when they do not talk (any more)."""
        if (leg := self.talking.pop(agent, None)) is not None and not self.wire.lost.done():
            self.wire.send(f"api uuid_kill {leg} NORMAL_CLEARING")

    # ------------------------------------------------------------ work in the background

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (problem := task.exception()) is not None:
            self._failed = self._failed or problem

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Raises ProcessError when it does not in time."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not holds():
                    self.check()
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise ProcessError(f"not after {PATIENCE_S:.0f} s: {what}. Is the machine busy?") from None

    def check(self) -> None:
        """Raises what went wrong in the background."""
        if self._failed is not None:
            raise self._failed
        if self.wire.lost.done():
            raise ConnectionError("the switch closed the recorder's connection")

    async def close(self) -> None:
        self.wire.close()  # first: what is heard makes work
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def originated(caller: str) -> str:
    return (
        f"{{origination_uuid={caller},sy_leg=caller,sy_tenant={TENANT},sy_contact_id={caller},"
        f"hangup_after_bridge=true,{NULL_PHONE}}}"
    )


async def everybody(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """All of it; the first that fails ends the others."""
    async with asyncio.TaskGroup() as group:
        for one in work:
            group.create_task(one)
