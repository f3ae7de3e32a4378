"""Brings every service's schema up to date from `services/<service>/migrations`."""

from collections.abc import Callable
from pathlib import Path

from deploy.local.processes import ProcessError
from deploy.local.wiring import ROOT, SERVICES


def migrations_of(service: str) -> Path:
    return ROOT / "services" / service / "migrations"


async def migrate_all(dsn_of: Callable[[str], str]) -> dict[str, list[str]]:
    """`dsn_of(service)`: as the role that owns the schema. Returns what was applied, by service."""
    from services.chassis.migrations import migrate

    applied = {}
    for service in SERVICES:
        if not migrations_of(service).is_dir():
            continue
        try:
            applied[service] = await migrate(dsn_of(service), service, migrations_of(service))
        except Exception as error:
            raise ProcessError(f"the schema of {service} cannot be brought up to date: {error}") from error
    return applied
