"""gRPC between our services, over a real socket: tenant, errors, deadlines."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from services.chassis import errors, rpc, tenant
from services.stubs.acd.v1 import acd_pb2, acd_pb2_grpc
from services.stubs.crm.v1 import crm_pb2, crm_pb2_grpc

pytestmark = pytest.mark.unit

Answer = Callable[[Any], Any]


class FakeCrm(crm_pb2_grpc.CrmServicer):
    """Answers as the test says."""

    def __init__(self) -> None:
        self.answer: Answer = lambda _: crm_pb2.IdentifyResponse()
        self.calls = 0
        self.tenants: list[str] = []

    async def Identify(self, request: Any, context: Any) -> Any:
        self.calls += 1
        self.tenants.append(tenant.current())
        answer = self.answer(request)
        return await answer if asyncio.iscoroutine(answer) else answer


Setup = tuple[FakeCrm, rpc.Client[Any]]


@pytest.fixture
async def crm() -> AsyncIterator[Setup]:
    server = rpc.Server("127.0.0.1:0", service="crm")
    fake = FakeCrm()  # type: ignore[abstract]
    server.add(crm_pb2_grpc.add_CrmServicer_to_server, fake)
    await server.start()
    client = rpc.Client(f"127.0.0.1:{server.port}", crm_pb2_grpc.CrmStub, service="crm")
    with tenant.use("demo"):
        yield fake, client
    await client.close()
    await server.stop(0)


async def ask(client: rpc.Client[Any], **options: Any) -> Any:
    return await client.call(client.stub.Identify, crm_pb2.IdentifyRequest(number="1"), **options)


def raising(error: Exception) -> Answer:
    def answer(_: Any) -> Any:
        raise error

    return answer


async def test_the_tenant_travels(crm: Setup) -> None:
    fake, client = crm
    await ask(client)
    assert fake.tenants == ["demo"]


@pytest.mark.parametrize(
    "error",
    [
        errors.Invalid("number", "must not hold a newline"),
        errors.NotFound("queue", "gold"),
        errors.Conflict("The work order is closed: reopen it first."),
        errors.Stale("Somebody changed it: read it again."),
        errors.Full("The queue is full."),
        errors.Denied("Only a team lead may do this."),
        errors.Unavailable("database"),
        errors.Conflict("中文也行"),
    ],
)
async def test_an_error_arrives_as_it_was_raised(crm: Setup, error: errors.SwitchyardError) -> None:
    fake, client = crm
    fake.answer = raising(error)
    with pytest.raises(type(error)) as caught:
        await ask(client)
    assert caught.value.sentence == error.sentence
    assert caught.value.field == error.field


async def test_a_defect_tells_nothing_of_its_inside(crm: Setup) -> None:
    fake, client = crm
    fake.answer = raising(ZeroDivisionError("password=hunter2"))
    with pytest.raises(errors.Internal) as caught:
        await ask(client)
    assert "hunter2" not in caught.value.sentence


async def test_a_server_that_hangs_is_named(crm: Setup) -> None:
    fake, client = crm
    fake.answer = lambda _: asyncio.Event().wait()
    with pytest.raises(errors.Unavailable) as caught:
        await ask(client, timeout_s=0.05)
    assert caught.value.service == "crm"


async def test_only_a_call_marked_safe_is_tried_again(crm: Setup) -> None:
    fake, client = crm
    fake.answer = raising(errors.Unavailable("database"))
    with pytest.raises(errors.Unavailable):
        await ask(client)
    assert fake.calls == 1
    with pytest.raises(errors.Unavailable):
        await ask(client, retry=True)
    assert fake.calls == 1 + rpc.ATTEMPTS


async def test_a_service_that_is_not_there_is_named() -> None:
    client = rpc.Client("127.0.0.1:1", crm_pb2_grpc.CrmStub, service="crm")
    with tenant.use("demo"), pytest.raises(errors.Unavailable, match="crm service does not answer"):
        await ask(client)
    await client.close()


async def test_a_call_without_tenant_is_refused(crm: Setup) -> None:
    _, client = crm
    with pytest.raises(Exception, match="lacks the metadata key switchyard-tenant"):
        await client.stub.Identify(crm_pb2.IdentifyRequest())
    with pytest.raises(Exception, match="1 to 32 of a-z"):
        await client.stub.Identify(
            crm_pb2.IdentifyRequest(), metadata=((tenant.METADATA_KEY, "*"),), timeout=5
        )


async def other_crm() -> tuple[FakeCrm, rpc.Server]:
    server = rpc.Server("127.0.0.1:0", service="crm")
    fake = FakeCrm()  # type: ignore[abstract]
    server.add(crm_pb2_grpc.add_CrmServicer_to_server, fake)
    await server.start()
    return fake, server


async def test_of_several_addresses_one_that_answers_is_kept_to() -> None:
    """One is dead from the beginning, one dies: no call fails that cannot have been carried out already."""
    (first, one), (second, two) = await other_crm(), await other_crm()
    address = f"127.0.0.1:1,127.0.0.1:{one.port},127.0.0.1:{two.port}"
    client = rpc.Client(address, crm_pb2_grpc.CrmStub, service="crm")
    with tenant.use("demo"):
        for _ in range(3):
            await ask(client)
        assert (first.calls, second.calls) == (3, 0)
        await one.stop(0)
        for _ in range(3):
            await ask(client, retry=True)
        assert second.calls == 3
        assert client.reachable
        await two.stop(0)
        with pytest.raises(errors.Unavailable):
            await ask(client)
    await client.close()


async def test_a_refusal_is_an_answer() -> None:
    """The service says no: another instance is not asked behind its back, but when asked again."""
    (first, one), (second, two) = await other_crm(), await other_crm()
    first.answer = raising(errors.Unavailable("database"))
    client = rpc.Client(f"127.0.0.1:{one.port},127.0.0.1:{two.port}", crm_pb2_grpc.CrmStub, service="crm")
    with tenant.use("demo"), pytest.raises(errors.Unavailable, match="database"):
        await ask(client)
    assert (first.calls, second.calls) == (1, 0)
    with tenant.use("demo"):
        await ask(client)
    assert (first.calls, second.calls) == (1, 1)
    await client.close()
    await one.stop(0)
    await two.stop(0)


WAITS = """
import asyncio
from services.chassis import rpc
from services.stubs.acd.v1 import acd_pb2, acd_pb2_grpc

class Silent(acd_pb2_grpc.AcdServicer):
    async def WatchContacts(self, request, context):
        yield acd_pb2.ContactUpdate()
        await asyncio.Event().wait()

async def main():
    server = rpc.Server("127.0.0.1:0", service="acd")
    server.add(acd_pb2_grpc.add_AcdServicer_to_server, Silent())
    await server.start()
    print(server.port, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_stream_to_a_process_that_is_stopped_breaks() -> None:
    """Its kernel goes on acknowledging; only that no ping comes back tells."""
    peer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WAITS, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert peer.stdout is not None
    port = int(await peer.stdout.readline())
    client = rpc.Client(f"127.0.0.1:{port}", acd_pb2_grpc.AcdStub, service="acd")
    with tenant.use("demo"):
        stream = client.stream(client.stub.WatchContacts, acd_pb2.WatchContactsRequest(holder="ivr1"))
        await anext(stream)
        peer.send_signal(signal.SIGSTOP)
        with pytest.raises(errors.Unavailable):
            async with asyncio.timeout(30):
                await anext(stream)
    peer.kill()
    await peer.wait()
    await client.close()
