"""The floor: a controller of plain sockets that does nothing but what the switch needs to be told.

Callers and agents in two queues, first come first served; an agent is rung, bridged, and rung again when the
leg is gone. No states, no events of its own, nothing kept, nothing parsed beyond the ids it needs. People are
told to it over a socket, a line each: `caller UUID`, `agent NAME` (is ready), `away NAME`.

    python -m tests.bench.routing.bare ESL_PORT PASSWORD CONTROL_PORT ENDPOINT [TICKLE_MS]

ENDPOINT is what comes before an agent's name: `user/` or `null/`. With TICKLE_MS an empty line is sent so
often, which makes a real switch hand over its events (see services/chassis/esl/settings.py).
"""

from __future__ import annotations

import select
import socket
import sys
import time
from collections import deque

from services.chassis.ids import new_id

CHUNK = 256 * 1024
JOB, UUID = b'"Job-UUID":"', b'"Unique-ID":"'


class Controller:
    """What it knows: who waits, who is idle, and which leg is whose."""

    def __init__(self, switch: socket.socket, endpoint: str) -> None:
        self.switch = switch
        self.endpoint = endpoint
        self.waiting: deque[str] = deque()
        self.idle: deque[str] = deque()
        self.away: set[str] = set()
        self.legs: dict[str, tuple[str, str]] = {}
        self.busy: set[str] = set()
        self.out: list[str] = []

    def told(self, line: str) -> None:
        what, _, who = line.partition(" ")
        if what == "caller":
            self.waiting.append(who)
        elif what == "away":
            self.away.add(who)
        else:
            self.away.discard(who)
            if who not in self.busy:
                self.idle.append(who)

    def event(self, body: bytes) -> None:
        if b'"BACKGROUND_JOB"' in body[:40]:
            leg = _after(body, JOB)
            if leg in self.legs and b"+OK" in body[-120:]:
                self.out.append(f"api uuid_bridge {self.legs[leg][1]} {leg}\n\n")
        elif b"HANGUP_COMPLETE" in body[:40]:
            agent, _ = self.legs.pop(_after(body, UUID), ("", ""))
            self.busy.discard(agent)
            if agent and agent not in self.away:
                self.idle.append(agent)

    def pair(self) -> None:
        while self.waiting and self.idle:
            agent, caller, leg = self.idle.popleft(), self.waiting.popleft(), new_id()
            if agent in self.away:
                self.waiting.appendleft(caller)
                continue
            self.legs[leg] = (agent, caller)
            self.busy.add(agent)
            named = f"{{origination_uuid={leg},sy_leg=agent,sy_tenant=bare,sy_agent_id={agent}}}"
            self.out.append(f"bgapi originate {named}{self.endpoint}{agent} &park()\nJob-UUID: {leg}\n\n")
        if self.out:
            self.switch.sendall("".join(self.out).encode())
            self.out.clear()


def _after(body: bytes, mark: bytes) -> str:
    at = body.find(mark) + len(mark)
    return body[at : at + 36].decode()


class Frames:
    """Bytes in, JSON bodies out."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[bytes]:
        buffer, start, found = self._buffer + data, 0, []
        while (end := buffer.find(b"\n\n", start)) >= 0:
            head = buffer[start:end]
            at = head.find(b"Content-Length: ")
            length = int(head[at + 16 :].split(b"\n", 1)[0]) if at >= 0 else 0
            if len(buffer) < end + 2 + length:
                break
            start = end + 2 + length
            if b"text/event-json" in head:
                found.append(buffer[end + 2 : start])
        self._buffer = buffer[start:]
        return found


def sign_in(port: int, password: str) -> socket.socket:
    switch = socket.create_connection(("127.0.0.1", port))
    switch.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for line in (
        f"auth {password}",
        "filter variable_sy_leg agent",
        "filter Event-Name BACKGROUND_JOB",
        "event json CHANNEL_HANGUP_COMPLETE BACKGROUND_JOB",
    ):
        switch.sendall(f"{line}\n\n".encode())
        time.sleep(0.02)
    return switch


def serve(controller: Controller, people: socket.socket, tickle_s: float | None) -> None:
    """Until whoever tells of people goes away, or the switch does."""
    switch, frames, half = controller.switch, Frames(), ""
    while True:
        heard, _, _ = select.select([switch, people], [], [], tickle_s)
        if not heard:
            switch.sendall(b"\n")
            continue
        for one in heard:
            data = one.recv(CHUNK)
            if not data:
                return
            if one is switch:
                for body in frames.feed(data):
                    controller.event(body)
            else:
                *lines, half = (half + data.decode()).split("\n")
                for line in lines:
                    controller.told(line)
        controller.pair()


def main() -> None:
    esl_port, password, control_port, endpoint, *rest = sys.argv[1:]
    with socket.create_server(("127.0.0.1", int(control_port))) as server:
        controller = Controller(sign_in(int(esl_port), password), endpoint)
        print("ready", flush=True)  # noqa: T201
        people, _ = server.accept()
        serve(controller, people, float(rest[0]) / 1_000 if rest else None)


if __name__ == "__main__":
    main()
