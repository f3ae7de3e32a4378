"""The crm service as a process of its own: starts, answers, says what it lacks, stops."""

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
from services.chassis.rpc import Client
from services.stubs.crm.v1 import crm_pb2 as pb
from services.stubs.crm.v1 import crm_pb2_grpc as grpc


@asynccontextmanager
async def started(**settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = os.environ | {f"SWITCHYARD_{name}": value for name, value in settings.items()}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.crm", env=environment, stderr=asyncio.subprocess.PIPE
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


async def test_it_starts_answers_and_stops(database: Any, nats_url: str) -> None:
    settings = {"DATABASE_URL": database.dsn("crm"), "NATS_URL": nats_url, "GRPC_LISTEN": "127.0.0.1:0"}
    async with started(**settings) as process:
        said = await log_of(process, "started")
        assert said["pg_trgm"] in ("absent", "present, but of no use under row-level security")
        async with httpx.AsyncClient(trust_env=False) as http:
            ready = await http.get(f"http://127.0.0.1:{said['ops']}/readyz")
        assert ready.json() == {"ready": True, "missing": []}
        client = Client(f"127.0.0.1:{said['grpc']}", grpc.CrmStub, service="crm", timeout_s=10)
        with tenant.use("demo"):
            caller = await client.call(client.stub.Identify, pb.IdentifyRequest(number="013800138000"))
        await client.close()
        assert caller.number == "+8613800138000"
        process.send_signal(signal.SIGTERM)
        assert (await log_of(process, "stopped"))["reason"] == "SIGTERM"
        assert await process.wait() == 0


async def test_a_bad_setting_is_one_clear_line(database: Any) -> None:
    for settings, line in (
        ({"CRM_REGION": "China"}, "SWITCHYARD_CRM_REGION: is not a region; give its two capital letters"),
        ({}, "SWITCHYARD_DATABASE_URL: is missing"),
    ):
        async with started(**settings) as process:
            _, errors = await process.communicate()
            assert process.returncode == 2
            assert line in errors.decode()
            assert len(errors.decode().splitlines()) == 1


async def test_a_schema_that_is_behind_is_refused(database: Any, nats_url: str) -> None:
    dsn = database.dsn("gateway")  # another service's role: it has no customers
    async with started(DATABASE_URL=dsn, NATS_URL=nats_url) as process:
        said = await log_of(process, "cannot_start")
        assert "run ./switchyard migrate first" in said["detail"]
        assert await process.wait() == 1
