"""Settings, passwords, and the translation between services and JSON."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from services.chassis import clock, errors
from services.chassis.config import load
from services.gateway.api import figures, forms, models, problems, settings, views
from services.gateway.api.edge import Edge, origin_allowed
from services.gateway.config import GatewayConfig
from services.gateway.domain import Identity, Role
from services.gateway.engine.throttle import Throttled
from services.gateway.service.passwords import Passwords
from services.gateway.service.revoked import Revoked
from services.stubs.acd.v1 import acd_pb2, events_pb2
from services.stubs.crm.v1 import crm_pb2
from services.stubs.workorder.v1 import workorder_pb2

SECRET = "0123456789abcdef0123456789abcdef"


def config(**settings: Any) -> GatewayConfig:
    usual: dict[str, Any] = {
        "gateway_token_secret": SECRET,
        "gateway_argon2_memory_kib": 64,
        "gateway_argon2_passes": 1,
    }
    return GatewayConfig(**(usual | settings))


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GATEWAY_TOKEN_SECRET", "too short"),
        ("GATEWAY_BOOTSTRAP_ADMIN", "root"),
        ("GATEWAY_BOOTSTRAP_ADMIN", "root:short"),
        ("GATEWAY_LISTEN", "8080"),
        ("GATEWAY_TENANT", "Not A Slug"),
        ("GATEWAY_LOST_S", "soon"),
    ],
)
def test_bad_setting_stops_the_start_with_one_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    monkeypatch.setenv("SWITCHYARD_GATEWAY_TOKEN_SECRET", SECRET)
    monkeypatch.setenv("SWITCHYARD_DATABASE_URL", "postgresql://x")
    monkeypatch.setenv(f"SWITCHYARD_{name}", value)
    with pytest.raises(SystemExit) as refused:
        load(GatewayConfig)
    said = capsys.readouterr().err
    assert refused.value.code == 2
    assert f"SWITCHYARD_{name}" in said
    assert said.count("\n") == 1


def test_secret_is_required() -> None:
    with pytest.raises(ValidationError):
        GatewayConfig()


def test_lists_in_the_environment_are_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHYARD_GATEWAY_ORIGINS", "https://a.example https://b.example")
    assert config().gateway_origins == ("https://a.example", "https://b.example")


# ---------------------------------------------------------------- passwords


async def test_passwords() -> None:
    passwords = Passwords(config())
    hashed = await passwords.hash("a good password")
    assert hashed.startswith("$argon2id$")
    assert await passwords.verify("a good password", hashed)
    assert not await passwords.verify("another password", hashed)
    assert not await passwords.verify("nobody has this password", None)
    assert not await passwords.verify("a good password", "not a hash")
    assert not await passwords.verify("x" * 100_000, hashed)
    assert not passwords.outdated(hashed)
    assert Passwords(config(gateway_argon2_passes=2)).outdated(hashed)
    for bad in ("short", "x" * 201):
        with pytest.raises(errors.Invalid):
            await passwords.hash(bad)
    passwords.close()


async def test_only_so_many_wait_for_a_thread() -> None:
    passwords = Passwords(config(gateway_hash_waiting=1))
    passwords._waiting = 1
    with pytest.raises(errors.Full):
        await passwords.verify("a good password", None)
    passwords.close()


def test_revoked_sign_ins_are_forgotten_when_their_tokens_have_expired() -> None:
    revoked = Revoked(token_s=900)
    revoked.add("s-1", 1_000)
    assert "s-1" in revoked
    revoked.add("s-2", 1_899)
    assert "s-1" in revoked
    revoked.add("s-3", 1_901)
    assert "s-1" not in revoked
    assert "s-2" in revoked


# ---------------------------------------------------------------- errors and the door


@pytest.mark.parametrize("kind", [kind for kind in vars(errors).values() if isinstance(kind, type)])
def test_every_error_has_a_status(kind: type) -> None:
    if issubclass(kind, errors.SwitchyardError) and kind is not errors.SwitchyardError:
        assert kind in problems.STATUS


def test_throttled_says_how_long() -> None:
    answer = problems.answer(Throttled(12.3))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "13")


def scope(**headers: str) -> dict[str, Any]:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "headers": pairs, "client": ("10.0.0.9", 1)}


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"host": "desk:8080"}, True),
        ({"host": "desk:8080", "origin": "http://desk:8080"}, True),
        ({"host": "desk:8080", "origin": "https://DESK:8080"}, True),
        ({"host": "desk:8080", "origin": "http://desk:8081"}, False),
        ({"host": "desk:8080", "origin": "https://desk.example"}, True),
        ({"host": "desk:8080", "origin": "https://evil.example"}, False),
        ({"host": "desk:8080", "origin": "null"}, False),
        ({"origin": "http://"}, False),
    ],
)
def test_origins(headers: dict[str, str], allowed: bool) -> None:
    ours = config(gateway_origins=("https://desk.example",))
    assert origin_allowed(scope(**headers), ours) is allowed


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        ((), "1.2.3.4", "10.0.0.9"),
        (("10.0.0.9",), "1.2.3.4", "1.2.3.4"),
        (("10.0.0.9",), "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (("10.0.0.9", "10.0.0.8"), "1.2.3.4, 10.0.0.8", "1.2.3.4"),
        (("10.0.0.9",), "", "10.0.0.9"),
    ],
)
def test_forwarded_addresses_are_believed_from_our_proxies_only(
    trusted: tuple[str, ...], forwarded: str, address: str
) -> None:
    async def nothing(*_: Any) -> None:
        return None

    edge = Edge(nothing, config(gateway_trusted_proxies=trusted))
    assert edge._address(scope(x_forwarded_for=forwarded)) == address


# ---------------------------------------------------------------- translations


def test_views_are_plain_json() -> None:
    filled = acd_pb2.Agent(agent_id="a1", contact=acd_pb2.Contact(contact_id="k-1", data={"menu": "1"}))
    view = views.state(filled)
    assert view["contact"]["data"] == {"menu": "1"}
    assert view["agent"]["presence"] == "offline"
    assert view["agent"]["since"] is None
    for one in (
        view,
        views.customer(crm_pb2.Customer()),
        views.caller(crm_pb2.IdentifyResponse()),
        views.timeline_entry(crm_pb2.TimelineEntry(data_json="not json")),
        views.work_order(workorder_pb2.WorkOrder(allowed_actions=[workorder_pb2.ACTION_VOID])),
        views.step(workorder_pb2.Step()),
        settings.queue_view(acd_pb2.Queue()),
        settings.agent_view(acd_pb2.AgentSettings()),
        figures.statistics(acd_pb2.Statistics(queues=[acd_pb2.QueueStatistics()]), clock.now()),
        figures.explanation(acd_pb2.Explanation(decisions=[events_pb2.Decision()])),
    ):
        assert orjson.loads(orjson.dumps(one)) == one


def test_every_word_of_a_form_comes_back_in_the_view() -> None:
    for number, word in views.TYPES.items():
        if number:
            made = forms.work_order(models.NewWorkOrder(type=word, title="x"))
            assert made.type == number
    with pytest.raises(errors.Invalid) as refused:
        forms.wrap_up(
            models.WrapUp(disposition="x", work_order=models.NewWorkOrder(type="unspecified", title="x"))
        )
    assert refused.value.field == "work_order.type"


def test_request_ids_differ_between_people_and_repeat_for_one() -> None:
    li = Identity("u-1", "demo", "li", "Li", Role.AGENT, "s-1", 0)
    wu = Identity("u-2", "demo", "wu", "Wu", Role.AGENT, "s-1", 0)
    assert forms.request_id(li, "c-1") == forms.request_id(li, "c-1")
    assert forms.request_id(li, "c-1") != forms.request_id(wu, "c-1")
    assert forms.request_id(li, "") != forms.request_id(li, "")
