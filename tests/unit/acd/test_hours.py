"""Opening hours of queues: who is let in when, and what becomes of those who wait at closing time."""

from __future__ import annotations

import pytest

from services.acd.domain import LeftQueue, OverflowAction
from services.acd.engine import commands
from services.acd.engine.stimuli import Overflow
from tests.unit.acd.transcript import Day, morning, one, rung, told, weekdays

VOICEMAIL = Overflow(OverflowAction.VOICEMAIL)
OFFICE = weekdays("09:00", "18:00")


def at(hour: float) -> Day:
    """Monday, at that hour UTC; open from nine to six, with an agent who never sleeps."""
    day = Day()
    day.now = morning(hour)
    day.queue(hours=OFFICE, on_closed=VOICEMAIL)
    day.agent("a1")
    return day


@pytest.mark.parametrize(
    ("hour", "open_"),
    [(8.999, False), (9, True), (17.999, True), (18, False), (24 * 4 + 12, True), (24 * 5 + 12, False)],
)
def test_let_in_from_nine_to_six_on_weekdays(hour: float, open_: bool) -> None:
    day = at(hour)
    out = day.call("c1")
    assert bool(rung(out)) is open_
    if not open_:
        left = one(out, commands.ContactLeftQueue)
        assert (left.reason, left.overflow) == (LeftQueue.CLOSED, VOICEMAIL)


def test_it_opens_and_closes_while_the_engine_runs() -> None:
    """Asked again and again over a day: each change is felt at its minute, as is the weekend's."""
    day = at(8)
    seen = []
    for hour in (8.5, 9.5, 17.5, 18.5, 24 + 8, 24 + 9, 24 * 4 + 17.9, 24 * 4 + 18, 24 * 7 + 9):
        day.wait((morning(hour) - day.now) / 1000)
        out = day.call(f"c{hour}")
        seen.append(bool(told(out, commands.ContactQueued)))
        day.hang_up(f"c{hour}")
    assert seen == [False, True, True, False, False, True, True, False, True]


def test_who_waits_at_closing_time_is_served() -> None:
    """Let in at five to six: closing time shuts the door behind them, it does not throw them out. So do
    mod_callcenter, Asterisk and Amazon Connect, which look at the hours on the way in."""
    day = at(17.9)
    offer = day.talk("c0")
    day.call("c1")
    assert told(day.wait(1_800), commands.Expel) == []
    assert rung(day.over("c0", offer)) == ["a1"]


def test_wait_that_ends_after_closing_time_does_not_go_to_a_closed_queue() -> None:
    day = at(17.9)
    day.away("a1")
    day.queue("front", max_wait_ms=1_800_000, on_max_wait=Overflow(OverflowAction.QUEUE, "sales"))
    day.call("c1", "front")
    assert one(day.wait(1_800), commands.Expel).overflow == VOICEMAIL


def test_closed_queue_leads_to_one_that_is_open() -> None:
    """Follow the sun: after six in Shanghai, London takes over."""
    day = Day()
    day.now = morning(10.5)  # 18:30 in Shanghai
    day.queue("london", hours=weekdays("09:00", "18:00", "Europe/London"))
    shanghai = weekdays("09:00", "18:00", "Asia/Shanghai")
    day.queue("shanghai", hours=shanghai, on_closed=Overflow(OverflowAction.QUEUE, "london"))
    day.agent("a1", "london")
    day.agent("a2", "shanghai")
    assert rung(day.call("c1", "shanghai")) == ["a1"]
    day.over("c1", "o1")
    day.wait(15 * 3_600)  # half past nine in Shanghai, night in London
    assert rung(day.call("c2", "shanghai")) == ["a2"]


def test_holiday_is_closed_all_day() -> None:
    day = Day()
    day.now = morning(12)
    day.queue(hours=weekdays("09:00", "18:00", closed_on=("2027-01-18",)))
    assert one(day.call("c1"), commands.ContactLeftQueue).reason is LeftQueue.CLOSED
    day.wait(86_400)
    assert told(day.call("c2"), commands.ContactQueued)


def test_manager_opens_early_today() -> None:
    """Snow: hours are changed at eight, felt by the next caller, not from nine on."""
    day = at(8)
    assert rung(day.call("c1")) == []
    day.queue(hours=weekdays("07:00", "18:00"))
    assert rung(day.call("c2")) == ["a1"]
    day.queue(hours=weekdays("12:00", "18:00"), on_closed=VOICEMAIL)
    assert one(day.call("c3"), commands.ContactLeftQueue).reason is LeftQueue.CLOSED


def test_refused_at_a_closed_door_and_back_in_the_morning() -> None:
    """The same contact asks again when it is open: let in, and nothing of the refusal sticks."""
    day = at(8)
    day.call("c1")
    assert day.engine.floor.contacts["c1"].declined is not None
    day.wait(3_600)
    assert rung(day.call("c1")) == ["a1"]
    assert day.engine.floor.contacts["c1"].declined is None
