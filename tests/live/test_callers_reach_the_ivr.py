"""A call from a trunk: the IVR gets it, or its neighbour, or the caller hears why not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from tests.live import esl, phones, sound
from tests.live.esl import Event, Link
from tests.live.switch import DOMAIN, FreeSwitch

pytestmark = pytest.mark.usefixtures("baresip")

NUMBER = "+441632960000"
SHORT_APOLOGY_HZ = 700
SHORT_APOLOGY = f"tone_stream://%(1500,0,{SHORT_APOLOGY_HZ})"


async def test_ivr_gets_the_call_unanswered_and_marked_as_ours(freeswitch: FreeSwitch) -> None:
    async with (
        esl.listening(freeswitch.ivr_ports[0]) as ivr,
        phones.place_call(freeswitch, NUMBER, tone_hz=440) as caller,
    ):
        link, channel = await ivr.call()

        assert channel["variable_sy_leg"] == "caller"
        assert channel["variable_sy_tenant"] == "demo"
        assert channel["variable_hangup_after_bridge"] == "false"
        assert channel["variable_transfer_after_bridge"] == "ivr:XML:switchyard"
        assert channel["Caller-Destination-Number"] == NUMBER
        assert channel["Answer-State"] == "ringing"
        await link.execute("answer")
        await caller.said("CALL_ESTABLISHED")
        await link.execute("hangup", "NORMAL_CLEARING")
        await caller.said("CALL_CLOSED")


async def test_first_ivr_is_down_and_the_second_gets_the_call(freeswitch: FreeSwitch) -> None:
    async with (
        esl.listening(freeswitch.ivr_ports[1]) as second,
        phones.place_call(freeswitch, NUMBER, tone_hz=440),
    ):
        _, channel = await second.call()

        assert channel["variable_sy_leg"] == "caller"


async def test_no_ivr_at_all_and_the_caller_hears_the_apology(freeswitch: FreeSwitch, watcher: Link) -> None:
    """Never silence, never for money: the apology is early media, then 503."""
    async with phones.place_call(freeswitch, NUMBER, tone_hz=440) as caller:
        ended = await caller.said("CALL_CLOSED", within_s=40)
        hung_up = await watcher.event("CHANNEL_HANGUP_COMPLETE")

    assert ended["param"].startswith("503")
    assert hung_up["Hangup-Cause"] == "NORMAL_TEMPORARY_FAILURE"
    assert int(hung_up["variable_billsec"]) == 0
    assert caller.heard().seconds > 10
    assert caller.heard().loudness_dbfs() > sound.HEARD_DBFS


async def test_ivr_dies_in_the_middle_of_a_call_and_its_neighbour_takes_over(
    freeswitch: FreeSwitch,
) -> None:
    """What the first had written on the channel is what the second goes on from."""
    async with esl.listening(freeswitch.ivr_ports[1]) as second:
        async with esl.listening(freeswitch.ivr_ports[0]) as first:
            call = phones.place_call(freeswitch, NUMBER, tone_hz=440)
            caller = await call.__aenter__()
            link, before = await first.call()
            await link.execute("answer")
            await caller.said("CALL_ESTABLISHED")
            await link.execute("set", "sy_flow_node=menu")
            await link.event(executed("set"))
        _, after = await second.call()
        await call.__aexit__(None, None, None)

    assert after["Unique-ID"] == before["Unique-ID"]
    assert after["variable_sy_flow_node"] == "menu"


def executed(application: str) -> Callable[[Event], bool]:
    return lambda e: e["Event-Name"] == "CHANNEL_EXECUTE_COMPLETE" and e["Application"] == application


@pytest.fixture
async def emergency(watcher: Link) -> AsyncIterator[Link]:
    """Agent 1009's telephone as the emergency number; a short tone for an apology."""
    settings = {"cfg_emergency_dial": f"user/1009@{DOMAIN}", "cfg_sorry": SHORT_APOLOGY}
    before = {name: await watcher.api(f"global_getvar {name}") for name in settings}
    for name, value in settings.items():
        await watcher.api(f"global_setvar {name}={value}")
    yield watcher
    for name, value in before.items():
        await watcher.api(f"global_setvar {name}={value}")


@pytest.mark.usefixtures("emergency")
async def test_no_ivr_and_the_emergency_number_takes_the_call(freeswitch: FreeSwitch) -> None:
    """And when that talk ends the call ends: there is no IVR to come back to."""
    async with (
        phones.agent(freeswitch, "1009", tone_hz=880) as stand_in,
        phones.place_call(freeswitch, NUMBER, tone_hz=440) as caller,
    ):
        await stand_in.said("REGISTER_OK")
        await stand_in.answer()
        await caller.said("CALL_ESTABLISHED")
        await stand_in.hang_up()
        await caller.said("CALL_CLOSED")


async def test_no_ivr_and_nobody_at_the_emergency_number_either(
    freeswitch: FreeSwitch, emergency: Link
) -> None:

    def of_the_caller(event: dict[str, str]) -> bool:
        number = event.get("Caller-Caller-ID-Number", "")
        return event["Event-Name"] == "CHANNEL_HANGUP_COMPLETE" and number.endswith("1632960077")

    await emergency.api(f"global_setvar cfg_emergency_dial=user/1020@{DOMAIN}")  # signed off
    async with phones.place_call(freeswitch, NUMBER, caller="+441632960077", tone_hz=440) as caller:
        ended = await caller.said("CALL_CLOSED", within_s=20)
        hung_up = await emergency.event(of_the_caller)  # the call before this one may end late

    assert ended["param"].startswith("503")
    assert hung_up["Hangup-Cause"] == "NORMAL_TEMPORARY_FAILURE"
    assert caller.heard().hears(0, SHORT_APOLOGY_HZ)
