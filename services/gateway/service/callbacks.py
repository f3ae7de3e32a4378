"""Callbacks booked and cancelled by people and programs: the ACD keeps them, the audit keeps who did it."""

from __future__ import annotations

from typing import Any

from services.chassis.clock import to_timestamp
from services.gateway.api import forms, models, views
from services.gateway.api.peers import Peers
from services.gateway.domain import AuditEntry, By, Identity
from services.gateway.store import Store
from services.stubs.acd.v1 import acd_pb2, events_pb2

NAME_CHARS = 64  # of who did it, as the ACD takes it


class Callbacks:
    """Booked with a request id, a callback is the same when it is asked for again."""

    def __init__(self, peers: Peers, store: Store) -> None:
        self._acd = peers.acd
        self._store = store

    async def book(self, body: models.NewCallback, by: By) -> views.View:
        """Raises Invalid, NotFound, Conflict, Full, Unavailable."""
        given: Any = views.numbers(views.CALLBACK_MODES)[body.mode] if body.mode else 0
        request = acd_pb2.RequestCallbackRequest(
            request_id=forms.request_id(by.identity, body.request_id),
            number=body.number,
            queue=body.queue,
            mode=given,
            not_before=to_timestamp(body.not_before) if body.not_before else None,
            not_after=to_timestamp(body.not_after) if body.not_after else None,
            attempts=body.attempts,
            priority=body.priority,
            skills=[events_pb2.Skill(name=name, level=level) for name, level in body.skills.items()],
            preferred_agent_id=body.preferred_agent_id,
            data=body.data,
            customer_id=body.customer_id,
            requested_by=_name(by.identity),
            note=body.note,
        )
        booked = views.callback(await self._acd.call(self._acd.stub.RequestCallback, request))
        detail = {"queue": booked["queue"], "number": booked["number"], "not_before": booked["not_before"]}
        await self._store.audit(by, AuditEntry("callback.booked", booked["contact_id"], detail))
        return booked

    async def cancel(self, contact_id: str, by: By) -> views.View:
        """Raises NotFound, Conflict, Unavailable."""
        request = acd_pb2.CancelCallbackRequest(contact_id=contact_id, by=_name(by.identity))
        cancelled = views.callback(await self._acd.call(self._acd.stub.CancelCallback, request))
        detail = {"queue": cancelled["queue"], "number": cancelled["number"]}
        await self._store.audit(by, AuditEntry("callback.cancelled", contact_id, detail))
        return cancelled


def _name(who: Identity) -> str:
    return (who.name or who.username)[:NAME_CHARS]
