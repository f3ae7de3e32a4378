"""Calling somebody back: one hears the ringing tone on a leg in park, is bridged, ends as any call does."""

from __future__ import annotations

import pytest

from tests.contract.switch.client import Esl, fresh_uuid
from tests.contract.switch.test_conversations import END, LIFE, parked

pytestmark = pytest.mark.contract

TONE = "tone_stream://%(1000,4000,450);loops=-1"


async def dialled(
    link: Esl, *, leg: str = "null/x", seconds: int = 5, variables: str = ""
) -> tuple[str, str]:
    """The uuid of a customer's leg, and the job that calls it."""
    uuid, job = fresh_uuid(), fresh_uuid()
    names = f"^^|origination_uuid={uuid}|ignore_early_media=true|sy_leg=caller{variables}"
    line = f"bgapi originate {{{names}}}{leg} &park() undef undef undef undef {seconds}"
    await link.command(line, Job_UUID=job)
    return uuid, job


async def test_the_tone_ends_when_the_two_are_bridged(esl: Esl) -> None:
    """Agent first: the leg in park hears the tone, the customer answers, uuid_bridge stops it."""
    await esl.command(f"event json {LIFE} {END} PLAYBACK_START PLAYBACK_STOP BACKGROUND_JOB")
    agent = await parked(esl)
    assert (await esl.api(f"uuid_broadcast {agent} {TONE} aleg")).startswith("+OK")
    await esl.event("PLAYBACK_START", agent)
    customer, job = await dialled(esl)
    assert (await esl.event("BACKGROUND_JOB", Job_UUID=job)).body == f"+OK {customer}\n"
    assert await esl.api(f"uuid_bridge {customer} {agent}") == f"+OK {agent}\n"
    await esl.event("PLAYBACK_STOP", agent)
    bridged = await esl.event("CHANNEL_BRIDGE")
    assert {bridged["Bridge-A-Unique-ID"], bridged["Bridge-B-Unique-ID"]} == {agent, customer}
    await esl.api(f"uuid_kill {customer}")
    await esl.event("CHANNEL_HANGUP_COMPLETE", customer)
    await esl.event("CHANNEL_HANGUP_COMPLETE", agent)


async def test_the_customer_hears_the_tone_until_the_agent_is_there(esl: Esl) -> None:
    """Customer first: the same, the other way round."""
    await esl.command(f"event json {LIFE} {END} PLAYBACK_START PLAYBACK_STOP")
    customer = await parked(esl, "sy_leg=caller,sy_callback=1")
    assert (await esl.api(f"uuid_broadcast {customer} {TONE} aleg")).startswith("+OK")
    await esl.event("PLAYBACK_START", customer)
    agent = await parked(esl)
    assert await esl.api(f"uuid_bridge {customer} {agent}") == f"+OK {agent}\n"
    await esl.event("PLAYBACK_STOP", customer)
    await esl.event("CHANNEL_BRIDGE")
    await esl.api(f"uuid_kill {agent}")
    gone = await esl.event("CHANNEL_HANGUP_COMPLETE", customer)
    assert gone["variable_sy_callback"] == "1"


async def test_who_hangs_up_while_the_tone_plays_is_gone(esl: Esl) -> None:
    await esl.command(f"event json {LIFE} {END} PLAYBACK_START")
    agent = await parked(esl)
    await esl.api(f"uuid_broadcast {agent} {TONE} aleg")
    await esl.event("PLAYBACK_START", agent)
    assert await esl.api(f"uuid_kill {agent} NORMAL_CLEARING") == "+OK\n"
    assert (await esl.event("CHANNEL_HANGUP_COMPLETE", agent))["Hangup-Cause"] == "NORMAL_CLEARING"


async def test_nobody_answers_and_both_words_name_the_leg(esl: Esl) -> None:
    """What the answer to the command says, the leg's own end says as well, with our variables on it."""
    await esl.command(f"event json {END} BACKGROUND_JOB")
    silent = "|null_enable_auto_answer=true|null_auto_answer_delay=60000"
    customer, job = await dialled(esl, seconds=2, variables=silent)
    gone = await esl.event("CHANNEL_HANGUP_COMPLETE", customer)
    assert (gone["Hangup-Cause"], gone["variable_sy_leg"]) == ("NO_ANSWER", "caller")
    assert (await esl.event("BACKGROUND_JOB", Job_UUID=job)).body == "-ERR NO_ANSWER\n"


async def test_an_attempt_is_taken_back_while_it_rings(esl: Esl) -> None:
    await esl.command(f"event json CHANNEL_CREATE {END} BACKGROUND_JOB")
    silent = "|null_enable_auto_answer=true|null_auto_answer_delay=60000"
    customer, job = await dialled(esl, variables=silent)
    await esl.event("CHANNEL_CREATE", customer)
    assert await esl.api(f"uuid_kill {customer} ORIGINATOR_CANCEL") == "+OK\n"
    assert (await esl.event("CHANNEL_HANGUP_COMPLETE", customer))["Hangup-Cause"] == "ORIGINATOR_CANCEL"
    assert (await esl.event("BACKGROUND_JOB", Job_UUID=job)).body == "-ERR ORIGINATOR_CANCEL\n"
