"""How tests share out among worker processes that run at the same time (pytest-xdist).

One worker has one PostgreSQL, one NATS, one switch, one browser, as a run without workers has. Tests that
share something which is slow to start are one unit, which one worker runs from end to end.
"""

from __future__ import annotations

import os

import pytest

from deploy.local.ports import RANGE

LONGEST_FIRST = ("live", "e2e", "system", "integration", "contract", "unit")
"""So that no long test begins when all others have ended."""
FIRST_PORT, LAST_PORT = 15_000, 28_999  # above are the RTP ports of real switches, see live/switch.py


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


def keep_to_own_ports() -> None:
    """Two workers never choose the same port: also the programs they start inherit this."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    size = (LAST_PORT + 1 - FIRST_PORT) // count
    first = FIRST_PORT + size * (number % count)  # a worker that died is replaced by one of a higher number
    os.environ[RANGE] = f"{first}-{first + size - 1}"
