from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local.wiring import SERVICES, STANDBY, USUAL_PORTS, Wiring, any_ports, usual_ports


@pytest.fixture
def wiring() -> Wiring:
    return Wiring(
        ports=USUAL_PORTS,
        nats_url="nats://127.0.0.1:4222",
        dsn=lambda service: f"postgresql://switchyard_{service}@127.0.0.1/switchyard",
        esl_nodes={"fs1": "127.0.0.1:8021", "fs2": "127.0.0.1:8022"},
        esl_password="secret",
        token_secret="t" * 64,
        bootstrap_admin="admin:password",
        console_dir=Path("/console"),
        recordings_dir=Path("/recordings"),
        extra={"LOG_LEVEL": "debug"},
    )


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_connects_as_itself(wiring: Wiring, service: str) -> None:
    settings = wiring.environment(service)
    assert f"switchyard_{service}@" in settings["SWITCHYARD_DATABASE_URL"]
    assert settings["SWITCHYARD_CRM_ADDRESS"] == "127.0.0.1:7104"
    assert settings["SWITCHYARD_LOG_LEVEL"] == "debug"


def test_only_those_who_steer_calls_know_the_switches_password(wiring: Wiring) -> None:
    knowing = {each for each in SERVICES if "SWITCHYARD_ESL_PASSWORD" in wiring.environment(each)}
    assert knowing == {"acd", "ivr"}
    nodes = wiring.environment("acd")["SWITCHYARD_ESL_NODES"]
    assert nodes == "fs1=127.0.0.1:8021,fs2=127.0.0.1:8022"


def test_only_the_gateway_can_sign_tokens(wiring: Wiring) -> None:
    name = "SWITCHYARD_GATEWAY_TOKEN_SECRET"
    assert [each for each in SERVICES if name in wiring.environment(each)] == ["gateway"]


def test_free_ports_are_all_different() -> None:
    ports = list(any_ports().all().values())
    assert len(set(ports)) == len(ports)


def test_who_asks_the_acd_knows_both_and_each_listens_for_itself(wiring: Wiring) -> None:
    both = replace(wiring, ports=usual_ports(standby=True))
    first, second, ivr = (both.environment(name) for name in ("acd", STANDBY, "ivr"))
    assert first["SWITCHYARD_GRPC_LISTEN"] == "127.0.0.1:7101"
    assert second["SWITCHYARD_GRPC_LISTEN"] == "127.0.0.1:7111"
    assert ivr["SWITCHYARD_ACD_ADDRESS"] == "127.0.0.1:7101,127.0.0.1:7111"
    assert second["SWITCHYARD_DATABASE_URL"] == first["SWITCHYARD_DATABASE_URL"]
    assert second["SWITCHYARD_OPS_LISTEN"] != first["SWITCHYARD_OPS_LISTEN"]
