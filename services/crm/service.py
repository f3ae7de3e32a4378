"""Carries decisions out: read, decide, write, announce, commit, then forget what memory had of it."""

from __future__ import annotations

import time
from datetime import datetime

import structlog

from services.chassis import clock, tenant
from services.chassis.db import Connection
from services.chassis.errors import Conflict, NotFound
from services.chassis.ids import new_id
from services.crm import bus, engine
from services.crm.domain import (
    Block,
    Caller,
    Customer,
    CustomerDraft,
    Entry,
    Known,
    ScreenPop,
    Segment,
    numbers,
)
from services.crm.store import Holder, Store
from services.crm.store.cache import KnownNumbers

log = structlog.get_logger()

RECENT = 10  # entries on a ringing agent's screen: what can be read before saying hello


class CrmService:
    """All that CRM can do, for the current tenant. Arguments are checked already."""

    def __init__(self, store: Store, cache: KnownNumbers, *, region: str) -> None:
        self._store = store
        self._cache = cache
        self._region = region

    # ------------------------------------------------------------ callers

    async def identify(self, raw: str) -> Caller:
        """Who calls with this number, as the trunk gave it. Raises Unavailable."""
        number = numbers.received(raw, self._region)
        if not number:
            return Caller(Known(""), blocked=False)
        slug, now_s = tenant.current(), time.monotonic()
        known = self._cache.get(slug, number, now_s)
        if known is None:
            epoch = self._cache.epoch
            known = await self._store.known(number)
            self._cache.keep(slug, known, now_s, epoch)
        return engine.caller_at(known, _now())

    async def screen_pop(self, raw: str, customer_id: str) -> ScreenPop:
        """What an agent's screen shows; always from the tables, as seconds-old notes mislead. Raises
        Unavailable."""
        number = numbers.received(raw, self._region)
        known, customer, recent = await self._store.screen_pop(number, customer_id, recent=RECENT)
        return ScreenPop(engine.caller_at(known, _now()), customer, tuple(recent))

    # ------------------------------------------------------------ customers

    async def put(self, draft: CustomerDraft) -> Customer:
        """Makes or changes a customer.

        Raises NotFound, Stale, Conflict naming who has a number already, Unavailable.
        """
        if draft.customer_id:
            return await self._change(draft)
        customer = engine.new_customer(draft, now=_now(), new_id=new_id)
        async with self._store.transaction() as c:
            _refuse_taken(await self._store.insert(c, customer))
            await bus.announce_created(c, customer)
        self._cache.forget(tenant.current(), customer.numbers)
        log.info("customer_created", customer_id=customer.customer_id)
        return customer

    async def _change(self, draft: CustomerDraft) -> Customer:
        async with self._store.transaction() as c:
            before = await self._store.lock(c, draft.customer_id)
            if before is None:
                raise NotFound("customer", draft.customer_id)
            after = engine.changed_customer(before, draft, now=_now())
            fields = engine.changed_fields(before, after)
            if not fields:
                return before
            _refuse_taken(await self._store.update(c, before, after))
            await bus.announce_changed(c, after, fields)
        self._cache.forget(tenant.current(), {*before.numbers, *after.numbers})
        log.info("customer_changed", customer_id=after.customer_id, fields=fields)
        return after

    async def get(self, customer_id: str) -> Customer:
        """Raises NotFound."""
        async with self._store.transaction() as c:
            return await self._present(c, customer_id)

    async def search(self, text: str, limit: int) -> list[Customer]:
        return await self._store.search(
            text,
            number=numbers.received(text, self._region),
            beginnings=numbers.beginnings(text, self._region),
            limit=limit,
        )

    async def timeline(self, customer_id: str, before: datetime | None, limit: int) -> list[Entry]:
        """A customer's, newest first, with what came from its numbers before it was known.

        Raises NotFound.
        """
        async with self._store.transaction() as c:
            customer = await self._present(c, customer_id)
        return await self._store.timeline(customer_id, customer.numbers, before, limit)

    async def contact(self, contact_id: str, before: datetime | None, limit: int) -> list[Entry]:
        return await self._store.contact(contact_id, before, limit)

    async def _present(self, c: Connection, customer_id: str) -> Customer:
        found = await self._store.customers(c, [customer_id])
        if not found:
            raise NotFound("customer", customer_id)
        return found[0]

    # ------------------------------------------------------------ numbers

    async def block(self, block: Block) -> None:
        """Refuses a number from now on; one that is refused already gets the new reason and expiry."""
        async with self._store.transaction() as c:
            await self._store.block(c, block)
            await bus.announce_blocked(c, block)
        self._cache.forget(tenant.current(), [block.number])
        log.info("number_blocked", number=block.number)

    async def unblock(self, number: str) -> None:
        """No refusal any more; nothing happens where there was none."""
        async with self._store.transaction() as c:
            if await self._store.unblock(c, number):
                await bus.announce_unblocked(c, number, _now())
        self._cache.forget(tenant.current(), [number])
        log.info("number_unblocked", number=number)

    async def blocked(self, limit: int) -> list[Block]:
        return await self._store.blocked(_now(), limit)

    async def put_segment(self, segment: Segment) -> Segment:
        await self._store.put_segment(segment)
        self._cache.forget_all()
        return segment

    async def remove_segment(self, prefix: str) -> None:
        """Raises NotFound."""
        if not await self._store.remove_segment(prefix):
            raise NotFound("number segment", prefix)
        self._cache.forget_all()

    async def segments(self) -> list[Segment]:
        return await self._store.segments()


def _refuse_taken(holders: list[Holder]) -> None:
    if holders:
        first = holders[0]
        raise Conflict(
            f"The number {first.number} belongs to {first.name} already (customer {first.customer_id}): "
            "change that customer, or take the number away there first.",
            field="numbers",
        )


def _now() -> datetime:
    """To the millisecond, as the contracts carry it: what is answered equals what is read later."""
    return clock.from_ms(clock.now_ms())
