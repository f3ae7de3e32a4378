"""PostgreSQL: recordings and who listened to them. Translates rows; decides nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from google.protobuf.message import Message

from services.chassis import outbox
from services.chassis.db import Database, load_queries
from services.chassis.errors import NotFound
from services.gateway.domain import AuditEntry, By
from services.gateway.engine.recordings import Recording
from services.gateway.store import SERVICE, add_audit

QUERIES = load_queries(Path(__file__).with_name("recorded.sql"))
SAME_LISTENING = timedelta(minutes=10)
"""A player asks for a file in many parts: within so long it is one listening."""


class Recorded:
    """Of the current tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, one: Recording, node: str, event: Message) -> bool:
        """Keeps the row and announces it; False when it was known already."""
        async with self._database.tenant() as connection:
            row = await connection.fetchrow(
                QUERIES.put_recording,
                one.recording_id,
                one.contact_id,
                one.agent_id,
                one.queue,
                one.from_number,
                one.to_number,
                one.customer_id,
                node,
                one.started_at,
                one.length_ms,
                one.state,
                one.key,
                one.size,
                one.sha256,
                orjson.dumps(list(one.pauses)).decode(),
                one.peaks,
            )
            if row is not None:
                await outbox.add(connection, event, service=SERVICE)
        return row is not None

    async def one(self, recording_id: str) -> Recording:
        """Raises NotFound."""
        async with self._database.tenant() as connection:
            row = await connection.fetchrow(QUERIES.recording, recording_id)
        if row is None:
            raise NotFound("recording", recording_id)
        return _recording(row)

    async def found(
        self,
        *,
        contact_id: str,
        agent_id: str,
        queue: str,
        number: str,
        since: datetime | None,
        before: datetime | None,
        limit: int,
    ) -> list[Recording]:
        """Newest first."""
        wanted = (contact_id, agent_id, queue, number, since, before, limit)
        async with self._database.tenant() as connection:
            rows = await connection.fetch(QUERIES.list_recordings, *wanted)
        return [_recording(row) for row in rows]

    async def heard(self, by: By, entry: AuditEntry, event: Message) -> None:
        """Audits and announces that somebody listens, once for a listening. Nothing is sent before that."""
        who = by.identity.user_id
        async with self._database.tenant() as connection:
            asked = (entry.about, entry.action, who, SAME_LISTENING)
            if await connection.fetchval(QUERIES.heard_lately, *asked) is None:
                await add_audit(connection, by, entry)
                await outbox.add(connection, event, service=SERVICE)


def _recording(row: Any) -> Recording:
    return Recording(
        recording_id=str(row["recording_id"]),
        contact_id=str(row["contact_id"]),
        agent_id=row["agent_id"],
        queue=row["queue"],
        from_number=row["from_number"],
        to_number=row["to_number"],
        customer_id=row["customer_id"],
        started_at=row["started_at"],
        length_ms=row["length_ms"],
        state=row["state"],
        key=row["file_key"],
        size=row["file_bytes"],
        sha256=row["sha256"],
        pauses=orjson.loads(row["pauses"]),
        peaks=row["peaks"],
    )
