"""`python -m services.gateway`: the wiring list."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import structlog

from services.chassis import clock, db, log, metrics, migrations, process
from services.chassis.bus import Bus
from services.chassis.config import load
from services.chassis.consuming import Consumption
from services.chassis.files import FolderStore
from services.chassis.http import HttpServer
from services.chassis.ops import Ops
from services.chassis.outbox import OutboxRelay
from services.gateway import bus as news
from services.gateway.api import app
from services.gateway.api.peers import Peers
from services.gateway.api.ports import Parts
from services.gateway.config import GatewayConfig
from services.gateway.recorded import Recorded
from services.gateway.service import loops
from services.gateway.service.accounts import Accounts
from services.gateway.service.callbacks import Callbacks
from services.gateway.service.departures import Departures
from services.gateway.service.desk import Desk
from services.gateway.service.hub import Hub
from services.gateway.service.passwords import Passwords
from services.gateway.service.people import People
from services.gateway.service.phones import Phones
from services.gateway.service.pops import Pops
from services.gateway.service.recordings import Keeper, Recordings
from services.gateway.service.revoked import Revoked
from services.gateway.service.settings import Settings
from services.gateway.service.supervision import Supervision
from services.gateway.store import MIGRATIONS, SERVICE, Store

KEEPING_ENDS_S = 5.0
"""A recording that is being stored has so long; then the next gateway does it again."""


class Gateway:
    """All parts, constructed in order; `start` and `stop` in order and in reverse."""

    def __init__(self, config: GatewayConfig, database: db.Database, bus: Bus) -> None:
        self._config = config
        self._bus = bus
        self.store = Store(database)
        self.peers = Peers(config)
        self.passwords = Passwords(config)
        self.revoked = Revoked(config.gateway_token_s)
        announcer = news.Announcer(bus)
        self.accounts = Accounts(config, self.store, self.passwords, announcer, self.revoked)
        self.desk = Desk(self.peers, self.store)
        self.departures = Departures(self.peers, self.store, config.gateway_name)
        self.hub = Hub(
            config,
            self.store,
            announcer,
            self.revoked,
            self.desk,
            self.departures,
            self.peers.missing,
        )
        self.pops = Pops(self.peers, self.hub.sessions, config.gateway_pop_s)
        self.hub.on_offer = self.pops.on_offer
        self.wallboard = loops.Wallboard(self.peers, self.hub)
        settings = Settings(self.peers, self.store)
        people = People(self.store, self.passwords, settings, self.hub.session_closed)
        self.resync = loops.Resync(self.peers, self.hub, lambda: bus.connected)
        self.pending = loops.PendingWorkOrders(self.peers, self.store)
        self.relay = OutboxRelay(database, bus, service=SERVICE)
        recorded = Recorded(database)
        files = FolderStore(config.gateway_store_dir) if config.gateway_store_dir else None
        self.keeper = (
            Keeper(config.gateway_recordings_dir, files, recorded)
            if files and config.gateway_recordings_dir
            else None
        )
        self._keeping: Consumption | None = None
        parts = Parts(
            config=config,
            accounts=self.accounts,
            people=people,
            phones=Phones(config, self.store),
            desk=self.desk,
            settings=settings,
            supervision=Supervision(self.peers, self.store),
            callbacks=Callbacks(self.peers, self.store),
            recordings=Recordings(files, recorded),
            hub=self.hub,
            wallboard=self.wallboard,
            peers=self.peers,
            store=self.store,
        )
        application, self.openapi = app.build(parts)
        self.http = HttpServer(
            application,
            config.gateway_listen,
            ws="websockets-sansio",
            ws_max_size=config.gateway_frame_bytes,
            ws_ping_interval=config.gateway_ping_s,
            ws_ping_timeout=config.gateway_ping_s,
            ws_per_message_deflate=False,  # 300 kB of window a socket, for messages of 300 bytes
            server_header=False,
            proxy_headers=False,  # uvicorn would believe any program on this machine; Edge believes a list
            timeout_keep_alive=75,
            limit_concurrency=config.gateway_sockets + 2_000,
            timeout_graceful_shutdown=2,
        )
        self._tasks: list[asyncio.Task[None]] = []

    def _loops(self) -> list[Coroutine[Any, Any, None]]:
        config = self._config
        return [
            self.relay.run(),
            self.departures.run(),
            self.resync.run(config.gateway_resync_s),
            loops.every(1.0, "sweep", self._sweep),
            loops.every(config.gateway_wallboard_s, "wallboard", self.wallboard.round),
            loops.every(config.gateway_pending_retry_s, "pending", self.pending.round),
            loops.every(loops.CLEAN_S, "clean", lambda: loops.clean(self.store)),
            metrics.watch_loop_lag(),
        ]

    async def _sweep(self) -> None:
        self.hub.sweep()
        await self.resync.watch()

    async def start(self, stop: process.Stop) -> None:
        """Ready when it returns. Raises SwitchyardError."""
        token_life = timedelta(seconds=self._config.gateway_token_s)
        for session_id in await self.store.recently_revoked(clock.now() - token_life):
            self.revoked.add(session_id, clock.now_ms() // 1000)
        await self.accounts.bootstrap()
        await self.hub.restore()
        await news.listen(self._bus, self.hub)
        if self.keeper is not None:
            self._keeping = await news.recordings(self._bus, self.keeper.handle)
        for loop in self._loops():
            self._tasks.append(process.watch(asyncio.create_task(loop), stop))
        await self.http.start()

    async def stop(self) -> None:
        """Clients are told to come back; requests in progress finish."""
        self.hub.close_all()
        if self._keeping is not None:
            await self._keeping.stop(KEEPING_ENDS_S)
        await self.http.stop(self._config.drain_s)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.passwords.close()
        await self.peers.close()


async def serve(config: GatewayConfig, stop: process.Stop) -> None:
    """Runs the role until asked to stop."""
    dsn = config.database_url.get_secret_value()
    database = await db.connect(dsn, SERVICE, size=config.database_pool_size)
    await migrations.check(dsn, SERVICE, MIGRATIONS)
    bus = Bus(
        config.nats_url,
        service=SERVICE,
        max_age_days=config.nats_stream_max_age_days,
        max_mib=config.nats_stream_max_mib,
    )
    await bus.start()
    gateway = Gateway(config, database, bus)
    checks = {"database": lambda: database.reachable, "nats": lambda: bus.connected}
    ops = Ops(config.ops_listen, checks)
    await gateway.start(stop)
    await ops.start()
    structlog.get_logger().info("started", http_port=gateway.http.port, ops_port=ops.port)
    await stop.wait()
    ops.drain()
    await gateway.stop()
    await bus.stop()
    await database.close()
    await ops.stop()


def main() -> None:
    settings = load(GatewayConfig)
    log.configure(SERVICE, settings.log_level, settings.log_format)
    process.run(lambda stop: serve(settings, stop))


if __name__ == "__main__":
    main()
