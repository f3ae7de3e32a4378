"""Who is asked first: each strategy as a team lead would check it by hand."""

from __future__ import annotations

from typing import Any

import pytest

from services.acd.domain import Presence, Strategy
from services.acd.engine import commands, stimuli
from services.acd.engine.floor import Policy
from services.acd.engine.stimuli import Tier
from tests.unit.acd.transcript import Day, one, rung, told, why

ENGLISH = (("english", 1),)
AT_ONCE = Policy(misses_before_aside=9, rest_ms=1_000)


def by_hand(day: Day, contact_id: str, **more: Any) -> str:
    """Serves one caller from the call to the free phone; gives who served them."""
    ring = one(day.call(contact_id, **more), commands.Ring)
    day.pick_up(ring.offer_id)
    day.wait(30)
    day.over(contact_id, ring.offer_id)
    return ring.agent_id


def team(day: Day, *agents: str) -> None:
    """Signed in ten seconds apart, so that the first has been idle longest."""
    for agent in agents:
        day.agent(agent)
        day.wait(10)


# ---------------------------------------------------------------- tiers


@pytest.mark.parametrize("strategy", [each for each in Strategy if each])
def test_lower_tier_comes_before_the_strategy(strategy: Strategy) -> None:
    """Whatever the strategy: the back office is asked only when nobody of the front is idle."""
    day = Day()
    day.queue(strategy=strategy, ring_agents=2)
    day.agent("back", tiers={"sales": Tier(2, 1)}, skills=(("english", 10),))
    day.wait(600)
    day.agent("front", tiers={"sales": Tier(1, 9)}, skills=ENGLISH)
    out = day.call("c1", skills=ENGLISH)
    assert rung(out)[0] == "front"
    assert told(out, commands.ContactOffered)[0].decision.tier == 1
    assert (rung(out) + rung(day.call("c2", skills=ENGLISH)))[1] == "back"


def test_tier_is_changed_while_the_agent_is_idle() -> None:
    """The lead moves an idle agent to the front: felt by the very next call."""
    day = Day()
    day.queue()
    day.agent("a1")
    day.wait(60)
    day.agent("a2")
    day.agent("a1", tiers={"sales": Tier(3)})
    assert rung(day.call("c1")) == ["a2"]


# ---------------------------------------------------------------- longest idle, and ties


@pytest.mark.parametrize(
    "strategy",
    [Strategy.FEWEST_CONTACTS, Strategy.LEAST_OCCUPIED, Strategy.ROUND_ROBIN, Strategy.TOP_DOWN],
)
def test_in_a_tie_who_has_been_idle_longest(strategy: Strategy) -> None:
    """The first call of the day: nobody has served anybody. Made in one order, signed in in the other."""
    day = Day()
    day.queue(strategy=strategy)
    day.agent("a1", ready=False)
    day.wait(60)
    day.agent("a2", ready=False)
    day.ready("a2")
    day.wait(60)
    day.ready("a1")
    assert rung(day.call("c1")) == ["a2"]


@pytest.mark.parametrize("strategy", [Strategy.FEWEST_CONTACTS, Strategy.TOP_DOWN])
def test_caller_who_rings_off_costs_the_agent_no_place_in_a_tie(strategy: Strategy) -> None:
    """It rang twice and the caller left: the agent has still been idle longest."""
    day = Day()
    day.queue(strategy=strategy)
    team(day, "a1", "a2")
    assert rung(day.call("c1")) == ["a1"]
    day.over("c1", "o1")
    assert rung(day.call("c2")) == ["a1"]


def test_strategy_changed_live_keeps_who_has_been_idle_longest() -> None:
    """At noon the manager goes from longest idle to top-down: all in one place, so idle time says."""
    day = Day()
    day.queue()
    day.agent("a1", ready=False)
    day.agent("a2")
    day.wait(60)
    day.ready("a1")
    day.queue(strategy=Strategy.TOP_DOWN)
    assert rung(day.call("c1")) == ["a2"]


def test_longest_idle_counts_from_the_end_of_the_last_contact() -> None:
    """Who has just talked is behind who has been waiting since before that; so two of them take turns."""
    day = Day()
    day.queue()
    team(day, "a1", "a2")
    assert [by_hand(day, f"c{number}") for number in range(4)] == ["a1", "a2", "a1", "a2"]


def test_another_reason_while_ready_costs_no_place() -> None:
    """Ready with a note ("training until four") is still ready: idle time goes on."""
    day = Day()
    day.queue()
    team(day, "a1", "a2")
    day.tell(stimuli.SetPresence("a1", Presence.READY, "training until four"))
    assert rung(day.call("c1")) == ["a1"]


def test_idle_since_ready_starts_anew_after_a_break() -> None:
    """Ten minutes of coffee put an agent behind those who stayed."""
    day = Day()
    day.queue()
    team(day, "a1", "a2")
    day.away("a1")
    day.wait(600)
    day.ready("a1")
    assert rung(day.call("c1")) == ["a2"]


def test_idle_since_last_contact_ignores_a_break() -> None:
    """The option: a break does not count against the agent, whose last contact was the longest ago."""
    day = Day()
    day.queue(idle_since_contact=True)
    team(day, "a1", "a2")
    assert [by_hand(day, f"c{n}") for n in range(2)] == ["a1", "a2"]
    day.away("a1")
    day.wait(600)
    day.ready("a1")
    assert rung(day.call("c9")) == ["a1"]


# ---------------------------------------------------------------- least occupied


def test_least_occupied_is_about_time_not_about_calls() -> None:
    """One call of ten minutes weighs more than two of one minute."""
    day = Day()
    day.queue(strategy=Strategy.LEAST_OCCUPIED)
    day.agent("long")
    ring = one(day.call("c1"), commands.Ring)
    day.pick_up(ring.offer_id)
    day.agent("short")
    for number in (2, 3):
        ring_short = one(day.call(f"c{number}"), commands.Ring)
        day.pick_up(ring_short.offer_id)
        day.wait(60)
        day.over(f"c{number}", ring_short.offer_id)
        day.wait(240)
    day.over("c1", ring.offer_id)
    assert rung(day.call("c9")) == ["short"]


def test_letting_it_ring_is_no_work() -> None:
    """ "silent" lets the phone ring for 15 s, "brief" talks for 10 s: who talked was the more occupied."""
    day = Day(Policy(misses_before_aside=99, rest_ms=1_000))
    day.queue(strategy=Strategy.LEAST_OCCUPIED)
    day.agent("silent")
    day.call("c1")
    day.agent("brief", ready=False)
    day.wait(15)
    day.miss("o1")
    assert rung(day.ready("brief")) == ["brief"]
    day.pick_up("o2")
    day.wait(10)
    day.over("c1", "o2")
    assert rung(day.call("c9")) == ["silent"]


def test_wrap_up_is_work() -> None:
    """Both talk for a minute; only one writes for another."""
    day = Day()
    day.queue(strategy=Strategy.LEAST_OCCUPIED)
    day.agent("writer")
    day.tell(
        stimuli.PutQueue(stimuli.QueueSettings("sales", strategy=Strategy.LEAST_OCCUPIED, wrap_up_ms=60_000))
    )
    first = day.talk("c1", "writer")
    day.wait(60)
    day.over("c1", first)
    day.wait(60)
    day.queue(strategy=Strategy.LEAST_OCCUPIED)
    day.agent("talker")
    day.away("writer")
    second = day.talk("c2", "talker")
    day.wait(60)
    day.over("c2", second)
    day.ready("writer")
    day.wait(3_600)
    assert rung(day.call("c9")) == ["talker"]


def test_least_occupied_stays_in_order_while_idle() -> None:
    """Occupied lately by the same share, one of them an hour before the other: the older has faded more."""
    day = Day()
    day.queue(strategy=Strategy.LEAST_OCCUPIED)
    day.agent("early")
    by_hand(day, "c1")
    day.away("early")
    day.wait(3_600)
    day.agent("late")
    by_hand(day, "c2")
    day.ready("early")
    assert rung(day.call("c3")) == ["early"]
    day.over("c3", "o3")
    day.wait(7_200)
    assert rung(day.call("c4")) == ["early"], "both fade at one pace"


# ---------------------------------------------------------------- round robin


def test_round_robin_goes_round() -> None:
    """Each in turn, however long they talked before."""
    day = Day()
    day.queue(strategy=Strategy.ROUND_ROBIN)
    team(day, "a1", "a2", "a3")
    assert [by_hand(day, f"c{n}") for n in range(5)] == ["a1", "a2", "a3", "a1", "a2"]


def test_round_robin_counts_an_offer_that_was_refused() -> None:
    """Who let it ring has had their turn: the next caller goes to the next agent, not back to them."""
    day = Day(AT_ONCE)
    day.queue(strategy=Strategy.ROUND_ROBIN)
    team(day, "a1", "a2", "a3")
    day.call("c1")
    assert rung(day.miss("o1")) == ["a2"]
    day.wait(5)
    assert rung(day.call("c2")) == ["a3"]
    assert rung(day.call("c3")) == ["a1"]


# ---------------------------------------------------------------- fewest contacts


def test_fewest_contacts_of_the_day() -> None:
    """Who came late to the shift catches up."""
    day = Day()
    day.queue(strategy=Strategy.FEWEST_CONTACTS)
    team(day, "a1", "a2")
    assert [by_hand(day, f"c{n}") for n in range(4)] == ["a1", "a2", "a1", "a2"]
    day.agent("a3")
    assert [by_hand(day, f"d{n}") for n in range(2)] == ["a3", "a3"]
    assert by_hand(day, "d9") == "a1"


def test_fewest_contacts_starts_anew_at_midnight_also_for_who_stands_idle() -> None:
    """The night shift goes on over midnight: yesterday's contacts count no more, idle time decides."""
    day = Day()
    day.queue(strategy=Strategy.FEWEST_CONTACTS)
    team(day, "busy", "calm")
    day.away("calm")
    for number in range(3):
        assert by_hand(day, f"c{number}") == "busy"
    day.wait(60)
    day.ready("calm")
    day.wait(60)
    day.tell(stimuli.NewDay())
    assert rung(day.call("c9")) == ["busy"], "idle for a minute longer"


def test_refused_offers_are_no_contacts() -> None:
    """Fewest contacts means served: one does not become the busiest by rejecting."""
    day = Day(AT_ONCE)
    day.queue(strategy=Strategy.FEWEST_CONTACTS)
    team(day, "a1", "a2")
    assert by_hand(day, "c0") == "a1"
    day.call("c1")
    assert rung(day.miss("o2")) == ["a1"]
    day.over("c1", "o3")
    day.wait(5)
    assert rung(day.call("c2")) == ["a2"]


# ---------------------------------------------------------------- top-down


def test_top_down_by_tier_then_position() -> None:
    """The list on the wall, read from the top, whoever is idle for how long."""
    day = Day()
    day.queue(strategy=Strategy.TOP_DOWN)
    for agent, level, position in (("d", 2, 1), ("c", 1, 3), ("a", 1, 1), ("b", 1, 2)):
        day.agent(agent, tiers={"sales": Tier(level, position)})
        day.wait(60)
    assert [rung(day.call(f"c{n}"))[0] for n in range(4)] == ["a", "b", "c", "d"]


def test_position_is_that_in_the_contacts_queue() -> None:
    """First in sales and last in support, and the other way round."""
    day = Day()
    day.queue("sales", strategy=Strategy.TOP_DOWN)
    day.queue("support", strategy=Strategy.TOP_DOWN)
    day.agent("a1", tiers={"sales": Tier(1, 1), "support": Tier(1, 9)})
    day.agent("a2", tiers={"sales": Tier(1, 9), "support": Tier(1, 1)})
    assert rung(day.call("c1", "support")) == ["a2"]
    day.over("c1", "o1")
    assert rung(day.call("c2", "sales")) == ["a1"]


# ---------------------------------------------------------------- best skill


def test_best_skill_by_the_sum_of_what_is_required() -> None:
    """French is not asked for, so being good at it does not help."""
    day = Day()
    day.queue(strategy=Strategy.BEST_SKILL)
    day.agent("french", skills=(("billing", 3), ("english", 6), ("french", 10)))
    day.wait(60)
    day.agent("both", skills=(("billing", 5), ("english", 5)))
    decision = why(day.call("c1", skills=(("billing", 2), ("english", 4))))
    assert (decision.agent_id, decision.skill_score, decision.runner_up) == ("both", 10, "french")


def test_best_skill_equal_sums_go_by_idle_time() -> None:
    """8 + 2 is as good as 5 + 5."""
    day = Day()
    day.queue(strategy=Strategy.BEST_SKILL)
    day.agent("uneven", skills=(("billing", 8), ("english", 2)), ready=False)
    day.agent("even", skills=(("billing", 5), ("english", 5)))
    day.wait(1)
    day.ready("uneven")
    assert rung(day.call("c1", skills=(("billing", 1), ("english", 1)))) == ["even"]


def test_best_skill_without_requirements_is_longest_idle() -> None:
    day = Day()
    day.queue(strategy=Strategy.BEST_SKILL)
    day.agent("plain")
    day.wait(1)
    day.agent("gifted", skills=(("english", 10),))
    assert rung(day.call("c1")) == ["plain"]
