"""What other services announce becomes a customer's timeline."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.chassis import clock, tenant
from services.chassis.bus import Bus
from services.chassis.ids import new_id
from services.chassis.outbox import OutboxRelay
from services.crm.bus import SUBJECTS, TIMELINE, Timeline
from services.stubs.acd.v1 import events_pb2 as acd
from services.stubs.common.v1 import types_pb2
from services.stubs.ivr.v1 import events_pb2 as ivr
from services.stubs.workorder.v1 import events_pb2 as workorder

MOBILE = "+8613800138000"
START = clock.from_ms(1_795_000_000_000)


@dataclass
class Others:
    """The other services' ends of the bus, and a way to wait until CRM has heard them."""

    buses: dict[str, Bus]
    desk: Any
    said: int = 0

    async def say(self, service: str, message: Any, *, id: str = "") -> str:  # noqa: A002
        event_id = id or new_id()
        await self.buses[service].publish(message, tenant.current(), id=event_id)
        self.said += 1
        return event_id

    async def heard(self, entries: int) -> None:
        async with asyncio.timeout(20):
            while await self.count() < entries:
                await asyncio.sleep(0.02)

    async def count(self) -> int:
        async with self.desk.database.system() as c:
            return int(await c.fetchval("select count(*) from timeline"))


@pytest.fixture
async def others(desk: Any, nats_url: str) -> AsyncIterator[Others]:
    buses = {service: Bus(nats_url, service=service) for service in ("acd", "ivr", "workorder", "crm")}
    for bus in buses.values():
        await bus.start()
    timeline = Timeline(desk.store.add_entries, region="CN")
    await buses["crm"].consume(TIMELINE, SUBJECTS, timeline.handle)
    yield Others(buses, desk)
    for bus in buses.values():
        await bus.stop()


def ended(contact_id: str, at: datetime = START, **fields: Any) -> acd.ContactEnded:
    basic: dict[str, Any] = {
        "contact_id": contact_id,
        "channel": types_pb2.CHANNEL_VOICE,
        "outcome": types_pb2.OUTCOME_ANSWERED,
        "from_number": MOBILE,
        "to_number": "10050",
        "queue": "support",
        "agent_id": "a1",
        "opened_at": clock.to_timestamp(at - timedelta(minutes=2)),
        "ended_at": clock.to_timestamp(at),
    }
    return acd.ContactEnded(**basic | fields)


async def test_a_call_with_its_survey_wrap_up_and_work_order(desk: Any, others: Others) -> None:
    customer = await desk.put(numbers=[MOBILE])
    contact = new_id()
    # As it happens: the survey before the end, the wrap-up and its work order after, in no fixed order.
    await others.say("ivr", ivr.SurveyAnswered(contact_id=contact, node="rate", score=4, highest=5))
    await others.say(
        "workorder",
        workorder.WorkOrderCreated(
            work_order_id=new_id(),
            number="WO-20261122-0001",
            contact_id=contact,
            created_at=clock.to_timestamp(START + timedelta(seconds=1)),
        ),
    )
    await others.say("acd", ended(contact, customer_id=customer.customer_id))
    await others.say("acd", acd.ContactWrappedUp(contact_id=contact, disposition="solved", agent_id="a1"))
    await others.heard(4)
    order, call = (await desk.pop(MOBILE)).recent
    assert (order.kind, order.title) == ("work_order", "WO-20261122-0001")
    assert (call.kind, call.contact_id, call.agent_id) == ("contact", contact, "a1")
    assert (call.channel, call.title) == (types_pb2.CHANNEL_VOICE, "answered · support · a1")
    data = json.loads(call.data_json)
    assert [survey["score"] for survey in data["surveys"]] == [4]
    assert [wrap_up["disposition"] for wrap_up in data["wrapUps"]] == ["solved"]
    assert data["toNumber"] == "10050"
    assert await desk.timeline(customer_id=customer.customer_id) == [order, call]
    of_contact = await desk.timeline(contact_id=contact)
    assert {entry.kind for entry in of_contact} == {"contact", "survey", "wrap_up", "work_order"}


async def test_an_unknown_caller_s_history_is_found_when_written_down(desk: Any, others: Others) -> None:
    call, message = new_id(), new_id()
    await others.say("acd", ended(call, from_number="013800138000"))
    await others.say("acd", ended(message, START + timedelta(hours=1), outcome=types_pb2.OUTCOME_VOICEMAIL))
    await others.say("ivr", ivr.VoicemailLeft(contact_id=message, length_ms=9_000))
    await others.heard(3)
    unknown = await desk.pop(MOBILE)
    assert not unknown.HasField("customer")
    assert {entry.contact_id for entry in unknown.recent} == {call, message}
    customer = await desk.put(numbers=[MOBILE])
    entries = await desk.timeline(customer_id=customer.customer_id)
    assert {(entry.kind, entry.contact_id) for entry in entries} == {
        ("contact", call),
        ("contact", message),
        ("voicemail", message),
    }
    assert list((await desk.pop(MOBILE)).recent) == entries


async def test_what_a_known_customer_did_stays_theirs_when_the_number_moves(
    desk: Any, others: Others
) -> None:
    before = await desk.put(name="Before", numbers=[MOBILE])
    await others.say("acd", ended(new_id(), customer_id=before.customer_id))
    await others.heard(1)
    await desk.put(customer_id=before.customer_id, revision=1, name="Before")
    after = await desk.put(name="After", numbers=[MOBILE])
    assert len(await desk.timeline(customer_id=before.customer_id)) == 1
    assert await desk.timeline(customer_id=after.customer_id) == []


async def test_events_told_twice_are_kept_once(desk: Any, others: Others) -> None:
    contact, event_id = new_id(), new_id()
    await others.say("acd", ended(contact), id=event_id)
    await others.say("acd", ended(contact, START, cause="told again"), id=event_id)
    await others.heard(1)
    timeline = Timeline(desk.store.add_entries, region="CN")
    heard: list[Any] = []

    async def keep(events: Any) -> None:
        heard.extend(events)

    await others.buses["crm"].consume("crm-again", SUBJECTS, keep)
    async with asyncio.timeout(20):
        while not heard:
            await asyncio.sleep(0.02)
    await timeline.handle(heard)
    await timeline.handle(heard * 2)
    assert await others.count() == 1


async def test_one_unreadable_event_stops_nobody(desk: Any, others: Others) -> None:
    good, odd = new_id(), ended(new_id())
    odd.ended_at.seconds = 253402300799  # the year 9999 is still a moment
    await others.say("acd", odd)
    await others.buses["acd"]._nc.publish("sy.demo.acd.contact.ended", b"no envelope")
    broken = {"specversion": "1.0", "id": new_id(), "source": "/x", "time": "?", "tenant": "demo", "data": {}}
    broken["type"] = "switchyard.acd.v1.ContactEnded"
    await others.buses["acd"]._nc.publish("sy.demo.acd.contact.ended", json.dumps(broken).encode())
    await others.say("acd", ended(good))
    await others.heard(2)
    assert await others.count() == 2


async def test_pages_run_from_the_newest_back(desk: Any, others: Others) -> None:
    customer = await desk.put(numbers=[MOBILE, "10050"])
    for i in range(12):
        known = {"customer_id": customer.customer_id} if i % 3 else {"from_number": ("10050", MOBILE)[i % 2]}
        await others.say("acd", ended(new_id(), START + timedelta(minutes=i), **known))
    await others.heard(12)
    seen: list[Any] = []
    before = None
    while page := await desk.timeline(customer_id=customer.customer_id, limit=5, before=before):
        seen += page
        before = page[-1].at
    assert [entry.at.seconds for entry in seen] == [
        int((START + timedelta(minutes=i)).timestamp()) for i in range(11, -1, -1)
    ]
    assert list((await desk.pop(MOBILE)).recent) == seen[:10]


async def test_a_tenant_never_sees_anothers_timeline(desk: Any, others: Others) -> None:
    contact, customer_id = new_id(), (await desk.put(numbers=[MOBILE])).customer_id
    await others.say("acd", ended(contact, customer_id=customer_id))
    await others.say("acd", ended(new_id()))
    with tenant.use("other"):
        # A forged event of this tenant about the other's contact and customer.
        await others.say("ivr", ivr.SurveyAnswered(contact_id=contact, score=1, highest=5))
        await others.say(
            "workorder", workorder.WorkOrderMoved(work_order_id=new_id(), contact_id=contact, number="WO-1")
        )
        await others.heard(4)
        assert list((await desk.pop(MOBILE, customer_id)).recent) == []
        assert {entry.kind for entry in await desk.timeline(contact_id=contact)} == {"survey", "work_order"}
    recent = (await desk.pop(MOBILE)).recent
    assert len(recent) == 2
    assert all("surveys" not in json.loads(entry.data_json) for entry in recent)
    assert [entry.kind for entry in await desk.timeline(contact_id=contact)] == ["contact"]


async def test_announcements_reach_the_bus(desk: Any, others: Others) -> None:
    heard: list[Any] = []
    await others.buses["acd"].listen(["sy.demo.crm.>"], heard.append)
    customer = await desk.put(numbers=[MOBILE])
    relay = OutboxRelay(desk.database, others.buses["crm"], service="crm")
    assert await relay.relay_once() == 1
    async with asyncio.timeout(20):
        while not heard:
            await asyncio.sleep(0.01)
    assert (heard[0].type, heard[0].subject) == ("switchyard.crm.v1.CustomerCreated", customer.customer_id)
    assert await relay.relay_once() == 0
