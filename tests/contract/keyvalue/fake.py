"""A bucket in memory, which can be away, and lose what is asked or what it answers."""

from __future__ import annotations

from services.chassis.errors import Stale, Unavailable
from services.chassis.lease import Entry


class FakeBucket:
    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.revision = 0
        self.away = False
        self.loses_replies = False

    async def get(self, key: str) -> Entry | None:
        if self.away or self.loses_replies:
            raise Unavailable("nats")
        return self.entries.get(key)

    async def put(self, key: str, value: bytes, last: int) -> int:
        if self.away:
            raise Unavailable("nats")
        revision = self.set(key, value, last)
        if self.loses_replies:
            raise Unavailable("nats")
        return revision

    def set(self, key: str, value: bytes, last: int) -> int:
        entry = self.entries.get(key)
        if (entry.revision if entry else 0) != last:
            raise Stale(f"{key} was changed by another meanwhile.")
        self.revision += 1
        self.entries[key] = Entry(value, self.revision)
        return self.revision
