"""`./switchyard test`: all tests this machine can run, in one go, ending in pytest's own summary."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from deploy.local.wiring import ROOT

KINDS = ("unit", "contract", "integration", "system", "live", "e2e")
MANY_WAIT = ("integration", "system")
WORKERS_A_PROCESSOR = 2
MOST_WORKERS = 8  # beyond, the longest test decides
HARMLESS = ("-q", "-qq", "-v", "-vv", "-x", "-l", "--quiet", "--verbose", "--exitfirst", "--showlocals")
HARMLESS_WITH_VALUE = ("--durations=", "--durations-min=", "--maxfail=", "--tb=", "--color=", "--junitxml=")


def run_tests(arguments: Sequence[str]) -> NoReturn:
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *pytest_arguments(arguments)])


def pytest_arguments(arguments: Sequence[str]) -> list[str]:
    """Kinds become folders; the rest is pytest's."""
    found = [f"tests/{each}" if each in KINDS else each for each in arguments]
    if gain_from_workers(arguments):
        found = ["-n", str(workers_here()), *found]
    cannot_write = not os.access(ROOT, os.W_OK)
    return ["-p", "no:cacheprovider", *found] if cannot_write else found


def gain_from_workers(arguments: Sequence[str]) -> bool:
    """Workers take seconds to start: they are for whole kinds. `live` and `e2e` are one worker's each."""
    kinds = [each for each in arguments if each in KINDS]
    others = [each for each in arguments if each not in KINDS]
    return all(map(leaves_all_to_us, others)) and (len(kinds) != 1 or kinds[0] in MANY_WAIT)


def leaves_all_to_us(argument: str) -> bool:
    """An option that neither chooses tests or workers, nor wants the terminal for itself."""
    return argument in HARMLESS or argument.startswith(HARMLESS_WITH_VALUE)


def workers_here() -> int:
    """More than processors: tests wait for telephones, deadlines and processes, two thirds of their time."""
    return min(WORKERS_A_PROCESSOR * (os.cpu_count() or 1), MOST_WORKERS)
