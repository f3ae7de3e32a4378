"""Tasks end, also those that lose a cancel."""

from __future__ import annotations

import asyncio

import pytest

from services.chassis import tasks


async def test_a_cancel_that_is_lost_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "CANCEL_AGAIN_S", 0.01)
    lost = 0

    async def for_ever() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:  # as wait_for did when its answer came in that moment
                lost += 1
                if lost == 3:
                    raise

    async def fails() -> None:
        raise ValueError("of no interest")

    all_of_them = [asyncio.create_task(for_ever()), asyncio.create_task(fails())]
    await asyncio.sleep(0)
    await tasks.end(all_of_them)
    assert all_of_them[0].cancelled()
    assert lost == 3
    await tasks.end([])
