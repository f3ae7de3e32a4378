"""What may stand in a request to enqueue: moments that belong together."""

from __future__ import annotations

import time

import pytest

from services.acd import checks
from services.acd.engine.stimuli import Enqueue
from services.chassis import clock
from services.chassis.errors import Invalid
from services.chassis.ids import new_id
from services.stubs.acd.v1 import acd_pb2 as pb
from services.stubs.common.v1 import types_pb2
from tests.unit.acd.transcript import Day, rung

HOUR_S = 3_600


def asked(enqueued_in_s: float | None = None, booked_in_s: float | None = None) -> Enqueue:
    """A request whose moments lie so far ahead of now, read."""
    now_ms = int(time.time() * 1000)
    call = types_pb2.CallRef(node="fs1", call_id="6ba7b810-9dad-41d1-80b4-00c04fd430c8")
    request = pb.EnqueueRequest(contact=pb.OpenContactRequest(contact_id=new_id(), call=call), queue="sales")
    for field, ahead_s in (("enqueued_at", enqueued_in_s), ("booked_at", booked_in_s)):
        if ahead_s is not None:
            getattr(request, field).CopyFrom(clock.timestamp(now_ms + round(ahead_s * 1000)))
    return checks.enqueue(request, checks.arrival(request.contact))


def test_wait_cannot_begin_in_the_future() -> None:
    with pytest.raises(Invalid, match=r"enqueued_at.*future"):
        asked(enqueued_in_s=2 * HOUR_S)


def test_booking_is_asked_for_again_with_the_moment_that_was_answered() -> None:
    """The wait of a booking begins at the booked time, and so it was answered. After a restart of the ACD the
    same was given back, and refused as lying ahead: the booking was lost."""
    again = asked(enqueued_in_s=HOUR_S, booked_in_s=HOUR_S)
    assert again.enqueued_at == again.booked_at


def test_wait_of_a_booking_does_not_begin_after_it() -> None:
    with pytest.raises(Invalid, match=r"enqueued_at.*after booked_at"):
        asked(enqueued_in_s=2 * HOUR_S, booked_in_s=HOUR_S)


def test_customer_who_is_late_may_have_come_just_now() -> None:
    """Booked for ten, came at five past: the moment of coming is after the booked one, and true."""
    late = asked(enqueued_in_s=0, booked_in_s=-300)
    assert late.enqueued_at > late.booked_at


def test_booking_asked_for_again_after_a_restart_keeps_its_time() -> None:
    day = Day()
    day.queue()
    day.agent("a1")
    booked_at = day.now + HOUR_S * 1000
    assert rung(day.call("c1", booked_at=booked_at, enqueued_at=booked_at)) == []
    assert rung(day.wait(HOUR_S - 1)) == []
    assert rung(day.wait(1)) == ["a1"]
