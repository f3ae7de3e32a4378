"""A caller who would rather be called back: what is said, what is keyed, and what becomes of the place."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.ivr.engine import Caller
from services.ivr.engine import commands as do
from services.ivr.engine import events as on
from services.ivr.flows import Refused
from tests.unit.ivr.playbook import KNOWN, NOON, Playbook, read, variables

ASKED = ("callback_offer", "callback_number", *(f"n_{d}" for d in "8613800000001"), "callback_confirm")


def wishes(call: Playbook) -> list[do.RequestCallback]:
    return [each for each in call.said if isinstance(each, do.RequestCallback)]


def waits(
    call: Playbook | None = None, *, expected_ms: int | None = 600_000, possible: bool = True
) -> Playbook:
    """In the main line's sales queue, four before."""
    call = call or Playbook()
    call.tell(on.Started())
    call.heard()
    call.key("1")
    call.heard()
    call.tell(on.Placed(5, expected_ms, "sales", possible))
    return call


def asked(call: Playbook | None = None) -> Playbook:
    """Has pressed 2, and the ACD has let go."""
    call = waits(call)
    call.key("2")
    call.tell(on.Withdrawn())
    return call


def test_who_waits_long_is_offered_a_callback_and_keeps_the_place() -> None:
    """Offered after the place; confirmed at the caller's own number; promised when the ACD has taken it."""
    call = waits()
    call.fires("place", after_s=20)
    assert call.plays()[-1] == "press_2_for_callback"
    assert call.key("2") == [do.StartTimer("leaving", 3.0), do.Withdraw("callback")]
    since = (NOON + timedelta(seconds=5)).isoformat()
    said = call.tell(on.Withdrawn())
    assert variables(said)["sy_enqueued_at"] == since
    assert call.plays() == ASKED
    call.key("1")
    [wish] = wishes(call)
    assert (wish.queue, wish.number, wish.waited_since.isoformat()) == ("sales", "+8613800000001", since)  # type: ignore[union-attr]
    said = call.tell(on.CallbackTaken())
    assert call.plays() == ("callback_thanks",)
    assert (variables(said)["sy_enqueued_at"], variables(said)["sy_callback_taken"]) == ("", "1")
    assert do.HangUp("NORMAL_CLEARING") in call.heard()
    assert do.Close("callback", "NORMAL_CLEARING") in call.tell(on.HungUp())


@pytest.mark.parametrize(("expected_ms", "possible"), [(30_000, True), (600_000, False)])
def test_not_offered_for_a_short_wait_or_where_nobody_can_be_called(
    expected_ms: int, *, possible: bool
) -> None:
    call = waits(expected_ms=expected_ms, possible=possible)
    call.fires("place", after_s=20)
    assert "press_2_for_callback" not in call.plays()


def test_the_key_means_nothing_where_nobody_can_be_called() -> None:
    call = waits(possible=False)
    assert call.key("2") == []


def test_offered_where_nobody_knows_how_long_it_takes() -> None:
    call = waits(expected_ms=None)
    call.fires("place", after_s=20)
    assert call.plays()[-1] == "press_2_for_callback"


def test_a_press_of_star_goes_on_waiting_from_where_the_wait_began() -> None:
    call = asked()
    call.tell(after_s=40)
    said = call.key("*")
    [enqueued] = [each for each in said if isinstance(each, do.Enqueue)]
    assert enqueued.enqueued_at == NOON + timedelta(seconds=5)
    assert wishes(call) == []


def test_another_number_is_keyed_and_confirmed() -> None:
    call = asked()
    call.key("2")
    assert call.plays() == ("callback_key_number",)
    for key in "02188888888":
        call.key(key)
    call.key("#")
    assert call.plays() == ("callback_number", *(f"n_{d}" for d in "02188888888"), "callback_confirm")
    call.key("1")
    assert wishes(call)[0].number == "02188888888"


def test_a_number_ends_with_a_pause_as_well() -> None:
    call = asked()
    call.key("2")
    for key in "13900000002":
        call.key(key)
    call.fires("answer", after_s=8)
    assert call.plays()[0] == "callback_number"


def test_who_hides_the_number_is_asked_for_one() -> None:
    call = asked(Playbook(caller=Caller(number="anonymous")))
    assert call.plays() == ("callback_offer", "callback_key_number")


def test_a_number_that_may_not_be_called() -> None:
    """The ACD refuses it: another one is asked for, and nothing was promised."""
    call = asked()
    call.key("1")
    call.tell(on.CallbackRefused("number"))
    assert call.plays() == ("callback_bad_number", "callback_key_number")
    for key in "13900000002#":
        call.key(key)
    call.key("1")
    assert wishes(call)[-1].number == "13900000002"


def test_not_possible_after_all() -> None:
    call = asked()
    call.key("1")
    call.tell(on.CallbackRefused("refused"))
    assert call.plays() == ("callback_not_possible",)
    call.heard()
    assert call.at() == "sales", "waits on"


def test_an_acd_that_restarts_is_asked_again() -> None:
    call = asked()
    call.key("1")
    call.tell(on.CallbackRefused("unavailable"))
    call.fires("retry", after_s=1)
    assert len(wishes(call)) == 2
    call.tell(on.CallbackTaken())
    assert call.plays() == ("callback_thanks",)


def test_an_acd_that_stays_away() -> None:
    call = asked()
    call.key("1")
    call.fires("patience", after_s=30)
    assert call.plays() == ("callback_not_possible",)


def test_a_silent_caller_is_asked_three_times() -> None:
    call = asked()
    for _ in range(3):
        call.heard()
        call.fires("answer", after_s=5)
    assert call.at() == "sales"
    assert wishes(call) == []


def test_hangs_up_before_anything_was_confirmed() -> None:
    """Nothing was promised: it is an abandon like any other."""
    call = asked()
    assert do.Close("abandoned", "NORMAL_CLEARING") in call.tell(on.HungUp())


def test_after_a_change_of_process_the_caller_waits_on_at_the_old_place() -> None:
    since = NOON - timedelta(seconds=90)
    call = Playbook()
    [enqueued] = [
        each
        for each in call.tell(on.Started(on.Position("call_sales", since)))
        if isinstance(each, do.Enqueue)
    ]
    assert (call.at(), enqueued.enqueued_at) == ("sales", since)


def test_an_agent_answered_in_that_very_moment() -> None:
    """The key came too late: no callback, a conversation."""
    call = waits()
    call.key("2")
    call.tell(on.Withdrawn(late=True))
    call.tell(on.Bridged())
    assert call.run.released
    assert wishes(call) == []


def test_a_full_queue_sends_callers_to_be_called_back() -> None:
    """The queue's settings say callback: those who do not want it leave a message."""
    call = Playbook(caller=KNOWN)
    call.tell(on.Started())
    call.heard()
    call.key("1")
    call.tell(on.Refused("full", on.Overflow("callback")))
    assert call.plays()[:2] == ("all_busy", "callback_offer")
    call.key("*")
    assert call.at() == "message"


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("{type: callback, next: end}", "'otherwise'"),
        ("{type: callback, next: end, otherwise: nowhere}", "no such node"),
        ("{type: callback, next: end, otherwise: end, attempts: 9}", "attempts"),
        ("{type: callback, next: end, otherwise: q, queue: BAD QUEUE}", "queue"),
        ("{type: callback, next: end, otherwise: call}", "for ever"),
    ],
)
def test_bad_nodes_are_refused_with_one_sentence(lines: str, problem: str) -> None:
    with pytest.raises(Refused) as refused:
        read(f"flow: f\nversion: 1\nstart: call\nnodes:\n  call: {lines}\n  end: {{type: hang_up}}\n")
    assert any(problem in str(each) for each in refused.value.problems), refused.value.problems


def test_a_key_that_leads_to_two_nodes_is_refused() -> None:
    waiting = 'while_waiting: {keys: {"1": end}, callback: {key: "1", next: call}}'
    ways = "on: {max_wait: end, full: end, unavailable: end}"
    nodes = f"""
  q: {{type: queue, queue: q, next: end, {waiting}, {ways}}}
  call: {{type: callback, next: end, otherwise: end}}
  end: {{type: hang_up}}
"""
    with pytest.raises(Refused) as refused:
        read(f"flow: f\nversion: 1\nstart: q\nnodes:{nodes}")
    assert any("two nodes" in str(each) for each in refused.value.problems)
