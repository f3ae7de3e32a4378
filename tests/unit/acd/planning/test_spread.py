"""How sure a figure is."""

from __future__ import annotations

import pytest

from services.acd.planning.spread import Estimate, mean, ratio, student_t
from services.chassis.errors import Invalid


@pytest.mark.parametrize(
    ("freedom", "confidence", "t"),
    [
        (1, 0.95, 12.706),
        (2, 0.95, 4.303),
        (4, 0.90, 2.132),
        (9, 0.95, 2.262),
        (10, 0.99, 3.169),
        (30, 0.95, 2.042),
        (120, 0.95, 1.980),
    ],
)
def test_students_table(freedom: int, confidence: float, t: float) -> None:
    assert student_t(freedom, confidence) == pytest.approx(t, abs=0.0005)


def test_a_mean_has_the_textbooks_interval() -> None:
    """1.20, 1.50, 1.68, 1.89, 0.95, 1.49, 1.58, 1.55, 0.50, 1.09: 1.34 ± 0.24 at 90 % (Law, example 4.26)."""
    found = mean([1.20, 1.50, 1.68, 1.89, 0.95, 1.49, 1.58, 1.55, 0.50, 1.09], 0.90)
    assert found.value == pytest.approx(1.343)
    assert found.half == pytest.approx(0.24, abs=0.005)


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
