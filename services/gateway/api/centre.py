"""The centre at large: queues, agents, statistics, flows, voicemails; looked at and set up."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Path, Query
from starlette.responses import Response

from services.chassis import clock
from services.gateway.api import answers, figures, models, settings, views
from services.gateway.api.guard import Administrator, Routes
from services.gateway.api.ports import Parts
from services.gateway.api.problems import Json
from services.gateway.domain import AuditEntry, Permission
from services.stubs.acd.v1 import acd_pb2
from services.stubs.ivr.v1 import ivr_pb2

P = Permission
QueueName = Annotated[str, Path(pattern=r"^[a-z0-9_-]{1,64}$")]
QueueChange = Annotated[
    dict[str, Any],
    Body(description="Any of a queue's settings; null: its default", examples=[{"wrap_up_s": 30}]),
]


def add(routes: Routes, parts: Parts) -> None:
    """Adds these routes."""
    _views(routes, parts)
    _queues(routes, parts)
    _agents(routes, parts)
    _flows(routes, parts)


def _views(routes: Routes, parts: Parts) -> None:
    acd, ivr = parts.peers.acd, parts.peers.ivr

    @routes.add("GET", "/queues", P.QUEUES_READ, answers=answers.Queues, tags=["centre"])
    async def queues() -> Response:
        found = await acd.call(acd.stub.ListQueues, acd_pb2.ListQueuesRequest(), retry=True)
        return Json({"queues": [settings.queue_view(queue) for queue in found.queues]})

    @routes.add("GET", "/agents", P.AGENTS_READ, answers=answers.AgentList, tags=["centre"])
    async def agents(with_settings: Annotated[bool, Query(alias="settings")] = True) -> Response:
        request = acd_pb2.ListAgentsRequest(settings=with_settings)
        found = await acd.call(acd.stub.ListAgents, request, retry=True)
        return Json({"agents": [_listed(agent) for agent in found.agents]})

    @routes.add("GET", "/statistics", P.STATISTICS_READ, answers=answers.Statistics, tags=["centre"])
    async def statistics() -> Response:
        request = acd_pb2.GetStatisticsRequest()
        found = await acd.call(acd.stub.GetStatistics, request, retry=True)
        return Json(figures.statistics(found, clock.now()))

    @routes.add("GET", "/voicemails", P.VOICEMAILS_READ, tags=["centre"])
    async def voicemails(limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Response:
        request = ivr_pb2.ListVoicemailsRequest(limit=limit)
        found = await ivr.call(ivr.stub.ListVoicemails, request, retry=True)
        return Json({"voicemails": [views.voicemail(one) for one in found.voicemails]})


def _listed(agent: acd_pb2.Agent) -> views.View:
    document = settings.agent_view(agent.settings) if agent.HasField("settings") else None
    return views.agent_with_contacts(agent) | {"settings": document}


def _queues(routes: Routes, parts: Parts) -> None:
    kept = parts.settings

    @routes.add(
        "PUT",
        "/admin/queues/{name}",
        P.QUEUES_WRITE,
        answers=settings.Queue,
        tags=["administration"],
        summary="Makes or replaces a queue: what is left out gets its default",
    )
    async def put_queue(name: QueueName, body: settings.Queue, by: Administrator) -> Response:
        return Json(await kept.put_queue(name, body, by))

    @routes.add(
        "PATCH",
        "/admin/queues/{name}",
        P.QUEUES_WRITE,
        answers=settings.Queue,
        tags=["administration"],
        summary="Changes what is named and nothing else (JSON merge patch)",
    )
    async def change_queue(name: QueueName, body: QueueChange, by: Administrator) -> Response:
        return Json(await kept.change_queue(name, body, by))


def _agents(routes: Routes, parts: Parts) -> None:
    kept = parts.settings

    @routes.add(
        "PUT",
        "/admin/agents",
        P.AGENTS_WRITE,
        status=204,
        tags=["administration"],
        summary="Makes or replaces agents, all or none: what is left out gets its default",
    )
    async def put_agents(body: settings.Agents, by: Administrator) -> Response:
        await kept.put_agents(body.agents, by)
        return Response(status_code=204)

    @routes.add(
        "PATCH",
        "/admin/agents",
        P.AGENTS_WRITE,
        answers=answers.AgentDocuments,
        tags=["administration"],
        summary="Changes what is named of each agent and nothing else (JSON merge patch), all or none",
    )
    async def change_agents(body: settings.AgentChanges, by: Administrator) -> Response:
        return Json({"agents": await kept.change_agents(body.agents, by)})


def _flows(routes: Routes, parts: Parts) -> None:
    ivr, store = parts.peers.ivr, parts.store

    @routes.add("GET", "/admin/flows", P.FLOWS_READ, tags=["administration"])
    async def flows() -> Response:
        found = await ivr.call(ivr.stub.ListFlows, ivr_pb2.ListFlowsRequest(), retry=True)
        return Json({"flows": [views.flow(flow) for flow in found.flows]})

    @routes.add("POST", "/admin/flows/validate", P.FLOWS_WRITE, tags=["administration"])
    async def validate(body: models.FlowSource) -> Response:
        request = ivr_pb2.ValidateFlowRequest(source=body.source)
        found = await ivr.call(ivr.stub.ValidateFlow, request, retry=True)
        return Json({"problems": [views.flow_problem(one) for one in found.problems]})

    @routes.add("POST", "/admin/flows", P.FLOWS_WRITE, status=201, tags=["administration"])
    async def publish(body: models.FlowSource, by: Administrator) -> Response:
        request = ivr_pb2.PublishFlowRequest(source=body.source)
        flow = await ivr.call(ivr.stub.PublishFlow, request, timeout_s=5.0)
        await store.audit(by, AuditEntry("flow.published", flow.name, {"version": flow.version}))
        return Json(views.flow(flow), 201)
