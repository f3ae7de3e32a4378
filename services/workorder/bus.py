"""What work orders announce, in the words of events.proto. Sent by the outbox, with the fact."""

from __future__ import annotations

from services.chassis import outbox
from services.chassis.clock import to_timestamp
from services.chassis.db import Connection
from services.stubs.workorder.v1 import events_pb2
from services.workorder.domain import Step, WorkOrder

SERVICE = "workorder"


async def announce(c: Connection, order: WorkOrder, step: Step) -> None:
    """Adds the step's event to the transaction; its id is the step's, so it is announced once."""
    message = _created(order) if step.action is None else _moved(order, step)
    await outbox.add(c, message, service=SERVICE, id=step.step_id)


def _created(order: WorkOrder) -> events_pb2.WorkOrderCreated:
    return events_pb2.WorkOrderCreated(
        work_order_id=order.work_order_id,
        number=order.number,
        type=order.type,
        urgency=order.urgency,
        title=order.title,
        customer_id=order.customer_id,
        contact_id=order.contact_id,
        created_by=order.created_by,
        created_at=to_timestamp(order.created_at),
    )


def _moved(order: WorkOrder, step: Step) -> events_pb2.WorkOrderMoved:
    return events_pb2.WorkOrderMoved(
        work_order_id=order.work_order_id,
        number=order.number,
        action=str(step.action),
        from_state=step.from_state,
        to_state=step.to_state,
        by=step.by,
        department=step.department,
        assignee=step.assignee,
        customer_id=order.customer_id,
        contact_id=order.contact_id,
        moved_at=to_timestamp(step.at),
    )
