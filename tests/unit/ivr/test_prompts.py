"""The recordings, listened to by measuring."""

from __future__ import annotations

import itertools
import math
import wave
from array import array
from pathlib import Path

import pytest
import yaml

from services.ivr.domain import LANGUAGES, WAIT_PROMPTS
from services.ivr.engine import speech
from services.ivr.engine.foretold import wait_said
from services.ivr.engine.waiting import place_said
from services.ivr.prompts import SOUNDS, Prompts

RECORDINGS = sorted(SOUNDS.glob("*/*.wav"))
SPOKEN = [path for path in RECORDINGS if path.parent.name in LANGUAGES]
MARGIN = 790  # samples: a tenth of a second at 8 kHz, less the resampler's rounding


def samples(path: Path) -> array[int]:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8000)
        return array("h", file.readframes(file.getnframes()))


def decibel(value: float) -> float:
    return 20 * math.log10(max(value, 1) / 32768)


@pytest.mark.parametrize("path", SPOKEN, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_spoken_at_one_loudness_with_silence_around(path: Path) -> None:
    heard = samples(path)
    voice = heard[MARGIN:-MARGIN]
    assert 0.4 < len(heard) / 8000 < 8
    assert -23 < decibel(math.sqrt(sum(s * s for s in voice) / len(voice))) < -18
    assert decibel(max(map(abs, heard))) <= -3
    assert not any(heard[:MARGIN])
    assert not any(heard[-MARGIN:])


def test_music_is_soft_and_has_no_seam() -> None:
    """Its end meets its beginning: the step there is no larger than any other in it."""
    music = samples(SOUNDS / "music" / "hold.wav")
    steps = [abs(b - a) for a, b in itertools.pairwise(music)]
    assert abs(music[0] - music[-1]) <= max(steps)
    assert -30 < decibel(math.sqrt(sum(s * s for s in music) / len(music))) < -22
    tenths = [max(map(abs, music[i : i + 800])) for i in range(0, len(music), 800)]
    assert min(map(decibel, tenths)) > -40, "a hole in the music sounds like a lost call"
    assert 15 < len(music) / 8000 < 25


def test_small_enough_to_clone() -> None:
    assert sum(path.stat().st_size for path in RECORDINGS) < 4_000_000
    assert (SOUNDS / "music" / "hold.wav").stat().st_size < 400_000


def test_every_text_is_recorded() -> None:
    texts = yaml.safe_load((SOUNDS.parent / "prompts.yaml").read_text(encoding="utf-8"))
    listed = {(language, name) for name, spoken in texts.items() for language in spoken}
    assert listed == {(path.parent.name, path.stem) for path in SPOKEN}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_can_be_said(language: str) -> None:
    prompts = Prompts()
    pieces = {piece for value in range(10_050) for piece in speech.number(language, value)}
    pieces |= set(speech.counted(language, 2)) | set(speech.digits("0123456789"))
    pieces |= set(place_said(language, 1)) | set(place_said(language, 3))
    assert [piece for piece in sorted(pieces) if not prompts.has(piece, language)] == []


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        (0, "0", "0"),
        (7, "7", "7"),
        (10, "10", "10"),
        (12, "10 2", "12"),
        (20, "2 10", "20"),
        (42, "4 10 2", "40 2"),
        (100, "1 hundred", "1 hundred"),
        (102, "1 hundred 0 2", "1 hundred 2"),
        (110, "1 hundred 1 10", "1 hundred 10"),
        (2010, "2 thousand 0 1 10", "2 thousand 10"),
        (3006, "3 thousand 0 6", "3 thousand 6"),
        (9999, "9 thousand 9 hundred 9 10 9", "9 thousand 9 hundred 90 9"),
        (123_456, "9 thousand 9 hundred 9 10 9", "9 thousand 9 hundred 90 9"),
    ],
)
def test_numbers(value: int, zh: str, en: str) -> None:
    for language, said in (("zh", zh), ("en", en)):
        assert " ".join(piece.removeprefix("n_") for piece in speech.number(language, value)) == said


def test_two_callers_are_counted_as_a_native_would() -> None:
    """Callers heard "您前面还有二位客户": everybody understands it and nobody says it."""
    assert place_said("zh", 3) == ("ahead_before", "n_2_counted", "ahead_after")
    assert place_said("zh", 13) == ("ahead_before", "n_10", "n_2", "ahead_after")
    assert place_said("en", 3) == ("ahead_before", "n_2", "ahead_after")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_wait_can_be_said(language: str) -> None:
    prompts = Prompts()
    pieces = {piece for minutes in range(1, 40) for piece in wait_said(language, minutes)}
    assert [piece for piece in sorted(pieces) if not prompts.has(piece, language)] == []
    assert pieces >= set(WAIT_PROMPTS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_place_and_wait_are_said_in_one_breath(language: str) -> None:
    """With the longest of numbers: it comes round every 20 s, and most of the time should be music."""
    prompts = Prompts()
    said = (*place_said(language, 78), *wait_said(language, 28), "press_1_for_message")
    assert sum(prompts.length_s(each, language) for each in said) < 14


def test_unreadable_recording_has_a_length(tmp_path: Path) -> None:
    (tmp_path / "zh").mkdir()
    (tmp_path / "zh" / "odd.wav").write_bytes(b"ID3 not a wave file")
    assert Prompts(tmp_path).length_s("odd", "zh") == 10
