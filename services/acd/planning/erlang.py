"""What queueing theory says of one queue in a steady state: Erlang B, C and A.

All agents are alike, callers come by a Poisson process, conversations and patience are exponential. Where
that holds the simulator must agree (tests hold it to that); where it does not, simulate.

Sources: A. K. Erlang, "Solution of some problems in the theory of probabilities of significance in automatic
telephone exchanges", 1917 (B and C); C. Palm, "Research on telephone traffic carried by full availability
groups", Tele 1, 1957 (A); A. Mandelbaum and S. Zeltyn, "The Palm/Erlang-A queue, with applications to call
centers", Technion, 2005 (A as computed here); L. Brown et al., "Statistical analysis of a telephone call
center", JASA 100, 2005 (all three beside a real centre).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from services.chassis.errors import Invalid

MOST_AGENTS = 100_000
"""Formulas take a step for each agent; a hundred thousand take some hundredths of a second."""
STEPS = 4_000
"""Of Simpson's rule. The integrands are smooth: eight digits with a tenth of it."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One queue in its steady state. Shares are from 0 to 1 and of all callers unless said otherwise."""

    delayed: float
    """Callers who have to wait at all."""
    abandoned: float
    service_level: float
    """Answered within the target / (answered + abandoned after it): the suite's formula 1."""
    asa_s: float
    """Mean wait of those answered."""
    occupancy: float


def erlang_b(agents: int, load_erl: float) -> float:
    """Share of callers lost where nobody can wait (M/M/n/n), by the usual recursion over the agents.

    `load_erl` is arrivals per second times handling seconds. Raises Invalid for less than no load.
    """
    _check(agents, load_erl=load_erl)
    if load_erl == 0:
        return 0.0 if agents else 1.0
    inverse = 1.0
    for number in range(1, agents + 1):
        inverse = 1 + inverse * number / load_erl
    return 1 / inverse


def erlang_c(agents: int, load_erl: float) -> float:
    """Share of callers who have to wait where all wait as long as it takes (M/M/n).

    Raises Invalid where the load is not below the number of agents: the queue would grow without end.
    """
    blocked = erlang_b(agents, load_erl)
    if load_erl >= agents:
        raise Invalid("agents", f"{agents} cannot bear {load_erl:g} erlang without abandons: the queue grows")
    return blocked / (1 - load_erl / agents * (1 - blocked))


def patient(agents: int, arrivals_per_h: float, handling_s: float, within_s: float) -> Foreseen:
    """M/M/n: nobody hangs up. Raises Invalid where the agents cannot bear the load."""
    _check(agents, arrivals_per_h=arrivals_per_h, handling_s=handling_s, within_s=within_s)
    load_erl = arrivals_per_h / 3_600 * handling_s
    delayed = erlang_c(agents, load_erl)
    spare = agents - load_erl
    return Foreseen(
        delayed=delayed,
        abandoned=0.0,
        service_level=1 - delayed * math.exp(-spare * within_s / handling_s),
        asa_s=delayed * handling_s / spare,
        occupancy=load_erl / agents,
    )


def impatient(
    agents: int, arrivals_per_h: float, handling_s: float, patience_s: float, within_s: float
) -> Foreseen:
    """M/M/n+M: callers hang up after an exponential patience of mean `patience_s`. Any load is borne.

    Raises Invalid for times or rates that are not above zero.
    """
    _check(agents, within_s=within_s)
    _above_zero(agents=agents, arrivals_per_h=arrivals_per_h, handling_s=handling_s, patience_s=patience_s)
    wait = _OfferedWait(agents, arrivals_per_h / 3_600, handling_s, patience_s)
    answered = wait.none + wait.integral(wait.answered_at)
    in_time = wait.none + wait.integral(wait.answered_at, 0, within_s)
    short = wait.abandoned_before(within_s)
    return Foreseen(
        delayed=1 - wait.none,
        abandoned=1 - answered,
        service_level=in_time / (1 - short),
        asa_s=wait.integral(lambda x: x * wait.answered_at(x)) / answered,
        occupancy=answered * wait.load_erl / agents,
    )


def agents_for(
    share: float,
    within_s: float,
    arrivals_per_h: float,
    handling_s: float,
    patience_s: float = math.inf,
) -> int:
    """Fewest agents that answer `share` (0 to 1) of the callers `within_s`: 80/20 is (0.8, 20, …).

    Raises Invalid for a share not between 0 and 1, or where `MOST_AGENTS` are not enough.
    """
    if not 0 < share < 1:
        raise Invalid("share", "must lie between 0 and 1, both excluded")
    load_erl = arrivals_per_h / 3_600 * handling_s

    def enough(agents: int) -> bool:
        if math.isinf(patience_s):
            foreseen = patient(agents, arrivals_per_h, handling_s, within_s)
        else:
            foreseen = impatient(agents, arrivals_per_h, handling_s, patience_s, within_s)
        return foreseen.service_level >= share

    low = math.floor(load_erl) + 1 if math.isinf(patience_s) else 1
    high = max(low, math.ceil(load_erl))
    while not enough(high):
        low, high = high + 1, high * 2
    return least(enough, low, high)


def least(enough: Callable[[int], bool], low: int, high: int) -> int:
    """The smallest number from `low` for which `enough` holds, knowing that it does for `high`."""
    while low < high:
        middle = (low + high) // 2
        if enough(middle):
            high = middle
        else:
            low = middle + 1
    return high


class _OfferedWait:
    """How long a caller of endless patience would wait in M/M/n+M (Mandelbaum and Zeltyn 2005, §4).

    Its density at x > 0 is λ·π·exp(λH(x) - nμx), where H(x) is the mean of min(patience, x) and π the
    probability that all agents but one are busy. The exponent is taken relative to its peak: a queue that is
    overloaded tenfold would leave the range of floats otherwise.
    """

    def __init__(self, agents: int, arrivals_per_s: float, handling_s: float, patience_s: float) -> None:
        self.arrivals_per_s, self.patience_s = arrivals_per_s, patience_s
        self.load_erl = arrivals_per_s * handling_s
        self.served_per_s = agents / handling_s
        overload = arrivals_per_s / self.served_per_s
        self._peak = 0.0
        peak_s = patience_s * math.log(overload) if overload > 1 else 0.0
        self._peak = self._exponent(peak_s)
        self.longest_s = self._negligible_from(peak_s)
        # All the states with an agent free, relative to the one with a single agent free: 1 / B(n-1).
        free = 1 / erlang_b(agents - 1, self.load_erl)
        ahead = free * math.exp(-self._peak)
        behind = arrivals_per_s * self.integral(lambda x: math.exp(self._exponent(x)))
        self._scale = arrivals_per_s / (ahead + behind)
        self.none = ahead / (ahead + behind)

    def _exponent(self, x: float) -> float:
        heard_out = self.patience_s * -math.expm1(-x / self.patience_s)
        return self.arrivals_per_s * heard_out - self.served_per_s * x - self._peak

    def _negligible_from(self, peak_s: float) -> float:
        step = 1 / self.served_per_s
        while self._exponent(peak_s + step) > -40:  # e^-40: less than a float can tell from nothing
            step *= 1.5
        return peak_s + step

    def density(self, x: float) -> float:
        return self._scale * math.exp(self._exponent(x))

    def answered_at(self, x: float) -> float:
        """Density of waiting so long and being answered: the patience lasted."""
        return self.density(x) * math.exp(-x / self.patience_s)

    def abandoned_before(self, x: float) -> float:
        """Callers who hang up within x: those whose wait would have ended earlier cannot."""
        late = self.integral(self.density, min(x, self.longest_s))
        early = self.integral(lambda t: self.density(t) * -math.expm1(-t / self.patience_s), 0, x)
        return early + late * -math.expm1(-x / self.patience_s)

    def integral(self, of: Callable[[float], float], low: float = 0.0, high: float = math.inf) -> float:
        """Simpson's rule from `low` to `high`, or to where nothing is left."""
        high = min(high, self.longest_s)
        width = (high - low) / STEPS
        inner = sum((4 if step % 2 else 2) * of(low + step * width) for step in range(1, STEPS))
        return (of(low) + inner + of(high)) * width / 3


def _check(agents: int, **others: float) -> None:
    if not 0 <= agents <= MOST_AGENTS:
        raise Invalid("agents", f"must be from 0 to {MOST_AGENTS:,}")
    for name, value in others.items():
        if not 0 <= value < math.inf:
            raise Invalid(name, "must be a number from 0")


def _above_zero(**values: float) -> None:
    for name, value in values.items():
        if not 0 < value < math.inf:
            raise Invalid(name, "must be above 0")
