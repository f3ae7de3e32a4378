"""The ACD: what it is made of, in the order it starts."""

from __future__ import annotations

import asyncio
from functools import partial

import structlog

from services.acd.api import Front
from services.acd.bus import SERVICE
from services.acd.config import AcdConfig
from services.acd.service import Duty, Shards
from services.acd.store import MIGRATIONS
from services.chassis import config, db, garbage, log, metrics, migrations, process
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
    thread = EslThread(SERVICE)
    thread.start()
    watch = partial(process.watch, stop=stop)
    shards = Shards(settings.shards())
    duties: dict[str, Duty] = {}
    front = Front(
        lambda tenant, method: duties[shards.of(tenant)].desk(method),
        lambda tenant: duties[shards.of(tenant)].owner_address,
    )
    server = Server(settings.grpc_listen, service=SERVICE)
    server.add(acd_pb2_grpc.add_AcdServicer_to_server, front)
    for name in shards.names:
        serves = partial(shards.serves, name)
        duties[name] = Duty(settings, name, database, thread, serves, watch)
    ops = Ops(
        settings.ops_listen,
        {
            "database": lambda: database.reachable,
            "nats": lambda: all(duty.bus.connected for duty in duties.values()),
            "switch": lambda: all(duty.any_switch for duty in duties.values()),
            "owner": lambda: all(duty.ready for duty in duties.values()),
        },
        lambda: {"role": {name: duty.role for name, duty in duties.items()}},
    )

    await server.start()
    for duty in duties.values():
        await duty.start()
    await ops.start()
    lag = watch(asyncio.create_task(metrics.watch_loop_lag(), name="loop-lag"))
    sweeping = watch(asyncio.create_task(garbage.sweep_now_and_then(), name="garbage"))
    logger.info("started", grpc=server.port, ops=ops.port, switches=settings.esl_nodes)

    await stop.wait()
    sweeping.cancel()
    ops.drain()
    # Others take over before we stop serving: calls for them are passed on as long as we are here.
    await asyncio.gather(*(duty.hand_over() for duty in duties.values()))
    await server.stop(settings.drain_s)
    await asyncio.gather(*(duty.stop() for duty in duties.values()))
    lag.cancel()
    await front.close()
    await thread.stop()
    await database.close()
    await ops.stop()


def main() -> None:
    settings = config.load(AcdConfig)
    log.configure(SERVICE, settings.log_level, settings.log_format)
    with garbage.short_searches():
        process.run(lambda stop: serve(settings, stop))


if __name__ == "__main__":
    main()
