"""Callbacks through the door: booked, listed and cancelled by who may, and kept in the audit."""

from __future__ import annotations

from typing import Any

import pytest

from services.gateway.api import answers
from services.gateway.domain import Role
from services.stubs.acd.v1 import events_pb2
from tests.integration.gateway.conftest import House

BOOKED = {
    "number": "+8613800000001",
    "queue": "sales",
    "mode": "customer_first",
    "not_before": "2026-12-01T09:00:00+08:00",
    "note": "about the invoice",
    "request_id": "crm-42",
}


async def test_booked_listed_and_cancelled_by_a_team_lead(house: House) -> None:
    lead = await house.person("lead", Role.TEAM_LEAD, "a1")
    answer = await lead.ask("POST", "/callbacks", BOOKED)
    assert answer.status_code == 201
    booked = answers.Callback.model_validate(answer.json())
    assert (booked.state, booked.mode, booked.not_before) == (
        "booked",
        "customer_first",
        "2026-12-01T01:00:00.000Z",
    )
    [asked] = house.fakes.acd.requests("RequestCallback")
    assert asked.mode == events_pb2.CALLBACK_MODE_CUSTOMER_FIRST
    assert asked.request_id
    listed = answers.Callbacks.model_validate((await lead.ask("GET", "/callbacks?queue=sales")).json())
    assert [each.contact_id for each in listed.callbacks] == [booked.contact_id]
    answer = await lead.ask("DELETE", f"/callbacks/{booked.contact_id}")
    assert answer.json()["outcome"] == "cancelled"
    assert (await lead.ask("GET", "/callbacks")).json() == {"callbacks": [], "open": 0}


async def test_who_booked_and_cancelled_is_in_the_audit(house: House) -> None:
    admin = await house.person("boss", Role.ADMINISTRATOR)
    booked = (await admin.ask("POST", "/callbacks", BOOKED)).json()
    await admin.ask("DELETE", f"/callbacks/{booked['contact_id']}")
    entries = (await admin.ask("GET", "/admin/audit")).json()["entries"]
    acts = {entry["action"]: entry for entry in entries if entry["action"].startswith("callback.")}
    assert set(acts) == {"callback.booked", "callback.cancelled"}
    assert acts["callback.booked"]["detail"]["number"] == "+8613800000001"


async def test_the_same_request_id_of_one_person_is_the_same_request(house: House) -> None:
    lead = await house.person("lead", Role.TEAM_LEAD, "a1")
    for _ in range(2):
        await lead.ask("POST", "/callbacks", BOOKED)
    first, second = house.fakes.acd.requests("RequestCallback")
    assert first.request_id == second.request_id


async def test_an_agent_may_not_book(house: House) -> None:
    agent = await house.person("agent", Role.AGENT, "a1")
    assert (await agent.ask("POST", "/callbacks", BOOKED)).status_code == 403
    assert house.fakes.acd.requests("RequestCallback") == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"number": ""}, "number"),
        ({"queue": "Not A Queue"}, "queue"),
        ({"mode": "whenever"}, "mode"),
        ({"not_before": "2026-12-01T09:00:00"}, "not_before"),
        ({"attempts": 99}, "attempts"),
        ({"skills": {"english": 11}}, "skills.english"),
        ({"whom": "Wang"}, "whom"),
    ],
)
async def test_bad_bookings_name_the_field(house: House, change: dict[str, Any], field: str) -> None:
    lead = await house.person("lead", Role.TEAM_LEAD, "a1")
    answer = await lead.ask("POST", "/callbacks", BOOKED | change)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
    assert house.fakes.acd.requests("RequestCallback") == []


async def test_unknown_ones_are_not_found(house: House) -> None:
    lead = await house.person("lead", Role.TEAM_LEAD, "a1")
    gone = await lead.ask("DELETE", "/callbacks/0192c3a0-0000-7000-8000-00000000dead")
    assert gone.status_code == 404
    assert (await lead.ask("POST", "/callbacks", BOOKED | {"queue": "nosuch"})).status_code == 404
