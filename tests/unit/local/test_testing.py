"""Which tests run in several processes at once, and which need not pay for it."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from deploy.local import ports
from deploy.local.testing import gain_from_workers
from tests import workers


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["-q"],
        ["integration"],
        ["system", "-x"],
        ["unit", "contract"],
        ["--durations=20"],
        ["live", "e2e"],
    ],
)
def test_whole_kinds_run_in_several_processes(arguments: list[str]) -> None:
    assert gain_from_workers(arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ["unit"],
        ["live"],
        ["tests/unit/acd"],
        ["tests/live/test_conversation.py::test_both"],
        ["-k", "acd"],
        ["integration", "-k", "acd"],
        ["-s"],
        ["--pdb"],
        ["--collect-only"],
        ["-n", "0"],
        ["-n6"],
        ["-p", "no:xdist"],
    ],
)
def test_who_chooses_tests_or_workers_gets_just_that(arguments: list[str]) -> None:
    assert not gain_from_workers(arguments)


def test_workers_never_choose_the_same_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ports.RANGE, "")
    seen: list[range] = []
    with ExitStack() as claims:
        for _ in range(4):
            claims.enter_context(workers.claim_ports())
            first, last = ports.port_range()
            seen.append(range(first, last + 1))
            assert set(ports.free_ports(20)) <= set(seen[-1])
    assert len(set().union(*seen)) == sum(map(len, seen))


def test_what_shares_a_switch_or_a_browser_stays_together() -> None:
    unit_of = workers.unit_of
    assert unit_of("tests/live/test_a.py::test_1") == unit_of("tests/live/test_b.py::test_2")
    assert unit_of("tests/system/test_a.py::test_1") != unit_of("tests/system/test_a.py::test_2")
    assert unit_of("tests/unit/x/test_a.py::test_1[a::b]") == unit_of("tests/unit/x/test_a.py::T::test_2")
