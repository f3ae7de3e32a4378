"""What callers are told about how long it will take, and when they had better be told nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ivr.engine import Caller
from services.ivr.engine import commands as do
from services.ivr.engine import events as on
from services.ivr.engine.foretold import MINUTES_MOST, Foretold, wait_said
from tests.unit.ivr.playbook import NOON, Playbook, read

FORETELLS = """
flow: foretells
version: 1
nodes:
  sales:
    type: queue
    queue: sales
    while_waiting: {position_every_s: 20, expected_wait: yes, keys: {"1": long}}
    max_wait_s: 7200
    next: end
    on: {max_wait: end, full: long, unavailable: long}
  long:
    type: condition
    cases:
      - if: {fact: queue.expected_wait_s, at_least: 300}
        next: message
      - if: {fact: queue.expected_wait_s, equals: 0}
        next: soon
    otherwise: again
  again:
    type: queue
    queue: support
    next: end
    on: {max_wait: end, full: closer, unavailable: end}
  closer:
    type: condition
    cases: [{if: {fact: queue.expected_wait_s, at_least: 0}, next: message}]
    otherwise: end
  soon: {type: play, prompts: [soon], next: end}
  message: {type: voicemail, prompts: [leave_message], next: end}
  end: {type: hang_up}
"""
UNDER = ("wait_under_a_minute",)
OVER = ("wait_over_thirty",)


def waiting(source: str = FORETELLS, language: str = "zh") -> Playbook:
    call = Playbook(flow=read(source), caller=Caller(language=language))
    call.tell(on.Started())
    return call


def about(*pieces: str) -> tuple[str, ...]:
    return ("wait_before", *(f"n_{piece}" for piece in pieces), "wait_after")


def hears(call: Playbook, wait_s: float | None, after_s: float = 20) -> tuple[str, ...]:
    """What is said of the wait when the place comes round again, `wait_s` being the ACD's last word."""
    call.tell(on.Placed(1, None if wait_s is None else int(wait_s * 1000)))
    call.fires("place", after_s=after_s)
    [place, *said] = call.plays() or ("",)
    assert place == "you_are_next"
    call.heard(after_s=0)
    return tuple(said)


def test_wait_is_said_between_the_place_and_the_keys() -> None:
    """The default flow: one breath, from the news to what can be done about it; then music again."""
    call = Playbook().in_queue()
    assert call.tell(on.Placed(3, 250_000)) == []
    assert call.fires("place", after_s=20) == [
        do.StartTimer("place", 20),
        do.Stop(),
        do.Play(
            5,
            (
                *("ahead_before", "n_2_counted", "ahead_after"),
                *("wait_before", "n_5", "wait_after"),
                "press_1_for_message",
            ),
            "zh",
        ),
    ]
    assert call.heard() == [do.Play(6, (do.MUSIC,), "zh")]


def test_flow_that_does_not_ask_for_it() -> None:
    """Published before there was an expected wait: its callers hear what they have always heard."""
    call = waiting(FORETELLS.replace("expected_wait: yes, ", ""))
    assert hears(call, 120) == ()
    assert call.run.facts["queue.expected_wait_s"] == 120


@pytest.mark.parametrize(
    ("wait_s", "zh", "en"),
    [
        (0, UNDER, UNDER),
        (59.9, UNDER, UNDER),
        (60, UNDER, UNDER),
        (60.001, about("2_counted"), about("2")),
        (240.5, about("5"), about("5")),
        (12 * 60, about("10", "2"), about("12")),
        (22 * 60, about("2", "10", "2"), about("20", "2")),
        (30 * 60, about("3", "10"), about("30")),
        (30 * 60 + 1, OVER, OVER),
        (90_000, OVER, OVER),
    ],
)
def test_words_for_a_wait(wait_s: float, zh: tuple[str, ...], en: tuple[str, ...]) -> None:
    """Begun minutes count whole: who is served earlier does not complain. Never "about one minutes"."""
    assert (hears(waiting(), wait_s), hears(waiting(language="en"), wait_s)) == (zh, en)


def test_nobody_is_there_to_serve() -> None:
    """The last agent goes home: a wait that nobody knows is not said, and the old one is not said again."""
    call = waiting()
    assert hears(call, 120) == about("2_counted")
    assert hears(call, None) == ()
    assert "queue.expected_wait_s" not in call.run.facts


def test_acd_is_away_for_a_moment() -> None:
    """Its last forecast may be of another day by now. The place is all that is said until it is back."""
    call = waiting()
    assert hears(call, 120) == about("2_counted")
    call.tell(on.QueueLost())
    call.fires("place", after_s=20)
    assert call.plays() == ("you_are_next",)
    assert hears(call, 110, after_s=0) == about("2_counted")


def test_forecast_that_sways() -> None:
    """A caller heard five minutes, six, four, seven, five, and called again to ask which it was."""
    call = waiting()
    heard = [hears(call, minutes * 60) for minutes in (4.8, 5.3, 3.9, 5.9, 3.8, 4.2)]
    assert heard == [about("5"), (), about("4"), (), about("4"), ()]


def test_half_the_agents_go_to_lunch() -> None:
    """The wait doubles. Honesty comes before a smooth story."""
    call = waiting()
    assert hears(call, 4 * 60) == about("4")
    assert hears(call, 5.9 * 60) == ()
    assert hears(call, 8 * 60) == about("8")
    assert hears(call, 7.5 * 60) == about("8")


def test_less_than_a_minute_for_a_quarter_of_an_hour() -> None:
    """The one agent is in a long call, and by the average each takes 50 s. What has not come true within the
    minute is not promised again; when it has got worse, that is said."""
    call = waiting()
    assert [hears(call, 50) for _ in range(6)] == [UNDER, UNDER, UNDER, (), (), ()]
    assert hears(call, 80) == ()
    assert hears(call, 90) == about("2_counted")


def test_number_that_falls_begins_its_own_time() -> None:
    """Five minutes that became four after four and a half: still news, and good news."""
    call = waiting()
    assert hears(call, 290) == about("5")
    assert hears(call, 290, after_s=299) == about("5")
    assert hears(call, 240, after_s=0.5) == about("4")
    assert hears(call, 240, after_s=239) == about("4")
    assert hears(call, 240, after_s=1) == ()


def test_more_than_thirty_minutes_is_not_said_for_ever() -> None:
    call = waiting()
    assert [hears(call, 3000), hears(call, 9000), hears(call, 3000, after_s=1840)] == [OVER, OVER, ()]
    assert hears(call, 1790) == about("3", "10")


def test_caller_on_the_way_to_a_message_is_told_nothing() -> None:
    """The key was pressed as the place came round: neither heard nor counted as said."""
    call = waiting()
    call.tell(on.Placed(1, 30_000))
    call.key("1")
    assert call.fires("place", after_s=20) == [do.StartTimer("place", 20)]
    call.tell(on.Withdrawn(late=True))
    assert [hears(call, 30) for _ in range(4)] == [UNDER, UNDER, UNDER, ()]


def test_place_is_not_known_and_the_wait_is() -> None:
    call = waiting()
    call.tell(on.Placed(0, 30_000))
    call.fires("place", after_s=20)
    assert call.plays() == UNDER


@pytest.mark.parametrize(("wait_ms", "to"), [(299_001, "message"), (0, "soon"), (299_000, "again")])
def test_flow_decides_by_the_wait(wait_ms: int, to: str) -> None:
    """Who leaves by key is asked for a message when it would have taken five minutes."""
    call = waiting()
    call.tell(on.Placed(4, wait_ms))
    call.key("1")
    call.tell(on.Withdrawn())
    assert call.at() == to


def test_wait_that_nobody_knows_is_no_wait_of_0() -> None:
    """Nobody was there, and callers went where those go whose turn it is this very moment."""
    call = waiting()
    call.tell(on.Placed(4))
    call.key("1")
    call.tell(on.Withdrawn())
    assert call.at() == "again"


def test_wait_of_the_queue_before_is_forgotten() -> None:
    """The second queue is full at once: what the first had foretold says nothing of it."""
    call = waiting()
    call.tell(on.Placed(4, 100_000))
    call.key("1")
    call.tell(on.Withdrawn(), on.Refused("full"))
    assert call.at() == "end"


minutes = st.integers(0, 45 * 60_000)


@given(st.lists(st.tuples(st.none() | minutes, st.integers(1, 200)), max_size=60))
def test_never_up_and_down_and_never_longer_than_it_lasts(news: list[tuple[int | None, int]]) -> None:
    """Whatever the ACD foretells: a longer wait is said only when it grew by half, no wait is said shorter
    than it is, and no number for longer than itself."""
    told, now = Foretold(), NOON
    said, since = 0, NOON
    for wait_ms, passed_s in news:
        now += timedelta(seconds=passed_s)
        number = told.next(wait_ms, now)
        if not number:
            continue
        assert wait_ms is not None
        assert wait_ms <= number * 60_000 or number > MINUTES_MOST
        assert number <= said or not said or wait_ms >= 1.5 * said * 60_000
        if number != said:
            said, since = number, now
        assert now - since < timedelta(minutes=number)
        assert wait_said("zh", number)
