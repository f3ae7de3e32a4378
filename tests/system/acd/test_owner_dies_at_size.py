"""The owner is killed at the size of a large centre: a thousand wait, three hundred talk."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.chassis.clock import to_ms
from services.stubs.acd.v1 import acd_pb2 as pb
from services.stubs.acd.v1 import events_pb2 as ev
from tests.system.acd.pair import Pair, Waiter, open_pair, until

pytestmark = pytest.mark.timeout(480)

TALKING, WAITING = 300, 1_000
OTHERS = 3
"""So many more each do other work, are signed out, write about their last caller, and are being rung."""

Floor = dict[str, tuple[int, int, str]]


async def test_owner_is_killed_with_a_thousand_waiting_and_three_hundred_talking(
    database: Any, open_dir: Any
) -> None:
    """Nobody dropped; each keeps place, wait and priority; every agent's state is right; nobody is offered
    twice; no event is lost or doubled."""
    async with open_pair(database, open_dir) as pair:
        await pair.call("PutQueue", pb.Queue(name="sales", ring_timeout_s=20, priority_step_s=600))
        await pair.call("PutQueue", pb.Queue(name="care", ring_timeout_s=20, wrap_up_s=900))
        await pair.call("PutQueue", pb.Queue(name="slow", ring_timeout_s=60))
        rung = await full_floor(pair)
        before = await as_wanted(pair, ev.ROUTING_STATUS_OFFERED)
        await until(pair.all_told, "the journal knows who is here")
        for agent in rung:
            pair.phone(agent)  # picks up, the next time it is rung
        killed = await pair.killed("acd1")
        assert await pair.first_offer(killed)
        await pair.becomes("acd2")
        # Those who were being rung are rung again, for the same caller, and now they answer.
        after = await as_wanted(pair, ev.ROUTING_STATUS_CONNECTED)
        assert {who: after[who][2] for who in rung} == {who: before[who][2] for who in rung}
        assert without(after, rung) == without(before, rung)
        assert all(waiter.here for waiter in pair.waiters if waiter.wish.queue != "care")
        assert len(pair.waiting) == WAITING
        await pair.all_wait_again()
        await served_in_order(pair)
        pair.check_journal(await pair.everything_ends())


def without(floor: Floor, who: list[str]) -> Floor:
    return {agent: state for agent, state in floor.items() if agent not in who}


async def full_floor(pair: Pair) -> list[str]:
    """Gives those who are being rung."""
    await pair.ready(await pair.hire(TALKING))
    await pair.arrive(TALKING)
    await pair.ready(await pair.hire(OTHERS, first=2001), ev.PRESENCE_OTHER_WORK)
    await pair.hire(OTHERS, first=3001)
    writing = await pair.hire(OTHERS, first=4001, queue="care")
    await pair.ready(writing)
    served = await pair.arrive(OTHERS, queue="care")
    await until(lambda: all(waiter.talks for waiter in served), "three are served")
    await until(lambda: connected(pair, writing), "and known to be")
    for waiter in served:
        pair.hang_up(waiter)
    rung = await pair.hire(OTHERS, first=5001, queue="slow", mode="ring", answer_after_ms=None)
    await pair.ready(rung)
    await pair.arrive(OTHERS, queue="slow")
    await until(lambda: set(rung) <= pair.witness.rung, "three phones ring")
    await pair.arrive(WAITING // 2)
    await pair.arrive(WAITING // 2, priority=3)
    return rung


async def connected(pair: Pair, who: list[str]) -> bool:
    states = await pair.states()
    return all(states[agent][1] == ev.ROUTING_STATUS_CONNECTED for agent in who)


async def as_wanted(pair: Pair, rung: int) -> Floor:
    """Every agent's state, once all are as the scenario has them; those who were rung are `rung`."""

    async def all_are() -> Floor | None:
        states = await pair.states()
        wanted = {
            "1": ev.ROUTING_STATUS_CONNECTED,
            "4": ev.ROUTING_STATUS_WRAP_UP,
            "5": rung,
        }
        right = all(state[1] == wanted.get(agent[1], state[1]) for agent, state in states.items())
        return states if right else None

    found: Floor = await until(all_are, "agents are as they should be")
    return found


async def served_in_order(pair: Pair) -> None:
    """Of those who wait, the most important is next, then who came first."""
    for _ in range(5):
        line = sorted(pair.waiting, key=claim)
        before = set(map(id, pair.talking))
        pair.hang_up(next(waiter for waiter in pair.talking if waiter.wish.queue == "sales"))
        came = await until(lambda: [w for w in pair.talking if id(w) not in before], "the next one talks")  # noqa: B023
        wanted, found = (claim(who) for who in (line[0], came[0]))
        assert (len(came), found) == (1, wanted), [claim(waiter) for waiter in line[:3]]
        await asyncio.sleep(0)


def claim(waiter: Waiter) -> tuple[int, int]:
    """What is smallest comes first. The ACD counts milliseconds: within one, any order is right."""
    return -waiter.wish.priority, to_ms(waiter.wish.enqueued_at)
