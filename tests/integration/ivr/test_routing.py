"""Routing as it crosses the wire: what the ACD is asked for, and what it answers when a queue is no place."""

from types import SimpleNamespace

import pytest

from services.stubs.acd.v1 import acd_pb2
from services.stubs.crm.v1 import crm_pb2
from tests.integration.ivr.centre import Centre
from tests.unit.ivr.playbook import BY_DEPARTMENT

SKILLED = """
flow: skilled
version: 1
nodes:
  who: {type: set, language: en, facts: {my.manager: zhang.wei, my.rude: agent-7}, next: help}
  help:
    type: queue
    queue: sales
    skills: {billing: 5}
    language_skill: yes
    relax: [{after_s: 30, skills: {billing: 2}}, {after_s: 60, skills: {}, language_skill: no}]
    prefer: my.manager
    prefer_s: 20
    exclude: my.rude
    next: again
    on: {max_wait: busy, full: busy, unavailable: busy, closed: closed, voicemail: message, outside: number}
  again:
    type: queue
    queue: support
    prefer: last
    next: end
    on: {max_wait: busy, full: busy, unavailable: busy}
  busy: {type: play, prompts: [all_busy], next: end}
  closed: {type: play, prompts: [closed], next: end}
  message: {type: voicemail, prompts: [leave_message], next: end}
  number: {type: say, fact: queue.overflow_target, as: digits, next: end}
  end: {type: hang_up, prompts: [goodbye]}
"""


def overflowed(reason: str, action: acd_pb2.OverflowAction.ValueType, target: str = "") -> acd_pb2.Overflowed:
    return acd_pb2.Overflowed(reason=reason, what=acd_pb2.Overflow(action=action, target=target))


async def test_agents_asked_for(centre: Centre) -> None:
    """Skills, their relaxation, who first and who never, as the ACD reads them; and after the conversation
    the agent of this call."""
    await centre.publish(SKILLED)
    await centre.ivr()
    caller = centre.call()
    await centre.acd.until(lambda: centre.acd.waiting)
    [wish] = centre.acd.enqueued
    assert {each.name: each.level for each in wish.skills} == {"lang_en": 1, "billing": 5}
    steps = [(step.after_s, {each.name: each.level for each in step.skills}) for step in wish.relax]
    assert steps == [(30, {"lang_en": 1, "billing": 2}), (60, {})]
    assert (wish.preferred_agent_id, wish.prefer_s) == ("zhang.wei", 20)
    assert list(wish.excluded_agent_ids) == ["agent-7"]
    agent = await centre.answer(caller)
    await centre.until(lambda: caller.get("sy_flow_node") == "again")
    caller.set("sy_agent_id", "li.na")  # as the ACD writes it before it bridges
    centre.acd.answered.clear()
    centre.hang_up(agent)
    await centre.acd.until(lambda: len(centre.acd.enqueued) == 2)
    assert centre.acd.enqueued[1].preferred_agent_id == "li.na"


async def test_closed_queue_says_so(centre: Centre) -> None:
    centre.acd.overflows["sales"] = overflowed("closed", acd_pb2.OVERFLOW_ACTION_UNSPECIFIED)
    await centre.publish(SKILLED)
    await centre.ivr()
    await centre.hearing(centre.call(), "closed")
    assert len(centre.acd.enqueued) == 1
    assert centre.acd.withdrawn == []


async def test_full_queue_takes_messages(centre: Centre) -> None:
    centre.acd.overflows["sales"] = overflowed("full", acd_pb2.OVERFLOW_ACTION_VOICEMAIL)
    await centre.publish(SKILLED)
    await centre.ivr()
    await centre.hearing(centre.call(), "leave_message")


async def test_waited_too_long_and_is_led_to_a_node(centre: Centre) -> None:
    await centre.publish(SKILLED)
    await centre.ivr()
    caller = centre.call()
    await centre.acd.until(lambda: centre.acd.waiting)
    await centre.hearing(caller, "hold")
    to_node = acd_pb2.Overflow(action=acd_pb2.OVERFLOW_ACTION_NODE, target="closed")
    centre.acd.expel(caller.get("sy_contact_id") or "", "max_wait", to_node)
    await centre.hearing(caller, "closed")


async def test_number_outside_is_cleaned_and_read_out(centre: Centre) -> None:
    """It was typed into settings by a person; what is no number does not get into the call."""
    hostile = "20\n${system(x)}8"
    centre.acd.overflows["sales"] = overflowed("no_agents", acd_pb2.OVERFLOW_ACTION_OUTSIDE, hostile)
    await centre.publish(SKILLED)
    await centre.ivr()
    await centre.hearing(centre.call(), "n_2 n_0 n_8")


async def test_action_of_a_later_acd_is_left_to_the_flow(centre: Centre) -> None:
    centre.acd.overflows["sales"] = acd_pb2.Overflowed(reason="closed")
    centre.acd.overflows["sales"].what.action = 99  # type: ignore[assignment]
    await centre.publish(SKILLED)
    await centre.ivr()
    await centre.hearing(centre.call(), "closed")


async def test_another_queue_takes_the_caller(centre: Centre) -> None:
    """The caller waits on as if nothing had happened; the channel says where."""
    centre.acd.instead["sales"] = "support"
    await centre.publish(SKILLED)
    await centre.ivr()
    caller = centre.call()
    await centre.hearing(caller, "hold")
    await centre.until(lambda: caller.get("sy_queue") == "support")
    await centre.answer(caller)
    await centre.until(lambda: caller.get("sy_flow_node") == "again")


async def test_number_of_a_segment_reaches_its_department(centre: Centre) -> None:
    """CRM's word on the number decides the queue and is shown to the agent."""
    centre.crm.callers["13800000001"] = crm_pb2.IdentifyResponse(
        number="+8613800000001", segment="meters", department="energy", level=1
    )
    centre.acd.known_queues.add("energy")
    await centre.publish(BY_DEPARTMENT)
    await centre.ivr()
    centre.call()
    await centre.acd.until(lambda: centre.acd.waiting)
    [wish] = centre.acd.enqueued
    assert (wish.queue, wish.priority, wish.data["department"]) == ("energy", 1, "energy")


async def test_level_still_counts_after_the_conversation(centre: Centre) -> None:
    """The flow leads to a second queue: the VIP is one there as well."""
    vip = crm_pb2.IdentifyResponse(number="+8613800000001", level=3, language="en")
    centre.crm.callers = {"13800000001": vip, "+8613800000001": vip}
    await centre.publish(SKILLED.replace("language: en, ", ""))
    await centre.ivr()
    caller = centre.call()
    await centre.acd.until(lambda: centre.acd.waiting)
    agent = await centre.answer(caller)
    await centre.until(lambda: caller.get("sy_flow_node") == "again")
    centre.acd.answered.clear()
    centre.hang_up(agent)
    await centre.acd.until(lambda: len(centre.acd.enqueued) == 2)
    again = centre.acd.enqueued[1]
    assert (again.queue, again.priority, again.data["language"]) == ("support", 3, "en")


QUEUES_OWN = """
flow: sales_waits
version: 1
waiting_every_s: 5
nodes:
  wait: {type: play, prompts: [all_busy], next: end}
  end: {type: hang_up}
"""


async def test_queue_has_a_flow_of_its_own(centre: Centre) -> None:
    """Heard in the queue that names it; the queue overflowed to names none, so there is music again."""
    centre.acd.waiting_flow["sales"] = "sales_waits"
    await centre.publish(SKILLED)
    await centre.publish(QUEUES_OWN)
    await centre.ivr()
    caller = centre.call()
    await centre.hearing(caller, "all_busy")
    await centre.hearing(caller, "hold")
    await centre.hearing(caller, "all_busy")
    centre.acd.place(caller.get("sy_contact_id") or "", 1, None, "support")
    await centre.hearing(caller, "hold")
    assert caller.get("sy_queue") == "support"


async def test_flow_of_a_queue_that_cannot_be_heard_is_music(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not there, or one that answers calls: the node's own treatment, and the reason in the log."""
    told: list[dict[str, str]] = []
    # In place of the log: what a test can see of that depends on which test logged first.
    recorder = SimpleNamespace(
        info=lambda _, **__: None, warning=lambda event, **why: told.append({"event": event} | why)
    )
    monkeypatch.setattr("services.ivr.service.book.log", recorder)
    centre.acd.waiting_flow |= {"sales": "nowhere", "support": "skilled"}
    await centre.publish(SKILLED)
    await centre.ivr()
    caller = centre.call()
    await centre.hearing(caller, "hold")
    await centre.until(lambda: told)  # music begins before the ACD has answered
    centre.acd.place(caller.get("sy_contact_id") or "", 1, None, "support")
    await centre.until(lambda: caller.get("sy_queue") == "support" and len(told) > 1)
    assert [(each["event"], each["flow"], each["why"].partition(":")[0]) for each in told] == [
        ("waiting_flow_unusable", "nowhere", "no such flow is published"),
        ("waiting_flow_unusable", "skilled", "it answers calls"),
    ]


async def test_flow_for_waiting_answers_no_calls(centre: Centre) -> None:
    await centre.publish(QUEUES_OWN)
    await centre.ivr()
    await centre.hearing(centre.call(), "welcome")
