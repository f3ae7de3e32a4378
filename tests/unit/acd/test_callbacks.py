"""People who are called back: the place they keep, who is rung first, and when nobody calls any more."""

from __future__ import annotations

from typing import Any

import pytest

from services.acd.domain import CallbackMode, Channel, LeftQueue, OfferFailure, Outcome, Strategy
from services.acd.engine import callbacks, commands, stimuli, views
from services.acd.engine.floor import Policy
from services.chassis.errors import Conflict, Full, Invalid, NotFound
from tests.unit.acd.transcript import (
    NODE,
    START,
    Day,
    arrival,
    morning,
    offered,
    one,
    outcome,
    rung,
    told,
    weekdays,
)

NUMBER = "+8613800000001"
HOUR_MS = 3_600_000


def asks(
    day: Day, contact_id: str, callback_id: str, number: str = NUMBER, **more: Any
) -> list[commands.Command]:
    """A caller presses the key, and hangs up."""
    return day.tell(stimuli.RequestCallback(callback_id, number, "sales", arrival(contact_id), **more))


def books(day: Day, callback_id: str, number: str = NUMBER, **more: Any) -> list[commands.Command]:
    """Somebody books an appointment."""
    return day.tell(stimuli.RequestCallback(callback_id, number, "sales", by="lead", **more))


def answers(day: Day, dial: commands.Dial) -> list[commands.Command]:
    return day.tell(stimuli.CustomerAnswered(dial.contact_id, dial.call_id, dial.node))


def fails(day: Day, dial: commands.Dial, cause: str = "NO_ANSWER") -> list[commands.Command]:
    return day.tell(stimuli.DialFailed(dial.contact_id, dial.call_id, cause))


def picks_up(day: Day, out: list[commands.Command]) -> commands.Dial:
    """The agent who is rung answers, and the customer is dialled."""
    return one(day.tell(stimuli.LegAnswered(one(out, commands.Ring).offer_id)), commands.Dial)


def customer_first(day: Day, **more: Any) -> None:
    day.queue(callback_mode=CallbackMode.CUSTOMER_FIRST, **more)


# ---------------------------------------------------------------- asking for it


def test_a_caller_hangs_up_and_keeps_the_place() -> None:
    """Two wait, the first prefers to be called back: when an agent comes the first is served first."""
    day = Day()
    day.queue()
    day.agent("a1", ready=False)
    day.call("c1")
    day.wait(60)
    day.call("c2")
    out = asks(day, "c1", "b1")
    assert one(out, commands.ContactLeftQueue).reason is LeftQueue.CALLBACK
    assert one(out, commands.ContactQueued).enqueued_at == START
    requested = one(out, commands.CallbackRequested)
    assert (requested.callback_of, requested.number, requested.attempts) == ("c1", NUMBER, 3)
    assert outcome(day.hang_up("c1") + day.wait(5)) is Outcome.CALLBACK
    offer = one(day.ready("a1"), commands.ContactOffered)
    assert (offer.contact_id, offer.waited_ms) == ("b1", 65_000)


def test_a_callback_request_is_not_an_abandon() -> None:
    """Statistics: who will be called back has not given up, and is no caller twice."""
    day = Day()
    day.queue()
    day.agent("a1", ready=False)
    day.call("c1")
    asks(day, "c1", "b1")
    day.hang_up("c1")
    queue = day.engine.floor.queues["sales"]
    assert (queue.entered, queue.abandoned, queue.waiting, queue.callbacks) == (1, 0, 1, 1)


def test_what_the_caller_needed_is_what_the_callback_needs() -> None:
    """Skills, priority, excluded agents and the menu's choice go with the place."""
    day = Day()
    day.queue()
    day.agent("a1", skills=(("english", 8),))
    day.agent("a2", skills=(("english", 8),))
    day.agent("a3")
    for agent in ("a1", "a2"):
        day.away(agent)
    needs = (("english", 5),)
    day.call("c1", skills=needs, priority=2, excluded=("a1",), data={"menu": "2"})
    out = asks(day, "c1", "b1")
    assert one(out, commands.CallbackRequested).data == {"menu": "2"}
    assert offered(day.ready("a1")) == []
    assert offered(day.ready("a2")) == ["a2"]


def test_asked_twice_it_is_one_callback() -> None:
    """The IVR repeats itself, the caller rings again and asks again: one call is made, at the first place."""
    day = Day()
    day.queue()
    day.agent("a1", ready=False)
    day.call("c1")
    asks(day, "c1", "b1")
    assert asks(day, "c1", "b1") == []
    day.hang_up("c1")
    day.wait(30)
    day.call("c2")
    request = stimuli.RequestCallback("b2", NUMBER, "sales", arrival("c2"))
    assert told(day.tell(request), commands.CallbackRequested) == []
    assert callbacks.find(day.engine.floor, request).id == "b1"
    assert outcome(day.hang_up("c2") + day.wait(5)) is Outcome.CALLBACK
    with pytest.raises(Conflict, match="already"):
        books(day, "b3")


def test_a_caller_an_agent_has_answered_is_not_called_back() -> None:
    day = Day()
    day.queue()
    day.agent("a1")
    day.talk("c1")
    with pytest.raises(Conflict, match="already answered"):
        asks(day, "c1", "b1")
    assert "b1" not in day.engine.floor.contacts


def test_the_agent_who_was_rung_is_let_go() -> None:
    """The caller presses the key while a phone rings: that offer is over, and the agent gets the callback."""
    day = Day()
    day.queue()
    day.agent("a1")
    day.call("c1")
    out = asks(day, "c1", "b1")
    assert one(out, commands.ContactOfferFailed).failure is OfferFailure.CALLER_GONE
    out = day.tell(stimuli.LegGone("o1", "ORIGINATOR_CANCEL"))
    assert one(out, commands.ContactOffered).contact_id == "b1"


# ---------------------------------------------------------------- agent first


def test_agent_first_the_agent_hears_it_ring_and_then_the_customer() -> None:
    """The whole life of a callback, each fact once, and no miss, abandon or service level touched by it."""
    day = Day()
    day.queue()
    day.agent("a1")
    out = books(day, "b1", note="about the invoice")
    offer = one(out, commands.ContactOffered)
    assert offer.callback == commands.CallbackOffer(
        NUMBER, CallbackMode.AGENT_FIRST, 1, 3, "lead", "about the invoice", ""
    )
    assert (offer.channel.name, offer.node) == ("CALLBACK", NODE)
    out = day.tell(stimuli.LegAnswered(offer.offer_id))
    dial = one(out, commands.Dial)
    assert (dial.number, dial.leg, dial.node) == (NUMBER, "o1", NODE)
    assert one(out, commands.Comfort).uuid == "o1"
    assert one(out, commands.CallbackDialled).attempt == 1
    bridge = one(answers(day, dial), commands.Bridge)
    assert (bridge.call_id, bridge.offer_id) == (dial.call_id, "o1")
    assert one(day.tell(stimuli.Bridged("o1")), commands.ContactAnswered).contact_id == "b1"
    day.wait(20)
    gone = stimuli.CallerGone(stimuli.Arrival("b1", node=NODE, call_id=dial.call_id), "NORMAL_CLEARING")
    ended = one(day.tell(gone), commands.ContactEnded)
    assert (ended.outcome, ended.channel.name, ended.talk_ms) == (Outcome.ANSWERED, "CALLBACK", 20_000)
    queue = day.engine.floor.queues["sales"]
    assert (queue.entered, queue.answered, queue.called_back, queue.callbacks) == (0, 0, 1, 0)


def test_agent_who_does_not_pick_up_costs_the_customer_nothing() -> None:
    """Nobody was dialled: no attempt, and the next agent is rung for it at once."""
    day = Day()
    day.queue()
    day.agent("a1")
    day.wait(1)
    day.agent("a2")
    out = books(day, "b1")
    out = day.miss(one(out, commands.Ring).offer_id)
    assert rung(out) == ["a2"]
    assert picks_up(day, out).number == NUMBER
    assert day.engine.floor.callbacks["b1"].callback.attempts == 1  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("cause", "result"), [("USER_BUSY", "busy"), ("NO_ANSWER", "no_answer"), ("UNALLOCATED_NUMBER", "failed")]
)
def test_customer_not_reached_is_called_again_after_the_pause(cause: str, result: str) -> None:
    """The agent is free at once and no miss is counted; a quarter of an hour later it is tried again."""
    day = Day()
    day.queue(callback_retry_ms=900_000)
    day.agent("a1")
    dial = picks_up(day, books(day, "b1"))
    day.wait(8)
    out = fails(day, dial, cause)
    failed = one(out, commands.CallbackFailed)
    assert (failed.attempt, failed.result, failed.next_at) == (1, result, day.now + 900_000)
    assert one(out, commands.ContactOfferFailed).failure is OfferFailure.CUSTOMER_UNREACHED
    assert one(out, commands.Kill).uuid == "o1"
    day.tell(stimuli.LegGone("o1", "NORMAL_CLEARING"))
    assert day.routing("a1") == "IDLE"
    assert day.engine.floor.agents["a1"].misses == 0
    assert rung(day.wait(899)) == []
    assert one(day.wait(1), commands.ContactOffered).callback.attempt == 2  # type: ignore[union-attr]


def test_attempts_are_counted_and_end() -> None:
    """After the last one in vain the contact ends, unreached, and the number is free to be booked again."""
    day = Day()
    day.queue(callback_retry_ms=60_000)
    day.agent("a1")
    out = books(day, "b1", attempts=2)
    for attempt in (1, 2):
        dial = picks_up(day, out)
        out = fails(day, dial)
        assert one(out, commands.CallbackFailed).attempt == attempt
        day.tell(stimuli.LegGone(dial.leg, "NORMAL_CLEARING"))
        out = out if attempt == 2 else day.wait(60)
    assert outcome(out) is Outcome.UNREACHED
    assert told(day.wait(3600), commands.Ring) == []
    assert one(books(day, "b2"), commands.CallbackRequested)


def test_agent_hangs_up_while_the_customer_is_called() -> None:
    """The customer's phone may have rung: it was an attempt, and is not rung again at once by another."""
    day = Day()
    day.queue()
    day.agent("a1")
    day.agent("a2")
    dial = picks_up(day, books(day, "b1"))
    out = day.tell(stimuli.LegGone(dial.leg, "NORMAL_CLEARING"))
    assert one(out, commands.Kill).uuid == dial.call_id
    assert one(out, commands.CallbackFailed).result == "agent_gone"
    assert rung(out) == []
    late = answers(day, dial)
    assert one(late, commands.Kill).uuid == dial.call_id, "who picks up in that moment is hung up"


def test_both_words_of_a_failed_leg_count_once() -> None:
    """The switch says it twice: the leg's own end, and the answer to the command."""
    day = Day()
    day.queue()
    day.agent("a1")
    dial = picks_up(day, books(day, "b1"))
    gone = stimuli.CallerGone(stimuli.Arrival("b1", node=NODE, call_id=dial.call_id), "USER_BUSY")
    assert one(day.tell(gone), commands.CallbackFailed).result == "busy"
    assert fails(day, dial, "USER_BUSY") == []


def test_a_switch_that_never_says_what_came_of_it() -> None:
    """No result at all: the attempt is given up after the ringing time and some seconds."""
    day = Day(Policy(dial_slack_ms=5_000))
    day.queue(callback_ring_ms=30_000)
    day.agent("a1")
    dial = picks_up(day, books(day, "b1"))
    out = day.wait(35)
    assert one(out, commands.CallbackFailed).result == "no_answer"
    assert {kill.uuid for kill in told(out, commands.Kill)} == {dial.call_id, dial.leg}


def test_several_are_rung_and_one_calls_the_customer() -> None:
    day = Day()
    day.queue(strategy=Strategy.RING_SEVERAL, ring_agents=2)
    day.agent("a1")
    day.agent("a2")
    day.agent("a3")
    out = books(day, "b1")
    first, second = told(out, commands.Ring)
    out = day.tell(stimuli.LegAnswered(second.offer_id))
    assert one(out, commands.Dial).leg == second.offer_id
    assert one(out, commands.Kill).uuid == first.offer_id
    assert rung(out) == []


# ---------------------------------------------------------------- customer first


def test_customer_first_the_agent_is_kept_free_and_rung_when_they_answer() -> None:
    day = Day()
    customer_first(day)
    day.agent("a1")
    out = books(day, "b1")
    dial = one(out, commands.Dial)
    assert (dial.leg, rung(out), day.routing("a1")) == ("", [], "OFFERED")
    assert offered(day.call("c1")) == [], "the agent is promised"
    out = answers(day, dial)
    ring = one(out, commands.Ring)
    assert (ring.agent_id, ring.call_id) == ("a1", dial.call_id)
    assert one(out, commands.Comfort).uuid == dial.call_id
    assert one(day.tell(stimuli.LegAnswered(ring.offer_id)), commands.Bridge).call_id == dial.call_id
    day.tell(stimuli.Bridged(ring.offer_id))
    assert day.state("b1") == "connected"


def test_customer_first_nobody_answers_and_the_agent_serves_the_next() -> None:
    """No phone rang at the agent's, so there is none to wait for: the next caller is offered at once."""
    day = Day()
    customer_first(day)
    day.agent("a1")
    dial = one(books(day, "b1"), commands.Dial)
    day.call("c1")
    out = fails(day, dial)
    assert rung(out) == ["a1"]
    assert told(out, commands.Kill) == []


def test_customer_first_the_agent_does_not_take_it_and_the_customer_waits_at_the_front() -> None:
    day = Day()
    customer_first(day)
    day.agent("a1")
    day.wait(1)
    day.agent("a2")
    day.call("c0")
    dial = one(books(day, "b1"), commands.Dial)
    day.call("c1")
    ring = one(answers(day, dial), commands.Ring)
    assert rung(day.miss(ring.offer_id)) == []
    day.tell(stimuli.LegGone("o1", "USER_BUSY"))
    day.wait(3)
    offers = [c.contact_id for c in told(day.log, commands.ContactOffered)]
    assert offers.index("b1", offers.index("b1") + 1) < len(offers)
    assert day.engine.floor.callbacks["b1"].callback.attempts == 1  # type: ignore[union-attr]


def test_customer_first_who_hangs_up_before_the_agent_came_is_called_again() -> None:
    """An attempt in vain like another; if it was the last, it is their abandon."""
    day = Day()
    customer_first(day, callback_retry_ms=60_000)
    day.agent("a1")
    dial = one(books(day, "b1", attempts=2), commands.Dial)
    ring = one(answers(day, dial), commands.Ring)
    gone = stimuli.CallerGone(stimuli.Arrival("b1", node=NODE, call_id=dial.call_id), "NORMAL_CLEARING")
    out = day.tell(gone)
    assert one(out, commands.CallbackFailed).result == "hung_up"
    assert one(out, commands.Kill).uuid == ring.offer_id
    day.tell(stimuli.LegGone(ring.offer_id, "ORIGINATOR_CANCEL"))
    dial = one(day.wait(60), commands.Dial)
    answers(day, dial)
    gone = stimuli.CallerGone(stimuli.Arrival("b1", node=NODE, call_id=dial.call_id), "NORMAL_CLEARING")
    assert outcome(day.tell(gone)) is Outcome.ABANDONED


def test_customer_first_an_agent_cannot_reject_while_the_customer_is_called() -> None:
    day = Day()
    customer_first(day)
    day.agent("a1")
    offer = one(books(day, "b1"), commands.ContactOffered)
    with pytest.raises(Conflict, match="being called"):
        day.tell(stimuli.Reject("a1", offer.offer_id))
    with pytest.raises(Conflict, match="being called"):
        day.tell(stimuli.HangUp("a1", "b1"))
    with pytest.raises(Conflict, match="being called"):
        day.tell(stimuli.Answer("a1", offer.offer_id))


def test_customer_on_the_line_does_not_wait_longer_than_a_caller_would() -> None:
    day = Day()
    customer_first(day, max_wait_ms=45_000)
    day.agent("a1")
    dial = one(books(day, "b1"), commands.Dial)
    ring = one(answers(day, dial), commands.Ring)
    day.miss(ring.offer_id)
    day.away("a1")
    out = day.wait(45)
    assert one(out, commands.Kill).uuid == dial.call_id
    assert one(out, commands.CallbackFailed).result == "nobody_free"


@pytest.mark.parametrize(("longest_s", "more_s"), [(45, 25), (10, 0), (0, None)])
def test_queue_changes_while_a_customer_is_on_the_line(longest_s: int, more_s: int | None) -> None:
    """The new longest wait counts from when they picked up; their window's end is theirs no more."""
    day = Day()
    customer_first(day, max_wait_ms=60_000)
    day.agent("a1")
    dial = one(books(day, "b1"), commands.Dial)
    ring = one(answers(day, dial), commands.Ring)
    day.miss(ring.offer_id)
    day.away("a1")
    missed_ms = day.now - START
    day.wait(20 - missed_ms / 1000)
    customer_first(day, max_wait_ms=longest_s * 1000)
    if more_s is None:
        assert told(day.wait(3 * 3600), commands.CallbackFailed) == []
        return
    assert more_s == 0 or told(day.wait(more_s - 0.001), commands.CallbackFailed) == []
    assert one(day.wait(0.001), commands.CallbackFailed).result == "nobody_free"


def test_queue_changes_while_a_customer_is_to_be_called() -> None:
    """Their window bounds them, whatever the queue says of who waits on the line."""
    day = Day()
    day.queue()
    day.agent("a1", ready=False)
    books(day, "b1", not_after=START + HOUR_MS)
    day.queue(max_wait_ms=10_000)
    assert told(day.wait(3599), commands.ContactEnded) == []
    assert outcome(day.wait(1)) is Outcome.UNREACHED


# ---------------------------------------------------------------- windows


def test_an_appointment_is_called_at_its_time_and_not_before() -> None:
    day = Day()
    day.queue()
    day.agent("a1")
    at = START + HOUR_MS
    assert rung(books(day, "b1", not_before=at, not_after=at + HOUR_MS)) == []
    queue = day.engine.floor.queues["sales"]
    assert (queue.waiting, queue.callbacks) == (0, 1)
    assert rung(day.wait(3599.999)) == []
    assert rung(day.wait(0.001)) == ["a1"]


def test_nobody_is_called_after_the_window() -> None:
    day = Day()
    day.queue()
    day.agent("a1", ready=False)
    books(day, "b1", not_after=START + HOUR_MS)
    out = day.wait(3600)
    assert outcome(out) is Outcome.UNREACHED
    assert rung(day.ready("a1")) == []


def test_no_attempt_is_planned_after_the_window() -> None:
    """The next one would come too late: it is over now, not only when the window ends."""
    day = Day()
    day.queue(callback_retry_ms=900_000)
    day.agent("a1")
    dial = picks_up(day, books(day, "b1", not_after=START + 600_000))
    out = fails(day, dial)
    assert one(out, commands.CallbackFailed).next_at == 0
    assert outcome(out) is Outcome.UNREACHED


def test_window_ends_while_the_agents_phone_rings() -> None:
    day = Day()
    day.queue(ring_timeout_ms=60_000)
    day.agent("a1")
    ring = one(books(day, "b1", not_after=START + 10_000), commands.Ring)
    day.wait(11)
    out = day.tell(stimuli.LegAnswered(ring.offer_id)) + day.wait(1)
    assert told(out, commands.Dial) == []
    assert outcome(out) is Outcome.UNREACHED


def test_nobody_is_called_while_the_queue_is_closed() -> None:
    """Asked for in the evening, called when the queue opens in the morning, with the place of the evening."""
    day = Day()
    day.now = morning(17.5)
    day.queue(hours=weekdays("09:00", "18:00"), callback_window_ms=24 * HOUR_MS)
    day.agent("a1", ready=False)
    day.call("c1")
    asks(day, "c1", "b1")
    day.hang_up("c1")
    day.wait(3600)
    assert rung(day.ready("a1")) == []
    assert rung(day.wait(14.5 * 3600 - 1)) == []
    offer = one(day.wait(1), commands.ContactOffered)
    assert (offer.contact_id, offer.waited_ms) == ("b1", round(15.5 * HOUR_MS))


def test_a_window_in_which_nobody_could_be_called_is_refused() -> None:
    day = Day()
    day.now = morning(19)
    day.queue(hours=weekdays("09:00", "18:00"))
    with pytest.raises(Invalid, match="closed all that time"):
        books(day, "b1", not_after=morning(22))
    with pytest.raises(Invalid, match="no time to call"):
        books(day, "b1", not_before=morning(34), not_after=morning(33))
    assert day.engine.floor.callbacks == {}


# ---------------------------------------------------------------- bounds


def test_only_so_many_are_called_at_once() -> None:
    """Twenty appointments at nine o'clock and twenty agents: the trunk keeps room for those who call us. The
    first come first, and each that is over lets the next one through."""
    day = Day(Policy(dialled_max=2))
    customer_first(day)
    for number in range(5):
        day.agent(f"a{number}")
    dials = [each for n in range(4) for each in told(books(day, f"b{n}", f"+861380000000{n}"), commands.Dial)]
    assert [dial.contact_id for dial in dials] == ["b0", "b1"]
    assert rung(day.call("c1")), "a caller is not held back"
    out = fails(day, dials[0])
    assert one(out, commands.Dial).contact_id == "b2"
    out = answers(day, dials[1])
    assert one(out, commands.Dial).contact_id == "b3", "who is on the line is not being called"


def test_so_many_callbacks_are_taken_and_no_more() -> None:
    day = Day(Policy(callbacks_max=2))
    day.queue()
    books(day, "b1", "+8613800000001")
    books(day, "b2", "+8613800000002")
    with pytest.raises(Full):
        books(day, "b3", "+8613800000003")


def test_cancelled_before_it_is_called() -> None:
    day = Day()
    day.queue()
    day.agent("a1")
    ring = one(books(day, "b1"), commands.Ring)
    out = day.tell(stimuli.CancelCallback("b1", "lead"))
    assert one(out, commands.Kill).uuid == ring.offer_id
    assert outcome(out) is Outcome.CANCELLED
    assert day.tell(stimuli.CancelCallback("b1", "lead")) == []
    with pytest.raises(NotFound):
        day.tell(stimuli.CancelCallback("b9"))


def test_not_cancelled_while_they_are_called() -> None:
    day = Day()
    day.queue()
    day.agent("a1")
    picks_up(day, books(day, "b1"))
    with pytest.raises(Conflict, match="being called"):
        day.tell(stimuli.CancelCallback("b1"))


def test_nobody_staffed_sends_callers_elsewhere_but_keeps_callbacks() -> None:
    day = Day()
    day.queue(no_agents_after_ms=60_000)
    day.agent("a1")
    day.away("a1")
    day.call("c1")
    books(day, "b1", "+8613800000009")
    out = day.wait(61)
    assert [left.contact_id for left in told(out, commands.ContactLeftQueue)] == ["c1"]
    assert rung(day.ready("a1")) == ["a1"]


# ---------------------------------------------------------------- switches and restarts


def test_no_switch_to_call_from() -> None:
    """The link is gone: a callback waits, and the switch that comes back is called from."""
    day = Day()
    day.queue()
    day.agent("a1", ready=False)
    day.tell(stimuli.NodeDown(NODE))
    books(day, "b1")
    assert rung(day.ready("a1")) == []
    assert rung(day.tell(stimuli.NodeUp("fs2"))) == ["a1"]
    assert one(day.log, commands.Ring).node == "fs2"


def test_restored_after_a_restart_with_what_was_tried() -> None:
    """One attempt was under way when the ACD died. It counts, and the next comes when it would have come."""
    day = Day()
    day.queue(callback_retry_ms=600_000)
    day.agent("a1")
    day.wait(60)
    asked = stimuli.RequestCallback("b1", NUMBER, "sales", enqueued_at=START, attempts=2)
    out = day.tell(stimuli.RestoreCallback(asked, START, attempts_made=1, next_at=START + 600_000))
    assert not told(out, commands.ContactOpened)
    assert not told(out, commands.CallbackRequested)
    assert rung(day.wait(539)) == []
    out = day.wait(1)
    assert one(out, commands.ContactOffered).callback.attempt == 2  # type: ignore[union-attr]
    assert one(out, commands.ContactOffered).waited_ms == 600_000


def test_restored_with_all_attempts_made() -> None:
    day = Day()
    day.queue()
    day.agent("a1")
    asked = stimuli.RequestCallback("b1", NUMBER, "sales", attempts=1)
    day.tell(stimuli.RestoreCallback(asked, START, attempts_made=1, next_at=START + 600_000))
    out = day.wait(600)
    assert rung(out) == []
    assert outcome(out) is Outcome.UNREACHED


def test_a_conversation_goes_on_over_a_restart() -> None:
    day = Day()
    day.queue()
    day.agent("a1")
    asked = stimuli.RequestCallback("b1", NUMBER, "sales", attempts=1)
    day.tell(stimuli.RestoreCallback(asked, START, attempts_made=1, answered_at=START - 5_000))
    found = stimuli.Arrival("b1", node=NODE, call_id="leg")
    day.tell(stimuli.Adopt(found, "sales", "a1", "o9", START - 60_000, START - 5_000))
    assert day.routing("a1") == "CONNECTED"
    out = day.tell(stimuli.CallerGone(found, "NORMAL_CLEARING"))
    assert outcome(out) is Outcome.ANSWERED


def test_a_conversation_that_ended_meanwhile_is_not_called_again() -> None:
    day = Day(Policy(node_lost_ms=300_000))
    day.queue()
    day.agent("a1")
    asked = stimuli.RequestCallback("b1", NUMBER, "sales", attempts=3)
    day.tell(stimuli.RestoreCallback(asked, START, attempts_made=1, answered_at=START - 5_000))
    out = day.wait(300)
    assert rung(out) == []
    assert outcome(out) is Outcome.ANSWERED


def test_a_customer_found_waiting_after_a_restart_is_served_first() -> None:
    day = Day()
    customer_first(day)
    day.agent("a1", ready=False)
    day.call("c1")
    asked = stimuli.RequestCallback("b1", NUMBER, "sales")
    day.tell(stimuli.RestoreCallback(asked, START, attempts_made=1, next_at=START + 600_000))
    out = day.tell(stimuli.CustomerFound("b1", "leg", NODE))
    assert one(out, commands.Comfort).uuid == "leg"
    ring = one(day.ready("a1"), commands.Ring)
    assert (ring.contact_id, ring.call_id) == ("b1", "leg")
    out = day.tell(stimuli.CustomerFound("b9", "other", NODE))
    assert one(out, commands.Kill).uuid == "other", "one that nobody knows"


def test_the_end_of_a_leg_long_forgotten_makes_no_contact() -> None:
    day = Day()
    gone = stimuli.CallerGone(stimuli.Arrival("b9", Channel.CALLBACK, NODE, "leg"), "NORMAL_CLEARING")
    assert day.tell(gone) == []


def test_who_waits_at_home_is_no_longest_wait() -> None:
    day = Day()
    day.queue()
    day.agent("a1", ready=False)
    day.call("c1")
    asks(day, "c1", "b1")
    day.wait(600)
    day.call("c2")
    day.wait(5)
    [figures] = views.figures(day.engine.floor, day.now).queues
    assert (figures.longest_wait_ms, figures.waiting, figures.callbacks) == (5_000, 2, 1)
