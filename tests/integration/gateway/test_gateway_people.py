"""Users, as an administrator manages them; and that one tenant never sees another's."""

from __future__ import annotations

from typing import Any

import pytest

from services.gateway.domain import Role
from tests.integration.gateway.conftest import PASSWORD, House
from tests.integration.gateway.gateway_fakes import Browser, screen


@pytest.fixture
async def root(house: House) -> Browser:
    return await house.person("root", Role.ADMINISTRATOR)


def wu(**fields: Any) -> dict[str, Any]:
    return {"username": "wu", "name": "Wu", "role": "agent", "password": PASSWORD} | fields


async def test_created_user_signs_in_and_has_a_desk(house: House, root: Browser) -> None:
    made = await root.ask("POST", "/admin/users", wu(agent_id="a1", extension="1001", queues=["sales"]))
    assert made.status_code == 201
    assert "password" not in made.text
    agent = house.fakes.acd.agents["demo", "a1"]
    assert (agent.extension, list(agent.queues)) == ("1001", ["sales"])
    person = await house.sign_in("wu")
    assert (await person.ask("GET", "/agent")).json()["agent"]["agent_id"] == "a1"


async def test_users_that_cannot_be(house: House, root: Browser) -> None:
    await house.add_user("taken", agent_id="taken")
    costly = "$argon2id$v=19$m=99999999,t=2,p=1$c29tZXNhbHQ$aGFzaGhhc2hoYXNo"
    refused: list[tuple[dict[str, Any], int, str]] = [
        ({"username": "root"}, 409, "username"),
        ({"username": "Wu Li"}, 400, "username"),
        ({"agent_id": "taken"}, 409, "agent_id"),
        ({"agent_id": "a b"}, 400, "agent_id"),
        ({"agent_id": "a1", "role": "maintenance"}, 400, "agent_id"),
        ({"role": "emperor"}, 400, "role"),
        ({"password": "short"}, 400, "password"),
        ({"password": None}, 400, "password"),
        ({"password_hash": "plain text"}, 400, "password_hash"),
        ({"password_hash": costly}, 400, "password_hash"),
    ]
    for change, status, field in refused:
        answer = await root.ask("POST", "/admin/users", wu(**change))
        assert (answer.status_code, answer.json()["error"]["field"]) == (status, field), change


async def test_import_is_all_or_none(house: House, root: Browser) -> None:
    await house.add_user("taken")
    users = [wu(username=f"user{n}", password=None, password_hash=house.hashed) for n in range(300)]
    refused = await root.ask("POST", "/admin/users/import", {"users": [*users, wu(username="taken")]})
    assert refused.status_code == 409
    assert (await root.ask("GET", "/admin/users?text=user")).json()["users"] == []
    body = {"users": [*users, wu(username="taken", name="Taken again")], "existing": "keep"}
    done = await root.ask("POST", "/admin/users/import", body)
    assert done.json() == {"created": 300, "changed": 0, "kept": 1}
    again = await root.ask("POST", "/admin/users/import", body | {"existing": "change"})
    assert again.json() == {"created": 0, "changed": 301, "kept": 0}
    listed = (await root.ask("GET", "/admin/users?text=taken")).json()["users"]
    assert [user["name"] for user in listed] == ["Taken again"]
    await house.sign_in("user299")
    await house.sign_in("taken")


async def test_import_names_the_bad_row(house: House, root: Browser) -> None:
    users = [wu(), wu(username="li", role="department", agent_id="a1")]
    refused = await root.ask("POST", "/admin/users/import", {"users": users})
    assert refused.json()["error"]["field"] == "users.1.agent_id"
    double = await root.ask("POST", "/admin/users/import", {"users": [wu(), wu()]})
    assert double.json()["error"]["field"] == "users.1.username"


async def test_acd_down_imports_nobody(house: House, root: Browser) -> None:
    await house.fakes.down("acd")
    refused = await root.ask("POST", "/admin/users/import", {"users": [wu(agent_id="a1", queues=[])]})
    assert (refused.status_code, refused.json()["error"]["service"]) == (503, "acd")
    assert (await root.ask("GET", "/admin/users?text=wu")).json()["users"] == []


async def test_pages_of_users(house: House, root: Browser) -> None:
    for name in ("a", "b", "c"):
        await house.add_user(name)
    first = (await root.ask("GET", "/admin/users?limit=2")).json()["users"]
    rest = (await root.ask("GET", f"/admin/users?limit=2&after={first[-1]['username']}")).json()["users"]
    assert [user["username"] for user in first + rest] == ["a", "b", "c", "root"]


async def test_new_role_ends_the_sign_in(house: House, root: Browser) -> None:
    person = await house.person("li", Role.TEAM_LEAD, "a1")
    user_id = person.user["user_id"]
    stale = await root.ask("PUT", f"/admin/users/{user_id}", {"name": "Li", "role": "agent", "revision": 7})
    assert stale.status_code == 409
    async with screen(house.port) as desk:
        await desk.hello(person.token)
        body = {"name": "Li", "role": "agent", "agent_id": "a1", "revision": 1}
        assert (await root.ask("PUT", f"/admin/users/{user_id}", body)).json()["role"] == "agent"
        assert await desk.closed() == 4401
    assert (await person.ask("GET", "/me")).status_code == 401
    assert (await house.sign_in("li")).user["role"] == "agent"


async def test_disabled_user_is_out_at_once_and_back_when_enabled(house: House, root: Browser) -> None:
    person = await house.person("li")
    user_id = person.user["user_id"]
    assert (await root.ask("POST", f"/admin/users/{user_id}/disable")).json()["disabled"] is True
    assert (await person.ask("GET", "/me")).status_code == 401
    body = {"refresh_token": person.refresh_token}
    assert (await house.http.post("/api/v1/session/refresh", json=body)).status_code == 401
    assert (await root.ask("POST", f"/admin/users/{user_id}/enable")).json()["disabled"] is False
    await house.sign_in("li")


async def test_somebody_can_always_administer(house: House, root: Browser) -> None:
    own = root.user["user_id"]
    assert (await root.ask("POST", f"/admin/users/{own}/disable")).status_code == 409
    demoted = await root.ask("PUT", f"/admin/users/{own}", {"name": "Root", "role": "agent"})
    assert demoted.status_code == 409
    assert "last administrator" in demoted.json()["error"]["sentence"]


async def test_password_reset_ends_the_sign_in(house: House, root: Browser) -> None:
    person = await house.person("li")
    path = f"/admin/users/{person.user['user_id']}/password"
    assert (await root.ask("PUT", path, {"new": "a fresh password"})).status_code == 204
    assert (await person.ask("GET", "/me")).status_code == 401
    body = {"username": "li", "password": "a fresh password"}
    assert (await house.http.post("/api/v1/session", json=body)).status_code == 200


async def test_audit_tells_who_did_what_without_secrets(house: House, root: Browser) -> None:
    await root.ask("POST", "/admin/users", wu())
    await root.ask("PUT", "/admin/queues/sales", {"title": "Sales", "wrap_up_s": 30})
    await root.ask("POST", "/admin/flows", {"source": "nodes: []"})
    answer = await root.ask("GET", "/admin/audit")
    entries = answer.json()["entries"]
    assert [entry["action"] for entry in entries] == ["flow.published", "queue.put", "user.created"]
    assert {entry["username"] for entry in entries} == {"root"}
    assert entries[1]["detail"]["changed"] == {"wrap_up_s": {"from": 0, "to": 30}}
    assert PASSWORD not in answer.text
    older = await root.ask("GET", "/admin/audit", params={"before": entries[1]["at"]})
    assert [entry["action"] for entry in older.json()["entries"]] == ["user.created"]


async def test_tenants_do_not_see_each_other(house: House, root: Browser) -> None:
    stranger = await house.person("li", Role.ADMINISTRATOR, slug="other")
    user_id = stranger.user["user_id"]
    listed = (await root.ask("GET", "/admin/users")).json()["users"]
    assert [user["username"] for user in listed] == ["root"]
    for method, path, body in (
        ("PUT", f"/admin/users/{user_id}", {"name": "Hacked", "role": "agent"}),
        ("POST", f"/admin/users/{user_id}/disable", None),
        ("PUT", f"/admin/users/{user_id}/password", {"new": "a fresh password"}),
    ):
        answer = await root.ask(method, path, body)
        assert answer.status_code == 404, path
    assert (await stranger.ask("GET", "/me")).status_code == 200
    assert (await stranger.ask("GET", "/admin/audit")).json()["entries"] == []
