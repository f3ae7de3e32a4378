"""How sure a figure is: Student's t over replicated days, or over the batches of one long run.

Nearly all figures of a contact centre are ratios of sums (answered in time / answered …), so that is what
is estimated: the ratio of the means, with the interval of the classical ratio estimator (W. G. Cochran,
"Sampling Techniques", 1977, §6.4; A. M. Law, "Simulation Modeling and Analysis", 2015, §9.5 for batch means).
A day with more contacts weighs more, as it does for the customers, and a day without any is no special case.
A plain mean is the ratio to ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from services.chassis.errors import Invalid


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and half the width of its confidence interval; None where nothing can be said."""

    value: float | None
    half: float | None = None

    @property
    def low(self) -> float | None:
        return None if self.value is None or self.half is None else self.value - self.half

    @property
    def high(self) -> float | None:
        return None if self.value is None or self.half is None else self.value + self.half

    def holds(self, truth: float) -> bool:
        """Whether the interval contains this value."""
        return self.low is not None and self.high is not None and self.low <= truth <= self.high

    def times(self, factor: float) -> Estimate:
        """In another unit."""
        return Estimate(
            None if self.value is None else self.value * factor,
            None if self.half is None else self.half * factor,
        )


def ratio(above: Sequence[float], below: Sequence[float], confidence: float) -> Estimate:
    """The sum above over the sum below, one of each for each replication or batch."""
    whole, count = math.fsum(below), len(below)
    if not whole:
        return Estimate(None)
    value = math.fsum(above) / whole
    if count < 2:
        return Estimate(value)
    squares = math.fsum((a - value * b) ** 2 for a, b in zip(above, below, strict=True))
    deviation = math.sqrt(squares / (count - 1))
    return Estimate(value, student_t(count - 1, confidence) * deviation * math.sqrt(count) / whole)


def mean(values: Sequence[float], confidence: float) -> Estimate:
    return ratio(values, [1.0] * len(values), confidence)


@cache
def student_t(freedom: int, confidence: float) -> float:
    """The two-sided quantile: |T| stays below it with this probability. Raises Invalid out of range."""
    if freedom < 1 or not 0 < confidence < 1:
        raise Invalid("confidence", "must lie between 0 and 1, with one degree of freedom at least")
    low, high = 0.0, 1.0
    while within(freedom, high) < confidence:
        low, high = high, high * 2
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if within(freedom, middle) < confidence else (low, middle)
    return (low + high) / 2


def within(freedom: int, t: float) -> float:
    """P(|T| <= t), a finite sum for whole degrees of freedom (Abramowitz and Stegun 1964, 26.7.3, 26.7.4)."""
    angle = math.atan(t / math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term = cosine if odd else 1.0
    total = term if freedom > 1 else 0.0
    for number in range(3 if odd else 2, freedom - 1, 2):
        term *= cosine**2 * (number - 1) / number
        total += term
    return 2 / math.pi * (angle + sine * total) if odd else sine * total
