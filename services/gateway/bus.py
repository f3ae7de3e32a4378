"""NATS: what the gateway hears and what it announces. Translates; decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import structlog

from services.chassis import clock
from services.chassis.bus import Bus
from services.chassis.consuming import Consumption, Handler
from services.chassis.envelope import Envelope, subject_of
from services.chassis.errors import Full
from services.gateway.domain import Identity, User
from services.gateway.engine import pushes
from services.stubs.acd.v1 import events_pb2 as acd_events
from services.stubs.gateway.v1 import events_pb2 as gateway_events

log = structlog.get_logger()

ACD_SUBJECTS = [subject_of(getattr(acd_events, kind), service="acd") for kind in pushes.KINDS]
GATEWAY_KINDS = (gateway_events.SessionClosed, gateway_events.SocketOpened)
GATEWAY_SUBJECTS = [subject_of(kind, service="gateway") for kind in GATEWAY_KINDS]


KEEPING = "gateway-recordings"  # the durable consumer's name: changing it reads the whole stream again
KEPT_AT_ONCE = 4  # copying an hour's talk takes a second: the bus must not think us dead


class Listener(Protocol):
    """Who is told."""

    def acd_event(self, tenant: str, push: pushes.Push) -> None: ...
    def session_closed(self, session_id: str, reason: str) -> None: ...
    def socket_opened(self, tenant: str, agent_id: str, gateway: str, at_ms: int) -> None: ...


async def listen(bus: Bus, listener: Listener) -> None:
    """Live from now on, all tenants; a defect in one event must not end the subscription."""
    await bus.listen(ACD_SUBJECTS, _guarded(_acd(listener)))
    await bus.listen(GATEWAY_SUBJECTS, _guarded(_gateway(listener)))


def _acd(listener: Listener) -> Callable[[Envelope], None]:
    def heard(event: Envelope) -> None:
        push = pushes.push(event.type.rpartition(".")[2], event.data)
        if push is not None:
            listener.acd_event(event.tenant, push)

    return heard


def _gateway(listener: Listener) -> Callable[[Envelope], None]:
    def heard(event: Envelope) -> None:
        data: Mapping[str, Any] = event.data
        if event.type.endswith(".SessionClosed"):
            listener.session_closed(data.get("sessionId", ""), data.get("reason", ""))
        else:
            opened = event.message()
            if isinstance(opened, gateway_events.SocketOpened):
                at_ms = clock.timestamp_ms(opened.opened_at)
                listener.socket_opened(event.tenant, opened.agent_id, opened.gateway, at_ms)

    return heard


def _guarded(heard: Callable[[Envelope], None]) -> Callable[[Envelope], None]:
    def safe(event: Envelope) -> None:
        try:
            heard(event)
        except (TypeError, ValueError, AttributeError):
            # A field of an unexpected type: one message is lost and the resync repairs it.
            log.exception("event_not_understood", event_type=event.type)

    return safe


async def recordings(bus: Bus, handler: Handler) -> Consumption:
    """Each recording that is complete, also those of while no gateway was there. Raises Unavailable."""
    subject = subject_of(acd_events.RecordingStopped, service="acd")
    return await bus.consume(KEEPING, [subject], handler, batch=KEPT_AT_ONCE)


class Announcer:
    """Events that belong to no transaction: buffered, so that nobody waits for NATS."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def sign_in_refused(self, tenant: str, username: str, address: str, reason: str) -> None:
        self._offer(
            gateway_events.SignInRefused(
                username=username[:64],
                address=address,
                reason=reason,
                refused_at=clock.to_timestamp(clock.now()),
            ),
            tenant,
        )

    def socket_opened(self, who: Identity, gateway: str, at_ms: int) -> None:
        event = gateway_events.SocketOpened(
            agent_id=who.agent_id, user_id=who.user_id, gateway=gateway, opened_at=clock.timestamp(at_ms)
        )
        self._offer(event, who.tenant)

    def _offer(self, event: Any, tenant: str) -> None:
        try:
            self._bus.offer(event, tenant)
        except Full:
            log.error("event_dropped", event_type=event.DESCRIPTOR.full_name)  # noqa: TRY400


def session_opened(user: User, session_id: str, address: str) -> gateway_events.SessionOpened:
    """For the transaction that stores the sign-in."""
    return gateway_events.SessionOpened(
        user_id=user.user_id,
        username=user.username,
        agent_id=user.agent_id,
        address=address,
        opened_at=clock.to_timestamp(clock.now()),
        session_id=session_id,
    )


def session_closed(user_id: str, username: str, session_id: str, reason: str) -> gateway_events.SessionClosed:
    """For the transaction that ends the sign-in."""
    return gateway_events.SessionClosed(
        user_id=user_id,
        username=username,
        reason=reason,
        closed_at=clock.to_timestamp(clock.now()),
        session_id=session_id,
    )
