"""What is refused before anything is done, and with which sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.chassis.errors import Invalid
from services.workorder.domain import Act, Action, Filter, NewOrder, State, Type, Urgency, checks

ID = "01936a1e-7c1b-7000-8000-000000000001"


def order(**changes: Any) -> NewOrder:
    request: dict[str, Any] = {
        "request": "r1",
        "type_": Type.FAULT,
        "urgency": Urgency.NORMAL,
        "channel_": "",
        "title": "No dial tone",
        "description": "",
        "customer_id": "",
        "contact_id": "",
        "department": "",
        "by": "lin",
    }
    return checks.new_order(**request | changes)


def act(**changes: Any) -> Act:
    request: dict[str, Any] = {
        "request": "r1",
        "order": ID,
        "action": Action.ANSWER,
        "revision": 0,
        "by": "lin",
        "note": "",
        "department": "",
        "assignee": "",
        "satisfied": None,
    }
    return checks.act(**request | changes)


def filter_of(**changes: Any) -> Filter:
    request: dict[str, Any] = {
        "customer_id": "",
        "contact_id": "",
        "assignee": "",
        "states": [],
        "text_": "",
        "limit_": 0,
        "after": "",
    }
    return checks.filter_of(**request | changes)


REFUSED: list[tuple[Callable[..., object], dict[str, Any], str, str]] = [
    (order, {"request": "  "}, "request_id", "send an id of your own"),
    (order, {"request": "r" * 65}, "request_id", "at most 64"),
    (order, {"type_": None}, "type", "give one of acceptance, suggestion"),
    (order, {"urgency": None}, "urgency", "give one of normal, urgent, very_urgent"),
    (order, {"channel_": "pigeon"}, "channel", "give one of phone, fax"),
    (order, {"title": " "}, "title", "is empty; give 1 to 200"),
    (order, {"title": "x" * 201}, "title", "has 201 characters; at most 200"),
    (order, {"title": "two\nlines"}, "title", "control character"),
    (order, {"description": "nul\x00"}, "description", "control character"),
    (order, {"description": "x" * 10_001}, "description", "at most 10000"),
    (order, {"customer_id": "42"}, "customer_id", "is not an id"),
    (order, {"contact_id": ID + "0"}, "contact_id", "is not an id"),
    (order, {"department": "x\x1b[2J"}, "department", "control character"),
    (order, {"by": ""}, "by", "is empty"),
    (act, {"order": "WO-1"}, "work_order_id", "such as WO-20261122-0042"),
    (act, {"order": ""}, "work_order_id", "neither an id nor a number"),
    (act, {"action": None}, "action", "give one of dispatch, answer"),
    (act, {"revision": -1}, "revision", "is negative"),
    (act, {"department": "lines"}, "department", "has no meaning for answer"),
    (act, {"assignee": "wang"}, "assignee", "has no meaning for answer"),
    (act, {"satisfied": True}, "satisfied", "has no meaning for answer"),
    (act, {"action": Action.RETURN_VISIT}, "satisfied", "is missing"),
    (filter_of, {"limit_": 201}, "limit", "give 1 to 200"),
    (filter_of, {"limit_": -1}, "limit", "give 1 to 200"),
    (filter_of, {"states": [State.NEW, None]}, "states", "give one of new, dispatched"),
    (filter_of, {"after": "'; drop table"}, "after_work_order_id", "is not an id"),
    (filter_of, {"text_": "x" * 101}, "text", "at most 100"),
]


@pytest.mark.parametrize(("check", "changes", "field", "remedy"), REFUSED)
def test_refused_with_field_and_remedy(
    check: Callable[..., object], changes: dict[str, Any], field: str, remedy: str
) -> None:
    with pytest.raises(Invalid) as refused:
        check(**changes)
    assert refused.value.field == field
    assert remedy in refused.value.problem


@pytest.mark.parametrize(
    ("word", "channel"),
    [("", "phone"), ("voice", "phone"), ("E-mail", "email"), ("chat", "web"), ("fax", "fax")],
)
def test_a_channel_by_any_of_its_names(word: str, channel: str) -> None:
    assert order(channel_=word).channel == channel


def test_what_is_kept_is_what_was_meant() -> None:
    kept = order(title="  停机 \u3000", customer_id=ID.upper(), description="line 1\nline 2\t.")
    assert (kept.title, kept.customer_id) == ("停机", ID)
    assert kept.description == "line 1\nline 2\t."


@pytest.mark.parametrize(
    "typed", ["WO-20261122-0042", " wo-20261122-0042 ", "ＷＯ－２０２６１１２２－００４２"]
)
def test_a_number_as_people_type_it(typed: str) -> None:
    assert checks.order_key(typed) == "WO-20261122-0042"


def test_states_asked_for_twice_are_one() -> None:
    assert filter_of(states=[State.NEW, State.NEW]).states == (State.NEW,)
    assert filter_of().limit == 50
