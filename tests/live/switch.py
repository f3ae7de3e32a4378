"""A real FreeSWITCH with the suite's own configuration, on ports and in folders of its own."""

from __future__ import annotations

import os
import random
import re
import shutil
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import ports
from tests.live import esl
from tests.live.processes import Process
from tests.live.waiting import blocking_until

CONFIGURATION = Path(__file__).parents[2] / "freeswitch" / "conf"
LOOPBACK = "127.0.0.1"
DOMAIN = "live.test"
READY_S = 90  # the very first start makes its keys, on a machine that may be busy
FOLDERS = ("log", "db", "run", "recordings", "temp", "storage", "cache")
RTP_FIRST, RTP_LAST = ports.HIGHEST + 1, 32_600  # above `free_ports`, below what systems hand out
RTP_PORTS = 200  # fifty calls: two legs of two ports each
LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d \S+ \S+% \[(\w+)\] (.*)")


def binary() -> str | None:
    return os.environ.get("FREESWITCH_BIN") or shutil.which("freeswitch")


def free_ports(count: int) -> list[int]:
    """Free for TCP and UDP both, below the range from which systems serve outgoing connections."""
    return ports.free_ports(count, lambda port: is_free(port, "tcp") and is_free(port, "udp"))


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def is_free(port: int, transport: str) -> bool:
    kind = socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def claim_rtp_ports() -> socket.socket:
    """Bound to the first of so many ports, which nobody else's FreeSWITCH has while it is open.

    Two switches may bind the same UDP port without an error, and each hears half of what is said.
    """
    starts = list(range(RTP_FIRST, RTP_LAST, RTP_PORTS))
    random.shuffle(starts)
    for start in starts:
        claim = socket.socket()
        try:
            claim.bind((LOOPBACK, start))
        except OSError:
            claim.close()
            continue
        return claim
    raise OSError(f"{len(starts)} switches run on this machine already")


@dataclass
class FreeSwitch:
    folder: Path
    certificates: Path
    ivr_ports: tuple[int, int] = (0, 0)
    settings: Mapping[str, str] = field(default_factory=dict)
    esl_password: str = "live-esl"
    agent_password: str = "live-agent"
    unset: frozenset[str] = frozenset()

    _process: Process | None = None
    _rtp: socket.socket | None = None

    def __post_init__(self) -> None:
        (
            self.trunk_port,
            self.agents_port,
            self.ws_port,
            self.wss_port,
            self.esl_port,
            *ivr,
        ) = free_ports(7)
        if self.ivr_ports == (0, 0):
            self.ivr_ports = (ivr[0], ivr[1])
        self.recordings = self.folder / "recordings"

    def environment(self) -> dict[str, str]:
        assert self._rtp
        rtp = self._rtp.getsockname()[1]
        first, second = self.ivr_ports
        settings = {
            "SWITCHYARD_FS_NAME": f"live-{self.esl_port}",
            "SWITCHYARD_FS_IP": LOOPBACK,
            "SWITCHYARD_FS_TRUNK_PORT": str(self.trunk_port),
            "SWITCHYARD_FS_AGENTS_PORT": str(self.agents_port),
            "SWITCHYARD_FS_WS_PORT": str(self.ws_port),
            "SWITCHYARD_FS_WSS_PORT": str(self.wss_port),
            "SWITCHYARD_FS_RTP_START": str(rtp),
            "SWITCHYARD_FS_RTP_END": str(rtp + RTP_PORTS - 1),
            "SWITCHYARD_FS_ESL_PORT": str(self.esl_port),
            "SWITCHYARD_FS_ESL_PASSWORD": self.esl_password,
            "SWITCHYARD_FS_AGENT_PASSWORD": self.agent_password,
            "SWITCHYARD_FS_IVR_SOCKETS": f"{LOOPBACK}:{first}|{LOOPBACK}:{second}",
            "SWITCHYARD_FS_DOMAIN": DOMAIN,
            **self.settings,
        }
        return {name: value for name, value in settings.items() if name not in self.unset}

    def start(self, program: str) -> None:
        self._rtp = claim_rtp_ports()
        command: list[str | Path] = [program, "-conf", CONFIGURATION]
        folders = {name: self.folder / name for name in FOLDERS}
        folders["certs"] = self.certificates
        for option, folder in folders.items():
            folder.mkdir(parents=True, exist_ok=True)
            command += [f"-{option}", folder]
        # -np: as root it would take real-time priority, and the tests share their processors
        command += ["-nf", "-nonat", "-np"]
        self._process = Process(command, self.folder / "console.txt", self.environment())
        try:
            blocking_until(self._is_up, within_s=READY_S, what="FreeSWITCH up")
        except BaseException:
            self.stop()
            raise

    def _is_up(self) -> bool:
        """Ready for calls, and its event socket listens: either may be first."""
        assert self._process
        self._process.must_run()
        return "FreeSWITCH Started" in self.log() and accepts(self.esl_port)

    def stop(self, *, gently: bool = False) -> None:
        """Gently takes it four seconds, in which it says what it thinks of its end."""
        if self._process:
            (self._process.stop if gently else self._process.kill)()
        if self._rtp:
            self._rtp.close()

    @asynccontextmanager
    async def link(self, events: str = "") -> AsyncIterator[esl.Link]:
        async with esl.connected(self.esl_port, self.esl_password, events) as link:
            yield link

    def log(self) -> str:
        path = self.folder / "log" / "freeswitch.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def console(self) -> str:
        """Also what went wrong before the log file was open. Whole only once the switch is down."""
        return self._process.output() if self._process else ""

    def tail(self) -> str:
        return "\n".join(self.log().splitlines()[-25:])


def lines(log: str) -> list[tuple[str, str]]:
    """(level, text) of each."""
    return [(level, text) for level, text in LOG_LINE.findall(log)]
