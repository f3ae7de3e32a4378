"""The floor: everything the engine knows, as plain records. It has no methods that decide.

Contacts with the same queue and requirements share a *lane*; agents who may serve the same queues share a
*profile*. Which lanes a profile serves is worked out once, when either comes to be, never for a call.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

from services.acd.domain import Channel, ContactState, Outcome, Presence, Routing
from services.acd.engine.commands import Reason
from services.acd.engine.roll import Roll
from services.acd.engine.stimuli import AgentSettings, QueueSettings

# An order is milliseconds shifted by this, plus a running number: unique, and first come first in a tie.
SHIFT = 40


@dataclass(frozen=True, slots=True)
class Policy:
    """The engine's own bounds, in milliseconds; `config.py` says why each is what it is."""

    misses_before_aside: int = 2
    rest_ms: int = 3_000
    switch_pause_ms: int = 1_000
    bridge_timeout_ms: int = 5_000
    leg_gone_timeout_ms: int = 3_000
    ring_slack_ms: int = 10_000
    word_grace_ms: int = 3_000
    node_lost_ms: int = 300_000
    forget_ms: int = 120_000
    remember_max: int = 50_000
    handling_ms: int = 180_000


class Stage(IntEnum):
    """Where an offer, and with it the agent's leg, is."""

    RINGING = 1
    BRIDGING = 2
    TALKING = 3
    CLOSING = 4  # nothing more is wanted of the leg; the agent's phone is not free until it is gone


@dataclass(slots=True, eq=False)
class Lane:
    """Contacts that any of the same agents could serve, in the order they will be served."""

    queue: Queue
    waiting: Roll[Contact] = field(default_factory=Roll)
    profiles: list[Profile] = field(default_factory=list)
    idle: int = 0  # agents of all its profiles who could take a contact now
    # Heap of (order of the profile's longest idle, number, profile). An entry may be too early, never too
    # late: agents who left are found out when it is looked at.
    best: list[tuple[int, int, Profile]] = field(default_factory=list)
    listed: dict[Profile, int] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Profile:
    """Agents who may serve the same queues."""

    queues: frozenset[str]
    number: int
    lanes: list[Lane] = field(default_factory=list)
    idle: Roll[Agent] = field(default_factory=Roll)
    agents: int = 0


@dataclass(slots=True, eq=False)
class Queue:
    settings: QueueSettings
    lane: Lane = field(init=False)
    waiting: int = 0  # queued or offered
    staffed: int = 0  # agents ready for it, busy or not
    handling_ms: int = 0  # of one contact, a moving average
    entered: int = 0
    answered: int = 0
    abandoned: int = 0
    answered_in_time: int = 0
    abandoned_in_time: int = 0
    wait_answered_ms: int = 0

    def __post_init__(self) -> None:
        self.lane = Lane(self)

    @property
    def name(self) -> str:
        return self.settings.name


@dataclass(slots=True, eq=False)
class Offer:
    """One attempt to bring a contact and an agent together; its id is the uuid of the agent's leg."""

    id: str
    contact: Contact
    agent: Agent
    node: str
    queue: Queue
    reason: Reason
    offered_at: int
    stage: Stage = Stage.RINGING
    expected_gone_at: int = 0


@dataclass(slots=True, eq=False)
class Contact:
    id: str
    channel: Channel = Channel.VOICE
    node: str = ""
    call_id: str = ""
    from_number: str = ""
    to_number: str = ""
    customer_id: str = ""
    opened_at: int = 0
    state: ContactState = ContactState.OPEN
    queue: Queue | None = None  # where it waits, or waited last
    priority: int = 0
    enqueued_at: int = 0
    order: int = 0
    paused_until: int = 0  # after trouble on its switch; out of the lane, the order is kept
    parted: bool = False  # its switch cannot be reached; out of the lane, the order is kept
    troubles: int = 0  # offers in a row that failed through the switch
    leave_at: int = 0
    holder: str = ""
    after_bridge: str = ""
    data: dict[str, str] = field(default_factory=dict)
    told: int = 0  # the place its holder was told last
    offer: Offer | None = None
    offers: int = 0
    agent: Agent | None = None  # who served it last
    last_offer: str = ""
    answered_at: int = 0  # of the last conversation
    released_at: int = 0
    held_since: int = 0
    segment_hold_ms: int = 0
    waited_ms: int = 0
    talk_ms: int = 0
    hold_ms: int = 0
    gone_at: int = 0  # its caller is gone; the flow's word is awaited
    grace_until: int = 0
    lost: bool = False
    cause: str = ""
    outcome: Outcome = Outcome.UNSPECIFIED
    ended_at: int = 0
    wrapping: bool = False  # an agent still writes about it, so it is not forgotten
    wrap_up_ms: int = 0
    form_seen: bool = False


@dataclass(slots=True, eq=False)
class Agent:
    settings: AgentSettings
    profile: Profile
    presence: Presence = Presence.OFFLINE
    reason: str = ""
    extension: str = ""  # for this session; empty: as configured
    routing: Routing = Routing.IDLE
    since: int = 0
    until: int = 0
    idle_since: int = 0
    order: int = 0  # in the profile's idle roll; 0: not there
    offer: Offer | None = None  # until its leg is gone
    contact: Contact | None = None  # offered, connected or in wrap-up
    misses: int = 0
    rest_until: int = 0

    @property
    def id(self) -> str:
        return self.settings.agent_id


@dataclass(slots=True, eq=False)
class Node:
    """A switch."""

    name: str
    up: bool = True
    since: int = 0
    lost_at: int = 0
    contacts: dict[str, Contact] = field(default_factory=dict)  # open ones only


class Alarm(IntEnum):
    """What a timer is for."""

    RING = 1
    BRIDGE = 2
    LEG_GONE = 3
    WRAP_UP = 4
    REST = 5
    LEAVE = 6
    RESUME = 7
    GRACE = 8
    NODE_LOST = 9


Timer = tuple[int, int, Alarm, object]


@dataclass(slots=True)
class Floor:
    new_id: Callable[[], str]
    policy: Policy
    queues: dict[str, Queue] = field(default_factory=dict)
    agents: dict[str, Agent] = field(default_factory=dict)
    profiles: dict[frozenset[str], Profile] = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)
    offers: dict[str, Offer] = field(default_factory=dict)  # until the leg is gone
    nodes: dict[str, Node] = field(default_factory=dict)
    timers: list[Timer] = field(default_factory=list)
    past: deque[tuple[int, Contact]] = field(default_factory=deque)  # ended, to be forgotten
    # How many agents in each (presence * 8 + routing).
    counts: list[int] = field(default_factory=lambda: [0] * 32)
    open: int = 0
    number: int = 0
    now: int = 0

    def next_number(self) -> int:
        self.number += 1
        return self.number
