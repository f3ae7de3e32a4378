"""Two ACDs as processes of their own, a switch, callers in an IVR's hands, agents with telephones.

The ACDs can be killed, stopped and continued; NATS and PostgreSQL can be taken away. The callers are held by
the IVR's own code, so they come back as they do in life.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson

from deploy.local.nats import Nats
from deploy.local.ports import answers_ready, free_ports
from deploy.local.processes import Child, Program
from deploy.local.suite import python_path
from freeswitch.simulator.config import Settings
from freeswitch.simulator.node import Simulator
from freeswitch.simulator.people import CallSpec, Phone
from services.chassis import tenant
from services.chassis.bus import Bus
from services.chassis.clock import to_ms
from services.chassis.envelope import Envelope
from services.chassis.errors import NotFound, Unavailable
from services.chassis.ids import new_id
from services.chassis.rpc import Client
from services.ivr.api import Acd
from services.ivr.domain.calls import Contact
from services.ivr.engine import commands as do
from services.ivr.engine import events as on
from services.ivr.service.queueing import Queueing
from services.stubs.acd.v1 import acd_pb2 as pb
from services.stubs.acd.v1 import acd_pb2_grpc as grpc
from services.stubs.acd.v1 import events_pb2 as ev
from tests import nursery
from tests.system.acd.cable import Cable
from tests.system.acd.witness import Witness

TENANT = "demo"
PATIENCE_S = 40.0
ASK_AGAIN_S = 0.25
ASKED_AT_ONCE = 50
TALKS = {"mode": "auto_answer", "answer_after_ms": 10}
LOOKS = ("status", "show ", "global_getvar", "uuid_exists", "uuid_dump")


async def until(holds: Callable[[], Any], what: str, within_s: float = PATIENCE_S) -> Any:
    """Waits for a condition, which may be asynchronous; gives what it gave."""
    deadline = time.monotonic() + within_s
    while True:
        found = holds()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        assert time.monotonic() < deadline, f"did not come within {within_s} s: {what}"
        await asyncio.sleep(0.01)


@dataclass(eq=False)
class Waiter:
    """A caller in the queue, in the IVR's hands."""

    pair: Pair
    switch: Simulator
    contact: Contact
    wish: do.Enqueue
    answers: list[on.Event] = field(default_factory=list)
    lost: int = 0

    def tell(self, event: on.Event) -> None:
        self.answers.append(event)
        self.lost += isinstance(event, on.QueueLost)

    def enqueue_again(self) -> None:
        if self.here and not self.talks:  # the IVR lets go of whom it sees bridged
            self.pair.background(self.enqueue())

    async def enqueue(self) -> None:
        """As the flow does: an ACD that does not answer is asked again."""
        while True:
            answer = await self.pair.queueing.enqueue(self.contact, self.wish)
            self.answers.append(answer)
            if not (isinstance(answer, on.Refused) and answer.reason == "unavailable"):
                return
            await asyncio.sleep(ASK_AGAIN_S)

    @property
    def placed(self) -> on.Placed | None:
        last = self.answers[-1] if self.answers else None
        return last if isinstance(last, on.Placed) else None

    @property
    def here(self) -> bool:
        stopped = self.switch.stopped
        return self.contact.call_id in self.switch.channels and stopped is not None and not stopped.done()

    @property
    def talks(self) -> bool:
        return self.here and bool(self.switch.channels[self.contact.call_id].get("signal_bond"))


class Pair:
    """What a scenario holds."""

    def __init__(self, switches: list[Simulator], nats: Nats, settings: dict[str, str], folder: Path) -> None:
        self.switches = switches
        self.witness = Witness(switches)
        self.nats = nats
        self.settings = settings
        self.folder = folder
        self.acds: dict[str, Child] = {}
        self.ports: dict[str, tuple[int, int]] = {}
        self.cable = Cable(nats.port)
        """What acd1 reaches NATS by."""
        self.waiters: list[Waiter] = []
        self.phones: dict[str, Phone] = {}
        self.http = httpx.AsyncClient(verify=False, trust_env=False)  # noqa: S501 (plain HTTP on this machine)
        self.queueing: Queueing
        self.client: Client[Any]
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def switch(self) -> Simulator:
        """The first, where there are several."""
        return self.switches[0]

    # ------------------------------------------------------------ processes

    async def start(self, name: str) -> None:
        rpc, ops = self.ports[name]
        own = {"GRPC_LISTEN": f"127.0.0.1:{rpc}", "OPS_LISTEN": f"127.0.0.1:{ops}"}
        if name == "acd1":
            own["NATS_URL"] = f"nats://127.0.0.1:{self.cable.port}"
        env = {f"SWITCHYARD_{key}": value for key, value in (self.settings | own).items()}

        async def ready(_: Child) -> bool:
            return await answers_ready("127.0.0.1", ops)

        command = [sys.executable, "-m", "services.acd"]
        child = Child(
            Program(name, command, env=env | python_path(), ready=ready, start=nursery.start),
            self.folder / f"{name}.log",
        )
        await child.start()
        self.acds[name] = child
        await child.until_ready()

    async def role(self, name: str) -> str:
        if not self.acds[name].running:
            return "dead"
        try:
            return str(orjson.loads(await self.look(name, "/readyz", within_s=1.0))["role"]["all"])
        except httpx.HTTPError:
            return "silent"

    async def becomes(self, name: str, role: str = "owner") -> None:
        async def is_it() -> bool:
            return await self.role(name) == role

        await until(is_it, f"{name} becomes {role}")

    def kill(self, name: str, signum: int = signal.SIGKILL) -> int:
        """Gives the moment, in microseconds as the switch counts them."""
        self.acds[name].kill(signum)
        return time.time_ns() // 1000

    async def killed(self, name: str) -> int:
        at = self.kill(name)
        await self.acds[name].exited()
        return at

    async def look(self, name: str, path: str, *, within_s: float = 5.0) -> str:
        """A page of the ACD's own port. Asked a hundred times a second, so by one client."""
        return (await self.http.get(f"http://127.0.0.1:{self.ports[name][1]}{path}", timeout=within_s)).text

    async def metric(self, name: str, metric: str) -> float:
        text = await self.look(name, "/metrics")
        lines = (line.rpartition(" ") for line in text.splitlines() if line.startswith(metric))
        return sum(float(value) for _, _, value in lines)

    # ------------------------------------------------------------ settings and people

    async def call(self, method: str, request: Any, *, client: Client[Any] | None = None) -> Any:
        """Asks until somebody answers, as everybody does who uses the ACD."""
        use = client or self.client
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return await use.call(getattr(use.stub, method), request, timeout_s=2)
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(0.05)

    async def hire(self, count: int, first: int = 1001, *, queue: str = "sales", **phone: Any) -> list[str]:
        """Agents a1001, …, with telephones that answer."""
        names = [f"a{first + n}" for n in range(count)]
        agents = [
            pb.AgentSettings(agent_id=name, name=name, extension=name[1:], queues=[queue]) for name in names
        ]
        await self.call("PutAgents", pb.PutAgentsRequest(agents=agents))
        for name in names:
            self.phone(name, **phone)
        return names

    def phone(self, agent: str, **how: Any) -> None:
        """How the agent's telephone behaves from the next ring on, whichever switch rings it."""
        self.phones[agent[1:]] = Phone.of(TALKS | how)
        for switch in self.switches:
            switch.people.set_phone(agent[1:], self.phones[agent[1:]])

    async def ready(self, agents: list[str], presence: Any = ev.PRESENCE_READY) -> None:
        for agent in agents:
            request = pb.SetPresenceRequest(request_id=new_id(), agent_id=agent, presence=presence)
            await self.call("SetPresence", request)

    async def states(self) -> dict[str, tuple[int, int, str]]:
        """Every agent: presence, routing status, contact."""
        answer = await self.call("ListAgents", pb.ListAgentsRequest())
        return {a.agent_id: (a.presence, a.routing_status, a.contact.contact_id) for a in answer.agents}

    # ------------------------------------------------------------ callers

    async def arrive(
        self, count: int = 1, *, priority: int = 0, queue: str = "sales", on: int = 0
    ) -> list[Waiter]:
        """Callers, one after the other, in the queue."""
        come = [self._caller(priority, queue, self.switches[on]) for _ in range(count)]
        for waiter in come:
            self.queueing.hold(waiter)
            await waiter.enqueue()
        return come

    def _caller(self, priority: int, queue: str, switch: Simulator) -> Waiter:
        contact_id = new_id()
        spec = {"from": "13800000001", "to": "10050", "variables": {"sy_contact_id": contact_id}}
        call = switch.people.call(CallSpec.of(spec))
        now = datetime.now(UTC)
        contact = Contact(
            contact_id=contact_id,
            tenant=TENANT,
            node=switch.settings.name,
            call_id=call.uuid,
            from_number="13800000001",
            to_number="10050",
            opened_at=now,
        )
        waiter = Waiter(self, switch, contact, do.Enqueue(queue, priority, now))
        self.waiters.append(waiter)
        return waiter

    async def lose(self, which: int) -> None:
        """A switch dies with all its calls."""
        switch = self.switches[which]
        switch.kill()
        assert switch.stopped is not None
        await switch.stopped
        self.witness.lost(switch)

    async def replace(self, which: int, port: int) -> None:
        """It is started again, and knows nothing."""
        self.switches[which] = switch = await open_switch(self.switches[which].settings.name, port)
        self.witness.watch(switch)
        for extension, phone in self.phones.items():
            switch.people.set_phone(extension, phone)

    def cut_links(self) -> None:
        """All ACDs lose their connections to all switches. They may come back at once."""
        for switch in self.switches:
            for link in list(switch.connections):
                link.abort()

    def background(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def hang_up(self, waiter: Waiter) -> None:
        waiter.switch.channels[waiter.contact.call_id].hangup("NORMAL_CLEARING", "caller")

    @property
    def talking(self) -> list[Waiter]:
        return [w for w in self.waiters if w.talks]

    @property
    def waiting(self) -> list[Waiter]:
        return [w for w in self.waiters if w.here and not w.talks]

    async def known(self, waiter: Waiter) -> pb.Contact | None:
        try:
            found: pb.Contact = await self.call(
                "GetContact", pb.GetContactRequest(contact_id=waiter.contact.contact_id)
            )
        except (NotFound, Unavailable):
            return None
        return found

    async def all_wait_again(self) -> None:
        """Each caller who waits on the switch is queued at the present owner, since when they came."""
        waiting = self.waiting
        for start in range(0, len(waiting), ASKED_AT_ONCE):
            await asyncio.gather(*(self._waits_again(w) for w in waiting[start : start + ASKED_AT_ONCE]))

    async def _waits_again(self, waiter: Waiter) -> None:
        async def queued() -> pb.Contact | None:
            found = await self.known(waiter)
            return found if found is not None and found.HasField("enqueued_at") and found.queue else None

        found = await until(queued, f"{waiter.contact.contact_id} waits again")
        assert found.priority == waiter.wish.priority
        assert found.enqueued_at.ToMilliseconds() == to_ms(waiter.wish.enqueued_at)

    # ------------------------------------------------------------ what happened

    def commands(self, since_us: int = 0) -> list[tuple[int, int, str]]:
        """What the switch was told to do: when, by which connection, what. Questions do not count."""
        told = [order for switch in self.switches for order in switch.told if order[0] >= since_us]
        return sorted(order for order in told if not order[2].startswith(LOOKS))

    def connections(self, since_us: int, before_us: int) -> set[int]:
        return {link for at, link, _ in self.switch.told if since_us <= at < before_us}

    async def first_offer(self, since_us: int) -> float:
        """Seconds until the switch was told to ring an agent again."""

        await until(lambda: self.offers(since_us), "an agent is rung again")
        told = next(told for told in self.commands(since_us) if told[2].startswith("originate"))
        return float(told[0] - since_us) / 1e6

    def offers(self, since_us: int = 0) -> list[str]:
        """The commands by which agents were rung."""
        return [text for _, _, text in self.commands(since_us) if text.startswith("originate")]

    async def journal(self) -> list[Envelope]:
        """All events there ever were, in order."""
        bus = Bus(self.nats.url, service="reader")
        await bus.start()
        try:
            return [event async for batch in bus.read([f"sy.{TENANT}.acd.>"], 1) for event in batch]
        finally:
            await bus.stop(0)

    async def all_told(self) -> bool:
        """Whether the journal knows of all who came: what it does not know yet may die with its owner."""
        told = {event.subject for event in await self.journal() if event.type.endswith(".ContactQueued")}
        return {waiter.contact.contact_id for waiter in self.waiters} <= told

    async def everything_ends(self, untold: Sequence[Waiter] = ()) -> list[Envelope]:
        """Agents take all who wait, everybody hangs up; gives the journal, complete but for the `untold`."""
        async with asyncio.timeout(PATIENCE_S * 4):
            while any(waiter.here for waiter in self.waiters):
                states = (await self.states()).values()
                connected = {who for _, routing, who in states if routing == ev.ROUTING_STATUS_CONNECTED}
                for waiter in self.talking:
                    if waiter.contact.contact_id in connected:
                        self.hang_up(waiter)
                await asyncio.sleep(0.02)
        wanted = {waiter.contact.contact_id for waiter in self.waiters if waiter not in untold}
        deadline = time.monotonic() + PATIENCE_S
        while True:
            events = await self.journal()
            ended = {e.subject for e in events if e.type.endswith(".ContactEnded")}
            if wanted <= ended:
                return events
            left = [
                [(e.type.rpartition(".")[2], e.time) for e in events if e.subject == which]
                for which in wanted - ended
            ]
            assert time.monotonic() < deadline, f"contacts never ended: {left}"
            await asyncio.sleep(0.2)

    def check_journal(self, events: list[Envelope], *, unheard: Sequence[Waiter] = ()) -> None:
        """No event lost or doubled: each contact came, spoke once and went; nobody was given away or offered
        twice at a time.

        Of a conversation that ended `unheard`, while there was no owner, only the end is told.
        """
        silent = {waiter.contact.contact_id for waiter in unheard}
        assert len({event.id for event in events}) == len(events), "an event stands twice"
        for kind in ("ContactOpened", "ContactAnswered", "ContactReleased", "ContactEnded"):
            counts = Counter(e.subject for e in events if e.type.endswith(f".{kind}"))
            wrong = {
                waiter.contact.contact_id: counts[waiter.contact.contact_id]
                for waiter in self.waiters
                if counts[waiter.contact.contact_id] != 1
                and not (kind == "ContactReleased" and waiter.contact.contact_id in silent)
            }
            stories = [
                [(e.type.rpartition(".")[2], e.seq, e.data) for e in events if e.subject == which]
                for which in wrong
            ]
            assert not wrong, f"{kind}: {wrong}: {stories[:2]}"
        outcomes = Counter(e.data.get("outcome") for e in events if e.type.endswith(".ContactEnded"))
        assert set(outcomes) == {"OUTCOME_ANSWERED"}, outcomes
        assert self.witness.doubles == [], self.witness.doubles[:5]

    async def stop(self) -> None:
        await self.queueing.stop(0.1)
        for task in list(self._tasks):
            task.cancel()
        for child in self.acds.values():
            await child.stop()
        self.cable.stop()
        await self.client.close()
        await self.http.aclose()
        for switch in self.switches:
            await switch.stop()


async def open_switch(name: str, port: int = 0, show_lag_ms: int = 20) -> Simulator:
    switch = Simulator(Settings(name=name, esl_port=port, show_lag_ms=show_lag_ms))
    switch.dialplan.extra["public", "10050"] = [
        ("set", f"sy_tenant={TENANT}"),
        ("set", "sy_leg=caller"),
        ("set", "hangup_after_bridge=true"),
        ("answer", ""),
        ("park", ""),
    ]
    await switch.start()
    return switch


@asynccontextmanager
async def open_pair(
    database: Any,
    open_dir: Path,
    *,
    acds: Sequence[str] = ("acd1", "acd2"),
    switches: int = 1,
    show_lag_ms: int = 20,
    **more: str,
) -> AsyncIterator[Pair]:
    """All run; acd1 is the owner."""
    nodes = [await open_switch(f"fs{number}", 0, show_lag_ms) for number in range(1, switches + 1)]
    async with Nats(open_dir) as nats:
        settings = {
            "DATABASE_URL": database.dsn("acd"),
            "NATS_URL": nats.url,
            "ESL_NODES": ",".join(f"{node.settings.name}=127.0.0.1:{node.port}" for node in nodes),
            "ESL_PASSWORD": nodes[0].settings.esl_password,
            "ACD_WORD_GRACE_MS": "200",
            "DRAIN_S": "1",
            **more,
        }
        pair = Pair(nodes, nats, settings, open_dir)
        first, second, third, fourth = free_ports(4)  # together, or two of them may be the same
        pair.ports = {"acd1": (first, second), "acd2": (third, fourth)}
        addresses = ",".join(f"127.0.0.1:{rpc}" for rpc, _ in pair.ports.values())
        pair.client = Client(addresses, grpc.AcdStub, service="acd", timeout_s=5)
        acd = Acd(addresses, timeout_s=2.0, holder="ivr1")
        pair.queueing = Queueing(acd, close_patience_s=30, retry_max_s=0.25, background_limit=5_000)
        with tenant.use(TENANT):
            try:
                await pair.cable.start()
                for name in acds:
                    await pair.start(name)
                await pair.call("PutQueue", pb.Queue(name="sales", ring_timeout_s=20))
                yield pair
            except BaseException:
                for name in pair.acds:
                    log = open_dir / f"{name}.log"
                    os.write(2, b"\n".join([b"", name.encode(), *log.read_bytes().splitlines()[-80:]]))
                raise
            finally:
                await pair.stop()
                await acd.close()
