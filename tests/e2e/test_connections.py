"""The page loses its connection, its window or its place, and the agent goes on working."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.e2e.centre import Centre
from tests.e2e.conftest import Open

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_reload_during_a_call_goes_on_with_call_pop_and_half_filled_form(
    centre: Centre, open_desk: Open
) -> None:
    number = centre.number()
    await centre.customer(number, "Grace O'Neill", level=2)
    desk = await open_desk()
    await desk.sign_in(await centre.hire("Anna"))
    await desk.ready()
    await centre.call(number)
    await desk.rings()
    await desk.answer()
    await desk.page.get_by_label(desk.say("notes"), exact=True).fill("wants a new contract")

    await desk.page.reload()
    talking = desk.card("talking")
    await expect(talking).to_be_visible(timeout=30_000)
    await expect(talking).to_contain_text("Grace O'Neill")
    await expect(desk.page.locator(".customer")).to_contain_text("Grace O'Neill")
    await expect(desk.page.get_by_label(desk.say("notes"), exact=True)).to_have_value("wants a new contract")

    await desk.hang_up()
    await desk.wrap_up()
    await expect(desk.page.locator(".ant-alert-success")).to_be_visible()


async def test_gateway_restarts_during_a_call(centre: Centre, open_desk: Open) -> None:
    """The page says that it reconnects, and comes back to the same conversation by itself."""
    desk = await open_desk()
    await desk.sign_in(await centre.hire("Bo"))
    await desk.ready()
    await centre.call(centre.number())
    await desk.rings()
    await desk.answer()

    await centre.suite.kill("gateway")
    await expect(desk.page.locator(".banners")).to_contain_text(desk.say("reconnecting"), timeout=30_000)
    await expect(desk.card("talking").get_by_role("button", name=desk.say("hang_up"))).to_be_disabled()
    await centre.suite.start("gateway")
    await expect(desk.page.get_by_role("status", name=desk.say("connected"))).to_be_visible(timeout=30_000)

    await desk.hang_up()
    await desk.wrap_up()
    await expect(desk.page.locator(".ant-alert-success")).to_be_visible()


async def test_second_sign_in_takes_the_desk_and_the_first_can_take_it_back(
    centre: Centre, open_desk: Open
) -> None:
    username = await centre.hire("Chen")
    first = await open_desk("zh-CN")
    await first.sign_in(username)
    await first.ready()
    second = await open_desk()
    await second.sign_in(username)
    await expect(first.page.locator(".banners")).to_contain_text(first.say("replaced"))
    await expect(second.page.get_by_role("heading", name=second.say("idle"), exact=True)).to_be_visible()

    await first.button("take_over").click()
    await expect(second.page.locator(".banners")).to_contain_text(second.say("replaced"))
    await expect(first.page.get_by_role("status", name=first.say("connected"))).to_be_visible()


async def test_customer_service_is_down_while_it_rings(centre: Centre, open_desk: Open) -> None:
    """The call can be taken; the page names what is missing, and the card comes when the service is back."""
    number = centre.number()
    await centre.customer(number, "Ada Byron")
    desk = await open_desk()
    await desk.sign_in(await centre.hire("Dana"))
    await desk.ready()
    await centre.suite.kill("crm")
    try:
        missing = desk.page.get_by_text("Customer data is missing at the moment")
        await expect(desk.page.locator(".banners").filter(has=missing)).to_be_visible(timeout=30_000)
        await centre.call(number)
        await desk.rings()
        await expect(desk.page.locator(".pop")).to_contain_text("Customer data is missing at the moment")
        await desk.answer()
    finally:
        await centre.suite.start("crm")
    await expect(desk.page.locator(".customer")).to_contain_text("Ada Byron", timeout=30_000)
    await desk.hang_up()
    await desk.wrap_up()
    await expect(desk.page.locator(".ant-alert-success")).to_be_visible()


async def test_work_orders_are_down_at_wrap_up(centre: Centre, open_desk: Open) -> None:
    """The wrap-up is done, and the page says that the order is made later."""
    desk = await open_desk()
    await desk.sign_in(await centre.hire("Eva"))
    await desk.ready()
    await centre.call(centre.number())
    await desk.rings()
    await desk.answer()
    await desk.hang_up()
    await centre.suite.kill("workorder")
    try:
        await desk.wrap_up(title="Line is dead")
        kept = desk.page.get_by_text("The work order is kept and will be made")
        await expect(kept).to_be_visible(timeout=30_000)
    finally:
        await centre.suite.start("workorder")
    await expect(desk.page.locator(".banners")).not_to_contain_text(re.compile("missing"), timeout=30_000)
