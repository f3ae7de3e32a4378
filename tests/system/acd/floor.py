"""How floors of callers and agents are made, and looked at."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import asyncpg

from deploy.local.postgres import Postgres, role
from services.stubs.acd.v1 import events_pb2 as ev
from tests.system.acd.pair import Pair, Waiter, until


def say(line: str) -> None:
    """For who measures: `pytest -s`."""
    sys.stdout.write(f"\n{line}\n")


async def busy_floor(pair: Pair, talking: int, waiting: int) -> dict[str, tuple[int, int, str]]:
    """So many talk, so many wait; one agent does other work, one still rings. Gives every agent's state."""
    staff = await pair.hire(talking + 1)
    await pair.ready(staff[-1:], ev.PRESENCE_OTHER_WORK)
    await pair.ready(staff[:-1])
    await pair.arrive(talking)
    await settled(pair, talking)
    await pair.arrive(waiting // 2)
    await pair.arrive(waiting - waiting // 2, priority=3)
    return await settled(pair, talking)


async def settled(pair: Pair, talking: int) -> dict[str, tuple[int, int, str]]:
    """Waits until so many agents talk and the owner knows it; gives every agent's state."""

    async def known() -> dict[str, tuple[int, int, str]] | None:
        states = await pair.states()
        count = sum(state[1] == ev.ROUTING_STATUS_CONNECTED for state in states.values())
        return states if count == talking else None

    found: dict[str, tuple[int, int, str]] = await until(known, f"{talking} are known to talk")
    return found


async def same_floor(pair: Pair, before: dict[str, tuple[int, int, str]], waiting: int) -> None:
    assert await pair.states() == before
    assert len(pair.waiting) == waiting
    assert all(waiter.here for waiter in pair.waiters)
    await pair.all_wait_again()


def in_order(pair: Pair) -> list[Waiter]:
    """Who has the highest claim comes first: priority, then who came first."""
    return sorted(pair.waiting, key=lambda w: (-w.wish.priority, w.wish.enqueued_at))


async def served_in_order(pair: Pair) -> None:
    for expected in in_order(pair)[:3]:
        assert await next_one(pair) == [expected]


async def next_one(pair: Pair) -> Any:
    """A conversation ends; gives who talks then and did not before."""
    before = set(map(id, pair.talking))
    pair.hang_up(pair.talking[0])
    return await until(lambda: [w for w in pair.talking if id(w) not in before], "the next one talks")


@dataclass
class OwnDatabase:
    """Of one scenario, which takes it away."""

    server: Postgres

    def dsn(self, service: str) -> str:
        return self.server.dsn(user=role(service))


async def stored(database: Any, query: str, *arguments: Any) -> bool:
    """What a query about the ACD's tables says."""
    connection = await asyncpg.connect(database.dsn("acd"), server_settings={"switchyard.tenant": "*"})
    try:
        return bool(await connection.fetchval(query, *arguments))
    finally:
        await connection.close()
