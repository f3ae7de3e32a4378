"""Incidents of waiting: order, bounds, leaving, and the last word."""

from __future__ import annotations

import pytest

from services.acd.domain import LeftQueue, Outcome, Presence
from services.acd.engine import commands, stimuli, views
from services.acd.engine.floor import Policy
from services.chassis.errors import Conflict, Full, Invalid, NotFound
from tests.unit.acd.transcript import START, Day, arrival, one, outcome, rung, told


def served(day: Day, count: int) -> list[str]:
    """Which contacts one agent gets, one after the other."""
    order = []
    day.ready("a1")
    for _ in range(count):
        ring = told(day.log, commands.Ring)[-1]
        order.append(ring.contact_id)
        day.tell(stimuli.LegAnswered(ring.offer_id))
        day.tell(stimuli.Bridged(ring.offer_id))
        day.hang_up(ring.contact_id)
        day.tell(stimuli.LegGone(ring.offer_id, ""))
    return order


def test_first_come_first_served() -> None:
    day = Day()
    day.queue()
    day.agent("a1", ready=False)
    for number in range(5):
        day.call(f"c{number}")
    assert served(day, 5) == ["c0", "c1", "c2", "c3", "c4"]


def test_priority_is_a_head_start_not_a_wall() -> None:
    """A step is worth a minute: who has waited longer than that still comes first."""
    day = Day()
    day.queue(priority_step_ms=60_000)
    day.agent("a1", ready=False)
    day.call("patient")
    day.wait(50)
    day.call("ordinary")
    day.wait(20)
    day.call("important", priority=1)
    assert served(day, 3) == ["patient", "important", "ordinary"]


def test_agent_of_two_queues_takes_the_most_overdue() -> None:
    """Measured against each queue's own target: ten seconds over five beat twelve under twenty."""
    day = Day()
    day.queue("sales", service_level_ms=20_000)
    day.queue("support", service_level_ms=5_000)
    day.agent("a1", "sales", "support", ready=False)
    day.call("c1", "sales")
    day.wait(2)
    day.call("c2", "support")
    day.wait(10)
    out = day.ready("a1")
    assert one(out, commands.Ring).contact_id == "c2"
    why = one(out, commands.ContactOffered).decision
    assert (why.seeker, why.competing, why.overdue_ms) == ("agent", 2, 5_000)
    assert (why.runner_up_queue, why.runner_up_overdue_ms) == ("sales", -8_000)


def test_longest_idle_over_all_profiles() -> None:
    """Agents with different queues compete for the same caller by idle time alone."""
    day = Day()
    day.queue("sales")
    day.queue("support")
    day.agent("a1", "sales")
    day.wait(1)
    day.agent("a2", "sales", "support")
    day.wait(1)
    day.agent("a3", "sales")
    assert [rung(day.call(f"c{n}"))[0] for n in range(3)] == ["a1", "a2", "a3"]
    assert rung(day.call("c9")) == []


def test_refused_caller_stays_ahead_of_later_ones() -> None:
    """Ten minutes of ringing in vain must not send anybody to the back."""
    day = Day(Policy(misses_before_aside=9))
    day.queue(ring_timeout_ms=10_000)
    day.agent("a1")
    day.call("c1")
    day.wait(1)
    day.call("c2")
    day.wait(9)
    day.tell(stimuli.LegGone("o1", ""))
    assert one(day.wait(3), commands.Ring).contact_id == "c1"


def test_enqueue_repeated_is_one_contact() -> None:
    """The IVR asks again after a time-out of its own: same place, nothing doubled."""
    day = Day()
    day.queue()
    day.call("c0")
    day.call("c1")
    assert day.call("c1") == []
    assert views.place_of(day.engine.floor, day.engine.floor.contacts["c1"]) == (2, None)
    assert sum(len(lane.waiting) for lane in day.engine.floor.queues["sales"].lanes.values()) == 2


def test_place_survives_a_restart_of_the_acd() -> None:
    """A new ACD hears of its callers in any order; each gets the place that its own time gives."""
    day = Day()
    day.queue()
    day.agent("a1", ready=False)
    day.call("new", enqueued_at=START - 1_000)
    day.call("old", enqueued_at=START - 60_000)
    assert views.place_of(day.engine.floor, day.engine.floor.contacts["old"])[0] == 1
    assert one(day.ready("a1"), commands.ContactOffered).waited_ms == 60_000


def test_repeated_enqueue_comes_after_the_conversation() -> None:
    """The repetition arrives when the caller is in the survey: they must not be queued again."""
    day = Day()
    day.queue()
    day.agent("a1")
    day.wait(1)
    offer = day.talk("c1")
    day.wait(10)
    day.tell(stimuli.LegGone(offer, ""))
    assert day.call("c1", enqueued_at=START) == []
    assert day.state("c1") == "released"
    assert rung(day.call("c1", enqueued_at=day.now)) == ["a1"], "but a second choice of an agent is honoured"


def test_unknown_queue_is_refused_and_nothing_happens() -> None:
    day = Day()
    with pytest.raises(NotFound, match="nowhere"):
        day.call("c1", "nowhere")
    assert "c1" not in day.engine.floor.contacts


def test_full_queue_is_refused() -> None:
    day = Day()
    day.queue(max_length=2)
    day.call("c1")
    day.call("c2")
    with pytest.raises(Full):
        day.call("c3")
    assert "c3" not in day.engine.floor.contacts


def test_agent_of_unknown_queue_refuses_the_whole_list() -> None:
    """All or none: the first, good agent is not created either."""
    day = Day()
    day.queue()
    good = stimuli.AgentSettings("a1", "A", "1", ("sales",))
    bad = stimuli.AgentSettings("a2", "B", "2", ("sails",))
    with pytest.raises(Invalid, match="sails"):
        day.tell(stimuli.PutAgents([good, bad]))
    assert not day.engine.floor.agents


def test_agent_without_telephone_cannot_be_ready() -> None:
    day = Day()
    day.queue()
    day.tell(stimuli.PutAgents([stimuli.AgentSettings("a1", "A", "", ("sales",))]))
    with pytest.raises(Invalid, match="extension"):
        day.ready("a1")
    day.tell(stimuli.SetPresence("a1", Presence.READY, extension="1001"))
    assert one(day.call("c1"), commands.Ring).extension == "1001"


def test_longest_wait_allowed() -> None:
    """After five minutes the caller goes on in the flow, which is told why; never while a phone rings."""
    day = Day()
    day.queue(max_wait_ms=300_000, ring_timeout_ms=20_000)
    day.call("c1")
    out = day.wait(300)
    assert one(out, commands.ContactLeftQueue).reason is LeftQueue.MAX_WAIT
    expel = one(out, commands.Expel)
    assert (expel.holder, expel.contact_id) == ("ivr1", "c1")
    assert day.state("c1") == "open"
    day.call("c2")
    day.wait(295)
    day.agent("a1")
    assert told(day.wait(10), commands.Expel) == [], "it rings: let it"
    assert one(day.wait(10), commands.Expel).contact_id == "c2"


def test_flow_has_the_last_word_when_it_comes_in_time() -> None:
    """The hang-up overtakes the flow's "voicemail": within the grace the flow is believed."""
    day = Day(Policy(word_grace_ms=3000))
    day.tell(stimuli.Open(arrival("c1")))
    gone = day.now
    assert told(day.hang_up("c1"), commands.ContactEnded) == []
    day.wait(1)
    ended = one(day.tell(stimuli.Close(arrival("c1"), Outcome.VOICEMAIL)), commands.ContactEnded)
    assert (ended.outcome, ended.ended_at) == (Outcome.VOICEMAIL, gone)
    assert told(day.wait(10), commands.ContactEnded) == []


def test_flow_died_and_says_nothing() -> None:
    """No word within the grace: abandoned, once."""
    day = Day(Policy(word_grace_ms=3000))
    day.tell(stimuli.Open(arrival("c1")))
    day.hang_up("c1")
    assert outcome(day.wait(3)) is Outcome.ABANDONED


def test_hang_up_is_the_first_that_is_heard_of_a_caller() -> None:
    """A caller who rings off at once: the hang-up overtakes OpenContact. Opened, ended, each once."""
    day = Day()
    day.queue()
    assert one(day.hang_up("c1"), commands.ContactOpened)
    assert day.tell(stimuli.Open(arrival("c1"))) == []
    with pytest.raises(Conflict):
        day.call("c1")
    day.wait(5)
    day.tell(stimuli.Close(arrival("c1"), Outcome.ABANDONED))
    assert len(told(day.log, commands.ContactEnded)) == 1


def test_contact_that_never_reached_a_queue_ends_once() -> None:
    """Blacklisted: the flow refuses the caller; the hang-up that follows changes nothing."""
    day = Day()
    day.tell(stimuli.Open(arrival("c1")))
    assert outcome(day.tell(stimuli.Close(arrival("c1"), Outcome.REJECTED, cause="CALL_REJECTED"))) is (
        Outcome.REJECTED
    )
    assert day.hang_up("c1") == []


def test_flow_closes_a_contact_that_spoke() -> None:
    """The survey ends and the flow says self-service: who spoke with an agent stays answered."""
    day = Day()
    day.queue()
    day.agent("a1")
    offer = day.talk("c1")
    assert day.tell(stimuli.Close(arrival("c1"), Outcome.ABANDONED)) == [], "an agent holds it"
    day.tell(stimuli.LegGone(offer, ""))
    assert outcome(day.tell(stimuli.Close(arrival("c1"), Outcome.SELF_SERVICE))) is Outcome.ANSWERED


def test_form_sent_after_the_clock_ended_the_wrap_up() -> None:
    """Two seconds late: the form is kept, the agent is free already, and it is taken once."""
    day = Day()
    day.queue(wrap_up_ms=10_000)
    day.agent("a1")
    offer = day.talk("c1")
    day.tell(stimuli.LegGone(offer, ""))
    day.hang_up("c1")
    assert one(day.wait(10), commands.ContactWrappedUp).timed_out
    day.wait(2)
    late = stimuli.FinishWrapUp("a1", "c1", "sold")
    wrapped = one(day.tell(late), commands.ContactWrappedUp)
    assert (wrapped.disposition, wrapped.timed_out, wrapped.wrap_up_ms) == ("sold", True, 10_000)
    assert day.tell(late) == []
    assert day.routing("a1") == "IDLE"


def test_ended_contacts_are_forgotten() -> None:
    """A year of calls must not fill the memory; counters stay."""
    day = Day(Policy(forget_ms=60_000, remember_max=10))
    day.queue()
    for number in range(50):
        day.call(f"c{number}")
        day.hang_up(f"c{number}")
    assert len(day.engine.floor.contacts) == 10
    day.wait(61)
    day.tell(stimuli.Tick())
    assert not day.engine.floor.contacts
    figures = views.figures(day.engine.floor, day.now)
    assert (figures.queues[0].offered, figures.queues[0].abandoned) == (50, 50)


def test_service_level_leaves_short_abandons_out() -> None:
    """Three answered in time, one late, one short abandon, one long: 3 of 5."""
    day = Day()
    day.queue(service_level_ms=20_000)
    day.call("short")
    day.wait(1)
    day.hang_up("short")
    day.call("long")
    day.wait(21)
    day.hang_up("long")
    day.call("late")
    day.wait(21)
    for number in range(4):
        day.agent(f"a{number}")
    for number in range(3):
        day.call(f"c{number}")
    for number in range(1, 5):
        day.tell(stimuli.LegAnswered(f"o{number}"))
        day.tell(stimuli.Bridged(f"o{number}"))
    figures = views.figures(day.engine.floor, day.now).queues[0]
    assert (figures.answered, figures.answered_in_time, figures.abandoned_in_time) == (4, 3, 1)
    assert figures.service_level == pytest.approx(3 / 5)


def test_clock_is_set_back_an_hour() -> None:
    """Waits never turn negative and timers never fire early; time simply stands still for the engine."""
    day = Day()
    day.queue()
    day.call("c1")
    day.now -= 3_600_000
    day.agent("a1")
    assert one(told(day.log, commands.ContactOffered), commands.ContactOffered).waited_ms == 0


def test_settings_changed_while_people_wait() -> None:
    """New agents and new rules are felt by the next decision, with no restart."""
    day = Day()
    day.queue("sales")
    day.queue("support")
    day.agent("a1", "support")
    day.call("c1", "sales")
    out = day.tell(stimuli.PutAgents([stimuli.AgentSettings("a1", "A", "1", ("sales", "support"))]))
    assert rung(out) == ["a1"]
