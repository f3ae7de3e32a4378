"""The telephone of the agent who was chosen does not lead to a talk; the caller keeps his place."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.live import sipp
from tests.live.centre import BRISK, BRISK_RING_S, MAIN_LINE, Agent, Centre, plays
from tests.live.switch import free_ports

pytestmark = pytest.mark.asyncio(loop_scope="session")

AT_ONCE_S = 5
"""Far below `RING_S`, after which a telephone would fall silent anyway."""


async def talk_and_end(agent: Agent) -> None:
    await agent.picks_up()
    await agent.phone.hang_up()
    await agent.pushed("released")


async def test_agent_does_not_answer_and_the_next_one_is_rung(centre: Centre) -> None:
    async with (
        centre.agent("1002", "brisk") as away,
        centre.agent("1003", "brisk") as next_one,
        centre.caller("+441632960102", to=BRISK),
    ):
        first = await away.pushed("offer")
        await away.phone.said("CALL_INCOMING")
        failed = await away.pushed("offer_failed")
        await away.phone.said("CALL_CLOSED")
        second = await next_one.pushed("offer", contact_id=first["contact_id"])
        await talk_and_end(next_one)

    assert failed["failure"] == "ring_timeout"
    assert (first["attempt"], second["attempt"]) == (1, 2)
    assert second["waited_ms"] >= BRISK_RING_S * 1000
    assert len(centre.all_facts("ContactQueued", contactId=first["contact_id"])) == 1
    answered = await centre.fact("ContactAnswered", contactId=first["contact_id"])
    assert int(answered["waitedMs"]) >= BRISK_RING_S * 1000


async def test_agent_does_not_answer_and_nobody_overtakes_the_caller(centre: Centre) -> None:
    async with (
        centre.agent("1002", "brisk") as agent,
        centre.caller("+441632960103", to=BRISK),
    ):
        first = await agent.pushed("offer")
        async with centre.caller("+441632960104", to=BRISK):
            await centre.fact("ContactOpened", fromNumber="+441632960104")
            await agent.pushed("offer_failed")
            again = await agent.pushed("offer")

    assert (again["contact_id"], again["attempt"]) == (first["contact_id"], 2)


async def test_agent_is_busy_on_the_phone_and_the_next_one_is_rung(centre: Centre) -> None:
    """486, as a telephone answers whose user presses the red key."""
    async with (
        centre.agent("1004", "support") as unwilling,
        centre.agent("1005", "support") as next_one,
        centre.caller("+441632960105"),
    ):
        first = await unwilling.pushed("offer")
        await unwilling.phone.said("CALL_INCOMING")
        await unwilling.phone.hang_up()
        failed = await unwilling.pushed("offer_failed")
        await next_one.pushed("offer", contact_id=first["contact_id"], attempt=2)
        await talk_and_end(next_one)

    assert (failed["failure"], failed["cause"]) == ("busy", "USER_BUSY")


async def test_agent_declines_on_the_phone_and_the_next_one_is_rung(
    centre: Centre, sipp_program: None
) -> None:
    """603, from another make of telephone."""
    [port] = free_ports(1)
    await sipp.passes(
        "agent-registers",
        centre.switch.agents_port,
        user="1006",
        password=centre.switch.agent_password,
        local_port=port,
    )
    async with (
        centre.agent("1006", "support", registered=False) as unwilling,
        centre.agent("1007", "support") as next_one,
        AsyncExitStack() as stack,
    ):
        declining = asyncio.create_task(
            sipp.passes("agent-declines", centre.switch.agents_port, local_port=port)
        )
        await stack.enter_async_context(centre.caller("+441632960106"))
        failed = await unwilling.pushed("offer_failed")
        await next_one.pushed("offer", contact_id=failed["contact_id"], attempt=2)
        await declining
        await talk_and_end(next_one)

    assert (failed["failure"], failed["cause"]) == ("rejected", "CALL_REJECTED")


async def test_agent_rejects_in_the_console_and_the_phone_falls_silent(centre: Centre) -> None:
    async with (
        centre.agent("1008", "support") as unwilling,
        centre.agent("1009", "support") as next_one,
        centre.caller("+441632960107"),
    ):
        offer = await unwilling.pushed("offer")
        await unwilling.phone.said("CALL_INCOMING")
        await unwilling.does("reject", contact_id=offer["contact_id"], offer_id=offer["offer_id"])
        await unwilling.phone.said("CALL_CLOSED", within_s=AT_ONCE_S)
        await next_one.pushed("offer", contact_id=offer["contact_id"], attempt=2)
        await talk_and_end(next_one)


async def test_caller_hangs_up_while_the_phone_rings_and_the_agent_is_free(centre: Centre) -> None:
    async with (
        centre.agent("1010", "support") as agent,
        centre.caller("+441632960108") as caller,
    ):
        offer = await agent.pushed("offer")
        await agent.phone.said("CALL_INCOMING")
        await caller.hang_up()
        await agent.phone.said("CALL_CLOSED", within_s=AT_ONCE_S)
        failed = await agent.pushed("offer_failed", within_s=AT_ONCE_S)
        await agent.is_("idle", within_s=AT_ONCE_S)

        # Really free: the next caller rings him at once.
        async with centre.caller("+441632960109"):
            await agent.pushed("offer", from_number="+441632960109")
            await talk_and_end(agent)

    assert failed["failure"] == "caller_gone"
    await centre.ended(offer["contact_id"], "abandoned")


async def test_caller_hangs_up_in_the_menu(centre: Centre) -> None:
    number = "+441632960110"
    async with (
        centre.switch.link("PLAYBACK_START") as watcher,
        centre.caller(number, to=MAIN_LINE) as caller,
    ):
        await watcher.event(plays("menu"))
        await caller.hang_up()

    opened = await centre.fact("ContactOpened", fromNumber=number)
    end = await centre.ended(opened["contactId"], "abandoned")
    assert not end.get("queue")


async def test_agent_whose_phone_is_not_registered_is_set_aside(centre: Centre) -> None:
    """He is tried twice; the caller waits for somebody who can be reached."""
    async with (
        centre.agent("1011", "support", registered=False) as unreachable,
        centre.caller("+441632960111"),
    ):
        failed = await unreachable.pushed("offer_failed")
        await unreachable.pushed("offer_failed")
        await unreachable.is_("not_responding")
        async with centre.agent("1012", "support") as reachable:
            offer = await reachable.pushed("offer", contact_id=failed["contact_id"])
            await talk_and_end(reachable)

    assert (failed["failure"], failed["cause"]) == ("unreachable", "USER_NOT_REGISTERED")
    assert offer["attempt"] == 3
    assert len(centre.all_facts("ContactQueued", contactId=offer["contact_id"])) == 1
