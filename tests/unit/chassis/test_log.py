"""What is logged, and by whom."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

pytestmark = pytest.mark.unit

SAYS = """
import logging
from services.chassis import log
log.configure("acd")
logging.getLogger("asyncpg.pool").warning("gone: %s", "away")
"""


def test_a_librarys_warning_comes_in_our_shape() -> None:
    """In a process of its own: how logging is set up holds for all of it."""
    done = subprocess.run(
        [sys.executable, "-c", SAYS], capture_output=True, check=True, cwd=Path(__file__).parents[3]
    )
    line = orjson.loads(done.stderr)
    assert (line["event"], line["logger"], line["level"]) == ("gone: away", "asyncpg.pool", "warning")
