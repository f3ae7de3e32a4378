"""How an application waits, runs, and is interrupted.

FreeSWITCH gives each session a thread; here it is a task. An application waits in `wait()`, where
queued orders run nested inside it unless an event-lock forbids (transcripts 50, 55), digits are
taken, and a hang-up, transfer or break ends it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from enum import Enum

from freeswitch.simulator import states
from freeswitch.simulator.channels import Channel, new_uuid
from freeswitch.simulator.orders import Order

Application = Callable[[Channel, str], Awaitable[None]]
APPS: dict[str, Application] = {}
_VARIABLE = re.compile(r"\$\{([^}(]+)\}")
_SHORT_LOOP_S = 0.5
"""sendmsg with loops stops repeating an application that took less than this (switch_ivr.c)."""


def application(name: str) -> Callable[[Application], Application]:
    """Register what the dialplan and sendmsg can run."""

    def register(function: Application) -> Application:
        APPS[name] = function
        return function

    return register


class Ended(Enum):
    """Why a wait is over."""

    DONE = "done"
    BREAK = "break"
    GONE = "gone"
    DIGIT = "digit"


OnDigit = Callable[[str], bool]


async def wait(
    channel: Channel,
    seconds: float | None,
    on_digit: OnDigit | None = None,
    *,
    wall_clock: bool = False,
    breakable: bool = True,
    until: Callable[[], bool] | None = None,
) -> Ended:
    """Read audio for so long. Sound stands still while a nested application runs; `sleep` does not."""
    loop = asyncio.get_running_loop()
    left = seconds
    started = loop.time()
    while True:
        if not channel.ready:
            return Ended.GONE
        if breakable and channel.break_now:
            channel.break_now = 0
            return Ended.BREAK
        if until is not None and until():
            return Ended.DONE
        order = channel.next_order()
        if order is not None:
            await run_order(channel, order)
            continue
        if channel.digits:
            if on_digit is None:
                channel.take_digit()
            elif on_digit(channel.take_digit()):
                return Ended.DIGIT
            continue
        if wall_clock and seconds is not None:
            left = seconds - (loop.time() - started)
        if left is not None and left <= 0.0005:
            return Ended.DONE
        before = loop.time()
        await channel.rest(left)
        if left is not None:
            left -= loop.time() - before


def expand(channel: Channel, text: str) -> str:
    """${name} becomes the variable's value, nothing when unset."""
    if "${" not in text:
        return text
    return _VARIABLE.sub(lambda match: channel.get(match[1]) or channel.node.globals.get(match[1], ""), text)


async def execute(channel: Channel, app: str, arg: str, app_uuid: str = "") -> bool:
    """Run one application, announced before and after."""
    if channel.down:
        return False
    function = APPS.get(app)
    if function is None:
        channel.hangup("DESTINATION_OUT_OF_ORDER")
        return False
    arg = expand(channel, arg)
    app_uuid = app_uuid or new_uuid()
    channel.shown_app = (app, arg)
    channel.set("current_application_data", arg)
    channel.set("current_application", app)
    channel.set("current_application_response", None)
    what = {"Application": app} | ({"Application-Data": arg} if arg else {})
    channel.fire("CHANNEL_EXECUTE", after={**what, "Application-UUID": app_uuid})
    channel.break_now = 0
    await function(channel, arg)
    answer = channel.get("current_application_response") or "_none_"
    channel.fire(
        "CHANNEL_EXECUTE_COMPLETE",
        after={**what, "Application-Response": answer, "Application-UUID": app_uuid},
    )
    return True


async def run_order(channel: Channel, order: Order) -> None:
    """What sendmsg asked for."""
    locked = order.lock or order.lock_first
    channel.locks += locked
    try:
        if order.lead_ms and channel.has_media:
            await channel.rest(order.lead_ms / 1_000)
        if order.verb == "execute" and order.app:
            await _execute_order(channel, order)
        elif order.verb == "hangup":
            channel.hangup(order.cause or "NORMAL_CLEARING")
    finally:
        channel.locks -= locked
        order.settle()


async def _execute_order(channel: Channel, order: Order) -> None:
    channel.stop_broadcast = False
    mine = not channel.broadcast
    channel.broadcast = True
    loop = asyncio.get_running_loop()
    turn = 0
    while order.loops < 0 or turn < order.loops:
        turn += 1
        channel.set("current_loop", str(turn))
        channel.set("total_loops", str(order.loops))
        started = loop.time()
        if not await execute(channel, order.app, order.arg, order.event_uuid):
            break
        short = loop.time() - started < _SHORT_LOOP_S
        if not channel.ready or channel.stop_broadcast or short:
            break
    channel.set("current_loop", None)
    channel.set("total_loops", None)
    if mine or channel.stop_broadcast:
        channel.broadcast = False
    if channel.stop_broadcast:
        channel.break_now = 1


def stop_playing(channel: Channel, every: bool) -> None:
    """uuid_break."""
    if every:
        for order in channel.private:
            order.settle()
        channel.private.clear()
    if channel.broadcast:
        channel.stop_broadcast = True
        channel.break_now = 1
    else:
        channel.break_now = 2 if every else 1
    channel.wake()


async def park(channel: Channel, until: Callable[[], bool] | None = None) -> None:
    """Wait for orders until hung up, transferred, bridged, or released by the controller."""
    if channel.controlled or channel.state == states.RESET:
        return
    channel.controlled = True
    timeout = channel.get("park_timeout")
    channel.fire("CHANNEL_PARK")
    seconds, _, cause = (timeout or "").partition(":")
    limit = float(seconds) if seconds.isdigit() else None
    ended = await wait(
        channel,
        limit,
        wall_clock=True,
        breakable=False,
        until=lambda: not channel.controlled or (until is not None and until()),
    )
    if ended is Ended.DONE and limit is not None and channel.controlled:
        channel.hangup(cause or "NORMAL_CLEARING")
    channel.controlled = False
    channel.fire("CHANNEL_UNPARK")
