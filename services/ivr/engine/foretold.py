"""How long it will take, as a waiting caller is told it.

The ACD's forecast moves with every call that ends and every agent who goes for a coffee. A caller who hears
five minutes, six, four, seven believes none of them, and one who hears "less than a minute" for a quarter
of an hour believes nothing of ours any more. So a shorter wait is said at once, a longer one only when
something has happened, and a number that has run out is not said again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.ivr.domain import WAIT_PROMPTS
from services.ivr.engine import speech
from services.ivr.engine.run import LONG_AGO

UNDER_A_MINUTE, BEFORE, AFTER, OVER_THIRTY = WAIT_PROMPTS
MINUTES_MOST = 30
"""A longer wait is said as more than this: nobody can foretell it to the minute."""
GROWN = 1.5
"""Forecasts sway by less than half; one that has grown by so much means fewer agents or a rush."""
MINUTE_MS = 60_000


@dataclass(slots=True)
class Foretold:
    """What one caller was told last."""

    minutes: int = 0
    """0: nothing yet."""
    since: datetime = LONG_AGO
    """When this number was said first."""

    def next(self, expected_ms: int | None, now: datetime) -> int:
        """Whole minutes to be said now, and remembered as said; 0: nothing is said of the wait this time."""
        if expected_ms is None:
            return 0
        minutes = min(max(1, -(-expected_ms // MINUTE_MS)), MINUTES_MOST + 1)
        if minutes == self.minutes:
            return minutes if now < self.since + timedelta(minutes=minutes) else 0
        if minutes > self.minutes > 0 and expected_ms < GROWN * self.minutes * MINUTE_MS:
            return 0
        self.minutes, self.since = minutes, now
        return minutes


def wait_said(language: str, minutes: int) -> tuple[str, ...]:
    """The sentence for a wait of so many minutes, begun ones counted whole. () when there is none."""
    if minutes <= 0:
        return ()
    if minutes == 1:
        return (UNDER_A_MINUTE,)
    if minutes > MINUTES_MOST:
        return (OVER_THIRTY,)
    return (BEFORE, *speech.counted(language, minutes), AFTER)
