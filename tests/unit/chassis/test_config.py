"""A bad setting stops the start with one line that names it and never shows its value."""

from __future__ import annotations

import pytest

from services.chassis.config import ServiceConfig, load

pytestmark = pytest.mark.unit

DATABASE = "postgresql://switchyard_acd:hunter2@127.0.0.1/switchyard"


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        load(ServiceConfig)
    assert ended.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    return lines[0]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("ACD_ADDRESS", "somewhere", "must be host:port"),
        ("ACD_ADDRESS", "host:99999", "must be host:port"),
        ("DRAIN_S", "-1", "greater than or equal to 0"),
        ("DRAIN_S", "soon", "valid number"),
        ("LOG_LEVEL", "loud", "'debug', 'info'"),
        ("DATABASE_URL", "", "is missing"),
    ],
)
def test_a_bad_setting_is_named(
    name: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SWITCHYARD_DATABASE_URL", DATABASE)
    monkeypatch.setenv(f"SWITCHYARD_{name}", value)
    line = refusal(capsys)
    assert line.startswith(f"switchyard: setting SWITCHYARD_{name}: ")
    assert says in line
    assert "hunter2" not in line


def test_good_settings_are_read_and_secrets_stay_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHYARD_DATABASE_URL", DATABASE)
    config = load(ServiceConfig)
    assert config.database_url.get_secret_value() == DATABASE
    assert "hunter2" not in repr(config)
