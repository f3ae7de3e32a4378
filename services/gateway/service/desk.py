"""What an agent does: presence, the call in hand, the wrap-up."""

from __future__ import annotations

from typing import Any

import structlog
from prometheus_client import Counter

from services.chassis.errors import Conflict, Invalid, NotFound, SwitchyardError, Unavailable
from services.gateway.api import forms, models, views
from services.gateway.api.peers import Peers
from services.gateway.domain import Identity
from services.gateway.store import Store
from services.stubs.acd.v1 import acd_pb2, events_pb2
from services.stubs.workorder.v1 import workorder_pb2

log = structlog.get_logger()

WORK_ORDERS_KEPT = Counter("switchyard_gateway_work_orders_kept_total", "Wrap-up work orders kept for later.")

STATE_S = 1.0  # an agent's page waits for it
_KEPT = "The work-order service does not answer: the wrap-up is done, the work order is kept and made later."
_LOST = "The work-order service does not answer: the wrap-up is done, send the work order again later."


class Desk:
    """Translates an agent's intentions into calls to the ACD and to work orders."""

    def __init__(self, peers: Peers, store: Store) -> None:
        self._peers = peers
        self._acd = peers.acd
        self._store = store

    async def state(self, who: Identity) -> tuple[views.View, bool]:
        """The agent's state as the ACD knows it, and whether it could be asked at all."""
        if not who.agent_id:
            return views.state(None), True
        request = acd_pb2.GetAgentRequest(agent_id=who.agent_id)
        try:
            agent = await self._acd.call(self._acd.stub.GetAgent, request, timeout_s=STATE_S)
        except NotFound:
            # The user names an agent whom nobody has put into the ACD: the page says what presence says.
            return views.state(None), True
        except SwitchyardError:
            return views.state(None, ["acd"]), False
        return views.state(agent), True

    async def presence(self, who: Identity, body: models.Presence, given_id: str) -> views.View:
        request = acd_pb2.SetPresenceRequest(
            request_id=forms.request_id(who, given_id),
            agent_id=_agent(who),
            presence=_given(views.PRESENCES, body.presence, "presence"),
            reason=body.reason,
            extension=body.extension,
            work_mode=_given(views.WORK_MODES, body.work_mode, "work_mode"),
        )
        agent = await self._acd.call(self._acd.stub.SetPresence, request)
        return views.state(agent)

    # ---------------------------------------------------------------- the call in hand

    async def answer(self, who: Identity, contact_id: str, offer_id: str, given_id: str) -> views.View:
        offer = await self._offer(who, contact_id, offer_id, given_id)
        agent = await self._acd.call(self._acd.stub.AnswerOffer, offer)
        return views.state(agent)

    async def reject(self, who: Identity, contact_id: str, offer_id: str, given_id: str) -> views.View:
        offer = await self._offer(who, contact_id, offer_id, given_id)
        agent = await self._acd.call(self._acd.stub.RejectOffer, offer)
        return views.state(agent)

    async def _offer(
        self, who: Identity, contact_id: str, offer_id: str, given_id: str
    ) -> acd_pb2.OfferActionRequest:
        agent_id = _agent(who)
        if not offer_id:
            offer_id = await self._present_offer(agent_id, contact_id)
        return acd_pb2.OfferActionRequest(
            request_id=forms.request_id(who, given_id), agent_id=agent_id, offer_id=offer_id
        )

    async def _present_offer(self, agent_id: str, contact_id: str) -> str:
        request = acd_pb2.GetAgentRequest(agent_id=agent_id)
        agent = await self._acd.call(self._acd.stub.GetAgent, request)
        offered = [each for each in (agent.contact, *agent.contacts) if each.contact_id == contact_id]
        if not offered or not offered[0].offer_id:
            raise Conflict("This call is not offered to you (any more).")
        return offered[0].offer_id

    async def hang_up(self, who: Identity, contact_id: str, given_id: str) -> views.View:
        action = _action(who, contact_id, given_id)
        agent = await self._acd.call(self._acd.stub.HangUp, action)
        return views.state(agent)

    async def hold(self, who: Identity, contact_id: str, given_id: str) -> views.View:
        action = _action(who, contact_id, given_id)
        agent = await self._acd.call(self._acd.stub.Hold, action)
        return views.state(agent)

    async def retrieve(self, who: Identity, contact_id: str, given_id: str) -> views.View:
        action = _action(who, contact_id, given_id)
        agent = await self._acd.call(self._acd.stub.Retrieve, action)
        return views.state(agent)

    async def pause_recording(self, who: Identity, contact_id: str, given_id: str) -> views.View:
        action = _action(who, contact_id, given_id)
        agent = await self._acd.call(self._acd.stub.PauseRecording, action)
        return views.state(agent)

    async def resume_recording(self, who: Identity, contact_id: str, given_id: str) -> views.View:
        action = _action(who, contact_id, given_id)
        agent = await self._acd.call(self._acd.stub.ResumeRecording, action)
        return views.state(agent)

    async def dtmf(self, who: Identity, contact_id: str, keys: str, given_id: str) -> views.View:
        request = acd_pb2.SendDtmfRequest(
            request_id=forms.request_id(who, given_id), agent_id=_agent(who), contact_id=contact_id, keys=keys
        )
        agent = await self._acd.call(self._acd.stub.SendDtmf, request)
        return views.state(agent)

    async def transfer(
        self, who: Identity, contact_id: str, queue: str, to_agent_id: str, given_id: str
    ) -> views.View:
        """The caller goes to a queue or an agent, one of them. Raises Invalid for both or neither."""
        if bool(queue) is bool(to_agent_id):
            raise Invalid("queue", "give a queue or to_agent_id, one of them")
        request = acd_pb2.TransferRequest(
            request_id=forms.request_id(who, given_id), agent_id=_agent(who), contact_id=contact_id
        )
        if queue:
            request.queue = queue
        else:
            request.to_agent_id = to_agent_id
        agent = await self._acd.call(self._acd.stub.Transfer, request)
        return views.state(agent)

    async def colleagues(self, who: Identity) -> views.View:
        """Agents who are ready, by name: no more than one needs to know to give them a caller."""
        mine = _agent(who)
        found = await self._acd.call(self._acd.stub.ListAgents, acd_pb2.ListAgentsRequest())
        ready = [a for a in found.agents if a.presence == events_pb2.PRESENCE_READY and a.agent_id != mine]
        ready.sort(key=lambda a: (a.name or a.agent_id, a.agent_id))
        free = events_pb2.ROUTING_STATUS_IDLE
        return {
            "agents": [
                {"agent_id": a.agent_id, "name": a.name, "idle": a.routing_status == free} for a in ready
            ]
        }

    # ---------------------------------------------------------------- wrap-up

    async def wrap_up(self, who: Identity, contact_id: str, form: forms.WrapUp, given_id: str) -> views.View:
        """The work order first, then the ACD's wrap-up with its id.

        A work-order service that is away does not stop the agent: the form is kept and the answer says so.
        Raises Invalid for a work order that is wrong in itself, Unavailable when the ACD is away.
        """
        agent_id, request = _agent(who), forms.request_id(who, given_id)
        made: workorder_pb2.WorkOrder | None = None
        away = False
        if form.work_order is not None:
            form.work_order.request_id = request
            form.work_order.contact_id = contact_id
            form.work_order.by = who.username
            try:
                made = await self._make(form.work_order)
            except Unavailable:
                away = True
        finished = acd_pb2.FinishWrapUpRequest(
            request_id=request,
            agent_id=agent_id,
            contact_id=contact_id,
            disposition=form.disposition,
            notes=form.notes,
            work_order_id=made.work_order_id if made else "",
        )
        agent = await self._acd.call(self._acd.stub.FinishWrapUp, finished)
        # Kept only now: had the ACD refused, the agent would send the form again and have two.
        kept = away and form.work_order is not None and await self._keep(request, form.work_order)
        return _wrapped(agent, made, away, request if kept else None)

    async def _make(self, order: workorder_pb2.CreateWorkOrderRequest) -> workorder_pb2.WorkOrder:
        orders = self._peers.work_orders
        return await orders.call(orders.stub.CreateWorkOrder, order, retry=True)

    async def _keep(self, request: str, order: workorder_pb2.CreateWorkOrderRequest) -> bool:
        try:
            await self._store.keep_work_order(request, order.SerializeToString())
        except SwitchyardError as problem:
            log.error(  # noqa: TRY400 (a sentence says it)
                "work_order_not_kept", request_id=request, detail=problem.sentence
            )
            return False
        WORK_ORDERS_KEPT.inc()
        log.warning("work_order_kept", request_id=request)
        return True


def _agent(who: Identity) -> str:
    if not who.agent_id:
        raise Conflict("You have no agent's desk: an administrator can give your user an agent id.")
    return who.agent_id


def _given(table: dict[int, str], value: str | None, field: str) -> Any:
    """The number of a word; 0, which the ACD takes for "as it is", when there is none."""
    return forms.number(table, value, field) if value is not None else 0


def _action(who: Identity, contact_id: str, given_id: str) -> acd_pb2.ContactActionRequest:
    return acd_pb2.ContactActionRequest(
        request_id=forms.request_id(who, given_id), agent_id=_agent(who), contact_id=contact_id
    )


def _wrapped(
    agent: acd_pb2.Agent, made: workorder_pb2.WorkOrder | None, away: bool, kept: str | None
) -> views.View:
    missing = ["workorder"] if away else []
    return views.state(agent, missing) | {
        "work_order": views.work_order(made) if made else None,
        "pending_work_order": kept,
        "sentence": (_KEPT if kept else _LOST) if away else "",
    }
