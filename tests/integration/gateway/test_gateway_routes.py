"""Every route against every role, and what the door itself refuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.gateway.domain import PERMISSIONS, Permission, Role
from tests.integration.gateway.conftest import House, Opening

SOME_ID = "0192c3a0-0000-7000-8000-000000000000"
_PARTS = {
    "contact_id": "k-1",
    "recording_id": "01890a5d-ac96-774b-bcce-b302099a8057",
    "customer_id": "c-1",
    "work_order_id": "w-1",
    "user_id": SOME_ID,
    "number": "+8613800000001",
    "name": "sales",
    "agent_id": "a1",
}
_USER = {"name": "Wu", "role": "agent"}
# A body that passes the checks at the door, where a route wants one.
_BODIES: dict[tuple[str, str], Any] = {
    ("put", "/api/v1/me/password"): {"current": "wrong password", "new": "another password"},
    ("post", "/api/v1/me/phone"): {"with_desk": False},
    ("put", "/api/v1/admin/users/{user_id}/phone-password"): {"new": "a-desk-phones-password"},
    ("put", "/api/v1/agent/presence"): {"presence": "ready"},
    ("post", "/api/v1/contacts/{contact_id}/wrap-up"): {"disposition": "resolved"},
    ("post", "/api/v1/customers"): {"name": "Wu"},
    ("put", "/api/v1/customers/{customer_id}"): {"name": "Wu", "revision": 4},
    ("put", "/api/v1/blocked-numbers/{number}"): {"reason": "rude"},
    ("post", "/api/v1/work-orders"): {"type": "fault", "title": "No dial tone"},
    ("post", "/api/v1/work-orders/{work_order_id}/actions"): {"action": "close"},
    ("put", "/api/v1/admin/queues/{name}"): {"title": "Sales"},
    ("put", "/api/v1/admin/agents"): {"agents": [{"agent_id": "a9"}]},
    ("patch", "/api/v1/admin/queues/{name}"): {"wrap_up_s": 30},
    ("patch", "/api/v1/admin/agents"): {"agents": [{"agent_id": "a9", "skills": {"english": 7}}]},
    ("put", "/api/v1/agents/{agent_id}/presence"): {"presence": "ready"},
    ("post", "/api/v1/callbacks"): {"number": "+8613800000001", "queue": "sales"},
    ("post", "/api/v1/admin/flows/validate"): {"source": "nodes: []"},
    ("post", "/api/v1/admin/flows"): {"source": "nodes: []"},
    ("post", "/api/v1/admin/users"): _USER | {"username": "wu", "password": "a good password"},
    ("post", "/api/v1/admin/users/import"): {
        "users": [_USER | {"username": "wu", "password": "a good password"}]
    },
    ("put", "/api/v1/admin/users/{user_id}"): _USER,
    ("put", "/api/v1/admin/users/{user_id}/password"): {"new": "another password"},
}


def operations(openapi: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Method, path template and permission of every operation."""
    return [
        (method, path, operation["x-permission"])
        for path, methods in openapi["paths"].items()
        for method, operation in methods.items()
    ]


@pytest.mark.parametrize("role", list(Role))
async def test_every_route_lets_in_exactly_the_roles_of_its_permission(house: House, role: Role) -> None:
    """A row for each route comes from the gateway's own OpenAPI, so that a new one is never forgotten."""
    person = await house.person("someone", role, "a1" if role in (Role.AGENT, Role.TEAM_LEAD) else "")
    answer = await house.http.get("/api/openapi.json")
    found = operations(answer.json())
    assert len(found) > 40
    for method, template, permission in found:
        if permission == "none" or (method, template) == ("delete", "/api/v1/session"):
            continue
        path = template.removeprefix("/api/v1").format(**_PARTS)
        answer = await person.ask(method.upper(), path, _BODIES.get((method, template)))
        expected = Permission(permission) in PERMISSIONS[role]
        where = f"{method} {template} as {role}: {answer.status_code} {answer.text[:200]}"
        assert (answer.status_code == 403) is not expected, where
        assert answer.status_code < 500, where


async def test_only_these_routes_are_open_to_anybody(house: House) -> None:
    found = operations((await house.http.get("/api/openapi.json")).json())
    for method, template, permission in found:
        path = template.format(**_PARTS)
        answer = await house.http.request(method.upper(), path, json=_BODIES.get((method, template)))
        if permission != "none":
            assert answer.status_code == 401, f"{method} {path}"
    assert {f"{method} {path}" for method, path, permission in found if permission == "none"} == {
        "post /api/v1/session",
        "post /api/v1/session/refresh",
        "get /api/v1/status",
    }


async def test_bad_authorization_headers(house: House) -> None:
    for header in ("", "Bearer", "Bearer x", "Basic eDp5", "Bearer " + "x" * 8000):
        answer = await house.http.get("/api/v1/me", headers={"Authorization": header})
        assert answer.status_code == 401, header
        assert answer.json()["error"]["code"] == "unauthenticated"


# ---------------------------------------------------------------- bad input


async def test_ten_megabytes_are_refused_before_they_are_read(house: House) -> None:
    answer = await house.http.post("/api/v1/session", content=b"x" * 10_000_000)
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


async def test_body_without_a_length_is_counted(house: House) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(160):
            yield b"x" * 65_536

    try:
        answer = await house.http.post("/api/v1/session", content=pieces())
        assert answer.status_code == 413
    except httpx.TransportError:
        pass  # refused while still sending: the connection may be gone before the answer is read
    assert (await house.http.get("/api/v1/status")).status_code == 200


async def test_refusal_reaches_a_client_that_sends_first_and_reads_later(house: House) -> None:
    """Ten megabytes announced, one sent: the answer is there although the rest never comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n")
    writer.write(b"x" * 1_000_000)
    await writer.drain()
    async with asyncio.timeout(10):
        status = await reader.readline()
    writer.close()
    assert b"413" in status


async def test_bad_bodies_name_the_field_and_not_the_value(house: House) -> None:
    for body, field in (
        (b"{", "body"),
        (b"", "body"),
        (b"[]", "body"),
        (b'{"username":"li"}', "password"),
        (b'{"username":7,"password":"x"}', "username"),
        (b'{"username":"li","password":"x","admin":true}', "admin"),
        (b'{"username":"' + b"x" * 300 + b'","password":"x"}', "username"),
    ):
        headers = {"Content-Type": "application/json"}
        answer = await house.http.post("/api/v1/session", content=body, headers=headers)
        assert answer.status_code == 400, body
        assert answer.json()["error"]["field"] == field, body
        assert "Traceback" not in answer.text


async def test_hostile_values_stop_at_the_door(house: House) -> None:
    person = await house.person("li", agent_id="a1")
    hostile: list[tuple[str, str, Any]] = [
        ("PUT", "/agent/presence", {"presence": "ready", "extension": "1001\nEvent-Name: X"}),
        ("PUT", "/agent/presence", {"presence": "other_work", "reason": "a\x00b"}),
        ("POST", "/contacts/k%0Ax/hangup", None),
        ("POST", "/contacts/k-1/hangup", {"request_id": "a b"}),
        ("POST", "/work-orders", {"type": "party", "title": "x"}),
        ("POST", "/work-orders", {"type": "fault", "title": ""}),
        ("GET", "/work-orders?state=lost", None),
        ("GET", "/work-orders?limit=1000", None),
        ("GET", "/customers/c-1/timeline?before=2026-01-01T00:00:00", None),
    ]
    for method, path, body in hostile:
        answer = await person.ask(method, path, body)
        assert answer.status_code == 400, answer.text
    assert house.fakes.acd.asked == []
    assert house.fakes.workorder.asked == []


async def test_unknown_addresses(house: House) -> None:
    for path in ("/api", "/api/v2/me", "/api/v1/nothing", "/docs", "/redoc", "/assets/x.js"):
        answer = await house.http.get(path)
        assert answer.status_code == 404, path
        assert answer.json()["error"]["code"] == "not_found"
    assert (await house.http.put("/api/v1/me")).status_code == 405


# ---------------------------------------------------------------- other services


async def test_service_that_is_down_is_named(house: House) -> None:
    person = await house.person("lead", Role.TEAM_LEAD)
    for name, path in (
        ("crm", "/customers"),
        ("workorder", "/work-orders"),
        ("ivr", "/voicemails"),
        ("acd", "/queues"),
    ):
        await house.fakes.down(name)
        answer = await person.ask("GET", path)
        assert answer.status_code == 503, name
        assert answer.json()["error"]["service"] == name
        assert "retry-after" in answer.headers


async def test_refusals_of_services_pass_through(house: House) -> None:
    person = await house.person("li", agent_id="a1")
    unknown = await person.ask("GET", "/customers/c-2")
    stale = await person.ask("PUT", "/customers/c-1", {"name": "Wang", "revision": 3})
    gone = await person.ask("POST", "/contacts/gone/hangup")
    assert [answer.status_code for answer in (unknown, stale, gone)] == [404, 409, 409]
    assert gone.json()["error"]["sentence"] == "The caller has hung up."


async def test_every_call_carries_the_tenant(house: House) -> None:
    person = await house.person("li", agent_id="a1", slug="other")
    await person.ask("GET", "/customers")
    await person.ask("GET", "/agent")
    assert {slug for _, slug, _ in house.fakes.crm.asked + house.fakes.acd.asked} == {"other"}


async def test_wrap_up_makes_the_work_order_first(house: House) -> None:
    person = await house.person("li", agent_id="a1")
    form = {
        "disposition": "follow_up",
        "notes": "calls again",
        "work_order": {"type": "fault", "title": "No dial tone", "customer_id": "c-1"},
        "request_id": "form-1",
    }
    first = (await person.ask("POST", "/contacts/k-1/wrap-up", form)).json()
    again = (await person.ask("POST", "/contacts/k-1/wrap-up", form)).json()
    assert first["work_order"]["number"] == "WO-1"
    assert again["work_order"]["work_order_id"] == first["work_order"]["work_order_id"]
    finished = house.fakes.acd.requests("FinishWrapUp")
    assert finished[0].work_order_id == first["work_order"]["work_order_id"]
    assert finished[0].request_id == finished[1].request_id
    assert (finished[0].disposition, finished[0].notes) == ("follow_up", "calls again")
    order = house.fakes.workorder.requests("CreateWorkOrder")[0]
    assert (order.contact_id, order.by) == ("k-1", "li")


async def test_wrap_up_works_while_work_orders_are_down_and_the_form_is_not_lost(house: House) -> None:
    person = await house.person("li", agent_id="a1")
    await house.fakes.down("workorder")
    form = {"disposition": "complaint", "work_order": {"type": "complaint", "title": "Rude"}}
    answer = await person.ask("POST", "/contacts/k-1/wrap-up", form)
    body = answer.json()
    assert answer.status_code == 200
    assert body["missing"] == ["workorder"]
    assert body["work_order"] is None
    assert body["pending_work_order"]
    assert "kept" in body["sentence"]
    assert len(house.fakes.acd.requests("FinishWrapUp")) == 1
    await house.fakes.up("workorder")
    async with asyncio.timeout(10):
        while not house.fakes.workorder.made:
            await asyncio.sleep(0.02)
    (made,) = house.fakes.workorder.made.values()
    assert (made.title, made.contact_id, made.created_by) == ("Rude", "k-1", "li")


async def test_wrap_up_while_the_acd_is_down_makes_one_work_order_in_the_end(house: House) -> None:
    person = await house.person("li", agent_id="a1")
    form = {
        "disposition": "resolved",
        "work_order": {"type": "fault", "title": "x"},
        "request_id": "form-1",
    }
    house.fakes.acd.away = True
    refused = await person.ask("POST", "/contacts/k-1/wrap-up", form)
    assert (refused.status_code, refused.json()["error"]["service"]) == (503, "acd")
    house.fakes.acd.away = False
    done = await person.ask("POST", "/contacts/k-1/wrap-up", form)
    assert done.status_code == 200
    assert len(house.fakes.workorder.made) == 1


async def test_flow_with_a_dead_end_names_node_and_line(house: House) -> None:
    person = await house.person("ops", Role.MAINTENANCE)
    checked = await person.ask("POST", "/admin/flows/validate", {"source": "dead end"})
    assert checked.json()["problems"] == [{"node": "menu", "line": 7, "problem": "leads nowhere"}]
    refused = await person.ask("POST", "/admin/flows", {"source": "dead end"})
    assert refused.status_code == 400
    assert "line 7" in refused.json()["error"]["sentence"]


# ---------------------------------------------------------------- the console


async def test_console_that_is_not_built_says_what_to_type(house: House) -> None:
    answer = await house.http.get("/")
    assert answer.status_code == 200
    assert "./switchyard console" in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("accepted", "encoding", "sent"),
    [
        ("gzip, deflate, br, zstd", "br", b"as br"),
        ("gzip", "gzip", b"as gzip"),
        ("br;q=0, gzip;q=0.5", "gzip", b"as gzip"),
        ("br;q=0.0", None, b"as it is"),
        ("identity", None, b"as it is"),
    ],
)
async def test_console_is_sent_as_the_browser_takes_it(
    open_house: Opening, tmp_path: Path, accepted: str, encoding: str | None, sent: bytes
) -> None:
    assets = tmp_path / "dist" / "assets"
    assets.mkdir(parents=True)
    (tmp_path / "dist" / "index.html").write_text("<p>console</p>")
    for suffix, text in (("", "as it is"), (".br", "as br"), (".gz", "as gzip")):
        (assets / f"app-1a2b.js{suffix}").write_text(text)
    house = await open_house(gateway_console_dir=tmp_path / "dist")
    headers = {"Accept-Encoding": accepted}
    async with house.http.stream("GET", "/assets/app-1a2b.js", headers=headers) as script:
        assert b"".join([each async for each in script.aiter_raw()]) == sent
    assert script.headers.get("content-encoding") == encoding
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["vary"] == "Accept-Encoding"
    assert "immutable" in script.headers["cache-control"]


async def test_console_is_served_and_nothing_outside_its_folder(open_house: Opening, tmp_path: Path) -> None:
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text("<p>console __CSP_NONCE__</p>")
    (built / "assets" / "app-1a2b.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    (built / "link.txt").symlink_to(tmp_path / "secret.txt")
    house = await open_house(gateway_console_dir=built)
    page = await house.http.get("/")
    deep = await house.http.get("/agents/a1")
    script = await house.http.get("/assets/app-1a2b.js")
    for one in (page, deep):
        nonce = one.text.removeprefix("<p>console ").removesuffix("</p>")
        assert f"style-src 'self' 'nonce-{nonce}';" in one.headers["content-security-policy"]
        assert one.headers["cache-control"] == "no-store"
    assert page.text != deep.text
    assert "'unsafe-eval'" not in page.headers["content-security-policy"]
    assert "immutable" in script.headers["cache-control"]
    for path in (
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/link.txt",
        "/..%5csecret.txt",
        "//etc/passwd",
        "/%00",
        "/missing.js",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
        assert b"secret" not in answer, path
        assert b"root:" not in answer, path
