"""Conversations are recorded where the rule says so: both sides, silent where paused, told when not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.live import sound
from tests.live.centre import AGENT_HZ, CALLER_HZ, Centre, Talk, hear_each_other
from tests.live.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")


@asynccontextmanager
async def recorded(centre: Centre, queue: str = "support") -> AsyncIterator[None]:
    await centre.admin.ask("PATCH", f"/admin/queues/{queue}", {"recording": "from_answer"})
    try:
        yield
    finally:
        await centre.admin.ask("PATCH", f"/admin/queues/{queue}", {"recording": "never"})


async def kept(centre: Centre, talk: Talk) -> sound.Recording:
    """From the store, where the gateway has put it."""
    stored = await centre.fact("RecordingStored", contactId=talk.contact_id)
    store = centre.suite.recordings_dir.with_name("store")
    (path,) = store.rglob(f"{talk.agent_leg}.wav")
    assert path.stat().st_size == int(stored["sizeBytes"])
    return sound.read(path)


def seconds_heard(recording: sound.Recording, channel: int, hz: float) -> list[bool]:
    """For each second of the file, two to overlap, whether the tone is there."""
    step = recording.rate_hz
    samples = recording.channels[channel]
    parts = [samples[at : at + step] for at in range(0, len(samples) - step, step // 2)]
    return [sound.tone_dbfs(part, recording.rate_hz, hz) > sound.HEARD_DBFS for part in parts]


async def test_both_are_heard_each_on_a_side_and_nothing_while_it_is_paused(centre: Centre) -> None:
    """A card number that is said during the pause must not be in the file, on neither side."""
    async with (
        recorded(centre),
        centre.agent("1011", "support") as agent,
        centre.talk("+441632960131", agent) as talk,
    ):
        await agent.pushed("recording", contact_id=talk.contact_id, state="recording")
        await hear_each_other(talk, centre.switch)
        await agent.does("pause_recording", contact_id=talk.contact_id)
        await agent.pushed("recording", contact_id=talk.contact_id, state="paused")
        await hear_each_other(talk, centre.switch)  # seconds go by, and both go on talking
        await agent.does("pause_recording", contact_id=talk.contact_id)
        await hear_each_other(talk, centre.switch)
        await agent.does("resume_recording", contact_id=talk.contact_id)
        await agent.pushed("recording", contact_id=talk.contact_id, state="recording")
        await hear_each_other(talk, centre.switch)
        await agent.does("hangup", contact_id=talk.contact_id)
        stopped = await centre.fact("RecordingStopped", contactId=talk.contact_id)
        await talk.caller.hang_up()

    recording = await kept(centre, talk)
    assert len(recording.channels) == 2
    assert len(stopped["pauses"]) == 1
    assert abs(int(stopped["lengthMs"]) / 1000 - recording.seconds) < 0.5
    for side, hz in ((0, CALLER_HZ), (1, AGENT_HZ)):
        heard = seconds_heard(recording, side, hz)
        first, last = heard.index(True), len(heard) - heard[::-1].index(True)
        silent = heard[first:last].count(False)
        assert silent >= 3, f"a pause of seconds in the middle: {heard}"
        middle = heard[first:last].index(False)
        assert True in heard[middle:], "and sound after it"
    assert not centre.all_facts("RecordingFailed", contactId=talk.contact_id)
    assert len(centre.all_facts("RecordingPaused", contactId=talk.contact_id)) == 1


async def test_survey_after_the_talk_is_not_in_the_recording(centre: Centre) -> None:
    """The caller's leg lives on in the flow: the recorder on it must not."""
    async with (
        recorded(centre),
        centre.agent("1012", "support") as agent,
        centre.talk("+441632960132", agent) as talk,
    ):
        await hear_each_other(talk, centre.switch)
        await agent.does("hangup", contact_id=talk.contact_id)
        await centre.fact("RecordingStopped", contactId=talk.contact_id)
        async with centre.switch.link() as link:
            assert "session_record" not in await link.api(f"uuid_buglist {talk.caller_leg}")
        await talk.caller.hang_up()


async def test_folder_that_cannot_be_written_is_told_and_the_talk_goes_on(centre: Centre) -> None:
    folder = centre.suite.recordings_dir / "calls"
    aside = folder.with_name("calls-aside")
    if folder.exists():
        folder.rename(aside)
    folder.write_text("no folder: nothing can be written into it")
    try:
        async with (
            recorded(centre),
            centre.agent("1013", "support") as agent,
            centre.talk("+441632960133", agent) as talk,
        ):
            await agent.pushed("recording", contact_id=talk.contact_id, state="failed")
            await hear_each_other(talk, centre.switch)
            await talk.caller.hang_up()
        failed = await centre.fact("RecordingFailed", contactId=talk.contact_id)
    finally:
        folder.unlink()
        if aside.exists():
            aside.rename(folder)
    assert failed["reason"] == "refused"
    await centre.ended(talk.contact_id, "answered")


async def test_acd_dies_during_a_pause_and_the_recording_stays_silent_until_it_is_resumed(
    centre: Centre,
) -> None:
    async with (
        recorded(centre),
        centre.agent("1014", "support") as agent,
        centre.talk("+441632960134", agent) as talk,
    ):
        await hear_each_other(talk, centre.switch)
        await agent.does("pause_recording", contact_id=talk.contact_id)
        await agent.pushed("recording", contact_id=talk.contact_id, state="paused")
        await centre.suite.kill("acd")
        await centre.suite.restart("acd")

        async def known_again() -> bool:
            view = await agent.door.ask("GET", "/agent")
            return bool(view["contact"] and view["contact"]["recording"] == "paused")

        await until(known_again, within_s=30, what="the pause known after the restart")
        await hear_each_other(talk, centre.switch)
        await agent.does("resume_recording", contact_id=talk.contact_id)
        await hear_each_other(talk, centre.switch)
        await agent.does("hangup", contact_id=talk.contact_id)
        await centre.fact("RecordingStopped", contactId=talk.contact_id)
        await talk.caller.hang_up()

    heard = seconds_heard(await kept(centre, talk), 0, CALLER_HZ)
    first, last = heard.index(True), len(heard) - heard[::-1].index(True)
    assert heard[first:last].count(False) >= 3, f"silent in the middle, sound on both ends: {heard}"
