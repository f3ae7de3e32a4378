"""The console in Chromium, on a real suite. Skipped, saying so, where one of the two is missing."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from deploy.local.console import console_dir
from tests.conftest import folder_for_servers
from tests.e2e.centre import Centre, open_centre
from tests.e2e.desk import Desk
from tests.e2e.desks import Desks

FLAGS = [
    "--no-sandbox",  # tests may run as root, where Chromium has no sandbox
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--autoplay-policy=no-user-gesture-required",
]
SHOWN_MS = 20_000  # until something is seen: a machine may be busy, and no test here measures time
expect.set_options(timeout=SHOWN_MS)

Open = Callable[..., Awaitable[Desk]]


CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser")
"""The first needs a third less of a processor: it has no windows of its own to draw around the pages."""


def chromium() -> Path | None:
    named = os.environ.get("CHROMIUM_BIN") or next(filter(None, map(shutil.which, CHROMIUM)), None)
    return Path(named) if named else None


@pytest.fixture(scope="session")
def browser_binary() -> Path:
    found = chromium()
    if found is None:
        pytest.skip(
            "no chromium on PATH nor in CHROMIUM_BIN: the console is not tested "
            "(apt install chromium-headless-shell)"
        )
    if not (console_dir() / "index.html").exists():
        pytest.skip("the web console is not built, so it is not tested: ./switchyard console")
    return found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def centre(browser_binary: Path) -> AsyncIterator[Centre]:
    with folder_for_servers() as folder:
        async with open_centre(folder / "data") as running:
            yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(browser_binary: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=browser_binary, args=FLAGS)
        yield running
        await running.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def desks(browser: Browser, centre: Centre) -> Desks:
    return Desks(browser, centre.url)


@pytest_asyncio.fixture(loop_scope="session")
async def open_desk(desks: Desks, centre: Centre) -> AsyncIterator[Open]:
    """`await open_desk("zh-CN")`: a page nobody is signed in at; `fresh` for a test that changes the page
    itself, so that nobody uses it afterwards. At the end all have gone home and the browser has nothing to
    complain of."""
    opened: list[tuple[Desk, bool]] = []

    async def open_one(language: str = "en", *, dark: bool = False, fresh: bool = False) -> Desk:
        desk = await desks.take(language, dark=dark, fresh=fresh)
        opened.append((desk, fresh))
        return desk

    yield open_one
    for desk, _ in opened:
        await desk.go_home()
    await centre.quiet()
    problems = [problem for desk, _ in opened for problem in desk.problems]
    for desk, fresh in opened:
        await desks.give_back(desk, fresh=fresh)
    assert problems == []
