"""What the engine is told. Times are milliseconds since 1970; an offer's id is also its agent leg's uuid.

Everything from a wire has been checked for form (lengths, characters) by the edge that made these; what
can only be judged against the present state (is there such a queue?) the engine judges.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from services.acd.domain import Channel, Outcome, Presence, Routing


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


@dataclass(slots=True)
class AgentSettings:
    """What an administrator says about an agent."""

    agent_id: str
    name: str = ""
    extension: str = ""
    queues: tuple[str, ...] = ()


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


@dataclass(slots=True)
class Enqueue:
    arrival: Arrival
    queue: str
    priority: int = 0
    enqueued_at: int = 0  # 0: now
    holder: str = ""
    after_bridge: str = ""
    data: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Withdraw:
    contact_id: str
    reason: str = ""


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
    presence: Presence
    reason: str = ""
    extension: str = ""


@dataclass(slots=True)
class Answer:
    """The agent wants the phone to pick up."""

    agent_id: str
    offer_id: str


@dataclass(slots=True)
class Reject:
    agent_id: str
    offer_id: str


@dataclass(slots=True)
class HangUp:
    agent_id: str
    contact_id: str


@dataclass(slots=True)
class Hold:
    agent_id: str
    contact_id: str
    on: bool = True


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
    | Close
    | CallerGone
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
    | FinishWrapUp
    | NodeDown
    | NodeUp
    | Adopt
    | Recall
    | Recover
    | Tick
    | NewDay
)
