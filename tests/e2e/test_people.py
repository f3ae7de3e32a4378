"""Who signs in sees what is theirs, in their language, and nothing that strangers wrote is ever run."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.e2e.centre import Centre, until
from tests.e2e.conftest import Open

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = '<img src=x onerror="window.ran=1"><script>window.ran=1</script>{time}'


async def test_wrong_password_is_said_and_guessing_is_slowed_down(centre: Centre, open_desk: Open) -> None:
    desk = await open_desk("zh-CN")
    username = await centre.hire("Fang")
    await desk.sign_in(username, "not the password")
    await expect(desk.page.get_by_role("alert")).to_contain_text("用户名或密码不正确")
    for _ in range(5):
        await desk.sign_in(username, "not the password")
        await desk.page.wait_for_timeout(150)
    await expect(desk.page.get_by_role("alert")).to_contain_text(re.compile(r"请在 0:\d\d 后重试"))


async def test_hostile_and_endless_names_are_text(centre: Centre, open_desk: Open) -> None:
    number = centre.number()
    await centre.customer(number, HOSTILE, notes=HOSTILE * 3, tags=[HOSTILE[:60]], organisation="W" * 190)
    desk = await open_desk()
    await desk.sign_in(await centre.hire(HOSTILE))
    await desk.ready()
    await centre.call(number)
    ringing = await desk.rings()
    await expect(ringing).to_contain_text("<script>")
    await expect(desk.page.locator(".customer .long-text").first).to_have_css("text-overflow", "ellipsis")
    assert await desk.page.locator(".customer img, .ringing img").count() == 0
    assert not await desk.page.evaluate("'ran' in window")
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not await desk.page.evaluate(wide), "the page became wider than the window"
    await desk.page.set_viewport_size({"width": 390, "height": 800})
    assert not await desk.page.evaluate(wide), "the page became wider than a narrow window"
    await desk.answer()
    await desk.hang_up()
    await desk.wrap_up()


async def test_unknown_caller_is_written_down_during_the_call(centre: Centre, open_desk: Open) -> None:
    number = centre.number()
    desk = await open_desk()
    await desk.sign_in(await centre.hire("Gu"))
    await desk.ready()
    await centre.call(number)
    await desk.rings()
    await desk.page.get_by_text("New customer").click()
    card = desk.page.locator(".customer")
    await card.get_by_label("Name", exact=True).fill("Alan T. Bates")
    await card.get_by_role("button", name="Save").click()
    await expect(desk.card("ringing")).to_contain_text("Alan T. Bates")

    found = await centre.admin.ask("GET", f"/customers?text={number.removeprefix('+')}&limit=5")
    assert [customer["name"] for customer in found["customers"]] == ["Alan T. Bates"]
    await desk.answer()
    await desk.hang_up()
    await desk.wrap_up()


async def test_keyboard_alone_takes_a_call(centre: Centre, open_desk: Open) -> None:
    desk = await open_desk("zh-CN")
    await desk.sign_in(await centre.hire("何"))
    await desk.ready()
    await centre.call(centre.number())
    await desk.rings()
    await desk.page.keyboard.press("Alt+a")
    await expect(desk.card("talking")).to_be_visible(timeout=30_000)
    await desk.page.keyboard.press("Alt+w")
    await desk.page.keyboard.type("备注")
    await expect(desk.page.get_by_label(desk.say("notes"), exact=True)).to_have_value("备注")
    await desk.page.keyboard.press("Alt+x")
    await expect(desk.card("wrap_up")).to_be_visible(timeout=30_000)
    await desk.wrap_up()


async def test_presence_with_a_reason_of_ones_own_and_undo(centre: Centre, open_desk: Open) -> None:
    desk = await open_desk()
    await desk.sign_in(await centre.hire("Ivy"))
    await desk.ready()
    await desk.button("presence").click()
    await desk.page.get_by_role("menuitem", name="Meal").click()
    await expect(desk.button("presence")).to_have_text(re.compile("Meal"))
    await desk.page.get_by_role("button", name="Undo").click()
    await expect(desk.button("presence")).to_have_text(re.compile("Ready"))
    await desk.button("presence").click()
    await desk.page.get_by_role("menuitem", name="Something else").click()
    await desk.page.get_by_label("What are you doing?").last.fill("fire drill")
    await desk.page.keyboard.press("Enter")
    await expect(desk.button("presence")).to_have_text(re.compile("fire drill"))


async def test_team_lead_watches_the_queues_live(centre: Centre, open_desk: Open) -> None:
    lead = await open_desk("zh-CN", dark=True)
    await lead.sign_in(await centre.hire("班长", role="team_lead", desk=False))
    row = lead.page.locator(".board-table tr", has_text="客服 Support")
    await expect(row).to_be_visible(timeout=30_000)
    await centre.call(centre.number(), key="2", patience_ms=6_000)
    await expect(row.locator("td").first).to_have_text("1", timeout=30_000)
    await expect(row.locator("td").first).to_have_text("0", timeout=30_000)


async def test_language_and_colours_are_remembered(centre: Centre, open_desk: Open) -> None:
    desk = await open_desk(fresh=True)
    await desk.button("language").click()
    await desk.page.get_by_text("简体中文").click()
    await desk.page.get_by_role("button", name="配色").click()
    await desk.page.get_by_text("深色").click()
    await desk.page.reload()
    await expect(desk.page.get_by_role("button", name="登录")).to_be_visible()
    assert await desk.page.evaluate("document.documentElement.dataset.look") == "dark"
    assert await desk.page.evaluate("document.documentElement.lang") == "zh-CN"


async def test_signing_out_makes_the_agent_offline(centre: Centre, open_desk: Open) -> None:
    username = await centre.hire("Jo")
    desk = await open_desk()
    await desk.sign_in(username)
    await desk.ready()
    await desk.sign_out()

    async def offline() -> bool:
        agents = (await centre.admin.ask("GET", "/agents"))["agents"]
        return any(one["agent_id"] == username and one["presence"] == "offline" for one in agents)

    await until(offline, "the agent stayed ready after signing out")
