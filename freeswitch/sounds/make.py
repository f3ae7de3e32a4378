"""Make the sounds of this folder: the apology in two languages and the waiting music.

All of it is computed, so nobody's rights are touched and the files ship under the suite's licence.
They are committed, because a switch must be able to apologise when nothing else works; run this only
to change them (`pip install espeakng-loader` first; speech comes from espeak-ng).
"""

from __future__ import annotations

import ctypes
import math
import wave
from array import array
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
RATE_HZ = 8000  # what the telephone network carries
APOLOGY = {
    "sorry-en.wav": (
        "en-gb",
        "We are sorry. We cannot take your call right now, because of a "
        "technical fault. Please call again in a few minutes.",
    ),
    "sorry-zh.wav": ("cmn", "非常抱歉，由于系统故障，我们暂时无法接听您的电话，请稍后再拨。"),
}
# Four soft chords, notes in Hz; each swells and fades, so the loop's seam is a breath and not a click.
CHORDS = (
    (130.81, 196.00, 246.94, 329.63),
    (110.00, 196.00, 261.63, 329.63),
    (87.31, 174.61, 220.00, 329.63),
    (98.00, 196.00, 246.94, 293.66),
)
CHORD_S = 4
MUSIC_PEAK = 0.12  # quiet: heard for minutes, through an earpiece


def main() -> None:
    for name, (voice, text) in APOLOGY.items():
        samples, rate = spoken(voice, text)
        write(HERE / name, normalised(resampled(samples, rate), peak=0.6))
    write(HERE / "music" / "soft-chords.wav", normalised(music(), peak=MUSIC_PEAK))


def music() -> list[float]:
    frames = CHORD_S * RATE_HZ
    return [
        math.sin(math.pi * i / frames) ** 2
        * sum(math.sin(2 * math.pi * hz * i / RATE_HZ) / (n + 1) for n, hz in enumerate(chord))
        for chord in CHORDS
        for i in range(frames)
    ]


def spoken(voice: str, text: str) -> tuple[list[float], int]:
    """Speech by espeak-ng through its C interface: no program to install, no network."""
    import espeakng_loader  # type: ignore[import-not-found]  # only who changes the sounds needs it

    lib = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = lib.espeak_Initialize(1, 0, espeakng_loader.get_data_path().encode(), 0)
    if rate <= 0:
        raise RuntimeError("espeak-ng found no voice data")
    heard = array("h")
    callback_type = ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
    )

    def hear(wav: ctypes._Pointer[ctypes.c_short], count: int, _events: int) -> int:
        if wav and count > 0:
            heard.extend(wav[:count])
        return 0

    callback = callback_type(hear)  # kept alive here: C holds no reference
    lib.espeak_SetSynthCallback(callback)
    lib.espeak_SetVoiceByName(voice.encode())
    lib.espeak_SetParameter(1, 150, 0)  # words a minute: an apology is not rattled off
    data = text.encode()
    utf8 = 1
    lib.espeak_Synth(data, len(data) + 1, 0, 1, 0, utf8, None, None)
    lib.espeak_Synchronize()
    return [s / 32768 for s in heard], rate


def resampled(samples: Sequence[float], rate: int, taps: int = 32) -> list[float]:
    """A windowed sinc, cut off below half the new rate: plain skipping would hiss."""
    cut = 0.45 * RATE_HZ / rate
    out = []
    for n in range(len(samples) * RATE_HZ // rate):
        centre = n * rate / RATE_HZ
        first = math.ceil(centre) - taps
        total = 0.0
        for k in range(max(first, 0), min(first + 2 * taps, len(samples))):
            x = k - centre
            sinc = 2 * cut if x == 0 else math.sin(2 * math.pi * cut * x) / (math.pi * x)
            total += samples[k] * sinc * (0.5 + 0.5 * math.cos(math.pi * x / (taps + 1)))
        out.append(total)
    return out


def normalised(samples: Sequence[float], peak: float) -> list[float]:
    loudest = max(map(abs, samples))
    return [s * peak / loudest for s in samples]


def write(path: Path, samples: Sequence[float]) -> None:
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE_HZ)
        wav.writeframes(array("h", (round(s * 32767) for s in samples)).tobytes())


if __name__ == "__main__":
    main()
