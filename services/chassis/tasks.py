"""Ending tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

CANCEL_AGAIN_S = 0.5


async def end(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancels tasks until they have ended; how they end is of no interest.

    Once is not enough: `asyncio.wait_for` of Python 3.11, which the NATS client waits with, loses a cancel
    that comes in the moment of its answer (python/cpython#86296), and a task that works for ever works on.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)
