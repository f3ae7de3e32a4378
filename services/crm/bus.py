"""What CRM announces (by the outbox, with the fact) and what it hears (the timeline)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import structlog
from prometheus_client import Counter

from services.chassis import outbox
from services.chassis.clock import to_timestamp
from services.chassis.db import Connection
from services.chassis.envelope import Envelope
from services.crm.domain import Block, Customer, Entry
from services.crm.engine.timeline import entry_of
from services.stubs.crm.v1 import events_pb2

SERVICE = "crm"
TIMELINE = "crm-timeline"  # the durable consumer's name: changing it reads the whole stream again
SUBJECTS = (
    "sy.*.acd.contact.ended",
    "sy.*.acd.contact.wrapped_up",
    "sy.*.ivr.survey.answered",
    "sy.*.ivr.voicemail.left",
    "sy.*.workorder.workorder.*",
)

ENTRIES = Counter("switchyard_crm_timeline_entries_total", "Entries made from events.", ["kind"])
UNREADABLE = Counter(
    "switchyard_crm_timeline_unreadable_total", "Events whose data is not what their type says."
)

log = structlog.get_logger()

Write = Callable[[Sequence[Entry]], Awaitable[None]]


async def announce_created(c: Connection, customer: Customer) -> None:
    message = events_pb2.CustomerCreated(
        customer_id=customer.customer_id,
        name=customer.name or customer.organisation,
        created_at=to_timestamp(customer.created_at),
    )
    await outbox.add(c, message, service=SERVICE)


async def announce_changed(c: Connection, customer: Customer, fields: Sequence[str]) -> None:
    message = events_pb2.CustomerChanged(
        customer_id=customer.customer_id, fields=fields, changed_at=to_timestamp(customer.changed_at)
    )
    await outbox.add(c, message, service=SERVICE)


async def announce_blocked(c: Connection, block: Block) -> None:
    message = events_pb2.NumberBlocked(
        number=block.number,
        reason=block.reason,
        expires_at=None if block.expires_at is None else to_timestamp(block.expires_at),
        blocked_at=to_timestamp(block.blocked_at),
    )
    await outbox.add(c, message, service=SERVICE)


async def announce_unblocked(c: Connection, number: str, at: datetime) -> None:
    message = events_pb2.NumberUnblocked(number=number, unblocked_at=to_timestamp(at))
    await outbox.add(c, message, service=SERVICE)


class Timeline:
    """Turns batches of events into entries. Stands repeats; an unreadable event stops nobody.

    `pace_s`: after a small batch the next one gathers for so long. Without it, the first event of a
    hundred would be written in a transaction of its own, and so would the second. A quarter of `batch` is
    not small any more: a backlog arrives in pieces of about half.
    """

    def __init__(self, write: Write, *, region: str, batch: int = 1, pace_s: float = 0.0) -> None:
        self._write = write
        self._region = region
        self._batch = batch
        self._pace_s = pace_s

    async def handle(self, events: Sequence[Envelope]) -> None:
        """One transaction for the batch. Raises Unavailable when the database is away: it comes again."""
        entries = [entry for event in events if (entry := self._entry(event)) is not None]
        await self._write(entries)
        for entry in entries:
            ENTRIES.labels(entry.kind).inc()
        if len(events) * 4 < self._batch:
            await asyncio.sleep(self._pace_s)

    def _entry(self, event: Envelope) -> Entry | None:
        try:
            return entry_of(
                type_=event.type,
                event_id=event.id,
                tenant=event.tenant,
                time=event.time,
                data=event.data,
                region=self._region,
            )
        except (ValueError, TypeError, AttributeError) as problem:
            UNREADABLE.inc()
            log.warning("timeline_event_unreadable", event_id=event.id, type=event.type, detail=str(problem))
            return None
