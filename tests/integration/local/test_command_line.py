"""What a person meets: sentences, never traces."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.ports import LOOPBACK
from deploy.local.wiring import ROOT

PATIENCE_S = 60.0


async def switchyard(*arguments: str, **settings: str) -> tuple[int, str]:
    """As `./switchyard …`, once the virtual environment is there."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **settings}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.local", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment,
    )
    async with asyncio.timeout(PATIENCE_S):
        output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


def is_a_sentence(output: str) -> bool:
    return "Traceback" not in output and "a fault of ours" not in output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["up"], "either --esl host:port or --simulator"),
        (["up", "--esl", "foo"], "is not host:port"),
        (["doctor", "--esl", "foo:bar"], "is not host:port"),
        (["bench", "nothing-of-the-kind"], "name one of:"),
        (["bench", "engine", "--of-its-own"], "has no options: --of-its-own"),
        (["bench", "routing", "--nothing"], "--freeswitch"),
        (["migrate", "--database-url", "postgresql://x/y"], "one of acd, ivr"),
        (["nothing"], "No such command"),
    ],
)
async def test_a_mistake_is_named(arguments: list[str], expected: str) -> None:
    status, output = await switchyard(*arguments)
    assert status != 0
    assert expected in output
    assert is_a_sentence(output)


async def test_help_names_every_command() -> None:
    status, output = await switchyard("--help")
    assert status == 0
    for command in ("demo", "up", "doctor", "migrate", "test", "bench", "acd", "gateway"):
        assert command in output


async def test_a_role_names_the_setting_it_lacks() -> None:
    status, output = await switchyard("crm", SWITCHYARD_DATABASE_URL="")
    assert status == 2
    assert "SWITCHYARD_DATABASE_URL" in output
    assert is_a_sentence(output)


async def test_migrate_twice_finds_nothing_to_do(open_dir: Path) -> None:
    status, first = await switchyard("migrate", "--data-dir", str(open_dir))
    assert status == 0, first
    assert "crm: 0001" in first
    status, second = await switchyard("migrate", "--data-dir", str(open_dir))
    assert status == 0, second
    assert "crm: up to date" in second


async def test_a_data_folder_in_use_is_refused(open_dir: Path) -> None:
    """Two suites on one folder would each count the other's calls."""
    from deploy.local.suite import only_user_of

    with only_user_of(open_dir):
        status, output = await switchyard("migrate", "--data-dir", str(open_dir))
    assert status == 1
    assert "another ./switchyard works on" in output
    assert is_a_sentence(output)


async def test_a_data_folder_that_cannot_be_made_is_named() -> None:
    status, output = await switchyard("up", "--simulator", "--no-console", "--data-dir", "/proc/x")
    assert status == 1
    assert "choose another with --data-dir" in output
    assert is_a_sentence(output)


async def test_doctor_finds_the_stores_and_a_dead_switch(
    open_dir: Path, free_port: Callable[[], int]
) -> None:
    dead = f"{LOOPBACK}:{free_port()}"
    status, output = await switchyard("doctor", "--data-dir", str(open_dir), "--esl", dead)
    assert status == 1
    assert "ok   postgresql" in output
    assert "ok   nats" in output
    assert f"FAIL switch fs1   {dead}" in output
    assert is_a_sentence(output)
