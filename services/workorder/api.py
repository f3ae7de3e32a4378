"""gRPC: translates between the contract's words and ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, Protocol

from services.chassis.clock import to_timestamp
from services.stubs.workorder.v1 import workorder_pb2 as pb
from services.stubs.workorder.v1 import workorder_pb2_grpc
from services.workorder.domain import (
    Act,
    Action,
    Filter,
    NewOrder,
    State,
    Step,
    Type,
    Urgency,
    WorkOrder,
    allowed_actions,
    checks,
)


class WorkOrders(Protocol):
    """What this door asks of the house."""

    async def create(self, request: NewOrder) -> WorkOrder: ...
    async def act(self, request: Act) -> WorkOrder: ...
    async def get(self, key: str) -> WorkOrder: ...
    async def steps(self, key: str) -> Sequence[Step]: ...
    async def list(self, wanted: Filter) -> Sequence[WorkOrder]: ...


class _Words:
    """A proto enum's numbers and our words; both sides name them alike."""

    def __init__(self, number_of: Callable[[str], Any], prefix: str, words: type[StrEnum]) -> None:
        self._of_number = {number_of(prefix + word.name): word for word in words}
        self._of_word = {word: number for number, word in self._of_number.items()}

    def word(self, number: int) -> Any:
        """None for a number that has no word, as `unspecified` and those of newer clients have none."""
        return self._of_number.get(number)

    def number(self, word: StrEnum) -> Any:
        return self._of_word[word]


_TYPES = _Words(pb.Type.Value, "TYPE_", Type)
_URGENCIES = _Words(pb.Urgency.Value, "URGENCY_", Urgency)
_STATES = _Words(pb.State.Value, "STATE_", State)
_ACTIONS = _Words(pb.Action.Value, "ACTION_", Action)


class Api(workorder_pb2_grpc.WorkOrdersServicer):
    """The WorkOrders RPCs. Errors pass through; the chassis maps them."""

    def __init__(self, service: WorkOrders) -> None:
        self._service = service

    async def CreateWorkOrder(self, request: pb.CreateWorkOrderRequest, context: object) -> pb.WorkOrder:
        unsaid = request.urgency == pb.URGENCY_UNSPECIFIED
        checked = checks.new_order(
            request=request.request_id,
            type_=_TYPES.word(request.type),
            urgency=Urgency.NORMAL if unsaid else _URGENCIES.word(request.urgency),
            channel_=request.channel,
            title=request.title,
            description=request.description,
            customer_id=request.customer_id,
            contact_id=request.contact_id,
            department=request.department,
            by=request.by,
        )
        return order_message(await self._service.create(checked))

    async def GetWorkOrder(self, request: pb.GetWorkOrderRequest, context: object) -> pb.WorkOrder:
        return order_message(await self._service.get(checks.order_key(request.work_order_id)))

    async def ListWorkOrders(
        self, request: pb.ListWorkOrdersRequest, context: object
    ) -> pb.ListWorkOrdersResponse:
        wanted = checks.filter_of(
            customer_id=request.customer_id,
            contact_id=request.contact_id,
            assignee=request.assignee,
            states=[_STATES.word(state) for state in request.states],
            text_=request.text,
            limit_=request.limit,
            after=request.after_work_order_id,
        )
        orders = await self._service.list(wanted)
        return pb.ListWorkOrdersResponse(work_orders=[order_message(order) for order in orders])

    async def Act(self, request: pb.ActRequest, context: object) -> pb.WorkOrder:
        checked = checks.act(
            request=request.request_id,
            order=request.work_order_id,
            action=_ACTIONS.word(request.action),
            revision=request.revision,
            by=request.by,
            note=request.note,
            department=request.department,
            assignee=request.assignee,
            satisfied=request.satisfied if request.HasField("satisfied") else None,
        )
        return order_message(await self._service.act(checked))

    async def ListSteps(self, request: pb.ListStepsRequest, context: object) -> pb.ListStepsResponse:
        steps = await self._service.steps(checks.order_key(request.work_order_id))
        return pb.ListStepsResponse(steps=[_step_message(step) for step in steps])


def order_message(order: WorkOrder) -> pb.WorkOrder:
    return pb.WorkOrder(
        work_order_id=order.work_order_id,
        number=order.number,
        type=_TYPES.number(order.type),
        urgency=_URGENCIES.number(order.urgency),
        channel=order.channel,
        state=_STATES.number(order.state),
        title=order.title,
        description=order.description,
        customer_id=order.customer_id,
        contact_id=order.contact_id,
        department=order.department,
        assignee=order.assignee,
        created_by=order.created_by,
        created_at=to_timestamp(order.created_at),
        changed_at=to_timestamp(order.changed_at),
        revision=order.revision,
        allowed_actions=[_ACTIONS.number(action) for action in allowed_actions(order.state)],
    )


def _step_message(step: Step) -> pb.Step:
    return pb.Step(
        step_id=step.step_id,
        action=pb.ACTION_UNSPECIFIED if step.action is None else _ACTIONS.number(step.action),
        from_state=_STATES.number(step.from_state),
        to_state=_STATES.number(step.to_state),
        by=step.by,
        note=step.note,
        department=step.department,
        assignee=step.assignee,
        at=to_timestamp(step.at),
    )
