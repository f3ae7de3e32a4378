"""Tenants in shards of their own: each has its engines, its links, its lease."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.chassis import tenant
from services.stubs.acd.v1 import acd_pb2 as pb
from tests.integration.acd.centre import open_centre, until


async def test_two_shards_share_switches_and_database_and_nothing_else(
    database: Any, nats_url: str, free_port: Callable[[], int]
) -> None:
    """Comparing with the switch, neither takes the other's conversations for orphans; nor after a restart."""
    async with open_centre(database, nats_url, free_port, acd_shards="east=demo,rest=*") as centre:
        await centre.queue()
        await centre.agent("a1", "1001", mode="auto_answer", answer_after_ms=10)
        with tenant.use("acme"):
            await centre.served()
            await centre.queue("other")
        caller = centre.arrives()
        await caller.enqueue()
        await caller.event("ContactAnswered")
        before = centre.mended()
        await centre.stop_acd()
        await centre.start_acd()
        assert await centre.routing("a1") == "CONNECTED"
        with tenant.use("acme"):
            await centre.served()
            queues = await centre.call("ListQueues", pb.ListQueuesRequest())
        assert [queue.name for queue in queues.queues] == ["other"]
        assert len(centre.switch.channels) == 2
        assert centre.mended() == before
        marks = {name for name in centre.switch.globals if name.startswith("sy_acd_")}
        assert marks == {"sy_acd_east", "sy_acd_rest"}
        caller.hang_up()
        await caller.event("ContactEnded")
        await until(lambda: not centre.switch.channels, "all have hung up")
        assert caller.story.count("Released") == 1
