"""The journal: all that the engines were told, in order, with its moment and the ids they were given.

Engines are pure, so what they decided follows from it: `replay` feeds it to fresh ones. It is a stream of its
own beside the facts, because it speaks of how we work and not of what happened.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import structlog
from prometheus_client import Counter
from pydantic import TypeAdapter

from services.acd.engine import stimuli
from services.acd.engine.floor import Policy
from services.chassis.bus import Bus
from services.chassis.errors import Full
from services.chassis.ids import new_id

log = structlog.get_logger()

STREAM = "SWITCHYARD_ACD_JOURNAL"
SUBJECT = "sy-journal.acd"
NOTED = Counter("switchyard_acd_journal_total", "Stimuli written to the journal.")
LOST = Counter("switchyard_acd_journal_lost_total", "Stimuli that found the journal's buffer full.")

BATCH_MAX = 2_000
"""Stimuli in one message: some 500 kB (240 bytes each were counted), half of what NATS takes."""
BYTES_MAX = 900_000
"""In one message of several stimuli: settings of many agents are long, and NATS takes 1 MiB by default."""
WAITING_MAX = 200_000
"""Stimuli kept between two writes: minutes of a busy centre. Beyond, the journal has a hole, which a replay
says."""


@dataclass(slots=True)
class Begin:
    """An engine that knows nothing, with this policy. What follows for its tenant is told to it."""

    policy: Policy


@dataclass(frozen=True, slots=True)
class Record:
    """What was told when, and the ids given meanwhile."""

    at: int
    stimulus: Begin | stimuli.Stimulus
    ids: tuple[str, ...]


class Journal:
    """`note` what was told; `run` writes it, a batch every `pace_s`."""

    def __init__(self, bus: Bus, *, pace_s: float) -> None:
        self._bus = bus
        self._pace_s = pace_s
        self._run = new_id()
        self._number = 0
        self._waiting: dict[str, list[tuple[int, str, object, list[str]]]] = {}
        self._count = 0

    def note(self, tenant: str, stimulus: object, now: int, ids: list[str]) -> None:
        """Costs an append; what is noted is not changed any more by anybody."""
        if self._count >= WAITING_MAX:
            LOST.inc()
            return
        self._count += 1
        if isinstance(stimulus, stimuli.PressKeys):
            stimulus = replace(stimulus, keys="")
        self._waiting.setdefault(tenant, []).append((now, type(stimulus).__name__, stimulus, ids))

    async def run(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(self._pace_s)
            self.write()

    def write(self) -> None:
        """Hands what was noted to the bus, which keeps it over an outage of NATS."""
        waiting, self._waiting, self._count = self._waiting, {}, 0
        for tenant, rows in waiting.items():
            for start in range(0, len(rows), BATCH_MAX):
                self._write(tenant, rows[start : start + BATCH_MAX])

    def _write(self, tenant: str, rows: list[tuple[int, str, object, list[str]]]) -> None:
        batch = {"run": self._run, "number": self._number + 1, "rows": rows}
        payload = orjson.dumps(batch, default=_plain)
        if len(payload) > BYTES_MAX and len(rows) > 1:
            half = len(rows) // 2
            self._write(tenant, rows[:half])
            self._write(tenant, rows[half:])
            return
        self._number += 1
        try:
            self._bus.keep(f"{SUBJECT}.{tenant}", payload, id=f"{self._run}-{self._number}")
        except Full:
            LOST.inc(len(rows))
            log.error("journal_lost", tenant=tenant, count=len(rows))  # noqa: TRY400
            return
        NOTED.inc(len(rows))


def _plain(value: object) -> object:
    """What JSON has no word for: zones and sets of days, in opening hours."""
    if isinstance(value, ZoneInfo):
        return value.key
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} in a stimulus")


# ---------------------------------------------------------------- reading


@dataclass(slots=True)
class Hole:
    """Batches are missing: what follows may not be what was decided."""

    after: int
    missing: int


async def read(bus: Bus, tenant: str, until: datetime | None) -> AsyncIterator[Record | Hole]:
    """The journal of a tenant from its oldest message to the newest of now, or of `until`."""
    runs: dict[str, int] = {}
    async for payload in bus.history(STREAM, f"{SUBJECT}.{tenant}", until=until):
        batch = orjson.loads(payload)
        expected = runs.get(batch["run"], batch["number"] - 1) + 1
        runs[batch["run"]] = batch["number"]
        for record in records(batch["rows"]):
            yield record
        if batch["number"] != expected and batch["rows"]:
            yield Hole(batch["rows"][0][0], batch["number"] - expected)


def records(rows: list[list[Any]]) -> Iterator[Record]:
    """The rows of one message. Raises KeyError or ValidationError for one of another version."""
    for at, kind, data, ids in rows:
        yield Record(at, _reader(kind).validate_python(data), tuple(ids))


_READERS: dict[str, TypeAdapter[Any]] = {}


def _reader(kind: str) -> TypeAdapter[Any]:
    if kind not in _READERS:
        _READERS[kind] = TypeAdapter(Begin if kind == "Begin" else getattr(stimuli, kind))
    return _READERS[kind]
