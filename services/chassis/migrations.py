"""Schema changes: numbered files, each applied once, one migrator at a time.

`0007_pre_add_column.sql` runs before the new code, `0007_post_drop_column.sql` after the old code is gone,
so that both versions can run side by side during a rollout.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import asyncpg

from services.chassis.errors import Conflict

Phase = Literal["pre", "post", "all"]

_NAME = re.compile(r"(\d{4})_(pre|post)_[a-z0-9_]+\.sql")
_LEDGER = """
create table if not exists schema_migration (
    name text primary key,
    checksum text not null,
    applied_at timestamptz not null default now()
)
"""


@dataclass(frozen=True)
class Migration:
    name: str
    phase: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read(directory: Path) -> list[Migration]:
    """The migrations of a service in order. Raises ValueError for a file whose name does not fit."""
    found = []
    for path in sorted(directory.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise ValueError(f"{path.name}: name it NNNN_pre_what.sql or NNNN_post_what.sql")
        found.append(Migration(path.stem, match[2], path.read_text(encoding="utf-8")))
    return found


async def migrate(dsn: str, schema: str, directory: Path, phase: Phase = "all") -> list[str]:
    """Applies what is missing, each file in a transaction of its own; gives the names applied.

    Raises Conflict when an applied file was changed afterwards.
    """
    applied: list[str] = []
    async with _locked(dsn, schema) as connection:
        await connection.execute(_LEDGER)
        for migration in await _missing(connection, read(directory)):
            if phase in ("all", migration.phase):
                await _apply(connection, migration)
                applied.append(migration.name)
    return applied


async def check(dsn: str, schema: str, directory: Path) -> None:
    """Raises Conflict when a `pre` migration is missing: the code would meet a schema it does not know."""
    connection = await _connect(dsn, schema)
    try:
        known = await connection.fetchval("select to_regclass('schema_migration')")
        missing = read(directory) if known is None else await _missing(connection, read(directory))
    finally:
        await connection.close()
    behind = [migration.name for migration in missing if migration.phase == "pre"]
    if behind:
        raise Conflict(f"The schema {schema} lacks {behind[0]}: run ./switchyard migrate first.")


async def _missing(connection: Any, wanted: Sequence[Migration]) -> list[Migration]:
    rows = await connection.fetch("select name, checksum from schema_migration")
    there = {row["name"]: row["checksum"] for row in rows}
    for migration in wanted:
        if there.get(migration.name, migration.checksum) != migration.checksum:
            raise Conflict(f"{migration.name} was changed after it had been applied: add a new file.")
    return [migration for migration in wanted if migration.name not in there]


async def _apply(connection: Any, migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(migration.sql)
        await connection.execute(
            "insert into schema_migration (name, checksum) values ($1, $2)",
            migration.name,
            migration.checksum,
        )


async def _connect(dsn: str, schema: str) -> Any:
    return await asyncpg.connect(dsn, server_settings={"search_path": schema}, timeout=10)


@asynccontextmanager
async def _locked(dsn: str, schema: str) -> AsyncIterator[Any]:
    connection = await _connect(dsn, schema)
    try:
        await connection.execute("select pg_advisory_lock(hashtext('switchyard.' || $1))", schema)
        yield connection
    finally:
        await connection.close()  # the lock goes with the session
