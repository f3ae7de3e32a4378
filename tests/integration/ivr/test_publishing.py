"""Flows published over gRPC, without a restart."""

import asyncio
from typing import Any

import grpc
import pytest

from services.chassis import tenant
from services.chassis.errors import Conflict, Invalid
from services.stubs.ivr.v1 import ivr_pb2
from tests.integration.ivr.centre import Centre
from tests.unit.ivr.playbook import DEFAULT

SECOND = DEFAULT.replace("version: 1", "version: 2").replace("prompts: [welcome]", "prompts: [closed]")


async def publish(centre: Centre, ivr: Any, source: str) -> ivr_pb2.Flow:
    flow: ivr_pb2.Flow = await centre.ask(ivr, "PublishFlow", ivr_pb2.PublishFlowRequest(source=source))
    return flow


async def test_new_version_is_for_new_calls(centre: Centre) -> None:
    """A call in progress stays in its version, also when it comes back from an agent."""
    ivr = await centre.ivr()
    before = centre.call(keys=[{"digits": "1", "when": "playback", "nth": 2}])
    await centre.acd.until(lambda: centre.acd.waiting)
    assert (await publish(centre, ivr, SECOND)).version == 2
    after = centre.call()
    await centre.hearing(after, "closed")
    agent = await centre.answer(before)
    await centre.until(lambda: before.get("sy_flow_node") == "survey")
    centre.hang_up(agent)
    await centre.hearing(before, "survey")
    assert before.get("sy_flow") == "default@1"
    listed = await centre.ask(ivr, "ListFlows", ivr_pb2.ListFlowsRequest())
    assert [(flow.name, flow.version) for flow in listed.flows] == [("default", 2)]


async def test_other_process_learns_of_it(centre: Centre) -> None:
    first = await centre.ivr(0)
    second = await centre.ivr(1, ivr_flow_refresh_s=0.1)
    await publish(centre, first, SECOND)
    versions = [1]
    async with asyncio.timeout(10):
        while versions != [2]:
            listed = await centre.ask(second, "ListFlows", ivr_pb2.ListFlowsRequest())
            versions = [flow.version for flow in listed.flows]


async def test_bad_flow_is_refused_naming_node_and_line(centre: Centre) -> None:
    ivr = await centre.ivr()
    bad = "flow: bad\nversion: 1\nnodes:\n  hello: {type: play, prompts: [welcome]}\n"
    with pytest.raises(Invalid, match="line 4, node 'hello': is a dead end") as refused:
        await publish(centre, ivr, bad)
    assert refused.value.field == "source"
    checked = await centre.ask(ivr, "ValidateFlow", ivr_pb2.ValidateFlowRequest(source=bad))
    assert [(each.node, each.line) for each in checked.problems] == [("hello", 4)]
    good = await centre.ask(ivr, "ValidateFlow", ivr_pb2.ValidateFlowRequest(source=SECOND))
    assert not good.problems


async def test_version_cannot_be_published_twice(centre: Centre) -> None:
    ivr = await centre.ivr()
    await publish(centre, ivr, SECOND)
    with pytest.raises(Conflict, match="raise its `version`"):
        await publish(centre, ivr, SECOND)


async def test_voicemail_list_is_bounded(centre: Centre) -> None:
    ivr = await centre.ivr()
    with pytest.raises(Invalid, match="limit"):
        await centre.ask(ivr, "ListVoicemails", ivr_pb2.ListVoicemailsRequest(limit=100_000))


async def test_huge_source_is_refused_by_the_door(centre: Centre) -> None:
    """10 MB: gRPC's own bound answers, the process stays up."""
    ivr = await centre.ivr()
    channel = grpc.aio.insecure_channel(ivr.settings.grpc_listen)
    call: Any = channel.unary_unary("/switchyard.ivr.v1.Ivr/PublishFlow")
    request = ivr_pb2.PublishFlowRequest(source="x" * 10_000_000).SerializeToString()
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call(request, timeout=10, metadata=((tenant.METADATA_KEY, "demo"),))
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    await channel.close()
