"""What the engine is told. Times are milliseconds since 1970; an offer's id is also its agent leg's uuid.

Everything from a wire has been checked for form (lengths, characters) by the edge that made these; what
can only be judged against the present state (is there such a queue?) the engine judges.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from services.acd.domain import (
    CallbackMode,
    Channel,
    Outcome,
    OverflowAction,
    Presence,
    RecordingFailure,
    RecordingRule,
    Routing,
    Strategy,
    WorkMode,
)
from services.chassis.hours import Calendar

Skills: TypeAlias = tuple[tuple[str, int], ...]
"""Names with levels 1 to 10, by name: what is required, or what an agent can do."""

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Overflow:
    """What happens to a contact that a queue cannot keep; `target` is a queue, a number or a node."""

    action: OverflowAction = OverflowAction.FLOW
    target: str = ""

    def __str__(self) -> str:
        return f"{self.action.name.lower()}:{self.target}".removesuffix(":") if self.action else ""


FLOW = Overflow()


@dataclass(frozen=True, slots=True)
class Ease:
    """After so long a wait every required level is so much lower; `by` 0: nothing is required any more."""

    after_ms: int
    by: int


@dataclass(slots=True)
class QueueSettings:
    """How one queue behaves; changing them is felt by the next decision."""

    name: str
    title: str = ""
    ring_timeout_ms: int = 15_000
    wrap_up_ms: int = 0
    service_level_ms: int = 20_000
    priority_step_ms: int = 60_000
    max_wait_ms: int = 0  # 0: no bound
    max_length: int = 10_000
    strategy: Strategy = Strategy.LONGEST_IDLE
    strict: bool = False  # higher priority first, however long others have waited
    idle_since_contact: bool = False  # breaks do not start an agent's idle time anew
    ring_agents: int = 3  # RING_SEVERAL: so many at once
    hours: Calendar | None = None  # None: always open
    relax: tuple[Ease, ...] = ()
    last_agent_wait_ms: int = 0  # 0: a caller's last agent is not preferred
    last_agent_memory_ms: int = DAY_MS
    on_max_wait: Overflow = FLOW
    on_full: Overflow = FLOW
    on_closed: Overflow = FLOW
    on_no_agents: Overflow = FLOW
    no_agents_after_ms: int | None = None  # None: contacts wait for somebody to come
    waiting_flow: str = ""
    callback_mode: CallbackMode = CallbackMode.AGENT_FIRST
    callback_attempts: int = 3
    callback_retry_ms: int = 900_000  # from one attempt to the next
    callback_window_ms: int = 8 * 3_600_000  # after that nobody is called back any more
    callback_ring_ms: int = 30_000  # so long a customer's phone rings
    revision: int = 0  # counts the changes; of one to be made: which was read, 0: whatever is there
    recording: RecordingRule = RecordingRule.UNSPECIFIED


@dataclass(frozen=True, slots=True)
class Tier:
    """An agent's place in a queue: lower levels are asked first, `position` counts within the level."""

    level: int = 1
    position: int = 1


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many contacts of a channel at once; `alone`: with one of these in hand no other channel's come."""

    channel: Channel
    most: int = 1
    alone: bool = False


ONE_CALL = (Capacity(Channel.VOICE, 1, alone=True),)


@dataclass(slots=True)
class AgentSettings:
    """What an administrator says about an agent."""

    agent_id: str
    name: str = ""
    extension: str = ""
    queues: tuple[str, ...] = ()
    tiers: dict[str, Tier] = field(default_factory=dict)  # by queue, where not the first of the first
    skills: Skills = ()
    capacity: tuple[Capacity, ...] = ONE_CALL
    work_mode: WorkMode = WorkMode.CONTINUOUS
    revision: int = 0


@dataclass(slots=True)
class PutQueue:
    settings: QueueSettings


@dataclass(slots=True)
class PutAgents:
    """All or none: one unknown queue refuses them all."""

    agents: list[AgentSettings]


@dataclass(slots=True)
class Arrival:
    """The facts known of a contact from its first moment; rides along wherever it might be news."""

    contact_id: str
    channel: Channel = Channel.VOICE
    node: str = ""
    call_id: str = ""
    from_number: str = ""
    to_number: str = ""
    customer_id: str = ""
    opened_at: int = 0  # 0: now


@dataclass(slots=True)
class Open:
    arrival: Arrival


@dataclass(frozen=True, slots=True)
class Step:
    """What is required of an agent from so long a wait on."""

    after_ms: int
    skills: Skills


@dataclass(slots=True)
class Enqueue:
    arrival: Arrival
    queue: str
    priority: int = 0
    enqueued_at: int = 0  # 0: now
    holder: str = ""
    after_bridge: str = ""
    data: dict[str, str] = field(default_factory=dict)
    skills: Skills = ()
    relax: tuple[Step, ...] = ()  # by `after_ms`; empty: as the queue says
    preferred: str = ""  # an agent who is asked first
    prefer_ms: int = 0  # 0: as long as the queue says
    excluded: tuple[str, ...] = ()  # agents, by id
    booked_at: int = 0
    never_relax: bool = False


@dataclass(slots=True)
class Withdraw:
    contact_id: str
    reason: str = ""


@dataclass(slots=True)
class Assign:
    """A team lead gives a waiting contact to an agent."""

    contact_id: str
    agent_id: str
    by: str
    wait_ms: int  # for the agent to have room; then anybody's


@dataclass(slots=True)
class Close:
    """The flow's last word."""

    arrival: Arrival
    outcome: Outcome
    ended_at: int = 0  # 0: now
    cause: str = ""


@dataclass(slots=True)
class CallerGone:
    """The caller's leg exists no more. `lost`: by a fault of ours or the switch's, not by hanging up."""

    arrival: Arrival
    cause: str = ""
    lost: bool = False


@dataclass(slots=True)
class RequestCallback:
    """Somebody is to be called: a caller who hangs up and keeps the place, or an appointment.

    `contact_id` is that of the contact to come; `caller` the contact that asks for it, if one does.
    """

    contact_id: str
    number: str
    queue: str = ""  # empty: where the caller waits
    caller: Arrival | None = None
    to_number: str = ""
    customer_id: str = ""
    enqueued_at: int = 0  # since when the caller waits, where we do not know; 0: now
    mode: CallbackMode = CallbackMode.UNSPECIFIED
    not_before: int = 0  # 0: as soon as it is their turn
    not_after: int = 0  # 0: as long as the queue's window
    attempts: int = 0  # 0: as the queue says
    priority: int = 0
    skills: Skills = ()
    preferred: str = ""
    excluded: tuple[str, ...] = ()
    data: dict[str, str] = field(default_factory=dict)
    by: str = ""  # who booked it; empty: the caller
    note: str = ""


@dataclass(slots=True)
class CancelCallback:
    contact_id: str
    by: str = ""


@dataclass(slots=True)
class RestoreCallback:
    """A callback from before a restart, with what had been tried."""

    request: RequestCallback
    requested_at: int
    attempts_made: int = 0
    next_at: int = 0
    answered_at: int = 0  # they have spoken: the switch says whether they still do


@dataclass(slots=True)
class CustomerAnswered:
    """Who is called back has picked up."""

    contact_id: str
    call_id: str
    node: str


@dataclass(slots=True)
class CustomerFound:
    """Somebody who was called back waits on a switch, and no engine knows: the ACD was restarted."""

    contact_id: str
    call_id: str
    node: str


@dataclass(slots=True)
class DialFailed:
    """A customer was not reached; `cause` is the switch's word."""

    contact_id: str
    call_id: str
    cause: str = ""


@dataclass(slots=True)
class LegAnswered:
    """The agent picked up; both legs are ready to be bridged."""

    offer_id: str


@dataclass(slots=True)
class LegGone:
    """The agent's leg ended, or never came to be; `cause` is the switch's word."""

    offer_id: str
    cause: str = ""
    by_switch: bool = False
    """The phone did not hang up: the switch ended the leg, as it does when the other one is gone."""


@dataclass(slots=True)
class Bridged:
    offer_id: str


@dataclass(slots=True)
class BridgeFailed:
    offer_id: str
    cause: str = ""


@dataclass(slots=True)
class RingFailed:
    """The switch could not be asked to ring, or refused the command itself."""

    offer_id: str
    cause: str = ""


@dataclass(slots=True)
class Held:
    offer_id: str


@dataclass(slots=True)
class Retrieved:
    offer_id: str


@dataclass(slots=True)
class SetPresence:
    agent_id: str
    presence: Presence  # unspecified: it stays, and the reason too
    reason: str = ""
    extension: str = ""
    by: str = ""  # who says so, when it is not the agent
    work_mode: WorkMode = WorkMode.UNSPECIFIED  # unspecified: as it is


@dataclass(slots=True)
class Answer:
    """The agent takes the offer: a phone is to pick up, another contact is theirs at once."""

    agent_id: str
    offer_id: str


@dataclass(slots=True)
class Reject:
    agent_id: str
    offer_id: str


@dataclass(slots=True)
class HangUp:
    """The agent ends the conversation."""

    agent_id: str
    contact_id: str


@dataclass(slots=True)
class Hold:
    agent_id: str
    contact_id: str
    on: bool = True


@dataclass(slots=True)
class PressKeys:
    """Telephone keys for the other end; the journal leaves them out, they may be a card's or a PIN."""

    agent_id: str
    contact_id: str
    keys: str = field(default="", repr=False)


@dataclass(slots=True)
class PauseRecording:
    """The agent wants silence in the recording, or sound again."""

    agent_id: str
    contact_id: str
    on: bool = True


@dataclass(slots=True)
class RecordingRuns:
    """The switch writes the file: RECORD_START, or its answer to being asked again."""

    offer_id: str


@dataclass(slots=True)
class RecordingMasked:
    """The switch has done what PauseRecording asked."""

    offer_id: str
    on: bool


@dataclass(slots=True)
class RecordingOver:
    """The file is complete: RECORD_STOP."""

    offer_id: str
    length_ms: int | None = None
    detail: str = ""


@dataclass(slots=True)
class RecordingRefused:
    """The switch did not begin to record, or could not be asked to."""

    offer_id: str
    why: RecordingFailure
    detail: str = ""


@dataclass(slots=True)
class Transfer:
    """The agent gives the caller away: to `queue`, or to `to_agent`; one of them is set."""

    agent_id: str
    contact_id: str
    queue: str = ""
    to_agent: str = ""


@dataclass(slots=True)
class KeptFound:
    """A caller who was given away before a restart still waits on the switch for this queue."""

    contact_id: str
    queue: str
    after: str = ""


@dataclass(slots=True)
class FinishWrapUp:
    agent_id: str
    contact_id: str
    disposition: str = ""
    notes: str = ""
    work_order_id: str = ""


@dataclass(slots=True)
class NodeDown:
    """The link to a switch broke. Its calls may well live on; nothing can be told to it."""

    node: str
    detail: str = ""


@dataclass(slots=True)
class NodeUp:
    """The link is back and its calls have been compared; what waits there takes part again."""

    node: str
    detail: str = ""


@dataclass(slots=True)
class Adopt:
    """A conversation found on a switch that the engine knows nothing of: the ACD was restarted."""

    arrival: Arrival
    queue: str
    agent_id: str
    offer_id: str
    enqueued_at: int
    answered_at: int
    held: bool = False
    recorded: bool = False  # somebody had begun to record it
    paused: bool = False  # and an agent had paused that


@dataclass(slots=True)
class Recall:
    """An agent's state as stored before a restart."""

    agent_id: str
    presence: Presence
    reason: str = ""
    extension: str = ""
    since: int = 0
    routing: Routing = Routing.IDLE
    until: int = 0  # of a wrap-up
    contact_id: str = ""  # of a wrap-up
    work_mode: WorkMode = WorkMode.UNSPECIFIED  # unspecified: as configured


@dataclass(slots=True)
class Recover:
    """A contact that the store holds as not ended; whether its caller is still there, the switch says."""

    arrival: Arrival
    queue: str = ""
    agent_id: str = ""
    answered_at: int = 0
    waited_ms: int = 0
    talk_ms: int = 0
    hold_ms: int = 0
    offers: int = 0


@dataclass(slots=True)
class Tick:
    """Time has passed: do what is due."""


@dataclass(slots=True)
class NewDay:
    """Counters for live views start again."""


Stimulus: TypeAlias = (
    PutQueue
    | PutAgents
    | Open
    | Enqueue
    | Withdraw
    | Assign
    | Close
    | CallerGone
    | RequestCallback
    | CancelCallback
    | RestoreCallback
    | CustomerAnswered
    | CustomerFound
    | DialFailed
    | LegAnswered
    | LegGone
    | Bridged
    | BridgeFailed
    | RingFailed
    | Held
    | Retrieved
    | SetPresence
    | Answer
    | Reject
    | HangUp
    | Hold
    | PressKeys
    | PauseRecording
    | RecordingRuns
    | RecordingMasked
    | RecordingOver
    | RecordingRefused
    | Transfer
    | KeptFound
    | FinishWrapUp
    | NodeDown
    | NodeUp
    | Adopt
    | Recall
    | Recover
    | Tick
    | NewDay
)
