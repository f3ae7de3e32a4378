"""The fixtures every other test builds on."""

import asyncpg
import nats
import pytest

from deploy.local.wiring import SERVICES
from tests.conftest import Database


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_sees_its_own_schema_and_no_other(database: Database, service: str) -> None:
    connection = await asyncpg.connect(database.dsn(service))
    try:
        await connection.execute("CREATE TABLE mine (id int)")
        assert await connection.fetchval("SELECT to_regclass($1)::text", f"{service}.mine")
        other = next(each for each in SERVICES if each != service)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f'CREATE TABLE "{other}".theirs (id int)')
    finally:
        await connection.close()


@pytest.mark.parametrize("turn", [1, 2])
async def test_what_one_test_wrote_the_next_does_not_find(
    database: Database, nats_url: str, turn: int
) -> None:
    connection = await asyncpg.connect(database.dsn("acd"))
    await connection.execute("CREATE TABLE left_behind (id int)")
    await connection.close()
    client = await nats.connect(nats_url)
    await client.jetstream().add_stream(name="left", subjects=[f"left.{turn}"])
    assert len(await client.jetstream().streams_info()) == 1
    await client.close()
