"""A real FreeSWITCH for the tests of this folder; without one they are skipped, and say so."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.live import phones, sipp, switch
from tests.live.centre import Centre, open_centre
from tests.live.esl import Link
from tests.live.switch import FreeSwitch
from tests.live.waiting import until

CLEAR_S = 10


@pytest.fixture(scope="session")
def freeswitch_program() -> str:
    program = switch.binary()
    if program is None:
        pytest.skip("NOT TESTED on a real FreeSWITCH: none on PATH nor in FREESWITCH_BIN")
    return program


@pytest.fixture(scope="session")
def baresip() -> None:
    if reason := phones.missing():
        pytest.skip(f"NOT TESTED with a real telephone: {reason}")


@pytest.fixture(scope="session")
def sipp_program() -> None:
    if reason := sipp.missing():
        pytest.skip(f"NOT TESTED with raw SIP: {reason}")


@pytest.fixture(scope="session")
def certificates(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kept from run to run: a switch without keys makes three of 4096 bits, for up to half a minute."""
    cache = getattr(pytestconfig, "cache", None)  # there is none in a checkout that cannot be written to
    if cache is None:
        return tmp_path_factory.mktemp("freeswitch-certificates")
    kept: Path = cache.mkdir("freeswitch-certificates")
    return kept


@pytest.fixture(scope="session")
def running_freeswitch(
    freeswitch_program: str, certificates: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FreeSwitch]:
    found = FreeSwitch(tmp_path_factory.mktemp("freeswitch"), certificates)
    found.start(freeswitch_program)
    yield found
    found.stop()


@pytest.fixture
async def freeswitch(running_freeswitch: FreeSwitch) -> AsyncIterator[FreeSwitch]:
    """One switch for all tests of a run, without a call left from the test before.

    Nobody listens on its IVR ports until a test does.
    """
    yield running_freeswitch
    async with running_freeswitch.link() as link:
        await link.api("hupall NORMAL_CLEARING")
        await until(lambda: no_channel(link), within_s=CLEAR_S, what="no channel left")


async def no_channel(link: Link) -> bool:
    return (await link.api("status")).count("\n0 session(s) - peak") == 1


@pytest.fixture
async def watcher(freeswitch: FreeSwitch) -> AsyncIterator[Link]:
    """An event socket that hears of every call."""
    async with freeswitch.link("ALL") as link:
        yield link


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running_centre(
    freeswitch_program: str, baresip: None, certificates: Path, server_dir: Path
) -> AsyncIterator[Centre]:
    """One for all tests of a run: it takes some ten seconds to open."""
    async with open_centre(freeswitch_program, server_dir / "centre", certificates) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def centre(running_centre: Centre) -> AsyncIterator[Centre]:
    """The whole suite on a switch of its own. Afterwards each call of the test has come to one end."""
    yield running_centre
    sys.stdout.write(running_centre.told())  # pytest shows it where the test failed
    async with running_centre.switch.link() as link:
        await link.api("hupall NORMAL_CLEARING")
        await until(lambda: no_channel(link), within_s=CLEAR_S, what="no channel left")
    await running_centre.all_ended_once()
