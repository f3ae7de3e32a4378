"""Searches for garbage stay short, however much is kept."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from services.chassis import garbage


class Thing:
    other: object = None


@pytest.fixture
def searched() -> Iterator[list[int]]:
    """The generations that were looked through."""
    seen: list[int] = []

    def note(phase: str, info: dict[str, Any]) -> None:
        if phase == "start":
            seen.append(info["generation"])

    with garbage.short_searches():
        gc.callbacks.append(note)
        yield seen
        gc.callbacks.remove(note)


def test_what_is_kept_is_never_looked_through_again(searched: list[int]) -> None:
    kept = [Thing() for _ in range(20 * garbage.NEW_MOST)]
    assert len(searched) >= 10
    assert set(searched) == {0}
    assert gc.get_freeze_count() > len(kept) / 2


def test_a_cycle_of_a_moment_is_freed_in_passing(searched: list[int]) -> None:
    thing = Thing()
    thing.other = thing
    gone = weakref.ref(thing)
    del thing
    kept = [Thing() for _ in range(2 * garbage.NEW_MOST)]
    assert kept
    assert gone() is None


def test_a_cycle_that_was_kept_is_freed_by_a_sweep(searched: list[int]) -> None:
    thing = Thing()
    thing.other = thing
    gone = weakref.ref(thing)
    kept = [Thing() for _ in range(2 * garbage.NEW_MOST)]
    del thing
    kept += [Thing() for _ in range(2 * garbage.NEW_MOST)]
    assert gone() is not None, "else this shows nothing"
    assert garbage.sweep() >= 1
    assert gone() is None


def test_afterwards_all_is_as_before() -> None:
    before = gc.get_threshold(), len(gc.callbacks)
    with garbage.short_searches():
        pass
    assert (gc.get_threshold(), len(gc.callbacks)) == before
    assert gc.get_freeze_count() == 0
