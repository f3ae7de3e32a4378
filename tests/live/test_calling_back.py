"""Customers who are called back over SIP: agent first, customer first, and one who does not want to talk."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.live import sound
from tests.live.centre import DIRECT, MAIN_LINE, Agent, Centre, Data, Talk, hear_each_other, plays
from tests.live.phones import Phone

pytestmark = pytest.mark.asyncio(loop_scope="session")

RINGING_HZ = 450
ROUND_S = 6  # of the tone: one second in five


async def books(centre: Centre, number: str, mode: str) -> Data:
    booking = {"number": number, "queue": "support", "mode": mode, "note": "about the invoice"}
    found: Data = await centre.admin.ask("POST", "/callbacks", booking)
    return found


async def talk_of(centre: Centre, contact_id: str, customer: Phone, agent: Agent) -> Talk:
    dialled = await centre.fact("CallbackDialled", contactId=contact_id)
    answered = await centre.fact("ContactAnswered", contactId=contact_id)
    return Talk(customer, agent, contact_id, dialled["call"]["callId"], answered["offerId"])


async def hears_ringing(centre: Centre, leg: str) -> None:
    """On a leg that waits for the other one plays the tone that means it."""
    path = centre.switch.recordings / f"{uuid4()}.wav"
    async with centre.switch.link("RECORD_STOP") as link:
        await link.api(f"uuid_record {leg} start {path} {ROUND_S}")
        await link.event("RECORD_STOP", within_s=ROUND_S + 5)
    recorded = sound.read(path)
    assert any(recorded.hears(side, RINGING_HZ) for side in range(len(recorded.channels)))


async def test_caller_keeps_the_place_hangs_up_and_is_called_by_the_agent(centre: Centre) -> None:
    """From the key in the queue to the talk: agent first, sound both ways, one contact each way."""
    number = "+8613800000001"
    async with (
        centre.switch.link("PLAYBACK_START") as watcher,
        centre.caller(number, to=MAIN_LINE) as caller,
    ):
        await watcher.event(plays("menu"))
        await caller.press("2")
        await watcher.event(plays("hold"))
        await caller.press("2")
        await watcher.event(plays("callback_offer"))
        await caller.press("1")
        await watcher.event(plays("callback_thanks"))
        await caller.said("CALL_CLOSED")
    requested = await centre.fact("CallbackRequested", number=number)
    contact_id = requested["contactId"]
    await centre.ended(requested["callbackOf"], "callback")

    async with centre.customer(number) as customer, centre.agent("1001", "support") as agent:
        offer = await agent.pushed("offer", contact_id=contact_id)
        assert offer["callback"]["number"] == number
        assert (offer["callback"]["attempt"], offer["callback"]["attempts"]) == (1, 3)
        await agent.phone.answer()
        await hears_ringing(centre, offer["offer_id"])
        await customer.answer()
        await agent.pushed("answered", contact_id=contact_id)
        await hear_each_other(await talk_of(centre, contact_id, customer, agent), centre.switch)
        await customer.hang_up()
        await agent.pushed("released", ended_by="caller")
    end = await centre.ended(contact_id, "answered")
    assert end["channel"] == "CHANNEL_CALLBACK"


async def test_customer_is_called_first_and_the_agent_when_they_answer(centre: Centre) -> None:
    number = "+8613800000002"
    async with centre.customer(number) as customer, centre.agent("1002", "support") as agent:
        booked = await books(centre, number, "customer_first")
        offer = await agent.pushed("offer", contact_id=booked["contact_id"])
        assert offer["callback"]["note"] == "about the invoice"
        await customer.answer()
        dialled = await centre.fact("CallbackDialled", contactId=booked["contact_id"])
        await hears_ringing(centre, dialled["call"]["callId"])
        await agent.phone.answer()
        await agent.pushed("answered", contact_id=booked["contact_id"])
        await hear_each_other(await talk_of(centre, booked["contact_id"], customer, agent), centre.switch)
        await agent.phone.hang_up()
        await agent.pushed("released", ended_by="agent")
        await customer.said("CALL_CLOSED")
    await centre.ended(booked["contact_id"], "answered")


@pytest.mark.parametrize("mode", ["agent_first", "customer_first"])
async def test_customer_rejects_the_call_and_the_agent_serves_others(centre: Centre, mode: str) -> None:
    """The agent is free, it is no miss, and the next attempt is a quarter of an hour away."""
    number = "+8613800000003" if mode == "agent_first" else "+8613800000004"
    async with centre.customer(number) as customer, centre.agent("1003", "support") as agent:
        booked = await books(centre, number, mode)
        await agent.pushed("offer", contact_id=booked["contact_id"])
        if mode == "agent_first":
            await agent.phone.answer()
        await customer.said("CALL_INCOMING")
        await customer.hang_up()
        failed = await centre.fact("CallbackFailed", contactId=booked["contact_id"])
        assert failed["result"] == "busy", failed
        await agent.pushed("offer_failed", failure="customer_unreached")
        await agent.is_("idle")
        async with centre.caller("+8613800000009", to=DIRECT):
            await agent.pushed("offer", from_number="+8613800000009")
            await agent.picks_up()
    now = await centre.admin.ask("DELETE", f"/callbacks/{booked['contact_id']}")
    assert (now["outcome"], now["attempts_made"], now["last_result"]) == ("cancelled", 1, "busy")
