"""What a call costs the gateway with 800 agents signed in: CPU of its process, and how late a push is.

The gateway runs as a process of its own; agents, the ACD and the other services are played by this one,
on the same machine. The floor of a push is the same event heard straight from NATS.

`BENCH_QUICK=1`: 40 agents and 3 seconds, for trying the bench itself.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import orjson
from websockets.asyncio.client import ClientConnection, connect

from deploy.local.bench import Row
from deploy.local.migrate import migrations_of
from deploy.local.nats import Nats
from deploy.local.postgres import Postgres, role
from services.chassis import migrations
from services.chassis.bus import Bus
from services.chassis.envelope import Envelope
from services.gateway.config import GatewayConfig
from services.gateway.service.passwords import Passwords
from services.stubs.acd.v1 import events_pb2
from tests.integration.gateway.gateway_fakes import Fakes

QUICK = os.environ.get("BENCH_QUICK") == "1"
AGENTS = 40 if QUICK else 800
SECONDS = 3.0 if QUICK else 20.0
CALLS_PER_S = 10 if QUICK else 50
GOAL_CPU_MS = 6.0
PASSWORD = "a good password"
SECRET = "0123456789abcdef0123456789abcdef"


def main() -> list[Row]:
    """Everything in a folder of its own, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="switchyard-bench-"))
    folder.chmod(0o755)  # PostgreSQL may have to run as nobody
    try:
        return asyncio.run(measure(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def measure(folder: Path) -> list[Row]:
    async with AsyncExitStack() as stack:
        postgres = await stack.enter_async_context(Postgres(folder / "pg"))
        nats = await stack.enter_async_context(Nats(folder / "nats"))
        await postgres.ensure_database("bench")
        dsn = postgres.dsn("bench", role("gateway"))
        await migrations.migrate(dsn, "gateway", migrations_of("gateway"))
        fakes = Fakes()
        await fakes.start()
        stack.push_async_callback(fakes.stop)
        news = Bus(nats.url, service="acd")
        await news.start()
        stack.push_async_callback(news.stop)
        process, port = await start_gateway(dsn, nats.url, fakes)
        try:
            return await Floor(process.pid, port, news, fakes).rows()
        finally:
            process.terminate()
            await process.wait()


async def start_gateway(dsn: str, nats_url: str, fakes: Fakes) -> tuple[Any, int]:
    """The role as it is deployed, with a password hash that costs nothing: hashing is not the question."""
    settings = {
        "DATABASE_URL": dsn,
        "NATS_URL": nats_url,
        "GATEWAY_LISTEN": "127.0.0.1:0",
        "GATEWAY_TOKEN_SECRET": SECRET,
        "GATEWAY_ARGON2_MEMORY_KIB": "64",
        "GATEWAY_ARGON2_PASSES": "1",
        "GATEWAY_BOOTSTRAP_ADMIN": f"root:{PASSWORD}",
        **{f"{name.upper()}_ADDRESS": f"127.0.0.1:{port}" for name, port in fakes.ports.items()},
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.gateway",
        env=os.environ | {f"SWITCHYARD_{name}": value for name, value in settings.items()},
        stderr=asyncio.subprocess.PIPE,
        limit=1024 * 1024,
    )
    async with asyncio.timeout(30):
        while True:
            line = await process.stderr.readline() if process.stderr else b""
            if not line:
                sys.exit("the gateway did not start")
            if (found := re.search(rb'"http_port":(\d+)', line)) is not None:
                break
    process_log = asyncio.create_task(drain(process.stderr))
    process_log.add_done_callback(lambda _: None)
    return process, int(found[1])


async def drain(stream: asyncio.StreamReader | None) -> None:
    while stream is not None and await stream.read(65_536):
        pass


class Agent:
    """One screen: answers each offer, wraps up each call, and notes when things arrived."""

    def __init__(self, agent_id: str, connection: ClientConnection) -> None:
        self.agent_id = agent_id
        self._connection = connection
        self.arrived: dict[tuple[str, str], float] = {}
        self._reply: asyncio.Future[Any] | None = None

    async def read(self) -> None:
        async for text in self._connection:
            message = orjson.loads(text)
            if message["type"] == "reply":
                if self._reply is not None and not self._reply.done():
                    self._reply.set_result(message)
            elif contact_id := message["data"].get("contact_id"):
                self.arrived[message["type"], contact_id] = time.perf_counter()

    async def command(self, kind: str, contact_id: str, **data: Any) -> None:
        self._reply = asyncio.get_running_loop().create_future()
        command = {"type": kind, "id": f"{kind}-{contact_id}", "data": {"contact_id": contact_id} | data}
        await self._connection.send(json.dumps(command))
        async with asyncio.timeout(10):
            reply = await self._reply
        if not reply["ok"]:
            sys.exit(f"the bench is wrong: {reply['error']}")


class Floor:
    """The call-centre floor: its agents, and the calls that reach them."""

    def __init__(self, pid: int, port: int, news: Bus, fakes: Fakes) -> None:
        self._proc = Path(f"/proc/{pid}")
        self._port = port
        self._news = news
        self._fakes = fakes
        self._agents: list[Agent] = []
        self._readers: list[asyncio.Task[None]] = []
        self._sent: dict[str, float] = {}
        self._heard: dict[str, float] = {}

    def _cpu_s(self) -> float:
        fields = (self._proc / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _memory_mib(self) -> float:
        pages = int((self._proc / "statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def _note_heard(self, event: Envelope) -> None:
        self._heard.setdefault(event.subject, time.perf_counter())

    async def rows(self) -> list[Row]:
        await self._news.listen(["sy.demo.acd.contact.offered"], self._note_heard)
        started_s, began = self._cpu_s(), time.perf_counter()
        await self._open_screens()
        sign_in_ms = (self._cpu_s() - started_s) * 1000 / AGENTS
        opened_s = time.perf_counter() - began
        idle_s, began = self._cpu_s(), time.perf_counter()
        await asyncio.sleep(SECONDS / 4)
        idle = (self._cpu_s() - idle_s) / (time.perf_counter() - began)
        busy_s, began = self._cpu_s(), time.perf_counter()
        calls = await self._run_calls()
        took_s = time.perf_counter() - began
        busy_ms = (self._cpu_s() - busy_s - idle * took_s) * 1000 / calls
        for task in self._readers:
            task.cancel()
        return self._report(calls / took_s, busy_ms, idle, sign_in_ms, opened_s)

    def _report(
        self, rate: float, busy_ms: float, idle: float, sign_in_ms: float, opened_s: float
    ) -> list[Row]:
        offers = [
            a.arrived[key] - self._sent[key[1]]
            for a in self._agents
            for key in a.arrived
            if key[0] == "offer"
        ]
        pops = [
            a.arrived[key] - a.arrived["offer", key[1]]
            for a in self._agents
            for key in a.arrived
            if key[0] == "pop"
        ]
        floor = [at - self._sent[contact] for contact, at in self._heard.items() if contact in self._sent]
        return [
            Row("cpu_per_call", round(busy_ms, 2), "ms", goal=GOAL_CPU_MS, ok=busy_ms <= GOAL_CPU_MS),
            Row("calls_per_second", round(rate, 1), "1/s"),
            latency("offer_push_p50", offers, 0.50, floor),
            latency("offer_push_p99", offers, 0.99, floor),
            latency("pop_after_offer_p50", pops, 0.50, None),
            latency("pop_after_offer_p99", pops, 0.99, None),
            Row("cpu_idle", round(idle * 100, 2), "% of a core"),
            Row("cpu_per_sign_in_and_hello", round(sign_in_ms, 2), "ms"),
            Row("all_signed_in_after", round(opened_s, 1), "s"),
            Row("memory", round(self._memory_mib(), 1), "MiB"),
            Row("agents", AGENTS, "sockets"),
        ]

    async def _open_screens(self) -> None:
        base = f"http://127.0.0.1:{self._port}/api/v1"
        async with httpx.AsyncClient(base_url=base, timeout=60, trust_env=False) as http:
            root = await http.post("/session", json={"username": "root", "password": PASSWORD})
            hashed = await quick_hash()
            users = [
                {
                    "username": f"agent{n}",
                    "name": f"Agent {n}",
                    "role": "agent",
                    "agent_id": f"a{n}",
                    "password_hash": hashed,
                    "queues": ["sales"],
                }
                for n in range(AGENTS)
            ]
            headers = {"Authorization": f"Bearer {root.json()['access_token']}"}
            done = await http.post("/admin/users/import", json={"users": users}, headers=headers)
            done.raise_for_status()
            limit = asyncio.Semaphore(20)

            async def one(number: int) -> None:
                async with limit:
                    self._agents.append(await self._screen(http, number))

            await asyncio.gather(*(one(number) for number in range(AGENTS)))

    async def _screen(self, http: httpx.AsyncClient, number: int) -> Agent:
        body = {"username": f"agent{number}", "password": PASSWORD}
        answer = await http.post("/session", json=body)
        answer.raise_for_status()
        address = f"ws://127.0.0.1:{self._port}/api/v1/agent/socket"
        connection = await connect(address, open_timeout=30, ping_interval=None, compression=None)
        token = answer.json()["access_token"]
        await connection.send(json.dumps({"type": "hello", "token": token}))
        await connection.recv()
        agent = Agent(f"a{number}", connection)
        self._readers.append(asyncio.create_task(agent.read()))
        return agent

    # ---------------------------------------------------------------- calls

    async def _run_calls(self) -> int:
        calls: list[asyncio.Task[None]] = []
        loop = asyncio.get_running_loop()
        due = loop.time()
        for number in range(int(SECONDS * CALLS_PER_S)):
            due += 1 / CALLS_PER_S
            await asyncio.sleep(max(0.0, due - loop.time()))
            agent = self._agents[number % AGENTS]
            calls.append(asyncio.create_task(self._call(agent, f"k-{number}", number % 2 == 0)))
        await asyncio.gather(*calls)
        return len(calls)

    async def _call(self, agent: Agent, contact_id: str, work_order: bool) -> None:
        """What one call does to the gateway: nine events, three commands, every second a work order."""
        one: dict[str, Any] = {"contact_id": contact_id, "agent_id": agent.agent_id}
        self._state(agent, contact_id, events_pb2.ROUTING_STATUS_OFFERED)
        self._sent[contact_id] = time.perf_counter()
        self._tell(
            events_pb2.ContactOffered(
                **one,
                offer_id=f"o-{contact_id}",
                queue="sales",
                from_number="+8613800000001",
                to_number="10050",
            )
        )
        await asyncio.sleep(0.5)
        await agent.command("answer", contact_id, offer_id=f"o-{contact_id}")
        self._tell(events_pb2.ContactAnswered(**one, offer_id=f"o-{contact_id}", queue="sales"))
        self._state(agent, contact_id, events_pb2.ROUTING_STATUS_CONNECTED)
        await asyncio.sleep(0.5)
        await agent.command("hangup", contact_id)
        self._tell(events_pb2.ContactReleased(**one, queue="sales", talk_ms=500))
        self._state(agent, contact_id, events_pb2.ROUTING_STATUS_WRAP_UP)
        order = {"work_order": {"type": "fault", "title": "No dial tone"}} if work_order else {}
        await agent.command("wrap_up", contact_id, disposition="resolved", **order)
        self._tell(events_pb2.ContactWrappedUp(**one, wrap_up_ms=10))
        self._state(agent, "", events_pb2.ROUTING_STATUS_IDLE)

    def _state(self, agent: Agent, contact_id: str, status: Any) -> None:
        self._tell(
            events_pb2.AgentStateChanged(
                agent_id=agent.agent_id,
                presence=events_pb2.PRESENCE_READY,
                routing_status=status,
                contact_id=contact_id,
            )
        )

    def _tell(self, event: Any) -> None:
        self._news.offer(event, "demo")


async def quick_hash() -> str:
    config = GatewayConfig(
        gateway_token_secret=SECRET,  # type: ignore[arg-type]
        gateway_argon2_memory_kib=64,
        gateway_argon2_passes=1,
    )
    passwords = Passwords(config)
    hashed = await passwords.hash(PASSWORD)
    passwords.close()
    return hashed


def latency(name: str, times_s: Sequence[float], share: float, floor_s: Sequence[float] | None) -> Row:
    value = quantile(times_s, share)
    least = quantile(floor_s, share) if floor_s else None
    ratio = round(value / least, 2) if least else None
    return Row(name, round(value, 2), "ms", floor=round(least, 2) if least else None, ratio=ratio)


def quantile(times_s: Sequence[float], share: float) -> float:
    ordered = sorted(times_s)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000
