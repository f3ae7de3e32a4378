"""The work-order service on a real PostgreSQL, asked over real gRPC."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.chassis import db
from services.chassis.ids import new_id
from services.chassis.rpc import Client, Server
from services.stubs.workorder.v1 import workorder_pb2 as pb
from services.stubs.workorder.v1 import workorder_pb2_grpc as grpc
from services.workorder.api import Api
from services.workorder.service import WorkOrderService
from services.workorder.store import Store


@dataclass
class Desk:
    """Speaks to the service as the gateway does. Bind the tenant first: `with tenant.use("demo")`."""

    client: Client[Any]
    database: db.Database

    async def create(self, **fields: Any) -> pb.WorkOrder:
        basic: dict[str, Any] = {"request_id": new_id(), "type": pb.TYPE_FAULT, "title": "Fault", "by": "lin"}
        return await self.client.call(
            self.client.stub.CreateWorkOrder, pb.CreateWorkOrderRequest(**basic | fields)
        )

    async def act(self, order: str, action: int, **fields: Any) -> pb.WorkOrder:
        basic: dict[str, Any] = {"request_id": new_id(), "by": "lin", "note": "because"}
        request = pb.ActRequest(work_order_id=order, action=action, **basic | fields)  # type: ignore[arg-type]
        return await self.client.call(self.client.stub.Act, request)

    async def get(self, order: str) -> pb.WorkOrder:
        return await self.client.call(
            self.client.stub.GetWorkOrder, pb.GetWorkOrderRequest(work_order_id=order)
        )

    async def orders(self, **fields: Any) -> list[pb.WorkOrder]:
        request = pb.ListWorkOrdersRequest(**fields)
        return list((await self.client.call(self.client.stub.ListWorkOrders, request)).work_orders)

    async def steps(self, order: str) -> list[pb.Step]:
        request = pb.ListStepsRequest(work_order_id=order)
        return list((await self.client.call(self.client.stub.ListSteps, request)).steps)


@pytest.fixture
async def desk(database: Any) -> AsyncIterator[Desk]:
    opened = await db.connect(database.dsn("workorder"), "workorder")
    store = Store(opened, search_timeout_ms=2_000)
    server = Server("127.0.0.1:0", service="workorder")
    service = WorkOrderService(store, zone=ZoneInfo("Asia/Shanghai"))
    server.add(grpc.add_WorkOrdersServicer_to_server, Api(service))
    await server.start()
    client = Client(f"127.0.0.1:{server.port}", grpc.WorkOrdersStub, service="workorder", timeout_s=10)
    yield Desk(client, opened)
    await client.close()
    await server.stop(0)
    await opened.close()
