"""An owner and a stand-by. Each scenario is named by what fails.

Times are printed, not asserted: a busy machine is no failure.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.local.migrate import migrate_all
from deploy.local.postgres import Postgres
from services.chassis.rpc import Client
from services.stubs.acd.v1 import acd_pb2 as pb
from services.stubs.acd.v1 import acd_pb2_grpc as grpc
from services.stubs.acd.v1 import events_pb2 as ev
from tests.system.acd.floor import (
    OwnDatabase,
    busy_floor,
    in_order,
    next_one,
    same_floor,
    say,
    served_in_order,
    settled,
    stored,
)
from tests.system.acd.pair import Pair, open_pair, until

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def pair(database: Any, open_dir: Path) -> AsyncIterator[Pair]:
    async with open_pair(database, open_dir) as opened:
        yield opened


async def test_owner_is_killed_with_callers_waiting_and_talking(pair: Pair) -> None:
    """Nobody is dropped; place, priority and states are as before; the journal has everything once."""
    await pair.call("PutQueue", pb.Queue(name="sales", ring_timeout_s=20, wrap_up_s=0, priority_step_s=60))
    before = await busy_floor(pair, talking=10, waiting=30)
    killed = await pair.killed("acd1")
    freed, line = pair.talking[0], in_order(pair)
    pair.hang_up(freed)  # in the time without an owner: the agent is offered another by the next one
    took = await pair.first_offer(killed)
    say(f"first offer of the new owner {took:.2f} s after kill -9")
    assert line[0].contact.contact_id in pair.offers(killed)[0]
    await pair.becomes("acd2")
    after = await settled(pair, 10)
    same = {agent: state for agent, state in before.items() if state[2] != freed.contact.contact_id}
    assert {agent: after[agent] for agent in same} == same
    await pair.all_wait_again()
    await served_in_order(pair)
    pair.check_journal(await pair.everything_ends(), unheard=[freed])


async def test_owner_is_stopped_and_continued_after_it_was_replaced(pair: Pair) -> None:
    """Not one command of the former owner reaches the switch, and none of its decisions the journal."""
    before = await busy_floor(pair, talking=5, waiting=5)
    own = pair.connections(0, time.time_ns())
    stopped = pair.kill("acd1", signal.SIGSTOP)
    await pair.becomes("acd2")
    await same_floor(pair, before, waiting=5)
    for _ in range(2):  # as soon as it goes on, it reads of these, and would give each agent somebody
        assert await next_one(pair), "the new owner gives the agent the next one"
    pair.kill("acd1", signal.SIGCONT)
    await pair.becomes("acd1", "stand-by")
    late = [told for told in pair.commands(stopped) if told[1] in own]
    assert late == []
    assert await pair.metric("acd2", "switchyard_acd_mended_total{") == 0
    staff = await pair.hire(2, first=1101)
    await pair.ready(staff)
    pair.check_journal(await pair.everything_ends())


async def test_nats_restarts_under_both(pair: Pair) -> None:
    """The owner goes on by the switches' marks, remains the owner, and publishes afterwards what happened."""
    before = await busy_floor(pair, talking=5, waiting=5)
    generation = await pair.metric("acd1", "switchyard_lease_generation")
    await pair.nats.kill()
    await until(lambda: lapsed(pair), "the lease has lapsed")
    assert await next_one(pair), "routing goes on without NATS"
    await until(lambda: on_marks(pair), "the marks let it go on")
    await pair.nats.start()
    await until(lambda: held(pair), "the lease is held again")
    assert await pair.metric("acd1", "switchyard_lease_generation") == generation
    assert (await pair.role("acd1"), await pair.role("acd2")) == ("owner", "stand-by")
    assert len(before) == len(await pair.states())
    pair.check_journal(await pair.everything_ends())


async def lapsed(pair: Pair) -> bool:
    return await pair.metric("acd1", "switchyard_lease_held{") == 0


async def on_marks(pair: Pair) -> bool:
    return await pair.metric("acd1", "switchyard_acd_on_marks{") == 1


async def held(pair: Pair) -> bool:
    return await pair.metric("acd1", "switchyard_lease_held{") == 1


async def test_link_is_lost_while_nats_is_away(pair: Pair) -> None:
    """Without switch and NATS the owner may do nothing; with the switch alone it goes on."""
    await busy_floor(pair, talking=3, waiting=3)
    await pair.nats.kill()
    await until(lambda: lapsed(pair), "the lease has lapsed")
    await until(lambda: on_marks(pair), "the marks let it go on")
    while await on_marks(pair):
        pair.cut_links()
    assert await next_one(pair), "routing goes on"
    await pair.nats.start()
    await until(lambda: held(pair), "the lease is held again")
    pair.check_journal(await pair.everything_ends())


async def test_owner_dies_while_nats_is_away(pair: Pair) -> None:
    """Nobody can take over without NATS; once it is back, somebody does."""
    before = await busy_floor(pair, talking=3, waiting=3)
    await pair.nats.kill()
    killed = await pair.killed("acd1")
    await pair.nats.start()
    await pair.becomes("acd2")
    assert pair.commands(killed)[0][2].startswith("global_setvar")
    await same_floor(pair, before, waiting=3)
    pair.check_journal(await pair.everything_ends())


async def test_owner_alone_is_cut_off_from_nats(pair: Pair) -> None:
    """It goes on by the marks until the new owner sets its own, and then stops before that one begins."""
    before = await busy_floor(pair, talking=5, waiting=10)
    await until(pair.all_told, "the journal knows who is here")
    own, here = pair.connections(0, time.time_ns()), set(map(id, pair.waiters))
    cut = time.time_ns() // 1000
    pair.cable.cut()
    while await pair.role("acd2") != "owner":  # somebody is given a caller all the while
        if pair.talking:
            pair.hang_up(pair.talking[0])
        await asyncio.sleep(0.1)
        await pair.arrive(1)

    def new_owners() -> list[tuple[int, int, str]]:
        orders = pair.commands(cut)
        return [told for told in orders if told[1] not in own and not told[2].startswith("global_")]

    began = (await until(new_owners, "the new owner commands"))[0][0]
    assert [told for told in pair.commands(cut) if told[1] in own], "it went on at first"
    assert [told for told in pair.commands(began) if told[1] in own] == []
    assert await pair.role("acd1") != "owner"
    pair.cable.mend()
    await pair.becomes("acd1", "stand-by")
    assert len(before) == len(await pair.states())
    # What the former owner decided without NATS it cannot tell: of who came and went meanwhile nobody knows.
    untold = [waiter for waiter in pair.waiters if id(waiter) not in here and not waiter.here]
    events = await pair.everything_ends(untold=untold)
    assert len({event.id for event in events}) == len(events)
    ended = Counter(event.subject for event in events if event.type.endswith(".ContactEnded"))
    assert set(ended.values()) == {1}


async def test_owner_is_stopped_and_continues_without_nats(pair: Pair) -> None:
    """It cannot learn that it was replaced from the lease; the marks tell it."""
    before = await busy_floor(pair, talking=3, waiting=3)
    own = pair.connections(0, time.time_ns())
    stopped = pair.kill("acd1", signal.SIGSTOP)
    await pair.becomes("acd2")
    await pair.nats.kill()
    pair.kill("acd1", signal.SIGCONT)
    assert await next_one(pair), "the new owner goes on, by its own marks"
    assert [told for told in pair.commands(stopped) if told[1] in own] == []
    assert await pair.role("acd1") != "owner"
    await pair.nats.start()
    await pair.becomes("acd1", "stand-by")
    assert len(before) == len(await pair.states())
    pair.check_journal(await pair.everything_ends())


async def test_owner_dies_while_postgresql_is_away(open_dir: Path) -> None:
    """The stand-by has a copy, and the journal tells what changed since. Facts are written later."""
    async with Postgres(open_dir, durable=False) as server:
        database = OwnDatabase(server)
        await server.ensure_database()
        await migrate_all(database.dsn)
        async with open_pair(database, open_dir, ACD_STANDBY_COPY_S="0.5") as pair:
            await busy_floor(pair, talking=4, waiting=4)
            made = await copies(pair)
            await until(lambda: copied(pair, made + 2), "the stand-by has copied what is there now")
            await server.stop()
            assert await next_one(pair), "routing goes on without PostgreSQL"
            await pair.ready(["a1005"], ev.PRESENCE_OFFLINE)
            before = await settled(pair, 4)
            killed = await pair.killed("acd1")
            await pair.becomes("acd2")
            assert await pair.states() == before
            await pair.all_wait_again()
            assert await next_one(pair), "the new owner routes without PostgreSQL"
            say(f"first offer {await pair.first_offer(killed):.2f} s after kill -9, without PostgreSQL")
            await server.start()
            pair.check_journal(await pair.everything_ends())
            await until(lambda: all_stored(pair, database), "the tables have caught up")


async def copied(pair: Pair, times: float) -> bool:
    return await copies(pair) >= times


async def copies(pair: Pair) -> float:
    return await pair.metric("acd2", "switchyard_acd_standby_copies_total")


async def all_stored(pair: Pair, database: Any) -> bool:
    query = "select count(*) = $1 from contact where outcome = 'answered'"
    return await stored(database, query, len(pair.waiters))


async def test_owner_hands_over_in_a_planned_restart(pair: Pair) -> None:
    """SIGTERM: the next one need not wait for the lease to run out, and the first comes back as stand-by."""
    before = await busy_floor(pair, talking=5, waiting=5)
    asked = pair.kill("acd1", signal.SIGTERM)
    await pair.becomes("acd2")
    say(f"the stand-by serves {(time.time_ns() // 1000 - asked) / 1e6:.2f} s after SIGTERM")
    await pair.acds["acd1"].exited()
    assert pair.acds["acd1"].returncode == 0
    await same_floor(pair, before, waiting=5)
    await pair.start("acd1")
    assert await pair.role("acd1") == "stand-by"
    await pair.killed("acd2")
    await pair.becomes("acd1")
    await same_floor(pair, before, waiting=5)
    pair.check_journal(await pair.everything_ends())


async def test_both_are_killed_and_both_come_back(pair: Pair) -> None:
    before = await busy_floor(pair, talking=5, waiting=5)
    await asyncio.gather(pair.killed("acd1"), pair.killed("acd2"))
    await asyncio.gather(pair.start("acd1"), pair.start("acd2"))
    roles = sorted([await pair.role("acd1"), await pair.role("acd2")])
    assert roles == ["owner", "stand-by"]
    await same_floor(pair, before, waiting=5)
    pair.check_journal(await pair.everything_ends())


async def test_callers_need_not_know_who_the_owner_is(pair: Pair) -> None:
    """Each of the two answers all requests; what is refused is refused alike, field and all."""
    from services.chassis.errors import Invalid, NotFound

    staff = await pair.hire(1)
    for name in ("acd1", "acd2"):
        client: Client[Any] = Client(f"127.0.0.1:{pair.ports[name][0]}", grpc.AcdStub, service="acd")
        found = await pair.call("GetAgent", pb.GetAgentRequest(agent_id=staff[0]), client=client)
        assert found.agent_id == staff[0]
        with pytest.raises(NotFound, match="a9999"):
            await pair.call("GetAgent", pb.GetAgentRequest(agent_id="a9999"), client=client)
        with pytest.raises(Invalid) as refused:
            await pair.call("PutQueue", pb.Queue(name=""), client=client)
        assert refused.value.field == "name"
        await client.close()


async def test_owner_hands_over_while_phones_ring(database: Any, open_dir: Path) -> None:
    """Phones that began to ring just before, and that `show channels` does not tell of yet, are found."""
    async with open_pair(database, open_dir, show_lag_ms=180) as pair:
        staff = await pair.hire(10, answer_after_ms=2_000)
        await pair.ready(staff)
        await pair.arrive(10)
        await until(lambda: len(pair.offers()) == 10, "the switch was told to ring all")
        pair.kill("acd1", signal.SIGTERM)
        while await pair.role("acd2") != "owner":
            await pair.arrive(1)  # decided by one of them, never by both
        await until(lambda: len(pair.talking) == 10, "all agents talk")
        told = list(pair.switch.told)
        last, own, _ = [order for order in told if order[2].startswith("originate")][9]
        looked = next(at for at, link, text in told if link != own and text.startswith("show"))
        assert looked > last + 180_000
        assert pair.witness.doubles == []
        pair.check_journal(await pair.everything_ends())


async def test_owner_is_stopped_in_the_middle_of_a_transaction(pair: Pair, database: Any) -> None:
    """The rows that it has written and not committed do not hold up the next owner, who stores the same."""
    await busy_floor(pair, talking=3, waiting=0)
    await pair.ready(await pair.hire(3, first=1101))
    ready = "select count(*) = 3 from agent where agent_id like 'a11%' and presence = 2"
    await until(lambda: stored(database, ready), "what was before is stored")
    async with locked(database):
        await pair.arrive(3)
        await until(lambda: stored(database, HOLDS_CONTACTS), "the owner has written, and waits")
        stopped = pair.kill("acd1", signal.SIGSTOP)
    await pair.becomes("acd2")
    say(f"the stand-by serves {(time.time_ns() // 1000 - stopped) / 1e6:.2f} s after SIGSTOP")
    await settled(pair, 6)
    pair.check_journal(await pair.everything_ends())
    await until(lambda: all_stored(pair, database), "the tables have caught up")
    say(f"the tables have caught up {(time.time_ns() // 1000 - stopped) / 1e6:.2f} s after SIGSTOP")
    pair.kill("acd1", signal.SIGCONT)
    await pair.becomes("acd1", "stand-by")


@asynccontextmanager
async def locked(database: Any) -> AsyncIterator[None]:
    """Whoever writes of agents waits meanwhile; contacts are written before them."""
    connection = await asyncpg.connect(database.dsn("acd"))
    try:
        async with connection.transaction():
            await connection.execute("lock table agent_state in share row exclusive mode")
            yield
    finally:
        await connection.close()


HOLDS_CONTACTS = """select count(*) > 0 from pg_stat_activity join pg_locks using (pid)
    where wait_event_type = 'Lock' and relation = 'contact'::regclass and granted"""
