"""A call's wire: applications and commands leave in order, what comes back becomes the engine's events.

Nothing is waited for: what one event causes leaves in one piece, and what the switch is slow to answer
holds up neither a timer nor a word from the ACD.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
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
RECORDING = -1


class Line:
    """`tell` gets the engine's events; `over` is set when the connection has ended."""

    def __init__(self, switch: OutboundCall, tell: Callable[[on.Event], None]) -> None:
        self.over = asyncio.Event()
        self._switch = switch
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._executed: dict[str, int] = {}
        self._due = (0, 0.0)
        self._guard: asyncio.TimerHandle | None = None
        self._hanging_up: asyncio.Task[None] | None = None
        self._cause: Event | None = None
        self._listener = asyncio.create_task(self._listen())

    # ---- what is to be done ----

    def play(self, sounds: Sequence[Sound], length_s: float, playback: int) -> None:
        self._begin(fs.playback(*sounds), playback)
        self._due = (playback, self._loop.time() + length_s - CUT_S)
        self._unguard()
        ended = on.PlaybackEnded(playback, failed=True)
        self._guard = self._loop.call_later(length_s + SLACK_S, self._tell, ended)

    def stop(self) -> None:
        self._ask(fs.uuid_break(self._switch.uuid, everything=True))

    def answer(self) -> None:
        self._begin(fs.answer())

    def set(self, variables: dict[str, str]) -> None:
        self._ask(fs.uuid_setvar_multi(self._switch.uuid, variables))

    def record(self, root: str, file: str, *, max_s: int, silence_s: int) -> None:
        """`#` ends it."""
        self._ask(fs.uuid_setvar(self._switch.uuid, "playback_terminators", "#"))
        self._begin(fs.record(root, file, limit_s=max_s, silence_s=silence_s), RECORDING)

    def hang_up(self, cause: str) -> None:
        self._hanging_up = asyncio.create_task(self._switch.hangup(cause))

    async def close(self) -> None:
        """Forgets the call; what was said before is still carried out."""
        self._unguard()
        self._listener.cancel()
        tasks = [task for task in (self._hanging_up, self._listener) if task]
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception) and not isinstance(ended, EslError):
                log.error("line_broken", exc_info=ended)  # a defect: the dialplan goes on with the call

    def _unguard(self) -> None:
        if self._guard:
            self._guard.cancel()

    # ---- to the switch ----

    def _begin(self, app: App, playback: int = 0) -> None:
        with suppress(EslError):  # the call is gone, or its connection: the stream tells which
            uuid = self._switch.begin_app(app, caused_by=self._cause)
            if playback:
                self._executed[uuid] = playback

    def _ask(self, command: Command) -> None:
        with suppress(EslError):
            self._switch.ask(command, caused_by=self._cause)

    # ---- from the switch ----

    async def _listen(self) -> None:
        try:
            async for event in self._switch.stream():
                self._cause = event
                self._hear(event)
                self._cause = None
            if self._hanging_up:  # our own hang-up, whose last event was lost
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
        missing = False
        match event.get("Application"):
            case "playback":
                response = event.get("Application-Response")
                missing = response == "FILE NOT FOUND"
                ended = on.PlaybackEnded(0, failed=response != "FILE PLAYED")
            case "record":
                length_ms = _milliseconds(event.variable("record_ms"))
                ended = on.RecordingEnded(length_ms, failed=length_ms == 0)
            case _:
                return
        self._ended(event.get("Application-UUID"), ended, missing=missing)

    def _ended(self, uuid: str, ended: on.Event, *, missing: bool) -> None:
        playback = self._executed.pop(uuid, 0)
        if playback and isinstance(ended, on.PlaybackEnded):
            last, due = self._due
            early = playback == last and self._loop.time() < due
            ended = replace(ended, playback=playback, cut=early and not missing)
        if playback:
            self._tell(ended)


def _milliseconds(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 10 else 0
