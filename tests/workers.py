"""How tests share out among worker processes that run at the same time (pytest-xdist).

One worker has one PostgreSQL, one NATS, one switch, one browser, as a run without workers has; ports it
claims as every process does (`deploy.local.ports`). Tests that share something which is slow to start are one
unit, which one worker runs from end to end.
"""

from __future__ import annotations

import os

import pytest

LONGEST_FIRST = ("live", "e2e", "system", "integration", "contract", "unit")
"""So that no long test begins when all others have ended."""

OWN_SWITCH = (
    "tests/live/test_page_phone.py",
    "tests/live/test_calling_back.py",
    "tests/live/test_two_switches.py",
)
"""They start switches of their own, so beside the others they save a third of the time."""

LISTENERS = (
    "tests/live/test_callers_reach_the_ivr.py",
    "tests/live/test_callers_with_intentions.py",
    "tests/live/test_configuration.py",
    "tests/live/test_ivr_holds_the_caller.py",
)
"""Mostly they wait until prompts have been heard: beside the others, on a second switch."""

AT_A_DESK = (
    "tests/e2e/test_a_call.py",
    "tests/e2e/test_calling_back.py",
    "tests/e2e/test_connections.py",
    "tests/e2e/test_page_phone.py",
)
"""Half of what a browser is needed for; the other half has a browser and a suite of its own."""


def unit_of(nodeid: str) -> str:
    """Tests of one unit run in one worker, one after another."""
    file, _, _ = nodeid.partition("::")
    kind = file.split("/")[1]
    if file in OWN_SWITCH:
        return "live, with a switch of its own"
    if kind == "live":  # one switch; and sound suffers least from tests of its own kind
        return "live, listening" if file in LISTENERS else kind
    if kind == "e2e":
        return "e2e, at a desk" if file in AT_A_DESK else kind
    if kind == "system":
        return nodeid  # each opens a suite of its own
    return file


def by_kind(item: pytest.Item) -> int:
    kinds = [LONGEST_FIRST.index(part) for part in item.path.parts if part in LONGEST_FIRST]
    return kinds[0] if kinds else len(LONGEST_FIRST)


def is_worker() -> bool:
    return "PYTEST_XDIST_WORKER" in os.environ
