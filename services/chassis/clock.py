"""Wall-clock time at the edges. Engines never call this: time comes to them as an argument."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now() -> datetime:
    """The present moment, UTC and aware."""
    return datetime.now(UTC)


def wall_ms() -> float:
    """Milliseconds since 1970-01-01 UTC, with their fractions, as the machine's clock has it now."""
    return time.time_ns() / 1e6


def now_ms() -> int:
    """Milliseconds since 1970-01-01 UTC."""
    return int(wall_ms())


def boot_s() -> float:
    """Seconds on a clock that nobody sets, and that goes on while the process is stopped and, where there is
    such a clock, while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


SLEW = 0.1
"""How much faster or slower than time a clock may go to make up for a jump: a ring of 20 s takes 18 to 22."""


class Steady:
    """Milliseconds since 1970 without jumps, for timers that must be neither cut short nor stretched when the
    machine's clock is set: the difference is made up bit by bit, a minute in ten. It never goes back."""

    def __init__(self, wall: Callable[[], float] = wall_ms, boot: Callable[[], float] = boot_s) -> None:
        self._wall = wall
        self._boot = boot
        self._at = boot()
        self._shown = self._wall()
        self.off_ms = 0.0
        """How far the machine's clock is ahead."""

    def __call__(self) -> int:
        at = self._boot()
        passed_ms = (at - self._at) * 1000
        self._at = at
        self.off_ms = self._wall() - self._shown - passed_ms
        most = passed_ms * SLEW
        made_up = min(max(self.off_ms, -most), most)
        self._shown += passed_ms + made_up
        self.off_ms -= made_up
        return int(self._shown)


def from_ms(milliseconds: int) -> datetime:
    """The moment so many milliseconds after 1970-01-01 UTC."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970-01-01 UTC of an aware moment, rounded down."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def timestamp(milliseconds: int) -> Timestamp:
    """A protobuf Timestamp from milliseconds since 1970."""
    seconds, rest = divmod(milliseconds, 1000)
    return Timestamp(seconds=seconds, nanos=rest * 1_000_000)


def to_timestamp(moment: datetime) -> Timestamp:
    """A protobuf Timestamp from an aware moment."""
    return timestamp(to_ms(moment))


def timestamp_ms(stamp: Timestamp) -> int:
    """Milliseconds since 1970 of a protobuf Timestamp, rounded down."""
    return stamp.seconds * 1000 + stamp.nanos // 1_000_000


def from_timestamp(stamp: Timestamp) -> datetime:
    """The aware moment of a protobuf Timestamp, to the millisecond."""
    return from_ms(timestamp_ms(stamp))
