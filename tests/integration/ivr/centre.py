"""A small contact centre around one IVR: simulated switch, fake ACD and CRM, real database and bus."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg

from freeswitch.simulator.channels import Channel
from freeswitch.simulator.config import Settings
from freeswitch.simulator.node import Simulator
from freeswitch.simulator.people import CallSpec, Phone
from services.chassis import db, tenant
from services.chassis.bus import Bus
from services.chassis.envelope import Envelope
from services.chassis.esl import EslNode, EslThread, Link
from services.chassis.esl import commands as fs
from services.chassis.ids import new_id
from services.chassis.process import Stop
from services.chassis.rpc import Client
from services.ivr.__main__ import serve
from services.ivr.config import SOUNDS, IvrConfig
from services.ivr.prompts import Prompts
from services.ivr.service.book import Book
from services.ivr.store import Store
from services.stubs.common.v1 import types_pb2
from services.stubs.ivr.v1 import ivr_pb2_grpc
from tests.integration.ivr.fakes import FakeAcd, FakeCrm


def quick_sounds(folder: Path, prompt_s: float = 0.15, music_s: float = 2.0) -> Path:
    """The suite's recordings by name, each of them over in no time."""
    for path in SOUNDS.glob("*/*.wav"):
        copy = folder / path.parent.name / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(copy), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(bytes(2 * int(8000 * (music_s if copy.stem == "hold" else prompt_s))))
    return folder


class Ivr:
    """The IVR as it is wired in production, in this process."""

    def __init__(self, settings: IvrConfig) -> None:
        self.settings = settings
        self._stop = Stop()
        self._task = asyncio.create_task(serve(settings, self._stop))

    async def ready(self) -> None:
        host, _, port = self.settings.ivr_esl_listen.rpartition(":")
        while True:
            if self._task.done():
                self._task.result()
            try:
                _, writer = await asyncio.open_connection(host, int(port))
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return

    @property
    def stopped(self) -> bool:
        return self._task.done()

    async def stop(self) -> None:
        self._stop.ask("test")
        await self._task


class Centre:
    def __init__(self, dsn: str, nats_url: str, recordings: Path, free_port: Callable[[], int]) -> None:
        self.dsn = dsn
        self.nats_url = nats_url
        self.recordings = recordings
        self.free_port = free_port
        self.ports = [free_port(), free_port()]
        self.acd = FakeAcd()  # type: ignore[abstract]
        self.crm = FakeCrm()  # type: ignore[abstract]
        sockets = "|".join(f"127.0.0.1:{port}" for port in self.ports)
        self.sounds = quick_sounds(recordings / "sounds")
        self.switch = Simulator(Settings(ivr=sockets, recordings=recordings, sounds=(self.sounds,)))
        self.events: list[Envelope] = []
        self.ivrs: list[Ivr] = []
        self._heard: dict[str, list[str]] = {}
        self._bus = Bus(nats_url, service="test")
        self._thread = EslThread("test")
        self.link: Link

    async def start(self) -> None:
        await self.acd.start()
        await self.crm.start()
        await self.switch.start()
        await self._bus.start()
        await self._bus.listen(["sy.*.ivr.>"], self.events.append)
        self._thread.start()
        node = EslNode("fs1", "127.0.0.1", self.switch.port, "ClueCon")
        self.link = Link(self._thread, node, events=["HEARTBEAT"])
        await self.link.start()
        await self.until(lambda: self.link.up)

    async def stop(self) -> None:
        for ivr in self.ivrs:
            await ivr.stop()
        await self.link.stop()
        await self._thread.stop()
        await self.switch.stop()
        await self._bus.stop()
        await self.acd.stop()
        await self.crm.stop()

    def settings(self, place: int = 0, **more: Any) -> IvrConfig:
        return IvrConfig(
            database_url=self.dsn,  # type: ignore[arg-type]
            nats_url=self.nats_url,
            grpc_listen=f"127.0.0.1:{self.free_port()}",
            ivr_esl_listen=f"127.0.0.1:{self.ports[place]}",
            acd_address=f"127.0.0.1:{self.acd.port}",
            crm_address=f"127.0.0.1:{self.crm.port}",
            ivr_recordings_dir=self.recordings,
            ivr_sounds_dir=self.sounds,
            drain_s=0.2,
            **more,
        )

    async def ivr(self, place: int = 0, **more: Any) -> Ivr:
        ivr = Ivr(self.settings(place, **more))
        self.ivrs.append(ivr)
        await ivr.ready()
        return ivr

    async def publish(self, source: str, slug: str = "demo") -> None:
        """As another IVR process would, before this one starts."""
        database = await db.connect(self.dsn, "ivr", size=2)
        book = Book(Store(database), Prompts(), refresh_s=1)
        with tenant.use(slug):
            await book.publish(source)
        await database.close()

    async def ask(self, ivr: Ivr, method: str, request: Any) -> Any:
        """An RPC of the IVR's own."""
        client = Client(ivr.settings.grpc_listen, ivr_pb2_grpc.IvrStub, service="ivr", timeout_s=5)
        try:
            with tenant.use("demo"):
                return await client.call(getattr(client.stub, method), request)
        finally:
            await client.close()

    # ---- people ----

    def call(self, number: str = "13800000001", called: str = "10050", **script: Any) -> Channel:
        caller = self.switch.people.call(CallSpec.of({"from": number, "to": called, **script}))
        heard = self._heard[caller.uuid] = []
        caller.on_event.append(
            lambda channel, event: heard.append(_heard(channel)) if event == "CHANNEL_EXECUTE" else None
        )
        return caller

    def key(self, caller: Channel, digits: str) -> None:
        self.switch.people.dial_digits(caller, digits)

    def hang_up(self, leg: Channel) -> None:
        leg.hangup("NORMAL_CLEARING", "caller" if leg.inbound else "far end")

    async def answer(self, caller: Channel) -> Channel:
        """What the ACD does when an agent is free: a leg to the agent, then the bridge."""
        self.acd.answered.add(caller.get("sy_contact_id") or "")
        self.switch.people.set_phone("1001", Phone("auto_answer"))
        uuid = new_id()
        dial = fs.originate(fs.user("1001", "test"), fs.park(), variables={"origination_uuid": uuid})
        await self.link.bgapi(dial)
        await self.link.api(fs.uuid_bridge(caller.uuid, uuid))
        return self.switch.channels[uuid]

    # ---- waiting, without sleeping for luck ----

    async def until(self, condition: Callable[[], Any], within_s: float = 10.0) -> None:
        async with asyncio.timeout(within_s):
            while not condition():
                await asyncio.sleep(0.01)

    async def hearing(self, caller: Channel, name: str, within_s: float = 15.0) -> None:
        """Until the caller has begun to hear it; what was heard before is behind us then."""
        heard = self._heard[caller.uuid]
        try:
            await self.until(lambda: any(name in each for each in heard), within_s)
        except TimeoutError:
            raise AssertionError(f"the caller heard {heard}, not {name!r}") from None
        del heard[: next(place for place, each in enumerate(heard) if name in each) + 1]

    async def over(self, caller: Channel) -> None:
        await self.until(lambda: caller.uuid not in self.switch.channels)

    # ---- what was written down ----

    def outcomes(self) -> list[str]:
        """As the ACD was told, one for each closed contact."""
        names = types_pb2.Outcome.Name
        return [names(each.outcome).removeprefix("OUTCOME_").lower() for each in self.acd.closed]

    def announced(self, kind: str) -> list[dict[str, Any]]:
        return [each.data for each in self.events if each.type.endswith(f".{kind}")]

    async def rows(self, query: str, count: int) -> list[dict[str, Any]]:
        """Once there are so many: the journal writes a moment later."""
        async with asyncio.timeout(10):
            while len(found := await self._rows(query)) < count:
                await asyncio.sleep(0.05)
        return found

    async def _rows(self, query: str) -> list[dict[str, Any]]:
        connection = await asyncpg.connect(self.dsn, server_settings={"search_path": "ivr"})
        try:
            await connection.execute("set switchyard.tenant = '*'")
            return [dict(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()


def _heard(caller: Channel) -> str:
    """What begins to be played, by the names of its recordings; or the application."""
    arg = caller.get("current_application_data") or ""
    if caller.get("current_application") != "playback":
        return str(caller.get("current_application"))
    names = [Path(part).stem for part in arg.removeprefix("file_string://").split("!")]
    return " ".join(dict.fromkeys(names))
