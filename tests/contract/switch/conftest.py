"""Two switches for one set of conversations: the simulator, and a real FreeSWITCH where there is one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.ports import free_port as find_free_port
from freeswitch.simulator import Settings, Simulator
from freeswitch.simulator.channels import Channel
from tests.contract.switch.client import Controller, Esl

PASSWORD = "ClueCon"
MODULES = (
    *("mod_event_socket", "mod_commands", "mod_dptools", "mod_dialplan_xml", "mod_loopback"),
    *("mod_tone_stream", "mod_sndfile", "mod_native_file"),
)
STARTUP_S = 60.0


@dataclass
class Switch:
    """Where to connect, and which of the two it is."""

    port: int
    real: bool

    async def connect(self) -> Esl:
        return await Esl.connect(self.port, PASSWORD)


def freeswitch_binary() -> str | None:
    return os.environ.get("FREESWITCH_BIN") or shutil.which("freeswitch")


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    node = Simulator(Settings(show_lag_ms=20, broadcast_lead_ms=10))
    await node.start()
    yield node
    await node.stop()


def configuration(port: int) -> str:
    """The least a switch needs for these conversations: no SIP, no files of its own."""
    modules = "".join(f'<load module="{name}"/>' for name in MODULES)
    listen = f'<param name="listen-ip" value="127.0.0.1"/><param name="listen-port" value="{port}"/>'
    return f"""<?xml version="1.0"?>
<document type="freeswitch/xml">
  <section name="configuration">
    <configuration name="switch.conf"><settings>
      <param name="max-sessions" value="200"/><param name="sessions-per-second" value="200"/>
      <param name="loglevel" value="warning"/><param name="rtp-enable-zrtp" value="false"/>
    </settings></configuration>
    <configuration name="modules.conf"><modules>{modules}</modules></configuration>
    <configuration name="event_socket.conf"><settings>
      {listen}<param name="password" value="{PASSWORD}"/><param name="nat-map" value="false"/>
    </settings></configuration>
    <configuration name="acl.conf"><network-lists/></configuration>
    <configuration name="timezones.conf"><timezones/></configuration>
  </section>
  <section name="dialplan"><context name="default">
    <extension name="controller"><condition field="destination_number" expression="^ctl-(\\d+)$">
      <action application="socket" data="127.0.0.1:$1 async full"/>
    </condition></extension>
  </context></section>
  <section name="directory"/>
  <section name="languages"/>
</document>
"""


def controller_extension(channel: Channel) -> list[tuple[str, str]] | None:
    """The simulator's side of the one extension in `configuration`."""
    name, _, port = channel.profile.destination_number.partition("-")
    return [("socket", f"127.0.0.1:{port} async full")] if name == "ctl" else None


def start_freeswitch(binary: str, folder: Path, port: int) -> subprocess.Popen[bytes]:
    for name in ("conf", "log", "db", "run"):
        (folder / name).mkdir(parents=True)
    (folder / "conf" / "freeswitch.xml").write_text(configuration(port))
    places = [part for name in ("conf", "log", "db", "run") for part in (f"-{name}", str(folder / name))]
    process = subprocess.Popen(
        [binary, "-nonat", "-np", "-nf", "-nc", *places],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    give_up = time.monotonic() + STARTUP_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None, f"FreeSWITCH ended by itself; see {folder}/log"
            assert time.monotonic() < give_up, "FreeSWITCH does not listen"
            time.sleep(0.1)
            continue
        return process


@pytest.fixture(scope="session")
def freeswitch_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """One real switch for the whole run; ended without ceremony, as nothing on it is worth saving."""
    binary = freeswitch_binary()
    if binary is None:
        pytest.skip("NO REAL FREESWITCH: set FREESWITCH_BIN or put freeswitch on PATH to hold it to this too")
    port = find_free_port()
    process = start_freeswitch(binary, tmp_path_factory.mktemp("freeswitch") / "fs", port)
    yield port
    process.kill()
    process.wait()


@pytest.fixture(params=["simulator", "freeswitch"])
async def switch(request: pytest.FixtureRequest) -> AsyncIterator[Switch]:
    if request.param == "freeswitch":
        port: int = request.getfixturevalue("freeswitch_port")
        yield Switch(port, real=True)
        return
    node = Simulator(Settings(show_lag_ms=20, broadcast_lead_ms=10))
    node.dialplan.finders.append(controller_extension)
    await node.start()
    yield Switch(node.port, real=False)
    await node.stop()


@pytest.fixture
async def esl(switch: Switch) -> AsyncIterator[Esl]:
    link = await switch.connect()
    yield link
    await link.close()


@pytest.fixture
async def controller() -> AsyncIterator[Controller]:
    server = await Controller().start()
    yield server
    await server.stop()
