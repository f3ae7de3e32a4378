"""Formulas against published values, and against each other where they must meet."""

from __future__ import annotations

import pytest

from services.acd.planning.erlang import agents_for, erlang_b, erlang_c, impatient, patient
from services.chassis.errors import Invalid


@pytest.mark.parametrize(
    ("agents", "load_erl", "blocked"),
    [
        (1, 0.0101, 0.01),
        (5, 1.36, 0.01),
        (10, 4.46, 0.01),
        (20, 12.03, 0.01),
        (100, 84.06, 0.01),
        (10, 5.08, 0.02),
        (30, 21.93, 0.02),
        (10, 7.51, 0.10),
    ],
)
def test_erlang_b_is_that_of_the_traffic_tables(agents: int, load_erl: float, blocked: float) -> None:
    """The tables give the load for a grade of service to two digits (ITU-T E.520 and every textbook)."""
    assert erlang_b(agents, load_erl) == pytest.approx(blocked, rel=0.01)


def test_erlang_c_of_a_hundred_calls_in_half_an_hour() -> None:
    """What planners learn with: 10 erlang, 14 agents; 17.4 % wait, 88.8 % within 20 s, ASA 7.8 s."""
    foreseen = patient(14, arrivals_per_h=200, handling_s=180, within_s=20)
    assert foreseen.delayed == pytest.approx(0.174, abs=0.0005)
    assert foreseen.service_level == pytest.approx(0.888, abs=0.0005)
    assert foreseen.asa_s == pytest.approx(7.8, abs=0.05)
    assert foreseen.occupancy == pytest.approx(0.714, abs=0.0005)


def test_erlang_c_of_360_calls_in_half_an_hour() -> None:
    """Mitan's worked example: 48 erlang, 55 agents, 15 s: 23.9 % wait, ASA 8.2 s, 87.3 % busy."""
    foreseen = patient(55, arrivals_per_h=720, handling_s=240, within_s=15)
    assert foreseen.delayed == pytest.approx(0.239, abs=0.0005)
    assert foreseen.asa_s == pytest.approx(8.2, abs=0.05)
    assert foreseen.occupancy == pytest.approx(0.873, abs=0.0005)


def test_erlang_a_beside_erlang_c() -> None:
    """Garnett, Mandelbaum and Reiman (2002), table 1: 48 calls a minute, 50 agents, 1 min of service, 2 min
    of patience. With abandons 3.1 % leave and the mean wait is 3.7 s, without 20.8 s; 93 % busy, not 96.
    """
    without = patient(50, arrivals_per_h=48 * 60, handling_s=60, within_s=20)
    assert without.asa_s == pytest.approx(20.8, abs=0.05)
    assert without.occupancy == pytest.approx(0.96, abs=0.005)
    foreseen = impatient(50, 48 * 60, 60, patience_s=120, within_s=20)
    assert foreseen.abandoned == pytest.approx(0.031, abs=0.0005)
    assert foreseen.abandoned * 120 == pytest.approx(3.7, abs=0.05)  # E[W] = P(Ab) / θ
    assert foreseen.occupancy == pytest.approx(0.93, abs=0.005)


@pytest.mark.parametrize("agents", [3, 10, 14])
def test_erlang_a_is_the_birth_and_death_process(agents: int) -> None:
    """Below, about and above the load of 10 erlang; summed state by state, 400 of them."""
    states = [1.0]
    for number in range(1, 400):
        leaving = min(number, agents) / 180 + max(number - agents, 0) / 90
        states.append(states[-1] * (200 / 3_600) / leaving)
    whole = sum(states)
    waiting = sum((number - agents) * p for number, p in enumerate(states) if number > agents) / whole
    foreseen = impatient(agents, 200, 180, patience_s=90, within_s=20)
    assert foreseen.delayed == pytest.approx(sum(states[agents:]) / whole, rel=1e-6)
    assert foreseen.abandoned == pytest.approx(waiting / 90 / (200 / 3_600), rel=1e-6)


def test_erlang_a_with_endless_patience_is_erlang_c() -> None:
    endless = impatient(14, 200, 180, patience_s=1e7, within_s=20)
    without = patient(14, 200, 180, within_s=20)
    assert endless.service_level == pytest.approx(without.service_level, rel=1e-4)
    assert endless.asa_s == pytest.approx(without.asa_s, rel=1e-3)


def test_the_smallest_number_of_agents() -> None:
    assert agents_for(0.8, 20, 200, 180) == 14
    assert patient(13, 200, 180, 20).service_level < 0.8
    assert agents_for(0.8, 20, 200, 180, patience_s=120) == 12
    assert agents_for(0.8, 20, 20_000, 180) == 1_011
    assert patient(1_010, 20_000, 180, 20).service_level < 0.8


def test_a_load_nobody_can_bear_is_refused() -> None:
    with pytest.raises(Invalid, match="cannot bear"):
        erlang_c(10, 10)
    with pytest.raises(Invalid, match="above 0"):
        impatient(10, 100, 180, patience_s=0, within_s=20)
    with pytest.raises(Invalid, match="from 0"):
        patient(10, -1, 180, 20)
    with pytest.raises(Invalid, match="between 0 and 1"):
        agents_for(80, 20, 200, 180)
