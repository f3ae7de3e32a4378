"""What can happen to a call, as the engine sees it. The shell makes these from ESL, timers and RPCs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.ivr.domain import Flow


@dataclass(frozen=True, slots=True)
class Position:
    """Where a call was when another controller had it."""

    node: str
    enqueued_at: datetime | None = None
    """When its wait began, if it waited: the wait goes on, it does not begin anew."""
    answered: bool = False
    """An agent has spoken with the caller already."""


@dataclass(frozen=True, slots=True)
class Started:
    """The call is ours. `position` is set when it was somebody's before."""

    position: Position | None = None
    answered: bool = False
    """The channel is answered already; answering again would be one command for nothing."""


@dataclass(frozen=True, slots=True)
class Digit:
    key: str


@dataclass(frozen=True, slots=True)
class PlaybackEnded:
    """`failed`: not heard to its end, such as a missing file on the switch. `cut`: it ended before its
    time and not by us: somebody else, the ACD as a rule, has begun to do something with the call."""

    playback: int
    failed: bool = False
    cut: bool = False


@dataclass(frozen=True, slots=True)
class TimerFired:
    timer: str


@dataclass(frozen=True, slots=True)
class Placed:
    """The ACD says where the caller stands; 1 is next."""

    position: int
    expected_wait_ms: int | None = None
    queue: str = ""
    """Where: another queue than asked for when that one had to overflow; "" when it is not said."""
    callback: bool | None = None
    """Whether callers can be called back; None when it is not said."""
    waiting_flow: str = ""
    """What is heard in this queue, of its settings: a flow's name."""
    heard: Flow | None = None
    """That flow, where there is such a one; None: the queue node's own treatment."""


@dataclass(frozen=True, slots=True)
class Overflow:
    """What a queue's settings want done with a caller whom it cannot keep. No action: the flow decides."""

    action: Literal["", "node", "voicemail", "outside", "callback"] = ""
    target: str = ""
    """`node`: its name; `outside`: the number."""


FLOW_DECIDES = Overflow()


@dataclass(frozen=True, slots=True)
class Refused:
    """The ACD did not take the caller: `full`, `closed`, `no_agents`, `nobody_qualified`, `unknown`, or
    `unavailable` (no answer: worth a retry)."""

    reason: str
    what: Overflow = FLOW_DECIDES


@dataclass(frozen=True, slots=True)
class QueueLost:
    """The stream of news broke: whether the ACD still knows the caller is unknown."""


@dataclass(frozen=True, slots=True)
class Expelled:
    """The ACD put the caller out of the queue: `max_wait`, `no_agents`, `nobody_qualified`, `closed`."""

    reason: str
    what: Overflow = FLOW_DECIDES
    queue: str = ""
    """Which it was; news of an earlier queue may come late."""


@dataclass(frozen=True, slots=True)
class AlreadyAnswered:
    """The ACD says that an agent has answered this contact."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The caller is out of the queue, or `late`: an agent had answered before."""

    late: bool = False


@dataclass(frozen=True, slots=True)
class CallbackTaken:
    """The caller will be called back; the place is kept, and the call may end."""


@dataclass(frozen=True, slots=True)
class CallbackRefused:
    """`number`: it may not be called. `unavailable`: no answer, worth a retry. `refused`: not possible."""

    reason: str


@dataclass(frozen=True, slots=True)
class Bridged:
    """Caller and agent hear each other: the call leaves our hands."""


@dataclass(frozen=True, slots=True)
class RecordingEnded:
    length_ms: int
    failed: bool = False


@dataclass(frozen=True, slots=True)
class HungUp:
    """The call is over. `recorded_ms` is what an unfinished recording holds."""

    cause: str = "NORMAL_CLEARING"
    recorded_ms: int = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """Something of ours broke: apologise and end, whatever the flow says."""


Event = (
    Started
    | Digit
    | PlaybackEnded
    | TimerFired
    | Placed
    | Refused
    | QueueLost
    | Expelled
    | AlreadyAnswered
    | Withdrawn
    | CallbackTaken
    | CallbackRefused
    | Bridged
    | RecordingEnded
    | HungUp
    | Failed
)
