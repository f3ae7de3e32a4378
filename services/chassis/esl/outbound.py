"""The outbound server: FreeSWITCH connects to us, once for each call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from services.chassis.esl.commands import App, Command
from services.chassis.esl.event import Event
from services.chassis.esl.settings import OutboundSettings
from services.chassis.esl.thread import EslThread


class OutboundCall:
    """One call in our hands, until it hangs up, is bridged away or is let go."""

    channel: Event
    """The channel as it was when the call reached us."""

    uuid: str

    async def execute(
        self, app: App, *, timeout_s: float | None = None, caused_by: Event | None = None
    ) -> str:
        """Queues an application behind those before and returns its uuid once accepted.

        It has *finished* when CHANNEL_EXECUTE_COMPLETE with this `Application-UUID` is in `stream`
        (once per round for a looped one). Accepted is not carried out: an application unknown to the
        switch is accepted too, and then hangs the call up.
        """
        raise NotImplementedError

    async def api(
        self, command: Command, *, timeout_s: float | None = None, caused_by: Event | None = None
    ) -> str:
        """A quick command on this call's connection; see `Link.api`."""
        raise NotImplementedError

    async def hangup(self, cause: str = "NORMAL_CLEARING") -> None:
        """Hangs up. A call that is gone already is no error."""
        raise NotImplementedError

    def stream(self) -> AsyncIterator[Event]:
        """The call's events in order of arrival; ends when the connection ended."""
        raise NotImplementedError

    async def close(self) -> None:
        """Lets go of the call without hanging it up: the dialplan or the bridge goes on with it."""
        raise NotImplementedError


class OutboundServer:
    """Listens for `socket host:port async full` and runs `handler` for each call."""

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

    async def start(self) -> None:
        """Listens; `port` is then the real one. Raises OSError when the address is taken."""
        raise NotImplementedError

    async def stop(self, drain_s: float | None = None) -> None:
        """Takes no more calls, waits `drain_s` seconds for the handlers, then lets go of the rest."""
        raise NotImplementedError
