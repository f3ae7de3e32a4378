"""Plans as people write them, and what they are told when they mistype."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import pytest

from services.acd.planning import forms
from services.acd.planning.marks import Refused, Value, compose
from services.acd.planning.plan import HOUR_MS, MINUTE_MS, Form, Length, Plan
from services.acd.planning.reading import read

GOOD = """\
name: Small
opens: 08:00
closes: 10:00
interval_min: 30
queues:
  sales:
    title: 销售
    arrivals: [10, 20, 30, 40]
    talk: {mean_s: 180, distribution: lognormal, cv: 0.5}
    wrap_up: {mean_s: 30, at_most_s: 60}
    patience: {mean_s: 120}
    routing: {ring_timeout_s: 12, service_level_s: 30, max_length: 50}
    kinds: [{share: 0.25, priority: 3}]
  support:
    arrivals: {total: 60, profile: [1, 2, 2, 1], forecast_cv: 0.1}
    talk: {mean_s: 60, distribution: constant}
agents:
  Team A:
    count: 3
    queues: [sales, support]
    shift: 08:00-09:30
    breaks: [08:30-08:45, {between: 09:00-09:30, minutes: 10}]
    answering: {mean_s: 4, distribution: constant}
    no_answer: 0.02
  Team B: {count: 2, queues: sales}
run: {replications: 3, confidence: 0.9, seed: 7, warm_up_min: 15}
"""


def refused(text: str) -> list[str]:
    with pytest.raises(Refused) as caught:
        read(text)
    return [str(problem) for problem in caught.value.problems]


def changed(before: str, after: str) -> str:
    assert before in GOOD
    return GOOD.replace(before, after, 1)


def good() -> Plan:
    return read(GOOD)


def test_a_whole_plan() -> None:
    plan = good()
    assert (plan.name, plan.intervals, plan.expected_contacts) == ("Small", 4, 160)
    sales, support = plan.queues
    assert list(sales.arrivals) == [10, 20, 30, 40]
    assert sales.talk == Length(Form.LOGNORMAL, 180_000, 0.5)
    assert sales.patience == Length(Form.EXPONENTIAL, 120_000)
    assert [queue.title for queue in plan.queues] == ["销售", "support"]
    assert [queue.patience is None for queue in plan.queues] == [False, True]
    assert list(support.arrivals) == [10, 20, 20, 10]
    assert (plan.runs.replications, plan.runs.seed, plan.runs.warm_up_ms) == (3, 7, 15 * MINUTE_MS)


def test_the_engines_settings_go_through_by_their_names() -> None:
    settings = good().queues[0].settings
    assert settings.ring_timeout_ms == 12_000
    assert settings.service_level_ms == 30_000
    assert settings.max_length == 50
    assert settings.wrap_up_ms == 60_000  # the bound; how long it takes is drawn
    assert good().queues[0].kinds[0].more == {"priority": 3}


def test_shifts_and_breaks() -> None:
    team, others = good().groups
    assert (team.starts_ms, team.ends_ms) == (8 * HOUR_MS, 9 * HOUR_MS + 30 * MINUTE_MS)
    assert (others.starts_ms, others.ends_ms, others.queues) == (8 * HOUR_MS, 10 * HOUR_MS, ("sales",))
    at_once, one_by_one = team.breaks
    assert {at_once.starts_ms(agent, 3) for agent in range(3)} == {8 * HOUR_MS + 30 * MINUTE_MS}
    assert [one_by_one.starts_ms(agent, 3) - 9 * HOUR_MS for agent in range(3)] == [0, 600_000, 1_200_000]


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        (
            "[sales, support]",
            "[sales, suport]",
            "line 20: agents.Team A.queues[2]: there is no queue 'suport'; did you mean 'support'?",
        ),
        (
            "mean_s: 180",
            "mean_s: -180",
            "line 9: queues.sales.talk.mean_s: is '-180'; must be a number from 0 to 86,400",
        ),
        ("mean_s: 180", "mean_s: nan", "line 9: queues.sales.talk.mean_s: is 'nan'; must be a number from 0"),
        (
            "interval_min: 30",
            "interval_min: 45",
            "line 4: interval_min: intervals of 45 minutes do not fit into a day of 120",
        ),
        (
            "lognormal",
            "log-normal",
            "line 9: queues.sales.talk.distribution: there is no distribution 'log-normal'; did you mean",
        ),
        (
            "patience: {",
            "pateince: {",
            "line 11: queues.sales.pateince: a queue has no such field; did you mean 'patience'?",
        ),
        (
            "ring_timeout_s",
            "ring_time_out_s",
            "line 12: queues.sales.routing.ring_time_out_s: routing has no such field; did you mean 'ring",
        ),
        (
            "ring_timeout_s: 12",
            "ring_timeout_s: 1",
            "line 12: queues.sales.routing.ring_timeout_s: is '1'; must be a number from 3 to 120",
        ),
        (
            "[10, 20, 30, 40]",
            "[10, 20, 30]",
            "line 8: queues.sales.arrivals: has 3 numbers, the day has 4 intervals",
        ),
        (
            "profile: [1, 2, 2, 1]",
            "profile: [0, 0, 0, 0]",
            "line 15: queues.support.arrivals.profile: is all zeros",
        ),
        (
            "total: 60, ",
            "per_interval: 9, total: 60, ",
            "line 15: queues.support.arrivals: give either per_interval, or total and profile",
        ),
        ("cv: 0.5", "mean: 0.5", "line 9: queues.sales.talk: a lognormal time needs 'cv'"),
        (
            "{mean_s: 120}",
            "{mean_s: 120, cv: 2}",
            "line 11: queues.sales.patience.cv: only lognormal times have one",
        ),
        ("{mean_s: 120}", "120", "line 11: queues.sales.patience: is none, or a time such as {mean_s: 120"),
        ("closes: 10:00", "closes: 07:00", "line 3: closes: the day closes before it opens"),
        ("opens: 08:00", "opens: 8h", "line 2: opens: is '8h'; must be a time such as 08:30"),
        ("08:00-09:30", "09:30-08:00", "line 21: agents.Team A.shift: ends before it starts"),
        ("08:00-09:30", "11:00-12:00", "line 21: agents.Team A.shift: lies outside of the day"),
        ("08:30-08:45", "07:00-07:45", "line 22: agents.Team A.breaks[1]: lies outside of the shift"),
        ("minutes: 10", "minutes: 45", "line 22: agents.Team A.breaks[2].minutes: is longer than the time"),
        ("count: 3", "count: 2.5", "line 19: agents.Team A.count: is '2.5'; must be a whole number"),
        ("count: 3", "cuont: 3", "line 18: agents.Team A: a group needs 'count'"),
        (
            "no_answer: 0.02",
            "no_answer: 2",
            "line 24: agents.Team A.no_answer: is '2'; must be a number from 0 to 1",
        ),
        (
            "share: 0.25",
            "share: 0.75}, {share: 0.5",
            "line 13: queues.sales.kinds: the shares are more than 1 together",
        ),
        (
            "priority: 3",
            "priority: 11",
            "line 13: queues.sales.kinds[1].priority: is '11'; must be a number from 0 to 10",
        ),
        ("  sales:\n", "  Sales!:\n", "line 6: queues.Sales!: a queue's name has small letters"),
        (
            "seed: 7",
            "seed: 7, batches: 3",
            "line 26: run.batches: 3 batches do not divide the day's 4 intervals evenly",
        ),
        ("seed: 7", "seed: 7, batches: 2", "line 26: run.batches: batches are parts of one long run"),
        ("name: Small", "name: [a", "not YAML"),
        ("name: Small", "name: &a Small", "line 1: anchors and aliases"),
        ("name: Small", "name: !!python/name:os.system Small", "line 1: tags (!) are not allowed"),
        ("total: 60", "total: 5e6", "line 1: the day has 5,000,100 contacts; at most 5,000,000"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_a_remedy(before: str, after: str, problem: str) -> None:
    found = refused(changed(before, after))
    assert any(problem in each for each in found), found


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    text = (
        changed("mean_s: 180", "mean_s: -1")
        .replace("count: 3", "count: x")
        .replace("opens: 08:00", "opens: z")
    )
    assert [problem.split(":")[0] for problem in refused(text)] == ["line 2", "line 9", "line 19"]


@pytest.mark.parametrize("text", ["", "hello", "- a", "queues: {}", "queues: [a]\nagents: 7", "a: 1\x00"])
def test_what_is_no_plan_is_refused(text: str) -> None:
    assert refused(text)


# ---------------------------------------------------------------- settings the engine may gain


class Colour(IntEnum):
    UNSPECIFIED = 0
    BEST_SKILL = 1


@dataclass
class Step:
    after_ms: int
    skills: tuple[tuple[str, int], ...]


@dataclass
class Gained:
    """Every kind of annotation that settings of the engine have or may get."""

    strategy: Colour = Colour.UNSPECIFIED
    strict: bool = False
    skills: tuple[tuple[str, int], ...] = ()
    relax: tuple[Step, ...] = ()
    no_agents_after_ms: int | None = 5
    tiers: dict[str, Step] | None = None


def taken(text: str) -> tuple[dict[str, object], list[str]]:
    root = Value(compose(text), "", [])
    fields = root.fields("a setting")
    found = forms.take(fields, Gained)
    fields.finish()
    return found, [str(problem) for problem in root.problems]


def test_settings_are_read_by_the_engines_annotations() -> None:
    found, problems = taken(
        "{strategy: best_skill, strict: yes, skills: {english: 7, dutch: 2}, no_agents_after_s: none,"
        " relax: [{after_s: 1.5, skills: {english: 3}}], tiers: {sales: {after_s: 2, skills: {}}}}"
    )
    assert not problems
    assert found == {
        "strategy": Colour.BEST_SKILL,
        "strict": True,
        "skills": (("dutch", 2), ("english", 7)),
        "relax": (Step(1_500, (("english", 3),)),),
        "no_agents_after_ms": None,
        "tiers": {"sales": Step(2_000, ())},
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("skills: {english: 11}", "skills.english: is '11'; must be a number from 1 to 10"),
        ("skills: {english: 0}", "skills.english: is '0'; must be a number from 1 to 10"),
        ("strategy: best_skil", "strategy: there is no strategy 'best_skil'; did you mean 'best_skill'?"),
        ("strict: maybe", "strict: is 'maybe'; must be yes or no"),
        ("relax: [{skills: {a: 1}}]", "relax[1]: needs after_s"),
    ],
)
def test_settings_out_of_range_are_refused(text: str, problem: str) -> None:
    assert any(problem in each for each in taken(text)[1])
