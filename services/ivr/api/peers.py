"""What the IVR asks of CRM and the ACD, in the engine's words. Translates, decides nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

import structlog

from services.chassis.clock import to_timestamp
from services.chassis.errors import Conflict, Full, Invalid, NotFound, SwitchyardError, Unavailable
from services.chassis.rpc import Client
from services.ivr.domain.calls import Contact, clean_number
from services.ivr.engine import Caller
from services.ivr.engine import commands as do
from services.ivr.engine import events as on
from services.stubs.acd.v1 import acd_pb2, acd_pb2_grpc, events_pb2
from services.stubs.common.v1 import types_pb2
from services.stubs.crm.v1 import crm_pb2, crm_pb2_grpc

log = structlog.get_logger()

Answer = on.Placed | on.Refused | on.AlreadyAnswered
News = on.Placed | on.Expelled

TRANSFER_AFTER_BRIDGE = "ivr:XML:switchyard"
"""Where the dialplan takes a caller whose agent hung up first: back to us."""

ANSWERS_WITHIN_S = 0.5
"""For the question whether the ACD is there at all: asked again and again, so soon enough."""

OUTCOMES = {
    "answered": types_pb2.OUTCOME_ANSWERED,
    "abandoned": types_pb2.OUTCOME_ABANDONED,
    "rejected": types_pb2.OUTCOME_REJECTED,
    "voicemail": types_pb2.OUTCOME_VOICEMAIL,
    "callback": types_pb2.OUTCOME_CALLBACK,
    "self_service": types_pb2.OUTCOME_SELF_SERVICE,
}


class Crm:
    """Who calls."""

    def __init__(self, address: str, *, timeout_s: float) -> None:
        self._client = Client(address, crm_pb2_grpc.CrmStub, service="crm", timeout_s=timeout_s)

    async def identify(self, number: str, called: str) -> Caller:
        """The caller behind a number. Raises Unavailable when CRM does not say in time."""
        request = crm_pb2.IdentifyRequest(number=number)
        known = await self._client.call(self._client.stub.Identify, request)
        return Caller(
            number=known.number or number,
            called=called,
            customer_id=known.customer_id,
            level=known.level,
            blocked=known.blocked,
            language=known.language.partition("-")[0].lower(),
            segment=known.segment,
            department=known.department,
        )

    async def close(self) -> None:
        await self._client.close()


class Acd:
    """The queue. Every request may be repeated."""

    def __init__(self, address: str, *, timeout_s: float, holder: str) -> None:
        self._client = Client(address, acd_pb2_grpc.AcdStub, service="acd", timeout_s=timeout_s)
        self._holder = holder

    async def open(self, contact: Contact) -> None:
        """Makes the contact known. Raises Unavailable."""
        await self._client.call(self._client.stub.OpenContact, _opened(contact))

    async def enqueue(self, contact: Contact, wish: do.Enqueue) -> Answer:
        """Puts the caller in the queue, or says why not. Never raises a SwitchyardError."""
        request = acd_pb2.EnqueueRequest(
            contact=_opened(contact),
            queue=wish.queue,
            priority=wish.priority,
            enqueued_at=to_timestamp(wish.enqueued_at),
            transfer_after_bridge=TRANSFER_AFTER_BRIDGE,
            holder=self._holder,
            data=wish.data,
            skills=_skills(wish.skills),
            relax=[acd_pb2.Relaxation(after_s=s.after_s, skills=_skills(s.skills)) for s in wish.relax],
            preferred_agent_id=wish.prefer,
            prefer_s=wish.prefer_s,
            excluded_agent_ids=wish.exclude,
        )
        try:
            said = await self._client.call(self._client.stub.Enqueue, request)
        except Unavailable:
            return on.Refused("unavailable")
        except Full:
            return on.Refused("full")
        except SwitchyardError as refused:  # unknown queue, or one closed to us: asking again is useless
            log.warning("contact_not_queued", queue=wish.queue, detail=refused.sentence)
            return on.Refused("unknown")
        if said.already_answered:
            return on.AlreadyAnswered()
        if said.HasField("overflowed"):
            return on.Refused(said.overflowed.reason, _overflow(said.overflowed.what))
        wait_ms = said.expected_wait_ms if said.HasField("expected_wait_ms") else None
        return on.Placed(said.position, wait_ms, said.queue, said.callback_possible, said.waiting_flow)

    async def request_callback(self, contact: Contact, wish: do.RequestCallback) -> on.Event:
        """Has the caller called back, or says why not. Never raises a SwitchyardError."""
        since = wish.waited_since
        request = acd_pb2.RequestCallbackRequest(
            contact=_opened(contact),
            number=wish.number,
            queue=wish.queue,
            enqueued_at=to_timestamp(since) if since else None,
            priority=wish.priority,
            data=wish.data,
        )
        try:
            await self._client.call(self._client.stub.RequestCallback, request)
        except Unavailable:
            return on.CallbackRefused("unavailable")
        except Invalid as refused:
            return on.CallbackRefused("number" if refused.field == "number" else "refused")
        except SwitchyardError as refused:
            log.warning("callback_refused", queue=wish.queue, detail=refused.sentence)
            return on.CallbackRefused("refused")
        return on.CallbackTaken()

    async def withdraw(self, contact_id: str, reason: str) -> on.Withdrawn:
        """Takes the caller out of the queue. Raises Unavailable."""
        request = acd_pb2.WithdrawRequest(contact_id=contact_id, reason=reason)
        try:
            await self._client.call(self._client.stub.Withdraw, request)
        except Conflict:
            return on.Withdrawn(late=True)
        except NotFound:
            return on.Withdrawn()  # the ACD does not know the contact: it is in no queue
        return on.Withdrawn()

    async def close_contact(self, contact: Contact, outcome: str, cause: str, at: datetime) -> None:
        """The flow's last word. Raises Unavailable."""
        request = acd_pb2.CloseContactRequest(
            contact=_opened(contact),
            outcome=OUTCOMES[outcome],
            ended_at=to_timestamp(at),
            cause=cause,
        )
        await self._client.call(self._client.stub.CloseContact, request)

    async def agent_of(self, contact_id: str) -> str:
        """Who spoke with the caller last; "" when the ACD does not know."""
        request = acd_pb2.GetContactRequest(contact_id=contact_id)
        try:
            return (await self._client.call(self._client.stub.GetContact, request)).agent_id
        except SwitchyardError:
            return ""

    async def answers(self, contact_id: str) -> bool:
        """Whether anybody serves the queues at the moment, known contact or not."""
        request = acd_pb2.GetContactRequest(contact_id=contact_id)
        try:
            await self._client.call(self._client.stub.GetContact, request, timeout_s=ANSWERS_WITHIN_S)
        except Unavailable:
            return False
        except SwitchyardError:
            return True
        return True

    async def watch(self) -> AsyncIterator[tuple[str, News]]:
        """News of the callers we hold, for ever. Raises Unavailable when the stream breaks."""
        request = acd_pb2.WatchContactsRequest(holder=self._holder, places_together=True)
        async for update in self._client.stream(self._client.stub.WatchContacts, request):
            match update.WhichOneof("update"):
                case "place":  # an ACD that knows no better
                    yield update.contact_id, _placed(update.place)
                case "places":
                    for each in update.places.places:
                        yield each.contact_id, _placed(each.place)
                case "expelled":
                    expelled = update.expelled
                    yield (
                        update.contact_id,
                        on.Expelled(expelled.reason, _overflow(expelled.what), expelled.queue),
                    )

    @property
    def reachable(self) -> bool:
        return self._client.reachable

    async def close(self) -> None:
        await self._client.close()


def _skills(levels: dict[str, int]) -> list[events_pb2.Skill]:
    return [events_pb2.Skill(name=name, level=level) for name, level in levels.items()]


def _placed(where: acd_pb2.ContactUpdate.Place) -> on.Placed:
    wait_ms = where.expected_wait_ms if where.HasField("expected_wait_ms") else None
    return on.Placed(where.position, wait_ms, where.queue, None, where.waiting_flow)


def _overflow(what: acd_pb2.Overflow) -> on.Overflow:
    """To another queue is the ACD's own affair; an action of a later version is left to the flow as well."""
    match what.action:
        case acd_pb2.OVERFLOW_ACTION_NODE:
            return on.Overflow("node", what.target)
        case acd_pb2.OVERFLOW_ACTION_VOICEMAIL:
            return on.Overflow("voicemail")
        case acd_pb2.OVERFLOW_ACTION_OUTSIDE:
            return on.Overflow("outside", clean_number(what.target))
        case acd_pb2.OVERFLOW_ACTION_CALLBACK:
            return on.Overflow("callback", clean_number(what.target))
    return on.FLOW_DECIDES


def _opened(contact: Contact) -> acd_pb2.OpenContactRequest:
    return acd_pb2.OpenContactRequest(
        contact_id=contact.contact_id,
        channel=types_pb2.CHANNEL_VOICE,
        call=types_pb2.CallRef(node=contact.node, call_id=contact.call_id),
        from_number=contact.from_number,
        to_number=contact.to_number,
        customer_id=contact.customer_id,
        opened_at=to_timestamp(contact.opened_at),
    )
