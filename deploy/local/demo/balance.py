"""The balance: every call that the switch was offered, found again exactly once everywhere.

The switch's own ledger is the truth. Beside it stand the ACD's events in the stream, the ACD's tables and
the CRM's timeline; each must have one end for each call, with the same outcome.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import nats
import nats.errors
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from services.chassis.bus import STREAM
from services.chassis.envelope import subject_of, unseal
from services.stubs.acd.v1 import events_pb2
from services.stubs.common.v1 import types_pb2

OUTCOMES = ("answered", "abandoned", "callback", "rejected", "voicemail", "self_service", "dropped")
SHOWN = 20  # problems listed by name; all are counted
READ_TIMEOUT_S = 60.0

Ends = Mapping[str, Sequence[str]]
"""Leg uuid → the outcomes found for it; right is exactly one."""


@dataclass(frozen=True)
class Balance:
    """`columns`: place → outcome → count, for the calls of the switch's ledger."""

    offered: int
    columns: Mapping[str, Mapping[str, int]]
    missing: Mapping[str, Sequence[str]] = field(default_factory=dict)
    doubled: Mapping[str, Sequence[str]] = field(default_factory=dict)
    different: Mapping[str, Sequence[str]] = field(default_factory=dict)
    still_open: Sequence[str] = ()

    @property
    def problems(self) -> int:
        found = (self.missing, self.doubled, self.different)
        return len(self.still_open) + sum(len(calls) for kind in found for calls in kind.values())

    @property
    def holds(self) -> bool:
        return self.problems == 0

    def as_json(self) -> dict[str, Any]:
        return {
            "offered": self.offered,
            "holds": self.holds,
            "columns": {place: dict(counts) for place, counts in self.columns.items()},
            "missing": {place: len(calls) for place, calls in self.missing.items()},
            "doubled": {place: len(calls) for place, calls in self.doubled.items()},
            "different": {place: len(calls) for place, calls in self.different.items()},
            "still_open": len(self.still_open),
        }

    def sentences(self) -> list[str]:
        """What is wrong, a line for each call, the first twenty."""
        lines = [f"{call} has not ended on the switch" for call in self.still_open]
        for what, kind in (("is missing", self.missing), ("stands twice", self.doubled)):
            lines += [f"{call} {what} in {place}" for place, calls in kind.items() for call in calls]
        lines += [f"{call} in {place}" for place, calls in self.different.items() for call in calls]
        return lines[:SHOWN]


def strike(ledger: Mapping[str, str], places: Mapping[str, Ends]) -> Balance:
    """Holds each place against the switch's ledger (leg uuid → outcome, `open` for one not ended)."""
    columns: dict[str, dict[str, int]] = {"switch": dict(Counter(ledger.values()))}
    missing: dict[str, list[str]] = defaultdict(list)
    doubled: dict[str, list[str]] = defaultdict(list)
    different: dict[str, list[str]] = defaultdict(list)
    for place, ends in places.items():
        counts: Counter[str] = Counter()
        for call, outcome in ledger.items():
            found = ends.get(call, ())
            counts.update(found)
            if not found:
                missing[place].append(call)
            elif len(found) > 1:
                doubled[place].append(call)
            elif found[0] != outcome and outcome != "open":
                different[place].append(f"{call} is {outcome} on the switch, {found[0]}")
        columns[place] = dict(counts)
    still_open = [call for call, outcome in ledger.items() if outcome == "open"]
    return Balance(len(ledger), columns, dict(missing), dict(doubled), dict(different), still_open)


def ledger_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {row["uuid"]: row["outcome"] for row in rows}


def outcome_word(name: str) -> str:
    """`OUTCOME_SELF_SERVICE` → `self_service`."""
    return name.removeprefix("OUTCOME_").lower()


async def ends_in_events(nats_url: str, since: datetime) -> Ends:
    """All ContactEnded in the stream since then, by leg."""
    client = await nats.connect(nats_url, connect_timeout=5)
    found: dict[str, list[str]] = defaultdict(list)
    try:
        for envelope in await _events(client, subject_of(events_pb2.ContactEnded, service="acd"), since):
            ended = envelope.message()
            assert isinstance(ended, events_pb2.ContactEnded)  # noqa: S101 (the subject says so)
            name = types_pb2.Outcome.Name(ended.outcome)
            found[ended.call.call_id].append(outcome_word(name))
    finally:
        await client.close()
    return found


async def _events(client: Any, subject: str, since: datetime) -> list[Any]:
    config = ConsumerConfig(
        filter_subject=subject,
        ack_policy=AckPolicy.NONE,
        deliver_policy=DeliverPolicy.BY_START_TIME,
        opt_start_time=since.isoformat().replace("+00:00", "Z"),
        deliver_subject=client.new_inbox(),
    )
    arrived: asyncio.Queue[Any] = asyncio.Queue()
    subscription = await client.subscribe(config.deliver_subject, cb=arrived.put)
    info = await client.jetstream().add_consumer(STREAM, config)
    envelopes = []
    async with asyncio.timeout(READ_TIMEOUT_S):
        for _ in range(info.num_pending + info.delivered.consumer_seq):
            envelopes.append(unseal((await arrived.get()).data))
    await subscription.unsubscribe()
    return envelopes


async def ends_in_acd_tables(dsn: str, since: datetime) -> Ends:
    """Ended contacts in the ACD's own tables, by leg."""
    return await _rows(
        dsn,
        "select call_id as call, outcome from acd.contact where opened_at >= $1 and ended_at is not null",
        since,
    )


async def ends_in_timeline(dsn: str, since: datetime) -> Ends:
    """Contacts in the CRM's timeline, by leg."""
    return await _rows(
        dsn,
        "select data->'call'->>'callId' as call, data->>'outcome' as outcome"
        " from crm.timeline where kind = 'contact' and at >= $1",
        since,
    )


async def _rows(dsn: str, query: str, since: datetime) -> Ends:
    connection = await asyncpg.connect(dsn, server_settings={"switchyard.tenant": "*"})
    found: dict[str, list[str]] = defaultdict(list)
    try:
        for row in await connection.fetch(query, since):
            found[row["call"]].append(_word(row["outcome"]))
    finally:
        await connection.close()
    return found


def _word(outcome: Any) -> str:
    if isinstance(outcome, int):
        return outcome_word(types_pb2.Outcome.Name(types_pb2.Outcome.ValueType(outcome)))
    return outcome_word(str(outcome))


def as_lines(balance: Balance) -> str:
    return json.dumps(balance.as_json(), ensure_ascii=False)
