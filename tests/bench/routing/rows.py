"""How what was measured is said: each figure beside the floor's, and judged where there is a goal."""

from __future__ import annotations

import os

from deploy.local.bench import Row
from tests.bench.routing.paced import Gaps
from tests.bench.routing.sustained import Sustained

GOAL_WRITTEN = 0.95  # of the events made, those written to PostgreSQL meanwhile
GOAL_IDLE = 2.0  # % of a core
QUANTILES = (("p50", 0.5), ("p99", 0.99))


def gap_rows(name: str, one: Gaps, floor: Gaps, goal: float | None) -> list[Row]:
    """p50 and p99, of which the second is judged; and how many offers never came."""
    found = []
    if one.ms and floor.ms:
        for word, share in QUANTILES:
            value, least = one.quantile(share), floor.quantile(share)
            judged = goal if word == "p99" else None
            found.append(
                Row(
                    f"{name}, {word}",
                    value,
                    "ms",
                    least,
                    _ratio(value, least),
                    judged,
                    None if judged is None else value <= judged,
                )
            )
    if missed := one.wanted - len(one.ms):
        found.append(Row(f"{name}, never came", missed, "offers", goal=0, ok=False))
    return found


def idle_row(name: str, share: float, floor: float) -> Row:
    return Row(name, share, "% of a core", floor, _ratio(share, floor), GOAL_IDLE, share < GOAL_IDLE)


def calls_row(name: str, one: Sustained, floor: Sustained, goal: float | None) -> Row:
    value, least = one.calls_per_s, floor.calls_per_s
    ok = None if goal is None else value >= goal
    return Row(name, value, "1/s", least, _ratio(value, least), goal, ok)


def cost_rows(one: Sustained, where: str, floor: Sustained) -> list[Row]:
    """Where the processors' time went, and whether the tables kept pace."""
    found = []
    for name, spent in one.cpu_ms.items():
        least = floor.cpu_ms.get(name)
        found.append(
            Row(f"processor time of a call, {where}: {name}", spent, "ms", least, _ratio(spent, least))
        )
    share = one.written
    name = f"events written to PostgreSQL of those made, {where}"
    return [*found, Row(name, share, "share", goal=GOAL_WRITTEN, ok=share >= GOAL_WRITTEN)]


def machine(before: float) -> list[Row]:
    """Who else was at work: half of the load afterwards is ours."""
    return [
        Row("load of the machine before this", before, "1 min average"),
        Row("load of the machine after this", os.getloadavg()[0], "1 min average"),
    ]


def _ratio(value: float, least: float | None) -> float | None:
    return value / least if least else None
