"""The ACD: what it is made of, in the order it starts."""

from __future__ import annotations

import asyncio
import gc

import structlog

from services.acd.api import Api
from services.acd.bus import SERVICE, Announcer
from services.acd.config import AcdConfig
from services.acd.journal import STREAM as JOURNAL
from services.acd.journal import SUBJECT as JOURNAL_SUBJECT
from services.acd.journal import Journal
from services.acd.service import Reconciler, Router, Switches, Watches, restore
from services.acd.store import MIGRATIONS, PROJECTION, SUBJECTS, Store
from services.chassis import config, db, log, metrics, migrations, process
from services.chassis.bus import Bus
from services.chassis.esl import EslThread
from services.chassis.ops import Ops
from services.chassis.rpc import Server
from services.stubs.acd.v1 import acd_pb2_grpc

logger = structlog.get_logger()


async def serve(settings: AcdConfig, stop: process.Stop) -> None:
    """Runs until `stop`. Raises Unavailable, Conflict or Invalid when it cannot start."""
    dsn = settings.database_url.get_secret_value()
    database = await db.connect(dsn, SERVICE, size=settings.database_pool_size)
    await migrations.check(dsn, SERVICE, MIGRATIONS)
    bus = Bus(
        settings.nats_url,
        service=SERVICE,
        max_age_days=settings.nats_stream_max_age_days,
        max_mib=settings.nats_stream_max_mib,
    )
    store = Store(database, pace_s=settings.acd_projection_pace_s)
    journal = Journal(bus, pace_s=settings.acd_journal_pace_s)
    router = Router(settings, Announcer(bus), journal)
    thread = EslThread(SERVICE)
    switches = Switches(settings, thread, router)
    watches = Watches(settings, router)
    reconciler = Reconciler(settings, router, switches)
    router.carry, router.expel, switches.on_up = switches.carry, watches.expel, reconciler.link_up
    server = Server(settings.grpc_listen, service=SERVICE)
    api = Api(
        router,
        watches,
        store,
        knows_node=switches.knows,
        remembered=settings.acd_requests_remembered,
    )
    server.add(acd_pb2_grpc.add_AcdServicer_to_server, api)
    ops = Ops(
        settings.ops_listen,
        {
            "database": lambda: database.reachable,
            "nats": lambda: bus.connected,
            "switch": lambda: switches.any_up,
        },
    )

    await bus.start()
    await bus.ensure_stream(JOURNAL, [f"{JOURNAL_SUBJECT}.*"])
    restore(router, await store.load())
    # What is there now stays: it need not be looked through for garbage again and again. And a call makes
    # some thousand objects that reference counting frees by itself: Python's default would look every 700.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    thread.start()
    parts = list(await switches.start())
    if not await reconciler.first_done(settings.acd_start_patience_s):
        logger.warning("started_without_all_switches")
    parts += [
        asyncio.create_task(reconciler.run(), name="reconciler"),
        asyncio.create_task(watches.run(), name="places"),
        asyncio.create_task(router.keep_days(), name="days"),
        asyncio.create_task(journal.run(), name="journal"),
        asyncio.create_task(metrics.watch_loop_lag(), name="loop-lag"),
    ]
    for part in parts:
        process.watch(part, stop)
    await bus.consume(PROJECTION, SUBJECTS, store.project, batch=settings.acd_projection_batch)
    await server.start()
    await ops.start()
    logger.info("started", grpc=server.port, ops=ops.port, switches=settings.esl_nodes)

    await stop.wait()
    ops.drain()
    # Calls go on without us: nothing is told to a switch while stopping.
    await server.stop(settings.drain_s)
    router.stop()
    for part in parts:
        part.cancel()
    await reconciler.stop()
    await switches.stop()
    await asyncio.gather(*parts, return_exceptions=True)
    await thread.stop()
    journal.write()
    await bus.stop(settings.drain_s)
    await database.close()
    await ops.stop()


def main() -> None:
    settings = config.load(AcdConfig)
    log.configure(SERVICE, settings.log_level, settings.log_format)
    process.run(lambda stop: serve(settings, stop))


if __name__ == "__main__":
    main()
