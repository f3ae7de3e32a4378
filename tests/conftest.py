"""What tests may ask for: a database of their own, a bus of their own, free ports.

PostgreSQL and NATS start when the first test asks, once per run (or worker, where there are several),
in a temporary folder that goes with them. They live on an event loop of their own, because every test
has its own loop and ends it.
"""

import asyncio
import gc
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from deploy.local.migrate import migrate_all
from deploy.local.nats import Nats
from deploy.local.ports import free_port as find_free_port
from deploy.local.postgres import Postgres, role
from deploy.local.testing import KINDS
from tests import workers

TEMPLATE = "switchyard_template"

# Nothing but tests/bench measures time: not hypothesis either, on a machine that others use as well.
settings.register_profile("switchyard", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("switchyard")


@dataclass(frozen=True)
class Database:
    """A fresh database with every service's schema, for one test."""

    name: str
    server: Postgres

    def dsn(self, service: str) -> str:
        """As the service itself would connect: its own role, its own schema."""
        return self.server.dsn(self.name, role(service))

    @property
    def admin_dsn(self) -> str:
        return self.server.dsn(self.name)


@pytest.hookimpl(optionalhook=True)  # -p no:xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """`-n 4` alone: workers take units as they become free. A --dist of one's own is xdist's."""
    if config.getoption("dist") != "load":
        return None
    from xdist.scheduler import LoadScopeScheduling

    config.option.loadscopereorder = False  # the order is `LONGEST_FIRST`, not the number of tests
    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = workers.unit_of
    return scheduler


def pytest_collection_finish() -> None:
    """Tests, modules and plugins stay until the end: no search for garbage need go through them."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)  # a tenth of what unit tests take went into ten times as many


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test's kind is its folder: tests/integration/… is marked `integration`."""
    root = Path(__file__).parent
    for item in items:
        kind = item.path.relative_to(root).parts[0]
        if kind in KINDS:
            item.add_marker(kind)
    if workers.is_worker():
        items.sort(key=workers.by_kind)


@pytest.fixture(scope="session")
def infrastructure_loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@contextmanager
def folder_for_servers() -> Iterator[Path]:
    """Only its owner may enter pytest's own folder, and PostgreSQL may have to run as nobody."""
    with TemporaryDirectory(prefix="switchyard-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture
def open_dir() -> Iterator[Path]:
    """For a test that starts servers itself."""
    with folder_for_servers() as folder:
        yield folder


@pytest.fixture(scope="session")
def server_dir() -> Iterator[Path]:
    with folder_for_servers() as folder:
        yield folder


@pytest.fixture(scope="session")
def postgres_server(infrastructure_loop: asyncio.AbstractEventLoop, server_dir: Path) -> Iterator[Postgres]:
    server = Postgres(server_dir, durable=False)
    infrastructure_loop.run_until_complete(server.start())
    yield server
    infrastructure_loop.run_until_complete(server.stop())


@pytest.fixture(scope="session")
def migrated_template(infrastructure_loop: asyncio.AbstractEventLoop, postgres_server: Postgres) -> str:
    async def prepare() -> None:
        await postgres_server.ensure_database(TEMPLATE)
        await migrate_all(lambda service: postgres_server.dsn(TEMPLATE, role(service)))

    infrastructure_loop.run_until_complete(prepare())
    return TEMPLATE


@pytest.fixture(scope="session")
def database_numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest.fixture
def database(
    infrastructure_loop: asyncio.AbstractEventLoop,
    postgres_server: Postgres,
    migrated_template: str,
    database_numbers: Iterator[int],
) -> Iterator[Database]:
    """`database.dsn("acd")`: migrated, empty, gone after the test."""
    name = f"test_{next(database_numbers)}"
    run = infrastructure_loop.run_until_complete
    run(postgres_server.create_database_from_template(name, migrated_template))
    yield Database(name, postgres_server)
    run(postgres_server.drop_database(name))


@pytest.fixture(scope="session")
def nats_server(infrastructure_loop: asyncio.AbstractEventLoop, server_dir: Path) -> Iterator[Nats]:
    server = Nats(server_dir)
    infrastructure_loop.run_until_complete(server.start())
    yield server
    infrastructure_loop.run_until_complete(server.stop())


@pytest.fixture
def nats_url(infrastructure_loop: asyncio.AbstractEventLoop, nats_server: Nats) -> Iterator[str]:
    """A bus without streams or buckets. A test that means to kill it starts `Nats` itself."""
    yield nats_server.url
    infrastructure_loop.run_until_complete(wipe(nats_server.url))


async def wipe(url: str) -> None:
    """Key-value buckets and object stores are streams too, and consumers go with their stream."""
    import nats

    client = await nats.connect(url, connect_timeout=2, allow_reconnect=False)
    try:
        manager = client.jetstream()
        for stream in await manager.streams_info():
            await manager.delete_stream(stream.config.name)
    finally:
        await client.close()


@pytest.fixture
def free_port() -> Callable[[], int]:
    return find_free_port
