"""A SIP telephone that tests steer: baresip, registered as an agent or calling in as a customer.

It sends one steady tone for a voice and keeps what it hears in a file, so a test can tell who heard
whom.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.local.ports import LOWEST
from tests.live import sound
from tests.live.processes import Process
from tests.live.switch import DOMAIN, LOOPBACK, FreeSwitch, free_ports
from tests.live.waiting import until

PROGRAM = "baresip"
READY_S = 10
START_TRIES = 5
ANSWER_S = 15
RTP_PORTS = f"10000-{LOWEST - 1}"  # none that `free_ports` gives to somebody else
MODULES = ("g711", "ausine", "aubridge", "sndfile")
APPLICATIONS = ("account", "menu", "ctrl_tcp")

Message = dict[str, Any]


def module_path() -> Path:
    """Beside the program: baresip itself would look in the folder it is started in."""
    program = shutil.which(PROGRAM)
    assert program
    libraries = Path(program).resolve().parents[1] / "lib"
    found = [path for pattern in ("baresip/modules", "*/baresip/modules") for path in libraries.glob(pattern)]
    if not found:
        raise FileNotFoundError(f"no baresip/modules under {libraries}")
    return found[0]


def missing() -> str | None:
    return None if shutil.which(PROGRAM) else "no baresip on PATH (Debian: baresip-core)"


@dataclass
class Phone:
    """`events` holds what the phone said of itself: REGISTER_OK, CALL_INCOMING, CALL_CLOSED…"""

    folder: Path
    account: str
    tone_hz: int
    sip_port: int = 0
    """Where it must be reached, when it registers nowhere; 0: anywhere."""
    events: list[Message] = field(default_factory=list)
    _answers: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)

    async def start(self) -> None:
        self.folder.mkdir(parents=True)
        (self.folder / "accounts").write_text("")
        (self.folder / "contacts").write_text("")
        for attempt in range(1, START_TRIES + 1):
            try:
                await self._launch()
            except RuntimeError as ended:  # it takes the port behind its own as well, for TLS
                if attempt == START_TRIES or "Address already in use" not in str(ended):
                    raise
            else:
                break
        self._task = asyncio.create_task(self._listen())
        # Only now: a registration is quicker than our connection, and its event would be missed.
        try:
            await self.command("uanew", self.account)
        except BaseException:
            await self.stop()
            raise

    async def _launch(self) -> None:
        sip_port, control_port = free_ports(2)
        sip_port = self.sip_port or sip_port
        (self.folder / "config").write_text(self._config(sip_port, control_port))
        self._process = Process([PROGRAM, "-f", self.folder], self.folder / "baresip.txt")
        try:
            self._reader, self._writer = await until(
                lambda: self._control(control_port), within_s=READY_S, what="baresip's control port"
            )
        except BaseException:
            self._process.stop()
            raise

    def _config(self, sip_port: int, control_port: int) -> str:
        lines = [
            f"sip_listen {LOOPBACK}:{sip_port}",
            f"net_interface {LOOPBACK}",  # or it would name another of the machine's addresses for sound
            f"ctrl_tcp_listen {LOOPBACK}:{control_port}",
            f"module_path {module_path()}",
            *(f"module {name}.so" for name in MODULES),
            *(f"module_app {name}.so" for name in APPLICATIONS),
            f"audio_source ausine,{self.tone_hz}",
            "ausrc_srate 48000",  # the only rate and width the tone module knows
            "ausrc_channels 2",
            "audio_player aubridge,nowhere",
            "audio_alert aubridge,nowhere",
            f"snd_path {self.folder}",
            "call_max_calls 2",
            "rtp_timeout 60",
            f"rtp_ports {RTP_PORTS}",
        ]
        return "\n".join(lines) + "\n"

    async def _control(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        self._process.must_run()
        try:
            return await asyncio.open_connection(LOOPBACK, port)
        except ConnectionError:
            return None

    async def _listen(self) -> None:
        """Netstrings of JSON: answers to commands, and events as they happen."""
        try:
            while True:
                size = int((await self._reader.readuntil(b":"))[:-1])
                message: Message = json.loads(await self._reader.readexactly(size))
                await self._reader.readexactly(1)  # the closing comma
                if message.get("response"):
                    self._answers.put_nowait(message)
                else:
                    self.events.append(message)
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    async def command(self, name: str, params: str = "") -> Message:
        body = json.dumps({"command": name, "params": params}).encode()
        self._writer.write(b"%d:%s," % (len(body), body))
        return await asyncio.wait_for(self._answers.get(), READY_S)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._writer.close()
        self._process.stop()

    async def said(self, kind: str, *, within_s: float = ANSWER_S) -> Message:
        """The oldest event of that type not yet taken."""

        async def find() -> Message | None:
            self._process.must_run()
            return next((e for e in self.events if e.get("type") == kind), None)

        found = await until(find, within_s=within_s, what=f"{kind}; the phone said {self.events}")
        self.events.remove(found)
        return found

    async def dial(self, uri: str) -> None:
        await self.command("dial", uri)

    async def answer(self) -> None:
        await self.said("CALL_INCOMING")
        await self.command("accept")
        await self.said("CALL_ESTABLISHED")

    async def silent(self, seconds: float) -> None:
        """Not a packet from it for so long."""
        with self._process.frozen():
            await asyncio.sleep(seconds)

    async def hang_up(self) -> None:
        await self.command("hangup")

    async def press(self, keys: str) -> None:
        for key in keys:
            await self.command("sndcode", key)

    def heard(self) -> sound.Recording:
        """What came out of the earpiece in the last call; complete once the call is over."""
        files = sorted(self.folder.glob("dump-*-dec.wav"))
        if not files:
            raise FileNotFoundError("the phone never received sound")
        return sound.read(files[-1])


@asynccontextmanager
async def agent(
    switch: FreeSwitch, user: str, *, tone_hz: int, password: str = "", interval_s: int = 60
) -> AsyncIterator[Phone]:
    """A registered agent's telephone. With a wrong password it never says REGISTER_OK."""
    account = (
        f"<sip:{user}@{DOMAIN};transport=udp>;auth_user={user};auth_pass="
        f"{password or switch.agent_password};regint={interval_s};answermode=manual;"
        f'outbound="sip:{LOOPBACK}:{switch.agents_port};transport=udp";audio_codecs=PCMA/8000/1'
    )
    async with _running(Phone(switch.folder / f"agent-{user}", account, tone_hz)) as phone:
        yield phone


@asynccontextmanager
async def place_call(
    switch: FreeSwitch, number: str, *, caller: str = "+441632960001", tone_hz: int, name: str = ""
) -> AsyncIterator[Phone]:
    """A customer who has dialled `number` and not been answered yet. `name` is what his phone says he is."""
    account = (
        f"{name} <sip:{caller}@{LOOPBACK};transport=udp>;regint=0;answermode=manual;"
        "audio_codecs=PCMA/8000/1;ptime=20"
    )
    async with _running(Phone(switch.folder / f"caller-{caller}", account, tone_hz)) as phone:
        await phone.dial(f"sip:{number}@{LOOPBACK}:{switch.trunk_port};transport=udp")
        yield phone


@asynccontextmanager
async def outside(switch: FreeSwitch, number: str, port: int, *, tone_hz: int) -> AsyncIterator[Phone]:
    """A customer's telephone that the switch can call: it stands where the carrier would."""
    account = (
        f"<sip:{number}@{LOOPBACK}:{port};transport=udp>;regint=0;answermode=manual;"
        "audio_codecs=PCMA/8000/1;ptime=20"
    )
    phone = Phone(switch.folder / f"customer-{number}", account, tone_hz, sip_port=port)
    async with _running(phone):
        yield phone


@asynccontextmanager
async def _running(phone: Phone) -> AsyncIterator[Phone]:
    number = len(list(phone.folder.parent.glob(f"{phone.folder.name}*")))
    phone.folder = phone.folder.with_name(f"{phone.folder.name}-{number}")
    await phone.start()
    try:
        yield phone
    finally:
        await phone.stop()
