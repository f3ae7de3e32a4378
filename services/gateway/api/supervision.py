"""What team leads look into and where they step in: who waits, why who got whom, an agent's state."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from starlette.responses import Response

from services.gateway.api import answers, figures, models, views
from services.gateway.api.guard import Administrator, Routes
from services.gateway.api.ports import Parts
from services.gateway.api.problems import Json
from services.gateway.domain import AGENT_ID, Permission
from services.stubs.acd.v1 import acd_pb2

READ, SUPERVISE = Permission.CONTACTS_READ, Permission.AGENTS_SUPERVISE
ASSIGN = Permission.CONTACTS_ASSIGN
QueueName = Annotated[str, Path(pattern=r"^[a-z0-9_-]{1,64}$")]
AgentId = Annotated[str, Path(pattern=f"^{AGENT_ID.pattern}$")]


def add(routes: Routes, parts: Parts) -> None:
    """Adds these routes."""
    acd, supervision = parts.peers.acd, parts.supervision

    @routes.add(
        "GET", "/queues/{name}/contacts", READ, answers=answers.Contacts, tags=["centre"], summary="Who waits"
    )
    async def waiting(name: QueueName, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> Response:
        request = acd_pb2.ListWaitingRequest(queue=name, limit=limit)
        found = await acd.call(acd.stub.ListWaiting, request, retry=True)
        return Json({"contacts": [views.contact(contact) for contact in found.contacts]})

    @routes.add(
        "GET",
        "/contacts/{contact_id}/explanation",
        READ,
        answers=answers.Explanation,
        tags=["centre"],
        summary="Which agents it was offered to, and why those",
    )
    async def explanation(contact_id: models.Id) -> Response:
        request = acd_pb2.ExplainContactRequest(contact_id=contact_id)
        return Json(figures.explanation(await acd.call(acd.stub.ExplainContact, request, retry=True)))

    @routes.add(
        "POST",
        "/contacts/{contact_id}/assign",
        ASSIGN,
        answers=answers.Contact,
        tags=["centre"],
        summary="Gives a waiting contact to an agent",
    )
    async def assign(contact_id: models.Id, body: models.Assignment, by: Administrator) -> Response:
        return Json(await supervision.assign(contact_id, body, by))

    @routes.add(
        "PUT",
        "/agents/{agent_id}/presence",
        SUPERVISE,
        answers=answers.State,
        tags=["centre"],
        summary="Sets another's presence",
    )
    async def force(agent_id: AgentId, body: models.ForcedPresence, by: Administrator) -> Response:
        return Json(await supervision.force(agent_id, body, by))
