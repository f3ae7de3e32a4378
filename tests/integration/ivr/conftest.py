from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.conftest import Database
from tests.integration.ivr.centre import Centre


@pytest.fixture
async def centre(
    database: Database, nats_url: str, tmp_path: Path, free_port: Callable[[], int]
) -> AsyncIterator[Centre]:
    made = Centre(database.dsn("ivr"), nats_url, tmp_path, free_port)
    await made.start()
    yield made
    await made.stop()
