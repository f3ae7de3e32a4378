"""Customers, their timeline, blocked numbers: translated for CRM."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from services.chassis import clock
from services.chassis.errors import Invalid
from services.gateway.api import forms, models, views
from services.gateway.api.guard import Routes
from services.gateway.api.ports import Parts
from services.gateway.api.problems import Json
from services.gateway.domain import Permission
from services.stubs.crm.v1 import crm_pb2

READ, WRITE, BLOCK = (
    Permission.CUSTOMERS_READ,
    Permission.CUSTOMERS_WRITE,
    Permission.NUMBERS_BLOCK,
)


def add(routes: Routes, parts: Parts) -> None:
    """Adds these routes."""
    crm = parts.peers.crm

    @routes.add("GET", "/customers", READ, tags=["customers"], summary="Search")
    async def search(
        text: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
    ) -> Response:
        request = crm_pb2.SearchCustomersRequest(text=text, limit=limit)
        found = await crm.call(crm.stub.SearchCustomers, request, retry=True)
        return Json({"customers": [views.customer(one) for one in found.customers]})

    @routes.add("POST", "/customers", WRITE, status=201, tags=["customers"], summary="Create")
    async def create(body: models.Customer) -> Response:
        made = await crm.call(crm.stub.PutCustomer, forms.customer(body))
        return Json(views.customer(made), 201)

    @routes.add("GET", "/customers/{customer_id}", READ, tags=["customers"])
    async def get(customer_id: models.Id) -> Response:
        request = crm_pb2.GetCustomerRequest(customer_id=customer_id)
        return Json(views.customer(await crm.call(crm.stub.GetCustomer, request, retry=True)))

    @routes.add("PUT", "/customers/{customer_id}", WRITE, tags=["customers"], summary="Change")
    async def change(customer_id: models.Id, body: models.ChangedCustomer) -> Response:
        wanted = forms.customer(body, customer_id, body.revision)
        return Json(views.customer(await crm.call(crm.stub.PutCustomer, wanted)))

    @routes.add("GET", "/customers/{customer_id}/timeline", READ, tags=["customers"])
    async def timeline(
        customer_id: models.Id,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        before: datetime | None = None,
    ) -> Response:
        request = crm_pb2.ListTimelineRequest(customer_id=customer_id, limit=limit)
        if before is not None:
            request.before.CopyFrom(clock.to_timestamp(_aware(before, "before")))
        found = await crm.call(crm.stub.ListTimeline, request, retry=True)
        return Json({"entries": [views.timeline_entry(entry) for entry in found.entries]})

    @routes.add("PUT", "/blocked-numbers/{number}", BLOCK, status=204, tags=["customers"])
    async def block(number: models.Number, body: models.Block) -> Response:
        request = crm_pb2.BlockNumberRequest(number=number, reason=body.reason)
        if body.expires_at is not None:
            request.expires_at.CopyFrom(clock.to_timestamp(body.expires_at))
        await crm.call(crm.stub.BlockNumber, request)
        return Response(status_code=204)

    @routes.add("DELETE", "/blocked-numbers/{number}", BLOCK, status=204, tags=["customers"])
    async def unblock(number: models.Number) -> Response:
        await crm.call(crm.stub.UnblockNumber, crm_pb2.UnblockNumberRequest(number=number))
        return Response(status_code=204)


def _aware(moment: datetime, field: str) -> datetime:
    if moment.tzinfo is None:
        raise Invalid(field, "must say its time zone, such as 2026-12-31T00:00:00Z")
    return moment
