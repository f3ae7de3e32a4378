"""Feeds the journal to fresh engines: the same stimuli at the same times give the same commands."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from services.acd import journal, words
from services.acd.engine import Engine, commands
from services.acd.journal import Begin, Hole, Record
from services.chassis import codec
from services.chassis.bus import STREAM, Bus
from services.chassis.errors import SwitchyardError


@dataclass(frozen=True, slots=True)
class Moment:
    """One stimulus, and what the engine answered now."""

    record: Record
    out: list[commands.Command]


class Replay:
    """One tenant's engine, rebuilt. It is a `Begin` that makes it; before one nothing can be said."""

    def __init__(self) -> None:
        self.engine: Engine | None = None
        self.skipped = 0
        """Stimuli before the first `Begin` that is still kept."""
        self._ids: deque[str] = deque()

    def feed(self, record: Record) -> Moment | None:
        """Tells the engine; None while there is none. What it refuses now it did not refuse then: it says so
        by raising RuntimeError."""
        if isinstance(record.stimulus, Begin):
            self.engine = Engine(self._ids.popleft, record.stimulus.policy)
            return None
        if self.engine is None:
            self.skipped += 1
            return None
        self._ids.clear()
        self._ids.extend(record.ids)
        try:
            return Moment(record, self.engine.handle(record.stimulus, record.at))
        except (SwitchyardError, IndexError) as problem:
            kind = type(record.stimulus).__name__
            raise RuntimeError(f"{kind} was taken then and is refused now: {problem}") from problem


@dataclass(slots=True)
class Told:
    """How the decisions made now compare with those announced then."""

    same: int = 0
    different: int = 0
    unannounced: int = 0  # decided, but no event of it is kept (any more)
    holes: int = 0
    skipped: int = 0


async def announced(bus: Bus, tenant: str, until: datetime | None) -> dict[str, dict[str, Any]]:
    """The decisions of all offers announced, by offer, as canonical JSON."""
    found: dict[str, dict[str, Any]] = {}
    async for payload in bus.history(STREAM, f"sy.{tenant}.acd.contact.offered", until=until):
        data = orjson.loads(payload)["data"]
        found[data["offerId"]] = data.get("decision", {})
    return found


async def moments(bus: Bus, tenant: str, until: datetime | None, told: Told) -> AsyncIterator[Moment]:
    """All of a tenant's journal, lived again and compared. Raises RuntimeError where it goes astray."""
    then = await announced(bus, tenant, until)
    replay = Replay()
    async for item in journal.read(bus, tenant, until):
        if isinstance(item, Hole):
            told.holes += item.missing
            continue
        moment = replay.feed(item)
        told.skipped = replay.skipped
        if moment is not None:
            _compare(moment, then, told)
            yield moment


def _compare(moment: Moment, then: dict[str, dict[str, Any]], told: Told) -> None:
    for command in moment.out:
        if not isinstance(command, commands.ContactOffered):
            continue
        before = then.get(command.offer_id)
        if before is None:
            told.unannounced += 1
        elif before == codec.to_json(words.decision(command.decision)):
            told.same += 1
        else:
            told.different += 1
