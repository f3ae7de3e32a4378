"""One inbound connection to one FreeSWITCH node."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from services.chassis.esl.commands import Command
from services.chassis.esl.event import EslNode, Event, LinkDown, LinkUp
from services.chassis.esl.settings import LinkSettings
from services.chassis.esl.thread import EslThread


class Link:
    """A connection to one node that comes back by itself and subscribes again each time.

    `events` are FreeSWITCH event names (`CHANNEL_ANSWER`) or CUSTOM subclasses (`callcenter::info`).
    `filters` are (header, value) pairs of which one must match; BACKGROUND_JOB always passes.
    """

    def __init__(
        self,
        thread: EslThread,
        node: EslNode,
        *,
        events: Sequence[str],
        filters: Sequence[tuple[str, str]] = (),
        settings: LinkSettings = LinkSettings(),  # noqa: B008 - frozen
    ) -> None:
        self.node = node

    async def start(self) -> None:
        """Begins to connect, and returns at once: `stream` tells when the link is up."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Ends the connection and the stream. Waiting commands get LinkLost."""
        raise NotImplementedError

    @property
    def up(self) -> bool:
        """Whether commands can be sent now."""
        raise NotImplementedError

    def stream(self) -> AsyncIterator[Event | LinkUp | LinkDown]:
        """Everything in the order of arrival, link state included. For one consumer."""
        raise NotImplementedError

    async def api(
        self, command: Command, *, timeout_s: float | None = None, caused_by: Event | None = None
    ) -> str:
        """Carries out a *quick* command and returns its answer without the last line end.

        The switch does nothing else on this connection meanwhile, events included: never originate,
        never anything that waits. Raises CommandFailed, LinkLost, CommandTimedOut, TooManyCommands.
        """
        raise NotImplementedError

    async def bgapi(
        self, command: Command, *, timeout_s: float | None = None, caused_by: Event | None = None
    ) -> str:
        """Carries out any command in the background and returns its result when that has come.

        Raises as `api`. After CommandTimedOut the job may still be running on the switch.
        """
        raise NotImplementedError

    def post(self, command: Command, *, caused_by: Event | None = None) -> asyncio.Future[str]:
        """As `bgapi`, without waiting: sent in the order of the calls. The result need not be fetched.

        FreeSWITCH runs each job in a thread of its own: await one when the next depends on it.
        """
        raise NotImplementedError

    async def channels(self) -> list[dict[str, str]]:
        """All channels of the node, as `show channels` gives them: up to 200 ms behind the events."""
        raise NotImplementedError
