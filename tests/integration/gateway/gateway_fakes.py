"""Stand-ins for the services behind the gateway, speaking real gRPC, and a client as a console is one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from services.chassis import tenant
from services.chassis.errors import Conflict, Invalid, NotFound, Stale, Unavailable
from services.chassis.ids import new_id
from services.chassis.rpc import Server
from services.stubs.acd.v1 import acd_pb2, acd_pb2_grpc, events_pb2
from services.stubs.common.v1 import types_pb2
from services.stubs.crm.v1 import crm_pb2, crm_pb2_grpc
from services.stubs.ivr.v1 import ivr_pb2, ivr_pb2_grpc
from services.stubs.workorder.v1 import workorder_pb2, workorder_pb2_grpc

WITHIN_S = 10.0  # no test waits longer for anything; a bound, not an expectation


class Asked:
    """What a fake was asked, by method."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []  # method, tenant, request

    def note(self, method: str, request: Any) -> None:
        self.asked.append((method, tenant.current(), request))

    def requests(self, method: str) -> list[Any]:
        return [request for name, _, request in self.asked if name == method]


class FakeAcd(Asked, acd_pb2_grpc.AcdServicer):
    """Knows agents and queues by tenant and does at once what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.agents: dict[tuple[str, str], acd_pb2.Agent] = {}
        self.settings: dict[tuple[str, str], acd_pb2.AgentSettings] = {}
        sales = acd_pb2.Queue(name="sales", title="Sales", revision=1)
        self.queues: dict[str, acd_pb2.Queue] = {"sales": sales}
        self.others_put = 0
        """So many changes of another gateway come between a reading and a putting of ours."""
        self.tells_settings = True
        self.waiting: list[acd_pb2.Contact] = []
        self.callbacks: dict[str, acd_pb2.Callback] = {}
        self.decisions: dict[str, list[events_pb2.Decision]] = {}
        self.figures = acd_pb2.QueueStatistics(queue="sales", waiting=2)
        self.away = False

    def agent(self, agent_id: str, slug: str = "demo") -> acd_pb2.Agent:
        return self.agents.setdefault(
            (slug, agent_id),
            acd_pb2.Agent(agent_id=agent_id, name=agent_id.upper(), presence=events_pb2.PRESENCE_OFFLINE),
        )

    def _found(self, method: str, request: Any) -> acd_pb2.Agent:
        self.note(method, request)
        if self.away:
            raise Unavailable("acd")
        found = self.agents.get((tenant.current(), request.agent_id))
        if found is None:
            raise NotFound("agent", request.agent_id)
        return found

    async def GetAgent(self, request: Any, context: Any) -> acd_pb2.Agent:
        return self._found("GetAgent", request)

    async def ListAgents(self, request: Any, context: Any) -> acd_pb2.ListAgentsResponse:
        self.note("ListAgents", request)
        listed = [agent for (slug, _), agent in self.agents.items() if slug == tenant.current()]
        return acd_pb2.ListAgentsResponse(agents=[self._listed(each, request.settings) for each in listed])

    def _listed(self, agent: acd_pb2.Agent, settings: bool) -> acd_pb2.Agent:
        shown = acd_pb2.Agent()
        shown.CopyFrom(agent)
        if settings and self.tells_settings:
            usual = acd_pb2.AgentSettings(agent_id=agent.agent_id, name=agent.name)
            shown.settings.CopyFrom(self.settings.get((tenant.current(), agent.agent_id), usual))
        return shown

    async def SetPresence(self, request: Any, context: Any) -> acd_pb2.Agent:
        agent = self._found("SetPresence", request)
        if request.presence:
            agent.presence, agent.reason = request.presence, request.reason
        agent.work_mode = request.work_mode or agent.work_mode
        return agent

    async def AnswerOffer(self, request: Any, context: Any) -> acd_pb2.Agent:
        return self._found("AnswerOffer", request)

    async def RejectOffer(self, request: Any, context: Any) -> acd_pb2.Agent:
        return self._found("RejectOffer", request)

    async def HangUp(self, request: Any, context: Any) -> acd_pb2.Agent:
        agent = self._found("HangUp", request)
        if request.contact_id == "gone":
            raise Conflict("The caller has hung up.")
        return agent

    async def Hold(self, request: Any, context: Any) -> acd_pb2.Agent:
        return self._found("Hold", request)

    async def Retrieve(self, request: Any, context: Any) -> acd_pb2.Agent:
        return self._found("Retrieve", request)

    async def PauseRecording(self, request: Any, context: Any) -> acd_pb2.Agent:
        return self._found("PauseRecording", request)

    async def ResumeRecording(self, request: Any, context: Any) -> acd_pb2.Agent:
        return self._found("ResumeRecording", request)

    async def SendDtmf(self, request: Any, context: Any) -> acd_pb2.Agent:
        return self._found("SendDtmf", request)

    async def Transfer(self, request: Any, context: Any) -> acd_pb2.Agent:
        return self._found("Transfer", request)

    async def FinishWrapUp(self, request: Any, context: Any) -> acd_pb2.Agent:
        return self._found("FinishWrapUp", request)

    async def PutAgents(self, request: Any, context: Any) -> acd_pb2.PutAgentsResponse:
        """Checked as the ACD does what only it can know: which queues there are."""
        self.note("PutAgents", request)
        for index, settings in enumerate(request.agents):
            for queue in (*settings.queues, *(tier.queue for tier in settings.tiers)):
                if queue not in self.queues:
                    sentence = f"{settings.agent_id}: there is no queue {queue!r}"
                    raise Invalid(f"agents.{index}.queues", sentence)
        after = [
            self._revised(
                settings,
                self.settings.get((tenant.current(), settings.agent_id)),
                f"agents.{index}.revision",
            )
            for index, settings in enumerate(request.agents)
        ]
        for settings in after:
            agent = self.agent(settings.agent_id, tenant.current())
            agent.name, agent.extension = settings.name, settings.extension
            agent.queues[:] = sorted({*settings.queues, *(tier.queue for tier in settings.tiers)})
            self.settings[tenant.current(), settings.agent_id] = settings
        return acd_pb2.PutAgentsResponse()

    async def PutQueue(self, request: Any, context: Any) -> acd_pb2.Queue:
        self.note("PutQueue", request)
        for reason in ("on_max_wait", "on_full", "on_closed", "on_no_agents"):
            overflow = getattr(request, reason)
            if overflow.action == acd_pb2.OVERFLOW_ACTION_QUEUE and overflow.target not in self.queues:
                raise Invalid(reason, f"there is no queue {overflow.target!r}")
        after = self._revised(request, self.queues.get(request.name), "revision")
        self.queues[request.name] = after
        return after  # type: ignore[no-any-return]

    def _revised(self, wanted: Any, known: Any, field: str) -> Any:
        """As the ACD: nobody replaces unawares what another has put meanwhile."""
        if self.others_put and known is not None:
            self.others_put -= 1
            known.revision += 1
        now = known.revision if known is not None else 0
        if wanted.revision and wanted.revision != now:
            raise Stale("Changed by somebody else meanwhile: reload, then decide.", field=field)
        after = type(wanted)()
        after.CopyFrom(wanted)
        after.revision = now
        if after != known:
            after.revision += 1
        return after

    async def ListQueues(self, request: Any, context: Any) -> acd_pb2.ListQueuesResponse:
        self.note("ListQueues", request)
        return acd_pb2.ListQueuesResponse(queues=self.queues.values())

    async def RequestCallback(self, request: Any, context: Any) -> acd_pb2.Callback:
        self.note("RequestCallback", request)
        if request.queue not in self.queues:
            raise NotFound("queue", request.queue)
        made = acd_pb2.Callback(
            contact_id=f"0192c3a0-0000-7000-8000-{len(self.callbacks):012}",
            number=request.number,
            queue=request.queue,
            mode=request.mode,
            state="booked" if request.HasField("not_before") else "waiting",
            attempts=request.attempts or 3,
            requested_by=request.requested_by,
            note=request.note,
        )
        if request.HasField("not_before"):
            made.not_before.CopyFrom(request.not_before)
            made.next_at.CopyFrom(request.not_before)
        self.callbacks[made.contact_id] = made
        return made

    async def CancelCallback(self, request: Any, context: Any) -> acd_pb2.Callback:
        self.note("CancelCallback", request)
        if request.contact_id not in self.callbacks:
            raise NotFound("callback", request.contact_id)
        gone = self.callbacks.pop(request.contact_id)
        gone.state, gone.outcome = "ended", types_pb2.OUTCOME_CANCELLED
        return gone

    async def ListCallbacks(self, request: Any, context: Any) -> acd_pb2.ListCallbacksResponse:
        self.note("ListCallbacks", request)
        found = [each for each in self.callbacks.values() if request.queue in ("", each.queue)]
        return acd_pb2.ListCallbacksResponse(callbacks=found[: request.limit], open=len(found))

    async def ListWaiting(self, request: Any, context: Any) -> acd_pb2.ListWaitingResponse:
        self.note("ListWaiting", request)
        if request.queue not in self.queues:
            raise NotFound("queue", request.queue)
        found = [contact for contact in self.waiting if contact.queue == request.queue]
        return acd_pb2.ListWaitingResponse(contacts=found[: request.limit])

    async def AssignContact(self, request: Any, context: Any) -> acd_pb2.Contact:
        self.note("AssignContact", request)
        found = next((each for each in self.waiting if each.contact_id == request.contact_id), None)
        if found is None:
            raise Conflict("The contact does not wait any more.")
        if (tenant.current(), request.agent_id) not in self.agents:
            raise NotFound("agent", request.agent_id)
        found.waits_for_agent_id, found.assigned_by = request.agent_id, request.by
        return found

    async def ExplainContact(self, request: Any, context: Any) -> acd_pb2.Explanation:
        self.note("ExplainContact", request)
        if request.contact_id not in self.decisions:
            raise NotFound("contact", request.contact_id)
        decisions = self.decisions[request.contact_id]
        return acd_pb2.Explanation(contact_id=request.contact_id, decisions=decisions)

    async def GetStatistics(self, request: Any, context: Any) -> acd_pb2.Statistics:
        self.note("GetStatistics", request)
        return acd_pb2.Statistics(agents_ready=3, queues=[self.figures])


class FakeCrm(Asked, crm_pb2_grpc.CrmServicer):
    """Knows one customer, Wang, by one number."""

    def __init__(self) -> None:
        super().__init__()
        self.customer = crm_pb2.Customer(
            customer_id="c-1", name="Wang", numbers=["+8613800000001"], level=3, revision=4
        )

    async def ScreenPop(self, request: Any, context: Any) -> crm_pb2.ScreenPopResponse:
        self.note("ScreenPop", request)
        if request.number != "+8613800000001":
            return crm_pb2.ScreenPopResponse(caller=crm_pb2.IdentifyResponse(number=request.number))
        caller = crm_pb2.IdentifyResponse(number=request.number, customer_id="c-1", name="Wang", level=3)
        recent = [crm_pb2.TimelineEntry(entry_id="t-1", kind="contact", data_json='{"queue":"sales"}')]
        return crm_pb2.ScreenPopResponse(caller=caller, customer=self.customer, recent=recent)

    async def SearchCustomers(self, request: Any, context: Any) -> crm_pb2.SearchCustomersResponse:
        self.note("SearchCustomers", request)
        return crm_pb2.SearchCustomersResponse(customers=[self.customer])

    async def GetCustomer(self, request: Any, context: Any) -> crm_pb2.Customer:
        self.note("GetCustomer", request)
        if request.customer_id != "c-1":
            raise NotFound("customer", request.customer_id)
        return self.customer

    async def PutCustomer(self, request: Any, context: Any) -> crm_pb2.Customer:
        self.note("PutCustomer", request)
        if request.customer_id and request.revision != self.customer.revision:
            raise Stale("Somebody changed this customer meanwhile.")
        return request  # type: ignore[no-any-return]

    async def ListTimeline(self, request: Any, context: Any) -> crm_pb2.ListTimelineResponse:
        self.note("ListTimeline", request)
        return crm_pb2.ListTimelineResponse()

    async def BlockNumber(self, request: Any, context: Any) -> crm_pb2.BlockNumberResponse:
        self.note("BlockNumber", request)
        return crm_pb2.BlockNumberResponse()

    async def UnblockNumber(self, request: Any, context: Any) -> crm_pb2.UnblockNumberResponse:
        self.note("UnblockNumber", request)
        return crm_pb2.UnblockNumberResponse()


class FakeWorkOrders(Asked, workorder_pb2_grpc.WorkOrdersServicer):
    """Makes one work order for each request id."""

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[str, workorder_pb2.WorkOrder] = {}

    async def CreateWorkOrder(self, request: Any, context: Any) -> workorder_pb2.WorkOrder:
        self.note("CreateWorkOrder", request)
        order = workorder_pb2.WorkOrder(
            work_order_id=new_id(),
            number=f"WO-{len(self.made) + 1}",
            type=request.type,
            title=request.title,
            contact_id=request.contact_id,
            created_by=request.by,
            state=workorder_pb2.STATE_NEW,
        )
        return self.made.setdefault(request.request_id, order)

    async def ListWorkOrders(self, request: Any, context: Any) -> workorder_pb2.ListWorkOrdersResponse:
        self.note("ListWorkOrders", request)
        order = workorder_pb2.WorkOrder(work_order_id="w-1", number="WO-1", customer_id=request.customer_id)
        return workorder_pb2.ListWorkOrdersResponse(work_orders=[order])

    async def GetWorkOrder(self, request: Any, context: Any) -> workorder_pb2.WorkOrder:
        self.note("GetWorkOrder", request)
        return workorder_pb2.WorkOrder(work_order_id=request.work_order_id)

    async def ListSteps(self, request: Any, context: Any) -> workorder_pb2.ListStepsResponse:
        self.note("ListSteps", request)
        return workorder_pb2.ListStepsResponse(steps=[workorder_pb2.Step(step_id="s-1")])

    async def Act(self, request: Any, context: Any) -> workorder_pb2.WorkOrder:
        self.note("Act", request)
        return workorder_pb2.WorkOrder(work_order_id=request.work_order_id, state=workorder_pb2.STATE_CLOSED)


class FakeIvr(Asked, ivr_pb2_grpc.IvrServicer):
    """Finds a dead end in any flow that says so."""

    async def ListFlows(self, request: Any, context: Any) -> ivr_pb2.ListFlowsResponse:
        return ivr_pb2.ListFlowsResponse(flows=[ivr_pb2.Flow(name="main", version=1)])

    async def ValidateFlow(self, request: Any, context: Any) -> ivr_pb2.ValidateFlowResponse:
        problem = ivr_pb2.FlowProblem(node="menu", line=7, problem="leads nowhere")
        return ivr_pb2.ValidateFlowResponse(problems=[problem] if "dead end" in request.source else [])

    async def PublishFlow(self, request: Any, context: Any) -> ivr_pb2.Flow:
        if "dead end" in request.source:
            raise Invalid("source", "menu, line 7: leads nowhere")
        return ivr_pb2.Flow(name="main", version=2)

    async def ListVoicemails(self, request: Any, context: Any) -> ivr_pb2.ListVoicemailsResponse:
        return ivr_pb2.ListVoicemailsResponse()


@dataclass
class Fakes:
    """All four, each on a port that it keeps over `down` and `up`."""

    acd: FakeAcd = field(default_factory=FakeAcd)
    crm: FakeCrm = field(default_factory=FakeCrm)
    workorder: FakeWorkOrders = field(default_factory=FakeWorkOrders)
    ivr: FakeIvr = field(default_factory=FakeIvr)
    ports: dict[str, int] = field(default_factory=dict)
    servers: dict[str, Server] = field(default_factory=dict)

    async def up(self, name: str) -> None:
        adders: dict[str, Any] = {
            "acd": acd_pb2_grpc.add_AcdServicer_to_server,
            "crm": crm_pb2_grpc.add_CrmServicer_to_server,
            "workorder": workorder_pb2_grpc.add_WorkOrdersServicer_to_server,
            "ivr": ivr_pb2_grpc.add_IvrServicer_to_server,
        }
        server = Server(f"127.0.0.1:{self.ports.get(name, 0)}", service=name)
        server.add(adders[name], getattr(self, name))
        await server.start()
        self.ports[name], self.servers[name] = server.port, server

    async def down(self, name: str) -> None:
        await self.servers.pop(name).stop(0)

    async def start(self) -> None:
        for name in ("acd", "crm", "workorder", "ivr"):
            await self.up(name)

    async def stop(self) -> None:
        for name in tuple(self.servers):
            await self.down(name)


class Screen:
    """A console's end of the agent socket."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.session: str | None = None
        self.last_seq = 0
        self.heard: deque[dict[str, Any]] = deque()

    async def hello(self, token: str, session: str | None = None, last_seq: int = 0) -> dict[str, Any]:
        await self.say({"type": "hello", "token": token, "session": session, "last_seq": last_seq})
        welcome = await self.wait("welcome")
        self.session, self.last_seq = welcome["session"], welcome["seq"]
        return welcome

    async def say(self, message: Any) -> None:
        text = message if isinstance(message, str) else orjson.dumps(message).decode()
        await self._connection.send(text)

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(WITHIN_S):
            message: dict[str, Any] = orjson.loads(await self._connection.recv())
        if message["seq"]:
            assert message["seq"] == self.last_seq + 1, "a gap in the numbers"
            self.last_seq = message["seq"]
        return message

    async def wait(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The data of the next message of this kind (with these fields); others are passed over."""
        while True:
            message = await self.next()
            data = message.get("data") or {}
            if message["type"] == kind and all(data.get(key) == value for key, value in fields.items()):
                return message if kind == "reply" else data

    async def command(self, kind: str, command_id: str, data: Any = None) -> dict[str, Any]:
        await self.say({"type": kind, "id": command_id, "data": data})
        while True:
            reply = await self.wait("reply")
            if reply["id"] in (command_id, ""):
                return reply

    async def closed(self) -> int:
        """The close code, once the gateway has closed."""
        try:
            while True:
                async with asyncio.timeout(WITHIN_S):
                    self.heard.append(orjson.loads(await self._connection.recv()))
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006

    async def drop(self) -> None:
        """The network goes away: no close frame."""
        self._connection.transport.abort()
        await self._connection.wait_closed()

    async def close(self) -> None:
        await self._connection.close()


@asynccontextmanager
async def screen(port: int, **options: Any) -> AsyncIterator[Screen]:
    """An open connection that has not said hello."""
    address = f"ws://127.0.0.1:{port}/api/v1/agent/socket"
    async with connect(address, open_timeout=WITHIN_S, close_timeout=2, **options) as connection:
        yield Screen(connection)


class Browser:
    """One person at the REST side."""

    def __init__(self, http: httpx.AsyncClient, signed_in: dict[str, Any]) -> None:
        self.http = http
        self.token: str = signed_in["access_token"]
        self.refresh_token: str = signed_in["refresh_token"]
        self.user: dict[str, Any] = signed_in["user"]

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} | options.pop("headers", {})
        return await self.http.request(method, f"/api/v1{path}", json=body, headers=headers, **options)


async def until(condition: Callable[[], bool]) -> None:
    """Waits for something that has no event of its own, within a bound."""
    async with asyncio.timeout(WITHIN_S):
        while not condition():
            await asyncio.sleep(0.01)


def offered(agent_id: str, **fields: Any) -> events_pb2.ContactOffered:
    """An offer as the ACD announces it."""
    usual: dict[str, Any] = {
        "contact_id": "k-1",
        "offer_id": "o-1",
        "queue": "sales",
        "from_number": "+8613800000001",
        "to_number": "10050",
        "attempt": 1,
        "waited_ms": 4200,
        "ring_timeout_ms": 15000,
    }
    return events_pb2.ContactOffered(agent_id=agent_id, **(usual | fields))
