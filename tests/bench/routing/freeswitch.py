"""A real FreeSWITCH for one measurement, its configuration written here, its phones `null/`.

Its clock counts whole milliseconds (`1ms-timer`): by default an event's moment is rounded to 20 ms, which is
more than what is measured. Nothing else is tuned.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Sequence
from string import Template

from deploy.local.ports import LOOPBACK, accepts, free_ports
from deploy.local.processes import Child, ProcessError, Program
from tests.bench.routing import parts as p
from tests.bench.routing.hall import NULL_PHONE
from tests.bench.routing.peer import MODULE, QUEUE
from tests.bench.routing.wire import Event, connect

FOLDERS = ("log", "db", "run", "recordings", "temp", "storage", "cache", "certs")
UP_S = 60.0  # the very first start makes its keys, on a machine that may be busy

_WHOLE = Template("""<document type="freeswitch/xml">
$phones
  <section name="configuration">
    <configuration name="switch.conf"><settings>
      <param name="switchname" value="$name"/>
      <param name="loglevel" value="warning"/>
      <param name="max-sessions" value="$sessions"/>
      <param name="sessions-per-second" value="100000"/>
      <param name="1ms-timer" value="true"/>
    </settings></configuration>
    <configuration name="modules.conf"><modules>
      <load module="mod_logfile"/><load module="mod_event_socket"/><load module="mod_loopback"/>
      <load module="mod_commands"/><load module="mod_dptools"/>$peer
    </modules></configuration>
    <configuration name="logfile.conf"><settings/><profiles><profile name="default">
      <mappings><map name="all" value="warning,err,crit,alert"/></mappings></profile></profiles>
    </configuration>
    <configuration name="event_socket.conf"><settings>
      <param name="nat-map" value="false"/>
      <param name="listen-ip" value="$ip"/>
      <param name="listen-port" value="$port"/>
      <param name="password" value="$password"/>
      <param name="stop-on-bind-error" value="true"/>
    </settings></configuration>
    <configuration name="callcenter.conf"><settings/>
      <queues><queue name="$queue"><param name="strategy" value="longest-idle-agent"/></queue></queues>
      <agents>$agents</agents>
      <tiers>$tiers</tiers>
    </configuration>
  </section>
  <section name="dialplan"/><section name="directory"/><section name="languages"/>
</document>
""")
_AGENT = Template(
    '<agent name="$name" type="callback" contact="[sy_leg=agent,sy_agent_id=$name]null/$name"'
    ' status="On Break" max-no-answer="0" wrap-up-time="0" reject-delay-time="0" busy-delay-time="0"'
    ' no-answer-delay-time="0"/>'
)


def binary() -> str:
    """Raises ProcessError where there is none."""
    found = os.environ.get("FREESWITCH_BIN") or shutil.which("freeswitch")
    if found is None:
        raise ProcessError("bench routing --freeswitch: no freeswitch on PATH; name it by FREESWITCH_BIN")
    return found


def configuration(port: int, agents: Sequence[str], *, peer: bool) -> str:
    """All of it in one file. `agents` are those of mod_callcenter, whose own delays are all 0."""
    phones = "\n".join(f'  <X-PRE-PROCESS cmd="set" data="{setting}"/>' for setting in NULL_PHONE.split(","))
    return _WHOLE.substitute(
        phones=phones,
        name=p.NODE,
        sessions=p.MAX_SESSIONS,
        peer=f'<load module="{MODULE}"/>' if peer else "",
        ip=LOOPBACK,
        port=port,
        password=p.ESL_PASSWORD,
        queue=QUEUE,
        agents="".join(_AGENT.substitute(name=name) for name in agents) if peer else "",
        tiers="".join(f'<tier agent="{name}" queue="{QUEUE}" level="1" position="1"/>' for name in agents)
        if peer
        else "",
    )


async def start(parts: p.Parts, agents: Sequence[str], *, peer: bool) -> tuple[Child, int]:
    """A switch with folders of its own, ready for calls, and the port of its event socket."""
    (port,) = free_ports(1)
    number = len(parts.supervisor.names)
    home = parts.folder / f"freeswitch-{number}"
    command = [binary(), "-conf", str(home / "conf"), "-nf", "-nonat", "-np"]
    for name in ("conf", *FOLDERS):
        (home / name).mkdir(parents=True)
        command += [f"-{name}", str(home / name)] if name != "conf" else []
    (home / "conf" / "freeswitch.xml").write_text(configuration(port, agents, peer=peer))

    async def is_ready(_: Child) -> bool:
        return await accepts(LOOPBACK, port) and await _serves(port)

    program = Program(
        f"freeswitch-{number}", command, ready=is_ready, ready_timeout_s=UP_S, stop_signal=9, cwd=home
    )
    return await parts.start(program), port


async def has_peer(parts: p.Parts) -> bool:
    """Whether its modules include mod_callcenter: it is asked, for nobody else knows where they are."""
    child, port = await start(parts, (), peer=True)
    wire = await connect(port, p.ESL_PASSWORD, "", _nothing)
    try:
        return await wire.api(f"module_exists {MODULE}") == "true"
    finally:
        wire.close()
        await parts.stop(child)


async def _serves(port: int) -> bool:
    """It listens before it takes calls; it says `ready` when it does."""
    try:
        wire = await connect(port, p.ESL_PASSWORD, "", _nothing)
    except (OSError, TimeoutError):
        return False
    try:
        async with asyncio.timeout(5.0):
            return "is ready" in await wire.api("status")
    finally:
        wire.close()


def _nothing(_: Event) -> None: ...
