"""The page's telephone, desk phones, and what a switch is told of them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest

from services.chassis import tenant
from services.gateway.api import answers
from services.gateway.domain import Role, User
from services.gateway.engine.directory import DIAL_STRING
from tests.integration.gateway.conftest import House, Opening
from tests.integration.gateway.gateway_fakes import Browser

SECRET = "a-switch-and-its-secret"
DIRECTORY = "/api/v1/switch/directory"
DOMAIN = "phones.test"
DESK_PASSWORD = "a desk phone's own".replace(" ", "-")


@pytest.fixture
async def house(open_house: Opening) -> House:
    return await open_phones(open_house)


async def open_phones(open_house: Opening, **settings: Any) -> House:
    usual = {
        "gateway_phone_url": "wss://sip.test:7443",
        "gateway_phone_domains": f"demo={DOMAIN} other=other.test",
        "gateway_switch_secret": SECRET,
    }
    return await open_house(**(usual | settings))


async def agent(house: House, name: str, extension: str, slug: str = "demo") -> Browser:
    user = User("", slug, name, name.title(), Role.AGENT, name, extension)
    with tenant.use(slug):
        await house.gateway.store.put_users([(user, house.hashed)], [], None, "test")
    return await house.sign_in(name, slug)


async def asked(house: House, user: str, domain: str = DOMAIN, **fields: str) -> httpx.Response:
    """As mod_xml_curl asks when somebody registers."""
    form = {
        "section": "directory",
        "tag_name": "domain",
        "key_name": "name",
        "key_value": domain,
        "action": "sip_auth",
        "user": user,
        "domain": domain,
    }
    return await house.http.post(DIRECTORY, data=form | fields, auth=("switch", SECRET))


async def entry(house: House, user: str, domain: str = DOMAIN) -> ET.Element | None:
    answer = await asked(house, user, domain)
    assert answer.status_code == 200
    document = ET.fromstring(answer.content)  # noqa: S314 (our own)
    found = document.find("section[@name='directory']/domain/groups/group/users/user")
    if found is None:
        status = document.find("section[@name='result']/result")
        assert status is not None
        assert status.get("status") == "not found"
    return found


def param(user: ET.Element, name: str) -> str | None:
    found = user.find(f"params/param[@name='{name}']")
    return found.get("value") if found is not None else None


def a1(user: str, password: str, domain: str = DOMAIN) -> str:
    return hashlib.md5(f"{user}:{domain}:{password}".encode()).hexdigest()  # noqa: S324 (SIP digest)


async def opened(person: Browser, *, with_desk: bool = False) -> dict[str, Any]:
    answer = await person.ask("POST", "/me/phone", {"with_desk": with_desk})
    assert answer.status_code == 200, answer.text
    given: dict[str, Any] = answer.json()
    answers.PhoneOpened.model_validate(given)
    return given


# ---------------------------------------------------------------- the page's telephone


async def test_page_gets_what_it_needs_and_the_switch_only_a_hash(house: House) -> None:
    li = await agent(house, "li", "1001")
    assert (await li.ask("GET", "/me/phone")).json() == {"available": True}
    given = await opened(li)
    assert given["user"] == "1001!w"
    assert (given["domain"], given["url"]) == (DOMAIN, "wss://sip.test:7443")
    assert (given["expires_in_s"], given["registration_s"]) == (600, 600)
    assert len(given["password"]) >= 32
    found = await entry(house, "1001!w")
    assert found is not None
    assert param(found, "a1-hash") == a1("1001!w", given["password"])
    assert found.get("cacheable") is None
    assert given["password"] not in (await asked(house, "1001!w")).text
    kept = await rows(house, "browser_phones")
    assert given["password"] not in str(kept)


async def test_page_with_the_desk_phone_takes_the_place_of_the_page_alone(house: House) -> None:
    li = await agent(house, "li", "1001")
    await opened(li)
    assert (await opened(li, with_desk=True))["user"] == "1001!wd"
    assert await entry(house, "1001!w") is None
    assert await entry(house, "1001!wd") is not None


async def test_newest_password_is_the_only_one(house: House) -> None:
    li = await agent(house, "li", "1001")
    first, second = await opened(li), await opened(li)
    found = await entry(house, "1001!w")
    assert found is not None
    assert param(found, "a1-hash") == a1("1001!w", second["password"]) != a1("1001!w", first["password"])


@pytest.mark.parametrize("how", ["sign out", "close", "disable", "expire", "another extension"])
async def test_password_is_withdrawn(house: House, how: str) -> None:
    li, root = await agent(house, "li", "1001"), await house.person("root", Role.ADMINISTRATOR)
    await opened(li)
    assert await entry(house, "1001!w") is not None
    user_id = li.user["user_id"]
    if how == "sign out":
        assert (await li.ask("DELETE", "/session")).status_code == 204
    elif how == "close":
        assert (await li.ask("DELETE", "/me/phone")).status_code == 204
    elif how == "disable":
        assert (await root.ask("POST", f"/admin/users/{user_id}/disable")).status_code == 200
    elif how == "expire":
        await house_sql(house, "update browser_phones set expires_at = now() - interval '1 second'")
    else:
        body = {"name": "Li", "role": "agent", "agent_id": "li", "extension": "1009", "revision": 1}
        assert (await root.ask("PUT", f"/admin/users/{user_id}", body)).status_code == 200
    assert await entry(house, "1001!w") is None


async def test_nobody_gets_anothers_calls(house: House) -> None:
    """Two people were given one extension by mistake: one's page would take the other's calls."""
    li, wu = await agent(house, "li", "1001"), await agent(house, "wu", "1001")
    for person in (li, wu):
        refused = await person.ask("POST", "/me/phone", {})
        assert (refused.status_code, refused.json()["error"]["field"]) == (409, "extension")
    for name, extension in (("bo", ""), ("ma", "10#1")):
        without = await agent(house, name, extension)
        assert (await without.ask("POST", "/me/phone", {})).json()["error"]["field"] == "extension"


async def test_page_that_asks_too_often_has_to_wait(open_house: Opening) -> None:
    house = await open_phones(open_house, gateway_phone_tries=2, gateway_phone_regain_s=600)
    li = await agent(house, "li", "1001")
    await opened(li)
    await opened(li)
    refused = await li.ask("POST", "/me/phone", {})
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 600
    await opened(await agent(house, "wu", "1002"))


@pytest.mark.parametrize(
    "missing",
    [{"gateway_phone_url": ""}, {"gateway_switch_secret": ""}, {"gateway_phone_domains": "x=y.test"}],
)
async def test_without_its_settings_there_is_none_and_it_says_so(
    open_house: Opening, missing: dict[str, str]
) -> None:
    house = await open_phones(open_house, **missing)
    li = await agent(house, "li", "1001")
    assert (await li.ask("GET", "/me/phone")).json() == {"available": False}
    refused = await li.ask("POST", "/me/phone", {})
    assert refused.status_code == 409
    assert "set up" in refused.json()["error"]["sentence"]


async def test_works_without_acd_and_crm(house: House) -> None:
    li = await agent(house, "li", "1001")
    await house.fakes.down("acd")
    await house.fakes.down("crm")
    await opened(li)
    assert await entry(house, "1001!w") is not None


async def test_page_may_connect_to_the_switch(house: House) -> None:
    policy = (await house.http.get("/api/openapi.json")).headers["content-security-policy"]
    assert "wss://sip.test:7443" in policy


# ---------------------------------------------------------------- desk phones


async def test_desk_phone_has_its_own_password(house: House) -> None:
    li, root = await agent(house, "li", "1001"), await house.person("root", Role.ADMINISTRATOR)
    path = f"/admin/users/{li.user['user_id']}/phone-password"
    assert (await root.ask("PUT", path, {"new": DESK_PASSWORD})).status_code == 204
    found = await entry(house, "1001")
    assert found is not None
    assert param(found, "a1-hash") == a1("1001", DESK_PASSWORD)
    assert param(found, "dial-string") == DIAL_STRING
    assert found.get("cacheable") == "600000"
    assert DESK_PASSWORD not in str(await rows(house, "desk_phones"))
    audit = await root.ask("GET", "/admin/audit")
    assert audit.json()["entries"][0]["action"] == "phone.password_set"
    assert DESK_PASSWORD not in audit.text
    assert (await root.ask("DELETE", path)).status_code == 204
    without = await entry(house, "1001")
    assert without is not None
    assert param(without, "a1-hash") != a1("1001", DESK_PASSWORD)


async def test_agent_without_a_desk_phone_can_be_rung_and_nobody_registers_for_it(house: House) -> None:
    """A user entry without any password would let in everybody."""
    await agent(house, "li", "1001")
    first, second = await entry(house, "1001"), await entry(house, "1001")
    assert first is not None
    assert second is not None
    assert param(first, "dial-string") == DIAL_STRING
    assert param(first, "password") is None
    hashes = {param(first, "a1-hash"), param(second, "a1-hash")}
    assert len(hashes) == 2
    assert a1("1001", "") not in hashes


@pytest.mark.parametrize("bad", ["short", "with a blank in it", "x" * 65, "line\nbreak-in-here"])
async def test_desk_password_that_cannot_be(house: House, bad: str) -> None:
    li, root = await agent(house, "li", "1001"), await house.person("root", Role.ADMINISTRATOR)
    path = f"/admin/users/{li.user['user_id']}/phone-password"
    refused = await root.ask("PUT", path, {"new": bad})
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "new")
    assert bad not in refused.text


# ---------------------------------------------------------------- the switch's side


async def test_only_a_switch_with_the_secret_is_answered(house: House) -> None:
    await agent(house, "li", "1001")
    form = {"section": "directory", "user": "1001", "domain": DOMAIN}
    assert (await house.http.post(DIRECTORY, data=form)).status_code == 401
    for auth in (("switch", "wrong"), ("root", SECRET), ("switch", ""), ("switch", "é")):
        answer = await house.http.post(DIRECTORY, data=form, auth=auth)
        assert answer.status_code == 401, auth
        assert "1001" not in answer.text
    header = {"Authorization": "Basic not-base64"}
    assert (await house.http.post(DIRECTORY, data=form, headers=header)).status_code == 401
    li = await house.sign_in("li")
    assert (await li.ask("POST", "/switch/directory", {})).status_code == 401


async def test_without_a_secret_the_door_is_shut(open_house: Opening) -> None:
    house = await open_phones(open_house, gateway_switch_secret="")
    assert (await asked(house, "1001")).status_code == 403
    answer = await house.http.post(DIRECTORY, data={}, auth=("switch", ""))
    assert answer.status_code == 403


async def test_stranger_is_slowed_down_and_the_switch_is_not(open_house: Opening) -> None:
    """Both come from one address, behind one proxy."""
    house = await open_phones(open_house, gateway_address_failures=2, gateway_address_regain_s=600)
    await agent(house, "li", "1001")
    codes = [
        (await house.http.post(DIRECTORY, data={}, auth=("switch", "wrong"))).status_code for _ in range(4)
    ]
    assert codes == [401, 401, 429, 429]
    assert await entry(house, "1001") is not None


async def test_tenants_apart(house: House) -> None:
    await agent(house, "li", "1001")
    await agent(house, "wu", "2001", "other")
    assert await entry(house, "1001") is not None
    assert await entry(house, "2001", "other.test") is not None
    for user, domain in (("2001", DOMAIN), ("1001", "other.test"), ("1001", "nobody.test"), ("1001", "")):
        assert await entry(house, user, domain) is None, (user, domain)


EVIL = (
    "1001' or '1'='1",
    '1001"/><user id="x',
    "1001<!ENTITY",
    "1001\n",
    "1001\u2028",
    "1001\x00",
    "1001!x",
    "1001!w!w",
    "!w",
    "${system(id)}",
    "..",
    "1" * 10_000,
    "",
)


@pytest.mark.parametrize("evil", EVIL)
async def test_names_that_are_no_names(house: House, evil: str) -> None:
    await agent(house, "li", "1001")
    assert await entry(house, evil) is None
    assert await entry(house, "1001", evil) is None


async def test_only_what_is_asked_is_answered(house: House) -> None:
    await agent(house, "li", "1001")
    await agent(house, "wu", "1002")
    text = (await asked(house, "1001")).text
    assert "1002" not in text
    for section in ("configuration", "dialplan", "languages", ""):
        assert b"not found" in (await asked(house, "1001", section=section)).content
    twice = b"section=directory&user=1002&user=1001&domain=phones.test"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await house.http.post(DIRECTORY, content=twice, auth=("switch", SECRET), headers=form)
    assert b'id="1002"' in answer.content


@pytest.mark.parametrize("body", [b"x=" + b"y" * 70_000, b"a=1&" * 3_000, b"user=\xff"])
async def test_question_that_is_none(house: House, body: bytes) -> None:
    answer = await house.http.post(DIRECTORY, content=body, auth=("switch", SECRET))
    assert answer.status_code == 400


def test_the_switchs_own_files_ring_as_we_do() -> None:
    """While we are away the same telephones ring."""
    path = Path(__file__).parents[3] / "freeswitch" / "conf" / "directory" / "agents.xml"
    assert DIAL_STRING in path.read_text()


async def test_no_secret_reaches_the_log(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    li, root = await agent(house, "li", "1001"), await house.person("root", Role.ADMINISTRATOR)
    given = await opened(li)
    path = f"/admin/users/{li.user['user_id']}/phone-password"
    await root.ask("PUT", path, {"new": DESK_PASSWORD})
    await asked(house, "1001!w")
    await house.http.post(DIRECTORY, data={}, auth=("switch", "a-wrong-secret"))
    told = "".join(capfd.readouterr())
    assert "phone_opened" in told
    hashes = (a1("1001!w", given["password"]), a1("1001", DESK_PASSWORD))
    for secret in (given["password"], DESK_PASSWORD, SECRET, "a-wrong-secret", *hashes):
        assert secret not in told


# ---------------------------------------------------------------- the tables


async def rows(house: House, table: str) -> list[dict[str, Any]]:
    async with house.database.system() as connection:
        return [dict(row) for row in await connection.fetch(f"select * from {table}")]  # noqa: S608


async def house_sql(house: House, statement: str) -> None:
    async with house.database.system() as connection:
        await connection.execute(statement)
