"""The journal on a real NATS: what was decided is decided again, over restarts and outages."""

from __future__ import annotations

import asyncio
from typing import Any

from services.acd import replay
from services.chassis.bus import Bus
from services.stubs.acd.v1 import acd_pb2 as pb
from services.stubs.acd.v1 import events_pb2 as ev
from tests.integration.acd.centre import TENANT, Centre


async def replayed(centre: Centre) -> replay.Told:
    told = replay.Told()
    bus = Bus(centre.settings["nats_url"], service="replay")
    await bus.start()
    try:
        async for _ in replay.moments(bus, TENANT, None, told):
            pass
    finally:
        await bus.stop(1)
    return told


async def all_replayed(centre: Centre, decisions: int) -> replay.Told:
    """The journal is written a moment after the events."""
    async with asyncio.timeout(20):
        while (told := await replayed(centre)).same + told.different < decisions:
            await asyncio.sleep(0.05)
    return told


async def one_call(centre: Centre, **wishes: Any) -> None:
    caller = centre.arrives(talk_ms=50)
    await caller.enqueue(**wishes)
    await caller.event("ContactEnded")


async def test_decisions_come_out_as_they_were_announced_also_over_a_restart(centre: Centre) -> None:
    """In the evening somebody asks why a call went where it went in the morning; the ACD has been
    updated at noon."""
    await centre.queue("sales", strategy=pb.STRATEGY_ROUND_ROBIN)
    for agent, extension in (("a1", "1001"), ("a2", "1002")):
        await centre.agent(agent, extension, mode="auto_answer", answer_after_ms=10)
    for _ in range(3):
        await one_call(centre)
    await centre.stop_acd()
    await centre.start_acd()
    await one_call(centre)
    told = await all_replayed(centre, 4)
    assert (told.same, told.different, told.unannounced, told.holes) == (4, 0, 0, 0)


async def test_nothing_is_there_to_be_replayed(centre: Centre) -> None:
    """A tenant without a journal: an answer, not a traceback."""
    told = replay.Told()
    bus = Bus(centre.settings["nats_url"], service="replay")
    await bus.start()
    try:
        assert [moment async for moment in replay.moments(bus, "nobody", None, told)] == []
    finally:
        await bus.stop(1)
    assert told == replay.Told()


async def test_requirement_of_the_call_is_in_the_replay(centre: Centre) -> None:
    """The skill that decided is part of the journal."""
    await centre.queue("sales")
    await centre.agent("a1", "1001", mode="auto_answer", answer_after_ms=10)
    skilled = pb.AgentSettings(
        agent_id="a2", extension="1002", queues=["sales"], skills=[ev.Skill(name="english", level=5)]
    )
    await centre.call("PutAgents", pb.PutAgentsRequest(agents=[skilled]))
    centre.phone("1002", mode="auto_answer", answer_after_ms=10)
    await centre.presence("a2", ev.PRESENCE_READY)
    await one_call(centre, skills=[ev.Skill(name="english", level=3)])
    assert (await centre.heard.one("ContactOffered"))["agentId"] == "a2"
    assert (await all_replayed(centre, 1)).same == 1
