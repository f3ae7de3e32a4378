"""What the engine wants done. Data only, so that a test reads as a transcript."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

MUSIC = "music:hold"
TONE = "tone:wait"
"""Heard where the music cannot be: it needs no file."""
BEEP = "tone:beep"
NOTICE = "tone:notice"
"""Heard where a prompt cannot be, so that the caller knows the line is alive."""
SORRY = "sorry"


@dataclass(frozen=True, slots=True)
class Answer:
    pass


@dataclass(frozen=True, slots=True)
class Play:
    """Plays prompts one after the other; ended by PlaybackEnded with this `playback`."""

    playback: int
    prompts: tuple[str, ...]
    language: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Ends what plays, and what is to play; its PlaybackEnded is then of no interest."""


@dataclass(frozen=True, slots=True)
class StartTimer:
    """`TimerFired(timer)` after `seconds`, unless stopped or started again before."""

    timer: str
    seconds: float


@dataclass(frozen=True, slots=True)
class StopTimer:
    timer: str


@dataclass(frozen=True, slots=True)
class SetVariables:
    """Channel variables, "" unsets. They outlive this process; another one reads them."""

    variables: dict[str, str]


@dataclass(frozen=True, slots=True)
class Relaxation:
    """What is required of an agent after so long; nothing: whoever serves the queue."""

    after_s: int
    skills: dict[str, int]


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Asks the ACD; answered by Placed, Refused or AlreadyAnswered. The same again is no harm."""

    queue: str
    priority: int
    enqueued_at: datetime
    data: dict[str, str] = field(default_factory=dict)
    skills: dict[str, int] = field(default_factory=dict)
    """What an agent must be able to do, and how well."""
    relax: tuple[Relaxation, ...] = ()
    prefer: str = ""
    """The agent who is asked first."""
    prefer_s: int = 0
    """For so long; 0: as the queue says."""
    exclude: tuple[str, ...] = ()
    """Agents who are not asked."""


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Answered by Withdrawn."""

    reason: str


@dataclass(frozen=True, slots=True)
class RequestCallback:
    """Asks the ACD to call the caller back; answered by CallbackTaken or CallbackRefused."""

    queue: str
    number: str
    waited_since: datetime | None
    """When the wait began, if there was one: the place is kept."""
    priority: int = 0
    data: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """Records the caller; answered by RecordingEnded."""

    max_s: int
    silence_s: int


@dataclass(frozen=True, slots=True)
class HangUp:
    cause: str


@dataclass(frozen=True, slots=True)
class Release:
    """Lets go of the call without hanging it up: it talks with an agent now."""


@dataclass(frozen=True, slots=True)
class Close:
    """The flow's last word: what came of the contact."""

    outcome: str
    cause: str


@dataclass(frozen=True, slots=True)
class CallStarted:
    re_entered: bool


@dataclass(frozen=True, slots=True)
class MenuChosen:
    node: str
    digits: str


@dataclass(frozen=True, slots=True)
class SurveyAnswered:
    node: str
    score: int
    highest: int


@dataclass(frozen=True, slots=True)
class VoicemailLeft:
    node: str
    length_ms: int


Announcement = CallStarted | MenuChosen | SurveyAnswered | VoicemailLeft


@dataclass(frozen=True, slots=True)
class Announce:
    """A fact for everybody."""

    what: Announcement


Command = (
    Answer
    | Play
    | Stop
    | StartTimer
    | StopTimer
    | SetVariables
    | Enqueue
    | Withdraw
    | RequestCallback
    | Record
    | HangUp
    | Release
    | Close
    | Announce
)
