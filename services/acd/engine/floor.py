"""The floor: everything the engine knows, as plain records. It has no methods that decide.

Contacts that any of the same agents could serve share a *lane*: same queue, channel and requirements. Agents
with the same queues, skills and capacity share a *profile*. Which lanes a profile serves is worked out once,
when either comes to be, never for a contact. The idle agents of a profile stand in *pools*, one for each
channel and each measure by which the profile's queues choose.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

from services.acd.domain import (
    CallbackMode,
    Channel,
    ContactState,
    LeftQueue,
    Outcome,
    Presence,
    RecordingRule,
    RecordingState,
    Routing,
    WorkMode,
)
from services.acd.engine.commands import Decision
from services.acd.engine.roll import Roll
from services.acd.engine.stimuli import AgentSettings, Capacity, Overflow, QueueSettings, Skills, Step, Tier

# An order is a value shifted by this, plus a running number: unique, and first come first in a tie.
SHIFT = 40

Agents: TypeAlias = frozenset[str]
NOBODY: Agents = frozenset()

ASSIGNED = "assigned"
"""The rule of an offer that a team lead asked for."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The engine's own bounds, in milliseconds; `config.py` says why each is what it is."""

    misses_before_aside: int = 2
    rest_ms: int = 3_000
    switch_pause_ms: int = 1_000
    bridge_timeout_ms: int = 5_000
    leg_gone_timeout_ms: int = 3_000
    word_grace_ms: int = 3_000
    node_lost_ms: int = 300_000
    forget_ms: int = 120_000
    remember_max: int = 50_000
    handling_ms: int = 180_000
    last_agents_max: int = 100_000
    callbacks_max: int = 10_000
    dialled_max: int = 10
    dial_slack_ms: int = 5_000
    record: RecordingRule = RecordingRule.NEVER  # where the queue says nothing
    recording_ms: int = 5_000  # within which the switch says that a recording began, or ended


class Stage(IntEnum):
    """Where an offer, and with it the agent's leg, is. Contacts without a call know no BRIDGING.

    A callback is DIALLING after RINGING (agent first) or before it (customer first).
    """

    RINGING = 1
    BRIDGING = 2
    TALKING = 3
    CLOSING = 4  # nothing more is wanted of the leg; the agent's phone is not free until it is gone
    DIALLING = 5  # the customer is called


class Measure(IntEnum):
    """By what idle agents are put in order; the lowest value comes first."""

    IDLE_SINCE_READY = 1
    IDLE_SINCE_CONTACT = 2
    OFFERED_AT = 3
    CONTACTS = 4
    OCCUPANCY = 5
    POSITION = 6


# What a lane is found by, within its queue: channel, requirements, and whom it excludes.
Need: TypeAlias = tuple[Channel, Skills, Agents]


@dataclass(slots=True, eq=False)
class Lane:
    """Contacts that any of the same agents could serve, in the order they will be served."""

    queue: Queue | None  # None: a lane of one agent, for contacts that wait for them
    need: Need
    measure: Measure
    waiting: Roll[Contact] = field(default_factory=Roll)
    pools: dict[Pool, int] = field(default_factory=dict)  # with the rank of their agents: lower comes first
    # Heap of (rank, order of the pool's first, number, pool). An entry may be too early, never too late:
    # agents who left are found out when it is looked at.
    best: list[tuple[int, int, int, Pool]] = field(default_factory=list)
    listed: dict[Pool, int] = field(default_factory=dict)
    idle: int = 0  # agents of all its pools who could take a contact now
    staffed: int = 0  # agents who are ready and qualify, busy or not
    # Contacts that ring at fewer agents than the queue wants.
    thin: dict[Contact, None] = field(default_factory=dict)
    dropped: bool = False

    @property
    def excluded(self) -> Agents:
        return self.need[2]


@dataclass(slots=True, eq=False)
class Pool:
    """Idle agents of one profile, for one channel, by one measure."""

    number: int
    channel: Channel
    measure: Measure
    queue: str  # POSITION is a place in this queue; else empty
    roll: Roll[Agent] = field(default_factory=Roll)
    lanes: list[tuple[Lane, int]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Profile:
    """Agents with the same queues and levels in them, the same skills and the same capacity."""

    key: tuple[object, ...]
    queues: tuple[str, ...]
    tiers: dict[str, int]
    skills: dict[str, int]
    capacity: tuple[Capacity, ...]
    channels: int  # a bit for each channel of the capacity
    pools: list[Pool] = field(default_factory=list)
    members: dict[Agent, None] = field(default_factory=dict)
    ready: int = 0


@dataclass(slots=True)
class ForecastError:
    """Of a way to foretell waits, over contacts that waited and were answered: foretold less waited, ms."""

    contacts: int = 0
    sum_ms: int = 0
    sum_absolute_ms: int = 0

    def add(self, foretold_ms: int, waited_ms: int) -> None:
        self.contacts += 1
        self.sum_ms += foretold_ms - waited_ms
        self.sum_absolute_ms += abs(foretold_ms - waited_ms)


@dataclass(slots=True, eq=False)
class Queue:
    settings: QueueSettings
    measure: Measure
    lanes: dict[Need, Lane] = field(default_factory=dict)
    waiting: int = 0  # queued or offered
    staffed: int = 0  # agents ready for it, busy or not
    effective: float = 0.0  # the same, an agent of n queues counting 1/n
    unstaffed_since: int = 0
    open: bool = True
    open_until: int = 0  # `open` is known until then; 0: look
    handling_ms: int = 0  # of one contact, a moving average
    last_wait_ms: int = -1  # of the last contact answered; -1: none yet
    entered: int = 0
    answered: int = 0
    abandoned: int = 0
    overflowed: int = 0
    answered_in_time: int = 0
    abandoned_in_time: int = 0
    wait_answered_ms: int = 0
    callbacks: int = 0  # open ones, due or not
    called_back: int = 0
    unreached: int = 0
    foretold: ForecastError = field(default_factory=ForecastError)
    foretold_by_last: ForecastError = field(default_factory=ForecastError)
    foretold_by_head: ForecastError = field(default_factory=ForecastError)

    @property
    def name(self) -> str:
        return self.settings.name


@dataclass(slots=True, eq=False)
class Offer:
    """One attempt to bring a contact and an agent together, and the conversation it becomes (a *segment*).

    Its id is the uuid of the agent's leg. `work` is what it is for the agent, `stage` where its leg is: the
    leg may be gone while its agent still wraps up, and may close while nobody works on it any more.
    """

    id: str
    contact: Contact
    agent: Agent
    node: str
    queue: Queue
    offered_at: int
    leg: bool  # rung through a switch
    stage: Stage = Stage.RINGING
    work: Routing = Routing.IDLE
    until: int = 0  # end of the wrap-up
    expected_gone_at: int = 0
    released_at: int = 0  # its conversation is over, whatever the contact does by now


@dataclass(slots=True, eq=False)
class Recording:
    """That of one conversation, from being asked for until the switch has closed the file."""

    offer_id: str
    contact: Contact
    agent_id: str
    queue: str
    node: str
    call_id: str
    state: RecordingState = RecordingState.STARTING
    started_at: int = 0
    paused_since: int = 0
    pauses: list[tuple[int, int]] = field(default_factory=list)
    over: bool = False  # the conversation is; the file need not be complete yet
    stopped: bool = False  # the file is complete
    due: int = 0  # the switch should have said something by then; 0: nothing is expected


@dataclass(slots=True, eq=False)
class Callback:
    """What there is to a contact that we call ourselves. Its call comes to be when the customer answers."""

    number: str
    queue: str  # that calls; a conversation found after a restart may be of another
    mode: CallbackMode
    callback_of: str
    requested_at: int
    not_before: int
    not_after: int
    attempts_max: int
    retry_ms: int
    ring_ms: int
    by: str = ""
    note: str = ""
    attempts: int = 0  # made, the one under way included
    dialled: str = ""  # the leg being called, until it answers or fails
    on_line_at: int = 0  # when they picked up, of who is on the line
    result: str = ""  # of the last attempt

    @property
    def agent_first(self) -> bool:
        return self.mode is CallbackMode.AGENT_FIRST


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
    joined_at: int = 0  # when the wait in this queue began: of who overflowed into it, later
    order: int = 0
    due: int = 0  # when its queue's target is missed, head start included
    lane: Lane | None = None  # where it stands, or stood last
    standing: Lane | None = None  # the lane it can be taken from at this moment: its own, or an agent's
    skills: Skills = ()
    asked: Skills = ()  # on entering its queue, before that one's steps
    steps: tuple[Step, ...] = ()  # of relaxation, still to come
    relax_at: int = 0
    relaxed: int = 0
    eased_by_queue: bool = False  # it brought no steps of its own
    excluded: Agents = NOBODY
    preferred: Agent | None = None
    prefer_until: int = 0
    rule: str = ""  # why that one: "preferred", "last_agent" or ASSIGNED
    assigned_by: str = ""  # the team lead, where ASSIGNED
    booked_at: int = 0  # when the customer is due; 0: no booking
    early: bool = False  # booked and not due yet: not counted among those who wait
    hops: int = 0
    came_by: tuple[str, ...] = ()  # queues it overflowed from
    paused_until: int = 0  # booked for later, or trouble on its switch; out of the lane, the order is kept
    parted: bool = False  # its switch cannot be reached; out of the lane, the order is kept
    troubles: int = 0  # offers in a row that failed through the switch
    leave_at: int = 0
    holder: str = ""
    after_bridge: str = ""
    kept: bool = False  # given away by an agent: it waits in our hands, and no flow holds the caller
    data: dict[str, str] = field(default_factory=dict)
    declined: tuple[LeftQueue, Overflow] | None = None  # why it does not wait, and where to instead
    # Of the wait in this queue, on entering it; -1: nobody could tell, or no wait was needed.
    foretold_ms: int = -1
    foretold_by_last_ms: int = -1
    foretold_by_head_ms: int = -1
    offer: Offer | None = None
    rivals: list[Offer] | None = None  # rung besides `offer`, in queues that ring several
    offers: int = 0
    agent: Agent | None = None  # who served it last
    last_offer: str = ""
    decisions: deque[Decision] | None = None
    came_of: dict[str, tuple[str, int]] | None = None  # offers that are over, in a word, and when
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
    wrapping: int = 0  # agents who still write about it, so it is not forgotten
    wrap_up_ms: int = 0
    form_seen: bool = False
    callback: Callback | None = None  # to agents it is a call like any other
    recording: Recording | None = None  # of the conversation that goes on
    callback_id: str = ""  # its caller hung up to be called back: the contact that takes the place

    @property
    def came_as(self) -> Channel:
        """What is announced as its channel."""
        return self.channel if self.callback is None else Channel.CALLBACK

    @property
    def to_dial(self) -> bool:
        """Somebody to be called who is not on the line."""
        return self.callback is not None and not self.call_id


@dataclass(slots=True, eq=False)
class Agent:
    settings: AgentSettings
    profile: Profile
    presence: Presence = Presence.OFFLINE
    reason: str = ""
    extension: str = ""  # for this session; empty: as configured
    work_mode: WorkMode = WorkMode.CONTINUOUS
    routing: Routing = Routing.IDLE  # the sum of all in hand
    since: int = 0
    until: int = 0
    aside: bool = False  # not responding: not rung until they, or a team lead, say otherwise
    hands: list[Offer] = field(default_factory=list)  # offered, connected or in wrap-up
    offer: Offer | None = None  # the phone: until its leg is gone
    own: Lane | None = None  # contacts that wait for this agent
    given: Lane | None = None  # those that a team lead gave them, which come before
    standing: dict[Pool, int] = field(default_factory=dict)  # where they wait for a contact, and their order
    idle_since: int = 0
    contact_ended_at: int = 0
    offered_at: int = 0
    contacts: int = 0  # since midnight
    occupancy: float = 0.0  # recent share of time on contacts, at `occupancy_at`
    occupancy_at: int = 0
    misses: int = 0
    rest_until: int = 0

    @property
    def id(self) -> str:
        return self.settings.agent_id

    @property
    def there(self) -> bool:
        """Staffs their queues, busy or not: ready, and not set aside for not answering."""
        return self.presence is Presence.READY and not self.aside

    @property
    def contact(self) -> Contact | None:
        """What came into their hands last."""
        return self.hands[-1].contact if self.hands else None

    def tier(self, queue: str) -> Tier:
        return self.settings.tiers.get(queue, FIRST)


FIRST = Tier()


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
    RELAX = 10
    PREFER = 11
    NO_AGENTS = 12
    DIAL = 13
    RECORDING = 20


Timer = tuple[int, int, Alarm, object]

NO_SWITCH = ""
"""Contacts without a call are counted under this node, which is always up."""


@dataclass(slots=True)
class Floor:
    new_id: Callable[[], str]
    policy: Policy
    queues: dict[str, Queue] = field(default_factory=dict)
    agents: dict[str, Agent] = field(default_factory=dict)
    profiles: dict[tuple[object, ...], Profile] = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)
    offers: dict[str, Offer] = field(default_factory=dict)  # until nobody works on them and the leg is gone
    nodes: dict[str, Node] = field(default_factory=lambda: {NO_SWITCH: Node(NO_SWITCH)})
    timers: list[Timer] = field(default_factory=list)
    recordings: dict[str, Recording] = field(default_factory=dict)  # by conversation, while the file is open
    past: deque[tuple[int, Contact]] = field(default_factory=deque)  # ended, to be forgotten
    callbacks: dict[str, Contact] = field(default_factory=dict)  # open ones
    called: dict[tuple[str, str], Contact] = field(default_factory=dict)  # the same by queue and number
    dialled: dict[Contact, None] = field(default_factory=dict)  # offered, the customer not on the line yet
    # Due, an agent is or was free, but as many are called as may be at once.
    held_back: Lane = field(
        default_factory=lambda: Lane(None, (Channel.UNSPECIFIED, (), NOBODY), Measure.POSITION)
    )
    # Customer, or number, to who served them last and when.
    last_agents: OrderedDict[str, tuple[str, int]] = field(default_factory=OrderedDict)
    # How many agents in each (presence * 8 + routing).
    counts: list[int] = field(default_factory=lambda: [0] * 32)
    open: int = 0
    number: int = 0
    now: int = 0

    def next_number(self) -> int:
        self.number += 1
        return self.number
