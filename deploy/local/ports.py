"""Free ports on the loopback interface."""

import random
import socket

LOOPBACK = "127.0.0.1"
# Below what kernels hand to outgoing connections (32768 on Linux, 49152 elsewhere): a port found
# free here is not taken by somebody's client a moment later.
LOWEST, HIGHEST = 15_000, 32_000
TRIES = 1_000


def free_ports(count: int) -> list[int]:
    """Different free ports. Others may still be faster: whoever starts a server tries again."""
    found: list[int] = []
    for _ in range(TRIES):
        if len(found) == count:
            return found
        port = random.SystemRandom().randint(LOWEST, HIGHEST)
        if port not in found and is_free(port):
            found.append(port)
    raise OSError(f"no {count} free ports between {LOWEST} and {HIGHEST} on {LOOPBACK}")


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
