"""The Ivr RPCs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from services.chassis.clock import to_timestamp
from services.chassis.errors import Invalid
from services.ivr.domain import Flow, Problem
from services.ivr.domain.calls import Message, Published
from services.stubs.ivr.v1 import ivr_pb2 as pb
from services.stubs.ivr.v1 import ivr_pb2_grpc

VOICEMAILS = 50
VOICEMAILS_MOST = 200
PROBLEMS_TOLD = 20
"""In one sentence; ValidateFlow tells all."""


class Flows(Protocol):
    """What this door asks of the house."""

    def problems(self, source: str) -> Sequence[Problem]: ...
    async def publish(self, source: str) -> tuple[Flow, Published]: ...
    def listed(self) -> Sequence[tuple[Flow, Published]]: ...


class Messages(Protocol):
    async def voicemails(self, limit: int) -> Sequence[Message]: ...


class Api(ivr_pb2_grpc.IvrServicer):
    """Errors pass through; the chassis maps them."""

    def __init__(self, flows: Flows, messages: Messages) -> None:
        self._flows = flows
        self._messages = messages

    async def ListFlows(self, request: pb.ListFlowsRequest, context: Any) -> pb.ListFlowsResponse:
        return pb.ListFlowsResponse(flows=[_flow(*each) for each in self._flows.listed()])

    async def ValidateFlow(self, request: pb.ValidateFlowRequest, context: Any) -> pb.ValidateFlowResponse:
        found = self._flows.problems(request.source)
        told = [pb.FlowProblem(node=each.node, line=each.line, problem=each.problem) for each in found]
        return pb.ValidateFlowResponse(problems=told)

    async def PublishFlow(self, request: pb.PublishFlowRequest, context: Any) -> pb.Flow:
        if found := self._flows.problems(request.source):
            more = f" (and {len(found) - PROBLEMS_TOLD} more)" if len(found) > PROBLEMS_TOLD else ""
            raise Invalid("source", "; ".join(map(str, found[:PROBLEMS_TOLD])) + more)
        return _flow(*await self._flows.publish(request.source))

    async def ListVoicemails(
        self, request: pb.ListVoicemailsRequest, context: Any
    ) -> pb.ListVoicemailsResponse:
        if not 0 <= request.limit <= VOICEMAILS_MOST:
            raise Invalid("limit", f"must be 1 to {VOICEMAILS_MOST}, or 0 for {VOICEMAILS}")
        messages = await self._messages.voicemails(request.limit or VOICEMAILS)
        return pb.ListVoicemailsResponse(voicemails=[_voicemail(each) for each in messages])


def _flow(flow: Flow, published: Published) -> pb.Flow:
    return pb.Flow(
        name=flow.name,
        version=flow.version,
        title=flow.title,
        published_at=to_timestamp(published.published_at),
        numbers=flow.numbers,
    )


def _voicemail(message: Message) -> pb.Voicemail:
    return pb.Voicemail(
        voicemail_id=message.voicemail_id,
        contact_id=message.contact.contact_id,
        from_number=message.contact.from_number,
        file=message.file,
        node=message.contact.node,
        length_ms=message.length_ms,
        left_at=to_timestamp(message.at),
    )
