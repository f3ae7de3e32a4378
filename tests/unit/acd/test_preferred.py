"""Asked for by name, or who served the caller last: for a set time, then anybody."""

from __future__ import annotations

from typing import Any

import pytest

from services.acd.domain import Channel, Strategy
from services.acd.engine import commands, stimuli
from services.acd.engine.floor import Policy
from tests.unit.acd.transcript import Day, arrival, offered, one, rung, why

OFTEN = Policy(misses_before_aside=99, rest_ms=1_000)
DAY = 86_400


def sticky(**settings: Any) -> Day:
    """A queue that asks a caller's last agent first, for 30 s; a1 has just served the number 01."""
    day = Day(OFTEN)
    day.queue(last_agent_wait_ms=30_000, **settings)
    day.agent("a1")
    day.over("c0", day.talk("c0"))
    day.wait(60)
    day.agent("a2")
    day.away("a1")
    day.ready("a1")  # idle for less time than a2
    return day


def test_last_agent_comes_before_who_has_been_idle_longest() -> None:
    day = sticky()
    found = why(day.call("c1"))
    assert (found.agent_id, found.rule) == ("a1", "last_agent")


def test_explanation_says_who_else_would_have_done() -> None:
    """a1 was asked by preference, though a2 and a3 were idle as well and a2 would have been next; a4 was
    busy, and a5 serves another queue."""
    day = sticky()
    day.away("a2")
    day.agent("a4")
    stranger = arrival("other")
    stranger.from_number = "+8613900000009"
    day.tell(stimuli.Enqueue(stranger, "sales", preferred="a4"))
    day.ready("a2")
    day.agent("a3")
    day.queue("support")
    day.agent("a5", "support")
    found = why(day.call("c1"))
    assert (found.agent_id, found.rule) == ("a1", "last_agent")
    assert (found.others, found.runner_up, found.qualified_busy) == (2, "a2", 1)
    assert found.ready_unqualified == 0


def test_preferred_from_another_queue_is_none_of_those_who_qualify() -> None:
    day = Day(OFTEN)
    day.queue()
    day.queue("support")
    day.agent("a1")
    day.agent("a5", "support")
    found = why(day.call("c1", preferred="a5"))
    assert (found.agent_id, found.others, found.runner_up) == ("a5", 1, "a1")
    assert (found.qualified_busy, found.ready_unqualified) == (0, 0)


def test_last_agent_is_waited_for_and_then_anybody() -> None:
    """Busy with another caller: half a minute, then the next who is idle."""
    day = sticky()
    day.call("other", preferred="a1", prefer_ms=1_000)
    assert rung(day.call("c1")) == []
    assert rung(day.wait(14.9)) == []
    day.pick_up("o2")
    assert rung(day.wait(15)) == []
    found = why(day.wait(0.1))
    assert (found.agent_id, found.rule) == ("a2", "longest_idle")


def test_last_agent_comes_free_in_time() -> None:
    """Ahead even of those who are more overdue: this caller waits for this agent."""
    day = sticky()
    day.call("other", preferred="a1", prefer_ms=1_000)
    day.pick_up("o2")
    day.away("a2")
    stranger = arrival("overdue")
    stranger.from_number = "+8613900000009"
    day.tell(stimuli.Enqueue(stranger, "sales"))
    day.wait(10)
    day.call("c1")
    day.wait(10)
    found = why(day.over("other", "o2"))
    assert (found.agent_id, found.rule) == ("a1", "last_agent")
    assert day.state("c1") == "offered"
    assert day.state("overdue") == "queued"


def test_last_agent_on_a_break_is_waited_for() -> None:
    """On a break, signed in: may come back within the time."""
    day = sticky()
    day.away("a1")
    assert rung(day.call("c1")) == []
    assert rung(day.ready("a1")) == ["a1"]


def test_last_agent_who_has_gone_home_is_not_waited_for() -> None:
    day = sticky()
    day.sign_out("a1")
    assert rung(day.call("c1")) == ["a2"]


def test_last_agent_who_does_not_respond_is_not_waited_for() -> None:
    """Set aside after misses: nobody knows whether they are there."""
    day = sticky()
    day.engine.floor.policy = Policy(misses_before_aside=1)
    day.call("other", preferred="a1", prefer_ms=1_000)
    day.miss("o2")
    assert day.routing("a1") == "NOT_RESPONDING"
    day.over("other", "o3")
    assert rung(day.call("c1")) == ["a2"]


def test_last_agent_is_set_aside_while_waited_for() -> None:
    """The phone of the one waited for rings out for another caller: from then on it is in vain."""
    day = sticky()
    day.engine.floor.policy = Policy(misses_before_aside=1)
    day.call("other", preferred="a1", prefer_ms=1_000)
    day.agent("a3")
    assert rung(day.call("c1")) == []
    assert sorted(rung(day.miss("o2"))) == ["a2", "a3"]


def test_refused_caller_comes_before_those_who_waited_for_who_is_set_aside() -> None:
    """One agent is idle: the caller whose call was just refused has them, not who only waited for a1."""
    day = sticky()
    day.engine.floor.policy = Policy(misses_before_aside=1)
    day.call("other", preferred="a1", prefer_ms=1_000)
    day.call("c1", priority=9)
    assert one(day.miss("o2"), commands.Ring).contact_id == "other"


def test_last_agent_signs_out_while_waited_for() -> None:
    """Gone home after this call: the caller who waited for them rings elsewhere at that moment."""
    day = sticky()
    day.call("other", preferred="a1", prefer_ms=1_000)
    day.pick_up("o2")
    assert rung(day.call("c1")) == []
    assert rung(day.sign_out("a1")) == ["a2"]


def test_last_agent_refuses() -> None:
    """Asked, and not taken: anybody, at once, and the caller is not sent back to them."""
    day = sticky()
    assert rung(day.call("c1")) == ["a1"]
    assert rung(day.tell(stimuli.Reject("a1", "o2"))) == ["a2"]


def test_switch_trouble_does_not_cost_the_caller_their_agent() -> None:
    """The switch could not ring a1: no answer of theirs, so they are asked again after the pause."""
    day = sticky()
    assert rung(day.call("c1")) == ["a1"]
    day.tell(stimuli.RingFailed("o2", "SWITCH_CONGESTION"))
    assert rung(day.wait(2)) == ["a1"]


def test_last_agent_of_another_queue_is_not_asked() -> None:
    """They have been moved to support since: this queue is theirs no more."""
    day = sticky()
    day.queue("support")
    day.agent("a1", "support")
    assert rung(day.call("c1")) == ["a2"]


def test_last_agent_is_remembered_so_long() -> None:
    day = sticky(last_agent_memory_ms=3_600_000)
    day.wait(3_590 - 60)
    assert rung(day.call("c1")) == ["a1"]
    day = sticky(last_agent_memory_ms=3_600_000)
    day.wait(3_601)
    assert rung(day.call("c1")) == ["a2"]


def test_caller_without_number_has_no_last_agent() -> None:
    day = sticky()
    nobody = stimuli.Arrival("c1", node="fs1", call_id="call-c1")
    assert rung(day.tell(stimuli.Enqueue(nobody, "sales"))) == ["a2"]


@pytest.mark.parametrize("number", ["anonymous", "Restricted", "unknown"])
def test_callers_who_withhold_their_number_are_not_one_caller(number: str) -> None:
    """Two strangers both arrive as `anonymous`: the second has not met the first one's agent."""
    day = sticky()
    for contact in ("x1", "x2"):
        who = arrival(contact)
        who.from_number = number
        ring = one(day.tell(stimuli.Enqueue(who, "sales")), commands.Ring)
        if contact == "x1":
            assert ring.agent_id == "a2"
            day.pick_up(ring.offer_id)
            day.over("x1", ring.offer_id)
            day.away("a1")
            day.wait(60)
            day.ready("a1")
            day.away("a2")
            day.ready("a2")
        else:
            assert ring.agent_id == "a1", "longest idle, as for anybody"


def test_customer_is_known_by_id_before_number() -> None:
    """The same customer rings from another telephone."""
    day = Day()
    day.queue(last_agent_wait_ms=30_000)
    day.agent("a1")
    first = arrival("c1")
    first.customer_id = "k1"
    day.tell(stimuli.Enqueue(first, "sales"))
    day.pick_up("o1")
    day.over("c1", "o1")
    day.agent("a2")
    day.away("a1")
    day.wait(5)
    day.ready("a1")
    again = arrival("c2")
    again.customer_id, again.from_number = "k1", "+8613900000009"
    assert rung(day.tell(stimuli.Enqueue(again, "sales"))) == ["a1"]


# ---------------------------------------------------------------- asked for by name


def test_preferred_agent_need_not_serve_the_queue() -> None:
    """The flow names the customer's own consultant: asked first though sales is not theirs. As Genesys and
    Amazon Connect have it, a person asked for by name is the flow's word against the queue's lists."""
    day = Day()
    day.queue("sales")
    day.queue("private")
    day.agent("a1", "sales")
    day.agent("own", "private")
    found = why(day.call("c1", preferred="own", prefer_ms=10_000))
    assert (found.agent_id, found.rule) == ("own", "preferred")


def test_preferred_agent_who_left_the_company_costs_nothing() -> None:
    """CRM still names who was deleted last month: as one who is not signed in, not waited for. A wish must
    not cost the caller their place."""
    day = Day()
    day.queue()
    day.agent("a1")
    assert rung(day.call("c1", preferred="gone", prefer_ms=60_000)) == ["a1"]


def test_preferred_and_excluded() -> None:
    """Both at once: never means never."""
    day = Day()
    day.queue()
    day.agent("a1")
    day.wait(1)
    day.agent("a2")
    assert rung(day.call("c1", preferred="a1", prefer_ms=60_000, excluded=("a1",))) == ["a2"]


def test_preferred_agent_who_only_telephones_is_asked_for_a_chat() -> None:
    """They cannot take it: the chat goes to whoever can, by the queue's strategy, at once."""
    day = Day()
    day.queue(strategy=Strategy.RING_SEVERAL, ring_agents=2)
    day.agent("a1")
    for agent in ("t1", "t2"):
        day.agent(agent, capacity=(stimuli.Capacity(Channel.CHAT, 1),))
    assert offered(day.chat("c1", preferred="a1", prefer_ms=60_000)) == ["t1", "t2"]


def test_caller_hangs_up_while_waiting_for_the_preferred() -> None:
    day = sticky()
    day.away("a1")
    day.call("c1")
    day.hang_up("c1")
    assert rung(day.ready("a1")) == []
