"""Facts in the words of events.proto."""

from __future__ import annotations

import uuid
from typing import Any

from services.acd import bus
from services.acd.domain import Channel, Outcome, RecordingFailure, RecordingRule
from services.acd.engine import commands, stimuli
from services.chassis import codec
from tests.unit.acd.transcript import Day, one


class Kept:
    """A bus that only remembers."""

    def __init__(self) -> None:
        self.offered: list[tuple[Any, str, str]] = []

    def offer(self, message: Any, slug: str, *, id: str = "") -> None:  # noqa: A002
        self.offered.append((message, slug, id))


def test_every_fact_of_a_call_finds_its_event() -> None:
    """Nothing the engine announces is without a builder, and all can be told in JSON."""
    day = Day()
    day.queue(wrap_up_ms=1000, recording=RecordingRule.FROM_ANSWER)
    day.queue("support")
    day.agent("a1")
    day.agent("a2", "support")
    offer = day.talk("c1")
    for stimulus in (
        stimuli.RecordingRuns(offer),
        stimuli.RecordingMasked(offer, on=True),
        stimuli.RecordingMasked(offer, on=False),
        stimuli.RecordingOver(offer, 1),
        stimuli.RecordingRefused(offer, RecordingFailure.REFUSED),
        stimuli.Held(offer),
        stimuli.Retrieved(offer),
        stimuli.Transfer("a1", "c1", "support"),
        stimuli.LegGone(offer, "NORMAL_CLEARING"),
        stimuli.FinishWrapUp("a1", "c1", "sold"),
    ):
        day.tell(stimulus)
    day.hang_up("c1")
    day.over("c2", one(day.call("c2"), commands.Ring).offer_id)
    ring = one(day.tell(stimuli.RequestCallback("b1", "+8613800000001", "sales")), commands.Ring)
    dial = one(day.tell(stimuli.LegAnswered(ring.offer_id)), commands.Dial)
    day.tell(stimuli.DialFailed("b1", dial.call_id, "USER_BUSY"))
    day.tell(stimuli.NodeDown("fs1"))
    kept = Kept()
    announcer = bus.Announcer(kept)  # type: ignore[arg-type]
    for fact in day.log:
        if not isinstance(fact, commands.Order | commands.Expel | commands.Mended):
            announcer.announce("demo", fact)
            assert codec.to_json(kept.offered[-1][0])
    told = {type(message).__name__ for message, _, _ in kept.offered}
    assert told == {kind.__name__ for kind in bus._BUILDERS}


def test_what_happens_once_has_an_id_of_its_own() -> None:
    """Announced again after a restart it is the same event; a UUID like any other."""
    ended = commands.ContactEnded(
        "c1", Channel.VOICE, Outcome.ANSWERED, "", "", "", "", "", "", "", 0, 0, 0, 0, 1, 2, ""
    )
    first, again = (bus._ended(ended)[1] for _ in range(2))
    assert first == again
    assert str(uuid.UUID(first)) == first
    assert uuid.UUID(first).version == 5
    assert uuid.UUID(first).variant == uuid.RFC_4122
    assert bus._once("opened", "c1") != first
