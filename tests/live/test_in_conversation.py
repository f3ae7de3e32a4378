"""What an agent does to a talk from the console, and what caller and telephone make of it."""

from __future__ import annotations

import pytest

from tests.live.centre import Centre, Talk, must_last, plays
from tests.live.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_agent_holds_and_retrieves(centre: Centre) -> None:
    async with centre.agent("1017", "support") as agent, centre.talk("+441632960117", agent) as talk:
        await agent.does("hold", contact_id=talk.contact_id)
        await agent.pushed("held", contact_id=talk.contact_id)
        await until(lambda: call_state_is(centre, talk, "HELD"), within_s=5, what="held on the switch")
        await agent.does("retrieve", contact_id=talk.contact_id)
        await agent.pushed("retrieved", contact_id=talk.contact_id)
        await until(lambda: call_state_is(centre, talk, "ACTIVE"), within_s=5, what="retrieved on the switch")
        await must_last(talk, centre.switch)
        await talk.caller.hang_up()
        released = await agent.pushed("released", ended_by="caller")

    assert released["hold_ms"] > 0
    assert len(centre.all_facts("ContactHeld", contactId=talk.contact_id)) == 1
    assert len(centre.all_facts("ContactRetrieved", contactId=talk.contact_id)) == 1


async def call_state_is(centre: Centre, talk: Talk, state: str) -> bool:
    async with centre.switch.link() as link:
        return f"Channel-Call-State: {state}" in await link.api(f"uuid_dump {talk.agent_leg}")


async def test_agent_hangs_up_in_the_console_and_the_caller_hears_the_survey(centre: Centre) -> None:
    async with (
        centre.switch.link("PLAYBACK_START") as watcher,
        centre.agent("1018", "support") as agent,
        centre.talk("+441632960118", agent) as talk,
    ):
        await agent.does("hangup", contact_id=talk.contact_id)
        await agent.phone.said("CALL_CLOSED")
        await agent.pushed("released", ended_by="agent")
        survey = await watcher.event(plays("survey"))
        await talk.caller.press("3")
        await talk.caller.said("CALL_CLOSED")

    assert survey["Unique-ID"] == talk.caller_leg
    end = await centre.ended(talk.contact_id, "answered")
    assert end["agentId"] == agent.agent_id
