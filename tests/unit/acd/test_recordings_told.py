"""What the switch is told of recordings, in which order, and what it says."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.acd.config import AcdConfig
from services.acd.domain import RecordingFailure
from services.acd.engine import commands, stimuli
from services.acd.engine.recording import file_of
from services.acd.service.recording import Recordings
from services.chassis.esl import CommandFailed

CALL, CONTACT, OFFER = (f"{n}1890a5d-ac96-774b-bcce-b302099a8057" for n in "012")
ROOT = "/var/recordings"
PATH = f"{ROOT}/{file_of(CONTACT, OFFER)}"


class Switch:
    """A link that notes what it is asked; each answer is given by hand."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: list[asyncio.Future[str]] = []

    def ask(self, command: Any) -> asyncio.Future[str]:
        self.asked.append(command.text)
        self.answers.append(asyncio.get_running_loop().create_future())
        return self.answers[-1]


class Engines:
    def __init__(self) -> None:
        self.told: list[stimuli.Stimulus] = []

    def tell(self, tenant: str, stimulus: stimuli.Stimulus, cause: Any = None) -> None:
        self.told.append(stimulus)


def recordings() -> tuple[Recordings, Switch, Engines]:
    engines = Engines()
    return Recordings(ROOT, engines), Switch(), engines  # type: ignore[arg-type]


def carry(parts: Recordings, switch: Switch, order: Any) -> Any:
    return parts.carry("demo", switch, order)  # type: ignore[arg-type]


async def test_mark_of_a_pause_is_set_before_and_taken_away_after() -> None:
    """Should we die between the two, what is said is not kept."""
    parts, switch, engines = recordings()
    on = carry(parts, switch, commands.MaskRecording("fs1", CALL, CONTACT, OFFER, True))
    carry(parts, switch, commands.MaskRecording("fs1", CALL, CONTACT, OFFER, False))
    assert switch.asked == [
        f"uuid_setvar {CALL} sy_recording_paused 1",
        f"uuid_record {CALL} mask {PATH}",
        f"uuid_record {CALL} unmask {PATH}",
        f"uuid_setvar {CALL} sy_recording_paused 0",
    ]
    assert engines.told == []
    on.set_result("+OK")
    await asyncio.sleep(0)
    assert engines.told == [stimuli.RecordingMasked(OFFER, on=True)]


@pytest.mark.parametrize("again", [False, True])
async def test_answer_to_a_start(again: bool) -> None:
    """+OK to a first one is only a promise; to one that should run already it says that it does."""
    parts, switch, engines = recordings()
    carry(parts, switch, commands.StartRecording("fs1", CALL, CONTACT, OFFER, again=again))
    assert switch.asked[1] == f"uuid_record {CALL} start {PATH} 86400"
    assert ("RECORD_APPEND" in switch.asked[0]) is again
    switch.answers[1].set_result("+OK Success")
    await asyncio.sleep(0)
    assert engines.told == ([stimuli.RecordingRuns(OFFER)] if again else [])


async def test_refusal_is_told_in_the_switchs_words() -> None:
    parts, switch, engines = recordings()
    carry(parts, switch, commands.StartRecording("fs1", CALL, CONTACT, OFFER))
    switch.answers[1].set_exception(CommandFailed("uuid_record", "-ERR Cannot record session!"))
    await asyncio.sleep(0)
    expected = stimuli.RecordingRefused(OFFER, RecordingFailure.REFUSED, "Cannot record session!")
    assert engines.told == [expected]


@pytest.mark.parametrize("call", ["x\nhupall", "", "a b", "${exit}", "é" * 40])
async def test_call_that_cannot_be_told_to_a_switch_is_not_recorded_and_that_is_told(call: str) -> None:
    parts, switch, engines = recordings()
    assert carry(parts, switch, commands.StartRecording("fs1", call, CONTACT, OFFER)) is None
    assert switch.asked == []
    assert [type(told) for told in engines.told] == [stimuli.RecordingRefused]


@pytest.mark.parametrize("folder", ["recordings", "/var/my recordings", "/var/../etc", "/a;b", "/"])
def test_folder_that_a_switch_would_take_apart_is_refused_at_the_start(folder: str) -> None:
    with pytest.raises(ValueError, match="plain names"):
        AcdConfig(database_url="postgresql://x", acd_recordings_dir=folder)  # type: ignore[arg-type]
