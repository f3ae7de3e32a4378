"""The work-order service: what it is made of, in the order it starts."""

from __future__ import annotations

import asyncio
from zoneinfo import ZoneInfo

import structlog

from services.chassis import config, db, log, metrics, migrations, process
from services.chassis.bus import Bus
from services.chassis.ops import Ops
from services.chassis.outbox import OutboxRelay
from services.chassis.rpc import Server
from services.stubs.workorder.v1 import workorder_pb2_grpc
from services.workorder.api import Api
from services.workorder.bus import SERVICE
from services.workorder.config import WorkOrderConfig
from services.workorder.service import WorkOrderService
from services.workorder.store import MIGRATIONS, Store

logger = structlog.get_logger()


async def serve(settings: WorkOrderConfig, stop: process.Stop) -> None:
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
    store = Store(database, search_timeout_ms=settings.workorder_search_timeout_ms)
    service = WorkOrderService(store, zone=ZoneInfo(settings.workorder_timezone))
    server = Server(settings.grpc_listen, service=SERVICE)
    server.add(workorder_pb2_grpc.add_WorkOrdersServicer_to_server, Api(service))
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
    await server.start()
    await ops.start()
    logger.info("started", grpc=server.port, ops=ops.port)

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
    settings = config.load(WorkOrderConfig)
    log.configure(SERVICE, settings.log_level, settings.log_format)
    process.run(lambda stop: serve(settings, stop))


if __name__ == "__main__":
    main()
