"""On the simulated switch: three sizes, full calls per second, and what waiting costs."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field

from deploy.local.bench import Row
from tests.bench.routing import paced
from tests.bench.routing.paced import Gaps
from tests.bench.routing.parts import Parts
from tests.bench.routing.rows import calls_row, cost_rows, gap_rows, idle_row, machine
from tests.bench.routing.scene import ACD, BARE, Scene, simulated
from tests.bench.routing.sustained import Sustained, sustained

GOAL_MS = 5.0
GOAL_CALLS = 400.0
GOAL_SHARE = 0.9  # of the calls per second at 10 waiting, at 10,000
PLACES_S = 6.0  # within that whoever waits has been told their last change of place
ROOM = 1.2  # the simulator must manage so many times what is measured on it


@dataclass(frozen=True)
class Plan:
    """Waiting and agents; how long."""

    sizes: tuple[tuple[int, int], ...] = ((10, 10), (500, 500), (10_000, 5_000))
    samples: int = 600
    idle_s: float = 15.0
    crowds: tuple[int, ...] = (10, 10_000)
    agents: int = 150
    talk_ms: int = 100
    run_s: float = 15.0


QUICK = Plan(((10, 10), (100, 50)), 40, 2.0, (10, 200), 40, 100, 4.0)


async def rows(parts: Parts, *, quick: bool) -> list[Row]:
    plan = QUICK if quick else Plan()
    before = os.getloadavg()[0]
    found = [
        row for size in plan.sizes for row in await speed(parts, plan, size, idle=size == plan.sizes[-1])
    ]
    found += await calls(parts, plan)
    return [*found, *machine(before)]


# ---------------------------------------------------------------- how quickly


@dataclass
class Speed:
    """Of one who routes, at one size."""

    free: Gaps
    ended: Gaps
    idle: dict[str, float] = field(default_factory=dict)
    """% of a core while nothing moves, by what everybody does."""
    settled: bool = True


async def speed(parts: Parts, plan: Plan, size: tuple[int, int], *, idle: bool) -> list[Row]:
    floor = await measured(parts, BARE, plan, size, idle=idle)
    ours = await measured(parts, ACD, plan, size, idle=idle)
    where = f"{size[0]:,}/{size[1]:,}"
    found = [
        *gap_rows(f"agent free to offer, {where}", ours.free, floor.free, GOAL_MS),
        *gap_rows(f"call's end to next offer, {where}", ours.ended, floor.ended, GOAL_MS),
    ]
    for doing, share in ours.idle.items():
        name = f"ACD while {size[0]:,} wait, {size[1]:,} agents {doing}"
        found.append(idle_row(name, share, floor.idle[doing]))
    if not ours.settled:
        found.append(Row(f"ACD behind with its tables, {where}", 1, "yes", goal=0, ok=False))
    return found


async def measured(
    parts: Parts, kind: str, plan: Plan, size: tuple[int, int], *, idle: bool = False
) -> Speed:
    waiting, agents = size
    shares: dict[str, float] = {}
    async with simulated(parts, kind, agents) as scene:
        hall = scene.hall
        await hall.fill(waiting)
        hall.replacing = True
        settled = await scene.settle()
        if idle:
            shares["away"] = await idling(scene, plan.idle_s)
        await hall.come(hall.agents[paced.POOL :])
        settled &= await scene.settle()
        free = await paced.coming_free(hall, plan.samples)
        await hall.come(hall.agents[: paced.POOL])
        settled &= await scene.settle()
        if idle:
            shares["talking"] = await idling(scene, plan.idle_s)
        ended = await paced.calls_ending(hall, plan.samples)
    return Speed(free, ended, shares, settled)


async def idling(scene: Scene, for_s: float) -> float:
    """% of a core that the router's process uses while nothing moves, and everybody knows their place."""
    await asyncio.sleep(PLACES_S if scene.kind == ACD else 0)
    meter, began = scene.meter(), time.monotonic()
    await asyncio.sleep(for_s)
    scene.hall.check()
    return meter.spent_s()[scene.kind] / (time.monotonic() - began) * 100


# ---------------------------------------------------------------- how many


async def calls(parts: Parts, plan: Plan) -> list[Row]:
    ceiling = await full_calls(parts, BARE, plan, plan.crowds[0])
    few, many = [await full_calls(parts, ACD, plan, crowd) for crowd in plan.crowds]
    goals = (GOAL_CALLS, few.calls_per_s * GOAL_SHARE)
    found = [
        calls_row(f"full calls, {crowd:,} waiting", one, ceiling, goal)
        for crowd, one, goal in zip(plan.crowds, (few, many), goals, strict=True)
    ]
    best = max(few.calls_per_s, many.calls_per_s)
    ok = ceiling.calls_per_s >= best * ROOM
    name = "simulator's ceiling: full calls with a bare controller"
    found.append(Row(name, ceiling.calls_per_s, "1/s", goal=best * ROOM, ok=ok))
    for crowd, one in zip(plan.crowds, (few, many), strict=True):
        found += cost_rows(one, f"{crowd:,} waiting", ceiling)
    return found


async def full_calls(parts: Parts, kind: str, plan: Plan, waiting: int) -> Sustained:
    wrap_up_s = 30 if kind == ACD else 0
    async with simulated(parts, kind, plan.agents, talk_ms=plan.talk_ms, wrap_up_s=wrap_up_s) as scene:
        await scene.hall.fill(waiting)
        await scene.settle()
        scene.hall.replacing = True
        return await sustained(scene, plan.run_s)
