"""What a caller hears, and where it lies. The recordings are rendered by `render.py` and committed."""

from __future__ import annotations

import wave
from pathlib import Path

SOUNDS = Path(__file__).resolve().parent / "sounds"
"""The recordings that come with the suite. The switch must be able to read them under this very path."""

UNREADABLE_S = 10.0
"""Length assumed of a recording that is no plain WAV (the switch may know its format, we do not)."""


class Prompts:
    """The recordings of one folder: `<language>/<name>.wav`, `music/<name>.wav`. Read once, at start."""

    def __init__(self, root: Path = SOUNDS) -> None:
        self.root = root
        self._lengths_s = {
            (path.parent.name, path.stem): _length_s(path) for path in sorted(root.glob("*/*.wav"))
        }

    def has(self, name: str, language: str) -> bool:
        return (language, name) in self._lengths_s

    def length_s(self, name: str, language: str) -> float:
        """How long a recording takes; 0 when there is none."""
        return self._lengths_s.get((language, name), 0.0)

    def __len__(self) -> int:
        return len(self._lengths_s)


def _length_s(path: Path) -> float:
    try:
        with wave.open(str(path)) as file:
            return float(file.getnframes() / file.getframerate())
    except (wave.Error, EOFError, ZeroDivisionError):
        return UNREADABLE_S
