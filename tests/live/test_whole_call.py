"""The whole call: a telephone, a real FreeSWITCH and the whole suite, from the greeting to the timeline."""

from __future__ import annotations

import pytest

from tests.live import sound
from tests.live.centre import AGENT_HZ, CALLER_HZ, MAIN_LINE, SETTLE_S, Centre, Data, plays
from tests.live.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

TALK_S = 3


async def test_caller_reaches_an_agent_and_rates_the_talk(centre: Centre) -> None:
    """Item 7 of the spine: sound both ways, survey, work order and timeline, joined by the contact."""
    number = "+441632960100"
    customer = await centre.admin.ask(
        "POST", "/customers", {"name": "Wang Fang", "numbers": [number], "level": 3, "language": "zh"}
    )
    async with (
        centre.switch.link("PLAYBACK_START RECORD_STOP CHANNEL_HANGUP_COMPLETE") as watcher,
        centre.agent("1001") as agent,
        centre.caller(number, to=MAIN_LINE) as caller,
    ):
        greeting = await watcher.event(plays("welcome"))
        leg = greeting["Unique-ID"]
        await watcher.event(plays("menu"))
        await caller.press("1")

        offer = await agent.pushed("offer")
        assert offer["queue"] == "sales"
        assert offer["from_number"] == number
        assert offer["customer_id"] == customer["customer_id"]
        pop = await agent.pushed("pop")
        assert pop["contact_id"] == offer["contact_id"]
        assert pop["customer"]["name"] == "Wang Fang"
        await agent.picks_up()

        # The suite does not record yet; when it does, its own recording is to be taken here.
        path = centre.switch.recordings / "whole-call.wav"
        async with centre.switch.link() as link:
            await link.api(f"uuid_record {leg} start {path} {TALK_S}")
        await watcher.event("RECORD_STOP", within_s=TALK_S + 5)

        await agent.phone.hang_up()
        await agent.pushed("released", ended_by="agent")
        await watcher.event(plays("survey"))
        await caller.press("5")
        await watcher.event(plays("thanks"))
        await caller.said("CALL_CLOSED")
        contact_id = offer["contact_id"]
        done = await agent.does(
            "wrap_up",
            contact_id=contact_id,
            disposition="resolved",
            notes="寄出发票 sent the invoice",
            work_order={
                "type": "fault",
                "urgency": "normal",
                "title": "Line noise",
                "customer_id": offer["customer_id"],
            },
        )
        await agent.pushed("wrapped_up")

    recording = sound.read(path)
    caller_side, agent_side = 0, 1
    assert recording.hears(caller_side, CALLER_HZ)
    assert recording.hears(agent_side, AGENT_HZ)
    assert not recording.hears(caller_side, AGENT_HZ)
    assert not recording.hears(agent_side, CALLER_HZ)
    assert agent.phone.heard().hears(0, CALLER_HZ)
    assert caller.heard().hears(0, AGENT_HZ)

    end = await centre.ended(contact_id, "answered")
    assert end["call"]["callId"] == leg
    assert end["customerId"] == customer["customer_id"]
    assert end["agentId"] == agent.agent_id
    [score] = await centre.settled("ivr", "select * from ivr.survey_answer where contact_id = $1", contact_id)
    assert (score["score"], score["agent_id"]) == (5, agent.agent_id)
    found = await centre.admin.ask("GET", f"/work-orders?contact_id={contact_id}")
    [order] = found["work_orders"]
    assert order["work_order_id"] == done["work_order"]["work_order_id"]
    assert order["customer_id"] == customer["customer_id"]

    contact, ordered = await timeline(centre, customer["customer_id"])
    assert (contact["contact_id"], contact["agent_id"]) == (contact_id, agent.agent_id)
    assert [survey["score"] for survey in contact["data"]["surveys"]] == [5]
    assert [work["notes"] for work in contact["data"]["wrapUps"]] == ["寄出发票 sent the invoice"]
    assert ordered["contact_id"] == contact_id
    assert order["number"] in ordered["title"]


async def timeline(centre: Centre, customer_id: str) -> tuple[Data, Data]:
    """The customer's contact, with what was said of it, and his work order, once all has arrived."""

    async def look() -> tuple[Data, Data] | None:
        found = await centre.admin.ask("GET", f"/customers/{customer_id}/timeline")
        kinds = {entry["kind"]: entry for entry in found["entries"]}
        contact, order = kinds.get("contact"), kinds.get("work_order")
        whole = contact and order and {"surveys", "wrapUps"} <= set(contact["data"])
        return (contact, order) if contact and order and whole else None

    return await until(look, within_s=SETTLE_S, what="contact and work order on the timeline")
