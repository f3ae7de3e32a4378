"""Opening hours: a week, holidays and extra days, in a time zone of their own.

Queues, flows and the clocks of work orders ask the same two questions: is it open, and when does that change?
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.chassis.errors import Invalid

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SPANS_MOST = 70
"""Ten a day. A calendar is asked for each contact; a longer one is a mistake of somebody's export."""
CLOSED_DAYS_MOST = 400
"""A year of holidays and more."""
SEARCH = timedelta(days=400)
"""How far `next_change` looks: over the longest holidays, and past a year's clock changes."""

_DAY = timedelta(days=1)
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True)
class Span:
    """Opened at `opens`, closed at `closes`, the same day. `closes` of 00:00 means midnight at its end."""

    opens: time
    closes: time

    def holds(self, at: time) -> bool:
        return self.opens <= at and (at < self.closes or self.closes == _MIDNIGHT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When somebody is there. `week[0]` is Monday."""

    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...] = ((),) * 7
    closed_on: frozenset[date] = field(default_factory=frozenset)
    always: bool = False

    def is_open(self, moment: datetime) -> bool:
        """Whether it is open at an aware `moment`. A holiday wins over the week."""
        local = moment.astimezone(self.zone)
        if local.date() in self.closed_on:
            return False
        return self.always or any(span.holds(local.time()) for span in self.week[local.weekday()])

    def next_change(self, moment: datetime) -> datetime | None:
        """The first moment after an aware `moment` at which it opens or closes, in UTC.

        None: never, as far as 400 days can tell. Until then `is_open` stays what it is at `moment`, so one
        timer for each calendar is enough.
        """
        if self.always and not self.closed_on:
            return None
        opened = self.is_open(moment)
        begin = moment.astimezone(UTC)
        end = begin + SEARCH
        while begin < end:
            for at in self._boundaries(begin, begin + _DAY):
                if self.is_open(at) is not opened:
                    return at
            begin += _DAY
        return None

    def _boundaries(self, begin: datetime, until: datetime) -> Iterator[datetime]:
        """Moments after `begin`, to `until`, at which the answer may change, in order. Where clocks are put
        on or back the wall's time jumps, perhaps past a boundary: that moment is one as well."""
        before, after = _offset(self.zone, begin), _offset(self.zone, until)
        if before == after:
            yield from self._of_the_wall(begin, until, before)
            return
        turn = _turn(self.zone, begin, until)
        yield from self._of_the_wall(begin, turn, before)
        yield turn
        yield from self._of_the_wall(turn, until, after)

    def _of_the_wall(self, begin: datetime, until: datetime, offset: timedelta) -> list[datetime]:
        """The same where the wall is ahead of UTC by `offset` all the time."""
        first, last = (begin + offset).date(), (until + offset).date()
        found = set()
        for days in range((last - first).days + 1):
            day = first + days * _DAY
            spans = self.week[day.weekday()]
            for at in (_MIDNIGHT, *(span.opens for span in spans), *(span.closes for span in spans)):
                found.add(datetime.combine(day, at, UTC) - offset)
        return sorted(each for each in found if begin < each <= until)


ALWAYS = Calendar(zone=ZoneInfo("UTC"), always=True)


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)


def _turn(zone: ZoneInfo, begin: datetime, until: datetime) -> datetime:
    """When the clocks are changed, once between these two, which no zone does twice in a day."""
    after = _offset(zone, until)
    seconds = range(math.floor(begin.timestamp()), math.ceil(until.timestamp()))
    turned = bisect_left(
        seconds, True, key=lambda at: _offset(zone, datetime.fromtimestamp(at, UTC)) == after
    )
    return datetime.fromtimestamp(seconds[0] + turned, UTC)


# ---- from plain data, as a contract carries them ----


def calendar_of(zone: str, spans: Sequence[tuple[int, str, str]], closed_on: Sequence[str]) -> Calendar:
    """The calendar in plain data: spans of (weekday from 1 for Monday, "09:00", "18:00"), days "2026-10-01".

    Raises Invalid naming `hours.zone`, `hours.spans` or `hours.closed_on`.
    """
    if not spans:
        raise Invalid("hours.spans", "give at least one, or leave the hours out: then it is always open")
    _bounded("hours.spans", spans, SPANS_MOST)
    _bounded("hours.closed_on", closed_on, CLOSED_DAYS_MOST)
    week: list[tuple[Span, ...]] = [()] * 7
    for weekday, opens, closes in spans:
        if not 1 <= weekday <= 7:
            raise Invalid("hours.spans", f"{weekday} is no weekday; 1 is Monday, 7 Sunday")
        week[weekday - 1] += (span_of(opens, closes),)
    return Calendar(
        zone=zone_of(zone), week=tuple(week), closed_on=frozenset(day_of(each) for each in closed_on)
    )


def plain(calendar: Calendar) -> tuple[str, list[tuple[int, str, str]], list[str]]:
    """The calendar as `calendar_of` takes it: zone, spans, days on which it is closed."""
    spans = [
        (weekday, f"{span.opens:%H:%M}", "24:00" if span.closes == _MIDNIGHT else f"{span.closes:%H:%M}")
        for weekday, spans in enumerate(calendar.week, start=1)
        for span in spans
    ]
    return calendar.zone.key, spans, sorted(day.isoformat() for day in calendar.closed_on)


def zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:  # not a key, a directory, or no such zone here
        raise Invalid(
            "hours.zone", f"there is no time zone {name[:60]!r} here; give a name such as Asia/Shanghai"
        ) from error


def span_of(opens: str, closes: str) -> Span:
    if _TIME.fullmatch(opens) is None or (closes != "24:00" and _TIME.fullmatch(closes) is None):
        raise Invalid(
            "hours.spans", f"{opens[:20]!r} to {closes[:20]!r} is no span; give times like 09:00 and 18:00"
        )
    span = Span(time.fromisoformat(opens), _MIDNIGHT if closes == "24:00" else time.fromisoformat(closes))
    if closes != "24:00" and span.closes <= span.opens:
        raise Invalid(
            "hours.spans",
            f"{opens} to {closes} closes before it opens; past midnight is a second span, from 00:00",
        )
    return span


def day_of(text: str) -> date:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # 2026-02-30 looks like a date
    raise Invalid("hours.closed_on", f"{text[:40]!r} is no day; give it like 2026-10-01")


def _bounded(name: str, items: Sequence[object], most: int) -> None:
    if len(items) > most:
        raise Invalid(name, f"{len(items)} are too many; give at most {most}")
