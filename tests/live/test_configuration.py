"""The configuration itself: it loads whole, and lets in only whom it should."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import esl, sipp
from tests.live.switch import CONFIGURATION, FreeSwitch, lines

# What a healthy switch may still complain of while it starts, each with its reason.
HARMLESS = {
    "NATIVE SQL ERR [no such": "a fresh database: it looks whether each table is there, and makes it",
}


@pytest.fixture(scope="module")
def unconfigured(
    freeswitch_program: str, certificates: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FreeSwitch]:
    """A second switch beside the first: no secret set, and loopback not among its carriers."""
    found = FreeSwitch(
        tmp_path_factory.mktemp("unconfigured"),
        certificates,
        settings={"SWITCHYARD_FS_TRUNK_NETWORKS": "198.51.100.0/24"},
        unset=frozenset({"SWITCHYARD_FS_ESL_PASSWORD", "SWITCHYARD_FS_AGENT_PASSWORD"}),
    )
    found.start(freeswitch_program)
    yield found
    found.stop()


def test_starts_and_stops_without_an_error(
    freeswitch_program: str, certificates: Path, tmp_path: Path
) -> None:
    fresh = FreeSwitch(tmp_path, certificates)
    fresh.start(freeswitch_program)
    fresh.stop(gently=True)

    said = lines(fresh.console() + fresh.log())
    errors = [
        (level, text)
        for level, text in said
        if level in {"ERR", "CRIT", "ALERT"} and not any(known in text for known in HARMLESS)
    ]
    assert said
    assert errors == []


async def test_both_profiles_are_up(freeswitch: FreeSwitch) -> None:
    async with freeswitch.link() as link:
        status = await link.api("sofia status")

    for profile in ("agents", "trunk"):
        assert [line for line in status.splitlines() if profile in line and "RUNNING" in line]


async def test_every_module_asked_for_is_there(freeswitch: FreeSwitch) -> None:
    async with freeswitch.link() as link:
        for module in modules_asked_for():
            assert await link.api(f"module_exists {module}") == "true", module


def modules_asked_for() -> list[str]:
    text = (CONFIGURATION / "autoload_configs" / "modules.conf.xml").read_text()
    return [part.split('"')[0] for part in text.split('module="')[1:]]


@pytest.mark.parametrize("guess", ["ClueCon", "", "$${cfg_esl_password}"])
async def test_without_a_password_set_the_event_socket_lets_nobody_in(
    unconfigured: FreeSwitch, guess: str
) -> None:
    """FreeSWITCH's well-known default would hand the switch to anyone on the machine."""
    with pytest.raises(PermissionError, match="invalid"):
        async with esl.connected(unconfigured.esl_port, guess):
            pass


@pytest.mark.usefixtures("sipp_program")
@pytest.mark.parametrize("guess", ["1001", "", "live-agent"])
async def test_without_a_password_set_no_agent_registers(unconfigured: FreeSwitch, guess: str) -> None:
    await sipp.passes("register-unknown", unconfigured.agents_port, user="1001", password=guess)


@pytest.mark.usefixtures("sipp_program")
async def test_call_from_an_unlisted_address_is_refused(unconfigured: FreeSwitch) -> None:
    """A scanner found the trunk's port, and no carrier lives at its address."""
    await sipp.passes("invite-refused", unconfigured.trunk_port, user="+441632960000")


@pytest.mark.usefixtures("sipp_program")
async def test_nobody_registers_on_the_trunk(freeswitch: FreeSwitch) -> None:
    await sipp.passes("register-on-trunk", freeswitch.trunk_port)
