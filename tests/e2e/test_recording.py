"""The agent sees that a conversation is recorded, pauses that, and is told when it is not."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.e2e.centre import SUPPORT, Centre
from tests.e2e.conftest import Open
from tests.e2e.desk import Desk

pytestmark = pytest.mark.asyncio(loop_scope="session")

SAID = {
    "en": {
        "runs": "Recording",
        "pause": "Pause recording",
        "resume": "Resume recording",
        "failed": "Not recorded",
    },
    "zh-CN": {"runs": "录音中", "pause": "暂停录音", "resume": "继续录音", "failed": "未录音"},
}


@pytest_asyncio.fixture(loop_scope="session")
async def recorded(centre: Centre) -> AsyncIterator[None]:
    await centre.admin.ask("PATCH", "/admin/queues/support", {"recording": "from_answer"})
    yield
    await centre.admin.ask("PATCH", "/admin/queues/support", {"recording": "never"})


async def talks(centre: Centre, open_desk: Open, language: str, *, dark: bool = False) -> Desk:
    desk = await open_desk(language, dark=dark)
    await desk.sign_in(await centre.hire("李娜 Li Na with a rather long name", queues=("support",)))
    await desk.ready()
    await centre.call(centre.number(), key=SUPPORT)
    await desk.rings()
    await desk.answer()
    return desk


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize(("language", "dark"), [("en", False), ("zh-CN", True)])
async def test_agent_pauses_and_resumes(centre: Centre, open_desk: Open, language: str, dark: bool) -> None:
    said = SAID[language]
    desk = await talks(centre, open_desk, language, dark=dark)
    state = desk.card("talking").locator(".recording-state")
    await expect(state).to_contain_text(said["runs"])
    await shot(desk, f"recording-{language}")
    await desk.page.get_by_role("button", name=said["pause"]).click()
    await expect(desk.page.get_by_role("button", name=said["resume"])).to_be_visible()
    await shot(desk, f"paused-{language}")
    await desk.page.get_by_role("button", name=said["resume"]).click()
    await expect(desk.page.get_by_role("button", name=said["pause"])).to_be_visible()
    await desk.hang_up()
    assert [ok for kind in ("pause_recording", "resume_recording") for _, ok in desk.commands(kind)] == [
        True
    ] * 2


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize(("language", "dark"), [("en", True), ("zh-CN", False)])
async def test_agent_is_told_that_it_is_not_recorded(
    centre: Centre, open_desk: Open, language: str, dark: bool
) -> None:
    folder = centre.suite.recordings_dir / "calls"
    aside = folder.with_name("aside")
    if folder.exists():
        folder.rename(aside)
    folder.write_text("no folder")
    try:
        desk = await talks(centre, open_desk, language, dark=dark)
        await expect(desk.card("talking")).to_contain_text(SAID[language]["failed"])
        await shot(desk, f"failed-{language}")
        await desk.hang_up()
    finally:
        folder.unlink()
        if aside.exists():
            aside.rename(folder)


async def shot(desk: Desk, name: str) -> None:
    """Kept for people to look at where SCREENSHOTS names a folder."""
    if folder := os.environ.get("SCREENSHOTS"):
        await desk.page.screenshot(path=Path(folder) / f"{name}.png")
