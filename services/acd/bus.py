"""Facts as events: the engine's words put into those of events.proto and offered to the bus, in order.

An event that can happen only once to its contact or offer has an id made from it. Whoever announces it
again after a restart (the last run may or may not have) announces the same event, and nobody counts it
twice.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha1
from typing import Any

import structlog
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from services.acd import words
from services.acd.engine import commands as fact
from services.acd.engine.recording import file_of
from services.chassis import clock
from services.chassis.bus import Bus
from services.chassis.errors import Full
from services.stubs.acd.v1 import events_pb2 as pb
from services.stubs.common.v1 import types_pb2

SERVICE = "acd"

log = structlog.get_logger()

_NAMESPACE = bytes.fromhex("5c1a6f0e2a3b5d8c9e770b1d6f3f9a01")


class Announcer:
    """Offers facts to the bus; when its buffer is full (NATS away for minutes) they are lost, and counted."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def announce(self, tenant: str, item: fact.Fact) -> None:
        message, event_id = _BUILDERS[type(item)](item)
        try:
            self._bus.offer(message, tenant, id=event_id)
        except Full:
            # Not an exception's trace: thousands may follow each other.
            log.error("event_lost", kind=type(item).__name__)  # noqa: TRY400

    async def told(self, within_s: float) -> bool:
        """Waits until what was announced so far cannot be lost with this process; False: it still can."""
        return await self._bus.told(within_s)


def _once(what: str, about: str) -> str:
    """UUIDv5 (RFC 9562), written out: uuid.uuid5 takes four times as long, and every call has several."""
    h = sha1(_NAMESPACE + f"{what}:{about}".encode(), usedforsecurity=False).hexdigest()
    return f"{h[:8]}-{h[8:12]}-5{h[13:16]}-{_VARIANT[h[16]]}{h[17:20]}-{h[20:32]}"


_VARIANT = {digit: f"{8 + (int(digit, 16) & 3):x}" for digit in "0123456789abcdef"}


def _at(milliseconds: int) -> Timestamp | None:
    return clock.timestamp(milliseconds) if milliseconds else None


def reason_text(d: fact.Decision) -> str:
    """`longest idle of 3 (idle 42 s); most overdue of 2 lanes (+12 s), 5 more wait`."""
    rule = d.rule.replace("_", " ")
    if d.by:
        return f"{rule} by {d.by} (idle {d.idle_ms // 1000} s)"
    agent = f"{rule} of {d.others + 1} (idle {d.idle_ms // 1000} s)"
    relaxed = f"; requirements relaxed {d.relaxed} time(s)" if d.relaxed else ""
    if d.seeker == "contact":
        return f"{agent}; nobody was waiting before{relaxed}"
    late = f"{d.overdue_ms / 1000:+.0f} s"
    return f"{agent}; most overdue of {d.competing} lane(s) ({late}), {d.waiting} more wait{relaxed}"


def _opened(f: fact.ContactOpened) -> tuple[Message, str]:
    message = pb.ContactOpened(
        contact_id=f.contact_id,
        channel=_channel(f.channel),
        call=types_pb2.CallRef(node=f.node, call_id=f.call_id),
        from_number=f.from_number,
        to_number=f.to_number,
        customer_id=f.customer_id,
        opened_at=_at(f.opened_at),
    )
    return message, _once("opened", f.contact_id)


def _queued(f: fact.ContactQueued) -> tuple[Message, str]:
    message = pb.ContactQueued(
        contact_id=f.contact_id,
        queue=f.queue,
        priority=f.priority,
        enqueued_at=_at(f.enqueued_at),
        position=f.position,
        expected_wait_ms=f.expected_wait_ms,
        overflowed_from=f.overflowed_from,
    )
    return message, ""


def _offered(f: fact.ContactOffered) -> tuple[Message, str]:
    message = pb.ContactOffered(
        contact_id=f.contact_id,
        offer_id=f.offer_id,
        agent_id=f.agent_id,
        queue=f.queue,
        leg=types_pb2.CallRef(node=f.node, call_id=f.offer_id),
        attempt=f.attempt,
        waited_ms=f.waited_ms,
        ring_timeout_ms=f.ring_timeout_ms,
        from_number=f.from_number,
        to_number=f.to_number,
        customer_id=f.customer_id,
        reason=reason_text(f.decision),
        offered_at=_at(f.offered_at),
        decision=words.decision(f.decision),
        channel=_channel(f.channel),
        callback=words.callback_offer(f.callback),
    )
    return message, ""


def _callback_requested(f: fact.CallbackRequested) -> tuple[Message, str]:
    message = pb.CallbackRequested(
        contact_id=f.contact_id,
        callback_of=f.callback_of,
        number=f.number,
        queue=f.queue,
        mode=pb.CallbackMode.ValueType(f.mode),
        requested_at=_at(f.requested_at),
        enqueued_at=_at(f.enqueued_at),
        not_before=_at(f.not_before),
        not_after=_at(f.not_after),
        attempts=f.attempts,
        requested_by=f.by,
        note=f.note,
        priority=f.priority,
        skills=[pb.Skill(name=name, level=level) for name, level in f.skills],
        preferred_agent_id=f.preferred,
        excluded_agent_ids=f.excluded,
        to_number=f.to_number,
        customer_id=f.customer_id,
        data=f.data,
    )
    return message, _once("callback", f.contact_id)


def _callback_dialled(f: fact.CallbackDialled) -> tuple[Message, str]:
    message = pb.CallbackDialled(
        contact_id=f.contact_id,
        number=f.number,
        attempt=f.attempt,
        agent_id=f.agent_id,
        call=types_pb2.CallRef(node=f.node, call_id=f.call_id),
        dialled_at=_at(f.dialled_at),
        next_at=_at(f.next_at),
    )
    return message, ""


def _callback_failed(f: fact.CallbackFailed) -> tuple[Message, str]:
    message = pb.CallbackFailed(
        contact_id=f.contact_id,
        attempt=f.attempt,
        result=f.result.value,
        cause=f.cause,
        failed_at=_at(f.failed_at),
        next_at=_at(f.next_at),
    )
    return message, ""


def _offer_failed(f: fact.ContactOfferFailed) -> tuple[Message, str]:
    message = pb.ContactOfferFailed(
        contact_id=f.contact_id,
        offer_id=f.offer_id,
        agent_id=f.agent_id,
        failure=pb.OfferFailure.ValueType(f.failure),
        rang_ms=f.rang_ms,
        failed_at=_at(f.failed_at),
        cause=f.cause,
    )
    return message, ""


def _answered(f: fact.ContactAnswered) -> tuple[Message, str]:
    message = pb.ContactAnswered(
        contact_id=f.contact_id,
        offer_id=f.offer_id,
        agent_id=f.agent_id,
        queue=f.queue,
        waited_ms=f.waited_ms,
        answered_at=_at(f.answered_at),
    )
    return message, _once("answered", f.offer_id)


def _held(f: fact.ContactHeld) -> tuple[Message, str]:
    return pb.ContactHeld(contact_id=f.contact_id, agent_id=f.agent_id, held_at=_at(f.held_at)), ""


def _retrieved(f: fact.ContactRetrieved) -> tuple[Message, str]:
    message = pb.ContactRetrieved(
        contact_id=f.contact_id, agent_id=f.agent_id, retrieved_at=_at(f.retrieved_at)
    )
    return message, ""


def _released(f: fact.ContactReleased) -> tuple[Message, str]:
    message = pb.ContactReleased(
        contact_id=f.contact_id,
        offer_id=f.offer_id,
        agent_id=f.agent_id,
        queue=f.queue,
        talk_ms=f.talk_ms,
        hold_ms=f.hold_ms,
        ended_by=pb.Party.ValueType(f.ended_by),
        released_at=_at(f.released_at),
    )
    return message, _once("released", f.offer_id)


def _transferred(f: fact.ContactTransferred) -> tuple[Message, str]:
    message = pb.ContactTransferred(
        contact_id=f.contact_id,
        offer_id=f.offer_id,
        agent_id=f.agent_id,
        queue=f.queue,
        to_agent_id=f.to_agent_id,
        transferred_at=_at(f.transferred_at),
    )
    return message, _once("transferred", f.offer_id)


def _wrapped_up(f: fact.ContactWrappedUp) -> tuple[Message, str]:
    message = pb.ContactWrappedUp(
        contact_id=f.contact_id,
        agent_id=f.agent_id,
        wrap_up_ms=f.wrap_up_ms,
        disposition=f.disposition,
        notes=f.notes,
        work_order_id=f.work_order_id,
        timed_out=f.timed_out,
        wrapped_up_at=_at(f.wrapped_up_at),
    )
    return message, ""


def _left_queue(f: fact.ContactLeftQueue) -> tuple[Message, str]:
    message = pb.ContactLeftQueue(
        contact_id=f.contact_id,
        queue=f.queue,
        waited_ms=f.waited_ms,
        reason=f.reason.value,
        left_at=_at(f.left_at),
        overflow=str(f.overflow),
    )
    return message, ""


def _ended(f: fact.ContactEnded) -> tuple[Message, str]:
    message = pb.ContactEnded(
        contact_id=f.contact_id,
        channel=_channel(f.channel),
        outcome=types_pb2.Outcome.ValueType(f.outcome),
        call=types_pb2.CallRef(node=f.node, call_id=f.call_id),
        from_number=f.from_number,
        to_number=f.to_number,
        customer_id=f.customer_id,
        queue=f.queue,
        agent_id=f.agent_id,
        waited_ms=f.waited_ms,
        talk_ms=f.talk_ms,
        hold_ms=f.hold_ms,
        offers=f.offers,
        opened_at=_at(f.opened_at),
        ended_at=_at(f.ended_at),
        cause=f.cause,
    )
    return message, _once("ended", f.contact_id)


def _recording_started(f: fact.RecordingStarted) -> tuple[Message, str]:
    message = pb.RecordingStarted(
        contact_id=f.contact_id,
        offer_id=f.offer_id,
        agent_id=f.agent_id,
        queue=f.queue,
        node=f.node,
        file=file_of(f.contact_id, f.offer_id),
        started_at=_at(f.started_at),
    )
    return message, _once("recording_started", f.offer_id)


def _recording_paused(f: fact.RecordingPaused) -> tuple[Message, str]:
    message = pb.RecordingPaused(
        contact_id=f.contact_id, offer_id=f.offer_id, agent_id=f.agent_id, paused_at=_at(f.paused_at)
    )
    return message, ""


def _recording_resumed(f: fact.RecordingResumed) -> tuple[Message, str]:
    message = pb.RecordingResumed(
        contact_id=f.contact_id, offer_id=f.offer_id, agent_id=f.agent_id, resumed_at=_at(f.resumed_at)
    )
    return message, ""


def _recording_stopped(f: fact.RecordingStopped) -> tuple[Message, str]:
    message = pb.RecordingStopped(
        contact_id=f.contact_id,
        offer_id=f.offer_id,
        agent_id=f.agent_id,
        queue=f.queue,
        node=f.node,
        file=file_of(f.contact_id, f.offer_id),
        started_at=_at(f.started_at),
        stopped_at=_at(f.stopped_at),
        length_ms=f.length_ms,
        from_number=f.from_number,
        to_number=f.to_number,
        customer_id=f.customer_id,
        pauses=[pb.RecordingPause(begins_at=_at(begin), ends_at=_at(end)) for begin, end in f.pauses],
    )
    return message, ""


def _recording_failed(f: fact.RecordingFailed) -> tuple[Message, str]:
    message = pb.RecordingFailed(
        contact_id=f.contact_id,
        offer_id=f.offer_id,
        agent_id=f.agent_id,
        queue=f.queue,
        node=f.node,
        reason=f.reason.value,
        detail=f.detail,
        failed_at=_at(f.failed_at),
    )
    return message, ""


def _agent(f: fact.AgentStateChanged) -> tuple[Message, str]:
    message = pb.AgentStateChanged(
        agent_id=f.agent_id,
        presence=pb.Presence.ValueType(f.presence),
        reason=f.reason,
        routing_status=pb.RoutingStatus.ValueType(f.routing),
        contact_id=f.contact_id,
        since=_at(f.since),
        until=_at(f.until),
        previous_presence=pb.Presence.ValueType(f.previous_presence),
        previous_routing_status=pb.RoutingStatus.ValueType(f.previous_routing),
        previous_ms=f.previous_ms,
        by=f.by,
        work_mode=pb.WorkMode.ValueType(f.work_mode),
    )
    return message, ""


def _node(f: fact.NodeStateChanged) -> tuple[Message, str]:
    return pb.NodeStateChanged(node=f.node, up=f.up, detail=f.detail, since=_at(f.since)), ""


def _channel(channel: int) -> types_pb2.Channel.ValueType:
    return types_pb2.Channel.ValueType(channel)


_BUILDERS: dict[type, Callable[[Any], tuple[Message, str]]] = {
    fact.ContactOpened: _opened,
    fact.ContactQueued: _queued,
    fact.ContactOffered: _offered,
    fact.ContactOfferFailed: _offer_failed,
    fact.ContactAnswered: _answered,
    fact.ContactHeld: _held,
    fact.ContactRetrieved: _retrieved,
    fact.ContactReleased: _released,
    fact.ContactTransferred: _transferred,
    fact.ContactWrappedUp: _wrapped_up,
    fact.ContactLeftQueue: _left_queue,
    fact.ContactEnded: _ended,
    fact.CallbackRequested: _callback_requested,
    fact.CallbackDialled: _callback_dialled,
    fact.CallbackFailed: _callback_failed,
    fact.RecordingStarted: _recording_started,
    fact.RecordingPaused: _recording_paused,
    fact.RecordingResumed: _recording_resumed,
    fact.RecordingStopped: _recording_stopped,
    fact.RecordingFailed: _recording_failed,
    fact.AgentStateChanged: _agent,
    fact.NodeStateChanged: _node,
}
