"""The outbound server: FreeSWITCH connects to us, once for each call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

import structlog

from services.chassis.esl.commands import App, Command, text
from services.chassis.esl.connection import Connection, answer, chained
from services.chassis.esl.decode import connected
from services.chassis.esl.errors import CommandFailed, EslError, LinkLost, ProtocolError
from services.chassis.esl.event import Event
from services.chassis.esl.lane import Backlog
from services.chassis.esl.listener import Listener
from services.chassis.esl.metrics import DROPPED
from services.chassis.esl.settings import OutboundSettings
from services.chassis.esl.stream import Stream
from services.chassis.esl.thread import EslThread
from services.chassis.esl.wire import OutboundWire
from services.chassis.ids import new_id

log = structlog.get_logger(__name__)

BIND_TIMEOUT_S = 5.0
MY_EVENTS = (  # what `myevents` switches on (mod_event_socket.c)
    "CHANNEL_ANSWER", "CHANNEL_APPLICATION", "CHANNEL_BRIDGE", "CHANNEL_CREATE", "CHANNEL_DATA",
    "CHANNEL_DESTROY", "CHANNEL_EXECUTE", "CHANNEL_EXECUTE_COMPLETE", "CHANNEL_HANGUP",
    "CHANNEL_HANGUP_COMPLETE", "CHANNEL_ORIGINATE", "CHANNEL_UUID", "CHANNEL_OUTGOING", "CHANNEL_PARK",
    "CHANNEL_PROGRESS", "CHANNEL_PROGRESS_MEDIA", "CHANNEL_STATE", "CHANNEL_UNBRIDGE", "CHANNEL_UNPARK",
    "DETECTED_SPEECH", "DTMF", "NOTALK", "TALK",
)  # fmt: skip


class OutboundCall:
    """One call in our hands, until it hangs up, is bridged away or is let go."""

    channel: Event
    """The channel as it was when the call reached us."""

    uuid: str

    def __init__(self, thread: EslThread, settings: OutboundSettings) -> None:
        self._settings = settings
        self._backlog = Backlog()
        self._stream: Stream[Event] = Stream(self._backlog)
        self._connection = Connection(
            thread, "call", settings, self._backlog, on_event=self._arrived, on_end=self._ended
        )
        self.channel = Event({})
        self.uuid = ""

    async def execute(
        self, app: App, *, timeout_s: float | None = None, caused_by: Event | None = None
    ) -> str:
        """Queues an application behind those before and returns its uuid once accepted.

        It has *finished* when CHANNEL_EXECUTE_COMPLETE with this `Application-UUID` is in `stream`
        (once per round for a looped one). Accepted is not carried out: an application unknown to the
        switch is accepted too, and then hangs the call up. Raises LinkLost when the call is gone,
        CommandFailed, CommandTimedOut, TooManyCommands.
        """
        app_uuid = new_id()
        line = _execute(app, app_uuid)
        sent = self._connection.request(line, app.name, timeout_s=timeout_s, caused_by=caused_by)
        answer(app.name, await sent)
        return app_uuid

    def begin_app(self, app: App, *, caused_by: Event | None = None) -> str:
        """As `execute`, without waiting: its uuid at once, and what is begun in one turn leaves in one piece.

        Raises LinkLost and TooManyCommands. A refusal is not told: it means that the call is gone, which
        the stream tells.
        """
        app_uuid = new_id()
        self._connection.request(_execute(app, app_uuid), app.name, caused_by=caused_by)
        return app_uuid

    async def api(
        self, command: Command, *, timeout_s: float | None = None, caused_by: Event | None = None
    ) -> str:
        """A quick command on this call's connection; see `Link.api`."""
        sent = self._connection.request(
            f"api {command.text}", command.verb, timeout_s=timeout_s, caused_by=caused_by
        )
        return answer(command.verb, await sent)

    def ask(self, command: Command, *, caused_by: Event | None = None) -> asyncio.Future[str]:
        """As `api`, without waiting, in order with what is begun. The answer need not be fetched.

        Raises LinkLost and TooManyCommands at once.
        """
        sent = self._connection.request(f"api {command.text}", command.verb, caused_by=caused_by)
        return chained(sent, partial(answer, command.verb))

    async def hangup(self, cause: str = "NORMAL_CLEARING") -> None:
        """Hangs up at once, whatever is playing. A call that is gone already is no error."""
        line = f"sendmsg\ncall-command: hangup\nhangup-cause: {text.cause('cause', cause)}"
        with suppress(LinkLost, CommandFailed):
            await self._connection.request(line, "hangup")

    def stream(self) -> AsyncIterator[Event]:
        """The call's events in order of arrival; ends when the connection ended. For one consumer.

        When CHANNEL_BRIDGE comes, the call is another's: leave, or two controllers drive it after the bridge.
        """
        return self._stream

    async def close(self) -> None:
        """Lets go of the call without hanging it up: the dialplan or the bridge goes on with it.

        Not by `resume`: who has said that tears apart the bridge a call is in by then. For calls that are in
        none the dialplan sets `socket_resume`. What was asked before is carried out first.
        """
        if not self._connection.over:
            with suppress(EslError):
                await self._connection.request("exit", "exit")
            self._connection.close("let go")
        await asyncio.wait([self._connection.closed], timeout=self._settings.command_timeout_s)

    async def begin(self, sock: Any) -> None:
        """For the server: takes the socket and learns which call this is. Raises EslError, TimeoutError."""
        connection = self._connection
        connection.carry(lambda owner: OutboundWire(owner, sock))
        async with asyncio.timeout(self._settings.handshake_timeout_s):
            said = [
                connection.request(line, line.split(" ")[0])
                for line in ("connect", f"linger {self._settings.linger_s}", "myevents json", *self._fewer())
            ]
            frame, received_at = await said[0]
            self.channel = connected(frame, received_at)
            self.uuid = self.channel.uuid
            for sent in said[1:]:
                answer("socket … async full", await sent)
        if not self.uuid:
            raise ProtocolError("a connection that is no call")

    def _fewer(self) -> list[str]:
        """Takes back what `myevents` brings and nobody wants. Not `event json …` alone: that one would bring
        the events of all calls of the switch."""
        wanted = self._settings.only
        unwanted = [name for name in MY_EVENTS if name not in wanted]
        return ["nixevent " + " ".join(unwanted)] if wanted else []

    def drop(self, reason: str) -> None:
        """For the server: ends the connection, whatever state it is in."""
        self._connection.close(reason)

    def _arrived(self, event: Event) -> None:
        self._stream.put(event)
        if event.name == "CHANNEL_HANGUP_COMPLETE" and event.uuid == self.uuid:
            self._connection.close("the call hung up")  # nothing of interest follows; linger would keep 5 s

    def _ended(self, _reason: str) -> None:
        self._stream.end()


def _execute(app: App, app_uuid: str) -> str:
    lines = ["sendmsg", "call-command: execute", f"execute-app-name: {app.name}"]
    if app.arg:
        lines.append(f"execute-app-arg: {app.arg}")
    if app.loops != 1:
        lines.append(f"loops: {app.loops}")
    # Without the lock a later application runs nested inside the one in progress, and ends before it.
    lines += ["event-lock: true", f"Event-UUID: {app_uuid}"]
    return "\n".join(lines)


class OutboundServer:
    """Listens for `socket host:port async full` and runs `handler` for each call.

    Nobody signs in here: whoever reaches the port can pretend to be a call. Listen on a private address.
    """

    def __init__(
        self,
        thread: EslThread,
        host: str,
        port: int,
        handler: Callable[[OutboundCall], Awaitable[None]],
        *,
        settings: OutboundSettings = OutboundSettings(),  # noqa: B008 - frozen
    ) -> None:
        self.host = host
        self.port = port
        self._thread = thread
        self._handler = handler
        self._settings = settings
        self._calls: dict[asyncio.Task[None], OutboundCall] = {}
        self._listener: Listener | None = None

    async def start(self) -> None:
        """Listens; `port` is then the real one. Raises OSError when the address is taken."""
        listener = Listener(self.host, self.port, self._settings.backlog, self._thread.lane(), self._accepted)
        bound: Future[int] = Future()
        self._thread.submit(listener.listen, bound)
        self.port = await asyncio.wait_for(asyncio.wrap_future(bound), BIND_TIMEOUT_S)
        self._listener = listener

    async def stop(self, drain_s: float | None = None) -> None:
        """Takes no more calls, waits `drain_s` seconds for the handlers, then lets go of the rest."""
        if self._listener is None:
            return
        self._thread.submit(self._listener.close)
        self._listener = None
        if self._calls:
            await asyncio.wait(self._calls, timeout=self._settings.drain_s if drain_s is None else drain_s)
        rest = dict(self._calls)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    @property
    def calls(self) -> int:
        """How many are in our hands."""
        return len(self._calls)

    def _accepted(self, sock: Any) -> None:
        if self._listener is None or len(self._calls) >= self._settings.call_limit:
            DROPPED.labels("refused").inc()
            self._thread.submit(sock.close)
            return
        call = OutboundCall(self._thread, self._settings)
        task = asyncio.create_task(self._serve(call, sock))
        self._calls[task] = call
        task.add_done_callback(self._calls.pop)

    async def _serve(self, call: OutboundCall, sock: Any) -> None:
        try:
            await call.begin(sock)
        except (EslError, TimeoutError) as problem:
            log.warning("esl_call_not_taken", reason=str(problem) or "no answer in time")
            call.drop("no handshake")
            return
        try:
            await self._handler(call)
        except LinkLost:
            pass  # the call ended under the handler's hands
        except Exception:
            log.exception("esl_handler_failed", uuid=call.uuid)
        finally:
            await call.close()
