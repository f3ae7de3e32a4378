"""Replays the client's side of a recorded conversation and compares what the simulator says.

A step is one line of NAME.steps.json: what the client sent, a reply's bytes, an event (key headers only),
`connect`'s channel data, or something the world did (a caller arrives, presses, hangs up). Events are
compared per channel: FreeSWITCH's order between channels differs from run to run.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from freeswitch.simulator import Settings, Simulator
from freeswitch.simulator.people import CallSpec, Phone
from tests.contract.switch.client import Controller, Event, Frame, parse_event, read_frame

PATIENCE_S = 3.0
FOLDER = Path(__file__).parents[2] / "transcripts" / "esl"
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_STATUS = re.compile(r"UP \d+ years.*?Max [^\n]*", re.DOTALL)

PHONES = {
    "1001": Phone("auto_answer", answer_after_ms=30),
    "1002": Phone("auto_answer", answer_after_ms=30),
    "1003": Phone("auto_answer", answer_after_ms=10),
    "1004": Phone("busy"),
    "1005": Phone("ring"),
    "1006": Phone("reject"),
    "1007": Phone("no_response"),
    "1008": Phone("unreachable"),
    "1009": Phone("unregistered"),
    "1": Phone("unreachable"),
}


@dataclass(frozen=True)
class Scenario:
    """One transcript. `allowed` names what may differ and why; nothing else may."""

    name: str
    allowed: dict[str, str] = field(default_factory=dict)
    """header, or `EVENT header` -> reason"""
    skip_replies: dict[str, str] = field(default_factory=dict)
    """start of the command -> why its answer is not compared"""
    rewrite: tuple[tuple[str, str], ...] = ()
    """Replaced in the transcript before it is replayed (shorter time-outs)."""
    missing: dict[str, str] = field(default_factory=dict)
    """events (`NAME`) left out of the comparison, and why"""
    listening: bool = True
    """False: nobody listens where the dialplan's socket goes."""


def load(scenario: Scenario) -> list[dict[str, Any]]:
    text = next(FOLDER.glob(f"{scenario.name}-*.steps.json")).read_text()
    for before, after in scenario.rewrite:
        text = text.replace(before, after)
    steps: list[dict[str, Any]] = json.loads(text)
    return steps


class Stream:
    """One connection: other frames in order, events kept per channel."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.events: dict[str, list[Event]] = defaultdict(list)
        self.frames: asyncio.Queue[Frame] = asyncio.Queue()
        self.news = asyncio.Condition()
        self.over = False
        self.pump = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        try:
            while True:
                frame = await read_frame(self.reader)
                if frame.kind.startswith("text/event-"):
                    event = parse_event(frame)
                    async with self.news:
                        self.events[event.uuid].append(event)
                        self.news.notify_all()
                else:
                    self.frames.put_nowait(frame)
        except (asyncio.IncompleteReadError, ConnectionError):
            async with self.news:
                self.over = True
                self.news.notify_all()

    async def wait_for(self, uuid: str, count: int) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S), self.news:
                await self.news.wait_for(lambda: len(self.events[uuid]) >= count or self.over)

    async def close(self) -> None:
        self.writer.close()
        self.pump.cancel()
        await asyncio.gather(self.pump, return_exceptions=True)


class Replay:
    """One transcript against one fresh simulator."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.steps = load(scenario)
        self.same: dict[str, str] = {}
        self.problems: list[str] = []
        self.expected: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.sent = ""
        self.client_text = "".join(step.get("send", "") for step in self.steps)
        self.dialled = "127.0.0.1:8084"
        self.node: Simulator
        self.stream: Stream
        self.controller: Controller

    async def run(self) -> list[str]:
        self.controller = await Controller().start()
        absent = frozenset(("9999",))
        self.node = Simulator(
            Settings(
                name="vm",
                show_lag_ms=20,
                broadcast_lead_ms=10,
                connect_settle_ms=100,
                no_such_users=absent,
            )
        )
        await self.node.start()
        for extension, phone in PHONES.items():
            self.node.people.set_phone(extension, phone)
        self._extensions()
        try:
            await self._steps()
        finally:
            if hasattr(self, "stream"):
                await self.stream.close()
            await self.controller.stop()
            await self.node.stop()
        self._compare_events()
        return self.problems

    def _extensions(self) -> None:
        where = self.controller.address if self.scenario.listening else "127.0.0.1:1"
        self.dialled = where
        socket = {"7100": f"{where} async full", "7101": f"{where} full", "7102": where}
        for number, arg in socket.items():
            self.node.dialplan.extra["test", number] = [("socket", arg)]
        self.node.dialplan.extra["test", "7000"] = [("answer", ""), ("park", "")]

    # -- the steps

    async def _steps(self) -> None:
        outbound = self.steps[0].get("send", "").startswith("connect") or "connect" in str(self.steps[1])
        if not outbound:
            self.stream = Stream(*await asyncio.open_connection("127.0.0.1", self.node.port))
        for place, step in enumerate(self.steps):
            if outbound and not hasattr(self, "stream"):
                await self._called()
            if not await self._step(step):
                self.problems.append(f"step {place + 1}: nothing more came, wanted {str(step)[:200]}")
                return

    async def _called(self) -> None:
        """The transcript of an outbound socket begins with the call that opened it."""
        arrival = next(step for step in self.steps if step.get("world") == "arrive")
        accepted: asyncio.Future[Stream] = asyncio.get_running_loop().create_future()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted.set_result(Stream(reader, writer))

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        where = self.dialled = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for number, arg in {"7100": " async full", "7101": " full", "7102": ""}.items():
            self.node.dialplan.extra["test", number] = [("socket", where + arg)]
        await self._arrive(arrival)
        self.stream = await accepted
        server.close()

    async def _step(self, step: dict[str, Any]) -> bool:
        if "send" in step:
            self.sent = step["send"]
            self.stream.writer.write(self._ours(self.sent).encode())
        elif "world" in step:
            await self._world(step)
        elif "event" in step:
            return await self._event(step)
        elif "closed" in step:
            async with asyncio.timeout(PATIENCE_S):
                await self.stream.pump
        else:
            return await self._frame(step)
        return True

    async def _event(self, step: dict[str, Any]) -> bool:
        if step["event"]["Event-Name"] in self.scenario.missing:
            return True
        if step["event"]["Event-Name"] == "SHUTDOWN":
            self.node.shutdown_soon()  # by somebody else's connection
        uuid = await self._leg(step["event"].get("Unique-ID", ""))
        self.expected[uuid].append(step)
        await self.stream.wait_for(uuid, len(self.expected[uuid]))
        return len(self.stream.events[uuid]) >= len(self.expected[uuid])

    async def _leg(self, theirs: str) -> str:
        """A leg neither we nor the client named is the next one that shows up."""
        ours = self._ours(theirs)
        if ours != theirs or not theirs or theirs in self.client_text:
            return ours

        def fresh() -> list[str]:
            taken = {*self.same.values(), ""}
            return [uuid for uuid in self.stream.events if uuid not in taken and uuid not in self.client_text]

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S), self.stream.news:
                await self.stream.news.wait_for(lambda: fresh() or self.stream.over)
        if fresh():
            self.same[theirs] = fresh()[0]
        return self._ours(theirs)

    async def _frame(self, step: dict[str, Any]) -> bool:
        try:
            async with asyncio.timeout(PATIENCE_S):
                frame = await self.stream.frames.get()
        except TimeoutError:
            return False
        if "connect" in step:
            self._headers("connect", step["connect"], Event(_decoded(frame.headers)))
            return True
        wanted = self._plain(self._ours(step["frame"]))
        head = "".join(f"{name}: {value}\n" for name, value in frame.headers.items())
        found = self._plain(head + "\n" + frame.body)
        if wanted != found and not any(self.sent.startswith(one) for one in self.scenario.skip_replies):
            self.problems.append(f"after {self.sent.strip()!r}:\n  wanted {wanted!r}\n  found  {found!r}")
        return True

    @staticmethod
    def _plain(text: str) -> str:
        text = _STATUS.sub("<status>", _UUID.sub("<uuid>", text))
        text = re.sub(r"Channel-Name: [^\n]*", "Channel-Name: name", text)
        # The length of a reply with a channel's name or our own version in it is not compared either.
        return re.sub(r"Content-Length: \d+", "Content-Length: n", text)

    # -- the world

    async def _world(self, step: dict[str, Any]) -> None:
        if step["world"] == "arrive":
            if step["uuid"] not in self.same:
                await self._arrive(step)
            return
        channel = self.node.channels[self._ours(step["uuid"])]
        if step["world"] == "dtmf":
            self.node.people.dial_digits(channel, step["digit"])
        else:
            channel.hangup("NORMAL_CLEARING", "caller")

    async def _arrive(self, step: dict[str, Any]) -> None:
        spec = CallSpec(step["number"], step["called"], step["name"], context="test")
        self.same[step["uuid"]] = self.node.people.call(spec).uuid

    def _ours(self, text: str) -> str:
        text = text.replace("127.0.0.1:8084", self.dialled)
        for theirs, ours in self.same.items():
            text = text.replace(theirs, ours)
        return text

    # -- comparing

    def _compare_events(self) -> None:
        for uuid, steps in self.expected.items():
            found = [one for one in self.stream.events[uuid] if one.name not in self.scenario.missing]
            wanted_names = [step["event"]["Event-Name"] for step in steps]
            names = [one.name for one in found][: len(wanted_names)]
            if names != wanted_names:
                pairs = zip(wanted_names, names, strict=False)
                at = next((n for n, (a, b) in enumerate(pairs) if a != b), len(names))
                self.problems.append(
                    f"{uuid}: order differs at {at}: wanted {wanted_names[at : at + 6]}, "
                    f"found {names[at : at + 6]}"
                )
                continue
            for step, event in zip(steps, found, strict=False):
                self._headers(event.name, step["event"], event, step.get("body", ""))

    def _headers(self, name: str, wanted: dict[str, str], found: Event, body: str = "") -> None:
        for header, value in wanted.items():
            allowed = self.scenario.allowed
            if header in allowed or f"{name} {header}" in allowed or header in EVERYWHERE:
                continue
            ours, theirs = found.get(header, "<absent>"), self._ours(value)
            if self._plain(ours) != self._plain(theirs):
                what = found.get("Channel-State")
                self.problems.append(f"{name} [{what}] {header}: wanted {theirs!r}, found {ours!r}")
        if body and self._plain(self._ours(body)) != self._plain(found.body):
            self.problems.append(f"{name} body: wanted {body!r}, found {found.body!r}")


def _decoded(headers: dict[str, str]) -> dict[str, str]:
    import urllib.parse

    return {name: urllib.parse.unquote(value) for name, value in headers.items()}


EVERYWHERE = {
    "variable_playback_samples": "counts frames in FreeSWITCH, clock time here",
    "variable_playback_ms": "the same",
    "variable_presence_id": "the lab's domain",
}
