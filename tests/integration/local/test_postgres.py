"""The embedded PostgreSQL after accidents."""

import os
import signal
from pathlib import Path

import asyncpg
import pytest

from deploy.local import postgres
from deploy.local.postgres import Postgres, role
from deploy.local.processes import ProcessError


async def put(server: Postgres, value: int) -> None:
    connection = await asyncpg.connect(server.dsn(user=role("crm")))
    await connection.execute("CREATE TABLE IF NOT EXISTS kept (value int)")
    await connection.execute("INSERT INTO kept VALUES ($1)", value)
    await connection.close()


async def kept(server: Postgres) -> list[int]:
    connection = await asyncpg.connect(server.dsn(user=role("crm")))
    rows = await connection.fetch("SELECT value FROM kept")
    await connection.close()
    return [row["value"] for row in rows]


async def test_what_was_committed_survives_kill_9(open_dir: Path) -> None:
    async with Postgres(open_dir, durable=False) as server:
        await server.ensure_database()
        await put(server, 42)
        os.kill(server.pid, signal.SIGKILL)
        assert "SIGKILL" in await server.until_ended()
    async with Postgres(open_dir, durable=False) as server:
        assert await kept(server) == [42]


async def test_a_stale_pid_that_now_belongs_to_a_stranger(open_dir: Path) -> None:
    """After a reboot the number in postmaster.pid is somebody else's: PostgreSQL alone would refuse."""
    async with Postgres(open_dir, durable=False) as server:
        stale = server.data / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n")
    async with Postgres(open_dir, durable=False) as server:
        await server.ensure_database()


async def test_a_second_server_on_the_same_data_is_refused_in_a_sentence(open_dir: Path) -> None:
    async with Postgres(open_dir, durable=False):
        with pytest.raises(ProcessError, match=r"another PostgreSQL \(process \d+\) works on"):
            await Postgres(open_dir, durable=False).start()


async def test_an_interrupted_initdb_is_begun_anew(open_dir: Path) -> None:
    (open_dir / "postgres" / "partial").mkdir(parents=True)
    (open_dir / "postgres" / "partial" / "PG_VERSION").write_text("18\n")
    async with Postgres(open_dir, durable=False) as server:
        await server.ensure_database()


async def test_a_wrong_password_is_refused(open_dir: Path) -> None:
    """Loopback is not a wall: other users of the machine reach the port too."""
    async with Postgres(open_dir, durable=False) as server:
        wrong = server.dsn("postgres").replace(server.password("postgres"), "guess")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(wrong)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
async def test_where_user_namespaces_are_refused_it_runs_as_nobody(
    open_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container whose seccomp profile forbids unshare."""
    really_works = postgres.works

    async def works(identity: str, *command: str) -> bool:
        return not identity.startswith("namespace") and await really_works(identity, *command)

    monkeypatch.setattr(postgres, "works", works)
    open_dir.chmod(0o700)  # noqa: ASYNC240 - as /root is
    async with Postgres(open_dir / "data", durable=False) as server:
        await server.ensure_database()
        assert server.data.stat().st_uid == postgres.NOBODY


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
async def test_where_nobody_cannot_reach_the_data_a_sentence_says_where_to_put_it(
    open_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def works(identity: str, *command: str) -> bool:
        return False

    monkeypatch.setattr(postgres, "works", works)
    with pytest.raises(ProcessError, match=r"put the checkout and --data-dir"):
        await Postgres(open_dir, durable=False).start()
