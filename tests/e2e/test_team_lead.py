"""A team lead looks into what the call distribution did, and steps in."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.e2e.centre import Centre
from tests.e2e.conftest import Open

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_lead_sees_why_an_agent_got_the_call(centre: Centre, open_desk: Open) -> None:
    agent = await open_desk()
    await agent.sign_in(await centre.hire("Kong"))
    await agent.ready()
    lead = await open_desk()
    await lead.sign_in(await centre.hire("Lu", role="team_lead", desk=False))
    await centre.call(centre.number())
    await agent.rings()
    await agent.answer()
    await lead.page.get_by_role("button", name=re.compile("Why Kong got")).click()
    drawer = lead.page.locator(".drawer")
    await expect(drawer.get_by_role("heading", name="Kong was chosen")).to_be_visible()
    await expect(drawer).to_contain_text("Had been free the longest")
    await expect(drawer).to_contain_text("Nobody else was free and qualified.")
    await expect(drawer).to_contain_text(re.compile(r"What came of it.*Answered after 0:\d\d\."))
    await agent.hang_up()
    await agent.wrap_up()


async def test_lead_opens_who_waits(centre: Centre, open_desk: Open) -> None:
    lead = await open_desk("zh-CN", dark=True)
    await lead.sign_in(await centre.hire("班长", role="team_lead", desk=False))
    await centre.call(centre.number(), key="2")
    await lead.page.get_by_role("button", name=re.compile("客服 Support 有 1 人排队")).click()
    await lead.page.locator(".drawer .line-button").click()
    await expect(lead.page.locator(".drawer")).to_contain_text("尚未为此联系选定坐席")


async def test_agent_set_to_other_work_is_told_by_whom(centre: Centre, open_desk: Open) -> None:
    agent = await open_desk()
    await agent.sign_in(await centre.hire("Mo"))
    await agent.ready()
    lead = await open_desk()
    await lead.sign_in(await centre.hire("Nie", role="team_lead", desk=False))
    await lead.page.get_by_role("button", name="Set the state of Mo").click()
    await lead.page.get_by_role("menuitem", name="Training").click()
    await lead.page.get_by_role("dialog").get_by_role("button", name="Set").click()
    await expect(agent.page.get_by_text("Nie set you to Training.")).to_be_visible()
    await expect(agent.button("presence")).to_have_text(re.compile("Training"))
    await agent.ready()
    await expect(agent.page.get_by_text("Nie set you to Training.")).to_have_count(0)


async def test_agent_chooses_what_follows_a_call(centre: Centre, open_desk: Open) -> None:
    agent = await open_desk()
    await agent.sign_in(await centre.hire("Ou"))
    await agent.ready()
    await agent.button("presence").click()
    await agent.page.get_by_role("menuitem", name="Other work (intermittent)").click()
    await centre.call(centre.number())
    await agent.rings()
    await agent.answer()
    await expect(agent.page.get_by_text("After this call: Other work")).to_be_visible()
    await agent.hang_up()
    await agent.wrap_up()
    await expect(agent.button("presence")).to_have_text(re.compile("Other work"))


async def test_lead_gives_a_waiting_caller_to_an_agent_of_another_queue(
    centre: Centre, open_desk: Open
) -> None:
    """Nobody of support is there; Pan serves sales, and is ready."""
    agent = await open_desk()
    await agent.sign_in(await centre.hire("Pan"))
    await agent.ready()
    lead = await open_desk()
    await lead.sign_in(await centre.hire("Qian", role="team_lead", desk=False))
    await centre.call(centre.number(), key="2")
    await lead.page.get_by_role("button", name=re.compile("1 waiting in 客服 Support")).click()
    drawer = lead.page.locator(".drawer")
    await drawer.get_by_role("button", name=re.compile("^Give .* to an agent")).click()
    whom = drawer.get_by_role("combobox", name=re.compile("^Give .* to an agent"))
    await whom.fill("Pan")  # by keys, as one does who has many agents
    await expect(lead.page.locator(".ant-select-item-option-active")).to_have_text(re.compile("Pan"))
    await whom.press("Enter")
    await expect(lead.page.get_by_text("Pan is offered it as soon as they are free")).to_be_visible()
    await agent.rings()
    await agent.answer()
    await lead.page.get_by_role("button", name=re.compile("Why Pan got")).click()
    await expect(drawer).to_contain_text("Qian gave them this contact.")
    await agent.hang_up()
    await agent.wrap_up()
