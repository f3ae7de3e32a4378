"""On a real FreeSWITCH: us, the floor and mod_callcenter in turn, each on a switch started for it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from deploy.local.bench import Row
from tests.bench.routing import freeswitch, paced
from tests.bench.routing.paced import Gaps
from tests.bench.routing.parts import NODE, Parts
from tests.bench.routing.rows import QUANTILES, calls_row, cost_rows, gap_rows, machine
from tests.bench.routing.scene import ACD, BARE, PEER, Scene, Switch, routed, wrapping_up
from tests.bench.routing.sustained import Sustained, sustained

GOAL_MS = 15.0
GOAL_TIMES = 50.0
STEP_MS = 1.0  # of the switch's clock: what is less may be nothing
REST_S = 1.1
"""Between an agent's call and being made available: mod_callcenter compares whole seconds after a call, and
that is asked by the other figure."""
TICKLE_MS = "1"
WRAP_UP_S = 30


@dataclass(frozen=True)
class Plan:
    """Waiting and agents; how many samples; full calls.

    Not larger: a `null/` leg wakes 50 times a second and takes 0.09 % of a core, three to an agent.
    """

    sizes: tuple[tuple[int, int], ...] = ((10, 10), (100, 100), (200, 200))
    samples: int = 300
    crowd: int = 100
    agents: int = 200
    talk_s: float = 0.3
    run_s: float = 15.0


QUICK = Plan(((10, 10),), 30, 20, 20, 0.5, 3.0)


@dataclass
class Speed:
    free: Gaps
    ended: Gaps


async def rows(parts: Parts, *, quick: bool) -> list[Row]:
    plan = QUICK if quick else Plan()
    kinds = (BARE, ACD, PEER) if await freeswitch.has_peer(parts) else (BARE, ACD)
    before = os.getloadavg()[0]
    found = []
    for size in plan.sizes:
        found += speed_rows(size, {kind: await speed(parts, kind, plan, size) for kind in kinds})
    found += calls_rows(plan, {kind: await full_calls(parts, kind, plan) for kind in kinds})
    return [*found, *machine(before)]


@asynccontextmanager
async def on_freeswitch(parts: Parts, kind: str, agents: int, *, wrap_up_s: int = 0) -> AsyncIterator[Scene]:
    """Phones answer at once; nobody but the bench hangs up."""
    names = [str(10_000 + number) for number in range(agents)]
    child, port = await freeswitch.start(parts, names, peer=kind == PEER)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(parts.stop, child)
        switch = Switch(
            NODE, port, {"FreeSWITCH": [child.pid]}, "null/", {"ACD_AGENT_ENDPOINT": "null"}, (TICKLE_MS,)
        )
        scene = await routed(parts, stack, kind, switch, agents)
        await scene.hall.desk.open(scene.hall.agents, wrap_up_s=wrap_up_s)
        if wrap_up_s:
            await wrapping_up(stack, scene)
        yield scene


async def speed(parts: Parts, kind: str, plan: Plan, size: tuple[int, int]) -> Speed:
    waiting, agents = size
    async with on_freeswitch(parts, kind, agents) as scene:
        hall = scene.hall
        await hall.fill(waiting)
        hall.replacing = True
        await hall.come(hall.agents[paced.POOL :])
        await scene.settle()
        free = await paced.coming_free(hall, plan.samples, rest_s=REST_S)
        await hall.come(hall.agents[: paced.POOL])
        await scene.settle()
        return Speed(free, await paced.calls_ending(hall, plan.samples))


async def full_calls(parts: Parts, kind: str, plan: Plan) -> Sustained:
    async with on_freeswitch(parts, kind, plan.agents, wrap_up_s=WRAP_UP_S if kind == ACD else 0) as scene:
        scene.hall.talk_s = plan.talk_s
        await scene.hall.fill(plan.crowd)
        await scene.settle()
        scene.hall.replacing = True
        return await sustained(scene, plan.run_s)


# ---------------------------------------------------------------- what is said of it


def speed_rows(size: tuple[int, int], found: dict[str, Speed]) -> list[Row]:
    where = f"{size[0]:,}/{size[1]:,}"
    floor, ours, peer = found[BARE], found[ACD], found.get(PEER)
    rows = [
        *gap_rows(f"agent free to offer, {where}", ours.free, floor.free, None),
        *gap_rows(f"call's end to next offer, {where}", ours.ended, floor.ended, GOAL_MS),
    ]
    if peer is not None:
        rows += gap_rows(f"{PEER}: agent free to offer, {where}", peer.free, floor.free, None)
        rows += gap_rows(f"{PEER}: call's end to next offer, {where}", peer.ended, floor.ended, None)
        rows += times_rows(f"call's end, {where}: quicker than {PEER}", ours.ended, peer.ended)
    return rows


def times_rows(name: str, ours: Gaps, peer: Gaps) -> list[Row]:
    found = []
    for word, share in QUANTILES if ours.ms and peer.ms else ():
        times = peer.quantile(share) / max(ours.quantile(share), STEP_MS)
        found.append(Row(f"{name}, {word}", times, "times", goal=GOAL_TIMES, ok=times >= GOAL_TIMES))
    return found


def calls_rows(plan: Plan, found: dict[str, Sustained]) -> list[Row]:
    where = f"{plan.crowd:,} waiting, {plan.agents:,} agents, calls of {plan.talk_s:g} s"
    floor = found[BARE]
    rows = [
        calls_row(f"full calls{'' if kind == ACD else f' with {kind}'}, {where}", one, floor, None)
        for kind, one in found.items()
    ]
    return [*rows, *cost_rows(found[ACD], where, floor)]
