"""Recordings on the switch: the engine's orders as commands, RECORD_START and RECORD_STOP as stimuli."""

from __future__ import annotations

import asyncio
from functools import partial

import structlog

from services.acd.domain import RecordingFailure
from services.acd.engine import commands, stimuli
from services.acd.engine.recording import file_of, offer_of
from services.acd.service import counted
from services.acd.service.router import Answer, Router
from services.chassis.esl import CommandFailed, EslError, Event, Link, UnsafeArgument
from services.chassis.esl import commands as fs

log = structlog.get_logger()

RECORDED = "sy_recording"
"""On the caller's leg: the conversation that is recorded. What a restarted ACD goes by."""
PAUSED = "sy_recording_paused"
"""On the caller's leg: "1" while the recording is silent. Set before it is, and taken away after: when in
doubt, what is said is not kept."""

Order = commands.StartRecording | commands.StopRecording | commands.MaskRecording


class Recordings:
    """`root` is the recordings folder by the switch's own path."""

    def __init__(self, root: str, router: Router) -> None:
        self._root = root
        self._router = router

    def heard(self, tenant: str, event: Event) -> None:
        """RECORD_START or RECORD_STOP of any file; those of other files than ours say nothing here."""
        offer_id = offer_of(event.get("Record-File-Path"))
        if not offer_id:
            return
        if event.name == "RECORD_START":
            self._router.tell(tenant, stimuli.RecordingRuns(offer_id), event)
            return
        length = event.variable("record_ms")
        detail = event.get("Record-Completion-Cause")[:100]
        over = stimuli.RecordingOver(offer_id, int(length) if length.isdigit() else None, detail)
        self._router.tell(tenant, over, event)

    def carry(self, tenant: str, link: Link, order: Order) -> Answer | None:
        """Carries out an order; gives the answer to a pause, for the agent who waits for it."""
        try:
            return self._carry(tenant, link, order)
        except UnsafeArgument as unsafe:  # a call's uuid is the IVR's word
            log.warning("cannot_record", field=unsafe.field, contact_id=order.contact_id)
            why = f"{unsafe.field} cannot be told to a switch"
            refused = stimuli.RecordingRefused(order.offer_id, RecordingFailure.REFUSED, why)
            self._router.tell(tenant, refused)
            return None

    def _carry(self, tenant: str, link: Link, order: Order) -> Answer | None:
        if isinstance(order, commands.StartRecording):
            self._start(tenant, link, order)
            return None
        name = file_of(order.contact_id, order.offer_id)
        if isinstance(order, commands.StopRecording):
            answer = link.ask(fs.uuid_record_stop(order.call_id, self._root, name))
            answer.add_done_callback(_stop_answered)
            return None
        return self._mask(tenant, link, order, name)

    def _start(self, tenant: str, link: Link, order: commands.StartRecording) -> None:
        """What is asked for again is appended to: should it have ended, what there is stays."""
        names = {"RECORD_STEREO": "true", RECORDED: order.offer_id, PAUSED: "1" if order.paused else "0"}
        if order.again:
            names["RECORD_APPEND"] = "true"
        name = file_of(order.contact_id, order.offer_id)
        link.ask(fs.uuid_setvar_multi(order.call_id, names))
        answer = link.ask(fs.uuid_record_start(order.call_id, self._root, name))
        answer.add_done_callback(partial(self._started, tenant, order))
        if order.paused:
            masked = link.ask(fs.uuid_record_mask(order.call_id, self._root, name))
            masked.add_done_callback(partial(_look, "uuid_record mask"))

    def _started(self, tenant: str, order: commands.StartRecording, answer: Answer) -> None:
        """`+OK` to a first one only says that it will be tried: RECORD_START says that it runs."""
        problem = None if answer.cancelled() else answer.exception()
        if isinstance(problem, CommandFailed):
            said = problem.reply.removeprefix("-ERR").strip()[:100]
            refused = stimuli.RecordingRefused(order.offer_id, RecordingFailure.REFUSED, said)
            self._router.tell(tenant, refused)
        elif isinstance(problem, EslError):
            _look("uuid_record start", answer)  # unknown: asked after when the link is back
        elif order.again and not answer.cancelled():
            self._router.tell(tenant, stimuli.RecordingRuns(order.offer_id))

    def _mask(self, tenant: str, link: Link, order: commands.MaskRecording, name: str) -> Answer:
        def mark(value: str) -> None:
            link.ask(fs.uuid_setvar(order.call_id, PAUSED, value))

        if order.on:
            mark("1")
            answer = link.ask(fs.uuid_record_mask(order.call_id, self._root, name))
        else:
            answer = link.ask(fs.uuid_record_unmask(order.call_id, self._root, name))
            mark("0")
        answer.add_done_callback(partial(self._masked, tenant, order))
        return answer

    def _masked(self, tenant: str, order: commands.MaskRecording, answer: Answer) -> None:
        _look("uuid_record mask", answer)
        if not answer.cancelled() and answer.exception() is None:
            self._router.tell(tenant, stimuli.RecordingMasked(order.offer_id, order.on))


def _stop_answered(answer: Answer) -> None:
    """That caller or recording are gone already is ordinary: most calls end by hanging up."""
    problem = None if answer.cancelled() else answer.exception()
    if problem is not None and not isinstance(problem, CommandFailed):
        _look("uuid_record stop", answer)


def _look(verb: str, answer: asyncio.Future[str]) -> None:
    problem = None if answer.cancelled() else answer.exception()
    if isinstance(problem, EslError):
        counted.FAILED_COMMANDS.labels(verb, type(problem).__name__).inc()
        log.warning("switch_refused", verb=verb, problem=str(problem)[:200])
