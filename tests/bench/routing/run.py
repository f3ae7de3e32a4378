"""The whole run: its parts are started, and stopped whatever happens."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import shutil
import signal
import tempfile
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

import uvloop

from deploy.local.bench import Row
from deploy.local.processes import ProcessError
from tests.bench.routing import real, simulated
from tests.bench.routing.parts import Parts

LONGEST_S = 900.0  # twice what either run takes on a machine that has nothing else to do
QUICK = os.environ.get("BENCH_QUICK") == "1"


def main(options: Sequence[str]) -> list[Row]:
    """Everything in a folder of its own, gone afterwards."""
    if any(option != "--freeswitch" for option in options):
        raise ProcessError("bench routing has one option: --freeswitch, on a real one with null/ phones")
    on = real.rows if options else simulated.rows
    logging.getLogger("nats").setLevel(logging.CRITICAL)  # its end is ours
    gc.disable()  # who measures must not pause; between two scenes it is collected (`scene.routed`)
    folder = Path(tempfile.mkdtemp(prefix="switchyard-bench-"))
    folder.chmod(0o755)  # PostgreSQL may have to run as nobody
    try:
        return uvloop.run(_bounded(_measure(folder, on)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _measure(folder: Path, on: Any) -> list[Row]:
    async with Parts(folder) as parts:
        rows: list[Row] = await on(parts, quick=QUICK)
        return rows


async def _bounded(work: Coroutine[Any, Any, list[Row]]) -> list[Row]:
    """Stopped from outside it cleans up as after Ctrl-C."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        async with asyncio.timeout(LONGEST_S) as limit:
            return await work
    except TimeoutError:
        if not limit.expired():
            raise
        raise ProcessError(f"not done after {LONGEST_S:.0f} s: is the machine busy?") from None
