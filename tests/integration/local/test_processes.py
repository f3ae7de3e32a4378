"""Children never outlive us, however we end."""

import asyncio
import os
import signal
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.ports import accepts, answers_ready
from deploy.local.processes import Child, ProcessError, Program
from deploy.local.supervisor import Restarts, Supervisor

PATIENCE_S = 15.0


def python(name: str, code: str, **options: object) -> Program:
    return Program(name, [sys.executable, "-c", textwrap.dedent(code)], **options)  # type: ignore[arg-type]


async def said_ready(child: Child) -> bool:
    return "ready" in child.lines()


SLEEPER = "import time; print('ready', flush=True); time.sleep(60)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"
BROKEN = "print('cannot find the thing'); raise SystemExit(3)"


async def gone(pid: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while Path(f"/proc/{pid}").exists():  # noqa: ASYNC240 - the kernel's own table
            await asyncio.sleep(0.01)


async def test_a_child_that_cannot_start_tells_its_last_lines(tmp_path: Path) -> None:
    async with Supervisor(tmp_path) as supervisor:
        supervisor.add(python("broken", BROKEN, ready=said_ready))
        with pytest.raises(ProcessError, match=r"(?s)broken ended with status 3.*cannot find the thing"):
            await supervisor.start("broken")


async def test_a_child_that_meets_what_its_last_run_left_is_started_again(tmp_path: Path) -> None:
    """PostgreSQL killed and restarted at once: its old sessions had not noticed yet, and it refused."""
    left = tmp_path / "left"
    left.touch()
    leaves = f"""
        import os, time
        if os.path.exists({str(left)!r}):
            os.unlink({str(left)!r})
            raise SystemExit("the old block is still in use")
        print("ready", flush=True)
        time.sleep(60)
        """
    async with Supervisor(tmp_path) as supervisor:
        supervisor.add(python("heir", leaves, ready=said_ready, remains="still in use"))
        assert (await supervisor.start("heir")).running


async def test_a_child_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    never = python("slow", "import time; time.sleep(60)", ready=said_ready, ready_timeout_s=0.3)
    async with Supervisor(tmp_path) as supervisor:
        supervisor.add(never)
        with pytest.raises(ProcessError, match="slow not ready after"):
            await supervisor.start("slow")
        pid = supervisor.child("slow").pid
    await gone(pid)


async def test_a_deaf_child_is_killed_after_its_deadline(tmp_path: Path) -> None:
    async with Supervisor(tmp_path) as supervisor:
        supervisor.add(python("deaf", DEAF, ready=said_ready, stop_timeout_s=0.2))
        child = await supervisor.start("deaf")
        await supervisor.stop("deaf")
        assert child.returncode == -signal.SIGKILL


async def test_a_stopped_child_can_still_be_ended(tmp_path: Path) -> None:
    async with Supervisor(tmp_path) as supervisor:
        supervisor.add(python("frozen", SLEEPER, ready=said_ready))
        child = await supervisor.start("frozen")
        await supervisor.kill("frozen", signal.SIGSTOP)
        await supervisor.stop("frozen")
        assert child.returncode == -signal.SIGTERM


async def test_a_killed_child_comes_back_by_itself(tmp_path: Path) -> None:
    said: list[str] = []
    async with Supervisor(tmp_path, Restarts(), said.append) as supervisor:
        supervisor.add(python("phoenix", SLEEPER, ready=said_ready))
        first = await supervisor.start("phoenix")
        first.kill(signal.SIGKILL)
        async with asyncio.timeout(PATIENCE_S):
            while not any("phoenix is back" in line for line in said):
                await asyncio.sleep(0.01)
        assert supervisor.child("phoenix").pid != first.pid
    assert "phoenix was ended by SIGKILL" in said[0]


async def test_one_that_dies_again_and_again_is_given_up(tmp_path: Path) -> None:
    """Each run is ready and then dies, as a service does whose database is gone."""
    code = "import time; print('ready', flush=True); time.sleep(0.3); raise SystemExit(1)"
    said: list[str] = []
    async with Supervisor(tmp_path, Restarts(limit=2), said.append) as supervisor:
        supervisor.add(python("mayfly", code, ready=said_ready))
        await supervisor.start("mayfly")
        async with asyncio.timeout(PATIENCE_S):
            assert "mayfly ended with status 1" in await supervisor.gave_up()
    assert sum("is back" in line for line in said) == 2


async def test_what_others_need_is_stopped_last_also_after_a_restart(tmp_path: Path) -> None:
    """A restarted database was once stopped before the services that were still writing to it."""
    order = tmp_path / "order"
    farewell = """
        import signal, sys, time
        def end(*_):
            open(sys.argv[2], "a").write(sys.argv[1] + "\\n")
            raise SystemExit
        signal.signal(signal.SIGTERM, end)
        print("ready", flush=True)
        time.sleep(60)
    """
    command = [sys.executable, "-c", textwrap.dedent(farewell)]
    async with Supervisor(tmp_path) as supervisor:
        for name in ("store", "service"):
            supervisor.add(Program(name, [*command, name, str(order)], ready=said_ready))
        await supervisor.start_all(["store", "service"])
        await supervisor.kill("store")
        await supervisor.start("store")
    assert order.read_text().split() == ["service", "store"]


async def test_without_a_policy_the_dead_stay_dead(tmp_path: Path) -> None:
    async with Supervisor(tmp_path) as supervisor:
        supervisor.add(python("mortal", SLEEPER, ready=said_ready))
        child = await supervisor.start("mortal")
        child.kill(signal.SIGKILL)
        async with asyncio.timeout(PATIENCE_S):
            assert "mortal was ended by SIGKILL" in await supervisor.gave_up()


async def test_kill_9_of_the_parent_leaves_no_child(open_dir: Path) -> None:
    """Nobody is left to stop PostgreSQL when the demo itself is killed: the kernel must do it."""
    parent = """
        import asyncio, sys
        from pathlib import Path
        from deploy.local.nats import Nats
        from deploy.local.postgres import Postgres

        async def main():
            folder = Path(sys.argv[1])
            async with Postgres(folder, durable=False) as server, Nats(folder) as bus:
                print(server.pid, server.port, bus.port, flush=True)
                await asyncio.sleep(60)

        asyncio.run(main())
    """
    command = [sys.executable, "-c", textwrap.dedent(parent), str(open_dir)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    pid, *ports = map(int, (await process.stdout.readline()).split())
    assert all([await accepts("127.0.0.1", port) for port in ports])
    process.kill()
    await process.communicate()
    await gone(pid)
    assert not any([await accepts("127.0.0.1", port) for port in ports])


async def test_only_http_200_is_ready(free_port: Callable[[], int]) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1]
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n" if path == b"/yes" else b"HTTP/1.0 503 No\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    port = free_port()
    async with await asyncio.start_server(serve, "127.0.0.1", port):
        assert await answers_ready("127.0.0.1", port, "/yes")
        assert not await answers_ready("127.0.0.1", port, "/no")
    assert not await answers_ready("127.0.0.1", free_port(), "/yes")


def test_children_get_a_session_of_their_own(tmp_path: Path) -> None:
    """Ctrl-C in a terminal goes to a whole process group; ours must reach only the parent."""

    async def session() -> int:
        child = Child(python("own", SLEEPER, ready=said_ready), tmp_path / "own.log")
        await child.start()
        try:
            return os.getsid(child.pid)
        finally:
            await child.stop()

    assert asyncio.run(session()) != os.getsid(0)
