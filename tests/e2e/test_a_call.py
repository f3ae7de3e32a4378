"""A call through the agent's page, from the ring to the work order."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.e2e.centre import Centre
from tests.e2e.conftest import Open

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
    await talking.get_by_role("button", name=desk.say("hold")).click()
    await expect(talking.get_by_role("button", name=desk.say("retrieve"))).to_be_visible()
    await talking.get_by_role("button", name=desk.say("retrieve")).click()
    await expect(talking.get_by_role("button", name=desk.say("hold"))).to_be_visible()
    await desk.hang_up()

    await desk.wrap_up(title="线路故障 Line is dead")
    done = desk.page.locator(".ant-alert-success")
    await expect(done).to_contain_text(re.compile(r"WO-\d{8}-\d{4}"))
    await expect(desk.page.get_by_role("heading", name=desk.say("idle"), exact=True)).to_be_visible()
