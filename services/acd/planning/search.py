"""What if: more or fewer agents in a group, and how many are needed for a service level."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from services.acd.planning.marks import Problem, Refused
from services.acd.planning.plan import AGENTS_MOST, Plan
from services.acd.planning.results import Fared, Results, simulate

CHANGE = re.compile(r"(.+?)\s*([+=-])\s*(\d{1,6})")
TARGET = re.compile(r"(\d{1,2}(?:\.\d+)?)\s*%?(?:\s*/\s*(\d{1,4})\s*s?)?")
TIMES_MOST = 4
"""So many times the plan's agents are tried at most: a plan further off has another mistake."""
FEW = 5
"""A group of fewer is searched as if it had so many."""


def changed(plan: Plan, changes: list[str]) -> Plan:
    """The plan with `sales+2`, `sales-1` or `sales=14` agents. Raises Refused."""
    for change in changes:
        match = CHANGE.fullmatch(change.strip())
        if match is None:
            problem = f"{change!r} must be a group with +, - or = and a number, such as sales+2"
            raise Refused([Problem(0, "--agents", problem)])
        name, sign, number = match[1], match[2], int(match[3])
        before = plan.group(name).count
        plan = plan.with_agents(name, {"+": before + number, "-": before - number, "=": number}[sign])
    return plan


@dataclass(frozen=True, slots=True)
class Target:
    share: float
    within_ms: int | None = None
    """None: each queue's own."""


def target(text: str) -> Target:
    """`80/20`: 80 % within 20 s. `80`: within each queue's own service level. Raises Refused."""
    match = TARGET.fullmatch(text.strip())
    share = float(match[1]) / 100 if match else 0.0
    within_s = int(match[2]) if match and match[2] else None
    if not 0 < share < 1 or within_s == 0:
        raise Refused([Problem(0, "--target", f"{text!r} must be percent/seconds, such as 80/20")])
    return Target(share, None if within_s is None else within_s * 1_000)


@dataclass(frozen=True, slots=True)
class Trial:
    count: int
    results: Results
    fared: Fared
    """Of the group's queues together."""


@dataclass(frozen=True, slots=True)
class Found:
    group: str
    target: Target
    count: int | None
    """Fewest agents that reach the target; None: none of those tried does."""
    trials: tuple[Trial, ...]
    """By number of agents."""


Told = Callable[[str, float], None]
"""What is being tried, and how much of it is done."""


def fewest(plan: Plan, group: str, wanted: Target, told: Told | None = None) -> Found:
    """The fewest agents in a group that reach the target for the queues it serves, always on the same days.

    Raises Refused for an unknown group.
    """
    served = frozenset(plan.group(group).queues)
    if wanted.within_ms is not None:
        plan = plan.with_service_level(wanted.within_ms, served)
    search = _Search(plan, group, served, wanted, told)
    count = search.run(plan.group(group).count)
    return Found(group, wanted, count, tuple(trial for _, trial in sorted(search.trials.items())))


class _Search:
    def __init__(
        self, plan: Plan, group: str, served: frozenset[str], wanted: Target, told: Told | None
    ) -> None:
        self.plan, self.group, self.wanted, self.told = plan, group, wanted, told
        self.served = [number for number, queue in enumerate(plan.queues) if queue.name in served]
        self.trials: dict[int, Trial] = {}

    def run(self, begin: int) -> int | None:
        """From the plan's own number outwards until the target lies between two numbers, then bisection."""
        low, high, step = 0, begin, max(begin // 8, 1)
        most = min(max(begin, FEW) * TIMES_MOST, AGENTS_MOST)
        while not self.enough(high):
            if high >= most:
                return None
            low, high, step = high + 1, min(high + step, most), step * 2
        while low < high:
            middle = max((low + high) // 2, high - step)
            if self.enough(middle):
                high, step = middle, step * 2
            else:
                low = middle + 1
        return high

    def enough(self, count: int) -> bool:
        reached = self.trial(count).fared.service_level.value
        return reached is None or reached >= self.wanted.share

    def trial(self, count: int) -> Trial:
        if count not in self.trials:
            told = self.told
            what = f"{self.group}: {count}"
            plan = self.plan.with_agents(self.group, count)
            results = simulate(plan, None if told is None else lambda share: told(what, share))
            self.trials[count] = Trial(count, results, results.together(self.served))
        return self.trials[count]
