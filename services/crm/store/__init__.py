"""PostgreSQL: customers, blocked numbers, segments, the timeline. Translates, decides nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import structlog

from services.chassis import tenant
from services.chassis.db import Connection, Database, load_queries
from services.crm.domain import Block, Customer, Entry, Known, Segment, numbers
from services.crm.store import rows

log = structlog.get_logger()

ROOM = Path(__file__).parents[1]
MIGRATIONS = ROOM / "migrations"
MOST_SEGMENTS = 10_000  # listed at once; a country has a few thousand
CANDIDATES = 1_000  # sorted by newest; what begins as widely as +86 would sort all customers
_Q = load_queries(ROOM / "queries.sql")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a number already."""

    number: str
    customer_id: str
    name: str


class Store:
    """CRM's tables, for the current tenant; `add_entries` alone writes for all."""

    def __init__(self, database: Database, *, search_timeout_ms: int) -> None:
        self._database = database
        self._search_timeout_ms = search_timeout_ms

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """All or nothing, for the current tenant. Raises Unavailable when the database is away."""
        async with self._database.tenant() as connection:
            yield connection

    async def known(self, number: str) -> Known:
        async with self.transaction() as c:
            row = await c.fetchrow(_Q.known_number, tenant.current(), number, numbers.prefixes(number))
        return rows.known(number, row)

    async def screen_pop(
        self, number: str, customer_id: str, *, recent: int
    ) -> tuple[Known, Customer | None, list[Entry]]:
        """Who calls, the customer (by id, else by number) and the newest entries: two queries."""
        slug = tenant.current()
        async with self.transaction() as c:
            prefixes = numbers.prefixes(number)
            row = await c.fetchrow(_Q.screen_pop, slug, number, prefixes, customer_id or None)
            customer = None if row["customer_id"] is None else rows.customer(row)
            # An unknown caller has a history too: that of the number.
            own = customer.numbers if customer else (number,) * bool(number)
            found_id = customer.customer_id if customer else None
            found = await c.fetch(_Q.timeline_of_customer, slug, found_id, own, None, recent)
        return rows.known(number, row), customer, [rows.entry(row) for row in found]

    # ------------------------------------------------------------ customers

    async def customers(self, c: Connection, ids: Sequence[str]) -> list[Customer]:
        """Those that exist, the last changed first."""
        found = await c.fetch(_Q.customers, tenant.current(), ids)
        return [rows.customer(row) for row in found]

    async def lock(self, c: Connection, customer_id: str) -> Customer | None:
        """The customer as it is, kept from others' changes until the transaction ends."""
        if await c.fetchval(_Q.lock_customer, tenant.current(), customer_id) is None:
            return None
        return (await self.customers(c, [customer_id]))[0]

    async def insert(self, c: Connection, customer: Customer) -> list[Holder]:
        """Gives those who have one of the numbers already; then the caller must not commit."""
        await c.execute(_Q.insert_customer, tenant.current(), *rows.customer_values(customer))
        await self._put_accounts(c, customer)
        return await self._put_numbers(c, customer)

    async def update(self, c: Connection, before: Customer, after: Customer) -> list[Holder]:
        """As `insert`. The row must be locked by `lock`."""
        slug = tenant.current()
        await c.execute(_Q.update_customer, slug, *rows.customer_values(after))
        if after.accounts != before.accounts:
            await c.execute(_Q.remove_accounts, slug, after.customer_id)
            await self._put_accounts(c, after)
        if after.numbers == before.numbers:
            return []
        await c.execute(_Q.remove_numbers, slug, after.customer_id)
        return await self._put_numbers(c, after)

    async def _put_accounts(self, c: Connection, customer: Customer) -> None:
        keys = [rows.folded(account) for account in customer.accounts]
        await c.execute(_Q.add_accounts, tenant.current(), customer.customer_id, keys, customer.accounts)

    async def _put_numbers(self, c: Connection, customer: Customer) -> list[Holder]:
        slug, wanted = tenant.current(), customer.numbers
        added = await c.fetch(_Q.add_numbers, slug, customer.customer_id, wanted)
        if len(added) == len(wanted):
            return []
        found = await c.fetch(_Q.holders, slug, wanted, customer.customer_id)
        return [
            Holder(row["number"], str(row["customer_id"]), row["name"] or row["organisation"])
            for row in found
        ]

    async def search(
        self, text: str, *, number: str, beginnings: Sequence[str], limit: int
    ) -> list[Customer]:
        """By the beginning of number, account, name or organisation; then inside names, while time lasts."""
        slug, key = tenant.current(), rows.folded(text)
        async with self.transaction() as c:
            found = await c.fetch(
                _Q.search_by_beginning,
                slug,
                number,
                beginnings,
                [rows.beyond(beginning) for beginning in beginnings],
                key,
                rows.beyond(key),
                limit,
                CANDIDATES,
            )
            ids = [row["customer_id"] for row in found]
            if len(ids) < limit:
                inside = await self._inside(c, f"%{rows.escaped(key)}%", limit)
                ids = list(dict.fromkeys([*ids, *inside]))[:limit]
            return await self.customers(c, ids)

    async def _inside(self, c: Connection, pattern: str, limit: int) -> list[Any]:
        """Reads every customer of the tenant: no index can help under row-level security (README)."""
        # By savepoint, because cancelling a query would end the whole transaction.
        await c.execute(f"savepoint names; set local statement_timeout = {self._search_timeout_ms}")
        try:
            found = await c.fetch(_Q.search_inside, tenant.current(), pattern, limit)
        except asyncpg.QueryCanceledError:
            log.warning("customer_search_cut_short", after_ms=self._search_timeout_ms)
            found = []
        await c.execute("rollback to names")
        return [row["customer_id"] for row in found]

    # ------------------------------------------------------------ numbers

    async def block(self, c: Connection, block: Block) -> None:
        slug = tenant.current()
        await c.execute(_Q.block, slug, block.number, block.reason, block.blocked_at, block.expires_at)

    async def unblock(self, c: Connection, number: str) -> bool:
        """Whether it was blocked."""
        return await c.fetchval(_Q.unblock, tenant.current(), number) is True

    async def blocked(self, now: datetime, limit: int) -> list[Block]:
        async with self.transaction() as c:
            found = await c.fetch(_Q.blocked_numbers, tenant.current(), now, limit)
        return [rows.block(row) for row in found]

    async def put_segment(self, segment: Segment) -> None:
        async with self.transaction() as c:
            slug = tenant.current()
            await c.execute(_Q.put_segment, slug, segment.prefix, segment.segment, segment.department)

    async def remove_segment(self, prefix: str) -> bool:
        """Whether it was there."""
        async with self.transaction() as c:
            return await c.fetchval(_Q.remove_segment, tenant.current(), prefix) is True

    async def segments(self) -> list[Segment]:
        async with self.transaction() as c:
            found = await c.fetch(_Q.segments, tenant.current(), MOST_SEGMENTS)
        return [rows.segment(row) for row in found]

    # ------------------------------------------------------------ timeline

    async def add_entries(self, entries: Sequence[Entry]) -> None:
        """Adds entries of any tenants; those that are there already stay as they are."""
        if not entries:
            return
        columns = [list(column) for column in zip(*map(rows.entry_values, entries), strict=True)]
        contacts = {(entry.tenant, entry.contact_id) for entry in entries if entry.contact_id}
        seen = [list(column) for column in zip(*contacts, strict=True)] or [[], []]
        async with self._database.system() as c:
            await c.execute(_Q.add_entries, *columns)
            await c.execute(_Q.attribute_entries, *seen)

    async def timeline(
        self, customer_id: str, own: Sequence[str], before: datetime | None, limit: int
    ) -> list[Entry]:
        """A customer's entries and those of the numbers that nobody was known by, newest first."""
        slug = tenant.current()
        async with self.transaction() as c:
            found = await c.fetch(_Q.timeline_of_customer, slug, customer_id or None, own, before, limit)
        return [rows.entry(row) for row in found]

    async def contact(self, contact_id: str, before: datetime | None, limit: int) -> list[Entry]:
        async with self.transaction() as c:
            found = await c.fetch(_Q.timeline_of_contact, tenant.current(), contact_id, before, limit)
        return [rows.entry(row) for row in found]

    async def substring_index_possible(self) -> bool:
        """Whether this PostgreSQL carries pg_trgm at all."""
        async with self._database.system() as c:
            return await c.fetchval(_Q.substring_index_possible) is True
