"""A call's wire: applications and commands leave in order, what comes back becomes the engine's events.

Whatever waits to be sent goes out in one piece, and nothing that the switch is slow to answer holds up a
timer or a word from the ACD.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from services.chassis.esl import App, Command, EslError, Event, OutboundCall
from services.chassis.esl import commands as fs
from services.chassis.esl.commands import Sound
from services.ivr.engine import events as on

log = structlog.get_logger()

EVENTS = ("CHANNEL_EXECUTE_COMPLETE", "DTMF", "CHANNEL_BRIDGE", "CHANNEL_HANGUP_COMPLETE")
"""What a flow has to know; each event more is 5 to 10 kB to read, for every call."""
SLACK_S = 5.0
"""A playback that has not ended so long after its length is taken for ended: an event may be lost."""
CUT_S = 0.1
"""A playback that ends so long before its time was cut off."""
SENT_S = 3.0
"""For what is still to be sent when the call leaves our hands."""
EARLY_MOST = 32
"""Ends kept of applications whose start we have not heard of yet: the two may cross."""
RECORDING = -1

Step = tuple[App | Command | str, int]
"""An application, an api command or the cause of a hang-up; the playback it starts, or RECORDING."""


class Line:
    """`tell` gets the engine's events; `over` is set when the connection has ended."""

    def __init__(self, switch: OutboundCall, tell: Callable[[on.Event], None]) -> None:
        self.over = asyncio.Event()
        self._switch = switch
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._steps: asyncio.Queue[Step | None] = asyncio.Queue()  # bounded by the engine's own limits
        self._executed: dict[str, int] = {}
        self._early: dict[str, on.Event] = {}
        self._due = (0, 0.0)
        self._guard: asyncio.TimerHandle | None = None
        self._hung_up = False
        self._tasks = [asyncio.create_task(self._send()), asyncio.create_task(self._listen())]

    # ---- what is to be done ----

    def play(self, sounds: Sequence[Sound], length_s: float, playback: int) -> None:
        self._say(fs.playback(*sounds), playback)
        self._due = (playback, self._loop.time() + length_s - CUT_S)
        self._unguard()
        ended = on.PlaybackEnded(playback, failed=True)
        self._guard = self._loop.call_later(length_s + SLACK_S, self._tell, ended)

    def stop(self) -> None:
        self._say(fs.uuid_break(self._switch.uuid, everything=True))

    def answer(self) -> None:
        self._say(fs.answer())

    def set(self, variables: dict[str, str]) -> None:
        self._say(fs.uuid_setvar_multi(self._switch.uuid, variables))

    def record(self, root: str, file: str, *, max_s: int, silence_s: int) -> None:
        """`#` ends it."""
        self._say(fs.uuid_setvar(self._switch.uuid, "playback_terminators", "#"))
        self._say(fs.record(root, file, limit_s=max_s, silence_s=silence_s), RECORDING)

    def hang_up(self, cause: str) -> None:
        self._hung_up = True
        self._say(cause)

    async def close(self) -> None:
        """Sends what is still to be sent, then forgets the call."""
        self._steps.put_nowait(None)
        try:
            await asyncio.wait(self._tasks[:1], timeout=SENT_S)
        finally:
            self._unguard()
            for task in self._tasks:
                task.cancel()
            for ended in await asyncio.gather(*self._tasks, return_exceptions=True):
                if isinstance(ended, Exception):  # a defect: the dialplan goes on with the call
                    log.error("line_broken", exc_info=ended)

    def _unguard(self) -> None:
        if self._guard:
            self._guard.cancel()

    # ---- to the switch ----

    def _say(self, what: App | Command | str, playback: int = 0) -> None:
        self._steps.put_nowait((what, playback))

    async def _send(self) -> None:
        while step := await self._steps.get():
            batch: list[Step | None] = [step]
            while batch[-1] and not self._steps.empty():
                batch.append(self._steps.get_nowait())
            await asyncio.gather(*(self._sent(*each) for each in batch if each))
            if batch[-1] is None:
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
                    self._ended(uuid, early)

    # ---- from the switch ----

    async def _listen(self) -> None:
        try:
            async for event in self._switch.stream():
                self._hear(event)
            if self._hung_up:  # our own hang-up, whose last event was lost
                self._tell(on.HungUp())
        finally:
            self.over.set()

    def _hear(self, event: Event) -> None:
        match event.name:
            case "CHANNEL_EXECUTE_COMPLETE":
                self._executed_one(event)
            case "DTMF":
                self._tell(on.Digit(event.get("DTMF-Digit")))
            case "CHANNEL_BRIDGE":
                # FreeSWITCH resets a channel whose socket ends while socket_resume is true: the conversation
                # that has just begun would be torn apart by our letting go. The dialplan turns it off at
                # every bridge, but some 20 ms after this event.
                self.set({"socket_resume": "false"})
                self._tell(on.Bridged())
            case "CHANNEL_HANGUP_COMPLETE":
                recorded_ms = _milliseconds(event.variable("record_ms"))
                self._tell(on.HungUp(event.get("Hangup-Cause", "NORMAL_CLEARING"), recorded_ms))

    def _executed_one(self, event: Event) -> None:
        ended: on.Event
        match event.get("Application"):
            case "playback":
                ended = on.PlaybackEnded(0, failed=event.get("Application-Response") != "FILE PLAYED")
            case "record":
                length_ms = _milliseconds(event.variable("record_ms"))
                ended = on.RecordingEnded(length_ms, failed=length_ms == 0)
            case _:
                return
        self._ended(event.get("Application-UUID"), ended)

    def _ended(self, uuid: str, ended: on.Event) -> None:
        playback = self._executed.pop(uuid, 0)
        if playback and isinstance(ended, on.PlaybackEnded):
            last, due = self._due
            cut = playback == last and self._loop.time() < due
            ended = replace(ended, playback=playback, cut=cut)
        if playback:
            self._tell(ended)
        elif len(self._early) < EARLY_MOST:
            self._early[uuid] = ended


def _milliseconds(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 10 else 0
