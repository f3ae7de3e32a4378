"""Ports of this machine: free ones, and whether somebody answers on one.

Between finding a port free and listening on it there is time, in which another process may find the same. So
each process that asks claims a slot of ports for as long as it lives, and hands them out in turn: test
workers, the programs they start and a second run beside them never choose the same.
"""

import asyncio
import atexit
import random
import socket
from collections import deque
from collections.abc import Callable

LOOPBACK = "127.0.0.1"
# Below what kernels hand to outgoing connections (32768 on Linux, 49152 elsewhere): a port found
# free here is not taken by somebody's client a moment later. Above are the RTP ports of switches in tests.
LOWEST, HIGHEST = 15_000, 28_999
SLOT = 100
STEP = 2
"""Every second port of a slot is handed out, because some programs take the next one as well (SIP over TLS,
RTCP). A hundred and forty processes may ask."""
SLOTS = 10
"""Of a process, before a port comes round again: what was found for a program that a test starts and stops
again and again must not go to another one while it is stopped. Tests of a real switch take four hundred."""


def is_free(port: int, host: str = LOOPBACK) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


class Slots:
    """The slots of one process. Their first ports stay bound, which is what keeps others out."""

    def __init__(self) -> None:
        self._claims: list[socket.socket] = []
        self._fresh: deque[int] = deque()
        self._used: deque[int] = deque()  # handed out, the longest ago first

    def take(self, count: int, fits: Callable[[int], bool] = is_free) -> list[int]:
        """Different ports that `fits`, which by default asks for TCP on this machine. Raises OSError."""
        found: list[int] = []
        untried = len(self._used)
        while len(found) < count:
            if not self._fresh and (len(self._claims) < SLOTS or not untried):
                self._claim()
            untried -= not self._fresh
            port = (self._fresh or self._used).popleft()
            self._used.append(port)
            if fits(port):
                found.append(port)
        return found

    def _claim(self) -> None:
        starts = list(range(LOWEST, HIGHEST, SLOT))
        random.shuffle(starts)
        for start in starts:
            claim = socket.socket()
            try:
                claim.bind((LOOPBACK, start))
            except OSError:
                claim.close()
                continue
            self._claims.append(claim)
            self._fresh.extend(range(start + STEP, start + SLOT, STEP))
            return
        raise OSError(f"no free ports: all from {LOWEST} to {HIGHEST} on {LOOPBACK} are claimed")

    def close(self) -> None:
        """Gives the slots back; the end of the process does as well."""
        for claim in self._claims:
            claim.close()
        self._fresh.clear()
        self._used.clear()


_of_this_process = Slots()
atexit.register(_of_this_process.close)
free_ports = _of_this_process.take


def free_port() -> int:
    return free_ports(1)[0]


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
