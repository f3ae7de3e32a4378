"""Events and commands through the ESL link, beside a bare socket and orjson with nothing around them.

The switch is a process of its own that repeats what a real one sent (an inbound call, `event json`, 4 kB an
event). Two cores: link and switch share the machine, so ratios are better than figures.

`BENCH_QUICK=1`: a twentieth of the work, for trying the bench itself.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from deploy.local.bench import Row
from services.chassis.esl import EslNode, EslThread, Event, Link, LinkSettings, LinkUp
from services.chassis.esl import commands as fs

QUICK = os.environ.get("BENCH_QUICK") == "1"
EVENTS = 5_000 if QUICK else 100_000
COMMANDS = 500 if QUICK else 10_000
PACED = 200 if QUICK else 4_000
PACE_S = 0.0005  # 2,000 events a second
ROOT = Path(__file__).parents[2]
TRANSCRIPT = ROOT / "tests" / "transcripts" / "esl" / "21-inbound-call-park-json.s2c.bin"
PASSWORD = "bench"
NOBODY = "00000000-0000-4000-8000-000000000000"

GOAL_EVENTS_SHARE = 1 / 3  # of what a bare socket and orjson do; 3,000 calls a minute need 2,500 events/s
GOAL_LATENCY_P99_MS = 10.0  # of the 50 ms that the suite may add to a call's event
GOAL_COMMAND_P99_MS = 10.0


# -- the switch ------------------------------------------------------------------------------------------


def play_switch(sock: socket.socket) -> None:
    """One connection at a time: replies, a burst on `uuid_break`, paced events on `uuid_exists`."""
    while True:
        peer, _ = sock.accept()
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.sendall(b"Content-Type: auth/request\n\n")
        buffer = b""
        while data := peer.recv(65536):
            *commands, buffer = (buffer + data).split(b"\n\n")
            for command in commands:
                obey(peer, command.strip())


def obey(peer: socket.socket, command: bytes) -> None:
    if command.startswith(b"bgapi"):
        job = command.rpartition(b"Job-UUID: ")[2]
        text = b'{"Event-Name":"BACKGROUND_JOB","Job-UUID":"%s","_body":"+OK\\n"}' % job
        peer.sendall(b"Content-Type: command/reply\nReply-Text: +OK\n\n" + event(text))
    elif command.startswith(b"api"):
        peer.sendall(b"Content-Type: api/response\nContent-Length: 4\n\n+OK\n")
        if b"uuid_break" in command:
            burst(peer)
        elif b"uuid_exists" in command:
            paced(peer)
    elif command:
        peer.sendall(b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n")


def burst(peer: socket.socket) -> None:
    texts = recorded()
    whole = b"".join(event(text) for text in texts)
    for _ in range(EVENTS // len(texts)):
        peer.sendall(whole)
    peer.sendall(event(b'{"Event-Name":"SHUTDOWN"}'))


def paced(peer: socket.socket) -> None:
    text = recorded()[0][1:]
    due = time.monotonic()
    for _ in range(PACED):
        due += PACE_S
        while (now := time.monotonic()) < due:
            time.sleep(0.0001)
        peer.sendall(event(b'{"Sent-At":"%.9f",' % now + text))
    peer.sendall(event(b'{"Event-Name":"SHUTDOWN"}'))


def event(text: bytes) -> bytes:
    return b"Content-Length: %d\nContent-Type: text/event-json\n\n%s" % (len(text), text)


def recorded() -> list[bytes]:
    """The JSON of each event of a real call."""
    pieces = TRANSCRIPT.read_bytes().split(b"Content-Type: text/event-json\n\n")[1:]
    return [piece[: piece.rindex(b"}") + 1] for piece in pieces]


@contextmanager
def switch() -> Iterator[int]:
    """The switch in a process of its own; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        command = [sys.executable, "-m", "tests.bench.esl", str(sock.fileno())]
        process = subprocess.Popen(command, pass_fds=[sock.fileno()], cwd=ROOT)
        try:
            yield sock.getsockname()[1]
        finally:
            process.terminate()
            process.wait()


# -- the floor: a bare socket and orjson -----------------------------------------------------------------


class Bare:
    """The least that reads ESL: no errors, no bounds, no other connection, nobody to hand it to."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.head()
        self.ask(f"auth {PASSWORD}")

    def head(self) -> bytes:
        while (at := self.buffer.find(b"\n\n")) < 0:
            self.buffer += self.sock.recv(65536)
        head, self.buffer = self.buffer[:at], self.buffer[at + 2 :]
        return head

    def body(self, length: int) -> bytes:
        while len(self.buffer) < length:
            self.buffer += self.sock.recv(65536)
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return body

    def ask(self, command: str) -> None:
        self.sock.sendall(command.encode() + b"\n\n")
        head = self.head()
        if b"Content-Length: " in head:
            self.body(int(head.rpartition(b"Content-Length: ")[2]))

    def events(self) -> Iterator[tuple[float, dict[str, str]]]:
        """Until the switch says that these were all."""
        buffer, sock = self.buffer, self.sock
        while True:
            at = 0
            arrived = time.monotonic()
            while (end := buffer.find(b"\n\n", at)) >= 0:
                length = int(buffer[at + 16 : buffer.index(b"\n", at)])
                if end + 2 + length > len(buffer):
                    break
                one = orjson.loads(buffer[end + 2 : end + 2 + length])
                if one["Event-Name"] == "SHUTDOWN":
                    return
                yield arrived, one
                at = end + 2 + length
            buffer = buffer[at:] + sock.recv(65536)


def floor(port: int) -> dict[str, float]:
    bare = Bare(port)
    times = []
    for _ in range(COMMANDS):
        started = time.perf_counter()
        bare.ask("api status")
        times.append(time.perf_counter() - started)
    bare.ask(f"api uuid_exists {NOBODY}")
    late = [arrived - float(one["Sent-At"]) for arrived, one in bare.events()]
    bare.ask(f"api uuid_break {NOBODY}")
    started = time.perf_counter()
    count = sum(1 for _ in bare.events())
    speed = count / (time.perf_counter() - started)
    bare.sock.close()
    return figures(times, late, speed)


# -- the link --------------------------------------------------------------------------------------------


async def through_the_link(port: int) -> dict[str, float]:
    thread = EslThread("bench")
    thread.start()
    settings = LinkSettings(tickle_interval_ms=0, event_limit=EVENTS + 1)
    node = EslNode("bench", "127.0.0.1", port, PASSWORD)
    link = Link(thread, node, events=["SHUTDOWN"], settings=settings)
    await link.start()
    stream = link.stream()
    while not isinstance(await anext(stream), LinkUp):
        pass
    times = []
    for _ in range(COMMANDS):
        started = time.perf_counter()
        await link.api(fs.status())
        times.append(time.perf_counter() - started)
    await link.api(fs.uuid_exists(NOBODY))
    late = []
    async for one in stream:
        if not isinstance(one, Event) or one.name == "SHUTDOWN":
            break
        late.append(time.monotonic() - float(one.get("Sent-At")))
    await link.api(fs.uuid_break(NOBODY))
    started, count = time.perf_counter(), 0
    async for one in stream:
        if not isinstance(one, Event) or one.name == "SHUTDOWN":
            break
        count += 1
    speed = count / (time.perf_counter() - started)
    await link.stop()
    await thread.stop()
    return figures(times, late, speed)


# -- the rows --------------------------------------------------------------------------------------------


def figures(times: list[float], late: list[float], speed: float) -> dict[str, float]:
    return {
        "command_p50": quantile(times, 0.5) * 1000,
        "command_p99": quantile(times, 0.99) * 1000,
        "latency_p50": quantile(late, 0.5) * 1000,
        "latency_p99": quantile(late, 0.99) * 1000,
        "speed": speed,
    }


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main() -> list[Row]:
    """Floor and link against the same switch, one after the other."""
    with switch() as port:
        bare = floor(port)
        ours = asyncio.run(through_the_link(port))
    speed, least, goal = ours["speed"], bare["speed"], bare["speed"] * GOAL_EVENTS_SHARE
    rows = [Row("esl_events", speed, "events/s", least, speed / least, goal, speed >= goal)]
    for name, label, limit in (
        ("latency_p50", "esl_event_to_consumer_p50", None),
        ("latency_p99", "esl_event_to_consumer_p99", GOAL_LATENCY_P99_MS),
        ("command_p50", "esl_command_round_trip_p50", None),
        ("command_p99", "esl_command_round_trip_p99", GOAL_COMMAND_P99_MS),
    ):
        value, least = ours[name], bare[name]
        ok = None if limit is None else value <= limit
        rows.append(Row(label, value, "ms", least, value / least, limit, ok))
    return rows


if __name__ == "__main__":
    play_switch(socket.socket(fileno=int(sys.argv[1])))
