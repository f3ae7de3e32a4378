"""A whole conversation on the switch alone: what the suite's services ask for, asked by the test.

It keeps the switch's part of the promise (sound both ways, apart in the recording; the caller comes
back when the agent hangs up), so that a failure of the whole suite can be told from one of the switch.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import pytest

from tests.live import esl, phones, sound
from tests.live.esl import Controller, Link
from tests.live.phones import Phone
from tests.live.switch import DOMAIN, FreeSwitch
from tests.live.waiting import until

pytestmark = pytest.mark.usefixtures("baresip")

NUMBER = "+441632960000"
CALLER_HZ, AGENT_HZ = 440, 880
TALK_S = 3


@dataclass
class Conversation:
    """Caller and agent bridged as the ACD does it, the IVR's first socket still open."""

    ivr: Controller
    socket: Link
    acd: Link
    caller: Phone
    agent: Phone
    caller_uuid: str
    agent_uuid: str


@asynccontextmanager
async def conversation(freeswitch: FreeSwitch, user: str) -> AsyncIterator[Conversation]:
    uuid = str(uuid4())
    async with (
        freeswitch.link("ALL") as acd,
        esl.listening(freeswitch.ivr_ports[0]) as ivr,
        phones.agent(freeswitch, user, tone_hz=AGENT_HZ) as agent,
        phones.place_call(freeswitch, NUMBER, tone_hz=CALLER_HZ) as caller,
    ):
        await agent.said("REGISTER_OK")
        socket, channel = await ivr.call()
        await socket.execute("answer")
        await caller.said("CALL_ESTABLISHED")
        await socket.execute("set", "sy_contact_id=c-1")
        await socket.execute("playback", "local_stream://moh")  # held in the queue
        await acd.send(
            f"bgapi originate {{origination_uuid={uuid},sy_leg=agent,sy_contact_id=c-1,"
            f"originate_timeout=10}}user/{user}@{DOMAIN} &park()"
        )
        await agent.answer()
        await acd.event(lambda e: e["Event-Name"] == "CHANNEL_PARK" and e["Unique-ID"] == uuid)
        await acd.api(f"uuid_bridge {channel['Unique-ID']} {uuid}")
        await acd.event("CHANNEL_BRIDGE")
        yield Conversation(ivr, socket, acd, caller, agent, channel["Unique-ID"], uuid)


async def test_a_phone_sends_nothing_for_two_seconds_and_the_talk_goes_on(freeswitch: FreeSwitch) -> None:
    """A network that changes its way, a phone that saves packets: the switch used to hang up after 0.12 s."""
    async with conversation(freeswitch, "1011") as c:
        await c.caller.silent(2)
        await c.agent.silent(2)
        assert await c.acd.api(f"uuid_exists {c.caller_uuid}") == "true"
        path = freeswitch.recordings / "after-the-gap.wav"
        await c.acd.api(f"uuid_record {c.caller_uuid} start {path} {TALK_S}")
        await c.acd.event("RECORD_STOP", within_s=TALK_S + 5)
        await c.agent.hang_up()

    recording = sound.read(path)
    assert recording.hears(0, CALLER_HZ)
    assert recording.hears(1, AGENT_HZ)


async def test_both_hear_each_other_and_the_recording_keeps_them_apart(
    freeswitch: FreeSwitch,
) -> None:
    path = freeswitch.recordings / "conversation.wav"
    async with conversation(freeswitch, "1006") as c:
        await c.acd.api(f"uuid_record {c.caller_uuid} start {path} {TALK_S}")
        stopped = await c.acd.event("RECORD_STOP", within_s=TALK_S + 5)
        await c.agent.hang_up()
        await c.agent.said("CALL_CLOSED")
        await c.ivr.call()
        await c.caller.hang_up()
        await c.caller.said("CALL_CLOSED")

    recording = sound.read(path)
    assert stopped["Record-File-Path"] == str(path)
    assert len(recording.channels) == 2
    caller_side, agent_side = 0, 1
    assert recording.hears(caller_side, CALLER_HZ)
    assert recording.hears(agent_side, AGENT_HZ)
    assert not recording.hears(caller_side, AGENT_HZ)
    assert not recording.hears(agent_side, CALLER_HZ)
    assert c.caller.heard().hears(0, AGENT_HZ)
    assert c.agent.heard().hears(0, CALLER_HZ)


async def test_agent_hangs_up_and_the_caller_is_back_in_the_ivr_for_the_survey(
    freeswitch: FreeSwitch,
) -> None:
    """Twice: FreeSWITCH forgets the way back each time it has used it."""
    async with conversation(freeswitch, "1007") as c:
        await c.agent.hang_up()
        survey, channel = await c.ivr.call()

        assert channel["Unique-ID"] == c.caller_uuid
        assert channel["Caller-Destination-Number"] == "ivr"
        assert channel["variable_sip_req_user"] == NUMBER
        assert channel["variable_sy_leg"] == "caller"
        assert channel["variable_sy_contact_id"] == "c-1"
        assert channel["variable_transfer_after_bridge"] == "ivr:XML:switchyard"

        await c.caller.press("5")
        key = await survey.event("DTMF")
        assert key["DTMF-Digit"] == "5"
        await survey.execute("hangup")
        await c.caller.said("CALL_CLOSED")


async def test_ivr_dies_during_a_conversation_and_nobody_in_it_notices(
    freeswitch: FreeSwitch,
) -> None:
    """The same setting that saves a caller in the menu tore down every conversation of a dead IVR."""
    async with conversation(freeswitch, "1008") as c:
        await until(lambda: left_alone(c), within_s=5, what="bridged without its controller")
        await c.socket.close()
        # A key pressed afterwards goes all the way: the bridge outlived the socket.
        await c.caller.press("1")
        await c.acd.event("DTMF")

        assert await c.acd.api(f"uuid_exists {c.agent_uuid}") == "true"
        assert await c.acd.api(f"uuid_exists {c.caller_uuid}") == "true"
        assert c.ivr.calls.empty()


async def left_alone(c: Conversation) -> bool:
    return await c.acd.api(f"uuid_getvar {c.caller_uuid} socket_resume") == "false"
