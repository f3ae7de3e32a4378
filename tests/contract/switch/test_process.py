"""The simulator as a process: its ready line, its end by signal and by fsctl."""

from __future__ import annotations

import asyncio
import json
import signal
import sys

import pytest

from tests.contract.switch.client import Esl

pytestmark = pytest.mark.contract


async def started(*arguments: str) -> tuple[asyncio.subprocess.Process, int]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "freeswitch.simulator", "--esl-listen", "127.0.0.1:0", *arguments),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(20):
        ready = json.loads(await process.stdout.readline())
    assert ready["name"] == "fs9"
    return process, ready["esl_port"]


async def ended(process: asyncio.subprocess.Process) -> int:
    async with asyncio.timeout(20):
        _, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode


async def test_sigterm_ends_calls_first() -> None:
    process, port = await started("--name", "fs9", "--esl-password", "secret")
    link = await Esl.connect(port, "secret")
    await link.command("event json SHUTDOWN CHANNEL_HANGUP_COMPLETE")
    await link.api("originate {origination_uuid=leg}null/x &park()")
    process.send_signal(signal.SIGTERM)
    end = await link.event("CHANNEL_HANGUP_COMPLETE", "leg")
    assert end["Hangup-Cause"] == "SYSTEM_SHUTDOWN"
    notice = await link.frame("text/disconnect-notice")
    assert notice.body == "The system is being shut down.\n"
    assert await ended(process) == 0
    assert [one.name for one in link.events] == ["SHUTDOWN", "CHANNEL_HANGUP_COMPLETE"]
    await link.close()


async def test_shutdown_now_is_silent() -> None:
    process, port = await started("--name", "fs9")
    link = await Esl.connect(port)
    await link.command("event json SHUTDOWN CHANNEL_HANGUP_COMPLETE")
    await link.api("originate null/x &park()")
    link.send("api fsctl shutdown now\n\n")
    await link.closing()
    assert not link.events
    assert await ended(process) == 0
    await link.close()
