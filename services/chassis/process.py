"""How a process runs and stops: SIGTERM asks it to finish what it does, a second one to hurry."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable

import structlog
import uvloop

from services.chassis.errors import SwitchyardError

log = structlog.get_logger()


class Stop:
    """Says when to stop."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.reason = ""
        self.failed = False

    @property
    def asked(self) -> bool:
        return self._event.is_set()

    def ask(self, reason: str) -> None:
        """Asks the process to stop; asked again, it ends at once (the operator has lost patience)."""
        if self.asked and reason.startswith("SIG"):
            os._exit(130)
        self.reason = self.reason or reason
        self._event.set()

    async def wait(self) -> None:
        await self._event.wait()


def run(main: Callable[[Stop], Awaitable[None]]) -> None:
    """Runs `main` until it returns. It should wait for the Stop it is given, then stop its parts.

    Ends the process with status 1 and one line when `main` cannot start or a part of it failed.
    """
    try:
        uvloop.run(_supervised(main))
    except SwitchyardError as refused:
        log.error("cannot_start", detail=refused.sentence)  # noqa: TRY400 (the sentence says it)
        raise SystemExit(1) from None


async def _supervised(main: Callable[[Stop], Awaitable[None]]) -> None:
    stop = Stop()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.ask, number.name)
    await main(stop)
    log.info("stopped", reason=stop.reason or "finished")
    if stop.failed:
        raise SystemExit(1)


def watch(task: asyncio.Task[None], stop: Stop) -> asyncio.Task[None]:
    """A part that ends by an error takes the process down: better restarted than half alive."""

    def ended(done: asyncio.Task[None]) -> None:
        if not done.cancelled() and (error := done.exception()) is not None:
            log.error("part_failed", part=done.get_name(), exc_info=error)
            stop.failed = True
            stop.ask(f"{done.get_name()} failed")

    task.add_done_callback(ended)
    return task
