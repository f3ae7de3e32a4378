"""PostgreSQL: orders, their steps, the requests already carried out. Translates, decides nothing.

Every method runs in a transaction of the current tenant, which the caller opened by `transaction()`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import asyncpg

from services.chassis import tenant
from services.chassis.db import Connection, Database, load_queries
from services.chassis.errors import Conflict, Invalid
from services.chassis.ids import is_id
from services.workorder.domain import Action, Filter, State, Step, Type, Urgency, WorkOrder

MIGRATIONS = Path(__file__).parent / "migrations"
_Q = load_queries(Path(__file__).parent / "queries.sql")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A request that was carried out before: what it asked for, and the order it made or moved."""

    digest: bytes
    work_order_id: str


class Store:
    """Orders in PostgreSQL."""

    def __init__(self, database: Database, *, search_timeout_ms: int) -> None:
        self._database = database
        self._search_timeout_ms = search_timeout_ms

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """All or nothing, for the current tenant. Raises Unavailable when the database is away."""
        async with self._database.tenant() as connection:
            yield connection

    async def claim(self, c: Connection, request_id: str, digest: bytes, at: datetime) -> Claimed | None:
        """Takes the request id for this transaction; gives what took it before, if anything did.

        A double in flight waits here until the first has committed or failed.
        """
        slug = tenant.current()
        if await c.fetchval(_Q.claim_request, slug, request_id, digest, at):
            return None
        row = await c.fetchrow(_Q.claimed_request, slug, request_id)
        if row is None or row["work_order_id"] is None:
            raise Conflict("The same request failed a moment ago: send it once more.")
        return Claimed(row["digest"], row["work_order_id"])

    async def settle(self, c: Connection, request_id: str, work_order_id: str) -> None:
        """Notes which order the claimed request made or moved."""
        await c.execute(_Q.settle_request, tenant.current(), request_id, work_order_id)

    async def next_number(self, c: Connection, day: date) -> str:
        """The day's next number. Holds the day's row until the transaction ends: take it late."""
        last: int = await c.fetchval(_Q.next_number, tenant.current(), day)
        return f"WO-{day:%Y%m%d}-{last:04d}"

    async def insert(self, c: Connection, order: WorkOrder) -> None:
        await c.execute(
            _Q.insert_order,
            tenant.current(),
            order.work_order_id,
            order.number,
            order.type,
            order.urgency,
            order.channel,
            order.state,
            order.title,
            order.description,
            order.customer_id or None,
            order.contact_id or None,
            order.department,
            order.assignee,
            order.created_by,
            order.created_at,
            order.changed_at,
            order.revision,
        )

    async def move(self, c: Connection, order: WorkOrder) -> None:
        """Writes an order as it is after a move by one revision; its row must be locked by `lock`."""
        moved = await c.fetchval(
            _Q.move_order,
            tenant.current(),
            order.work_order_id,
            order.revision - 1,
            order.state,
            order.department,
            order.assignee,
            order.changed_at,
        )
        if not moved:
            raise RuntimeError(f"{order.number} was moved without holding its lock")

    async def add_step(self, c: Connection, step: Step) -> None:
        await c.execute(
            _Q.insert_step,
            tenant.current(),
            step.work_order_id,
            step.position,
            step.step_id,
            step.action,
            step.from_state,
            step.to_state,
            step.by,
            step.note,
            step.department,
            step.assignee,
            step.satisfied,
            step.at,
        )

    async def find(self, c: Connection, key: str, *, lock: bool = False) -> WorkOrder | None:
        """By id or number; `lock` keeps others from moving it until the transaction ends."""
        by_id = is_id(key)
        if lock:
            query = _Q.lock_order_by_id if by_id else _Q.lock_order_by_number
        else:
            query = _Q.order_by_id if by_id else _Q.order_by_number
        row = await c.fetchrow(query, tenant.current(), key)
        return None if row is None else _order(row)

    async def steps(self, c: Connection, work_order_id: str) -> list[Step]:
        return [_step(row) for row in await c.fetch(_Q.steps, tenant.current(), work_order_id)]

    async def list(self, c: Connection, wanted: Filter) -> list[WorkOrder]:
        """Newest first. Raises Invalid when a text search takes too long."""
        # A plan made once for all filters would fit none: it would walk all orders to find one customer's.
        await c.execute("set local plan_cache_mode = force_custom_plan")
        if wanted.text:
            await c.execute(f"set local statement_timeout = {self._search_timeout_ms}")
        try:
            rows = await c.fetch(
                _Q.list_orders,
                tenant.current(),
                wanted.customer_id or None,
                wanted.contact_id or None,
                wanted.assignee,
                list(wanted.states),
                f"%{_escaped(wanted.text)}%" if wanted.text else "",
                wanted.after or None,
                wanted.limit,
            )
        except asyncpg.QueryCanceledError:
            raise Invalid("text", "takes too long to search for; add a customer, state or assignee") from None
        return [_order(row) for row in rows]


def _escaped(text: str) -> str:
    """What people type is text, also where LIKE has a meaning for it."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _order(row: Any) -> WorkOrder:
    return WorkOrder(
        work_order_id=str(row["work_order_id"]),
        number=row["number"],
        type=Type(row["type"]),
        urgency=Urgency(row["urgency"]),
        channel=row["channel"],
        state=State(row["state"]),
        title=row["title"],
        description=row["description"],
        customer_id=str(row["customer_id"] or ""),
        contact_id=str(row["contact_id"] or ""),
        department=row["department"],
        assignee=row["assignee"],
        created_by=row["created_by"],
        created_at=row["created_at"],
        changed_at=row["changed_at"],
        revision=row["revision"],
    )


def _step(row: Any) -> Step:
    return Step(
        step_id=str(row["step_id"]),
        work_order_id=str(row["work_order_id"]),
        position=row["position"],
        action=None if row["action"] is None else Action(row["action"]),
        from_state=State(row["from_state"]),
        to_state=State(row["to_state"]),
        by=row["by_whom"],
        note=row["note"],
        department=row["department"],
        assignee=row["assignee"],
        satisfied=row["satisfied"],
        at=row["at"],
    )
