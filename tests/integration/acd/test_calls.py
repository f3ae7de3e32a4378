"""Calls through the whole ACD: gRPC in, a switch that speaks ESL, events and tables out."""

from __future__ import annotations

from typing import Any

import pytest

from freeswitch.simulator import api as switch_api
from services.chassis.errors import Conflict, Full, Invalid, NotFound
from services.chassis.ids import new_id
from services.stubs.acd.v1 import acd_pb2 as pb
from services.stubs.acd.v1 import events_pb2 as ev
from services.stubs.common.v1 import types_pb2
from tests.integration.acd.centre import Centre, until


async def test_caller_reaches_agent_and_all_is_told_once(centre: Centre) -> None:
    """Offered, answered, bridged, hung up: each fact once and in order, in events and in the tables."""
    await centre.queue(wrap_up_s=30)
    await centre.agent("a1", "1001", mode="auto_answer", answer_after_ms=20)
    caller = centre.arrives(talk_ms=100)
    place = await caller.enqueue()
    assert place.position == 1
    answered = await caller.event("ContactAnswered")
    assert answered["agentId"] == "a1"
    ended = await caller.event("ContactEnded")
    assert ended["outcome"] == "OUTCOME_ANSWERED"
    assert ended["call"] == {"node": "fs1", "callId": caller.call_id}
    assert caller.story == ["Opened", "Queued", "Offered", "Answered", "Released", "Ended"]
    assert await centre.routing("a1") == "WRAP_UP"
    form = pb.FinishWrapUpRequest(
        request_id=new_id(), agent_id="a1", contact_id=caller.contact_id, disposition="sold"
    )
    await centre.call("FinishWrapUp", form)
    await centre.call("FinishWrapUp", form)
    assert (await caller.event("ContactWrappedUp"))["disposition"] == "sold"
    assert await centre.routing("a1") == "IDLE"
    await until(lambda: not centre.switch.channels, "all legs gone")
    assert centre.mended() == 0


async def test_agent_hangs_up_first(centre: Centre) -> None:
    """The agent ends it: released by the agent; here the caller's leg goes too, and the contact ends."""
    await centre.queue()
    await centre.agent("a1", "1001", mode="auto_answer", answer_after_ms=10)
    caller = centre.arrives()
    await caller.enqueue()
    await caller.event("ContactAnswered")
    request = pb.ContactActionRequest(request_id=new_id(), agent_id="a1", contact_id=caller.contact_id)
    await centre.call("HangUp", request)
    released = await caller.event("ContactReleased")
    assert released["endedBy"] == "PARTY_AGENT"
    assert (await caller.event("ContactEnded"))["outcome"] == "OUTCOME_ANSWERED"


async def test_caller_hangs_up_first(centre: Centre) -> None:
    """A switch may tell the end of the agent's leg before the caller's: it was the caller all the same."""
    await centre.queue()
    await centre.agent("a1", "1001", mode="auto_answer", answer_after_ms=10)
    caller = centre.arrives()
    await caller.enqueue()
    await caller.event("ContactAnswered")
    caller.hang_up()
    assert (await caller.event("ContactReleased"))["endedBy"] == "PARTY_CALLER"
    assert (await caller.event("ContactEnded"))["outcome"] == "OUTCOME_ANSWERED"


@pytest.mark.parametrize(
    ("phone", "failure"),
    [
        ({"mode": "busy"}, "OFFER_FAILURE_BUSY"),
        ({"mode": "reject"}, "OFFER_FAILURE_REJECTED"),
        ({"mode": "unregistered"}, "OFFER_FAILURE_UNREACHABLE"),
        ({"mode": "ring"}, "OFFER_FAILURE_RING_TIMEOUT"),
    ],
)
async def test_first_phone_fails_and_the_next_is_rung(
    centre: Centre, phone: dict[str, Any], failure: str
) -> None:
    await centre.queue(ring_timeout_s=3)
    await centre.agent("a1", "1001", **phone)
    await centre.agent("a2", "1002", mode="auto_answer", answer_after_ms=10)
    caller = centre.arrives()
    await caller.enqueue()
    assert (await caller.event("ContactOfferFailed"))["failure"] == failure
    answered = await caller.event("ContactAnswered")
    assert answered["agentId"] == "a2"
    assert caller.story.count("Queued") == 1, "the place was kept"
    assert len(centre.switch.channels) == 2, "the first phone rings no more"


async def test_silent_agent_is_set_aside(centre: Centre) -> None:
    """Two calls unanswered: not responding, until the agent says ready again."""
    await centre.queue(ring_timeout_s=3)
    await centre.agent("a1", "1001", mode="busy")
    caller = centre.arrives()
    await caller.enqueue()
    await until(lambda: len(centre.heard.of("ContactOfferFailed")) == 2, "two misses")
    assert await centre.routing("a1") == "NOT_RESPONDING"
    centre.phone("1001", mode="auto_answer", answer_after_ms=10)
    await centre.presence("a1", ev.PRESENCE_READY)
    assert (await caller.event("ContactAnswered"))["agentId"] == "a1"


async def test_agent_rejects_on_screen(centre: Centre) -> None:
    await centre.queue()
    await centre.agent("a1", "1001", mode="ring")
    await centre.agent("a2", "1002", ready=False, mode="auto_answer", answer_after_ms=10)
    caller = centre.arrives()
    await caller.enqueue()
    offered = await caller.event("ContactOffered")
    await centre.presence("a2", ev.PRESENCE_READY)
    request = pb.OfferActionRequest(request_id=new_id(), agent_id="a1", offer_id=offered["offerId"])
    await centre.call("RejectOffer", request)
    assert (await caller.event("ContactAnswered"))["agentId"] == "a2"
    request.request_id = new_id()
    with pytest.raises(Conflict):
        await centre.call("RejectOffer", request)


async def test_agent_answers_on_screen_and_holds(centre: Centre) -> None:
    """Answer, hold and retrieve by button; what the switch says becomes fact."""
    await centre.queue()
    await centre.agent("a1", "1001", mode="ring")
    caller = centre.arrives()
    await caller.enqueue()
    offered = await caller.event("ContactOffered")
    await until(lambda: offered["offerId"] in centre.switch.channels, "the phone rings")
    action = pb.OfferActionRequest(request_id=new_id(), agent_id="a1", offer_id=offered["offerId"])

    async def picked_up() -> bool:
        try:
            await centre.call("AnswerOffer", action)
        except Conflict:
            return False  # the phone does not ring yet
        return True

    while not await picked_up():
        pass
    await caller.event("ContactAnswered")
    control = pb.ContactActionRequest(request_id=new_id(), agent_id="a1", contact_id=caller.contact_id)
    held = await centre.call("Hold", control)
    assert held.contact.held
    await caller.event("ContactHeld")
    back = await centre.call("Retrieve", control)
    assert not back.contact.held
    await caller.event("ContactRetrieved")


async def test_phone_is_hung_up_during_a_hold_and_the_caller_goes_on(centre: Centre) -> None:
    """Without a word to the agent's own leg the switch hangs the caller up: no survey, no second agent."""
    centre.switch.dialplan.extra["switchyard", "back"] = [("park", "")]
    await centre.queue()
    await centre.agent("a1", "1001", mode="auto_answer", answer_after_ms=10)
    caller = centre.arrives()
    await caller.enqueue(transfer_after_bridge="back:XML:switchyard")
    await caller.event("ContactAnswered")
    control = pb.ContactActionRequest(request_id=new_id(), agent_id="a1", contact_id=caller.contact_id)
    await centre.call("Hold", control)
    await caller.event("ContactHeld")
    assert centre.sim("hangup 1001").startswith("+OK")
    assert (await caller.event("ContactReleased"))["endedBy"] == "PARTY_AGENT"
    leg = centre.switch.channels[caller.call_id]
    await until(lambda: leg.profile.destination_number == "back", "the caller goes on")
    assert not leg.down


async def test_agent_sends_keys_once_and_only_keys(centre: Centre) -> None:
    await centre.queue()
    await centre.agent("a1", "1001", mode="auto_answer", answer_after_ms=10)
    caller = centre.arrives()
    await caller.enqueue()
    await caller.event("ContactAnswered")
    keys = pb.SendDtmfRequest(request_id=new_id(), agent_id="a1", contact_id=caller.contact_id, keys="4711#")
    await centre.call("SendDtmf", keys)
    await centre.call("SendDtmf", keys)
    assert centre.switch.channels[caller.call_id].keys_sent == ["4711#"]
    for bad in ("", "1w", "1@200", "1\nuuid_kill x", "1%0A", "${x}", "\uff11", "1" * 33):
        asked = pb.SendDtmfRequest(request_id=new_id(), agent_id="a1", contact_id=caller.contact_id, keys=bad)
        with pytest.raises(Invalid):
            await centre.call("SendDtmf", asked)


async def test_caller_leaves_while_waiting(centre: Centre) -> None:
    await centre.queue()
    caller = centre.arrives()
    await caller.enqueue()
    caller.hang_up()
    assert (await caller.event("ContactEnded"))["outcome"] == "OUTCOME_ABANDONED"
    with pytest.raises(Conflict):
        await caller.enqueue()


async def test_caller_leaves_while_the_phone_rings(centre: Centre) -> None:
    """The phone stops ringing and the agent gets the next caller."""
    await centre.queue()
    await centre.agent("a1", "1001", mode="ring")
    caller = centre.arrives()
    await caller.enqueue()
    offered = await caller.event("ContactOffered")
    await until(lambda: offered["offerId"] in centre.switch.channels, "the phone rings")
    caller.hang_up()
    assert (await caller.event("ContactOfferFailed"))["failure"] == "OFFER_FAILURE_CALLER_GONE"
    await until(lambda: not centre.switch.channels, "no leg is left")
    following = centre.arrives()
    await following.enqueue()
    assert (await following.event("ContactOffered"))["agentId"] == "a1"


async def test_caller_leaves_in_the_same_instant_as_the_ring_begins(centre: Centre) -> None:
    """The kill overtakes the originate: the phone must not go on ringing for nobody."""
    await centre.queue()
    await centre.agent("a1", "1001", mode="ring", delay_ms=100)
    caller = centre.arrives()
    await caller.enqueue()
    await caller.close(types_pb2.OUTCOME_ABANDONED)
    caller.hang_up()
    await caller.event("ContactEnded")
    await until(lambda: not centre.switch.channels, "no leg is left")


async def test_bridge_that_fails_is_tried_again(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    """The switch refuses to join the two once: the leg goes, the caller keeps the place and is served."""
    real, refusals = switch_api.API["uuid_bridge"], ["-ERR Invalid uuid\n"]
    monkeypatch.setitem(
        switch_api.API, "uuid_bridge", lambda *given: refusals.pop() if refusals else real(*given)
    )
    await centre.queue()
    await centre.agent("a1", "1001", mode="auto_answer", answer_after_ms=10)
    caller = centre.arrives()
    await caller.enqueue()
    failed = await caller.event("ContactOfferFailed")
    assert (failed["failure"], failed["cause"]) == ("OFFER_FAILURE_SWITCH_ERROR", "-ERR Invalid uuid")
    assert (await caller.event("ContactAnswered"))["agentId"] == "a1"
    assert len(centre.switch.channels) == 2


async def test_events_come_twice(centre: Centre) -> None:
    """A switch that says everything twice: every fact is still told once."""
    centre.fault(events="double")
    await centre.queue()
    await centre.agent("a1", "1001", mode="auto_answer", answer_after_ms=10)
    caller = centre.arrives(talk_ms=50)
    await caller.enqueue()
    await caller.event("ContactEnded")
    assert caller.story == ["Opened", "Queued", "Offered", "Answered", "Released", "Ended"]


async def test_flow_serves_the_caller_alone(centre: Centre) -> None:
    """Voicemail: withdrawn from the queue, closed by the flow, told once."""
    await centre.queue()
    caller = centre.arrives()
    await caller.enqueue()
    await centre.call("Withdraw", pb.WithdrawRequest(contact_id=caller.contact_id, reason="voicemail"))
    caller.hang_up()
    closed = await caller.close(types_pb2.OUTCOME_VOICEMAIL)
    assert closed.outcome == types_pb2.OUTCOME_VOICEMAIL
    assert (await caller.event("ContactEnded"))["outcome"] == "OUTCOME_VOICEMAIL"


async def test_waiting_caller_hears_of_place_and_of_having_to_leave(
    centre: Centre,
) -> None:
    """The holder's stream: a changed place, then the word to go on after the longest wait allowed."""
    await centre.stop_acd()
    await centre.start_acd(acd_place_interval_s=0.2)
    await centre.queue(max_wait_s=1)
    first, second = centre.arrives(), centre.arrives()
    stream = centre.client.stream(centre.client.stub.WatchContacts, pb.WatchContactsRequest(holder="ivr1"))
    await first.enqueue(priority=1)
    await second.enqueue()
    expelled, places = set(), {}
    async for news in stream:
        if news.HasField("expelled"):
            assert news.expelled.reason == "max_wait"
            expelled.add(news.contact_id)
        else:
            places[news.contact_id] = news.place.position
        if len(expelled) == 2:
            break
    assert places[first.contact_id] == 1


async def test_many_places_come_together_to_who_can_take_them(centre: Centre) -> None:
    """Ten thousand waited, all moved up with each call served, and ten thousand messages a round kept the ACD
    from its calls. A holder that knows no better still gets each place in its own; who comes later hears
    all."""
    await centre.stop_acd()
    await centre.start_acd(acd_place_interval_s=0.2)
    await centre.queue()
    callers = [centre.arrives() for _ in range(3)]
    for caller in callers:
        await caller.enqueue()
    wanted = {caller.contact_id: place for place, caller in enumerate(callers, start=1)}

    async def told(*, together: bool) -> dict[str, int]:
        request = pb.WatchContactsRequest(holder="ivr1", places_together=together)
        places: dict[str, int] = {}
        async for news in centre.client.stream(centre.client.stub.WatchContacts, request):
            assert news.HasField("places") is together
            some = news.places.places if together else [news]
            places |= {one.contact_id: one.place.position for one in some}
            if len(places) == len(callers):
                break
        return places

    assert await told(together=True) == wanted
    assert await told(together=False) == wanted


async def test_waiting_caller_hears_of_a_wait_that_changes_without_the_place(centre: Centre) -> None:
    """Agents came and went, the first in line stayed the first in line, and its flow went on telling the wait
    of an hour ago."""
    await centre.stop_acd()
    await centre.start_acd(acd_place_interval_s=0.2)
    await centre.queue()
    french = [ev.Skill(name="french", level=1)]
    absent = pb.AgentSettings(agent_id="a2", name="a2", extension="1002", queues=["sales"], skills=french)
    await centre.call("PutAgents", pb.PutAgentsRequest(agents=[absent]))
    caller = centre.arrives()
    stream = centre.client.stream(centre.client.stub.WatchContacts, pb.WatchContactsRequest(holder="ivr1"))
    assert not (await caller.enqueue(skills=french)).HasField("expected_wait_ms")

    async def told() -> tuple[int, str, int | None]:
        place = (await anext(stream)).place
        known = place.HasField("expected_wait_ms")
        return place.position, place.queue, place.expected_wait_ms if known else None

    assert await told() == (1, "sales", None)
    await centre.agent("a1", "1001")  # helps with everything else
    assert await told() == (1, "sales", 180_000)
    await centre.agent("a3", "1003")
    assert await told() == (1, "sales", 90_000)
    for agent in ("a1", "a3"):
        await centre.presence(agent, ev.PRESENCE_OFFLINE)
    news = await told()
    assert news in {(1, "sales", 180_000), (1, "sales", None)}
    assert news[2] is None or await told() == (1, "sales", None)


async def test_bad_requests_are_refused_by_name(centre: Centre) -> None:
    await centre.queue(max_length=1)
    caller = centre.arrives()
    with pytest.raises(NotFound, match="nowhere"):
        await caller.enqueue("nowhere")
    with pytest.raises(Invalid) as refused:
        await caller.enqueue(priority=-1)
    assert refused.value.field == "priority"
    with pytest.raises(Invalid) as refused:
        await caller.enqueue(data={str(n): "" for n in range(33)})
    assert refused.value.field == "data"
    with pytest.raises(Invalid) as refused:
        await caller.enqueue(transfer_after_bridge="ivr XML\nswitchyard")
    assert refused.value.field == "transfer_after_bridge"
    with pytest.raises(Invalid) as refused:
        await centre.queue("late", max_wait_s=-1)
    assert refused.value.field == "max_wait_s"
    with pytest.raises(Invalid) as refused:
        await centre.agent("a1", "1001", "sales", "sails")
    assert refused.value.field.endswith(".queues")
    await caller.enqueue()
    with pytest.raises(Full):
        await centre.arrives().enqueue()


async def test_agent_gives_the_caller_to_another_queue(centre: Centre) -> None:
    """Asked twice it happens once; the caller hears music, the next agent, and goes on as after any talk."""
    centre.switch.dialplan.extra["switchyard", "back"] = [("park", "")]
    await centre.queue()
    await centre.queue("support")
    await centre.agent("a1", "1001", mode="auto_answer", answer_after_ms=10)
    await centre.agent("a2", "1002", "support", mode="ring")
    caller = centre.arrives()
    await caller.enqueue(transfer_after_bridge="back:XML:switchyard")
    await caller.event("ContactAnswered")
    leg = centre.switch.channels[caller.call_id]
    away = pb.TransferRequest(
        request_id=new_id(), agent_id="a1", contact_id=caller.contact_id, queue="support"
    )
    await centre.call("Transfer", away)
    await centre.call("Transfer", away)
    await until(lambda: len(centre.heard.of("ContactOffered", caller.contact_id)) == 2, "the next one rings")
    await until(lambda: "endless_playback:local_stream" in leg.profile.transfer_source, "music")
    await until(lambda: len(centre.switch.channels) == 2, "the first agent's leg is gone")
    assert not leg.down
    centre.sim("answer 1002")
    await until(lambda: len(centre.heard.of("ContactAnswered", caller.contact_id)) == 2, "answered again")
    assert centre.sim("hangup 1002").startswith("+OK")
    await until(lambda: leg.profile.destination_number == "back", "the caller goes on")
    assert len(centre.heard.of("ContactTransferred", caller.contact_id)) == 1


async def test_nobody_takes_who_was_given_away_and_they_go_on_in_the_flow(centre: Centre) -> None:
    """The mark by which a restarted ACD would let them wait again is gone then."""
    centre.switch.dialplan.extra["switchyard", "back"] = [("park", "")]
    await centre.queue()
    await centre.queue("support", max_wait_s=1, ring_timeout_s=3)
    await centre.agent("a1", "1001", mode="auto_answer", answer_after_ms=10)
    await centre.agent("a2", "1002", "support", mode="ring")
    caller = centre.arrives()
    await caller.enqueue(transfer_after_bridge="back:XML:switchyard")
    await caller.event("ContactAnswered")
    leg = centre.switch.channels[caller.call_id]
    away = pb.TransferRequest(
        request_id=new_id(), agent_id="a1", contact_id=caller.contact_id, queue="support"
    )
    await centre.call("Transfer", away)
    await until(lambda: leg.get("sy_kept_in") == "support", "the switch knows where they wait")
    await until(lambda: leg.profile.destination_number == "back", "the caller goes on")
    assert not leg.get("sy_kept_in")


async def test_acd_is_restarted_while_a_caller_waits_who_was_given_away(centre: Centre) -> None:
    """No flow holds such a caller: the switch says where they wait."""
    await centre.queue()
    await centre.queue("support")
    await centre.agent("a1", "1001", mode="auto_answer", answer_after_ms=10)
    await centre.agent("a2", "1002", "support", mode="ring")
    caller = centre.arrives()
    await caller.enqueue()
    await caller.event("ContactAnswered")
    away = pb.TransferRequest(
        request_id=new_id(), agent_id="a1", contact_id=caller.contact_id, queue="support"
    )
    await centre.call("Transfer", away)
    await until(lambda: len(centre.heard.of("ContactOffered", caller.contact_id)) == 2, "the next one rings")
    await centre.stop_acd()
    centre.phone("1002", mode="auto_answer", answer_after_ms=10)
    await centre.start_acd()
    await until(lambda: len(centre.heard.of("ContactAnswered", caller.contact_id)) == 2, "answered again")
    assert centre.heard.of("ContactAnswered", caller.contact_id)[-1].data["agentId"] == "a2"
