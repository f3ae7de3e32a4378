"""A whole contact centre on real switches: the suite's services, agents with telephone and console.

Agents are hired, sign in, are rung and wrap up through the gateway as people do; their telephones
are baresip's. What the suite says of a call is read from its own stream of events.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import asyncpg
import httpx
import nats
from argon2 import PasswordHasher

from deploy.local.demo.agent_socket import AgentSocket
from deploy.local.demo.door import Door
from deploy.local.suite import Suite, SuiteOptions
from deploy.local.wiring import any_ports
from services.chassis.bus import STREAM
from services.chassis.envelope import Envelope, unseal
from tests import nursery
from tests.live import phones, sound
from tests.live.esl import Event
from tests.live.phones import Phone
from tests.live.switch import DOMAIN, LOOPBACK, FreeSwitch, free_ports
from tests.live.waiting import until

PASSWORD = "on the live floor"
CALLER_HZ, AGENT_HZ = 440, 880
MAIN_LINE = "10050"
"""The suite's own flow: greeting, menu, queue, survey."""
DIRECT, BRISK = "10051", "10052"
"""Straight into a queue; in the second an agent is rung for `BRISK_RING_S` only."""
DIRECTORY_SECRET = "live-switch-and-gateway"
QUEUES = ("sales", "support", "brisk")
RING_S, BRISK_RING_S = 30, 3
PUSH_S = 15
HEAR_S = 10
RECORDED_BYTES = 50_000
"""A second and a half, both sides."""
SETTLE_S = 20

FLOW = """
flow: {name}
version: 1
title: {name}
language: en
numbers: ["{number}"]
start: waiting
nodes:
  waiting:
    type: queue
    queue: {queue}
    max_wait_s: 300
    next: survey
    on: {{max_wait: bye, full: bye, unavailable: bye}}
  survey: {{type: survey, prompts: [survey], highest: 5, attempts: 1, timeout_s: 2, next: bye}}
  bye: {{type: hang_up, prompts: [goodbye]}}
"""

Data = dict[str, Any]


@dataclass
class Agent:
    """A person with a telephone (`phone`) and the console's socket (`desk`)."""

    agent_id: str
    phone: Phone
    door: Door
    pushes: list[tuple[str, Data]] = field(default_factory=list)
    state: Data = field(default_factory=dict)
    desk: AgentSocket = field(init=False)

    def heard(self, kind: str, data: Data) -> None:
        self.pushes.append((kind, data))
        if kind in ("welcome", "state"):
            self.state = (data.get("state") or data).get("agent") or {}
        elif kind == "agent":
            self.state = data

    async def pushed(self, kind: str, *, within_s: float = PUSH_S, **wanted: Any) -> Data:
        """The oldest push of that kind, and with those fields, not yet taken."""

        async def find() -> tuple[str, Data] | None:
            for push in self.pushes:
                if push[0] == kind and all(push[1].get(name) == value for name, value in wanted.items()):
                    return push
            return None

        what = f"{kind} {wanted} to {self.agent_id}"
        try:
            found = await until(find, within_s=within_s, what=what)
        except TimeoutError as late:
            raise TimeoutError(f"{late}; pushed were {self.pushes}") from None
        self.pushes.remove(found)
        return found[1]

    async def does(self, command: str, **data: Any) -> Data:
        reply = await self.desk.command(command, **data)
        assert reply is not None, f"no reply to {command}"
        assert reply["ok"], reply
        answer: Data = reply["data"]
        return answer

    async def is_(self, routing_status: str, *, within_s: float = PUSH_S) -> None:
        async def look() -> bool:
            return self.state.get("routing_status") == routing_status

        what = f"{self.agent_id} {routing_status}; is {self.state}"
        await until(look, within_s=within_s, what=what)

    async def picks_up(self) -> Data:
        """Answers on the telephone; gives what the console then says."""
        await self.phone.answer()
        return await self.pushed("answered")


@dataclass
class Centre:
    suite: Suite
    switches: Sequence[FreeSwitch]
    client: httpx.AsyncClient
    admin: Door
    outside_port: int = 0
    """Where the switches look for who is called outside."""
    facts: list[Envelope] = field(default_factory=list)
    """All events of the suite, in the order of the stream."""

    @property
    def switch(self) -> FreeSwitch:
        return self.switches[0]

    # ---- people

    @asynccontextmanager
    async def talk(
        self, number: str, agent: Agent, *, to: str = DIRECT, switch: FreeSwitch | None = None
    ) -> AsyncIterator[Talk]:
        """A caller and an agent who hear each other."""
        async with self.caller(number, to=to, switch=switch) as caller:
            offer = await agent.pushed("offer", from_number=number)
            await agent.picks_up()
            opened = await self.fact("ContactOpened", contactId=offer["contact_id"])
            talk = Talk(caller, agent, offer["contact_id"], opened["call"]["callId"], offer["offer_id"])
            await left_alone(talk, switch or self.switch)
            yield talk

    @asynccontextmanager
    async def agent(
        self,
        extension: str,
        *queues: str,
        tone_hz: int = AGENT_HZ,
        switch: FreeSwitch | None = None,
        registered: bool = True,
    ) -> AsyncIterator[Agent]:
        """Hired for those queues, registered, signed in and ready; goes home at the end."""
        agent_id = f"a{extension}"
        await self.hire(agent_id, extension, queues or QUEUES)
        async with AsyncExitStack() as stack:
            phone = await stack.enter_async_context(
                phones.agent(
                    switch or self.switch,
                    extension,
                    tone_hz=tone_hz,
                    password="" if registered else "wrong",
                )
            )
            if registered:
                await phone.said("REGISTER_OK")
            door = await Door.sign_in(self.client, agent_id, PASSWORD)
            agent = Agent(agent_id, phone, door)
            # Not seeded: ids of commands come from it, and a second sign-in must not repeat the first one's.
            agent.desk = AgentSocket(self.suite.page_url, door, agent.heard, random.Random())
            task = asyncio.create_task(agent.desk.run(), name=agent_id)
            try:
                await agent.does("presence", presence="ready")
                yield agent
            finally:
                await agent.desk.command("presence", presence="offline")
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def hire(self, agent_id: str, extension: str, queues: Sequence[str]) -> None:
        cheap = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
        user = {
            "username": agent_id,
            "name": f"Agent {extension}",
            "role": "agent",
            "agent_id": agent_id,
            "extension": extension,
            "queues": list(queues),
            "password_hash": cheap,
        }
        await self.admin.ask("POST", "/admin/users/import", {"users": [user], "existing": "change"})

    @asynccontextmanager
    async def caller(
        self,
        number: str,
        *,
        to: str = DIRECT,
        tone_hz: int = CALLER_HZ,
        switch: FreeSwitch | None = None,
        name: str = "",
    ) -> AsyncIterator[Phone]:
        """Has been answered by the IVR."""
        place = phones.place_call(switch or self.switch, to, caller=number, tone_hz=tone_hz, name=name)
        async with place as phone:
            await phone.said("CALL_ESTABLISHED")
            yield phone

    @asynccontextmanager
    async def customer(self, number: str, *, tone_hz: int = CALLER_HZ) -> AsyncIterator[Phone]:
        """Can be called over the trunk."""
        async with phones.outside(self.switch, number, self.outside_port, tone_hz=tone_hz) as phone:
            yield phone

    # ---- what the suite says

    async def fact(self, kind: str, *, within_s: float = SETTLE_S, **wanted: Any) -> Data:
        """The first event of that kind, such as ContactEnded, with those fields."""

        async def find() -> Data | None:
            return next(iter(self.all_facts(kind, **wanted)), None)

        return await until(find, within_s=within_s, what=f"{kind} {wanted}")

    def all_facts(self, kind: str, **wanted: Any) -> list[Data]:
        return [
            fact.data
            for fact in self.facts
            if fact.type.endswith(f".{kind}")
            and all(fact.data.get(name) == value for name, value in wanted.items())
        ]

    async def ended(self, contact_id: str, outcome: str) -> Data:
        """The contact's end: told once, and with that outcome."""
        end = await self.fact("ContactEnded", contactId=contact_id)
        assert end["outcome"] == f"OUTCOME_{outcome.upper()}"
        assert len(self.all_facts("ContactEnded", contactId=contact_id)) == 1
        return end

    def told(self) -> str:
        """The last lines of the switch and of each service: what to read first after a failure."""
        logs = sorted((self.suite.options.data_dir / "logs").glob("*.log"))
        last = {log.stem: "\n".join(log.read_text().splitlines()[-15:]) for log in logs}
        return "\n".join(
            f"--- {name}\n{lines}" for name, lines in {**last, "switch": self.switch.tail()}.items()
        )

    async def all_ended_once(self) -> None:
        """Every call there was has come to exactly one end."""

        async def balanced() -> bool:
            opened = sorted(fact["contactId"] for fact in self.all_facts("ContactOpened"))
            ended = sorted(fact["contactId"] for fact in self.all_facts("ContactEnded"))
            return opened == ended

        await until(balanced, within_s=SETTLE_S, what="one end for each contact opened")

    async def rows(self, service: str, query: str, *args: Any) -> list[Data]:
        """Read from a service's own tables."""
        settings = {"switchyard.tenant": "*"}
        connection = await asyncpg.connect(self.suite.dsn(service), server_settings=settings)
        try:
            return [dict(row) for row in await connection.fetch(query, *args)]
        finally:
            await connection.close()

    async def settled(self, service: str, query: str, *args: Any) -> list[Data]:
        """The rows, once there are any: tables follow the events."""

        async def look() -> list[Data]:
            return await self.rows(service, query, *args)

        return await until(look, within_s=SETTLE_S, what=f"rows of {service}: {query} {args}")


@dataclass(frozen=True)
class Talk:
    caller: Phone
    agent: Agent
    contact_id: str
    caller_leg: str
    agent_leg: str


async def hear_each_other(talk: Talk, switch: FreeSwitch) -> None:
    """From now on: what is recorded soon has a tone on either side."""
    deadline = time.monotonic() + HEAR_S
    while silent := await _silent(talk, switch):
        assert time.monotonic() < deadline, f"silent: {silent}"


async def _silent(talk: Talk, switch: FreeSwitch) -> list[str]:
    """Who is not heard in a short recording."""
    path = switch.recordings / f"{uuid4()}.wav"

    async def long_enough() -> bool:
        return path.exists() and path.stat().st_size > RECORDED_BYTES

    async with switch.link("RECORD_STOP") as link:
        # Or the switch would write only every other second.
        await link.api(f"uuid_setvar {talk.caller_leg} enable_file_write_buffering false")
        await link.api(f"uuid_record {talk.caller_leg} start {path}")
        await until(long_enough, within_s=HEAR_S, what="a talk that can be recorded")
        await link.api(f"uuid_record {talk.caller_leg} stop {path}")
        await link.event("RECORD_STOP")
    recorded = sound.read(path)
    sides = {"caller": (0, talk.caller.tone_hz), "agent": (1, talk.agent.phone.tone_hz)}
    return [who for who, side in sides.items() if not recorded.hears(*side)]


async def left_alone(talk: Talk, switch: FreeSwitch) -> None:
    """The IVR has let go of the talk: see the dialplan's execute_on_pre_bridge."""

    async def look() -> bool:
        async with switch.link() as link:
            return await link.api(f"uuid_getvar {talk.caller_leg} socket_resume") == "false"

    await until(look, within_s=HEAR_S, what="talk left alone by the IVR")


def plays(prompt: str) -> Callable[[Event], bool]:
    """For `Link.event`: the switch begins to play this prompt to somebody."""
    return lambda event: (
        event["Event-Name"] == "PLAYBACK_START"
        and f"/{prompt}.wav" in unquote(event.get("Playback-File-Path", ""))
    )


@asynccontextmanager
async def open_centre(
    program: str, folder: Path, certificates: Path, switches: int = 1, *, phones_in_pages: bool = False
) -> AsyncIterator[Centre]:
    """Switches whose IVR is the suite's, and the suite with those switches as its only ones.

    With phones in pages the switches ask the gateway who may register; otherwise only their own files.
    """
    ports = any_ports()
    nobody, outside = free_ports(2)
    asking = {
        "SWITCHYARD_FS_DIRECTORY_URL": f"http://{LOOPBACK}:{ports.gateway}/api/v1/switch/directory",
        "SWITCHYARD_FS_DIRECTORY_SECRET": DIRECTORY_SECRET,
    }
    found = [
        FreeSwitch(
            folder / f"switch-{n}",
            certificates,
            ivr_ports=(ports.ivr_esl, nobody),
            settings=asking if phones_in_pages else {},
        )
        for n in range(1, switches + 1)
    ]
    told = {
        "GATEWAY_PHONE_URL": f"wss://{LOOPBACK}:{found[0].wss_port}",
        "GATEWAY_PHONE_DOMAINS": f"demo={DOMAIN}",
        "GATEWAY_SWITCH_SECRET": DIRECTORY_SECRET,
    }
    async with AsyncExitStack() as stack:
        for switch in found:
            stack.callback(switch.stop)
        await asyncio.gather(*(asyncio.to_thread(switch.start, program) for switch in found))
        options = SuiteOptions(
            data_dir=folder / "suite",
            simulators=0,
            esl_nodes={f"fs{n}": f"{LOOPBACK}:{switch.esl_port}" for n, switch in enumerate(found, 1)},
            esl_password=found[0].esl_password,
            ports=ports,
            start=nursery.start,
            settings={
                "ACD_AGENT_DOMAIN": DOMAIN,
                "ACD_OUTSIDE_ENDPOINT": f"sofia/trunk/{{number}}@{LOOPBACK}:{outside}",
                "ACD_OUTSIDE_PREFIXES": "+86",
                **(told if phones_in_pages else {}),
            },
        )
        suite = await stack.enter_async_context(Suite(options))
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=suite.page_url, timeout=30))
        admin = await Door.sign_in(client, *suite.admin.split(":", 1))
        centre = Centre(suite, found, client, admin, outside)
        await stack.enter_async_context(_listening(centre))
        await _furnish(centre.admin)
        yield centre


async def _furnish(admin: Door) -> None:
    for queue in QUEUES:
        ring_s = BRISK_RING_S if queue == "brisk" else RING_S
        wrap_up_s = 60 if queue == "sales" else 1
        settings = {"title": queue, "ring_timeout_s": ring_s, "wrap_up_s": wrap_up_s, "service_level_s": 20}
        await admin.ask("PUT", f"/admin/queues/{queue}", settings)
    for name, number, queue in (("direct", DIRECT, "support"), ("brisk", BRISK, "brisk")):
        source = FLOW.format(name=name, number=number, queue=queue)
        await admin.ask("POST", "/admin/flows", {"source": source})


@asynccontextmanager
async def _listening(centre: Centre) -> AsyncIterator[None]:
    """The stream itself: what was stored in it, once for each id, and not what somebody tried to."""
    client = await nats.connect(centre.suite.nats.url, connect_timeout=5)

    async def keep(message: Any) -> None:
        centre.facts.append(unseal(message.data))

    try:
        await client.jetstream().subscribe("sy.>", stream=STREAM, cb=keep, ordered_consumer=True)
        yield
    finally:
        await client.close()
