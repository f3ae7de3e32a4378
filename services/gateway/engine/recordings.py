"""Of recordings: which part of a file is asked for, what it looks like, and who may hear it. Pure."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.gateway.domain import Identity, Permission

PEAKS = 400
"""Columns of a waveform: more than a page shows, and 800 bytes a recording."""

FILE = re.compile(r"calls/([0-9a-f-]{36})\.([0-9a-f-]{36})\.wav")
"""The name that the ACD gives a recording."""

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Recording:
    """One conversation's, as the table has it."""

    recording_id: str
    contact_id: str
    agent_id: str
    queue: str
    from_number: str
    to_number: str
    customer_id: str
    started_at: datetime
    length_ms: int
    state: str  # `stored`, `missing`
    key: str = ""
    size: int = 0
    sha256: bytes = b""
    pauses: Sequence[dict[str, Any]] = ()
    peaks: bytes = b""


def may_hear(who: Identity, agent_id: str) -> bool:
    """Their own, or everybody's where the role says so."""
    return who.may(Permission.RECORDINGS_ALL) or (bool(who.agent_id) and who.agent_id == agent_id)


def part(header: str, size: int) -> tuple[int, int] | None:
    """From and up to (not including) which byte; None: no part of it (416). An empty header, several parts
    and what is no range at all are answered with the whole, as RFC 9110 has it."""
    found = _RANGE.fullmatch(header.strip())
    if found is None or found[0] == "bytes=-":
        return 0, size
    first, last = found[1], found[2]
    if not first:
        length = min(int(last), size)
        return (size - length, size) if length else None
    start, stop = int(first), min(int(last) + 1 if last else size, size)
    if last and int(last) < int(first):
        return 0, size
    return (start, stop) if start < size else None


def waveform(samples: Iterable[array[int]], channels: int, frames: int) -> bytes:
    """The loudest of each of `PEAKS` stretches, 0 to 255, channel after channel. `samples`: whole frames
    of 16 bits, in pieces."""
    per = max(-(-frames // PEAKS), 1)
    peaks = [bytearray(PEAKS) for _ in range(channels)]
    at = 0
    for piece in samples:
        for side in range(channels):
            _loudest(piece[side::channels], at, per, peaks[side])
        at += len(piece) // channels
    return b"".join(bytes(side) for side in peaks)


def _loudest(samples: Sequence[int], at: int, per: int, peaks: bytearray) -> None:
    done = 0
    while done < len(samples):
        column = (at + done) // per
        if column >= PEAKS:
            return
        stretch = samples[done : (column + 1) * per - at]
        loud = min(max(max(stretch), -min(stretch)) >> 7, 255)
        peaks[column] = max(peaks[column], loud)
        done += len(stretch)
