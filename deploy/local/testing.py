"""`./switchyard test`: all tests this machine can run, in one go, ending in pytest's own summary."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from deploy.local.wiring import ROOT

KINDS = ("unit", "contract", "integration", "system", "live", "e2e")


def run_tests(arguments: Sequence[str]) -> NoReturn:
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *pytest_arguments(arguments)])


def pytest_arguments(arguments: Sequence[str]) -> list[str]:
    """Kinds become folders; the rest is pytest's."""
    found = [f"tests/{each}" if each in KINDS else each for each in arguments]
    cannot_write = not os.access(ROOT, os.W_OK)
    return ["-p", "no:cacheprovider", *found] if cannot_write else found
