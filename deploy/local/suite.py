"""The whole suite on one machine: PostgreSQL, NATS, five services and, if wished, simulated switches.

Used by `demo`, by `up` and by tests/system. `async with Suite(options) as suite:` returns when every
part is ready; leaving it stops all, in reverse.
"""

import fcntl
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local import nats, postgres
from deploy.local.console import console_dir
from deploy.local.keys import Keys
from deploy.local.migrate import migrate_all
from deploy.local.nats import Nats
from deploy.local.ports import LOOPBACK, answers_ready, free_port, is_free
from deploy.local.postgres import Postgres, role
from deploy.local.processes import Child, ProcessError, Program, Start
from deploy.local.supervisor import Restarts, Supervisor
from deploy.local.wiring import ROOT, SERVICES, STANDBY, Ports, Wiring, any_ports, role_of

MAX_SIMULATORS = 16
OUTSIDE = {"ACD_OUTSIDE_ENDPOINT": "sofia/gateway/trunk/{number}", "ACD_OUTSIDE_PREFIXES": "+86"}
"""Whom a simulated switch calls outside costs nothing."""


@dataclass(frozen=True)
class SuiteOptions:
    data_dir: Path
    simulators: int = 1
    """Simulated switches fs1, fs2, …; 0 where real ones are named in `esl_nodes`."""
    esl_nodes: Mapping[str, str] = field(default_factory=dict)
    esl_password: str = ""
    """Of the real switches; simulated ones get one of their own."""
    standby: bool = False
    """A second ACD (`acd2`), which takes over when the first dies."""
    ports: Ports | None = None
    """None: free ones."""
    host: str = LOOPBACK
    seed: int = 0
    durable: bool = False
    """True waits for the disk at each commit (see postgres.NOT_DURABLE): for real calls."""
    restarts: Restarts | None = None
    """None leaves the dead dead: right for tests."""
    bootstrap_admin: str = ""
    """user:password; empty makes one, told by `Suite.admin`."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """More settings for every service, without their prefix."""
    simulator_args: tuple[str, ...] = ()
    start: Start | None = None
    """Another way to start services and simulated switches, see `Program`."""
    say: Callable[[str], None] = lambda _line: None


class Suite:
    supervisor: Supervisor
    wiring: Wiring

    def __init__(self, options: SuiteOptions) -> None:
        self.options = options
        self.postgres = Postgres(options.data_dir, durable=options.durable)
        self.nats = Nats(options.data_dir)
        self.simulators: dict[str, int] = {}
        """Name and ESL port of each simulated switch."""
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    @property
    def page_url(self) -> str:
        host = LOOPBACK if self.options.host == "0.0.0.0" else self.options.host  # noqa: S104
        return f"http://{host}:{self.wiring.ports.gateway}"

    @property
    def admin(self) -> str:
        return self.wiring.bootstrap_admin

    @property
    def recordings_dir(self) -> Path:
        return self.options.data_dir / "recordings"

    @property
    def services(self) -> tuple[str, ...]:
        return (*SERVICES, STANDBY) if self.options.standby else SERVICES

    def dsn(self, service: str) -> str:
        return self.postgres.dsn(user=role(service))

    def ops_url(self, service: str) -> str:
        return f"http://{LOOPBACK}:{self.wiring.ports.ops[service]}"

    async def stop(self, name: str) -> None:
        await self.supervisor.stop(name)

    async def start(self, name: str) -> Child:
        return await self.supervisor.start(name)

    async def restart(self, name: str) -> Child:
        return await self.supervisor.restart(name)

    async def kill(self, name: str, signum: int = signal.SIGKILL) -> None:
        """Any of the services, a simulated switch (`fs1`), `postgres` or `nats`."""
        await self.supervisor.kill(name, signum)

    async def gave_up(self) -> str:
        """Ends when a part has died for good; says which and why."""
        return await self.supervisor.gave_up()

    async def _start(self) -> None:
        options = self.options
        self._stack.enter_context(only_user_of(options.data_dir))
        keys = Keys(options.data_dir / "secret")
        log_dir = options.data_dir / "logs"
        self.supervisor = await self._stack.enter_async_context(
            Supervisor(log_dir, options.restarts, options.say)
        )
        await self._start_stores()
        self.wiring = self._wire(keys)
        for name, port in self.simulators.items():
            self.supervisor.add(self._simulator(name, port))
        for service in self.services:
            self.supervisor.add(self._service(service))
        await self.supervisor.start_all([*self.simulators, *self.services])
        options.say(f"ready: {', '.join([*self.simulators, *self.services])}")

    async def _start_stores(self) -> None:
        await self.postgres.prepare()
        self.postgres.port, self.nats.port = free_port(), free_port()
        self.supervisor.add(self.postgres.program(self.postgres.port))
        self.supervisor.add(self.nats.program(self.nats.port))
        await self.supervisor.start_all([postgres.NAME, nats.NAME])
        await self.postgres.ensure_database()
        await migrate_all(self.dsn)
        self.options.say(f"ready: PostgreSQL {postgres.major_version()}, NATS with JetStream")

    def _wire(self, keys: Keys) -> Wiring:
        options = self.options
        self.simulators = {f"fs{n}": free_port() for n in range(1, options.simulators + 1)}
        simulated = {name: f"{LOOPBACK}:{port}" for name, port in self.simulators.items()}
        ports = options.ports or any_ports(standby=options.standby)
        refuse_taken(ports)
        return Wiring(
            ports=ports,
            nats_url=self.nats.url,
            dsn=self.dsn,
            esl_nodes={**simulated, **options.esl_nodes},
            esl_password=options.esl_password or keys.derive("esl"),
            token_secret=keys.derive("gateway tokens"),
            bootstrap_admin=options.bootstrap_admin or f"admin:{keys.derive('admin')[:16]}",
            console_dir=console_dir(),
            recordings_dir=self.recordings_dir,
            host=options.host,
            extra={**(OUTSIDE if self.simulators else {}), **options.settings},
        )

    def _service(self, service: str) -> Program:
        port = self.wiring.ports.ops[service]

        async def is_ready(_: Child) -> bool:
            return await answers_ready(LOOPBACK, port)

        return Program(
            name=service,
            command=[sys.executable, "-m", f"services.{role_of(service)}"],
            env=self.wiring.environment(service) | python_path(),
            ready=is_ready,
            start=self.options.start,
        )

    def _simulator(self, name: str, port: int) -> Program:
        self.recordings_dir.mkdir(parents=True, exist_ok=True)
        flags = {
            "--esl-listen": f"{LOOPBACK}:{port}",
            "--esl-password": self.wiring.esl_password,
            "--name": name,
            "--ivr": f"{LOOPBACK}:{self.wiring.ports.ivr_esl}",
            "--recordings": str(self.recordings_dir),
            "--seed": str(self.options.seed),
        }
        arguments = [part for flag in flags.items() for part in flag]
        return Program(
            name=name,
            command=[
                sys.executable,
                *("-m", "freeswitch.simulator"),
                *arguments,
                *self.options.simulator_args,
            ],
            env=python_path(),
            ready=said_its_port,
            start=self.options.start,
        )


async def said_its_port(child: Child) -> bool:
    """The simulator writes one JSON line when it listens."""
    return any(is_ready_line(line) for line in child.lines())


def is_ready_line(line: str) -> bool:
    try:
        said = json.loads(line)
    except ValueError:
        return False
    return isinstance(said, dict) and "esl_port" in said


def python_path() -> dict[str, str]:
    """Modules come from this checkout, wherever the person stands."""
    inherited = os.environ.get("PYTHONPATH")
    return {
        "PYTHONPATH": os.pathsep.join([str(ROOT), *([inherited] if inherited else [])]),
        "PYTHONSAFEPATH": "1",
    }


def refuse_taken(ports: Ports) -> None:
    for user, port in ports.all().items():
        if not is_free(port):
            raise ProcessError(
                f"port {port} ({user}) is taken by another program: stop it, or is another "
                "./switchyard running?"
            )


@contextmanager
def only_user_of(data_dir: Path) -> Iterator[None]:
    """Two suites on one data folder would ruin each other's calls."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = (data_dir / "lock").open("a")
    except OSError as error:
        raise ProcessError(
            f"{data_dir} cannot be written ({error.strerror}): choose another with --data-dir"
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ProcessError(
                f"another ./switchyard works on {data_dir}: stop it, or choose another --data-dir"
            ) from None
        yield
