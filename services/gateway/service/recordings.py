"""Recordings: taken from the switch's folder into the store when complete, then found, heard and audited."""

from __future__ import annotations

import asyncio
import sys
import time
import wave
from array import array
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import Counter

from services.chassis import clock, tenant
from services.chassis.envelope import Envelope
from services.chassis.errors import NotFound
from services.chassis.files import FileStore
from services.gateway.domain import AuditEntry, By, Permission
from services.gateway.engine import recordings as engine
from services.gateway.engine.recordings import Recording
from services.gateway.recorded import Recorded
from services.stubs.acd.v1 import events_pb2 as acd_events
from services.stubs.gateway.v1 import events_pb2

log = structlog.get_logger()

STORED = Counter("switchyard_gateway_recordings_stored_total", "Recordings taken into the store.")
MISSING = Counter(
    "switchyard_gateway_recordings_missing_total",
    "Recordings that were announced and whose file is not there, or is no recording. Zero in normal runs.",
)
FRAMES_AT_ONCE = 80_000  # ten seconds of 8 kHz: a thread reads no more before others get a turn
STILL_S, STILL_TRIES = 1.0, 10
"""Where the switch did not say that it closed the file: it has not grown for so long, or after so many looks
it is taken as it is."""


class Keeper:
    """Takes each recording that is complete from the switch's folder; `handle` stands repeats."""

    def __init__(self, folder: Path, files: FileStore, recorded: Recorded) -> None:
        self._folder = folder
        self._files = files
        self._recorded = recorded

    async def handle(self, events: Sequence[Envelope]) -> None:
        """Raises Unavailable when database or store are away: it comes again."""
        for event in events:
            told = event.message()
            if isinstance(told, acd_events.RecordingStopped) and engine.FILE.fullmatch(told.file):
                with tenant.use(event.tenant):
                    await self._keep(told)

    async def _keep(self, told: acd_events.RecordingStopped) -> None:
        """Copied and checked, then known, then removed: dying in between, it is done again."""
        source, key = self._folder / told.file, _key(told)
        if not told.HasField("length_ms"):
            await _still(source)
        made = _announced(told)
        try:
            sound = await asyncio.to_thread(_measure, source)
            kept = await self._files.put(key, source)
        except (FileNotFoundError, NotFound, wave.Error, EOFError) as problem:
            await self._missing(told, made, problem)
            return
        stored = Recording(
            **made,
            length_ms=sound.length_ms,
            state="stored",
            key=key,
            size=kept.size,
            sha256=kept.sha256,
            pauses=_pauses(told),
            peaks=sound.peaks,
        )
        event = events_pb2.RecordingStored(
            recording_id=told.offer_id,
            contact_id=told.contact_id,
            agent_id=told.agent_id,
            size_bytes=kept.size,
            sha256=kept.sha256.hex(),
            length_ms=sound.length_ms,
            stored_at=clock.to_timestamp(clock.now()),
        )
        if await self._recorded.put(stored, told.node, event):
            STORED.inc()
        await asyncio.to_thread(source.unlink, missing_ok=True)

    async def _missing(
        self, told: acd_events.RecordingStopped, made: dict[str, Any], problem: Exception
    ) -> None:
        """Told again after it was stored and removed it is known already, and nothing is missing."""
        lost = Recording(**made, length_ms=told.length_ms, state="missing", pauses=_pauses(told))
        event = events_pb2.RecordingMissing(
            recording_id=told.offer_id,
            contact_id=told.contact_id,
            agent_id=told.agent_id,
            node=told.node,
            file=told.file,
            found_out_at=clock.to_timestamp(clock.now()),
        )
        if await self._recorded.put(lost, told.node, event):
            MISSING.inc()
            log.error("recording_missing", file=told.file, node=told.node, why=str(problem)[:200])


class Recordings:
    """For people: what there is, and what it sounds like."""

    def __init__(self, files: FileStore | None, recorded: Recorded) -> None:
        self._files = files
        self._recorded = recorded

    async def found(
        self,
        by: By,
        *,
        contact_id: str,
        agent_id: str,
        queue: str,
        number: str,
        since: datetime | None,
        before: datetime | None,
        limit: int,
    ) -> list[Recording]:
        """Agents find their own only, whomever they ask for."""
        who = by.identity
        if not who.may(Permission.RECORDINGS_ALL):
            if not who.agent_id or agent_id not in ("", who.agent_id):
                return []
            agent_id = who.agent_id
        return await self._recorded.found(
            contact_id=contact_id,
            agent_id=agent_id,
            queue=queue,
            number=number,
            since=since,
            before=before,
            limit=limit,
        )

    async def one(self, recording_id: str, by: By) -> Recording:
        """Raises NotFound, also for one that this person may not hear: not even that it exists is told."""
        found = await self._recorded.one(recording_id)
        if not engine.may_hear(by.identity, found.agent_id):
            raise NotFound("recording", recording_id)
        return found

    async def listen(self, one: Recording, by: By) -> None:
        """Audited before the first byte is sent. Raises NotFound for one whose file is missing."""
        if one.state != "stored" or self._files is None:
            raise NotFound("recording's file", one.recording_id)
        detail = {"contact_id": one.contact_id, "agent_id": one.agent_id, "queue": one.queue}
        event = events_pb2.RecordingPlayed(
            recording_id=one.recording_id,
            contact_id=one.contact_id,
            user_id=by.identity.user_id,
            username=by.identity.username,
            address=by.address,
            played_at=clock.to_timestamp(clock.now()),
        )
        await self._recorded.heard(by, AuditEntry("recording.played", one.recording_id, detail), event)

    def read(self, one: Recording, start: int, length: int) -> AsyncIterator[bytes]:
        """After `listen`."""
        if self._files is None:
            raise NotFound("recording's file", one.recording_id)
        return self._files.read(one.key, start, length)


@dataclass(frozen=True, slots=True)
class Sound:
    length_ms: int
    peaks: bytes


def _measure(path: Path) -> Sound:
    """Raises FileNotFoundError, and wave.Error or EOFError for what is no recording."""
    with wave.open(str(path), "rb") as file:
        if file.getsampwidth() != 2 or file.getnchannels() not in (1, 2):
            raise wave.Error("is not of 16 bits, mono or stereo")
        frames, sides = file.getnframes(), file.getnchannels()
        peaks = engine.waveform(_pieces(file), sides, frames)
        return Sound(frames * 1000 // (file.getframerate() or 1), peaks)


def _pieces(file: wave.Wave_read) -> Iterator[array[int]]:
    while raw := file.readframes(FRAMES_AT_ONCE):
        samples = array("h", raw)
        if sys.byteorder == "big":
            samples.byteswap()
        yield samples


async def _still(path: Path) -> None:
    for _ in range(STILL_TRIES):
        try:
            changed_at = (await asyncio.to_thread(path.stat)).st_mtime
        except OSError:
            return
        if time.time() - changed_at > STILL_S:
            return
        await asyncio.sleep(STILL_S)


def _key(told: acd_events.RecordingStopped) -> str:
    return f"{tenant.current()}/{told.started_at.ToDatetime():%Y/%m/%d}/{told.offer_id}.wav"


def _announced(told: acd_events.RecordingStopped) -> dict[str, Any]:
    return {
        "recording_id": told.offer_id,
        "contact_id": told.contact_id,
        "agent_id": told.agent_id,
        "queue": told.queue,
        "from_number": told.from_number,
        "to_number": told.to_number,
        "customer_id": told.customer_id,
        "started_at": clock.from_ms(clock.timestamp_ms(told.started_at)),
    }


def _pauses(told: acd_events.RecordingStopped) -> list[dict[str, int]]:
    """In milliseconds from the recording's start: what a player shows."""
    began = clock.timestamp_ms(told.started_at)
    spans = [(clock.timestamp_ms(p.begins_at), clock.timestamp_ms(p.ends_at)) for p in told.pauses]
    return [{"from_ms": begin - began, "to_ms": end - began} for begin, end in spans]
