"""Brings every service's schema up to date from `services/<service>/migrations`."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from deploy.local.postgres import Postgres, role
from deploy.local.processes import ProcessError
from deploy.local.wiring import ROOT, SERVICES


def migrations_of(service: str) -> Path:
    return ROOT / "services" / service / "migrations"


async def migrate_all(
    dsn_of: Callable[[str], str], services: Iterable[str] = SERVICES
) -> dict[str, list[str]]:
    """`dsn_of(service)`: as the role that owns the schema. Returns what was applied, by service."""
    from services.chassis.migrations import migrate

    applied = {}
    for service in services:
        if not migrations_of(service).is_dir():
            continue
        try:
            applied[service] = await migrate(dsn_of(service), service, migrations_of(service))
        except Exception as error:
            raise ProcessError(f"the schema of {service} cannot be brought up to date: {error}") from error
    return applied


async def migrate_one(dsn: str, service: str) -> int:
    tell(await migrate_all(lambda _: dsn, [service]))
    return 0


async def migrate_embedded(data_dir: Path) -> int:
    from deploy.local.suite import only_user_of

    with only_user_of(data_dir):
        async with Postgres(data_dir) as server:
            await server.ensure_database()
            tell(await migrate_all(lambda service: server.dsn(user=role(service))))
    return 0


def tell(applied: Mapping[str, list[str]]) -> None:
    for service, names in applied.items():
        print(f"{service}: {', '.join(names) or 'up to date'}")
