"""Brings every service's schema up to date from `services/<service>/migrations`."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from deploy.local.postgres import SERVICES

ROOT = Path(__file__).resolve().parents[2]


def migrations_of(service: str) -> Path:
    return ROOT / "services" / service / "migrations"


async def migrate_all(dsn_of: Callable[[str], str]) -> list[str]:
    """`dsn_of(service)`: as the role that owns the schema. Returns the services migrated."""
    if find_spec("services.chassis") is None or find_spec("services.chassis.migrations") is None:
        return []
    from services.chassis.migrations import migrate

    done = [service for service in SERVICES if migrations_of(service).is_dir()]
    for service in done:
        await migrate(dsn_of(service), service, migrations_of(service))
    return done
