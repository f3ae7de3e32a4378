"""The event loop's end of one ESL connection: requests with a deadline, events, and the end of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from services.chassis.esl.errors import CommandFailed, CommandTimedOut, LinkLost, TooManyCommands
from services.chassis.esl.event import Event
from services.chassis.esl.framing import Frame
from services.chassis.esl.lane import Backlog
from services.chassis.esl.metrics import TIMEOUTS
from services.chassis.esl.settings import WireSettings

if TYPE_CHECKING:
    from services.chassis.esl.thread import EslThread

Reply = tuple[Frame, float]


class Pending:
    """One command whose reply has not come yet."""

    __slots__ = ("connection", "future", "timeout_s", "timer", "verb")

    def __init__(self, connection: Connection, verb: str, timeout_s: float) -> None:
        loop = connection.loop
        self.connection = connection
        self.verb = verb
        self.timeout_s = timeout_s
        self.future: asyncio.Future[Reply] = loop.create_future()
        self.timer = loop.call_later(timeout_s, self._late)

    def set(self, reply: Reply) -> None:
        """In the thread: the reply is here."""
        self.connection.lane.put(self._replied, reply)

    def _replied(self, reply: Reply) -> None:
        if self._settle() and not self.future.done():
            self.future.set_result(reply)

    def fail(self, problem: Exception) -> None:
        """In the loop: there will be no reply."""
        self._settle()
        if not self.future.done():
            self.future.set_exception(problem)
            self.future.exception()  # seen: whoever waits gets it all the same

    def _late(self) -> None:
        TIMEOUTS.labels("reply").inc()
        self.fail(CommandTimedOut(self.verb, self.timeout_s))
        # The reply may still come, and would be taken for that of the next command.
        self.connection.close(f"no answer to {self.verb} within {self.timeout_s:g} s")

    def _settle(self) -> bool:
        self.timer.cancel()
        if self not in self.connection.waiting:
            return False
        self.connection.waiting.remove(self)
        return True


class Connection:
    """Owns one wire in the thread. Of one use: when it ended, make another."""

    def __init__(
        self,
        thread: EslThread,
        peer: str,
        settings: WireSettings,
        backlog: Backlog,
        *,
        on_event: Callable[[Event], None],
        on_end: Callable[[str], None],
        on_linger: Callable[[], None] = lambda: None,
        permit: Callable[[], bool] = lambda: True,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.thread = thread
        self.lane = thread.lane()
        self.role = thread.role
        self.peer = peer
        self.settings = settings
        self.backlog = backlog
        self.permit = permit
        self.expecting = 0
        self.waiting: set[Pending] = set()
        self.over = ""
        self.open: asyncio.Future[None] = self.loop.create_future()
        self.closed: asyncio.Future[str] = self.loop.create_future()
        self._wire: Any = None
        self._on_event = on_event
        self._on_end = on_end
        self._on_linger = on_linger

    def carry(self, make: Callable[[Connection], Any]) -> None:
        """Lets the thread make the wire and begin: gevent's objects belong to the thread that makes them."""
        self.thread.connections.add(self)
        self.thread.submit(self._carry, make)

    def _carry(self, make: Callable[[Connection], Any]) -> None:
        self._wire = make(self)
        self._wire.open()

    def _write(self, data: bytes, pending: Pending, caused_at: float, guarded: bool) -> None:
        self._wire.write(data, pending, caused_at, guarded=guarded)

    def _end(self, reason: str) -> None:
        self._wire.end(reason)

    @property
    def heard_at(self) -> float:
        """`time.monotonic()` of the last bytes from the peer."""
        return float(self._wire.heard_at)

    def request(
        self,
        text: str,
        verb: str,
        *,
        timeout_s: float | None = None,
        caused_by: Event | None = None,
        guarded: bool = False,
    ) -> asyncio.Future[Reply]:
        """Sends `text` and an empty line; the future brings the reply. `guarded`: only while permitted.

        Raises LinkLost and TooManyCommands at once; later the future may hold LinkLost or CommandTimedOut.
        """
        if self.over:
            raise LinkLost(self.peer, self.over)
        self.check_room(len(self.waiting))
        pending = Pending(self, verb, timeout_s or self.settings.command_timeout_s)
        self.waiting.add(pending)
        caused_at = caused_by.received_at if caused_by else 0.0
        self.thread.submit(self._write, f"{text}\n\n".encode(), pending, caused_at, guarded)
        return pending.future

    def check_room(self, unanswered: int) -> None:
        """Raises TooManyCommands when so many are at the limit."""
        if unanswered >= self.settings.command_limit:
            raise TooManyCommands(self.peer, self.settings.command_limit)

    def close(self, reason: str) -> None:
        """Ends it; `closed` follows when all that was read before is through."""
        self.over = self.over or reason
        self.thread.submit(self._end, reason)

    # -- called by the lane, in the loop ---------------------------------------------------------------

    def opened(self, _wire: Any) -> None:
        """The peer accepted the sign-in."""
        if not self.open.done():
            self.open.set_result(None)

    def arrived(self, event: Event) -> None:
        """The next event."""
        self._on_event(event)

    def lingering(self, _frame: Frame) -> None:
        """The call hung up; the last events follow."""
        self._on_linger()

    def ended(self, reason: str) -> None:
        """The wire is closed: all that waits is told, and nothing follows."""
        self.over = self.over or reason
        self.thread.connections.discard(self)
        for pending in list(self.waiting):
            pending.fail(LinkLost(self.peer, self.over))
        if not self.open.done():
            self.open.set_exception(LinkLost(self.peer, self.over))
            self.open.exception()  # seen: the outbound side never awaits it
        self._on_end(self.over)
        if not self.closed.done():
            self.closed.set_result(self.over)


def answer(verb: str, reply: Reply) -> str:
    """The text of a reply without its last line end. Raises CommandFailed on -ERR and -USAGE."""
    frame, _ = reply
    if frame.kind == "command/reply":
        return checked(verb, frame.headers.get("Reply-Text", ""))
    return checked(verb, frame.body.decode("utf-8", "replace"))


def checked(verb: str, text: str) -> str:
    """`text` without its last line end, when it is no refusal."""
    text = text.removesuffix("\n")
    if text.startswith(("-ERR", "-USAGE")):
        raise CommandFailed(verb, text)
    return text


def seen(future: asyncio.Future[Any]) -> None:
    """For futures that nobody need await: their error is no accident to be logged."""
    if not future.cancelled():
        future.exception()


def chained(source: asyncio.Future[Any], change: Callable[[Any], str]) -> asyncio.Future[str]:
    """A future that brings `change(result of source)`, or whatever error either raises."""
    target: asyncio.Future[str] = source.get_loop().create_future()
    source.add_done_callback(partial(_pass_on, target, change))
    target.add_done_callback(seen)
    return target


def _pass_on(target: asyncio.Future[str], change: Callable[[Any], str], source: asyncio.Future[Any]) -> None:
    if target.done():
        return
    try:
        target.set_result(change(source.result()))
    except asyncio.CancelledError:
        target.cancel()
    except Exception as problem:
        target.set_exception(problem)
