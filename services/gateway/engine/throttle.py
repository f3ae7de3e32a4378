"""Slows down guessing. Each key (an account, an address) has a number of tries that come back with time."""

from __future__ import annotations

import math
from collections import OrderedDict

from services.chassis.errors import Full


class Throttled(Full):
    """Too many tries; says how long to wait."""

    def __init__(self, wait_s: float, what: str = "failed sign-ins") -> None:
        self.retry_after_s = max(1, math.ceil(wait_s))
        super().__init__(f"Too many {what}: try again in {self.retry_after_s} s.")


class Throttle:
    """A bounded table of tries left.

    `take` is called before the password is looked at, so that a hundred guesses at once count as a hundred;
    `give_back` when it was right. Times are seconds of any monotonic clock.
    """

    def __init__(self, tries: int, regain_s: float, entries: int) -> None:
        self._tries = tries
        self._regain_s = regain_s
        self._entries = entries
        # key → moment at which all tries will be back; whatever lies in the past need not be kept
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, key: str, now: float) -> float:
        """Uses up one try. Gives 0, or the seconds to wait when none is left (nothing is used up then)."""
        full_at = max(self._full_at.get(key, now), now)
        after = full_at + self._regain_s
        wait_s = after - now - self._tries * self._regain_s
        if wait_s > 1e-9:
            return wait_s
        self._full_at[key] = after
        self._full_at.move_to_end(key)
        self._forget(now)
        return 0.0

    def give_back(self, key: str) -> None:
        """The try was no guess: it is as if it had not been."""
        full_at = self._full_at.get(key)
        if full_at is not None:
            self._full_at[key] = full_at - self._regain_s

    def forgive(self, key: str) -> None:
        """Forgets all failures of a key: the right password was given."""
        self._full_at.pop(key, None)

    def _forget(self, now: float) -> None:
        while self._full_at:
            oldest, full_at = next(iter(self._full_at.items()))
            if full_at > now and len(self._full_at) <= self._entries:
                return
            del self._full_at[oldest]
