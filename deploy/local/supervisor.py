"""Programs by name: started, watched, started again within bounds, stopped in reverse order."""

import asyncio
import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local.processes import Child, ProcessError, Program


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
        """As an accident would. Without a restart policy it stays dead, and nobody is alarmed."""
        child = self.child(name)
        if self._restarts is None and signum == signal.SIGKILL:
            self._unwatch(name)
        child.kill(signum)
        if signum == signal.SIGKILL:
            await child.exited()

    async def restart(self, name: str) -> Child:
        await self.stop(name)
        return await self.start(name)

    async def stop_all(self) -> None:
        """In reverse order of `add`: whoever is depended upon goes last."""
        for name in list(self._watchers):
            self._unwatch(name)
        for name in reversed(self.names):
            if name in self._children:
                await self._children[name].stop()

    async def gave_up(self) -> str:
        """Ends when a child has died and will not be started again; says which and why."""
        return await asyncio.shield(self._gave_up)

    def _unwatch(self, name: str) -> None:
        if watcher := self._watchers.pop(name, None):
            watcher.cancel()

    async def _watch(self, child: Child) -> None:
        await child.exited()
        why = child.describe_exit()
        while self._may_restart(child.name):
            self._say(f"{why}\nstarting {child.name} again …")
            try:
                child = await self.launch(child.name)
                await child.until_ready()
                self._say(f"{child.name} is back (process {child.pid})")
                await child.exited()
                why = child.describe_exit()
            except ProcessError as error:
                await self.child(child.name).stop()
                why = str(error)
        self._give_up(why)

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
