"""Expected waits: what a caller is told, and how far off that was."""

from __future__ import annotations

from typing import Any

import pytest

from services.acd.domain import OverflowAction
from services.acd.engine import commands, stimuli, views
from services.acd.engine.floor import Policy
from services.acd.engine.stimuli import Overflow
from tests.unit.acd.transcript import Day, one, told

MINUTE = Policy(handling_ms=60_000)


def told_wait(day: Day, contact_id: str, queue: str = "sales", **more: Any) -> int | None:
    out = day.call(contact_id, queue, **more)
    return one(out, commands.ContactQueued).expected_wait_ms


def figures(day: Day, queue: str = "sales") -> views.QueueFigures:
    return next(each for each in views.figures(day.engine.floor, day.now).queues if each.queue == queue)


def busy(day: Day, *agents: str) -> list[str]:
    """These agents, each in a conversation; gives their offers."""
    offers = []
    for agent in agents:
        day.agent(agent)
        offers.append(day.talk(f"with-{agent}", agent))
    return offers


def test_no_wait_when_somebody_is_idle() -> None:
    day = Day(MINUTE)
    day.queue()
    day.agent("a1")
    assert told_wait(day, "c1") == 0
    assert figures(day).foretold.contacts == 0, "nobody waited, nothing to judge"


def test_nobody_staffed_means_nobody_can_tell() -> None:
    day = Day(MINUTE)
    day.queue()
    day.agent("a1", ready=False)
    assert told_wait(day, "c1") is None


def test_place_times_handling_by_agents() -> None:
    """Two agents, a minute each: half a minute for the first, a minute for the second in line."""
    day = Day(MINUTE)
    day.queue()
    busy(day, "a1", "a2")
    assert [told_wait(day, f"c{n}") for n in (1, 2)] == [30_000, 60_000]


def test_agent_of_two_queues_counts_half_in_each() -> None:
    day = Day(MINUTE)
    day.queue("sales")
    day.queue("support")
    day.agent("both", "sales", "support")
    day.talk("c0", "both")
    assert told_wait(day, "c1") == 120_000
    day.agent("sales-only", "sales", ready=False)
    day.hang_up("c1")
    day.ready("sales-only")
    assert figures(day).agents_effective == pytest.approx(1.5)
    assert (figures(day).agents_staffed, figures(day, "support").agents_effective) == (2, 0.5)


def test_effective_agents_follow_changes_of_settings() -> None:
    """Moved to a second queue while ready, and away and back: the share follows."""
    day = Day(MINUTE)
    day.queue("sales")
    day.queue("support")
    day.agent("a1", "sales")
    assert figures(day).agents_effective == 1.0
    day.agent("a1", "sales", "support")
    assert figures(day).agents_effective == 0.5
    day.away("a1")
    assert (figures(day).agents_effective, figures(day, "support").agents_effective) == (0, 0)
    day.ready("a1")
    day.agent("a1", "support")
    assert (figures(day).agents_effective, figures(day, "support").agents_effective) == (0, 1.0)


def test_error_of_the_forecast() -> None:
    """Told a minute, waited forty seconds: twenty too long. Told two minutes, waited two and a half:
    thirty too short. Mean minus five seconds, absolute twenty-five."""
    day = Day(MINUTE)
    day.queue()
    (offer,) = busy(day, "a1")
    assert told_wait(day, "c1") == 60_000
    assert told_wait(day, "c2") == 120_000
    day.wait(40)
    day.over("with-a1", offer)
    day.pick_up("o2")
    day.wait(110)
    day.over("c1", "o2")
    day.pick_up("o3")
    error = figures(day).foretold
    assert (error.contacts, error.sum_ms, error.sum_absolute_ms) == (2, -10_000, 50_000)


def test_predictors_to_compare_with() -> None:
    """The wait of the last one served (LES) was 40 s; the one at the head (HOL) had waited 25 s when the next
    came, who then waits 100 s."""
    day = Day(MINUTE)
    day.queue()
    (offer,) = busy(day, "a1")
    day.call("c1")
    day.wait(40)
    day.over("with-a1", offer)
    day.pick_up("o2")
    day.call("c2")
    day.wait(25)
    day.call("c3")
    day.wait(10)
    day.over("c1", "o2")
    day.pick_up("o3")
    before_les, before_hol = figures(day).foretold_by_last.sum_ms, figures(day).foretold_by_head.sum_ms
    day.wait(90)
    day.over("c2", "o3")
    day.pick_up("o4")
    assert told(day.log, commands.ContactAnswered)[-1].waited_ms == 100_000
    assert figures(day).foretold_by_last.sum_ms - before_les == 40_000 - 100_000
    assert figures(day).foretold_by_head.sum_ms - before_hol == 25_000 - 100_000


def test_who_gives_up_is_not_judged() -> None:
    day = Day(MINUTE)
    day.queue()
    busy(day, "a1")
    day.call("c1")
    day.wait(10)
    day.hang_up("c1")
    assert figures(day).foretold.contacts == 0


def test_forecast_after_an_overflow_is_of_the_wait_from_there() -> None:
    """Five minutes in sales, then told a minute in support, and it was a minute: no error, though the
    wait was six. Nor is the next caller of support told six minutes by the last one's wait."""
    day = Day(MINUTE)
    day.queue("support")
    day.queue("sales", max_wait_ms=300_000, on_max_wait=Overflow(OverflowAction.QUEUE, "support"))
    day.agent("a1", "support")
    ring = one(day.call("c0", "support"), commands.Ring)
    day.pick_up(ring.offer_id)
    day.call("c1", "sales")
    assert one(day.wait(300), commands.ContactQueued).expected_wait_ms == 60_000
    day.wait(60)
    day.over("c0", ring.offer_id)
    assert one(day.pick_up("o2"), commands.ContactAnswered).waited_ms == 360_000
    assert (figures(day, "support").foretold.contacts, figures(day, "support").foretold.sum_ms) == (1, 0)
    assert day.engine.floor.queues["support"].last_wait_ms == 60_000


def test_forecast_after_a_restart_is_of_the_wait_from_then() -> None:
    """The ACD is new and hears of a caller who has waited five minutes: what it foretells begins now."""
    day = Day(MINUTE)
    day.queue()
    (offer,) = busy(day, "a1")
    assert told_wait(day, "c1", enqueued_at=day.now - 300_000) == 60_000
    day.wait(60)
    day.over("with-a1", offer)
    day.pick_up("o2")
    assert figures(day).foretold.sum_ms == 0


def test_errors_start_anew_each_day() -> None:
    day = Day(MINUTE)
    day.queue()
    (offer,) = busy(day, "a1")
    day.call("c1")
    day.wait(10)
    day.over("with-a1", offer)
    day.pick_up("o2")
    assert figures(day).foretold.contacts == 1
    day.tell(stimuli.NewDay())
    assert (figures(day).foretold.contacts, figures(day).foretold_by_head.contacts) == (0, 0)
    assert day.engine.floor.queues["sales"].last_wait_ms == 10_000, "the last wait is still the last wait"


def test_handling_time_is_learnt() -> None:
    """The first conversation took two minutes: from then on two minutes are foretold, not one."""
    day = Day(MINUTE)
    day.queue()
    (offer,) = busy(day, "a1")
    day.wait(120)
    day.over("with-a1", offer)
    day.talk("c1")
    assert told_wait(day, "c2") == 120_000
