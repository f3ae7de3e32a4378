"""Opening hours as an author writes them."""

from __future__ import annotations

import re
from datetime import date, time
from zoneinfo import ZoneInfo

import yaml

from services.chassis.errors import Invalid
from services.chassis.hours import DAYS, Span, zone_of
from services.ivr.domain import Calendar
from services.ivr.flows.marks import Fields

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(([01]\d|2[0-3]):([0-5]\d)|24:00)")


def calendar(fields: Fields) -> Calendar:
    """One calendar: `zone`, `always` or `week` (`mon-fri: 09:00-18:00`), `closed_on` dates."""
    zone = fields.text("zone", "UTC")
    week: list[tuple[Span, ...]] = [()] * 7
    hours = fields.mapping("week")
    for days, line, value in hours.names() if hours else ():
        spans = _spans(fields, value, line)
        for day in _days(fields, days, line):
            week[day] = spans
    made = Calendar(
        zone=_zone(fields, zone),
        week=tuple(week),
        closed_on=frozenset(_dates(fields)),
        always=fields.boolean("always", False),
    )
    if not made.always and not any(week):
        fields.wrong("a calendar needs 'week', or 'always: yes'")
    fields.finish()
    return made


def _zone(fields: Fields, name: str) -> ZoneInfo:
    try:
        return zone_of(name)
    except Invalid as error:
        fields.wrong(error.problem, fields.line_at("zone"))
        return ZoneInfo("UTC")


def _days(fields: Fields, text: str, line: int) -> range:
    first, _, last = text.partition("-")
    if first not in DAYS or (last or first) not in DAYS:
        fields.wrong(f"{text[:40]!r} is not a day (mon) or a span of days (mon-fri)", line)
        return range(0)
    return range(DAYS.index(first), DAYS.index(last or first) + 1)


def _spans(fields: Fields, value: yaml.Node, line: int) -> tuple[Span, ...]:
    items = value.value if isinstance(value, yaml.SequenceNode) else [value]
    spans = []
    for item in items:
        found = _HOURS.fullmatch(item.value) if isinstance(item, yaml.ScalarNode) else None
        if found is None:
            fields.wrong("opening hours look like 09:00-18:00", line)
            continue
        opens = time(int(found[1]), int(found[2]))
        closes = time(0) if found[3] == "24:00" else time(int(found[4]), int(found[5]))
        if closes <= opens and found[3] != "24:00":
            fields.wrong(f"{item.value!r} closes before it opens", line)
        spans.append(Span(opens, closes))
    return tuple(spans)


def _dates(fields: Fields) -> list[date]:
    dates = []
    for text in fields.texts("closed_on"):
        try:
            dates.append(date.fromisoformat(text))
        except ValueError:
            fields.wrong(f"{text[:40]!r} is not a date like 2026-10-01", fields.line_at("closed_on"))
    return dates
