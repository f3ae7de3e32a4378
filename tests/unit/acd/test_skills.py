"""What an agent must be able to do, how that relaxes, and what happens when nobody can."""

from __future__ import annotations

import pytest

from services.acd.domain import Channel, LeftQueue, OverflowAction, Strategy
from services.acd.engine import commands, lanes, stimuli
from services.acd.engine.floor import Policy
from services.acd.engine.stimuli import Capacity, Ease, Overflow, Step
from tests.unit.acd.transcript import Day, one, rung, told, why

OFTEN = Policy(misses_before_aside=99, rest_ms=1_000)
VOICEMAIL = Overflow(OverflowAction.VOICEMAIL)


def english(level: int) -> stimuli.Skills:
    return (("english", level),)


def test_level_is_a_threshold() -> None:
    """At least seven: six does not do, however long idle; seven does."""
    day = Day()
    day.queue()
    day.agent("six", skills=english(6))
    day.wait(60)
    day.agent("seven", skills=english(7))
    found = why(day.call("c1", skills=english(7)))
    assert (found.agent_id, found.ready_unqualified, found.required) == ("seven", 1, english(7))
    assert rung(day.call("c2", skills=english(7))) == []


def test_all_that_is_required_is_required() -> None:
    day = Day()
    day.queue()
    day.agent("half", skills=english(10))
    day.agent("whole", skills=(("billing", 1), ("english", 1)))
    assert rung(day.call("c1", skills=(("billing", 1), ("english", 1)))) == ["whole"]


def test_agent_who_comes_free_passes_over_who_they_cannot_serve() -> None:
    """The English caller has waited longer, but is not for this agent."""
    day = Day()
    day.queue()
    day.agent("expert", skills=english(5), ready=False)
    day.agent("plain", ready=False)
    day.call("english", skills=english(5))
    day.wait(60)
    day.call("anybody")
    assert one(day.ready("plain"), commands.Ring).contact_id == "anybody"
    assert one(day.ready("expert"), commands.Ring).contact_id == "english"


# ---------------------------------------------------------------- relaxation


def test_steps_of_the_contact() -> None:
    """English ≥ 7; after 30 s ≥ 3; after 60 s anybody: each step at its second, and the place is kept."""
    day = Day()
    day.queue()
    day.agent("none")
    day.agent("some", skills=english(3), ready=False)
    day.agent("good", skills=english(9), ready=False)
    steps = (Step(30_000, english(3)), Step(60_000, ()))
    day.call("c1", skills=english(7), relax=steps)
    assert rung(day.wait(59.9)) == []
    found = why(day.wait(0.1))
    assert (found.agent_id, found.relaxed, found.required) == ("none", 2, ())
    day.over("c1", "o1")
    day.away("none")
    day.call("c2", skills=english(7), relax=steps)
    day.wait(29)
    assert rung(day.ready("some")) == []
    found = why(day.wait(1))
    assert (found.agent_id, found.relaxed, found.required, found.seeker) == ("some", 1, english(3), "contact")


def test_steps_of_the_queue() -> None:
    """Contacts without steps of their own: two levels easier after 10 s, but the language itself is kept."""
    day = Day()
    day.queue(relax=(Ease(10_000, 2), Ease(20_000, 9), Ease(30_000, 0)))
    day.agent("three", skills=english(3))
    day.agent("one", skills=english(1), ready=False)
    day.agent("expert", skills=english(10), ready=False)
    day.call("c1", skills=english(5))
    assert rung(day.wait(10)) == ["three"]
    day.pick_up("o1")
    day.call("c2", skills=english(5))
    day.ready("one")
    assert rung(day.wait(19)) == []
    found = why(day.wait(1))
    assert (found.agent_id, found.required) == ("one", english(1))
    day.pick_up("o2")
    day.agent("none")
    day.call("c3", skills=english(5))
    assert rung(day.wait(29)) == []
    assert rung(day.wait(1)) == ["none"]


def test_own_steps_stand_instead_of_the_queues() -> None:
    day = Day()
    day.queue(relax=(Ease(5_000, 0),))
    day.agent("none")
    day.agent("expert", skills=english(9), ready=False)
    day.call("c1", skills=english(5), relax=(Step(40_000, ()),))
    assert rung(day.wait(39)) == []
    assert rung(day.wait(1)) == ["none"]


def waits_for_an_expert(*steps: Ease) -> Day:
    """c1 asks for english 5 and waits; who is idle has none, or 2, of it."""
    day = Day()
    day.queue(relax=steps)
    day.agent("none")
    day.agent("some", skills=english(2))
    day.agent("expert", skills=english(9), ready=False)
    day.call("c1", skills=english(5))
    return day


def test_new_steps_of_the_queue_reach_who_waits() -> None:
    """The team lead sees an English caller wait and has the queue ask for less: what is due is done now."""
    day = waits_for_an_expert()
    assert rung(day.wait(20)) == []
    day.queue(relax=(Ease(30_000, 3), Ease(60_000, 0)))
    assert rung(day.wait(9)) == []
    found = why(day.wait(1))
    assert (found.agent_id, found.required, found.relaxed) == ("some", english(2), 1)
    late = waits_for_an_expert()
    late.wait(40)
    late.queue(relax=(Ease(30_000, 3),))
    assert rung(late.wait(0)) == ["some"]


def test_steps_taken_away_stop_those_to_come() -> None:
    day = waits_for_an_expert(Ease(30_000, 0))
    day.wait(29)
    day.queue(relax=())
    assert rung(day.wait(600)) == []


def test_changed_steps_do_not_tighten_what_was_eased() -> None:
    """5 became 3 after ten seconds. The new steps would make 4 of it now, 2 in the end: 3 stays, then 2."""
    day = waits_for_an_expert(Ease(10_000, 2))
    day.wait(20)
    day.queue(relax=(Ease(15_000, 1), Ease(40_000, 3)))
    assert day.engine.floor.contacts["c1"].skills == english(3)
    assert rung(day.wait(19)) == []
    found = why(day.wait(1))
    assert (found.agent_id, found.required, found.relaxed) == ("some", english(2), 2)


def test_changed_steps_leave_alone_who_brought_their_own_or_none_at_all() -> None:
    day = Day()
    day.queue()
    day.agent("none")
    day.agent("expert", skills=english(9), ready=False)
    day.call("own", skills=english(5), relax=(Step(40_000, ()),))
    day.call("never", skills=english(5), never_relax=True)
    day.queue(relax=(Ease(1_000, 0),))
    assert rung(day.wait(39)) == []
    assert why(day.wait(1)).required == ()
    assert day.engine.floor.contacts["never"].skills == english(5)


def test_changed_steps_while_a_phone_rings() -> None:
    """It may finish; refused, the next agent is asked by the new steps."""
    day = waits_for_an_expert()
    day.ready("expert")
    day.queue(relax=(Ease(1_000, 0),))
    day.wait(2)
    assert rung(day.miss("o1")) == ["none"]


def test_never_relax() -> None:
    """A legal requirement: what the queue eases for others stays for this one."""
    day = Day()
    day.queue(relax=(Ease(5_000, 0),))
    day.agent("none")
    day.agent("expert", skills=english(9), ready=False)
    day.call("c1", skills=english(5), never_relax=True)
    assert rung(day.wait(600)) == []
    assert rung(day.ready("expert")) == ["expert"]


def test_steps_count_the_wait_before_a_restart() -> None:
    """The ACD was restarted and hears of a caller who has waited 45 s: the first step is past."""
    day = Day()
    day.queue()
    day.agent("some", skills=english(3))
    day.agent("good", skills=english(7), ready=False)
    steps = (Step(30_000, english(3)), Step(60_000, ()))
    found = why(day.call("c1", skills=english(7), relax=steps, enqueued_at=day.now - 45_000))
    assert (found.agent_id, found.relaxed) == ("some", 1)


def test_relaxed_while_a_phone_rings() -> None:
    """The step falls due while the expert's phone rings: refused, whoever qualifies now is next."""
    day = Day(OFTEN)
    day.queue()
    day.agent("expert", skills=english(9))
    day.agent("none")
    day.call("c1", skills=english(5), relax=(Step(10_000, ()),))
    assert rung(day.wait(10)) == []
    assert day.state("c1") == "offered"
    assert rung(day.miss("o1")) == ["none"]


def test_relaxed_while_several_ring() -> None:
    """One expert rings where three are wanted: from the step on two more phones ring beside it."""
    day = Day(OFTEN)
    day.queue(strategy=Strategy.RING_SEVERAL, ring_agents=3, ring_timeout_ms=60_000)
    day.agent("expert", skills=english(9))
    day.agent("a1")
    day.agent("a2")
    day.call("c1", skills=english(5), relax=(Step(10_000, ()),))
    assert rung(day.log) == ["expert"]
    assert rung(day.wait(10)) == ["a1", "a2"]


def test_relaxed_while_the_switch_is_paused_or_away() -> None:
    """Steps go on while the contact stands aside; when it comes back the easier requirement holds."""
    day = Day(Policy(switch_pause_ms=20_000))
    day.queue()
    day.agent("expert", skills=english(9))
    day.agent("none")
    day.call("c1", skills=english(5), relax=(Step(10_000, ()),))
    day.tell(stimuli.RingFailed("o1", "SWITCH_CONGESTION"))
    day.away("expert")
    assert rung(day.wait(15)) == []
    assert rung(day.wait(5)) == ["none"]
    day.over("c1", "o2")
    day.call("c2", skills=english(5), relax=(Step(10_000, ()),))
    day.tell(stimuli.NodeDown("fs1"))
    day.wait(20)
    assert rung(day.tell(stimuli.NodeUp("fs1"))) == ["none"]


def test_relaxed_contact_keeps_its_place_among_the_others() -> None:
    """Thirty seconds of English only, then anybody: it joins the others where its own wait puts it."""
    day = Day()
    day.queue()
    day.agent("none", ready=False)
    day.agent("expert", skills=english(9), ready=False)
    day.call("before")
    day.wait(1)
    day.call("english", skills=english(5), relax=(Step(30_000, ()),))
    day.wait(1)
    day.call("after")
    day.wait(60)
    day.ready("none")
    order = []
    for number in (1, 2, 3):
        ring = told(day.log, commands.Ring)[-1]
        order.append(ring.contact_id)
        day.over(ring.contact_id, f"o{number}")
    assert order == ["before", "english", "after"]


# ---------------------------------------------------------------- nobody can


def test_requirement_nobody_meets_is_said_at_once() -> None:
    """Level nine where eight is the best there is: no waiting in vain, the overflow is taken."""
    day = Day()
    day.queue(on_no_agents=VOICEMAIL)
    day.agent("a1", skills=english(8))
    out = day.call("c1", skills=english(9))
    left = one(out, commands.ContactLeftQueue)
    assert (left.reason, left.overflow, left.waited_ms) == (LeftQueue.NOBODY_QUALIFIED, VOICEMAIL, 0)
    assert not told(out, commands.ContactQueued)
    assert day.state("c1") == "open"


def test_requirement_somebody_meets_who_is_not_signed_in() -> None:
    """The expert comes at two: the caller may wait for that."""
    day = Day()
    day.queue(on_no_agents=VOICEMAIL)
    day.agent("a1")
    day.agent("expert", skills=english(9), ready=False)
    assert told(day.call("c1", skills=english(9)), commands.ContactQueued)


def test_requirement_that_will_relax_is_waited_for() -> None:
    """Nobody meets it now, but everybody will after 30 s."""
    day = Day()
    day.queue(relax=(Ease(30_000, 0),))
    day.agent("a1")
    assert told(day.call("c1", skills=english(9)), commands.ContactQueued)
    assert rung(day.wait(30)) == ["a1"]


def test_nobody_here_but_the_overflow_has_somebody() -> None:
    """The expert works in another queue, which this one overflows to."""
    day = Day()
    day.queue("experts")
    day.queue("sales", on_no_agents=Overflow(OverflowAction.QUEUE, "experts"))
    day.agent("a1", "sales")
    day.agent("expert", "experts", skills=english(9))
    out = day.call("c1", "sales", skills=english(9))
    assert rung(out) == ["expert"]
    assert one(out, commands.ContactQueued).overflowed_from == "sales"


def test_whoever_could_is_excluded() -> None:
    """A complaint about the only agent who speaks English: said at once, not after an hour of waiting."""
    day = Day()
    day.queue(on_no_agents=VOICEMAIL)
    day.agent("a1", skills=english(8))
    day.agent("a2")
    left = one(day.call("c1", skills=english(5), excluded=("a1",)), commands.ContactLeftQueue)
    assert (left.reason, left.overflow) == (LeftQueue.NOBODY_QUALIFIED, VOICEMAIL)
    left = one(day.call("c2", excluded=("a1", "a2")), commands.ContactLeftQueue)
    assert left.reason is LeftQueue.NOBODY_QUALIFIED


def test_channel_nobody_takes_is_a_requirement_nobody_meets() -> None:
    """A chat in a queue of people who only telephone would wait for ever. Where a queue has no agents at all,
    that is another matter: somebody may be given it, and `no_agents` says for how long."""
    day = Day()
    day.queue(on_no_agents=VOICEMAIL)
    assert told(day.chat("early"), commands.ContactQueued)
    day.agent("a1")
    assert one(day.chat("c1"), commands.ContactLeftQueue).reason is LeftQueue.NOBODY_QUALIFIED
    day.agent("a2", capacity=(Capacity(Channel.CHAT, 1),), ready=False)
    assert told(day.chat("c1"), commands.ContactQueued)


# ---------------------------------------------------------------- excluded agents


def test_excluded_agents_are_passed_over() -> None:
    """By the caller who comes and by the agent who comes free; others take the caller as usual."""
    day = Day()
    day.queue()
    day.agent("a1")
    day.wait(60)
    day.agent("a2")
    out = day.call("c1", excluded=("a1",))
    assert rung(out) == ["a2"]
    assert (why(out).others, why(out).runner_up) == (0, ""), "the excluded one is no other who qualified"
    assert rung(day.call("c2", excluded=("a1",))) == []
    day.call("c3")
    assert rung(day.log) == ["a2", "a1"], "a1 is for everybody else"


def test_excluded_agent_is_not_rung_beside_others() -> None:
    day = Day()
    day.queue(strategy=Strategy.RING_SEVERAL, ring_agents=3)
    day.agent("a1")
    day.agent("a2")
    assert rung(day.call("c1", excluded=("a1",))) == ["a2"]
    day.away("a1")
    assert rung(day.ready("a1")) == []


def test_wait_is_not_promised_to_be_none_when_only_excluded_agents_are_idle() -> None:
    day = Day()
    day.queue()
    day.agent("a1")
    day.agent("a2", ready=False)
    queued = one(day.call("c1", excluded=("a1",)), commands.ContactQueued)
    assert queued.expected_wait_ms != 0


# ---------------------------------------------------------------- changed live


def test_agent_learns_english_while_a_caller_waits() -> None:
    """The administrator adds the skill: the caller who waits for it rings at once."""
    day = Day()
    day.queue()
    day.agent("a1")
    day.agent("expert", skills=english(9), ready=False)
    day.call("c1", skills=english(5))
    assert rung(day.agent("a1", skills=english(5))) == ["a1"]


def test_agent_loses_english_while_a_caller_waits() -> None:
    """Taken away while on break: coming back does not bring the English caller."""
    day = Day()
    day.queue()
    day.agent("a1", skills=english(5), ready=False)
    day.call("c1", skills=english(5))
    day.agent("a1")
    assert rung(day.ready("a1")) == []


def test_skill_changed_in_conversation_is_felt_afterwards() -> None:
    day = Day()
    day.queue()
    day.agent("a1")
    day.agent("expert", skills=english(9), ready=False)
    offer = day.talk("c1")
    day.call("c2", skills=english(5))
    day.agent("a1", skills=english(6))
    assert rung(day.over("c1", offer)) == ["a1"]


# ---------------------------------------------------------------- a thousand kinds of requirements


def test_lanes_are_dropped_and_nobody_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """More kinds of requirements than are kept: those nobody waits with go, and come back when asked for. A
    caller who rings for a kind that was dropped meanwhile is refused and finds the next agent."""
    monkeypatch.setattr(lanes, "LANES_MOST", 3)
    day = Day(OFTEN)
    day.queue()
    day.agent("a1", skills=english(9))
    day.call("ringing", skills=english(1))
    for level in range(2, 9):
        day.call(f"c{level}", skills=english(level))
        if level % 2:
            day.hang_up(f"c{level}")
    assert len(day.engine.floor.queues["sales"].lanes) <= 5
    day.miss("o1")
    assert one(day.wait(1), commands.Ring).contact_id == "ringing"
    assert one(day.over("ringing", "o2"), commands.Ring).contact_id == "c2"


def test_idle_agent_whose_lanes_were_dropped_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """All kinds of callers that a2 could serve had been dropped when another queue changed its strategy."""
    monkeypatch.setattr(lanes, "LANES_MOST", 1)
    day = Day()
    day.queue("sales")
    day.queue("support")
    day.agent("a1", "sales", "support", skills=english(9))
    day.agent("a2", "support")
    day.talk("c1")
    day.call("c2", "support", excluded=("a2",))
    day.hang_up("c2")
    day.call("c3", "support", skills=english(5))
    day.queue("sales", strategy=Strategy.TOP_DOWN)
    assert rung(day.call("c4", "support")) == ["a2"]
