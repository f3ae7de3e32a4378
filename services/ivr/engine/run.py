"""One call's walk through a flow.

Each node type is a script (`nodes`, `waiting`): a generator that is sent events, puts its commands into
the run and returns the name of the next node. What may happen at any time (hang-up, bridge, a defect) is
handled here, so that no script can forget it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from services.ivr.domain import LANGUAGES, Callback, Fact, Flow, HangUp, Menu, Node, Queue, Survey, Voicemail
from services.ivr.engine import commands as do
from services.ivr.engine import events as on

LONG_AGO = datetime.min.replace(tzinfo=UTC)
Script = Generator[None, on.Event, str]
"""Sent events; returns the next node, "" at the end of the flow."""

STEPS_LIMIT = 300
"""Nodes one call may enter. A caller who plays with a menu for an hour stays under it."""
TYPED_AHEAD = 8
"""Keys kept for questions not asked yet."""
RANK = ("abandoned", "self_service", "rejected", "voicemail", "callback", "answered")
"""What came of a contact: a later word stands before an earlier one."""
MARKED: tuple[type[Node], ...] = (Menu, Survey, Voicemail, Callback)
"""Entering these writes the position. What is merely played before the first of them is not worth a
command: after a failure the caller hears the greeting again. A queue writes more than its name itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """What is known when the call comes in. All of it may be made up by the caller."""

    number: str = ""
    called: str = ""
    customer_id: str = ""
    level: int = 0
    blocked: bool = False
    language: str = ""
    segment: str = ""
    department: str = ""
    """Responsible for the number's segment."""
    agent_id: str = ""
    """Who has spoken with the caller already, in this call."""


@dataclass(slots=True)
class Run:
    """The state of one call in one flow. `handle` is the only way in."""

    flow: Flow
    caller: Caller
    language: str = ""
    outcome: str = "abandoned"
    ended: bool = False
    """No event matters any more: the call is over, or an agent's."""
    released: bool = False
    facts: dict[str, Fact] = field(default_factory=dict)
    node: Node | None = None
    now: datetime = LONG_AGO
    playing: int = 0
    """The playback under way; 0: none."""
    recording: Voicemail | None = None
    typed: list[str] = field(default_factory=list)
    led: set[str] = field(default_factory=set)
    """Nodes the ACD has led the caller to."""
    position: on.Position | None = None
    waited_since: datetime | None = None
    """Since when a caller has waited who thinks about being called back: the place is not lost by asking."""
    waited_in: str = ""
    """The queue of that wait."""
    priority: int = 0
    """With which the caller waited last."""
    _commands: list[do.Command] = field(default_factory=list)
    _timers: set[str] = field(default_factory=set)
    _script: Script | None = None
    _playbacks: int = 0
    _steps: int = 0
    _marked: str = ""

    def __post_init__(self) -> None:
        known = self.caller.language
        self.language = known if known in LANGUAGES else self.flow.language
        self.facts = {
            "caller.number": self.caller.number,
            "caller.known": bool(self.caller.customer_id),
            "caller.level": self.caller.level,
            "caller.blocked": self.caller.blocked,
            "caller.segment": self.caller.segment,
            "caller.department": self.caller.department,
            "caller.agent": self.caller.agent_id,
            "caller.language": self.language,
            "called.number": self.caller.called,
        }

    def handle(self, event: on.Event, now: datetime) -> list[do.Command]:
        """What is to be done because of `event`. `now` is aware. Late and unknown events do nothing."""
        self.now = now
        self._commands = []
        if self.ended:
            return []
        match event:
            case on.HungUp():
                self._hung_up(event)
            case on.Bridged():
                self._bridged()
            case on.Started():
                self._started(event)
            case on.Failed():
                self.go(self._apologise())
            case on.PlaybackEnded() if event.playback != self.playing:
                pass  # of a prompt that was stopped
            case on.TimerFired() if event.timer not in self._timers:
                pass
            case _:
                self._forget(event)
                self._feed(event)
        return self._commands

    # ---- for scripts ----

    def do(self, command: do.Command) -> None:
        self._commands.append(command)

    def play(self, prompts: Iterable[str]) -> int:
        """Plays instead of what plays now; returns the playback's number."""
        self.stop()
        self._playbacks += 1
        self.playing = self._playbacks
        self.do(do.Play(self.playing, tuple(prompts), self.language))
        return self.playing

    def stop(self) -> None:
        if self.playing:
            self.playing = 0
            self.do(do.Stop())

    def start_timer(self, timer: str, seconds: float) -> None:
        self._timers.add(timer)
        self.do(do.StartTimer(timer, max(0.0, seconds)))

    def stop_timer(self, timer: str) -> None:
        if timer in self._timers:
            self._timers.remove(timer)
            self.do(do.StopTimer(timer))

    def runs(self, timer: str) -> bool:
        return timer in self._timers

    def came_to(self, outcome: str) -> None:
        """Notes what came of the contact, unless something better is noted."""
        self.outcome = max(self.outcome, outcome, key=RANK.index)

    def type_ahead(self, key: str) -> None:
        if len(self.typed) < TYPED_AHEAD:
            self.typed.append(key)

    def mark(self, node: str, **more: str) -> None:
        """Writes the position where the next controller finds it."""
        if node != self._marked or more:
            self._marked = node
            self.do(do.SetVariables({"sy_flow": self.flow.key, "sy_flow_node": node, **more}))

    # ---- what may happen at any time ----

    def _started(self, event: on.Started) -> None:
        self.position = event.position
        self.do(do.Announce(do.CallStarted(re_entered=event.position is not None)))
        if not event.answered:
            self.do(do.Answer())
        if event.position is None:
            self.go(self.flow.start)
            return
        self._marked = event.position.node
        if event.position.answered:
            self.came_to("answered")
        if event.position.node in self.flow.nodes:
            self.go(event.position.node)
        else:  # a version we do not have: who was served is thanked, who was not begins anew
            self.go(self._farewell() if event.position.answered else self.flow.start)
        self.position = None  # only the node of the re-entry goes on with an old wait

    def _hung_up(self, event: on.HungUp) -> None:
        if self.recording and event.recorded_ms >= self.recording.min_s * 1000:
            self.recorded(self.recording, event.recorded_ms)
        self._end()
        self.do(do.Close(self.outcome, event.cause))

    def recorded(self, node: Voicemail, length_ms: int) -> None:
        self.came_to("voicemail")
        self.do(do.Announce(do.VoicemailLeft(node.name, length_ms)))

    def _bridged(self) -> None:
        after = self.node.next if isinstance(self.node, Queue) else (self.node.name if self.node else "")
        self.stop()  # what we began to play while the bridge was made would be heard over the agent
        self.mark(after, sy_answered="1", sy_enqueued_at="")
        self._end()
        self.released = True
        self.do(do.Release())

    def _end(self) -> None:
        self.ended = True
        if self._script is not None:
            self._script.close()
        for timer in sorted(self._timers):
            self.stop_timer(timer)

    # ---- walking ----

    def _forget(self, event: on.Event) -> None:
        if isinstance(event, on.PlaybackEnded):
            self.playing = 0
        elif isinstance(event, on.TimerFired):
            self._timers.discard(event.timer)

    def _feed(self, event: on.Event) -> None:
        if self._script is None:
            return
        try:
            self._script.send(event)
        except StopIteration as stop:
            self.go(stop.value)

    def go(self, to: str | Script) -> None:
        """Enters a node (or a script of our own) and those behind it, up to the first that waits."""
        while to:
            script = to if isinstance(to, Generator) else self._enter(to)
            for timer in sorted(self._timers):
                self.stop_timer(timer)
            self._script = script
            try:
                next(script)
            except StopIteration as stop:
                to = stop.value
            else:
                return

    def _enter(self, name: str) -> Script:
        self._steps += 1
        node = self.flow.nodes.get(name)
        if node is None or self._steps > STEPS_LIMIT:
            return self._apologise()
        self.node = node
        if isinstance(node, MARKED) or (self._marked and isinstance(node, HangUp)):
            self.mark(name)
        return SCRIPTS[type(node)](self, node)

    def _apologise(self) -> Script:
        self.came_to("rejected")
        return self._last_words(do.SORRY, "NORMAL_TEMPORARY_FAILURE")

    def _farewell(self) -> Script:
        return self._last_words("goodbye", "NORMAL_CLEARING")

    def _last_words(self, prompt: str, cause: str) -> Script:
        playback = self.play((prompt,))
        while self.playing == playback:
            yield
        self.do(do.HangUp(cause))
        while True:
            yield


SCRIPTS: dict[type[Node], Callable[[Run, Any], Script]] = {}
"""Filled by `nodes` and `waiting`: how each type of node is walked."""


def script(kind: type[Node]) -> Callable[[Callable[[Run, Any], Script]], Callable[[Run, Any], Script]]:
    """Registers the script of a node type."""

    def register(function: Callable[[Run, Any], Script]) -> Callable[[Run, Any], Script]:
        SCRIPTS[kind] = function
        return function

    return register
