"""How the day goes: figures of the whole day, of each queue, group and interval, and how sure they are.

Words and formulas are those of the glossary. Service level (formula 1): answered in time / (answered +
abandoned - short abandons). Occupancy: on contact / (on contact + idle), on contact being conversation and
wrap-up; ringing is neither.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from services.acd.planning.day import Day, Progress
from services.acd.planning.plan import Plan, clock
from services.acd.planning.spread import Estimate, mean, ratio
from services.acd.planning.tally import Contacts, Hours, Tally, summed

SERVICE_LEVEL = "answered in time / (answered + abandoned - short abandons), formula 1"
OCCUPANCY = "on contact / (on contact + idle)"


@dataclass(frozen=True, slots=True)
class Fared:
    """How contacts fared. Counts are of a day, times in seconds, shares from 0 to 1."""

    offered: Estimate
    answered: Estimate
    in_time: Estimate
    abandoned: Estimate
    short: Estimate
    sent_on: Estimate
    refused: Estimate
    left_waiting: Estimate
    service_level: Estimate
    abandoned_share: Estimate
    asa_s: Estimate
    longest_s: Estimate
    aht_s: Estimate


@dataclass(frozen=True, slots=True)
class Worked:
    """How agents worked: how many were there on average, and how busy they were."""

    staffed: Estimate
    on_contact: Estimate
    occupancy: Estimate


@dataclass(frozen=True, slots=True)
class Figures:
    fared: Fared
    worked: Worked


@dataclass(frozen=True, slots=True)
class Results:
    plan: Plan
    tallies: tuple[Tally, ...]
    whole: Figures
    intervals: tuple[Figures, ...]
    queues: tuple[Fared, ...]
    queue_intervals: tuple[tuple[Fared, ...], ...]
    groups: tuple[Worked, ...]
    group_intervals: tuple[tuple[Worked, ...], ...]

    @property
    def contacts(self) -> int:
        """Simulated in all, over all days."""
        return sum(cell.offered for tally in self.tallies for row in tally.contacts for cell in row)

    def together(self, queues: Iterable[int]) -> Fared:
        """How the contacts of some queues fared, taken together."""
        return _Sums(self.plan, self.tallies).figures(queues, []).fared


def simulate(plan: Plan, progress: Progress | None = None) -> Results:
    """Lives the day as often as the plan says. The same plan gives the same results."""
    days = plan.runs.replications
    tallies = []
    for number in range(days):
        tallies.append(Day(plan, number, _part(progress, number, days)).live())
    return judge(plan, tallies)


def _part(progress: Progress | None, number: int, days: int) -> Progress | None:
    if progress is None:
        return None
    return lambda share: progress((number + share) / days)


def judge(plan: Plan, tallies: Sequence[Tally]) -> Results:
    """Results of days already lived."""
    sums = _Sums(plan, tallies)
    queues, groups = range(len(plan.queues)), range(len(plan.groups))
    return Results(
        plan=plan,
        tallies=tuple(tallies),
        whole=sums.figures(queues, groups),
        intervals=tuple(sums.figures(queues, groups, each) for each in range(plan.intervals)),
        queues=tuple(sums.figures([queue], []).fared for queue in queues),
        queue_intervals=tuple(
            tuple(sums.figures([queue], [], each).fared for each in range(plan.intervals)) for queue in queues
        ),
        groups=tuple(sums.figures([], [group]).worked for group in groups),
        group_intervals=tuple(
            tuple(sums.figures([], [group], each).worked for each in range(plan.intervals))
            for group in groups
        ),
    )


class _Sums:
    """Sums of cells, one of each for every replication or batch."""

    def __init__(self, plan: Plan, tallies: Sequence[Tally]) -> None:
        self.plan = plan
        self.tallies = tallies

    def figures(self, queues: Iterable[int], groups: Iterable[int], interval: int | None = None) -> Figures:
        """Of some queues and groups together; in one interval, or of the whole day."""
        queues, groups = list(queues), list(groups)
        if interval is not None:
            parts, batches = [range(interval, interval + 1)], 1
        else:
            batches = self.plan.runs.batches or 1
            length = self.plan.intervals // batches
            parts = [range(at * length, (at + 1) * length) for at in range(batches)]
        sums = [
            summed(
                (tally.contacts[queue][each] for queue in queues for each in part),
                (tally.hours[group][each] for group in groups for each in part),
            )
            for tally in self.tallies
            for part in parts
        ]
        confidence = self.plan.runs.confidence
        fared = _fared([contacts for contacts, _ in sums], batches, confidence)
        span_ms = len(parts[0]) * self.plan.interval_ms
        return Figures(fared, _worked([hours for _, hours in sums], span_ms, confidence))


def _fared(cells: Sequence[Contacts], batches: int, confidence: float) -> Fared:
    def count(name: str) -> Estimate:
        """Of a whole day, also where the cells are parts of one."""
        return mean([getattr(cell, name) for cell in cells], confidence).times(batches)

    def per(above: Callable[[Contacts], int], below: Callable[[Contacts], int]) -> Estimate:
        return ratio([above(cell) for cell in cells], [below(cell) for cell in cells], confidence)

    longest = [cell.longest_ms / 1_000 for cell in cells]
    return Fared(
        offered=count("offered"),
        answered=count("answered"),
        in_time=count("in_time"),
        abandoned=count("abandoned"),
        short=count("short"),
        sent_on=count("sent_on"),
        refused=count("refused"),
        left_waiting=count("left_waiting"),
        service_level=per(lambda c: c.in_time, lambda c: c.answered + c.abandoned - c.short),
        abandoned_share=per(lambda c: c.abandoned, lambda c: c.offered),
        asa_s=per(lambda c: c.waited_ms, lambda c: c.answered).times(0.001),
        longest_s=Estimate(max(longest)) if batches > 1 else mean(longest, confidence),
        aht_s=per(lambda c: c.talk_ms + c.wrap_up_ms, lambda c: c.answered).times(0.001),
    )


def _worked(cells: Sequence[Hours], span_ms: int, confidence: float) -> Worked:
    return Worked(
        staffed=mean([cell.staffed_ms / span_ms for cell in cells], confidence),
        on_contact=mean([cell.busy_ms / span_ms for cell in cells], confidence),
        occupancy=ratio(
            [cell.busy_ms for cell in cells], [cell.busy_ms + cell.idle_ms for cell in cells], confidence
        ),
    )


# ---------------------------------------------------------------- for programs


def as_json(results: Results) -> dict[str, Any]:
    """All figures, each `{"value": …, "half_width": …}`; null where there is nothing to say."""
    plan = results.plan
    return {
        "plan": plan.name,
        "seed": plan.runs.seed,
        "replications": plan.runs.replications,
        "batches": plan.runs.batches,
        "confidence": plan.runs.confidence,
        "contacts_simulated": results.contacts,
        "formulas": {"service_level": SERVICE_LEVEL, "occupancy": OCCUPANCY},
        "day": _figures(results.whole),
        "intervals": [
            {**_moment(plan, each), **_figures(figures)} for each, figures in enumerate(results.intervals)
        ],
        "queues": [
            {
                "queue": queue.name,
                "title": queue.title,
                "service_level_s": queue.settings.service_level_ms / 1_000,
                **record(results.queues[number]),
                "intervals": [
                    {**_moment(plan, each), **record(fared)}
                    for each, fared in enumerate(results.queue_intervals[number])
                ],
            }
            for number, queue in enumerate(plan.queues)
        ],
        "groups": [
            {
                "group": group.name,
                "count": group.count,
                **record(results.groups[number]),
                "intervals": [
                    {**_moment(plan, each), **record(worked)}
                    for each, worked in enumerate(results.group_intervals[number])
                ],
            }
            for number, group in enumerate(plan.groups)
        ],
    }


def _moment(plan: Plan, interval: int) -> dict[str, str]:
    return {"starts": clock(plan.starts_ms(interval))}


def _figures(figures: Figures) -> dict[str, Any]:
    return {**record(figures.fared), **record(figures.worked)}


def record(figures: Fared | Worked) -> dict[str, Any]:
    """Each figure by its name."""
    return {each.name: _estimate(getattr(figures, each.name)) for each in dataclasses.fields(figures)}


def _estimate(estimate: Estimate) -> dict[str, float | None] | None:
    if estimate.value is None:
        return None
    half = None if estimate.half is None else round(estimate.half, 6)
    return {"value": round(estimate.value, 6), "half_width": half}
