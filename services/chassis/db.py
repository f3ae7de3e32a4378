"""PostgreSQL: one pool a service, every transaction bound to a tenant, named queries from a file."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import structlog

from services.chassis import tenant
from services.chassis.errors import Unavailable

log = structlog.get_logger()

# asyncpg ships no usable types for its pooled connections.
Connection: TypeAlias = Any

ACQUIRE_TIMEOUT_S = 5.0  # longer than this for a free connection means the database is the bottleneck: say so
COMMAND_TIMEOUT_S = 15.0
START_TIMEOUT_S = 30.0  # at start the database may still be starting too

_LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.exceptions.CannotConnectNowError,
    asyncpg.exceptions.TooManyConnectionsError,
    asyncpg.exceptions.AdminShutdownError,
    asyncpg.exceptions.CrashShutdownError,
    asyncpg.InternalClientError,  # what asyncpg says when the server's farewell arrives mid-command
)


class Database:
    """A bounded pool. Use `tenant()` for all that a person or another service asked for."""

    def __init__(self, pool: Any, dsn: str, schema: str) -> None:
        self._pool = pool
        self.dsn = dsn
        self.schema = schema
        self.reachable = True

    @asynccontextmanager
    async def tenant(self) -> AsyncIterator[Connection]:
        """A transaction that sees and changes only the current tenant's rows."""
        async with self._transaction(tenant.current()) as connection:
            yield connection

    @asynccontextmanager
    async def system(self) -> AsyncIterator[Connection]:
        """A transaction over all tenants: for relays and projections of this service, nobody else."""
        async with self._transaction(tenant.SYSTEM) as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(self, slug: str) -> AsyncIterator[Connection]:
        try:
            async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
                # One round trip instead of two; the slug was checked to be [a-z0-9-] or the star.
                await connection.execute(f"begin; set local switchyard.tenant = '{slug}'")
                try:
                    yield connection
                except BaseException:
                    await _roll_back(connection)
                    raise
                await connection.execute("commit")
            self.reachable = True
        except _LOST as lost:
            self.reachable = False
            log.warning("database_lost", error=type(lost).__name__, detail=str(lost)[:200])
            raise Unavailable("database") from lost

    async def close(self) -> None:
        """Waits for running transactions, shortly, then closes."""
        try:
            async with asyncio.timeout(5.0):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()


async def _roll_back(connection: Connection) -> None:
    """A connection that cannot roll back is thrown away; the server rolls back by itself then."""
    try:
        await connection.execute("rollback")
    except _LOST:
        connection.terminate()


async def connect(dsn: str, schema: str, *, size: int = 8) -> Database:
    """Opens the pool, waiting up to 30 s for a database that is still starting.

    Raises Unavailable when it stays away.
    """
    deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
    while True:
        try:
            pool = await _open(dsn, schema, size)
            return Database(pool, dsn, schema)
        except _LOST as problem:
            if asyncio.get_running_loop().time() > deadline:
                raise Unavailable("database") from problem
            log.info("database_not_there_yet", error=type(problem).__name__)
            await asyncio.sleep(0.25)


async def _open(dsn: str, schema: str, size: int) -> Any:
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=size,
        command_timeout=COMMAND_TIMEOUT_S,
        max_inactive_connection_lifetime=300.0,
        server_settings={"search_path": schema, "application_name": f"switchyard-{schema}"},
        reset=_nothing,
    )


async def _nothing(_: Any) -> None:
    """Connections carry no session state between transactions, so the usual reset is a wasted trip."""


_NAMED = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


class Queries:
    """Named SQL from a `queries.sql`: `-- name: insert_contact`, then one statement."""

    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = texts

    def __getattr__(self, name: str) -> str:
        try:
            return self._texts[name]
        except KeyError:
            raise AttributeError(f"queries.sql has no query named {name}") from None


def load_queries(path: Path) -> Queries:
    """Reads named queries. Raises ValueError for a name that stands twice."""
    pieces = _NAMED.split(path.read_text(encoding="utf-8"))[1:]
    names, texts = pieces[0::2], pieces[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"{path.name}: a query's name stands twice")
    return Queries({name: text.strip().rstrip(";") for name, text in zip(names, texts, strict=True)})
