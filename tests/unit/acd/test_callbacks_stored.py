"""A stand-by without PostgreSQL: its copy, and what the stream says since, give the same callbacks."""

from __future__ import annotations

from typing import Any

from services.acd import bus
from services.acd.domain import Channel, Outcome
from services.acd.engine import commands, stimuli
from services.acd.store import Stored, bring_up_to_date
from services.chassis.envelope import seal, unseal
from services.chassis.ids import new_id
from tests.unit.acd.transcript import START, Day, arrival, one, outcome


class Kept:
    """A bus that keeps envelopes as a reader of the stream gets them."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def offer(self, message: Any, slug: str, *, id: str = "") -> None:  # noqa: A002
        self.events.append(unseal(seal(message, slug, service="acd", id=id or new_id()).payload))


def stored(day: Day) -> list[stimuli.RestoreCallback]:
    """What is known of all that the engine announced."""
    kept = Kept()
    announcer = bus.Announcer(kept)  # type: ignore[arg-type]
    for fact in day.log:
        if not isinstance(fact, commands.Order | commands.Expel | commands.Mended):
            announcer.announce("demo", fact)
    found = {"demo": Stored()}
    bring_up_to_date(found, kept.events)
    return found["demo"].callbacks


def a_day() -> tuple[Day, commands.Dial]:
    day = Day()
    day.queue(callback_retry_ms=600_000)
    day.agent("a1", skills=(("english", 8),))
    day.away("a1")
    day.call("c1", skills=(("english", 5),), priority=2, data={"menu": "2"})
    day.tell(stimuli.RequestCallback("b1", "+8613800000001", "sales", arrival("c1"), note="soon"))
    ring = one(day.ready("a1"), commands.Ring)
    return day, one(day.tell(stimuli.LegAnswered(ring.offer_id)), commands.Dial)


def test_what_was_asked_for_comes_back_whole() -> None:
    day, _ = a_day()
    [found] = stored(day)
    asked = found.request
    assert (asked.contact_id, asked.number, asked.queue, asked.enqueued_at) == (
        "b1",
        "+8613800000001",
        "sales",
        START,
    )
    assert (asked.priority, asked.skills, asked.data, asked.note) == (
        2,
        (("english", 5),),
        {"menu": "2"},
        "soon",
    )
    assert asked.caller == stimuli.Arrival("c1")


def test_a_caller_whose_end_nobody_saw_was_to_be_called_back_all_the_same() -> None:
    """The ACD dies between the request and the caller's hanging up; afterwards the switch has lost them."""
    day, _ = a_day()
    again = Day()
    again.queue()
    again.tell(stimuli.Recover(arrival("c1"), "sales"))
    again.tell(stored(day)[0])
    out = again.tell(stimuli.CallerGone(arrival("c1"), "SWITCH_LOST", lost=True))
    out += again.wait(60)
    assert outcome(out) is Outcome.CALLBACK


def test_an_attempt_under_way_counts() -> None:
    """Nothing was heard of it any more: the next comes when it would have come."""
    day, _ = a_day()
    [found] = stored(day)
    assert (found.attempts_made, found.next_at, found.answered_at) == (1, START + 600_000, 0)


def test_an_attempt_in_vain_and_a_conversation() -> None:
    day, dial = a_day()
    day.wait(5)
    day.tell(stimuli.DialFailed("b1", dial.call_id, "USER_BUSY"))
    assert stored(day)[0].next_at == START + 605_000
    day, dial = a_day()
    day.tell(stimuli.CustomerAnswered("b1", dial.call_id, dial.node))
    day.tell(stimuli.Bridged(dial.leg))
    assert stored(day)[0].answered_at == START


def test_what_has_ended_does_not_come_back() -> None:
    day, dial = a_day()
    day.tell(stimuli.CustomerAnswered("b1", dial.call_id, dial.node))
    day.tell(stimuli.Bridged(dial.leg))
    gone = stimuli.Arrival("b1", Channel.CALLBACK, dial.node, dial.call_id)
    assert one(day.tell(stimuli.CallerGone(gone)), commands.ContactEnded).outcome is Outcome.ANSWERED
    assert stored(day) == []
