"""How sure a figure is."""

from __future__ import annotations

import math
import statistics

import pytest

from services.acd.planning.spread import Estimate, mean, ratio, student_t
from services.chassis.errors import Invalid


@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 9, 10, 30, 119])
def test_students_t_leaves_so_much_outside(freedom: int, confidence: float) -> None:
    """The distribution has a finite sum of its own for odd and for even degrees of freedom."""
    angle = math.atan(student_t(freedom, confidence) / math.sqrt(freedom))
    odd = freedom % 2
    terms = [math.cos(angle)] if odd else [1.0]
    for number in range(2 + odd, freedom - 1, 2):
        terms.append(terms[-1] * math.cos(angle) ** 2 * (number - 1) / number)
    inside = math.sin(angle) * sum(terms[: max(freedom // 2, 0)])
    if odd:
        inside = 2 / math.pi * (angle + inside)
    assert inside == pytest.approx(confidence, abs=1e-6)


def test_a_mean_has_students_interval() -> None:
    """Worked out by the library's own standard deviation; t for nine degrees at 90 % is 1.833."""
    days = [1.20, 1.50, 1.68, 1.89, 0.95, 1.49, 1.58, 1.55, 0.50, 1.09]
    found = mean(days, 0.90)
    assert found.value == pytest.approx(statistics.mean(days))
    assert found.half == pytest.approx(1.833 * statistics.stdev(days) / math.sqrt(10), rel=1e-3)


def test_a_day_with_more_contacts_weighs_more() -> None:
    assert ratio([1, 90], [10, 100], 0.95).value == pytest.approx(91 / 110)


def test_days_without_contacts_do_no_harm() -> None:
    assert ratio([0, 0], [0, 0], 0.95) == Estimate(None)
    assert ratio([0, 8], [0, 10], 0.95).value == pytest.approx(0.8)


def test_one_day_says_nothing_about_others() -> None:
    assert mean([5.0], 0.95) == Estimate(5.0, None)
    assert not Estimate(5.0).holds(5.0)
    assert Estimate(5.0, 1.0).holds(5.9)
    assert not Estimate(5.0, 1.0).holds(6.1)


def test_certainty_is_refused() -> None:
    with pytest.raises(Invalid):
        student_t(9, 1.0)
