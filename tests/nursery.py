"""Services for tests, forked from a process that has imported them already.

Without it a third of what a scenario costs is Python importing gRPC, pydantic and our own modules: five times
a suite, and again for each part that is killed. All else is as in production: a process and session of its
own, its own environment and log, its end when we end.

Both ends are here: `start` for the tests, and `python -m tests.nursery FD MODULE…`, which forks.
"""

from __future__ import annotations

import asyncio
import atexit
import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
from functools import cache
from importlib import import_module
from typing import IO, Any

from deploy.local.processes import Program, spawn_command
from deploy.local.spawn import die_with
from deploy.local.suite import python_path
from deploy.local.wiring import SERVICES

MODULES = (*(f"services.{service}" for service in SERVICES), "freeswitch.simulator")
MESSAGE_BYTES = 256 * 1024  # an environment, mostly
ANSWER_S = 30.0  # its first answer comes when all is imported


class Forked:
    """A service, as `asyncio.subprocess.Process` tells of one."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._nursery = nursery
        self._pidfd = os.pidfd_open(pid)

    async def wait(self) -> int:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._pidfd, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self.returncode = int(self._nursery.ask({"ended": self.pid})["status"])
        return self.returncode


class Nursery:
    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(ANSWER_S)
        number = theirs.fileno()
        command = [sys.executable, "-m", "tests.nursery", str(number), *MODULES]
        with theirs:
            self._process = subprocess.Popen(
                spawn_command(Program("nursery", command)),
                env={**os.environ, **python_path()},
                pass_fds=[number],
            )

    def ask(self, order: dict[str, Any], *files: int) -> dict[str, Any]:
        """Answered within a millisecond: it is not worth an event loop's trouble."""
        with self._turn:
            socket.send_fds(self._socket, [json.dumps(order).encode()], files)
            answer: dict[str, Any] = json.loads(self._socket.recv(MESSAGE_BYTES))
            return answer

    def close(self) -> None:
        self._socket.close()  # it takes that for its end
        self._process.wait(ANSWER_S)


@cache
def the_nursery() -> Nursery:
    """One for a worker, opened by the first test that starts a service."""
    nursery = Nursery()
    atexit.register(nursery.close)
    return nursery


async def start(program: Program, log: IO[bytes]) -> Forked:
    """For `Program.start`. Takes `[python, "-m", one of MODULES, argument …]`."""
    _, _, module, *arguments = program.command
    order = {
        "module": module,
        "arguments": arguments,
        "environment": {**os.environ, **program.env},
        "orphan_signal": int(program.orphan_signal),
    }
    nursery = the_nursery()
    return Forked(nursery, int(nursery.ask(order, log.fileno())["pid"]))


# ---------------------------------------------------------------- the process that forks


def _nurse(line: socket.socket) -> str:
    """Forks as ordered until the tests end. In a child it returns the module to be."""
    while True:
        data, files, _, _ = socket.recv_fds(line, MESSAGE_BYTES, 1)
        if not data:
            return ""
        order = json.loads(data)
        if "ended" in order:
            _, status = os.waitpid(order["ended"], 0)
            line.send(json.dumps({"status": os.waitstatus_to_exitcode(status)}).encode())
            continue
        parent = os.getpid()
        if pid := os.fork():
            os.close(files[0])
            line.send(json.dumps({"pid": pid}).encode())
            continue
        line.close()
        _become(order, files[0], parent)
        return str(order["module"])


def _become(order: dict[str, Any], log: int, parent: int) -> None:
    os.setsid()
    die_with(parent, order["orphan_signal"])
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(log)
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv = [order["module"], *order["arguments"]]


def main() -> None:
    _, number, *modules = sys.argv
    for module in modules:
        import_module(f"{module}.__main__")
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests, who then end us
    with socket.socket(fileno=int(number)) as line:
        module = _nurse(line)
    if module:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
