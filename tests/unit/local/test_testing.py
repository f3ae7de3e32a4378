"""Which tests run in several processes at once, and which need not pay for it."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from deploy.local import ports
from deploy.local.testing import gain_from_workers
from deploy.local.wiring import ROOT
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


@pytest.fixture
def three_processes() -> Iterator[list[ports.Slots]]:
    """What each of them would have, as far as the machine can tell."""
    slots = [ports.Slots() for _ in range(3)]
    yield slots
    for each in slots:
        each.close()


def test_processes_never_choose_the_same_port(three_processes: list[ports.Slots]) -> None:
    """Two runs on one machine took each other's ports: found free by both, before either had bound them."""
    chosen = [port for slots in three_processes for _ in range(8) for port in slots.take(5)]
    assert len(set(chosen)) == 120


def test_another_program_chooses_others(three_processes: list[ports.Slots]) -> None:
    """A program that a test starts looks for ports of its own."""
    ours = three_processes[0].take(40)
    ask = "from deploy.local.ports import free_ports; print(*free_ports(40))"
    answer = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)
    theirs = {int(port) for port in answer.stdout.split()}
    assert len(theirs) == 40
    assert theirs.isdisjoint(ours)


def test_a_process_does_not_choose_the_same_port_twice_in_a_row(three_processes: list[ports.Slots]) -> None:
    """A suite asked for fifteen one by one, and two were the same because neither was bound yet."""
    slots = three_processes[0]
    assert len({slots.take(1)[0] for _ in range(ports.SLOT // 4)}) == ports.SLOT // 4


def test_the_next_port_is_nobodys(three_processes: list[ports.Slots]) -> None:
    """A telephone listens for SIP over TLS on the port after the one it is told: there stood its control."""
    chosen = [port for slots in three_processes for port in slots.take(20)]
    assert {port + 1 for port in chosen}.isdisjoint(chosen)


def test_ports_come_round_again_unless_they_are_taken(three_processes: list[ports.Slots]) -> None:
    slots = three_processes[0]
    taken, free = slots.take(2)
    with socket.socket() as server:
        server.bind((ports.LOOPBACK, taken))
        again = {slots.take(1)[0] for _ in range(ports.SLOTS * ports.SLOT)}
    assert free in again
    assert taken not in again


def test_who_needs_more_than_a_slot_gets_another(three_processes: list[ports.Slots]) -> None:
    """A phone wants TCP and UDP, of which another program may have half."""
    assert len(set(three_processes[0].take(2 * ports.SLOT))) == 2 * ports.SLOT
    some = three_processes[1].take(80, lambda port: port % 4 == 0)
    assert len(set(some)) == 80


def test_what_shares_a_switch_or_a_browser_stays_together() -> None:
    unit_of = workers.unit_of
    assert unit_of("tests/live/test_a.py::test_1") == unit_of("tests/live/test_b.py::test_2")
    alone = [unit_of(f"{file}::test_1") for file in workers.OWN_SWITCH]
    assert alone[0] != unit_of("tests/live/test_a.py::test_2")
    assert len(set(alone)) == 1
    assert len({unit_of(f"{file}::test_1") for file in workers.LISTENERS}) == 1
    assert len({unit_of(f"{file}::test_1") for file in workers.AT_A_DESK}) == 1
    assert unit_of("tests/e2e/test_a.py::test_1") == unit_of("tests/e2e/test_b.py::test_2")
    assert unit_of("tests/system/test_a.py::test_1") != unit_of("tests/system/test_a.py::test_2")
    assert unit_of("tests/unit/x/test_a.py::test_1[a::b]") == unit_of("tests/unit/x/test_a.py::T::test_2")


def test_what_is_said_of_files_is_said_of_files_that_there_are() -> None:
    for file in (*workers.OWN_SWITCH, *workers.LISTENERS, *workers.AT_A_DESK):
        assert (ROOT / file).is_file(), file
