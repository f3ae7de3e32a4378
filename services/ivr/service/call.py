"""One call: what the switch says becomes the engine's events, what the engine wants becomes commands.

The engine is asked at once for every event, whoever brings it: the switch (`line`), a timer, the ACD.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from services.chassis import clock
from services.chassis.esl import OutboundCall, UnsafeArgument
from services.chassis.ids import new_id
from services.ivr.bus import Announcer
from services.ivr.domain import Flow
from services.ivr.domain.calls import CallEntry, Message, SurveyAnswer
from services.ivr.engine import Run
from services.ivr.engine import commands as do
from services.ivr.engine import events as on
from services.ivr.prompts import Prompts
from services.ivr.service.arrival import Arrival
from services.ivr.service.journal import Journal
from services.ivr.service.line import Line
from services.ivr.service.queueing import Queueing
from services.ivr.service.sounds import sounds

log = structlog.get_logger()

HANG_UP_S = 5.0
"""From our hang-up to the switch's word that it happened; then we close the books without it."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What every call needs of the house."""

    prompts: Prompts
    recordings_dir: Path
    announcer: Announcer
    journal: Journal
    queueing: Queueing
    waiting_flow: Callable[[str, str], Flow | None]
    """The flow of this tenant and name for waiting callers, if there is such a one."""


class Call:
    """From the socket's begin to its end. `live` returns when the call is over or in other hands."""

    def __init__(self, switch: OutboundCall, arrived: Arrival, run: Run, parts: Parts) -> None:
        self.contact = arrived.contact
        self._arrived = arrived
        self._run = run
        self._parts = parts
        self._entered_at = clock.now()
        self._loop = asyncio.get_running_loop()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._wish: do.Enqueue | None = None
        self._cause = ""
        self._message_id = ""
        self._line = Line(switch, self.tell)

    def learn(self, variables: dict[str, str]) -> None:
        """What was learnt of the caller meanwhile, for those who have the call after us."""
        if variables:
            self._line.set(variables)

    async def live(self) -> None:
        """Walks the call through the flow. A cancelled one is let go, for another process to take."""
        try:
            self.tell(on.Started(self._arrived.position, answered=self._arrived.answered))
            await self._line.over.wait()
        finally:
            self._clear()
            self._note()
            await self._line.close()

    def tell(self, event: on.Event) -> None:
        """Gives the engine an event and carries out what it wants. A defect becomes an apology."""
        if isinstance(event, on.Expelled):
            self._leave_queue()  # or an ACD that comes back would be asked to take the caller again
        elif isinstance(event, on.Placed) and event.waiting_flow:
            found = self._parts.waiting_flow(self.contact.tenant, event.waiting_flow)
            event = replace(event, heard=found)
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
            self._line.over.set()

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
                self._line.stop()
            case do.SetVariables():
                self._line.set(command.variables)
            case do.StartTimer():
                self._start(command.timer, command.seconds)
            case do.StopTimer():
                self._stop(command.timer)
            case do.Answer():
                self._line.answer()
            case do.Enqueue():
                self._wish = command
                self._parts.queueing.hold(self)
                self._enqueue(command)
            case do.Withdraw():
                self._leave_queue()
                self._parts.queueing.withdraw(self.contact, command.reason, self.tell)
            case do.RequestCallback():
                self._parts.queueing.background(self._asking(command), "RequestCallback")
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
        self._line.play(found, length_s, command.playback)

    def _record(self, command: do.Record) -> None:
        self._message_id = new_id()
        root = str(self._parts.recordings_dir)
        self._line.record(root, self._file(), max_s=command.max_s, silence_s=command.silence_s)

    def _file(self) -> str:
        """Beside all others: a folder that is not there would make FreeSWITCH hang the caller up."""
        return f"voicemail-{self.contact.tenant}-{self._message_id}.wav"

    def _hang_up(self, cause: str) -> None:
        self._line.hang_up(cause)
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
        elif isinstance(answer, on.Placed) and self._wish is None and not self._run.ended:
            # The caller went on in the flow while this was under way: he must not be offered to an agent.
            self._parts.queueing.withdraw(self.contact, "late", _unheard)

    async def _asking(self, wish: do.RequestCallback) -> None:
        self.tell(await self._parts.queueing.request_callback(self.contact, wish))

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
                        voicemail_id=self._message_id,
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

    # ---- the end ----

    def _clear(self) -> None:
        self._leave_queue()
        for handle in self._timers.values():
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


def _unheard(_: on.Event) -> None:
    """For answers nobody waits for."""
