"""Incidents between a ringing phone and a conversation."""

from __future__ import annotations

import pytest

from services.acd import words
from services.acd.domain import LeftQueue, OfferFailure, Outcome, Party, Presence
from services.acd.engine import commands, stimuli
from services.acd.engine.floor import Policy
from services.chassis.errors import Conflict
from tests.unit.acd.transcript import Day, arrival, one, outcome, rung, told


def test_caller_reaches_agent_and_both_hang_up() -> None:
    """The whole life of an ordinary call: every fact once, in order, and the agent free for the next."""
    day = Day()
    day.queue(wrap_up_ms=10_000)
    day.agent("a1")
    out = day.call("c1")
    assert [type(command).__name__ for command in out] == [
        "ContactOpened",
        "ContactQueued",
        "Ring",
        "ContactOffered",
        "AgentStateChanged",
    ]
    ring = one(out, commands.Ring)
    assert (ring.extension, ring.node, ring.call_id) == ("9a1", "fs1", "call-c1")
    day.wait(4)
    bridge = one(day.tell(stimuli.LegAnswered("o1")), commands.Bridge)
    assert (bridge.call_id, bridge.offer_id) == ("call-c1", "o1")
    out = day.tell(stimuli.Bridged("o1"))
    assert one(out, commands.ContactAnswered).waited_ms == 4000
    assert day.routing("a1") == "CONNECTED"
    day.wait(60)
    out = day.tell(stimuli.LegGone("o1", "NORMAL_CLEARING"))
    released = one(out, commands.ContactReleased)
    assert (released.talk_ms, released.ended_by) == (60_000, Party.AGENT)
    assert day.routing("a1") == "WRAP_UP"
    day.wait(3)
    out = day.hang_up("c1")
    assert outcome(out) is Outcome.ANSWERED
    out = day.tell(stimuli.FinishWrapUp("a1", "c1", "sold", "three boxes"))
    wrapped = one(out, commands.ContactWrappedUp)
    assert (wrapped.disposition, wrapped.wrap_up_ms, wrapped.timed_out) == ("sold", 3000, False)
    assert rung(day.call("c2")) == ["a1"]


def test_agent_does_not_pick_up() -> None:
    """The phone rings out: the next agent is rung at once and the caller's wait counts from the start."""
    day = Day()
    day.queue(ring_timeout_ms=15_000)
    day.agent("a1")
    day.wait(1)
    day.agent("a2")
    day.call("c1")
    out = day.wait(15)
    assert one(out, commands.ContactOfferFailed).failure is OfferFailure.RING_TIMEOUT
    assert one(out, commands.Kill).uuid == "o1"
    assert rung(out) == ["a2"]
    assert one(out, commands.ContactOffered).attempt == 2
    assert one(out, commands.ContactOffered).waited_ms == 15_000


def test_silent_agent_is_set_aside_and_comes_back_by_hand() -> None:
    """After two misses an agent is left in peace until the agent says otherwise."""
    day = Day(Policy(misses_before_aside=2, rest_ms=3000))
    day.queue(ring_timeout_ms=10_000)
    day.agent("a1")
    day.call("c1")
    day.wait(10)
    day.tell(stimuli.LegGone("o1", "ORIGINATOR_CANCEL"))
    assert day.routing("a1") == "IDLE"
    assert rung(day.wait(3)) == ["a1"]
    day.wait(10)
    day.tell(stimuli.LegGone("o2", "ORIGINATOR_CANCEL"))
    assert day.routing("a1") == "NOT_RESPONDING"
    assert rung(day.wait(60)) == []
    assert day.state("c1") == "queued"
    assert rung(day.ready("a1")) == ["a1"]


@pytest.mark.parametrize(
    ("cause", "failure"),
    [
        ("USER_BUSY", OfferFailure.BUSY),
        ("CALL_REJECTED", OfferFailure.REJECTED),
        ("USER_NOT_REGISTERED", OfferFailure.UNREACHABLE),
        ("SOMETHING_NEW_IN_1_12", OfferFailure.UNREACHABLE),
        ("NO_ANSWER", OfferFailure.RING_TIMEOUT),
    ],
)
def test_phone_fails_and_next_agent_is_rung(cause: str, failure: OfferFailure) -> None:
    """Whatever the phone's trouble, the caller does not wait for it."""
    day = Day()
    day.queue()
    day.agent("a1")
    day.wait(1)
    day.agent("a2")
    day.call("c1")
    out = day.tell(stimuli.LegGone("o1", cause))
    assert one(out, commands.ContactOfferFailed).failure is failure
    assert rung(out) == ["a2"]
    assert not told(out, commands.Kill), "a leg that is gone need not be ended"


def test_phones_that_ring_out_in_one_millisecond() -> None:
    """Of things due at one moment the one that was set first is done first, so a replay does the same: c1
    goes to the only agent who is left, and c2, who came later, waits."""
    day = Day()
    day.queue()
    day.agent("a1")
    day.agent("a2")
    day.call("c1")
    day.call("c2")
    day.agent("a3", ready=False)
    day.wait(14)
    day.ready("a3")
    out = day.wait(1)
    failed = told(out, commands.ContactOfferFailed)
    assert [(each.contact_id, each.agent_id) for each in failed] == [("c1", "a1"), ("c2", "a2")]
    assert [(ring.contact_id, ring.agent_id) for ring in told(out, commands.Ring)] == [("c1", "a3")]


def test_explanation_tells_what_came_of_each_offer() -> None:
    """Rang out, rejected, answered; and while it rings nothing yet."""
    day = Day()
    day.queue()
    for agent in ("a1", "a2", "a3"):
        day.agent(agent)
    day.call("c1")
    day.wait(15)
    day.tell(stimuli.Reject("a2", "o2"))
    contact = day.engine.floor.contacts["c1"]
    outcomes = [(d.agent_id, d.outcome) for d in words.explanation(contact).decisions]
    assert outcomes == [("a1", "ring_timeout"), ("a2", "rejected"), ("a3", "")]
    day.wait(2)
    day.pick_up("o3")
    *_, last = words.explanation(contact).decisions
    assert (last.outcome, last.outcome_at.ToMilliseconds()) == ("answered", day.now)


def test_agent_rejects_and_rests_before_the_next_ring() -> None:
    """Rejecting does not bring the same caller back the same instant when nobody else is there."""
    day = Day(Policy(rest_ms=3000))
    day.queue()
    day.agent("a1")
    day.call("c1")
    out = day.tell(stimuli.Reject("a1", "o1"))
    assert one(out, commands.Kill).cause == "CALL_REJECTED"
    assert one(out, commands.ContactOfferFailed).failure is OfferFailure.REJECTED
    assert rung(day.tell(stimuli.LegGone("o1", "CALL_REJECTED"))) == []
    assert rung(day.wait(2.9)) == []
    assert rung(day.wait(0.1)) == ["a1"]


def test_rejecting_an_offer_that_is_over_is_said_so() -> None:
    """A click that comes after the ring timed out must not reject the next caller."""
    day = Day()
    day.queue()
    day.agent("a1")
    day.call("c1")
    day.hang_up("c1")
    with pytest.raises(Conflict):
        day.tell(stimuli.Reject("a1", "o1"))


def test_caller_hangs_up_while_phone_rings() -> None:
    """The phone stops, nobody is blamed, and the agent takes the next caller once the phone is free."""
    day = Day()
    day.queue()
    day.agent("a1")
    day.call("c1")
    day.wait(5)
    out = day.hang_up("c1")
    assert one(out, commands.Kill).uuid == "o1"
    assert one(out, commands.ContactOfferFailed).failure is OfferFailure.CALLER_GONE
    assert one(out, commands.ContactLeftQueue).reason is LeftQueue.CALLER_HUNG_UP
    assert outcome(out) is Outcome.ABANDONED
    assert day.routing("a1") == "IDLE"
    assert rung(day.call("c2")) == [], "the phone still has the old call on it"
    assert rung(day.tell(stimuli.LegGone("o1", "ORIGINATOR_CANCEL"))) == ["a1"]


def test_agent_answers_the_moment_the_caller_hangs_up() -> None:
    """The answer crosses our cancel: the leg is ended again, not bridged to nobody."""
    day = Day()
    day.queue()
    day.agent("a1")
    day.call("c1")
    day.hang_up("c1")
    out = day.tell(stimuli.LegAnswered("o1"))
    assert one(out, commands.Kill).uuid == "o1"
    assert not told(out, commands.Bridge)


def test_caller_hangs_up_between_answer_and_bridge() -> None:
    """The caller left an instant before they would have been connected: abandoned, and told once."""
    day = Day()
    day.queue()
    day.agent("a1")
    day.call("c1")
    day.tell(stimuli.LegAnswered("o1"))
    out = day.hang_up("c1")
    assert outcome(out) is Outcome.ABANDONED
    assert told(day.tell(stimuli.BridgeFailed("o1", "No such channel")), commands.ContactOfferFailed) == []
    assert told(day.tell(stimuli.Bridged("o1")), commands.ContactAnswered) == []


def test_bridge_fails_and_caller_keeps_the_place() -> None:
    """The switch could not join the two: the agent's leg goes and the caller is served again, first."""
    day = Day(Policy(switch_pause_ms=1000))
    day.queue()
    day.agent("a1")
    day.call("c1")
    day.wait(1)
    day.call("c2")
    day.tell(stimuli.LegAnswered("o1"))
    out = day.tell(stimuli.BridgeFailed("o1", "No such channel"))
    assert one(out, commands.Kill).uuid == "o1"
    day.wait(1)
    out = day.tell(stimuli.LegGone("o1", "NORMAL_CLEARING"))
    assert one(out, commands.Ring).contact_id == "c1"


def test_switch_never_confirms_the_bridge() -> None:
    """Neither yes nor no from the switch: after a bound the agent is let go and the caller goes on."""
    day = Day(Policy(bridge_timeout_ms=5000))
    day.queue()
    day.agent("a1")
    day.call("c1")
    day.tell(stimuli.LegAnswered("o1"))
    out = day.wait(5)
    assert one(out, commands.ContactOfferFailed).failure is OfferFailure.SWITCH_ERROR
    assert day.state("c1") == "queued"


def test_switch_refuses_every_ring() -> None:
    """Trouble of the switch is no agent's fault, and is not asked for a hundred times a second."""
    day = Day(Policy(switch_pause_ms=1000))
    day.queue()
    day.agent("a1")
    day.call("c1")
    for number, pause_s in enumerate((1, 2, 4, 8, 16, 32, 32), start=1):
        day.tell(stimuli.RingFailed(f"o{number}", "SWITCH_CONGESTION"))
        assert rung(day.wait(pause_s - 0.1)) == []
        assert rung(day.wait(0.1)) == ["a1"]
    assert day.routing("a1") == "OFFERED"


def test_events_come_twice_and_late() -> None:
    """Each word of the switch doubled: one conversation, one end, nothing said twice."""
    day = Day()
    day.queue()
    day.agent("a1")
    day.call("c1")
    for stimulus in (
        stimuli.LegAnswered("o1"),
        stimuli.LegAnswered("o1"),
        stimuli.Bridged("o1"),
        stimuli.Bridged("o1"),
        stimuli.LegAnswered("o1"),
        stimuli.LegGone("o1", "NORMAL_CLEARING"),
        stimuli.LegGone("o1", "NORMAL_CLEARING"),
        stimuli.Bridged("o1"),
    ):
        day.tell(stimulus)
    day.hang_up("c1")
    day.hang_up("c1")
    assert len(told(day.log, commands.Bridge)) == 1
    assert len(told(day.log, commands.ContactAnswered)) == 1
    assert len(told(day.log, commands.ContactReleased)) == 1
    assert len(told(day.log, commands.ContactEnded)) == 1


def test_agents_leg_never_says_it_ended() -> None:
    """The switch lost the hang-up of a leg: the agent is not lost for the day, and it is counted."""
    day = Day(Policy(leg_gone_timeout_ms=3000))
    day.queue()
    day.agent("a1")
    day.call("c1")
    day.hang_up("c1")
    day.call("c2")
    out = day.wait(3)
    assert one(out, commands.Mended).what == "silent_leg"
    assert rung(out) == ["a1"]


@pytest.mark.parametrize(
    ("cause", "by_switch", "asked", "party"),
    [
        ("NORMAL_CLEARING", False, False, Party.AGENT),  # the phone hung up
        ("NORMAL_CLEARING", True, False, Party.CALLER),  # it was hung up, as the caller had gone
        ("NORMAL_CLEARING", True, True, Party.AGENT),  # we had it hung up, as the agent wished
        ("MEDIA_TIMEOUT", True, False, Party.SYSTEM),  # neither wanted it
    ],
)
def test_who_ended_the_talk_when_the_agents_leg_is_the_first_to_go(
    cause: str, by_switch: bool, asked: bool, party: Party
) -> None:
    """FreeSWITCH tells the end of the agent's leg first, also when it was the caller who hung up."""
    day = Day()
    day.queue()
    day.agent("a1")
    offer = day.talk("c1")
    if asked:
        day.tell(stimuli.HangUp("a1", "c1"))
    out = day.tell(stimuli.LegGone(offer, cause, by_switch))
    assert one(out, commands.ContactReleased).ended_by is party
    assert outcome(day.hang_up("c1")) is Outcome.ANSWERED


@pytest.mark.parametrize(
    ("cause", "lost", "party"),
    [
        ("NORMAL_CLEARING", False, Party.CALLER),  # the caller hung up
        ("NORMAL_CLEARING", True, Party.AGENT),  # they were hung up, as the agent had gone
        ("MEDIA_TIMEOUT", True, Party.SYSTEM),  # neither wanted it
    ],
)
def test_who_ended_the_talk_when_the_callers_leg_is_the_first_to_go(
    cause: str, lost: bool, party: Party
) -> None:
    """A busy FreeSWITCH may tell of the end of the caller's leg first, when it was the agent who hung up."""
    day = Day()
    day.queue()
    day.agent("a1")
    offer = day.talk("c1")
    out = day.tell(stimuli.CallerGone(arrival("c1"), cause, lost=lost))
    assert one(out, commands.ContactReleased).ended_by is party
    assert not told(day.tell(stimuli.LegGone(offer, "NORMAL_CLEARING")), commands.ContactReleased)


def test_caller_gone_while_the_bridge_is_made_is_no_miss_of_the_agents() -> None:
    day = Day()
    day.queue()
    day.agent("a1")
    offer = one(day.call("c1"), commands.Ring).offer_id
    day.tell(stimuli.LegAnswered(offer))
    failed = one(
        day.tell(stimuli.LegGone(offer, "NORMAL_CLEARING", by_switch=True)), commands.ContactOfferFailed
    )
    assert failed.failure is OfferFailure.SWITCH_ERROR
    assert outcome(day.hang_up("c1")) is Outcome.ABANDONED
    assert day.engine.floor.agents["a1"].misses == 0


def test_caller_hangs_up_in_conversation_and_phone_needs_a_moment() -> None:
    """Without wrap-up the agent is free at once, but is rung only when the old leg is off the phone."""
    day = Day()
    day.queue()
    day.agent("a1")
    day.talk("c1")
    day.call("c2")
    day.wait(30)
    out = day.hang_up("c1")
    assert one(out, commands.ContactReleased).ended_by is Party.CALLER
    assert outcome(out) is Outcome.ANSWERED
    assert rung(out) == []
    assert rung(day.tell(stimuli.LegGone("o1", "NORMAL_CLEARING"))) == ["a1"]


def test_keys_go_to_the_caller_while_both_talk() -> None:
    day = Day()
    day.queue()
    day.agent("a1")
    with pytest.raises(Conflict):
        day.tell(stimuli.PressKeys("a1", "c1", "1"))
    offer = day.talk("c1")
    sent = one(day.tell(stimuli.PressKeys("a1", "c1", "12#")), commands.SendKeys)
    assert (sent.call_id, sent.keys) == (day.engine.floor.contacts["c1"].call_id, "12#")
    assert "12#" not in repr(sent), "they may be a PIN"
    day.tell(stimuli.Held(offer))
    with pytest.raises(Conflict, match="on hold"):
        day.tell(stimuli.PressKeys("a1", "c1", "1"))


def test_hold_counts_as_hold() -> None:
    """Held twice, once still held at the end: talk and hold add up to the conversation."""
    day = Day()
    day.queue()
    day.agent("a1")
    offer = day.talk("c1")
    day.wait(10)
    assert one(day.tell(stimuli.Hold("a1", "c1")), commands.HoldLeg).on
    day.tell(stimuli.Held(offer))
    assert not day.tell(stimuli.Hold("a1", "c1")), "held already"
    day.wait(5)
    day.tell(stimuli.Retrieved(offer))
    day.wait(10)
    day.tell(stimuli.Held(offer))
    day.wait(2)
    released = one(day.tell(stimuli.LegGone(offer, "")), commands.ContactReleased)
    assert (released.talk_ms, released.hold_ms) == (20_000, 7_000)


def test_agent_hangs_up_by_button() -> None:
    """The button asks the switch; the leg's end ends the conversation, once."""
    day = Day()
    day.queue()
    day.agent("a1")
    offer = day.talk("c1")
    assert one(day.tell(stimuli.HangUp("a1", "c1")), commands.Kill).uuid == offer
    assert day.state("c1") == "connected"
    assert one(day.tell(stimuli.LegGone(offer, "NORMAL_CLEARING")), commands.ContactReleased)


def test_screen_answer_reaches_only_the_own_ringing_phone() -> None:
    """Answering by click picks up one's own ringing phone and nothing else."""
    day = Day()
    day.queue()
    day.agent("a1")
    day.call("c1")
    assert one(day.tell(stimuli.Answer("a1", "o1")), commands.PickUp).offer_id == "o1"
    with pytest.raises(Conflict):
        day.tell(stimuli.Answer("a1", "o7"))


def test_presence_changed_in_conversation_takes_effect_afterwards() -> None:
    """ "Break after this call": nobody is cut off, and no further call comes."""
    day = Day()
    day.queue(wrap_up_ms=5000)
    day.agent("a1")
    offer = day.talk("c1")
    day.tell(stimuli.SetPresence("a1", Presence.OTHER_WORK, "lunch"))
    assert day.routing("a1") == "CONNECTED"
    day.tell(stimuli.LegGone(offer, ""))
    day.call("c2")
    assert rung(day.wait(60)) == []
    assert day.routing("a1") == "IDLE"
    assert rung(day.ready("a1")) == ["a1"]


def test_reason_says_why_this_agent() -> None:
    """Longest idle of three: the offer says how long, and how many others there were."""
    day = Day()
    day.queue()
    for number in (1, 2, 3):
        day.agent(f"a{number}")
        day.wait(10)
    why = one(day.call("c1"), commands.ContactOffered).decision
    assert (why.idle_ms, why.others, why.waiting) == (30_000, 2, 0)
    assert (why.seeker, why.rule, why.runner_up) == ("contact", "longest_idle", "a2")


def test_caller_withdraws_while_phone_rings() -> None:
    """The caller takes voicemail instead: the phone stops; once somebody picked up it is too late."""
    day = Day()
    day.queue()
    day.agent("a1")
    day.call("c1")
    out = day.tell(stimuli.Withdraw("c1", "voicemail"))
    assert one(out, commands.ContactLeftQueue).reason is LeftQueue.WITHDRAWN
    assert one(out, commands.Kill)
    out = day.tell(stimuli.Close(arrival("c1"), Outcome.VOICEMAIL))
    assert outcome(out) is Outcome.VOICEMAIL
    day.tell(stimuli.LegGone("o1", ""))
    day.call("c2")
    day.tell(stimuli.LegAnswered("o2"))
    with pytest.raises(Conflict):
        day.tell(stimuli.Withdraw("c2"))
