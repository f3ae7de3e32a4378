"""What goes away under the owner: a switch, the way to it, PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from deploy.local.migrate import migrate_all
from deploy.local.postgres import Postgres
from services.chassis.envelope import Envelope
from services.chassis.errors import Unavailable
from services.stubs.acd.v1 import acd_pb2 as pb
from services.stubs.acd.v1 import events_pb2 as ev
from tests.system.acd.floor import OwnDatabase, say, settled, stored
from tests.system.acd.pair import Pair, Waiter, open_pair, until

pytestmark = pytest.mark.timeout(300)

OUTAGE_S = float(os.environ.get("SWITCHYARD_OUTAGE_S", "6"))
"""Longer than a try to get a connection lasts. A minute and more: SWITCHYARD_OUTAGE_S=70."""


async def two_switches(pair: Pair) -> tuple[list[Waiter], list[Waiter], list[Waiter], list[Waiter]]:
    """Two talk on each switch, one is being rung by the first, three and six wait.

    Gives who talks, is rung or waits on the first, and who is on the second.
    """
    staff = await pair.hire(4)
    await pair.ready(staff)
    talking = await pair.arrive(2, on=0)
    others = await pair.arrive(2, on=1)
    await settled(pair, 4)
    rung_agent = await pair.hire(1, first=1005, mode="ring", answer_after_ms=None)
    await pair.ready(rung_agent)
    rung = await pair.arrive(1, on=0)
    await until(lambda: "a1005" in pair.witness.rung, "the fifth phone rings")
    pair.phone("a1005")
    waiting = await pair.arrive(3, on=0)
    others += await pair.arrive(6, on=1)
    return talking, rung, waiting, others


def ended(events: Sequence[Envelope], who: Sequence[Waiter]) -> Counter[str]:
    """How their contacts ended."""
    ids = {waiter.contact.contact_id for waiter in who}
    of = [event for event in events if event.subject in ids and event.type.endswith(".ContactEnded")]
    return Counter(event.data["outcome"].removeprefix("OUTCOME_") for event in of)


async def accounted(pair: Pair, who: Sequence[Waiter]) -> bool:
    return ended(await pair.journal(), who).total() == len(who)


async def test_switch_is_lost(database: Any, open_dir: Path) -> None:
    """Its callers are accounted for as dropped, once; its agents take callers of the other switch."""
    async with open_pair(database, open_dir, acds=["acd1"], switches=2, ACD_NODE_LOST_S="2") as pair:
        talking, rung, waiting, others = await two_switches(pair)
        await pair.lose(0)
        await until(lambda: len(pair.talking) == 5, "its three agents have callers of the other switch")
        assert {id(waiter) for waiter in pair.talking} <= {id(waiter) for waiter in others}
        events = await pair.everything_ends()
        assert ended(events, rung + waiting) == {"DROPPED": 4}
        assert ended(events, talking) == {"ANSWERED": 2}
        assert ended(events, others) == {"ANSWERED": 8}
        assert pair.witness.doubles == []


async def test_owner_dies_with_talks_on_one_switch_and_callers_on_the_other(
    database: Any, open_dir: Path
) -> None:
    """Nobody who talks is rung for a caller of the switch that was compared first."""
    async with open_pair(database, open_dir, switches=2) as pair:
        await pair.ready(await pair.hire(60))
        await pair.arrive(60, on=0)
        await settled(pair, 60)
        await pair.arrive(60, on=1)
        await until(pair.all_told, "the journal knows who is here")
        killed = await pair.killed("acd1")
        await pair.becomes("acd2")
        await pair.all_wait_again()
        assert pair.offers(killed) == []
        assert pair.witness.doubles == []
        await settled(pair, 60)
        pair.check_journal(await pair.everything_ends())


async def test_machine_with_the_owner_and_a_switch_is_lost(database: Any, open_dir: Path) -> None:
    """The next owner does not wait for the switch that is gone before it serves the other one's callers."""
    async with open_pair(database, open_dir, switches=2, ACD_NODE_LOST_S="5") as pair:
        talking, rung, waiting, others = await two_switches(pair)
        await until(pair.all_told, "the journal knows who is here")
        killed = pair.kill("acd1")
        await pair.lose(0)
        pair.hang_up(next(waiter for waiter in others if waiter.talks))
        say(f"first offer {await pair.first_offer(killed):.2f} s after both were lost")
        await pair.becomes("acd2")
        say(f"the stand-by serves {(time.time_ns() // 1000 - killed) / 1e6:.2f} s after both were lost")
        await until(lambda: accounted(pair, talking + rung + waiting), "the lost calls are accounted for")
        events = await pair.everything_ends()
        assert ended(events, rung + waiting) == {"DROPPED": 4}
        assert ended(events, talking) == {"ANSWERED": 2}
        assert ended(events, others) == {"ANSWERED": 8}
        assert pair.witness.doubles == []


async def test_switch_restarts(database: Any, open_dir: Path) -> None:
    """It comes back without its calls: they are accounted for at once, and it has callers again."""
    async with open_pair(database, open_dir, acds=["acd1"], switches=2) as pair:
        talking, rung, waiting, others = await two_switches(pair)
        port = pair.switches[0].port
        await pair.lose(0)
        await pair.replace(0, port)
        await until(lambda: accounted(pair, talking + rung + waiting), "its calls are accounted for")
        come = await pair.arrive(2, on=0)
        events = await pair.everything_ends()
        assert ended(events, rung + waiting) == {"DROPPED": 4}
        assert ended(events, talking) == {"ANSWERED": 2}
        assert ended(events, others + come) == {"ANSWERED": 10}


async def test_link_to_the_switch_is_lost(database: Any, open_dir: Path) -> None:
    """What happens meanwhile is found out when it is back; who waits has kept the place."""
    async with open_pair(database, open_dir, acds=["acd1"]) as pair:
        await pair.ready(await pair.hire(10))
        await pair.arrive(10)
        await settled(pair, 10)
        waiting = await pair.arrive(20)
        gone, freed = waiting[7], pair.talking[:3]
        before = await pair.states()
        pair.cut_links()
        for waiter in (gone, *freed):
            pair.hang_up(waiter)
        await until(lambda: sum(waiter.talks for waiter in waiting) == 3, "three more are served")
        assert [waiter for waiter in waiting if waiter.talks] == waiting[:3]
        after = await settled(pair, 10)
        names = {waiter.contact.contact_id for waiter in freed}
        same = {agent: state for agent, state in before.items() if state[2] not in names}
        assert {agent: after[agent] for agent in same} == same
        await pair.all_wait_again()
        events = await pair.everything_ends()
        assert ended(events, [gone]) == {"DROPPED": 1}
        assert ended(events, [w for w in pair.waiters if w is not gone]) == {"ANSWERED": 29}
        assert len({event.id for event in events}) == len(events)
        assert pair.witness.doubles == []


async def test_postgresql_is_away_for_long(open_dir: Path) -> None:
    """Routing goes on, settings are refused in so many words, and all facts are in the tables afterwards."""
    async with Postgres(open_dir, durable=False) as server:
        database = OwnDatabase(server)
        await server.ensure_database()
        await migrate_all(database.dsn)
        async with open_pair(database, open_dir, acds=["acd1"]) as pair:
            await pair.ready(await pair.hire(3))
            await pair.arrive(3)
            await settled(pair, 3)
            await server.stop()
            loop = asyncio.get_running_loop()
            back = loop.time() + OUTAGE_S
            while loop.time() < back:  # the whole time somebody comes, is served and goes
                known = await settled(pair, 3)
                pair.hang_up(next(w for w in pair.talking if w.contact.contact_id == known["a1001"][2]))
                await pair.arrive(1)
                await until(lambda: len(pair.talking) == 3, "the next one is served")
            with pytest.raises(Unavailable, match="database"):
                await pair.client.call(pair.client.stub.PutQueue, pb.Queue(name="late"), timeout_s=10)
            await pair.ready(["a1003"], ev.PRESENCE_OTHER_WORK)
            assert "database" in await missing(pair)
            served = len(pair.waiters)
            assert served >= 6
            await server.start()
            pair.check_journal(await pair.everything_ends())
            done = "select count(*) = $1 from contact where outcome = 'answered'"
            await until(lambda: stored(database, done, served), "the tables have caught up")
            busy = "select presence = 3 and routing_status = 1 from agent where agent_id = 'a1003'"
            await until(lambda: stored(database, busy), "agents too")


async def missing(pair: Pair) -> str:
    return await pair.look("acd1", "/readyz")
