"""Pages kept from test to test."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Browser

from tests.e2e.desk import SIZE, Desk


class Desks:
    """Pages at the sign-in: to load one costs more than most tests do with it. Who sits down at one that was
    used before finds nothing of the person before, or the page has a fault."""

    def __init__(self, browser: Browser, url: str, **options: Any) -> None:
        """`options`: those of a browser's context, for all pages."""
        self._browser = browser
        self._url = url
        self._options = options
        self._free: dict[tuple[str, bool], list[Desk]] = {}

    async def take(self, language: str, *, dark: bool = False, fresh: bool = False) -> Desk:
        free = self._free.setdefault((language, dark), [])
        if free and not fresh:
            return free.pop()
        context = await self._browser.new_context(
            viewport=SIZE,
            locale=language,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",  # painting what moves is most of a headless browser's work
            **self._options,
        )
        context.set_default_timeout(30_000)
        return await Desk.open(context, self._url, language, dark=dark)

    async def give_back(self, desk: Desk, *, fresh: bool = False) -> None:
        """After `go_home`. A fresh one is used by nobody else."""
        if not fresh and await desk.is_left():
            self._free[desk.language, desk.dark].append(desk)
        else:
            await desk.context.close()
