"""Agents' telephones: who may register, and what a registration is good for."""

from __future__ import annotations

import pytest

from tests.live import phones, sipp
from tests.live.esl import Event, Link
from tests.live.switch import DOMAIN, FreeSwitch, lines


@pytest.mark.usefixtures("baresip")
async def test_agent_registers_with_digest(freeswitch: FreeSwitch, watcher: Link) -> None:
    async with phones.agent(freeswitch, "1001", tone_hz=440) as phone:
        await phone.said("REGISTER_OK")

        contact = await watcher.api(f"sofia_contact agents/1001@{DOMAIN}")
        assert contact.startswith("sofia/agents/sip:1001")


@pytest.mark.usefixtures("baresip")
async def test_wrong_password_is_refused(freeswitch: FreeSwitch, watcher: Link) -> None:
    async with phones.agent(freeswitch, "1002", tone_hz=440, password="guess") as phone:
        await phone.said("REGISTER_FAIL")

        assert "error" in await watcher.api(f"sofia_contact agents/1002@{DOMAIN}")


@pytest.mark.usefixtures("sipp_program")
@pytest.mark.parametrize("user", ["100", "admin", "1021"])
async def test_scanner_with_a_made_up_user_is_refused(freeswitch: FreeSwitch, user: str) -> None:
    await sipp.passes("register-unknown", freeswitch.agents_port, user=user, password="1234")


@pytest.mark.usefixtures("sipp_program")
async def test_known_agent_with_a_guessed_password_is_refused(freeswitch: FreeSwitch) -> None:
    await sipp.passes("register-unknown", freeswitch.agents_port, user="1003", password="1003")


@pytest.mark.usefixtures("sipp_program")
async def test_stolen_password_cannot_dial_out(freeswitch: FreeSwitch, watcher: Link) -> None:
    """Toll fraud: the caller proves agent 1004's password and dials a premium number."""
    await sipp.passes(
        "agent-dials-out",
        freeswitch.agents_port,
        user="1004",
        password=freeswitch.agent_password,
    )

    # Had a second leg been tried, its first event would lie before the end of the first.
    ended = await watcher.event(leg_begins_or_ends)
    assert (ended["Event-Name"], ended["Call-Direction"]) == ("CHANNEL_DESTROY", "inbound")
    refused = [text for _, text in lines(freeswitch.log()) if "tried to dial" in text]
    assert "1004" in refused[-1]
    assert "+18005550199" in refused[-1]


@pytest.mark.usefixtures("baresip")
async def test_agent_rings_and_speaks_when_the_suite_says_so(freeswitch: FreeSwitch, watcher: Link) -> None:
    """The ACD's own words: originate to the user, park, hang up."""
    uuid = "0190c0de-0000-7000-8000-000000000001"
    async with phones.agent(freeswitch, "1005", tone_hz=440) as phone:
        await phone.said("REGISTER_OK")
        await watcher.send(
            f"bgapi originate {{origination_uuid={uuid},sy_leg=agent,sy_agent_id=1005,"
            f"originate_timeout=10}}user/1005@{DOMAIN} &park()"
        )
        await phone.answer()
        parked = await watcher.event(lambda e: e["Event-Name"] == "CHANNEL_PARK" and e["Unique-ID"] == uuid)
        await watcher.api(f"uuid_kill {uuid}")
        await phone.said("CALL_CLOSED")

    assert parked["variable_sy_leg"] == "agent"
    assert parked["variable_sy_agent_id"] == "1005"


def leg_begins_or_ends(event: Event) -> bool:
    return event["Event-Name"] in {"CHANNEL_ORIGINATE", "CHANNEL_DESTROY"}
