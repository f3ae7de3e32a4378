"""Calls through the simulated switch, the real wiring, a real database and a real bus."""

import asyncio

from services.stubs.crm.v1 import crm_pb2
from services.stubs.ivr.v1 import ivr_pb2
from tests.integration.ivr.centre import Centre
from tests.unit.ivr.playbook import DEFAULT

EVERY_10_S = DEFAULT.replace("position_every_s: 20", "position_every_s: 10").replace(
    "version: 1", "version: 2"
)


async def test_caller_chooses_sales_talks_and_rates(centre: Centre) -> None:
    """The walk of a whole call: greeting, menu, queue, bridge, back for the survey, thanks."""
    await centre.ivr()
    caller = centre.call()
    await centre.hearing(caller, "welcome")
    await centre.hearing(caller, "menu")
    centre.key(caller, "1")
    await centre.hearing(caller, "please_wait")
    await centre.acd.until(lambda: centre.acd.waiting)
    [wish] = centre.acd.enqueued
    assert (wish.queue, wish.priority, dict(wish.data)) == (
        "sales",
        0,
        {"language": "zh", "menu.menu": "1"},
    )
    assert wish.contact.contact_id == caller.get("sy_contact_id")
    agent = await centre.answer(caller)
    await centre.until(lambda: caller.get("sy_flow_node") == "survey")
    centre.hang_up(agent)
    await centre.hearing(caller, "survey")
    centre.key(caller, "4")
    await centre.hearing(caller, "thanks")
    await centre.over(caller)
    await centre.acd.until(lambda: centre.acd.closed)
    assert centre.outcomes() == ["answered"]
    assert len(centre.acd.opened) == 1
    await centre.until(lambda: centre.announced("SurveyAnswered"))
    [answer] = centre.announced("SurveyAnswered")
    assert (answer["score"], answer["highest"], answer["agentId"]) == (4, 5, "agent-7")
    assert [each.get("reEntered", False) for each in centre.announced("CallStarted")] == [False, True]
    assert [each["digits"] for each in centre.announced("MenuChosen")] == ["1"]
    query = "select outcome, re_entered, flow, version from call_entry order by entered_at"
    rows = await centre.rows(query, 2)
    assert rows == [
        {"outcome": "", "re_entered": False, "flow": "default", "version": 1},
        {"outcome": "answered", "re_entered": True, "flow": "default", "version": 1},
    ]


async def test_blacklisted_caller_is_refused_politely(centre: Centre) -> None:
    centre.crm.callers["13900000009"] = crm_pb2.IdentifyResponse(number="+8613900000009", blocked=True)
    await centre.ivr()
    caller = centre.call("13900000009")
    await centre.hearing(caller, "refused")
    await centre.over(caller)
    await centre.acd.until(lambda: centre.acd.closed)
    assert centre.outcomes() == ["rejected"]
    assert centre.acd.closed[0].cause == "CALL_REJECTED"
    assert centre.acd.enqueued == []


async def test_vip_is_known_by_number_and_goes_first(centre: Centre) -> None:
    known = crm_pb2.IdentifyResponse(
        number="+8613800000001",
        customer_id="01890a5d-ac96-774b-bcce-b302099a8057",
        level=3,
        language="en-GB",
    )
    centre.crm.callers["13800000001"] = known
    await centre.ivr()
    caller = centre.call(keys=[{"digits": "2", "when": "playback", "nth": 2}])
    await centre.acd.until(lambda: centre.acd.waiting)
    [wish] = centre.acd.enqueued
    assert (wish.queue, wish.priority, wish.data["language"]) == ("support", 3, "en")
    assert (wish.contact.from_number, wish.contact.customer_id) == (known.number, known.customer_id)
    assert caller.get("sy_customer_id") == known.customer_id


async def test_wrong_key_then_silence_reaches_the_default_queue(centre: Centre) -> None:
    await centre.ivr()
    caller = centre.call(keys=[{"digits": "7", "when": "playback", "nth": 2}])
    await centre.hearing(caller, "invalid_key")
    await centre.acd.until(lambda: centre.acd.waiting, within_s=20)
    assert centre.acd.enqueued[0].queue == "sales"


async def test_caller_who_leaves_in_the_queue_is_abandoned(centre: Centre) -> None:
    await centre.ivr()
    caller = centre.call(keys=[{"digits": "1", "when": "playback", "nth": 2}])
    await centre.acd.until(lambda: centre.acd.waiting)
    await centre.hearing(caller, "hold")
    centre.hang_up(caller)
    await centre.acd.until(lambda: centre.acd.closed)
    assert centre.outcomes() == ["abandoned"]


async def test_place_in_the_queue_is_told(centre: Centre) -> None:
    await centre.publish(EVERY_10_S)
    await centre.ivr()
    caller = centre.call(keys=[{"digits": "1", "when": "playback", "nth": 2}])
    await centre.acd.until(lambda: centre.acd.waiting)
    contact_id = caller.get("sy_contact_id") or ""
    await centre.until(lambda: contact_id in centre.acd.placed)
    await centre.hearing(caller, "hold")
    centre.acd.place(contact_id, 13, None)
    await centre.hearing(caller, "ahead_before n_10 n_2 ahead_after press_1_for_message", within_s=15)
    await centre.hearing(caller, "hold")


async def test_expected_wait_is_told_with_the_place(centre: Centre) -> None:
    """The wait on entering, then that of the queue which has taken the caller over meanwhile."""
    centre.acd.expected_wait_ms = 290_000
    await centre.publish(EVERY_10_S)
    await centre.ivr()
    caller = centre.call(keys=[{"digits": "1", "when": "playback", "nth": 2}])
    await centre.hearing(caller, "you_are_next wait_before n_5 wait_after press_1_for_message")
    contact_id = caller.get("sy_contact_id") or ""
    centre.acd.place(contact_id, 2, 40_000, "support")
    await centre.until(lambda: caller.get("sy_queue") == "support")
    await centre.hearing(caller, "ahead_before n_1 ahead_after wait_under_a_minute press_1_for_message")


async def test_full_queue_ends_with_a_message(centre: Centre) -> None:
    """Apology, tone, recording; the message is an event, a row, and in the list."""
    centre.acd.full = True
    ivr = await centre.ivr()
    caller = centre.call(keys=[{"digits": "1", "when": "playback", "nth": 2}])
    await centre.hearing(caller, "all_busy")
    await centre.hearing(caller, "leave_message")
    await centre.hearing(caller, "record")
    await centre.until(lambda: caller.get("playback_terminators") == "#")
    await asyncio.sleep(1.2)  # the message itself: shorter ones are none
    centre.key(caller, "#")
    await centre.hearing(caller, "goodbye")
    await centre.over(caller)
    await centre.acd.until(lambda: centre.acd.closed)
    assert centre.outcomes() == ["voicemail"]
    await centre.until(lambda: centre.announced("VoicemailLeft"))
    [left] = centre.announced("VoicemailLeft")
    assert left["file"] == f"voicemail-demo-{left['voicemailId']}.wav"
    assert (centre.recordings / left["file"]).is_file()
    listed = await centre.ask(ivr, "ListVoicemails", ivr_pb2.ListVoicemailsRequest())
    [voicemail] = listed.voicemails
    assert voicemail.length_ms >= 1000
    assert (voicemail.voicemail_id, voicemail.file) == (left["voicemailId"], left["file"])


async def test_message_ended_by_hanging_up_counts(centre: Centre) -> None:
    centre.acd.known_queues.clear()  # the flow names a queue nobody has set up
    await centre.ivr()
    caller = centre.call(keys=[{"digits": "1", "when": "playback", "nth": 2}])
    await centre.hearing(caller, "record")
    await asyncio.sleep(1.2)
    centre.hang_up(caller)
    await centre.acd.until(lambda: centre.acd.closed)
    assert centre.outcomes() == ["voicemail"]
    await centre.until(lambda: centre.announced("VoicemailLeft"))


async def test_waiting_caller_leaves_a_message_by_key(centre: Centre) -> None:
    await centre.ivr()
    caller = centre.call(keys=[{"digits": "1", "when": "playback", "nth": 2}])
    await centre.hearing(caller, "hold")
    centre.key(caller, "1")
    await centre.hearing(caller, "leave_message")
    assert [each.reason for each in centre.acd.withdrawn] == ["key"]


async def test_acd_sends_the_caller_away(centre: Centre) -> None:
    await centre.ivr()
    caller = centre.call(keys=[{"digits": "1", "when": "playback", "nth": 2}])
    await centre.hearing(caller, "hold")
    centre.acd.expel(caller.get("sy_contact_id") or "", "no_agents")
    await centre.hearing(caller, "all_busy")
    assert centre.acd.withdrawn == []


async def test_call_of_another_tenant(centre: Centre) -> None:
    await centre.publish(
        'flow: theirs\nversion: 1\nnumbers: ["10050"]\nnodes: {end: {type: hang_up, prompts: [closed]}}\n',
        slug="other",
    )
    await centre.ivr()
    theirs = centre.call(variables={"sy_tenant": "other"})
    ours = centre.call()
    await centre.hearing(theirs, "closed")
    await centre.hearing(ours, "welcome")
    await centre.over(theirs)
    await centre.until(lambda: any(each.tenant == "other" for each in centre.events))
    assert {each.tenant for each in centre.events} == {"demo", "other"}
