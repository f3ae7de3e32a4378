"""How tests share out among worker processes that run at the same time (pytest-xdist).

One worker has one PostgreSQL, one NATS, one switch, one browser, as a run without workers has. Tests that
share something which is slow to start are one unit, which one worker runs from end to end.
"""

from __future__ import annotations

import os
import random
import socket

import pytest

from deploy.local.ports import LOOPBACK, RANGE

LONGEST_FIRST = ("live", "e2e", "system", "integration", "contract", "unit")
"""So that no long test begins when all others have ended."""
FIRST_PORT, LAST_PORT = 15_000, 28_999  # above are the RTP ports of real switches, see live/switch.py
PORTS = 500
"""One worker's: a suite takes fifteen, a switch seven, and what a test leaves is free again."""


def unit_of(nodeid: str) -> str:
    """Tests of one unit run in one worker, one after another."""
    file, _, _ = nodeid.partition("::")
    kind = file.split("/")[1]
    if kind in ("live", "e2e"):
        return kind  # one switch, one browser; and sound suffers least from tests of its own kind
    if kind == "system":
        return nodeid  # each opens a suite of its own
    return file


def by_kind(item: pytest.Item) -> int:
    kinds = [LONGEST_FIRST.index(part) for part in item.path.parts if part in LONGEST_FIRST]
    return kinds[0] if kinds else len(LONGEST_FIRST)


def is_worker() -> bool:
    return "PYTEST_XDIST_WORKER" in os.environ


def claim_ports() -> socket.socket:
    """A range of ports for this worker and the programs it starts alone, for as long as the result is open.

    Its first port is bound, so that no other worker takes the range, nor one of another run on this machine.
    """
    starts = list(range(FIRST_PORT, LAST_PORT, PORTS))
    random.SystemRandom().shuffle(starts)
    for start in starts:
        claim = socket.socket()
        try:
            claim.bind((LOOPBACK, start))
        except OSError:
            claim.close()
            continue
        os.environ[RANGE] = f"{start + 1}-{start + PORTS - 1}"
        return claim
    raise OSError(f"{len(starts)} workers run tests on this machine already")
