"""From the services' messages to the gateway's JSON (docs/gateway-websocket.md).

Names stay as they are, types get plain.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import orjson
from google.protobuf.timestamp_pb2 import Timestamp

from services.gateway.domain import Identity, SignedIn, User
from services.stubs.acd.v1 import acd_pb2, events_pb2
from services.stubs.common.v1 import types_pb2
from services.stubs.crm.v1 import crm_pb2
from services.stubs.ivr.v1 import ivr_pb2
from services.stubs.workorder.v1 import workorder_pb2

View = dict[str, Any]


def moment(at: datetime) -> str:
    """UTC, ISO 8601, milliseconds, `Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stamp(message: Any, field: str) -> str | None:
    """A Timestamp field, or None where it is unset."""
    return _time(getattr(message, field)) if message.HasField(field) else None


def _time(value: Timestamp) -> str:
    return moment(datetime.fromtimestamp(value.seconds + value.nanos // 1_000_000 / 1000, UTC))


def words(kind: Any, prefix: str) -> dict[int, str]:
    """An enumeration's numbers with their words."""
    return {
        number: value.name.removeprefix(prefix).lower()
        for number, value in kind.DESCRIPTOR.values_by_number.items()
    }


PRESENCES = words(events_pb2.Presence, "PRESENCE_") | {0: "offline"}
STATUSES = words(events_pb2.RoutingStatus, "ROUTING_STATUS_") | {0: "idle"}
WORK_MODES = words(events_pb2.WorkMode, "WORK_MODE_") | {0: "continuous"}
STRATEGIES = words(acd_pb2.Strategy, "STRATEGY_") | {0: "longest_idle"}
CALLBACK_MODES = words(events_pb2.CallbackMode, "CALLBACK_MODE_") | {0: "agent_first"}
RECORDING_RULES = words(acd_pb2.RecordingRule, "RECORDING_RULE_") | {0: "default"}
CHANNELS = words(types_pb2.Channel, "CHANNEL_")
OUTCOMES = words(types_pb2.Outcome, "OUTCOME_")
TYPES = words(workorder_pb2.Type, "TYPE_")
URGENCIES = words(workorder_pb2.Urgency, "URGENCY_") | {0: "normal"}
ACTIONS = words(workorder_pb2.Action, "ACTION_")
STATES = words(workorder_pb2.State, "STATE_")


def word(table: dict[int, str], number: int) -> str:
    return table.get(number, "unspecified")


def numbers(table: dict[int, str]) -> dict[str, Any]:
    """The way back. Of two numbers with one word (unset and what it means) the one that says it."""
    return {name: number for number, name in sorted(table.items())}


# ---------------------------------------------------------------- people


def identity(who: Identity) -> View:
    """The signed-in person as their own screen sees them."""
    return {
        "user_id": who.user_id,
        "tenant": who.tenant,
        "username": who.username,
        "name": who.name,
        "role": who.role.value,
        "agent_id": who.agent_id,
        "extension": who.extension,
        "permissions": sorted(who.permissions),
    }


def user(person: User) -> View:
    """A user as administrators see them."""
    return {
        "user_id": person.user_id,
        "username": person.username,
        "name": person.name,
        "role": person.role.value,
        "agent_id": person.agent_id,
        "extension": person.extension,
        "department": person.department,
        "disabled": person.disabled,
        "revision": person.revision,
    }


def signed_in(result: SignedIn) -> View:
    return {
        "access_token": result.access_token,
        "token_type": "bearer",
        "expires_in_s": result.expires_in_s,
        "refresh_token": result.refresh_token,
        "refresh_expires_in_s": result.refresh_expires_in_s,
        "user": identity(result.identity),
    }


# ---------------------------------------------------------------- ACD


def agent(a: acd_pb2.Agent) -> View:
    return {
        "agent_id": a.agent_id,
        "name": a.name,
        "extension": a.extension,
        "queues": list(a.queues),
        "presence": word(PRESENCES, a.presence),
        "reason": a.reason,
        "routing_status": word(STATUSES, a.routing_status),
        "since": stamp(a, "since"),
        "until": stamp(a, "until"),
        "work_mode": word(WORK_MODES, a.work_mode),
    }


def contact(c: acd_pb2.Contact) -> View:
    return {
        "contact_id": c.contact_id,
        "channel": word(CHANNELS, c.channel),
        "state": c.state,
        "queue": c.queue,
        "priority": c.priority,
        "agent_id": c.agent_id,
        "offer_id": c.offer_id,
        "from_number": c.from_number,
        "to_number": c.to_number,
        "customer_id": c.customer_id,
        "held": c.held,
        "opened_at": stamp(c, "opened_at"),
        "enqueued_at": stamp(c, "enqueued_at"),
        "answered_at": stamp(c, "answered_at"),
        "data": dict(c.data),
        "waits_for_agent_id": c.waits_for_agent_id,
        "assigned_by": c.assigned_by,
        "callback": callback_offer(c.callback) if c.HasField("callback") else None,
        "recording": c.recording,
    }


def callback_offer(c: events_pb2.CallbackOffer) -> View:
    """What an agent is told of a callback before the phone rings."""
    return {
        "number": c.number,
        "mode": word(CALLBACK_MODES, c.mode),
        "attempt": c.attempt,
        "attempts": c.attempts,
        "requested_by": c.requested_by,
        "note": c.note,
        "callback_of": c.callback_of,
    }


def callback(c: acd_pb2.Callback) -> View:
    return {
        "contact_id": c.contact_id,
        "callback_of": c.callback_of,
        "number": c.number,
        "queue": c.queue,
        "mode": word(CALLBACK_MODES, c.mode),
        "state": c.state,
        "requested_at": stamp(c, "requested_at"),
        "enqueued_at": stamp(c, "enqueued_at"),
        "not_before": stamp(c, "not_before"),
        "not_after": stamp(c, "not_after"),
        "next_at": stamp(c, "next_at"),
        "attempts_made": c.attempts_made,
        "attempts": c.attempts,
        "last_result": c.last_result,
        "requested_by": c.requested_by,
        "note": c.note,
        "agent_id": c.agent_id,
        "customer_id": c.customer_id,
        "position": c.position,
        "outcome": word(OUTCOMES, c.outcome),
    }


def state(a: acd_pb2.Agent | None, missing: Iterable[str] = ()) -> View:
    """An agent's whole state; None: nobody knows, or no agent."""
    if a is None:
        return {"agent": None, "contact": None, "contacts": [], "missing": list(missing)}
    held = contact(a.contact) if a.HasField("contact") and a.contact.contact_id else None
    return {"agent": agent(a), "contact": held, "contacts": _in_hand(a, held), "missing": list(missing)}


def _in_hand(a: acd_pb2.Agent, held: View | None) -> list[View]:
    """All contacts of an agent, the one in front among them."""
    return [contact(each) for each in a.contacts] or ([held] if held else [])


def agent_with_contacts(a: acd_pb2.Agent) -> View:
    """One line of a team lead's list."""
    held = state(a)
    return agent(a) | {"contact_id": a.contact.contact_id or None, "contacts": held["contacts"]}


# ---------------------------------------------------------------- CRM


def caller(c: crm_pb2.IdentifyResponse) -> View:
    return {
        "number": c.number,
        "customer_id": c.customer_id,
        "name": c.name,
        "level": c.level,
        "blocked": c.blocked,
        "blocked_reason": c.blocked_reason,
        "language": c.language,
        "segment": c.segment,
        "department": c.department,
    }


def customer(c: crm_pb2.Customer) -> View:
    return {
        "customer_id": c.customer_id,
        "name": c.name,
        "organisation": c.organisation,
        "numbers": list(c.numbers),
        "accounts": list(c.accounts),
        "email": c.email,
        "level": c.level,
        "language": c.language,
        "tags": list(c.tags),
        "notes": c.notes,
        "revision": c.revision,
        "created_at": stamp(c, "created_at"),
        "changed_at": stamp(c, "changed_at"),
    }


def timeline_entry(e: crm_pb2.TimelineEntry) -> View:
    return {
        "entry_id": e.entry_id,
        "at": stamp(e, "at"),
        "kind": e.kind,
        "channel": word(CHANNELS, e.channel),
        "contact_id": e.contact_id,
        "agent_id": e.agent_id,
        "title": e.title,
        "data": _json(e.data_json),
    }


def _json(text: str) -> Any:
    # Parsed, not passed on as a fragment: one broken entry would make the whole frame unreadable.
    try:
        return orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        return {}


# ---------------------------------------------------------------- work orders and IVR


def work_order(w: workorder_pb2.WorkOrder) -> View:
    return {
        "work_order_id": w.work_order_id,
        "number": w.number,
        "type": word(TYPES, w.type),
        "urgency": word(URGENCIES, w.urgency),
        "channel": w.channel,
        "state": word(STATES, w.state),
        "title": w.title,
        "description": w.description,
        "customer_id": w.customer_id,
        "contact_id": w.contact_id,
        "department": w.department,
        "assignee": w.assignee,
        "created_by": w.created_by,
        "created_at": stamp(w, "created_at"),
        "changed_at": stamp(w, "changed_at"),
        "revision": w.revision,
        "allowed_actions": [word(ACTIONS, action) for action in w.allowed_actions],
    }


def step(s: workorder_pb2.Step) -> View:
    return {
        "step_id": s.step_id,
        "action": word(ACTIONS, s.action) if s.action else "created",
        "from_state": word(STATES, s.from_state) if s.from_state else None,
        "to_state": word(STATES, s.to_state),
        "by": s.by,
        "note": s.note,
        "department": s.department,
        "assignee": s.assignee,
        "at": stamp(s, "at"),
    }


def flow(f: ivr_pb2.Flow) -> View:
    return {
        "name": f.name,
        "version": f.version,
        "title": f.title,
        "published_at": stamp(f, "published_at"),
        "numbers": list(f.numbers),
    }


def flow_problem(p: ivr_pb2.FlowProblem) -> View:
    return {"node": p.node, "line": p.line, "problem": p.problem}


def voicemail(v: ivr_pb2.Voicemail) -> View:
    return {
        "voicemail_id": v.voicemail_id,
        "contact_id": v.contact_id,
        "from_number": v.from_number,
        "file": v.file,
        "node": v.node,
        "length_ms": v.length_ms,
        "left_at": stamp(v, "left_at"),
    }
