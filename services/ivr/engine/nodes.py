"""How each node type is walked, but for the queue (`waiting`). Each reads like what the caller lives."""

from __future__ import annotations

from collections.abc import Generator

from services.ivr.domain import (
    Condition,
    Flow,
    HangUp,
    Menu,
    Play,
    Say,
    SetFacts,
    Survey,
    Test,
    Voicemail,
)
from services.ivr.engine import commands as do
from services.ivr.engine import events as on
from services.ivr.engine import speech
from services.ivr.engine.run import Run, Script, script

Heard = Generator[None, on.Event, str]
"""Returns the key pressed, "" for none."""

RECORDING_SLACK_S = 10
"""A recording's end is waited for so long beyond its own limit."""


def hear(run: Run, prompts: tuple[str, ...], *, interruptible: bool = False) -> Heard:
    """Plays to the end, or to a key. Where nothing can be played a tone says that the line is alive."""
    playback = run.play(prompts)
    while True:
        match (yield):
            case on.PlaybackEnded(failed=True) if prompts != (do.NOTICE,):
                return (yield from hear(run, (do.NOTICE,), interruptible=interruptible))
            case on.PlaybackEnded(playback=ended) if ended == playback:
                return ""
            case on.Digit(key=key) if interruptible:
                return key


def ask(run: Run, prompts: tuple[str, ...], timeout_s: float) -> Heard:
    """Asks for one key: typed before, during or after the prompts."""
    if run.typed:
        return run.typed.pop(0)
    if key := (yield from hear(run, prompts, interruptible=True)):
        run.stop()
        return key
    run.start_timer("answer", timeout_s)
    while True:
        match (yield):
            case on.Digit(key=key):
                run.stop_timer("answer")
                return key
            case on.TimerFired(timer="answer"):
                return ""


@script(Play)
def play(run: Run, node: Play) -> Script:
    if not (node.interruptible and run.typed) and (
        key := (yield from hear(run, node.prompts, interruptible=node.interruptible))
    ):
        run.type_ahead(key)
    return node.next


@script(Say)
def say(run: Run, node: Say) -> Script:
    if (pieces := spoken(run, node)) and (key := (yield from hear(run, pieces, interruptible=True))):
        run.type_ahead(key)
    return node.next


def spoken(run: Run, node: Say) -> tuple[str, ...]:
    """The pieces a fact is said with; () for one that is not known."""
    value = run.facts.get(node.fact, "")
    if node.kind == "digits":
        return tuple(speech.digits(str(value)))
    return tuple(speech.number(run.language, value)) if isinstance(value, int) else ()


@script(Menu)
def menu(run: Run, node: Menu) -> Script:
    for attempt in range(node.attempts):
        key = yield from ask(run, node.prompts, node.timeout_s)
        if key in node.keys:
            run.facts[f"menu.{node.name}"] = key
            run.do(do.Announce(do.MenuChosen(node.name, key)))
            return node.keys[key]
        run.typed.clear()
        if key and attempt + 1 < node.attempts:
            yield from hear(run, node.invalid)
    return node.otherwise


@script(Survey)
def survey(run: Run, node: Survey) -> Script:
    run.typed.clear()  # keys of another question
    for attempt in range(node.attempts):
        key = yield from ask(run, node.prompts, node.timeout_s)
        if key.isdigit() and 1 <= int(key) <= node.highest:
            run.do(do.Announce(do.SurveyAnswered(node.name, int(key), node.highest)))
            break
        if key and attempt + 1 < node.attempts:
            yield from hear(run, node.invalid)
    return node.next


@script(Condition)
def condition(run: Run, node: Condition) -> Script:
    yield from ()  # waits for nothing
    return chosen(run, node, run.flow)


def chosen(run: Run, node: Condition, flow: Flow) -> str:
    """The way that a condition of `flow` takes for this call now."""
    found = (case.next for case in node.cases if holds(run, case.test, flow))
    return next(found, node.otherwise)


def holds(run: Run, test: Test, flow: Flow) -> bool:
    """Whether a test holds for this call now. Calendars are `flow`'s."""
    if test.calendar:
        return flow.calendars[test.calendar].is_open(run.now)
    value = run.facts.get(test.fact, "")
    if test.compare == "at_least":
        return isinstance(value, int) and value >= int(test.values[0])
    return value in test.values


@script(SetFacts)
def set_facts(run: Run, node: SetFacts) -> Script:
    yield from ()
    run.facts.update(node.facts)
    if node.language and node.language != run.language:
        run.language = node.language
        run.facts["caller.language"] = node.language
        run.do(do.SetVariables({"sy_language": node.language}))
    return node.next


@script(Voicemail)
def voicemail(run: Run, node: Voicemail) -> Script:
    run.typed.clear()
    yield from hear(run, node.prompts, interruptible=True)  # a key: straight to the beep
    yield from hear(run, (do.BEEP,))
    run.recording = node
    run.do(do.Record(node.max_s, node.silence_s))
    run.start_timer("record", node.max_s + RECORDING_SLACK_S)
    length_ms, failed = yield from _recorded()
    run.recording = None
    run.stop_timer("record")
    if failed:
        yield from hear(run, (do.SORRY,))
    elif length_ms >= node.min_s * 1000:
        run.recorded(node, length_ms)
    return node.next


def _recorded() -> Generator[None, on.Event, tuple[int, bool]]:
    while True:
        match (yield):
            case on.RecordingEnded(length_ms=length_ms, failed=failed):
                return length_ms, failed
            case on.TimerFired(timer="record"):
                return 0, True


@script(HangUp)
def hang_up(run: Run, node: HangUp) -> Script:
    if node.outcome:
        run.came_to(node.outcome)
    if node.prompts:
        yield from hear(run, node.prompts)
    run.do(do.HangUp(node.cause))
    while True:
        yield
