"""From what clients sent (models.py) to the services' messages."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.chassis.errors import Invalid
from services.chassis.ids import new_id
from services.gateway.api import models, views
from services.gateway.domain import Identity
from services.stubs.crm.v1 import crm_pb2
from services.stubs.workorder.v1 import workorder_pb2

_REQUESTS = uuid.UUID("0c0f5a54-5a7e-4b3c-9d6a-6c8f5d9f6a11")  # any fixed one


@dataclass(frozen=True, slots=True)
class WrapUp:
    """A filled-in form."""

    disposition: str
    notes: str = ""
    work_order: workorder_pb2.CreateWorkOrderRequest | None = None


def request_id(who: Identity, given: str) -> str:
    """The services' request id for a client's own: the same one gives the same, another agent's never."""
    if not given:
        return new_id()
    return str(uuid.uuid5(_REQUESTS, f"{who.tenant}/{who.user_id}/{given}"))


def number(words: Mapping[int, str], word: str, field: str) -> Any:
    """An enumeration's number for its word. Raises Invalid naming the field and what it may be."""
    for value, name in words.items():
        if name == word and value:
            return value
    allowed = ", ".join(name for value, name in words.items() if value)
    raise Invalid(field, f"must be one of {allowed}")


def wrap_up(body: models.WrapUp) -> WrapUp:
    """Raises Invalid naming a field of the work order."""
    order = work_order(body.work_order, "work_order.") if body.work_order else None
    return WrapUp(body.disposition, body.notes, order)


def work_order(body: models.NewWorkOrder, path: str = "") -> workorder_pb2.CreateWorkOrderRequest:
    """Without request id and author. Raises Invalid."""
    return workorder_pb2.CreateWorkOrderRequest(
        type=number(views.TYPES, body.type, f"{path}type"),
        urgency=number(views.URGENCIES, body.urgency, f"{path}urgency"),
        channel=body.channel,
        title=body.title,
        description=body.description,
        customer_id=body.customer_id,
        department=body.department,
    )


def action(body: models.WorkOrderAction) -> workorder_pb2.ActRequest:
    """Without request id, work order and author. Raises Invalid."""
    return workorder_pb2.ActRequest(
        action=number(views.ACTIONS, body.action, "action"),
        revision=body.revision,
        note=body.note,
        department=body.department,
        assignee=body.assignee,
        satisfied=body.satisfied,
    )


def customer(body: models.Customer, customer_id: str = "", revision: int = 0) -> crm_pb2.Customer:
    return crm_pb2.Customer(
        customer_id=customer_id,
        revision=revision,
        **body.model_dump(exclude={"revision"}),
    )
