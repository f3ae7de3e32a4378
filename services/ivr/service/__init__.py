"""The shell: takes calls from the switches, gives each to an engine, and stops without losing one."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

import structlog
from prometheus_client import Counter, Gauge

from services.chassis import clock, tenant
from services.chassis.errors import SwitchyardError
from services.chassis.esl import EslError, OutboundCall
from services.chassis.esl import commands as fs
from services.chassis.ids import is_id
from services.chassis.log import bind_contact
from services.ivr.api import Crm
from services.ivr.domain import Flow
from services.ivr.domain.calls import clean_number
from services.ivr.engine import Caller, Run
from services.ivr.service.arrival import Arrival, arrival, remembered
from services.ivr.service.book import Book
from services.ivr.service.call import Call, Parts

__all__ = ["Ivr"]

log = structlog.get_logger()

CALLS = Counter("switchyard_ivr_calls_total", "Calls taken.", ["kind"])
IN_HAND = Gauge("switchyard_ivr_calls_in_hand", "Calls in this process's hands.")
UNKNOWN = Counter("switchyard_ivr_identify_failed_total", "Calls that went on without CRM.")


class Ivr:
    """`take` is the handler of the outbound server: one task for each call."""

    def __init__(self, book: Book, crm: Crm, parts: Parts, *, default_tenant: str) -> None:
        self._book = book
        self._crm = crm
        self._parts = parts
        self._default_tenant = default_tenant

    async def take(self, switch: OutboundCall) -> None:
        """One call, from the socket's begin to its end."""
        now = clock.now()
        arrived = arrival(switch.channel, default_tenant=self._default_tenant, now=now)
        contact = arrived.contact
        with bind_contact(contact.contact_id), tenant.use(contact.tenant), IN_HAND.track_inprogress():
            CALLS.labels("re-entered" if arrived.position else "new").inc()
            # First of all: whatever happens from here on, others find out whose call this was.
            named = asyncio.ensure_future(switch.api(fs.uuid_setvar_multi(switch.uuid, remembered(contact))))
            caller = await self._caller(arrived)
            flow = await self._flow(arrived)
            await _done(named)
            known = _known_as(arrived, caller)
            if not arrived.position:
                self._parts.queueing.open(known.contact)
            call = Call(switch, known, Run(flow, caller), self._parts)
            call.learn(_difference(remembered(contact), remembered(known.contact)))
            await call.live()

    async def _caller(self, arrived: Arrival) -> Caller:
        """Asks CRM, for so long at most. One back from an agent too: the flow may go on by level."""
        contact = arrived.contact
        plain = Caller(
            number=contact.from_number,
            called=contact.to_number,
            customer_id=contact.customer_id,
            language=arrived.language,
            agent_id=arrived.agent_id,
        )
        try:
            known = await self._crm.identify(contact.from_number, contact.to_number)
            return replace(known, language=arrived.language or known.language, agent_id=arrived.agent_id)
        except SwitchyardError as problem:
            UNKNOWN.inc()
            log.warning("caller_not_identified", detail=problem.sentence)
            return plain

    async def _flow(self, arrived: Arrival) -> Flow:
        contact = arrived.contact
        known = await self._book.version(contact.tenant, arrived.flow) if arrived.position else None
        return known or self._book.answering(contact.tenant, contact.to_number)


def _known_as(arrived: Arrival, caller: Caller) -> Arrival:
    """The contact under the number and customer that CRM knows."""
    number = clean_number(caller.number) or arrived.contact.from_number
    customer_id = caller.customer_id if is_id(caller.customer_id) else arrived.contact.customer_id
    return replace(arrived, contact=replace(arrived.contact, from_number=number, customer_id=customer_id))


async def _done(sent: asyncio.Future[str]) -> None:
    """A call that is gone already is told by its stream."""
    with suppress(EslError):
        await sent


def _difference(before: dict[str, str], after: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in after.items() if before[name] != value}
