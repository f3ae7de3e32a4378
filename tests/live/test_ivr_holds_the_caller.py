"""The IVR on a real FreeSWITCH, judged by what comes out of the caller's earpiece."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from services.chassis import db, tenant
from services.ivr.prompts import Prompts
from services.ivr.service.book import Book
from services.ivr.store import Store
from services.stubs.common.v1 import types_pb2
from tests.conftest import Database
from tests.integration.ivr.fakes import FakeAcd, FakeCrm
from tests.live import phones, sound
from tests.live.esl import Event
from tests.live.switch import FreeSwitch

pytestmark = pytest.mark.usefixtures("baresip")

NUMBER = "+441632960555"
VOICE_HZ = 440
MESSAGE_S = 3
LONGEST_SILENCE_S = 2.5  # a process dies and another takes over within it; people say "hello?" after four


@dataclass
class Ivrs:
    """IVR processes beside the switch, with an ACD and a CRM that do as they are told."""

    switch: FreeSwitch
    dsn: str
    nats_url: str
    acd: FakeAcd = field(default_factory=FakeAcd)
    crm: FakeCrm = field(default_factory=FakeCrm)
    running: list[Process] = field(default_factory=list)

    async def start(self, place: int) -> Process:
        settings = {
            "DATABASE_URL": self.dsn,
            "NATS_URL": self.nats_url,
            "GRPC_LISTEN": "127.0.0.1:0",
            "OPS_LISTEN": "127.0.0.1:0",
            "IVR_ESL_LISTEN": f"127.0.0.1:{self.switch.ivr_ports[place]}",
            "ACD_ADDRESS": f"127.0.0.1:{self.acd.port}",
            "CRM_ADDRESS": f"127.0.0.1:{self.crm.port}",
            "IVR_RECORDINGS_DIR": str(self.switch.recordings),
        }
        environment = {**os.environ, **{f"SWITCHYARD_{name}": value for name, value in settings.items()}}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.ivr", env=environment, stderr=PIPE
        )
        self.running.append(process)
        assert process.stderr
        while b'"started"' not in (line := await process.stderr.readline()):
            assert line, "the IVR did not start"
        return process

    async def kill(self, process: Process) -> None:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.communicate()


@pytest.fixture
async def ivrs(freeswitch: FreeSwitch, database: Database, nats_url: str) -> AsyncIterator[Ivrs]:
    made = Ivrs(freeswitch, database.dsn("ivr"), nats_url)
    await made.acd.start()
    await made.crm.start()
    yield made
    for process in made.running:
        await made.kill(process)
    await made.acd.stop()
    await made.crm.stop()


def plays(name: str) -> Callable[[Event], bool]:
    return lambda e: e["Event-Name"] == "PLAYBACK_START" and name in e.get("Playback-File-Path", "")


async def test_caller_waits_through_a_dead_ivr_and_leaves_a_message(ivrs: Ivrs) -> None:
    """Menu, queue, the process is killed, its neighbour plays on; then key 1, the tone, a message, `#`."""
    first = await ivrs.start(0)
    async with (
        ivrs.switch.link("PLAYBACK_START RECORD_START RECORD_STOP") as watcher,
        phones.place_call(ivrs.switch, NUMBER, tone_hz=VOICE_HZ) as caller,
    ):
        await caller.said("CALL_ESTABLISHED")
        await watcher.event(plays("menu"))
        await caller.press("2")
        await ivrs.acd.until(lambda: ivrs.acd.waiting)
        await watcher.event(plays("hold"))
        await ivrs.start(1)
        await ivrs.kill(first)
        await ivrs.acd.until(lambda: len(ivrs.acd.enqueued) == 2)
        await watcher.event(plays("hold"))
        await caller.press("1")
        await watcher.event(plays("leave_message"))
        await watcher.event("RECORD_START", within_s=15)
        await asyncio.sleep(MESSAGE_S)  # the message
        await caller.press("#")
        await watcher.event("RECORD_STOP")
        await watcher.event(plays("goodbye"))
        await caller.said("CALL_CLOSED")
        heard = caller.heard()

    before, after = ivrs.acd.enqueued
    assert after.contact.contact_id == before.contact.contact_id
    assert after.enqueued_at == before.enqueued_at
    await ivrs.acd.until(lambda: ivrs.acd.closed)
    assert [each.outcome for each in ivrs.acd.closed] == [types_pb2.OUTCOME_VOICEMAIL]
    [file] = ivrs.switch.recordings.glob("voicemail-demo-*.wav")
    message = sound.read(file)
    assert message.hears(0, VOICE_HZ)
    assert MESSAGE_S - 1 < message.seconds < MESSAGE_S + 2
    # The message itself is the caller's to speak: that long may the earpiece be silent, at its end.
    assert longest_silence_s(heard) < MESSAGE_S + LONGEST_SILENCE_S


async def test_wrong_keys_and_silence_are_answered(ivrs: Ivrs) -> None:
    """A key that means nothing, then nothing at all: the menu again, twice, then the default queue."""
    await ivrs.start(0)
    async with (
        ivrs.switch.link("PLAYBACK_START") as watcher,
        phones.place_call(ivrs.switch, NUMBER, tone_hz=VOICE_HZ) as caller,
    ):
        await watcher.event(plays("menu"))
        await caller.press("7")
        await watcher.event(plays("invalid_key"))
        await watcher.event(plays("menu"))
        await watcher.event(plays("menu"), within_s=25)
        await ivrs.acd.until(lambda: ivrs.acd.waiting, within_s=25)
        assert ivrs.acd.enqueued[0].queue == "sales"
        await watcher.event(plays("hold"))


QUEUES_OWN = """
flow: sales_waits
version: 1
waiting_every_s: 5
nodes:
  wait: {type: play, prompts: [all_busy], next: end}
  end: {type: hang_up}
"""


async def test_queue_is_heard_by_its_own_flow(ivrs: Ivrs) -> None:
    """A round, music, and the round again; in the queue overflowed to, which names no flow, music."""
    database = await db.connect(ivrs.dsn, "ivr", size=1)
    with tenant.use("demo"):
        await Book(Store(database), Prompts(), refresh_s=1).publish(QUEUES_OWN)
    await database.close()
    ivrs.acd.waiting_flow["sales"] = "sales_waits"
    await ivrs.start(0)
    async with (
        ivrs.switch.link("PLAYBACK_START") as watcher,
        phones.place_call(ivrs.switch, NUMBER, tone_hz=VOICE_HZ) as caller,
    ):
        await watcher.event(plays("menu"))
        await caller.press("1")
        for heard in ("all_busy", "hold", "all_busy", "hold"):
            await watcher.event(plays(heard), within_s=20)
        [contact_id] = ivrs.acd.waiting
        ivrs.acd.place(contact_id, 1, None, "support")
        heard_next = await watcher.event(lambda e: e["Event-Name"] == "PLAYBACK_START")
        assert "hold" in heard_next["Playback-File-Path"]


def longest_silence_s(recording: sound.Recording) -> float:
    """Between the first and the last sound, in steps of a tenth of a second."""
    step = recording.rate_hz // 10
    samples = recording.channels[0]
    loud = [
        sound.loudness_dbfs(samples[at : at + step]) > sound.SILENT_DBFS + 10
        for at in range(0, len(samples) - step, step)
    ]
    while loud and not loud[-1]:
        loud.pop()
    longest = run = 0
    for each in loud[loud.index(True) :] if True in loud else []:
        run = 0 if each else run + 1
        longest = max(longest, run)
    return longest / 10
