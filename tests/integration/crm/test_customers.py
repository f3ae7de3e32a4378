"""Customers, callers and blocked numbers end to end: gRPC in, PostgreSQL underneath."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import orjson
import pytest

from services.chassis import clock, tenant
from services.chassis.errors import Conflict, Invalid, NotFound, Stale
from services.chassis.ids import new_id
from services.stubs.crm.v1 import crm_pb2 as pb

MOBILE = "+8613800138000"


async def announced(desk: Any) -> list[tuple[str, dict[str, Any]]]:
    async with desk.database.system() as c:
        found = await c.fetch("select subject, payload from outbox order by seq")
    return [(row["subject"], orjson.loads(row["payload"])["data"]) for row in found]


def block(number: str, **fields: Any) -> pb.BlockNumberRequest:
    return pb.BlockNumberRequest(number=number, **{"reason": "threats"} | fields)


async def test_a_customer_is_written_down_and_recognised(desk: Any) -> None:
    assert (await desk.identify("013800138000")).customer_id == ""
    kept = await desk.put(
        name="王伟",
        organisation="ACME",
        numbers=["13800138000", "10050"],
        accounts=["A-17"],
        level=3,
        language="zh-CN",
        tags=["quiet"],
        notes="two\nlines",
    )
    assert (kept.revision, list(kept.numbers)) == (1, [MOBILE, "10050"])
    assert await desk.ask("GetCustomer", pb.GetCustomerRequest(customer_id=kept.customer_id)) == kept
    caller = await desk.identify("013800138000")
    assert (caller.customer_id, caller.name) == (kept.customer_id, "王伟")
    assert (caller.number, caller.level, caller.language) == (MOBILE, 3, "zh-CN")
    assert (await desk.pop("10050")).customer == kept
    assert (await desk.pop("", kept.customer_id)).customer == kept
    assert (await desk.pop("+861088886666", kept.customer_id)).customer == kept
    assert not (await desk.pop("+861088886666")).HasField("customer")
    assert (await desk.pop(MOBILE, new_id())).customer == kept, "an id that is none does not hide the caller"


async def test_a_change_is_seen_at_once_and_announced(desk: Any) -> None:
    kept = await desk.put(numbers=[MOBILE])
    assert (await desk.identify(MOBILE)).level == 0
    kept.level = 2
    kept.numbers[:] = ["10050", "10086"]
    changed = await desk.put(**{field.name: value for field, value in kept.ListFields()})
    assert (changed.revision, changed.created_at) == (2, kept.created_at)
    assert (await desk.identify(MOBILE)).customer_id == ""
    assert (await desk.identify("10086")).level == 2
    same = await desk.put(**{field.name: value for field, value in changed.ListFields()})
    assert same == changed, "nothing changed, nothing written"
    assert await announced(desk) == [
        (
            "sy.demo.crm.customer.created",
            {
                "customerId": kept.customer_id,
                "name": "Wang Wei",
                "createdAt": kept.created_at.ToJsonString(),
            },
        ),
        (
            "sy.demo.crm.customer.changed",
            {
                "customerId": kept.customer_id,
                "fields": ["numbers", "level"],
                "changedAt": changed.changed_at.ToJsonString(),
            },
        ),
    ]


async def test_two_desks_change_a_customer_at_once_and_one_is_told(desk: Any) -> None:
    kept = await desk.put()
    same = {"customer_id": kept.customer_id, "revision": 1}
    results = await asyncio.gather(
        desk.put(**same, level=1), desk.put(**same, level=2), return_exceptions=True
    )
    assert [type(result) for result in results if isinstance(result, Exception)] == [Stale]


async def test_two_desks_write_down_the_same_caller_at_once(desk: Any) -> None:
    numbers = [MOBILE, "10050"]
    results = await asyncio.gather(
        *(desk.put(numbers=numbers if i % 2 else numbers[::-1]) for i in range(6)), return_exceptions=True
    )
    refused = [result for result in results if isinstance(result, Exception)]
    assert [type(result) for result in refused] == [Conflict] * 5
    assert "belongs to Wang Wei already" in str(refused[0])
    assert len(await desk.search("Wang")) == 1
    assert len(await announced(desk)) == 1


async def test_a_number_of_somebody_else_changes_nothing(desk: Any) -> None:
    await desk.put(name="First", numbers=["10050"])
    second = await desk.put(name="Second", numbers=["10086"])
    with pytest.raises(Conflict, match="10050 belongs to First already"):
        await desk.put(customer_id=second.customer_id, revision=1, name="Changed", numbers=["10000", "10050"])
    assert (await desk.pop("10086")).customer == second
    assert (await desk.pop("10000")).customer.customer_id == ""


async def test_nobody_invents_an_id(desk: Any) -> None:
    with pytest.raises(NotFound):
        await desk.put(customer_id=new_id(), revision=1)
    with pytest.raises(Invalid) as refused:
        await desk.put(numbers=["10050", "138\n{x}"])
    assert refused.value.field == "numbers[1]"
    assert await desk.search("Wang") == []


async def test_search_by_any_of_it(desk: Any) -> None:
    await desk.put(name="Wang Wei", organisation="Tietong 10%", numbers=["13800138000"], accounts=["AC_77"])
    await desk.put(name="李小明", numbers=["01088886666"])
    assert await desk.search("13800138000") == ["Wang Wei"]
    assert await desk.search("1380") == ["Wang Wei"]
    assert await desk.search("010-8888") == ["李小明"]
    assert await desk.search("+86") == ["李小明", "Wang Wei"], "newest first"
    assert await desk.search("+86", limit=1) == ["李小明"]
    assert await desk.search("ＷＡＮＧ") == ["Wang Wei"]
    assert await desk.search("ng we") == ["Wang Wei"]
    assert await desk.search("小明") == ["李小明"]
    assert await desk.search("ac_7") == ["Wang Wei"]
    assert await desk.search("tong 10%") == ["Wang Wei"]
    assert await desk.search("%") == ["Wang Wei"]
    assert await desk.search("AC%77") == await desk.search("_") == await desk.search("\\") == []
    with pytest.raises(Invalid):
        await desk.search("")


async def test_search_stays_useful_when_reading_all_takes_too_long(desk: Any, monkeypatch: Any) -> None:
    await desk.put(name="Wang Wei")
    monkeypatch.setattr(desk.store, "_search_timeout_ms", 1)
    async with desk.database.system() as c:
        await c.execute(
            "insert into customer select 'demo', gen_random_uuid(), 'x', '', '', 0, '', '{}', '', 1, now(),"
            " now(), repeat(md5(i::text), 20), '' from generate_series(1, 30000) i"
        )
    assert await desk.search("Wang") == ["Wang Wei"]


async def test_a_blocked_caller_until_it_ends_or_is_lifted(desk: Any) -> None:
    assert not (await desk.identify(MOBILE)).blocked
    await desk.ask("BlockNumber", block("13800138000"))
    caller = await desk.identify(MOBILE)
    assert (caller.blocked, caller.blocked_reason) == (True, "threats")
    assert (await desk.pop(MOBILE)).caller.blocked
    await desk.ask("BlockNumber", block(MOBILE, reason="worse"))
    listed = (await desk.ask("ListBlockedNumbers", pb.ListBlockedNumbersRequest())).numbers
    assert [(number.number, number.reason) for number in listed] == [(MOBILE, "worse")]
    await desk.ask("UnblockNumber", pb.UnblockNumberRequest(number=MOBILE))
    await desk.ask("UnblockNumber", pb.UnblockNumberRequest(number=MOBILE))
    assert not (await desk.identify(MOBILE)).blocked
    subjects = [subject.removeprefix("sy.demo.crm.") for subject, _ in await announced(desk)]
    assert subjects == ["number.blocked", "number.blocked", "number.unblocked"]


async def test_an_expired_block_blocks_nobody(desk: Any) -> None:
    later = clock.to_timestamp(clock.now() + timedelta(hours=1))
    await desk.ask("BlockNumber", block(MOBILE, expires_at=later))
    assert (await desk.identify(MOBILE)).blocked
    async with desk.database.tenant() as c:
        await c.execute("update blocked_number set expires_at = now() - interval '1 second'")
    assert not (await desk.pop(MOBILE)).caller.blocked
    assert not (await desk.ask("ListBlockedNumbers", pb.ListBlockedNumbersRequest())).numbers
    with pytest.raises(Invalid):
        await desk.ask("BlockNumber", block(MOBILE, expires_at=clock.to_timestamp(clock.from_ms(0))))


async def test_the_longest_prefix_is_responsible(desk: Any) -> None:
    for prefix, department in (("+86", "national"), ("+8610", "beijing"), ("100", "carriers")):
        segment = pb.NumberSegment(prefix=prefix, segment=f"of {prefix}", department=department)
        await desk.ask("PutNumberSegment", segment)
    assert (await desk.identify("010-88886666")).department == "beijing"
    assert (await desk.identify(MOBILE)).segment == "of +86"
    assert (await desk.pop("10050")).caller.department == "carriers"
    assert (await desk.identify("alice")).department == ""
    await desk.ask("RemoveNumberSegment", pb.RemoveNumberSegmentRequest(prefix="+8610"))
    assert (await desk.identify("010-88886666")).department == "national"
    listed = (await desk.ask("ListNumberSegments", pb.ListNumberSegmentsRequest())).segments
    assert [segment.prefix for segment in listed] == ["+86", "100"]
    with pytest.raises(NotFound):
        await desk.ask("RemoveNumberSegment", pb.RemoveNumberSegmentRequest(prefix="+8610"))


@pytest.mark.parametrize("raw", ["", "anonymous", "\x00", "x" * 100_000, "1\n{a}", "sip:@;<>"])
async def test_identify_takes_whatever_a_trunk_sends(desk: Any, raw: str) -> None:
    assert (await desk.identify(raw)).customer_id == ""
    assert not (await desk.pop(raw)).HasField("customer")


async def test_a_tenant_neither_sees_changes_nor_probes_anothers_customers(desk: Any) -> None:
    theirs = await desk.put(numbers=[MOBILE], accounts=["A-17"])
    await desk.ask("BlockNumber", block("10086"))
    await desk.identify(MOBILE)
    with tenant.use("other"):
        with pytest.raises(NotFound):
            await desk.ask("GetCustomer", pb.GetCustomerRequest(customer_id=theirs.customer_id))
        with pytest.raises(NotFound):
            await desk.put(customer_id=theirs.customer_id, revision=1, name="Mine now")
        with pytest.raises(NotFound):
            await desk.timeline(customer_id=theirs.customer_id)
        assert (await desk.identify(MOBILE)).customer_id == ""
        assert not (await desk.identify("10086")).blocked
        assert not (await desk.pop(MOBILE, theirs.customer_id)).HasField("customer")
        assert await desk.search("Wang") == await desk.search(MOBILE) == await desk.search("A-17") == []
        await desk.ask("UnblockNumber", pb.UnblockNumberRequest(number="10086"))
        ours = await desk.put(name="Ours", numbers=[MOBILE])
        assert (await desk.pop(MOBILE)).customer == ours
        async with desk.database.tenant() as c:
            for table in ("customer", "customer_number", "customer_account", "blocked_number"):
                found = await c.fetchval(f"select count(*) from {table} where tenant = 'demo'")  # noqa: S608
                assert found == 0, table
            assert await c.execute("delete from blocked_number where tenant = 'demo'") == "DELETE 0"
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        async with desk.database.tenant() as c:
            await c.execute("update customer set tenant = 'other'")
    assert (await desk.pop(MOBILE)).customer == theirs
    assert (await desk.identify("10086")).blocked


async def test_every_table_guards_its_tenants(desk: Any) -> None:
    async with desk.database.system() as c:
        bare = await c.fetch(
            "select relname from pg_class where relnamespace = 'crm'::regnamespace and relkind = 'r'"
            " and not (relrowsecurity and relforcerowsecurity)"
        )
    assert {row["relname"] for row in bare} == {"outbox", "schema_migration"}
