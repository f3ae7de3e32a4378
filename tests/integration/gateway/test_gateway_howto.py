"""The commands printed in docs/howto/queues-and-agents.md run as printed, from the first to the last."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from pathlib import Path

import pytest

from services.gateway.domain import Role
from services.stubs.acd.v1 import acd_pb2
from tests.integration.gateway.conftest import PASSWORD, House
from tests.integration.gateway.gateway_fakes import WITHIN_S

HOWTO = Path(__file__).parents[3] / "docs" / "howto" / "queues-and-agents.md"


def commands() -> str:
    """With `!` before a command that has to be refused: bash -e takes no notice of it, so it is checked."""
    blocks = re.findall(r"```sh\n(.*?)```", HOWTO.read_text(encoding="utf-8"), re.DOTALL)
    text = "\n".join(blocks)
    return re.sub(r"^! (.*)$", r"if \1; then echo 'not refused' >&2; exit 9; fi", text, flags=re.MULTILINE)


async def test_the_printed_commands_do_what_the_page_says(house: House) -> None:
    if shutil.which("curl") is None or shutil.which("bash") is None:
        pytest.skip("no curl or no bash: the commands of the howto are not tried")
    await house.add_user("admin", Role.ADMINISTRATOR)
    gateway = f"http://127.0.0.1:{house.port}"
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-euc",
        commands(),
        env=os.environ | {"GATEWAY": gateway, "PASSWORD": PASSWORD, "no_proxy": "127.0.0.1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(6 * WITHIN_S):
        out, err = await process.communicate()
    assert process.returncode == 0, (out[-2000:], err[-2000:])

    assert b'"field":"on_full"' in out
    assert b'"field":"agents.0.skills.english"' in out
    sales = house.fakes.acd.queues["sales"]
    assert (sales.wrap_up_s, sales.HasField("hours")) == (45, False)
    assert sales.strategy == acd_pb2.STRATEGY_BEST_SKILL
    assert sales.on_no_agents.target == "support"
    settings = house.fakes.acd.settings["demo", "a1001"]
    assert [(skill.name, skill.level) for skill in settings.skills] == [("english", 8)]
    assert {tier.queue: tier.level for tier in settings.tiers} == {"sales": 1, "support": 2}
    assert house.fakes.acd.requests("SetPresence")[0].by == "Admin"
