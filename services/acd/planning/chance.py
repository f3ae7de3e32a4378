"""What chance brings. Each queue and purpose draws from its own numbers, so that a change of staff, or of
another queue, meets the very same callers: two plans are compared on the same days.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from random import Random

from services.acd.planning.plan import Form, Length, Plan, QueuePlan

Draw = Callable[[], int]
"""The next time, in ms."""


def source(*names: object) -> Random:
    """Numbers of their own for these names; the same on every machine."""
    return Random("/".join(map(str, names)))


def lengths(length: Length, chance: Random) -> Draw:
    """Times of this distribution, rounded to milliseconds."""
    mean = length.mean_ms
    if mean <= 0 or length.form is Form.CONSTANT:
        constant = round(mean)
        return lambda: constant
    if length.form is Form.EXPONENTIAL:
        rate, exponential = 1 / mean, chance.expovariate
        return lambda: round(exponential(rate))
    variance = math.log1p(length.cv**2)
    mu, sigma, lognormal = math.log(mean) - variance / 2, math.sqrt(variance), chance.lognormvariate
    return lambda: round(lognormal(mu, sigma))


def arrivals(plan: Plan, queue: QueuePlan, chance: Random) -> Iterator[int]:
    """Moments at which contacts of a queue come, from the warm-up's beginning to the day's end."""
    factor = _factor(queue.forecast_cv, chance)
    place = _evenly if queue.even else _by_chance
    warm_up = plan.runs.warm_up_ms
    if warm_up and queue.arrivals:
        expected = queue.arrivals[0] * warm_up / plan.interval_ms
        yield from place(plan.opens_ms - warm_up, warm_up, expected * factor, chance)
    for interval, expected in enumerate(queue.arrivals):
        yield from place(plan.starts_ms(interval), plan.interval_ms, expected * factor, chance)


def _factor(cv: float, chance: Random) -> float:
    """How a whole day differs from its forecast: gamma, so never below nothing, and 1 on average."""
    return chance.gammavariate(1 / cv**2, cv**2) if cv else 1.0


def _by_chance(starts_ms: int, length_ms: int, expected: float, chance: Random) -> Iterator[int]:
    """A Poisson process: gaps are exponential, and begin anew with each interval, having no memory."""
    if expected <= 0:
        return
    rate, gap = expected / length_ms, chance.expovariate
    at = gap(rate)
    while at < length_ms:
        yield starts_ms + int(at)
        at += gap(rate)


def _evenly(starts_ms: int, length_ms: int, expected: float, chance: Random) -> Iterator[int]:
    """The expected number, a part of one by chance, each in the middle of its stretch."""
    count = int(expected) + (chance.random() < expected % 1)
    for number in range(count):
        yield starts_ms + int((number + 0.5) * length_ms / count)
