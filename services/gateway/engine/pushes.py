"""From the ACD's events (canonical JSON) to what an agent's screen is told (docs/gateway-websocket.md).

On the hot path: ten of these for each call. Plain dictionaries, no models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

Data = Mapping[str, Any]


class Push(NamedTuple):
    """A message for one agent."""

    agent_id: str
    type: str
    data: dict[str, Any]


def word(value: object, prefix: str) -> str:
    """`PRESENCE_OTHER_WORK` → `other_work`; unknown numbers → `unspecified`."""
    text = value if isinstance(value, str) else ""
    return text.removeprefix(prefix).lower() or "unspecified"


def presence_word(value: object) -> str:
    """An agent never seen is offline; the canonical JSON leaves that out."""
    text = word(value, "PRESENCE_")
    return "offline" if text == "unspecified" else text


def status_word(value: object) -> str:
    text = word(value, "ROUTING_STATUS_")
    return "idle" if text == "unspecified" else text


def channel_word(value: object) -> str:
    """Of before there were others, a contact is a call."""
    text = word(value, "CHANNEL_")
    return "voice" if text == "unspecified" else text


def work_mode_word(value: object) -> str:
    text = word(value, "WORK_MODE_")
    return "continuous" if text == "unspecified" else text


def _agent(data: Data) -> dict[str, Any]:
    return {
        "presence": presence_word(data.get("presence")),
        "reason": data.get("reason", ""),
        "routing_status": status_word(data.get("routingStatus")),
        "contact_id": data.get("contactId") or None,
        "since": data.get("since"),
        "until": data.get("until"),
        "by": data.get("by") or None,
        "work_mode": work_mode_word(data.get("workMode")),
    }


def _offer(data: Data) -> dict[str, Any]:
    return {
        "contact_id": data.get("contactId", ""),
        "offer_id": data.get("offerId", ""),
        "channel": channel_word(data.get("channel")),
        "queue": data.get("queue", ""),
        "from_number": data.get("fromNumber", ""),
        "to_number": data.get("toNumber", ""),
        "customer_id": data.get("customerId", ""),
        "attempt": data.get("attempt", 0),
        "waited_ms": int(data.get("waitedMs", 0)),
        "ring_timeout_ms": int(data.get("ringTimeoutMs", 0)),
        "reason": data.get("reason", ""),
        "offered_at": data.get("offeredAt"),
        "callback": _callback(data["callback"]) if data.get("callback") else None,
    }


def _callback(data: Data) -> dict[str, Any]:
    mode = word(data.get("mode"), "CALLBACK_MODE_")
    return {
        "number": data.get("number", ""),
        "mode": "agent_first" if mode == "unspecified" else mode,
        "attempt": data.get("attempt", 0),
        "attempts": data.get("attempts", 0),
        "requested_by": data.get("requestedBy", ""),
        "note": data.get("note", ""),
        "callback_of": data.get("callbackOf", ""),
    }


def _offer_failed(data: Data) -> dict[str, Any]:
    return {
        "contact_id": data.get("contactId", ""),
        "offer_id": data.get("offerId", ""),
        "failure": word(data.get("failure"), "OFFER_FAILURE_"),
        "rang_ms": int(data.get("rangMs", 0)),
        "cause": data.get("cause", ""),
        "failed_at": data.get("failedAt"),
    }


def _answered(data: Data) -> dict[str, Any]:
    return {
        "contact_id": data.get("contactId", ""),
        "offer_id": data.get("offerId", ""),
        "queue": data.get("queue", ""),
        "waited_ms": int(data.get("waitedMs", 0)),
        "answered_at": data.get("answeredAt"),
    }


def _held(data: Data) -> dict[str, Any]:
    return {"contact_id": data.get("contactId", ""), "held_at": data.get("heldAt")}


def _retrieved(data: Data) -> dict[str, Any]:
    return {"contact_id": data.get("contactId", ""), "retrieved_at": data.get("retrievedAt")}


def _recording(state: str) -> Callable[[Data], dict[str, Any]]:
    def told(data: Data) -> dict[str, Any]:
        return {"contact_id": data.get("contactId", ""), "state": state}

    return told


def _released(data: Data) -> dict[str, Any]:
    return {
        "contact_id": data.get("contactId", ""),
        "offer_id": data.get("offerId", ""),
        "queue": data.get("queue", ""),
        "talk_ms": int(data.get("talkMs", 0)),
        "hold_ms": int(data.get("holdMs", 0)),
        "ended_by": word(data.get("endedBy"), "PARTY_"),
        "released_at": data.get("releasedAt"),
    }


def _transferred(data: Data) -> dict[str, Any]:
    return {
        "contact_id": data.get("contactId", ""),
        "offer_id": data.get("offerId", ""),
        "queue": data.get("queue", ""),
        "to_agent_id": data.get("toAgentId", ""),
        "transferred_at": data.get("transferredAt"),
    }


def _wrapped_up(data: Data) -> dict[str, Any]:
    return {
        "contact_id": data.get("contactId", ""),
        "wrap_up_ms": int(data.get("wrapUpMs", 0)),
        "disposition": data.get("disposition", ""),
        "work_order_id": data.get("workOrderId", ""),
        "timed_out": bool(data.get("timedOut")),
        "wrapped_up_at": data.get("wrappedUpAt"),
    }


_TABLE: Final[dict[str, tuple[str, Callable[[Data], dict[str, Any]]]]] = {
    "AgentStateChanged": ("agent", _agent),
    "ContactOffered": ("offer", _offer),
    "ContactOfferFailed": ("offer_failed", _offer_failed),
    "ContactAnswered": ("answered", _answered),
    "ContactHeld": ("held", _held),
    "ContactRetrieved": ("retrieved", _retrieved),
    "RecordingStarted": ("recording", _recording("recording")),
    "RecordingPaused": ("recording", _recording("paused")),
    "RecordingResumed": ("recording", _recording("recording")),
    "RecordingFailed": ("recording", _recording("failed")),
    "ContactReleased": ("released", _released),
    "ContactTransferred": ("transferred", _transferred),
    "ContactWrappedUp": ("wrapped_up", _wrapped_up),
}

KINDS: Final = tuple(_TABLE)


def push(kind: str, data: Data) -> Push | None:
    """What the event of this kind (`ContactOffered`) tells an agent; None when it concerns none."""
    entry = _TABLE.get(kind)
    agent_id = data.get("agentId", "")
    if entry is None or not agent_id:
        return None
    return Push(agent_id, entry[0], entry[1](data))
