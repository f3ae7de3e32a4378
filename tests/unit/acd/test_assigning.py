"""A team lead gives a waiting contact to an agent."""

from __future__ import annotations

from typing import Any

import pytest

from services.acd.domain import Channel
from services.acd.engine import commands, stimuli, views
from services.acd.engine.floor import Policy
from services.chassis.errors import Conflict, NotFound
from tests.unit.acd.transcript import Day, chat, offered, one, rung, why

FOR_MS = 60_000


def give(day: Day, contact_id: str, agent_id: str, wait_ms: int = FOR_MS) -> list[commands.Command]:
    return day.tell(stimuli.Assign(contact_id, agent_id, "Wang Fang", wait_ms))


def busy(*waiting: str, **settings: Any) -> Day:
    """a1 talks with c0, so these wait, ten seconds apart."""
    day = Day(Policy(misses_before_aside=99, rest_ms=1_000))
    day.queue(**settings)
    day.agent("a1")
    day.talk("c0")
    for contact in waiting:
        day.call(contact)
        day.wait(10)
    return day


def test_agent_who_comes_free_gets_it_before_everybody() -> None:
    """The third in line has called twice today: the team lead gives her to a1, who talks still."""
    day = busy("c1", "c2", "c3")
    assert offered(give(day, "c3", "a1")) == []
    found = one(day.over("c0", "o1"), commands.ContactOffered)
    assert found.contact_id == "c3"
    assert (found.decision.rule, found.decision.by) == ("assigned", "Wang Fang")


def test_idle_agent_of_another_queue_gets_it_at_once() -> None:
    """Skills and queues are the team lead's to judge."""
    day = busy("c1")
    day.queue("support")
    day.agent("expert", "support")
    assert rung(give(day, "c1", "expert")) == ["expert"]


def test_given_comes_before_who_only_prefers_that_agent() -> None:
    day = busy()
    day.call("waits-longer", preferred="a1", prefer_ms=600_000)
    day.wait(10)
    day.call("c1")
    give(day, "c1", "a1")
    assert one(day.over("c0", "o1"), commands.Ring).contact_id == "c1"


def test_several_are_given_in_their_order() -> None:
    day = busy("c1", "c2")
    give(day, "c2", "a1")
    give(day, "c1", "a1")
    assert one(day.over("c0", "o1"), commands.Ring).contact_id == "c1"


def test_others_do_not_get_it_until_the_time_is_over_then_from_its_old_place() -> None:
    """a2 comes meanwhile and takes who waited behind; after the minute c1 is first again, as before."""
    day = busy("c1", "c2", "c3")
    give(day, "c1", "a1")
    assert one(day.agent("a2"), commands.Ring).contact_id == "c2"
    day.pick_up("o2")
    day.wait(61)
    found = one(day.over("c2", "o2"), commands.ContactOffered)
    assert (found.contact_id, found.decision.rule, found.decision.by) == ("c1", "longest_idle", "")


def test_who_waits_for_one_agent_is_listed_in_their_place() -> None:
    """The drawer of who waits must not lose whom the team lead has just given away."""
    day = busy("c1", "c2", "c3")
    give(day, "c2", "a1")
    waiting = views.all_waiting(day.engine.floor, day.engine.floor.queues["sales"])
    assert [contact.id for contact in waiting] == ["c1", "c2", "c3"]


def test_agent_refuses_what_was_given() -> None:
    """Asked, and not taken: anybody, at once, before others."""
    day = busy("c1")
    give(day, "c1", "a1")
    day.over("c0", "o1")
    day.call("c2")
    day.agent("a2", ready=False)
    day.tell(stimuli.Reject("a1", "o2"))
    assert one(day.ready("a2"), commands.Ring).contact_id == "c1"


def test_given_again_to_another() -> None:
    """The team lead thinks again; the first time over does not matter any more."""
    day = busy("c1")
    day.agent("a2", ready=False)
    day.away("a2")
    give(day, "c1", "a1", 20_000)
    give(day, "c1", "a2", 60_000)
    assert rung(day.over("c0", "o1")) == []
    assert rung(day.wait(40)) == []
    assert rung(day.ready("a2")) == ["a2"]


def test_agent_goes_home() -> None:
    day = busy("c1")
    day.agent("a2", ready=False)
    day.away("a2")
    give(day, "c1", "a2")
    day.over("c0", "o1")
    assert rung(day.sign_out("a2")) == ["a1"]


def test_longest_wait_still_holds() -> None:
    day = busy("c1", max_wait_ms=30_000)
    give(day, "c1", "a1")
    assert one(day.wait(25), commands.Expel).contact_id == "c1"


def test_link_to_its_switch_is_lost_and_comes_back() -> None:
    day = busy("c1")
    day.tell(stimuli.NodeDown("fs1"))
    day.over("c0", "o1")
    assert rung(give(day, "c1", "a1")) == []
    assert why(day.tell(stimuli.NodeUp("fs1"))).rule == "assigned"


# ---------------------------------------------------------------- refused, and nothing changed


@pytest.mark.parametrize(
    ("contact_id", "agent_id", "sentence"),
    [
        ("c0", "a1", "does not wait any more"),
        ("c1", "home", "is not signed in"),
        ("c1", "excluded", "asks not to be served by excluded"),
        ("chat", "a1", "a1 takes no chat contacts"),
        ("booked", "a1", "booked for later"),
    ],
)
def test_what_cannot_be_is_refused(contact_id: str, agent_id: str, sentence: str) -> None:
    day = busy()
    day.agent("home", ready=False)
    day.agent("excluded", ready=False)
    day.agent("chats", ready=False, capacity=(stimuli.Capacity(Channel.CHAT, 1),))
    day.away("excluded")
    day.call("c1", excluded=("excluded",))
    day.tell(stimuli.Enqueue(chat("chat"), "sales"))
    day.call("booked", booked_at=day.now + 60_000)
    with pytest.raises(Conflict, match=sentence):
        give(day, contact_id, agent_id)
    assert rung(day.over("c0", "o1")) == ["a1"]


def test_unknown_contact_and_unknown_agent() -> None:
    day = busy("c1")
    with pytest.raises(NotFound, match="contact"):
        give(day, "nobody", "a1")
    with pytest.raises(NotFound, match="agent"):
        give(day, "c1", "nobody")


def test_agent_set_aside() -> None:
    day = busy("c1")
    day.agent("a2", ready=False)
    day.engine.floor.policy = Policy(misses_before_aside=1)
    day.ready("a2")
    day.tell(stimuli.Reject("a2", "o2"))
    with pytest.raises(Conflict, match="does not answer offers"):
        give(day, "c1", "a2")


def test_contact_that_rings() -> None:
    day = busy("c1")
    assert rung(day.agent("a2")) == ["a2"]
    with pytest.raises(Conflict, match="rings at an agent's already"):
        give(day, "c1", "a1")
