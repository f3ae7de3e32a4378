"""PostgreSQL: published flows, the call log, survey answers, messages. Translates, decides nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from services.chassis import tenant
from services.chassis.db import Connection, Database, load_queries
from services.chassis.errors import Conflict
from services.ivr.domain.calls import CallEntry, Contact, Message, Published, SurveyAnswer

MIGRATIONS = Path(__file__).parent / "migrations"
_Q = load_queries(Path(__file__).parent / "queries.sql")


class Store:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest_publication(self) -> datetime | None:
        """When any tenant published last: whether anything must be read anew."""
        async with self._database.system() as c:
            moment: datetime | None = await c.fetchval(_Q.newest_publication)
            return moment

    async def latest_flows(self) -> list[Published]:
        """The current version of every flow of every tenant."""
        async with self._database.system() as c:
            return [_published(row) for row in await c.fetch(_Q.latest_flows)]

    async def flow_version(self, name: str, version: int) -> Published | None:
        """One version of the current tenant's."""
        async with self._database.tenant() as c:
            row = await c.fetchrow(_Q.flow_version, tenant.current(), name, version)
            return _published(row) if row else None

    async def publish(self, flow: Published) -> None:
        """Raises Conflict when that version, or a later one, is there already."""
        async with self._database.tenant() as c:
            fields = (flow.tenant, flow.name, flow.version, flow.source, flow.published_at)
            if not await c.fetchval(_Q.insert_flow, *fields):
                raise Conflict(
                    f"Flow {flow.name!r} has a version {flow.version} or later already: raise its `version`."
                )

    async def voicemails(self, limit: int) -> list[Message]:
        """The current tenant's, newest first."""
        async with self._database.tenant() as c:
            return [_message(row) for row in await c.fetch(_Q.voicemails, tenant.current(), limit)]

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Connection]:
        """A transaction over all tenants, for the journal. Raises Unavailable."""
        async with self._database.system() as c:
            yield c


async def add_entries(c: Connection, entries: Sequence[CallEntry]) -> None:
    """Repeating it adds nothing, as with those below."""
    if entries:
        await c.execute(_Q.insert_entries, *map(list, zip(*map(_entry_row, entries), strict=True)))


async def add_answer(c: Connection, answer: SurveyAnswer) -> bool:
    """Whether it was new."""
    contact = answer.contact
    fields = (contact.tenant, answer.answer_id, contact.contact_id, answer.flow, answer.node)
    scored = (answer.score, answer.highest, answer.agent_id, answer.at)
    return bool(await c.fetchval(_Q.insert_answer, *fields, *scored))


async def add_message(c: Connection, message: Message) -> bool:
    """Whether it was new."""
    contact = message.contact
    fields = (contact.tenant, message.voicemail_id, *_contact_row(contact))
    return bool(await c.fetchval(_Q.insert_voicemail, *fields, message.file, message.length_ms, message.at))


def _entry_row(entry: CallEntry) -> tuple[Any, ...]:
    contact = entry.contact
    return (
        contact.tenant,
        entry.entry_id,
        *_contact_row(contact),
        entry.flow,
        entry.version,
        entry.entered_at,
        entry.left_at,
        entry.re_entered,
        entry.outcome,
        entry.cause,
    )


def _contact_row(contact: Contact) -> tuple[str, ...]:
    return (
        contact.contact_id,
        contact.node,
        contact.call_id,
        contact.from_number,
        contact.to_number,
        contact.customer_id,
    )


def _published(row: Any) -> Published:
    return Published(
        tenant=row["tenant"],
        name=row["name"],
        version=row["version"],
        source=row["source"],
        published_at=row["published_at"],
    )


def _message(row: Any) -> Message:
    contact = Contact(
        contact_id=row["contact_id"],
        tenant=row["tenant"],
        node=row["node"],
        call_id=row["call_id"],
        from_number=row["from_number"],
        to_number=row["to_number"],
        customer_id=row["customer_id"],
        opened_at=row["left_at"],
    )
    return Message(
        voicemail_id=row["voicemail_id"],
        contact=contact,
        file=row["file"],
        length_ms=row["length_ms"],
        at=row["left_at"],
    )
