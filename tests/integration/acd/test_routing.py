"""Routing's settings and explanations over the real API, the real database and a restart."""

from __future__ import annotations

import pytest
from google.protobuf.message import Message

from services.chassis.errors import Conflict, Invalid
from services.chassis.ids import new_id
from services.stubs.acd.v1 import acd_pb2 as pb
from services.stubs.acd.v1 import events_pb2 as ev
from services.stubs.common.v1 import types_pb2
from tests.integration.acd.centre import Centre

EVERYTHING = pb.Queue(
    name="vip",
    title="贵宾 VIP",
    strategy=pb.STRATEGY_BEST_SKILL,
    ring_timeout_s=20,
    wrap_up_s=30,
    service_level_s=10,
    priority_step_s=45,
    max_wait_s=600,
    max_length=50,
    priority_mode=pb.PRIORITY_MODE_STRICT,
    idle_since=pb.IDLE_SINCE_LAST_CONTACT,
    ring_agents=4,
    hours=pb.OpeningHours(
        zone="Asia/Shanghai",
        spans=[pb.OpenSpan(weekday=day, opens="00:00", closes="24:00") for day in range(1, 8)],
        closed_on=["2020-10-01"],
    ),
    relax=[pb.RelaxStep(after_s=30, ease=2), pb.RelaxStep(after_s=60)],
    last_agent_wait_s=15,
    last_agent_memory_s=3_600,
    on_max_wait=pb.Overflow(action=pb.OVERFLOW_ACTION_QUEUE, target="sales"),
    on_full=pb.Overflow(action=pb.OVERFLOW_ACTION_VOICEMAIL),
    on_closed=pb.Overflow(action=pb.OVERFLOW_ACTION_OUTSIDE, target="+861012345678"),
    on_no_agents=pb.Overflow(action=pb.OVERFLOW_ACTION_CALLBACK),
    no_agents_after_s=0,
    waiting_flow="soft_music",
    callback_mode=ev.CALLBACK_MODE_CUSTOMER_FIRST,
    callback_attempts=2,
    callback_retry_s=600,
    callback_window_s=3600,
    callback_ring_s=20,
)


def agent_of(**more: object) -> pb.PutAgentsRequest:
    return pb.PutAgentsRequest(agents=[pb.AgentSettings(agent_id="a1", extension="1001", **more)])  # type: ignore[arg-type]


async def queue_named(centre: Centre, name: str) -> pb.Queue:
    listed: pb.ListQueuesResponse = await centre.call("ListQueues", pb.ListQueuesRequest())
    return next(queue for queue in listed.queues if queue.name == name)


async def test_every_setting_of_a_queue_survives_a_restart(centre: Centre) -> None:
    """What an administrator set is what the next process routes by."""
    await centre.queue("sales")
    await centre.call("PutQueue", EVERYTHING)
    assert await queue_named(centre, "vip") == EVERYTHING
    await centre.stop_acd()
    await centre.start_acd()
    assert await queue_named(centre, "vip") == EVERYTHING


@pytest.mark.parametrize(
    ("request_", "method", "field"),
    [
        (pb.Queue(name="q", strategy=99), "PutQueue", "strategy"),  # type: ignore[arg-type]
        (pb.Queue(name="q", ring_timeout_s=-1), "PutQueue", "ring_timeout_s"),
        (pb.Queue(name="q", wrap_up_s=-5), "PutQueue", "wrap_up_s"),
        (pb.Queue(name="q", hours=pb.OpeningHours(zone="Mars/Base")), "PutQueue", "hours"),
        (
            pb.Queue(name="q", relax=[pb.RelaxStep(after_s=9), pb.RelaxStep(after_s=3)]),
            "PutQueue",
            "relax.after_s",
        ),
        (
            pb.Queue(name="q", on_full=pb.Overflow(action=pb.OVERFLOW_ACTION_QUEUE, target="nowhere")),
            "PutQueue",
            "on_full",
        ),
        (
            pb.Queue(name="q", on_full=pb.Overflow(action=pb.OVERFLOW_ACTION_OUTSIDE, target="{x}1")),
            "PutQueue",
            "on_full.target",
        ),
        (agent_of(queues=["nowhere"]), "PutAgents", "agents.queues"),
        (agent_of(skills=[ev.Skill(name="english", level=11)]), "PutAgents", "agents.skills.level"),
        (
            agent_of(tiers=[pb.Tier(queue="sales"), pb.Tier(queue="sales", level=2)]),
            "PutAgents",
            "agents.tiers",
        ),
        (
            agent_of(capacity=[pb.Capacity(channel=types_pb2.CHANNEL_VOICE, most=2)]),
            "PutAgents",
            "agents.capacity.most",
        ),
    ],
)
async def test_bad_settings_are_refused_by_name(
    centre: Centre, request_: Message, method: str, field: str
) -> None:
    """One sentence naming the field; nothing of it is kept."""
    await centre.queue("sales")
    with pytest.raises(Invalid) as refused:
        await centre.call(method, request_)
    assert refused.value.field.startswith(field), refused.value.sentence
    assert [queue.name for queue in (await centre.call("ListQueues", pb.ListQueuesRequest())).queues] == [
        "sales"
    ]
    assert not (await centre.call("ListAgents", pb.ListAgentsRequest())).agents


async def test_overflows_in_a_circle_are_refused_and_nothing_is_stored(centre: Centre) -> None:
    """sales → vip exists; vip → sales would send callers round and round."""
    await centre.queue("sales")
    await centre.queue("vip", on_max_wait=pb.Overflow(action=pb.OVERFLOW_ACTION_QUEUE, target="sales"))
    with pytest.raises(Invalid, match="sales → vip → sales") as refused:
        await centre.queue("sales", on_full=pb.Overflow(action=pb.OVERFLOW_ACTION_QUEUE, target="vip"))
    assert refused.value.field == "on_full"
    await centre.stop_acd()
    await centre.start_acd()
    assert (await queue_named(centre, "sales")).on_full == pb.Overflow()


async def test_explanation_outlives_the_process(centre: Centre) -> None:
    """A complaint comes next day: why this agent? Memory has forgotten, the table has not."""
    await centre.queue("sales")
    await centre.agent("a1", "1001", mode="auto_answer", answer_after_ms=10)
    caller = centre.arrives(talk_ms=50)
    await caller.enqueue(skills=[])
    await caller.event("ContactEnded")
    request = pb.ExplainContactRequest(contact_id=caller.contact_id)
    now = await centre.call("ExplainContact", request)
    assert [(d.agent_id, d.rule, d.seeker) for d in now.decisions] == [("a1", "longest_idle", "contact")]
    await centre.stop_acd()
    await centre.start_acd()
    assert await centre.call("ExplainContact", request) == now


async def test_nobody_can_ever_speak_that_language(centre: Centre) -> None:
    """Said at once, with the way out, instead of letting the caller wait for nobody."""
    await centre.queue("sales", on_no_agents=pb.Overflow(action=pb.OVERFLOW_ACTION_VOICEMAIL))
    await centre.agent("a1", "1001", mode="no_response")
    answer = await centre.arrives().enqueue(skills=[ev.Skill(name="klingon", level=1)])
    assert answer.overflowed.reason == "nobody_qualified"
    assert answer.overflowed.what.action == pb.OVERFLOW_ACTION_VOICEMAIL
    assert answer.position == 0


async def test_chats_beside_each_other(centre: Centre) -> None:
    """An agent for two chats and a call: accepts two, closes one, and the third comes."""
    await centre.queue("sales")
    capacity = [
        pb.Capacity(channel=types_pb2.CHANNEL_CHAT, most=2),
        pb.Capacity(channel=types_pb2.CHANNEL_VOICE, most=1, alone=True),
    ]
    await centre.call("PutAgents", agent_of(queues=["sales"], capacity=capacity))
    await centre.presence("a1", ev.PRESENCE_READY)
    chats = [new_id() for _ in range(3)]
    for chat in chats:
        contact = pb.OpenContactRequest(contact_id=chat, channel=types_pb2.CHANNEL_CHAT)
        await centre.call("Enqueue", pb.EnqueueRequest(contact=contact, queue="sales", holder="chat"))
    for chat in chats[:2]:
        offered = await centre.heard.one("ContactOffered", chat)
        action = pb.OfferActionRequest(request_id=new_id(), agent_id="a1", offer_id=offered["offerId"])
        await centre.call("AnswerOffer", action)
        await centre.heard.one("ContactAnswered", chat)
    agent = await centre.call("GetAgent", pb.GetAgentRequest(agent_id="a1"))
    assert [each.contact_id for each in agent.contacts] == chats[:2]
    hold = pb.ContactActionRequest(request_id=new_id(), agent_id="a1", contact_id=chats[0])
    with pytest.raises(Conflict, match="Only calls can be held"):
        await centre.call("Hold", hold)
    close = pb.ContactActionRequest(request_id=new_id(), agent_id="a1", contact_id=chats[0])
    await centre.call("HangUp", close)
    assert (await centre.heard.one("ContactEnded", chats[0]))["outcome"] == "OUTCOME_ANSWERED"
    await centre.heard.one("ContactOffered", chats[2])
