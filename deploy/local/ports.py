"""Ports of this machine: free ones, and whether somebody answers on one."""

import asyncio
import os
import random
import socket

LOOPBACK = "127.0.0.1"
# Below what kernels hand to outgoing connections (32768 on Linux, 49152 elsewhere): a port found
# free here is not taken by somebody's client a moment later.
LOWEST, HIGHEST = 15_000, 32_000
RANGE = "SWITCHYARD_PORT_RANGE"  # "15000-18499": programs that start servers at the same time keep apart
TRIES = 1_000


def port_range() -> tuple[int, int]:
    """The lowest and the highest port to look at."""
    first, _, last = os.environ.get(RANGE, f"{LOWEST}-{HIGHEST}").partition("-")
    return int(first), int(last)


def free_ports(count: int) -> list[int]:
    """Different free ports. Others may still be faster: whoever starts a server tries again."""
    lowest, highest = port_range()
    found: list[int] = []
    for _ in range(TRIES):
        if len(found) == count:
            return found
        port = random.SystemRandom().randint(lowest, highest)
        if port not in found and is_free(port):
            found.append(port)
    raise OSError(f"no {count} free ports between {lowest} and {highest} on {LOOPBACK}")


def free_port() -> int:
    return free_ports(1)[0]


def is_free(port: int, host: str = LOOPBACK) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


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
