"""The simulated switch: full calls a second and processor time per call, with two subscribers.

A full call is: a caller arrives, a controller answers it over an outbound socket and plays a prompt, the
caller keys, an agent is originated, answers, both are bridged, the agent hangs up, the caller comes back
into a second outbound socket and is hung up. One inbound connection hears every channel's life in JSON,
the controller hears its own channel's.

    ./switchyard bench simulator [--calls 1000] [--rate 100]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import orjson
import uvloop

from deploy.local.bench import Row

GOAL_MS_PER_CALL = 4.0
GOAL_CALLS_PER_S = 100.0
_EVENTS = (
    "CHANNEL_CREATE CHANNEL_ANSWER CHANNEL_PARK CHANNEL_BRIDGE CHANNEL_UNBRIDGE CHANNEL_HANGUP "
    "CHANNEL_HANGUP_COMPLETE CHANNEL_PROGRESS CHANNEL_HOLD CHANNEL_UNHOLD BACKGROUND_JOB HEARTBEAT"
)


class Messages(asyncio.Protocol):
    """Frames as cheaply as possible: the driver must not be what is measured."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.buffer = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance

    def say(self, *lines: str) -> None:
        self.transport.write(("\n".join(lines) + "\n\n").encode())

    def data_received(self, data: bytes) -> None:
        buffer = self.buffer + data
        while (end := buffer.find(b"\n\n")) >= 0:
            head = buffer[:end]
            at = head.find(b"Content-Length: ")
            length = 0
            if at >= 0 and not head.startswith(b"Event-Name"):
                length = int(head[at + 16 :].split(b"\n", 1)[0])
            if len(buffer) < end + 2 + length:
                break
            body = buffer[end + 2 : end + 2 + length]
            buffer = buffer[end + 2 + length :]
            self.message(head, body)
        self.buffer = buffer

    def message(self, head: bytes, body: bytes) -> None:
        raise NotImplementedError


class Control(Messages):
    """The ACD's part: hears all, originates, bridges."""

    def message(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"Content-Type: auth/request"):
            self.say("auth ClueCon")
            self.say(f"event json {_EVENTS}")
            self.say('api sim phone 1001 {"mode":"auto_answer","answer_after_ms":20}')
            self.bench.ready.set()
        elif b'"BACKGROUND_JOB"' in body:
            self.bench.job(json.loads(body))
        elif b"text/event-json" in head:
            self.bench.events += 1
            if b'"Event-Name":"CHANNEL_HANGUP_COMPLETE"' in body and b'"variable_sy_leg":"caller"' in body:
                self.bench.finished()


class Flow(Messages):
    """The IVR's part: one outbound socket."""

    uuid = ""
    second = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.say("connect")

    def message(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"Event-Name"):
            self._begin(head)
        elif b'"Event-Name":"DTMF"' in body:
            self.bench.originate(self.uuid)
        elif b'"Application-Data":"socket_resume=false"' in body and b"_COMPLETE" in body[:60]:
            self.transport.close()  # from here on that is harmless to the bridge

    def _begin(self, head: bytes) -> None:
        self.uuid = head.split(b"\nUnique-ID: ", 1)[1].split(b"\n", 1)[0].decode()
        self.second = b"Caller-Destination-Number: ivr\n" in head
        self.say("linger 2")
        self.say("myevents json")
        if self.second:
            self.say("sendmsg", "call-command: hangup", "hangup-cause: NORMAL_CLEARING")
            return
        self.say("event json PLAYBACK_START PLAYBACK_STOP")
        self.say("sendmsg", "call-command: execute", "execute-app-name: answer")
        play = ("call-command: execute", "execute-app-name: playback")
        self.say("sendmsg", *play, "execute-app-arg: tone_stream://%(2000,0,440)", "event-lock: true")


class Bench:
    """Drives a simulator in its own process and counts."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self.events = 0
        self.done = 0
        self.wanted = 0
        self.all_done = asyncio.Event()
        self.control: Control

    def arrive(self) -> None:
        keys = [{"when": "playback", "nth": 1, "after_ms": 30, "digits": "1"}]
        spec = {"from": "+8613800001111", "to": "10050", "name": "Wang Fang", "keys": keys}
        self.control.say(f"api sim call {json.dumps(spec)}")

    def originate(self, caller: str) -> None:
        variables = f"sy_leg=agent,sy_agent_id=1001,originate_timeout=10,x_caller={caller}"
        self.control.say(f"bgapi originate {{{variables}}}user/1001 &park()", f"Job-UUID: {caller}")

    def job(self, event: dict[str, Any]) -> None:
        agent = event["_body"].removeprefix("+OK ").strip()
        self.control.say(f"api uuid_bridge {event['Job-UUID']} {agent}")
        asyncio.get_running_loop().call_later(0.1, self.control.say, f"api uuid_kill {agent}")

    def finished(self) -> None:
        self.done += 1
        if self.done == self.wanted:
            self.all_done.set()


def processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure(calls: int, rate: float) -> dict[str, float]:
    bench = Bench()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Flow(bench), "127.0.0.1", 0)
    ivr = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "freeswitch.simulator", "--esl-listen", "127.0.0.1:0", "--ivr", ivr),
        stdout=asyncio.subprocess.PIPE,
    )
    assert child.stdout is not None
    port = json.loads(await child.stdout.readline())["esl_port"]
    _, control = await loop.create_connection(lambda: Control(bench), "127.0.0.1", port)
    bench.control = control
    await bench.ready.wait()
    try:
        return await _run(bench, child.pid, calls, rate)
    finally:
        control.transport.close()
        child.terminate()
        await child.wait()
        server.close()


def writing_ms(events: int = 45, headers: int = 110) -> float:
    """The floor: processor time of only writing a call's events as JSON, on this machine, now."""
    event = {f"variable_number_{place}": f"some value {place}" for place in range(headers)}
    best = float("inf")
    for _ in range(20):
        began = time.process_time()
        for place in range(events):
            event["Event-Sequence"] = str(place)
            b"Content-Length: %d\n\n%s" % (headers, orjson.dumps(event))
        best = min(best, time.process_time() - began)
    return best * 1_000


async def _run(bench: Bench, pid: int, calls: int, rate: float) -> dict[str, float]:
    bench.wanted = calls
    used, began = processor_s(pid), time.monotonic()
    for place in range(calls):
        ahead = began + place / rate - time.monotonic()
        if ahead > 0:
            await asyncio.sleep(ahead)
        bench.arrive()
    async with asyncio.timeout(60 + calls / rate):
        await bench.all_done.wait()
    wall = time.monotonic() - began
    cpu = processor_s(pid) - used
    return {"calls_per_s": calls / wall, "cpu_ms": cpu / calls * 1_000, "events": bench.events / calls}


def rows(found: dict[str, float], rate: float) -> list[dict[str, Any]]:
    """The house's bench rows."""
    cpu, speed = found["cpu_ms"], found["calls_per_s"]
    floor = writing_ms()
    return [
        {
            "name": "simulator_cpu_per_call",
            "value": round(cpu, 2),
            "unit": "ms",
            "floor": round(floor, 3),
            "ratio": round(cpu / floor, 1),
            "goal": GOAL_MS_PER_CALL,
            "ok": cpu <= GOAL_MS_PER_CALL,
        },
        {
            "name": "simulator_calls_one_core",
            "value": round(1_000 / cpu, 1),
            "unit": "calls/s of processor time",
            "floor": None,
            "ratio": None,
            "goal": GOAL_CALLS_PER_S,
            "ok": 1_000 / cpu >= GOAL_CALLS_PER_S,
        },
        {
            "name": "simulator_calls_held",
            "value": round(speed, 1),
            "unit": f"calls/s of {rate:g} offered, driver included",
            "floor": rate,
            "ratio": round(speed / rate, 2),
            "goal": None,
            "ok": True,
        },
    ]


def main(options: Sequence[str]) -> list[Row]:
    parser = argparse.ArgumentParser(prog="./switchyard bench simulator")
    parser.add_argument("--calls", type=int, default=1_000)
    parser.add_argument("--rate", type=float, default=100.0, help="calls a second")
    given = parser.parse_args(options)
    found = uvloop.run(measure(given.calls, given.rate))
    events = Row("simulator_events_of_a_call", round(found["events"]), "on the shared connection")
    return [*(Row(**row) for row in rows(found, given.rate)), events]
