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
RTCP). A suite takes fifteen and a switch seven, so one comes round again when it has long been bound or given
back; a hundred and forty processes may ask."""


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
        self._ports: deque[int] = deque()  # the next to be handed out first

    def take(self, count: int, fits: Callable[[int], bool] = is_free) -> list[int]:
        """Different ports that `fits`, which by default asks for TCP on this machine. Raises OSError."""
        found: list[int] = []
        untried = len(self._ports)
        while len(found) < count:
            if not untried:
                untried = self._claim()
            port = self._ports[0]
            self._ports.rotate(-1)
            untried -= 1
            if fits(port):
                found.append(port)
        return found

    def _claim(self) -> int:
        """Another slot; how many ports it has."""
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
            mine = range(start + STEP, start + SLOT, STEP)
            self._ports.extendleft(reversed(mine))
            return len(mine)
        raise OSError(f"no free ports: all from {LOWEST} to {HIGHEST} on {LOOPBACK} are claimed")

    def close(self) -> None:
        """Gives the slots back; the end of the process does as well."""
        for claim in self._claims:
            claim.close()
        self._ports.clear()


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
