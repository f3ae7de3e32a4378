"""Formulas against a second way of working them out: the states of the queue, one by one, in exact fractions.

Nothing here is taken from a book's table. The states are those of a birth-and-death process (`States`), and a
caller's way from a place in the queue to an agent is a chain of its own (`States.within`), so neither the
recursion of Erlang B nor the integrals of Erlang A are used to check themselves.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import pytest

from services.acd.planning.erlang import agents_for, erlang_b, erlang_c, impatient, patient
from services.chassis.errors import Invalid

NOTHING = Fraction(1, 10**18)
"""A state as unlikely as this is the last that is reckoned with."""


class States:
    """M/M/n+M in its steady state, times in seconds: how likely each number of callers is.

    `leaves_per_s` is how fast one waiting caller loses patience; 0: nobody does, which is M/M/n.
    """

    def __init__(
        self, agents: int, per_h: int, handling_s: int, leaves_per_s: Fraction = Fraction(0)
    ) -> None:
        self.arrive, self.leave = Fraction(per_h, 3_600), leaves_per_s
        self.serve = Fraction(agents, handling_s)
        weights = [Fraction(1)]
        for number in range(1, agents + 1):
            weights.append(weights[-1] * self.arrive * handling_s / number)
        whole, ahead = sum(weights), 0
        while weights[-1] > whole * NOTHING:
            ahead += 1
            rough = weights[-1] * self.arrive / (self.serve + ahead * self.leave)
            weights.append(Fraction(rough.numerator * 2**200 // rough.denominator, 2**200))  # 60 digits do
            whole += weights[-1]
        self.queue = [float(weight / whole) for weight in weights[agents:]]
        """How likely an arriving caller finds all agents busy and so many waiting: 0, 1, 2 …"""

    @property
    def delayed(self) -> float:
        return math.fsum(self.queue)

    @property
    def waiting(self) -> float:
        """Mean number of callers in the queue."""
        return math.fsum(ahead * p for ahead, p in enumerate(self.queue))

    @property
    def abandoned(self) -> float:
        return self.waiting * float(self.leave / self.arrive)

    @property
    def asa_s(self) -> float:
        """Of a caller with so many ahead: the chance to be served, and the wait where they are."""
        served, wait, all_wait = 1.0, 0.0, 0.0
        for ahead, p in enumerate(self.queue):
            step = float(self.serve + ahead * self.leave)
            out = step + float(self.leave)
            served, wait = served * step / out, step / out * (wait + served / out)
            all_wait += p * wait
        return all_wait / (1 - self.abandoned)

    def within(self, seconds: int) -> tuple[float, float]:
        """Of all callers who find nobody free: served, and gone, so soon. All steps at the quickest pace."""
        pace = float(self.serve + len(self.queue) * self.leave)
        mean = pace * seconds
        places, served, gone = list(self.queue), 0.0, 0.0
        served_by, gone_by = 0.0, 0.0
        for number in range(int(mean + 12 * math.sqrt(mean) + 60)):
            chance = math.exp(-mean + number * math.log(mean) - math.lgamma(number + 1))
            served_by, gone_by = served_by + chance * served, gone_by + chance * gone
            ahead_go = [p * float(self.serve + ahead * self.leave) / pace for ahead, p in enumerate(places)]
            leave = float(self.leave) / pace
            served, gone = served + ahead_go[0], gone + leave * math.fsum(places)
            places = [
                p * (1 - leave) - mine + behind
                for p, (mine, behind) in zip(places, pairwise([*ahead_go, 0.0]), strict=True)
            ]
        return served_by, gone_by

    def service_level(self, seconds: int) -> float:
        served, gone = self.within(seconds)
        return (1 - self.delayed + served) / (1 - gone)


@pytest.mark.parametrize(
    ("agents", "load_erl"), [(1, 0.0625), (5, 1.25), (20, 12), (100, 84), (30, 21.75), (10, 40), (300, 290)]
)
def test_erlang_b_is_its_definition(agents: int, load_erl: float) -> None:
    terms = [Fraction(load_erl) ** number / math.factorial(number) for number in range(agents + 1)]
    assert erlang_b(agents, load_erl) == pytest.approx(float(terms[-1] / sum(terms)), rel=1e-12)


@pytest.mark.parametrize(
    ("agents", "per_h", "handling_s", "within_s"),
    [(14, 200, 180, 20), (55, 720, 240, 15), (50, 48 * 60, 60, 20), (1, 12, 120, 20)],
)
def test_erlang_c_is_the_queue_summed_state_by_state(
    agents: int, per_h: int, handling_s: int, within_s: int
) -> None:
    states = States(agents, per_h, handling_s)
    foreseen = patient(agents, per_h, handling_s, within_s)
    assert foreseen.delayed == pytest.approx(states.delayed, rel=1e-9)
    assert foreseen.asa_s == pytest.approx(states.waiting * 3_600 / per_h, rel=1e-9)  # Little's law
    assert foreseen.asa_s == pytest.approx(states.asa_s, rel=1e-9)
    assert foreseen.service_level == pytest.approx(states.service_level(within_s), rel=1e-9)


def test_the_example_that_planners_learn_with() -> None:
    """200 calls an hour of 3 min, 14 agents: 17.4 % wait, 88.8 % within 20 s, ASA 7.8 s, 71.4 % busy."""
    foreseen = patient(14, arrivals_per_h=200, handling_s=180, within_s=20)
    assert foreseen.delayed == pytest.approx(0.174, abs=0.0005)
    assert foreseen.service_level == pytest.approx(0.888, abs=0.0005)
    assert foreseen.asa_s == pytest.approx(7.8, abs=0.05)
    assert foreseen.occupancy == pytest.approx(0.714, abs=0.0005)


@pytest.mark.parametrize(
    ("agents", "per_h", "handling_s", "patience_s", "within_s"),
    [
        (3, 200, 180, 90, 20),  # a third of what is needed
        (10, 200, 180, 90, 20),  # exactly the load
        (14, 200, 180, 90, 20),
        (12, 200, 180, 120, 20),
        (50, 48 * 60, 60, 120, 20),
    ],
)
def test_erlang_a_is_the_queue_summed_state_by_state(
    agents: int, per_h: int, handling_s: int, patience_s: int, within_s: int
) -> None:
    states = States(agents, per_h, handling_s, Fraction(1, patience_s))
    foreseen = impatient(agents, per_h, handling_s, patience_s, within_s)
    assert foreseen.delayed == pytest.approx(states.delayed, rel=1e-7)
    assert foreseen.abandoned == pytest.approx(states.abandoned, rel=1e-6)
    assert foreseen.asa_s == pytest.approx(states.asa_s, rel=1e-6)
    assert foreseen.service_level == pytest.approx(states.service_level(within_s), rel=1e-6)
    busy = (1 - states.abandoned) * per_h / 3_600 * handling_s / agents
    assert foreseen.occupancy == pytest.approx(busy, rel=1e-6)


def test_a_little_impatience_takes_most_of_the_wait_away() -> None:
    """48 calls a minute for 50 agents of one minute each. If 3 % hang up, the others wait a fifth as long."""
    without, foreseen = patient(50, 48 * 60, 60, 20), impatient(50, 48 * 60, 60, patience_s=120, within_s=20)
    assert foreseen.abandoned == pytest.approx(0.031, abs=0.0005)
    assert foreseen.asa_s < without.asa_s / 5


def test_erlang_a_with_endless_patience_is_erlang_c() -> None:
    endless = impatient(14, 200, 180, patience_s=1e7, within_s=20)
    without = patient(14, 200, 180, within_s=20)
    assert endless.service_level == pytest.approx(without.service_level, rel=1e-4)
    assert endless.asa_s == pytest.approx(without.asa_s, rel=1e-3)


def test_the_smallest_number_of_agents() -> None:
    """Both sides of each are above, state by state, or one agent below."""
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
