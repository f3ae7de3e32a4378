"""How quickly: from being free to the next offer, at a pace at which nothing piles up."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from tests.bench.routing.hall import Hall

RATE = 50.0  # agents coming free each second; 5,000 with conversations of three minutes make 28
POOL = 200  # agents who come and go while the others talk
DUE_S = 10.0  # an offer that has not come by then is missed


@dataclass
class Gaps:
    """Milliseconds, sorted."""

    ms: list[float]
    wanted: int

    def quantile(self, share: float) -> float:
        return self.ms[min(len(self.ms) - 1, int(len(self.ms) * share))] if self.ms else float("nan")


async def coming_free(hall: Hall, samples: int, *, rest_s: float = 0.0) -> Gaps:
    """Agents who were away become ready, one after the other. The first of them only: the rest talk.

    After a call they stay away for `rest_s` at least.
    """
    pool = deque(hall.agents[:POOL])
    one_more = asyncio.Event()

    def over(agent: str, _leg: str) -> None:
        asyncio.get_running_loop().call_later(rest_s, back, agent)

    def back(agent: str) -> None:
        pool.append(agent)
        one_more.set()

    async def next_agent() -> str:
        while not pool:
            one_more.clear()
            await one_more.wait()
        return pool.popleft()

    async def stint(agent: str) -> None:
        await hall.freed(agent)
        await hall.until(lambda: agent in hall.talking, f"{agent} talks")
        await hall.desk.away(agent)
        hall.hang_up(agent)

    async def begin() -> None:
        hall.spawn(stint(await next_agent()))

    hall.on_end = over
    gaps = await _paced(hall, samples, begin)
    await hall.until(lambda: len(pool) == min(POOL, len(hall.agents)), "the last have gone")
    hall.on_end = lambda _agent, _leg: None
    return gaps


async def calls_ending(hall: Hall, samples: int) -> Gaps:
    """All talk; one conversation after the other ends, and that agent is offered the next."""
    chance = random.Random(2)

    async def begin() -> None:
        while not hall.talking:
            await asyncio.sleep(0.001)
        hall.hang_up(chance.choice(list(hall.talking)))

    return await _paced(hall, samples, begin)


async def _paced(hall: Hall, samples: int, begin: Callable[[], object]) -> Gaps:
    """At random moments, as many each second as `RATE` says."""
    chance = random.Random(3)
    hall.gaps_us.clear()
    hall.free_since.clear()
    due = time.monotonic()
    for _ in range(samples):
        due += chance.expovariate(RATE)
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        await begin()  # type: ignore[misc]
    deadline = time.monotonic() + DUE_S
    while len(hall.gaps_us) < samples and time.monotonic() < deadline:
        hall.check()
        await asyncio.sleep(0.01)
    return Gaps(sorted(gap / 1_000 for gap in hall.gaps_us), samples)
