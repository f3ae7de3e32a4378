"""What goes wrong on demand: links, commands, events, phones, the node itself."""

from __future__ import annotations

import asyncio
import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from freeswitch.simulator.events import Event, Listener
from freeswitch.simulator.people import BadOrderError

if TYPE_CHECKING:
    from freeswitch.simulator.node import Simulator

KINDS = frozenset(("delay", "double", "reorder", "lose"))


@dataclass(slots=True)
class EventFault:
    """One way to spoil events whose name matches, so many times (None: until cleared)."""

    kind: str
    pattern: re.Pattern[str]
    delay_s: float
    left: int | None

    def hits(self, event: Event) -> bool:
        if self.left == 0 or not self.pattern.search(event.name):
            return False
        if self.left is not None:
            self.left -= 1
        return True


class Faults:
    """All faults of one node; quiet until `sim fault`."""

    def __init__(self, node: Simulator, seed: int) -> None:
        self.node = node
        self._random = random.Random(seed)
        self.clear()

    def clear(self) -> None:
        self.slow_s = 0.0
        self.busy_share = self.no_answer_share = 0.0
        self._lose: list[tuple[re.Pattern[str], int]] = []
        self._events: list[EventFault] = []
        self._swapped: tuple[Event, list[Listener]] | None = None
        self.node.bus.tamper = None

    # -- asked for

    def order(self, spec: dict[str, Any]) -> str:
        """{"drop_link": "all"|n} {"lose": pattern, "count": n} {"slow_ms": n} {"busy_share": x}
        {"no_answer_share": x} {"events": kind, "match": pattern, "ms": n, "count": n} {"kill": true}"""
        known = False
        for name, action in (
            ("drop_link", self._drop),
            ("lose", self._lose_commands),
            ("events", self._spoil),
            ("slow_ms", self._slow),
            ("busy_share", self._shares),
            ("no_answer_share", self._shares),
            ("kill", self._kill),
        ):
            if name in spec:
                action(spec)
                known = True
        if not known:
            raise BadOrderError("no such fault")
        return "+OK\n"

    def _drop(self, spec: dict[str, Any]) -> None:
        links = sorted(self.node.connections, key=id)
        if spec["drop_link"] == "inbound":
            links = [link for link in links if not link.outbound]
        elif spec["drop_link"] == "outbound":
            links = [link for link in links if link.outbound]
        elif spec["drop_link"] != "all":
            links = links[: int(spec["drop_link"])]
        loop = asyncio.get_running_loop()
        for link in links:
            loop.call_soon(link.abort)

    def _lose_commands(self, spec: dict[str, Any]) -> None:
        self._lose.append((_pattern(spec["lose"]), int(spec.get("count", 1))))

    def _spoil(self, spec: dict[str, Any]) -> None:
        if spec["events"] not in KINDS:
            raise BadOrderError(f"events can be spoilt by {', '.join(sorted(KINDS))}")
        count = spec.get("count")
        self._events.append(
            EventFault(
                spec["events"],
                _pattern(spec.get("match", ".")),
                float(spec.get("ms", 100)) / 1_000,
                None if count is None else int(count),
            )
        )
        self.node.bus.tamper = self._tamper

    def _slow(self, spec: dict[str, Any]) -> None:
        self.slow_s = float(spec["slow_ms"]) / 1_000

    def _shares(self, spec: dict[str, Any]) -> None:
        self.busy_share = float(spec.get("busy_share", self.busy_share))
        self.no_answer_share = float(spec.get("no_answer_share", self.no_answer_share))

    def _kill(self, spec: dict[str, Any]) -> None:
        asyncio.get_running_loop().call_soon(self.node.kill)

    # -- asked by the switch

    def swallows(self, line: str) -> bool:
        """Is this command lost on the way? `sim …` itself never is."""
        if not self._lose or line.startswith("api sim "):
            return False
        for place, (pattern, left) in enumerate(self._lose):
            if pattern.search(line):
                rest = [(pattern, left - 1)] if left > 1 else []
                self._lose[place : place + 1] = rest
                return True
        return False

    def phone_mode(self, mode: str) -> str:
        if not self.busy_share and not self.no_answer_share:
            return mode
        drawn = self._random.random()
        if drawn < self.busy_share:
            return "busy"
        return "no_response" if drawn < self.busy_share + self.no_answer_share else mode

    def _tamper(self, event: Event, listeners: list[Listener]) -> None:
        bus = self.node.bus
        swapped, self._swapped = self._swapped, None
        fault = next((one for one in self._events if one.hits(event)), None)
        if fault is None:
            bus.deliver(event, listeners)
        elif fault.kind == "double":
            bus.deliver(event, listeners)
            bus.deliver(event, listeners)
        elif fault.kind == "delay":
            loop = asyncio.get_running_loop()
            loop.call_later(fault.delay_s, bus.deliver, event, listeners)
        elif fault.kind == "reorder":
            self._swapped = event, listeners
        if swapped is not None:
            bus.deliver(*swapped)


def _pattern(text: Any) -> re.Pattern[str]:
    try:
        return re.compile(str(text))
    except re.error as error:
        raise BadOrderError(f"{text!r} is no pattern: {error}") from error
