"""Events written in the same transaction as the fact they tell, and relayed to the bus afterwards.

A service's first migration makes the table with this statement:

    create table outbox (
        seq bigint generated always as identity primary key,
        id uuid not null unique,
        subject text not null,
        payload bytea not null,
        added_at timestamptz not null default now()
    );

The table has no tenant column and no policy: only the relay reads it, and rows leave within milliseconds.
"""

from __future__ import annotations

import asyncio

import asyncpg
import structlog
from google.protobuf.message import Message

from services.chassis import tenant
from services.chassis.bus import Bus
from services.chassis.db import Connection, Database
from services.chassis.envelope import Outgoing, seal
from services.chassis.errors import Unavailable

log = structlog.get_logger()

BATCH = 200
RETRY_S = 0.5
POLL_S = 2.0  # only for a notice that got lost; the usual way is NOTIFY

_INSERT = "insert into outbox (id, subject, payload) values ($1, $2, $3)"
_TAKE = "select seq, id, subject, payload from outbox order by seq limit $1"
_DELETE = "delete from outbox where seq = any($1::bigint[])"


async def add(connection: Connection, message: Message, *, service: str, id: str = "") -> None:  # noqa: A002
    """Adds an event of the current tenant to the caller's transaction."""
    event = seal(message, tenant.current(), service=service, id=id)
    await connection.execute(_INSERT, event.id, event.subject, event.payload)
    await connection.execute(f"notify outbox_{service}")


class OutboxRelay:
    """Moves events from the table to the stream, in order, by one instance at a time."""

    def __init__(self, database: Database, bus: Bus, *, service: str) -> None:
        self._database = database
        self._bus = bus
        self._service = service
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Relays for ever; an outage of PostgreSQL or NATS only delays."""
        while True:
            try:
                await self._relay_while_connected()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as problem:
                log.warning("outbox_waits", error=type(problem).__name__)
            except Unavailable as away:
                log.warning("outbox_waits", missing=away.service)
            await asyncio.sleep(RETRY_S)

    async def _relay_while_connected(self) -> None:
        listener = await asyncpg.connect(self._database.dsn, timeout=5)
        try:
            await listener.add_listener(f"outbox_{self._service}", lambda *_: self._wake.set())
            while True:
                self._wake.clear()
                while await self.relay_once():
                    pass
                await self._notice()
        finally:
            listener.terminate()

    async def _notice(self) -> None:
        try:
            async with asyncio.timeout(POLL_S):
                await self._wake.wait()
        except TimeoutError:
            return

    async def relay_once(self) -> int:
        """Publishes and removes one batch; gives how many. Doubles after a crash carry the same id."""
        async with self._database.system() as connection:
            mine = await connection.fetchval(
                "select pg_try_advisory_xact_lock(hashtext('switchyard.outbox.' || $1))",
                self._service,
            )
            rows = await connection.fetch(_TAKE, BATCH) if mine else []
            if rows:
                events = [Outgoing(str(row["id"]), row["subject"], row["payload"]) for row in rows]
                await self._bus.publish_sealed(events)
                await connection.execute(_DELETE, [row["seq"] for row in rows])
            return len(rows)
