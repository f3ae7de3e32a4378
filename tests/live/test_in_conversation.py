"""What an agent does to a talk from the console, and what caller and telephone make of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.live.centre import Centre, hear_each_other, plays
from tests.live.esl import Event

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOLD_MUSIC = "local_stream://moh"


async def test_agent_holds_and_retrieves(centre: Centre) -> None:
    async with (
        centre.switch.link("PLAYBACK_START") as watcher,
        centre.agent("1017", "support") as agent,
        centre.talk("+441632960117", agent) as talk,
    ):
        # Not in the same breath as the answer: see the README of freeswitch/conf on early holds.
        await hear_each_other(talk, centre.switch)
        await agent.does("hold", contact_id=talk.contact_id)
        await agent.pushed("held", contact_id=talk.contact_id)
        await watcher.event(music_for(talk.caller_leg))
        await agent.does("retrieve", contact_id=talk.contact_id)
        await agent.pushed("retrieved", contact_id=talk.contact_id)
        await hear_each_other(talk, centre.switch)
        await talk.caller.hang_up()
        released = await agent.pushed("released", ended_by="caller")

    assert released["hold_ms"] > 0
    assert len(centre.all_facts("ContactHeld", contactId=talk.contact_id)) == 1
    assert len(centre.all_facts("ContactRetrieved", contactId=talk.contact_id)) == 1


async def test_agent_sends_keys_and_the_other_telephone_gets_them(centre: Centre) -> None:
    """As a menu at the other end would: in order, and from a desk telephone whose keypad nobody touched."""
    async with (
        centre.agent("1017", "support") as agent,
        centre.talk("+441632960117", agent) as talk,
    ):
        await hear_each_other(talk, centre.switch)
        await agent.does("dtmf", contact_id=talk.contact_id, keys="47#")
        pressed = [(await talk.caller.said("CALL_DTMF_START"))["param"] for _ in "47#"]
        await talk.caller.hang_up()

    assert pressed == ["4", "7", "#"]


def music_for(leg: str) -> Callable[[Event], bool]:
    return lambda event: event["Unique-ID"] == leg and event.get("Playback-File-Path") == HOLD_MUSIC


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


@pytest.mark.parametrize("place", ["phone", "console"])
async def test_agent_hangs_up_during_a_hold_and_the_caller_hears_the_survey(
    centre: Centre, place: str
) -> None:
    """The switch would cut him off, or play on: it asks another leg than after other talks where to go."""
    async with (
        centre.switch.link("PLAYBACK_START") as watcher,
        centre.agent("1019", "support") as agent,
        centre.talk("+441632960119", agent) as talk,
    ):
        await hear_each_other(talk, centre.switch)
        await agent.does("hold", contact_id=talk.contact_id)
        await watcher.event(music_for(talk.caller_leg))
        if place == "phone":
            await agent.phone.hang_up()
        else:
            await agent.does("hangup", contact_id=talk.contact_id)
        released = await agent.pushed("released", ended_by="agent")
        survey = await watcher.event(plays("survey"))
        await talk.caller.press("3")
        await talk.caller.said("CALL_CLOSED")

    assert released["hold_ms"] > 0
    assert survey["Unique-ID"] == talk.caller_leg
    await centre.ended(talk.contact_id, "answered")
