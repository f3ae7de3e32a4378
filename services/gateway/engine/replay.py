"""What a session has been told, so that a lost connection can be resumed without a gap."""

from __future__ import annotations

from collections import deque


class Replay:
    """Numbers messages and keeps the last few. Bounded by `keep`."""

    def __init__(self, keep: int) -> None:
        self._kept: deque[tuple[int, str]] = deque(maxlen=keep)
        self.seq = 0

    def number(self, type_: str, data: bytes) -> str:
        """The frame of a new numbered message with `data` (JSON), which is kept."""
        self.seq += 1
        frame = encode(self.seq, type_, data)
        self._kept.append((self.seq, frame))
        return frame

    def after(self, last_seq: int) -> list[str] | None:
        """The frames after `last_seq`, or None when some of them are no longer kept or never were."""
        if not 0 <= last_seq <= self.seq:
            return None
        missed = self.seq - last_seq
        if missed > len(self._kept):
            return None
        return [frame for seq, frame in self._kept if seq > last_seq]


def encode(seq: int, type_: str, data: bytes) -> str:
    """A frame around data that is JSON already: the same data for many sessions is encoded once."""
    return f'{{"seq":{seq},"type":"{type_}","data":{data.decode()}}}'
