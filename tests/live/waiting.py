"""Wait for a condition, with a deadline; never for luck."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

POLL_S = 0.02


async def until(check: Callable[[], Awaitable[T | None]], *, within_s: float, what: str) -> T:
    """The first truthy answer of `check`."""
    deadline = time.monotonic() + within_s
    while not (found := await check()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within_s} s: {what}")
        await asyncio.sleep(POLL_S)
    return found


def blocking_until(check: Callable[[], T | None], *, within_s: float, what: str) -> T:
    """The same where no event loop runs: a fixture that starts a process for many tests."""
    deadline = time.monotonic() + within_s
    while not (found := check()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within_s} s: {what}")
        time.sleep(POLL_S)
    return found
