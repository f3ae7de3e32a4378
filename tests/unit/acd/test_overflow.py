"""What a queue cannot keep: too long, too many, closed, nobody there; and where it goes."""

from __future__ import annotations

from typing import Any

import pytest

from services.acd.domain import Channel, LeftQueue, OverflowAction, Presence
from services.acd.engine import commands, stimuli, views
from services.acd.engine.floor import Policy
from services.acd.engine.stimuli import FLOW, Ease, Overflow, QueueSettings, Step
from services.chassis.errors import Conflict, Full, Invalid
from tests.unit.acd.transcript import Day, morning, one, outcome, rung, told, weekdays, why

VOICEMAIL = Overflow(OverflowAction.VOICEMAIL)
OUTSIDE = Overflow(OverflowAction.OUTSIDE, "+861088888888")
ENGLISH = (("english", 5),)


def to(queue: str) -> Overflow:
    return Overflow(OverflowAction.QUEUE, queue)


def two(**sales: Any) -> Day:
    """Sales, which overflows to support."""
    day = Day()
    day.queue("support")
    day.queue("sales", **sales)
    return day


def figures(day: Day, queue: str) -> views.QueueFigures:
    return next(each for each in views.figures(day.engine.floor, day.now).queues if each.queue == queue)


# ---------------------------------------------------------------- waited too long


def test_longest_wait_to_another_queue_where_the_wait_counts() -> None:
    """A minute in sales, then support: ahead of who came to support half a minute ago."""
    day = two(max_wait_ms=60_000, on_max_wait=to("support"))
    day.agent("a1", "support", ready=False)
    day.call("c1", "sales")
    day.wait(30)
    day.call("c2", "support")
    out = day.wait(30)
    left, queued = one(out, commands.ContactLeftQueue), one(out, commands.ContactQueued)
    assert (left.queue, left.reason, str(left.overflow)) == ("sales", LeftQueue.MAX_WAIT, "queue:support")
    assert (queued.queue, queued.overflowed_from, queued.position) == ("support", "sales", 1)
    assert told(out, commands.Expel) == [], "the flow goes on waiting, and is not told to go"
    ring = one(day.ready("a1"), commands.ContactOffered)
    assert (ring.contact_id, ring.waited_ms) == ("c1", 60_000)


def test_whole_wait_is_told_and_counted_once() -> None:
    """A minute in sales and half a minute in support are a minute and a half, answered late."""
    day = two(max_wait_ms=60_000, on_max_wait=to("support"))
    day.call("c1", "sales")
    day.wait(90)
    day.agent("a1", "support")
    answered = one(day.pick_up("o1"), commands.ContactAnswered)
    assert (answered.queue, answered.waited_ms) == ("support", 90_000)
    ended = one(day.over("c1", "o1"), commands.ContactEnded)
    assert (ended.waited_ms, ended.queue) == (90_000, "support")
    sales, support = figures(day, "sales"), figures(day, "support")
    assert (sales.offered, sales.answered, sales.abandoned, sales.overflowed) == (1, 0, 0, 1)
    assert sales.waiting == 0
    assert (support.offered, support.answered, support.answered_in_time) == (1, 1, 0)


def test_second_queue_has_a_longest_wait_of_its_own() -> None:
    """It counts from coming there, or nobody who overflowed would be kept a second."""
    day = Day()
    day.queue("support", max_wait_ms=30_000, on_max_wait=VOICEMAIL)
    day.queue("sales", max_wait_ms=60_000, on_max_wait=to("support"))
    day.call("c1", "sales")
    assert told(day.wait(89), commands.Expel) == []
    expel = one(day.wait(1), commands.Expel)
    assert (expel.queue, expel.reason, expel.overflow) == ("support", LeftQueue.MAX_WAIT, VOICEMAIL)
    assert outcome(day.hang_up("c1") + day.wait(60)).name == "ABANDONED"


@pytest.mark.parametrize("overflow", [FLOW, VOICEMAIL, OUTSIDE, Overflow(OverflowAction.CALLBACK)])
def test_flow_is_told_reason_and_what_to_do(overflow: Overflow) -> None:
    day = Day()
    day.queue(max_wait_ms=10_000, on_max_wait=overflow)
    day.call("c1")
    out = day.wait(10)
    expel = one(out, commands.Expel)
    assert (expel.holder, expel.contact_id, expel.reason) == ("ivr1", "c1", LeftQueue.MAX_WAIT)
    assert expel.overflow == overflow
    assert one(out, commands.ContactLeftQueue).overflow == overflow
    assert day.state("c1") == "open"


def test_longest_wait_changed_while_people_wait() -> None:
    """Five minutes become one: who has waited for two leaves with the change, who has waited for half of one
    leaves in another half; and no bound is none for them too."""
    day = Day()
    day.queue(max_wait_ms=300_000)
    day.call("c1")
    day.wait(90)
    day.call("c2")
    day.wait(30)
    day.queue(max_wait_ms=60_000)
    out = day.wait(0)
    assert [(expel.contact_id, expel.reason) for expel in told(out, commands.Expel)] == [
        ("c1", LeftQueue.MAX_WAIT)
    ]
    assert told(day.wait(29.9), commands.Expel) == []
    assert [expel.contact_id for expel in told(day.wait(0.1), commands.Expel)] == ["c2"]
    day.call("c3")
    day.queue(max_wait_ms=0)
    assert told(day.wait(3_600), commands.Expel) == []
    day.queue(max_wait_ms=3_700_000)
    assert [expel.contact_id for expel in told(day.wait(100), commands.Expel)] == ["c3"]


def test_longest_wait_changed_while_a_phone_rings() -> None:
    """It may finish; refused, the caller leaves."""
    day = Day()
    day.queue()
    day.agent("a1")
    day.call("c1")
    day.wait(5)
    day.queue(max_wait_ms=3_000)
    assert told(day.wait(1), commands.Expel) == []
    out = day.miss("o1") + day.wait(0)
    assert one(out, commands.Expel).reason is LeftQueue.MAX_WAIT


def test_longest_wait_changed_for_who_came_from_another_queue() -> None:
    """There the bound is on the wait in that queue, also when it is changed."""
    day = Day()
    day.queue("support")
    day.queue(max_wait_ms=60_000, on_max_wait=to("support"))
    day.call("c1")
    day.wait(70)
    day.queue("support", max_wait_ms=30_000)
    assert told(day.wait(19.9), commands.Expel) == []
    assert one(day.wait(0.1), commands.Expel).queue == "support"


def test_longest_wait_is_over_while_the_phone_rings_in_vain() -> None:
    """The phone may finish ringing; refused, the caller goes on at once, and nobody else is rung for them."""
    day = two(max_wait_ms=10_000, on_max_wait=to("support"), ring_timeout_ms=15_000)
    day.agent("s1", "sales")
    day.agent("s2", "sales", ready=False)
    day.agent("a1", "support")
    day.call("c1", "sales")
    day.wait(12)
    day.ready("s2")
    assert rung(day.wait(3)) == ["a1"]


def test_longest_wait_is_not_forgotten_while_a_phone_rings() -> None:
    """It rings while the timers are looked at, and is refused: a minute of waiting is still the most."""
    day = Day(Policy(misses_before_aside=1))
    day.queue(max_wait_ms=60_000)
    day.agent("a1")
    day.call("c1")
    assert day.engine.next_due is not None
    day.wait(10)
    day.miss("o1")
    assert told(day.wait(49), commands.Expel) == []
    assert one(day.wait(1), commands.Expel).reason is LeftQueue.MAX_WAIT


# ---------------------------------------------------------------- too many


def test_full_queue_overflows_and_the_flow_is_none_the_wiser() -> None:
    day = two(max_length=1, on_full=to("support"))
    day.call("c1", "sales")
    out = day.call("c2", "sales")
    queued = one(out, commands.ContactQueued)
    assert (queued.queue, queued.overflowed_from) == ("support", "sales")
    assert told(out, commands.Expel) == []


def test_full_queue_names_what_to_do_instead() -> None:
    day = Day()
    day.queue(max_length=1, on_full=VOICEMAIL)
    day.call("c1")
    left = one(day.call("c2"), commands.ContactLeftQueue)
    assert (left.reason, left.overflow) == (LeftQueue.FULL, VOICEMAIL)
    assert figures(day, "sales").overflowed == 1


def test_closed_queue_overflows_to_a_full_one() -> None:
    """It is the other one that is full: the flow is told so, not that sales is full with nobody in it."""
    day = Day()
    day.queue("support", max_length=1)
    day.queue("sales", hours=weekdays("09:00", "18:00"), on_closed=to("support"))
    day.now = morning(20)
    day.call("c1", "support")
    assert one(day.call("c2", "sales"), commands.ContactLeftQueue).reason is LeftQueue.FULL


def test_full_queue_refuses_and_nothing_is_half_done() -> None:
    """The flow's second wish is refused: the contact is as it was, in the flow's hands."""
    day = Day()
    day.queue(max_length=1)
    day.call("c1")
    day.tell(stimuli.Open(stimuli.Arrival("c2", node="fs1", call_id="call-c2")))
    before = repr(day.engine.floor.contacts["c2"])
    with pytest.raises(Full):
        day.call("c2", priority=7, skills=ENGLISH[:0], excluded=("a1",))
    assert repr(day.engine.floor.contacts["c2"]) == before


# ---------------------------------------------------------------- nobody there


def test_nobody_staffed_for_long_enough() -> None:
    """The last agent signs out: who waits goes elsewhere a minute later, who comes then is not let in."""
    day = Day()
    day.queue(no_agents_after_ms=60_000, on_no_agents=VOICEMAIL)
    day.agent("a1")
    day.talk("c1")
    day.call("c2")
    day.sign_out("a1")
    assert told(day.wait(59), commands.Expel) == []
    expel = one(day.wait(1), commands.Expel)
    assert (expel.contact_id, expel.reason, expel.overflow) == ("c2", LeftQueue.NO_AGENTS, VOICEMAIL)
    assert one(day.call("c3"), commands.ContactLeftQueue).reason is LeftQueue.NO_AGENTS


def test_somebody_comes_back_within_the_minute() -> None:
    day = Day()
    day.queue(no_agents_after_ms=60_000)
    day.agent("a1")
    day.talk("c1")
    day.call("c2")
    day.sign_out("a1")
    day.wait(59)
    day.ready("a1")
    assert told(day.wait(600), commands.Expel) == [], "busy, but there"


def test_nobody_staffed_without_a_bound_means_waiting() -> None:
    day = Day()
    day.queue(on_no_agents=VOICEMAIL)
    day.call("c1")
    assert told(day.wait(3_600), commands.Expel) == []


def test_last_agent_takes_a_break_while_their_phone_rings() -> None:
    """It rings on and is refused after everybody has been gone for long: the caller is not forgotten."""
    day = Day()
    day.queue(no_agents_after_ms=10_000, on_no_agents=VOICEMAIL, ring_timeout_ms=20_000)
    day.agent("a1")
    day.call("c1")
    day.away("a1")
    day.wait(20)
    assert one(day.log, commands.Expel).reason is LeftQueue.NO_AGENTS


def test_nobody_is_there_when_the_switch_comes_back() -> None:
    """Its callers stood aside when the others were sent elsewhere."""
    day = Day()
    day.queue(no_agents_after_ms=10_000, on_no_agents=VOICEMAIL)
    day.call("c1")
    day.tell(stimuli.NodeDown("fs1"))
    day.wait(30)
    day.tell(stimuli.NodeUp("fs1"))
    day.wait(0)
    assert one(day.log, commands.Expel).reason is LeftQueue.NO_AGENTS


def test_nobody_is_there_when_a_booking_is_due() -> None:
    day = Day()
    day.queue(no_agents_after_ms=10_000, on_no_agents=VOICEMAIL)
    day.call("c1", booked_at=day.now + 3_600_000)
    assert told(day.wait(3_599), commands.Expel) == []
    assert one(day.wait(1), commands.Expel).reason is LeftQueue.NO_AGENTS


def test_nobody_is_there_when_the_preferred_agent_was_waited_for_in_vain() -> None:
    """On a break, so signed in and waited for, but nobody staffs the queue."""
    day = Day()
    day.queue(no_agents_after_ms=10_000, on_no_agents=VOICEMAIL)
    day.agent("a1")
    day.away("a1")
    day.call("c1", preferred="a1", prefer_ms=60_000)
    assert told(day.wait(59), commands.Expel) == []
    assert one(day.wait(1), commands.Expel).reason is LeftQueue.NO_AGENTS


def test_who_does_not_respond_does_not_staff_a_queue() -> None:
    """The night shift has fallen asleep: set aside after two misses. To callers that is nobody there:
    mod_callcenter puts such an agent on a break, Asterisk pauses them, and both count as absent."""
    day = Day(Policy(misses_before_aside=2, rest_ms=1_000))
    day.queue(no_agents_after_ms=30_000, on_no_agents=VOICEMAIL)
    day.agent("a1")
    day.call("c1")
    day.miss("o1")
    day.wait(1)
    day.miss("o2")
    assert day.routing("a1") == "NOT_RESPONDING"
    assert figures(day, "sales").agents_staffed == 0
    assert one(day.wait(30), commands.Expel).reason is LeftQueue.NO_AGENTS
    day.ready("a1")
    assert figures(day, "sales").agents_staffed == 1
    assert rung(day.call("c2")) == ["a1"]


def test_set_aside_and_then_on_a_break_and_back() -> None:
    """Each way in and out is counted once."""
    day = Day(Policy(misses_before_aside=1))
    day.queue()
    day.agent("a1", capacity=(stimuli.Capacity(Channel.CHAT, 2),))
    for presence in (Presence.OTHER_WORK, Presence.READY, Presence.OFFLINE, Presence.READY):
        day.chat("c1")
        day.tell(stimuli.Reject("a1", told(day.log, commands.ContactOffered)[-1].offer_id))
        assert figures(day, "sales").agents_staffed == 0
        day.tell(stimuli.SetPresence("a1", presence))
        assert figures(day, "sales").agents_staffed == (presence is Presence.READY)
        day.ready("a1")
        assert figures(day, "sales").agents_staffed == 1


# ---------------------------------------------------------------- circles and hops


def test_circle_is_refused_naming_the_field_and_nothing_is_half_applied() -> None:
    day = Day()
    day.queue("c")
    day.queue("b", on_full=to("c"))
    day.queue("a", on_max_wait=to("b"), max_wait_ms=1_000)
    with pytest.raises(Invalid, match="on_closed: goes in a circle: c → a → b → c") as refused:
        day.queue("c", on_closed=to("a"), title="new title", max_length=7)
    assert "on_closed" in str(refused.value)
    assert day.engine.floor.queues["c"].settings == QueueSettings("c")


def test_queue_that_overflows_to_itself_or_to_nowhere_is_refused() -> None:
    day = Day()
    with pytest.raises(Invalid, match="on_full"):
        day.queue("a", on_full=to("a"))
    with pytest.raises(Invalid, match="on_no_agents: there is no queue 'nowhere'"):
        day.queue("a", on_no_agents=to("nowhere"))
    assert "a" not in day.engine.floor.queues


def chain(length: int, **settings: Any) -> Day:
    """q0 overflows to q1, and so on; the last one takes a message."""
    day = Day()
    for number in reversed(range(length)):
        further = to(f"q{number + 1}") if number + 1 < length else VOICEMAIL
        day.queue(f"q{number}", on_max_wait=further, on_full=further, **settings)
    return day


def test_long_chain_of_waits_ends_with_the_flow() -> None:
    """Twenty queues of ten seconds each: after eight hops it is the flow's turn, and it is told so."""
    day = chain(20, max_wait_ms=10_000)
    day.call("c1", "q0")
    expel = one(day.wait(300), commands.Expel)
    assert (expel.queue, expel.reason, expel.overflow) == ("q8", LeftQueue.MAX_WAIT, FLOW)
    assert day.state("c1") == "open"


def test_all_queues_of_a_chain_are_full() -> None:
    day = chain(3, max_length=1)
    for number in range(3):
        day.call(f"c{number}", f"q{number}")
    left = one(day.call("c9", "q0"), commands.ContactLeftQueue)
    assert (left.reason, left.overflow) == (LeftQueue.FULL, VOICEMAIL)


def test_overflow_into_a_closed_queue_takes_that_ones_way_out() -> None:
    day = Day()
    day.now = morning(20)
    day.queue("support", hours=weekdays("09:00", "18:00"), on_closed=OUTSIDE)
    day.queue("sales", max_wait_ms=10_000, on_max_wait=to("support"))
    day.call("c1", "sales")
    expel = one(day.wait(10), commands.Expel)
    assert (expel.queue, expel.overflow) == ("sales", OUTSIDE)


# ---------------------------------------------------------------- the IVR asks again


def test_repeated_enqueue_after_an_overflow_is_one_contact() -> None:
    """The IVR's answer got lost and it asks for sales again, while the caller waits in support by now."""
    day = two(max_wait_ms=10_000, on_max_wait=to("support"))
    day.call("c1", "sales")
    day.wait(10)
    assert day.call("c1", "sales") == []
    assert figures(day, "support").waiting == 1
    day.queue("third")
    with pytest.raises(Conflict, match="support"):
        day.call("c1", "third")


# ---------------------------------------------------------------- requirements on the way


def test_requirements_go_along_and_go_on_relaxing() -> None:
    """English for a minute, of which half was in sales: support keeps to it for the other half."""
    day = two(max_wait_ms=30_000, on_max_wait=to("support"))
    day.agent("s1", "sales", skills=ENGLISH, ready=False)
    day.agent("plain", "support")
    day.agent("expert", "support", skills=ENGLISH, ready=False)
    day.call("c1", "sales", skills=ENGLISH, relax=(Step(60_000, ()),))
    assert rung(day.wait(59)) == []
    assert rung(day.wait(1)) == ["plain"]


def test_second_queue_eases_requirements_by_its_own_steps() -> None:
    """Sales never eases; support takes anybody after 40 s of waiting, of which 30 were in sales. Contacts
    without steps of their own follow the queue they are in; what was eased before is never tightened."""
    day = Day()
    day.queue("support", relax=(Ease(40_000, 0),))
    day.queue("sales", max_wait_ms=30_000, on_max_wait=to("support"))
    day.agent("s1", "sales", skills=ENGLISH, ready=False)
    day.agent("plain", "support")
    day.call("c1", "sales", skills=ENGLISH)
    assert rung(day.wait(39)) == []
    found = why(day.wait(1))
    assert (found.agent_id, found.required) == ("plain", ())


def test_nobody_here_would_do_but_the_second_queue_eases() -> None:
    """Nobody in sales speaks English; in support nobody either, but there it is given up after 10 s."""
    day = Day()
    day.queue("support", relax=(Ease(10_000, 0),))
    day.queue("sales", on_no_agents=to("support"))
    day.agent("s1", "sales")
    day.agent("a1", "support")
    assert one(day.call("c1", "sales", skills=ENGLISH), commands.ContactQueued).queue == "support"
    assert rung(day.wait(10)) == ["a1"]


def test_eased_in_the_first_queue_stays_eased_in_the_second() -> None:
    """Given up after 10 s in sales: support does not ask for it again."""
    day = Day()
    day.queue("support", relax=(Ease(3_600_000, 1),))
    day.queue("sales", relax=(Ease(10_000, 0),), max_wait_ms=30_000, on_max_wait=to("support"))
    day.agent("s1", "sales", skills=ENGLISH, ready=False)
    day.agent("plain", "support")
    day.call("c1", "sales", skills=ENGLISH)
    assert rung(day.wait(30)) == ["plain"]


def test_never_relax_holds_in_the_second_queue() -> None:
    day = Day()
    day.queue("support", relax=(Ease(1_000, 0),))
    day.queue("sales", max_wait_ms=30_000, on_max_wait=to("support"))
    day.agent("s1", "sales", skills=ENGLISH, ready=False)
    day.agent("plain", "support")
    day.agent("expert", "support", skills=ENGLISH, ready=False)
    day.call("c1", "sales", skills=ENGLISH, never_relax=True)
    assert rung(day.wait(3_600)) == []
