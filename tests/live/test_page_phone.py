"""The agent's telephone is the console's page: Chromium, secure WebSocket, DTLS, a real FreeSWITCH."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, async_playwright, expect

from deploy.local.console import console_dir
from tests.e2e.conftest import FLAGS, SIZE, chromium
from tests.e2e.desk import Desk
from tests.live import sound
from tests.live.centre import AGENT_HZ, CALLER_HZ, DIRECT, PASSWORD, RECORDED_BYTES, Centre, open_centre
from tests.live.conftest import CLEAR_S, no_channel
from tests.live.esl import Link
from tests.live.phones import Phone
from tests.live.switch import DOMAIN
from tests.live.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

WITHIN_S = 20
SHOWN_MS = 20_000
READY = "This page is your telephone"


@pytest.fixture(scope="session")
def browser_program() -> Path:
    found = chromium()
    if found is None:
        pytest.skip("NOT TESTED with a telephone in the page: no chromium on PATH nor in CHROMIUM_BIN")
    if not (console_dir() / "index.html").exists():
        pytest.skip("NOT TESTED with a telephone in the page: no console; ./switchyard console")
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running_floor(
    freeswitch_program: str, baresip: None, browser_program: Path, certificates: Path, server_dir: Path
) -> AsyncIterator[Centre]:
    folder = server_dir / "floor"
    async with open_centre(freeswitch_program, folder, certificates, phones_in_pages=True) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def floor(running_floor: Centre) -> AsyncIterator[Centre]:
    yield running_floor
    sys.stdout.write(running_floor.told())
    async with running_floor.switch.link() as link:
        await link.api("hupall NORMAL_CLEARING")
        await until(lambda: no_channel(link), within_s=CLEAR_S, what="no channel left")
    await running_floor.all_ended_once()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser(browser_program: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """Its microphone hears one steady tone, from a file."""
    voice = sound.write_tone(tmp_path_factory.mktemp("voice") / "agent.wav", AGENT_HZ, 20, rate_hz=48_000)
    flags = [
        *FLAGS,
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={voice}",
        "--allow-loopback-in-peer-connection",
        "--ignore-certificate-errors",  # the switch made its certificate itself
    ]
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=browser_program, args=flags)
        yield running
        await running.close()


@dataclass
class Floor:
    """An agent at a page, and what the switch knows of the page's telephone."""

    centre: Centre
    desk: Desk
    extension: str
    link: Link

    @property
    def mark(self) -> Locator:
        return self.desk.page.locator(".phone-mark")

    async def is_registered(self, kind: str = "!w", *, count: int = 1) -> None:
        async def look() -> bool:
            answer = await self.link.api(f"sofia_count_reg agents/{self.extension}{kind}@{DOMAIN}")
            return answer.strip() == str(count)

        await until(look, within_s=WITHIN_S, what=f"{count} registration of {self.extension}{kind}")

    async def allow(self) -> None:
        await self.desk.page.get_by_role("button", name="Yes, allow the microphone").click()
        await expect(self.mark).to_have_attribute("aria-label", READY, timeout=SHOWN_MS)
        await self.is_registered()

    async def rings(self) -> None:
        await self.desk.rings()

    async def answers(self) -> None:
        await self.desk.answer()

    async def legs(self) -> list[str]:
        """Of the caller and of the page, once they are bridged."""

        async def look() -> list[str]:
            rows = (await self.link.api("show bridged_calls")).splitlines()
            return next((row.split(",") for row in rows if "inbound" in row), [])

        row = await until(look, within_s=WITHIN_S, what="a bridged call")
        return [field for field in row if len(field) == 36 and field.count("-") == 4]


@asynccontextmanager
async def at_a_page(
    centre: Centre, browser: Browser, extension: str, *, permissions: tuple[str, ...] = ("microphone",)
) -> AsyncIterator[Floor]:
    await centre.hire(f"p{extension}", extension, ("support",))
    context = await browser.new_context(viewport=SIZE, locale="en", ignore_https_errors=True)
    await context.grant_permissions(list(permissions), origin=centre.suite.page_url)
    context.set_default_timeout(SHOWN_MS)
    desk = await Desk.open(context, centre.suite.page_url, "en")
    try:
        await desk.sign_in(f"p{extension}", PASSWORD)
        async with centre.switch.link() as link:
            yield Floor(centre, desk, extension, link)
    finally:
        await desk.go_home()
        await context.close()


async def record(floor: Floor, leg: str, name: str) -> sound.Recording:
    """What both say from now on, for a second and a half: caller left, agent right."""
    path = floor.centre.switch.recordings / f"{name}.wav"

    async def long_enough() -> bool:
        return path.exists() and path.stat().st_size > RECORDED_BYTES

    async with floor.centre.switch.link("RECORD_STOP") as link:
        await link.api(f"uuid_setvar {leg} enable_file_write_buffering false")
        await link.api(f"uuid_record {leg} start {path}")
        await until(long_enough, within_s=WITHIN_S, what="a talk that can be recorded")
        await link.api(f"uuid_record {leg} stop {path}")
        await link.event("RECORD_STOP")
    return sound.read(path)


@asynccontextmanager
async def talking(floor: Floor, number: str) -> AsyncIterator[tuple[Phone, str]]:
    """A caller whom the page has answered; with the caller's leg."""
    async with floor.centre.caller(number, to=DIRECT) as caller:
        await floor.rings()
        await floor.answers()
        legs = await floor.legs()
        yield caller, legs[0]


async def hear_each_other(floor: Floor, leg: str) -> None:
    async def both() -> bool:
        recorded = await record(floor, leg, f"talk-{leg}-{asyncio.get_running_loop().time()}")
        return recorded.hears(0, CALLER_HZ) and recorded.hears(1, AGENT_HZ)

    await until(both, within_s=WITHIN_S, what="a tone from either side")


async def test_page_is_rung_answers_and_hangs_up(floor: Centre, browser: Browser) -> None:
    """Sign in, allow the microphone once, ready: the call is taken and ended by the page's buttons."""
    async with at_a_page(floor, browser, "3001") as page:
        await page.allow()
        await page.desk.ready()
        async with talking(page, "+441632960201") as (caller, leg):
            await hear_each_other(page, leg)
            assert "dtls" in (await page.link.api(f"uuid_dump {(await page.legs())[1]}")).lower()
            await page.desk.hang_up()
            await caller.said("CALL_CLOSED")
        assert caller.heard().hears(0, AGENT_HZ)
