"""Several phones ring for one caller: who picks up first has the call, and the others are let go."""

from __future__ import annotations

from typing import Any

from services.acd.domain import Channel, OfferFailure, Outcome, Strategy
from services.acd.engine import commands, stimuli
from services.acd.engine.floor import Policy
from tests.unit.acd.transcript import Day, offered, one, outcome, rung, told

PATIENT = Policy(misses_before_aside=9, rest_ms=1_000)


def several(*agents: str, ring_agents: int = 2, **settings: Any) -> Day:
    day = Day(PATIENT)
    day.queue(strategy=Strategy.RING_SEVERAL, ring_agents=ring_agents, **settings)
    for agent in agents:
        day.agent(agent)
        day.wait(10)
    return day


def test_several_ring_and_the_first_answer_wins() -> None:
    """Two phones ring, the second is picked up: the first stops, nobody is blamed, one conversation."""
    day = several("a1", "a2", "a3")
    assert rung(day.call("c1")) == ["a1", "a2"]
    out = day.tell(stimuli.LegAnswered("o2"))
    assert one(out, commands.Bridge).agent_id == "a2"
    assert one(out, commands.Kill).uuid == "o1"
    assert one(out, commands.ContactOfferFailed).failure is OfferFailure.ANSWERED_ELSEWHERE
    day.tell(stimuli.Bridged("o2"))
    assert (day.routing("a1"), day.routing("a2"), day.routing("a3")) == ("IDLE", "CONNECTED", "IDLE")
    assert day.engine.floor.agents["a1"].misses == 0
    day.tell(stimuli.LegGone("o1", "LOSE_RACE"))
    assert rung(day.call("c2")) == ["a1", "a3"], "a1 has still been idle longest"


def test_two_pick_up_in_the_same_instant() -> None:
    """The second answer crosses our cancel: it is ended again, not bridged to a caller who is taken."""
    day = several("a1", "a2")
    day.call("c1")
    day.tell(stimuli.LegAnswered("o1"))
    out = day.tell(stimuli.LegAnswered("o2"))
    assert one(out, commands.Kill).uuid == "o2"
    assert not told(out, commands.Bridge)
    day.tell(stimuli.Bridged("o1"))
    day.tell(stimuli.LegGone("o2", "LOSE_RACE"))
    assert len(told(day.log, commands.ContactAnswered)) == 1


def test_one_rejects_and_another_is_rung() -> None:
    """Never fewer phones than the queue wants, as long as somebody is idle."""
    day = several("a1", "a2", "a3")
    day.call("c1")
    assert rung(day.tell(stimuli.Reject("a1", "o1"))) == ["a3"]
    assert day.state("c1") == "offered"
    assert one(day.pick_up("o3"), commands.ContactAnswered).agent_id == "a3"


def test_agent_who_comes_free_is_rung_as_well() -> None:
    """One of two wanted was idle when the caller came; the second phone rings as soon as it is free."""
    day = several("a1")
    assert rung(day.call("c1")) == ["a1"]
    day.agent("a2")
    assert rung(day.log) == ["a1", "a2"]
    day.agent("a3")
    assert rung(day.log) == ["a1", "a2"], "two are enough"


def test_who_waited_rings_at_everybody_who_comes_free() -> None:
    """The caller waited; two agents sign in one after the other: both ring, as for a caller who just came."""
    day = several()
    day.call("c1")
    day.agent("a1")
    day.agent("a2")
    day.agent("a3")
    assert rung(day.log) == ["a1", "a2"]
    assert one(day.pick_up("o2"), commands.ContactAnswered).agent_id == "a2"


def test_waiting_callers_come_before_second_phones() -> None:
    """Who comes free takes the caller whom nobody rings for, not a second phone of the first."""
    day = several("a1")
    day.call("c1")
    day.call("c2")
    day.agent("a2")
    assert [ring.contact_id for ring in told(day.log, commands.Ring)] == ["c1", "c2"]


def test_caller_hangs_up_while_several_ring() -> None:
    """All phones stop, nobody has missed anything, and the contact is abandoned once."""
    day = several("a1", "a2", "a3", ring_agents=3)
    day.call("c1")
    out = day.hang_up("c1")
    assert sorted(kill.uuid for kill in told(out, commands.Kill)) == ["o1", "o2", "o3"]
    assert {each.failure for each in told(out, commands.ContactOfferFailed)} == {OfferFailure.CALLER_GONE}
    assert outcome(out) is Outcome.ABANDONED
    assert len(told(out, commands.ContactLeftQueue)) == 1
    assert {day.routing(agent) for agent in ("a1", "a2", "a3")} == {"IDLE"}


def test_several_ring_out() -> None:
    """Nobody picks up: all missed it; the caller keeps the place and rings at the third."""
    day = several("a1", "a2", "a3", ring_timeout_ms=10_000)
    day.call("c1")
    out = day.wait(10)
    assert [each.agent_id for each in told(out, commands.ContactOfferFailed)] == ["a1", "a2"]
    assert rung(out) == ["a3"]
    assert one(out, commands.ContactOffered).waited_ms == 10_000
    assert (day.engine.floor.agents["a1"].misses, day.engine.floor.agents["a2"].misses) == (1, 1)


def test_bridge_of_the_winner_fails() -> None:
    """The others have been let go already: after the switch's pause the caller rings at several again."""
    day = several("a1", "a2")
    day.call("c1")
    day.tell(stimuli.LegAnswered("o2"))
    day.tell(stimuli.BridgeFailed("o2", "No such channel"))
    day.tell(stimuli.LegGone("o1", "LOSE_RACE"))
    day.tell(stimuli.LegGone("o2", "NORMAL_CLEARING"))
    assert sorted(rung(day.wait(2))) == ["a1", "a2"]


def test_several_no_more() -> None:
    """The manager takes the queue back to one at a time while a phone rings: no second one starts."""
    day = several("a1")
    day.call("c1")
    day.queue(strategy=Strategy.LONGEST_IDLE)
    day.agent("a2")
    assert rung(day.log) == ["a1"]


def test_a_chat_rings_several_agents_not_one_agent_twice() -> None:
    """Who takes three chats at once is still one person: the second offer is for somebody else."""
    chats = (stimuli.Capacity(Channel.CHAT, 3),)
    day = Day(PATIENT)
    day.queue(strategy=Strategy.RING_SEVERAL, ring_agents=2)
    day.agent("a1", capacity=chats)
    assert offered(day.chat("c1")) == ["a1"]
    out = day.agent("a2", capacity=chats)
    assert offered(out) == ["a2"]
    out = day.tell(stimuli.Answer("a1", "o1"))
    assert one(out, commands.ContactAnswered).agent_id == "a1"
    assert one(out, commands.ContactOfferFailed).agent_id == "a2"
