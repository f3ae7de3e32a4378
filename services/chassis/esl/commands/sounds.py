"""What can be played: files under a root, silence, tones, music streams."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.chassis.esl.commands import text

SOUNDS_LIMIT = 32
"""In one playback. A spoken sentence with a number in it has some ten."""

_TONE = re.compile(r"[A-Za-z0-9%(),.;=+\-*]+")


@dataclass(frozen=True, slots=True)
class Sound:
    """Something to play. Made by the functions below."""

    source: str


def file(root: str, name: str) -> Sound:
    """The file `name` under the folder `root`, which it cannot leave."""
    return Sound(text.path_under("file", root, name))


def silence(milliseconds: int) -> Sound:
    """Nothing to hear, 1 ms to 10 minutes."""
    return Sound("silence_stream://" + text.whole("silence", milliseconds, 1, 600_000))


def endless_silence() -> Sound:
    """Nothing to hear until it is broken off."""
    return Sound("silence_stream://-1")


def tone(spec: str) -> Sound:
    """A tone in FreeSWITCH's teletone script, such as `%(300,0,440)`."""
    if not _TONE.fullmatch(spec) or len(spec) > text.PATH_CHARS:
        raise text.UnsafeArgument("tone", "is not a teletone script")
    return Sound("tone_stream://" + spec)


def music(stream: str) -> Sound:
    """A `local_stream` by its name, such as `moh`: endless, and everyone hears the same."""
    return Sound("local_stream://" + text.token("music", stream))


def joined(sounds: Sequence[Sound]) -> str:
    """Several sounds as one argument."""
    if not 1 <= len(sounds) <= SOUNDS_LIMIT:
        raise text.UnsafeArgument("sounds", f"are not 1 to {SOUNDS_LIMIT}")
    if len(sounds) == 1:
        return sounds[0].source
    return "file_string://" + "!".join(sound.source for sound in sounds)
