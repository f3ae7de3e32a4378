"""How long a contact centre is without its ACD: from kill -9 of the owner to the stand-by's first offer.

Two ACDs as processes, the switch and the callers' IVR played by this one, on the same machine. The floor is
what has to be waited for on purpose: the lease must have stood still for its time, counted from its last
renewal, and the new owner waits one verification period. It is computed, not measured.

`BENCH_QUICK=1`: 30 waiting and 10 talking only.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from deploy.local.bench import Row
from deploy.local.migrate import migrate_all
from deploy.local.postgres import Postgres, role
from services.acd.config import AcdConfig
from services.chassis.lease import DRIFT, RENEW_SHARE
from services.stubs.acd.v1 import events_pb2 as ev
from tests.system.acd.pair import Pair, open_pair, until

SIZES = ((30, 10),) if os.environ.get("BENCH_QUICK") == "1" else ((30, 10), (1000, 300))
GOAL_S = 3.0


@dataclass
class Own:
    server: Postgres
    name: str

    def dsn(self, service: str) -> str:
        return self.server.dsn(self.name, role(service))


def main() -> list[Row]:
    folder = Path(tempfile.mkdtemp(prefix="switchyard-bench-"))
    folder.chmod(0o755)  # PostgreSQL may have to run as nobody
    try:
        return asyncio.run(measure(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def measure(folder: Path) -> list[Row]:
    rows: list[Row] = []
    async with Postgres(folder, durable=False) as server:
        for waiting, talking in SIZES:
            database = Own(server, f"takeover_{waiting}")
            await server.ensure_database(database.name)
            await migrate_all(database.dsn)
            place = folder / str(waiting)
            place.mkdir()
            async with open_pair(database, place) as pair:
                rows += await one_size(pair, waiting, talking)
    return rows


async def one_size(pair: Pair, waiting: int, talking: int) -> list[Row]:
    staff = await pair.hire(talking)
    await pair.ready(staff)
    await pair.arrive(talking)
    await until(lambda: all_talk(pair, talking), "all agents talk")
    await pair.arrive(waiting)
    before = await pair.states()
    killed = await pair.killed("acd1")
    pair.hang_up(pair.talking[0])
    took = await pair.first_offer(killed)
    back = await all_back(pair, killed)
    await pair.becomes("acd2")
    await until(lambda: all_talk(pair, talking), "all agents talk again")
    after = await pair.states()
    same = sum(after[agent] == state for agent, state in before.items())
    lost = sum(not waiter.here for waiter in pair.waiters) - 1
    name = f"{waiting} waiting, {talking} talking"
    config = AcdConfig()
    ttl_s = config.acd_lease_ttl_s
    floor = ttl_s * DRIFT - ttl_s / RENEW_SHARE / 2 + config.acd_verify_s
    await pair.start("acd1")
    asked = pair.kill("acd2", signal.SIGTERM)
    await pair.becomes("acd1")
    planned = time.time_ns() / 1e9 - asked / 1e6
    return [
        Row(f"{name}: first offer after kill -9", took, "s", floor, took / floor, GOAL_S, took <= GOAL_S),
        Row(f"{name}: all who wait are known again after kill -9", back, "s"),
        Row(f"{name}: planned hand-over until it serves", planned, "s"),
        Row(f"{name}: callers dropped", lost, "", goal=0, ok=lost == 0),
        Row(f"{name}: agents in another state", talking - 1 - same, "", goal=0, ok=same == talking - 1),
    ]


async def all_talk(pair: Pair, talking: int) -> bool:
    states = (await pair.states()).values()
    return sum(state[1] == ev.ROUTING_STATUS_CONNECTED for state in states) == talking


async def all_back(pair: Pair, since_us: int) -> float:
    """When the last of those who wait was given a place again."""
    await until(lambda: all(w.placed or not w.here for w in pair.waiting), "all have a place again", 120)
    return time.time_ns() / 1e9 - since_us / 1e6
