"""The nouns of work orders and the table of their moves.

The table is the law: the engine looks moves up in it, `allowed_actions` is read from it, the diagram in
the README is generated from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Type(StrEnum):
    ACCEPTANCE = "acceptance"
    SUGGESTION = "suggestion"
    CONSULTATION = "consultation"
    FAULT = "fault"
    COMPLAINT = "complaint"
    MARKETING = "marketing"


class Urgency(StrEnum):
    NORMAL = "normal"
    URGENT = "urgent"
    VERY_URGENT = "very_urgent"


class State(StrEnum):
    NEW = "new"
    DISPATCHED = "dispatched"
    ANSWERED = "answered"
    REPLIED = "replied"
    VISITED = "visited"
    CLOSED = "closed"
    VOID = "void"


class Action(StrEnum):
    DISPATCH = "dispatch"
    ANSWER = "answer"
    REPLY = "reply"
    REDISPATCH = "redispatch"
    VOID = "void"
    REOPEN = "reopen"
    CLOSE = "close"
    RETURN_VISIT = "return_visit"


CHANNELS = ("phone", "fax", "sms", "email", "web", "social")
# Telephony and chat name the same roads by their own words.
CHANNEL_ALIASES = {"": "phone", "voice": "phone", "callback": "phone", "chat": "web", "e-mail": "email"}


class Need(StrEnum):
    """What a move cannot do without."""

    DEPARTMENT = "department"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the table. `satisfied` tells the two ways of a return visit apart."""

    source: State
    action: Action
    target: State
    needs: Need | None = None
    satisfied: bool | None = None


_S, _A, _N = State, Action, Need

MOVES: tuple[Move, ...] = (
    # The desk that took the request passes it on, settles it itself, or strikes out a mistake.
    Move(_S.NEW, _A.DISPATCH, _S.DISPATCHED, _N.DEPARTMENT),
    Move(_S.NEW, _A.REPLY, _S.REPLIED, _N.NOTE),
    Move(_S.NEW, _A.VOID, _S.VOID, _N.NOTE),
    # The department answers, or it was the wrong department. Still voidable: nobody has worked on it.
    Move(_S.DISPATCHED, _A.ANSWER, _S.ANSWERED, _N.NOTE),
    Move(_S.DISPATCHED, _A.REDISPATCH, _S.DISPATCHED, _N.DEPARTMENT),
    Move(_S.DISPATCHED, _A.VOID, _S.VOID, _N.NOTE),
    # The desk tells the customer, or sends a poor answer back. It may close only with a note why the
    # customer was not told (cannot be reached, wants no reply). No voiding: that would hide work done.
    Move(_S.ANSWERED, _A.REPLY, _S.REPLIED, _N.NOTE),
    Move(_S.ANSWERED, _A.REDISPATCH, _S.DISPATCHED, _N.DEPARTMENT),
    Move(_S.ANSWERED, _A.CLOSE, _S.CLOSED, _N.NOTE),
    # The customer, when told, may object; or is asked later whether it helped.
    Move(_S.REPLIED, _A.REDISPATCH, _S.DISPATCHED, _N.DEPARTMENT),
    Move(_S.REPLIED, _A.RETURN_VISIT, _S.VISITED, satisfied=True),
    Move(_S.REPLIED, _A.RETURN_VISIT, _S.NEW, satisfied=False),
    Move(_S.REPLIED, _A.CLOSE, _S.CLOSED),
    Move(_S.VISITED, _A.CLOSE, _S.CLOSED),
    # Many centres visit after closing: then satisfaction changes nothing but the record.
    Move(_S.CLOSED, _A.RETURN_VISIT, _S.CLOSED, satisfied=True),
    Move(_S.CLOSED, _A.RETURN_VISIT, _S.NEW, satisfied=False),
    Move(_S.CLOSED, _A.REOPEN, _S.NEW, _N.NOTE),
    Move(_S.VOID, _A.REOPEN, _S.NEW, _N.NOTE),
)

_BY_KEY = {(move.source, move.action, move.satisfied): move for move in MOVES}


def move_for(state: State, action: Action, satisfied: bool | None) -> Move | None:
    """The move an action makes from a state; None where the table has none."""
    return _BY_KEY.get((state, action, satisfied))


def allowed_actions(state: State) -> tuple[Action, ...]:
    """What may be done from a state, in the order of the table."""
    return tuple(dict.fromkeys(move.action for move in MOVES if move.source is state))


def diagram() -> str:
    """The table as a Mermaid state diagram, for the README."""
    lines = ["stateDiagram-v2", "    [*] --> new"]
    for move in MOVES:
        how = {None: "", True: " (satisfied)", False: " (not satisfied)"}[move.satisfied]
        lines.append(f"    {move.source} --> {move.target} : {move.action}{how}")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """A work order as it stands. Empty text: not set. Times are aware, UTC."""

    work_order_id: str
    number: str
    type: Type
    urgency: Urgency
    channel: str
    state: State
    title: str
    description: str
    customer_id: str
    contact_id: str
    department: str
    assignee: str
    created_by: str
    created_at: datetime
    changed_at: datetime
    revision: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an order's history; never changed. `action` None: it was created."""

    step_id: str
    work_order_id: str
    position: int
    action: Action | None
    from_state: State
    to_state: State
    by: str
    note: str
    department: str
    assignee: str
    satisfied: bool | None
    at: datetime


@dataclass(frozen=True, slots=True)
class NewOrder:
    """A request for a work order, checked. `request_id` names it, so that a retry makes no second one."""

    request_id: str
    type: Type
    urgency: Urgency
    channel: str
    title: str
    description: str
    customer_id: str
    contact_id: str
    department: str
    by: str


@dataclass(frozen=True, slots=True)
class Act:
    """A request to move an order, checked. `revision` 0: whatever it is."""

    request_id: str
    work_order_id: str
    action: Action
    revision: int
    by: str
    note: str
    department: str
    assignee: str
    satisfied: bool | None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which orders are listed, newest first. Empty: all. `after`: the last one seen."""

    customer_id: str
    contact_id: str
    assignee: str
    states: tuple[State, ...]
    text: str
    limit: int
    after: str
