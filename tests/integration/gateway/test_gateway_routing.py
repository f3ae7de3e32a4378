"""Routing as administrators set it up, team leads look into it and step in, and agents choose their mode."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from services.chassis import clock
from services.gateway.api import answers
from services.gateway.domain import Role
from services.stubs.acd.v1 import acd_pb2, events_pb2
from services.stubs.common.v1 import types_pb2
from tests.integration.gateway.conftest import House, Opening
from tests.integration.gateway.gateway_fakes import Browser, offered, screen

FULL: dict[str, Any] = {
    "title": "Sales",
    "strategy": "ring_several",
    "ring_agents": 4,
    "priority_mode": "strict",
    "relax": [{"after_s": 30, "ease": 3}],
    "hours": {
        "zone": "Asia/Shanghai",
        "spans": [{"weekday": 1, "opens": "09:00", "closes": "18:00"}],
        "closed_on": ["2026-10-01"],
    },
    "on_full": {"action": "voicemail", "target": ""},
    "no_agents_after_s": 0,
}
AGENT: dict[str, Any] = {
    "agent_id": "a1",
    "name": "Li",
    "extension": "1001",
    "tiers": {"sales": {"level": 1, "position": 2}},
    "skills": {"english": 7},
    "capacity": {"voice": {"most": 1, "alone": True}, "chat": {"most": 3}},
    "work_mode": "intermittent",
}


@pytest.fixture
async def root(house: House) -> Browser:
    return await house.person("root", Role.ADMINISTRATOR)


@pytest.fixture
async def lead(house: House) -> Browser:
    await house.add_user("lead", Role.TEAM_LEAD)
    return await house.sign_in("lead")


async def good(person: Browser, method: str, path: str, body: Any = None) -> Any:
    answer = await person.ask(method, path, body)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


async def refused(person: Browser, method: str, path: str, body: Any = None) -> tuple[int, str | None]:
    answer = await person.ask(method, path, body)
    return answer.status_code, answer.json()["error"]["field"]


async def latest(root: Browser) -> dict[str, Any]:
    entry: dict[str, Any] = (await good(root, "GET", "/admin/audit"))["entries"][0]
    return entry


# ---------------------------------------------------------------- queues


async def test_queue_that_was_read_can_be_put_back(house: House, root: Browser) -> None:
    put = await good(root, "PUT", "/admin/queues/sales", FULL)
    assert put["hours"] == FULL["hours"]
    (read,) = (await good(root, "GET", "/queues"))["queues"]
    assert read == put
    assert await good(root, "PUT", "/admin/queues/sales", read) == read
    first, again = house.fakes.acd.requests("PutQueue")
    assert (first.revision, again.revision) == (0, read["revision"])
    first.revision = again.revision
    assert first == again
    assert first.strategy == acd_pb2.STRATEGY_RING_SEVERAL
    assert first.HasField("no_agents_after_s")


async def test_put_is_the_whole_document_and_the_audit_tells_what_it_reset(root: Browser) -> None:
    """Left out means its default, as in any PUT; nobody has to guess afterwards what it was."""
    await good(root, "PUT", "/admin/queues/sales", FULL)
    put = await good(root, "PUT", "/admin/queues/sales", FULL | {"hours": None, "ring_agents": 3})
    assert put["hours"] is None
    assert (await latest(root))["detail"]["changed"] == {
        "hours": {"from": FULL["hours"], "to": None},
        "ring_agents": {"from": 4, "to": 3},
    }


async def test_patch_changes_what_it_names_and_nothing_else(root: Browser) -> None:
    before = await good(root, "PUT", "/admin/queues/sales", FULL)
    change = {"wrap_up_s": 45, "hours": {"closed_on": []}}
    after = await good(root, "PATCH", "/admin/queues/sales", change)
    hours = before["hours"] | {"closed_on": []}
    assert after == before | {"wrap_up_s": 45, "hours": hours, "revision": before["revision"] + 1}
    assert set((await latest(root))["detail"]["changed"]) == {"wrap_up_s", "hours"}


async def test_two_changes_at_once_are_both_kept(root: Browser) -> None:
    changes = [{"wrap_up_s": 45}, {"max_wait_s": 600}, {"title": "Sales and service"}]
    await asyncio.gather(*(good(root, "PATCH", "/admin/queues/sales", change) for change in changes))
    (read,) = (await good(root, "GET", "/queues"))["queues"]
    assert (read["wrap_up_s"], read["max_wait_s"], read["title"]) == (45, 600, "Sales and service")


async def test_two_who_read_the_same_do_not_overwrite_each_other(root: Browser) -> None:
    """Two team leads have the queue open; the second to save is told, and nothing is lost."""
    (read,) = (await good(root, "GET", "/queues"))["queues"]
    await good(root, "PUT", "/admin/queues/sales", read | {"wrap_up_s": 45})
    second = read | {"max_wait_s": 600}
    answer = await root.ask("PUT", "/admin/queues/sales", second)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["field"]) == (409, "stale", "revision")
    assert "reload" in error["sentence"]
    (now,) = (await good(root, "GET", "/queues"))["queues"]
    assert (now["wrap_up_s"], now["max_wait_s"]) == (45, 0)
    change = {"max_wait_s": 600, "revision": read["revision"]}
    assert await refused(root, "PATCH", "/admin/queues/sales", change) == (409, "revision")
    await good(root, "PATCH", "/admin/queues/sales", change | {"revision": now["revision"]})


async def test_who_names_no_revision_replaces_whatever_is_there(root: Browser) -> None:
    for wrap_up_s in (30, 45):
        put = await good(root, "PUT", "/admin/queues/sales", {"wrap_up_s": wrap_up_s})
        assert put["wrap_up_s"] == wrap_up_s


async def test_change_is_made_anew_on_what_another_gateway_has_put(house: House, root: Browser) -> None:
    house.fakes.acd.others_put = 2
    assert (await good(root, "PATCH", "/admin/queues/sales", {"wrap_up_s": 45}))["wrap_up_s"] == 45
    house.fakes.acd.others_put = 3
    assert await refused(root, "PATCH", "/admin/queues/sales", {"wrap_up_s": 60}) == (409, "revision")
    house.fakes.acd.others_put = 0
    await good(root, "PUT", "/admin/agents", {"agents": [AGENT]})
    house.fakes.acd.others_put = 2
    body = {"agents": [{"agent_id": AGENT["agent_id"], "name": "Li Hua"}]}
    assert (await good(root, "PATCH", "/admin/agents", body))["agents"][0]["name"] == "Li Hua"


async def test_agents_read_before_another_changed_them_are_refused_all(house: House, root: Browser) -> None:
    await good(root, "PUT", "/admin/agents", {"agents": [AGENT]})
    read = [one["settings"] for one in (await good(root, "GET", "/agents"))["agents"]]
    change = {"agents": [{"agent_id": AGENT["agent_id"], "name": "Li Hua"}]}
    await good(root, "PATCH", "/admin/agents", change)
    agents = [{"agent_id": "new"}, *read]
    assert await refused(root, "PUT", "/admin/agents", {"agents": agents}) == (409, "agents.1.revision")
    assert "new" not in {agent_id for _, agent_id in house.fakes.acd.settings}


async def test_patch_may_say_that_it_is_a_merge_patch(root: Browser) -> None:
    headers = {"Content-Type": "application/merge-patch+json"}
    answer = await root.ask("PATCH", "/admin/queues/sales", {"wrap_up_s": 45}, headers=headers)
    assert (answer.status_code, answer.json()["wrap_up_s"]) == (200, 45)


async def test_bad_changes_change_nothing(house: House, root: Browser) -> None:
    sales = "/admin/queues/sales"
    for method, path, body, expected in (
        ("PATCH", sales, {"wrap_up_s": -1}, (400, "wrap_up_s")),
        ("PATCH", sales, {"colour": "red"}, (400, "colour")),
        ("PATCH", sales, {"name": "other"}, (400, "name")),
        ("PATCH", sales, [], (400, "body")),
        ("PATCH", "/admin/queues/nowhere", {"wrap_up_s": 1}, (404, None)),
        ("PUT", sales, {"on_full": {"action": "queue"}}, (400, "on_full.target")),
        ("PATCH", "/admin/agents", {"agents": [{"agent_id": "a9"}]}, (404, None)),
        ("PATCH", "/admin/agents", {"agents": [{"skills": {}}]}, (400, "agents.0.agent_id")),
    ):
        assert await refused(root, method, path, body) == expected, body
    assert house.fakes.acd.requests("PutQueue") == []
    assert house.fakes.acd.requests("PutAgents") == []


async def test_refusals_of_the_acd_name_our_field(root: Browser) -> None:
    overflow = {"on_max_wait": {"action": "queue", "target": "nowhere"}}
    assert await refused(root, "PUT", "/admin/queues/sales", overflow) == (400, "on_max_wait")
    agents = [{"agent_id": "a0"}, {"agent_id": "a1", "queues": ["nowhere"]}]
    assert await refused(root, "PUT", "/admin/agents", {"agents": agents}) == (400, "agents.1.queues")
    users = [
        {"username": "wu", "name": "Wu", "role": "agent", "password": "a good password"},
        {"username": "li", "name": "Li", "role": "agent", "password": "a good password"}
        | {"agent_id": "a1", "queues": ["nowhere"]},
    ]
    expected = (400, "users.1.queues")
    assert await refused(root, "POST", "/admin/users/import", {"users": users}) == expected


# ---------------------------------------------------------------- agents


async def test_agent_that_was_read_can_be_put_back(house: House, root: Browser) -> None:
    await good(root, "PUT", "/admin/agents", {"agents": [AGENT]})
    (listed,) = (await good(root, "GET", "/agents"))["agents"]
    assert listed["settings"]["skills"] == {"english": 7}
    assert listed["settings"]["tiers"] == AGENT["tiers"]
    assert listed["settings"]["queues"] == ["sales"]
    await good(root, "PUT", "/admin/agents", {"agents": [listed["settings"]]})
    first, again = house.fakes.acd.requests("PutAgents")
    assert again.agents[0].revision == 1
    first.agents[0].revision = 1
    assert first == again
    assert first.agents[0].capacity[1].channel == types_pb2.CHANNEL_CHAT
    assert first.agents[0].work_mode == events_pb2.WORK_MODE_INTERMITTENT


async def test_agents_without_their_settings_for_those_who_ask_often(house: House, root: Browser) -> None:
    await good(root, "PUT", "/admin/agents", {"agents": [AGENT]})
    (listed,) = (await good(root, "GET", "/agents?settings=false"))["agents"]
    assert listed["settings"] is None
    assert house.fakes.acd.requests("ListAgents")[-1].settings is False


async def test_acd_that_does_not_tell_settings_yet_loses_none(house: House, root: Browser) -> None:
    """The gateway is updated first: merging a change with nothing would reset what is not named."""
    await good(root, "PUT", "/admin/agents", {"agents": [AGENT]})
    house.fakes.acd.tells_settings = False
    change = {"agents": [{"agent_id": "a1", "skills": {"french": 3}}]}
    answer = await root.ask("PATCH", "/admin/agents", change)
    assert (answer.status_code, answer.json()["error"]["service"]) == (503, "acd")
    assert len(house.fakes.acd.requests("PutAgents")) == 1


async def test_patch_of_agents_keeps_what_it_does_not_name(root: Browser) -> None:
    await good(root, "PUT", "/admin/agents", {"agents": [AGENT, {"agent_id": "a2", "queues": ["sales"]}]})
    changes = [
        {"agent_id": "a1", "skills": {"french": 3}},
        {"agent_id": "a2", "tiers": {"sales": {"level": 2}}},
    ]
    one, two = (await good(root, "PATCH", "/admin/agents", {"agents": changes}))["agents"]
    assert one["skills"] == {"english": 7, "french": 3}
    assert one["work_mode"] == "intermittent"
    assert two["tiers"] == {"sales": {"level": 2, "position": 1}}
    detail = (await latest(root))["detail"]
    assert detail["changed"]["a1"] == {"skills": {"from": {"english": 7}, "to": one["skills"]}}


async def test_import_of_users_does_not_take_skills_away(root: Browser) -> None:
    """An import names queues only: the agent's skills, places and capacity are somebody else's work."""
    await good(root, "PUT", "/admin/queues/support", {})
    await good(root, "PUT", "/admin/agents", {"agents": [AGENT]})
    user = {"username": "li", "name": "Li Na", "role": "agent", "password": "a good password"}
    user |= {"agent_id": "a1", "extension": "1002"}
    body = {"users": [user | {"queues": ["sales", "support"]}], "existing": "change"}
    await good(root, "POST", "/admin/users/import", body)
    (listed,) = (await good(root, "GET", "/agents"))["agents"]
    assert listed["settings"]["skills"] == {"english": 7}
    assert listed["settings"]["tiers"] == AGENT["tiers"] | {"support": {"level": 1, "position": 1}}
    assert (listed["settings"]["name"], listed["settings"]["extension"]) == ("Li Na", "1002")


# ---------------------------------------------------------------- looking into it


async def test_explanation_is_data_in_plain_words(house: House, lead: Browser) -> None:
    decision = events_pb2.Decision(
        offer_id="o-1",
        at=clock.to_timestamp(clock.now()),
        queue="sales",
        agent_id="a1",
        seeker="agent",
        rule="longest_idle",
        idle_ms=130_000,
        others=2,
        runner_up_agent_id="a2",
        required=[events_pb2.Skill(name="english", level=5)],
        relaxed_steps=1,
        competing=3,
    )
    house.fakes.acd.decisions["k-1"] = [decision]
    found = await good(lead, "GET", "/contacts/k-1/explanation")
    answers.Explanation.model_validate(found)
    (one,) = found["decisions"]
    assert (one["rule"], one["seeker"], one["required"]) == ("longest_idle", "agent", {"english": 5})
    assert (one["runner_up_agent_id"], one["runner_up_queue"]) == ("a2", None)
    assert await refused(lead, "GET", "/contacts/k-2/explanation") == (404, None)


async def test_who_waits_in_a_queue(house: House, lead: Browser) -> None:
    house.fakes.acd.waiting = [
        acd_pb2.Contact(contact_id=f"k-{n}", queue="sales", state="queued", channel=types_pb2.CHANNEL_VOICE)
        for n in range(3)
    ]
    found = await good(lead, "GET", "/queues/sales/contacts?limit=2")
    answers.Contacts.model_validate(found)
    assert [contact["contact_id"] for contact in found["contacts"]] == ["k-0", "k-1"]
    assert await refused(lead, "GET", "/queues/nowhere/contacts") == (404, None)


async def test_statistics_tell_expected_waits_and_how_wrong_they_were(house: House, lead: Browser) -> None:
    error = acd_pb2.ForecastError(contacts=40, mean_ms=-1500.4, mean_absolute_ms=4000.6)
    house.fakes.acd.figures = acd_pb2.QueueStatistics(
        queue="sales", agents_staffed=4, agents_effective=2.3333, overflowed=7, expected_wait_error=error
    )
    found = await good(lead, "GET", "/statistics")
    (queue,) = found["queues"]
    assert queue["expected_wait_ms"] is None, "nobody can tell"
    assert queue["expected_wait_error"] == {"contacts": 40, "mean_ms": -1500, "mean_absolute_ms": 4001}
    assert queue["head_of_line_error"] is None, "nobody has been answered yet"
    assert (queue["agents_effective"], queue["overflowed"]) == (2.33, 7)


# ---------------------------------------------------------------- stepping in


async def test_team_lead_sets_an_agent_and_the_agent_is_told_by_whom(house: House) -> None:
    root = await house.person("root", Role.ADMINISTRATOR)
    lead = await house.person("lead", Role.TEAM_LEAD, agent_id="a9")
    agent = await house.person("li", agent_id="a1")
    body = {"presence": "other_work", "reason": "training"}
    state = await good(lead, "PUT", "/agents/a1/presence", body)
    answers.State.model_validate(state)
    (request,) = house.fakes.acd.requests("SetPresence")
    assert (request.agent_id, request.by, request.reason) == ("a1", "Lead", "training")
    entry = await latest(root)
    assert (entry["action"], entry["about"]) == ("agent.presence_forced", "a1")
    assert (entry["username"], entry["detail"]) == ("lead", body)
    async with screen(house.port) as desk:
        await desk.hello(agent.token)
        news = events_pb2.AgentStateChanged(
            agent_id="a1", presence=events_pb2.PRESENCE_OTHER_WORK, reason="training", by="Lead"
        )
        await house.tell(news)
        assert (await desk.wait("agent"))["by"] == "Lead"
        news.ClearField("by")
        await house.tell(news)
        assert (await desk.wait("agent"))["by"] is None


async def test_team_lead_gives_a_waiting_contact_to_an_agent(house: House, lead: Browser) -> None:
    root = await house.person("root", Role.ADMINISTRATOR)
    agent = await house.person("li", agent_id="a1")
    house.fakes.acd.waiting = [acd_pb2.Contact(contact_id="k-1", queue="sales", state="queued")]
    found = await good(lead, "POST", "/contacts/k-1/assign", {"agent_id": "a1", "request_id": "r-1"})
    answers.Contact.model_validate(found)
    assert (found["waits_for_agent_id"], found["assigned_by"]) == ("a1", "Lead")
    (request,) = house.fakes.acd.requests("AssignContact")
    assert (request.agent_id, request.by, request.wait_s) == ("a1", "Lead", 120)
    await good(lead, "POST", "/contacts/k-1/assign", {"agent_id": "a1", "request_id": "r-1"})
    assert house.fakes.acd.requests("AssignContact")[1].request_id == request.request_id, "the same intention"
    entry = await latest(root)
    assert (entry["action"], entry["about"], entry["username"]) == ("contact.assigned", "k-1", "lead")
    assert entry["detail"] == {"agent_id": "a1", "wait_s": 120}
    assert await refused(lead, "POST", "/contacts/k-2/assign", {"agent_id": "a1"}) == (409, None)
    assert await refused(lead, "POST", "/contacts/k-1/assign", {"agent_id": "a7"}) == (404, None)
    wrong = {"agent_id": "a1", "wait_s": 0}
    assert await refused(lead, "POST", "/contacts/k-1/assign", wrong) == (400, "wait_s")
    assert await refused(agent, "POST", "/contacts/k-1/assign", {"agent_id": "a1"}) == (403, None)


async def test_offer_says_its_channel(house: House) -> None:
    person = await house.person("li", agent_id="a1")
    async with screen(house.port) as desk:
        await desk.hello(person.token)
        await house.tell(offered("a1"))
        assert (await desk.wait("offer"))["channel"] == "voice"
        await house.tell(offered("a1", offer_id="o-2", channel=types_pb2.CHANNEL_CHAT))
        assert (await desk.wait("offer"))["channel"] == "chat"


async def test_nobody_is_forced_by_an_agent_or_into_nonsense(house: House, lead: Browser) -> None:
    agent = await house.person("li", agent_id="a1")
    assert await refused(agent, "PUT", "/agents/a1/presence", {"presence": "ready"}) == (403, None)
    assert await refused(lead, "PUT", "/agents/a1/presence", {"presence": "asleep"}) == (400, "presence")
    assert await refused(lead, "PUT", "/agents/A%0A1/presence", {"presence": "ready"}) == (400, "agent_id")
    assert await refused(lead, "PUT", "/agents/a7/presence", {"presence": "ready"}) == (404, None)


async def test_agent_chooses_what_follows_a_contact(house: House) -> None:
    person = await house.person("li", agent_id="a1")
    async with screen(house.port) as desk:
        await desk.hello(person.token)
        body = {"presence": "ready", "work_mode": "intermittent"}
        reply = await desk.command("presence", "c-1", body)
        assert reply["data"]["agent"]["work_mode"] == "intermittent"
        await desk.command("presence", "c-2", {"presence": "ready"})
        wrong = await desk.command("presence", "c-3", body | {"work_mode": "lazy"})
        alone = await desk.command("presence", "c-4", {"work_mode": "continuous"})
        assert alone["data"]["agent"]["presence"] == "ready"
    assert wrong["error"]["field"] == "work_mode"
    first, second, third = house.fakes.acd.requests("SetPresence")
    assert third.presence == events_pb2.PRESENCE_UNSPECIFIED, "only the mode"
    assert first.work_mode == events_pb2.WORK_MODE_INTERMITTENT
    assert second.work_mode == events_pb2.WORK_MODE_UNSPECIFIED, "it stays as it is"


# ---------------------------------------------------------------- several at once


async def test_agent_with_two_contacts_sees_both_and_answers_either(house: House) -> None:
    person = await house.person("li", agent_id="a1")
    agent = house.fakes.acd.agent("a1")
    for name in ("chat", "call"):
        agent.contacts.add(contact_id=f"k-{name}", offer_id=f"o-{name}", state="offered")
    agent.contact.CopyFrom(agent.contacts[1])
    async with screen(house.port) as desk:
        state = (await desk.hello(person.token))["state"]
        assert state["contact"]["contact_id"] == "k-call"
        assert [contact["contact_id"] for contact in state["contacts"]] == ["k-chat", "k-call"]
        await desk.command("answer", "c-1", {"contact_id": "k-chat"})
    assert house.fakes.acd.requests("AnswerOffer")[0].offer_id == "o-chat"


# ---------------------------------------------------------------- described


async def test_routes_of_the_centre_answer_as_the_openapi_says(open_house: Opening) -> None:
    house = await open_house()
    root = await house.person("root", Role.ADMINISTRATOR)
    await good(root, "PUT", "/admin/queues/sales", FULL)
    await good(root, "PUT", "/admin/agents", {"agents": [AGENT]})
    described: dict[str, type[BaseModel]] = {
        "/queues": answers.Queues,
        "/agents": answers.AgentList,
        "/statistics": answers.Statistics,
    }
    openapi = (await house.http.get("/api/openapi.json")).json()
    for path, model in described.items():
        model.model_validate(await good(root, "GET", path))
        schema = openapi["paths"][f"/api/v1{path}"]["get"]["responses"]["200"]["content"]
        assert schema["application/json"]["schema"]["$ref"].endswith(f"/{model.__name__}"), path
    for path, method in (
        ("/admin/queues/{name}", "put"),
        ("/admin/queues/{name}", "patch"),
        ("/admin/agents", "patch"),
        ("/contacts/{contact_id}/explanation", "get"),
        ("/queues/{name}/contacts", "get"),
        ("/agents/{agent_id}/presence", "put"),
    ):
        answer = openapi["paths"][f"/api/v1{path}"][method]["responses"]["200"]["content"]
        assert "$ref" in answer["application/json"]["schema"], path
