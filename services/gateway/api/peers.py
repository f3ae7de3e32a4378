"""The other services, and which of them answer at the moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.chassis.rpc import Client
from services.gateway.config import GatewayConfig
from services.stubs.acd.v1.acd_pb2_grpc import AcdStub
from services.stubs.crm.v1.crm_pb2_grpc import CrmStub
from services.stubs.ivr.v1.ivr_pb2_grpc import IvrStub
from services.stubs.workorder.v1.workorder_pb2_grpc import WorkOrdersStub

if TYPE_CHECKING:  # the asynchronous stubs exist for the type checker only
    from services.stubs.acd.v1.acd_pb2_grpc import AcdAsyncStub
    from services.stubs.crm.v1.crm_pb2_grpc import CrmAsyncStub
    from services.stubs.ivr.v1.ivr_pb2_grpc import IvrAsyncStub
    from services.stubs.workorder.v1.workorder_pb2_grpc import WorkOrdersAsyncStub


class Peers:
    """One connection to each service; gRPC reconnects by itself."""

    def __init__(self, config: GatewayConfig) -> None:
        within_s = config.gateway_call_s
        self.acd: Client[AcdAsyncStub] = Client(
            config.acd_address, AcdStub, service="acd", timeout_s=within_s
        )
        self.crm: Client[CrmAsyncStub] = Client(
            config.crm_address, CrmStub, service="crm", timeout_s=within_s
        )
        self.work_orders: Client[WorkOrdersAsyncStub] = Client(
            config.workorder_address, WorkOrdersStub, service="workorder", timeout_s=within_s
        )
        self.ivr: Client[IvrAsyncStub] = Client(
            config.ivr_address, IvrStub, service="ivr", timeout_s=within_s
        )

    def missing(self) -> list[str]:
        """Names of the services to which no connection stands."""
        return [name for name, client in self._named() if not client.reachable]

    async def close(self) -> None:
        for _, client in self._named():
            await client.close()

    def _named(self) -> tuple[tuple[str, Client[Any]], ...]:
        return (
            ("acd", self.acd),
            ("crm", self.crm),
            ("ivr", self.ivr),
            ("workorder", self.work_orders),
        )
