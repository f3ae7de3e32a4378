"""What agents say of themselves, what leads say of them, and what follows contacts and misses."""

from __future__ import annotations

from typing import Any

import pytest

from services.acd.domain import Channel, Presence, Routing, WorkMode
from services.acd.engine import commands, stimuli, views
from services.acd.engine.floor import Policy
from services.chassis.errors import Invalid
from tests.unit.acd.transcript import Day, one, rung, told


def force(day: Day, presence: Presence, by: str = "lead", **more: Any) -> list[commands.Command]:
    return day.tell(stimuli.SetPresence("a1", presence, by=by, **more))


# ---------------------------------------------------------------- work mode


def test_intermittent_agent_gets_no_second_call_by_itself() -> None:
    """Back-office work in between: after each contact and its wrap-up, other work until they say ready."""
    day = Day()
    day.queue(wrap_up_ms=10_000)
    day.agent("a1", work_mode=WorkMode.INTERMITTENT)
    offer = day.talk("c1")
    day.call("c2")
    day.over("c1", offer)
    assert day.routing("a1") == "WRAP_UP"
    out = day.wait(10)
    assert rung(out) == []
    state = told(out, commands.AgentStateChanged)[-1]
    assert (state.presence, state.reason, state.routing) == (
        Presence.OTHER_WORK,
        "after_contact",
        Routing.IDLE,
    )
    assert rung(day.wait(60)) == []
    assert rung(day.ready("a1")) == ["a1"]


def test_intermittent_agent_is_not_staffed_between_contacts() -> None:
    day = Day()
    day.queue()
    day.agent("a1", work_mode=WorkMode.INTERMITTENT)
    day.over("c1", day.talk("c1"))
    figures = views.figures(day.engine.floor, day.now)
    assert (figures.queues[0].agents_staffed, figures.agents["other_work"]) == (0, 1)


def test_intermittent_agent_after_an_offer_that_came_to_nothing() -> None:
    """The caller rang off while it rang: that was no contact, the agent is still ready."""
    day = Day()
    day.queue()
    day.agent("a1", work_mode=WorkMode.INTERMITTENT)
    day.call("c1")
    day.over("c1", "o1")
    assert rung(day.call("c2")) == ["a1"]


def test_intermittent_agent_with_several_chats() -> None:
    """Other work begins after the last one, not after the first: somebody is still talked to."""
    day = Day()
    day.queue()
    day.agent("a1", work_mode=WorkMode.INTERMITTENT, capacity=(stimuli.Capacity(Channel.CHAT, 2),))
    for number in (1, 2):
        day.chat(f"t{number}")
        day.tell(stimuli.Answer("a1", f"o{number}"))
    day.chat_gone("t1")
    agent = day.engine.floor.agents["a1"]
    states = [agent.presence]
    day.chat_gone("t2")
    states.append(agent.presence)
    assert states == [Presence.READY, Presence.OTHER_WORK]


def test_mode_is_changed_in_conversation() -> None:
    """Continuous again before the call ends: the next one comes at once."""
    day = Day()
    day.queue()
    day.agent("a1", work_mode=WorkMode.INTERMITTENT)
    offer = day.talk("c1")
    day.call("c2")
    day.tell(stimuli.SetPresence("a1", Presence.READY, work_mode=WorkMode.CONTINUOUS))
    assert rung(day.over("c1", offer)) == ["a1"]


def test_break_taken_in_conversation_keeps_its_reason() -> None:
    """ "Lunch after this call", said during the call: intermittent mode must not write over it."""
    day = Day()
    day.queue()
    day.agent("a1", work_mode=WorkMode.INTERMITTENT)
    offer = day.talk("c1")
    day.away("a1", "lunch")
    day.over("c1", offer)
    agent = day.engine.floor.agents["a1"]
    assert (agent.presence, agent.reason) == (Presence.OTHER_WORK, "lunch")


def test_only_the_work_mode_is_changed() -> None:
    """At lunch since a minute, and set aside for not answering: both stay, as does how long. It is told."""
    day = Day(Policy(misses_before_aside=1))
    day.queue()
    day.agent("a1")
    day.call("c1")
    day.miss("o1")
    since = day.now
    day.wait(60)
    mode = stimuli.SetPresence("a1", Presence.UNSPECIFIED, work_mode=WorkMode.INTERMITTENT)
    state = one(day.tell(mode), commands.AgentStateChanged)
    assert (state.work_mode, state.presence, state.routing) == (
        WorkMode.INTERMITTENT,
        Presence.READY,
        Routing.NOT_RESPONDING,
    )
    assert (state.since, state.previous_ms) == (since, 0)
    assert day.tell(mode) == [], "nothing is new"
    out = day.ready("a1")
    assert told(out, commands.AgentStateChanged)[0].previous_ms == 60_000


def test_administrator_changes_the_work_mode() -> None:
    day = Day()
    day.queue()
    day.agent("a1")
    out = day.agent("a1", work_mode=WorkMode.INTERMITTENT)
    assert one(out, commands.AgentStateChanged).work_mode is WorkMode.INTERMITTENT


def test_phone_is_changed_without_saying_anything_of_presence() -> None:
    day = Day()
    day.queue()
    day.agent("a1")
    day.tell(stimuli.SetPresence("a1", Presence.UNSPECIFIED, extension="777"))
    assert one(day.call("c1"), commands.Ring).extension == "777"
    day.agent("a2", ready=False)
    with pytest.raises(Invalid, match=r"extension.*not signed in"):
        day.tell(stimuli.SetPresence("a2", Presence.UNSPECIFIED, extension="777"))


# ---------------------------------------------------------------- forced by a lead


def test_lead_puts_an_agent_on_other_work() -> None:
    """Announced with who did it, and how long the agent had been ready."""
    day = Day()
    day.queue()
    day.agent("a1")
    day.wait(90)
    state = one(force(day, Presence.OTHER_WORK, reason="training"), commands.AgentStateChanged)
    assert (state.by, state.reason, state.previous_presence) == ("lead", "training", Presence.READY)
    assert state.previous_ms == 90_000
    assert rung(day.call("c1")) == []
    assert one(day.ready("a1"), commands.Ring).contact_id == "c1"
    assert told(day.log, commands.AgentStateChanged)[-1].by == ""


def test_lead_signs_an_agent_out_in_conversation() -> None:
    """The agent's computer is dead, the call goes on: nobody is cut off, and nothing comes afterwards."""
    day = Day()
    day.queue(wrap_up_ms=5_000)
    day.agent("a1")
    offer = day.talk("c1")
    force(day, Presence.OFFLINE)
    assert day.state("c1") == "connected"
    day.call("c2")
    day.over("c1", offer)
    assert rung(day.wait(60)) == []
    assert views.figures(day.engine.floor, day.now).agents["offline"] == 1


def test_lead_lifts_not_responding() -> None:
    day = Day(Policy(misses_before_aside=1))
    day.queue()
    day.agent("a1")
    day.call("c1")
    day.miss("o1")
    out = force(day, Presence.READY)
    assert told(out, commands.AgentStateChanged)[0].by == "lead"
    assert rung(out) == ["a1"]


# ---------------------------------------------------------------- misses


def test_misses_count_in_a_row_only() -> None:
    """A miss, a conversation, a miss: not set aside. Then one more: aside."""
    day = Day(Policy(misses_before_aside=2, rest_ms=1_000))
    day.queue()
    day.agent("a1")
    day.call("c1")
    day.miss("o1")
    day.wait(1)
    day.pick_up("o2")
    day.over("c1", "o2")
    day.call("c2")
    day.miss("o3")
    assert day.routing("a1") == "IDLE"
    day.wait(1)
    day.miss("o4")
    assert day.routing("a1") == "NOT_RESPONDING"


def test_trouble_of_the_switch_is_no_miss() -> None:
    day = Day(Policy(misses_before_aside=1))
    day.queue()
    day.agent("a1")
    day.call("c1")
    day.tell(stimuli.LegGone("o1", "SWITCH_CONGESTION"))
    assert day.routing("a1") == "IDLE"


def test_saying_ready_again_after_a_miss_ends_the_rest() -> None:
    """The agent is back at the desk and says so with another reason: no need to wait the rest out."""
    day = Day(Policy(misses_before_aside=2, rest_ms=60_000))
    day.queue()
    day.agent("a1")
    day.call("c1")
    day.miss("o1")
    assert rung(day.tell(stimuli.SetPresence("a1", Presence.READY, "back"))) == ["a1"]


def test_break_during_the_rest_is_a_break() -> None:
    day = Day(Policy(misses_before_aside=2, rest_ms=3_000))
    day.queue()
    day.agent("a1")
    day.call("c1")
    day.miss("o1")
    day.away("a1")
    assert rung(day.wait(10)) == []


# ---------------------------------------------------------------- idle time


def test_idle_time_begins_when_the_wrap_up_ends() -> None:
    """Who wrapped up longer has been idle for less time."""
    day = Day()
    day.queue(wrap_up_ms=60_000)
    day.agent("a1")
    first = day.talk("c1")
    day.agent("a2")
    second = day.talk("c2", "a2")
    day.over("c1", first)
    day.wait(10)
    day.over("c2", second)
    day.tell(stimuli.FinishWrapUp("a2", "c2", "done"))
    day.wait(50)
    assert rung(day.call("c3")) == ["a2"]


def test_a_miss_starts_idle_time_anew() -> None:
    """Who let it ring goes behind those who did not, once rested."""
    day = Day(Policy(misses_before_aside=9, rest_ms=1_000))
    day.queue()
    day.agent("a1")
    day.wait(60)
    day.agent("a2")
    day.call("c1")
    assert rung(day.miss("o1")) == ["a2"]
    day.over("c1", "o2")
    day.wait(5)
    assert rung(day.call("c2")) == ["a2"]


def test_reason_changed_on_a_break_is_one_break() -> None:
    """From lunch to training: told as two states, each with its own time."""
    day = Day()
    day.queue()
    day.agent("a1")
    day.away("a1", "lunch")
    day.wait(30)
    state = one(day.away("a1", "training"), commands.AgentStateChanged)
    assert (state.previous_ms, state.reason) == (30_000, "training")
    assert day.away("a1", "training") == []
