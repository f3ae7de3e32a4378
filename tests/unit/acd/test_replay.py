"""What was told to an engine, written down and read again, makes another engine say the same."""

from __future__ import annotations

import dataclasses
from typing import Any, get_args

import orjson
import pytest

from services.acd import journal
from services.acd.domain import (
    CallbackMode,
    Channel,
    Outcome,
    OverflowAction,
    Presence,
    RecordingFailure,
    Routing,
    Strategy,
    WorkMode,
)
from services.acd.engine import stimuli
from services.acd.engine.floor import Policy
from services.acd.journal import Begin, Journal, Record, records
from services.acd.replay import Replay
from services.chassis.errors import Full
from services.chassis.hours import calendar_of
from tests.unit.acd import test_whole_engine
from tests.unit.acd.transcript import NODE, START, arrival

HOURS = calendar_of("Asia/Shanghai", [(1, "09:00", "18:00"), (7, "00:00", "24:00")], ["2026-10-01"])
QUEUE = stimuli.QueueSettings(
    "vip",
    strategy=Strategy.BEST_SKILL,
    hours=HOURS,
    relax=(stimuli.Ease(1000, 2),),
    on_full=stimuli.Overflow(OverflowAction.OUTSIDE, "+8610"),
    no_agents_after_ms=0,
)
AGENT = stimuli.AgentSettings(
    "a1",
    queues=("vip",),
    tiers={"vip": stimuli.Tier(2, 3)},
    skills=(("english", 7),),
    capacity=(stimuli.Capacity(Channel.CHAT, 3),),
    work_mode=WorkMode.INTERMITTENT,
    revision=4,
)
WHO = arrival("c1")
REQUEST = stimuli.RequestCallback(
    "b1",
    "+8613800000001",
    "vip",
    WHO,
    "10050",
    "k1",
    1,
    CallbackMode.CUSTOMER_FIRST,
    2,
    3,
    4,
    5,
    (("english", 2),),
    "a1",
    ("a2",),
    {"k": "v"},
    "lead",
    "note",
)
TOLD: list[Any] = [
    stimuli.PutQueue(QUEUE),
    stimuli.PutAgents([AGENT]),
    stimuli.Open(WHO),
    stimuli.Enqueue(
        WHO,
        "vip",
        3,
        5,
        "ivr",
        "x:XML:y",
        {"k": "v\u2028"},
        (("english", 2),),
        (stimuli.Step(9, ()),),
        "a1",
        4,
        ("a2",),
        7,
    ),
    stimuli.Withdraw("c1", "callback"),
    stimuli.Close(WHO, Outcome.VOICEMAIL, 5, "x"),
    stimuli.CallerGone(WHO, "NORMAL_CLEARING", lost=True),
    REQUEST,
    stimuli.CancelCallback("b1", "lead"),
    stimuli.RestoreCallback(REQUEST, 1, 2, 3, 4),
    stimuli.CustomerAnswered("b1", "call", NODE),
    stimuli.CustomerFound("b1", "call", NODE),
    stimuli.DialFailed("b1", "call", "USER_BUSY"),
    stimuli.LegAnswered("o1"),
    stimuli.LegGone("o1", "USER_BUSY", by_switch=True),
    stimuli.Bridged("o1"),
    stimuli.BridgeFailed("o1", "x"),
    stimuli.RingFailed("o1", "x"),
    stimuli.Held("o1"),
    stimuli.Retrieved("o1"),
    stimuli.Assign("c1", "a1", "lead", 60_000),
    stimuli.SetPresence("a1", Presence.READY, "r", "1001", "lead", WorkMode.CONTINUOUS),
    stimuli.Answer("a1", "o1"),
    stimuli.Reject("a1", "o1"),
    stimuli.HangUp("a1", "c1"),
    stimuli.Hold("a1", "c1", on=False),
    stimuli.PressKeys("a1", "c1"),
    stimuli.PauseRecording("a1", "c1", on=False),
    stimuli.RecordingRuns("o1"),
    stimuli.RecordingMasked("o1", on=True),
    stimuli.RecordingOver("o1", 9, "success-maxtime"),
    stimuli.RecordingRefused("o1", RecordingFailure.REFUSED, "x"),
    stimuli.Transfer("a1", "c1", "support", "a2"),
    stimuli.KeptFound("c1", "support", "ivr:XML:switchyard"),
    stimuli.FinishWrapUp("a1", "c1", "sold", "notes", "w1"),
    stimuli.NodeDown(NODE, "x"),
    stimuli.NodeUp(NODE),
    stimuli.Adopt(WHO, "vip", "a1", "o1", 1, 2, held=True, recorded=True, paused=True),
    stimuli.Recall(
        "a1", Presence.OTHER_WORK, "lunch", "1001", 5, Routing.WRAP_UP, 9, "c1", WorkMode.INTERMITTENT
    ),
    stimuli.Recover(WHO, "vip", "a1", 1, 2, 3, 4, 5),
    stimuli.Tick(),
    stimuli.NewDay(),
]


class Kept:
    """A bus that keeps what it is given."""

    def __init__(self, room: int = 1000) -> None:
        self.payloads: list[bytes] = []
        self.room = room

    def keep(self, subject: str, payload: bytes, *, id: str) -> None:  # noqa: A002
        if len(self.payloads) >= self.room:
            raise Full("no room")
        self.payloads.append(payload)


def written(*told: tuple[int, Any, list[str]]) -> list[Record]:
    bus = Kept()
    kept = Journal(bus, pace_s=1)  # type: ignore[arg-type]
    for now, stimulus, ids in told:
        kept.note("demo", stimulus, now, ids)
    kept.write()
    return [record for payload in bus.payloads for record in records(orjson.loads(payload)["rows"])]


def test_each_kind_of_stimulus_is_here() -> None:
    """A new one must be journaled, and this test must know it."""
    assert {type(each) for each in TOLD} == set(get_args(stimuli.Stimulus))


@pytest.mark.parametrize("stimulus", TOLD, ids=lambda stimulus: type(stimulus).__name__)
def test_what_is_read_is_what_was_written(stimulus: Any) -> None:
    assert written((START, stimulus, ["o1"])) == [Record(START, stimulus, ("o1",))]


def test_no_field_of_these_stimuli_is_left_at_its_default() -> None:
    """Else a field that is lost on the way would go unnoticed."""
    for stimulus in TOLD:
        for field in dataclasses.fields(stimulus):
            value = getattr(stimulus, field.name)
            unset = field.default is not dataclasses.MISSING and value == field.default
            allowed = {("Enqueue", "never_relax"), ("NodeUp", "detail"), ("PressKeys", "keys")}
            assert not unset or (type(stimulus).__name__, field.name) in allowed, (stimulus, field.name)


def test_keys_that_were_pressed_are_not_written() -> None:
    told = stimuli.PressKeys("a1", "c1", "4929")
    assert written((START, told, [])) == [Record(START, stimuli.PressKeys("a1", "c1"), ())]
    assert told.keys == "4929", "what the engine holds is not changed"


def test_full_buffer_loses_the_batch_and_says_so() -> None:
    """NATS has been away for minutes: routing goes on, the hole is counted."""
    before = journal.LOST._value.get()
    kept = Journal(Kept(room=0), pace_s=1)  # type: ignore[arg-type]
    kept.note("demo", stimuli.Tick(), START, [])
    kept.write()
    assert journal.LOST._value.get() == before + 1


def test_replay_that_is_refused_says_what() -> None:
    """The journal of another version of the rules: better no answer than a wrong one."""
    replay = Replay()
    begin = Begin(Policy())
    assert replay.feed(Record(START, stimuli.Tick(), ())) is None
    assert replay.skipped == 1
    replay.feed(Record(START, begin, ()))
    with pytest.raises(RuntimeError, match="Enqueue was taken then and is refused now: There is no queue"):
        replay.feed(Record(START, stimuli.Enqueue(WHO, "nowhere"), ()))


class Journaled(test_whole_engine.Floor):
    """The whole engine under the state machine, once more: all that it was told is written down, and in the
    end read by a fresh engine, which must say word for word the same."""

    def teardown(self) -> None:
        super().teardown()
        replay, facts = Replay(), []
        for record in written((START, Begin(self.engine.floor.policy), []), *self.told):
            moment = replay.feed(record)
            facts += moment.out if moment is not None else []
        assert facts == self.facts


Journaled.TestCase.settings = test_whole_engine.Floor.TestCase.settings
TestJournaled = Journaled.TestCase
