"""`./switchyard doctor`: every dependency and setting, each finding with its remedy."""

import asyncio
import importlib.metadata
import os
import re
import resource
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deploy.local import console, nats, postgres
from deploy.local.nats import Nats
from deploy.local.ports import is_free
from deploy.local.postgres import Postgres
from deploy.local.processes import ProcessError
from deploy.local.wiring import ROOT, USUAL_PORTS

CHECK_TIMEOUT_S = 30.0
NEEDED_FILES = 4_096  # each call in progress holds a socket or two, each agent's page another
NEEDED_DISK_MIB = 1_024
NEEDED_PYTHON = (3, 11)


@dataclass(frozen=True)
class Finding:
    status: Literal["ok", "warn", "fail"]
    what: str
    remedy: str = ""


def ok(what: str) -> Finding:
    return Finding("ok", what)


def warn(what: str, remedy: str) -> Finding:
    return Finding("warn", what, remedy)


def fail(what: str, remedy: str) -> Finding:
    return Finding("fail", what, remedy)


async def doctor(data_dir: Path, esl_nodes: Mapping[str, str], esl_password: str) -> int:
    """1 when something that the suite cannot do without is missing."""
    worst = 0
    for name, check in checks(data_dir, esl_nodes, esl_password).items():
        finding = await tried(check)
        show(name, finding)
        worst = max(worst, finding.status == "fail")
    return worst


Check = Callable[[], Awaitable[Finding]]


def checks(data_dir: Path, esl_nodes: Mapping[str, str], esl_password: str) -> dict[str, Check]:
    switches = {
        f"switch {name}": lambda address=address: switch(address, esl_password)
        for name, address in esl_nodes.items()
    }
    return {
        "python": python,
        "packages": packages,
        "data folder": lambda: data_folder(data_dir),
        "disk": lambda: disk(data_dir),
        "open files": open_files,
        "postgresql": postgresql,
        "nats": nats_server,
        "ports": usual_ports,
        "web console": web_console,
        "freeswitch": freeswitch,
        **switches,
    }


async def tried(check: Check) -> Finding:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            return await check()
    except TimeoutError:
        return fail(f"no answer within {CHECK_TIMEOUT_S:.0f} s", "is the machine overloaded?")
    except (ProcessError, OSError) as error:
        return fail(str(error), "see the message")


def show(name: str, finding: Finding) -> None:
    from rich.console import Console

    mark = {"ok": "[green]ok  [/]", "warn": "[yellow]warn[/]", "fail": "[red]FAIL[/]"}
    out = Console(highlight=False, soft_wrap=True)
    out.print(f"{mark[finding.status]} {name:<12}", end=" ")
    out.print(finding.what, markup=False)
    if finding.remedy:
        out.print(f"{'':<17} → {finding.remedy}", markup=False)


async def python() -> Finding:
    said = f"{sys.version.split()[0]} ({sys.executable})"
    if sys.version_info < NEEDED_PYTHON:
        return fail(said, "install Python 3.11 or newer and delete .venv")
    return ok(said)


async def packages() -> Finding:
    """What is installed against what is locked; a package for another platform may be absent."""
    differing = {
        f"{name} {there} instead of {wanted}"
        for name, wanted in locked(ROOT / "requirements.lock").items()
        if (there := installed(name)) not in (None, wanted)
    }
    if differing:
        return fail(", ".join(sorted(differing)), "delete .venv; ./switchyard makes it anew")
    return ok("as locked in requirements.lock")


def locked(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", path.read_text(), re.MULTILINE))


def installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


async def data_folder(path: Path) -> Finding:
    nearest = next(each for each in (path, *path.parents) if each.exists())
    if not os.access(nearest, os.W_OK | os.X_OK):
        return fail(f"{path}: {nearest} cannot be written", "choose another with --data-dir")
    return ok(str(path))


async def disk(path: Path) -> Finding:
    nearest = next(each for each in (path, *path.parents) if each.exists())
    free_mib = shutil.disk_usage(nearest).free // 2**20
    if free_mib < NEEDED_DISK_MIB:
        return warn(f"{free_mib} MiB free at {nearest}", f"make room: {NEEDED_DISK_MIB} MiB")
    return ok(f"{free_mib // 1024} GiB free")


async def open_files() -> Finding:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < NEEDED_FILES:
        return warn(f"limit {soft}", f"ulimit -n {NEEDED_FILES} before many calls")
    return ok("no limit" if soft == resource.RLIM_INFINITY else f"limit {soft}")


async def postgresql() -> Finding:
    with scratch_folder() as folder:
        async with Postgres(Path(folder), durable=False) as server:
            identity = await postgres.identity_for(server.folder)
    whom = {"same": "this user", "namespace": "root in a user namespace", "user": "nobody"}
    return ok(f"{postgres.major_version()} starts, as {whom[identity.partition(':')[0]]}")


async def nats_server() -> Finding:
    with scratch_folder() as folder:
        async with Nats(Path(folder)):
            return ok(f"starts ({nats.binary().name} with JetStream)")


def scratch_folder() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="switchyard-doctor-")


async def usual_ports() -> Finding:
    taken = [f"{port} ({who})" for who, port in USUAL_PORTS.all().items() if not is_free(port)]
    if taken:
        return warn(
            f"taken: {', '.join(taken)}",
            "`up` needs them: stop the other program (or is a suite running?); "
            "`demo --port` chooses another for the page",
        )
    return ok("those of `up` are free")


async def web_console() -> Finding:
    if (console.console_dir() / "index.html").exists():
        return ok(f"built, in {console.console_dir()}")
    if node := await console.find_node():
        return ok(f"will be built at the first start, with {node.node}")
    return warn(
        f"no node {'.'.join(map(str, console.OLDEST_NODE))} or newer on PATH",
        "none needed: the first start fetches one from PyPI (60 MB)",
    )


async def freeswitch() -> Finding:
    binary = os.environ.get("FREESWITCH_BIN") or shutil.which("freeswitch")
    if binary is None:
        return warn(
            "no freeswitch on PATH or in FREESWITCH_BIN",
            "`demo` and `up --simulator` need none; for real calls see freeswitch/conf",
        )
    return ok(binary) if os.access(binary, os.X_OK) else fail(binary, "it cannot be executed")


async def switch(address: str, password: str) -> Finding:
    host, _, port = address.rpartition(":")
    try:
        async with asyncio.timeout(5):
            reply = await esl_sign_in(host, int(port), password)
    except (OSError, TimeoutError) as error:
        why = getattr(error, "strerror", None) or "no answer"
        return fail(f"{address}: {why}", "is FreeSWITCH up, and mod_event_socket's listen-ip right?")
    if not reply.startswith("+OK"):
        return fail(f"{address}: {reply}", "give its password with --esl-password, and check its ACL")
    return ok(f"{address} accepts us")


async def esl_sign_in(host: str, port: int, password: str) -> str:
    """Sign in and out again by hand: the telephony chassis would take a second to import."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        greeting = await reader.readuntil(b"\n\n")
        if b"auth/request" not in greeting:
            return greeting.decode(errors="replace").strip()
        writer.write(f"auth {password}\n\n".encode())
        reply = (await reader.readuntil(b"\n\n")).decode(errors="replace")
        return next(
            (
                line.removeprefix("Reply-Text: ")
                for line in reply.splitlines()
                if line.startswith("Reply-Text: ")
            ),
            reply.strip(),
        )
    except asyncio.IncompleteReadError:
        return "the connection was closed"
    finally:
        writer.close()
        await writer.wait_closed()
