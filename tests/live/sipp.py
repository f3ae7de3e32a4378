"""Raw SIP, for what no well-behaved telephone would send. Scenarios are in `sipp/`."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

from tests.live.switch import LOOPBACK, free_ports, is_free

PROGRAM = "sipp"
SCENARIOS = Path(__file__).with_suffix("")
RUN_S = 20


def missing() -> str | None:
    return None if shutil.which(PROGRAM) else "no sipp on PATH (Debian: sip-tester)"


async def passes(
    scenario: str, port: int, *, user: str = "100", password: str = "", local_port: int = 0
) -> None:
    """The conversation goes as written, or the test fails with what sipp saw."""
    local_port = local_port or free_ports(1)[0]
    with tempfile.TemporaryDirectory() as folder:
        process = await asyncio.create_subprocess_exec(
            *(PROGRAM, f"{LOOPBACK}:{port}", "-sf", SCENARIOS / f"{scenario}.xml"),
            *("-i", LOOPBACK, "-p", str(local_port), "-mp", str(media_port())),
            *("-s", user, "-au", user, "-ap", password),
            "-rtp_echo",  # a media port on which nobody listens ends the call within a blink
            *("-m", "1", "-nostdin", "-timeout", f"{RUN_S}s", "-timeout_error"),
            *("-trace_err", "-error_file", str(Path(folder) / "errors")),
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output, _ = await asyncio.wait_for(process.communicate(), RUN_S + 5)
        except BaseException:
            process.kill()
            await process.wait()
            raise
        errors = Path(folder) / "errors"
        seen = errors.read_text(errors="replace") if errors.exists() else output.decode()
    assert process.returncode == 0, f"{scenario}: {seen[-2000:]}"


def media_port() -> int:
    """With the next but one free as well: sipp takes it for pictures."""
    while True:
        [port] = free_ports(1)
        if is_free(port + 2, "udp"):
            return port
