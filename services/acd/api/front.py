"""The door: what is ours is answered here, the rest is passed on to the owner of the tenant's shard.

So callers need not know who the owner is; any ACD will do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import structlog

from services.acd.api.served import Api
from services.chassis import tenant
from services.chassis.errors import Unavailable
from services.chassis.rpc import LONGEST_CALL_S, Client
from services.stubs.acd.v1 import acd_pb2, acd_pb2_grpc

log = structlog.get_logger()

HOP = "switchyard-acd-passed-on"
"""Metadata key of a call that another ACD has passed on: it is never passed on again."""

OWNER_POLL_S = 0.25  # how soon a stream notices that the owner is another now

Desk = Callable[[str, str], Api]
Owner = Callable[[str], str]


class Front:
    """Serves acd.v1.Acd. `desk` says who answers for a tenant and a method here, `owner` where else."""

    def __init__(self, desk: Desk, owner: Owner) -> None:
        self._desk = desk
        self._owner = owner
        self._clients: dict[str, Client[Any]] = {}

    def here(self, method: str) -> Api | None:
        try:
            return self._desk(tenant.current(), method)
        except Unavailable:
            return None

    def elsewhere(self, context: Any) -> tuple[str, Client[Any]]:
        """The owner and a connection to it. Raises Unavailable when there is none, or it sent us the call."""
        address = self._owner(tenant.current())
        if not address or any(key == HOP for key, _ in context.invocation_metadata() or ()):
            raise Unavailable("acd", "No ACD serves this tenant at the moment: one is about to.")
        if address not in self._clients:
            self._clients[address] = Client(
                address, acd_pb2_grpc.AcdStub, service="acd", metadata=((HOP, "1"),)
            )
        return address, self._clients[address]

    async def stream(self, name: str, request: Any, context: Any) -> AsyncIterator[Any]:
        """The owner's stream, until it breaks or the owner is another."""
        address, client = self.elsewhere(context)
        items = client.stream(getattr(client.stub, name), request)
        upcoming = asyncio.ensure_future(anext(items))
        try:
            while self._owner(tenant.current()) == address:
                done, _ = await asyncio.wait([upcoming], timeout=OWNER_POLL_S)
                if done:
                    yield upcoming.result()
                    upcoming = asyncio.ensure_future(anext(items))
        except StopAsyncIteration:
            return
        finally:
            upcoming.cancel()
            await asyncio.gather(upcoming, return_exceptions=True)
            await items.aclose()  # type: ignore[attr-defined]
        raise Unavailable("acd")

    async def close(self) -> None:
        await asyncio.gather(*(client.close() for client in self._clients.values()))


def _unary(name: str) -> Callable[[Front, Any, Any], Awaitable[Any]]:
    async def serve(front: Front, request: Any, context: Any) -> Any:
        if api := front.here(name):
            return await getattr(api, name)(request, context)
        _, client = front.elsewhere(context)
        left_s = min(context.time_remaining() or LONGEST_CALL_S, LONGEST_CALL_S)
        return await client.call(getattr(client.stub, name), request, timeout_s=left_s)

    return serve


def _stream(name: str) -> Callable[[Front, Any, Any], AsyncIterator[Any]]:
    async def serve(front: Front, request: Any, context: Any) -> AsyncIterator[Any]:
        api = front.here(name)
        items = getattr(api, name)(request, context) if api else front.stream(name, request, context)
        async for item in items:
            yield item

    return serve


for _method in acd_pb2.DESCRIPTOR.services_by_name["Acd"].methods:
    setattr(Front, _method.name, (_stream if _method.server_streaming else _unary)(_method.name))
