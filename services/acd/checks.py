"""What may stand in a request. Each refusal names the field; what only the engine can judge it judges."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from itertools import pairwise

from google.protobuf.timestamp_pb2 import Timestamp

from services.acd.domain import (
    CallbackMode,
    Channel,
    Outcome,
    OverflowAction,
    Presence,
    RecordingRule,
    Strategy,
    WorkMode,
)
from services.acd.engine.stimuli import (
    ONE_CALL,
    AgentSettings,
    Arrival,
    Assign,
    Capacity,
    Close,
    Ease,
    Enqueue,
    FinishWrapUp,
    Overflow,
    PressKeys,
    QueueSettings,
    RequestCallback,
    Skills,
    Step,
    Tier,
    Transfer,
)
from services.chassis import clock
from services.chassis.errors import Invalid
from services.chassis.hours import Calendar, calendar_of
from services.chassis.ids import is_id
from services.stubs.acd.v1 import acd_pb2 as pb
from services.stubs.acd.v1 import events_pb2 as ev

QUEUE = re.compile(r"[a-z0-9_-]{1,64}")
SKILL = QUEUE
AGENT = re.compile(r"[a-z0-9._-]{1,64}")
NAME = re.compile(r"[A-Za-z0-9._:@/-]{1,128}")
KEYS = re.compile(r"[0-9A-D*#]{1,32}")
EXTENSION = re.compile(r"\+?[0-9A-Za-z*#._-]{1,32}")
CALL_ID = re.compile(r"[0-9a-fA-F-]{1,64}")
TARGET = re.compile(r"[A-Za-z0-9_*#+.-]{1,64}:XML:[A-Za-z0-9_.-]{1,64}")

NUMBER = re.compile(r"\+?[0-9]{2,20}")
NOTHING = re.compile("")

NUMBER_CHARS = 128
SHORT_CHARS = 200
NOTES_CHARS = 16_000
DATA_KEYS = 32
DATA_BYTES = 4_096
AGENTS_AT_ONCE = 5_000
QUEUES_OF_AGENT = 200
OLDEST_S = 7 * 86_400  # no call waits a week: an older time is a mistake of units
BOOKED_AHEAD_S = 90 * 86_400
EXCLUDED = 16
REQUIRED_SKILLS = 16
SKILLS_OF_AGENT = 64
RELAX_STEPS = 8
ASSIGNED_WAIT_S = 120  # a conversation may end in that; who waits longer for one agent is better told so
ASSIGNED_WAIT_MOST_S = 3_600
ATTEMPTS = 10  # who does not answer so often is pestered
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


def moment(field: str, message: object, attribute: str, *, ahead_s: int = AHEAD_S) -> int:
    """Milliseconds of an optional timestamp; 0 when unset."""
    stamp: Timestamp = getattr(message, attribute)
    if not message.HasField(attribute):  # type: ignore[attr-defined]
        return 0
    seconds, now = stamp.seconds, clock.now_ms() / 1000
    require(seconds > 0, field, "is before 1970")
    require(seconds > now - OLDEST_S, field, "is more than a week ago")
    require(seconds < now + ahead_s, field, "is in the future" if ahead_s == AHEAD_S else "is too far ahead")
    return clock.timestamp_ms(stamp)


# ---------------------------------------------------------------- contacts


def arrival(request: pb.OpenContactRequest) -> Arrival:
    """The facts of a contact."""
    which = contact_id("contact.contact_id", request.contact_id)
    require(int(request.channel) in list(Channel), "contact.channel", "is not known")
    channel = Channel(request.channel) or Channel.VOICE
    node, call = request.call.node, request.call.call_id
    require(channel is not Channel.CALLBACK, "contact.channel", "callbacks are asked for by RequestCallback")
    if channel is Channel.VOICE:
        name("contact.call.node", node)
        _match("contact.call.call_id", call, CALL_ID, "the uuid of a channel")
    else:
        require(not (node or call), "contact.call", "must be empty: only a voice contact has a call")
    return Arrival(
        which,
        channel,
        node,
        call,
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
    booked_at = moment("booked_at", request, "booked_at", ahead_s=BOOKED_AHEAD_S)
    return Enqueue(
        who,
        request.queue,
        request.priority,
        _enqueued_at(request, booked_at),
        request.holder and name("holder", request.holder),
        after,
        _data(request),
        skills("skills", request.skills, REQUIRED_SKILLS),
        _relaxed(request),
        request.preferred_agent_id and agent_id("preferred_agent_id", request.preferred_agent_id),
        1000 * _within("prefer_s", request.prefer_s, 0, 86_400),
        _excluded(request),
        booked_at,
        request.never_relax,
    )


def _enqueued_at(request: pb.EnqueueRequest, booked_at: int) -> int:
    """When the wait began. A booking's begins when it is due: so answered, and so it may be given back."""
    if not booked_at:
        return moment("enqueued_at", request, "enqueued_at")
    given = moment("enqueued_at", request, "enqueued_at", ahead_s=BOOKED_AHEAD_S)
    soon = clock.now_ms() + 1000 * AHEAD_S
    require(given <= max(booked_at, soon), "enqueued_at", "is after booked_at")
    return given


def skills(field: str, given: Iterable[ev.Skill], most: int) -> Skills:
    """Names with levels, by name."""
    found: dict[str, int] = {}
    for skill in given:
        _match(f"{field}.name", skill.name, SKILL, "1 to 64 of a-z, 0-9, _ and -")
        require(1 <= skill.level <= 10, f"{field}.level", f"{skill.name}: must be 1 to 10")
        require(skill.name not in found, field, f"{skill.name} is named twice")
        found[skill.name] = skill.level
    require(len(found) <= most, field, f"are more than {most}")
    return tuple(sorted(found.items()))


def _relaxed(request: pb.EnqueueRequest) -> tuple[Step, ...]:
    require(len(request.relax) <= RELAX_STEPS, "relax", f"has more than {RELAX_STEPS} steps")
    steps = tuple(
        Step(
            1000 * _within("relax.after_s", step.after_s, 1, 86_400),
            skills("relax.skills", step.skills, REQUIRED_SKILLS),
        )
        for step in request.relax
    )
    _ascending("relax.after_s", [step.after_ms for step in steps])
    return steps


def _ascending(field: str, moments: list[int]) -> None:
    rising = all(one < other for one, other in pairwise(moments))
    require(rising, field, "must rise from step to step")


def _excluded(request: pb.EnqueueRequest | pb.RequestCallbackRequest) -> tuple[str, ...]:
    require(len(request.excluded_agent_ids) <= EXCLUDED, "excluded_agent_ids", f"are more than {EXCLUDED}")
    return tuple(sorted({agent_id("excluded_agent_ids", each) for each in request.excluded_agent_ids}))


def _data(request: pb.EnqueueRequest | pb.RequestCallbackRequest) -> dict[str, str]:
    require(len(request.data) <= DATA_KEYS, "data", f"has more than {DATA_KEYS} keys")
    size = sum(len(key.encode()) + len(value.encode()) for key, value in request.data.items())
    require(size <= DATA_BYTES, "data", f"is larger than {DATA_BYTES} bytes")
    return dict(request.data)


def assign(request: pb.AssignContactRequest) -> Assign:
    return Assign(
        contact_id("contact_id", request.contact_id),
        agent_id("agent_id", request.agent_id),
        short("by", request.by, 64),
        _within("wait_s", request.wait_s or ASSIGNED_WAIT_S, 1, ASSIGNED_WAIT_MOST_S) * 1000,
    )


def close(request: pb.CloseContactRequest, who: Arrival) -> Close:
    require(int(request.outcome) in list(Outcome), "outcome", "is not known")
    ended_at = moment("ended_at", request, "ended_at")
    return Close(who, Outcome(request.outcome), ended_at, short("cause", request.cause, 64))


def callback_mode(value: int) -> CallbackMode:
    require(value in list(CallbackMode), "mode", "is not known: agent first, customer first, or as the queue")
    return CallbackMode(value)


def callback(
    request: pb.RequestCallbackRequest, which: str, number: str, caller: Arrival | None
) -> RequestCallback:
    """`number` is one that may be dialled, `which` the id of the contact to come."""
    require(request.queue or caller, "queue", "is empty: name the queue that is to call")
    require(
        not request.queue or QUEUE.fullmatch(request.queue), "queue", "must be 1 to 64 of a-z, 0-9, _ and -"
    )
    return RequestCallback(
        which,
        number,
        request.queue,
        caller,
        caller.to_number if caller is not None else "",
        short("customer_id", request.customer_id, 64) or (caller.customer_id if caller is not None else ""),
        moment("enqueued_at", request, "enqueued_at"),
        callback_mode(request.mode),
        moment("not_before", request, "not_before", ahead_s=BOOKED_AHEAD_S),
        moment("not_after", request, "not_after", ahead_s=BOOKED_AHEAD_S),
        _within("attempts", request.attempts, 0, ATTEMPTS),
        _within("priority", request.priority, 0, 10),
        skills("skills", request.skills, REQUIRED_SKILLS),
        request.preferred_agent_id and agent_id("preferred_agent_id", request.preferred_agent_id),
        _excluded(request),
        _data(request),
        short("requested_by", request.requested_by, 64),
        short("note", request.note),
    )


def list_limit(value: int) -> int:
    return _within("limit", value or 50, 1, 500)


# ---------------------------------------------------------------- agents


def presence(value: int) -> Presence:
    """Unspecified: it stays."""
    require(value in list(Presence), "presence", "must be offline, ready or other work, or unset to stay")
    return Presence(value)


def keys(request: pb.SendDtmfRequest) -> PressKeys:
    pressed = _match("keys", request.keys, KEYS, "1 to 32 telephone keys: 0-9 A-D * #")
    return PressKeys(request.agent_id, request.contact_id, pressed)


def transfer(request: pb.TransferRequest) -> Transfer:
    """One target; whether it takes the call is the engine's to judge."""
    target = request.WhichOneof("target")
    require(target, "target", "give a queue or an agent")
    if target == "queue":
        name = _match("queue", request.queue, QUEUE, "1 to 64 of a-z, 0-9, _ and -")
        return Transfer(request.agent_id, request.contact_id, queue=name)
    colleague = _match("to_agent_id", request.to_agent_id, AGENT, "1 to 64 of a-z, 0-9, . _ and -")
    return Transfer(request.agent_id, request.contact_id, to_agent=colleague)


def wrap_up(request: pb.FinishWrapUpRequest) -> FinishWrapUp:
    return FinishWrapUp(
        request.agent_id,
        request.contact_id,
        short("disposition", request.disposition),
        short("notes", request.notes, NOTES_CHARS),
        short("work_order_id", request.work_order_id, 64),
    )


def agents(request: pb.PutAgentsRequest, known: Collection[str]) -> list[AgentSettings]:
    """All or none; a refusal names the field by its place in the list (`agents.3.queues`), and the agent."""
    require(len(request.agents) <= AGENTS_AT_ONCE, "agents", f"are more than {AGENTS_AT_ONCE}")
    found = [agent(each, f"agents.{index}.") for index, each in enumerate(request.agents)]
    first: dict[str, int] = {}
    for index, settings in enumerate(found):
        who, path = settings.agent_id, f"agents.{index}."
        for queue in settings.queues:
            require(queue in known, f"{path}queues", f"{who}: there is no queue {queue!r}")
        again = first.setdefault(who, index) != index
        require(not again, f"{path}agent_id", f"{who}: is named twice, also by agents.{first[who]}")
    return found


def agent(agent: pb.AgentSettings, path: str = "") -> AgentSettings:
    """One agent's settings, defaults filled in; `path` stands before the names of fields."""
    who = agent_id(f"{path}agent_id", agent.agent_id)
    tiers = _tiers(agent, who, path)
    queues = {*agent.queues, *tiers}
    require(len(queues) <= QUEUES_OF_AGENT, f"{path}queues", f"{who}: more than {QUEUES_OF_AGENT}")
    for each in queues:
        _match(f"{path}queues", each, QUEUE, f"{who}: queues of 1 to 64 of a-z, 0-9, _ and -")
    require(int(agent.work_mode) in list(WorkMode), f"{path}work_mode", f"{who}: is not known")
    return AgentSettings(
        who,
        short(f"{path}name", agent.name),
        extension(f"{path}extension", agent.extension),
        tuple(sorted(queues)),
        {queue: tier for queue, tier in tiers.items() if tier != Tier()},
        skills(f"{path}skills", agent.skills, SKILLS_OF_AGENT),
        _capacity(agent, who, path),
        WorkMode(agent.work_mode) or WorkMode.CONTINUOUS,
        revision(f"{path}revision", agent.revision),
    )


def revision(field: str, value: int) -> int:
    """Which one a change was made on; 0: whatever is there."""
    require(value >= 0, field, "must be the one that was read, or 0 to replace whatever is there")
    return value


def agent_id(field: str, value: str) -> str:
    return _match(field, value, AGENT, "1 to 64 of a-z, 0-9, . _ and -")


def _tiers(agent: pb.AgentSettings, who: str, path: str) -> dict[str, Tier]:
    names = [tier.queue for tier in agent.tiers] + list(agent.queues)
    for queue in names:
        require(names.count(queue) == 1, f"{path}tiers", f"{who}: queue {queue!r} is named twice")
    return {
        tier.queue: Tier(
            _within(f"{path}tiers.level", tier.level or 1, 1, 100),
            _within(f"{path}tiers.position", tier.position or 1, 1, 10_000),
        )
        for tier in agent.tiers
    }


def _capacity(agent: pb.AgentSettings, who: str, path: str) -> tuple[Capacity, ...]:
    if not agent.capacity:
        return ONE_CALL
    found: dict[Channel, Capacity] = {}
    for kind in agent.capacity:
        known = int(kind.channel) in list(Channel)[1:]
        require(known, f"{path}capacity.channel", f"{who}: is not known")
        channel = Channel(kind.channel)
        require(channel not in found, f"{path}capacity", f"{who}: {channel.name.lower()} is named twice")
        most = 1 if channel is Channel.VOICE else 20
        sentence = f"{who}: must be 1 to {most} for {channel.name.lower()}"
        require(1 <= kind.most <= most, f"{path}capacity.most", sentence)
        found[channel] = Capacity(channel, kind.most, kind.alone)
    return tuple(found[channel] for channel in sorted(found))


def queue(request: pb.Queue) -> QueueSettings:
    """The settings, defaults filled in."""
    _match("name", request.name, QUEUE, "1 to 64 of a-z, 0-9, _ and -")
    require(int(request.strategy) in list(Strategy), "strategy", "is not known")
    require(request.priority_mode in (0, 1, 2), "priority_mode", "is not known")
    require(request.idle_since in (0, 1, 2), "idle_since", "is not known")
    require(int(request.recording) in list(RecordingRule), "recording", "is not known")
    after = request.no_agents_after_s if request.HasField("no_agents_after_s") else None
    return QueueSettings(
        request.name,
        short("title", request.title),
        1000 * _within("ring_timeout_s", request.ring_timeout_s or 15, 3, 120),
        1000 * _within("wrap_up_s", request.wrap_up_s, 0, 3_600),
        1000 * _within("service_level_s", request.service_level_s or 20, 1, 3_600),
        1000 * _within("priority_step_s", request.priority_step_s or 60, 1, 86_400),
        1000 * _within("max_wait_s", request.max_wait_s, 0, 86_400),
        _within("max_length", request.max_length or 10_000, 1, 1_000_000),
        Strategy(request.strategy) or Strategy.LONGEST_IDLE,
        request.priority_mode == pb.PRIORITY_MODE_STRICT,
        request.idle_since == pb.IDLE_SINCE_LAST_CONTACT,
        _within("ring_agents", request.ring_agents or 3, 2, 20),
        _hours(request),
        _eases(request),
        1000 * _within("last_agent_wait_s", request.last_agent_wait_s, 0, 3_600),
        1000 * _within("last_agent_memory_s", request.last_agent_memory_s or 86_400, 1, 365 * 86_400),
        _overflow("on_max_wait", request.on_max_wait),
        _overflow("on_full", request.on_full),
        _overflow("on_closed", request.on_closed),
        _overflow("on_no_agents", request.on_no_agents),
        1000 * _within("no_agents_after_s", after, 0, 3_600) if after is not None else None,
        short("waiting_flow", request.waiting_flow, 64),
        callback_mode(request.callback_mode) or CallbackMode.AGENT_FIRST,
        _within("callback_attempts", request.callback_attempts or 3, 1, ATTEMPTS),
        1000 * _within("callback_retry_s", request.callback_retry_s or 900, 60, 86_400),
        1000 * _within("callback_window_s", request.callback_window_s or 28_800, 300, 7 * 86_400),
        1000 * _within("callback_ring_s", request.callback_ring_s or 30, 10, 120),
        revision("revision", request.revision),
        RecordingRule(request.recording),
    )


def _hours(request: pb.Queue) -> Calendar | None:
    if not request.HasField("hours"):
        return None
    spans = [(span.weekday, span.opens, span.closes) for span in request.hours.spans]
    return calendar_of(request.hours.zone, spans, list(request.hours.closed_on))


def _eases(request: pb.Queue) -> tuple[Ease, ...]:
    require(len(request.relax) <= RELAX_STEPS, "relax", f"has more than {RELAX_STEPS} steps")
    steps = tuple(
        Ease(
            1000 * _within("relax.after_s", step.after_s, 1, 86_400),
            _within("relax.ease", step.ease, 0, 9),
        )
        for step in request.relax
    )
    _ascending("relax.after_s", [step.after_ms for step in steps])
    return steps


_TARGETS = {
    OverflowAction.QUEUE: (QUEUE, "a queue: 1 to 64 of a-z, 0-9, _ and -"),
    OverflowAction.OUTSIDE: (NUMBER, "a number: + and 2 to 20 digits"),
    OverflowAction.NODE: (QUEUE, "a node of the flow: 1 to 64 of a-z, 0-9, _ and -"),
}


def _overflow(field: str, given: pb.Overflow) -> Overflow:
    require(int(given.action) in list(OverflowAction), f"{field}.action", "is not known")
    action = OverflowAction(given.action)
    pattern, allowed = _TARGETS.get(action, (NOTHING, "empty: this action has no target"))
    return Overflow(action, _match(f"{field}.target", given.target, pattern, allowed))


def _within(field: str, value: int, low: int, high: int) -> int:
    require(low <= value <= high, field, f"must be {low} to {high}")
    return value
