"""PostgreSQL as the chassis gives it: tenants apart, migrations once, events with their facts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.chassis import db, migrations, outbox, tenant
from services.chassis.bus import Bus
from services.chassis.envelope import Envelope
from services.chassis.errors import Conflict, Unavailable
from services.stubs.crm.v1 import events_pb2
from tests.conftest import Database

pytestmark = pytest.mark.integration

SCHEMA = """
create table if not exists outbox (
    seq bigint generated always as identity primary key,
    id uuid not null unique,
    subject text not null,
    payload bytea not null,
    added_at timestamptz not null default now()
);
create table thing (tenant text not null, name text not null);
alter table thing enable row level security;
alter table thing force row level security;
create policy tenant on thing using (
    tenant = current_setting('switchyard.tenant', true) or current_setting('switchyard.tenant', true) = '*'
);
"""


@pytest.fixture
async def things(database: Database, tmp_path: Path) -> AsyncIterator[db.Database]:
    (tmp_path / "0900_pre_thing.sql").write_text(SCHEMA)
    await migrations.migrate(database.dsn("crm"), "crm", tmp_path)
    opened = await db.connect(database.dsn("crm"), "crm", size=2)
    yield opened
    await opened.close()


async def put(things: db.Database, name: str) -> None:
    async with things.tenant() as connection:
        await connection.execute("insert into thing values ($1, $2)", tenant.current(), name)


async def names(things: db.Database) -> list[str]:
    async with things.tenant() as connection:
        return [row["name"] for row in await connection.fetch("select name from thing order by name")]


async def test_tenants_do_not_see_each_other(things: db.Database) -> None:
    with tenant.use("a"):
        await put(things, "of a")
    with tenant.use("b"):
        await put(things, "of b")
        assert await names(things) == ["of b"]
        with pytest.raises(Exception, match="row-level security"):
            async with things.tenant() as connection:
                await connection.execute("insert into thing values ('a', 'forged')")
    async with things.system() as connection:
        assert await connection.fetchval("select count(*) from thing") == 2


async def test_no_tenant_no_transaction(things: db.Database) -> None:
    with pytest.raises(LookupError):
        await names(things)


async def test_a_failed_transaction_leaves_nothing(things: db.Database) -> None:
    with tenant.use("a"):
        with pytest.raises(ZeroDivisionError):
            await fail_after(things, "insert into thing values ('a', 'half')")
        assert await names(things) == []


async def test_two_migrators_at_once_apply_each_file_once(database: Database, tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"09{number:02}_pre_t.sql").write_text(f"create table t{number} (x int);")
    dsn = database.dsn("crm")
    applied = await asyncio.gather(*(migrations.migrate(dsn, "crm", tmp_path) for _ in range(4)))
    assert sorted(name for names in applied for name in names) == [f"09{n:02}_pre_t" for n in range(5)]


async def test_a_service_refuses_a_schema_that_is_behind(database: Database, tmp_path: Path) -> None:
    (tmp_path / "0999_pre_new.sql").write_text("create table late (x int);")
    with pytest.raises(Conflict, match=r"lacks 0999_pre_new: run \./switchyard migrate"):
        await migrations.check(database.dsn("crm"), "crm", tmp_path)


async def test_a_migration_changed_afterwards_is_refused(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "0999_pre_new.sql"
    path.write_text("create table late (x int);")
    await migrations.migrate(database.dsn("crm"), "crm", tmp_path)
    path.write_text("create table late (x bigint);")
    with pytest.raises(Conflict, match="changed after"):
        await migrations.migrate(database.dsn("crm"), "crm", tmp_path)


async def test_the_database_is_named_when_it_is_away(things: db.Database) -> None:
    with pytest.raises(Unavailable, match="database"):
        await lose_the_connection(things)
    assert not things.reachable
    async with things.system() as connection:
        assert await connection.fetchval("select 1") == 1
    assert things.reachable


async def lose_the_connection(things: db.Database) -> None:
    async with things.system() as connection:
        pid = await connection.fetchval("select pg_backend_pid()")
        async with things.system() as other:
            await other.execute("select pg_terminate_backend($1)", pid)
        await connection.fetch("select 1")


async def test_an_event_goes_out_only_with_its_fact(things: db.Database, nats_url: str) -> None:
    bus = Bus(nats_url, service="crm")
    await bus.start()
    heard: asyncio.Queue[Envelope] = asyncio.Queue()
    await bus.listen(["sy.demo.crm.>"], heard.put_nowait)
    relay = asyncio.create_task(outbox.OutboxRelay(things, bus, service="crm").run())
    with tenant.use("demo"):
        with pytest.raises(ZeroDivisionError):
            await announce_and_fail(things)
        async with things.tenant() as connection:
            for number in range(3):
                event = events_pb2.CustomerCreated(customer_id=str(number))
                await outbox.add(connection, event, service="crm")
    async with asyncio.timeout(10):
        assert [(await heard.get()).subject for _ in range(3)] == ["0", "1", "2"]
    async with asyncio.timeout(10):
        while await count_outbox(things):
            await asyncio.sleep(0.01)
    relay.cancel()
    await asyncio.gather(relay, return_exceptions=True)
    await bus.stop()


async def fail_after(things: db.Database, statement: str) -> None:
    async with things.tenant() as connection:
        await connection.execute(statement)
        raise ZeroDivisionError


async def announce_and_fail(things: db.Database) -> None:
    async with things.tenant() as connection:
        await outbox.add(connection, events_pb2.CustomerCreated(customer_id="no"), service="crm")
        raise ZeroDivisionError


async def count_outbox(things: db.Database) -> int:
    async with things.system() as connection:
        return int(await connection.fetchval("select count(*) from outbox"))
