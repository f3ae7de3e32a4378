"""Full calls per second of one process, closed loop: whoever is through takes the next at once."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from tests.bench.routing.parts import PROFILE
from tests.bench.routing.scene import Behind, Scene

WARM_SHARE = 0.2


@dataclass
class Sustained:
    calls_per_s: float
    cpu_ms: dict[str, float]
    """Of each process, per call."""
    written: float = 1.0
    """Of the events made meanwhile, how many the ACD wrote into its tables."""


async def sustained(scene: Scene, run_s: float) -> Sustained:
    """Every agent is at work; as many wait as before."""
    hall = scene.hall
    await asyncio.gather(*(hall.desk.ready(agent) for agent in hall.agents))
    await asyncio.sleep(run_s * WARM_SHARE)
    hall.check()
    async with scene.behind() if scene.acd else nullcontext() as behind:
        before = await _events(behind)
        with _profiled(scene):
            meter, began, calls_before = scene.meter(), time.monotonic(), hall.ends
            await asyncio.sleep(run_s)
            took, calls, spent = time.monotonic() - began, hall.ends - calls_before, meter.spent_s()
        after = await _events(behind)
    hall.check()
    per_call = {name: used / max(calls, 1) * 1_000 for name, used in spent.items()}
    return Sustained(calls / took, per_call, _written(before, after))


async def _events(behind: Behind | None) -> tuple[int, int]:
    """Made so far, and of those not yet written."""
    return (await behind.made(), await behind.events()) if behind else (0, 0)


def _written(before: tuple[int, int], after: tuple[int, int]) -> float:
    made = after[0] - before[0]
    return (made - (after[1] - before[1])) / made if made else 1.0


@contextmanager
def _profiled(scene: Scene) -> Iterator[None]:
    """What is measured and nothing else, where `BENCH_PROFILE` wants to know."""
    if not os.environ.get(PROFILE) or scene.acd is None or scene.router is None:
        yield
        return
    scene.router.kill(signal.SIGUSR1)
    yield
    scene.router.kill(signal.SIGUSR2)
