"""The agents' socket: scenarios named by what happens to it (docs/gateway-websocket.md)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from services.gateway.domain import Role
from services.gateway.engine.pushes import Push
from services.stubs.acd.v1 import events_pb2
from tests.integration.gateway.conftest import House, Opening
from tests.integration.gateway.gateway_fakes import WITHIN_S, offered, screen, until


async def test_welcome_carries_the_whole_state(house: House) -> None:
    person = await house.person("li", agent_id="a1")
    agent = house.fakes.acd.agent("a1")
    agent.presence = events_pb2.PRESENCE_READY
    agent.routing_status = events_pb2.ROUTING_STATUS_CONNECTED
    agent.contact.contact_id, agent.contact.state = "k-9", "connected"
    agent.contact.data["menu"] = "1"
    async with screen(house.port) as desk:
        welcome = await desk.hello(person.token)
    assert welcome["resumed"] is False
    assert welcome["seq"] == 0
    assert welcome["user"]["agent_id"] == "a1"
    assert welcome["state"]["agent"]["presence"] == "ready"
    assert welcome["state"]["agent"]["routing_status"] == "connected"
    assert welcome["state"]["contact"]["contact_id"] == "k-9"
    assert welcome["state"]["contact"]["data"] == {"menu": "1"}


async def test_call_rings_and_the_pop_follows(house: House) -> None:
    person = await house.person("li", agent_id="a1")
    async with screen(house.port) as desk:
        await desk.hello(person.token)
        await house.tell(offered("a1"))
        offer = await desk.wait("offer")
        pop = await desk.wait("pop")
    assert offer["from_number"] == "+8613800000001"
    assert (offer["waited_ms"], offer["ring_timeout_ms"]) == (4200, 15000)
    assert pop["offer_id"] == "o-1"
    assert pop["customer"]["name"] == "Wang"
    assert pop["caller"]["level"] == 3
    assert pop["recent"][0]["data"] == {"queue": "sales"}
    assert [order["number"] for order in pop["work_orders"]] == ["WO-1"]
    assert pop["missing"] == []


async def test_unknown_caller_pops_empty(house: House) -> None:
    person = await house.person("li", agent_id="a1")
    async with screen(house.port) as desk:
        await desk.hello(person.token)
        await house.tell(offered("a1", from_number="+4930123456"))
        pop = await desk.wait("pop")
    assert pop["customer"] is None
    assert pop["caller"]["customer_id"] == ""
    assert pop["work_orders"] == []
    assert pop["missing"] == []


@pytest.mark.parametrize(("down", "missing"), [("crm", ["crm"]), ("workorder", ["workorder"])])
async def test_pop_says_which_service_is_missing(house: House, down: str, missing: list[str]) -> None:
    person = await house.person("li", agent_id="a1")
    async with screen(house.port) as desk:
        await desk.hello(person.token)
        await house.fakes.down(down)
        await house.tell(offered("a1", customer_id="c-1"))
        offer = await desk.wait("offer")
        pop = await desk.wait("pop")
    assert offer["queue"] == "sales"
    assert pop["missing"] == missing


async def test_service_going_and_coming_is_told(house: House) -> None:
    person = await house.person("li", agent_id="a1")
    async with screen(house.port) as desk:
        await desk.hello(person.token)
        await house.fakes.down("crm")
        assert await desk.wait("services") == {"missing": ["crm"]}
        await house.fakes.up("crm")
        assert await desk.wait("services") == {"missing": []}


async def test_everything_that_happens_to_a_call_is_pushed(house: House) -> None:
    person = await house.person("li", agent_id="a1")
    one: dict[str, Any] = {"contact_id": "k-1", "agent_id": "a1"}
    async with screen(house.port) as desk:
        await desk.hello(person.token)
        await house.tell(
            events_pb2.AgentStateChanged(
                agent_id="a1",
                presence=events_pb2.PRESENCE_READY,
                routing_status=events_pb2.ROUTING_STATUS_CONNECTED,
                contact_id="k-1",
            )
        )
        await house.tell(events_pb2.ContactAnswered(**one, waited_ms=4000))
        await house.tell(events_pb2.ContactHeld(**one))
        await house.tell(events_pb2.ContactRetrieved(**one))
        await house.tell(events_pb2.ContactReleased(**one, talk_ms=61_000, ended_by=events_pb2.PARTY_CALLER))
        await house.tell(events_pb2.ContactWrappedUp(**one, wrap_up_ms=9_000, disposition="resolved"))
        await house.tell(
            events_pb2.ContactOfferFailed(
                **one, failure=events_pb2.OFFER_FAILURE_RING_TIMEOUT, rang_ms=15_000
            )
        )
        agent = await desk.wait("agent")
        assert (agent["presence"], agent["routing_status"], agent["contact_id"]) == (
            "ready",
            "connected",
            "k-1",
        )
        assert (await desk.wait("answered"))["waited_ms"] == 4000
        assert (await desk.wait("held"))["contact_id"] == "k-1"
        assert (await desk.wait("retrieved"))["contact_id"] == "k-1"
        released = await desk.wait("released")
        assert (released["talk_ms"], released["ended_by"]) == (61_000, "caller")
        assert (await desk.wait("wrapped_up"))["disposition"] == "resolved"
        assert (await desk.wait("offer_failed"))["failure"] == "ring_timeout"


async def test_nobody_sees_another_agents_calls(house: House) -> None:
    """Neither a colleague's nor, under the same agent id, another tenant's."""
    li = await house.person("li", agent_id="a1")
    other = await house.person("li", agent_id="a1", slug="other")
    async with screen(house.port) as here, screen(house.port) as there:
        await here.hello(li.token)
        await there.hello(other.token)
        await house.tell(offered("a2", contact_id="colleague"))
        await house.tell(offered("a1", contact_id="theirs"), "other")
        await house.tell(offered("a1", contact_id="ours"))
        assert (await here.wait("offer"))["contact_id"] == "ours"
        assert (await there.wait("offer"))["contact_id"] == "theirs"


# ---------------------------------------------------------------- lost and found


async def test_lost_connection_resumes_without_a_gap(house: House) -> None:
    person = await house.person("li", agent_id="a1")
    async with screen(house.port) as first:
        await first.hello(person.token)
        await house.tell(events_pb2.ContactHeld(contact_id="k-1", agent_id="a1"))
        await first.wait("held")
        session, last_seq = first.session, first.last_seq
        await first.drop()
    lost = house.gateway.hub.sessions.at("demo", "a1")
    assert lost is not None
    await until(lambda: lost.claimed_by is None)
    for number in range(5):
        await house.tell(events_pb2.ContactAnswered(contact_id=f"k-{number}", agent_id="a1"))
    await until(lambda: lost.replay.seq == last_seq + 5)
    async with screen(house.port) as second:
        welcome = await second.hello(person.token, session, last_seq)
        assert (welcome["resumed"], welcome["session"], welcome["seq"]) == (True, session, last_seq)
        missed = [(await second.wait("answered"))["contact_id"] for _ in range(5)]
        assert missed == [f"k-{number}" for number in range(5)]
        assert (await second.wait("state"))["agent"]["agent_id"] == "a1"
        await house.tell(events_pb2.ContactHeld(contact_id="k-live", agent_id="a1"))
        assert (await second.wait("held"))["contact_id"] == "k-live"


async def test_too_much_was_missed_for_resuming(open_house: Opening) -> None:
    house = await open_house(gateway_resume_messages=3)
    person = await house.person("li", agent_id="a1")
    async with screen(house.port) as first:
        await first.hello(person.token)
        await first.drop()
    lost = house.gateway.hub.sessions.at("demo", "a1")
    assert lost is not None
    await until(lambda: lost.claimed_by is None)
    for _ in range(4):
        house.gateway.hub.acd_event("demo", Push("a1", "held", {"contact_id": "k", "held_at": None}))
    async with screen(house.port) as second:
        welcome = await second.hello(person.token, first.session, 0)
        assert welcome["resumed"] is False
        assert welcome["session"] != first.session
        assert welcome["state"]["agent"]["agent_id"] == "a1"
        await house.tell(offered("a1"))
        assert (await second.wait("offer"))["offer_id"] == "o-1"


async def test_gateway_restarts_and_the_agent_comes_back(open_house: Opening) -> None:
    house = await open_house()
    person = await house.person("li", agent_id="a1")
    async with screen(house.port) as first:
        await first.hello(person.token)
        house.gateway.hub.close_all()
        assert await first.closed() == 1012
    restarted = await open_house(fakes=house.fakes)
    async with screen(restarted.port) as second:
        welcome = await second.hello(person.token, first.session, first.last_seq)
        assert welcome["resumed"] is False
        assert welcome["state"]["agent"]["agent_id"] == "a1"


async def test_agent_stays_away_after_the_gateway_died(open_house: Opening) -> None:
    """The process that held the socket is gone; its successor notices that nobody came back."""
    house = await open_house()
    person = await house.person("li", agent_id="a1")
    house.fakes.acd.agent("a1").presence = events_pb2.PRESENCE_READY
    async with screen(house.port) as desk:
        await desk.hello(person.token)
        assert (await desk.command("ping-is-not-a-command", "c-1"))["ok"] is False  # the hello is through
        await desk.drop()
    restarted = await open_house(fakes=house.fakes, gateway_lost_s=0)
    await until(lambda: restarted.fakes.acd.agent("a1").reason == "connection_lost")


async def test_socket_stays_lost_and_the_agent_gets_no_more_calls(open_house: Opening) -> None:
    house = await open_house(gateway_lost_s=0)
    person = await house.person("li", agent_id="a1")
    agent = house.fakes.acd.agent("a1")
    agent.presence = events_pb2.PRESENCE_READY
    async with screen(house.port) as desk:
        await desk.hello(person.token)
        await desk.drop()
    await until(lambda: agent.reason == "connection_lost")
    assert agent.presence == events_pb2.PRESENCE_OTHER_WORK


async def test_agent_at_lunch_keeps_the_reason_when_the_socket_is_lost(open_house: Opening) -> None:
    house = await open_house(gateway_lost_s=0)
    person = await house.person("li", agent_id="a1")
    agent = house.fakes.acd.agent("a1")
    agent.presence, agent.reason = events_pb2.PRESENCE_OTHER_WORK, "lunch"
    async with screen(house.port) as desk:
        await desk.hello(person.token)
        await desk.drop()
    asked = house.fakes.acd.requests
    before = len(asked("GetAgent"))
    await until(lambda: len(asked("GetAgent")) > before)
    assert agent.reason == "lunch"
    assert asked("SetPresence") == []


async def test_acd_is_away_when_the_socket_is_lost(open_house: Opening) -> None:
    house = await open_house(gateway_lost_s=0)
    person = await house.person("li", agent_id="a1")
    agent = house.fakes.acd.agent("a1")
    agent.presence = events_pb2.PRESENCE_READY
    async with screen(house.port) as desk:
        await desk.hello(person.token)
        house.fakes.acd.away = True
        await desk.drop()
    tried = len(house.fakes.acd.requests("GetAgent"))
    await until(lambda: len(house.fakes.acd.requests("GetAgent")) > tried)
    house.fakes.acd.away = False
    await until(lambda: agent.reason == "connection_lost")


async def test_acd_is_away_at_hello_and_the_state_follows(open_house: Opening) -> None:
    house = await open_house(gateway_resync_s=0.05)
    person = await house.person("li", agent_id="a1")
    house.fakes.acd.away = True
    async with screen(house.port) as desk:
        welcome = await desk.hello(person.token)
        assert welcome["state"] == {"agent": None, "contact": None, "contacts": [], "missing": ["acd"]}
        house.fakes.acd.away = False
        assert (await desk.wait("state"))["agent"]["agent_id"] == "a1"


async def test_event_lost_on_the_way_is_repaired(open_house: Opening) -> None:
    """Live events have no replay: the gateway compares with the ACD and corrects the screen."""
    house = await open_house(gateway_resync_s=0.05)
    person = await house.person("li", agent_id="a1")
    async with screen(house.port) as desk:
        await desk.hello(person.token)
        house.fakes.acd.agent("a1").presence = events_pb2.PRESENCE_READY  # and no event
        assert (await desk.wait("state"))["agent"]["presence"] == "ready"


# ---------------------------------------------------------------- two places


async def test_second_sign_in_replaces_the_first(house: House) -> None:
    first_browser = await house.person("li", agent_id="a1")
    second_browser = await house.sign_in("li")
    async with screen(house.port) as first, screen(house.port) as second:
        await first.hello(first_browser.token)
        welcome = await second.hello(second_browser.token, first.session, 0)
        assert welcome["resumed"] is False, "what the first was told is not for the second"
        assert await first.closed() == 4409
        assert first.heard[-1]["type"] == "bye"
        assert "another place" in first.heard[-1]["data"]["sentence"]
        await house.tell(offered("a1"))
        assert (await second.wait("offer"))["offer_id"] == "o-1"


async def test_agent_signs_in_at_another_gateway(house: House, open_house: Opening) -> None:
    other = await open_house(fakes=house.fakes, gateway_name="gateway-2")
    person = await house.person("li", agent_id="a1")
    async with screen(house.port) as first, screen(other.port) as second:
        await first.hello(person.token)
        await second.hello(person.token)
        assert await first.closed() == 4409
    assert house.gateway.hub.sessions.at("demo", "a1") is None, "nobody is lost"


async def test_old_news_of_another_gateway_replaces_nobody(house: House) -> None:
    """Two sign-ins in one breath: the first gateway's word comes when the agent is already at the second."""
    person = await house.person("li", agent_id="a1")
    async with screen(house.port) as agent:
        await agent.hello(person.token)
        house.gateway.hub.socket_opened("demo", "a1", "gateway-2", 1)
        assert house.gateway.hub.sessions.at("demo", "a1") is not None


# ---------------------------------------------------------------- who may, and for how long


async def test_expired_token_at_hello(house: House) -> None:
    await house.person("li", agent_id="a1")
    async with screen(house.port) as desk:
        await desk.say({"type": "hello", "token": "eyJhbGciOiJub25lIn0.e30."})
        assert await desk.closed() == 4401


async def test_token_expires_while_connected_and_the_session_is_resumed(open_house: Opening) -> None:
    house = await open_house()
    person = await house.person("li", agent_id="a1")
    async with screen(house.port) as desk:
        await desk.hello(person.token)
        session = house.gateway.hub.sessions.at("demo", "a1")
        assert session is not None
        object.__setattr__(session.identity, "expires_at", 1)
        assert await desk.closed() == 4401
    body = {"refresh_token": person.refresh_token}
    fresh = (await house.http.post("/api/v1/session/refresh", json=body)).json()["access_token"]
    async with screen(house.port) as desk_again:
        assert (await desk_again.hello(fresh, desk.session, desk.last_seq))["resumed"] is True


async def test_token_is_renewed_over_the_socket(house: House) -> None:
    person = await house.person("li", agent_id="a1")
    body = {"refresh_token": person.refresh_token}
    async with screen(house.port) as desk:
        await desk.hello(person.token)
        fresh = (await house.http.post("/api/v1/session/refresh", json=body)).json()["access_token"]
        reply = await desk.command("token", "c-1", {"token": fresh})
        assert reply["ok"]
        assert reply["data"]["token_expires_at"].endswith("Z")
        strange = await house.sign_in("li")
        refused = await desk.command("token", "c-2", {"token": strange.token})
        assert refused["error"]["code"] == "conflict"


async def test_page_of_another_site_cannot_open_the_socket(open_house: Opening) -> None:
    house = await open_house(gateway_origins=("https://desk.example",))
    with pytest.raises(InvalidStatus) as refused:
        async with screen(house.port, origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403
    async with screen(house.port, origin=f"http://127.0.0.1:{house.port}"):
        pass
    async with screen(house.port, origin="https://desk.example"):
        pass


async def test_role_without_a_desk_is_turned_away(house: House) -> None:
    person = await house.person("dep", Role.DEPARTMENT)
    async with screen(house.port) as desk:
        await desk.say({"type": "hello", "token": person.token})
        assert await desk.closed() == 4403


async def test_nobody_says_hello(open_house: Opening) -> None:
    house = await open_house(gateway_hello_s=0.05)
    async with screen(house.port) as desk:
        assert await desk.closed() == 4408


async def test_bad_hello(house: House) -> None:
    for message in (
        "not json",
        "[]",
        "7",
        '{"type":"ping"}',
        '{"type":"hello"}',
        '{"type":"hello","token":7}',
        '{"type":"hello","token":"t","last_seq":"x"}',
        '{"type":"hello","token":"t","session":7}',
    ):
        async with screen(house.port) as desk:
            await desk.say(message)
            assert await desk.closed() == 4400, message


async def test_frame_too_long(house: House) -> None:
    person = await house.person("li", agent_id="a1")
    async with screen(house.port) as desk:
        await desk.hello(person.token)
        await desk.say("x" * (house.config.gateway_frame_bytes + 1))
        assert await desk.closed() == 1009


async def test_slow_client_is_closed_and_may_resume(open_house: Opening) -> None:
    """It stops reading; its buffer is bounded; the session keeps what it missed."""
    house = await open_house(gateway_socket_backlog=8, gateway_resume_messages=60_000)
    person = await house.person("li", agent_id="a1")
    hub = house.gateway.hub
    async with screen(house.port) as desk:
        await desk.hello(person.token)
        session = hub.sessions.at("demo", "a1")
        assert session is not None
        outlet = session.claimed_by
        for _ in range(10):  # without giving the writer a chance to run
            hub.acd_event("demo", Push("a1", "held", {"contact_id": "k", "held_at": None}))
        assert outlet is not None
        assert await desk.closed() == 4429
    await until(lambda: session.claimed_by is None)
    async with screen(house.port) as again:
        assert (await again.hello(person.token, desk.session, desk.last_seq))["resumed"] is True
        for _ in range(10):
            await again.wait("held")


async def test_too_many_sockets(open_house: Opening) -> None:
    house = await open_house(gateway_sockets=1)
    async with screen(house.port):
        with pytest.raises(InvalidStatus):
            async with screen(house.port):
                pass


# ---------------------------------------------------------------- commands


async def test_commands_reach_the_acd_once_whatever_happens(house: House) -> None:
    person = await house.person("li", agent_id="a1")
    async with screen(house.port) as desk:
        await desk.hello(person.token)
        ready = await desk.command("presence", "c-1", {"presence": "ready"})
        assert ready["data"]["agent"]["presence"] == "ready"
        for kind in ("hangup", "hold", "retrieve"):
            assert (await desk.command(kind, f"c-{kind}", {"contact_id": "k-1"}))["ok"]
        for kind in ("answer", "reject"):
            data = {"contact_id": "k-1", "offer_id": "o-1"}
            assert (await desk.command(kind, f"c-{kind}", data))["ok"]
        assert (await desk.command("dtmf", "c-keys", {"contact_id": "k-1", "keys": "12#"}))["ok"]
        for keys in ("", "1\nuuid_kill", "1w2", "1" * 33):
            refused = await desk.command("dtmf", "c-bad", {"contact_id": "k-1", "keys": keys})
            assert not refused["ok"], keys
        for number, target in enumerate(({"queue": "support"}, {"to_agent_id": "a2"})):
            assert (await desk.command("transfer", f"c-away-{number}", {"contact_id": "k-1"} | target))["ok"]
        for target in (
            {},
            {"queue": "support", "to_agent_id": "a2"},
            {"queue": "a b"},
            {"to_agent_id": "a\n"},
        ):
            refused = await desk.command("transfer", "c-bad", {"contact_id": "k-1"} | target)
            assert not refused["ok"], target
        await desk.command("hold", "c-hold", {"contact_id": "k-1"})
    assert [each.keys for each in house.fakes.acd.requests("SendDtmf")] == ["12#"]
    given = house.fakes.acd.requests("Transfer")
    assert [(each.queue, each.to_agent_id) for each in given] == [("support", ""), ("", "a2")]
    first, again = house.fakes.acd.requests("Hold")
    assert first.request_id == again.request_id, "the ACD knows the repeat by its request id"
    assert first.agent_id == "a1"
    assert house.fakes.acd.requests("AnswerOffer")[0].offer_id == "o-1"
    assert first.request_id != house.fakes.acd.requests("HangUp")[0].request_id


async def test_answer_finds_the_present_offer(house: House) -> None:
    person = await house.person("li", agent_id="a1")
    agent = house.fakes.acd.agent("a1")
    agent.contact.contact_id, agent.contact.offer_id = "k-1", "o-7"
    async with screen(house.port) as desk:
        await desk.hello(person.token)
        assert (await desk.command("answer", "c-1", {"contact_id": "k-1"}))["ok"]
        stale = await desk.command("answer", "c-2", {"contact_id": "k-0"})
    assert house.fakes.acd.requests("AnswerOffer")[0].offer_id == "o-7"
    assert stale["error"]["code"] == "conflict"


async def test_refused_commands_say_why(house: House) -> None:
    person = await house.person("li", agent_id="a1")
    refused: list[tuple[str, object, str, str | None]] = [
        ("presence", {"presence": "asleep"}, "invalid", "presence"),
        ("presence", {"presence": "ready", "extra": 1}, "invalid", "extra"),
        ("presence", {"presence": "other_work", "reason": "a\nb"}, "invalid", "reason"),
        ("presence", {"presence": "ready", "extension": "{a=b}100"}, "invalid", "extension"),
        ("presence", [], "invalid", "data"),
        ("hangup", {}, "invalid", "contact_id"),
        ("hangup", {"contact_id": "gone"}, "conflict", None),
        ("wrap_up", {"contact_id": "k-1"}, "invalid", "disposition"),
        ("wallboard", {"subscribe": True}, "denied", None),
        ("dance", {}, "invalid", "type"),
    ]
    async with screen(house.port) as desk:
        await desk.hello(person.token)
        for kind, data, code, field in refused:
            reply = await desk.command(kind, "c-1", data)
            assert reply["ok"] is False
            assert (reply["error"]["code"], reply["error"]["field"]) == (code, field), data
        assert (await desk.command("hold", "not an id", {}))["error"]["field"] == "id"


async def test_acd_down_is_said_by_name(house: House) -> None:
    person = await house.person("li", agent_id="a1")
    async with screen(house.port) as desk:
        await desk.hello(person.token)
        await house.fakes.down("acd")
        reply = await desk.command("presence", "c-1", {"presence": "ready"})
    assert (reply["error"]["code"], reply["error"]["service"]) == ("unavailable", "acd")


async def test_ping_overtakes_commands(house: House) -> None:
    person = await house.person("li", agent_id="a1")
    async with screen(house.port) as desk:
        await desk.hello(person.token)
        await desk.say({"type": "hold", "id": "c-1", "data": {"contact_id": "k-1"}})
        await desk.say({"type": "ping"})
        kinds = {(await desk.next())["type"] for _ in range(2)}
    assert kinds == {"pong", "reply"}


async def test_too_many_commands_wait(open_house: Opening) -> None:
    house = await open_house(gateway_socket_commands=1)
    person = await house.person("li", agent_id="a1")
    gate = asyncio.Event()

    async def slow(request: object, context: object) -> object:
        await gate.wait()
        return house.fakes.acd.agent("a1")

    house.fakes.acd.Hold = slow  # type: ignore[method-assign, assignment]
    await house.fakes.down("acd")
    await house.fakes.up("acd")
    async with screen(house.port) as desk:
        await desk.hello(person.token)
        await desk.say({"type": "hold", "id": "c-1", "data": {"contact_id": "k-1"}})
        refused = await desk.command("hold", "c-2", {"contact_id": "k-1"})
        assert refused["error"]["code"] == "full"
        gate.set()
        assert (await desk.wait("reply"))["id"] == "c-1"


async def test_wallboard_asks_once_for_all_watchers(open_house: Opening) -> None:
    house = await open_house(gateway_wallboard_s=0.02)
    lead, other = (
        await house.person("lead", Role.TEAM_LEAD),
        await house.person("lead2", Role.TEAM_LEAD),
    )
    async with screen(house.port) as one, screen(house.port) as two:
        await one.hello(lead.token)
        await two.hello(other.token)
        assert house.fakes.acd.requests("GetStatistics") == []
        assert (await one.command("wallboard", "c-1", {"subscribe": True}))["ok"]
        assert (await two.command("wallboard", "c-1", {"subscribe": True}))["ok"]
        for _ in range(5):
            board = await one.wait("wallboard")
            await two.wait("wallboard")
        asked = len(house.fakes.acd.requests("GetStatistics"))
        assert board["agents"]["ready"] == 3
        assert board["queues"][0]["waiting"] == 2
        assert board["queues"][0]["service_level"] is None
        assert (await one.command("wallboard", "c-2", {"subscribe": False}))["ok"]
        assert (await two.command("wallboard", "c-2", {"subscribe": False}))["ok"]
    assert asked <= 12, "one call for both"
    await until(lambda: house.gateway.wallboard._watchers == {})


async def test_wallboard_says_that_the_acd_is_missing(open_house: Opening) -> None:
    house = await open_house(gateway_wallboard_s=0.02)
    lead = await house.person("lead", Role.TEAM_LEAD)
    async with screen(house.port) as desk:
        await desk.hello(lead.token)
        await house.fakes.down("acd")
        await desk.command("wallboard", "c-1", {"subscribe": True})
        async with asyncio.timeout(WITHIN_S):
            while (await desk.wait("wallboard"))["missing"] != ["acd"]:
                pass
