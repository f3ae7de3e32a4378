"""The agent's telephone is the console's page: Chromium, secure WebSocket, DTLS, a real FreeSWITCH."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree as ET

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Dialog, Locator, WebSocketRoute, async_playwright, expect

from deploy.local.console import console_dir
from tests.e2e.conftest import FLAGS, chromium
from tests.e2e.desk import Desk
from tests.e2e.desks import Desks
from tests.live import phones, sound
from tests.live.centre import AGENT_HZ, CALLER_HZ, DIRECT, PASSWORD, RECORDED_BYTES, Centre, open_centre
from tests.live.conftest import CLEAR_S, no_channel
from tests.live.esl import Link
from tests.live.phones import Phone
from tests.live.switch import DOMAIN
from tests.live.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

WITHIN_S = 40
SHOWN_MS = 40_000
REGISTRATION_S = 600  # the gateway's default; the profile's own is 120
DESK_PASSWORD = "live-desk-password"
ELSEWHERE = "Calls ring at the other place"
ALLOWED: dict[str, Any] = {"ignore_https_errors": True, "permissions": ["microphone"]}
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

    async def lasts(self, seconds: int) -> None:
        """Its registration does, by the switch's word; it grants a minute more than it says."""
        told = ET.fromstring(await self.link.api("sofia xmlstatus profile agents reg"))  # noqa: S314
        name = f"{self.extension}!w"
        mine = next(each for each in told.iter("registration") if each.findtext("sip-auth-user") == name)
        found = re.search(r"expsecs\((\d+)\)", mine.findtext("status", ""))
        assert found
        assert seconds - 60 <= int(found[1]) <= seconds + 60

    async def allow(self) -> None:
        await self.desk.page.get_by_role("button", name="Yes, allow the microphone").click()
        await expect(self.mark).to_have_attribute("aria-label", READY, timeout=SHOWN_MS)
        await self.is_registered()

    async def is_free(self) -> None:
        """The wrap-up of these queues is a second and ends by itself."""
        idle = self.desk.page.get_by_role("heading", name=self.desk.say("idle"), exact=True)
        await expect(idle).to_be_visible(timeout=SHOWN_MS)

    async def hangs_up(self) -> None:
        await self.desk.card("talking").get_by_role("button", name=self.desk.say("hang_up")).click()
        await self.is_free()

    async def chooses(self, choice: str) -> None:
        await self.mark.click()
        await self.desk.page.get_by_role("menuitem", name=choice, exact=True).click()

    async def bridged(self) -> tuple[str, str]:
        """The legs of caller and page."""

        async def look() -> tuple[str, str] | None:
            rows = (await self.link.api("show bridged_calls")).splitlines()
            row = next((row.split(",") for row in rows if "inbound" in row), [])
            legs = [field for field in row if len(field) == 36 and field.count("-") == 4]
            kinds = {await self.link.api(f"uuid_getvar {leg} sy_leg"): leg for leg in legs}
            return (kinds["caller"], kinds["agent"]) if {"caller", "agent"} <= set(kinds) else None

        return await until(look, within_s=WITHIN_S, what="a caller and an agent in talk")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desks(browser: Browser, running_floor: Centre) -> Desks:
    return Desks(browser, running_floor.suite.page_url, **ALLOWED)


@asynccontextmanager
async def at_a_page(
    centre: Centre, desks: Desks, extension: str, *, fresh: bool = False, clock: bool = False
) -> AsyncIterator[Floor]:
    """An agent of that extension, signed in. `fresh`: the test does to its page what no other should find."""
    await centre.hire(f"p{extension}", extension, ("support",))
    desk = await desks.take("en", fresh=fresh or clock)
    desk.context.set_default_timeout(SHOWN_MS)
    if clock:
        await desk.context.clock.install()
        await desk.page.reload()
    try:
        await desk.sign_in(f"p{extension}", PASSWORD)
        async with centre.switch.link() as link:
            yield Floor(centre, desk, extension, link)
    finally:
        await desk.go_home()
        await desks.give_back(desk, fresh=fresh or clock)


async def record(floor: Floor, leg: str) -> sound.Recording:
    """What both say from now on, for a second and a half: caller left, agent right."""
    path = floor.centre.switch.recordings / f"{uuid4()}.wav"

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
async def talking(floor: Floor, number: str) -> AsyncIterator[tuple[Phone, str, str]]:
    """A caller whom the page has answered, who hear each other; with the legs of both."""
    async with floor.centre.caller(number, to=DIRECT) as caller:
        await floor.desk.rings()
        await floor.desk.answer()
        caller_leg, page_leg = await floor.bridged()
        await hears(floor, caller_leg, caller=True, agent=True)
        yield caller, caller_leg, page_leg


async def hears(floor: Floor, leg: str, *, caller: bool, agent: bool) -> None:
    """What is recorded soon has exactly these voices."""

    async def as_wanted() -> bool:
        recorded = await record(floor, leg)
        heard = recorded.hears(0, CALLER_HZ), recorded.hears(1, AGENT_HZ)
        return heard == (caller, agent) and not recorded.hears(0, AGENT_HZ)

    await until(as_wanted, within_s=WITHIN_S, what=f"to hear caller {caller}, agent {agent}")


async def left_alone(floor: Floor, leg: str) -> None:
    """The first moments of a bridge are not yet a talk: see the dialplan's execute_on_pre_bridge."""

    async def look() -> bool:
        return await floor.link.api(f"uuid_getvar {leg} socket_resume") == "false"

    await until(look, within_s=WITHIN_S, what="talk left alone by the IVR")


# ---------------------------------------------------------------- a call


async def test_page_is_rung_answers_and_hangs_up(floor: Centre, desks: Desks) -> None:
    """Sign in, allow the microphone once, ready: the call is taken and ended by the page's buttons."""
    async with at_a_page(floor, desks, "3001") as page:
        await page.allow()
        await page.desk.ready()
        async with talking(page, "+441632960201") as (caller, _, page_leg):
            known = await page.link.api(f"uuid_dump {page_leg}")
            assert "variable_rtp_secure_media_confirmed" in known or "media_webrtc: true" in known, known
            await page.hangs_up()
            await caller.said("CALL_CLOSED")
        assert caller.heard().hears(0, AGENT_HZ)


async def test_mute_hold_and_keys(floor: Centre, desks: Desks) -> None:
    async with at_a_page(floor, desks, "3002") as page:
        await page.allow()
        await page.desk.ready()
        async with talking(page, "+441632960202") as (_, leg, page_leg):
            button = page.desk.page.get_by_role("button", name="Mute")
            await button.click()
            await expect(page.desk.page.get_by_text("The caller does not hear you.")).to_be_visible()
            await hears(page, leg, caller=True, agent=False)
            await page.desk.page.get_by_role("button", name="Unmute").click()
            await hears(page, leg, caller=True, agent=True)

            async with floor.switch.link("DTMF") as listening:
                await page.desk.page.get_by_role("button", name="Keypad").click()
                await (
                    page.desk.page.get_by_role("group", name="Keypad").get_by_role("button", name="7").click()
                )
                pressed = await listening.event("DTMF")
            assert (pressed["DTMF-Digit"], pressed["Unique-ID"]) == ("7", page_leg)
            await page.desk.page.keyboard.press("Escape")

            await left_alone(page, leg)
            await page.desk.button("hold").click()
            await expect(page.desk.button("retrieve")).to_be_visible(timeout=SHOWN_MS)
            await page.desk.button("retrieve").click()
            await expect(page.desk.button("hold")).to_be_visible(timeout=SHOWN_MS)
            await hears(page, leg, caller=True, agent=True)


async def test_caller_hangs_up_and_the_page_is_free_for_the_next(floor: Centre, desks: Desks) -> None:
    async with at_a_page(floor, desks, "3003") as page:
        await page.allow()
        await page.desk.ready()
        for number in ("+441632960203", "+441632960204"):
            async with talking(page, number) as (caller, _, _):
                await caller.hang_up()
                await page.is_free()


async def test_reload_ends_the_agents_side_and_the_page_comes_back(floor: Centre, desks: Desks) -> None:
    """The browser asks first. A page that goes takes its call with it: the caller goes on in the flow at
    once, instead of hearing nothing until the switch gives the leg up after two minutes."""
    asked: list[str] = []

    async def agree(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.accept()

    async with at_a_page(floor, desks, "3004", fresh=True) as page:
        await page.allow()
        await page.desk.ready()
        page.desk.page.on("dialog", agree)
        async with talking(page, "+441632960205") as (caller, _, page_leg):
            await page.desk.page.reload()
            assert asked == ["beforeunload"]

            async def gone() -> bool:
                return await page.link.api(f"uuid_exists {page_leg}") == "false"

            await until(gone, within_s=WITHIN_S, what="the page's leg gone")
            await page.is_free()
            await expect(page.mark).to_have_attribute("aria-label", READY, timeout=SHOWN_MS)
            await page.is_registered()
            await caller.said("CALL_CLOSED")


async def test_socket_breaks_during_a_talk_and_nobody_notices(floor: Centre, desks: Desks) -> None:
    async with at_a_page(floor, desks, "3005", fresh=True) as page:
        broken: list[WebSocketRoute] = []

        def through(route: WebSocketRoute) -> None:
            route.connect_to_server()
            broken.append(route)

        await page.desk.page.route_web_socket(f"wss://127.0.0.1:{floor.switch.wss_port}/", through)
        await page.allow()
        await page.desk.ready()
        async with talking(page, "+441632960206") as (caller, leg, _):
            await broken[-1].close(code=1001)
            await expect(page.mark).not_to_have_attribute("aria-label", READY)
            await expect(page.mark).to_have_attribute("aria-label", READY, timeout=SHOWN_MS)
            assert len(broken) > 1
            await page.is_registered()
            await hears(page, leg, caller=True, agent=True)
            await page.hangs_up()
            await caller.said("CALL_CLOSED")


# ---------------------------------------------------------------- what rings


async def test_desk_phone_rings_when_it_is_wanted_and_only_then(floor: Centre, desks: Desks) -> None:
    async with at_a_page(floor, desks, "3006") as page:
        user = (await floor.admin.ask("GET", "/admin/users?text=p3006"))["users"][0]
        path = f"/admin/users/{user['user_id']}/phone-password"
        await floor.admin.ask("PUT", path, {"new": DESK_PASSWORD})
        await page.allow()
        async with phones.agent(floor.switch, "3006", tone_hz=660, password=DESK_PASSWORD) as desk_phone:
            await desk_phone.said("REGISTER_OK")
            await ring(page, at=1)
            assert not any(event["type"] == "CALL_INCOMING" for event in desk_phone.events)

            await page.chooses("In this page and on the desk phone")
            await page.is_registered("!wd")
            await page.is_registered("!w", count=0)
            await ring(page, at=2)
            await desk_phone.said("CALL_INCOMING")

            await page.chooses("On the desk phone only")
            await page.is_registered("!wd", count=0)
            await ring(page, at=1)
            await desk_phone.said("CALL_INCOMING")


async def ring(page: Floor, *, at: int) -> None:
    """So many telephones ring for this agent."""

    async def ringing() -> bool:
        rows = (await page.link.api("show channels")).splitlines()
        return len([row for row in rows if "sofia/agents" in row]) == at

    await page.link.api(f"bgapi originate {{originate_timeout=10}}user/{page.extension}@{DOMAIN} &park()")
    await until(ringing, within_s=WITHIN_S, what=f"{at} telephones ringing")
    await page.link.api("hupall")
    await until(lambda: no_channel(page.link), within_s=CLEAR_S, what="no channel left")


async def test_gateway_dies_and_agents_are_rung_all_the_same(floor: Centre, desks: Desks) -> None:
    """What the switch has heard it keeps; whom it knows by its own files registers; wrong is still wrong."""
    async with at_a_page(floor, desks, "3007") as page:
        await page.allow()
        await ring(page, at=1)
        await floor.suite.kill("gateway")
        try:
            await ring(page, at=1)
            async with phones.agent(floor.switch, "1001", tone_hz=660) as known:
                await known.said("REGISTER_OK")
            async with phones.agent(floor.switch, "1002", tone_hz=660, password="wrong") as stranger:
                await stranger.said("REGISTER_FAIL")
        finally:
            await floor.suite.start("gateway")
        await expect(page.desk.page.get_by_role("status", name="Connected")).to_be_visible(timeout=60_000)


async def test_second_tab_takes_the_telephone_with_the_desk(floor: Centre, desks: Desks) -> None:
    async with at_a_page(floor, desks, "3008", fresh=True) as page:
        await page.allow()
        second = await page.desk.context.new_page()
        await second.goto(floor.suite.page_url)
        await expect(second.locator(".phone-mark")).to_have_attribute("aria-label", READY, timeout=SHOWN_MS)
        await expect(page.mark).to_have_attribute("aria-label", ELSEWHERE)
        await page.is_registered()
        await second.close()
        await page.is_registered(count=0)
        await page.desk.button("take_over").click()
        await expect(page.mark).to_have_attribute("aria-label", READY, timeout=SHOWN_MS)
        await page.is_registered()


async def test_second_tab_during_a_talk_and_the_talk_goes_on(floor: Centre, desks: Desks) -> None:
    async with at_a_page(floor, desks, "3013", fresh=True) as page:
        await page.allow()
        await page.desk.ready()
        async with talking(page, "+441632960207") as (caller, leg, _):
            first = page.desk.page
            page.desk.page = await page.desk.context.new_page()
            await page.desk.page.goto(floor.suite.page_url)
            await expect(page.mark).to_have_attribute("aria-label", READY, timeout=SHOWN_MS)
            await expect(first.locator(".phone-mark")).to_have_attribute("aria-label", ELSEWHERE)
            await hears(page, leg, caller=True, agent=True)
            await page.hangs_up()
            await caller.said("CALL_CLOSED")
        await page.is_registered()
        await ring(page, at=1)


async def test_sign_out_takes_the_telephone_along(floor: Centre, desks: Desks) -> None:
    async with at_a_page(floor, desks, "3009") as page:
        await page.allow()
        await page.desk.sign_out()
        await page.is_registered(count=0)


async def test_password_is_renewed_long_before_the_registration_ends(floor: Centre, desks: Desks) -> None:
    async with at_a_page(floor, desks, "3012", clock=True) as page:
        await page.allow()
        first = await password(page)
        await page.lasts(REGISTRATION_S)
        await page.desk.page.clock.fast_forward("05:01")

        async def renewed() -> bool:
            challenged = floor.switch.log().count(
                "auth challenge (REGISTER) on sofia profile 'agents' for [3012!w@"
            )
            return challenged >= 2 and await password(page) != first

        await until(renewed, within_s=WITHIN_S, what="a second registration, with a new password")
        await ring(page, at=1)
        assert "auth failure (REGISTER) on sofia profile 'agents' for [3012!w@" not in floor.switch.log()


async def password(page: Floor) -> str:
    """The hash that the switch would be told."""
    query = "select a1_hash from gateway.browser_phones where sip_user = $1"
    [row] = await page.centre.settled("gateway", query, f"{page.extension}!w")
    return str(row["a1_hash"])


# ---------------------------------------------------------------- headset and microphone


async def test_test_call_and_level(floor: Centre, desks: Desks) -> None:
    async with at_a_page(floor, desks, "3010") as page:
        await page.allow()
        await page.mark.click()
        await page.desk.page.get_by_role("menuitem", name="Headset and test call").click()
        level = page.desk.page.get_by_role("progressbar", name="Loudness of the microphone")
        await expect(level).to_have_attribute("aria-valuenow", re.compile(r"[1-9]\d"), timeout=SHOWN_MS)
        await page.desk.page.get_by_role("button", name="Test call", exact=True).click()
        await expect(page.desk.page.get_by_text("Connected. Speak")).to_be_visible(timeout=SHOWN_MS)

        async def echoed() -> bool:
            return ",echo," in await page.link.api("show channels")

        await until(echoed, within_s=WITHIN_S, what="the switch's echo")
        await page.desk.page.get_by_role("button", name="End the test call").click()
        await until(lambda: no_channel(page.link), within_s=CLEAR_S, what="no channel left")


async def test_refused_microphone_is_said_and_nothing_rings(floor: Centre, browser_program: Path) -> None:
    deny = [*FLAGS, "--use-fake-ui-for-media-stream=deny", "--use-fake-device-for-media-stream"]
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=browser_program, args=deny)
        refusing = Desks(running, floor.suite.page_url, ignore_https_errors=True)
        async with at_a_page(floor, refusing, "3011", fresh=True) as page:
            await page.desk.page.get_by_role("button", name="Yes, allow the microphone").click()
            banner = page.desk.page.get_by_text("This page may not use the microphone")
            await expect(banner).to_be_visible(timeout=SHOWN_MS)
            await page.is_registered(count=0)
            assert "NOT_REGISTERED" in await page.link.api(f"originate user/3011@{DOMAIN} &park()")
        await running.close()
