"""Python's search for garbage, in a process that keeps much and must not pause.

Reference counting frees what a call leaves behind; the search is for cycles only. By default it goes through
all that is kept again whenever that has grown by a quarter: 15,000 contacts make it a pause of a tenth of a
second and more, in which nobody is routed. Here what has survived one short search is kept out of all further
ones (`gc.freeze`), so a pause depends on what is new. A cycle that was kept out and dies later stays, until
`sweep` looks through everything, which is seldom.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client import Histogram

NEW_MOST = 2_000
"""New objects that are left before they are looked through: some milliseconds at the outside."""
NEVER = 1_000_000_000
SWEEP_S = 6 * 3600.0
"""A few hundred dead cycles in an hour, mostly of exceptions, are some hundred kilobytes until then."""

SWEPT = Histogram("sy_garbage_sweep_seconds", "Pauses in which everything was looked through for garbage.")


def _keep_out(phase: str, _: dict[str, Any]) -> None:
    if phase == "stop":
        gc.freeze()


@contextmanager
def short_searches() -> Iterator[None]:
    """While it lasts, a search for garbage goes through what is new since the last one, and no more."""
    before = gc.get_threshold()
    gc.callbacks.append(_keep_out)
    gc.set_threshold(NEW_MOST, NEVER, NEVER)
    sweep()
    try:
        yield
    finally:
        gc.callbacks.remove(_keep_out)
        gc.set_threshold(*before)
        gc.unfreeze()


def sweep() -> int:
    """Looks through everything; gives how many objects were garbage. Pauses the process meanwhile."""
    with SWEPT.time():
        gc.unfreeze()
        return gc.collect()


async def sweep_now_and_then(every_s: float = SWEEP_S) -> None:
    """For ever."""
    while True:
        await asyncio.sleep(every_s)
        sweep()
