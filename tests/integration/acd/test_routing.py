"""Routing's settings and explanations over the real API, the real database and a restart."""

from __future__ import annotations

import asyncio

import pytest
from google.protobuf.message import Message

from services.chassis.errors import Conflict, Invalid, Stale
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
    recording=pb.RECORDING_RULE_FROM_ANSWER,
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
    expected = pb.Queue(revision=1)
    expected.MergeFrom(EVERYTHING)
    assert await queue_named(centre, "vip") == expected
    await centre.stop_acd()
    await centre.start_acd()
    assert await queue_named(centre, "vip") == expected


async def test_of_two_who_change_the_same_at_once_one_is_told(centre: Centre) -> None:
    """Two team leads read the queue and save at the same moment, each another thing."""
    await centre.queue("sales")
    read = await queue_named(centre, "sales")
    changes = [pb.Queue() for _ in range(5)]
    for number, change in enumerate(changes):
        change.CopyFrom(read)
        change.wrap_up_s = 10 + number
    puts = [centre.call("PutQueue", change) for change in changes]
    found = await asyncio.gather(*puts, return_exceptions=True)
    (kept,) = [each for each in found if isinstance(each, pb.Queue)]
    assert kept.revision == read.revision + 1
    refused = [each for each in found if isinstance(each, Stale)]
    assert len(refused) == 4
    assert {(each.field, "reload" in each.sentence) for each in refused} == {("revision", True)}
    assert await queue_named(centre, "sales") == kept
    await centre.stop_acd()
    await centre.start_acd()
    assert await queue_named(centre, "sales") == kept


async def test_change_sent_again_after_its_answer_was_lost(centre: Centre) -> None:
    await centre.queue("sales")
    change = await queue_named(centre, "sales")
    change.wrap_up_s = 30
    once = await centre.call("PutQueue", change)
    assert await centre.call("PutQueue", change) == once


async def test_one_agent_changed_by_another_refuses_them_all(centre: Centre) -> None:
    await centre.queue("sales")
    await centre.call("PutAgents", agent_of(name="Li"))
    (read,) = (await centre.call("ListAgents", pb.ListAgentsRequest(settings=True))).agents
    await centre.call("PutAgents", agent_of(name="Li Hua"))
    read.settings.name = "Lee"
    both = pb.PutAgentsRequest(agents=[pb.AgentSettings(agent_id="a2"), read.settings])
    with pytest.raises(Stale, match=r"'a1'.*reload") as refused:
        await centre.call("PutAgents", both)
    assert refused.value.field == "agents.1.revision"
    (now,) = (await centre.call("ListAgents", pb.ListAgentsRequest())).agents
    assert now.name == "Li Hua"
    both.agents[1].revision = 2
    await centre.call("PutAgents", both)


async def test_refusal_names_the_place_in_the_list_and_the_agent(centre: Centre) -> None:
    """Of five thousand, which one?"""
    await centre.queue("sales")
    agents = [pb.AgentSettings(agent_id=f"a{number}", queues=["sales"]) for number in range(4)]
    agents[2].queues[:] = ["nowhere"]
    with pytest.raises(Invalid, match="a2: there is no queue 'nowhere'") as refused:
        await centre.call("PutAgents", pb.PutAgentsRequest(agents=agents))
    assert refused.value.field == "agents.2.queues"
    agents[2].CopyFrom(agents[0])
    with pytest.raises(Invalid, match=r"a0: is named twice, also by agents\.0") as refused:
        await centre.call("PutAgents", pb.PutAgentsRequest(agents=agents))
    assert refused.value.field == "agents.2.agent_id"
    assert not (await centre.call("ListAgents", pb.ListAgentsRequest())).agents


async def test_work_mode_chosen_by_the_agent_outlives_a_restart(centre: Centre) -> None:
    """Only the mode is changed: presence and reason stay, and everybody is told."""
    await centre.queue("sales")
    await centre.agent("a1", "1001", ready=False)
    await centre.call(
        "SetPresence", pb.SetPresenceRequest(agent_id="a1", presence=ev.PRESENCE_OTHER_WORK, reason="lunch")
    )
    mode = pb.SetPresenceRequest(agent_id="a1", work_mode=ev.WORK_MODE_INTERMITTENT)
    now = await centre.call("SetPresence", mode)
    assert (now.presence, now.reason, now.work_mode) == (
        ev.PRESENCE_OTHER_WORK,
        "lunch",
        ev.WORK_MODE_INTERMITTENT,
    )
    await centre.stop_acd()
    await centre.start_acd()
    again = await centre.call("GetAgent", pb.GetAgentRequest(agent_id="a1"))
    assert (again.work_mode, again.reason) == (ev.WORK_MODE_INTERMITTENT, "lunch")


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
        (agent_of(queues=["nowhere"]), "PutAgents", "agents.0.queues"),
        (agent_of(skills=[ev.Skill(name="english", level=11)]), "PutAgents", "agents.0.skills.level"),
        (
            agent_of(tiers=[pb.Tier(queue="sales"), pb.Tier(queue="sales", level=2)]),
            "PutAgents",
            "agents.0.tiers",
        ),
        (
            agent_of(capacity=[pb.Capacity(channel=types_pb2.CHANNEL_VOICE, most=2)]),
            "PutAgents",
            "agents.0.capacity.most",
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
    assert [d.outcome for d in now.decisions] == ["answered"]
    assert now.decisions[0].outcome_at.ToMicroseconds() > now.decisions[0].at.ToMicroseconds()
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


async def test_team_lead_gives_a_contact_to_an_agent_once(centre: Centre) -> None:
    """The button is pressed twice: one request, one assignment, though the agent refused meanwhile."""
    await centre.queue("sales")
    await centre.queue("other")
    await centre.agent("a1", "1001", "other", answer_after_ms=60_000)
    caller = centre.arrives()
    await caller.enqueue()
    request = pb.AssignContactRequest(
        request_id=new_id(), contact_id=caller.contact_id, agent_id="a1", by="Wang Fang", wait_s=60
    )
    given: pb.Contact = await centre.call("AssignContact", request)
    assert (given.state, given.agent_id) == ("offered", "a1")
    offered = await caller.event("ContactOffered")
    decision = offered["decision"]
    assert (decision["rule"], decision["assignedBy"]) == ("assigned", "Wang Fang")
    reject = pb.OfferActionRequest(request_id=new_id(), agent_id="a1", offer_id=given.offer_id)
    await centre.call("RejectOffer", reject)
    again: pb.Contact = await centre.call("AssignContact", request)
    assert (again.state, again.assigned_by) == ("queued", "")
    with pytest.raises(Invalid, match="contact_id"):
        await centre.call("AssignContact", pb.AssignContactRequest(contact_id="x", agent_id="a1"))


async def test_who_waits_for_one_agent_is_listed(centre: Centre) -> None:
    """Given to somebody who talks: still among those who wait, and it says for whom."""
    await centre.queue("sales")
    await centre.agent("a1", "1001", ready=False)
    await centre.presence("a1", ev.PRESENCE_OTHER_WORK)
    caller = centre.arrives()
    await caller.enqueue()
    request = pb.AssignContactRequest(contact_id=caller.contact_id, agent_id="a1", by="Wang Fang")
    await centre.call("AssignContact", request)
    listed: pb.ListWaitingResponse = await centre.call("ListWaiting", pb.ListWaitingRequest(queue="sales"))
    (waiting,) = listed.contacts
    assert (waiting.waits_for_agent_id, waiting.assigned_by) == ("a1", "Wang Fang")


async def test_who_holds_a_caller_is_told_the_flow_of_the_queue(centre: Centre) -> None:
    """On entering, with the place after an overflow, and when the settings change under who waits."""
    await centre.queue("support", waiting_flow="jazz")
    overflow = pb.Overflow(action=pb.OVERFLOW_ACTION_QUEUE, target="support")
    await centre.queue("sales", waiting_flow="songs", on_max_wait=overflow, max_wait_s=1)
    watch = centre.client.stream(
        centre.client.stub.WatchContacts, pb.WatchContactsRequest(holder="ivr1", places_together=True)
    )
    caller = centre.arrives()
    assert (await caller.enqueue()).waiting_flow == "songs"
    async with asyncio.timeout(15):
        async for update in watch:
            told = {(each.place.queue, each.place.waiting_flow) for each in update.places.places}
            if ("support", "jazz") in told:
                break
    await centre.queue("support", waiting_flow="blues")
    async with asyncio.timeout(15):
        async for update in watch:
            if any(each.place.waiting_flow == "blues" for each in update.places.places):
                break
