"""ScreenPop over gRPC, with many customers and a long timeline, beside what the parts cost alone.

The floor is the same wire and the same database with nothing of ours between: a bare gRPC echo of an
answer as large, plus one indexed SELECT. Client, server and PostgreSQL share the machine.

`BENCH_QUICK=1`: a hundredth of the data, for trying the bench itself.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import grpc
from grpc import aio

from deploy.local.bench import Row
from deploy.local.migrate import migrations_of
from deploy.local.postgres import Postgres, role
from services.chassis import db, migrations, tenant
from services.chassis.rpc import Client, Server
from services.crm.api import Api
from services.crm.service import CrmService
from services.crm.store import Store
from services.crm.store.cache import KnownNumbers
from services.stubs.crm.v1 import crm_pb2 as pb
from services.stubs.crm.v1 import crm_pb2_grpc

GOAL_P99_MS = 10.0  # design.md: the pop stands before the agent has looked up
QUICK = os.environ.get("BENCH_QUICK") == "1"
CUSTOMERS = 1_000 if QUICK else 100_000
ENTRIES_EACH = 10
CALLS = 300 if QUICK else 5_000
WARM_UP = 100
IN_FLIGHT = 8  # 50 calls/s ring at once far less often than this
ECHO = "/switchyard.bench.Echo/Echo"

# Made by the database itself: sending a million rows would take longer than the bench.
FILL = """
insert into customer
select 'demo', lpad(to_hex(i), 32, '0')::uuid, 'Customer ' || i, 'Organisation ' || i % 5000, '', i % 4,
    'zh-CN', '{quiet}', repeat('note ', 20), 1, now(), now(), 'customer ' || i, 'organisation ' || i % 5000
from generate_series(1, $1::int) i;
insert into customer_number
select 'demo', '+86138' || lpad(i::text, 8, '0'), lpad(to_hex(i), 32, '0')::uuid, 1
from generate_series(1, $1::int) i;
insert into customer_account
select 'demo', 'a-' || i, lpad(to_hex(i), 32, '0')::uuid, 'A-' || i, 1 from generate_series(1, $1::int) i;
insert into timeline
select 'demo', gen_random_uuid(), now() - i * interval '1 second', 'contact', 'voice', gen_random_uuid(),
    'agent-' || i % 500, '+86138' || lpad((i % $1 + 1)::text, 8, '0'),
    case when i % 5 > 0 then lpad(to_hex(i % $1 + 1), 32, '0')::uuid end, 'answered · support',
    '{"outcome":"OUTCOME_ANSWERED","queue":"support","talkMs":"35000","waitedMs":"8000","offers":1}'
from generate_series(1, $1::int * $2::int) i;
insert into timeline
select tenant, gen_random_uuid(), at, 'survey', '', contact_id, '', null, null, '4/5',
    '{"score":4,"highest":5}'
from timeline where kind = 'contact' and at > now() - $1::int * $2::int / 5 * interval '1 second';
insert into number_segment
select 'demo', '+86138' || lpad(i::text, 4, '0'), 'segment ' || i, 'department ' || i % 30
from generate_series(0, least(9999, $1::int)) i
"""
SELECT_ONE = "select * from customer_number where tenant = 'demo' and number = $1"


def main() -> list[Row]:
    """Fills a database of its own, asks, and takes it away again."""
    folder = Path(tempfile.mkdtemp(prefix="switchyard-bench-"))
    folder.chmod(0o755)  # PostgreSQL may have to run as nobody
    try:
        return asyncio.run(measure(folder / "pg"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def measure(folder: Path) -> list[Row]:
    async with Postgres(folder) as server:
        await server.ensure_database("bench")
        dsn = server.dsn("bench", role("crm"))
        await migrations.migrate(dsn, "crm", migrations_of("crm"))
        await fill(dsn)
        await analyse(server.dsn("bench"))
        return await rows(dsn)


async def fill(dsn: str) -> None:
    connection = await asyncpg.connect(
        dsn, server_settings={"search_path": "crm", "switchyard.tenant": "*", "work_mem": "64MB"}
    )
    for statement in FILL.split(";\n"):
        used = [CUSTOMERS, ENTRIES_EACH][: 1 + ("$2" in statement)]
        await connection.execute(statement, *used, timeout=600)
    await connection.close()


async def analyse(dsn: str) -> None:
    """As autovacuum does on a database that has lived a while."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("vacuum analyze", timeout=600)
    await connection.close()


async def rows(dsn: str) -> list[Row]:
    database = await db.connect(dsn, "crm")
    service = CrmService(
        Store(database, search_timeout_ms=5_000), KnownNumbers(entries=20_000, ttl_s=10), region="CN"
    )
    server = Server("127.0.0.1:0", service="crm")
    server.add(crm_pb2_grpc.add_CrmServicer_to_server, Api(service, region="CN"))
    await server.start()
    client = Client(f"127.0.0.1:{server.port}", crm_pb2_grpc.CrmStub, service="crm", timeout_s=10)
    try:
        with tenant.use("demo"):
            return await compared(client, dsn)
    finally:
        await client.close()
        await server.stop(0)
        await database.close()


async def compared(client: Client[Any], dsn: str) -> list[Row]:
    async def pop(number: str) -> pb.ScreenPopResponse:
        answer: pb.ScreenPopResponse = await client.call(
            client.stub.ScreenPop, pb.ScreenPopRequest(number=number)
        )
        return answer

    async def identify(number: str) -> None:
        await client.call(client.stub.Identify, pb.IdentifyRequest(number=number))

    async def search(text: str) -> None:
        await client.call(client.stub.SearchCustomers, pb.SearchCustomersRequest(text=text))

    example = await pop(number_of(1))
    if not example.customer.customer_id or len(example.recent) != min(ENTRIES_EACH, 10):
        sys.exit("the bench is wrong: the pop of a known customer is not full")
    floor = await floor_ms(dsn, example.SerializeToString())
    alone = await times_ms(pop, CALLS)
    crowd = await times_ms(pop, CALLS, in_flight=IN_FLIGHT)
    known = await times_ms(identify, CALLS, numbers=50)
    inside = await times_ms(lambda _: search("mer 77"), 10, warm_up=1)
    return [
        row("screen_pop_p50", alone, 0.50, floor),
        row("screen_pop_p99", alone, 0.99, floor, goal=GOAL_P99_MS),
        row(f"screen_pop_p99_{IN_FLIGHT}_in_flight", crowd, 0.99, None),
        row("identify_from_memory_p50", known, 0.50, None),
        row("search_inside_names_p50", inside, 0.50, None),
        Row("customers", CUSTOMERS, "rows"),
        Row("timeline", CUSTOMERS * ENTRIES_EACH * 6 / 5, "rows"),
    ]


def row(
    name: str, times: list[float], share: float, floor: list[float] | None, goal: float | None = None
) -> Row:
    value = quantile(times, share)
    least = quantile(floor, share) if floor else None
    return Row(
        name,
        round(value, 3),
        "ms",
        floor=round(least, 3) if least else None,
        ratio=round(value / least, 2) if least else None,
        goal=goal,
        ok=value < goal if goal else None,
    )


async def floor_ms(dsn: str, payload: bytes) -> list[float]:
    """A bare echo of as many bytes, and one SELECT by primary key outside any transaction."""
    server = aio.server()
    handler: Any = grpc.unary_unary_rpc_method_handler(echo)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("switchyard.bench.Echo", {"Echo": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    settings = {"search_path": "crm", "switchyard.tenant": "demo"}
    connection = await asyncpg.connect(dsn, server_settings=settings)
    async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call: Any = channel.unary_unary(ECHO)

        async def both(number: str) -> None:
            await call(payload)
            await connection.fetchrow(SELECT_ONE, number)

        times = await times_ms(both, CALLS)
    await connection.close()
    await server.stop(0)
    return times


async def echo(request: bytes, context: object) -> bytes:
    return request


async def times_ms(
    ask: Callable[[str], Awaitable[object]],
    calls: int,
    *,
    in_flight: int = 1,
    numbers: int = CUSTOMERS,
    warm_up: int = WARM_UP,
) -> list[float]:
    """Milliseconds of each call, after a warm-up; callers drawn evenly, the same in every run."""
    drawn = random.Random(42)
    taken: list[float] = []

    async def asker(count: int) -> None:
        for _ in range(count):
            number = number_of(drawn.randint(1, numbers))
            started = time.perf_counter()
            await ask(number)
            taken.append((time.perf_counter() - started) * 1000)

    # As many at once as later: each database connection plans its queries when it first meets them.
    await asyncio.gather(*(asker(warm_up) for _ in range(in_flight)))
    taken.clear()
    await asyncio.gather(*(asker(calls // in_flight) for _ in range(in_flight)))
    return taken


def number_of(i: int) -> str:
    return f"+86138{i:08d}"


def quantile(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]
