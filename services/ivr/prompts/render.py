"""Maintainers' tool: speaks `prompts.yaml` and composes the music. Not needed at run time.

    python -m venv /tmp/voice && /tmp/voice/bin/pip install espeakng-loader pyyaml
    /tmp/voice/bin/python services/ivr/prompts/render.py

espeak-ng (GPL) is used as a tool; its licence does not reach the sound it makes. The recordings are what
the switch plays: 8 kHz, 16 bit, mono, of one loudness, with a tenth of a second of silence around them.
"""

from __future__ import annotations

import ctypes
import importlib
import math
import sys
import wave
from array import array
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
SOUNDS = HERE / "sounds"
RATE = 8000
VOICES = {"zh": b"cmn", "en": b"en"}
WORDS_PER_MINUTE = 155  # espeak's 175 is too quick for a telephone

SPEECH_DB = -20.0  # RMS of what is spoken, in dB below full scale
MUSIC_DB = -26.0  # under the voice that interrupts it
PEAK_DB = -3.0
MARGIN_S = 0.1
QUIET = 0.004  # samples below this part of full scale are silence, to be trimmed

Samples = list[float]


class Speaker:
    """espeak-ng through ctypes: text in, samples from -1 to 1 out."""

    def __init__(self) -> None:
        loader: Any = importlib.import_module("espeakng_loader")
        self._lib = ctypes.CDLL(loader.get_library_path())
        data = str(loader.get_data_path()).encode()
        self.rate = int(self._lib.espeak_Initialize(2, 0, data, 0))  # 2: retrieval, no sound card
        if self.rate <= 0:
            raise RuntimeError("espeak-ng does not start")
        self._heard: array[int] = array("h")
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self._callback = kind(self._take)  # kept: ctypes does not
        self._lib.espeak_SetSynthCallback(self._callback)
        self._lib.espeak_SetParameter(1, WORDS_PER_MINUTE, 0)

    def _take(self, samples: Any, count: int, _: Any) -> int:
        if samples and count > 0:
            self._heard.extend(samples[:count])
        return 0

    def say(self, voice: bytes, text: str) -> Samples:
        self._heard = array("h")
        self._lib.espeak_SetVoiceByName(voice)
        spoken = text.encode()
        self._lib.espeak_Synth(spoken, len(spoken) + 1, 0, 1, 0, 1, None, None)
        self._lib.espeak_Synchronize()
        return [sample / 32768 for sample in self._heard]


def resampled(samples: Samples, rate: int) -> Samples:
    """To 8 kHz by a windowed sinc that lets pass what a telephone does (3.4 kHz)."""
    cut, half = 3400 / rate, 48
    taps = [_sinc(2 * cut * k) * 2 * cut * _window(k / half) for k in range(-half, half + 1)]
    # The taps are for whole input samples; an output between two takes the nearer one, which at
    # 22 kHz is off by 23 µs at most and not to be heard in speech.
    count = int(len(samples) * RATE / rate)
    padded = [0.0] * half + samples + [0.0] * (half + 1)
    result = []
    for index in range(count):
        middle = round(index * rate / RATE)
        part = padded[middle : middle + len(taps)]
        result.append(sum(map(float.__mul__, part, taps)))
    return result


def _sinc(x: float) -> float:
    return 1.0 if x == 0 else math.sin(math.pi * x) / (math.pi * x)


def _window(x: float) -> float:
    return 0.42 + 0.5 * math.cos(math.pi * x) + 0.08 * math.cos(2 * math.pi * x)


def trimmed(samples: Samples) -> Samples:
    """Without the silence around it."""
    loud = [index for index, sample in enumerate(samples) if abs(sample) > QUIET]
    return samples[loud[0] : loud[-1] + 1] if loud else []


def levelled(samples: Samples, rms_db: float) -> Samples:
    """At one loudness; peaks above -3 dB are rounded off, not clipped."""
    rms = math.sqrt(sum(s * s for s in samples) / len(samples))
    gain = 10 ** (rms_db / 20) / rms
    ceiling = 10 ** (PEAK_DB / 20) * 0.99
    return [ceiling * math.tanh(sample * gain / ceiling) for sample in samples]


def write(path: Path, samples: Samples) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, len(samples), "NONE", ""))
        file.writeframes(array("h", [round(s * 32767) for s in samples]).tobytes())


def speak_all() -> None:
    speaker = Speaker()
    silence = [0.0] * int(MARGIN_S * RATE)
    texts = yaml.safe_load((HERE / "prompts.yaml").read_text(encoding="utf-8"))
    for name, languages in texts.items():
        for language, spoken in languages.items():
            told = {"voice": language, **(spoken if isinstance(spoken, dict) else {"text": spoken})}
            samples = speaker.say(VOICES[told["voice"]], told.get("said", told["text"]))
            voice = levelled(trimmed(resampled(samples, speaker.rate)), SPEECH_DB)
            write(SOUNDS / language / f"{name}.wav", silence + voice + silence)


LOOP_S = 20
CHORDS = (  # of a slow, friendly cadence, in Hz: C, A minor, F, G, each with an octave below
    (130.81, 261.63, 329.63, 392.00),
    (110.00, 261.63, 329.63, 440.00),
    (87.31, 261.63, 349.23, 440.00),
    (98.00, 246.94, 293.66, 392.00),
)


def music() -> Samples:
    """A pad that begins as it ends: every partial runs a whole number of times through the loop."""
    count = LOOP_S * RATE
    mixed = [0.0] * count
    for number, chord in enumerate(CHORDS):
        for tone in chord:
            for partial, strength in ((1, 1.0), (2, 0.35), (3, 0.12)):
                for detune in (-1, 1):  # two voices a shade apart: it breathes
                    turns = round(tone * partial * LOOP_S) + detune * partial
                    _add(mixed, number, turns, strength / len(CHORDS))
    return levelled(mixed, MUSIC_DB)


def _add(mixed: Samples, chord: int, turns: int, strength: float) -> None:
    """A tone under its chord's swell, which is as long as two chords and wraps around."""
    count = len(mixed)
    length = 2 * count // len(CHORDS)
    begin = chord * count // len(CHORDS)
    for offset in range(length):
        index = (begin + offset) % count
        swell = math.sin(math.pi * offset / length) ** 2
        mixed[index] += strength * swell * math.sin(2 * math.pi * turns * index / count)


if __name__ == "__main__":
    speak_all()
    write(SOUNDS / "music" / "hold.wav", music())
    sys.stderr.write(f"rendered to {SOUNDS}\n")
