"""The CRM service: what it is made of, in the order it starts."""

from __future__ import annotations

import asyncio

import structlog

from services.chassis import config, db, log, metrics, migrations, process
from services.chassis.bus import Bus
from services.chassis.ops import Ops
from services.chassis.outbox import OutboxRelay
from services.chassis.rpc import Server
from services.crm.api import Api
from services.crm.bus import SERVICE, SUBJECTS, TIMELINE, Timeline
from services.crm.config import CrmConfig
from services.crm.service import CrmService
from services.crm.store import MIGRATIONS, Store
from services.crm.store.cache import KnownNumbers
from services.stubs.crm.v1 import crm_pb2_grpc

logger = structlog.get_logger()


async def serve(settings: CrmConfig, stop: process.Stop) -> None:
    """Runs until `stop`. Raises Unavailable, Conflict or Invalid when it cannot start."""
    dsn = settings.database_url.get_secret_value()
    region = settings.crm_region
    database = await db.connect(dsn, SERVICE, size=settings.database_pool_size)
    await migrations.check(dsn, SERVICE, MIGRATIONS)
    bus = Bus(
        settings.nats_url,
        service=SERVICE,
        max_age_days=settings.nats_stream_max_age_days,
        max_mib=settings.nats_stream_max_mib,
    )
    store = Store(database, search_timeout_ms=settings.crm_search_timeout_ms)
    cache = KnownNumbers(entries=settings.crm_identify_cache_entries, ttl_s=settings.crm_identify_cache_ttl_s)
    service = CrmService(store, cache, region=region)
    server = Server(settings.grpc_listen, service=SERVICE)
    server.add(crm_pb2_grpc.add_CrmServicer_to_server, Api(service, region=region))
    timeline = Timeline(
        store.add_entries,
        region=region,
        batch=settings.crm_timeline_batch,
        pace_s=settings.crm_timeline_pace_s,
    )
    relay = OutboxRelay(database, bus, service=SERVICE)
    ops = Ops(
        settings.ops_listen,
        {"database": lambda: database.reachable, "nats": lambda: bus.connected},
    )

    await bus.start()
    tasks = [
        process.watch(asyncio.create_task(relay.run(), name="outbox-relay"), stop),
        process.watch(asyncio.create_task(metrics.watch_loop_lag(), name="loop-lag"), stop),
    ]
    await bus.consume(TIMELINE, SUBJECTS, timeline.handle, batch=settings.crm_timeline_batch)
    await server.start()
    await ops.start()
    logger.info(
        "started",
        grpc=server.port,
        ops=ops.port,
        # Said at every start, because searching many customers slowly would puzzle otherwise.
        search_inside_names="reads all customers of the tenant",
        pg_trgm="present, but of no use under row-level security"
        if await store.substring_index_possible()
        else "absent",
    )

    await stop.wait()
    ops.drain()
    await server.stop(settings.drain_s)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await bus.stop()
    await database.close()
    await ops.stop()


def main() -> None:
    settings = config.load(CrmConfig)
    log.configure(SERVICE, settings.log_level, settings.log_format)
    process.run(lambda stop: serve(settings, stop))


if __name__ == "__main__":
    main()
