"""A day lived through, small enough to be counted by hand."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from services.acd.engine import Engine, commands, stimuli
from services.acd.engine.check import validate
from services.acd.planning.day import Day
from services.acd.planning.plan import Plan
from services.acd.planning.reading import read
from services.acd.planning.results import Results, as_json, simulate
from services.acd.planning.tally import Tally, summed

HOUR = """
opens: 09:00
closes: 10:00
interval_min: 30
queues:
  one:
    arrivals: {{per_interval: {calls}, even: yes}}
    talk: {{mean_s: {talk_s}, distribution: constant}}
    {queue}
agents:
  team: {{count: {agents}, queues: one, {group}}}
run: {{replications: 1}}
"""


def plan(
    calls: object = 6, talk_s: float = 60, agents: int = 1, queue: str = "title: One", group: str = ""
) -> Plan:
    return read(HOUR.format(calls=calls, talk_s=talk_s, agents=agents, queue=queue, group=group))


def lived(planned: Plan) -> Tally:
    return Day(planned, 0).live()


def figures(planned: Plan) -> Any:
    """The day's sums of contacts and of agents' time."""
    tally = lived(planned)
    return summed(
        (cell for row in tally.contacts for cell in row), (cell for row in tally.hours for cell in row)
    )


def test_who_calls_an_idle_agent_is_answered_at_once() -> None:
    """Six calls each half hour, five minutes apart, a minute each: a fifth of the time on contact."""
    contacts, hours = figures(plan())
    assert (contacts.offered, contacts.answered, contacts.in_time, contacts.waited_ms) == (12, 12, 12, 0)
    assert (hours.talk_ms, hours.idle_ms) == (12 * 60_000, 48 * 60_000)


def test_who_calls_a_busy_agent_waits() -> None:
    """Calls every five minutes that take six: each waits a minute longer than the one before."""
    contacts, hours = figures(plan(talk_s=360))
    assert contacts.waited_ms == sum(range(12)) * 60_000
    assert contacts.in_time == 1
    assert contacts.longest_ms == 11 * 60_000
    assert contacts.talk_ms == 12 * 360_000  # whoever waits at closing is served
    assert hours.talk_ms + hours.idle_ms == 3_600_000  # but what comes after is not of this day


def test_answering_takes_its_time_and_is_waited_for() -> None:
    contacts, hours = figures(plan(group="answering: {mean_s: 5, distribution: constant}"))
    assert contacts.waited_ms == 12 * 5_000
    assert hours.ringing_ms == 12 * 5_000
    assert hours.idle_ms == 3_600_000 - 12 * 65_000


def test_wrap_up_is_work_and_ends_at_its_bound() -> None:
    contacts, hours = figures(plan(queue="wrap_up: {mean_s: 30, distribution: constant}"))
    assert contacts.wrap_up_ms == hours.wrap_up_ms == 12 * 30_000
    contacts, _ = figures(plan(queue="wrap_up: {mean_s: 30, distribution: constant, at_most_s: 10}"))
    assert contacts.wrap_up_ms == 12 * 10_000


def test_who_loses_patience_hangs_up() -> None:
    """Nobody is there for the first half hour. Those who leave within the service level are set apart."""
    away = "shift: 09:30-10:00"
    contacts, _ = figures(plan(group=away, queue="patience: {mean_s: 90, distribution: constant}"))
    assert (contacts.offered, contacts.answered, contacts.abandoned, contacts.short) == (12, 6, 6, 0)
    assert contacts.longest_ms == 90_000
    contacts, _ = figures(plan(group=away, queue="patience: {mean_s: 19, distribution: constant}"))
    assert (contacts.abandoned, contacts.short) == (6, 6)


def test_a_caller_may_hang_up_while_it_rings() -> None:
    contacts, _ = figures(
        plan(
            group="answering: {mean_s: 8, distribution: constant}",
            queue="patience: {mean_s: 7, distribution: constant}",
        )
    )
    assert (contacts.answered, contacts.abandoned) == (0, 12)


def test_the_queues_rules_send_callers_on() -> None:
    contacts, _ = figures(plan(agents=0, queue="routing: {max_wait_s: 60}"))
    assert (contacts.sent_on, contacts.abandoned, contacts.left_waiting) == (12, 0, 0)


def test_a_full_queue_lets_nobody_in() -> None:
    contacts, _ = figures(plan(agents=0, queue="routing: {max_length: 3}"))
    assert (contacts.refused, contacts.left_waiting, contacts.abandoned) == (9, 3, 3)


def test_a_phone_nobody_picks_up_goes_to_the_next_agent() -> None:
    """Two misses in a row set an agent aside; after a minute they are back. No caller is lost by it."""
    contacts, _ = figures(plan(agents=3, group="no_answer: 0.5", queue="routing: {ring_timeout_s: 5}"))
    assert contacts.answered == 12
    assert contacts.waited_ms >= 5_000


def test_a_break_begins_after_the_conversation() -> None:
    """A call from 09:15 to 09:35 leaves nothing of a break at 09:20; a short one does not touch it."""
    contacts, hours = figures(plan(calls="[1, 0]", talk_s=1_200, group="breaks: [09:20-09:25]"))
    assert contacts.answered == 1
    assert hours.talk_ms == 1_200_000
    assert hours.idle_ms == 3_600_000 - 1_200_000
    contacts, hours = figures(plan(calls="[1, 0]", talk_s=60, group="breaks: [09:20-09:25]"))
    assert hours.idle_ms == 3_600_000 - 60_000 - 300_000


def test_a_shift_ends_after_the_conversation() -> None:
    """The call of 09:15 goes on beyond the shift's end at 09:30; that of 09:45 finds nobody."""
    contacts, hours = figures(plan(calls=1, talk_s=1_200, group="shift: 09:00-09:30"))
    assert (contacts.answered, contacts.left_waiting) == (1, 1)
    assert hours.talk_ms == 1_200_000
    assert hours.idle_ms == 15 * 60_000


def test_breaks_one_after_the_other() -> None:
    """Of three agents two are always there."""
    tally = lived(plan(calls=0, agents=3, group="breaks: [{between: 09:00-09:30, minutes: 10}]"))
    assert [cell.staffed_ms // 60_000 for cell in tally.hours[0]] == [60, 90]


def test_a_warm_up_is_not_counted() -> None:
    warm = plan(calls=600, talk_s=600, agents=100).with_runs(1, 1)
    cold_first = lived(warm).contacts[0][0]
    text = HOUR.format(calls=600, talk_s=600, agents=100, queue="title: One", group="")
    warmed = lived(read(text.replace("replications: 1", "replications: 1, warm_up_min: 30")))
    assert warmed.contacts[0][0].offered == cold_first.offered == 600
    assert warmed.contacts[0][0].waited_ms > cold_first.waited_ms


def test_key_customers_come_first() -> None:
    queue = "kinds: [{share: 0.5, priority: 5}]"
    orders: list[tuple[int, int]] = []

    class Watched(Day):
        def _tell(self, stimulus: stimuli.Stimulus) -> None:
            if isinstance(stimulus, stimuli.Enqueue):
                orders.append((self.now, stimulus.priority))
            super()._tell(stimulus)

    Watched(plan(calls=100, queue=queue), 0).live()
    priorities = [priority for _, priority in orders]
    assert set(priorities) == {0, 5}
    assert 70 < priorities.count(5) < 130


# ---------------------------------------------------------------- chance


BUSY = """
opens: 09:00
closes: 11:00
interval_min: 30
queues:
  sales:
    arrivals: {per_interval: 40, forecast_cv: 0.2}
    talk: {mean_s: 150, distribution: lognormal, cv: 1.2}
    wrap_up: {mean_s: 20, at_most_s: 60}
    patience: {mean_s: 60}
    routing: {max_length: 12, max_wait_s: 100, ring_timeout_s: 5}
    kinds: [{share: 0.3, priority: 2}]
  support: {arrivals: 20, talk: {mean_s: 200}, patience: {mean_s: 90}}
agents:
  sales: {count: 6, queues: sales, answering: {mean_s: 3}, no_answer: 0.1, breaks: [09:30-09:45]}
  both: {count: 4, queues: [sales, support], shift: 09:15-10:45, answering: {mean_s: 3}}
run: {replications: 2}
"""


def test_the_same_seed_is_the_same_day_and_another_is_not() -> None:
    assert as_json(simulate(read(BUSY))) == as_json(simulate(read(BUSY)))
    assert as_json(simulate(read(BUSY))) != as_json(simulate(read(BUSY).with_runs(None, 2)))


def test_more_agents_meet_the_same_callers() -> None:
    """Otherwise two plans would differ by chance too."""
    few = Day(read(BUSY), 0).live()
    many = Day(read(BUSY).with_agents("sales", 30), 0).live()
    for row, other in zip(few.contacts, many.contacts, strict=True):
        assert [cell.offered for cell in row] == [cell.offered for cell in other]
    assert sum(cell.abandoned for cell in many.contacts[0]) < sum(cell.abandoned for cell in few.contacts[0])


def test_every_contact_is_accounted_for() -> None:
    tally = lived(read(BUSY))
    for row in tally.contacts:
        for cell in row:
            assert cell.offered == cell.answered + cell.abandoned + cell.sent_on + cell.refused


def test_the_tally_is_that_of_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted here and what the live wallboard counts are the same; the floor is sound all day."""
    engines: list[Engine] = []
    handle = Engine.handle
    told = count()

    def watched(engine: Engine, stimulus: stimuli.Stimulus, now: int) -> list[commands.Command]:
        out = handle(engine, stimulus, now)
        if next(told) % 7 == 0:
            validate(engine.floor)
        engines[:] = [engine]
        return out

    monkeypatch.setattr(Engine, "handle", watched)
    tally = lived(read(BUSY))
    for name, row in zip(("sales", "support"), tally.contacts, strict=True):
        queue = engines[0].floor.queues[name]
        cell, _ = summed(row, ())
        assert (cell.answered, cell.in_time, cell.waited_ms) == (
            queue.answered,
            queue.answered_in_time,
            queue.wait_answered_ms,
        )
        assert (cell.abandoned, cell.short) == (queue.abandoned, queue.abandoned_in_time)
        assert cell.offered == queue.entered + cell.refused


def test_progress_goes_from_nothing_to_all() -> None:
    told: list[float] = []
    simulate(read(BUSY), told.append)
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)


def test_an_interval_without_contacts_says_nothing() -> None:
    results: Results = simulate(plan(calls="[4, 0]"))
    assert results.intervals[1].fared.service_level.value is None
    assert results.intervals[1].fared.asa_s.value is None
    assert results.whole.fared.service_level.value == 1
    assert as_json(results)["intervals"][1]["service_level"] is None


# ---------------------------------------------------------------- what the engine may know beside

OVERFLOW = """
opens: 09:00
closes: 11:00
interval_min: 30
queues:
  first:
    arrivals: 30
    talk: {mean_s: 100}
    patience: {mean_s: 300}
    routing: {max_wait_s: 20, on_max_wait: {action: queue, target: second}}
  second:
    arrivals: 2
    talk: {mean_s: 100}
    wrap_up: {mean_s: 20}
    routing: {no_agents_after_s: 0, on_no_agents: {action: voicemail}}
agents:
  first: {count: 1, queues: first}
  second: {count: 2, queues: second, shift: 09:00-10:30}
run: {replications: 1}
"""


def test_contacts_that_overflow_are_accounted_for_where_they_came() -> None:
    """And the wrap-up of the queue that answers is done in no time, not left to its bound of an hour: the
    contact's own queue has none."""
    first, second = lived(read(OVERFLOW)).contacts
    for row in (first, second):
        for cell in row:
            assert cell.offered == cell.answered + cell.abandoned + cell.sent_on + cell.refused
    assert sum(cell.wrap_up_ms for cell in first) == 0
    assert sum(cell.answered for cell in first) > 60  # one agent alone would manage 72 at most
    assert sum(cell.refused for cell in second) > 0  # after 10:30 nobody is there
