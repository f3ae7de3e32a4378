from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.integration.acd.centre import Centre, open_centre


@pytest.fixture
async def centre(database: Any, nats_url: str, free_port: Callable[[], int]) -> AsyncIterator[Centre]:
    async with open_centre(database, nats_url, free_port) as opened:
        yield opened
