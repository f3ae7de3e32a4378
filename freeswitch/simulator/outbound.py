"""The socket application: the switch dials a controller and does what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from freeswitch.simulator import states
from freeswitch.simulator.channels import Channel
from freeswitch.simulator.commands import EslConnection
from freeswitch.simulator.events import Event
from freeswitch.simulator.protocol import GOODBYE
from freeswitch.simulator.waiting import application, park, run_order, wait

if TYPE_CHECKING:
    from freeswitch.simulator.node import Simulator


class OutboundConnection(EslConnection):
    """A controller, reached by the switch, bound to one channel."""

    outbound = True

    def __init__(self, node: Simulator, channel: Channel, async_mode: bool, full: bool) -> None:
        super().__init__(node)
        self.session = channel
        self.async_mode = async_mode
        self.full = full
        self.greeted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lingering: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self.session is not None:
            self.session.controllers.append(self)

    def takes(self, event: Event) -> bool:
        if not self.async_mode and self.session is not None and self.session.down:
            return False  # its thread is the channel's: closed before it could read on (transcript 52)
        return super().takes(event)

    def greet(self) -> None:
        if not self.greeted.done():
            self.greeted.set_result(None)
            if self.session is not None:
                self.session.wake()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._lingering is not None:
            self._lingering.cancel()
        self.greet()
        channel = self.session
        if channel is None:
            return
        if self in channel.controllers:  # else it was never reached, and had nothing to let go of
            channel.controllers.remove(self)
            if not channel.down:
                self._let_go(channel)
        channel.wake()

    def _let_go(self, channel: Channel) -> None:
        """What mod_event_socket does at the end of every listener, whether it still is the one in
        control or not: the park ends, and with socket_resume the channel is reset, out of a bridge
        and out of another controller's hands too (tried on a real switch)."""
        channel.controlled = False
        busy = channel.transfer or channel.running in {states.HIBERNATE, states.RESET}
        if not busy and (self.resume or channel.true("socket_resume")):
            channel.set_state(states.RESET)

    def say_goodbye(self) -> None:
        uuid = self.session.uuid if self.session is not None else ""
        self.notice(GOODBYE, f"Controlled-Session-UUID: {uuid}\nContent-Disposition: disconnect\n")

    def session_over(self) -> None:
        """The channel is gone. What is being answered right now is answered first."""
        asyncio.get_running_loop().call_soon(self._over)

    def _over(self) -> None:
        """Close, or linger for the last events."""
        if self._ending or self.lingering:
            return
        if self.linger_s is None:
            self.say_goodbye()
            self.close()
            return
        self.lingering = True
        channel = self.session
        assert channel is not None  # noqa: S101 - an outbound connection always has one
        shown = "" if self.linger_s == float("inf") else f"Linger-Time: {int(self.linger_s)}\n"
        self.notice(
            "",
            f"Controlled-Session-UUID: {channel.uuid}\nContent-Disposition: linger\n"
            f"Channel-Name: {channel.name}\n{shown}",
        )
        seconds = min(self.linger_s, 3_600.0)
        self._lingering = asyncio.get_running_loop().call_later(seconds, self._linger_over)

    def _linger_over(self) -> None:
        self.say_goodbye()
        self.close()


def _addresses(text: str) -> list[tuple[str, int]]:
    found = []
    for one in text.split("|"):
        host, _, port = one.strip().rpartition(":")
        if host and port.partition("/")[0].isdigit():
            found.append((host, int(port.partition("/")[0])))
        elif one.strip():
            found.append((one.strip(), 8_084))
    return found


def _always(link: OutboundConnection) -> Callable[[], OutboundConnection]:
    return lambda: link


async def _reach(
    channel: Channel, addresses: list[tuple[str, int]], async_mode: bool, full: bool
) -> OutboundConnection | None:
    """The first controller that accepts."""
    loop = asyncio.get_running_loop()
    node = channel.node
    for host, port in addresses:
        channel.set("socket_host", host)
        link = OutboundConnection(node, channel, async_mode, full)
        try:
            async with asyncio.timeout(node.settings.connect_timeout_s):
                await loop.create_connection(_always(link), host, port)
        except (OSError, TimeoutError):
            # uvloop may have begun with it and closes it without a word to the protocol.
            link.connection_lost(None)
            continue
        return link
    return None


@application("socket")
async def socket(channel: Channel, arg: str) -> None:
    words = arg.split()
    if not words:
        return
    async_mode, full = "async" in words[1:], "full" in words[1:]
    link = await _reach(channel, _addresses(words[0]), async_mode, full)
    if link is None:
        return
    if async_mode:
        await _controlled(channel, link)
        return
    await wait(channel, None, breakable=False, until=link.closed.done)
    if channel.down:
        link.session_over()


async def _controlled(channel: Channel, link: OutboundConnection) -> None:
    """Park only once the controller has said `connect`, as mod_event_socket does."""
    while not link.greeted.done() and not channel.down:
        await channel.rest(None)
    await channel.rest(channel.node.settings.connect_settle_ms / 1_000)
    if link.closed.done():
        return
    await park(channel)
    # Orders still queued run now, on a channel that is not ready: they end as soon as they begin.
    while not channel.down and (order := channel.next_order()) is not None:
        await run_order(channel, order)
    resume = link.resume or channel.true("socket_resume")
    if channel.state == states.RESET and resume:
        channel.set_state(states.EXECUTE)
