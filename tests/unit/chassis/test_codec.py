"""Our encoder says what protobuf's own says."""

from __future__ import annotations

import pytest
from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from services.chassis import clock, codec, envelope
from services.chassis.errors import Invalid
from services.stubs.acd.v1 import acd_pb2, events_pb2
from services.stubs.common.v1 import types_pb2
from services.stubs.crm.v1 import crm_pb2

pytestmark = pytest.mark.unit


@given(
    text=st.text(max_size=40),
    number=st.integers(-(2**63), 2**63 - 1),
    small=st.integers(-(2**31), 2**31 - 1),
    at=st.integers(0, 4_102_444_800_000),
    outcome=st.sampled_from(list(types_pb2.Outcome.values())),
    share=st.floats(),
)
def test_encoder_agrees_with_json_format(
    text: str, number: int, small: int, at: int, outcome: int, share: float
) -> None:
    ended = events_pb2.ContactEnded(
        contact_id=text,
        outcome=outcome,  # type: ignore[arg-type]
        waited_ms=number,
        offers=small,
        ended_at=clock.timestamp(at),
        call=types_pb2.CallRef(node=text),
    )
    statistics = acd_pb2.QueueStatistics(queue=text, service_level=share)
    contact = acd_pb2.Contact(contact_id=text, data={text: text, "b": "c"})
    customer = crm_pb2.Customer(numbers=[text, "+86"], revision=number)
    for message in (ended, statistics, contact, customer):
        written = codec.to_json(message)
        assert written == json_format.MessageToDict(message)
        back = json_format.ParseDict(written, type(message)())
        assert str(codec.from_json(type(message), written)) == str(back)  # as text: NaN is not NaN


@pytest.mark.parametrize(
    "data",
    [
        {"contact_id": "by its proto name"},
        {"enqueuedAt": "2026-11-22T10:00:00.123456789+08:00"},
        {"priority": "7"},
        {"priority": 7.0},
        {"contactId": None},
        {"expectedWaitMs": "12"},
        {},
    ],
)
def test_what_is_valid_but_not_canonical_is_read_as_json_format_does(data: dict[str, object]) -> None:
    expected = json_format.ParseDict(data, events_pb2.ContactQueued())
    assert codec.from_json(events_pb2.ContactQueued, data) == expected


@pytest.mark.parametrize("data", [{"contactId": 5}, {"priority": "many"}, {"enqueuedAt": "yesterday"}])
def test_what_is_not_of_that_kind_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(json_format.ParseError):
        codec.from_json(events_pb2.ContactQueued, data)


def test_a_timestamp_finer_than_a_millisecond_is_kept() -> None:
    message = events_pb2.ContactHeld(held_at=Timestamp(seconds=1, nanos=1_500_001))
    assert codec.to_json(message)["heldAt"] == "1970-01-01T00:00:01.001500001Z"


def test_an_envelope_comes_back_as_it_went() -> None:
    queued = events_pb2.ContactQueued(contact_id="c1", queue="sales", position=3, expected_wait_ms=0)
    sealed = envelope.seal(queued, "demo", service="acd", id="0190")
    assert sealed.subject == "sy.demo.acd.contact.queued"
    back = envelope.unseal(sealed.payload, 7)
    assert (back.id, back.tenant, back.subject, back.seq) == ("0190", "demo", "c1", 7)
    assert back.message() == queued


def test_a_field_of_a_newer_sender_is_ignored() -> None:
    data = {"contactId": "c", "mood": "sunny"}
    assert codec.from_json(events_pb2.ContactHeld, data) == events_pb2.ContactHeld(contact_id="c")


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b'{"id":"1"}', b"null", b"\xff"])
def test_what_is_no_envelope_is_refused(payload: bytes) -> None:
    with pytest.raises(Invalid, match="not a CloudEvents envelope"):
        envelope.unseal(payload)


def test_a_message_that_is_no_event_cannot_be_announced() -> None:
    with pytest.raises(TypeError, match="not an event"):
        envelope.seal(crm_pb2.Customer(), "demo", service="crm")
