"""Callers given away by an agent: to a queue or to a colleague."""

from __future__ import annotations

import pytest

from services.acd import words
from services.acd.domain import Outcome, Party
from services.acd.engine import commands, stimuli
from services.chassis.errors import Conflict, NotFound
from tests.unit.acd.transcript import Day, arrival, offered, one, outcome, rung, told, why


def a_day() -> Day:
    day = Day()
    day.queue("sales", wrap_up_ms=30_000)
    day.queue("support", wrap_up_ms=30_000)
    day.agent("a1", "sales", "support")
    day.agent("a2", "support")
    return day


def talking() -> Day:
    day = a_day()
    day.call("c1", after_bridge="ivr:XML:switchyard")
    day.wait(5)
    day.pick_up("o1")
    day.wait(60)
    return day


def test_to_a_queue() -> None:
    """The caller is kept before the agent's leg ends, waits anew, and each agent has their own segment."""
    day = talking()
    out = day.tell(stimuli.Transfer("a1", "c1", queue="support"))
    kinds = [type(command).__name__ for command in out]
    assert kinds.index("Keep") < kinds.index("Kill") < kinds.index("Ring")
    assert kinds.index("ContactTransferred") < kinds.index("ContactReleased") < kinds.index("ContactQueued")
    released = one(out, commands.ContactReleased)
    assert (released.agent_id, released.talk_ms, released.ended_by) == ("a1", 60_000, Party.AGENT)
    assert rung(out) == ["a2"]
    assert day.routing("a1") == "WRAP_UP"
    day.tell(stimuli.LegGone("o1", "NORMAL_CLEARING"))
    day.wait(4)
    bridge = one(day.tell(stimuli.LegAnswered("o2")), commands.Bridge)
    assert (bridge.kept, bridge.after) == (True, "ivr:XML:switchyard")
    answered = one(day.tell(stimuli.Bridged("o2")), commands.ContactAnswered)
    assert (answered.agent_id, answered.queue, answered.waited_ms) == ("a2", "support", 4000)
    day.wait(20)
    out = day.hang_up("c1")
    assert one(out, commands.ContactReleased).talk_ms == 20_000
    ended = one(out, commands.ContactEnded)
    assert (ended.outcome, ended.agent_id, ended.talk_ms) == (Outcome.ANSWERED, "a2", 80_000)
    assert (ended.waited_ms, ended.offers) == (9000, 2)


def test_both_wrap_up_for_themselves() -> None:
    """The form of the first is about their own conversation, though the contact is with another by now."""
    day = talking()
    day.tell(stimuli.Transfer("a1", "c1", queue="support"))
    day.tell(stimuli.LegGone("o1", "NORMAL_CLEARING"))
    day.pick_up("o2")
    shown = words.agent(day.engine.floor.agents["a1"]).contact
    assert (shown.state, shown.offer_id, shown.agent_id) == ("released", "o1", "a1")
    day.wait(10)
    day.over("c1", "o2")
    day.wait(2)
    first = one(day.tell(stimuli.FinishWrapUp("a1", "c1", "passed_on")), commands.ContactWrappedUp)
    assert (first.offer_id, first.agent_id, first.wrap_up_ms) == ("o1", "a1", 12_000)
    second = one(day.tell(stimuli.FinishWrapUp("a2", "c1", "solved")), commands.ContactWrappedUp)
    assert (second.offer_id, second.agent_id, second.wrap_up_ms) == ("o2", "a2", 2_000)


def test_who_gives_a_caller_to_a_queue_is_not_rung_for_them() -> None:
    """Not even as the only one left there; the caller waits for somebody else."""
    day = a_day()
    day.agent("a3", "support", ready=False)
    day.talk("c1")
    day.call("c9", "support")
    day.pick_up("o2")
    day.tell(stimuli.Transfer("a1", "c1", queue="support"))
    day.tell(stimuli.LegGone("o1", "NORMAL_CLEARING"))
    assert rung(day.wait(40)) == []
    assert day.routing("a1") == "IDLE"
    assert rung(day.ready("a3")) == ["a3"]


def test_to_a_colleague_who_is_free() -> None:
    day = talking()
    out = day.tell(stimuli.Transfer("a1", "c1", to_agent="a2"))
    assert offered(out) == ["a2"]
    assert (why(out).rule, why(out).by, why(out).queue) == ("assigned", "a1", "sales")


def test_to_a_colleague_who_is_busy_and_then_to_anybody() -> None:
    """A minute for that one alone; then the queue it came from, who gave it away included."""
    day = talking()
    day.call("c2", "support")
    day.pick_up("o2")
    out = day.tell(stimuli.Transfer("a1", "c1", to_agent="a2"))
    assert not offered(out)
    day.tell(stimuli.LegGone("o1", "NORMAL_CLEARING"))
    assert rung(day.wait(59)) == []
    assert rung(day.wait(1)) == ["a1"]


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ({"to_agent": "a1"}, "That is you"),
        ({"to_agent": "a3"}, "not ready"),
        ({"to_agent": "a4"}, "not signed in"),
        ({"queue": "closed"}, "no other agent"),
        ({"queue": "full"}, "it is full"),
    ],
)
def test_refused_and_the_two_talk_on(target: dict[str, str], says: str) -> None:
    day = talking()
    day.queue("closed")
    day.queue("full", max_length=1)
    day.call("c8", "full")
    day.agent("a3", "sales")
    day.away("a3")
    day.agent("a4", "sales", ready=False)
    with pytest.raises(Conflict, match=says):
        day.tell(stimuli.Transfer("a1", "c1", **target))
    assert day.state("c1") == "connected"
    assert not day.engine.floor.contacts["c1"].excluded


def test_no_such_target() -> None:
    day = talking()
    for target in ({"to_agent": "nobody"}, {"queue": "nowhere"}):
        with pytest.raises(NotFound):
            day.tell(stimuli.Transfer("a1", "c1", **target))
    assert day.state("c1") == "connected"


def test_two_transfers_at_once() -> None:
    """The first counts; the second finds nothing to give away."""
    day = talking()
    day.tell(stimuli.Transfer("a1", "c1", queue="support"))
    with pytest.raises(Conflict, match="not connected"):
        day.tell(stimuli.Transfer("a1", "c1", to_agent="a2"))


def test_not_while_the_call_is_being_ended() -> None:
    day = talking()
    day.tell(stimuli.HangUp("a1", "c1"))
    with pytest.raises(Conflict, match="ending"):
        day.tell(stimuli.Transfer("a1", "c1", queue="support"))


def test_given_away_during_a_hold() -> None:
    day = talking()
    day.tell(stimuli.Held("o1"))
    day.wait(10)
    released = one(day.tell(stimuli.Transfer("a1", "c1", queue="support")), commands.ContactReleased)
    assert (released.talk_ms, released.hold_ms) == (60_000, 10_000)


def test_caller_hangs_up_while_waiting_again() -> None:
    """They had spoken with somebody, so the contact counts as answered; the phone that rings is let go."""
    day = talking()
    day.tell(stimuli.Transfer("a1", "c1", queue="support"))
    out = day.hang_up("c1")
    assert one(out, commands.Kill).uuid == "o2"
    assert outcome(out) is Outcome.ANSWERED


def test_nobody_takes_the_caller_within_the_longest_wait() -> None:
    """No flow holds them: they go on as after a conversation, and nobody is told to fetch them."""
    day = talking()
    day.queue("support", max_wait_ms=20_000, wrap_up_ms=30_000)
    day.call("c9", "support")
    day.pick_up("o2")
    day.tell(stimuli.Transfer("a1", "c1", queue="support"))
    out = day.wait(20)
    assert one(out, commands.GoOn).after == "ivr:XML:switchyard"
    assert not told(out, commands.Expel)
    assert day.state("c1") == "open"


def test_nowhere_to_go_on() -> None:
    """Without a flow after the conversation the call ends, as it would after one."""
    day = a_day()
    day.queue("support", max_wait_ms=20_000)
    day.talk("c1")
    day.call("c9", "support")
    day.pick_up("o2")
    day.tell(stimuli.Transfer("a1", "c1", queue="support"))
    assert "call-c1" in [kill.uuid for kill in told(day.wait(20), commands.Kill)]


def test_found_waiting_after_a_restart() -> None:
    day = a_day()
    day.tell(stimuli.Recover(arrival("c1"), "sales", "a1", answered_at=day.now - 1000))
    out = day.tell(stimuli.KeptFound("c1", "support", "ivr:XML:switchyard"))
    assert rung(out) == ["a1"] or rung(out) == ["a2"]
    assert day.engine.floor.contacts["c1"].kept
    assert not day.tell(stimuli.KeptFound("c1", "support")), "told twice"
