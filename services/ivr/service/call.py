"""One call: what the switch says becomes the engine's events, what the engine wants becomes commands.

The engine is asked at once for every event; its commands to the switch leave through one queue, in order,
so that nothing the switch is slow to answer holds up a timer or a word from the ACD.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from services.chassis import clock
from services.chassis.esl import App, Command, EslError, Event, OutboundCall, UnsafeArgument
from services.chassis.esl import commands as fs
from services.chassis.ids import new_id
from services.ivr.bus import Announcer
from services.ivr.domain.calls import CallEntry, Message, SurveyAnswer
from services.ivr.engine import Run
from services.ivr.engine import commands as do
from services.ivr.engine import events as on
from services.ivr.prompts import Prompts
from services.ivr.service.arrival import Arrival
from services.ivr.service.journal import Journal
from services.ivr.service.queueing import Queueing
from services.ivr.service.sounds import sounds

log = structlog.get_logger()

EVENTS = ("CHANNEL_EXECUTE_COMPLETE", "DTMF", "CHANNEL_BRIDGE", "CHANNEL_HANGUP_COMPLETE")
"""What a flow has to know; each event more is 5 to 10 kB to read, for every call."""
SLACK_S = 5.0
"""A playback that has not ended so long after its length is taken for ended: an event may be lost."""
HANG_UP_S = 5.0
"""From our hang-up to the switch's word that it happened; then we close the books without it."""
SENT_S = 3.0
"""For what is still to be sent when the call leaves our hands."""

Step = tuple[App | Command | str, int]
"""An application, an api command or the cause of a hang-up; the playback it starts, -1: a recording."""
RECORDING = -1
CUT_S = 0.1
"""A playback that ends so long before its time was cut off."""
EARLY_MOST = 32
"""Ends kept of applications whose start we have not heard of yet: the two may cross."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What every call needs of the house."""

    prompts: Prompts
    recordings_dir: Path
    announcer: Announcer
    journal: Journal
    queueing: Queueing


class Call:
    """From the socket's begin to its end. `live` returns when the call is over or in other hands."""

    def __init__(self, switch: OutboundCall, arrived: Arrival, run: Run, parts: Parts) -> None:
        self.contact = arrived.contact
        self._switch = switch
        self._arrived = arrived
        self._run = run
        self._parts = parts
        self._entered_at = clock.now()
        self._loop = asyncio.get_running_loop()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._guard: asyncio.TimerHandle | None = None
        self._steps: asyncio.Queue[Step | None] = asyncio.Queue()  # bounded by the engine's own limits
        self._executed: dict[str, int] = {}
        self._early: dict[str, on.Event] = {}
        self._wish: do.Enqueue | None = None
        self._due = (0, 0.0)
        self._hung_up_by_us = False
        self._over = asyncio.Event()
        self._cause = ""

    def learn(self, variables: dict[str, str]) -> None:
        """What was learnt of the caller meanwhile, for those who have the call after us."""
        if variables:
            self._tell_switch(fs.uuid_setvar_multi(self._switch.uuid, variables))

    async def live(self) -> None:
        """Walks the call through the flow. A cancelled one is let go, for another process to take."""
        sender = asyncio.create_task(self._send())
        listener = asyncio.create_task(self._listen())
        try:
            self.tell(on.Started(self._arrived.position, answered=self._arrived.answered))
            await self._over.wait()
            self._steps.put_nowait(None)
            await asyncio.wait([sender], timeout=SENT_S)
        finally:
            for task in (sender, listener):
                task.cancel()
            self._clear()
            self._note()
            await asyncio.gather(sender, listener, return_exceptions=True)

    def tell(self, event: on.Event) -> None:
        """Gives the engine an event and carries out what it wants. A defect becomes an apology."""
        try:
            commands = self._run.handle(event, clock.now())
        except Exception:  # whatever breaks in a flow: the caller hears an apology, never silence
            log.exception("flow_broken", flow=self._run.flow.key, at=type(event).__name__)
            commands = self._broken(event)
        for command in commands:
            try:
                self._carry_out(command)
            except (UnsafeArgument, ValueError):
                log.exception("command_refused", command=type(command).__name__)
                if isinstance(command, do.Play | do.Record):
                    self._loop.call_soon(self.tell, on.Failed())
        if self._run.ended:
            self._over.set()

    def _broken(self, event: on.Event) -> list[do.Command]:
        if isinstance(event, on.Failed | on.HungUp):
            self._run.ended = True
            return [do.HangUp("NORMAL_TEMPORARY_FAILURE"), do.Close("rejected", "")]
        return self._run.handle(on.Failed(), clock.now())

    def enqueue_again(self) -> None:
        """The ACD may have forgotten us: the same wish once more, with the time the wait began."""
        if self._wish:
            self._enqueue(self._wish)

    # ---- the engine's commands ----

    def _carry_out(self, command: do.Command) -> None:
        match command:
            case do.Play():
                self._play(command)
            case do.Stop():
                self._tell_switch(fs.uuid_break(self._switch.uuid, everything=True))
            case do.SetVariables():
                self._tell_switch(fs.uuid_setvar_multi(self._switch.uuid, command.variables))
            case do.StartTimer():
                self._start(command.timer, command.seconds)
            case do.StopTimer():
                self._stop(command.timer)
            case do.Answer():
                self._tell_switch(fs.answer())
            case do.Enqueue():
                self._wish = command
                self._parts.queueing.hold(self)
                self._enqueue(command)
            case do.Withdraw():
                self._leave_queue()
                self._parts.queueing.withdraw(self.contact, command.reason, self.tell)
            case do.Record():
                self._record(command)
            case do.HangUp():
                self._hang_up(command.cause)
            case do.Release():
                self._leave_queue()
            case do.Close():
                self._close(command)
            case do.Announce():
                self._announce(command.what)

    def _play(self, command: do.Play) -> None:
        found, length_s = sounds(self._parts.prompts, command.prompts, command.language)
        self._tell_switch(fs.playback(*found), command.playback)
        self._due = (command.playback, self._loop.time() + length_s - CUT_S)
        if self._guard:
            self._guard.cancel()
        ended = on.PlaybackEnded(command.playback, failed=True)
        self._guard = self._loop.call_later(length_s + SLACK_S, self.tell, ended)

    def _record(self, command: do.Record) -> None:
        self._tell_switch(fs.uuid_setvar(self._switch.uuid, "playback_terminators", "#"))
        root = str(self._parts.recordings_dir)
        recording = fs.record(root, self._file(), limit_s=command.max_s, silence_s=command.silence_s)
        self._tell_switch(recording, RECORDING)

    def _file(self) -> str:
        return f"{self.contact.tenant}/voicemail/{self.contact.contact_id}.wav"

    def _hang_up(self, cause: str) -> None:
        self._hung_up_by_us = True
        self._steps.put_nowait((cause, 0))
        self._start("hung up", HANG_UP_S)

    def _start(self, timer: str, seconds: float) -> None:
        self._stop(timer)
        event = on.HungUp() if timer == "hung up" else on.TimerFired(timer)
        self._timers[timer] = self._loop.call_later(seconds, self._fired, timer, event)

    def _fired(self, timer: str, event: on.Event) -> None:
        self._timers.pop(timer, None)
        self.tell(event)

    def _stop(self, timer: str) -> None:
        if handle := self._timers.pop(timer, None):
            handle.cancel()

    # ---- the ACD ----

    def _enqueue(self, wish: do.Enqueue) -> None:
        self._parts.queueing.background(self._enqueuing(wish), "Enqueue")

    async def _enqueuing(self, wish: do.Enqueue) -> None:
        answer = await self._parts.queueing.enqueue(self.contact, wish)
        if self._wish is wish:
            if isinstance(answer, on.Refused) and answer.reason != "unavailable":
                self._leave_queue()
            self.tell(answer)
        elif isinstance(answer, on.Placed) and not self._run.ended:
            # The caller went on in the flow while this was under way: he must not be offered to an agent.
            self._parts.queueing.withdraw(self.contact, "late", _unheard)

    def _leave_queue(self) -> None:
        self._wish = None
        self._parts.queueing.let_go(self.contact.contact_id)

    def _close(self, command: do.Close) -> None:
        self._leave_queue()
        self._cause = command.cause
        self._parts.queueing.close(self.contact, command.outcome, command.cause, clock.now())

    # ---- facts for everybody ----

    def _announce(self, what: do.Announcement) -> None:
        flow, at = self._run.flow, clock.now()
        match what:
            case do.CallStarted():
                self._parts.announcer.call_started(
                    self.contact, flow.name, flow.version, at, re_entered=what.re_entered
                )
            case do.MenuChosen():
                self._parts.announcer.menu_chosen(self.contact, flow.name, what.node, what.digits, at)
            case do.SurveyAnswered():
                answer = SurveyAnswer(
                    answer_id=new_id(),
                    contact=self.contact,
                    flow=flow.name,
                    node=what.node,
                    score=what.score,
                    highest=what.highest,
                    agent_id=self._arrived.agent_id,
                    at=at,
                )
                self._parts.queueing.background(self._with_agent(answer), "GetContact")
            case do.VoicemailLeft():
                self._parts.journal.add(
                    Message(
                        voicemail_id=new_id(),
                        contact=self.contact,
                        file=self._file(),
                        length_ms=what.length_ms,
                        at=at,
                    )
                )

    async def _with_agent(self, answer: SurveyAnswer) -> None:
        """The score belongs to an agent too; the ACD knows whose it is."""
        agent_id = answer.agent_id or await self._parts.queueing.agent_of(self.contact)
        self._parts.journal.add(replace(answer, agent_id=agent_id))

    # ---- the switch ----

    def _tell_switch(self, what: App | Command, playback: int = 0) -> None:
        self._steps.put_nowait((what, playback))

    async def _send(self) -> None:
        """All that waits goes out in one piece, in order; the replies come in one piece too."""
        while first := await self._steps.get():
            batch = [first]
            while not self._steps.empty() and (step := self._steps.get_nowait()):
                batch.append(step)
            await asyncio.gather(*(self._sent(*step) for step in batch))
            if self._over.is_set() and self._steps.empty():
                return

    async def _sent(self, what: App | Command | str, playback: int) -> None:
        try:
            await self._said(what, playback)
        except EslError as problem:  # the call is gone, or its connection: the stream tells which
            log.debug("step_not_taken", reason=str(problem))

    async def _said(self, what: App | Command | str, playback: int) -> None:
        if isinstance(what, str):
            await self._switch.hangup(what)
        elif isinstance(what, Command):
            await self._switch.api(what)
        else:
            uuid = await self._switch.execute(what)
            if playback:
                self._executed[uuid] = playback
                if early := self._early.pop(uuid, None):
                    self.tell(self._numbered(early, playback))

    async def _listen(self) -> None:
        async for event in self._switch.stream():
            self._hear(event)
        if self._hung_up_by_us:
            self.tell(on.HungUp())
        self._over.set()

    def _hear(self, event: Event) -> None:
        match event.name:
            case "CHANNEL_EXECUTE_COMPLETE":
                self._executed_one(event)
            case "DTMF":
                self.tell(on.Digit(event.get("DTMF-Digit")))
            case "CHANNEL_BRIDGE":
                # FreeSWITCH resets a channel whose socket ends while socket_resume is true: the conversation
                # that has just begun would be torn apart by our letting go. The dialplan turns it off at
                # every bridge, but some 20 ms after this event.
                self._tell_switch(fs.uuid_setvar(self._switch.uuid, "socket_resume", "false"))
                self.tell(on.Bridged())
            case "CHANNEL_HANGUP_COMPLETE":
                recorded_ms = _milliseconds(event.variable("record_ms"))
                self.tell(on.HungUp(event.get("Hangup-Cause", "NORMAL_CLEARING"), recorded_ms))

    def _executed_one(self, event: Event) -> None:
        application = event.get("Application")
        if application == "playback":
            failed = event.get("Application-Response") != "FILE PLAYED"
            ended: on.Event = on.PlaybackEnded(0, failed)
        elif application == "record":
            length_ms = _milliseconds(event.variable("record_ms"))
            ended = on.RecordingEnded(length_ms, failed=length_ms == 0)
        else:
            return
        uuid = event.get("Application-UUID")
        if playback := self._executed.pop(uuid, 0):
            self.tell(self._numbered(ended, playback))
        elif len(self._early) < EARLY_MOST:
            self._early[uuid] = ended

    def _numbered(self, event: on.Event, playback: int) -> on.Event:
        if not isinstance(event, on.PlaybackEnded):
            return event
        last, due = self._due
        return replace(event, playback=playback, cut=playback == last and self._loop.time() < due)

    # ---- the end ----

    def _clear(self) -> None:
        self._leave_queue()
        for handle in (*self._timers.values(), *([self._guard] if self._guard else [])):
            handle.cancel()
        self._timers.clear()

    def _note(self) -> None:
        over = self._run.ended and not self._run.released
        flow = self._run.flow
        self._parts.journal.add(
            CallEntry(
                entry_id=new_id(),
                contact=self.contact,
                flow=flow.name,
                version=flow.version,
                entered_at=self._entered_at,
                left_at=clock.now(),
                re_entered=self._arrived.position is not None,
                outcome=self._run.outcome if over else "",
                cause=self._cause,
            )
        )


def _milliseconds(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 10 else 0


def _unheard(_: on.Event) -> None:
    """For answers nobody waits for."""
