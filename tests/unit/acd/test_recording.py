"""Recording: begun by the queue's rule, paused by the agent, and told when it does not run."""

from __future__ import annotations

from typing import Any

import pytest

from services.acd.domain import RecordingFailure, RecordingRule
from services.acd.engine import commands, stimuli
from services.acd.engine.floor import Policy
from services.acd.engine.recording import file_of, offer_of
from services.chassis.errors import Conflict
from tests.unit.acd.transcript import NODE, Day, arrival, one, told


def recorded(policy: Policy | None = None, **settings: Any) -> tuple[Day, str]:
    """A conversation of a recorded queue, before the switch has said anything of the recording."""
    day = Day(policy)
    day.queue(recording=RecordingRule.FROM_ANSWER, wrap_up_ms=10_000, **settings)
    day.agent("a1")
    offer = day.talk("k1")
    return day, offer


def word(day: Day, contact_id: str = "k1") -> str:
    recording = day.engine.floor.contacts[contact_id].recording
    return recording.state.value if recording else ""


def test_recording_begins_with_the_bridge_and_is_one_when_the_switch_says_so() -> None:
    day, offer = recorded()
    start = one(day.log, commands.StartRecording)
    assert (start.node, start.call_id, start.offer_id, start.again) == (NODE, "call-k1", offer, False)
    assert word(day) == "starting"
    assert not told(day.log, commands.RecordingStarted)

    out = day.tell(stimuli.RecordingRuns(offer))
    assert word(day) == "recording"
    assert one(out, commands.RecordingStarted).offer_id == offer
    assert not told(day.wait(60), commands.RecordingFailed)


@pytest.mark.parametrize(
    ("rule", "policy", "yes"),
    [
        (RecordingRule.NEVER, RecordingRule.FROM_ANSWER, False),
        (RecordingRule.UNSPECIFIED, RecordingRule.FROM_ANSWER, True),
        (RecordingRule.UNSPECIFIED, RecordingRule.NEVER, False),
        (RecordingRule.FROM_ANSWER, RecordingRule.NEVER, True),
    ],
)
def test_queue_decides_and_the_configuration_where_it_says_nothing(
    rule: RecordingRule, policy: RecordingRule, yes: bool
) -> None:
    day = Day(Policy(record=policy))
    day.queue(recording=rule)
    day.agent("a1")
    day.talk("k1")
    assert bool(told(day.log, commands.StartRecording)) is yes


def test_refused_by_the_switch_it_is_told_and_the_conversation_goes_on() -> None:
    """The disk of a switch was full for a weekend, and nobody knew until a customer complained."""
    day, offer = recorded()
    refused = stimuli.RecordingRefused(offer, RecordingFailure.REFUSED, "Cannot record session!")
    failed = one(day.tell(refused), commands.RecordingFailed)
    assert (failed.reason, failed.detail) == (RecordingFailure.REFUSED, "Cannot record session!")
    assert word(day) == "failed"
    assert day.state("k1") == "connected"
    assert not told(day.wait(30), commands.RecordingFailed), "told once"
    one(day.over("k1", offer), commands.StopRecording)  # should it have begun all the same
    assert not day.engine.floor.recordings


def test_switch_that_says_nothing_has_not_recorded() -> None:
    day, _ = recorded()
    assert one(day.wait(5), commands.RecordingFailed).reason is RecordingFailure.UNCONFIRMED


def test_file_that_ends_before_the_conversation_broke_off() -> None:
    day, offer = recorded()
    day.tell(stimuli.RecordingRuns(offer))
    day.wait(30)
    stopped = one(day.tell(stimuli.RecordingOver(offer, 30_000)), commands.RecordingStopped)
    assert stopped.length_ms == 30_000
    assert one(day.wait(3), commands.RecordingFailed).reason is RecordingFailure.BROKE_OFF


def test_file_that_ends_with_the_call_is_told_first_and_has_not_broken_off() -> None:
    """FreeSWITCH closes the file before it tells of the hang-up (transcript 34)."""
    day, offer = recorded()
    day.tell(stimuli.RecordingRuns(offer))
    one(day.tell(stimuli.RecordingOver(offer, 4_000)), commands.RecordingStopped)
    out = day.over("k1", offer) + day.wait(30)
    assert not told(out, commands.RecordingFailed)
    assert not told(out, commands.RecordingStopped)
    assert not day.engine.floor.recordings


def test_agent_hangs_up_and_the_survey_is_not_recorded() -> None:
    day, offer = recorded()
    day.tell(stimuli.RecordingRuns(offer))
    stop = one(day.tell(stimuli.LegGone(offer, "NORMAL_CLEARING")), commands.StopRecording)
    assert stop.call_id == "call-k1"
    stopped = one(day.tell(stimuli.RecordingOver(offer, 9_000)), commands.RecordingStopped)
    assert (stopped.from_number, stopped.length_ms) == ("+8613800000001", 9_000)
    assert not day.engine.floor.recordings


def test_end_that_nobody_tells_is_told_without_a_length() -> None:
    day, offer = recorded()
    day.tell(stimuli.RecordingRuns(offer))
    day.tell(stimuli.LegGone(offer, "NORMAL_CLEARING"))
    assert one(day.wait(5), commands.RecordingStopped).length_ms is None
    assert not day.engine.floor.recordings


def test_short_conversation_without_a_word_of_the_switch_counts_as_failed() -> None:
    day, offer = recorded()
    day.tell(stimuli.LegGone(offer, "NORMAL_CLEARING"))
    assert one(day.wait(5), commands.RecordingFailed).reason is RecordingFailure.UNCONFIRMED


def test_agent_pauses_while_a_card_number_is_said() -> None:
    day, offer = recorded()
    day.tell(stimuli.RecordingRuns(offer))
    mask = one(day.tell(stimuli.PauseRecording("a1", "k1")), commands.MaskRecording)
    assert mask.on
    assert word(day) == "recording", "asked for is not done"
    began = day.now
    one(day.tell(stimuli.RecordingMasked(offer, on=True)), commands.RecordingPaused)
    assert word(day) == "paused"
    assert not day.tell(stimuli.PauseRecording("a1", "k1")), "asked twice"

    day.wait(12)
    one(day.tell(stimuli.PauseRecording("a1", "k1", on=False)), commands.MaskRecording)
    one(day.tell(stimuli.RecordingMasked(offer, on=False)), commands.RecordingResumed)
    assert word(day) == "recording"
    day.tell(stimuli.LegGone(offer, "NORMAL_CLEARING"))
    stopped = one(day.tell(stimuli.RecordingOver(offer, 20_000)), commands.RecordingStopped)
    assert stopped.pauses == [(began, began + 12_000)]


def test_pause_of_nothing_is_refused() -> None:
    """An agent who is told "paused" asks for the card number."""
    day = Day()
    day.queue(recording=RecordingRule.NEVER)
    day.agent("a1")
    day.talk("k1")
    with pytest.raises(Conflict, match="not recorded"):
        day.tell(stimuli.PauseRecording("a1", "k1"))

    day, offer = recorded()
    day.tell(stimuli.RecordingRefused(offer, RecordingFailure.REFUSED))
    with pytest.raises(Conflict, match="failed"):
        day.tell(stimuli.PauseRecording("a1", "k1"))


def test_pause_is_refused_while_the_switch_cannot_be_told() -> None:
    day, offer = recorded()
    day.tell(stimuli.RecordingRuns(offer))
    day.tell(stimuli.NodeDown(NODE))
    with pytest.raises(Conflict, match="cannot be reached"):
        day.tell(stimuli.PauseRecording("a1", "k1"))


def test_link_that_comes_back_asks_after_every_recording_and_keeps_it_silent() -> None:
    day, offer = recorded()
    day.tell(stimuli.RecordingRuns(offer))
    day.tell(stimuli.RecordingMasked(offer, on=True))
    day.tell(stimuli.NodeDown(NODE))
    assert not told(day.wait(20), commands.RecordingFailed)
    again = one(day.tell(stimuli.NodeUp(NODE)), commands.StartRecording)
    assert (again.again, again.paused) == (True, True)
    day.tell(stimuli.RecordingRuns(offer))
    assert word(day) == "paused"
    assert not told(day.wait(20), commands.RecordingFailed)


@pytest.mark.parametrize("paused", [False, True])
def test_conversation_found_after_a_restart_goes_on_being_recorded(paused: bool) -> None:
    day = Day()
    day.queue()  # the rule has changed meanwhile: what was begun is ended properly all the same
    day.agent("a1")
    adopt = stimuli.Adopt(
        arrival("k1"), "sales", "a1", "leg-1", day.now, day.now, recorded=True, paused=paused
    )
    again = one(day.tell(adopt), commands.StartRecording)
    assert (again.again, again.paused) == (True, paused)
    day.tell(stimuli.RecordingRuns("leg-1"))
    assert word(day) == ("paused" if paused else "recording")


def test_conversation_found_without_a_recording_gets_one_where_the_rule_says_so() -> None:
    day = Day()
    day.queue(recording=RecordingRule.FROM_ANSWER)
    day.agent("a1")
    out = day.tell(stimuli.Adopt(arrival("k1"), "sales", "a1", "leg-1", day.now, day.now))
    one(out, commands.StartRecording)


def test_file_names_say_of_which_conversation_they_are() -> None:
    assert offer_of(f"/var/recordings/{file_of('k1', 'o1')}") == "o1"
    for other in ("", "/var/recordings/voicemail-demo-1.wav", "calls/x.wav", "calls/.wav", "calls/a.b.mp3"):
        assert offer_of(other) == ""
