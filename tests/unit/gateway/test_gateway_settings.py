"""Queues and agents as documents: what is read can be sent back, what is named changes, the rest stays."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from services.chassis.errors import Invalid
from services.gateway.api import settings
from services.gateway.api.problems import from_validation
from services.gateway.api.settings import Agents, AgentSettings, Queue
from services.stubs.acd.v1 import acd_pb2

QUEUE: dict[str, Any] = {
    "name": "sales",
    "title": "Sales",
    "strategy": "best_skill",
    "ring_timeout_s": 20,
    "ring_agents": 4,
    "idle_since": "last_contact",
    "wrap_up_s": 30,
    "service_level_s": 15,
    "priority_mode": "strict",
    "priority_step_s": 90,
    "last_agent_wait_s": 45,
    "last_agent_memory_s": 3600,
    "relax": [{"after_s": 30, "ease": 3}, {"after_s": 60, "ease": 0}],
    "hours": {
        "zone": "Asia/Shanghai",
        "spans": [{"weekday": 1, "opens": "09:00", "closes": "24:00"}],
        "closed_on": ["2026-10-01"],
    },
    "max_wait_s": 600,
    "max_length": 50,
    "no_agents_after_s": 0,
    "on_max_wait": {"action": "queue", "target": "support"},
    "on_full": {"action": "voicemail", "target": ""},
    "on_closed": {"action": "node", "target": "closed"},
    "on_no_agents": {"action": "outside", "target": "+8610050"},
    "waiting_flow": "jazz",
    "revision": 7,
    "callback_mode": "customer_first",
    "callback_attempts": 2,
    "callback_retry_s": 600,
    "callback_window_s": 3600,
    "callback_ring_s": 20,
    "recording": "from_answer",
}
AGENT: dict[str, Any] = {
    "agent_id": "a1",
    "name": "Li",
    "extension": "1001",
    "queues": ["sales", "support"],
    "tiers": {"sales": {"level": 1, "position": 2}, "support": {"level": 2, "position": 1}},
    "skills": {"english": 7},
    "capacity": {"voice": {"most": 1, "alone": True}, "chat": {"most": 3, "alone": False}},
    "work_mode": "intermittent",
    "revision": 7,
}


def agent_again(document: dict[str, Any]) -> dict[str, Any]:
    (message,) = settings.agents_message([AgentSettings.model_validate(document)]).agents
    return settings.agent_view(message)


def refusal(model: Any, document: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(document)
    return from_validation(refused.value.errors()).field


# ---------------------------------------------------------------- there and back


def test_every_setting_of_a_queue_comes_back_as_it_went() -> None:
    message = settings.queue_message("sales", Queue.model_validate(QUEUE))
    assert settings.queue_view(message) == QUEUE
    assert set(QUEUE) == set(Queue.model_fields), "a setting that this test forgot"
    forgotten = {field.name for field in acd_pb2.Queue.DESCRIPTOR.fields} - set(QUEUE)
    assert forgotten == set(), "the contract knows more than the API"


def test_every_setting_of_an_agent_comes_back_as_it_went() -> None:
    assert agent_again(AGENT) == AGENT
    assert set(AGENT) == set(AgentSettings.model_fields)
    assert {field.name for field in acd_pb2.AgentSettings.DESCRIPTOR.fields} - set(AGENT) == set()


def test_an_empty_document_says_the_defaults() -> None:
    shown = settings.queue_view(settings.queue_message("sales", Queue()))
    assert shown == Queue(name="sales").model_dump(mode="json")
    assert agent_again({"agent_id": "a1"}) == AgentSettings(agent_id="a1", queues=[]).model_dump(mode="json")


@pytest.mark.parametrize("word", ["ring_several", "top_down", "least_occupied", "fewest_contacts"])
def test_strategies_in_words(word: str) -> None:
    message = settings.queue_message("sales", Queue.model_validate({"strategy": word}))
    assert acd_pb2.Strategy.Name(message.strategy) == f"STRATEGY_{word.upper()}"


def test_queues_alone_are_the_first_place_in_each_and_tiers_alone_are_the_queues() -> None:
    assert agent_again({"agent_id": "a1", "queues": ["sales"]})["tiers"] == {
        "sales": {"level": 1, "position": 1}
    }
    assert agent_again({"agent_id": "a1", "tiers": {"sales": {"level": 3}}})["queues"] == ["sales"]


# ---------------------------------------------------------------- refused at the door


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"strategy": "coin"}, "strategy"),
        ({"ring_agents": 1}, "ring_agents"),
        ({"wrap_up_s": -1}, "wrap_up_s"),
        ({"hours": {"zone": "UTC", "spans": []}}, "hours.spans"),
        (
            {"hours": {"zone": "UTC", "spans": [{"weekday": 8, "opens": "09:00", "closes": "18:00"}]}},
            "hours.spans.0.weekday",
        ),
        (
            {"hours": {"zone": "UTC", "spans": [{"weekday": 1, "opens": "9", "closes": "18:00"}]}},
            "hours.spans.0.opens",
        ),
        ({"on_full": {"action": "queue"}}, "on_full.target"),
        ({"on_full": {"action": "voicemail", "target": "x"}}, "on_full.target"),
        ({"on_full": {"action": "teleport"}}, "on_full.action"),
        ({"relax": [{"after_s": 30, "ease": 10}]}, "relax.0.ease"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_bad_queues_name_the_field(document: dict[str, Any], field: str) -> None:
    assert refusal(Queue, document) == field


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"skills": {"english": 11}}, "agents.0.skills.english"),
        ({"tiers": {"sales": {"level": 0}}}, "agents.0.tiers.sales.level"),
        ({"queues": ["sales"], "tiers": {"support": {}}}, "agents.0.tiers"),
        ({"queues": ["sales", "sales"]}, "agents.0.queues"),
        ({"capacity": {"chat": {"most": 21}}}, "agents.0.capacity.chat.most"),
        ({"work_mode": "lazy"}, "agents.0.work_mode"),
    ],
)
def test_bad_agents_name_the_field(document: dict[str, Any], field: str) -> None:
    assert refusal(Agents, {"agents": [{"agent_id": "a1"} | document]}) == field


def test_queue_of_another_name_than_the_address() -> None:
    with pytest.raises(Invalid) as refused:
        settings.queue_message("support", Queue(name="sales"))
    assert refused.value.field == "name"


# ---------------------------------------------------------------- changes


def test_merge_patch_as_in_its_rfc() -> None:
    """Examples of RFC 7396, appendix A."""
    for document, change, result in (
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ):
        assert settings.merged(document, change) == result


def test_what_a_change_does_not_name_stays() -> None:
    changed = settings.changed_queue(QUEUE, {"wrap_up_s": 10, "hours": {"closed_on": []}, "on_full": None})
    after = settings.queue_view(settings.queue_message("sales", changed))
    assert settings.differences(QUEUE, after) == {
        "wrap_up_s": {"from": 30, "to": 10},
        "hours": {"from": QUEUE["hours"], "to": QUEUE["hours"] | {"closed_on": []}},
        "on_full": {"from": QUEUE["on_full"], "to": {"action": "flow", "target": ""}},
    }


def test_queues_and_tiers_of_a_change_follow_each_other() -> None:
    def after(change: dict[str, Any]) -> dict[str, Any]:
        (message,) = settings.agents_message([settings.changed_agent(AGENT, change, "")]).agents
        return settings.agent_view(message)

    fewer = after({"queues": ["support"]})
    assert fewer["tiers"] == {"support": {"level": 2, "position": 1}}, "the place in it is kept"
    assert fewer["skills"] == AGENT["skills"]
    more = after({"tiers": {"vip": {"level": 5}}})
    assert more["queues"] == ["sales", "support", "vip"]
    gone = after({"tiers": {"sales": None}, "skills": {"english": None, "french": 3}})
    assert (gone["queues"], gone["skills"]) == (["support"], {"french": 3})
    with pytest.raises(Invalid) as refused:
        settings.changed_agent(AGENT, {"skills": {"english": 11}}, "agents.4.")
    assert refused.value.field == "agents.4.skills.english"


# ---------------------------------------------------------------- the ACD's refusals


def test_refusals_of_the_acd_name_the_field_as_the_api_does() -> None:
    paths = ["users.4.", "users.7."]
    refused = Invalid("agents.1.queues", "a1: there is no queue 'x'")
    ours = settings.in_our_words(refused, paths)
    assert (ours.field, ours.problem) == ("users.7.queues", "a1: there is no queue 'x'")
    deep = settings.in_our_words(Invalid("agents.0.capacity.most", "a0: must be 1"), paths)
    assert deep.field == "users.4.capacity"
    for other in (Invalid("agents", "are more than 5000"), Invalid("agents.2.skills", "are more than 64")):
        assert settings.in_our_words(other, paths) is other
