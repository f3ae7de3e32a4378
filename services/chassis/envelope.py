"""Events as they travel: a CloudEvents 1.0 envelope (structured JSON) around a message of `events.proto`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from google.protobuf import symbol_database
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from services.chassis import clock, codec, tenant
from services.chassis.errors import Invalid
from services.chassis.ids import new_id
from services.stubs.common.v1 import options_pb2

CONTENT_TYPE = "application/cloudevents+json"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event ready to be published."""

    id: str
    subject: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event as received."""

    id: str
    type: str  # full protobuf name, such as switchyard.acd.v1.ContactQueued
    source: str
    tenant: str
    time: str  # RFC 3339
    subject: str  # what it is about: the contact, the agent …
    data: dict[str, Any]
    seq: int  # in the stream; 0 when heard live

    def message(self) -> Message:
        """The protobuf message. Raises KeyError for a type this process has no stub of."""
        return codec.from_json(_kind(self.type), self.data)


def seal(message: Message, slug: str, *, service: str, id: str = "") -> Outgoing:  # noqa: A002
    """Puts the message in its envelope. Raises TypeError for a message that is not an event."""
    suffix, about = _info(message.DESCRIPTOR)
    event_id = id or new_id()
    envelope = {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/switchyard/{service}",
        "type": message.DESCRIPTOR.full_name,
        "subject": str(getattr(message, about)) if about else "",
        "time": codec.moment(clock.now_ms()),
        "tenant": tenant.check(slug),
        "datacontenttype": "application/json",
        "data": codec.to_json(message),
    }
    return Outgoing(event_id, f"sy.{slug}.{service}.{suffix}", orjson.dumps(envelope))


def unseal(payload: bytes, seq: int = 0) -> Envelope:
    """Reads an envelope. Raises Invalid when it is not one."""
    try:
        raw = orjson.loads(payload)
        return Envelope(
            id=raw["id"],
            type=raw["type"],
            source=raw["source"],
            tenant=raw["tenant"],
            time=raw["time"],
            subject=raw.get("subject", ""),
            data=raw.get("data") or {},
            seq=seq,
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as problem:
        raise Invalid("event", f"is not a CloudEvents envelope ({type(problem).__name__})") from None


def subject_of(kind: type[Message], *, service: str, slug: str = "*") -> str:
    """The NATS subject on which events of this kind travel, for every tenant by default."""
    return f"sy.{slug}.{service}.{_info(kind.DESCRIPTOR)[0]}"


@cache
def _info(descriptor: Descriptor) -> tuple[str, str]:
    options = descriptor.GetOptions()
    if not options.HasExtension(options_pb2.event):
        raise TypeError(f"{descriptor.full_name} is not an event: it lacks the option `event`")
    info = options.Extensions[options_pb2.event]
    return info.subject, info.about


@cache
def _kind(full_name: str) -> type[Message]:
    return symbol_database.Default().GetSymbol(full_name)
