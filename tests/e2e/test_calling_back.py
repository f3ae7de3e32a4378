"""A team lead books and cancels callbacks; an agent sees whom the phone will call."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from tests.e2e.centre import Centre
from tests.e2e.conftest import Open

pytestmark = pytest.mark.asyncio(loop_scope="session")

NUMBER = "+8613900000077"


async def test_lead_books_and_the_agent_sees_whom_before_it_rings(centre: Centre, open_desk: Open) -> None:
    agent = await open_desk()
    await agent.sign_in(await centre.hire("Qin"))
    await agent.ready()
    lead = await open_desk()
    await lead.sign_in(await centre.hire("Pan", role="team_lead", desk=False))
    card = lead.page.locator(".ant-card", has_text="Callbacks and appointments")
    await expect(card).to_contain_text("Nobody is to be called back.", timeout=30_000)
    await card.get_by_role("button", name="New appointment").click()
    form = lead.page.get_by_role("dialog")
    await form.get_by_role("button", name="Book").click()
    await expect(form).to_contain_text("Type the number to call")
    await form.get_by_label("Number").fill(NUMBER)
    await form.get_by_label("Note").fill("about the invoice")
    await form.get_by_role("button", name="Book").click()
    await agent.rings()
    await expect(agent.page.get_by_text(f"You answer, then {NUMBER} is called")).to_be_visible()
    await expect(agent.page.get_by_text("Booked by Pan · attempt 1 of 3")).to_be_visible()
    await expect(agent.page.get_by_text("about the invoice")).to_be_visible()
    await expect(card).to_contain_text(NUMBER)
    await agent.answer()
    await agent.hang_up()
    await agent.wrap_up()
    await expect(card).to_contain_text("Nobody is to be called back.", timeout=30_000)


async def test_lead_cancels_after_being_asked(centre: Centre, open_desk: Open) -> None:
    number = "+8613900000078"
    body = {"number": number, "queue": "support", "not_before": tomorrow()}
    await centre.admin.ask("POST", "/callbacks", body)
    lead = await open_desk("zh-CN", dark=True)
    await lead.sign_in(await centre.hire("班长二", role="team_lead", desk=False))
    await lead.page.get_by_role("button", name=f"取消给 {number} 的回电").click()
    question = lead.page.get_by_role("dialog")
    await expect(question).to_contain_text("排队位置将丢失")
    await question.get_by_role("button", name=re.compile("取消回电")).click()
    await expect(lead.page.get_by_text("没有待回电的客户。")).to_be_visible()


def tomorrow() -> str:
    return (datetime.now(UTC) + timedelta(days=1)).isoformat()
