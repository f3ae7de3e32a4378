"""Work orders end to end: gRPC in, PostgreSQL underneath, events in the outbox."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import orjson
import pytest

from services.chassis import tenant
from services.chassis.errors import Conflict, Invalid, NotFound, Stale
from services.chassis.ids import new_id
from services.stubs.workorder.v1 import workorder_pb2 as pb


@pytest.fixture(autouse=True)
def demo() -> Iterator[None]:
    with tenant.use("demo"):
        yield


async def announced(desk: Any) -> list[dict[str, Any]]:
    async with desk.database.system() as c:
        rows = await c.fetch("select subject, payload from outbox order by seq")
    return [orjson.loads(row["payload"]) | {"nats": row["subject"]} for row in rows]


async def test_a_fault_from_call_to_satisfied_customer(desk: Any) -> None:
    customer, contact = new_id(), new_id()
    order = await desk.create(
        title="No dial tone", customer_id=customer, contact_id=contact, department="lines", channel="voice"
    )
    day = datetime.now(ZoneInfo("Asia/Shanghai"))
    assert order.number == f"WO-{day:%Y%m%d}-0001"
    assert (order.state, order.channel, order.revision) == (pb.STATE_DISPATCHED, "phone", 2)
    assert order.urgency == pb.URGENCY_NORMAL
    await desk.act(order.number, pb.ACTION_ANSWER, note="cable replaced", revision=2)
    await desk.act(order.work_order_id, pb.ACTION_REPLY, note="told on the phone")
    reopened = await desk.act(order.number, pb.ACTION_RETURN_VISIT, satisfied=False, note="")
    assert (reopened.state, reopened.department) == (pb.STATE_NEW, "")
    assert list(reopened.allowed_actions) == [pb.ACTION_DISPATCH, pb.ACTION_REPLY, pb.ACTION_VOID]
    steps = await desk.steps(order.number)
    assert [step.action for step in steps] == [
        pb.ACTION_UNSPECIFIED,
        pb.ACTION_DISPATCH,
        pb.ACTION_ANSWER,
        pb.ACTION_REPLY,
        pb.ACTION_RETURN_VISIT,
    ]
    assert steps[2].note == "cable replaced"
    events = await announced(desk)
    assert [event["nats"] for event in events] == ["sy.demo.workorder.workorder.created"] + [
        "sy.demo.workorder.workorder.moved"
    ] * 4
    assert {event["subject"] for event in events} == {order.work_order_id}
    assert events[-1]["data"]["toState"] == "new"
    assert events[-1]["data"]["contactId"] == contact
    assert [event["id"] for event in events] == [step.step_id for step in steps]


async def test_a_retry_makes_no_second_order(desk: Any) -> None:
    request_id = new_id()
    made = await asyncio.gather(*(desk.create(request_id=request_id) for _ in range(8)))
    assert len({order.work_order_id for order in made}) == 1
    assert len(await desk.orders()) == 1
    assert len(await announced(desk)) == 1
    with pytest.raises(Conflict, match="used for something else"):
        await desk.create(request_id=request_id, title="Another")


async def test_a_retry_moves_no_second_time(desk: Any) -> None:
    order = await desk.create()
    request = {"department": "lines", "request_id": new_id(), "revision": 1}
    moves = [desk.act(order.number, pb.ACTION_DISPATCH, **request) for _ in range(4)]
    assert {moved.revision for moved in await asyncio.gather(*moves)} == {2}
    assert len(await desk.steps(order.number)) == 2


async def test_many_desks_at_once_get_numbers_without_gap_or_double(desk: Any) -> None:
    made = await asyncio.gather(*(desk.create() for _ in range(40)))
    assert sorted(int(order.number.rpartition("-")[2]) for order in made) == list(range(1, 41))


async def test_a_refused_request_leaves_nothing_and_may_be_sent_again(desk: Any) -> None:
    order = await desk.create()
    request_id = new_id()
    with pytest.raises(Conflict, match="is new, which does not allow close; it allows dispatch, reply, void"):
        await desk.act(order.number, pb.ACTION_CLOSE, request_id=request_id)
    with pytest.raises(Invalid) as refused:
        await desk.act(order.number, pb.ACTION_DISPATCH, request_id=request_id)
    assert refused.value.field == "department"
    assert len(await desk.steps(order.number)) == 1
    assert len(await announced(desk)) == 1
    assert (await desk.get(order.number)).revision == 1
    moved = await desk.act(order.number, pb.ACTION_DISPATCH, request_id=request_id, department="lines")
    assert moved.state == pb.STATE_DISPATCHED


async def test_two_people_move_it_at_once_and_one_is_told(desk: Any) -> None:
    order = await desk.create()
    results = await asyncio.gather(
        desk.act(order.number, pb.ACTION_DISPATCH, department="lines", revision=1),
        desk.act(order.number, pb.ACTION_VOID, revision=1),
        return_exceptions=True,
    )
    assert [type(result) for result in results if isinstance(result, Exception)] == [Stale]
    assert len(await desk.steps(order.number)) == 2


async def test_lists_page_from_the_newest_down(desk: Any) -> None:
    customer = new_id()
    made = [await desk.create(customer_id=customer if i % 2 else "", title=f"Nr {i}") for i in range(9)]
    newest_first = [order.work_order_id for order in reversed(made)]
    seen: list[str] = []
    while page := await desk.orders(limit=4, after_work_order_id=seen[-1] if seen else ""):
        seen += [order.work_order_id for order in page]
    assert seen == newest_first
    assert [order.title for order in await desk.orders(customer_id=customer)] == [
        "Nr 7",
        "Nr 5",
        "Nr 3",
        "Nr 1",
    ]


async def test_lists_by_contact_assignee_and_state(desk: Any) -> None:
    contact = new_id()
    first = await desk.create(contact_id=contact)
    second = await desk.create()
    await desk.act(second.number, pb.ACTION_DISPATCH, department="lines", assignee="wang")
    assert [o.number for o in await desk.orders(contact_id=contact)] == [first.number]
    assert [o.number for o in await desk.orders(assignee="wang")] == [second.number]
    assert [o.number for o in await desk.orders(states=[pb.STATE_NEW])] == [first.number]
    assert len(await desk.orders(states=[pb.STATE_NEW, pb.STATE_DISPATCHED])) == 2
    assert await desk.orders(states=[pb.STATE_NEW], assignee="wang") == []


async def test_search_takes_what_people_type_as_text(desk: Any) -> None:
    percent = await desk.create(title="100% packet loss")
    chinese = await desk.create(title="x", description="宽带无法上网_A")
    assert [o.number for o in await desk.orders(text="0% PACKET")] == [percent.number]
    assert [o.number for o in await desk.orders(text="无法上网_a")] == [chinese.number]
    assert [o.number for o in await desk.orders(text=chinese.number.lower())] == [chinese.number]
    assert await desk.orders(text="1_0%") == []
    assert await desk.orders(text="\\") == []


async def test_history_cannot_be_rewritten(desk: Any) -> None:
    await desk.create()
    for statement in ("update work_order_step set note = 'x'", "delete from work_order_step"):
        with pytest.raises(asyncpg.RaiseError, match="append-only"):
            async with desk.database.tenant() as c:
                await c.execute(statement)


async def test_a_tenant_neither_sees_changes_nor_probes_anothers_orders(desk: Any) -> None:
    customer, contact, request_id = new_id(), new_id(), new_id()
    theirs = await desk.create(customer_id=customer, contact_id=contact, request_id=request_id)
    with tenant.use("other"):
        for key in (theirs.work_order_id, theirs.number):
            for probe in (desk.get(key), desk.steps(key), desk.act(key, pb.ACTION_VOID)):
                with pytest.raises(NotFound):
                    await probe
        assert await desk.orders() == await desk.orders(customer_id=customer) == []
        assert await desk.orders(contact_id=contact, after_work_order_id=new_id()) == []
        # The same request id and the same number are this tenant's own.
        ours = await desk.create(request_id=request_id, title="Ours")
        assert (ours.number, ours.title) == (theirs.number, "Ours")
        async with desk.database.tenant() as c:
            for table in ("work_order", "work_order_step", "work_order_request", "work_order_day"):
                found = await c.fetchval(f"select count(*) from {table} where tenant = 'demo'")  # noqa: S608
                assert found == 0, table
            assert await c.execute("update work_order set title = 'x' where tenant = 'demo'") == "UPDATE 0"
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        async with desk.database.tenant() as c:
            await c.execute("update work_order set tenant = 'other'")
    assert (await desk.get(theirs.number)).title == "Fault"


async def test_every_table_guards_its_tenants(desk: Any) -> None:
    async with desk.database.system() as c:
        bare = await c.fetch(
            "select relname from pg_class where relnamespace = 'workorder'::regnamespace and relkind = 'r'"
            " and not (relrowsecurity and relforcerowsecurity)"
        )
    assert {row["relname"] for row in bare} == {"outbox", "schema_migration"}
