"""The telephone in the page where it cannot be had; where it can, tests/live has a real switch."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.e2e.centre import Centre
from tests.e2e.conftest import Open

pytestmark = pytest.mark.asyncio(loop_scope="session")

CONFLICT = {"code": "conflict", "sentence": "You have no extension.", "field": "extension", "service": None}
AWAY = {"code": "unavailable", "sentence": "No answer.", "field": None, "service": "database"}
NO_MICROPHONE = """() => {
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", "NotFoundError"));
}"""
A_MICROPHONE = """() => {
  navigator.mediaDevices.getUserMedia = async () =>
    new AudioContext().createMediaStreamDestination().stream;
}"""


async def has_telephones(page: Page, opened: tuple[int, dict[str, Any]] | None = None) -> None:
    """A gateway with telephones, and what it answers to who asks for one."""

    async def answer(route: Route) -> None:
        if route.request.method == "GET":
            await route.fulfill(json={"available": True})
        elif opened is not None:
            await route.fulfill(status=opened[0], body=json.dumps(opened[1]))
        else:
            await route.fulfill(status=503, body=json.dumps({"error": AWAY}))

    await page.route("**/api/v1/me/phone", answer)


async def test_without_telephones_in_pages_there_is_no_word_of_them(centre: Centre, open_desk: Open) -> None:
    desk = await open_desk()
    async with desk.page.expect_response("**/api/v1/me/phone") as answered:
        await desk.sign_in(await centre.hire("Anna"))
    assert await (await answered.value).json() == {"available": False}
    await desk.ready()
    await expect(desk.page.locator(".phone-mark")).to_have_count(0)
    await expect(desk.page.locator(".banners")).not_to_contain_text("telephone")


@pytest.mark.parametrize(("language", "dark"), [("en", False), ("zh-CN", True)])
async def test_asks_once_says_what_is_missing_and_comes_when_a_headset_is_plugged_in(
    centre: Centre, open_desk: Open, language: str, dark: bool
) -> None:
    words = {
        "en": ("Yes, allow the microphone", "There is no microphone", "The telephone was refused"),
        "zh-CN": ("是，允许使用麦克风", "没有麦克风", "话机注册被拒绝"),
    }[language]
    desk = await open_desk(language, dark=dark, fresh=True)
    await has_telephones(desk.page, (409, {"error": CONFLICT}))
    await desk.page.evaluate(NO_MICROPHONE)
    await desk.sign_in(await centre.hire("Anna"))
    await desk.page.get_by_role("button", name=words[0]).click()
    await expect(desk.page.locator(".banners")).to_contain_text(words[1])
    await expect(desk.page.locator(".phone-mark")).to_have_attribute("aria-label", words[1])

    await desk.page.evaluate(A_MICROPHONE)
    await desk.page.evaluate("() => navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
    await expect(desk.page.locator(".banners")).to_contain_text(words[2])
    await expect(desk.page.locator(".banners")).to_contain_text("You have no extension.")
    # Chosen once: a reload does not ask again, it says again.
    await desk.page.reload()
    await expect(desk.page.locator(".phone-mark")).to_be_visible(timeout=30_000)
    await expect(desk.page.get_by_role("button", name=words[0])).to_have_count(0)
    desk.problems[:] = [each for each in desk.problems if "409 (Conflict)" not in each]


async def test_agent_with_a_desk_phone_is_asked_once_and_left_alone(centre: Centre, open_desk: Open) -> None:
    desk = await open_desk()
    await has_telephones(desk.page)
    await desk.sign_in(await centre.hire("Bo"))
    await desk.page.get_by_role("button", name="No, I have a desk phone").click()
    mark = desk.page.locator(".phone-mark")
    await expect(mark).to_have_attribute("aria-label", "Calls ring on the desk phone")
    await desk.ready()
    await centre.call(centre.number())
    await desk.rings()
    await desk.answer()
    await expect(desk.page.get_by_role("button", name="Keypad")).to_be_visible()  # sent by the switch
    await expect(desk.page.get_by_role("button", name="Mute")).to_have_count(0)
    await desk.hang_up()
    await desk.wrap_up()


async def test_gateway_away_is_tried_again(centre: Centre, open_desk: Open) -> None:
    desk = await open_desk(fresh=True)
    await has_telephones(desk.page)
    await desk.page.evaluate(A_MICROPHONE)
    await desk.sign_in(await centre.hire("Cai"))
    await desk.page.get_by_role("button", name="Yes, allow the microphone").click()
    lost = "The telephone has lost its connection"
    await expect(desk.page.locator(".banners")).to_contain_text(lost)
    async with desk.page.expect_request(
        lambda request: request.method == "POST" and request.url.endswith("/me/phone")
    ):
        pass
