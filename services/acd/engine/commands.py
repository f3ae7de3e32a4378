"""What the engine wants done, and what it announces. All data: the shell carries it out.

Facts mirror `proto/acd/v1/events.proto` field by field, times in milliseconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from services.acd.domain import (
    AttemptResult,
    CallbackMode,
    Channel,
    LeftQueue,
    OfferFailure,
    Outcome,
    Party,
    Presence,
    RecordingFailure,
    Routing,
    WorkMode,
)
from services.acd.engine.stimuli import Overflow, Skills

# ---------------------------------------------------------------- to a switch


@dataclass(slots=True)
class Ring:
    """Ring an agent. The leg's uuid is the offer's id, so every word about it finds its way back."""

    node: str
    offer_id: str
    contact_id: str
    agent_id: str
    extension: str
    queue: str
    ring_timeout_ms: int
    enqueued_at: int
    opened_at: int
    call_id: str
    from_number: str
    to_number: str
    customer_id: str


@dataclass(slots=True)
class Dial:
    """Call a customer back. `call_id` is the leg's uuid; `leg` that of the agent who waits, if one does."""

    node: str
    call_id: str
    contact_id: str
    number: str
    shown: str  # the number they know us by; empty: the trunk's own
    queue: str
    agent_id: str
    leg: str
    ring_timeout_ms: int
    enqueued_at: int
    opened_at: int
    customer_id: str


@dataclass(slots=True)
class Comfort:
    """Have somebody who waits for the other one hear the ringing tone."""

    node: str
    uuid: str


@dataclass(slots=True)
class Bridge:
    """Put caller and agent together; `after` is where the caller goes when the agent hangs up first."""

    node: str
    call_id: str
    offer_id: str
    agent_id: str
    after: str
    kept: bool = False  # the caller waited in our hands, see Keep


@dataclass(slots=True)
class Kill:
    """End a leg, an agent's or a called customer's. That it is gone already is an ordinary answer."""

    node: str
    uuid: str
    cause: str


@dataclass(slots=True)
class PickUp:
    """Make the agent's phone answer."""

    node: str
    offer_id: str


@dataclass(slots=True)
class HoldLeg:
    node: str
    offer_id: str
    on: bool


@dataclass(slots=True)
class SendKeys:
    """The switch plays telephone keys to the caller's side."""

    node: str
    call_id: str
    keys: str = field(repr=False)


@dataclass(slots=True)
class StartRecording:
    """Record a conversation, on the caller's leg. Of a file that is being written already it only asks
    whether that is so."""

    node: str
    call_id: str
    contact_id: str
    offer_id: str
    paused: bool = False  # silent from the start: it is taken up again
    again: bool = False  # it should run already


@dataclass(slots=True)
class StopRecording:
    node: str
    call_id: str
    contact_id: str
    offer_id: str


@dataclass(slots=True)
class MaskRecording:
    """Silence from now on, or sound again."""

    node: str
    call_id: str
    contact_id: str
    offer_id: str
    on: bool


@dataclass(slots=True)
class Keep:
    """Take the caller out of the conversation on leg `offer_id`, to hear music; no flow holds them then.

    `queue` and `after` stand on the caller's leg, for an ACD that has been restarted meanwhile.
    """

    node: str
    call_id: str
    offer_id: str
    queue: str
    after: str


@dataclass(slots=True)
class GoOn:
    """Whom we kept goes on in the flow, as after a conversation."""

    node: str
    call_id: str
    after: str


# ---------------------------------------------------------------- to the holder of a caller


@dataclass(slots=True)
class Expel:
    """Tell the flow that the caller has to go on, and why."""

    holder: str
    contact_id: str
    queue: str
    reason: LeftQueue
    overflow: Overflow


@dataclass(slots=True)
class Mended:
    """Something that should never be had to be put right; counted, and zero in normal runs."""

    what: str
    about: str


# ---------------------------------------------------------------- facts


@dataclass(slots=True)
class Decision:
    """Why this agent has been offered this contact: what held at that moment, both taken out already.

    `seeker` is who looked for whom: a contact that came (or came back) while agents were idle, or an agent
    who came free while contacts waited.
    """

    offer_id: str
    at: int
    queue: str
    agent_id: str
    seeker: str  # "contact" or "agent"
    rule: str  # the strategy's name; "preferred", "last_agent" or "assigned" where that came first
    idle_ms: int
    tier: int
    skill_score: int
    others: int  # idle and qualified as well
    runner_up: str  # who of them would have been next
    qualified_busy: int
    ready_unqualified: int
    required: Skills
    relaxed: int  # steps of relaxation so far
    overdue_ms: int  # wait so far plus head start, less the queue's target
    waiting: int  # in the same lane, left waiting
    competing: int  # lanes with somebody waiting that the agent could have taken from, this one included
    runner_up_queue: str
    runner_up_overdue_ms: int
    by: str = ""  # the team lead, of what was assigned


@dataclass(slots=True)
class ContactOpened:
    contact_id: str
    channel: Channel
    node: str
    call_id: str
    from_number: str
    to_number: str
    customer_id: str
    opened_at: int


@dataclass(slots=True)
class ContactQueued:
    contact_id: str
    queue: str
    priority: int
    enqueued_at: int
    position: int
    expected_wait_ms: int | None
    overflowed_from: str


@dataclass(frozen=True, slots=True)
class CallbackOffer:
    """What an agent is told of a callback before the phone rings."""

    number: str
    mode: CallbackMode
    attempt: int  # this one
    attempts: int  # at most
    by: str
    note: str
    callback_of: str


@dataclass(slots=True)
class ContactOffered:
    contact_id: str
    offer_id: str
    agent_id: str
    queue: str
    node: str
    attempt: int
    waited_ms: int
    ring_timeout_ms: int
    from_number: str
    to_number: str
    customer_id: str
    decision: Decision
    channel: Channel
    offered_at: int
    callback: CallbackOffer | None = None


@dataclass(slots=True)
class ContactOfferFailed:
    contact_id: str
    offer_id: str
    agent_id: str
    failure: OfferFailure
    rang_ms: int
    failed_at: int
    cause: str


@dataclass(slots=True)
class ContactAnswered:
    contact_id: str
    offer_id: str
    agent_id: str
    queue: str
    waited_ms: int
    answered_at: int


@dataclass(slots=True)
class ContactHeld:
    contact_id: str
    agent_id: str
    held_at: int


@dataclass(slots=True)
class ContactRetrieved:
    contact_id: str
    agent_id: str
    retrieved_at: int


@dataclass(slots=True)
class ContactReleased:
    contact_id: str
    offer_id: str
    agent_id: str
    queue: str
    talk_ms: int
    hold_ms: int
    ended_by: Party
    released_at: int


@dataclass(slots=True)
class ContactTransferred:
    contact_id: str
    offer_id: str
    agent_id: str
    queue: str
    to_agent_id: str
    transferred_at: int


@dataclass(slots=True)
class ContactWrappedUp:
    contact_id: str
    offer_id: str
    agent_id: str
    wrap_up_ms: int
    disposition: str
    notes: str
    work_order_id: str
    timed_out: bool
    wrapped_up_at: int


@dataclass(slots=True)
class ContactLeftQueue:
    contact_id: str
    queue: str
    waited_ms: int
    reason: LeftQueue
    left_at: int
    overflow: Overflow


@dataclass(slots=True)
class ContactEnded:
    contact_id: str
    channel: Channel
    outcome: Outcome
    node: str
    call_id: str
    from_number: str
    to_number: str
    customer_id: str
    queue: str
    agent_id: str
    waited_ms: int
    talk_ms: int
    hold_ms: int
    offers: int
    opened_at: int
    ended_at: int
    cause: str


@dataclass(slots=True)
class CallbackRequested:
    contact_id: str
    callback_of: str
    number: str
    queue: str
    mode: CallbackMode
    requested_at: int
    enqueued_at: int
    not_before: int
    not_after: int
    attempts: int
    by: str
    note: str
    priority: int
    skills: Skills
    preferred: str
    excluded: tuple[str, ...]
    to_number: str
    customer_id: str
    data: dict[str, str]


@dataclass(slots=True)
class CallbackDialled:
    contact_id: str
    number: str
    attempt: int
    agent_id: str
    node: str
    call_id: str
    dialled_at: int
    next_at: int  # the next attempt, should nothing be heard of this one


@dataclass(slots=True)
class CallbackFailed:
    contact_id: str
    attempt: int
    result: AttemptResult
    cause: str
    failed_at: int
    next_at: int  # 0: none


@dataclass(slots=True)
class RecordingStarted:
    contact_id: str
    offer_id: str
    agent_id: str
    queue: str
    node: str
    started_at: int


@dataclass(slots=True)
class RecordingPaused:
    contact_id: str
    offer_id: str
    agent_id: str
    paused_at: int


@dataclass(slots=True)
class RecordingResumed:
    contact_id: str
    offer_id: str
    agent_id: str
    resumed_at: int


@dataclass(slots=True)
class RecordingStopped:
    contact_id: str
    offer_id: str
    agent_id: str
    queue: str
    node: str
    started_at: int
    stopped_at: int
    length_ms: int | None
    from_number: str
    to_number: str
    customer_id: str
    pauses: list[tuple[int, int]]


@dataclass(slots=True)
class RecordingFailed:
    contact_id: str
    offer_id: str
    agent_id: str
    queue: str
    node: str
    reason: RecordingFailure
    detail: str
    failed_at: int


@dataclass(slots=True)
class AgentStateChanged:
    agent_id: str
    presence: Presence
    reason: str
    routing: Routing
    contact_id: str
    since: int
    until: int  # 0: open-ended
    previous_presence: Presence
    previous_routing: Routing
    previous_ms: int
    by: str
    work_mode: WorkMode


@dataclass(slots=True)
class NodeStateChanged:
    node: str
    up: bool
    detail: str
    since: int


Fact: TypeAlias = (
    ContactOpened
    | ContactQueued
    | ContactOffered
    | ContactOfferFailed
    | ContactAnswered
    | ContactHeld
    | ContactRetrieved
    | ContactReleased
    | ContactTransferred
    | ContactWrappedUp
    | ContactLeftQueue
    | ContactEnded
    | CallbackRequested
    | CallbackDialled
    | CallbackFailed
    | RecordingStarted
    | RecordingPaused
    | RecordingResumed
    | RecordingStopped
    | RecordingFailed
    | AgentStateChanged
    | NodeStateChanged
)
Order: TypeAlias = (
    Ring
    | Dial
    | Comfort
    | Bridge
    | Kill
    | PickUp
    | HoldLeg
    | SendKeys
    | Keep
    | GoOn
    | StartRecording
    | StopRecording
    | MaskRecording
)
Command: TypeAlias = Order | Expel | Mended | Fact
