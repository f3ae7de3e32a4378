"""Who is served next: head starts and strict priority, bookings, refused offers, several queues."""

from __future__ import annotations

from typing import Any

import pytest

from services.acd.domain import LeftQueue, Outcome
from services.acd.engine import commands, stimuli, views
from services.acd.engine.floor import Policy
from tests.unit.acd.transcript import Day, morning, one, outcome, rung, told, weekdays, why

OFTEN = Policy(misses_before_aside=99, rest_ms=1_000)
HOUR = 3_600
ENGLISH = (("english", 5),)


def served(day: Day, count: int, agent_id: str = "a1") -> list[str]:
    """Which contacts one agent gets, one after the other."""
    order = []
    day.ready(agent_id)
    for _ in range(count):
        ring = told(day.log, commands.Ring)[-1]
        order.append(ring.contact_id)
        day.pick_up(ring.offer_id)
        day.over(ring.contact_id, ring.offer_id)
    return order


# ---------------------------------------------------------------- priority


def test_strict_priority_however_long_others_have_waited() -> None:
    """The emergency line: an hour's wait does not outweigh one step."""
    day = Day()
    day.queue(strict=True)
    day.agent("a1", ready=False)
    day.call("patient")
    day.wait(HOUR)
    day.call("urgent", priority=1)
    day.call("most urgent", priority=10)
    day.call("urgent too", priority=1)
    assert served(day, 4) == ["most urgent", "urgent", "urgent too", "patient"]


def test_strict_priority_holds_over_different_requirements() -> None:
    """The urgent caller needs English, the patient one nothing: an agent who speaks it serves both."""
    day = Day()
    day.queue(strict=True)
    day.agent("a1", ready=False, skills=ENGLISH)
    day.call("patient")
    day.wait(HOUR)
    day.call("urgent", priority=5, skills=ENGLISH)
    assert served(day, 2) == ["urgent", "patient"]


def test_strict_queue_meets_another_one() -> None:
    """Strict is a queue's own affair: against another queue its first is measured by its target as ever."""
    day = Day()
    day.queue("sales", strict=True)
    day.queue("support")
    day.agent("a1", "sales", "support", ready=False)
    day.call("support", "support")
    day.wait(60)
    day.call("urgent", "sales", priority=9)
    assert served(day, 2) == ["support", "urgent"]


def test_strict_is_switched_off_while_people_wait() -> None:
    """At noon strict is turned off: who has waited since morning is not overtaken by each newcomer."""
    day = Day()
    day.queue(strict=True)
    day.agent("a1", ready=False)
    day.call("morning")
    day.wait(HOUR)
    day.call("urgent", priority=1)
    day.queue(strict=False)
    day.wait(60)
    day.call("newcomer")
    assert served(day, 3) == ["morning", "urgent", "newcomer"]


def test_strict_is_switched_on_while_people_wait() -> None:
    """The disaster line: from now on urgent first, those who wait already included."""
    day = Day()
    day.queue(strict=False, priority_step_ms=1_000)
    day.agent("a1", ready=False)
    day.call("patient")
    day.wait(HOUR)
    day.call("urgent", priority=5)
    day.queue(strict=True)
    day.call("newcomer", priority=4)
    assert served(day, 3) == ["urgent", "newcomer", "patient"]


def test_target_changed_while_people_wait() -> None:
    """Support's target goes from ten minutes to ten seconds: those who wait there are overdue from now on."""
    day = Day()
    day.queue("sales", service_level_ms=60_000)
    day.queue("support", service_level_ms=600_000)
    day.agent("a1", "sales", "support", ready=False)
    day.call("support", "support")
    day.call("sales", "sales")
    day.queue("support", service_level_ms=10_000)
    assert served(day, 2) == ["support", "sales"]


# ---------------------------------------------------------------- refused offers


def test_refused_caller_comes_before_a_vip_who_was_not_offered_yet() -> None:
    """Who has been rung for stays at the front, also of one with a head start of ten minutes."""
    day = Day(OFTEN)
    day.queue()
    day.agent("a1")
    day.call("first")
    day.call("vip", priority=10)
    day.miss("o1")
    assert one(day.wait(1), commands.Ring).contact_id == "first"


def test_refused_callers_keep_their_order_among_each_other() -> None:
    """Both were refused, the later one first: the earlier one still comes before them."""
    day = Day(OFTEN)
    day.queue()
    day.agent("a1")
    day.agent("a2")
    day.call("early")
    day.wait(5)
    day.call("late")
    day.miss("o2")
    day.away("a2")
    day.miss("o1")
    assert one(day.wait(1), commands.Ring).contact_id == "early"


def test_refused_caller_stays_in_front_of_other_requirements() -> None:
    """Refused by the one who speaks English; who came later wants no English and must not slip past."""
    day = Day(OFTEN)
    day.queue()
    day.agent("a1", skills=ENGLISH)
    day.call("english", skills=ENGLISH)
    day.call("vip", priority=10)
    day.miss("o1")
    assert one(day.wait(1), commands.Ring).contact_id == "english"


# ---------------------------------------------------------------- several queues


def test_head_start_counts_between_queues() -> None:
    """A VIP of sales, just come, against support waiting for half a minute: a step is worth a minute."""
    day = Day()
    day.queue("sales")
    day.queue("support")
    day.agent("a1", "sales", "support", ready=False)
    day.call("support", "support")
    day.wait(30)
    day.call("vip", "sales", priority=1)
    assert served(day, 2) == ["vip", "support"]


@pytest.mark.parametrize("queues", [("sales", "support"), ("support", "sales")])
def test_equally_overdue_in_two_queues(queues: tuple[str, str]) -> None:
    """Twenty seconds under a target of thirty, and ten under twenty: who came first, whichever queue was used
    first."""
    day = Day()
    targets = {"sales": 30_000, "support": 20_000}
    for queue in queues:
        day.queue(queue, service_level_ms=targets[queue])
    day.agent("a1", "sales", "support", ready=False)
    for queue in queues:
        day.call(f"earlier-{queue}", queue)
        day.hang_up(f"earlier-{queue}")
    day.call("first", "sales")
    day.wait(10)
    day.call("second", "support")
    day.wait(10)
    assert served(day, 2) == ["first", "second"]


def test_explanation_names_what_it_won_against() -> None:
    day = Day()
    day.queue("sales", service_level_ms=20_000)
    day.queue("support", service_level_ms=20_000)
    day.agent("a1", "sales", "support", ready=False)
    day.call("c1", "sales")
    day.wait(10)
    day.call("c2", "support")
    day.wait(30)
    found = why(day.ready("a1"))
    assert (found.queue, found.overdue_ms, found.competing) == ("sales", 20_000, 2)
    assert (found.runner_up_queue, found.runner_up_overdue_ms) == ("support", 10_000)


# ---------------------------------------------------------------- bookings


def booked(day: Day, contact_id: str, in_s: float, **more: Any) -> list[commands.Command]:
    return day.call(contact_id, booked_at=day.now + round(in_s * 1000), **more)


def test_booking_is_not_served_before_its_time_and_then_at_once() -> None:
    """An agent is idle from nine, the customer is due at ten: rung at ten, having waited no time."""
    day = Day()
    day.queue()
    day.agent("a1")
    assert rung(booked(day, "c1", HOUR)) == []
    assert rung(day.wait(HOUR - 1)) == []
    out = day.wait(1)
    assert rung(out) == ["a1"]
    assert one(out, commands.ContactOffered).waited_ms == 0
    day.wait(3)
    assert one(day.pick_up("o1"), commands.ContactAnswered).waited_ms == 3_000
    assert views.figures(day.engine.floor, day.now).queues[0].answered_in_time == 1


def test_booking_stands_where_a_wait_from_its_time_would_stand() -> None:
    """Due at ten: after who came at five to, before who came at five past."""
    day = Day()
    day.queue()
    day.agent("a1", ready=False)
    booked(day, "ten", 600)
    day.wait(300)
    day.call("five to")
    day.wait(600)
    day.call("five past")
    assert served(day, 3) == ["five to", "ten", "five past"]


def test_customer_who_is_late_keeps_the_booking() -> None:
    """Booked for ten, rings at five past: served as if waiting since ten; the wait told is the true one."""
    day = Day()
    day.queue()
    day.agent("a1", ready=False)
    day.call("before")
    day.wait(300)
    booked(day, "late", -400)
    day.wait(10)
    assert served(day, 2) == ["late", "before"]
    assert told(day.log, commands.ContactAnswered)[0].waited_ms == 10_000


def test_bookings_for_the_same_hour_by_their_priority() -> None:
    """Ten o'clock sharp for three, booked in any order, with one agent idle: the important one first."""
    day = Day()
    day.queue()
    day.agent("a1")
    for contact, priority in (("one", 1), ("ten", 10), ("five", 5)):
        booked(day, contact, HOUR, priority=priority)
    day.wait(HOUR)
    order = []
    for number in (1, 2, 3):
        ring = told(day.log, commands.Ring)[-1]
        order.append(ring.contact_id)
        day.over(ring.contact_id, f"o{number}")
    assert order == ["ten", "five", "one"]


def test_longest_wait_counts_from_the_booked_time() -> None:
    """Five minutes at most, booked an hour ahead: not thrown out before the hour has come."""
    day = Day()
    day.queue(max_wait_ms=300_000)
    booked(day, "c1", HOUR)
    assert told(day.wait(HOUR + 299), commands.Expel) == []
    assert one(day.wait(1), commands.Expel).reason is LeftQueue.MAX_WAIT


def test_bookings_to_come_do_not_fill_the_queue() -> None:
    """Tomorrow's bookings are no line: today's callers are let in, and the wallboard shows who waits now."""
    day = Day()
    day.queue(max_length=2)
    for number in range(5):
        booked(day, f"b{number}", HOUR)
    day.call("c1")
    figures = views.figures(day.engine.floor, day.now).queues[0]
    assert (figures.waiting, figures.longest_wait_ms) == (1, 0)
    day.wait(HOUR)
    assert views.figures(day.engine.floor, day.now).queues[0].waiting == 6


def test_booking_cancelled_before_its_time_is_no_abandon_of_the_queue() -> None:
    """The customer cancels in the morning: nobody waited, so no service level suffers."""
    day = Day()
    day.queue()
    booked(day, "c1", HOUR)
    day.wait(600)
    out = day.hang_up("c1")
    assert one(out, commands.ContactLeftQueue).waited_ms == 0
    assert outcome(out) is Outcome.ABANDONED
    figures = views.figures(day.engine.floor, day.now).queues[0]
    assert (figures.waiting, figures.abandoned) == (0, 0)


def test_booking_with_ones_own_consultant() -> None:
    """Booked an hour ahead with a2, to be asked first for a minute: that minute begins when it is due."""
    day = Day()
    day.queue()
    day.agent("a1")
    day.agent("a2")
    booked(day, "c1", HOUR, preferred="a2", prefer_ms=60_000)
    day.wait(HOUR)
    assert rung(day.log) == ["a2"]
    assert why(day.log).rule == "preferred"


def test_booking_keeps_what_it_requires_until_so_long_after_its_time() -> None:
    """English for 30 s, then anybody: of waiting, which begins when it is due."""
    day = Day()
    day.queue()
    day.agent("english", ready=False, skills=ENGLISH)
    day.agent("a1")
    booked(day, "c1", HOUR, skills=ENGLISH, relax=(stimuli.Step(30_000, ()),))
    assert rung(day.wait(HOUR + 29)) == []
    assert rung(day.wait(1)) == ["a1"]


def test_booking_for_tomorrow_is_taken_at_night() -> None:
    """Nobody is there and the queue is closed when the booking is made: what counts is when it is for."""
    day = Day()
    day.queue(hours=weekdays("09:00", "18:00"), no_agents_after_ms=0)
    at_eight = day.now = morning(8)
    assert told(booked(day, "c1", 2 * HOUR), commands.ContactQueued)
    late = one(booked(day, "c2", 12 * HOUR), commands.ContactLeftQueue)
    assert late.reason is LeftQueue.CLOSED, "said at once, not in the evening"
    day.wait(HOUR)
    day.agent("a1")
    assert rung(day.wait(HOUR)) == ["a1"]
    assert day.now == at_eight + 2 * HOUR * 1000
