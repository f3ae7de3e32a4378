"""The states of a channel, one after the other, from its creation to its end."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from freeswitch.simulator import bridge, states
from freeswitch.simulator.channels import Channel, micros
from freeswitch.simulator.waiting import execute, park

log = logging.getLogger("freeswitch.simulator")


async def _new(channel: Channel) -> None:
    channel.set_state(states.INIT)


async def _init(channel: Channel) -> None:
    channel.set_state(states.ROUTING)
    channel.fire("CHANNEL_CREATE")
    if not channel.inbound:
        channel.fire("CHANNEL_ORIGINATE")


async def _routing(channel: Channel) -> None:
    if channel.originating is not None:
        channel.set_state(states.CONSUME_MEDIA)
        channel.originating.routed(channel)
        return
    steps = channel.node.dialplan.hunt(channel)
    if steps is None:
        channel.hangup("NO_ROUTE_DESTINATION")
        return
    if channel.profile.dialplan == "inline":
        # The recipe is no number: the one dialled before shows again (transcript 31).
        channel.profile.destination_number, channel.profile.rdnis = channel.profile.rdnis, ""
        channel.touch()
    channel.dialplan = True
    channel.extension.clear()
    channel.extension.extend(steps)
    channel.set_state(states.EXECUTE)


async def _execute(channel: Channel) -> None:
    channel.set("call_uuid", channel.uuid)
    while channel.state == states.EXECUTE and channel.extension and not channel.transfer:
        app, arg = channel.extension.popleft()
        await execute(channel, app, arg)
    if channel.state == states.EXECUTE and not channel.transfer:
        channel.hangup("NORMAL_CLEARING")


async def _park(channel: Channel) -> None:
    await park(channel)


async def _idle(channel: Channel) -> None:
    while channel.state == channel.running:
        await channel.rest(None)


async def _consume_media(channel: Channel) -> None:
    """An outbound leg ringing; or a B leg on its way into the bridge."""
    if channel.bridge_of is not None:
        channel.set_state(states.EXCHANGE_MEDIA)
        return
    await _idle(channel)


async def _hangup(channel: Channel) -> None:
    channel.profile.stamp(hangup_us=micros())
    channel.touch()
    for path in list(channel.recordings):
        channel.node.recorder.stop(channel, path)
    channel.set_call_state("HANGUP")
    channel.set_state(states.REPORTING)


async def _reporting(channel: Channel) -> None:
    channel.cdr()
    channel.fire("CHANNEL_HANGUP_COMPLETE", before={"Hangup-Cause": channel.hangup_cause})
    channel.node.gone(channel)


HANDLERS: dict[int, Callable[[Channel], Awaitable[None]]] = {
    states.NEW: _new,
    states.INIT: _init,
    states.ROUTING: _routing,
    states.SOFT_EXECUTE: bridge.soft_execute,
    states.EXECUTE: _execute,
    states.EXCHANGE_MEDIA: bridge.exchange_media,
    states.PARK: _park,
    states.CONSUME_MEDIA: _consume_media,
    states.HIBERNATE: bridge.hibernate,
    states.RESET: bridge.reset,
    states.HANGUP: _hangup,
    states.REPORTING: _reporting,
}


async def live(channel: Channel) -> None:
    """The whole life of a channel."""
    try:
        while channel.running != states.REPORTING:
            channel.enter(channel.state)
            await HANDLERS[channel.state](channel)
            if channel.state == channel.running < states.HANGUP:
                await _idle(channel)
        # A controller that lingers holds the session: it is destroyed when the last one is gone.
        while channel.controllers:
            await channel.rest(None)
    except Exception:
        log.exception("session_failed", extra={"uuid": channel.uuid})
        channel.hangup("DESTINATION_OUT_OF_ORDER")
        channel.node.gone(channel)
    finally:
        _destroy(channel)


def _destroy(channel: Channel) -> None:
    channel.call_uuid = channel.uuid
    channel.state = states.DESTROY
    channel.touch()
    channel.fire("CHANNEL_DESTROY")
    channel.enter(states.DESTROY)
    for order in channel.private:
        order.settle()
    if not channel.ended.done():
        channel.ended.set_result(None)
    channel.node.destroyed(channel)
