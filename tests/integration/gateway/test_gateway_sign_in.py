"""Who gets in, for how long, and what is said to the others."""

from __future__ import annotations

import pytest

from services.chassis import tenant
from services.chassis.ids import new_id
from services.gateway.domain import Role
from services.stubs.acd.v1 import events_pb2
from tests.integration.gateway.conftest import PASSWORD, House, Opening
from tests.integration.gateway.gateway_fakes import screen, until


async def test_sign_in_gives_a_token_that_says_who_one_is(house: House) -> None:
    person = await house.person("li", Role.TEAM_LEAD, "a1")
    me = (await person.ask("GET", "/me")).json()["user"]
    assert me["username"] == "li"
    assert me["agent_id"] == "a1"
    assert me["tenant"] == "demo"
    assert "wallboard.watch" in me["permissions"]


async def test_cookie_is_for_the_browser_only_and_for_this_path(house: House) -> None:
    await house.add_user("li")
    answer = await house.http.post("/api/v1/session", json={"username": "LI ", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("sy_refresh=")
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/api/v1/session" in cookie
    renewed = await house.http.post("/api/v1/session/refresh")
    assert renewed.status_code == 200
    assert renewed.json()["user"]["username"] == "li"


async def test_other_site_cannot_renew_by_cookie(house: House) -> None:
    await house.add_user("li")
    await house.http.post("/api/v1/session", json={"username": "li", "password": PASSWORD})
    answer = await house.http.post("/api/v1/session/refresh", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


async def test_wrong_credentials_all_sound_the_same(house: House) -> None:
    await house.add_user("li")
    for username, password, slug in (
        ("li", "wrong password", "demo"),
        ("nobody", PASSWORD, "demo"),
        ("li", PASSWORD, "other"),
        ("li", PASSWORD, "B A D"),
    ):
        body = {"username": username, "password": password, "tenant": slug}
        answer = await house.http.post("/api/v1/session", json=body)
        assert answer.status_code == 401, body
        assert answer.json()["error"] == {
            "code": "unauthenticated",
            "sentence": "The user name or the password is wrong.",
            "field": None,
            "service": None,
        }


async def test_guessing_is_slowed_down_and_announced(open_house: Opening) -> None:
    house = await open_house(gateway_account_failures=3, gateway_account_regain_s=600)
    await house.add_user("li")
    heard: list[str] = []
    await house.news.listen(
        ["sy.*.gateway.session.refused"], lambda event: heard.append(event.data["reason"])
    )
    body = {"username": "li", "password": "a wrong guess"}
    statuses = [(await house.http.post("/api/v1/session", json=body)).status_code for _ in range(4)]
    assert statuses == [401, 401, 401, 429]
    right = await house.http.post("/api/v1/session", json={"username": "li", "password": PASSWORD})
    assert right.status_code == 429
    assert 0 < int(right.headers["retry-after"]) <= 600
    await until(lambda: heard == ["wrong_credentials"] * 3 + ["throttled"])


async def test_guessing_many_names_from_one_address_is_slowed_down(open_house: Opening) -> None:
    house = await open_house(gateway_address_failures=3, gateway_address_regain_s=600)
    statuses = []
    for number in range(4):
        body = {"username": f"user{number}", "password": "a wrong guess"}
        statuses.append((await house.http.post("/api/v1/session", json=body)).status_code)
    assert statuses == [401, 401, 401, 429]


async def test_disabled_account_is_told_so_only_with_the_right_password(house: House) -> None:
    user = await house.add_user("li")
    with tenant.use("demo"):
        async with house.gateway.store.transaction() as connection:
            await house.gateway.store.set_disabled(connection, user.user_id, True)
    right = await house.http.post("/api/v1/session", json={"username": "li", "password": PASSWORD})
    wrong = await house.http.post("/api/v1/session", json={"username": "li", "password": "something else"})
    assert (right.status_code, wrong.status_code) == (403, 401)


async def test_access_token_expires(open_house: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    house = await open_house()
    person = await house.person("li")
    from services.gateway.service import accounts

    real = accounts._now_s()
    monkeypatch.setattr(accounts, "_now_s", lambda: real + house.config.gateway_token_s + 1)
    answer = await person.ask("GET", "/me")
    assert answer.status_code == 401
    assert "expired" in answer.json()["error"]["sentence"]
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_refresh_token_is_exchanged_and_an_old_one_ends_the_sign_in(open_house: Opening) -> None:
    """A stolen refresh token is noticed when thief and owner have both used it."""
    house = await open_house(gateway_refresh_grace_s=0)
    person = await house.person("li")

    async def renew(token: str) -> tuple[int, str]:
        answer = await house.http.post("/api/v1/session/refresh", json={"refresh_token": token})
        house.http.cookies.clear()
        return answer.status_code, answer.json().get("refresh_token", "")

    first = person.refresh_token
    status, second = await renew(first)
    assert status == 200
    assert second != first
    assert (await renew(first))[0] == 401
    assert (await renew(second))[0] == 401, "the whole sign-in has ended"
    assert (await person.ask("GET", "/me")).status_code == 401


async def test_answer_lost_on_renewal_can_be_asked_again(house: House) -> None:
    person = await house.person("li")
    body = {"refresh_token": person.refresh_token}
    first = (await house.http.post("/api/v1/session/refresh", json=body)).json()
    again = (await house.http.post("/api/v1/session/refresh", json=body)).json()
    assert again["refresh_token"] == first["refresh_token"]


async def test_invented_refresh_tokens_are_refused(house: House) -> None:
    known = f"demo.{new_id()}.x"
    for token in ("", "x", "demo.x.y", "a.b.c.d", known, "'.--.;", "demo." + "x" * 280):
        answer = await house.http.post("/api/v1/session/refresh", json={"refresh_token": token})
        assert answer.status_code == 401, token


async def test_sign_out_ends_tokens_socket_and_presence(house: House) -> None:
    person = await house.person("li", agent_id="a1")
    house.fakes.acd.agent("a1").presence = events_pb2.PRESENCE_READY
    async with screen(house.port) as desk:
        await desk.hello(person.token)
        assert (await person.ask("DELETE", "/session")).status_code == 204
        assert await desk.closed() == 1000
    assert (await person.ask("GET", "/me")).status_code == 401
    body = {"refresh_token": person.refresh_token}
    assert (await house.http.post("/api/v1/session/refresh", json=body)).status_code == 401
    await until(lambda: house.fakes.acd.agent("a1").presence == events_pb2.PRESENCE_OFFLINE)


async def test_sign_out_is_heard_by_the_other_gateway(house: House, open_house: Opening) -> None:
    other = await open_house(fakes=house.fakes, gateway_name="gateway-2")
    person = await house.person("li")
    await person.ask("DELETE", "/session")
    await until(lambda: len(other.gateway.revoked._until) == 1)
    headers = {"Authorization": f"Bearer {person.token}"}
    assert (await other.http.get("/api/v1/me", headers=headers)).status_code == 401


async def test_signed_out_token_stays_refused_after_a_restart(house: House, open_house: Opening) -> None:
    person = await house.person("li")
    await person.ask("DELETE", "/session")
    restarted = await open_house(fakes=house.fakes)
    headers = {"Authorization": f"Bearer {person.token}"}
    assert (await restarted.http.get("/api/v1/me", headers=headers)).status_code == 401


async def test_own_password_changes_and_other_sign_ins_end(house: House) -> None:
    here = await house.person("li")
    there = await house.sign_in("li")
    wrong = await here.ask("PUT", "/me/password", {"current": "not this one", "new": "another password"})
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (400, "current")
    short = await here.ask("PUT", "/me/password", {"current": PASSWORD, "new": "short"})
    assert short.status_code == 400
    done = await here.ask("PUT", "/me/password", {"current": PASSWORD, "new": "another password"})
    assert done.status_code == 204
    assert (await here.ask("GET", "/me")).status_code == 200
    assert (await there.ask("GET", "/me")).status_code == 401
    old = await house.http.post("/api/v1/session", json={"username": "li", "password": PASSWORD})
    new = await house.http.post("/api/v1/session", json={"username": "li", "password": "another password"})
    assert (old.status_code, new.status_code) == (401, 200)


async def test_hash_with_old_parameters_is_renewed_at_sign_in(house: House, open_house: Opening) -> None:
    await house.add_user("li")
    stronger = await open_house(fakes=house.fakes, gateway_argon2_passes=2)
    await stronger.sign_in("li")
    with tenant.use("demo"):
        found = await house.gateway.store.credentials("li")
    assert found is not None
    assert "t=2" in found[1]


async def test_first_administrator_comes_from_the_settings_once(open_house: Opening) -> None:
    house = await open_house(gateway_bootstrap_admin="root:first password")
    body = {"username": "root", "password": "first password"}
    answer = await house.http.post("/api/v1/session", json=body)
    assert answer.json()["user"]["role"] == "administrator"
    again = await open_house(fakes=house.fakes, gateway_bootstrap_admin="intruder:other password")
    body = {"username": "intruder", "password": "other password"}
    assert (await again.http.post("/api/v1/session", json=body)).status_code == 401


async def test_sign_ins_are_announced(house: House) -> None:
    heard: list[tuple[str, str]] = []
    subjects = ["sy.demo.gateway.session.opened", "sy.demo.gateway.session.closed"]
    await house.news.listen(
        subjects, lambda event: heard.append((event.type.rpartition(".")[2], event.data["username"]))
    )
    person = await house.person("li")
    await person.ask("DELETE", "/session")
    await until(lambda: heard == [("SessionOpened", "li"), ("SessionClosed", "li")])
