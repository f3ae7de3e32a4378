"""greenswitch's connection with its reader, dispatch and writer mended. Lives in the gevent thread.

The numbers are the faults of greenswitch 0.0.19 as the tests name them. The event loop's end of each wire
is a `Connection`; what goes there passes the lane, in the order in which it left the socket.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import gevent
from gevent import socket
from gevent.event import AsyncResult
from gevent.event import Event as GreenEvent
from greenswitch.esl import ESLProtocol, InboundESL, NotConnectedError

from services.chassis.esl.decode import event_of
from services.chassis.esl.errors import ProtocolError
from services.chassis.esl.event import EslNode, Event
from services.chassis.esl.framing import Frame, Framer
from services.chassis.esl.lane import Backlog, Lane
from services.chassis.esl.metrics import DROPPED, REACTION
from services.chassis.esl.settings import READ_CHUNK_BYTES, WireSettings

_log = logging.getLogger(__name__)

Reply = tuple[Frame, float]
"""The frame and the `time.monotonic()` at which its bytes left the socket."""


class Owner(Protocol):
    """The event loop's end of a wire. Its methods are called there, by the lane, never in this thread."""

    lane: Lane
    backlog: Backlog
    settings: WireSettings
    role: str
    permit: Callable[[], bool]
    expecting: int
    """How many background jobs run: while there are some, an event is due."""

    def arrived(self, event: Event) -> None: ...
    def lingering(self, frame: Frame) -> None: ...
    def opened(self, wire: Any) -> None: ...
    def ended(self, reason: str) -> None: ...


class Wire(ESLProtocol):  # type: ignore[misc]  # greenswitch has no types
    """One ESL connection of either direction."""

    def __init__(self, owner: Owner) -> None:
        ESLProtocol.__init__(self)
        self.owner = owner
        self.reason = ""
        self._lane = owner.lane
        self._commands_sent: deque[Any] = deque()
        self._outbox: list[tuple[bytes, float]] = []
        self._guarded = False
        self._unsent = bytearray()
        self._pushing = False
        self._over = False
        self._ready = True
        self._busy_until = 0.0
        self._stirred = GreenEvent()
        self._framer = Framer(owner.settings.header_limit_bytes, owner.settings.body_limit_bytes)
        self._reaction = REACTION.labels(owner.role)
        self.heard_at = time.monotonic()

    # -- reading ---------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Reads from now on."""
        if self._over:
            self.sock.close()
            return
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.connected = True
        self.start_event_handlers()

    def start_event_handlers(self) -> None:
        """No greenlet and no queue for dispatch (9): the lane to the event loop is the only queue."""
        gevent.spawn(self.receive_events)
        if self.owner.settings.tickle_interval_ms > 0:
            gevent.spawn(self._tickle)

    def receive_events(self) -> None:
        """Reads until the end. Whatever happens, the owner hears of it, once (4, 5, 6, 8)."""
        reason = "the connection was closed"
        try:
            while not self._over and (data := self._read()):
                self._take(data, time.monotonic())
            if self._framer.midway:
                reason = "the connection was closed within a message"
        except (OSError, ProtocolError) as problem:
            reason = str(problem)
        except Exception as problem:
            # A defect of ours: better a new connection and a line in the log than a reader that is no more.
            _log.exception("esl_reader_failed")
            reason = repr(problem)
        self.end(reason)

    def _read(self) -> bytes:
        # Not `recv`, which returns at once while a flood lasts; nor that and `gevent.sleep(0)`, which lets
        # greenlets run but no other socket be looked at. Waiting is a whole turn of the hub (9).
        while True:
            self.sock._wait(self.sock._read_event)
            try:
                return bytes(self.sock._sock.recv(READ_CHUNK_BYTES))
            except BlockingIOError:
                continue

    def _take(self, data: bytes, received_at: float) -> None:
        self.heard_at = received_at
        try:
            for frame in self._framer.feed(data):
                if self._over:
                    return
                self.handle_event(frame, received_at)
        finally:
            self._lane.wake()  # once for all that came in one piece
        if self.owner.backlog.size > self.owner.settings.event_limit:
            self.end("overflow")

    def handle_event(self, frame: Frame, received_at: float = 0.0) -> None:
        """Sends each message where it belongs; kinds that we never ask for are passed over."""
        kind = frame.kind
        if kind in ("text/event-json", "text/event-plain"):
            self._hand_on(frame, received_at)
        elif kind in ("command/reply", "api/response"):
            self._answer((frame, received_at))
        elif kind == "auth/request":
            self._auth_request_event.set()
        elif kind == "text/disconnect-notice":
            self._notice(frame)
        elif kind == "text/rude-rejection":
            self.end("refused: our address is not in the switch's access list")

    def _hand_on(self, frame: Frame, received_at: float) -> None:
        try:
            event = event_of(frame, received_at)
        except ProtocolError:
            # The framing is intact, so only this one is set aside: a caller who can provoke it must not be
            # able to take the link down with it.
            DROPPED.labels("undecodable").inc()
            return
        self._stir(received_at)
        self.owner.backlog.given += 1
        self._lane.put(self.owner.arrived, event)

    def _answer(self, reply: Reply) -> None:
        if not self._commands_sent:
            raise ProtocolError("a reply that nobody asked for")  # the order cannot be trusted any more
        self._commands_sent.popleft().set(reply)

    def _notice(self, frame: Frame) -> None:
        if frame.headers.get("Content-Disposition") == "linger":
            self._lingering = True
            self._lane.put(self.owner.lingering, frame)
        else:
            self.end("the switch said good-bye")

    # -- writing ---------------------------------------------------------------------------------------

    def write(self, data: bytes, pending: Any, caused_at: float = 0.0, *, guarded: bool = False) -> None:
        """Sends one command, without blocking; `pending.set(reply)` brings what comes back."""
        if self._over:
            return  # the owner fails all that waits when it hears of the end
        self._commands_sent.append(pending)
        self._outbox.append((data, caused_at))
        self._guarded |= guarded
        if len(self._outbox) == 1:  # what is submitted in one turn goes out in one piece
            gevent.get_hub().loop.run_callback(self._flush)

    def _flush(self) -> None:
        outbox, self._outbox = self._outbox, []
        guarded, self._guarded = self._guarded, False
        if self._over:
            return
        if guarded and not self.owner.permit():
            # Decided while we were permitted, but the process was stopped on the way: the last moment to see.
            self.end("not permitted any more")
            return
        self._unsent += b"".join(data for data, _ in outbox)
        if not self._pushing:
            self._push()
        now = time.monotonic()
        if guarded:
            self._stir(now)
        else:
            self._stirred.set()  # it may be a job, which is expected
        for _, caused_at in outbox:
            if caused_at:
                self._reaction.observe(max(0.0, now - caused_at))

    def _push(self) -> None:
        """Sends what the kernel takes now; a greenlet brings the rest after it, whole and in order (3)."""
        self._send_now(self._unsent)
        if self._unsent and not self._over:
            self._pushing = True
            gevent.spawn(self._push_rest)

    def _send_now(self, data: bytearray) -> None:
        try:
            del data[: self.sock._sock.send(data)]
        except BlockingIOError:
            return
        except OSError as problem:
            self.end(str(problem))

    def _push_rest(self) -> None:
        try:
            while self._unsent and not self._over:
                piece = bytes(self._unsent)
                self.sock.sendall(piece)
                del self._unsent[: len(piece)]
        except OSError as problem:
            self.end(str(problem))
        self._pushing = False

    def send(self, data: str) -> Frame:
        """For greenswitch's own `auth`: waits for the reply in this greenlet."""
        if self._over:
            raise NotConnectedError(self.reason)
        result: AsyncResult = AsyncResult()
        self.write(f"{data}\n\n".encode(), result)
        frame: Frame = result.get()[0]
        return frame

    # -- tickling --------------------------------------------------------------------------------------

    def _stir(self, now: float) -> None:
        """After an event, or a command that may change something: more events are likely. Not after a mere
        look, such as an owner takes at its marks eight times a second: its answer comes by itself, and an
        owner with nothing to do would send 400 empty lines a second for it."""
        self._busy_until = now + self.owner.settings.tickle_window_ms / 1000
        self._stirred.set()

    def _tickle(self) -> None:
        """FreeSWITCH looks into its queue every 20 ms, or at once when a byte comes: an empty line."""
        interval_s = self.owner.settings.tickle_interval_ms / 1000
        while not self._over:
            self._stirred.wait()
            self._stirred.clear()
            while not self._over and (time.monotonic() < self._busy_until or self.owner.expecting):
                gevent.sleep(interval_s)
                # Not while a command is half sent (the empty line would end it), nor before the sign-in.
                if self._ready and not self._unsent and not self._over:
                    self._send_now(bytearray(b"\n"))

    # -- ending ----------------------------------------------------------------------------------------

    def end(self, reason: str) -> None:
        """Closes. The first reason counts; the owner hears it after all that was read before."""
        if self._over:
            return
        self._over = True
        self._run = False
        self.connected = False
        self.reason = reason
        if sock := getattr(self, "sock", None):
            sock.close()
        for waiting in self._commands_sent:
            if isinstance(waiting, AsyncResult):
                waiting.set_exception(NotConnectedError(reason))
        self._commands_sent.clear()
        self._auth_request_event.set()
        self._stirred.set()
        self._lane.put(self.owner.ended, reason)
        self._lane.wake()

    def stop(self) -> None:
        """greenswitch's joins its own greenlets, which within one of them never returns (16)."""
        self.end("stopped")


class InboundWire(Wire, InboundESL):  # type: ignore[misc]
    """A wire that we open: TCP, auth/request, auth."""

    def __init__(self, owner: Owner, node: EslNode, timeout_s: float) -> None:
        Wire.__init__(self, owner)
        self.host = node.host
        self.port = node.port
        self.password = node.password
        self.timeout = timeout_s
        self._ready = False

    def open(self) -> None:
        """Connects in a greenlet; the owner is told `opened` or `ended`."""
        gevent.spawn(self._open)

    def _open(self) -> None:
        try:
            self.connect()
        except (OSError, NotConnectedError) as problem:
            self.end(str(problem))
        except ValueError:
            self.end("the switch refused the password")
        else:
            self._ready = True
            self._lane.put(self.owner.opened, self)
            self._lane.wake()

    def connect(self) -> None:
        """All of it within one time-out, which is an ordinary exception here (7, 15)."""
        with gevent.Timeout(self.timeout, NotConnectedError(f"no sign-in within {self.timeout:g} s")):
            self.sock = socket.create_connection((self.host, self.port))
            self.begin()
            self._auth_request_event.wait()
            if self._over:
                raise NotConnectedError(self.reason)
            self.authenticate()


class OutboundWire(Wire):
    """A wire that the switch opened for one call."""

    def __init__(self, owner: Owner, sock: Any) -> None:
        Wire.__init__(self, owner)
        self.sock = sock

    def open(self) -> None:
        """There is nothing to be waited for."""
        self.begin()
