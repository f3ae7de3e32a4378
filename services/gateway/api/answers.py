"""What the routes of the centre answer, for the OpenAPI. The answers themselves are built by the views."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.gateway.api.settings import AgentSettings, Queue

Moment = str  # UTC, ISO 8601, milliseconds, `Z`
Presence = Literal["offline", "ready", "other_work"]
RoutingStatus = Literal["idle", "offered", "connected", "wrap_up", "not_responding"]


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PhoneAvailable(Answer):
    available: bool


class PhoneOpened(Answer):
    user: str
    domain: str
    url: str
    password: str
    expires_at: Moment
    expires_in_s: int
    registration_s: int


class Queues(Answer):
    queues: list[Queue]


class Colleague(Answer):
    agent_id: str
    name: str
    idle: bool = Field(description="has nothing in hand; else the caller waits for them a minute at most")


class Colleagues(Answer):
    agents: list[Colleague]


class AgentDocuments(Answer):
    agents: list[AgentSettings]


CallbackMode = Literal["agent_first", "customer_first"]


class CallbackOffer(Answer):
    """What an agent is told of a callback before the phone rings."""

    number: str
    mode: CallbackMode
    attempt: int
    attempts: int = Field(description="at most")
    requested_by: str = Field(description="who booked it; empty: the caller")
    note: str
    callback_of: str = Field(description="the contact whose caller asked for it")


class Callback(Answer):
    """Somebody who is to be called."""

    contact_id: str
    callback_of: str
    number: str
    queue: str
    mode: CallbackMode
    state: Literal["booked", "waiting", "offered", "dialling", "on_the_line", "connected", "ended"]
    requested_at: Moment | None
    enqueued_at: Moment | None
    not_before: Moment | None = Field(description="null: as soon as it is their turn")
    not_after: Moment | None
    next_at: Moment | None = Field(description="not called before; null: now, if an agent is free")
    attempts_made: int
    attempts: int = Field(description="at most")
    last_result: str = Field(
        description="`no_answer`, `busy`, `failed`, `hung_up`, `agent_gone`, `nobody_free`"
    )
    requested_by: str
    note: str
    agent_id: str
    customer_id: str
    position: int = Field(description="in the queue; 0: does not wait now")
    outcome: str


class Callbacks(Answer):
    callbacks: list[Callback]
    open: int = Field(description="of this queue, or in all")


class Contact(Answer):
    contact_id: str
    channel: str
    state: Literal["open", "queued", "offered", "connected", "released", "ended"]
    queue: str
    priority: int
    agent_id: str
    offer_id: str
    from_number: str
    to_number: str
    customer_id: str
    held: bool
    opened_at: Moment | None
    enqueued_at: Moment | None
    answered_at: Moment | None
    data: dict[str, str]
    waits_for_agent_id: str = Field(description="it waits for this agent alone; empty: for anybody")
    assigned_by: str = Field(description="who gave it to that agent")
    callback: CallbackOffer | None = Field(description="null: they called by themselves")
    recording: Literal["", "starting", "recording", "paused", "failed"] = Field(
        description="of a conversation; empty: it is not recorded"
    )


class Contacts(Answer):
    contacts: list[Contact]


class Agent(Answer):
    agent_id: str
    name: str
    extension: str
    queues: list[str]
    presence: Presence
    reason: str
    routing_status: RoutingStatus
    since: Moment | None
    until: Moment | None
    work_mode: Literal["continuous", "intermittent"]


class AgentInList(Agent):
    contact_id: str | None = Field(description="the one that came last")
    contacts: list[Contact]
    settings: AgentSettings | None = Field(description="ready to be sent to `PUT /admin/agents`")


class AgentList(Answer):
    agents: list[AgentInList]


class State(Answer):
    agent: Agent | None
    contact: Contact | None
    contacts: list[Contact]
    missing: list[str]


class ForecastError(Answer):
    contacts: int
    mean_ms: int = Field(description="of foretold less waited: positive promised too long a wait")
    mean_absolute_ms: int


class QueueFigures(Answer):
    queue: str
    title: str
    waiting: int
    longest_wait_ms: int
    expected_wait_ms: int | None = Field(description="of one who came now; null: nobody is there to serve")
    offered: int
    answered: int
    abandoned: int
    overflowed: int
    answered_in_time: int
    abandoned_in_time: int
    total_wait_answered_ms: int
    service_level: float | None
    agents_staffed: int
    agents_effective: float = Field(description="staffed, an agent of n queues counting 1/n")
    expected_wait_error: ForecastError | None
    last_to_enter_service_error: ForecastError | None
    head_of_line_error: ForecastError | None
    callbacks_open: int
    called_back: int = Field(description="callbacks that came to a conversation; in no other figure")
    unreached: int


class AgentCounts(Answer):
    ready: int
    offered: int
    connected: int
    wrap_up: int
    other_work: int
    not_responding: int
    offline: int


class Statistics(Answer):
    at: Moment
    contacts_open: int
    missing: list[str]
    agents: AgentCounts
    queues: list[QueueFigures]


class Decision(Answer):
    """Why this agent was offered this contact: what held at that moment."""

    offer_id: str
    at: Moment | None
    queue: str
    agent_id: str
    seeker: str = Field(
        description="`contact`: it came and agents were idle; `agent`: one came free, contacts waited"
    )
    rule: str = Field(description="the queue's strategy, or `preferred`, `last_agent`, `assigned`")
    idle_ms: int
    tier: int
    skill_score: int
    others: int = Field(description="idle and qualified as well")
    runner_up_agent_id: str | None
    qualified_busy: int
    ready_unqualified: int
    required: dict[str, int]
    relaxed_steps: int
    overdue_ms: int = Field(description="wait so far and head start, less the queue's target")
    waiting_behind: int
    competing: int
    runner_up_queue: str | None
    runner_up_overdue_ms: int
    outcome: str | None = Field(
        description="`answered`, or why not (`ring_timeout`, `rejected`, `busy`, `unreachable`, "
        "`caller_gone`, `switch_error`, `answered_elsewhere`); null: it still rings"
    )
    outcome_at: Moment | None
    assigned_by: str | None = Field(description="the team lead, of what was `assigned`")


class Explanation(Answer):
    contact_id: str
    decisions: list[Decision]


class Pause(Answer):
    from_ms: int = Field(description="from the recording's start")
    to_ms: int


class Recording(Answer):
    """That of one conversation."""

    recording_id: str
    contact_id: str
    agent_id: str
    queue: str
    from_number: str
    to_number: str
    customer_id: str
    started_at: Moment
    length_ms: int
    state: Literal["stored", "missing"] = Field(description="`missing`: announced, but no file was there")
    size_bytes: int
    pauses: list[Pause] = Field(description="silent: an agent paused it")


class RecordingDetail(Recording):
    sha256: str
    peaks: list[list[int]] = Field(description="per channel 400 columns, 0 to 255")


class Recordings(Answer):
    recordings: list[Recording]
