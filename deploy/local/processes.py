"""Children that cannot outlive us: started, awaited, watched, stopped in reverse order.

Every child has a session of its own, so Ctrl-C in the terminal reaches only the parent, which then
stops them in order; and it is told by the kernel to die when the parent dies, so `kill -9` leaves
nothing. Start children from the main thread: the kernel takes the end of the *thread* that forked
for the death of the parent.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from deploy.local.ports import free_port, is_free

SPAWN = Path(__file__).with_name("spawn.py")
POLL_INTERVAL_S = 0.02
START_TRIES = 5  # others may take our port first, or a dying server still hold the data
LOG_LINES_SHOWN = 12
LOG_KEPT_BYTES = (
    16 * 1024 * 1024
)  # a log larger than this is set aside once, as name.log.1, at the next start


class ProcessError(Exception):
    """A child could not be started, did not become ready or died: a sentence, its last lines."""


Ready = Callable[["Child"], Awaitable[bool]]
Start = Callable[["Program", IO[bytes]], Awaitable["Running"]]
"""Starts a program whose output goes to that log."""


class Running(Protocol):
    """A process, as asyncio tells of one."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    async def wait(self) -> int: ...


@dataclass(frozen=True)
class Program:
    """What to start, and how to know that it is ready."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    ready: Ready | None = None
    ready_timeout_s: float = 30.0  # a cold first import on two busy cores takes ten
    remains: str = (
        ""  # it ends with these words while the rest of its last run is still leaving: started again
    )
    stop_signal: int = signal.SIGTERM
    stop_timeout_s: float = 10.0  # then SIGKILL
    orphan_signal: int = signal.SIGKILL  # what the kernel sends when we die first
    identity: str = "same"  # see spawn.py
    start: Start | None = None  # another way to start it than a new process that dies with us


class Child:
    """One run of one program."""

    def __init__(self, program: Program, log: Path) -> None:
        self.program = program
        self.log = log
        self.log_start = 0
        self._process: Running | None = None
        self._exit: asyncio.Task[int] | None = None

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def running(self) -> bool:
        return self._exit is not None and not self._exit.done()

    @property
    def pid(self) -> int:
        if self._process is None:
            raise ProcessError(f"{self.name} has not been started")
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.returncode if self._process else None

    async def start(self) -> None:
        with open_log(self.log) as log:
            self.log_start = log.tell()
            self._process = await (self.program.start or spawn)(self.program, log)
        self._exit = asyncio.create_task(self._process.wait())

    async def until_ready(self) -> None:
        deadline = time.monotonic() + self.program.ready_timeout_s
        while True:
            if not self.running:
                if time.monotonic() > deadline or not self._met_remains():
                    raise ProcessError(self.describe_exit())
                await asyncio.sleep(POLL_INTERVAL_S)
                await self.start()
            if self.program.ready is None or await self.program.ready(self):
                return
            if time.monotonic() > deadline:
                waited = f"not ready after {self.program.ready_timeout_s:.0f} s"
                raise ProcessError(self.describe(waited))
            await self.exited(timeout_s=POLL_INTERVAL_S)

    def _met_remains(self) -> bool:
        return bool(self.program.remains) and any(self.program.remains in line for line in self.lines())

    async def exited(self, timeout_s: float | None = None) -> bool:
        """Wait for its end, `timeout_s` at most; is it over?"""
        if self._exit is None:
            return True
        await asyncio.wait({self._exit}, timeout=timeout_s)
        return self._exit.done()

    def kill(self, signum: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signum)

    async def stop(self) -> None:
        """Ask, wait, insist. What it left in its session goes with it."""
        if self._process is None:
            return
        if self.running:
            self.kill(self.program.stop_signal)
            self.kill(signal.SIGCONT)  # a child that a test has stopped could not hear us otherwise
            if not await self.exited(self.program.stop_timeout_s):
                self._kill_session()
        await self.exited()
        self._kill_session()

    def _kill_session(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def describe_exit(self) -> str:
        status = self.returncode
        if status is not None and status < 0:
            return self.describe(f"was ended by {signal.Signals(-status).name}")
        return self.describe(f"ended with status {status}")

    def describe(self, what: str) -> str:
        lines = self.last_lines()
        said = "its last lines:\n" + "\n".join(f"    {line}" for line in lines)
        return f"{self.name} {what}; " + (said if lines else f"it wrote nothing to {self.log}")

    def last_lines(self, count: int = LOG_LINES_SHOWN) -> list[str]:
        return list(deque(self.lines(), maxlen=count))

    def lines(self) -> Iterator[str]:
        """What this run has written so far."""
        with self.log.open(encoding="utf-8", errors="replace") as log:
            log.seek(self.log_start)
            for line in log:
                if line.strip():
                    yield line.rstrip()


async def spawn(program: Program, log: IO[bytes]) -> Running:
    return await asyncio.create_subprocess_exec(
        *spawn_command(program),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=log,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **program.env},
        cwd=program.cwd,
        start_new_session=True,
    )


def spawn_command(program: Program) -> list[str]:
    executable = shutil.which(program.command[0])
    if executable is None:
        raise ProcessError(f"{program.name}: no such program: {program.command[0]}")
    spawn = [sys.executable, "-I", "-S", str(SPAWN), str(os.getpid())]
    orphan = str(int(program.orphan_signal))
    return [*spawn, orphan, program.identity, executable, *program.command[1:]]


async def start_on(wanted: int, program_on: Callable[[int], Program], log: Path) -> tuple[int, Child]:
    """Start a server on the wanted port, or for 0 on any free one; returns the port and the server."""
    for tries_left in reversed(range(START_TRIES)):
        port = wanted or free_port()
        if not is_free(port):
            raise ProcessError(f"port {port} is taken: free it, or choose another for {log.stem}")
        child = Child(program_on(port), log)
        try:
            await child.start()
            await child.until_ready()
            return port, child
        except BaseException as error:
            await child.stop()
            if not (tries_left and isinstance(error, ProcessError) and "in use" in str(error)):
                raise
    raise AssertionError("the last try returns or raises")


def open_log(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > LOG_KEPT_BYTES:
            path.replace(path.with_name(path.name + ".1"))
    log = path.open("ab")
    log.seek(0, os.SEEK_END)
    return log
