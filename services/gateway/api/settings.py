"""Queues and agents as administrators set them: one document each, the same in GET, PUT and PATCH.

The models are both what is accepted and what is answered, so what was read can be sent back as it is.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationError, ValidationInfo, field_validator

from services.chassis.errors import Invalid
from services.gateway.api import problems
from services.gateway.api.models import Body, Extension, Line64, Line200
from services.gateway.api.views import (
    CALLBACK_MODES,
    CHANNELS,
    RECORDING_RULES,
    STRATEGIES,
    WORK_MODES,
    View,
    numbers,
    word,
    words,
)
from services.gateway.domain import AGENT_ID
from services.stubs.acd.v1 import acd_pb2, events_pb2

PRIORITY_MODES = words(acd_pb2.PriorityMode, "PRIORITY_MODE_") | {0: "head_start"}
IDLE_SINCE = words(acd_pb2.IdleSince, "IDLE_SINCE_") | {0: "ready"}
OVERFLOWS = words(acd_pb2.OverflowAction, "OVERFLOW_ACTION_") | {0: "flow"}

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,64}$")]
QueueName = Name
Time = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
Day = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Level = Annotated[int, Field(ge=1, le=10)]
Revision = Annotated[
    int,
    Field(
        ge=0,
        description="counts the changes; sent back as it was read, a change is refused (409 `stale`) when "
        "somebody else has made one meanwhile; 0 or left out: whatever is there is replaced",
    ),
]

_TARGETED = {"queue": "a queue's name", "outside": "the number to call", "node": "a node of the flow"}


class OpenSpan(Body):
    weekday: int = Field(ge=1, le=7, description="1 Monday to 7 Sunday")
    opens: Time
    closes: Time = Field(description="`24:00`: the end of the day")


class OpeningHours(Body):
    zone: Line64 = Field(description="IANA, such as `Asia/Shanghai`")
    spans: list[OpenSpan] = Field(min_length=1, max_length=70)
    closed_on: list[Day] = Field(default=[], max_length=400, description="holidays, `2026-10-01`")


class Overflow(Body):
    """What happens to a contact that the queue cannot keep."""

    action: Literal["flow", "queue", "outside", "voicemail", "callback", "node"] = Field(
        default="flow", description="`flow`: the flow decides, it is told the reason"
    )
    target: Line64 = Field(
        default="",
        validate_default=True,
        description="`queue`: its name; `outside`: a number; `node`: its name; else empty",
    )

    @field_validator("target")
    @classmethod
    def _target(cls, target: str, found: ValidationInfo) -> str:
        action = found.data.get("action", "flow")
        wanted = _TARGETED.get(action)
        if wanted and not target:
            raise ValueError(f"is missing: {action} needs {wanted}")
        if target and not wanted:
            raise ValueError(f"must be empty: {action} needs none")
        return target


class RelaxStep(Body):
    after_s: int = Field(ge=1, le=86_400, description="of waiting")
    ease: int = Field(ge=0, le=9, description="required levels are so much lower; 0: nothing is required")


class Queue(Body):
    """All settings of a queue. What is left out has its default."""

    name: QueueName | None = Field(default=None, description="as in the address; may be left out of a PUT")
    title: Line200 = ""
    strategy: Literal[
        "longest_idle",
        "least_occupied",
        "fewest_contacts",
        "round_robin",
        "top_down",
        "best_skill",
        "ring_several",
    ] = "longest_idle"
    ring_timeout_s: int = Field(default=15, ge=3, le=120)
    ring_agents: int = Field(default=3, ge=2, le=20, description="`ring_several`: how many at once")
    idle_since: Literal["ready", "last_contact"] = Field(
        default="ready", description="`last_contact`: breaks do not count against an agent"
    )
    wrap_up_s: int = Field(default=0, ge=0, le=3600)
    service_level_s: int = Field(default=20, ge=1, le=3600)
    priority_mode: Literal["head_start", "strict"] = "head_start"
    priority_step_s: int = Field(default=60, ge=1, le=86_400, description="head start for each step")
    last_agent_wait_s: int = Field(
        default=0, ge=0, le=3600, description="a caller's last agent is asked first for so long; 0: not"
    )
    last_agent_memory_s: int = Field(default=86_400, ge=1, le=31_536_000)
    relax: list[RelaxStep] = Field(default=[], max_length=8, description="rising by `after_s`")
    hours: OpeningHours | None = Field(default=None, description="null: always open")
    max_wait_s: int = Field(default=0, ge=0, le=86_400, description="0: no limit")
    max_length: int = Field(default=10_000, ge=1, le=1_000_000)
    no_agents_after_s: int | None = Field(
        default=None, ge=0, le=3600, description="nobody staffed for so long: `on_no_agents`; null: never"
    )
    on_max_wait: Overflow = Overflow()
    on_full: Overflow = Overflow()
    on_closed: Overflow = Overflow()
    on_no_agents: Overflow = Overflow()
    waiting_flow: Line64 = Field(
        default="",
        description="the flow heard while waiting, one with `waiting_every_s`; empty: as the queue node says",
    )
    callback_mode: Literal["agent_first", "customer_first"] = "agent_first"
    callback_attempts: int = Field(default=3, ge=1, le=10)
    callback_retry_s: int = Field(default=900, ge=60, le=86_400, description="between two attempts")
    callback_window_s: int = Field(
        default=28_800, ge=300, le=604_800, description="nobody is called back later"
    )
    callback_ring_s: int = Field(default=30, ge=10, le=120, description="a customer's phone rings so long")
    recording: Literal["default", "never", "from_answer"] = Field(
        default="default", description="`default`: as the ACD is configured"
    )
    revision: Revision = 0


class Tier(Body):
    level: int = Field(default=1, ge=1, le=100, description="1 is asked first")
    position: int = Field(default=1, ge=1, le=10_000, description="within the level, for `top_down`")


class Capacity(Body):
    most: int = Field(ge=1, le=20, description="at once; of voice 1")
    alone: bool = Field(default=False, description="while one is in hand nothing of another channel comes")


Channel = Literal["voice", "chat", "email", "social", "sms", "fax", "callback", "work_item"]


class AgentSettings(Body):
    """All settings of an agent. What is left out has its default."""

    agent_id: Annotated[str, StringConstraints(pattern=f"^{AGENT_ID.pattern}$")]
    name: Line200 = ""
    extension: Extension = ""
    queues: list[QueueName] | None = Field(
        default=None, max_length=200, description="served; null or left out: those of `tiers`"
    )
    tiers: dict[QueueName, Tier] = Field(
        default={}, max_length=200, description="the place in a queue; a queue not named here: 1 and 1"
    )
    skills: dict[Name, Level] = Field(default={}, max_length=64, description="1 to 10")
    capacity: dict[Channel, Capacity] = Field(
        default={"voice": Capacity(most=1, alone=True)}, description="empty: one voice call"
    )
    work_mode: Literal["continuous", "intermittent"] = Field(
        default="continuous", description="after a contact: ready again, or other work"
    )
    revision: Revision = 0

    @field_validator("queues")
    @classmethod
    def _each_once(cls, queues: list[str] | None) -> list[str] | None:
        if queues is not None and len(set(queues)) < len(queues):
            raise ValueError("names a queue twice")
        return queues

    @field_validator("tiers")
    @classmethod
    def _of_queues_served(cls, tiers: dict[str, Tier], found: ValidationInfo) -> dict[str, Tier]:
        queues = found.data.get("queues")
        for name in tiers:
            if queues is not None and name not in queues:
                raise ValueError(f"{name!r} is not among the agent's queues")
        return tiers

    def places(self) -> dict[str, Tier]:
        """Every queue served, with the agent's place in it."""
        names = self.tiers if self.queues is None else self.queues
        return {name: self.tiers.get(name, Tier()) for name in names}


class Agents(Body):
    agents: list[AgentSettings] = Field(min_length=1, max_length=5_000)


class AgentChange(Body):
    """What a PATCH names of an agent; the rest stays."""

    model_config = Body.model_config | {"extra": "allow"}

    agent_id: Annotated[str, StringConstraints(pattern=f"^{AGENT_ID.pattern}$")]


class AgentChanges(Body):
    agents: list[AgentChange] = Field(min_length=1, max_length=5_000)


# ---------------------------------------------------------------- a queue, both ways


def queue_message(name: str, body: Queue) -> acd_pb2.Queue:
    """Raises Invalid when the body is of another queue."""
    if body.name not in (None, name):
        raise Invalid("name", f"is {body.name!r}, the address says {name!r}")
    fields = body.model_dump(exclude_none=True)
    for field in ("on_max_wait", "on_full", "on_closed", "on_no_agents"):
        fields[field]["action"] = numbers(OVERFLOWS)[fields[field]["action"]]
    return acd_pb2.Queue(
        **fields
        | {
            "name": name,
            "strategy": numbers(STRATEGIES)[body.strategy],
            "priority_mode": numbers(PRIORITY_MODES)[body.priority_mode],
            "idle_since": numbers(IDLE_SINCE)[body.idle_since],
            "callback_mode": numbers(CALLBACK_MODES)[body.callback_mode],
            "recording": numbers(RECORDING_RULES)[body.recording],
        }
    )


def queue_view(q: acd_pb2.Queue) -> View:
    """The document, as PUT takes it."""
    return {
        "name": q.name,
        "title": q.title,
        "strategy": word(STRATEGIES, q.strategy),
        "ring_timeout_s": q.ring_timeout_s or 15,
        "ring_agents": q.ring_agents or 3,
        "idle_since": word(IDLE_SINCE, q.idle_since),
        "wrap_up_s": q.wrap_up_s,
        "service_level_s": q.service_level_s or 20,
        "priority_mode": word(PRIORITY_MODES, q.priority_mode),
        "priority_step_s": q.priority_step_s or 60,
        "last_agent_wait_s": q.last_agent_wait_s,
        "last_agent_memory_s": q.last_agent_memory_s or 86_400,
        "relax": [{"after_s": step.after_s, "ease": step.ease} for step in q.relax],
        "hours": _hours(q.hours) if q.HasField("hours") else None,
        "max_wait_s": q.max_wait_s,
        "max_length": q.max_length or 10_000,
        "no_agents_after_s": q.no_agents_after_s if q.HasField("no_agents_after_s") else None,
        "on_max_wait": _overflow(q.on_max_wait),
        "on_full": _overflow(q.on_full),
        "on_closed": _overflow(q.on_closed),
        "on_no_agents": _overflow(q.on_no_agents),
        "waiting_flow": q.waiting_flow,
        "callback_mode": word(CALLBACK_MODES, q.callback_mode),
        "callback_attempts": q.callback_attempts or 3,
        "callback_retry_s": q.callback_retry_s or 900,
        "callback_window_s": q.callback_window_s or 28_800,
        "callback_ring_s": q.callback_ring_s or 30,
        "recording": word(RECORDING_RULES, q.recording),
        "revision": q.revision,
    }


def _hours(hours: acd_pb2.OpeningHours) -> View:
    spans = [{"weekday": s.weekday, "opens": s.opens, "closes": s.closes} for s in hours.spans]
    return {"zone": hours.zone, "spans": spans, "closed_on": list(hours.closed_on)}


def _overflow(overflow: acd_pb2.Overflow) -> View:
    return {"action": word(OVERFLOWS, overflow.action), "target": overflow.target}


# ---------------------------------------------------------------- an agent, both ways


def agents_message(agents: list[AgentSettings]) -> acd_pb2.PutAgentsRequest:
    return acd_pb2.PutAgentsRequest(agents=[_agent_message(agent) for agent in agents])


def _agent_message(body: AgentSettings) -> acd_pb2.AgentSettings:
    channels = numbers(CHANNELS)
    return acd_pb2.AgentSettings(
        agent_id=body.agent_id,
        name=body.name,
        extension=body.extension,
        tiers=[acd_pb2.Tier(queue=name, **tier.model_dump()) for name, tier in body.places().items()],
        skills=[events_pb2.Skill(name=name, level=level) for name, level in body.skills.items()],
        capacity=[
            acd_pb2.Capacity(channel=channels[name], most=kind.most, alone=kind.alone)
            for name, kind in body.capacity.items()
        ],
        work_mode=numbers(WORK_MODES)[body.work_mode],
        revision=body.revision,
    )


def agent_view(a: acd_pb2.AgentSettings) -> View:
    """The document, as PUT takes it."""
    tiers = {name: {"level": 1, "position": 1} for name in a.queues} | {
        tier.queue: {"level": tier.level or 1, "position": tier.position or 1} for tier in a.tiers
    }
    capacity = {word(CHANNELS, c.channel): {"most": c.most, "alone": c.alone} for c in a.capacity}
    return {
        "agent_id": a.agent_id,
        "name": a.name,
        "extension": a.extension,
        "queues": sorted(tiers),
        "tiers": dict(sorted(tiers.items())),
        "skills": {skill.name: skill.level for skill in a.skills},
        "capacity": capacity or {"voice": {"most": 1, "alone": True}},
        "work_mode": word(WORK_MODES, a.work_mode),
        "revision": a.revision,
    }


# ---------------------------------------------------------------- changes


def merged(document: Any, change: Any) -> Any:
    """JSON merge patch (RFC 7396): objects are merged, null takes away, all else replaces."""
    if not isinstance(change, dict):
        return change
    result = dict(document) if isinstance(document, dict) else {}
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def changed_queue(before: View, change: View) -> Queue:
    """Raises Invalid naming the field."""
    try:
        return Queue.model_validate(merged(before, change))
    except ValidationError as problem:
        raise problems.from_validation(problem.errors(include_url=False)) from None


def changed_agent(before: View, change: View, path: str) -> AgentSettings:
    """`queues` and `tiers` follow each other: whoever names only one of them means both. Raises Invalid."""
    after = merged(before, change)
    if "queues" not in change and "tiers" in change:
        after["queues"] = list(after.get("tiers", {}))
    elif "queues" in change and "tiers" not in change:
        wanted = after.get("queues") or []
        after["tiers"] = {name: tier for name, tier in before["tiers"].items() if name in wanted}
    return agent_of(after, path)


def agent_of(document: View, path: str) -> AgentSettings:
    """Raises Invalid naming the field, `path` (`users.3.`) before it."""
    try:
        return AgentSettings.model_validate(document)
    except ValidationError as problem:
        found = problem.errors(include_url=False)
        found[0]["loc"] = (*filter(None, path.split(".")), *found[0]["loc"])
        raise problems.from_validation(found) from None


def differences(before: View | None, after: View) -> View:
    """What a change changed, for the audit: `{"field": {"from": …, "to": …}}`."""
    old = before or {}
    return {
        key: {"from": old.get(key), "to": value}
        for key, value in after.items()
        if old.get(key) != value and key != "revision"
    }


# ---------------------------------------------------------------- refusals

_OF_AN_AGENT = re.compile(r"^agents\.([0-9]+)\.(\w+)")


def in_our_words(refused: Invalid, paths: list[str]) -> Invalid:
    """The ACD says `agents.3.queues`; here its fourth agent may be `users.7.`, and no field lies deeper."""
    found = _OF_AN_AGENT.match(refused.field)
    if found is None or int(found[1]) >= len(paths):
        return refused
    return Invalid(f"{paths[int(found[1])]}{found[2]}", refused.problem)
