"""What the ACD tells those who watch and set up: who waits, what agents are set to, what is foretold."""

from __future__ import annotations

import pytest

from services.chassis.errors import Invalid, NotFound
from services.stubs.acd.v1 import acd_pb2 as pb
from services.stubs.acd.v1 import events_pb2 as ev
from tests.integration.acd.centre import Centre


async def test_who_waits_is_listed_next_first(centre: Centre) -> None:
    await centre.queue()
    first, second = centre.arrives(), centre.arrives()
    await first.enqueue()
    await second.enqueue(priority=3)
    found = await centre.call("ListWaiting", pb.ListWaitingRequest(queue="sales"))
    assert [one.contact_id for one in found.contacts] == [second.contact_id, first.contact_id]
    assert {one.state for one in found.contacts} == {"queued"}
    one = await centre.call("ListWaiting", pb.ListWaitingRequest(queue="sales", limit=1))
    assert [each.contact_id for each in one.contacts] == [second.contact_id]
    with pytest.raises(NotFound):
        await centre.call("ListWaiting", pb.ListWaitingRequest(queue="nowhere"))
    with pytest.raises(Invalid):
        await centre.call("ListWaiting", pb.ListWaitingRequest(queue="sales", limit=501))


async def test_settings_of_agents_come_back_as_they_were_put(centre: Centre) -> None:
    await centre.queue()
    settings = pb.AgentSettings(
        agent_id="a1",
        name="Li",
        extension="1001",
        tiers=[pb.Tier(queue="sales", level=2, position=3)],
        skills=[ev.Skill(name="english", level=7)],
        work_mode=ev.WORK_MODE_INTERMITTENT,
    )
    await centre.call("PutAgents", pb.PutAgentsRequest(agents=[settings]))
    (bare,) = (await centre.call("ListAgents", pb.ListAgentsRequest())).agents
    assert not bare.HasField("settings")
    (full,) = (await centre.call("ListAgents", pb.ListAgentsRequest(settings=True))).agents
    del full.settings.capacity[:]  # the default has been filled in
    settings.revision = 1
    assert full.settings == settings


async def test_expected_wait_of_one_who_came_now(centre: Centre) -> None:
    await centre.queue()

    async def expected() -> int | None:
        (queue,) = (await centre.call("GetStatistics", pb.GetStatisticsRequest())).queues
        return queue.expected_wait_ms if queue.HasField("expected_wait_ms") else None

    assert await expected() is None, "nobody is there"
    await centre.agent("a1", "1001")
    assert await expected() == 0
    await centre.arrives().enqueue()
    await centre.arrives().enqueue()
    assert (await expected() or 0) > 0
