"""What an agent does to a talk from the console, and what caller and telephone make of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.live.centre import Centre, hear_each_other, left_alone, plays
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


@pytest.mark.parametrize("held", [False, True], ids=["talking", "held"])
@pytest.mark.parametrize("target", [{"queue": "brisk"}, {"to_agent_id": "a1019"}], ids=["queue", "agent"])
async def test_agent_gives_the_caller_away(centre: Centre, target: dict[str, str], held: bool) -> None:
    """Music while the next telephone rings, then the two hear each other; who gave the caller away is free of
    the call at once, and after the second conversation the caller comes to the survey as after any."""
    async with (
        centre.switch.link("PLAYBACK_START") as watcher,
        centre.agent("1018", "support") as first,
        centre.agent("1019", "brisk") as second,
        centre.talk("+441632960120", first) as talk,
    ):
        await hear_each_other(talk, centre.switch)
        if held:
            await first.does("hold", contact_id=talk.contact_id)
            await watcher.event(music_for(talk.caller_leg))
        await first.does("transfer", contact_id=talk.contact_id, **target)
        await first.phone.said("CALL_CLOSED")
        await first.pushed("released", ended_by="agent")
        await watcher.event(music_for(talk.caller_leg))
        offer = await second.pushed("offer", contact_id=talk.contact_id)
        await second.picks_up()
        again = replace(talk, agent=second, agent_leg=offer["offer_id"])
        await left_alone(again, centre.switch)
        await hear_each_other(again, centre.switch)
        await second.phone.hang_up()
        await second.pushed("released", ended_by="agent")
        survey = await watcher.event(plays("survey"))
        await talk.caller.press("3")
        await talk.caller.said("CALL_CLOSED")

    assert survey["Unique-ID"] == talk.caller_leg
    assert len(centre.all_facts("ContactTransferred", contactId=talk.contact_id)) == 1
    assert len(centre.all_facts("ContactReleased", contactId=talk.contact_id)) == 2
    end = await centre.ended(talk.contact_id, "answered")
    assert end["agentId"] == second.agent_id


async def test_caller_hangs_up_while_given_away(centre: Centre) -> None:
    async with (
        centre.agent("1018", "support") as first,
        centre.agent("1019", "brisk") as second,
        centre.talk("+441632960121", first) as talk,
    ):
        await first.does("transfer", contact_id=talk.contact_id, queue="brisk")
        await second.pushed("offer", contact_id=talk.contact_id)
        await talk.caller.hang_up()
        await second.pushed("offer_failed", contact_id=talk.contact_id)
        await second.is_("idle")

    end = await centre.ended(talk.contact_id, "answered")
    assert end["agentId"] == first.agent_id


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
