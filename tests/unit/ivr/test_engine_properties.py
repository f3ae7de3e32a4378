"""Whatever a flow says and whatever happens: the caller never sits in silence, and every call ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.ivr.domain import Flow, Queue
from services.ivr.engine import Caller
from services.ivr.engine import commands as do
from services.ivr.engine import events as on
from services.ivr.engine.run import STEPS_LIMIT
from services.ivr.flows import Refused
from tests.unit.ivr.playbook import Playbook, read

NAMES = [f"n{number}" for number in range(6)]
KEYS = "0123456789*#"
FORETELLING = {"position_every_s": st.just(20), "expected_wait": st.just("yes")}

anywhere = st.sampled_from(NAMES)
CALLED_BACK = st.fixed_dictionaries({"key": st.just("5"), "next": anywhere, "prompts": st.just(["welcome"])})
keys = st.dictionaries(st.sampled_from(KEYS), anywhere, max_size=3)
prompts = st.just(["welcome"])
case = st.just({"fact": "caller.level", "equals": 1})


def node(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(kind), **fields})


def queues(ahead: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    to = st.sampled_from(ahead)
    return node(
        "queue",
        queue=st.just("sales"),
        next=anywhere,
        while_waiting=st.one_of(
            st.fixed_dictionaries({"position_every_s": st.sampled_from([0, 20]), "keys": keys}),
            st.fixed_dictionaries({**FORETELLING, "keys": keys}),
            st.fixed_dictionaries({**FORETELLING, "callback": CALLED_BACK}),
        ),
        on=st.fixed_dictionaries(
            {"max_wait": to, "full": to, "unavailable": to},
            optional={"closed": to, "nobody_qualified": to, "voicemail": to, "outside": to},
        ),
    )


def nodes(ahead: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Any node whose automatic edges lead ahead; keys and conversations lead anywhere."""
    to = st.sampled_from(ahead)
    return st.one_of(
        node("play", prompts=prompts, next=to, interruptible=st.sampled_from(["yes", "no"])),
        node("say", fact=st.sampled_from(["caller.level", "caller.number"]), next=to),
        node("menu", prompts=prompts, keys=keys, otherwise=to, attempts=st.integers(1, 3)),
        node(
            "condition",
            cases=st.lists(st.fixed_dictionaries({"if": case, "next": to}), min_size=1, max_size=2),
            otherwise=to,
        ),
        queues(ahead),
        node("callback", next=anywhere, otherwise=to, queue=st.just("sales")),
        node("callback", prompts=prompts, next=anywhere, otherwise=to, attempts=st.integers(1, 2)),
        node("survey", prompts=prompts, next=to),
        node("voicemail", prompts=prompts, next=to),
        node("set", language=st.sampled_from(["zh", "en"]), next=to),
    )


Nodes = Callable[[list[str]], st.SearchStrategy[dict[str, Any]]]


@st.composite
def graphs(draw: st.DrawFn, first: Nodes = nodes) -> Flow:
    """A random flow that is fit to be published, with such a node to begin with."""
    drawn = {NAMES[0]: draw(first(NAMES[1:]))}
    drawn |= {name: draw(nodes(NAMES[place + 2 :])) for place, name in enumerate(NAMES[1:-1])}
    drawn[NAMES[-1]] = draw(
        st.sampled_from([{"type": "hang_up"}, {"type": "hang_up", "prompts": ["welcome"]}])
    )
    try:
        return read(written(drawn))
    except Refused as refused:  # nodes that nothing leads to
        lost = {problem.node for problem in refused.problems}
        return read(written({name: value for name, value in drawn.items() if name not in lost}))


def written(drawn: dict[str, Any]) -> str:
    return json.dumps({"flow": "random", "version": 1, "nodes": drawn}, indent=1)  # JSON is YAML


overflows = st.one_of(
    st.just(on.FLOW_DECIDES),
    st.builds(on.Overflow, st.just("node"), anywhere),
    st.builds(on.Overflow, st.sampled_from(["voicemail", "outside", "callback"]), st.just("208")),
)
happenings = st.one_of(
    st.sampled_from(KEYS).map(on.Digit),
    st.builds(
        on.Placed,
        st.integers(1, 5),
        st.none() | st.integers(0, 3_000_000),
        st.just(""),
        st.none() | st.booleans(),
    ),
    st.sampled_from(["number", "refused", "unavailable"]).map(on.CallbackRefused),
    st.builds(on.Refused, st.sampled_from(["full", "unknown", "unavailable"]), overflows),
    st.builds(on.Expelled, st.sampled_from(["closed", "no_agents", "max_wait"]), overflows),
    st.booleans().map(on.Withdrawn),
    st.integers(0, 9000).map(on.RecordingEnded),
    st.integers(1, 30).map(on.PlaybackEnded),
    st.sampled_from(["answer", "place", "max_wait", "patience", "bridge", "x"]).map(on.TimerFired),
    st.sampled_from(
        [
            on.QueueLost(),
            on.Expelled("no_agents"),
            on.AlreadyAnswered(),
            on.CallbackTaken(),
            on.RecordingEnded(0, failed=True),
            on.Failed(),
            "heard",
            "heard",
            "lost file",
            "timer",
        ]
    ),
)
rare = st.sampled_from([on.Bridged(), on.HungUp()])


def step(call: Playbook, happening: Any) -> None:
    """`heard`: what plays ends. `timer`: the next timer that runs fires."""
    if happening in {"heard", "lost file"}:
        if call.run.playing:
            call.heard(failed=happening == "lost file", after_s=0)
    elif happening == "timer":
        for timer in sorted(call.run._timers)[:1]:
            call.fires(timer)
    else:
        call.tell(happening)


@settings(max_examples=100, deadline=None)
@given(graphs(queues), st.lists(st.builds(on.Overflow, st.just("node"), anywhere), min_size=1, max_size=3))
def test_queues_that_take_nobody_end_every_call(flow: Flow, wanted: list[on.Overflow]) -> None:
    """Whatever their settings name, be it the node the caller comes from, and without a single key."""
    call = Playbook(flow=flow)
    call.tell(on.Started(on.Position(NAMES[0])))
    for count in range(400):
        if hung_up(call):
            break
        if isinstance(call.run.node, Queue):
            call.tell(on.Refused("closed", wanted[count % len(wanted)]))
        step(call, "heard")
        if call.run.recording:
            call.tell(on.RecordingEnded(0))
        if call.run.runs("answer"):
            call.fires("answer")
    assert hung_up(call)
    assert call.run._steps < STEPS_LIMIT, "only the last bound has let the caller go"


def hung_up(call: Playbook) -> bool:
    return any(isinstance(command, do.HangUp) for command in call.said)


def never_silent(call: Playbook) -> None:
    """Something plays or records, or a timer of a few seconds runs, or we have let go."""
    if call.run.ended or hung_up(call):
        return
    short = {c.timer for c in call.said if isinstance(c, do.StartTimer) and c.seconds <= 30}
    assert call.run.playing or call.run.recording or short & call.run._timers, call.said[-6:]


def balanced(call: Playbook) -> None:
    """What the shell relies on: one thing plays at a time, timers are stopped by name, one last word."""
    playing = 0
    for each in call.log:
        if isinstance(each, do.Play):
            assert not playing, "two things at once"
            playing = each.playback
        elif isinstance(each, do.Stop | on.Bridged) or getattr(each, "playback", -1) == playing:
            playing = 0
    closed = [c for c in call.said if isinstance(c, do.Close)]
    released = [c for c in call.said if isinstance(c, do.Release)]
    assert len(closed) + len(released) == (1 if call.run.ended else 0)


@settings(max_examples=150, deadline=None)
@given(graphs(), st.lists(happenings, max_size=60), rare, st.integers(0, 3))
def test_never_silent_and_always_ends(flow: Flow, happens: list[Any], end: on.Event, level: int) -> None:
    """Random flows under random events; then patience alone must bring every call to its end."""
    call = Playbook(flow=flow, caller=Caller(level=level))
    call.tell(on.Started())
    never_silent(call)
    for happening in happens:
        step(call, happening)
        never_silent(call)
    for _ in range(400):  # a caller who does nothing but listen, an ACD that is away
        if call.run.ended or hung_up(call):
            break
        before = len(call.said)
        step(call, "heard")
        if call.run.recording:
            call.tell(on.RecordingEnded(0))
        for timer in ("answer", "patience", "leaving", "max_wait", "bridge"):
            if call.run.runs(timer):
                call.fires(timer)
                break
        never_silent(call)
        assert len(call.said) > before, "nothing happens any more"
    assert call.run.ended or hung_up(call)
    call.tell(end)
    assert call.run.ended
    balanced(call)
    assert call.tell(on.Digit("1"), on.Started(), on.HungUp()) == []


@settings(max_examples=100, deadline=None)
@given(st.lists(happenings, max_size=60), st.sampled_from(["sales", "survey", "message", "menu", "gone"]))
def test_re_entry_anywhere_is_never_silent(happens: list[Any], at: str) -> None:
    call = Playbook()
    call.tell(on.Started(on.Position(at), answered=True))
    for happening in happens:
        never_silent(call)
        step(call, happening)
    call.tell(on.HungUp())
    balanced(call)
