"""The screen pop: who calls and what is open for them, pushed while the phone rings."""

from __future__ import annotations

import asyncio

import orjson
import structlog
from prometheus_client import Counter, Histogram

from services.chassis import metrics, tenant
from services.chassis.errors import SwitchyardError
from services.gateway.api import views
from services.gateway.api.peers import Peers
from services.gateway.engine.pushes import Push
from services.gateway.engine.sessions import Sessions
from services.stubs.crm.v1 import crm_pb2
from services.stubs.workorder.v1 import workorder_pb2

log = structlog.get_logger()

POP_SECONDS = Histogram(
    "switchyard_gateway_pop_seconds", "From the offer to the pop.", buckets=metrics.SECONDS
)
POPS_SKIPPED = Counter(
    "switchyard_gateway_pops_skipped_total", "Pops not asked for because too many were under way."
)

AT_ONCE = 500  # ten seconds' worth at 50 calls/s; more means CRM is stuck and queueing would not help
ORDERS = 20
OPEN_STATES = (
    workorder_pb2.STATE_NEW,
    workorder_pb2.STATE_DISPATCHED,
    workorder_pb2.STATE_ANSWERED,
    workorder_pb2.STATE_REPLIED,
    workorder_pb2.STATE_VISITED,
)


class Pops:
    """Asks CRM and work orders for each offer, both within one deadline."""

    def __init__(self, peers: Peers, sessions: Sessions, within_s: float) -> None:
        self._peers = peers
        self._sessions = sessions
        self._within_s = within_s
        self._tasks: set[asyncio.Task[None]] = set()

    def on_offer(self, slug: str, push: Push) -> None:
        """Starts the questions; the offer itself has been pushed already."""
        if len(self._tasks) >= AT_ONCE:
            POPS_SKIPPED.inc()
            return
        task = asyncio.create_task(self._pop(slug, push))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pop(self, slug: str, push: Push) -> None:
        tenant.bind(slug)
        with POP_SECONDS.time():
            data = await self.gather(push.data["from_number"], push.data["customer_id"])
        session = self._sessions.at(slug, push.agent_id)
        if session is not None:
            ids = {key: push.data[key] for key in ("contact_id", "offer_id")}
            session.push("pop", orjson.dumps(ids | data))

    async def gather(self, number: str, customer_id: str) -> views.View:
        """What is known of a caller; parts that did not come in time are named in `missing`."""
        deadline = asyncio.get_running_loop().time() + self._within_s
        if customer_id:
            # Known already to the IVR: both at once.
            shown, orders = await asyncio.gather(
                self._show(number, customer_id), self._orders(customer_id, self._within_s)
            )
        else:
            shown = await self._show(number, "")
            found = shown.caller.customer_id if shown else ""
            left_s = deadline - asyncio.get_running_loop().time()
            orders = await self._orders(found, max(left_s, 0.05)) if found else []
        return {
            "caller": views.caller(shown.caller) if shown else None,
            "customer": _customer(shown),
            "recent": [views.timeline_entry(entry) for entry in shown.recent] if shown else [],
            "work_orders": [views.work_order(order) for order in orders or ()],
            "missing": [name for name, part in (("crm", shown), ("workorder", orders)) if part is None],
        }

    async def _show(self, number: str, customer_id: str) -> crm_pb2.ScreenPopResponse | None:
        crm = self._peers.crm
        request = crm_pb2.ScreenPopRequest(number=number, customer_id=customer_id)
        try:
            return await crm.call(crm.stub.ScreenPop, request, timeout_s=self._within_s)
        except SwitchyardError as problem:
            log.warning("pop_without", part="crm", detail=problem.sentence)
            return None

    async def _orders(self, customer_id: str, within_s: float) -> list[workorder_pb2.WorkOrder] | None:
        orders = self._peers.work_orders
        request = workorder_pb2.ListWorkOrdersRequest(
            customer_id=customer_id, states=OPEN_STATES, limit=ORDERS
        )
        try:
            found = await orders.call(orders.stub.ListWorkOrders, request, timeout_s=within_s)
        except SwitchyardError as problem:
            log.warning("pop_without", part="workorder", detail=problem.sentence)
            return None
        return list(found.work_orders)


def _customer(shown: crm_pb2.ScreenPopResponse | None) -> views.View | None:
    return views.customer(shown.customer) if shown and shown.HasField("customer") else None
