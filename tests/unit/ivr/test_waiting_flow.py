"""A queue's own flow: what is heard there instead of the music alone, as transcripts."""

from __future__ import annotations

import pytest

from services.ivr import flows
from services.ivr.domain import Flow
from services.ivr.engine import commands as do
from services.ivr.engine import events as on
from tests.unit.ivr.playbook import Playbook, any_prompt, read

SONGS = """
flow: songs
version: 1
waiting_every_s: 30
calendars: {office: {zone: Asia/Shanghai, week: {mon-sun: ["00:00-24:00"]}}}
nodes:
  hello: {type: play, prompts: [offer_one], next: long}
  long:
    type: condition
    cases: [{if: {fact: queue.expected_wait_s, at_least: 60}, next: sorry}]
    otherwise: open
  sorry: {type: play, prompts: [long_today], next: open}
  open: {type: condition, cases: [{if: {open: office}, next: end}], otherwise: end}
  end: {type: hang_up, prompts: [offer_two]}
"""
OTHER = """
flow: other
version: 1
waiting_every_s: 10
nodes: {a: {type: play, prompts: [other], next: b}, b: {type: hang_up}}
"""
PLAIN = """
flow: plain
version: 1
nodes:
  q:
    type: queue
    queue: sales
    while_waiting: {position_every_s: 20, keys: {"1": end}}
    next: end
    on: {max_wait: end, full: end, unavailable: end}
  end: {type: hang_up, prompts: [bye]}
"""


def placed(flow: Flow | None, queue: str = "sales", wait_ms: int | None = None) -> on.Placed:
    return on.Placed(2, wait_ms, queue, None, flow.name if flow else "", flow)


@pytest.fixture
def call() -> Playbook:
    """Waits in a queue whose node has neither greeting nor music of its own."""
    book = Playbook(read(PLAIN))
    book.tell(on.Started())
    assert book.plays() == (do.MUSIC,)
    return book


SONG = read(SONGS)


def test_round_after_round_with_music_between(call: Playbook) -> None:
    call.tell(placed(SONG))
    assert call.plays() == ("offer_one",)
    call.heard()
    assert call.plays() == ("offer_two",)
    call.heard()
    assert call.plays() == (do.MUSIC,)
    call.fires("round", after_s=30)
    assert call.plays() == ("offer_one",)


def test_music_goes_on_until_the_next_round(call: Playbook) -> None:
    """A recording of music that is shorter than the pause begins again, not the round."""
    call.tell(placed(SONG))
    call.heard()
    call.heard()
    call.heard(after_s=15)
    assert call.plays() == (do.MUSIC,)


def test_conditions_are_asked_in_the_moment(call: Playbook) -> None:
    call.tell(placed(SONG, wait_ms=300_000))
    call.heard()
    assert call.plays() == ("long_today",)
    call.heard()
    call.tell(placed(SONG, wait_ms=10_000))
    call.heard()
    call.fires("round")
    call.heard()
    assert call.plays() == ("offer_two",)


def test_nodes_greeting_is_heard_first() -> None:
    """It is the caller's own flow that says it; cut off after a moment it would be a noise."""
    call = Playbook(read(PLAIN.replace("{position", "{first: [please_wait], position")))
    call.tell(on.Started(), placed(SONG))
    assert call.plays() == ("please_wait",)
    call.heard()
    assert call.plays() == ("offer_one",)


def test_overflow_into_another_queue_brings_that_ones_flow_and_none_brings_music(call: Playbook) -> None:
    """What is being said is not cut off."""
    call.tell(placed(SONG))
    call.tell(placed(read(OTHER), "support"))
    assert call.plays() == ("offer_one",)
    call.heard()
    assert call.plays() == ("other",)
    call.tell(placed(None, "third"))
    call.heard()
    assert call.plays() == (do.MUSIC,)
    assert not call.run.runs("round")


def test_told_the_same_again_changes_nothing(call: Playbook) -> None:
    call.tell(placed(SONG))
    assert not [c for c in call.tell(placed(SONG), placed(SONG)) if isinstance(c, do.Play | do.Stop)]


def test_place_is_said_after_what_is_being_said(call: Playbook) -> None:
    call.tell(placed(SONG))
    call.fires("place", after_s=20)
    assert call.plays() == ("offer_one",)
    call.heard()
    assert call.plays()[0] == "ahead_before"
    call.heard()
    assert call.plays() == ("offer_two",)


def test_key_of_the_queue_node_still_leaves(call: Playbook) -> None:
    call.tell(placed(SONG))
    assert [c for c in call.key("1") if isinstance(c, do.Withdraw)]
    call.tell(on.Withdrawn())
    assert call.plays() == ("bye",)
    assert not call.run.runs("round")


def test_recordings_that_fail_end_in_music_and_then_a_tone(call: Playbook) -> None:
    """A switch that can play nothing is not asked without end."""
    call.tell(placed(SONG))
    for _ in range(2):
        call.heard(failed=True, after_s=0)
    assert call.plays() == (do.MUSIC,)
    call.heard(failed=True, after_s=0)
    assert call.plays() == (do.TONE,)
    call.heard(failed=True, after_s=0)
    assert call.run.playing == 0
    assert call.run.runs("silence")


def test_bridge_ends_it(call: Playbook) -> None:
    call.tell(placed(SONG))
    call.tell(on.Bridged())
    assert call.run.ended
    assert not call.run.runs("round")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("type: hang_up", "type: voicemail, next: hello"), "cannot be in a flow for waiting callers"),
        (("waiting_every_s: 30", 'waiting_every_s: 30\nnumbers: ["1"]'), "'numbers' must be left out"),
        (("waiting_every_s: 30", "waiting_every_s: 1"), "waiting_every_s"),
        (("otherwise: end", "otherwise: hello"), "goes round for ever"),
    ],
)
def test_refused_before_anybody_hears_it(change: tuple[str, str], problem: str) -> None:
    with pytest.raises(flows.Refused, match=problem):
        flows.read(SONGS.replace(*change), any_prompt)
