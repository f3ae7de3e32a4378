"""Opening hours: a week, holidays and extra days, in a time zone of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Span:
    """Opened at `opens`, closed at `closes`, the same day. `closes` of 00:00 means midnight at its end."""

    opens: time
    closes: time

    def holds(self, at: time) -> bool:
        return self.opens <= at and (at < self.closes or self.closes == time(0))


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


ALWAYS = Calendar(zone=ZoneInfo("UTC"), always=True)
