"""The gRPC edge: checks what comes in, asks the engine, puts its words into those of acd.proto."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import islice
from typing import TYPE_CHECKING, Any

import structlog

from services.acd import checks, words
from services.acd.api.once import Once
from services.acd.domain import Channel, ContactState, WorkMode
from services.acd.engine import callbacks, stimuli, views
from services.acd.engine.agents import find
from services.acd.engine.floor import Contact, Floor
from services.acd.engine.queues import check_overflows
from services.acd.engine.revisions import revised
from services.chassis import clock, ids, tenant
from services.chassis.errors import Conflict, NotFound, Unavailable
from services.chassis.esl import CommandFailed, EslError
from services.stubs.acd.v1 import acd_pb2 as pb
from services.stubs.acd.v1 import acd_pb2_grpc
from services.stubs.common.v1 import types_pb2

if TYPE_CHECKING:
    from services.acd.outside import Outside
    from services.acd.service.router import Router
    from services.acd.service.watches import Watches
    from services.acd.store import Store

log = structlog.get_logger()

Knows = Callable[[str], bool]

ONLY_SAID = ("presence", "wrap_up")
"""Of what agents ask, what no switch can tell a new owner."""


class Api(acd_pb2_grpc.AcdServicer):
    """Serves acd.v1.Acd."""

    def __init__(
        self,
        router: Router,
        watches: Watches,
        store: Store,
        outside: Outside,
        *,
        knows_node: Knows,
        remembered: int,
    ) -> None:
        self._outside = outside
        self._router = router
        self._watches = watches
        self._store = store
        self._knows_node = knows_node
        self._done = Once(remembered)
        self._one_at_a_time = asyncio.Lock()  # a change of settings is judged, stored and told

    def _floor(self) -> Floor:
        return self._router.engine(tenant.current()).floor

    def _ask(self, stimulus: stimuli.Stimulus) -> list[asyncio.Future[str]]:
        return self._router.ask(tenant.current(), stimulus)

    def _arrival(self, request: pb.OpenContactRequest) -> stimuli.Arrival:
        arrival = checks.arrival(request)
        known = arrival.channel is not Channel.VOICE or self._knows_node(arrival.node)
        checks.require(known, "contact.call.node", f"no link to a switch {arrival.node!r}")
        return arrival

    # ------------------------------------------------------------ contacts

    async def OpenContact(self, request: pb.OpenContactRequest, context: Any) -> pb.OpenContactResponse:
        self._ask(stimuli.Open(self._arrival(request)))
        await self._router.told()
        return pb.OpenContactResponse()

    async def Enqueue(self, request: pb.EnqueueRequest, context: Any) -> pb.EnqueueResponse:
        arrival = self._arrival(request.contact)
        self._ask(checks.enqueue(request, arrival))
        floor = self._floor()
        contact = floor.contacts[arrival.contact_id]
        position, expected = views.place_of(floor, contact)
        waits_in = contact.queue if not contact.declined else None
        return pb.EnqueueResponse(
            position=position,
            expected_wait_ms=expected,
            enqueued_at=clock.timestamp(contact.enqueued_at or self._router.now_ms()),
            already_answered=contact.state in (ContactState.CONNECTED, ContactState.RELEASED),
            queue=waits_in.name if waits_in is not None else "",
            overflowed=words.overflowed(contact.declined),
            callback_possible=self._outside.possible,
            waiting_flow=waits_in.settings.waiting_flow if waits_in is not None else "",
        )

    async def Withdraw(self, request: pb.WithdrawRequest, context: Any) -> pb.WithdrawResponse:
        contact_id = checks.contact_id("contact_id", request.contact_id)
        self._ask(stimuli.Withdraw(contact_id, checks.short("reason", request.reason)))
        await self._router.told()
        return pb.WithdrawResponse()

    async def CloseContact(self, request: pb.CloseContactRequest, context: Any) -> pb.CloseContactResponse:
        arrival = checks.arrival(request.contact)
        self._ask(checks.close(request, arrival))
        contact = self._floor().contacts[arrival.contact_id]
        talks = contact.state is ContactState.CONNECTED
        outcome = types_pb2.OUTCOME_ANSWERED if talks else types_pb2.Outcome.ValueType(contact.outcome)
        await self._router.told()
        return pb.CloseContactResponse(outcome=outcome)

    async def WatchContacts(
        self, request: pb.WatchContactsRequest, context: Any
    ) -> AsyncIterator[pb.ContactUpdate]:
        holder = checks.name("holder", request.holder)
        together = request.places_together
        async for news in self._watches.watch(tenant.current(), holder, together=together):
            yield news

    async def GetContact(self, request: pb.GetContactRequest, context: Any) -> pb.Contact:
        return words.contact(self._contact(request.contact_id))

    async def ListWaiting(self, request: pb.ListWaitingRequest, context: Any) -> pb.ListWaitingResponse:
        queue = self._floor().queues.get(request.queue)
        if queue is None:
            raise NotFound("queue", request.queue, field="queue")
        found = islice(views.all_waiting(self._floor(), queue), checks.list_limit(request.limit))
        return pb.ListWaitingResponse(contacts=[words.contact(contact) for contact in found])

    async def AssignContact(self, request: pb.AssignContactRequest, context: Any) -> pb.Contact:
        wanted = checks.assign(request)

        async def give() -> None:
            self._ask(wanted)

        await self._once("assign", request.request_id, give)
        return words.contact(self._contact(wanted.contact_id))

    def _contact(self, contact_id: str) -> Contact:
        contact = self._floor().contacts.get(contact_id)
        if contact is None:
            raise NotFound("contact", contact_id)
        return contact

    async def ExplainContact(self, request: pb.ExplainContactRequest, context: Any) -> pb.Explanation:
        contact = self._floor().contacts.get(request.contact_id)
        if contact is not None:
            return words.explanation(contact)
        decisions = await self._store.decisions(checks.contact_id("contact_id", request.contact_id))
        if not decisions:
            raise NotFound("contact", request.contact_id)
        return pb.Explanation(contact_id=request.contact_id, decisions=decisions)

    # ------------------------------------------------------------ callbacks

    async def RequestCallback(self, request: pb.RequestCallbackRequest, context: Any) -> pb.Callback:
        caller = self._arrival(request.contact) if request.HasField("contact") else None
        about = caller.contact_id if caller is not None else checks.request_id(request.request_id)
        which = ids.made_from("callback", tenant.current(), about) if about else ids.new_id()
        typed = request.number or (caller.from_number if caller is not None else "")
        asked = checks.callback(request, which, self._outside.number("number", typed), caller)
        self._ask(asked)
        floor = self._floor()
        return words.callback(floor, callbacks.find(floor, asked))

    async def CancelCallback(self, request: pb.CancelCallbackRequest, context: Any) -> pb.Callback:
        by = checks.short("by", request.by, 64)
        self._ask(stimuli.CancelCallback(request.contact_id, by))
        floor = self._floor()
        return words.callback(floor, floor.contacts[request.contact_id])

    async def ListCallbacks(self, request: pb.ListCallbacksRequest, context: Any) -> pb.ListCallbacksResponse:
        floor, limit = self._floor(), checks.list_limit(request.limit)
        if request.queue and request.queue not in floor.queues:
            raise NotFound("queue", request.queue, field="queue")
        found = callbacks.open_in(floor, request.queue)
        shown = [words.callback(floor, each) for each in islice(found, limit)]
        return pb.ListCallbacksResponse(callbacks=shown, open=len(found))

    # ------------------------------------------------------------ agents

    async def SetPresence(self, request: pb.SetPresenceRequest, context: Any) -> pb.Agent:
        presence = checks.presence(request.presence)
        extension = checks.extension("extension", request.extension)
        reason, by = checks.short("reason", request.reason), checks.short("by", request.by, 64)
        checks.require(int(request.work_mode) in list(WorkMode), "work_mode", "is not known")
        mode = WorkMode(request.work_mode)

        async def change() -> None:
            before = find(self._floor(), request.agent_id).extension
            self._ask(stimuli.SetPresence(request.agent_id, presence, reason, extension, by, mode))
            after = find(self._floor(), request.agent_id).extension
            if after != before:
                await self._keep_extension(request.agent_id, after)

        await self._once("presence", request.request_id, change)
        return words.agent(find(self._floor(), request.agent_id))

    async def _keep_extension(self, agent_id: str, extension: str) -> None:
        """So that a restart rings the phone the agent sits at. Nobody waits for a database that is away."""
        try:
            await self._store.put_session_extension(agent_id, extension)
        except Unavailable:
            log.warning("session_extension_not_stored", agent_id=agent_id)

    async def GetAgent(self, request: pb.GetAgentRequest, context: Any) -> pb.Agent:
        return words.agent(find(self._floor(), request.agent_id))

    async def ListAgents(self, request: pb.ListAgentsRequest, context: Any) -> pb.ListAgentsResponse:
        agents = self._floor().agents.values()
        return pb.ListAgentsResponse(agents=[words.agent(each, settings=request.settings) for each in agents])

    # ------------------------------------------------------------ call control

    async def AnswerOffer(self, request: pb.OfferActionRequest, context: Any) -> pb.Agent:
        return await self._control("answer", request, stimuli.Answer(request.agent_id, request.offer_id))

    async def RejectOffer(self, request: pb.OfferActionRequest, context: Any) -> pb.Agent:
        return await self._control("reject", request, stimuli.Reject(request.agent_id, request.offer_id))

    async def HangUp(self, request: pb.ContactActionRequest, context: Any) -> pb.Agent:
        return await self._control("hang_up", request, stimuli.HangUp(request.agent_id, request.contact_id))

    async def Hold(self, request: pb.ContactActionRequest, context: Any) -> pb.Agent:
        return await self._control("hold", request, stimuli.Hold(request.agent_id, request.contact_id))

    async def Retrieve(self, request: pb.ContactActionRequest, context: Any) -> pb.Agent:
        stimulus = stimuli.Hold(request.agent_id, request.contact_id, on=False)
        return await self._control("retrieve", request, stimulus)

    async def SendDtmf(self, request: pb.SendDtmfRequest, context: Any) -> pb.Agent:
        return await self._control("dtmf", request, checks.keys(request))

    async def PauseRecording(self, request: pb.ContactActionRequest, context: Any) -> pb.Agent:
        stimulus = stimuli.PauseRecording(request.agent_id, request.contact_id)
        return await self._control("pause_recording", request, stimulus)

    async def ResumeRecording(self, request: pb.ContactActionRequest, context: Any) -> pb.Agent:
        stimulus = stimuli.PauseRecording(request.agent_id, request.contact_id, on=False)
        return await self._control("resume_recording", request, stimulus)

    async def Transfer(self, request: pb.TransferRequest, context: Any) -> pb.Agent:
        return await self._control("transfer", request, checks.transfer(request))

    async def FinishWrapUp(self, request: pb.FinishWrapUpRequest, context: Any) -> pb.Agent:
        return await self._control("wrap_up", request, checks.wrap_up(request))

    async def _control(self, what: str, request: Any, stimulus: stimuli.Stimulus) -> pb.Agent:
        async def do() -> None:
            await _heard(self._ask(stimulus))

        await self._once(what, request.request_id, do)
        return words.agent(find(self._floor(), request.agent_id))

    async def _once(self, what: str, request_id: str, do: Callable[[], Awaitable[None]]) -> None:
        """Does it unless this request has been done, or is under way. Without an id it is done."""
        if checks.request_id(request_id):
            await self._done.do((tenant.current(), what, request_id), do)
        else:
            await do()
            if what in ONLY_SAID:
                await self._router.told()

    # ------------------------------------------------------------ settings and views

    async def PutQueue(self, request: pb.Queue, context: Any) -> pb.Queue:
        async with self._one_at_a_time:
            wanted, known = checks.queue(request), self._floor().queues.get(request.name)
            present = known.settings if known is not None else None
            settings = revised(present, wanted, f"Queue {wanted.name!r}", "revision")
            check_overflows(self._floor(), settings)  # what the engine would refuse must not be stored
            if settings is not present:
                await self._store.put_queue(settings)
                self._ask(stimuli.PutQueue(settings))
        return words.queue(settings)

    async def ListQueues(self, request: pb.ListQueuesRequest, context: Any) -> pb.ListQueuesResponse:
        queues = self._floor().queues.values()
        return pb.ListQueuesResponse(queues=[words.queue(queue.settings) for queue in queues])

    async def PutAgents(self, request: pb.PutAgentsRequest, context: Any) -> pb.PutAgentsResponse:
        async with self._one_at_a_time:
            changed = self._changed_agents(checks.agents(request, self._floor().queues.keys()))
            if changed:
                await self._store.put_agents(changed)
                self._ask(stimuli.PutAgents(changed))
        return pb.PutAgentsResponse()

    def _changed_agents(self, wanted: list[stimuli.AgentSettings]) -> list[stimuli.AgentSettings]:
        known, changed = self._floor().agents, []
        for index, settings in enumerate(wanted):
            who = settings.agent_id
            present = known[who].settings if who in known else None
            after = revised(present, settings, f"Agent {who!r}", f"agents.{index}.revision")
            if after is not present:
                changed.append(after)
        return changed

    async def GetStatistics(self, request: pb.GetStatisticsRequest, context: Any) -> pb.Statistics:
        return words.statistics(views.figures(self._floor(), self._router.now_ms()))


async def _heard(answers: list[asyncio.Future[str]]) -> None:
    """Waits for the switch. Raises Conflict with its words, Unavailable when it does not answer."""
    for answer in answers:
        try:
            await answer
        except CommandFailed as refused:
            words = refused.reply.removeprefix("-ERR").strip()
            raise Conflict(f"The switch could not do that: {words[:100]}") from None
        except EslError as problem:
            raise Unavailable("switch") from problem
