"""`./switchyard demo` as a person runs it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from tests.system.conftest import until

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]


async def start(*arguments: str, data_dir: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "deploy.local", "demo", "--no-console", "--data-dir", str(data_dir)),
        *arguments,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # Where the tests run in the background, a shell has told all of them to ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def of_this_demo(data_dir: Path) -> list[int]:
    """Processes whose command line or environment names this data folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            text = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if str(data_dir).encode() in text and int(process.name) != os.getpid():
            found.append(int(process.name))
    return found


async def test_it_ends_by_itself_with_a_balance_and_its_data_survives(server_dir: Path) -> None:
    data_dir = server_dir / "demo"
    for duration in ("6", "2"):
        demo = await start("--duration", duration, "--calls-per-minute", "90", "--json", data_dir=data_dir)
        out, err = await demo.communicate()
        assert demo.returncode == 0, err.decode()
        assert f"ends after {duration} s".encode() in err, "also where the output is a file"
        balance = json.loads(out)
        assert balance["holds"]
        assert balance["offered"] == sum(balance["columns"]["switch"].values()) > 0
        assert of_this_demo(data_dir) == []


async def test_ctrl_c_leaves_no_process_and_no_port(server_dir: Path) -> None:
    data_dir = server_dir / "stopped"
    demo = await start("--calls-per-minute", "240", data_dir=data_dir)
    assert demo.stderr is not None

    async def calls_flow() -> bool:
        assert demo.stderr is not None
        return b"offered" in await demo.stderr.readline()

    await until(calls_flow, "the first line of figures", within_s=90)
    ports = listening(of_this_demo(data_dir))
    assert ports
    demo.send_signal(signal.SIGINT)
    async with asyncio.timeout(90):  # on a machine with other work a grace of each part runs out
        await demo.stderr.read()
        await demo.wait()
    assert of_this_demo(data_dir) == []
    assert [port for port in ports if accepts(port)] == []


def listening(processes: list[int]) -> set[int]:
    """TCP ports on which any of these listens (proc(5): net/tcp, state 0A)."""
    inodes = set()
    for process in processes:
        for link in Path(f"/proc/{process}/fd").glob("*"):
            try:
                target = str(link.readlink())
            except OSError:
                continue
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == "0A" and row[9] in inodes}


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
