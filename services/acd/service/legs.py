"""What stands on the legs of calls: written when we dial, read when the switch speaks of them."""

from __future__ import annotations

from services.acd.domain import Channel
from services.acd.engine import commands, stimuli
from services.chassis.esl import Event
from services.chassis.esl import commands as fs

KEPT_IN, KEPT_AFTER = "sy_kept_in", "sy_kept_after"
"""On a caller whom an agent has given away: the queue, and where they go on when nobody takes the call."""


def of_an_agent(tenant: str, order: commands.Ring) -> dict[str, str]:
    """On the agent's leg: all that a restarted ACD needs to know about it, and what the phone shows."""
    return {
        "origination_uuid": order.offer_id,
        "origination_caller_id_number": fs.shown_text(order.from_number, limit=32) or "anonymous",
        "origination_caller_id_name": fs.shown_text(order.queue),
        "ignore_early_media": "true",
        "sy_leg": "agent",
        "sy_tenant": tenant,
        "sy_contact_id": order.contact_id,
        "sy_agent_id": order.agent_id,
        "sy_offer_id": order.offer_id,
        "sy_queue": order.queue,
        "sy_call_id": order.call_id,
        "sy_enqueued_ms": str(order.enqueued_at),
        "sy_opened_ms": str(order.opened_at),
    }


def of_a_customer(tenant: str, order: commands.Dial, shown: str) -> dict[str, str]:
    """On the leg of who is called back: the switch and a restarted ACD treat it like any caller's."""
    return {
        "origination_uuid": order.call_id,
        "origination_caller_id_number": shown,
        "origination_caller_id_name": shown,
        "ignore_early_media": "true",
        "sy_leg": "caller",
        "sy_callback": "1",
        "sy_tenant": tenant,
        "sy_contact_id": order.contact_id,
        "sy_customer_id": order.customer_id,
        "sy_agent_id": order.agent_id,
        "sy_queue": order.queue,
        "sy_number": order.number,
        "sy_enqueued_ms": str(order.enqueued_at),
        "sy_opened_ms": str(order.opened_at),
    }


def dropped(event: Event) -> bool:
    """Whether the switch ended the call: `send_bye`, `send_refuse`; `recv_…` is the caller's doing."""
    return event.variable("sip_hangup_disposition").startswith("send_")


def arrival_of(event: Event) -> stimuli.Arrival:
    """What a caller's leg says about its contact."""
    if event.variable("sy_callback"):
        return _called_back(event)
    return stimuli.Arrival(
        contact_id=event.variable("sy_contact_id"),
        node=event.get("FreeSWITCH-Switchname"),
        call_id=event.uuid,
        from_number=event.get("Caller-Caller-ID-Number"),
        to_number=event.variable("sip_req_user") or event.get("Caller-Destination-Number"),
        customer_id=event.variable("sy_customer_id"),
        opened_at=_created_ms(event),
    )


def _called_back(event: Event) -> stimuli.Arrival:
    """Of a leg that we dialled: the customer is the one called."""
    return stimuli.Arrival(
        contact_id=event.variable("sy_contact_id"),
        channel=Channel.CALLBACK,
        node=event.get("FreeSWITCH-Switchname"),
        call_id=event.uuid,
        from_number=event.variable("sy_number"),
        to_number=event.get("Caller-Caller-ID-Number"),
        customer_id=event.variable("sy_customer_id"),
        opened_at=int(opened) if (opened := event.variable("sy_opened_ms")).isdigit() else _created_ms(event),
    )


def _created_ms(event: Event) -> int:
    """When the channel came to be; 0 when it does not say."""
    micros = event.get("Caller-Channel-Created-Time")
    return int(micros) // 1000 if micros.isdigit() else 0
