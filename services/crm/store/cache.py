"""Callers kept in memory: bounded, short-lived, and never older than a change made by this process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from services.crm.domain import Known

Key = tuple[str, str]  # tenant, number


class KnownNumbers:
    """What is known of numbers. Times are seconds of one steady clock, given by the caller."""

    def __init__(self, *, entries: int, ttl_s: float) -> None:
        self._entries = entries
        self._ttl_s = ttl_s
        self._kept: OrderedDict[Key, tuple[float, Known]] = OrderedDict()
        self._epoch = 0

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def epoch(self) -> int:
        """Changes with every `forget`: take it before reading, give it back when keeping."""
        return self._epoch

    def get(self, tenant: str, number: str, now_s: float) -> Known | None:
        found = self._kept.get((tenant, number))
        if found is None or found[0] <= now_s:
            return None
        self._kept.move_to_end((tenant, number))
        return found[1]

    def keep(self, tenant: str, known: Known, now_s: float, epoch: int) -> None:
        """Keeps what was read, unless something was forgotten meanwhile: it may be the old state."""
        if epoch != self._epoch or self._entries == 0:
            return
        self._kept[tenant, known.number] = (now_s + self._ttl_s, known)
        self._kept.move_to_end((tenant, known.number))
        while len(self._kept) > self._entries:
            self._kept.popitem(last=False)

    def forget(self, tenant: str, numbers: Iterable[str]) -> None:
        """Call after the change is committed."""
        self._epoch += 1
        for number in numbers:
            self._kept.pop((tenant, number), None)

    def forget_all(self) -> None:
        """After a change that touches unknown many numbers, such as a segment."""
        self._epoch += 1
        self._kept.clear()
