"""What the journal writes, and what it makes of too much at once."""

from __future__ import annotations

from typing import Any, cast

import orjson
import pytest

from services.acd import journal
from services.acd.engine import stimuli
from services.acd.journal import Journal
from services.chassis.bus import Bus

pytestmark = pytest.mark.unit


class Kept:
    """The bus, as far as the journal knows it."""

    def __init__(self) -> None:
        self.batches: list[dict[str, Any]] = []

    def keep(self, subject: str, payload: bytes, *, id: str) -> None:  # noqa: A002
        assert len(payload) <= journal.BYTES_MAX or len(orjson.loads(payload)["rows"]) == 1
        self.batches.append(orjson.loads(payload))


def noted(count: int, size: int) -> Kept:
    bus = Kept()
    told = Journal(cast(Bus, bus), pace_s=1)
    for number in range(count):
        agent = stimuli.AgentSettings(f"a{number}", "x" * size, "1001", ("support",))
        told.note("demo", stimuli.PutAgents([agent]), number, [])
    told.write()
    return bus


def test_long_settings_of_many_agents_are_several_messages_without_a_hole() -> None:
    """NATS refused the one message, it was tried for ever, and no event was published behind it."""
    batches = noted(1_500, 1_000).batches
    assert [batch["number"] for batch in batches] == list(range(1, len(batches) + 1))
    assert [row[0] for batch in batches for row in batch["rows"]] == list(range(1_500))


def test_one_stimulus_is_one_message_however_long() -> None:
    assert len(noted(1, journal.BYTES_MAX).batches) == 1
