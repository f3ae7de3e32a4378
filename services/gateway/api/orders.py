"""Work orders: translated for the work-order service."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from services.gateway.api import forms, models, views
from services.gateway.api.guard import Routes, Who
from services.gateway.api.ports import Parts
from services.gateway.api.problems import Json
from services.gateway.domain import Permission
from services.stubs.workorder.v1 import workorder_pb2

READ, WRITE = Permission.WORK_ORDERS_READ, Permission.WORK_ORDERS_WRITE


def add(routes: Routes, parts: Parts) -> None:
    """Adds these routes."""
    orders = parts.peers.work_orders

    @routes.add("GET", "/work-orders", READ, tags=["work orders"], summary="List")
    async def list_orders(
        customer_id: models.Id = "",
        contact_id: models.Id = "",
        assignee: Annotated[str, Query(max_length=64)] = "",
        state: Annotated[list[str], Query(max_length=10)] = [],  # noqa: B006 (FastAPI copies it)
        text: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        after: models.Id = "",
    ) -> Response:
        request = workorder_pb2.ListWorkOrdersRequest(
            customer_id=customer_id,
            contact_id=contact_id,
            assignee=assignee,
            states=[forms.number(views.STATES, word, "state") for word in state],
            text=text,
            limit=limit,
            after_work_order_id=after,
        )
        found = await orders.call(orders.stub.ListWorkOrders, request, retry=True)
        return Json({"work_orders": [views.work_order(one) for one in found.work_orders]})

    @routes.add("POST", "/work-orders", WRITE, status=201, tags=["work orders"], summary="Create")
    async def create(body: models.WorkOrder, who: Who) -> Response:
        request = forms.work_order(body)
        request.contact_id = body.contact_id
        request.request_id = forms.request_id(who, body.request_id)
        request.by = who.username
        made = await orders.call(orders.stub.CreateWorkOrder, request, retry=True)
        return Json(views.work_order(made), 201)

    @routes.add("GET", "/work-orders/{work_order_id}", READ, tags=["work orders"])
    async def get(work_order_id: models.Id) -> Response:
        request = workorder_pb2.GetWorkOrderRequest(work_order_id=work_order_id)
        found = await orders.call(orders.stub.GetWorkOrder, request, retry=True)
        return Json(views.work_order(found))

    @routes.add("GET", "/work-orders/{work_order_id}/steps", READ, tags=["work orders"])
    async def steps(work_order_id: models.Id) -> Response:
        request = workorder_pb2.ListStepsRequest(work_order_id=work_order_id)
        found = await orders.call(orders.stub.ListSteps, request, retry=True)
        return Json({"steps": [views.step(one) for one in found.steps]})

    @routes.add("POST", "/work-orders/{work_order_id}/actions", WRITE, tags=["work orders"])
    async def act(work_order_id: models.Id, body: models.WorkOrderAction, who: Who) -> Response:
        request = forms.action(body)
        request.request_id = forms.request_id(who, body.request_id)
        request.work_order_id = work_order_id
        request.by = who.username
        return Json(views.work_order(await orders.call(orders.stub.Act, request, retry=True)))
