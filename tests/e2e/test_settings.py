"""Routing set up in the console: what is saved there is what the next call goes by."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.centre import Centre
from tests.e2e.conftest import Open
from tests.e2e.desk import Desk

pytestmark = pytest.mark.asyncio(loop_scope="session")

FLOW = """\
flow: faults
version: 1
language: en
numbers: ["10099"]
start: wait
nodes:
  wait:
    type: queue
    queue: faults
    skills: {fibre: 7}
    next: bye
    on: {max_wait: bye, full: bye, unavailable: bye}
  bye:
    type: hang_up
"""


async def settings(desk: Desk, tab: str = "") -> Page:
    """The page of settings, at that tab."""
    await desk.page.locator(".ant-segmented-item").filter(has_text="Settings").click()
    if tab:
        await desk.page.get_by_role("tab", name=tab).click()
    return desk.page


async def choose(page: Page, box: Locator, option: str) -> None:
    await box.click()
    await page.locator(".ant-select-dropdown:visible .ant-select-item-option").filter(has_text=option).click()


def saved(page: Page, text: str) -> Locator:
    return page.locator(".ant-notification-notice").filter(has_text=text)


async def admin_page(centre: Centre, open_desk: Open, role: str = "administrator") -> Desk:
    desk = await open_desk()
    await desk.sign_in(await centre.hire("Root", role=role, desk=False))
    return desk


async def test_call_goes_to_a_queue_made_here_and_to_the_agent_put_into_it(
    centre: Centre, open_desk: Open
) -> None:
    """A queue is made, Shen is put into it and given a skill; Tang serves sales and is ready as well."""
    page = await settings(await admin_page(centre, open_desk))
    await page.get_by_role("button", name="New queue").click()
    await page.get_by_label("Name", exact=True).fill("faults")
    await page.get_by_label("Title", exact=True).fill("故障 Faults")
    await page.get_by_label("Wrap-up", exact=True).fill("120")
    await page.get_by_role("button", name="Save").click()
    await expect(saved(page, "Queue 故障 Faults created")).to_be_visible()
    await expect(page.get_by_text("Nobody yet.")).to_be_visible()
    await centre.admin.ask("POST", "/admin/flows", {"source": FLOW})

    others = await open_desk()
    await others.sign_in(await centre.hire("Tang"))
    await others.ready()
    agent = await open_desk()
    await agent.sign_in(await centre.hire("Shen"))
    await page.get_by_role("tab", name="Agents").click()  # and what is new since is read
    await page.get_by_label(re.compile("^Search by name")).fill("Shen")
    await page.get_by_role("button", name="Shen").click()
    drawer = page.get_by_role("dialog")
    await choose(page, drawer.get_by_label("Queues", exact=True), "故障 Faults")
    await drawer.get_by_label("Skills", exact=True).fill("fibre")
    await drawer.get_by_role("button", name="Add", exact=True).click()
    await drawer.get_by_label("Level of fibre").fill("8")
    await drawer.get_by_role("button", name="Save").click()
    await expect(saved(page, "Shen: Queues, Skills")).to_be_visible()

    await agent.ready()
    await centre.call(centre.number(), to="10099", keys=[])
    await agent.rings()
    await agent.answer()
    await expect(agent.page.locator(".call-card")).to_contain_text("故障 Faults")
    await agent.hang_up()
    await agent.wrap_up()


async def test_what_was_saved_is_said_and_taken_back(centre: Centre, open_desk: Open) -> None:
    await centre.admin.ask("PUT", "/admin/queues/undone", {"title": "Undone", "ring_timeout_s": 20})
    page = await settings(await admin_page(centre, open_desk))
    await page.get_by_role("button", name="Undone").click()
    ring = page.get_by_label("Ring time", exact=True)
    await ring.fill("45")
    await expect(page.locator(".rules")).to_contain_text("A phone rings for 45 s")
    await page.get_by_role("button", name="Save").click()
    notice = saved(page, "Ring time: 20 s → 45 s")
    await expect(notice).to_be_visible()
    await notice.get_by_role("button", name="Undo").click()
    await expect(ring).to_have_value("20")
    listed = await centre.admin.ask("GET", "/queues")
    assert next(q for q in listed["queues"] if q["name"] == "undone")["ring_timeout_s"] == 20


async def test_overflows_in_a_circle_are_refused_at_their_field(centre: Centre, open_desk: Open) -> None:
    await centre.admin.ask("PUT", "/admin/queues/round", {"title": "Round"})
    about = {"title": "About", "on_full": {"action": "queue", "target": "round"}}
    await centre.admin.ask("PUT", "/admin/queues/about", about)
    desk = await admin_page(centre, open_desk)
    page = await settings(desk)
    await page.get_by_role("button", name=re.compile("^Round Longest")).click()
    section = page.locator(".ant-collapse-header").filter(has_text="When it gets full")
    await section.click()
    await choose(page, page.get_by_label("When full", exact=True), "Another queue")
    await choose(page, page.get_by_label("When full: where to"), "About")
    await section.click()  # folded: the refusal unfolds it
    await page.get_by_role("button", name="Save").click()
    field = page.locator(".ant-form-item-has-error")
    await expect(field).to_contain_text("goes in a circle: round → about → round")
    await expect(field).to_contain_text("When full")
    assert any("400" in problem for problem in desk.problems)  # the browser's own word for a refusal
    desk.problems.clear()


async def test_leaving_what_is_not_saved_asks_first(centre: Centre, open_desk: Open) -> None:
    desk = await admin_page(centre, open_desk)
    page = await settings(desk)
    await page.get_by_role("button", name="销售 Sales").click()
    await page.get_by_label("Title", exact=True).fill("Something else")
    await page.locator(".ant-segmented-item").filter(has_text="Wallboard").click()
    await page.get_by_role("dialog").get_by_role("button", name="Stay").click()
    await expect(page.get_by_label("Title", exact=True)).to_have_value("Something else")
    await page.get_by_role("tab", name="Agents").click()
    await page.get_by_role("dialog").get_by_role("button", name="Leave").click()
    await expect(page.get_by_label(re.compile("^Search by name"))).to_be_visible()


async def test_many_agents_are_changed_at_once_and_back(centre: Centre, open_desk: Open) -> None:
    for name in ("Uma Bulk", "Vic Bulk"):
        await centre.hire(name)
    page = await settings(await admin_page(centre, open_desk), "Agents")
    await page.get_by_label(re.compile("^Search by name")).fill("Bulk")
    await page.locator("thead .ant-checkbox-input").check()
    await choose(page, page.get_by_label("Queue", exact=True), "客服 Support")
    await page.get_by_role("button", name="Apply").click()
    notice = saved(page, "Agents changed: 2")
    await expect(notice).to_contain_text("Uma Bulk: Queues")
    row = page.get_by_role("row").filter(has_text="Vic Bulk")
    await expect(row).to_contain_text("客服 Support")
    await notice.get_by_role("button", name="Undo").click()
    await expect(row).not_to_contain_text("客服 Support")


async def test_levels_are_typed_into_the_matrix(centre: Centre, open_desk: Open) -> None:
    username = await centre.hire("Wan Grid")
    page = await settings(await admin_page(centre, open_desk), "Skills at a glance")
    await page.get_by_label(re.compile("^Search by name")).fill("Grid")
    await page.get_by_label("New skill").fill("contracts")
    await page.get_by_label("New skill").press("Enter")
    await page.get_by_label("Wan Grid: contracts").fill("9")
    await expect(page.get_by_text("Not saved yet: 1")).to_be_visible()
    await page.get_by_role("button", name="Save").click()
    await expect(saved(page, "Wan Grid: Skills")).to_be_visible()
    listed = await centre.admin.ask("GET", "/agents")
    agent = next(a for a in listed["agents"] if a["agent_id"] == username)
    assert agent["settings"]["skills"] == {"contracts": 9}


async def test_team_lead_looks_and_does_not_change(centre: Centre, open_desk: Open) -> None:
    page = await settings(await admin_page(centre, open_desk, "team_lead"))
    await expect(page.get_by_text("Your role may look at these settings")).to_be_visible()
    await expect(page.get_by_label("Title", exact=True)).to_be_disabled()
    await expect(page.get_by_role("button", name="New queue")).to_have_count(0)
    await page.get_by_role("tab", name="Agents").click()
    await expect(page.locator("tbody .ant-checkbox-input")).to_have_count(0)


async def test_somebody_else_was_faster(centre: Centre, open_desk: Open) -> None:
    """The gateway refuses what was read too long ago: reload keeps one's own changes on top of theirs."""
    await centre.admin.ask("PUT", "/admin/queues/both", {"title": "Both", "wrap_up_s": 10})
    desk = await admin_page(centre, open_desk)
    page = await settings(desk)
    await page.get_by_role("button", name="Both").click()
    await page.get_by_label("Ring time", exact=True).fill("30")
    await centre.admin.ask("PATCH", "/admin/queues/both", {"wrap_up_s": 40})
    refusal = {"error": {"code": "conflict", "sentence": "It was changed.", "field": None, "service": None}}
    await page.route("**/admin/queues/both", lambda route: route.fulfill(status=409, json=refusal), times=1)
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Somebody changed this meanwhile")).to_be_visible()
    await page.get_by_role("button", name="Reload").click()
    await expect(page.get_by_label("Wrap-up", exact=True)).to_have_value("40")
    await expect(page.get_by_label("Ring time", exact=True)).to_have_value("30")
    await page.get_by_role("button", name="Save").click()
    await expect(saved(page, "Ring time: 15 s → 30 s")).to_be_visible()
    desk.problems.clear()
