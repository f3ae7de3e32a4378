"""Recordings: found, looked at, heard. Every listening is audited before it begins."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from services.chassis.errors import Invalid
from services.gateway.api import answers, models, views
from services.gateway.api.guard import Administrator, Routes
from services.gateway.api.ports import Parts
from services.gateway.api.problems import Json
from services.gateway.domain import Permission
from services.gateway.engine.recordings import PEAKS, Recording, part

LISTEN = Permission.RECORDINGS_LISTEN
TAGS = ["recordings"]
RecordingId = Annotated[models.Uuid, Path()]


def add(routes: Routes, parts: Parts) -> None:
    """Adds these routes."""
    recordings = parts.recordings

    @routes.add(
        "GET",
        "/recordings",
        LISTEN,
        answers=answers.Recordings,
        tags=TAGS,
        summary="Newest first; agents find their own",
    )
    async def listed(
        by: Administrator,
        contact_id: Annotated[str, Query(pattern=r"^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?$")] = "",
        agent_id: Annotated[str, Query(pattern=r"^[a-z0-9._-]{0,64}$")] = "",
        queue: Annotated[str, Query(pattern=r"^[a-z0-9_-]{0,64}$")] = "",
        number: Annotated[str, Query(pattern=r"^[0-9+*#A-Za-z.@:_-]{0,64}$")] = "",
        since: datetime | None = None,
        before: datetime | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> Response:
        found = await recordings.found(
            by,
            contact_id=contact_id,
            agent_id=agent_id,
            queue=queue,
            number=number,
            since=_aware("since", since),
            before=_aware("before", before),
            limit=limit,
        )
        return Json({"recordings": [view(one) for one in found]})

    @routes.add("GET", "/recordings/{recording_id}", LISTEN, answers=answers.RecordingDetail, tags=TAGS)
    async def one(recording_id: RecordingId, by: Administrator) -> Response:
        found = await recordings.one(recording_id, by)
        return Json(view(found) | {"sha256": found.sha256.hex(), "peaks": _peaks(found)})

    @routes.add(
        "GET",
        "/recordings/{recording_id}/audio",
        LISTEN,
        tags=TAGS,
        summary="The file (WAV; caller left, what the caller hears right), whole or a Range of it; audited",
    )
    async def audio(recording_id: RecordingId, request: Request, by: Administrator) -> Response:
        found = await recordings.one(recording_id, by)
        await recordings.listen(found, by)
        asked = request.headers.get("range", "")
        wanted = part(asked, found.size)
        headers = {
            "Accept-Ranges": "bytes",
            "Cache-Control": "private, no-store",
            "ETag": f'"{found.sha256.hex()}"',
            "Content-Disposition": f'inline; filename="{found.recording_id}.wav"',
        }
        if wanted is None:
            return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{found.size}"})
        start, stop = wanted
        headers["Content-Length"] = str(stop - start)
        partly = bool(asked) and (start, stop) != (0, found.size)
        if partly:
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{found.size}"
        pieces = recordings.read(found, start, stop - start)
        return StreamingResponse(pieces, 206 if partly else 200, headers, media_type="audio/wav")


def view(one: Recording) -> views.View:
    return {
        "recording_id": one.recording_id,
        "contact_id": one.contact_id,
        "agent_id": one.agent_id,
        "queue": one.queue,
        "from_number": one.from_number,
        "to_number": one.to_number,
        "customer_id": one.customer_id,
        "started_at": views.moment(one.started_at),
        "length_ms": one.length_ms,
        "state": one.state,
        "size_bytes": one.size,
        "pauses": list(one.pauses),
    }


def _peaks(one: Recording) -> list[list[int]]:
    return [list(one.peaks[at : at + PEAKS]) for at in range(0, len(one.peaks), PEAKS)]


def _aware(field: str, moment: datetime | None) -> datetime | None:
    if moment is not None and moment.tzinfo is None:
        raise Invalid(field, "must say its time zone, such as 2026-12-31T00:00:00Z")
    return moment
