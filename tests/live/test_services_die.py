"""What caller and agent notice when a service is killed under them: as little as possible."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest

from tests.live.centre import Centre, Talk, hear_each_other, plays

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_ivr_dies_during_a_talk_and_is_back_for_the_survey(centre: Centre) -> None:
    async with (
        centre.switch.link("PLAYBACK_START") as watcher,
        centre.agent("1013", "support") as agent,
        centre.talk("+441632960113", agent) as talk,
    ):
        await centre.suite.kill("ivr")
        try:
            await hear_each_other(talk, centre.switch)
        finally:
            await centre.suite.start("ivr")
        await hear_each_other(talk, centre.switch)
        await agent.phone.hang_up()
        await agent.pushed("released", ended_by="agent")
        survey = await watcher.event(plays("survey"))
        await talk.caller.press("4")
        await talk.caller.said("CALL_CLOSED")

    assert survey["Unique-ID"] == talk.caller_leg
    await centre.ended(talk.contact_id, "answered")
    [score] = await centre.settled(
        "ivr", "select * from ivr.survey_answer where contact_id = $1", talk.contact_id
    )
    assert (score["score"], score["agent_id"]) == (4, agent.agent_id)


async def test_ivr_dies_while_a_caller_waits_and_the_caller_keeps_waiting(centre: Centre) -> None:
    """He hears ringing, then the music again; who he is and since when he waits is on his channel."""
    number = "+441632960114"
    async with centre.caller(number) as caller:
        opened = await centre.fact("ContactOpened", fromNumber=number)
        contact_id = opened["contactId"]
        queued = await centre.fact("ContactQueued", contactId=contact_id)
        await centre.suite.kill("ivr")
        await centre.suite.start("ivr")
        await centre.fact("CallStarted", contactId=contact_id, reEntered=True)
        async with centre.agent("1014", "support") as agent:
            offer = await agent.pushed("offer")
            await agent.picks_up()
            talk = Talk(caller, agent, offer["contact_id"], opened["call"]["callId"], offer["offer_id"])
            await hear_each_other(talk, centre.switch)
            await caller.hang_up()
            await agent.pushed("released", ended_by="caller")

    assert offer["contact_id"] == contact_id
    assert offer["waited_ms"] >= since_ms(queued["enqueuedAt"], offer["offered_at"])
    assert len(centre.all_facts("ContactQueued", contactId=contact_id)) == 1
    await centre.ended(contact_id, "answered")


async def test_acd_dies_with_one_caller_talking_and_one_waiting(centre: Centre) -> None:
    waiting_number = "+441632960116"
    async with (
        centre.agent("1015", "support") as agent,
        centre.talk("+441632960115", agent) as talk,
        centre.caller(waiting_number) as waiting,
    ):
        opened = await centre.fact("ContactOpened", fromNumber=waiting_number)
        queued = await centre.fact("ContactQueued", contactId=opened["contactId"])
        await centre.suite.kill("acd")
        await asyncio.sleep(1)
        await centre.suite.start("acd")
        await hear_each_other(talk, centre.switch)

        async with centre.agent("1016", "support") as second:
            offer = await second.pushed("offer", within_s=30)
            await second.picks_up()
            await second.phone.hang_up()
            await second.pushed("released", ended_by="agent")
            await waiting.hang_up()
        await agent.phone.hang_up()
        await agent.pushed("released", contact_id=talk.contact_id, ended_by="agent")

    assert offer["contact_id"] == queued["contactId"]
    assert offer["waited_ms"] >= since_ms(queued["enqueuedAt"], offer["offered_at"])
    requeued = centre.all_facts("ContactQueued", contactId=queued["contactId"])
    assert {fact["enqueuedAt"] for fact in requeued} == {queued["enqueuedAt"]}
    await centre.ended(talk.contact_id, "answered")
    await centre.ended(queued["contactId"], "answered")
    assert len(centre.all_facts("ContactAnswered", contactId=talk.contact_id)) == 1


def since_ms(earlier: str, later: str) -> int:
    passed = datetime.fromisoformat(later) - datetime.fromisoformat(earlier)
    return int(passed.total_seconds() * 1000)
