"""The nouns of the ACD as tables: what an agent and a contact can be, and what may follow what.

Numbers equal those of `proto/acd/v1` and `proto/common/v1` (a test holds them to it), so that edges cast
instead of mapping. Nothing here knows a clock, a wire or a database.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Channel(IntEnum):
    """How a contact reached us."""

    UNSPECIFIED = 0
    VOICE = 1
    CHAT = 2
    EMAIL = 3
    SOCIAL = 4
    SMS = 5
    FAX = 6
    CALLBACK = 7
    WORK_ITEM = 8


class Outcome(IntEnum):
    """How a contact came out; every contact gets exactly one."""

    UNSPECIFIED = 0
    ANSWERED = 1
    ABANDONED = 2
    REJECTED = 3
    VOICEMAIL = 4
    SELF_SERVICE = 5
    DROPPED = 6
    CALLBACK = 7
    UNREACHED = 8
    CANCELLED = 9


class Presence(IntEnum):
    """What the person says."""

    UNSPECIFIED = 0
    OFFLINE = 1
    READY = 2
    OTHER_WORK = 3


class Routing(IntEnum):
    """What routing does with the agent at the moment."""

    UNSPECIFIED = 0
    IDLE = 1
    OFFERED = 2
    CONNECTED = 3
    WRAP_UP = 4
    NOT_RESPONDING = 5


class OfferFailure(IntEnum):
    """Why an offer did not become a conversation."""

    UNSPECIFIED = 0
    RING_TIMEOUT = 1
    REJECTED = 2
    BUSY = 3
    UNREACHABLE = 4
    CALLER_GONE = 5
    SWITCH_ERROR = 6
    ANSWERED_ELSEWHERE = 7
    CUSTOMER_UNREACHED = 8


class Party(IntEnum):
    """Who ended a conversation."""

    UNSPECIFIED = 0
    CALLER = 1
    AGENT = 2
    SYSTEM = 3


class Strategy(IntEnum):
    """How the next agent is chosen among those who qualify; lower tiers before all."""

    UNSPECIFIED = 0
    LONGEST_IDLE = 1
    LEAST_OCCUPIED = 2
    FEWEST_CONTACTS = 3
    ROUND_ROBIN = 4
    TOP_DOWN = 5
    BEST_SKILL = 6
    RING_SEVERAL = 7


class WorkMode(IntEnum):
    """What follows a contact: ready again, or other work until the agent says otherwise."""

    UNSPECIFIED = 0
    CONTINUOUS = 1
    INTERMITTENT = 2


class OverflowAction(IntEnum):
    """Where a contact goes that a queue cannot keep."""

    FLOW = 0  # the flow decides
    QUEUE = 1
    OUTSIDE = 2
    VOICEMAIL = 3
    CALLBACK = 4
    NODE = 5


class CallbackMode(IntEnum):
    """Who is called first when somebody is called back."""

    UNSPECIFIED = 0  # as the queue says
    AGENT_FIRST = 1
    CUSTOMER_FIRST = 2


class AttemptResult(StrEnum):
    """Why an attempt to call somebody back did not become a conversation."""

    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"  # the number, the trunk or a switch
    HUNG_UP = "hung_up"  # picked up, and did not wait for the agent
    AGENT_GONE = "agent_gone"  # hung up while the customer was called
    NOBODY_FREE = "nobody_free"  # picked up, and no agent came within the queue's longest wait


class RecordingRule(IntEnum):
    """Which conversations of a queue are recorded."""

    UNSPECIFIED = 0  # as the ACD is configured
    NEVER = 1
    FROM_ANSWER = 2


class RecordingState(StrEnum):
    """How it is with the recording of a conversation. The words are those of `Contact.recording`."""

    STARTING = "starting"  # asked for; the switch has not said that it runs
    RUNNING = "recording"
    PAUSED = "paused"
    FAILED = "failed"


class RecordingFailure(StrEnum):
    """Why a conversation is not recorded that should be."""

    REFUSED = "refused"
    UNCONFIRMED = "unconfirmed"
    BROKE_OFF = "broke_off"


class ContactState(StrEnum):
    """Where a contact is. The words are those of `Contact.state` in the proto."""

    OPEN = "open"  # in a flow's hands
    QUEUED = "queued"
    OFFERED = "offered"  # an agent's phone rings for it, or has just been picked up
    CONNECTED = "connected"
    RELEASED = "released"  # was connected; the caller may still be in a flow
    ENDED = "ended"


class ContactMove(StrEnum):
    """What may happen to a contact."""

    ENQUEUE = "enqueue"
    OFFER = "offer"
    REFUSE = "refuse"  # the offer failed, for whatever reason: back to its place
    ANSWER = "answer"
    LEAVE = "leave"  # taken out of the queue, or told to leave it
    RELEASE = "release"
    ADOPT = "adopt"  # found in conversation on a switch after a restart
    END = "end"


class RoutingMove(StrEnum):
    """What may happen to the work that one contact is for an agent."""

    OFFER = "offer"
    REFUSE = "refuse"  # not taken, or taken back
    CONNECT = "connect"
    RELEASE = "release"  # into wrap-up
    FREE = "free"  # straight back, where a queue has no wrap-up
    FINISH = "finish"
    ADOPT = "adopt"  # found in conversation on a switch after a restart


CONTACT: dict[ContactState, dict[ContactMove, ContactState]] = {
    ContactState.OPEN: {
        ContactMove.ENQUEUE: ContactState.QUEUED,
        ContactMove.ADOPT: ContactState.CONNECTED,
        ContactMove.END: ContactState.ENDED,
    },
    ContactState.QUEUED: {
        ContactMove.OFFER: ContactState.OFFERED,
        ContactMove.LEAVE: ContactState.OPEN,
        ContactMove.ADOPT: ContactState.CONNECTED,
    },
    ContactState.OFFERED: {
        ContactMove.REFUSE: ContactState.QUEUED,
        ContactMove.ANSWER: ContactState.CONNECTED,
    },
    ContactState.CONNECTED: {
        ContactMove.RELEASE: ContactState.RELEASED,
    },
    ContactState.RELEASED: {
        ContactMove.ENQUEUE: ContactState.QUEUED,
        ContactMove.ADOPT: ContactState.CONNECTED,
        ContactMove.END: ContactState.ENDED,
    },
    ContactState.ENDED: {},
}

# Of one contact in an agent's hands. What the agent as a whole is follows from all of them (`hands.summary`).
ROUTING: dict[Routing, dict[RoutingMove, Routing]] = {
    Routing.IDLE: {
        RoutingMove.OFFER: Routing.OFFERED,
        RoutingMove.ADOPT: Routing.CONNECTED,
    },
    Routing.OFFERED: {
        RoutingMove.REFUSE: Routing.IDLE,
        RoutingMove.CONNECT: Routing.CONNECTED,
    },
    Routing.CONNECTED: {
        RoutingMove.RELEASE: Routing.WRAP_UP,
        RoutingMove.FREE: Routing.IDLE,
    },
    Routing.WRAP_UP: {
        RoutingMove.FINISH: Routing.IDLE,
    },
}

# The switch's word for why an agent's leg ended before it was answered. What is not listed counts as
# UNREACHABLE: a miss, so that an agent whose phone fails in a new way is set aside rather than rung for ever.
FAILURES: dict[str, OfferFailure] = {
    "USER_BUSY": OfferFailure.BUSY,
    "CALL_REJECTED": OfferFailure.REJECTED,
    "NORMAL_CLEARING": OfferFailure.REJECTED,
    "NO_ANSWER": OfferFailure.RING_TIMEOUT,
    "NO_USER_RESPONSE": OfferFailure.RING_TIMEOUT,
    "ALLOTTED_TIMEOUT": OfferFailure.RING_TIMEOUT,
    "ORIGINATOR_CANCEL": OfferFailure.RING_TIMEOUT,
    "DESTINATION_OUT_OF_ORDER": OfferFailure.SWITCH_ERROR,  # the leg's uuid was in use: not the agent's fault
    "SWITCH_CONGESTION": OfferFailure.SWITCH_ERROR,
    "SYSTEM_SHUTDOWN": OfferFailure.SWITCH_ERROR,
    "MANAGER_REQUEST": OfferFailure.SWITCH_ERROR,
    "LEG_LOST": OfferFailure.SWITCH_ERROR,  # our own word: found missing when engine and switch were compared
}

# Failures that say something about the agent, and so count towards being set aside.
MISSES = frozenset(
    {OfferFailure.RING_TIMEOUT, OfferFailure.REJECTED, OfferFailure.BUSY, OfferFailure.UNREACHABLE}
)


class LeftQueue(StrEnum):
    """Why a contact left its queue, or was not let in, without an answer."""

    CALLER_HUNG_UP = "caller_hung_up"
    WITHDRAWN = "withdrawn"
    MAX_WAIT = "max_wait"
    FULL = "full"
    NO_AGENTS = "no_agents"
    NOBODY_QUALIFIED = "nobody_qualified"
    CLOSED = "closed"
    SWITCH_LOST = "switch_lost"
    CALLBACK = "callback"  # the caller will be called back, and keeps the place
    UNREACHED = "unreached"  # a callback whose attempts or time are used up
    CANCELLED = "cancelled"  # a callback that is not wanted any more


# Of a contact that stops waiting by its own choice or for want of a caller: nobody tells a flow to go on.
OWN_WILL = frozenset(
    {
        LeftQueue.CALLER_HUNG_UP,
        LeftQueue.WITHDRAWN,
        LeftQueue.SWITCH_LOST,
        LeftQueue.CALLBACK,
        LeftQueue.UNREACHED,
        LeftQueue.CANCELLED,
    }
)

# The switch's word for why somebody outside did not answer; what is not listed is FAILED.
RESULTS: dict[str, AttemptResult] = {
    "USER_BUSY": AttemptResult.BUSY,
    "CALL_REJECTED": AttemptResult.BUSY,
    "NO_ANSWER": AttemptResult.NO_ANSWER,
    "NO_USER_RESPONSE": AttemptResult.NO_ANSWER,
    "ALLOTTED_TIMEOUT": AttemptResult.NO_ANSWER,
    "ORIGINATOR_CANCEL": AttemptResult.NO_ANSWER,
    "RECOVERY_ON_TIMER_EXPIRE": AttemptResult.NO_ANSWER,
}


def failure_of(cause: str) -> OfferFailure:
    """What a switch's hang-up cause on an unanswered agent leg means."""
    return FAILURES.get(cause, OfferFailure.UNREACHABLE)


def result_of(cause: str) -> AttemptResult:
    """What a switch's hang-up cause on an unanswered customer's leg means."""
    return RESULTS.get(cause, AttemptResult.FAILED)
