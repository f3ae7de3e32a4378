"""Where a team lead steps in: an agent is told to be ready or to go; a waiting contact is given to them."""

from __future__ import annotations

from services.gateway.api import forms, models, views
from services.gateway.api.peers import Peers
from services.gateway.domain import AuditEntry, By, Identity
from services.gateway.store import Store
from services.stubs.acd.v1 import acd_pb2

NAME_CHARS = 64  # of who did it, as the ACD takes it


class Supervision:
    """Not the agent's own doing: the ACD announces by whom, and the audit keeps it."""

    def __init__(self, peers: Peers, store: Store) -> None:
        self._acd = peers.acd
        self._store = store

    async def force(self, agent_id: str, body: models.ForcedPresence, by: By) -> views.View:
        """Raises NotFound, Invalid, Unavailable."""
        request = acd_pb2.SetPresenceRequest(
            request_id=forms.request_id(by.identity, body.request_id),
            agent_id=agent_id,
            presence=forms.number(views.PRESENCES, body.presence, "presence"),
            reason=body.reason,
            by=_name(by.identity),
        )
        agent = await self._acd.call(self._acd.stub.SetPresence, request)
        detail = {"presence": body.presence, "reason": body.reason}
        await self._store.audit(by, AuditEntry("agent.presence_forced", agent_id, detail))
        return views.state(agent)

    async def assign(self, contact_id: str, body: models.Assignment, by: By) -> views.View:
        """A waiting contact is theirs as soon as they are free. Raises NotFound, Conflict, Unavailable."""
        request = acd_pb2.AssignContactRequest(
            request_id=forms.request_id(by.identity, body.request_id),
            contact_id=contact_id,
            agent_id=body.agent_id,
            by=_name(by.identity),
            wait_s=body.wait_s,
        )
        contact = await self._acd.call(self._acd.stub.AssignContact, request)
        detail = {"agent_id": body.agent_id, "wait_s": body.wait_s}
        await self._store.audit(by, AuditEntry("contact.assigned", contact_id, detail))
        return views.contact(contact)


def _name(who: Identity) -> str:
    return (who.name or who.username)[:NAME_CHARS]
