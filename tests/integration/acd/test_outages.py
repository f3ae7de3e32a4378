"""What goes away under the ACD, and the ACD itself. Each scenario is named by what fails."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from services.acd.service import reconcile
from services.stubs.acd.v1 import acd_pb2 as pb
from services.stubs.acd.v1 import events_pb2 as ev
from services.stubs.common.v1 import types_pb2
from tests.integration.acd.centre import Centre, until


async def rows(database: Any, query: str, *arguments: Any) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(database.dsn("acd"), server_settings={"switchyard.tenant": "*"})
    try:
        return [dict(row) for row in await connection.fetch(query, *arguments)]
    finally:
        await connection.close()


async def rows_come(database: Any, query: str, *arguments: Any) -> list[dict[str, Any]]:
    """The projection follows by itself, a moment later."""
    async with asyncio.timeout(20):
        while not (found := await rows(database, query, *arguments)):
            await asyncio.sleep(0.05)
    return found


async def nodes(centre: Centre, count: int) -> None:
    await until(lambda: len(centre.heard.of("NodeStateChanged")) >= count, f"{count} changes of the node")


async def test_link_breaks_in_conversation(centre: Centre) -> None:
    """The link is cut and comes back: two people go on talking and nobody counts them twice."""
    await centre.queue()
    await centre.agent("a1", "1001", mode="auto_answer", answer_after_ms=10)
    caller = centre.arrives()
    await caller.enqueue()
    await caller.event("ContactAnswered")
    centre.fault(drop_link="all")
    await nodes(centre, 2)
    assert len(centre.switch.channels) == 2
    assert await centre.routing("a1") == "CONNECTED"
    caller.hang_up()
    await caller.event("ContactEnded")
    assert caller.story == ["Opened", "Queued", "Offered", "Answered", "Released", "Ended"]


async def test_caller_hangs_up_while_the_link_is_cut(centre: Centre) -> None:
    """Nobody told us: comparing with the switch finds it out, and it is accounted for as lost by us."""
    await centre.queue()
    caller = centre.arrives()
    await caller.enqueue()
    centre.fault(drop_link="all")
    caller.hang_up()
    assert (await caller.event("ContactEnded"))["outcome"] == "OUTCOME_DROPPED"


async def test_agent_answers_while_the_link_is_cut(centre: Centre) -> None:
    """The phone was picked up unheard: after the link is back the two are connected."""
    await centre.queue(ring_timeout_s=30)
    await centre.agent("a1", "1001", mode="ring")
    caller = centre.arrives()
    await caller.enqueue()
    offered = await caller.event("ContactOffered")
    await until(lambda: offered["offerId"] in centre.switch.channels, "the phone rings")
    centre.fault(drop_link="all")
    await until(lambda: centre.sim("answer 1001").startswith("+OK"), "picked up")
    assert (await caller.event("ContactAnswered"))["offerId"] == offered["offerId"]


async def test_hang_ups_are_never_heard(centre: Centre) -> None:
    """The switch loses the news that caller and agent are gone: ghost call and stuck agent are mended."""
    await centre.queue()
    await centre.agent("a1", "1001", mode="auto_answer", answer_after_ms=10)
    caller = centre.arrives()
    await caller.enqueue()
    await caller.event("ContactAnswered")
    before = centre.mended()
    centre.fault(events="lose", match="CHANNEL_HANGUP_COMPLETE")
    caller.hang_up()
    assert (await caller.event("ContactEnded"))["outcome"] == "OUTCOME_ANSWERED"
    assert await centre.routing("a1") == "IDLE"
    assert centre.mended() > before


async def test_nobody_comes_or_goes_and_the_switch_is_asked_how_many_they_are(centre: Centre) -> None:
    """Thousands may wait: they are not listed again and again while their number stays. A loss changes it."""
    await centre.queue()
    waiting = [centre.arrives() for _ in range(3)]
    for caller in waiting:
        await caller.enqueue()

    def told(what: str) -> int:
        return sum(order == what for _, _, order in centre.switch.told)

    await until(lambda: told("show channels count") >= 2, "found as many as then, twice")
    listed, counted = told("show channels"), told("show channels count")
    await until(lambda: told("show channels count") >= counted + 3, "and again")
    assert told("show channels") == listed
    centre.fault(events="lose", match="CHANNEL_HANGUP_COMPLETE")
    waiting[0].hang_up()
    assert (await waiting[0].event("ContactEnded"))["outcome"] == "OUTCOME_DROPPED"
    assert centre.mended() == 1


async def test_one_comes_just_when_another_is_lost(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as before: the loss is found all the same, when the comparison is no longer trusted."""
    monkeypatch.setattr(reconcile, "TRUST_S", 2.0)
    await centre.queue()
    caller = centre.arrives()
    await caller.enqueue()
    await until(
        lambda: any(order == "show channels count" for _, _, order in centre.switch.told), "they agree"
    )
    centre.fault(events="lose", match="CHANNEL_HANGUP_COMPLETE")
    caller.hang_up()
    centre.arrives()  # in a flow: the ACD does not know them
    assert (await caller.event("ContactEnded"))["outcome"] == "OUTCOME_DROPPED"


async def test_a_leg_nobody_knows(centre: Centre) -> None:
    """An agent's leg that no engine knows, parked for ever: ended."""
    centre.switch.dialplan.extra["public", "1"] = [
        ("set", "sy_leg=agent"),
        ("set", "sy_tenant=demo"),
        ("answer", ""),
        ("park", ""),
    ]
    centre.arrives(to="1")
    await until(lambda: not centre.switch.channels, "the orphan is gone")


async def test_acd_restarts_with_a_conversation_running(centre: Centre, database: Any) -> None:
    """Stopped and started: agents, presence and the conversation are as before, and it ends once."""
    await centre.queue(wrap_up_s=60)
    await centre.agent("a1", "1001", mode="auto_answer", answer_after_ms=10)
    await centre.agent("a2", "1002")
    await centre.presence("a2", ev.PRESENCE_OTHER_WORK)
    caller = centre.arrives()
    await caller.enqueue()
    await caller.event("ContactAnswered")
    await rows_come(database, "select 1 from agent where agent_id = 'a1' and routing_status = 3")
    await centre.stop_acd()
    assert len(centre.switch.channels) == 2, "an ACD that stops ends no call"
    await centre.start_acd()
    assert await centre.routing("a1") == "CONNECTED"
    other = await centre.call("GetAgent", pb.GetAgentRequest(agent_id="a2"))
    assert other.presence == ev.PRESENCE_OTHER_WORK
    again = await caller.enqueue()
    assert again.already_answered
    caller.hang_up()
    ended = await caller.event("ContactEnded")
    assert ended["outcome"] == "OUTCOME_ANSWERED"
    assert await centre.routing("a1") == "WRAP_UP"
    assert caller.story.count("Released") == 1
    found = await rows_come(database, "select outcome, answered_at from contact where ended_at is not null")
    assert found[0]["outcome"] == "answered"


async def test_acd_restarts_with_callers_waiting(centre: Centre) -> None:
    """The IVR enqueues again what it holds, in any order: each has the old place."""
    await centre.queue()
    first, second = centre.arrives(), centre.arrives()
    at_first = (await first.enqueue()).enqueued_at
    at_second = (await second.enqueue()).enqueued_at
    await centre.stop_acd()
    await centre.start_acd()
    await second.enqueue(enqueued_at=at_second)
    place = await first.enqueue(enqueued_at=at_first)
    assert place.position == 1
    assert place.enqueued_at == at_first


async def test_caller_leaves_while_the_acd_is_away(centre: Centre, database: Any) -> None:
    """The store says open, the switch knows nothing: ended once, by us."""
    await centre.queue()
    caller = centre.arrives()
    await caller.enqueue()
    await rows_come(database, "select 1 from contact where queue = 'sales'")
    await centre.stop_acd()
    caller.hang_up()
    await centre.start_acd()
    assert (await caller.event("ContactEnded"))["outcome"] == "OUTCOME_DROPPED"
    late = await caller.close(types_pb2.OUTCOME_ABANDONED)
    assert late.outcome == types_pb2.OUTCOME_DROPPED


async def test_tables_follow_the_events(centre: Centre, database: Any) -> None:
    """Contact, segment and history as the events told; queue and agent as set."""
    await centre.queue(title="Sales", wrap_up_s=1)
    await centre.agent("a1", "1001", mode="auto_answer", answer_after_ms=10)
    caller = centre.arrives(talk_ms=50)
    await caller.enqueue(priority=2)
    await caller.event("ContactEnded")
    await caller.event("ContactWrappedUp")
    contact = (await rows_come(database, "select * from contact where ended_at is not null"))[0]
    assert (contact["tenant"], contact["outcome"], contact["agent_id"]) == ("demo", "answered", "a1")
    assert (contact["priority"], contact["offers"], contact["call_id"]) == (2, 1, caller.call_id)
    segment = (await rows_come(database, "select * from segment where wrapped_up_at is not null"))[0]
    assert segment["timed_out"]
    assert segment["released_at"] >= segment["answered_at"] >= segment["offered_at"]
    assert "longest idle of 1" in segment["reason"]
    history = await rows_come(
        database, "select routing_status from agent_state where agent_id = 'a1' order by since, event_id"
    )
    assert [row["routing_status"] for row in history][:4] == [1, 2, 3, 4]
    settings = await rows(database, "select settings->>'title' as title from queue")
    assert settings[0]["title"] == "Sales"
