"""What the ACD's answers say of an agent."""

from __future__ import annotations

from services.acd import words
from tests.unit.acd.transcript import Day


def test_an_agent_who_was_never_there_has_no_moment() -> None:
    """After a restart nobody knows since when: the page showed half a million hours, those since 1970."""
    day = Day()
    day.queue()
    day.agent("a1", ready=False)
    who = day.engine.floor.agents["a1"]
    assert words.agent(who).HasField("since")
    who.since = 0
    assert not words.agent(who).HasField("since")
