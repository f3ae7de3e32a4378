"""One simulated FreeSWITCH: its parts, its start and its ends."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections import deque
from collections.abc import Awaitable

from freeswitch.simulator import api, api_show, api_sim, api_uuid, apps, apps_media, session
from freeswitch.simulator.api_show import Table
from freeswitch.simulator.channels import Channel, micros
from freeswitch.simulator.commands import InboundConnection
from freeswitch.simulator.conferences import Conferences
from freeswitch.simulator.config import Settings
from freeswitch.simulator.dialplan import Dialplan
from freeswitch.simulator.endpoints import Endpoints
from freeswitch.simulator.events import EventBus
from freeswitch.simulator.faults import Faults
from freeswitch.simulator.ledger import Ledger
from freeswitch.simulator.outbound import OutboundConnection
from freeswitch.simulator.people import People
from freeswitch.simulator.protocol import Connection
from freeswitch.simulator.recorder import Recorder
from freeswitch.simulator.sounds import Sounds
from freeswitch.simulator.states import INIT, NONE

log = logging.getLogger("freeswitch.simulator")
# Importing them is what registers their commands and applications.
_REGISTERED = (api_show, api_sim, api_uuid, apps, apps_media)
SHUTDOWN_NOTICE = "The system is being shut down.\n"


class Simulator:
    """Usable in-process: `node = Simulator(Settings(ivr=…)); await node.start(); … await node.stop()`."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.ivr = self.settings.ivr
        self.domain = "127.0.0.1"
        self.channels: dict[str, Channel] = {}
        self.connections: set[Connection] = set()
        self.told: deque[tuple[int, int, str]] = deque(maxlen=self.settings.commands_remembered)
        self._numbers = itertools.count(1)
        self.bus = EventBus(self.settings.name)
        self.table = Table(self.settings.show_lag_ms / 1_000)
        self.sounds = Sounds(self.settings)
        self.recorder = Recorder(self)
        self.endpoints = Endpoints(self)
        self.people = People(self)
        self.ledger = Ledger(self.settings.ledger_rows)
        self.faults = Faults(self, self.settings.seed)
        self.dialplan = Dialplan(self)
        self.conferences = Conferences()
        self.globals = {
            "hostname": self.settings.name,
            "local_ip_v4": "127.0.0.1",
            "domain": self.domain,
            "switch_serial": "simulator",
            "core_uuid": self.bus.core_uuid,
        }
        self.paused_inbound = self.paused_outbound = False
        self.peak = self.rate = self.peak_rate = 0
        self.stopped: asyncio.Future[None] | None = None
        self._rate_second = 0
        self._rate_count = 0
        self._born = time.monotonic()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending = False
        self._last: asyncio.Future[None] | None = None

    # -- starting and ending

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self.stopped = loop.create_future()
        self._server = await loop.create_server(
            lambda: InboundConnection(self), self.settings.esl_host, self.settings.esl_port
        )
        self._spawn(self._beat())

    @property
    def port(self) -> int:
        """Where ESL listens."""
        assert self._server is not None  # noqa: S101 - asked before start()
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """fsctl shutdown: SHUTDOWN, every call ends, then the notice and the end of every connection."""
        if self._ending:
            return
        self._ending = True
        self._refuse_new()
        self.bus.fire("SHUTDOWN", {"Event-Info": "System Shutting Down"})
        for channel in list(self.channels.values()):
            channel.hangup("SYSTEM_SHUTDOWN")
        for _ in range(50):
            if not self.channels:
                break
            await asyncio.sleep(0.002)
        self.end_connections()
        await self._finish()

    def kill(self) -> None:
        """fsctl shutdown now, or the power cut: connections just close, no event, no notice."""
        if self._ending:
            return
        self._ending = True
        self._refuse_new()
        for link in list(self.connections):
            link.abort()
        for channel in self.channels.values():
            channel.hangup_cause = channel.hangup_cause or "SYSTEM_SHUTDOWN"
            self.people.ended(channel)
        self._last = asyncio.ensure_future(self._finish())

    def _refuse_new(self) -> None:
        self.paused_inbound = self.paused_outbound = True
        if self._server is not None:
            self._server.close()

    async def _finish(self) -> None:
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # Closing transports need a turn of the loop to say goodbye to their protocols.
        for _ in range(20):
            if not self.connections:
                break
            await asyncio.sleep(0.002)
        for link in list(self.connections):
            link.abort()
        await asyncio.sleep(0)
        if self.stopped is not None and not self.stopped.done():
            self.stopped.set_result(None)

    def shutdown_soon(self, *, when_empty: bool = False) -> None:
        self.paused_inbound = self.paused_outbound = True
        self._spawn(self._shutdown(when_empty))

    async def _shutdown(self, when_empty: bool) -> None:
        while when_empty and self.channels:
            await asyncio.sleep(0.05)
        await self.stop()

    def end_connections(self) -> None:
        for link in list(self.connections):
            link.notice(SHUTDOWN_NOTICE)
            link.close()

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- calls

    def launch(self, channel: Channel) -> None:
        self.channels[channel.uuid] = channel
        self.peak = max(self.peak, len(self.channels))
        self._count()
        if not channel.inbound:
            channel.running, channel.state = NONE, INIT
            channel.fire("CHANNEL_OUTGOING")
        self.table.add(channel)
        self._spawn(session.live(channel))

    def gone(self, channel: Channel) -> None:
        """HANGUP_COMPLETE is out: nobody finds the channel any more."""
        self.channels.pop(channel.uuid, None)
        self.people.ended(channel)
        self.table.remove(channel)
        for link in list(channel.controllers):
            link.session_over()

    def destroyed(self, channel: Channel) -> None:
        self.channels.pop(channel.uuid, None)
        channel.on_event.clear()

    def _count(self) -> None:
        second = int(time.monotonic())
        if second != self._rate_second:
            self._rate_second, self._rate_count = second, 0
        self._rate_count += 1
        self.rate = self._rate_count
        self.peak_rate = max(self.peak_rate, self.rate)

    # -- commands

    def api(self, text: str, link: Connection | None = None) -> str | Awaitable[str]:
        return api.run(self, text, link)

    def numbered(self) -> int:
        """A number for one more connection."""
        return next(self._numbers)

    def note(self, text: str, link: Connection) -> None:
        """Remembers who said what when: for tests of who may say something."""
        if not text.startswith("sim "):
            self.told.append((micros(), link.number, text[:1000]))

    def background(self, text: str, job: str, link: Connection | None) -> None:
        self._spawn(self._job(text, job, link))

    async def _job(self, text: str, job: str, link: Connection | None) -> None:
        name, _, arg = text.partition(" ")
        result = self.api(text, link)
        body = result if isinstance(result, str) else await result
        headers: dict[str, str | list[str]] = {"Job-UUID": job}
        owner = ""
        if isinstance(link, OutboundConnection) and link.session is not None:
            owner = link.session.uuid
            headers["Job-Owner-UUID"] = owner
        headers["Job-Command"] = name
        if arg:
            headers["Job-Command-Arg"] = arg
        self.bus.fire("BACKGROUND_JOB", headers, body=body or "-ERR no reply\n", owner=owner)

    # -- the clock

    def uptime_s(self) -> float:
        return time.monotonic() - self._born

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self.settings.heartbeat_s)
            self.bus.fire("HEARTBEAT", self.heartbeat())

    def heartbeat(self) -> dict[str, str | list[str]]:
        return {
            "Event-Info": "System Ready",
            "Up-Time": api.uptime_words(self.uptime_s()),
            "FreeSWITCH-Version": api.VERSION,
            "Uptime-msec": str(int(self.uptime_s() * 1_000)),
            "Session-Count": str(len(self.channels)),
            "Max-Sessions": str(self.settings.max_sessions),
            "Session-Per-Sec": "2000",
            "Session-Per-Sec-Last": str(self.rate),
            "Session-Per-Sec-Max": str(self.peak_rate),
            "Session-Per-Sec-FiveMin": str(self.peak_rate),
            "Session-Since-Startup": str(self.endpoints.sessions),
            "Session-Peak-Max": str(self.peak),
            "Session-Peak-FiveMin": str(self.peak),
            "Idle-CPU": "90.000000",
        }
