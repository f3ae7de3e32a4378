"""The built-in dialplan: what freeswitch/conf/dialplan does, nothing more."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from freeswitch.simulator.dialstring import split

if TYPE_CHECKING:
    from freeswitch.simulator.channels import Channel
    from freeswitch.simulator.node import Simulator

Steps = list[tuple[str, str]]
APOLOGY = "/switchyard/sounds/sorry.wav"


class Dialplan:
    """Contexts public, switchyard and agents; `inline` as in mod_dptools."""

    def __init__(self, node: Simulator) -> None:
        self.node = node
        # Tests add extensions of their own here: (context, extension) -> steps.
        self.extra: dict[tuple[str, str], Steps] = {}
        self.finders: list[Callable[[Channel], Steps | None]] = []

    def hunt(self, channel: Channel) -> Steps | None:
        profile = channel.profile
        if profile.dialplan == "inline":
            return inline(profile.destination_number)
        found = self.extra.get((profile.context, profile.destination_number))
        if found is not None:
            return found
        for find in self.finders:
            steps = find(channel)
            if steps is not None:
                return steps
        if profile.context == "public":
            return self._public(channel)
        if profile.context == "switchyard":
            return self._switchyard(profile.destination_number)
        if profile.context == "agents" and profile.destination_number in {"9196", "*43"}:
            return [("answer", ""), ("echo", "")]
        return None

    def _public(self, channel: Channel) -> Steps:
        tenant = channel.get("sy_tenant") or "demo"
        return [
            ("set", f"sy_tenant={tenant}"),
            ("set", "sy_leg=caller"),
            *self._hand_over(),
        ]

    def _switchyard(self, extension: str) -> Steps | None:
        if extension == "ivr":
            return self._hand_over()
        if extension == "sorry":
            return [
                ("pre_answer", ""),
                ("playback", APOLOGY),
                ("hangup", "NORMAL_TEMPORARY_FAILURE"),
            ]
        return None

    def _hand_over(self) -> Steps:
        """Each IVR in turn, twice (the first line also ends when its process dies), once more after two
        seconds of ringing, a last time after four, then the apology. freeswitch/conf/dialplan says why."""
        if not self.node.ivr:
            return [("transfer", "sorry XML switchyard")]
        socket = ("socket", f"{self.node.ivr} async full")
        return [
            ("set", "hangup_after_bridge=false"),
            ("set", "transfer_after_bridge=ivr:XML:switchyard"),
            ("set", "socket_resume=true"),
            ("set", "execute_on_pre_bridge=set socket_resume=false"),
            socket,
            socket,
            ("playback", "tone_stream://%(1000,1000,425);loops=1"),
            socket,
            ("playback", "tone_stream://%(1000,1000,425);loops=2"),
            socket,
            ("transfer", "sorry XML switchyard"),
        ]


def inline(text: str) -> Steps:
    """app:arg,app:arg; m:x: in front names another separator."""
    text = text.strip().strip("'")
    separator = ","
    if text.startswith("m:") and len(text) > 4 and text[3] == ":":
        separator, text = text[2], text[4:]
    steps = []
    for item in split(text, separator):
        app, _, arg = item.strip().partition(":")
        if app:
            steps.append((app, arg.strip("'")))
    return steps
