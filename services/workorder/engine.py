"""What becomes of a work order: request in, the order and its new steps out. No clock, no I/O.

Times and ids come in as arguments, so that the same decision can be made twice and compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import astuple, dataclass, replace
from datetime import datetime

from services.chassis.errors import Conflict, Invalid, Stale
from services.workorder.domain import (
    Act,
    Action,
    Need,
    NewOrder,
    State,
    Step,
    WorkOrder,
    allowed_actions,
    move_for,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """An order after a decision, and the steps to be kept and announced."""

    order: WorkOrder
    steps: tuple[Step, ...]


def digest(request: NewOrder | Act) -> bytes:
    """What a request asks for, in 16 bytes: a request id used again for something else is a defect."""
    return hashlib.blake2b(repr(astuple(request)).encode(), digest_size=16).digest()


def create(request: NewOrder, *, number: str, now: datetime, new_id: Callable[[], str]) -> Outcome:
    """A new order; one that names a department is dispatched at once, which is a step of its own."""
    order = WorkOrder(
        work_order_id=new_id(),
        number=number,
        type=request.type,
        urgency=request.urgency,
        channel=request.channel,
        state=State.NEW,
        title=request.title,
        description=request.description,
        customer_id=request.customer_id,
        contact_id=request.contact_id,
        department="",
        assignee="",
        created_by=request.by,
        created_at=now,
        changed_at=now,
        revision=1,
    )
    created = Step(
        step_id=new_id(),
        work_order_id=order.work_order_id,
        position=1,
        action=None,
        from_state=State.NEW,
        to_state=State.NEW,
        by=request.by,
        note="",
        department="",
        assignee="",
        satisfied=None,
        at=now,
    )
    if not request.department:
        return Outcome(order, (created,))
    sent = act(order, _dispatch(request, order), now=now, new_id=new_id)
    return Outcome(sent.order, (created, *sent.steps))


def _dispatch(request: NewOrder, order: WorkOrder) -> Act:
    return Act(
        request_id=request.request_id,
        work_order_id=order.work_order_id,
        action=Action.DISPATCH,
        revision=order.revision,
        by=request.by,
        note="",
        department=request.department,
        assignee="",
        satisfied=None,
    )


def act(order: WorkOrder, request: Act, *, now: datetime, new_id: Callable[[], str]) -> Outcome:
    """Moves an order by one step.

    Raises Stale when it was changed meanwhile, Conflict naming the allowed actions, Invalid when the
    move lacks its department or note.
    """
    if request.revision not in (0, order.revision):
        raise Stale(
            f"{order.number} was changed by somebody else meanwhile (it is at revision "
            f"{order.revision}, you had {request.revision}): read it again, then decide."
        )
    move = move_for(order.state, request.action, request.satisfied)
    if move is None:
        raise Conflict(_refusal(order, request.action))
    if move.needs is Need.DEPARTMENT and not request.department:
        raise Invalid("department", f"is empty; {request.action} says which department gets it")
    if move.needs is Need.NOTE and not request.note:
        raise Invalid("note", f"is empty; {request.action} from {order.state} says in a note why or what")
    department, assignee = _hands(order, request, move.target)
    moved = replace(
        order,
        state=move.target,
        department=department,
        assignee=assignee,
        changed_at=now,
        revision=order.revision + 1,
    )
    step = Step(
        step_id=new_id(),
        work_order_id=order.work_order_id,
        position=moved.revision,
        action=request.action,
        from_state=order.state,
        to_state=move.target,
        by=request.by,
        note=request.note,
        department=moved.department,
        assignee=moved.assignee,
        satisfied=request.satisfied,
        at=now,
    )
    return Outcome(moved, (step,))


def _hands(order: WorkOrder, request: Act, target: State) -> tuple[str, str]:
    """Department and assignee after the move: sent to somebody, back at the desk, or as before."""
    if target is State.DISPATCHED:
        return request.department, request.assignee
    if target is State.NEW:
        # Not sent back by itself to those whose work did not satisfy: a person decides who gets it.
        return "", ""
    return order.department, order.assignee


def _refusal(order: WorkOrder, action: Action) -> str:
    allowed = ", ".join(allowed_actions(order.state))
    return f"{order.number} is {order.state}, which does not allow {action}; it allows {allowed}."
