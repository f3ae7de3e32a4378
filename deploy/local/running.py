"""From the command line into asyncio and back: every way of being stopped runs the same clean-up."""

import asyncio
import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NoReturn

from deploy.local.processes import ProcessError

STOPPED_BY_PERSON = 130  # what shells report for Ctrl-C


def run(main: Coroutine[Any, Any, int]) -> int:
    """Runs until it ends or is stopped. A second Ctrl-C does not wait: the kernel ends the children."""
    try:
        return asyncio.run(_stoppable(main))
    except KeyboardInterrupt:
        return STOPPED_BY_PERSON


async def _stoppable(main: Coroutine[Any, Any, int]) -> int:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - asyncio.run() has just made it
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(signum, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        return await main
    return STOPPED_BY_PERSON


def without_traces(command: Callable[[], None], crash_dir: Callable[[], Path]) -> NoReturn:
    """Errors end as a sentence. A trace is for whoever mends us: it goes into a file."""
    try:
        command()
        sys.exit(0)
    except ProcessError as error:
        sys.exit(f"switchyard: {error}")
    except BrokenPipeError:  # `./switchyard … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(STOPPED_BY_PERSON)
    except Exception as error:
        sys.exit(f"switchyard: unexpected: {error or type(error).__name__}{kept_trace(crash_dir)}")


def kept_trace(crash_dir: Callable[[], Path]) -> str:
    with contextlib.suppress(OSError):
        path = crash_dir() / "crash.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(traceback.format_exc())
        return f" (a fault of ours; the details are in {path})"
    return " (a fault of ours)"
