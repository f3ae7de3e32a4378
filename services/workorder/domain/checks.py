"""The one place where a request is found fit or refused, with a sentence naming the field and the remedy.

Nothing behind this page checks a length again; nothing before it looks at values.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import TypeVar

from services.chassis.errors import Invalid
from services.chassis.ids import is_id
from services.workorder.domain import (
    CHANNEL_ALIASES,
    CHANNELS,
    Act,
    Action,
    Filter,
    NewOrder,
    State,
    Type,
    Urgency,
)

TITLE_LENGTH = 200
TEXT_LENGTH = 10_000  # descriptions and notes
NAME_LENGTH = 64  # people, departments, request ids
SEARCH_LENGTH = 100
LIST_DEFAULT = 50
LIST_MOST = 200

_NUMBER = re.compile(r"WO-\d{8}-\d{4,9}")

Word = TypeVar("Word")


def text(field: str, value: str, *, most: int, least: int = 0, lines: bool = False) -> str:
    """The value, stripped. `lines`: line breaks and tabs may stand in it. Raises Invalid.

    Control characters are refused rather than dropped: they come from a defect or from an attack on
    whatever shows the text later, and PostgreSQL takes no NUL.
    """
    stripped = value.strip()
    permitted = "\n\r\t" if lines else ""
    if any(unicodedata.category(c) == "Cc" and c not in permitted for c in stripped):
        raise Invalid(field, "has a control character in it; send plain text")
    if len(stripped) < least:
        raise Invalid(field, f"is empty; give 1 to {most} characters")
    if len(stripped) > most:
        raise Invalid(field, f"has {len(stripped)} characters; at most {most} are kept")
    return stripped


def identifier(field: str, value: str, *, required: bool = False) -> str:
    """A UUID in lower case, or empty where that may be. Raises Invalid."""
    folded = value.strip().lower()
    if is_id(folded) or (not folded and not required):
        return folded
    raise Invalid(field, "is not an id; send the UUID that the service gave")


def order_key(value: str) -> str:
    """A work order's id, or its number as people type it (`wo-20261122-0042`). Raises Invalid."""
    folded = unicodedata.normalize("NFKC", value).strip()
    if is_id(folded.lower()):
        return folded.lower()
    if _NUMBER.fullmatch(folded.upper()):
        return folded.upper()
    raise Invalid("work_order_id", "is neither an id nor a number such as WO-20261122-0042")


def known(field: str, value: Word | None, words: Sequence[Word]) -> Word:
    """The word, or Invalid listing those there are."""
    if value is None:
        raise Invalid(field, f"is missing or unknown; give one of {', '.join(map(str, words))}")
    return value


def limit(value: int) -> int:
    """How many to list: 0 is the default. Raises Invalid."""
    if not 0 <= value <= LIST_MOST:
        raise Invalid("limit", f"is {value}; give 1 to {LIST_MOST}, or 0 for {LIST_DEFAULT}")
    return value or LIST_DEFAULT


def channel(value: str) -> str:
    folded = value.strip().lower()
    word = CHANNEL_ALIASES.get(folded, folded)
    if word not in CHANNELS:
        raise Invalid("channel", f"is unknown; give one of {', '.join(CHANNELS)}")
    return word


def request_id(value: str) -> str:
    if not value.strip():
        raise Invalid("request_id", "is empty; send an id of your own, so that a retry does nothing twice")
    return text("request_id", value, most=NAME_LENGTH)


def new_order(
    *,
    request: str,
    type_: Type | None,
    urgency: Urgency | None,
    channel_: str,
    title: str,
    description: str,
    customer_id: str,
    contact_id: str,
    department: str,
    by: str,
) -> NewOrder:
    """Checks a request for a new order. Raises Invalid."""
    return NewOrder(
        request_id=request_id(request),
        type=known("type", type_, tuple(Type)),
        urgency=known("urgency", urgency, tuple(Urgency)),
        channel=channel(channel_),
        title=text("title", title, least=1, most=TITLE_LENGTH),
        description=text("description", description, most=TEXT_LENGTH, lines=True),
        customer_id=identifier("customer_id", customer_id),
        contact_id=identifier("contact_id", contact_id),
        department=text("department", department, most=NAME_LENGTH),
        by=text("by", by, least=1, most=NAME_LENGTH),
    )


def act(
    *,
    request: str,
    order: str,
    action: Action | None,
    revision: int,
    by: str,
    note: str,
    department: str,
    assignee: str,
    satisfied: bool | None,
) -> Act:
    """Checks a request to move an order, as far as that can be done without the order. Raises Invalid."""
    action = known("action", action, tuple(Action))
    if revision < 0:
        raise Invalid("revision", "is negative; send the one you read, or 0 for whatever it is")
    checked = Act(
        request_id=request_id(request),
        work_order_id=order_key(order),
        action=action,
        revision=revision,
        by=text("by", by, least=1, most=NAME_LENGTH),
        note=text("note", note, most=TEXT_LENGTH, lines=True),
        department=text("department", department, most=NAME_LENGTH),
        assignee=text("assignee", assignee, most=NAME_LENGTH),
        satisfied=satisfied,
    )
    _only_where_it_means_something(checked)
    return checked


def _only_where_it_means_something(checked: Act) -> None:
    sends = checked.action in (Action.DISPATCH, Action.REDISPATCH)
    if checked.department and not sends:
        raise Invalid("department", f"has no meaning for {checked.action}; leave it empty")
    if checked.assignee and not sends:
        raise Invalid("assignee", f"has no meaning for {checked.action}; leave it empty")
    if checked.action is Action.RETURN_VISIT and checked.satisfied is None:
        raise Invalid("satisfied", "is missing; say whether the customer was satisfied")
    if checked.action is not Action.RETURN_VISIT and checked.satisfied is not None:
        raise Invalid("satisfied", f"has no meaning for {checked.action}; leave it out")


def filter_of(
    *,
    customer_id: str,
    contact_id: str,
    assignee: str,
    states: Sequence[State | None],
    text_: str,
    limit_: int,
    after: str,
) -> Filter:
    """Checks a request for a list. Raises Invalid."""
    return Filter(
        customer_id=identifier("customer_id", customer_id),
        contact_id=identifier("contact_id", contact_id),
        assignee=text("assignee", assignee, most=NAME_LENGTH),
        states=tuple(dict.fromkeys(known("states", state, tuple(State)) for state in states)),
        text=text("text", text_, most=SEARCH_LENGTH),
        limit=limit(limit_),
        after=identifier("after_work_order_id", after),
    )
