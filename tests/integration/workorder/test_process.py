"""The workorder service as a process of its own: starts, answers, says what it lacks, stops."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from services.chassis import tenant
from services.chassis.bus import Bus
from services.chassis.ids import new_id
from services.chassis.rpc import Client
from services.stubs.workorder.v1 import workorder_pb2 as pb
from services.stubs.workorder.v1 import workorder_pb2_grpc as grpc


@asynccontextmanager
async def started(**settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = os.environ | {f"SWITCHYARD_{name}": value for name, value in settings.items()}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.workorder", env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def log_of(process: asyncio.subprocess.Process, event: str) -> dict[str, Any]:
    assert process.stderr is not None
    async with asyncio.timeout(30):
        async for line in process.stderr:
            said: dict[str, Any] = json.loads(line)
            if said["event"] == event:
                return said
    raise AssertionError(f"the process ended without saying {event}")


async def test_it_starts_announces_and_stops(database: Any, nats_url: str) -> None:
    settings = {"DATABASE_URL": database.dsn("workorder"), "NATS_URL": nats_url, "GRPC_LISTEN": "127.0.0.1:0"}
    async with started(**settings) as process:
        said = await log_of(process, "started")
        async with httpx.AsyncClient(trust_env=False) as http:
            ready = await http.get(f"http://127.0.0.1:{said['ops']}/readyz")
        assert ready.json() == {"ready": True, "missing": []}
        heard: asyncio.Queue[Any] = asyncio.Queue()
        bus = Bus(nats_url, service="gateway")
        await bus.start()
        await bus.listen(["sy.demo.workorder.>"], heard.put_nowait)
        client = Client(f"127.0.0.1:{said['grpc']}", grpc.WorkOrdersStub, service="workorder", timeout_s=10)
        request = pb.CreateWorkOrderRequest(
            request_id=new_id(), type=pb.TYPE_COMPLAINT, title="x", by="lin", department="lines"
        )
        with tenant.use("demo"):
            order = await client.call(client.stub.CreateWorkOrder, request)
        async with asyncio.timeout(20):
            created, moved = await heard.get(), await heard.get()
        await client.close()
        await bus.stop()
        assert created.type == "switchyard.workorder.v1.WorkOrderCreated"
        assert (moved.subject, moved.data["toState"]) == (order.work_order_id, "dispatched")
        process.send_signal(signal.SIGTERM)
        assert (await log_of(process, "stopped"))["reason"] == "SIGTERM"
        assert await process.wait() == 0


async def test_a_bad_setting_is_one_clear_line(database: Any) -> None:
    for settings, line in (
        ({"WORKORDER_TIMEZONE": "Peking"}, "SWITCHYARD_WORKORDER_TIMEZONE: is not a time zone"),
        ({}, "SWITCHYARD_DATABASE_URL: is missing"),
    ):
        async with started(**settings) as process:
            _, errors = await process.communicate()
            assert process.returncode == 2
            assert line in errors.decode()
            assert len(errors.decode().splitlines()) == 1
