"""PostgreSQL: settings as they are made, and a projection of our own events. Translates, decides nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import orjson
import structlog
from google.protobuf.message import Message

from services.acd import checks, words
from services.acd.domain import CallbackMode, Channel, Presence, Routing, WorkMode
from services.acd.engine.stimuli import (
    AgentSettings,
    Arrival,
    QueueSettings,
    Recall,
    Recover,
    RequestCallback,
    RestoreCallback,
)
from services.chassis import clock, codec, tenant
from services.chassis.db import Connection, Database, load_queries
from services.chassis.envelope import Envelope
from services.chassis.errors import Unavailable
from services.stubs.acd.v1 import acd_pb2
from services.stubs.acd.v1 import events_pb2 as pb

log = structlog.get_logger()

S = TypeVar("S", QueueSettings, AgentSettings)

MIGRATIONS = Path(__file__).parent / "migrations"
PROJECTION = "acd-projection"
SUBJECTS = ("sy.*.acd.>",)
RECOVERED_AT_MOST = 100_000
CALLBACK = "CHANNEL_CALLBACK"

_Q = load_queries(Path(__file__).parent / "queries.sql")
# In the order of a contact's life, so that what an event changes is there when it comes. Kinds may be
# taken one after the other because no column is written by two kinds in a way that depends on their order.
_KINDS = (
    "ContactOpened",
    "CallbackRequested",
    "CallbackDialled",
    "CallbackFailed",
    "ContactQueued",
    "ContactOffered",
    "ContactOfferFailed",
    "ContactAnswered",
    "ContactReleased",
    "ContactWrappedUp",
    "ContactLeftQueue",
    "ContactEnded",
)


@dataclass(slots=True)
class Stored:
    """What one tenant had when the last run ended."""

    queues: list[QueueSettings] = field(default_factory=list)
    agents: list[AgentSettings] = field(default_factory=list)
    states: list[Recall] = field(default_factory=list)
    contacts: list[Recover] = field(default_factory=list)
    callbacks: list[RestoreCallback] = field(default_factory=list)


class Store:
    """The ACD's tables. Raises Unavailable when the database is away."""

    def __init__(
        self,
        database: Database,
        *,
        permit: Callable[[], bool] = lambda: True,
        serves: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._database = database
        self._permit = permit
        self._serves = serves

    @asynccontextmanager
    async def _writing(
        self, transaction: AbstractAsyncContextManager[Connection]
    ) -> AsyncIterator[Connection]:
        """A transaction that is rolled back when we may not write by its end: the process may have slept."""
        async with transaction as c:
            yield c
            if not self._permit():
                raise Unavailable("acd")

    # ------------------------------------------------------------ settings

    async def put_queue(self, queue: QueueSettings) -> None:
        async with self._writing(self._database.tenant()) as c:
            await c.execute(_Q.put_queue, tenant.current(), queue.name, _json(words.queue(queue)))

    async def put_agents(self, agents: Sequence[AgentSettings]) -> None:
        rows = [
            {
                "agent_id": agent.agent_id,
                "name": agent.name,
                "extension": agent.extension,
                "queues": list(agent.queues),
                "settings": codec.to_json(words.agent_settings(agent)),
            }
            for agent in agents
        ]
        async with self._writing(self._database.tenant()) as c:
            await c.execute(_Q.put_agents, tenant.current(), orjson.dumps(rows).decode())

    async def put_session_extension(self, agent_id: str, extension: str) -> None:
        async with self._writing(self._database.tenant()) as c:
            await c.execute(_Q.put_session_extension, tenant.current(), agent_id, extension)

    async def end_stuck(self, older_s: float) -> None:
        """Ends transactions of the ACD that have run for longer: their owner was stopped, or its machine is
        gone, and what they have locked would hold up ours. Who lives all the same does it again."""
        async with self._database.system() as c:
            if ended := await c.fetchval(_Q.end_stuck, timedelta(seconds=older_s)):
                log.warning("stuck_transactions_ended", count=ended)

    async def load(self) -> dict[str, Stored]:
        """Everything needed to go on where the last run ended, by tenant."""
        found: dict[str, Stored] = defaultdict(Stored)
        async with self._database.system() as c:
            for row in await c.fetch(_Q.all_queues):
                found[row["tenant"]].queues.append(_queue(row))
            for row in await c.fetch(_Q.all_agents):
                stored = found[row["tenant"]]
                stored.agents.append(_agent(row))
                stored.states.append(_state(row))
            for row in await c.fetch(_Q.open_contacts, RECOVERED_AT_MOST):
                found[row["tenant"]].contacts.append(_contact(row))
            for row in await c.fetch(_Q.open_callbacks, RECOVERED_AT_MOST):
                found[row["tenant"]].callbacks.append(_callback(row))
        return {tenant: stored for tenant, stored in found.items() if self._serves(tenant)}

    async def decisions(self, contact_id: str) -> list[pb.Decision]:
        """Why which agent was offered a contact, in order; empty for one never offered, or long gone."""
        async with self._database.tenant() as c:
            rows = await c.fetch(_Q.decisions, contact_id)
        return [
            words.came(_decision(row["decision"]), row["outcome"], _ms(row["outcome_at"])) for row in rows
        ]

    # ------------------------------------------------------------ projection

    async def project(self, events: Sequence[Envelope]) -> None:
        """Writes a batch of our own events; a batch written twice changes nothing the second time.

        An event that PostgreSQL refuses fails the batch: the bus then comes with them one by one.
        """
        batches: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for event in events:
            if not self._serves(event.tenant):
                continue
            kind = event.type.rpartition(".")[2]
            batches[kind].append({"t": event.tenant, "i": event.id, "d": event.data})
        async with self._writing(self._database.system()) as c:
            for kind in _KINDS:
                if kind in batches:
                    await _write(c, getattr(_Q, kind), batches[kind])
            if ended := [e for e in batches.get("ContactEnded", ()) if e["d"].get("channel") == CALLBACK]:
                await _write(c, _Q.callback_ended, ended)
            if states := batches.get("AgentStateChanged"):
                for item in states:
                    _number(item["d"])
                await _write(c, _Q.agent_history, states)
                await _write(c, _Q.agent_present, states)


def bring_up_to_date(found: dict[str, Stored], events: Sequence[Envelope]) -> None:
    """What was announced since a copy was made: the states of its agents, which contacts have ended, and who
    is to be called back."""
    for event in events:
        stored = found.get(event.tenant)
        if stored is None:
            continue
        _callbacks_now(stored, event)
        if event.type.endswith(".AgentStateChanged"):
            message = event.message()
            assert isinstance(message, pb.AgentStateChanged)  # noqa: S101
            stored.states = [
                _changed(s, message) if s.agent_id == event.subject else s for s in stored.states
            ]
        elif event.type.endswith(".ContactEnded"):
            stored.contacts = [c for c in stored.contacts if c.arrival.contact_id != event.subject]


def _callbacks_now(stored: Stored, event: Envelope) -> None:
    kind = event.type.rpartition(".")[2]
    known = {each.request.contact_id: each for each in stored.callbacks}
    callback = known.get(event.subject)
    if kind == "CallbackRequested" and callback is None:
        stored.callbacks.append(_requested(event.message()))
    elif callback is not None and kind == "ContactEnded":
        stored.callbacks.remove(callback)
    elif callback is not None and kind in _TRIED:
        _TRIED[kind](callback, event.message())


def _was_dialled(callback: RestoreCallback, message: Any) -> None:
    callback.attempts_made, callback.next_at = message.attempt, clock.timestamp_ms(message.next_at)


def _was_in_vain(callback: RestoreCallback, message: Any) -> None:
    if message.HasField("next_at"):
        callback.next_at = clock.timestamp_ms(message.next_at)


def _was_answered(callback: RestoreCallback, message: Any) -> None:
    callback.answered_at = clock.timestamp_ms(message.answered_at)


_TRIED: dict[str, Callable[[RestoreCallback, Any], None]] = {
    "CallbackDialled": _was_dialled,
    "CallbackFailed": _was_in_vain,
    "ContactAnswered": _was_answered,
}


def _changed(state: Recall, now: pb.AgentStateChanged) -> Recall:
    return Recall(
        state.agent_id,
        Presence(now.presence),
        now.reason,
        state.extension,
        clock.timestamp_ms(now.since),
        Routing(now.routing_status),
        clock.timestamp_ms(now.until) if now.HasField("until") else 0,
        now.contact_id,
        WorkMode(now.work_mode),
    )


async def _write(c: Connection, query: str, batch: list[dict[str, Any]]) -> None:
    await c.execute(query, orjson.dumps(batch).decode())


_NUMBERED = {
    "presence": pb.Presence,
    "previousPresence": pb.Presence,
    "routingStatus": pb.RoutingStatus,
    "previousRoutingStatus": pb.RoutingStatus,
    "workMode": pb.WorkMode,
}


def _number(data: dict[str, Any]) -> None:
    for name, kind in _NUMBERED.items():
        value = data.get(name, 0)
        data[name] = kind.Value(value) if isinstance(value, str) else value


def _ms(moment: datetime | None) -> int:
    return clock.to_ms(moment) if moment is not None else 0


def _queue(row: Any) -> QueueSettings:
    message = codec.from_json(acd_pb2.Queue, orjson.loads(row["settings"]))
    return _revised(checks.queue(message))  # type: ignore[arg-type]


def _agent(row: Any) -> AgentSettings:
    message = codec.from_json(acd_pb2.AgentSettings, orjson.loads(row["settings"]))
    return _revised(checks.agent(message))  # type: ignore[arg-type]


def _revised(settings: S) -> S:
    """What was stored before there were revisions has the first."""
    return replace(settings, revision=settings.revision or 1)


def _decision(text: str) -> pb.Decision:
    return codec.from_json(pb.Decision, orjson.loads(text))  # type: ignore[return-value]


def _json(message: Message) -> str:
    return orjson.dumps(codec.to_json(message)).decode()


def _state(row: Any) -> Recall:
    return Recall(
        row["agent_id"],
        Presence(row["presence"]),
        row["reason"],
        row["session_extension"],
        _ms(row["since"]),
        Routing(row["routing_status"]),
        _ms(row["until"]),
        row["contact_id"] or "",
        WorkMode(row["work_mode"]),
    )


def _requested(asked: Any) -> RestoreCallback:
    """A callback as it was announced, before anything was tried."""
    caller = Arrival(asked.callback_of) if asked.callback_of else None
    request = RequestCallback(
        asked.contact_id,
        asked.number,
        asked.queue,
        caller,
        asked.to_number,
        asked.customer_id,
        clock.timestamp_ms(asked.enqueued_at),
        CallbackMode(asked.mode),
        clock.timestamp_ms(asked.not_before) if asked.HasField("not_before") else 0,
        clock.timestamp_ms(asked.not_after),
        asked.attempts,
        asked.priority,
        tuple(sorted((skill.name, skill.level) for skill in asked.skills)),
        asked.preferred_agent_id,
        tuple(asked.excluded_agent_ids),
        dict(asked.data),
        asked.requested_by,
        asked.note,
    )
    return RestoreCallback(request, clock.timestamp_ms(asked.requested_at))


def _callback(row: Any) -> RestoreCallback:
    found = _requested(codec.from_json(pb.CallbackRequested, orjson.loads(row["request"])))
    found.attempts_made, found.next_at = row["attempts_made"], _ms(row["next_at"])
    found.answered_at = _ms(row["answered_at"])
    return found


def _contact(row: Any) -> Recover:
    arrival = Arrival(
        row["contact_id"],
        Channel[row["channel"].upper()] if row["channel"] else Channel.VOICE,
        row["node"],
        row["call_id"],
        row["from_number"],
        row["to_number"],
        row["customer_id"],
        _ms(row["opened_at"]),
    )
    return Recover(
        arrival,
        row["queue"],
        row["agent_id"],
        _ms(row["answered_at"]),
        row["waited_ms"],
        row["talk_ms"],
        row["hold_ms"],
        row["offers"],
    )
