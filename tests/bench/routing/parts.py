"""The processes of one run: started, asked for their processor time, and stopped whatever happens."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local.migrate import migrations_of
from deploy.local.nats import Nats
from deploy.local.ports import LOOPBACK, answers_ready, free_ports
from deploy.local.postgres import Postgres, role
from deploy.local.processes import Child, Program
from deploy.local.suite import python_path, said_its_port
from deploy.local.supervisor import Supervisor
from services.chassis import migrations

ESL_PASSWORD = "bench-esl"
NODE = "fs1"
MAX_SESSIONS = 60_000
PROFILE = "BENCH_PROFILE"
"""`calls` or `stacks`: the ACD runs within tests.bench.routing.profiled, which says more."""


@dataclass
class Parts:
    """PostgreSQL and NATS, and whatever is started beside them. `async with`: all is stopped at the end."""

    folder: Path
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self.stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stack.aclose()

    async def _start(self) -> None:
        # The disk of this machine is not the question: nobody waits for it on the way of a call.
        self.postgres = await self.stack.enter_async_context(Postgres(self.folder / "pg", durable=False))
        self.supervisor = await self.stack.enter_async_context(Supervisor(self.folder / "logs"))

    async def acd(self, esl_port: int, node: str, settings: Mapping[str, str]) -> Acd:
        """The role as it is deployed, with a NATS and a database of its own: it knows of no run before."""
        number = len(self.supervisor.names)
        nats = Nats(self.folder / f"nats-{number}")
        await nats.start()
        self.stack.push_async_callback(nats.stop)
        dsn = await self._database(f"acd_{number}")
        grpc_port, ops_port = free_ports(2)
        told = {
            "DATABASE_URL": dsn,
            "NATS_URL": nats.url,
            "GRPC_LISTEN": f"{LOOPBACK}:{grpc_port}",
            "OPS_LISTEN": f"{LOOPBACK}:{ops_port}",
            "ESL_NODES": f"{node}={LOOPBACK}:{esl_port}",
            "ESL_PASSWORD": ESL_PASSWORD,
            "DRAIN_S": "1",
            **settings,
        }

        async def is_ready(_: Child) -> bool:
            return await answers_ready(LOOPBACK, ops_port)

        module = "tests.bench.routing.profiled" if os.environ.get(PROFILE) else "services.acd"
        env = {f"SWITCHYARD_{key}": value for key, value in told.items()} | python_path()
        program = Program(f"acd-{number}", [sys.executable, "-m", module], env=env, ready=is_ready)
        return Acd(await self.start(program), grpc_port, nats)

    async def _database(self, name: str) -> str:
        await self.postgres.ensure_database(name, ["acd"])
        dsn = self.postgres.dsn(name, role("acd"))
        await migrations.migrate(dsn, "acd", migrations_of("acd"))
        return dsn

    async def simulator(self) -> tuple[Child, int]:
        name = f"simulator-{len(self.supervisor.names)}"
        (port,) = free_ports(1)
        flags = {
            "--esl-listen": f"{LOOPBACK}:{port}",
            "--esl-password": ESL_PASSWORD,
            "--name": NODE,
            "--max-sessions": str(MAX_SESSIONS),
        }
        words = [word for flag in flags.items() for word in flag]
        command = [sys.executable, "-m", "freeswitch.simulator", *words]
        # Killed, for to end 20,000 calls in good order takes it longer than a measurement.
        program = Program(name, command, env=python_path(), ready=said_its_port, stop_signal=signal.SIGKILL)
        return await self.start(program), port

    async def bare(self, esl_port: int, endpoint: str, *more: str) -> tuple[Child, int]:
        """The floor, and the port on which it is told of people."""
        (port,) = free_ports(1)
        words = [str(esl_port), ESL_PASSWORD, str(port), endpoint, *more]

        async def is_ready(child: Child) -> bool:
            return "ready" in child.lines()

        command = [sys.executable, "-m", "tests.bench.routing.bare", *words]
        name = f"bare-{len(self.supervisor.names)}"
        return await self.start(Program(name, command, env=python_path(), ready=is_ready)), port

    async def start(self, program: Program) -> Child:
        self.supervisor.add(program)
        return await self.supervisor.start(program.name)

    async def stop(self, child: Child) -> None:
        await self.supervisor.stop(child.name)

    @property
    def postgres_pids(self) -> list[int]:
        return family(self.postgres.pid)


@dataclass
class Acd:
    child: Child
    grpc_port: int
    nats: Nats


# ---------------------------------------------------------------- processor time


class Meter:
    """Processor time of named processes since it was made (or last started)."""

    def __init__(self, pids: Mapping[str, list[int]]) -> None:
        self._pids = pids
        self.start()

    def start(self) -> None:
        self._before = self._now()

    def spent_s(self) -> dict[str, float]:
        return {name: used - self._before[name] for name, used in self._now().items()}

    def _now(self) -> dict[str, float]:
        return {name: sum(map(processor_s, pids)) for name, pids in self._pids.items()}


def processor_s(pid: int) -> float:
    """User and system time of a process, all its threads; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """A process and its children."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in task.read_text().split()]
    return found


def load() -> float:
    return os.getloadavg()[0]
