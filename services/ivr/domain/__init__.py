"""The nouns: a flow is data, a graph of typed nodes with a version.

Nothing here knows YAML, telephony or time zones of the machine; `flows/` reads these from a file and
`engine/` walks them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from services.chassis.hours import ALWAYS, Calendar

__all__ = [
    "ALWAYS",
    "CALLBACK_PROMPTS",
    "LANGUAGES",
    "NAME",
    "WAIT_PROMPTS",
    "WAYS_OUT",
    "WAYS_OUT_MORE",
    "Calendar",
    "Callback",
    "CallbackOffer",
    "Case",
    "Condition",
    "Fact",
    "Flow",
    "HangUp",
    "Menu",
    "Node",
    "OutcomeName",
    "Play",
    "Problem",
    "Queue",
    "Requirement",
    "Say",
    "SetFacts",
    "Survey",
    "Test",
    "Treatment",
    "Voicemail",
]

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
"""Flow, node, queue and prompt names: they end up in channel variables and file names."""

LANGUAGES = ("zh", "en")
"""Languages with recorded numbers. The first is what an unknown caller gets unless the flow says other."""

WAIT_PROMPTS = ("wait_under_a_minute", "wait_before", "wait_after", "wait_over_thirty")
"""What the expected wait is said with, beside numbers."""

OutcomeName = Literal["rejected", "self_service", "voicemail", "abandoned"]
Fact = str | int | bool


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a flow file: which node (empty: the flow itself), which line (from 1), why."""

    node: str
    line: int
    problem: str

    def __str__(self) -> str:
        where = f"line {self.line}"
        return f"{where}, node {self.node!r}: {self.problem}" if self.node else f"{where}: {self.problem}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One step. Subclasses say what the caller hears and where the flow goes on."""

    name: str
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Play(Node):
    """Prompts, one after the other."""

    prompts: tuple[str, ...]
    next: str
    interruptible: bool = True
    """A key ends it and is kept for the next menu: who knows the way should not have to listen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Say(Node):
    """A fact read out from recorded pieces: as a number ("forty-two") or digit by digit."""

    fact: str
    kind: Literal["number", "digits"]
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu(Node):
    """A question answered by one key."""

    prompts: tuple[str, ...]
    invalid: tuple[str, ...]
    keys: dict[str, str]
    otherwise: str
    """Where a caller goes who never pressed a key that counts."""
    attempts: int = 3
    timeout_s: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """A fact compared with a value, or a calendar asked whether it is open."""

    fact: str = ""
    compare: Literal["one_of", "at_least"] = "one_of"
    values: tuple[Fact, ...] = ()
    calendar: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    test: Test
    next: str
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition(Node):
    """The first case that holds decides."""

    cases: tuple[Case, ...]
    otherwise: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackOffer:
    """A key that leads to a `callback` node, while the ACD can call people back."""

    key: str
    next: str
    over_s: float = 60.0
    """Said after the place when the expected wait is that long, or nobody knows it."""
    prompts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """What is heard while waiting."""

    first: tuple[str, ...] = ()
    """Once, before the music."""
    position_every_s: float = 0.0
    """How often the place is announced; 0: never."""
    expected_wait: bool = False
    """Whether the expected wait is said after the place, when the ACD knows it."""
    remind: tuple[str, ...] = ()
    """Said after the place: which keys do something."""
    keys: dict[str, str] = field(default_factory=dict)
    """Keys that leave the queue, at any time."""
    callback: CallbackOffer | None = None


WAYS_OUT = ("max_wait", "full", "unavailable")
"""Every queue node says where these lead. `unavailable`: an unknown queue, or an ACD away for long."""
WAYS_OUT_MORE = ("closed", "no_agents", "nobody_qualified", "voicemail", "outside", "callback")
"""Reasons, which lead where `unavailable` does unless the node says other; then actions of an overflow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What an agent must be able to do for the caller, from `after_s` seconds of waiting on."""

    after_s: int = 0
    skills: dict[str, int] = field(default_factory=dict)
    """At least this level, 1 to 10, of each."""
    language: bool = False
    """Also speaks the caller's language: the skill `lang_zh` or `lang_en`, level 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue(Node):
    """Waits for an agent. `next` is where the flow goes on after the conversation."""

    queue: str
    next: str
    priority: str | int = "caller.level"
    """A number from 0 to 10, or the fact that holds it."""
    requires: tuple[Requirement, ...] = ()
    """The first holds at once, each of the others instead of the one before. None: who serves the queue."""
    prefer: str = ""
    """The fact that names an agent to be asked first, or `last`: whoever spoke with the caller last."""
    prefer_s: int = 0
    """For so long; 0: as the queue says."""
    exclude: tuple[str, ...] = ()
    """Facts that name agents who are not asked."""
    treatment: Treatment = Treatment()
    max_wait_s: float = 600.0
    on: dict[str, str]
    """Where a caller goes who is not served: each name of `WAYS_OUT`, some of `WAYS_OUT_MORE` → node."""

    def way_out(self, reason: str, action: str = "") -> str:
        """Where the action of an overflow leads if this node knows the way, else where the reason does."""
        return self.on.get(action) or self.on.get(reason) or self.on["unavailable"]


CALLBACK_PROMPTS = (
    "callback_number",
    "callback_confirm",
    "callback_key_number",
    "callback_bad_number",
    "callback_not_possible",
)
"""What a number is asked for and confirmed with, beside digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback(Node):
    """Offers to call back, at the caller's number or one keyed in. `next` when it was taken; `otherwise` when
    the caller thinks better of it, or it is not possible."""

    next: str
    otherwise: str
    prompts: tuple[str, ...] = ()
    queue: str = ""
    """That calls; empty: the one the caller waited in."""
    attempts: int = 3
    timeout_s: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey(Node):
    """One question, answered by a digit from 1 to `highest`."""

    prompts: tuple[str, ...]
    invalid: tuple[str, ...]
    next: str
    highest: int = 5
    attempts: int = 2
    timeout_s: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Voicemail(Node):
    """Records a message. `#`, silence or `max_s` end it."""

    prompts: tuple[str, ...]
    next: str
    max_s: int = 120
    silence_s: int = 5
    min_s: float = 1.0
    """Shorter than this is a caller who thought better of it, not a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFacts(Node):
    """Sets facts of the flow's own (`my.…`) and the language spoken from now on."""

    facts: dict[str, Fact]
    next: str
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp(Node):
    """The end. `outcome` is what the flow says came of the contact."""

    prompts: tuple[str, ...] = ()
    cause: str = "NORMAL_CLEARING"
    outcome: OutcomeName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A published flow never changes; a change is the next version."""

    name: str
    version: int
    title: str
    numbers: tuple[str, ...]
    """Called numbers it answers; empty: all that no other flow answers (one for waiting callers: none)."""
    language: str
    start: str
    nodes: dict[str, Node]
    calendars: dict[str, Calendar] = field(default_factory=dict)
    waiting_every_s: int = 0
    """It is heard by who waits in a queue that names it, from the top each time after so much music. 0: it
    answers calls."""

    @property
    def key(self) -> str:
        """`name@version`, as it stands in the channel variable `sy_flow`."""
        return f"{self.name}@{self.version}"
