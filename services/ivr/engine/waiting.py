"""Waiting in a queue: music, place and expected wait, keys that leave, and an ACD that may go away meanwhile.

The caller is never let out of the music before it is certain where to: a key that leaves the queue takes
effect when the ACD has let go, because an agent may have answered in that very moment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.ivr.domain import Callback, CallbackOffer, Flow, Queue
from services.ivr.engine import commands as do
from services.ivr.engine import events as on
from services.ivr.engine import speech
from services.ivr.engine.foretold import Foretold, wait_said
from services.ivr.engine.rounds import Rounds
from services.ivr.engine.run import LONG_AGO, Run, Script, script
from services.ivr.engine.wishes import wish

PATIENCE_S = 30.0
"""So long may the ACD be away before a waiting caller gets an apology. It restarts within a few seconds."""
RETRY_FIRST_S = 0.5
RETRY_MOST_S = 5.0
WITHDRAW_S = 3.0
"""How long the ACD's word on a withdrawal is waited for; then the caller goes on anyway."""
BRIDGE_S = 10.0
"""From the ACD's "answered" to the bridge; then we ask again."""
BRIDGE_ASKED = 3
SHORTEST_MUSIC = timedelta(seconds=1)
"""Music that ended sooner was none; playing it again at once would spin."""
CUT_S = 1.0
"""Music that was cut off begins again after so long, if no bridge was the reason."""
SILENCE_S = 2.0
"""Where neither music nor tone can be played, they are tried again so often."""


@script(Queue)
def queue(run: Run, node: Queue) -> Script:
    run.typed.clear()  # a key for the menu must not leave the queue
    waiting = Waiting(run, node)
    to = waiting.begin()
    while not to:
        to = waiting.hears((yield))
    if isinstance(run.flow.nodes.get(to), Callback):
        run.waited_since, run.waited_in = waiting.since, waiting.queue
        run.mark(to, sy_enqueued_at=waiting.since.isoformat())
    else:
        run.mark(to, sy_enqueued_at="")
    return to


@dataclass(slots=True)
class Waiting:
    """The state of one caller's wait. `hears` gives the node to go to, "" while the wait goes on."""

    run: Run
    node: Queue
    since: datetime = LONG_AGO
    place: int = 0
    expected_ms: int | None = None
    """None: the ACD does not know, or has not been heard of for a while."""
    told: Foretold = field(default_factory=Foretold)
    sound: str = do.MUSIC
    sounding: datetime = LONG_AGO
    music: bool = False
    retry_s: float = RETRY_FIRST_S
    leaving: str = ""
    """Where to, once the ACD has let go."""
    asked: int = 0
    cuts: int = 0
    resumed: bool = False
    queue: str = ""
    """Where the caller stands; the ACD may have taken another queue than the node's."""
    before: str = ""
    """Where the caller stood last, at another node."""
    calls_back: bool = False
    """Whether the ACD can call people back."""
    rounds: Rounds | None = None
    """The flow of the queue where the caller stands, if it has one."""
    place_due: bool = False
    """The place is said when what the flow says now has been heard."""

    def begin(self) -> str:
        self.queue = self.node.queue
        self.before = str(self.run.facts.get("queue.name", ""))
        self.expect(None)  # what another queue had foretold
        resumed = self.run.position
        if resumed and resumed.enqueued_at:
            self.since, self.resumed = resumed.enqueued_at, True
        else:
            self.since = self.run.waited_since or self.run.now
        self.run.waited_since = None
        left = self.since + timedelta(seconds=self.node.max_wait_s) - self.run.now
        self.run.mark(self.node.name, sy_enqueued_at=self.since.isoformat(), sy_queue=self.node.queue)
        self.run.start_timer("max_wait", left.total_seconds())
        if self.node.treatment.position_every_s:
            self.run.start_timer("place", self.node.treatment.position_every_s)
        self.enqueue()
        if self.node.treatment.first and not self.resumed:
            self.run.play(self.node.treatment.first)
        else:
            self.play_music()
        return ""

    def hears(self, event: on.Event) -> str:
        match event:
            case on.PlaybackEnded():
                self.played(event)
            case on.TimerFired():
                return self.fired(event.timer)
            case on.Digit() if event.key in self.node.treatment.keys and not self.leaving:
                self.withdraw("key", self.node.treatment.keys[event.key])
            case on.Digit() if self.callback and event.key == self.callback.key and not self.leaving:
                self.withdraw("callback", self.callback.next)
            case on.Placed():
                self.placed(event)
            case on.Refused(reason="unavailable") | on.QueueLost():
                self.lost(retry=isinstance(event, on.Refused))
            case on.Expelled() if event.queue and event.queue == self.before != self.node.queue:
                pass  # late news of the queue that the caller was in before this one
            case on.Refused() | on.Expelled():
                return self.leaving or self.sent_away(event.reason, event.what)
            case on.AlreadyAnswered():
                return self.answered()
            case on.Withdrawn():
                return self.withdrawn(late=event.late)
        return ""

    # ---- what is heard ----

    def go_on(self) -> None:
        """What the queue's flow says next, else music: for so long until the next round."""
        if self.rounds is not None and not self.run.runs("round"):
            if said := self.rounds.next(self.run):
                self.music = False
                self.run.play(said)
                return
            self.run.start_timer("round", self.rounds.flow.waiting_every_s)
        self.play_music()

    def turn_to(self, flow: Flow | None) -> None:
        """The queue has a flow of its own, another one than before, or none any more. What is said at the
        moment is heard to its end."""
        if flow is (self.rounds.flow if self.rounds is not None else None):
            return
        self.rounds = Rounds(flow) if flow is not None else None
        self.run.stop_timer("round")
        if self.music and self.run.playing and not self.leaving:
            self.go_on()

    def play_music(self) -> None:
        self.music = True
        self.sounding = self.run.now
        self.run.play((self.sound,))

    def played(self, event: on.PlaybackEnded) -> None:
        """Music again. Music that cannot be played gives way to a tone, and that to another try.

        A bridge ends the music up to 60 ms before it is announced. Music begun again in that moment would
        play over the agent's voice, so music that was cut waits for what comes.
        """
        if event.cut:
            self.cuts += 1
            if self.cuts > 1:  # nobody's bridge: a recording that the switch cannot play
                self.sound = do.TONE
            self.run.start_timer("silence", CUT_S)
            return
        self.cuts = 0
        short = self.run.now - self.sounding < SHORTEST_MUSIC
        if self.music and (event.failed or short):
            if self.sound == do.TONE:
                self.run.start_timer("silence", SILENCE_S)
                self.sound = do.MUSIC
                return
            self.sound = do.TONE
        if self.place_due:
            self.announce()
            if not self.music and self.run.playing:
                return
        self.go_on()

    def announce(self) -> None:
        treatment, self.place_due = self.node.treatment, False
        self.run.start_timer("place", treatment.position_every_s)
        if self.leaving:
            return
        place = place_said(self.run.language, self.place)
        if said := (*place, *self.wait(), *treatment.remind, *self.offer()):
            self.music = False
            self.run.play(said)

    def wait(self) -> tuple[str, ...]:
        """The expected wait, if it is to be said now. It counts as said."""
        if not self.node.treatment.expected_wait:
            return ()
        return wait_said(self.run.language, self.told.next(self.expected_ms, self.run.now))

    @property
    def callback(self) -> CallbackOffer | None:
        """How to be called back, while that is possible."""
        return self.node.treatment.callback if self.calls_back else None

    def offer(self) -> tuple[str, ...]:
        """To be called back is offered to who would wait for long."""
        if self.callback is None:
            return ()
        short = self.expected_ms is not None and self.expected_ms < self.callback.over_s * 1000
        return () if short else self.callback.prompts

    # ---- the ACD ----

    def enqueue(self) -> None:
        self.run.do(wish(self.run, self.node, self.since))

    def placed(self, event: on.Placed) -> None:
        self.place = event.position
        self.run.facts["queue.position"] = event.position
        self.expect(event.expected_wait_ms)
        if event.queue not in {"", self.queue}:
            self.queue = event.queue
            self.run.do(do.SetVariables({"sy_queue": event.queue}))
        self.run.facts["queue.name"] = self.queue
        self.turn_to(event.heard)
        if event.callback is not None:
            self.calls_back = event.callback
        self.retry_s = RETRY_FIRST_S
        for timer in ("patience", "retry", "bridge"):
            self.run.stop_timer(timer)

    def expect(self, wait_ms: int | None) -> None:
        """A wait that nobody knows is no fact, not a fact of 0: 0 is somebody free this very moment."""
        self.expected_ms = wait_ms
        if wait_ms is None:
            self.run.facts.pop("queue.expected_wait_s", None)
        else:
            self.run.facts["queue.expected_wait_s"] = -(-wait_ms // 1000)

    def sent_away(self, reason: str, what: on.Overflow) -> str:
        """Where a caller goes whom the queue cannot keep. A node that the queue's settings name is no edge of
        the flow, whose circles were looked for; it is gone to once, or queue and node could pass the caller
        to each other without end."""
        self.run.facts["queue.overflow_target"] = what.target
        if what.action == "node" and what.target in self.run.flow.nodes and what.target not in self.run.led:
            self.run.led.add(what.target)
            return what.target
        return self.node.way_out(reason, what.action)

    def lost(self, *, retry: bool) -> None:
        """Asked again by ourselves only after a refusal; a broken stream's owner asks for all it holds."""
        self.expect(None)
        if not self.run.runs("patience"):
            self.run.start_timer("patience", PATIENCE_S)
        if retry:
            self.run.start_timer("retry", self.retry_s)
            self.retry_s = min(self.retry_s * 2, RETRY_MOST_S)

    def fired(self, timer: str) -> str:
        match timer:
            case "place" if self.rounds is not None and not self.music and self.run.playing:
                self.place_due = True
            case "place":
                self.announce()
            case "round":
                if self.music:
                    self.go_on()
            case "silence":
                self.go_on()
            case "max_wait":
                self.withdraw("max_wait", self.node.way_out("max_wait"))
            case "retry" | "bridge":
                self.enqueue()
            case "patience":
                self.run.do(do.Withdraw("unavailable"))
                return self.leaving or self.node.way_out("unavailable")
            case "leaving":
                return self.leaving
        return ""

    def withdraw(self, reason: str, to: str) -> None:
        self.leaving = to
        self.run.start_timer("leaving", WITHDRAW_S)
        self.run.do(do.Withdraw(reason))

    def withdrawn(self, *, late: bool) -> str:
        if not late:
            return self.leaving
        self.leaving = ""
        self.run.stop_timer("leaving")
        self.run.start_timer("bridge", BRIDGE_S)
        return ""

    def answered(self) -> str:
        """An agent has the contact. Either the bridge comes at once, or the conversation is over already
        (a controller died under it and this is the way back)."""
        self.asked += 1
        if self.asked >= BRIDGE_ASKED or self.resumed:
            self.run.came_to("answered")
            return self.node.next
        self.run.stop_timer("patience")
        self.run.start_timer("bridge", BRIDGE_S)
        return ""


def place_said(language: str, place: int) -> tuple[str, ...]:
    """The sentence for a place: "you are next", or how many are before the caller. () when unknown."""
    if place <= 0:
        return ()
    if place == 1:
        return ("you_are_next",)
    return ("ahead_before", *speech.counted(language, place - 1), "ahead_after")
