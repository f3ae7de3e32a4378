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
from types import TracebackType
from typing import IO, Self

SPAWN = Path(__file__).with_name("spawn.py")
POLL_INTERVAL_S = 0.02
LOG_LINES_SHOWN = 12
LOG_KEPT_BYTES = (
    16 * 1024 * 1024
)  # a log larger than this is set aside once, as name.log.1, at the next start


class ProcessError(Exception):
    """A child could not be started, did not become ready or died: a sentence, its last lines."""


Ready = Callable[["Child"], Awaitable[bool]]


@dataclass(frozen=True)
class Program:
    """What to start, and how to know that it is ready."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    ready: Ready | None = None
    ready_timeout_s: float = 30.0  # a cold first import on two busy cores takes ten
    stop_signal: int = signal.SIGTERM
    stop_timeout_s: float = 10.0  # then SIGKILL
    orphan_signal: int = signal.SIGKILL  # what the kernel sends when we die first
    identity: str = "same"  # see spawn.py


class Child:
    """One run of one program."""

    def __init__(self, program: Program, log: Path) -> None:
        self.program = program
        self.log = log
        self.log_start = 0
        self._process: asyncio.subprocess.Process | None = None
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

    async def start(self) -> None:
        with open_log(self.log) as log:
            self.log_start = log.tell()
            self._process = await asyncio.create_subprocess_exec(
                *spawn_command(self.program),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, **self.program.env},
                cwd=self.program.cwd,
                start_new_session=True,
            )
        self._exit = asyncio.create_task(self._process.wait())

    async def until_ready(self) -> None:
        deadline = time.monotonic() + self.program.ready_timeout_s
        while self.running:
            if self.program.ready is None or await self.program.ready(self):
                return
            if time.monotonic() > deadline:
                waited = f"not ready after {self.program.ready_timeout_s:.0f} s"
                raise ProcessError(self.describe(waited))
            await self.exited(timeout_s=POLL_INTERVAL_S)
        raise ProcessError(self.describe_exit())

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
        status = self._process.returncode if self._process else None
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


def spawn_command(program: Program) -> list[str]:
    executable = shutil.which(program.command[0])
    if executable is None:
        raise ProcessError(f"{program.name}: no such program: {program.command[0]}")
    spawn = [sys.executable, "-I", "-S", str(SPAWN), str(os.getpid())]
    orphan = str(int(program.orphan_signal))
    return [*spawn, orphan, program.identity, executable, *program.command[1:]]


def open_log(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > LOG_KEPT_BYTES:
            path.replace(path.with_name(path.name + ".1"))
    log = path.open("ab")
    log.seek(0, os.SEEK_END)
    return log


@dataclass(frozen=True)
class Restarts:
    """Bounded, or a service that dies at start would be started for ever."""

    limit: int = 5
    within_s: float = 60.0


class Supervisor:
    """Programs by name: started in order, watched, stopped in reverse order."""

    def __init__(
        self,
        log_dir: Path,
        restarts: Restarts | None = None,
        say: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self.log_dir = log_dir
        self._restarts = restarts
        self._say = say
        self._programs: dict[str, Program] = {}
        self._children: dict[str, Child] = {}
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._deaths: dict[str, deque[float]] = {}
        self._gave_up: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.stop_all()

    def add(self, program: Program) -> None:
        self._programs[program.name] = program

    @property
    def names(self) -> list[str]:
        return list(self._programs)

    def child(self, name: str) -> Child:
        try:
            return self._children[name]
        except KeyError:
            raise ProcessError(f"{name} has not been started") from None

    def running(self, name: str) -> bool:
        return name in self._children and self._children[name].running

    async def launch(self, name: str) -> Child:
        """Start without waiting for readiness, so that several can come up at once."""
        if self.running(name):
            raise ProcessError(f"{name} runs already")
        child = Child(self._programs[name], self.log_dir / f"{name}.log")
        await child.start()
        self._children.pop(name, None)
        self._children[name] = child
        return child

    async def start(self, name: str) -> Child:
        child = await self.launch(name)
        await self._until_ready(child)
        return child

    async def start_all(self, names: Sequence[str]) -> None:
        """All at once; the first that fails is the one reported."""
        children = [await self.launch(name) for name in names]
        try:
            async with asyncio.TaskGroup() as group:
                for child in children:
                    group.create_task(self._until_ready(child))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def _until_ready(self, child: Child) -> None:
        await child.until_ready()
        self._watchers[child.name] = asyncio.create_task(self._watch(child))

    async def stop(self, name: str) -> None:
        self._unwatch(name)
        await self.child(name).stop()

    async def kill(self, name: str, signum: int = signal.SIGKILL) -> None:
        """As an accident would: whatever watches the child learns of it the hard way."""
        child = self.child(name)
        child.kill(signum)
        if signum == signal.SIGKILL:
            await child.exited()

    async def restart(self, name: str) -> Child:
        await self.stop(name)
        return await self.start(name)

    async def stop_all(self) -> None:
        """In reverse order of starting: whoever is depended upon goes last."""
        for name in list(self._watchers):
            self._unwatch(name)
        for name in reversed(list(self._children)):
            await self._children[name].stop()

    async def gave_up(self) -> str:
        """Ends when a child has died and will not be started again; says which and why."""
        return await asyncio.shield(self._gave_up)

    def _unwatch(self, name: str) -> None:
        if watcher := self._watchers.pop(name, None):
            watcher.cancel()

    async def _watch(self, child: Child) -> None:
        await child.exited()
        while child.name in self._watchers:
            self._say(child.describe_exit())
            if not self._may_restart(child.name):
                self._give_up(child.describe_exit())
                return
            try:
                child = await self.launch(child.name)
                await child.until_ready()
            except ProcessError as error:
                self._say(str(error))
                continue
            self._say(f"{child.name} is back (pid {child.pid})")
            await child.exited()

    def _may_restart(self, name: str) -> bool:
        if self._restarts is None:
            return False
        now = time.monotonic()
        deaths = self._deaths.setdefault(name, deque())
        deaths.append(now)
        while deaths[0] < now - self._restarts.within_s:
            deaths.popleft()
        return len(deaths) <= self._restarts.limit

    def _give_up(self, why: str) -> None:
        if not self._gave_up.done():
            self._gave_up.set_result(why)


async def answers_ready(host: str, port: int, path: str = "/readyz") -> bool:
    """Does http://host:port/path say 200? By hand: importing an HTTP library takes longer."""
    try:
        async with asyncio.timeout(1.0):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
                status = await reader.readline()
            finally:
                writer.close()
                await writer.wait_closed()
    except (OSError, TimeoutError):
        return False
    return status.split(b" ")[1:2] == [b"200"]


async def accepts(host: str, port: int) -> bool:
    """Does anything listen there?"""
    try:
        async with asyncio.timeout(1.0):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            await writer.wait_closed()
    except (OSError, TimeoutError):
        return False
    return True
