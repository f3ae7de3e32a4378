"""Asking to be called back: at which number, confirmed by a key, and promised only when the ACD took it.

The caller keeps the place all the while: who thinks better of it goes on waiting where the wait began.
"""

from __future__ import annotations

from collections.abc import Generator

from services.ivr.domain import Callback
from services.ivr.engine import commands as do
from services.ivr.engine import events as on
from services.ivr.engine import speech
from services.ivr.engine.nodes import Heard, ask, hear
from services.ivr.engine.run import Run, Script, script
from services.ivr.engine.wishes import shown

FEWEST_DIGITS, MOST_DIGITS = 5, 16
KEYED_S = 8.0
"""Between two keys of a number; then what was keyed is the number."""
PATIENCE_S = 30.0
"""So long the ACD may be away, as it may while somebody waits in its queue."""
RETRY_S = 1.0
CONFIRM, ANOTHER, BACK = "1", "2", "*"


@script(Callback)
def callback(run: Run, node: Callback) -> Script:
    run.typed.clear()
    if run.position and run.position.enqueued_at:
        run.waited_since = run.position.enqueued_at
    queue = node.queue or run.waited_in  # another process does not know it: the caller waits on
    said, number = node.prompts, diallable(run.caller.number)
    for _ in range(node.attempts if queue else 0):
        number = number or (yield from keyed(run, said))
        if not number:
            break
        key = yield from ask(run, (*said, *confirmation(number)), node.timeout_s)
        said = ()
        if key == BACK:
            break
        if key == ANOTHER:
            number = ""
        if key != CONFIRM:
            continue
        refused = yield from request(run, queue, number)
        if not refused:
            run.came_to("callback")
            run.waited_since = None
            run.mark(node.next, sy_enqueued_at="", sy_callback_taken="1")
            return node.next
        if refused != "number":
            yield from hear(run, ("callback_not_possible",))
            break
        said, number = ("callback_bad_number",), ""
    return node.otherwise


def diallable(number: str) -> str:
    """The caller's own number where it looks like one; the ACD judges whether it may be called."""
    digits = number.removeprefix("+")
    return number if digits.isdigit() and FEWEST_DIGITS <= len(digits) <= MOST_DIGITS else ""


def confirmation(number: str) -> tuple[str, ...]:
    return ("callback_number", *speech.digits(number), "callback_confirm")


def keyed(run: Run, said: tuple[str, ...]) -> Heard:
    """A number, ended by # or by a pause; "" for one too short to be a number."""
    digits = ""
    key = yield from ask(run, (*said, "callback_key_number"), KEYED_S)
    while key.isdigit() and len(digits) < MOST_DIGITS:
        digits += key
        key = yield from next_key(run)
    return digits if len(digits) >= FEWEST_DIGITS else ""


def next_key(run: Run) -> Heard:
    run.start_timer("answer", KEYED_S)
    while True:
        match (yield):
            case on.Digit(key=key):
                run.stop_timer("answer")
                return key
            case on.TimerFired(timer="answer"):
                return ""


def request(run: Run, queue: str, number: str) -> Generator[None, on.Event, str]:
    """Asks the ACD, with music meanwhile. "" when it took it, else why not."""
    run.play((do.MUSIC,))
    run.start_timer("patience", PATIENCE_S)
    wish = do.RequestCallback(queue, number, run.waited_since, run.priority, shown(run))
    run.do(wish)
    refused = "unavailable"
    while True:
        match (yield):
            case on.CallbackTaken():
                refused = ""
                break
            case on.CallbackRefused(reason="unavailable"):
                run.start_timer("retry", RETRY_S)
            case on.CallbackRefused(reason=reason):
                refused = reason
                break
            case on.TimerFired(timer="retry"):
                run.do(wish)
            case on.TimerFired(timer="patience"):
                break
    for timer in ("patience", "retry"):
        run.stop_timer(timer)
    run.stop()
    return refused
