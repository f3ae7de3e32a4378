"""The whole suite with a second ACD: whichever owner dies, calls go on and each is accounted for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.system.conftest import Town

pytestmark = [pytest.mark.system, pytest.mark.timeout(480)]


async def one_owner_after_another_goes(town: Town, goes: Callable[[str], Awaitable[None]]) -> None:
    """Nobody who calls is dropped, neither those who talk nor those who wait."""
    town.callers_arrive()
    await town.more("answered", 2)
    for victim in ("acd", "acd2"):
        await goes(victim)
        await town.more("answered", 4)
        await town.suite.start(victim)  # ready: stands by for the other
        await town.more("answered", 2)
    await town.quiet()
    balance = await town.world.balance()
    assert balance.columns["switch"].get("dropped", 0) == 0
    assert balance.holds, balance.sentences()


async def test_owners_are_killed_and_no_call_is_dropped(town_with_two_acds: Town) -> None:
    await one_owner_after_another_goes(town_with_two_acds, town_with_two_acds.suite.kill)


async def test_owners_are_restarted_as_planned_and_no_call_is_dropped(town_with_two_acds: Town) -> None:
    await one_owner_after_another_goes(town_with_two_acds, town_with_two_acds.suite.stop)
