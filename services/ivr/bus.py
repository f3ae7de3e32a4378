"""What the IVR announces, in the words of events.proto.

Answers and messages have rows of their own and leave through the outbox, with them. That a call came in
or a key was pressed is no row of ours: those are offered to the bus directly, which costs a call a tenth.
"""

from __future__ import annotations

from datetime import datetime

import structlog

from services.chassis import outbox, tenant
from services.chassis.bus import Bus
from services.chassis.clock import to_timestamp
from services.chassis.db import Connection
from services.chassis.errors import Full
from services.ivr.domain.calls import Contact, Message, SurveyAnswer
from services.stubs.ivr.v1 import events_pb2

SERVICE = "ivr"

log = structlog.get_logger()


class Announcer:
    """Offers what has no row; a full buffer (NATS away for minutes) loses it, which is counted there."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def call_started(
        self, contact: Contact, flow: str, version: int, at: datetime, *, re_entered: bool
    ) -> None:
        message = events_pb2.CallStarted(
            contact_id=contact.contact_id,
            flow=flow,
            flow_version=version,
            from_number=contact.from_number,
            to_number=contact.to_number,
            re_entered=re_entered,
            started_at=to_timestamp(at),
        )
        self._offer(message, contact.tenant)

    def menu_chosen(self, contact: Contact, flow: str, node: str, digits: str, at: datetime) -> None:
        message = events_pb2.MenuChosen(
            contact_id=contact.contact_id,
            flow=flow,
            node=node,
            digits=digits,
            chosen_at=to_timestamp(at),
        )
        self._offer(message, contact.tenant)

    def _offer(self, message: events_pb2.CallStarted | events_pb2.MenuChosen, tenant: str) -> None:
        try:
            self._bus.offer(message, tenant)
        except Full:
            # Not an exception's trace: thousands may follow each other.
            log.error("event_lost", kind=message.DESCRIPTOR.name, contact_id=message.contact_id)  # noqa: TRY400


async def announce(c: Connection, record: SurveyAnswer | Message) -> None:
    """Adds the record's event to the transaction; its id is the record's, so it is announced once."""
    message: events_pb2.SurveyAnswered | events_pb2.VoicemailLeft
    if isinstance(record, SurveyAnswer):
        message, event_id = _survey_answered(record), record.answer_id
    else:
        message, event_id = _voicemail_left(record), record.voicemail_id
    with tenant.use(record.contact.tenant):
        await outbox.add(c, message, service=SERVICE, id=event_id)


def _survey_answered(answer: SurveyAnswer) -> events_pb2.SurveyAnswered:
    return events_pb2.SurveyAnswered(
        contact_id=answer.contact.contact_id,
        flow=answer.flow,
        node=answer.node,
        score=answer.score,
        highest=answer.highest,
        agent_id=answer.agent_id,
        answered_at=to_timestamp(answer.at),
    )


def _voicemail_left(message: Message) -> events_pb2.VoicemailLeft:
    return events_pb2.VoicemailLeft(
        contact_id=message.contact.contact_id,
        voicemail_id=message.voicemail_id,
        from_number=message.contact.from_number,
        file=message.file,
        node=message.contact.node,
        length_ms=message.length_ms,
        left_at=to_timestamp(message.at),
    )
