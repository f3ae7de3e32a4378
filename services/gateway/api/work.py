"""What agents do: presence, the call in hand, wrap-up."""

from __future__ import annotations

from starlette.responses import Response

from services.chassis.errors import Unavailable
from services.gateway.api import answers, forms, models
from services.gateway.api.guard import Routes, Who
from services.gateway.api.ports import Parts
from services.gateway.api.problems import Json
from services.gateway.domain import DISPOSITIONS, Permission

WORK = Permission.AGENT_WORK


def add(routes: Routes, parts: Parts) -> None:
    """Adds these routes."""
    desk = parts.desk

    @routes.add("GET", "/agent", WORK, tags=["agent"], summary="My state and the call in hand")
    async def state(who: Who) -> Response:
        view, known = await desk.state(who)
        if not known:
            raise Unavailable("acd")
        return Json(view)

    @routes.add("PUT", "/agent/presence", WORK, tags=["agent"], summary="Ready, other work, offline")
    async def presence(body: models.Presence, who: Who) -> Response:
        return Json(await desk.presence(who, body, body.request_id))

    @routes.add("GET", "/dispositions", WORK, tags=["agent"], summary="What wrap-up can choose from")
    async def dispositions() -> Response:
        return Json({"dispositions": [{"code": code, "en": en, "zh": zh} for code, en, zh in DISPOSITIONS]})

    @routes.add("POST", "/contacts/{contact_id}/answer", WORK, tags=["agent"])
    async def answer(contact_id: models.Id, who: Who, body: models.OfferAction | None = None) -> Response:
        offer = body or models.OfferAction()
        return Json(await desk.answer(who, contact_id, offer.offer_id or "", offer.request_id))

    @routes.add("POST", "/contacts/{contact_id}/reject", WORK, tags=["agent"])
    async def reject(contact_id: models.Id, who: Who, body: models.OfferAction | None = None) -> Response:
        offer = body or models.OfferAction()
        return Json(await desk.reject(who, contact_id, offer.offer_id or "", offer.request_id))

    @routes.add("POST", "/contacts/{contact_id}/hangup", WORK, tags=["agent"])
    async def hang_up(contact_id: models.Id, who: Who, body: models.ContactAction | None = None) -> Response:
        return Json(await desk.hang_up(who, contact_id, body.request_id if body else ""))

    @routes.add("POST", "/contacts/{contact_id}/hold", WORK, tags=["agent"])
    async def hold(contact_id: models.Id, who: Who, body: models.ContactAction | None = None) -> Response:
        return Json(await desk.hold(who, contact_id, body.request_id if body else ""))

    @routes.add("POST", "/contacts/{contact_id}/retrieve", WORK, tags=["agent"])
    async def retrieve(contact_id: models.Id, who: Who, body: models.ContactAction | None = None) -> Response:
        return Json(await desk.retrieve(who, contact_id, body.request_id if body else ""))

    @routes.add("POST", "/contacts/{contact_id}/recording/pause", WORK, tags=["agent"])
    async def pause_recording(
        contact_id: models.Id, who: Who, body: models.ContactAction | None = None
    ) -> Response:
        return Json(await desk.pause_recording(who, contact_id, body.request_id if body else ""))

    @routes.add("POST", "/contacts/{contact_id}/recording/resume", WORK, tags=["agent"])
    async def resume_recording(
        contact_id: models.Id, who: Who, body: models.ContactAction | None = None
    ) -> Response:
        return Json(await desk.resume_recording(who, contact_id, body.request_id if body else ""))

    @routes.add("POST", "/contacts/{contact_id}/dtmf", WORK, tags=["agent"])
    async def dtmf(contact_id: models.Id, body: models.Keys, who: Who) -> Response:
        return Json(await desk.dtmf(who, contact_id, body.keys, body.request_id))

    @routes.add("POST", "/contacts/{contact_id}/transfer", WORK, tags=["agent"])
    async def transfer(contact_id: models.Id, body: models.Transfer, who: Who) -> Response:
        given = await desk.transfer(who, contact_id, body.queue, body.to_agent_id, body.request_id)
        return Json(given)

    @routes.add("GET", "/agent/colleagues", WORK, answers=answers.Colleagues, tags=["agent"])
    async def colleagues(who: Who) -> Response:
        return Json(await desk.colleagues(who))

    @routes.add("POST", "/contacts/{contact_id}/wrap-up", WORK, tags=["agent"])
    async def wrap_up(contact_id: models.Id, body: models.WrapUp, who: Who) -> Response:
        return Json(await desk.wrap_up(who, contact_id, forms.wrap_up(body), body.request_id))
