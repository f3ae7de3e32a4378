"""What the ACD must not accept, through both of its doors: gRPC, and REST of a gateway in front of it.

Each is refused with one sentence that names the field; afterwards settings, contacts and callbacks are what
they were.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from services.chassis.errors import Invalid, NotFound
from services.chassis.ids import new_id
from services.gateway.domain import Role
from services.stubs.acd.v1 import acd_pb2 as pb
from services.stubs.acd.v1 import events_pb2 as ev
from services.stubs.common.v1 import types_pb2
from tests.integration.acd.centre import Centre, open_centre
from tests.integration.gateway.conftest import Opening
from tests.integration.gateway.gateway_fakes import Browser

NUMBER = "+8613800138000"


@dataclass
class Doors:
    """A running ACD, and somebody who may do everything at a gateway before it."""

    centre: Centre
    root: Browser

    async def kept(self) -> list[Any]:
        """All that a request could have changed."""
        ask = self.centre.call
        listed: list[Any] = [
            await ask("ListQueues", pb.ListQueuesRequest()),
            await ask("ListAgents", pb.ListAgentsRequest(settings=True)),
            await ask("ListWaiting", pb.ListWaitingRequest(queue="sales")),
            await ask("ListCallbacks", pb.ListCallbacksRequest()),
        ]
        return [*listed, [event.type for event in self.centre.heard.events]]


@pytest.fixture
async def doors(
    database: Any, nats_url: str, free_port: Callable[[], int], open_house: Opening
) -> AsyncIterator[Doors]:
    async with open_centre(database, nats_url, free_port) as centre:
        address = centre.settings["grpc_listen"]
        house = await open_house(acd_address=address)
        await centre.queue("sales", on_no_agents=pb.Overflow(action=pb.OVERFLOW_ACTION_VOICEMAIL))
        await centre.queue("vip", on_full=pb.Overflow(action=pb.OVERFLOW_ACTION_QUEUE, target="sales"))
        await centre.agent("a1", "1001", "sales", ready=False)
        yield Doors(centre, await house.person("root", Role.ADMINISTRATOR))


def skill(name: str, level: int) -> ev.Skill:
    return ev.Skill(name=name, level=level)


def to_queue(name: str) -> pb.Overflow:
    return pb.Overflow(action=pb.OVERFLOW_ACTION_QUEUE, target=name)


def agent(**more: Any) -> pb.PutAgentsRequest:
    """One that is right comes first: it must not be kept either."""
    good = pb.AgentSettings(agent_id="good", extension="1002", queues=["sales"])
    return pb.PutAgentsRequest(agents=[good, pb.AgentSettings(agent_id="a2", extension="1003", **more)])


def contact(**more: Any) -> pb.EnqueueRequest:
    chat = pb.OpenContactRequest(contact_id=new_id(), channel=types_pb2.CHANNEL_CHAT)
    return pb.EnqueueRequest(contact=chat, **{"queue": "sales"} | more)


def callback(**more: Any) -> pb.RequestCallbackRequest:
    return pb.RequestCallbackRequest(**{"number": NUMBER, "queue": "sales"} | more)


MANY = {f"key{index}": "value" for index in range(33)}
LARGE = {"notes": "x" * 5_000}
OF_OLD = Timestamp(seconds=-5)

BY_GRPC = {
    "unknown queue, contact": ("Enqueue", contact(queue="nowhere"), "queue"),
    "unknown queue, callback": ("RequestCallback", callback(queue="nowhere"), "queue"),
    "unknown queue, agent": ("PutAgents", agent(queues=["nowhere"]), "agents.1.queues"),
    "unknown queue, tier": ("PutAgents", agent(tiers=[pb.Tier(queue="nowhere")]), "agents.1.queues"),
    "unknown queue, overflow": ("PutQueue", pb.Queue(name="new", on_closed=to_queue("nowhere")), "on_closed"),
    "unknown queue, list": ("ListWaiting", pb.ListWaitingRequest(queue="nowhere"), "queue"),
    "skill above, contact": ("Enqueue", contact(skills=[skill("english", 11)]), "skills.level"),
    "skill of none, contact": ("Enqueue", contact(skills=[skill("english", 0)]), "skills.level"),
    "skill below, callback": ("RequestCallback", callback(skills=[skill("english", -1)]), "skills.level"),
    "skill above, agent": ("PutAgents", agent(skills=[skill("english", 99)]), "agents.1.skills.level"),
    "skill above, step": (
        "Enqueue",
        contact(
            skills=[skill("english", 5)], relax=[pb.Relaxation(after_s=9, skills=[skill("english", 11)])]
        ),
        "relax.skills.level",
    ),
    "circle of two": ("PutQueue", pb.Queue(name="sales", on_max_wait=to_queue("vip")), "on_max_wait"),
    "circle of one": ("PutQueue", pb.Queue(name="sales", on_full=to_queue("sales")), "on_full"),
    "two tiers": (
        "PutAgents",
        agent(tiers=[pb.Tier(queue="sales"), pb.Tier(queue="sales", level=2)]),
        "agents.1.tiers",
    ),
    "tier below": ("PutAgents", agent(tiers=[pb.Tier(queue="sales", level=-1)]), "agents.1.tiers.level"),
    "agent twice": (
        "PutAgents",
        pb.PutAgentsRequest(
            agents=[pb.AgentSettings(agent_id=who, extension="1003") for who in ("a2", "a2")]
        ),
        "agents.1.agent_id",
    ),
    "negative ring": ("PutQueue", pb.Queue(name="new", ring_timeout_s=-1), "ring_timeout_s"),
    "negative wrap-up": ("PutQueue", pb.Queue(name="new", wrap_up_s=-1), "wrap_up_s"),
    "negative wait": ("PutQueue", pb.Queue(name="new", max_wait_s=-1), "max_wait_s"),
    "negative no agents": ("PutQueue", pb.Queue(name="new", no_agents_after_s=-1), "no_agents_after_s"),
    "negative step": (
        "PutQueue",
        pb.Queue(name="new", relax=[pb.RelaxStep(after_s=-1, ease=1)]),
        "relax.after_s",
    ),
    "negative preference": ("Enqueue", contact(prefer_s=-1), "prefer_s"),
    "before 1970": ("Enqueue", contact(enqueued_at=OF_OLD), "enqueued_at"),
    "booked before 1970": ("Enqueue", contact(booked_at=OF_OLD), "booked_at"),
    "window before 1970": ("RequestCallback", callback(not_before=OF_OLD), "not_before"),
    "negative attempts": ("RequestCallback", callback(attempts=-1), "attempts"),
    "negative given time": (
        "AssignContact",
        pb.AssignContactRequest(contact_id=new_id(), agent_id="a1", wait_s=-1),
        "wait_s",
    ),
    "nobody can, callback": ("RequestCallback", callback(skills=[skill("klingon", 1)]), "skills"),
    "many data": ("Enqueue", contact(data=MANY), "data"),
    "large data": ("Enqueue", contact(data=LARGE), "data"),
    "many data, callback": ("RequestCallback", callback(data=MANY), "data"),
    "large data, callback": ("RequestCallback", callback(data=LARGE), "data"),
}


@pytest.mark.parametrize("which", BY_GRPC)
async def test_refused_by_the_acd(doors: Doors, which: str) -> None:
    method, request, field = BY_GRPC[which]
    before = await doors.kept()
    with pytest.raises((Invalid, NotFound)) as refused:
        await doors.centre.call(method, request)
    assert refused.value.field == field, refused.value.sentence
    assert len(refused.value.sentence) < 200
    assert await doors.kept() == before


def agents(**more: Any) -> dict[str, Any]:
    good = {"agent_id": "good", "extension": "1002", "queues": ["sales"]}
    return {"agents": [good, {"agent_id": "a2", "extension": "1003"} | more]}


def to(name: str) -> dict[str, str]:
    return {"action": "queue", "target": name}


def book(**more: Any) -> dict[str, Any]:
    return {"number": NUMBER, "queue": "sales"} | more


QUEUE, SALES, AGENTS = "/admin/queues/new", "/admin/queues/sales", "/admin/agents"
BY_REST: dict[str, tuple[str, str, Any, str]] = {
    "unknown queue, callback": ("POST", "/callbacks", book(queue="nowhere"), "queue"),
    "unknown queue, agent": ("PUT", AGENTS, agents(queues=["nowhere"]), "agents.1.queues"),
    "unknown queue, overflow": ("PUT", QUEUE, {"on_closed": to("nowhere")}, "on_closed"),
    "skill above, agent": ("PUT", AGENTS, agents(skills={"english": 11}), "agents.1.skills.english"),
    "skill of none, callback": ("POST", "/callbacks", book(skills={"english": 0}), "skills.english"),
    "circle of two": ("PATCH", SALES, {"on_max_wait": to("vip")}, "on_max_wait"),
    "circle of one": ("PATCH", SALES, {"on_full": to("sales")}, "on_full"),
    "two tiers": ("PUT", AGENTS, agents(queues=["sales", "sales"]), "agents.1.queues"),
    "tier elsewhere": ("PUT", AGENTS, agents(queues=["sales"], tiers={"vip": {}}), "agents.1.tiers"),
    "tier below": ("PUT", AGENTS, agents(tiers={"sales": {"level": -1}}), "agents.1.tiers.sales.level"),
    "negative ring": ("PUT", QUEUE, {"ring_timeout_s": -1}, "ring_timeout_s"),
    "negative wait": ("PATCH", SALES, {"max_wait_s": -1}, "max_wait_s"),
    "negative no agents": ("PUT", QUEUE, {"no_agents_after_s": -1}, "no_agents_after_s"),
    "negative step": ("PUT", QUEUE, {"relax": [{"after_s": -1, "ease": 1}]}, "relax.0.after_s"),
    "window before 1970": ("POST", "/callbacks", book(not_before="1969-01-01T00:00:00Z"), "not_before"),
    "negative attempts": ("POST", "/callbacks", book(attempts=-1), "attempts"),
    "nobody can, callback": ("POST", "/callbacks", book(skills={"klingon": 1}), "skills"),
    "many data, callback": ("POST", "/callbacks", book(data=MANY), "data"),
    "large data, callback": ("POST", "/callbacks", book(data=LARGE), "data.notes"),
    "all data together": ("POST", "/callbacks", book(data=dict.fromkeys(list(MANY)[:32], "x" * 200)), "data"),
}


@pytest.mark.parametrize("which", BY_REST)
async def test_refused_by_rest(doors: Doors, which: str) -> None:
    method, path, body, field = BY_REST[which]
    before = await doors.kept()
    answer = await doors.root.ask(method, path, body)
    assert answer.status_code in (400, 404), answer.text
    error = answer.json()["error"]
    assert error["field"] == field, error
    assert len(error["sentence"]) < 200
    assert await doors.kept() == before


async def test_requirement_nobody_can_meet_is_said_at_once_with_the_overflow(doors: Doors) -> None:
    """No mistake of the caller's: they are told where to go on instead of waiting for nobody."""
    request = contact(skills=[skill("klingon", 1)])
    answer = await doors.centre.call("Enqueue", request)
    assert (answer.position, answer.overflowed.reason) == (0, "nobody_qualified")
    assert answer.overflowed.what.action == pb.OVERFLOW_ACTION_VOICEMAIL
    waiting = await doors.centre.call("ListWaiting", pb.ListWaitingRequest(queue="sales"))
    assert not waiting.contacts
