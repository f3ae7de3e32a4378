"""Dialling out: `originate` and the bridge application share it.

+OK comes when a leg answers (before its park is announced), -ERR CAUSE when none does. Some failures
leave no trace but the answer: an unknown user never becomes a channel (transcripts 24, 25).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from freeswitch.simulator import dialstring, states
from freeswitch.simulator.channels import Channel, new_uuid
from freeswitch.simulator.dialstring import Leg
from freeswitch.simulator.endpoints import Refused

if TYPE_CHECKING:
    from freeswitch.simulator.node import Simulator

USAGE = (
    "-USAGE: <call url> <exten>|&<application_name>(<app_args>) [<dialplan>] [<context>] "
    "[<cid_name>] [<cid_num>] [<timeout_sec>]\n"
)


@dataclass(slots=True)
class Result:
    """Either the leg that answered, or why none did."""

    channel: Channel | None
    cause: str = ""


class Dial:
    """One attempt to reach somebody, over as many legs as the dial string names."""

    def __init__(self, shared: dict[str, str], by: Channel | None) -> None:
        self.shared = shared
        self.by = by
        self.legs: list[Channel] = []
        self.ringing: dict[str, Callable[[], None]] = {}
        self._first: asyncio.Future[Channel | None] = asyncio.get_running_loop().create_future()
        self._dead = 0

    def routed(self, channel: Channel) -> None:
        """The leg's own thread got as far as ringing; the endpoint takes over."""
        start = self.ringing.pop(channel.uuid, None)
        if start is not None:
            asyncio.get_running_loop().call_soon(start)

    def answered(self, channel: Channel) -> None:
        if not self._first.done():
            self._first.set_result(channel)

    def died(self, channel: Channel) -> None:
        self._dead += 1
        if self._dead == len(self.legs) and not self._first.done():
            self._first.set_result(None)

    def watch(self, channel: Channel, event: str) -> None:
        if channel is self.by:
            if event == "CHANNEL_HANGUP" and not self._first.done():
                self._first.set_result(None)
        elif event == "CHANNEL_ANSWER":
            self.answered(channel)
        elif event == "CHANNEL_HANGUP":
            self.died(channel)

    async def winner(self, timeout_s: float) -> Channel | None:
        for channel in self.watched:
            channel.on_event.append(self.watch)
        done, _ = await asyncio.wait([self._first], timeout=timeout_s)
        for channel in self.watched:
            if self.watch in channel.on_event:
                channel.on_event.remove(self.watch)
        return self._first.result() if done else None

    @property
    def watched(self) -> list[Channel]:
        return self.legs if self.by is None else [*self.legs, self.by]


async def dial(
    node: Simulator,
    text: str,
    *,
    by: Channel | None = None,
    extra: dict[str, str] | None = None,
    timeout_s: float | None = None,
) -> Result:
    """Ring everybody the dial string names, round by round, until one answers."""
    try:
        shared, rounds = dialstring.parse(text)
    except ValueError:
        return Result(None, "DESTINATION_OUT_OF_ORDER")
    shared = (extra or {}) | shared
    limit = _seconds(shared.get("originate_timeout"), timeout_s or node.settings.originate_timeout_s)
    result = Result(None, "DESTINATION_OUT_OF_ORDER")
    for legs in rounds:
        result = await _round(node, legs, shared, by, limit)
        if result.channel is not None or (by is not None and by.down):
            break
    return result


def _seconds(text: str | None, default: float) -> float:
    """FreeSWITCH compares whole clock seconds, so a time-out fires up to one second early; the
    simulator waits the full time."""
    return float(text) if text and text.isdigit() else default


async def _round(
    node: Simulator, legs: list[Leg], shared: dict[str, str], by: Channel | None, limit: float
) -> Result:
    attempt = Dial(shared, by)
    refused = ""
    for leg in legs:
        try:
            _begin(node, attempt, leg, shared)
        except Refused as error:
            refused = error.cause
    if not attempt.legs:
        return Result(None, refused or "DESTINATION_OUT_OF_ORDER")
    for channel in attempt.legs:
        node.launch(channel)
    limit = min([limit, *(_seconds(leg.variables.get("leg_timeout"), limit) for leg in legs)])
    won = await attempt.winner(limit)
    for channel in attempt.legs:
        if channel is not won:
            channel.hangup(_losing_cause(won, by))
        channel.originating = None
    if won is not None and not won.down:
        return Result(won)
    await asyncio.sleep(0)
    causes = [channel.hangup_cause for channel in attempt.legs]
    return Result(None, causes[-1] if causes else refused)


def _losing_cause(won: Channel | None, by: Channel | None) -> str:
    if won is not None:
        return "LOSE_RACE"
    return "ORIGINATOR_CANCEL" if by is not None and by.down else "NO_ANSWER"


def _begin(node: Simulator, attempt: Dial, leg: Leg, shared: dict[str, str]) -> None:
    """Make the channel; whatever is wrong now is known before there is one."""
    variables = shared | leg.variables
    uuid = variables.get("origination_uuid") or new_uuid()
    if uuid in node.channels:
        if leg.endpoint != "null":
            raise Refused("DESTINATION_OUT_OF_ORDER")
        uuid = new_uuid()  # mod_loopback does not mind and takes another
    if node.paused_outbound or len(node.channels) >= node.settings.max_sessions:
        raise Refused("SWITCH_CONGESTION")
    channel, start = node.endpoints.open(leg, uuid, variables, attempt)
    channel.originating = attempt
    for name, value in variables.items():
        channel.set(name, value)
    attempt.legs.append(channel)
    attempt.ringing[channel.uuid] = start


async def originate(node: Simulator, text: str) -> str:
    """The api command."""
    where, rest = dialstring.head_and_rest(text.strip())
    words = dialstring.words(rest)
    if not where or not words:
        return USAGE
    extra: dict[str, str] = {}
    for name, value in zip(
        ("origination_caller_id_name", "origination_caller_id_number"), words[3:5], strict=False
    ):
        extra[name] = value
    timeout = float(words[5]) if len(words) > 5 and words[5].isdigit() else None
    result = await dial(node, where, extra=extra, timeout_s=timeout)
    if result.channel is None:
        return f"-ERR {result.cause}\n"
    follow_up(result.channel, words)
    return f"+OK {result.channel.uuid}\n"


def follow_up(channel: Channel, words: list[str]) -> None:
    """Send the answered leg where originate said: an application or an extension. Blanks in an
    application's argument need quotes around the whole."""
    channel.dialplan = True
    if channel.presence_id:  # a directory user is a channel within a channel
        channel.set("originate_endpoint", "user")
        channel.fire("CHANNEL_OUTGOING")
    channel.flip()
    if words[0].startswith("&"):
        app, _, arg = words[0][1:].partition("(")
        channel.extension.append((app, arg.rpartition(")")[0] or arg))
        channel.set_state(states.EXECUTE)
        return
    channel.profile = channel.profile.next(
        destination_number=words[0],
        dialplan=words[1] if len(words) > 1 else "XML",
        context=words[2] if len(words) > 2 else "default",
    )
    channel.set_state(states.ROUTING)
