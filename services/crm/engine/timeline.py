"""What an event of another service becomes on a customer's timeline.

Works on the event's JSON as it came: building the protobuf message again would cost ten times as much,
for every event of every call.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from services.chassis.ids import is_id
from services.crm.domain import Entry, Kind, numbers

TITLE_LENGTH = 300


@dataclass(frozen=True, slots=True)
class _Recipe:
    kind: Kind
    at: str  # the field that says when
    title: Callable[[Mapping[str, Any]], str]


def _contact(data: Mapping[str, Any]) -> str:
    outcome = str(data.get("outcome", "")).removeprefix("OUTCOME_").lower()
    return _joined(outcome, data.get("queue"), data.get("agentId"))


def _survey(data: Mapping[str, Any]) -> str:
    return f"{data.get('score', 0)}/{data.get('highest', 0)}"


def _voicemail(data: Mapping[str, Any]) -> str:
    return f"{int(data.get('lengthMs', 0)) // 1000} s"


def _wrap_up(data: Mapping[str, Any]) -> str:
    return _joined(data.get("disposition"), data.get("notes"))


def _created(data: Mapping[str, Any]) -> str:
    return _joined(data.get("number"), data.get("type"), data.get("title"))


def _moved(data: Mapping[str, Any]) -> str:
    return _joined(data.get("number"), data.get("action"), data.get("toState"))


def _joined(*parts: object) -> str:
    """Words of the event, no sentence: the screen speaks its user's language, this does not."""
    return " · ".join(str(part) for part in parts if part)


RECIPES: Mapping[str, _Recipe] = {
    "switchyard.acd.v1.ContactEnded": _Recipe(Kind.CONTACT, "endedAt", _contact),
    "switchyard.acd.v1.ContactWrappedUp": _Recipe(Kind.WRAP_UP, "wrappedUpAt", _wrap_up),
    "switchyard.ivr.v1.SurveyAnswered": _Recipe(Kind.SURVEY, "answeredAt", _survey),
    "switchyard.ivr.v1.VoicemailLeft": _Recipe(Kind.VOICEMAIL, "leftAt", _voicemail),
    "switchyard.workorder.v1.WorkOrderCreated": _Recipe(Kind.WORK_ORDER, "createdAt", _created),
    "switchyard.workorder.v1.WorkOrderMoved": _Recipe(Kind.WORK_ORDER, "movedAt", _moved),
}


def entry_of(
    *, type_: str, event_id: str, tenant: str, time: str, data: Mapping[str, Any], region: str
) -> Entry | None:
    """The entry an event makes; None for one that makes none.

    Same event, same entry: its id is the event's, so that a repeat changes nothing. Raises ValueError,
    TypeError or AttributeError when the event is not what its type says.
    """
    recipe = RECIPES.get(type_)
    if recipe is None:
        return None
    # Survey and wrap-up are read with their contact; of themselves they belong to nobody's timeline.
    own = recipe.kind not in (Kind.SURVEY, Kind.WRAP_UP)
    return Entry(
        tenant=tenant,
        entry_id=_uuid(event_id),
        at=_moment(data.get(recipe.at) or time),
        kind=recipe.kind,
        channel=str(data.get("channel", "")).removeprefix("CHANNEL_").lower(),
        contact_id=_id(data.get("contactId")),
        agent_id=_text(data.get("agentId") or data.get("by") or data.get("createdBy")),
        number=numbers.received(str(data.get("fromNumber", "")), region) if own else "",
        customer_id=_id(data.get("customerId")) if own else "",
        title=_text(recipe.title(data)),
        data=orjson.dumps(data).decode(),
    )


def with_findings(data: str, surveys: str | None, wrap_ups: str | None) -> str:
    """A contact's data with what its caller and its agents said of it (JSON lists), where they did."""
    if surveys is None and wrap_ups is None:
        return data
    found = {"surveys": surveys, "wrapUps": wrap_ups}
    lists = {name: orjson.loads(text) for name, text in found.items() if text is not None}
    return orjson.dumps(orjson.loads(data) | lists).decode()


def _uuid(event_id: str) -> str:
    """Events of ours have UUIDs; a stranger's id becomes one, always the same."""
    return event_id if is_id(event_id) else str(uuid.uuid5(uuid.NAMESPACE_URL, event_id))


def _id(value: object) -> str:
    return value if isinstance(value, str) and is_id(value) else ""


def _text(value: object) -> str:
    """PostgreSQL takes no NUL, and a caller's phone may send one."""
    return str(value or "").replace("\x00", "")[:TITLE_LENGTH]


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
