"""Callbacks and appointments: who is to be called, when next, and what was tried."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from starlette.responses import Response

from services.gateway.api import answers, models, views
from services.gateway.api.guard import Administrator, Routes
from services.gateway.api.ports import Parts
from services.gateway.api.problems import Json
from services.gateway.domain import Permission
from services.stubs.acd.v1 import acd_pb2

READ, WRITE = Permission.CONTACTS_READ, Permission.CALLBACKS_WRITE
TAGS = ["callbacks"]


def add(routes: Routes, parts: Parts) -> None:
    """Adds these routes."""
    acd, callbacks = parts.peers.acd, parts.callbacks

    @routes.add(
        "GET",
        "/callbacks",
        READ,
        answers=answers.Callbacks,
        tags=TAGS,
        summary="Open ones, next to be served first",
    )
    async def listed(
        queue: Annotated[str, Query(pattern=r"^[a-z0-9_-]{0,64}$")] = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> Response:
        request = acd_pb2.ListCallbacksRequest(queue=queue, limit=limit)
        found = await acd.call(acd.stub.ListCallbacks, request, retry=True)
        return Json({"callbacks": [views.callback(one) for one in found.callbacks], "open": found.open})

    @routes.add(
        "POST",
        "/callbacks",
        WRITE,
        status=201,
        answers=answers.Callback,
        tags=TAGS,
        summary="Books a call to a customer: as soon as it is their turn, or within a window",
    )
    async def book(body: models.NewCallback, by: Administrator) -> Response:
        return Json(await callbacks.book(body, by), 201)

    @routes.add(
        "DELETE",
        "/callbacks/{contact_id}",
        WRITE,
        answers=answers.Callback,
        tags=TAGS,
        summary="Cancels it, unless the customer is being called at this moment",
    )
    async def cancel(contact_id: Annotated[models.Uuid, Path()], by: Administrator) -> Response:
        return Json(await callbacks.cancel(contact_id, by))
