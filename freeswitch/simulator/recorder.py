"""Recordings: the events of real ones and, where a directory is given, a file to find afterwards."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import TYPE_CHECKING

from freeswitch.simulator.channels import Channel, micros

if TYPE_CHECKING:
    from freeswitch.simulator.node import Simulator

_NOT_WRITABLE = ("/proc/", "/sys/", "/dev/")
_MAX_FILE_MS = 2_000
"""Files hold at most so much silence: they prove that there was one, they are not listened to."""


class Recorder:
    """Session recordings of all channels."""

    def __init__(self, node: Simulator) -> None:
        self.node = node

    def start(self, channel: Channel, path: str) -> bool:
        if path.startswith(_NOT_WRITABLE) or not path or not self._can_open(path):
            channel.set("record_completion_cause", "uri-failure")
            return False
        if path in channel.recordings:
            return True  # +OK, and no second RECORD_START (transcript 34)
        channel.recordings[path] = micros()
        channel.fire("RECORD_START", after={"Record-File-Path": path})
        bug = {"Media-Bug-Function": "session_record", "Media-Bug-Target": path}
        channel.fire("MEDIA_BUG_START", before=dict(bug))
        return True

    def stop(self, channel: Channel, path: str) -> bool:
        if path == "all":
            stopped = [self.stop(channel, one) for one in list(channel.recordings)]
            return all(stopped)
        started = channel.recordings.pop(path, None)
        if started is None:
            return False
        channel.masked.discard(path)
        length_ms = (micros() - started) // 1_000
        cause = "success-silence" if channel.down else "success-maxtime"
        self.measured(channel, path, length_ms, cause)
        channel.fire("RECORD_STOP", after={"Record-File-Path": path, "Record-Completion-Cause": cause})
        bug = {"Media-Bug-Function": "session_record", "Media-Bug-Target": path}
        channel.fire("MEDIA_BUG_STOP", before=dict(bug))
        return True

    def mask(self, channel: Channel, path: str, masked: bool) -> bool:
        if path not in channel.recordings:
            return False
        (channel.masked.add if masked else channel.masked.discard)(path)
        return True

    def measured(self, channel: Channel, path: str, length_ms: int, cause: str) -> None:
        samples = length_ms * 8
        channel.set("record_file_size", str(samples * 2 + 44))
        channel.set("record_samples", str(samples))
        channel.set("record_seconds", str(length_ms // 1_000))
        channel.set("record_ms", str(length_ms))
        channel.set("record_completion_cause", cause)
        self._write(path, length_ms, 2 if channel.get("RECORD_STEREO") == "true" else 1)

    def _target(self, path: str) -> Path | None:
        """Where it is written; None: outside of what we were given: announced, not written."""
        root = self.node.settings.recordings
        if root is None:
            return None
        target = Path(path)
        target = target if target.is_absolute() else root / target
        return target if target.resolve().is_relative_to(root.resolve()) else None

    def _can_open(self, path: str) -> bool:
        """Folders are made on the way, as FreeSWITCH does; where that cannot be, nothing is recorded."""
        target = self._target(path)
        if target is None:
            return True
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError:
            return False
        return True

    def _write(self, path: str, length_ms: int, sides: int) -> None:
        target = self._target(path)
        if target is None:
            return
        with wave.open(str(target), "wb") as sound:
            sound.setnchannels(sides)
            sound.setsampwidth(2)
            sound.setframerate(8_000)
            sound.writeframes(bytes(min(length_ms, _MAX_FILE_MS) * 16 * sides))
        self.node.sounds.forget(path)
