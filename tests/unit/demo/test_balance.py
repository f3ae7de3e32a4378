"""The balance finds what is missing, double or told differently; it can fail."""

from __future__ import annotations

import pytest

from deploy.local.demo import balance, figures, plan

pytestmark = pytest.mark.unit

LEDGER = {"a": "answered", "b": "abandoned", "c": "rejected"}
RIGHT = {call: [outcome] for call, outcome in LEDGER.items()}


def test_it_holds_when_every_place_agrees() -> None:
    struck = balance.strike(LEDGER, {"events": RIGHT, "timeline": RIGHT})
    assert struck.holds
    assert struck.columns["timeline"] == {"answered": 1, "abandoned": 1, "rejected": 1}
    assert struck.sentences() == []


@pytest.mark.parametrize(
    ("ends", "sentence"),
    [
        ({"a": ["answered"], "b": ["abandoned"]}, "c is missing in events"),
        (RIGHT | {"a": ["answered", "answered"]}, "a stands twice in events"),
        (RIGHT | {"b": ["answered"]}, "b is abandoned on the switch, answered in events"),
    ],
)
def test_one_wrong_call_breaks_it(ends: balance.Ends, sentence: str) -> None:
    struck = balance.strike(LEDGER, {"events": ends, "timeline": RIGHT})
    assert not struck.holds
    assert struck.problems == 1
    assert struck.sentences() == [sentence]


def test_a_call_that_never_ended_breaks_it() -> None:
    struck = balance.strike({"a": "open"}, {"events": {"a": ["answered"]}})
    assert struck.sentences() == ["a has not ended on the switch"]


def test_ends_of_other_days_do_not_count() -> None:
    assert balance.strike(LEDGER, {"events": RIGHT | {"yesterday": ["answered"]}}).holds


METRICS = """
# HELP switchyard_esl_reaction_seconds x
switchyard_esl_reaction_seconds_bucket{le="0.01",role="acd"} 50.0
switchyard_esl_reaction_seconds_bucket{le="0.02",role="acd"} 100.0
switchyard_esl_reaction_seconds_bucket{le="+Inf",role="acd"} 100.0
switchyard_esl_reaction_seconds_count{role="acd"} 100.0
"""


def test_percentiles_are_read_from_the_buckets_as_prometheus_does() -> None:
    buckets = figures.read_buckets(METRICS)
    assert figures.percentile_ms(buckets, 0.5) == pytest.approx(10)
    assert figures.percentile_ms(buckets, 0.99) == pytest.approx(19.8)
    assert figures.percentile_ms(figures.add(buckets, buckets), 0.25) == pytest.approx(5)
    assert figures.percentile_ms({}, 0.99) is None
    beyond = buckets | {float("inf"): 200.0}
    assert figures.percentile_ms(beyond, 0.99) == pytest.approx(20)


def test_the_same_seed_gives_the_same_day() -> None:
    def day(seed: int) -> list[object]:
        pairs = zip(plan.arrivals(120, seed), plan.callers(seed), range(50), strict=False)
        return [(gap, script) for gap, script, _ in pairs]

    assert day(7) == day(7)
    assert day(7) != day(8)


def test_agents_suffice_for_the_load() -> None:
    assert plan.agents_needed(0.001) == 4
    handling_s = plan.REACTION_S + plan.TALK_S + plan.WRAP_UP_S
    assert plan.agents_needed(3000) > 50 * handling_s
