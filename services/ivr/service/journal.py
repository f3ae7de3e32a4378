"""What happened to calls, on its way to PostgreSQL: gathered, written together, kept while it is away."""

from __future__ import annotations

import asyncio
from collections import deque

import structlog
from prometheus_client import Counter, Gauge

from services.chassis.errors import Unavailable
from services.ivr import bus, store
from services.ivr.domain.calls import CallEntry, Message, Record, SurveyAnswer
from services.ivr.store import Store

log = structlog.get_logger()

BATCH = 500
RETRY_MOST_S = 5.0

DROPPED = Counter(
    "switchyard_ivr_journal_dropped_total", "Call-log rows dropped because PostgreSQL was away."
)
WAITING = Gauge("switchyard_ivr_journal_rows", "Rows not yet in PostgreSQL.")


class Journal:
    """`add` never waits and never fails; `run` writes. Nothing a caller hears depends on it."""

    def __init__(self, kept: Store, *, flush_s: float, limit: int) -> None:
        self._store = kept
        self._flush_s = flush_s
        self._limit = limit
        self._records: deque[Record] = deque()
        self._wake = asyncio.Event()

    def add(self, record: Record) -> None:
        if len(self._records) >= self._limit:
            self._make_room()
        self._records.append(record)
        WAITING.set(len(self._records))
        self._wake.set()

    def _make_room(self) -> None:
        """The oldest line of the call log goes before any answer or message of a caller's does."""
        DROPPED.inc()
        for place, record in enumerate(self._records):
            if isinstance(record, CallEntry):
                del self._records[place]
                return
        self._records.popleft()

    async def run(self) -> None:
        """Writes for ever; an outage of PostgreSQL only delays."""
        pause_s = self._flush_s
        while True:
            await self._wake.wait()
            await asyncio.sleep(pause_s)
            try:
                await self.flush()
                pause_s = self._flush_s
            except Unavailable:
                log.warning("journal_waits", rows=len(self._records))
                pause_s = min(pause_s * 2, RETRY_MOST_S)

    async def flush(self) -> None:
        """Writes all there is. Raises Unavailable; what was not written is kept."""
        while self._records:
            batch = [self._records.popleft() for _ in range(min(BATCH, len(self._records)))]
            try:
                await self._write(batch)
            except BaseException:
                self._records.extendleft(reversed(batch))
                raise
            WAITING.set(len(self._records))
        self._wake.clear()

    async def close(self) -> None:
        """The last flush; what PostgreSQL does not take now is lost, and said."""
        try:
            await self.flush()
        except Unavailable:
            log.error("journal_lost", rows=len(self._records))  # noqa: TRY400 - a count, not a trace

    async def _write(self, batch: list[Record]) -> None:
        async with self._store.writing() as c:
            await store.add_entries(c, [each for each in batch if isinstance(each, CallEntry)])
            for record in batch:
                match record:
                    case SurveyAnswer():
                        new = await store.add_answer(c, record)
                    case Message():
                        new = await store.add_message(c, record)
                    case _:
                        continue
                if new:
                    await bus.announce(c, record)
