"""A caller whose name and number are written for whoever pastes them into a command or an event."""

from __future__ import annotations

import asyncio

import pytest

from tests.live import sipp
from tests.live.centre import DIRECT, Centre

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.usefixtures("sipp_program")]


async def test_name_and_number_arrive_as_text(centre: Centre) -> None:
    """Line ends would begin a header, braces and quotes a channel variable, dollars an expansion."""
    async with (
        centre.agent("1019", "support") as agent,
        centre.switch.link("CHANNEL_ANSWER CHANNEL_HANGUP_COMPLETE") as watcher,
    ):
        call = asyncio.create_task(sipp.passes("caller-injects", centre.switch.trunk_port, user=DIRECT))
        offer = await agent.pushed("offer")
        pop = await agent.pushed("pop")
        caller = await watcher.event("CHANNEL_ANSWER")
        await agent.picks_up()
        answered = await watcher.event("CHANNEL_ANSWER")
        await agent.phone.hang_up()
        await agent.pushed("released")
        await call

    assert "\nEvent-Name: CHANNEL_HANGUP_COMPLETE\n" in caller["Caller-Caller-ID-Name"]  # as it was sent
    assert "\n\r960150{sy_agent_id=1}" in caller["Caller-Caller-ID-Number"]
    assert caller["variable_sy_leg"] == "caller"
    assert offer["from_number"] == pop["caller"]["number"] == "+441632960150sy_agent_id1"
    assert answered["variable_sy_agent_id"] == agent.agent_id
    assert answered["variable_origination_uuid"] == offer["offer_id"]
    await centre.ended(offer["contact_id"], "answered")
