"""Incidents of switches that go away and of an ACD that was restarted."""

from __future__ import annotations

from services.acd.domain import OfferFailure, Outcome, Party, Presence, Routing
from services.acd.engine import commands, stimuli
from services.acd.engine.floor import Policy
from tests.unit.acd.transcript import NODE, START, Day, arrival, one, outcome, rung, told


def test_link_to_switch_breaks_while_people_wait() -> None:
    """Nobody on that switch is rung for while it cannot be reached; afterwards all are, in old order."""
    day = Day()
    day.queue()
    day.agent("a1", ready=False)
    day.call("c1")
    day.wait(1)
    day.call("c2")
    out = day.tell(stimuli.NodeDown(NODE, "connection reset"))
    assert one(out, commands.NodeStateChanged).up is False
    assert rung(day.ready("a1")) == []
    day.wait(30)
    out = day.tell(stimuli.NodeUp(NODE))
    assert one(out, commands.Ring).contact_id == "c1"
    assert one(out, commands.ContactOffered).waited_ms == 31_000


def test_caller_of_another_switch_is_served_meanwhile() -> None:
    """One switch of two is cut off: agents serve the other's callers."""
    day = Day()
    day.tell(stimuli.NodeUp("fs2"))
    day.queue()
    day.agent("a1", ready=False)
    day.call("c1")
    day.tell(stimuli.Enqueue(arrival("c2", "fs2"), "sales"))
    day.tell(stimuli.NodeDown(NODE))
    assert one(day.ready("a1"), commands.Ring).node == "fs2"


def test_link_breaks_in_conversation_and_call_goes_on() -> None:
    """The media does not need us: a short cut of the link ends no conversation."""
    day = Day(Policy(node_lost_ms=300_000))
    day.queue()
    day.agent("a1")
    day.talk("c1")
    day.tell(stimuli.NodeDown(NODE))
    day.wait(60)
    day.tell(stimuli.NodeUp(NODE))
    assert day.state("c1") == "connected"
    assert told(day.log, commands.ContactEnded) == []


def test_link_breaks_while_phone_rings() -> None:
    """The ring times out unheard: the agent is free again, the caller waits for the switch's return."""
    day = Day()
    day.queue()
    day.agent("a1")
    day.call("c1")
    day.tell(stimuli.NodeDown(NODE))
    out = day.wait(30)
    assert one(out, commands.ContactOfferFailed).failure is OfferFailure.RING_TIMEOUT
    assert not told(out, commands.Mended), "silence of a switch that is away is no surprise"
    assert rung(day.tell(stimuli.NodeUp(NODE))) == ["a1"]


def test_switch_never_comes_back() -> None:
    """After five minutes its callers are accounted for as dropped and its agents work elsewhere."""
    day = Day(Policy(node_lost_ms=300_000, leg_gone_timeout_ms=3000))
    day.queue()
    day.agent("a1")
    day.talk("c1")
    day.call("c2")
    day.tell(stimuli.NodeDown(NODE))
    out = day.wait(304)
    ended = {fact.contact_id: fact.outcome for fact in told(out, commands.ContactEnded)}
    assert ended == {"c1": Outcome.ANSWERED, "c2": Outcome.DROPPED}
    assert one(out, commands.ContactReleased).ended_by is Party.SYSTEM
    assert day.routing("a1") == "IDLE"


def test_caller_is_found_gone_after_the_link_came_back() -> None:
    """The switch died under a waiting caller: dropped by us, not abandoned by them."""
    day = Day()
    day.queue()
    day.call("c1")
    out = day.tell(stimuli.CallerGone(arrival("c1"), "SWITCH_LOST", lost=True))
    assert outcome(out) is Outcome.DROPPED


def test_conversation_is_found_after_a_restart() -> None:
    """A new ACD finds two people talking: both are connected, and the rest goes its ordinary way."""
    day = Day()
    day.queue(wrap_up_ms=5_000)
    day.agent("a1", ready=False)
    day.tell(stimuli.Recall("a1", Presence.READY, routing=Routing.CONNECTED, since=START - 50_000))
    found = stimuli.Adopt(arrival("c1"), "sales", "a1", "leg7", START - 60_000, START - 50_000)
    answered = one(day.tell(found), commands.ContactAnswered)
    assert (answered.offer_id, answered.waited_ms, answered.answered_at) == ("leg7", 10_000, START - 50_000)
    assert day.tell(found) == [], "found twice is found once"
    assert day.routing("a1") == "CONNECTED"
    day.wait(10)
    assert one(day.tell(stimuli.LegGone("leg7", "")), commands.ContactReleased).talk_ms == 60_000
    assert outcome(day.hang_up("c1")) is Outcome.ANSWERED


def test_agent_found_talking_had_been_offered_another() -> None:
    """The switch's answer came late: the wrong offer is taken back, its caller goes on."""
    day = Day()
    day.queue()
    day.agent("a1")
    day.call("c2")
    out = day.tell(stimuli.Adopt(arrival("c1"), "sales", "a1", "leg7", START, START))
    assert one(out, commands.Kill).uuid == "o1"
    assert (day.state("c1"), day.state("c2")) == ("connected", "queued")


def test_contacts_left_open_by_the_last_run_are_ended() -> None:
    """The store says open, the switch says gone: each ends once, answered ones as answered."""
    day = Day(Policy(word_grace_ms=3000))
    day.queue()
    day.agent("a1")
    day.tell(stimuli.Recover(arrival("c1"), "sales", "a1", answered_at=START - 9, talk_ms=5))
    day.tell(stimuli.Recover(arrival("c2"), "sales"))
    for contact in ("c1", "c2"):
        day.tell(stimuli.CallerGone(arrival(contact), "SWITCH_LOST", lost=True))
    day.wait(5)
    ended = {fact.contact_id: fact.outcome for fact in told(day.log, commands.ContactEnded)}
    assert ended == {"c1": Outcome.ANSWERED, "c2": Outcome.DROPPED}
    assert told(day.log, commands.ContactOpened) == [], "opened once, by the last run"


def test_wrap_up_goes_on_after_a_restart() -> None:
    """The agent was writing when the ACD was restarted: the time left is kept, the form is taken."""
    day = Day()
    day.queue()
    day.agent("a1", ready=False)
    day.tell(
        stimuli.Recall(
            "a1",
            Presence.READY,
            routing=Routing.WRAP_UP,
            since=START - 5000,
            until=START + 5000,
            contact_id="c1",
        )
    )
    day.call("c2")
    assert day.routing("a1") == "WRAP_UP"
    day.wait(1)
    out = day.tell(stimuli.FinishWrapUp("a1", "c1", "sold"))
    assert one(out, commands.ContactWrappedUp).disposition == "sold"
    assert rung(out) == ["a1"]


def test_wrap_up_of_an_owner_whose_clock_was_ahead_is_not_longer_for_it() -> None:
    day = Day()
    day.queue(wrap_up_ms=30_000)
    day.agent("a1", ready=False)
    ahead = stimuli.Recall(
        "a1", Presence.READY, routing=Routing.WRAP_UP, since=START, until=START + 3_600_000, contact_id="c1"
    )
    day.tell(ahead)
    assert day.routing("a1") == "WRAP_UP"
    day.wait(30)
    assert day.routing("a1") == "IDLE"


def test_set_aside_agent_stays_so_over_a_restart() -> None:
    day = Day()
    day.queue()
    day.agent("a1", ready=False)
    day.tell(stimuli.Recall("a1", Presence.READY, routing=Routing.NOT_RESPONDING, since=START))
    assert rung(day.call("c1")) == []
    assert rung(day.ready("a1")) == ["a1"]
