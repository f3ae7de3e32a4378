"""People who are called back, through the whole ACD: gRPC in, a switch that dials, events and tables out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.chassis.errors import Conflict, Invalid, NotFound
from services.chassis.ids import new_id
from services.stubs.acd.v1 import acd_pb2 as pb
from services.stubs.acd.v1 import events_pb2 as ev
from services.stubs.common.v1 import types_pb2
from tests.integration.acd.centre import Caller, Centre, until
from tests.integration.acd.test_outages import rows_come

NUMBER = "+8613800000001"
TALKS = {"mode": "auto_answer", "answer_after_ms": 20, "talk_ms": 100}


async def asks(caller: Caller, **more: Any) -> pb.Callback:
    """The caller presses the key and hangs up; the flow has the last word."""
    request = pb.RequestCallbackRequest(contact=caller.request, queue="sales", **more)
    callback: pb.Callback = await caller.centre.call("RequestCallback", request)
    caller.hang_up()
    await caller.close(types_pb2.OUTCOME_CALLBACK)
    return callback


async def books(centre: Centre, number: str = NUMBER, **more: Any) -> pb.Callback:
    request = pb.RequestCallbackRequest(number=number, queue="sales", requested_by="lead", **more)
    callback: pb.Callback = await centre.call("RequestCallback", request)
    return callback


async def listed(centre: Centre) -> list[pb.Callback]:
    answer = await centre.call("ListCallbacks", pb.ListCallbacksRequest(queue="sales"))
    return list(answer.callbacks)


@pytest.mark.parametrize("mode", [ev.CALLBACK_MODE_AGENT_FIRST, ev.CALLBACK_MODE_CUSTOMER_FIRST])
async def test_caller_hangs_up_and_is_called_back(centre: Centre, mode: Any) -> None:
    """The whole of it, in either order: one contact is CALLBACK, the other ANSWERED, each told once."""
    await centre.queue(callback_mode=mode)
    await centre.agent("a1", "1001", ready=False, mode="auto_answer", answer_after_ms=20)
    centre.phone(NUMBER, **TALKS)
    caller = centre.arrives()
    await caller.enqueue()
    callback = await asks(caller)
    assert (callback.number, callback.callback_of, callback.state) == (NUMBER, caller.contact_id, "waiting")
    assert (await caller.event("ContactEnded"))["outcome"] == "OUTCOME_CALLBACK"
    await centre.presence("a1", ev.PRESENCE_READY)
    ended = await centre.heard.one("ContactEnded", callback.contact_id)
    assert (ended["outcome"], ended["channel"]) == ("OUTCOME_ANSWERED", "CHANNEL_CALLBACK")
    offered = await centre.heard.one("ContactOffered", callback.contact_id)
    assert offered["callback"]["number"] == NUMBER
    asked = ["Opened", "CallbackRequested", "Queued"]
    served = ["Offered", "CallbackDialled", "Answered", "Released", "Ended"]
    assert centre.heard.story(callback.contact_id) == asked + served
    await until(lambda: not centre.switch.channels, "all legs gone")
    [row] = await rows_come(
        centre.database, "select * from callback where ended_at is not null and tenant = 'demo'"
    )
    assert (str(row["contact_id"]), row["outcome"], row["attempts_made"]) == (
        callback.contact_id,
        "answered",
        1,
    )
    assert centre.mended() == 0


@pytest.mark.parametrize(
    ("phone", "result"),
    [({"mode": "busy"}, "busy"), ({"mode": "ring"}, "no_answer"), ({"mode": "unreachable"}, "failed")],
)
async def test_customer_is_not_reached(centre: Centre, phone: dict[str, Any], result: str) -> None:
    """The agent is free for others, it is no miss, and the next attempt waits for its time."""
    await centre.queue(callback_ring_s=10, callback_mode=ev.CALLBACK_MODE_CUSTOMER_FIRST)
    await centre.agent("a1", "1001", mode="auto_answer", answer_after_ms=10)
    centre.phone(NUMBER, **phone)
    callback = await books(centre)
    failed = await centre.heard.one("CallbackFailed", callback.contact_id)
    assert (failed["result"], failed["attempt"]) == (result, 1)
    await until(lambda: not centre.switch.channels, "all legs gone")
    assert await centre.routing("a1") == "IDLE"
    [now] = await listed(centre)
    assert (now.state, now.attempts_made, now.attempts, now.last_result) == ("booked", 1, 3, result)
    assert now.next_at.ToDatetime(UTC) > datetime.now(UTC) + timedelta(minutes=14)


async def test_agent_hangs_up_while_it_rings_at_the_customers(centre: Centre) -> None:
    await centre.queue()
    await centre.agent("a1", "1001", mode="auto_answer", answer_after_ms=10)
    centre.phone(NUMBER, mode="ring")
    callback = await books(centre)
    await centre.heard.one("CallbackDialled", callback.contact_id)
    assert centre.sim("hangup 1001").startswith("+OK")
    assert (await centre.heard.one("CallbackFailed", callback.contact_id))["result"] == "agent_gone"
    await until(lambda: not centre.switch.channels, "the customer's phone rings no more")


async def test_acd_restarted_between_two_attempts(centre: Centre) -> None:
    """Nobody but the ACD holds a callback: what it knew of it comes from its tables, the attempt included."""
    await centre.queue(callback_mode=ev.CALLBACK_MODE_CUSTOMER_FIRST)
    await centre.agent("a1", "1001", mode="auto_answer", answer_after_ms=10)
    centre.phone(NUMBER, mode="busy")
    callback = await books(centre, note="about the invoice", attempts=2)
    await centre.heard.one("CallbackFailed", callback.contact_id)
    [before] = await listed(centre)
    await centre.stop_acd()
    await centre.start_acd()
    [after] = await listed(centre)
    after.last_result = before.last_result  # of an earlier attempt only its number matters
    assert after == before
    assert centre.mended() == 0


async def test_acd_restarted_before_anybody_was_there(centre: Centre) -> None:
    """The place is that of before: who came first is called first."""
    await centre.queue()
    await centre.agent("a1", "1001", ready=False, mode="auto_answer", answer_after_ms=10)
    centre.phone(NUMBER, **TALKS)
    first, second = await books(centre), await books(centre, "+8613800000002")
    await centre.stop_acd()
    await centre.start_acd()
    assert [each.contact_id for each in await listed(centre)] == [first.contact_id, second.contact_id]
    await centre.presence("a1", ev.PRESENCE_READY)
    assert (await centre.heard.one("ContactAnswered", first.contact_id))["agentId"] == "a1"
    await centre.heard.one("ContactEnded", first.contact_id)
    assert len(centre.heard.of("CallbackRequested", first.contact_id)) == 1


async def test_acd_restarted_while_the_customer_waits_for_the_agent(centre: Centre) -> None:
    """They have picked up already: they are not called again, but served before all others."""
    await centre.queue(callback_mode=ev.CALLBACK_MODE_CUSTOMER_FIRST, ring_timeout_s=60)
    await centre.agent("a1", "1001", mode="ring")
    centre.phone(NUMBER, mode="auto_answer", answer_after_ms=10)
    callback = await books(centre)
    await until(lambda: len(centre.switch.channels) == 2, "customer and agent's phone")
    await centre.stop_acd()
    assert centre.sim("hangup 1001").startswith("+OK")
    centre.phone("1001", mode="auto_answer", answer_after_ms=10)
    await centre.start_acd()
    assert (await centre.heard.one("ContactAnswered", callback.contact_id))["agentId"] == "a1"
    assert len(centre.heard.of("CallbackDialled", callback.contact_id)) == 1


async def test_link_is_cut_while_the_customer_picks_up(centre: Centre) -> None:
    """Nobody told us: looking at the leg when the link is back finds it out, and the two talk."""
    await centre.queue(callback_ring_s=60)
    await centre.agent("a1", "1001", mode="auto_answer", answer_after_ms=10)
    centre.phone(NUMBER, mode="ring")
    callback = await books(centre)
    await centre.heard.one("CallbackDialled", callback.contact_id)
    await until(
        lambda: centre.sim(f"answer {NUMBER}").startswith("+OK") or None, "the customer's phone rings"
    )
    centre.fault(drop_link="all")
    assert (await centre.heard.one("ContactAnswered", callback.contact_id))["agentId"] == "a1"
    assert len(centre.heard.of("CallbackDialled", callback.contact_id)) == 1


async def test_link_is_cut_while_the_customer_declines(centre: Centre) -> None:
    await centre.queue(callback_ring_s=60)
    await centre.agent("a1", "1001", mode="auto_answer", answer_after_ms=10)
    centre.phone(NUMBER, mode="ring")
    callback = await books(centre)
    await centre.heard.one("CallbackDialled", callback.contact_id)
    await until(lambda: len(centre.switch.channels) == 2, "agent and customer")
    centre.fault(drop_link="all")
    assert centre.sim(f"hangup {NUMBER}").startswith("+OK")
    assert (await centre.heard.one("CallbackFailed", callback.contact_id))["attempt"] == 1


async def test_what_is_asked_twice_is_one_callback(centre: Centre) -> None:
    await centre.queue()
    request_id = new_id()
    first = await books(centre, request_id=request_id)
    assert await books(centre, request_id=request_id) == first
    with pytest.raises(Conflict, match="already"):
        await books(centre)
    caller = centre.arrives()
    await caller.enqueue()
    assert (await asks(caller)).contact_id == first.contact_id
    assert (await caller.event("ContactEnded"))["outcome"] == "OUTCOME_CALLBACK"


async def test_cancelled(centre: Centre) -> None:
    await centre.queue()
    callback = await books(centre)
    cancel = pb.CancelCallbackRequest(contact_id=callback.contact_id, by="lead")
    assert (await centre.call("CancelCallback", cancel)).outcome == types_pb2.OUTCOME_CANCELLED
    assert (await centre.heard.one("ContactEnded", callback.contact_id))["outcome"] == "OUTCOME_CANCELLED"
    assert await listed(centre) == []
    with pytest.raises(NotFound):
        await centre.call("CancelCallback", pb.CancelCallbackRequest(contact_id=new_id()))


@pytest.mark.parametrize(
    ("number", "field"),
    [
        ("+14155550100", "number"),  # a country that is not allowed
        ("+861008611000", "number"),  # nor a number at all
        ("10050", "number"),
        ("", "number"),
        ("+8613800000001|user/1001", "number"),
        ("${system rm}", "number"),
    ],
)
async def test_numbers_that_may_not_be_called(centre: Centre, number: str, field: str) -> None:
    await centre.queue()
    with pytest.raises(Invalid, match=field):
        await books(centre, number)
    assert await listed(centre) == []


async def test_bad_requests_name_the_field_and_change_nothing(centre: Centre) -> None:
    await centre.queue()
    soon = datetime.now(UTC) + timedelta(hours=2)
    with pytest.raises(Invalid, match="not_after"):
        await books(centre, not_before=soon, not_after=soon - timedelta(hours=1))
    with pytest.raises(Invalid, match="not_before"):
        await books(centre, not_before=soon + timedelta(days=200))
    with pytest.raises(Invalid, match="attempts"):
        await books(centre, attempts=99)
    with pytest.raises(NotFound, match="queue"):
        await centre.call("RequestCallback", pb.RequestCallbackRequest(number=NUMBER, queue="nosuch"))
    with pytest.raises(Invalid, match="queue"):
        await centre.call("RequestCallback", pb.RequestCallbackRequest(number=NUMBER))
    assert await listed(centre) == []


async def test_nothing_is_dialled_until_an_operator_says_what(centre: Centre) -> None:
    await centre.queue()
    await centre.stop_acd()
    await centre.start_acd(acd_outside_prefixes="")
    with pytest.raises(Conflict, match="SWITCHYARD_ACD_OUTSIDE_PREFIXES"):
        await books(centre)
