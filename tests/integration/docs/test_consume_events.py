"""The consumer printed in docs/howto/consume-events.md runs as printed."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from services.chassis.bus import Bus
from services.stubs.acd.v1 import events_pb2
from services.stubs.common.v1 import types_pb2

pytestmark = pytest.mark.integration

HOWTO = Path(__file__).parents[3] / "docs" / "howto" / "consume-events.md"


def program() -> str:
    match = re.search(r"```python\n(.*?)```", HOWTO.read_text(encoding="utf-8"), re.DOTALL)
    assert match is not None
    assert len(match[1].splitlines()) <= 22, "the howto promises a short program"
    return match[1]


async def test_the_printed_consumer_prints_ended_contacts(nats_url: str, tmp_path: Path) -> None:
    path = tmp_path / "consumer.py"
    path.write_text(program(), encoding="utf-8")
    bus = Bus(nats_url, service="acd")
    await bus.start()
    ended = events_pb2.ContactEnded(contact_id="c-1", outcome=types_pb2.OUTCOME_ANSWERED)
    await bus.publish(ended, "demo", id="e-1")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(path),
        env=os.environ | {"SWITCHYARD_NATS_URL": nats_url},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20):
            line = await process.stdout.readline()
        assert line.decode().split() == ["e-1", "c-1", "OUTCOME_ANSWERED"]
    finally:
        process.kill()
        await process.communicate()
        await bus.stop()
