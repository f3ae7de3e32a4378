"""What may stand in a request. Each refusal names the field; what only the engine can judge it judges."""

from __future__ import annotations

import re
import time
from collections.abc import Collection

from google.protobuf.timestamp_pb2 import Timestamp

from services.acd.domain import Channel, Outcome, Presence
from services.acd.engine.stimuli import AgentSettings, Arrival, Close, Enqueue, FinishWrapUp, QueueSettings
from services.chassis import clock
from services.chassis.errors import Invalid
from services.chassis.ids import is_id
from services.stubs.acd.v1 import acd_pb2 as pb

QUEUE = re.compile(r"[a-z0-9_-]{1,64}")
AGENT = re.compile(r"[a-z0-9._-]{1,64}")
NAME = re.compile(r"[A-Za-z0-9._:@/-]{1,128}")
EXTENSION = re.compile(r"\+?[0-9A-Za-z*#._-]{1,32}")
CALL_ID = re.compile(r"[0-9a-fA-F-]{1,64}")
TARGET = re.compile(r"[A-Za-z0-9_*#+.-]{1,64}:XML:[A-Za-z0-9_.-]{1,64}")

NUMBER_CHARS = 128
SHORT_CHARS = 200
NOTES_CHARS = 16_000
DATA_KEYS = 32
DATA_BYTES = 4_096
AGENTS_AT_ONCE = 5_000
QUEUES_OF_AGENT = 200
OLDEST_S = 7 * 86_400  # no call waits a week: an older time is a mistake of units
AHEAD_S = 60  # clocks of two machines differ a little; the engine takes what is ahead for now


def require(holds: object, field: str, problem: str) -> None:
    """Raises Invalid naming the field."""
    if not holds:
        raise Invalid(field, problem)


def _match(field: str, value: str, pattern: re.Pattern[str], allowed: str) -> str:
    require(pattern.fullmatch(value), field, f"must be {allowed}")
    return value


def contact_id(field: str, value: str) -> str:
    require(is_id(value), field, "must be a UUID in lower case")
    return value


def request_id(value: str) -> str:
    require(len(value) <= 64, "request_id", "is longer than 64 characters")
    return value


def name(field: str, value: str) -> str:
    return _match(field, value, NAME, "1 to 128 letters, digits and . _ : @ / -")


def short(field: str, value: str, limit: int = SHORT_CHARS) -> str:
    """A line a person reads."""
    require(len(value) <= limit, field, f"is longer than {limit} characters")
    require("\x00" not in value, field, "holds a zero character")
    return value


def extension(field: str, value: str) -> str:
    return value and _match(field, value, EXTENSION, "1 to 32 letters, digits and * # . _ -")


def moment(field: str, message: object, attribute: str) -> int:
    """Milliseconds of an optional timestamp; 0 when unset."""
    stamp: Timestamp = getattr(message, attribute)
    if not message.HasField(attribute):  # type: ignore[attr-defined]
        return 0
    seconds, now = stamp.seconds, time.time()
    require(seconds > 0, field, "is before 1970")
    require(seconds > now - OLDEST_S, field, "is more than a week ago")
    require(seconds < now + AHEAD_S, field, "is in the future")
    return clock.timestamp_ms(stamp)


# ---------------------------------------------------------------- contacts


def arrival(request: pb.OpenContactRequest) -> Arrival:
    """The facts of a contact."""
    which = contact_id("contact.contact_id", request.contact_id)
    voice = int(request.channel) in (Channel.UNSPECIFIED, Channel.VOICE)
    require(voice, "contact.channel", "only voice is routed so far")
    node, call = request.call.node, request.call.call_id
    return Arrival(
        which,
        Channel.VOICE,
        name("contact.call.node", node),
        _match("contact.call.call_id", call, CALL_ID, "the uuid of a channel"),
        short("contact.from_number", request.from_number, NUMBER_CHARS),
        short("contact.to_number", request.to_number, NUMBER_CHARS),
        short("contact.customer_id", request.customer_id, 64),
        moment("contact.opened_at", request, "opened_at"),
    )


def enqueue(request: pb.EnqueueRequest, who: Arrival) -> Enqueue:
    require(QUEUE.fullmatch(request.queue), "queue", "must be 1 to 64 of a-z, 0-9, _ and -")
    require(0 <= request.priority <= 10, "priority", "must be 0 to 10")
    after = request.transfer_after_bridge
    require(not after or TARGET.fullmatch(after), "transfer_after_bridge", "must be EXTENSION:XML:CONTEXT")
    return Enqueue(
        who,
        request.queue,
        request.priority,
        moment("enqueued_at", request, "enqueued_at"),
        request.holder and name("holder", request.holder),
        after,
        _data(request),
    )


def _data(request: pb.EnqueueRequest) -> dict[str, str]:
    require(len(request.data) <= DATA_KEYS, "data", f"has more than {DATA_KEYS} keys")
    size = sum(len(key.encode()) + len(value.encode()) for key, value in request.data.items())
    require(size <= DATA_BYTES, "data", f"is larger than {DATA_BYTES} bytes")
    return dict(request.data)


def close(request: pb.CloseContactRequest, who: Arrival) -> Close:
    require(int(request.outcome) in list(Outcome), "outcome", "is not known")
    ended_at = moment("ended_at", request, "ended_at")
    return Close(who, Outcome(request.outcome), ended_at, short("cause", request.cause, 64))


# ---------------------------------------------------------------- agents


def presence(value: int) -> Presence:
    known = value in list(Presence) and value != Presence.UNSPECIFIED
    require(known, "presence", "must be offline, ready or other work")
    return Presence(value)


def wrap_up(request: pb.FinishWrapUpRequest) -> FinishWrapUp:
    return FinishWrapUp(
        request.agent_id,
        request.contact_id,
        short("disposition", request.disposition),
        short("notes", request.notes, NOTES_CHARS),
        short("work_order_id", request.work_order_id, 64),
    )


def agents(request: pb.PutAgentsRequest, known: Collection[str]) -> list[AgentSettings]:
    """All or none."""
    require(len(request.agents) <= AGENTS_AT_ONCE, "agents", f"are more than {AGENTS_AT_ONCE}")
    found = [_agent(agent, known) for agent in request.agents]
    require(len({agent.agent_id for agent in found}) == len(found), "agents", "names an agent twice")
    return found


def _agent(agent: pb.AgentSettings, known: Collection[str]) -> AgentSettings:
    who = _match("agents.agent_id", agent.agent_id, AGENT, "1 to 64 of a-z, 0-9, . _ and -")
    require(len(agent.queues) <= QUEUES_OF_AGENT, "agents.queues", f"{who}: more than {QUEUES_OF_AGENT}")
    for queue in agent.queues:
        require(queue in known, "agents.queues", f"{who}: there is no queue {queue!r}")
    return AgentSettings(
        who,
        short("agents.name", agent.name),
        extension("agents.extension", agent.extension),
        tuple(sorted(set(agent.queues))),
    )


def queue(request: pb.Queue) -> QueueSettings:
    """The settings, defaults filled in."""
    _match("name", request.name, QUEUE, "1 to 64 of a-z, 0-9, _ and -")
    require(request.strategy in (0, 1), "strategy", "only longest idle is known so far")
    return QueueSettings(
        request.name,
        short("title", request.title),
        1000 * _within("ring_timeout_s", request.ring_timeout_s or 15, 3, 120),
        1000 * _within("wrap_up_s", request.wrap_up_s, 0, 3_600),
        1000 * _within("service_level_s", request.service_level_s or 20, 1, 3_600),
        1000 * _within("priority_step_s", request.priority_step_s or 60, 1, 86_400),
        1000 * _within("max_wait_s", request.max_wait_s, 0, 86_400),
        _within("max_length", request.max_length or 10_000, 1, 1_000_000),
    )


def _within(field: str, value: int, low: int, high: int) -> int:
    require(low <= value <= high, field, f"must be {low} to {high}")
    return value
