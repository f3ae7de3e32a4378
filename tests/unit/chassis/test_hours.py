"""Opening hours: open or not, and when that changes, also where clocks are put on and back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.errors import Invalid
from services.chassis.hours import ALWAYS, SEARCH, Calendar, Span, calendar_of

pytestmark = pytest.mark.unit

MINUTE = timedelta(minutes=1)
OFFICE = [(day, "09:00", "18:00") for day in range(1, 6)]
ZONES = ["UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"]
"""Lord Howe puts its clocks on by half an hour, Cairo at midnight."""
TURNS = [
    datetime(2026, 3, 29, 1, tzinfo=UTC),  # Berlin on
    datetime(2026, 10, 25, 1, tzinfo=UTC),  # Berlin back
    datetime(2026, 3, 8, 7, tzinfo=UTC),  # New York on
    datetime(2026, 11, 1, 6, tzinfo=UTC),  # New York back
    datetime(2026, 4, 4, 15, tzinfo=UTC),  # Lord Howe back
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),  # Lord Howe on
    datetime(2026, 4, 23, 22, tzinfo=UTC),  # Cairo on
    datetime(2026, 10, 29, 21, tzinfo=UTC),  # Cairo back
]


def at(text: str, zone: str = "Asia/Shanghai") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def times() -> st.SearchStrategy[time]:
    """Every quarter of an hour: boundaries meet clock changes often."""
    return st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))


def spans() -> st.SearchStrategy[Span]:
    in_the_day = st.tuples(times(), times()).filter(lambda pair: pair[0] < pair[1]).map(lambda p: Span(*p))
    return in_the_day | times().map(lambda opens: Span(opens, time(0)))


@st.composite
def moments(draw: st.DrawFn) -> datetime:
    """Near a change of clocks as a rule, to the microsecond."""
    around = draw(st.sampled_from(TURNS))
    return around + draw(st.timedeltas(timedelta(days=-2), timedelta(days=2)))


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    week = tuple(tuple(draw(st.lists(spans(), max_size=3))) for _ in range(7))
    days = st.sampled_from(TURNS).map(lambda turn: turn.date())
    near = st.builds(lambda day, off: day + timedelta(days=off), days, st.integers(-2, 2))
    return Calendar(
        zone=ZoneInfo(draw(st.sampled_from(ZONES))),
        week=week,
        closed_on=draw(st.frozensets(near, max_size=4)),
        always=draw(st.booleans()) and draw(st.booleans()),
    )


@settings(max_examples=60)
@given(calendars(), moments(), st.data())
def test_nothing_changes_before_the_next_change(
    calendar: Calendar, moment: datetime, data: st.DataObject
) -> None:
    change = calendar.next_change(moment)
    until = change or moment + SEARCH
    assert moment < until
    for _ in range(8):
        between = moment + data.draw(st.floats(0, 1, exclude_max=True)) * (until - moment)
        if between < until:  # rounding to a microsecond may reach it
            assert calendar.is_open(between) is calendar.is_open(moment)
    if change:
        assert calendar.is_open(change) is not calendar.is_open(moment)
        assert calendar.is_open(change - timedelta(microseconds=1)) is calendar.is_open(moment)


@settings(max_examples=40)
@given(calendars(), moments())
def test_next_change_is_what_a_walk_minute_by_minute_finds(calendar: Calendar, moment: datetime) -> None:
    """The slow way for two days: clocks and boundaries meet at whole minutes only."""
    opened, walked = calendar.is_open(moment), moment.replace(second=0, microsecond=0) + MINUTE
    horizon = moment + timedelta(days=2)
    while walked < horizon and calendar.is_open(walked) is opened:
        walked += MINUTE
    change = calendar.next_change(moment)
    if walked < horizon:
        assert change == walked
    else:
        assert change is None or change >= horizon - MINUTE


def test_office_over_a_weekend_and_a_holiday() -> None:
    """National Day: closed on Wednesday evening, open again on Monday after the holiday and the weekend."""
    office = calendar_of("Asia/Shanghai", OFFICE, ["2026-10-01", "2026-10-02"])
    evening = at("2026-09-30T17:00")
    assert office.is_open(evening)
    assert office.next_change(evening) == at("2026-09-30T18:00")
    assert office.next_change(at("2026-09-30T18:00")) == at("2026-10-05T09:00")


def test_boundary_in_the_hour_that_does_not_exist() -> None:
    """02:30 is not on the clock that night: it opens when the clock passes it, at three."""
    berlin = calendar_of("Europe/Berlin", [(7, "02:30", "04:00")], [])
    night = at("2026-03-29T01:00", "Europe/Berlin")
    assert berlin.next_change(night) == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_boundary_in_the_hour_that_comes_twice() -> None:
    """Closed at half past two; at three it is two again, so it opens once more for half an hour."""
    berlin = calendar_of("Europe/Berlin", [(7, "00:00", "02:30")], [])
    changes = [datetime(2026, 10, 24, 23, tzinfo=UTC)]
    for _ in range(3):
        changes.append(berlin.next_change(changes[-1]) or changes[-1])
    assert changes[1:] == [
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 0, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    ]


def test_hours_that_meet_at_midnight_do_not_change_there() -> None:
    whole = calendar_of("UTC", [(1, "08:00", "24:00"), (2, "00:00", "06:00")], [])
    assert whole.next_change(at("2026-11-23T09:00", "UTC")) == at("2026-11-24T06:00", "UTC")


def test_never() -> None:
    now = at("2026-11-23T09:00")
    day_and_night = [(day, "00:00", "24:00") for day in range(1, 8)]
    assert ALWAYS.next_change(now) is None
    assert calendar_of("UTC", day_and_night, []).next_change(now) is None
    assert Calendar(zone=ZoneInfo("UTC")).next_change(now) is None
    past = Calendar(zone=ZoneInfo("UTC"), always=True, closed_on=frozenset({date(2020, 1, 1)}))
    assert past.next_change(now) is None


@pytest.mark.parametrize(
    ("zone", "hours", "closed_on", "said"),
    [
        ("Mars/Olympus", OFFICE, [], "there is no time zone 'Mars/Olympus' here; give a name"),
        ("../../etc/passwd", OFFICE, [], "hours.zone: there is no time zone"),
        ("", OFFICE, [], "hours.zone: there is no time zone"),
        ("UTC\0", OFFICE, [], "hours.zone: there is no time zone"),
        ("UTC", [], [], "hours.spans: give at least one, or leave the hours out"),
        ("UTC", [(0, "09:00", "18:00")], [], "hours.spans: 0 is no weekday; 1 is Monday, 7 Sunday"),
        ("UTC", [(8, "09:00", "18:00")], [], "hours.spans: 8 is no weekday"),
        ("UTC", [(1, "9:00", "18:00")], [], "hours.spans: '9:00' to '18:00' is no span; give times like"),
        ("UTC", [(1, "09:00", "24:01")], [], "hours.spans: '09:00' to '24:01' is no span"),
        ("UTC", [(1, "24:00", "24:00")], [], "hours.spans: '24:00' to '24:00' is no span"),
        ("UTC", [(1, "٠٩:00", "18:00")], [], "is no span"),
        ("UTC", [(1, "18:00", "09:00")], [], "closes before it opens; past midnight is a second span"),
        ("UTC", [(1, "09:00", "09:00")], [], "closes before it opens"),
        ("UTC", [(1, "09:00", "00:00")], [], "closes before it opens"),
        ("UTC", OFFICE * 20, [], "hours.spans: 100 are too many; give at most 70"),
        ("UTC", OFFICE, ["2026-02-30"], "hours.closed_on: '2026-02-30' is no day; give it like 2026-10-01"),
        ("UTC", OFFICE, ["20261001"], "hours.closed_on: '20261001' is no day"),
        ("UTC", OFFICE, ["2026-10-01"] * 401, "hours.closed_on: 401 are too many; give at most 400"),
    ],
)
def test_hours_that_are_none(
    zone: str, hours: list[tuple[int, str, str]], closed_on: list[str], said: str
) -> None:
    with pytest.raises(Invalid) as refused:
        calendar_of(zone, hours, closed_on)
    assert said in str(refused.value)
    assert refused.value.field in {"hours.zone", "hours.spans", "hours.closed_on"}
