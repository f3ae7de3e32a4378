"""The IVR: what it is made of, in the order it starts."""

from __future__ import annotations

import asyncio

import structlog

from services.chassis import config, db, log, metrics, migrations, process
from services.chassis.bus import Bus
from services.chassis.errors import Invalid
from services.chassis.esl import EslThread, OutboundServer, OutboundSettings
from services.chassis.ids import new_id
from services.chassis.ops import Ops
from services.chassis.outbox import OutboxRelay
from services.chassis.rpc import Server
from services.ivr.api import Acd, Api, Crm
from services.ivr.bus import SERVICE, Announcer
from services.ivr.config import IvrConfig
from services.ivr.prompts import Prompts
from services.ivr.service import Ivr
from services.ivr.service.book import Book
from services.ivr.service.call import Parts
from services.ivr.service.journal import Journal
from services.ivr.service.line import EVENTS
from services.ivr.service.queueing import Queueing
from services.ivr.store import MIGRATIONS, Store
from services.stubs.ivr.v1 import ivr_pb2_grpc

logger = structlog.get_logger()


async def serve(settings: IvrConfig, stop: process.Stop) -> None:
    """Runs until `stop`. Raises Unavailable, Conflict, Invalid or OSError when it cannot start."""
    dsn = settings.database_url.get_secret_value()
    prompts = Prompts(settings.ivr_sounds_dir)
    if not len(prompts):
        raise Invalid("ivr_sounds_dir", f"there is no recording in {settings.ivr_sounds_dir}")
    database = await db.connect(dsn, SERVICE, size=settings.database_pool_size)
    await migrations.check(dsn, SERVICE, MIGRATIONS)
    bus = Bus(
        settings.nats_url,
        service=SERVICE,
        max_age_days=settings.nats_stream_max_age_days,
        max_mib=settings.nats_stream_max_mib,
    )
    store = Store(database)
    book = Book(store, prompts, refresh_s=settings.ivr_flow_refresh_s)
    journal = Journal(store, flush_s=settings.ivr_journal_flush_s, limit=settings.ivr_journal_limit)
    crm = Crm(settings.crm_address, timeout_s=settings.ivr_identify_timeout_s)
    acd = Acd(settings.acd_address, timeout_s=settings.ivr_rpc_timeout_s, holder=f"ivr-{new_id()}")
    queueing = Queueing(
        acd,
        close_patience_s=settings.ivr_close_patience_s,
        retry_max_s=settings.ivr_watch_retry_max_s,
        background_limit=settings.ivr_background_limit,
    )
    announcer, folder = Announcer(bus), settings.ivr_recordings_dir
    parts = Parts(prompts, folder, announcer, journal, queueing, book.waiting)
    ivr = Ivr(book, crm, parts, default_tenant=settings.ivr_tenant)
    thread = EslThread(SERVICE)
    host, _, port = settings.ivr_esl_listen.rpartition(":")
    handing_over = OutboundSettings(call_limit=settings.ivr_call_limit, only=EVENTS)
    calls = OutboundServer(thread, host, int(port), ivr.take, settings=handing_over)
    server = Server(settings.grpc_listen, service=SERVICE)
    server.add(ivr_pb2_grpc.add_IvrServicer_to_server, Api(book, store))
    relay = OutboxRelay(database, bus, service=SERVICE)
    ops = Ops(
        settings.ops_listen,
        {
            "database": lambda: database.reachable,
            "nats": lambda: bus.connected,
            "acd": lambda: acd.reachable,
        },
    )

    await bus.start()
    await book.refresh()
    running = {"outbox-relay": relay.run(), "journal": journal.run(), "flows": book.run()}
    running["loop-lag"] = metrics.watch_loop_lag()
    tasks = [process.watch(asyncio.create_task(work, name=name), stop) for name, work in running.items()]
    await server.start()
    thread.start()
    await calls.start()
    await ops.start()
    logger.info("started", grpc=server.port, calls=calls.port, ops=ops.port, recordings=len(prompts))

    await stop.wait()
    ops.drain()
    await calls.stop(settings.drain_s)  # new calls go to the next IVR; those left over go there too, then
    await queueing.stop(settings.drain_s)
    await server.stop(settings.drain_s)
    await journal.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await thread.stop()
    await bus.stop()
    await acd.close()
    await crm.close()
    await database.close()
    await ops.stop()


def main() -> None:
    settings = config.load(IvrConfig)
    log.configure(SERVICE, settings.log_level, settings.log_format)
    process.run(lambda stop: serve(settings, stop))


if __name__ == "__main__":
    main()
