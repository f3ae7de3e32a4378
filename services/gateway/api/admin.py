"""People and the audit of what was done to them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from services.chassis.errors import Invalid
from services.gateway.api import models, views
from services.gateway.api.guard import Administrator, Routes
from services.gateway.api.ports import Parts
from services.gateway.api.problems import Json
from services.gateway.domain import Permission

READ, WRITE = Permission.USERS_READ, Permission.USERS_WRITE


def add(routes: Routes, parts: Parts) -> None:
    """Adds these routes."""
    people, store = parts.people, parts.store

    @routes.add("GET", "/admin/users", READ, tags=["administration"])
    async def list_users(
        text: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        after: Annotated[str, Query(max_length=64)] = "",
    ) -> Response:
        found = await store.list_users(text, after, limit)
        return Json({"users": [views.user(user) for user in found]})

    @routes.add("POST", "/admin/users", WRITE, status=201, tags=["administration"])
    async def create(body: models.NewUser, by: Administrator) -> Response:
        return Json(views.user(await people.create(body, by)), 201)

    @routes.add("POST", "/admin/users/import", WRITE, tags=["administration"])
    async def import_users(body: models.Import, by: Administrator) -> Response:
        done = await people.import_users(body, by)
        return Json({"created": done.created, "changed": done.changed, "kept": done.kept})

    @routes.add("PUT", "/admin/users/{user_id}", WRITE, tags=["administration"])
    async def change(user_id: models.Uuid, body: models.ChangedUser, by: Administrator) -> Response:
        return Json(views.user(await people.change(user_id, body, by)))

    @routes.add("POST", "/admin/users/{user_id}/disable", WRITE, tags=["administration"])
    async def disable(user_id: models.Uuid, by: Administrator) -> Response:
        return Json(views.user(await people.set_disabled(user_id, True, by)))

    @routes.add("POST", "/admin/users/{user_id}/enable", WRITE, tags=["administration"])
    async def enable(user_id: models.Uuid, by: Administrator) -> Response:
        return Json(views.user(await people.set_disabled(user_id, False, by)))

    @routes.add("PUT", "/admin/users/{user_id}/password", WRITE, status=204, tags=["administration"])
    async def reset_password(user_id: models.Uuid, body: models.PasswordReset, by: Administrator) -> Response:
        await people.reset_password(user_id, body.new, by)
        return Response(status_code=204)

    @routes.add("GET", "/admin/audit", Permission.AUDIT_READ, tags=["administration"])
    async def audit(
        limit: Annotated[int, Query(ge=1, le=500)] = 100, before: datetime | None = None
    ) -> Response:
        if before is not None and before.tzinfo is None:
            raise Invalid("before", "must say its time zone, such as 2026-12-31T00:00:00Z")
        entries = await store.list_audit(before, limit)
        return Json({"entries": [entry | {"at": views.moment(entry["at"])} for entry in entries]})
