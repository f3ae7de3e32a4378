"""Tones made and found again, with nothing but the standard library."""

from __future__ import annotations

import math
import sys
import wave
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FULL_SCALE = 32768
# A tone counts as heard from here: a codec's echo of the other side lies far below, a tone sent at
# half scale far above.
HEARD_DBFS = -40.0
SILENT_DBFS = -60.0


@dataclass(frozen=True)
class Recording:
    rate_hz: int
    channels: tuple[Sequence[int], ...]

    @property
    def seconds(self) -> float:
        return len(self.channels[0]) / self.rate_hz

    def tone_dbfs(self, channel: int, hz: float) -> float:
        return tone_dbfs(self.channels[channel], self.rate_hz, hz)

    def loudness_dbfs(self, channel: int = 0) -> float:
        return loudness_dbfs(self.channels[channel])

    def hears(self, channel: int, hz: float) -> bool:
        return self.tone_dbfs(channel, hz) > HEARD_DBFS


def read(path: Path) -> Recording:
    """Also a file still being written, whose header does not know its length yet."""
    with wave.open(str(path), "rb") as wav:
        if wav.getsampwidth() != 2:
            raise ValueError(f"{path.name}: not 16 bit")
        samples = array("h", wav.readframes(wav.getnframes()))
        count, rate = wav.getnchannels(), wav.getframerate()
    if sys.byteorder == "big":
        samples.byteswap()
    return Recording(rate, tuple(samples[n::count] for n in range(count)))


def tone_dbfs(samples: Sequence[int], rate_hz: int, hz: float) -> float:
    """How strongly one frequency sounds (Goertzel), in dB under a full-scale sine.

    The loudest second decides: silence before the answer and after the hang-up is not held
    against the tone.
    """
    window = rate_hz
    blocks = [samples[i : i + window] for i in range(0, len(samples) - window + 1, window // 2)]
    return max((_goertzel_dbfs(block, rate_hz, hz) for block in blocks), default=-math.inf)


def _goertzel_dbfs(samples: Sequence[int], rate_hz: int, hz: float) -> float:
    turn = 2 * math.cos(2 * math.pi * hz / rate_hz)
    s1 = s2 = 0.0
    for sample in samples:
        s1, s2 = sample + turn * s1 - s2, s1
    power = max(s1 * s1 + s2 * s2 - turn * s1 * s2, 0.0)
    return _db(2 * math.sqrt(power) / len(samples) / FULL_SCALE)


def loudness_dbfs(samples: Sequence[int]) -> float:
    if not samples:
        return -math.inf
    return _db(math.sqrt(sum(s * s for s in samples) / len(samples)) / FULL_SCALE)


def _db(ratio: float) -> float:
    return 20 * math.log10(ratio) if ratio > 0 else -math.inf


def write_tone(path: Path, hz: float, seconds: float, *, rate_hz: int = 8000) -> Path:
    """A sine at half scale."""
    frames = (
        round(FULL_SCALE / 2 * math.sin(2 * math.pi * hz * i / rate_hz))
        for i in range(round(seconds * rate_hz))
    )
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(rate_hz)
        wav.writeframes(array("h", frames).tobytes())
    return path
