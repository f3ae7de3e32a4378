"""How long things sound. Nothing is heard; everything takes its time."""

from __future__ import annotations

import re
import wave
from pathlib import Path

from freeswitch.simulator.config import Settings

_TONE = re.compile(r"%\((\d+),(\d+)")
_LOOPS = re.compile(r"[;,]loops=(-?\d+)|^L=(-?\d+);")
_MAX_CACHED = 4_096


class Sounds:
    """Durations in seconds; None when a file is not there; infinity when it never ends."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._files: dict[str, float | None] = {}

    def seconds(self, path: str) -> float | None:
        scheme, marks, rest = path.partition("://")
        if not marks:
            return self._file(path)
        if scheme == "silence_stream":
            number = rest.partition(",")[0]
            ms = int(number) if number.lstrip("-").isdigit() else 0
            return ms / 1_000 if ms >= 0 else float("inf")
        if scheme == "tone_stream":
            return _tones(rest)
        if scheme in {"local_stream", "portaudio_stream", "shout"}:
            return float("inf")
        if scheme == "file_string":
            return self._string(rest)
        return self._settings.file_ms / 1_000  # say:, tts, http: a sentence's worth

    def _string(self, text: str) -> float | None:
        known = [one for one in (self.seconds(part) for part in text.split("!") if part) if one is not None]
        return sum(known) if known else None

    def _file(self, path: str) -> float | None:
        if path in self._files:
            return self._files[path]
        length = self._look(path)
        if len(self._files) < _MAX_CACHED:
            self._files[path] = length
        return length

    def _look(self, path: str) -> float | None:
        if path.startswith("/nonexistent"):
            return None
        if path.startswith("say:") or not self._settings.sounds:
            return self._settings.file_ms / 1_000
        for candidate in self._candidates(path):
            if candidate.is_file():
                return _wav_seconds(candidate) or self._settings.file_ms / 1_000
        return None

    def _candidates(self, path: str) -> list[Path]:
        roots = list(self._settings.sounds)
        if self._settings.recordings is not None:
            roots.append(self._settings.recordings)
        if path.startswith("/"):
            return [Path(path)]
        return [root / path for root in roots]

    def forget(self, path: str) -> None:
        """A recording was just written there."""
        self._files.pop(path, None)


def _tones(text: str) -> float:
    total = sum(int(on) + int(off) for on, off in _TONE.findall(text)) / 1_000
    loops = _LOOPS.search(text)
    if loops is None:
        # FreeSWITCH plays the last gap only between repetitions of a single tone with loops.
        return total
    times = int(loops[1] or loops[2])
    return float("inf") if times < 0 else total * max(times, 1)


def _wav_seconds(path: Path) -> float | None:
    try:
        with wave.open(str(path)) as sound:
            return float(sound.getnframes()) / (sound.getframerate() or 8_000)
    except (wave.Error, EOFError, OSError):
        return None
