"""What a channel says of itself when it reaches us: whose call it is, and whether it was here before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.chassis import tenant
from services.chassis.errors import Invalid
from services.chassis.esl import Event
from services.chassis.ids import is_id, new_id
from services.ivr.domain.calls import Contact, clean_number
from services.ivr.engine.events import Position


@dataclass(frozen=True, slots=True)
class Arrival:
    contact: Contact
    position: Position | None
    flow: str
    """`name@version` the call is in already; "" for a new one."""
    language: str
    agent_id: str
    answered: bool


def arrival(channel: Event, *, default_tenant: str, now: datetime) -> Arrival:
    """Reads the channel. Nothing in it is trusted: what is malformed is as if it were absent."""
    variable = channel.variable
    known, customer = variable("sy_contact_id"), variable("sy_customer_id")
    node = variable("sy_flow_node")
    position = Position(
        node=node,
        enqueued_at=_moment(variable("sy_enqueued_at"), now),
        answered=variable("sy_answered") == "1",
    )
    contact = Contact(
        contact_id=known if is_id(known) else new_id(),
        tenant=_slug(variable("sy_tenant"), default_tenant),
        node=channel.get("FreeSWITCH-Switchname"),
        call_id=channel.uuid,
        from_number=clean_number(variable("sy_from_number") or channel.get("Caller-Caller-ID-Number")),
        to_number=clean_number(variable("sy_to_number") or channel.get("Caller-Destination-Number")),
        customer_id=customer if is_id(customer) else "",
        opened_at=_moment(variable("sy_opened_at"), now) or now,
    )
    return Arrival(
        contact=contact,
        position=position if node and is_id(known) else None,
        flow=variable("sy_flow"),
        language=variable("sy_language"),
        agent_id=variable("sy_agent_id"),
        answered=channel.get("Answer-State") == "answered",
    )


def remembered(contact: Contact) -> dict[str, str]:
    """The variables from which another process, and the ACD after a restart, know the contact again."""
    return {
        "sy_contact_id": contact.contact_id,
        "sy_opened_at": contact.opened_at.isoformat(),
        "sy_customer_id": contact.customer_id,
        "sy_from_number": contact.from_number,
        "sy_to_number": contact.to_number,
        "playback_terminators": "none",  # keys reach the flow, which decides
    }


def _moment(text: str, now: datetime) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo and moment <= now else None


def _slug(text: str, default: str) -> str:
    try:
        return tenant.check(text)
    except Invalid:
        return default
