"""Wall-clock time at the edges. Engines never call this: time comes to them as an argument."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now() -> datetime:
    """The present moment, UTC and aware."""
    return datetime.now(UTC)


def now_ms() -> int:
    """Milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


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
