"""Several contacts at once: what fits beside what, and whose turn it is."""

from __future__ import annotations

from typing import Any

import pytest

from services.acd.domain import Channel, LeftQueue, OfferFailure, Outcome, Party, Presence, Strategy
from services.acd.engine import commands, stimuli, views
from services.acd.engine.floor import Policy
from services.acd.engine.stimuli import Capacity
from services.chassis.errors import Conflict
from tests.unit.acd.transcript import Day, chat, offered, one, outcome, rung, told

ONE_CALL_THREE_CHATS = (Capacity(Channel.VOICE, 1, alone=True), Capacity(Channel.CHAT, 3))
CALL_BESIDE_CHATS = (Capacity(Channel.VOICE, 1), Capacity(Channel.CHAT, 3))
CHATS = (Capacity(Channel.CHAT, 3),)
FORGIVING = Policy(misses_before_aside=9, rest_ms=3_000)


def desk(
    capacity: tuple[Capacity, ...] = ONE_CALL_THREE_CHATS, policy: Policy | None = None, **queue: Any
) -> Day:
    day = Day(policy)
    day.queue(**queue)
    day.agent("a1", capacity=capacity)
    return day


def accept(day: Day, contact_id: str, agent_id: str = "a1") -> str:
    """A chat arrives and is taken; gives the offer's id."""
    offer = one(day.chat(contact_id), commands.ContactOffered)
    assert offer.agent_id == agent_id
    day.tell(stimuli.Answer(agent_id, offer.offer_id))
    return offer.offer_id


# ---------------------------------------------------------------- mixes


def test_three_chats_and_no_fourth() -> None:
    """The fourth visitor waits, and comes when one of the three has gone."""
    day = desk()
    for number in (1, 2, 3):
        accept(day, f"t{number}")
    assert offered(day.chat("t4")) == []
    assert offered(day.chat_gone("t2")) == ["a1"]
    assert [contact.contact.id for contact in day.engine.floor.agents["a1"].hands] == ["t1", "t3", "t4"]


def test_nothing_comes_beside_a_call() -> None:
    """Nobody talks and types: chats wait while the agent telephones, and all three come afterwards."""
    day = desk()
    offer = day.talk("c1")
    for number in (1, 2, 3):
        assert offered(day.chat(f"t{number}")) == []
    day.hang_up("c1")
    day.tell(stimuli.LegGone(offer, "NORMAL_CLEARING"))
    assert offered(day.log)[1:] == ["a1"] * 3


def test_call_comes_beside_chats_and_then_no_more_chats() -> None:
    """A call rings also with chats in hand (the phone is free); from then on no further chat comes."""
    day = desk()
    accept(day, "t1")
    assert rung(day.call("c1")) == ["a1"]
    assert offered(day.chat("t2")) == [], "ringing counts as in hand"
    day.pick_up("o2")
    day.chat_gone("t1")
    assert offered(day.log).count("a1") == 2
    assert offered(day.over("c1", "o2")) == ["a1"]


def test_call_that_does_not_want_to_be_alone() -> None:
    """Where the administrator says so, chats come beside a call."""
    day = desk(CALL_BESIDE_CHATS)
    day.talk("c1")
    assert offered(day.chat("t1")) == ["a1"]
    assert rung(day.call("c2")) == [], "one call at a time all the same"


def test_channel_that_is_not_taken_never_comes() -> None:
    day = desk(CHATS)
    day.agent("phone", ready=False)
    assert rung(day.call("c1")) == []
    assert offered(day.chat("t1")) == ["a1"]


def test_phone_that_is_not_free_yet_does_not_keep_chats_away() -> None:
    """The old call's leg still ends: the agent can type in the meantime."""
    day = desk()
    day.talk("c1")
    day.hang_up("c1")
    assert rung(day.call("c2")) == []
    day.hang_up("c2")
    assert offered(day.chat("t1")) == ["a1"]


# ---------------------------------------------------------------- whose turn


@pytest.mark.parametrize(
    "strategy",
    [Strategy.LONGEST_IDLE, Strategy.LEAST_OCCUPIED, Strategy.FEWEST_CONTACTS, Strategy.ROUND_ROBIN],
)
def test_chats_are_spread_over_the_team(strategy: Strategy) -> None:
    """Three agents for three chats each, six chats: two each, not three, three and none. Who has something in
    hand comes after all whose hands are empty; of those, whose last offer is the longest ago."""
    day = Day()
    day.queue(strategy=strategy)
    for agent in ("a1", "a2", "a3"):
        day.agent(agent, capacity=CHATS)
        day.wait(10)
    taken = []
    for number in range(6):
        offer = one(day.chat(f"t{number}"), commands.ContactOffered)
        day.wait(1)
        day.tell(stimuli.Answer(offer.agent_id, offer.offer_id))
        taken.append(offer.agent_id)
        day.wait(20)
    assert taken == ["a1", "a2", "a3"] * 2


def test_top_down_fills_the_first_before_the_second() -> None:
    """That strategy means it: the first of the list is asked as long as there is room."""
    day = Day()
    day.queue(strategy=Strategy.TOP_DOWN)
    day.agent("a2", capacity=CHATS, tiers={"sales": stimuli.Tier(1, 2)})
    day.agent("a1", capacity=CHATS, tiers={"sales": stimuli.Tier(1, 1)})
    assert [offered(day.chat(f"t{n}"))[0] for n in range(5)] == ["a1", "a1", "a1", "a2", "a2"]


def test_call_goes_to_who_has_nothing_in_hand() -> None:
    """Both could take it; who types with somebody is asked last, however long ago they last spoke."""
    day = desk()
    day.wait(600)
    accept(day, "t1")
    day.agent("a2")
    assert rung(day.call("c1")) == ["a2"]


# ---------------------------------------------------------------- ends


def test_agent_closes_a_chat() -> None:
    """Nobody else holds a chat, so the agent's word ends it: answered, wrapped up, once."""
    day = desk(wrap_up_ms=10_000)
    accept(day, "t1")
    day.wait(60)
    out = day.tell(stimuli.HangUp("a1", "t1"))
    released = one(out, commands.ContactReleased)
    assert (released.ended_by, released.talk_ms) == (Party.AGENT, 60_000)
    assert outcome(out) is Outcome.ANSWERED
    assert day.routing("a1") == "WRAP_UP"
    assert day.chat_gone("t1") == []
    assert (
        one(day.tell(stimuli.FinishWrapUp("a1", "t1", "sold")), commands.ContactWrappedUp).contact_id == "t1"
    )


def test_visitor_leaves_the_chat() -> None:
    day = desk()
    accept(day, "t1")
    out = day.chat_gone("t1")
    assert one(out, commands.ContactReleased).ended_by is Party.CALLER
    assert outcome(out) is Outcome.ANSWERED
    assert day.routing("a1") == "IDLE"


def test_visitor_leaves_while_the_chat_is_offered() -> None:
    """The offer goes from the screen; there is room again at once, there being no phone to wait for."""
    day = desk((Capacity(Channel.CHAT, 1),))
    day.chat("t1")
    out = day.chat_gone("t1")
    assert one(out, commands.ContactOfferFailed).failure is OfferFailure.CALLER_GONE
    assert outcome(out) is Outcome.ABANDONED
    with pytest.raises(Conflict):
        day.tell(stimuli.Answer("a1", "o1"))
    assert offered(day.chat("t2")) == ["a1"]


def test_wrap_up_of_one_chat_beside_another() -> None:
    """It counts as in hand until it is done; the other chat goes on, and its end is no end of this."""
    day = desk((Capacity(Channel.CHAT, 2),), wrap_up_ms=30_000)
    accept(day, "t1")
    accept(day, "t2")
    day.tell(stimuli.HangUp("a1", "t1"))
    assert day.routing("a1") == "CONNECTED", "the other one needs the agent"
    assert offered(day.chat("t3")) == []
    day.wait(10)
    day.chat_gone("t2")
    assert day.routing("a1") == "WRAP_UP"
    out = day.wait(20)
    assert one(out, commands.ContactWrappedUp).contact_id == "t1"
    assert offered(out) == ["a1"]
    day.wait(10)
    assert [each.contact_id for each in told(day.log, commands.ContactWrappedUp)] == ["t1", "t2"]


def test_only_one_of_two_is_wrapped_up_by_the_form() -> None:
    day = desk((Capacity(Channel.CHAT, 2),), wrap_up_ms=30_000)
    accept(day, "t1")
    accept(day, "t2")
    day.tell(stimuli.HangUp("a1", "t1"))
    day.tell(stimuli.HangUp("a1", "t2"))
    assert (
        one(day.tell(stimuli.FinishWrapUp("a1", "t2", "sold")), commands.ContactWrappedUp).contact_id == "t2"
    )
    assert offered(day.chat("t3")) == ["a1"]
    assert offered(day.chat("t4")) == [], "t1 is still written about"


# ---------------------------------------------------------------- offers that come to nothing


def test_offer_of_a_chat_times_out() -> None:
    """Nobody clicks: a miss, a rest, and the next agent has it meanwhile."""
    day = desk(policy=FORGIVING, ring_timeout_ms=20_000)
    day.chat("t1")
    day.agent("a2", capacity=CHATS)
    out = day.wait(20)
    failed = one(out, commands.ContactOfferFailed)
    assert (failed.failure, failed.rang_ms) == (OfferFailure.RING_TIMEOUT, 20_000)
    assert offered(out) == ["a2"]
    assert told(out, commands.Kill) == [], "there is no phone to stop"


def test_not_responding_with_chats_in_hand() -> None:
    """Two misses beside a running chat: nothing new comes, the chat goes on, and after it the agent shows as
    not responding until somebody says otherwise."""
    day = desk(policy=Policy(misses_before_aside=2, rest_ms=1_000))
    accept(day, "t1")
    day.chat("t2")
    day.tell(stimuli.Reject("a1", "o2"))
    day.wait(1)
    day.tell(stimuli.Reject("a1", "o3"))
    assert day.routing("a1") == "CONNECTED"
    assert offered(day.wait(60)) == []
    day.chat_gone("t1")
    assert day.routing("a1") == "NOT_RESPONDING"
    assert offered(day.ready("a1")) == ["a1"]


def test_not_responding_is_lifted_with_chats_in_hand() -> None:
    """The lead lifts it at once: room for two more, and the waiting one comes."""
    day = desk(policy=Policy(misses_before_aside=1))
    accept(day, "t1")
    day.chat("t2")
    day.tell(stimuli.Reject("a1", "o2"))
    out = day.tell(stimuli.SetPresence("a1", Presence.READY, by="lead"))
    assert offered(out) == ["a1"]
    assert day.routing("a1") == "CONNECTED"


def test_rest_after_a_rejected_chat_keeps_calls_away_too() -> None:
    """Three seconds of peace are for the person, not for the channel."""
    day = desk(policy=FORGIVING)
    day.chat("t1")
    day.tell(stimuli.Reject("a1", "o1"))
    assert rung(day.call("c1")) == []
    assert [each.contact_id for each in told(day.wait(3), commands.ContactOffered)] == ["t1", "c1"]


# ---------------------------------------------------------------- presence and settings


def test_break_with_chats_in_hand() -> None:
    """No new ones, the old ones go on to their end; then the agent is idle on a break."""
    day = desk()
    accept(day, "t1")
    accept(day, "t2")
    day.away("a1")
    assert offered(day.chat("t3")) == []
    day.chat_gone("t1")
    assert day.routing("a1") == "CONNECTED"
    day.chat_gone("t2")
    assert day.routing("a1") == "IDLE"
    assert offered(day.ready("a1")) == ["a1"]


def test_signed_out_with_a_chat_in_hand() -> None:
    day = desk()
    accept(day, "t1")
    day.sign_out("a1")
    assert day.state("t1") == "connected"
    out = day.tell(stimuli.HangUp("a1", "t1"))
    assert outcome(out) is Outcome.ANSWERED
    assert views.figures(day.engine.floor, day.now).agents["offline"] == 1


def test_fewer_chats_at_once_from_now_on() -> None:
    """From three to one while three are in hand: none is taken away, none comes until there is none."""
    day = desk()
    for number in (1, 2, 3):
        accept(day, f"t{number}")
    day.agent("a1", capacity=(Capacity(Channel.CHAT, 1),))
    day.chat("t4")
    for number in (1, 2):
        assert offered(day.chat_gone(f"t{number}")) == []
    assert offered(day.chat_gone("t3")) == ["a1"]


def test_chat_is_not_held() -> None:
    day = desk()
    accept(day, "t1")
    with pytest.raises(Conflict, match="Only calls"):
        day.tell(stimuli.Hold("a1", "t1"))


def test_chat_taken_and_waiting_figures() -> None:
    """Chats and calls of one queue are counted together, and a waiting chat that leaves is an abandon."""
    day = desk((Capacity(Channel.CHAT, 1),))
    accept(day, "t1")
    day.chat("t2")
    day.wait(30)
    left = one(day.chat_gone("t2"), commands.ContactLeftQueue)
    assert (left.reason, left.waited_ms) == (LeftQueue.CALLER_HUNG_UP, 30_000)
    figures = views.figures(day.engine.floor, day.now).queues[0]
    assert (figures.offered, figures.answered, figures.abandoned, figures.waiting) == (2, 1, 1, 0)


def test_chat_closed_by_the_flow_while_it_waits() -> None:
    day = desk((Capacity(Channel.CHAT, 1),))
    accept(day, "t1")
    day.chat("t2")
    assert outcome(day.tell(stimuli.Close(chat("t2"), Outcome.SELF_SERVICE))) is Outcome.SELF_SERVICE
    assert offered(day.chat_gone("t1")) == []


def test_switch_speaks_of_a_chat() -> None:
    """No switch knows a chat. A word about one (an id mixed up in a replay by hand) bridges nothing, and the
    chat is taken and closed as usual."""
    day = desk()
    day.chat("t1")
    assert day.tell(stimuli.LegAnswered("o1")) == []
    day.tell(stimuli.Answer("a1", "o1"))
    assert outcome(day.tell(stimuli.HangUp("a1", "t1"))) is Outcome.ANSWERED
