"""CRM on a real PostgreSQL, asked over real gRPC."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from services.chassis import db, tenant
from services.chassis.rpc import Client, Server
from services.crm.api import Api
from services.crm.service import CrmService
from services.crm.store import Store
from services.crm.store.cache import KnownNumbers
from services.stubs.crm.v1 import crm_pb2 as pb
from services.stubs.crm.v1 import crm_pb2_grpc as grpc


@dataclass
class Desk:
    """Speaks to CRM as the IVR and the gateway do."""

    client: Client[Any]
    database: db.Database
    store: Store

    async def ask(self, method: str, request: Any) -> Any:
        return await self.client.call(getattr(self.client.stub, method), request)

    async def put(self, **fields: Any) -> pb.Customer:
        customer: pb.Customer = await self.ask("PutCustomer", pb.Customer(**{"name": "Wang Wei"} | fields))
        return customer

    async def identify(self, number: str) -> pb.IdentifyResponse:
        caller: pb.IdentifyResponse = await self.ask("Identify", pb.IdentifyRequest(number=number))
        return caller

    async def pop(self, number: str = "", customer_id: str = "") -> pb.ScreenPopResponse:
        request = pb.ScreenPopRequest(number=number, customer_id=customer_id)
        answer: pb.ScreenPopResponse = await self.ask("ScreenPop", request)
        return answer

    async def search(self, text: str, limit: int = 0) -> list[str]:
        request = pb.SearchCustomersRequest(text=text, limit=limit)
        return [found.name for found in (await self.ask("SearchCustomers", request)).customers]

    async def timeline(self, **fields: Any) -> list[pb.TimelineEntry]:
        return list((await self.ask("ListTimeline", pb.ListTimelineRequest(**fields))).entries)


@pytest.fixture(autouse=True)
def demo() -> Iterator[None]:
    with tenant.use("demo"):
        yield


@pytest.fixture
async def desk(database: Any) -> AsyncIterator[Desk]:
    opened = await db.connect(database.dsn("crm"), "crm")
    store = Store(opened, search_timeout_ms=5_000)
    service = CrmService(store, KnownNumbers(entries=1_000, ttl_s=3_600), region="CN")
    server = Server("127.0.0.1:0", service="crm")
    server.add(grpc.add_CrmServicer_to_server, Api(service, region="CN"))
    await server.start()
    client = Client(f"127.0.0.1:{server.port}", grpc.CrmStub, service="crm", timeout_s=10)
    yield Desk(client, opened, store)
    await client.close()
    await server.stop(0)
    await opened.close()
