"""A call through the agent's page, from the ring to the work order."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import expect

from tests.e2e.centre import Centre
from tests.e2e.conftest import Open
from tests.e2e.desk import Desk

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_from_the_ring_to_the_work_order(centre: Centre, open_desk: Open, language: str) -> None:
    """A known customer calls; the agent sees who it is before answering, talks, holds, wraps up."""
    number = centre.number()
    await centre.customer(number, "王小明 Wang", level=3, tags=["宽带 broadband"], notes="Prefers evenings")
    desk = await open_desk(language)
    await desk.sign_in(await centre.hire("李娜 Li Na"))
    await desk.ready()

    await centre.call(number)
    ringing = await desk.rings()
    await expect(ringing).to_contain_text("王小明 Wang")
    await expect(ringing).to_contain_text("VIP")
    await expect(desk.page.locator(".customer")).to_contain_text("Prefers evenings")

    talking = await desk.answer()
    await presses_keys(desk, "47#")
    await talking.get_by_role("button", name=desk.say("hold")).click()
    await expect(talking.get_by_role("button", name=desk.say("retrieve"))).to_be_visible()
    await expect(talking.get_by_role("button", name=desk.say("keypad"))).to_be_disabled()
    await talking.get_by_role("button", name=desk.say("retrieve")).click()
    await expect(talking.get_by_role("button", name=desk.say("hold"))).to_be_visible()
    await desk.hang_up()

    await desk.wrap_up(title="线路故障 Line is dead")
    done = desk.page.locator(".ant-alert-success")
    await expect(done).to_contain_text(re.compile(r"WO-\d{8}-\d{4}"))
    await expect(desk.page.get_by_role("heading", name=desk.say("idle"), exact=True)).to_be_visible()


async def presses_keys(desk: Desk, keys: str) -> None:
    """On the console's keypad; the gateway must have taken them all, in order."""
    talking, keypad = desk.card("talking"), desk.page.get_by_role("group", name=desk.say("keypad"))
    await talking.get_by_role("button", name=desk.say("keypad")).click()
    for key in keys:
        await keypad.get_by_role("button", name=key, exact=True).click()
    async with asyncio.timeout(10):
        while sum(len(data["keys"]) for data, _ in desk.commands("dtmf")) < len(keys):
            await asyncio.sleep(0.02)
    done = desk.commands("dtmf")
    assert "".join(data["keys"] for data, _ in done) == keys
    assert all(ok for _, ok in done)
    await desk.page.keyboard.press("Escape")


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_caller_is_given_to_a_colleague(centre: Centre, open_desk: Open, language: str) -> None:
    """Chosen by name with the keyboard alone; the colleague is rung, and the giver wraps up meanwhile."""
    giver, taker = await open_desk(language, dark=language != "en"), await open_desk(language)
    await giver.sign_in(await centre.hire("李娜 Li Na"))
    await giver.ready()
    await centre.call(centre.number())
    await giver.rings()
    talking = await giver.answer()
    await taker.sign_in(await centre.hire("王芳 Wang Fang of the second line for business customers"))
    await taker.ready()
    keyboard = giver.page.keyboard
    await keyboard.press("Alt+T")
    choice = giver.page.get_by_role("combobox", name=giver.say("transfer_to"))
    await choice.fill("Wang Fang")
    await expect(giver.page.locator(".ant-select-item-option")).to_have_count(1)
    await keyboard.press("Enter")
    await giver.page.get_by_role("button", name=giver.say("transfer_now")).click()
    await expect(giver.card("wrap_up")).to_contain_text(giver.say("transferred"))
    await expect(talking).to_have_count(0)
    await taker.rings()
    await taker.answer()
    await taker.hang_up()
