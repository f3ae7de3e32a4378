"""A clock that others can set does not move what we do."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.acd.engine.floor import Policy
from services.chassis.clock import SLEW, Steady
from tests.unit.acd.transcript import START, Day, rung

pytestmark = pytest.mark.unit

HOUR_MS = 3_600_000.0


@dataclass
class Machine:
    """Time as it passes, and what the machine's clock makes of it."""

    now_s: float = 5_000.0
    ahead_ms: float = 0.0

    def wall(self) -> float:
        return START + self.now_s * 1000 + self.ahead_ms

    def boot(self) -> float:
        return self.now_s

    def clock(self) -> Steady:
        return Steady(self.wall, self.boot)


def test_it_is_the_machines_clock_where_nobody_sets_that() -> None:
    machine = Machine()
    steady = machine.clock()
    for passed_s in (0.001, 1, 3600, 86_400):
        machine.now_s += passed_s
        assert steady() == int(machine.wall())
    assert steady.off_ms == 0


@pytest.mark.parametrize("jump_ms", [HOUR_MS, -HOUR_MS])
def test_a_jump_is_made_up_bit_by_bit(jump_ms: float) -> None:
    machine = Machine()
    steady = machine.clock()
    before = steady()
    machine.ahead_ms = jump_ms
    assert steady() == before
    machine.now_s += 20
    assert steady() - before == pytest.approx(20_000 * (1 + SLEW * (1 if jump_ms > 0 else -1)), abs=2)
    machine.now_s += HOUR_MS / 1000 / SLEW
    assert steady() == int(machine.wall())


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(-HOUR_MS, HOUR_MS)), max_size=30))
def test_it_never_goes_back_and_never_leaps(steps: list[tuple[float, float]]) -> None:
    machine = Machine()
    steady = machine.clock()
    shown = steady()
    for passed_s, set_by_ms in steps:
        machine.ahead_ms += set_by_ms
        machine.now_s += passed_s
        before, shown = shown, steady()
        assert passed_s * 1000 * (1 - SLEW) - 2 <= shown - before <= passed_s * 1000 * (1 + SLEW) + 2


@given(st.lists(st.sampled_from([0.0, 0.0, HOUR_MS, -HOUR_MS, 61_000.0, -5.0]), min_size=40, max_size=40))
def test_a_phone_rings_as_long_as_it_should_while_the_clock_is_set(jumps: list[float]) -> None:
    """Set back by an hour, a phone that nobody picks up would ring for an hour; set forward, not at all."""
    machine = Machine()
    steady = machine.clock()
    day = Day(Policy(rest_ms=0, misses_before_aside=20))
    day.now = steady()
    day.queue(ring_timeout_ms=20_000)
    day.agent("a1")
    day.agent("a2")
    rings = rung(day.call("c1"))
    began = machine.now_s
    for jump in jumps:
        machine.ahead_ms += jump
        machine.now_s += 1
        if again := rung(day.wait((steady() - day.now) / 1000)):
            assert 20 / (1 + SLEW) - 1 <= machine.now_s - began <= 20 / (1 - SLEW) + 1
            rings, began = rings + again, machine.now_s
    assert rings[:2] == ["a1", "a2"]
