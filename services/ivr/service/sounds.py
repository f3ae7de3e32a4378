"""Names of prompts as what the switch plays, and how long that takes."""

from __future__ import annotations

from functools import lru_cache

from services.chassis.esl import commands as fs
from services.chassis.esl.commands import Sound
from services.ivr.engine import commands as do
from services.ivr.prompts import Prompts

MUSIC_ROUNDS = 15
"""Times the music is queued in one playback: five minutes, so that a waiting caller costs a command in
five minutes. Not a looped application: a loop ends by `uuid_break` alone, and each round is two events."""
PROMPTS_MOST = 32

_TONES = {
    do.TONE: ("%(400,4600,425);loops=12", 60.0),
    do.BEEP: ("%(400,200,850)", 0.6),
    do.NOTICE: ("%(200,100,425);loops=2", 0.6),
}


@lru_cache(maxsize=4096)  # a few prompts make most sentences; places in the queue make the rest
def sounds(prompts: Prompts, names: tuple[str, ...], language: str) -> tuple[tuple[Sound, ...], float]:
    """What to play for these prompts, and its length in seconds. A prompt without a recording is left out;
    with none left it is a tone, because a caller is never to hear nothing."""
    root = str(prompts.root)
    found: list[Sound] = []
    length_s = 0.0
    for name in names[:PROMPTS_MOST]:
        if name in _TONES:
            spec, lasts_s = _TONES[name]
            found.append(fs.tone(spec))
            length_s += lasts_s
        elif name == do.MUSIC:
            if prompts.has("hold", "music"):
                found += [fs.file(root, "music/hold.wav")] * MUSIC_ROUNDS
                length_s += prompts.length_s("hold", "music") * MUSIC_ROUNDS
        elif prompts.has(name, language):
            found.append(fs.file(root, f"{language}/{name}.wav"))
            length_s += prompts.length_s(name, language)
    if found:
        return tuple(found), length_s
    fallback = do.TONE if do.MUSIC in names else do.NOTICE
    return sounds(prompts, (fallback,), language)
